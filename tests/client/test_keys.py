"""API keys, on three wires."""

from __future__ import annotations

import pytest

from pinatakit import Pinata
from pinatakit.client.account import Account
from pinatakit.client.keys import Keys
from pinatakit.client.pins import Pins
from pinatakit.errors import Forbidden, InputError


def test_a_key_may_do_what_it_was_made_for_and_nothing_else(play):
    async def make(pinata):
        return await Keys.create(pinata.keys, "uploads only", endpoints=["pinFileToIPFS"])

    key = play(make)

    async def body(pinata):
        assert await Account.test(pinata.account)
        assert (await Pinata.upload(pinata, b"may", keyvalues={"n": 1})).cid
        with pytest.raises(Forbidden, match="NO_SCOPES_FOUND") as caught:
            async for _ in Pins.list(pinata.pins):
                pass
        assert "lacks data.pinList" in caught.value.hint
        with pytest.raises(Forbidden):
            await Keys.list(pinata.keys)

    play(body, jwt=key.JWT)
    play(body, jwt=None, api_key=key.pinata_api_key, api_secret=key.pinata_api_secret)


def test_a_key_for_v3_names_resources(play):
    async def make(pinata):
        return await Keys.create(pinata.keys, "v3", resources=["org:files:write"])

    async def body(pinata):
        assert (await Pinata.upload(pinata, b"v3")).id
        with pytest.raises(Forbidden):
            await Pinata.upload_json(pinata, 1)

    play(body, jwt=play(make).JWT)


def test_keys_are_listed_without_their_secrets(play):
    async def body(pinata):
        made = await Keys.create(pinata.keys, "listed", admin=True, max_uses=3)
        return made, {key.key: key for key in await Keys.list(pinata.keys)}

    made, keys = play(body)
    key = keys[made.pinata_api_key]
    assert (key.name, key.max_uses, key.uses, key.revoked) == ("listed", 3, 0, False)
    assert key.scopes == {"admin": True}
    assert key.created_at.tzinfo
    assert made.pinata_api_secret not in repr(key)


def test_a_new_key_does_not_show_its_secrets(play):
    async def body(pinata):
        return await Keys.create(pinata.keys, "shown", admin=True)

    made = play(body)
    assert made.pinata_api_key in repr(made)
    assert made.pinata_api_secret not in repr(made)
    assert made.JWT not in repr(made)


@pytest.mark.parametrize("by", ["pinata_api_key", "JWT"])
def test_a_revoked_key_is_refused_from_then_on(play, by):
    async def revoke(pinata):
        made = await Keys.create(pinata.keys, "revoked", admin=True)
        assert await Keys.revoke(pinata.keys, getattr(made, by)) is None
        keys = {key.key: key for key in await Keys.list(pinata.keys)}
        assert keys[made.pinata_api_key].revoked
        return made

    async def body(pinata):
        with pytest.raises(Forbidden, match="API_KEY_REVOKED"):
            await Account.test(pinata.account)

    play(body, jwt=play(revoke).JWT)


def test_a_key_can_be_used_as_often_as_was_said(play):
    async def make(pinata):
        return await Keys.create(pinata.keys, "twice", admin=True, max_uses=2)

    async def body(pinata):
        for _ in range(2):
            await Account.test(pinata.account)
        with pytest.raises(Forbidden):
            await Account.test(pinata.account)

    play(body, jwt=play(make).JWT)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "n"}, "allowed nothing"),
        ({"name": "", "admin": True}, "key's name"),
        ({"name": 5, "admin": True}, "key's name"),
        ({"name": "n", "endpoints": ["pinlist"]}, "unknown endpoint 'pinlist'; one of pinList"),
        ({"name": "n", "endpoints": "pinList"}, "a list of names, not the text 'pinList'"),
        ({"name": "n", "resources": ["org:file:read"]}, "unknown resource 'org:file:read'"),
        ({"name": "n", "admin": True, "max_uses": 0}, "at least 1, not 0"),
    ],
)
def test_a_key_that_cannot_be_is_refused_before_it_is_asked_for(play, wrong, said):
    async def body(pinata):
        before = len(await Keys.list(pinata.keys))
        with pytest.raises(InputError, match=said):
            await Keys.create(pinata.keys, **wrong)
        assert len(await Keys.list(pinata.keys)) == before

    play(body)


def test_a_key_to_revoke_is_named(play):
    async def body(pinata):
        with pytest.raises(InputError, match="no key to revoke"):
            await Keys.revoke(pinata.keys, "")

    play(body)


def test_a_key_that_lacks_a_scope_is_told_which_and_not_its_secret(play, settings):
    async def body(pinata):
        key = await Keys.create(pinata.keys, "reader", resources=["org:files:read"])
        with Pinata(key.JWT, endpoint_url=settings["endpoint_url"]) as reader:
            with pytest.raises(Forbidden) as caught:
                reader.upload(b"x")
            assert caught.value.reason == "NO_SCOPES_FOUND"
            assert f"key {key.pinata_api_key} lacks org:files:write" in caught.value.hint
            assert key.pinata_api_secret not in str(caught.value)

    play(body)

"""API keys, over v3 and the older API, on three wires."""

from __future__ import annotations

import pytest

from pinatakit import Permissions, Pinata
from pinatakit.client.account import Account
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups
from pinatakit.client.keys import Keys, OlderKeys
from pinatakit.client.pins import Pins
from pinatakit.errors import Forbidden, InputError, Unauthorized

from .fakes import JWT, Service, said

KEYS = [Keys, OlderKeys]


def keys_of(pinata, api):
    """The keys over one API or the other."""
    return pinata.keys if api is Keys else pinata.keys.older


async def listed(pinata, **filters):
    return {key.key: key async for key in Keys.list(pinata.keys, **filters)}


@pytest.mark.parametrize("api", KEYS)
def test_a_key_may_do_what_it_was_made_for_and_nothing_else(play, api):
    async def make(pinata):
        return await api.create(
            keys_of(pinata, api), "older uploads", Permissions(endpoints=["pinFileToIPFS"])
        )

    key = play(make)

    async def body(pinata):
        assert await Account.test(pinata.account)
        assert (await Pinata.upload(pinata, b"may", keyvalues={"n": 1})).cid
        with pytest.raises(Forbidden, match="NO_SCOPES_FOUND"):
            async for _ in Pins.list(pinata.pins):
                pass
        with pytest.raises(refused):
            await listed(pinata)
        with pytest.raises(Forbidden):
            await OlderKeys.list(pinata.keys.older)

    refused: type[Exception] = Forbidden
    play(body, jwt=key.JWT)
    refused = Unauthorized  # v3 takes no pair
    play(body, jwt=None, api_key=key.pinata_api_key, api_secret=key.pinata_api_secret)


def test_a_key_for_v3_names_rights(play):
    async def make(pinata):
        return await Keys.create(pinata.keys, "v3", Permissions(files="write"))

    async def body(pinata):
        assert (await Pinata.upload(pinata, b"v3")).id
        with pytest.raises(Forbidden):
            await Pinata.upload_json(pinata, 1)

    play(body, jwt=play(make).JWT)


def test_what_is_ready_made_suffices_for_what_its_name_says(play, tmp_path):
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "a.txt").write_bytes(b"a")

    async def make(pinata):
        reader = await Keys.create(pinata.keys, "reader", Permissions.READ_ONLY)
        return reader, await Keys.create(pinata.keys, "uploader", Permissions.UPLOADS_ONLY)

    async def uploads(pinata):
        await Pinata.upload(pinata, b"file")
        await Pinata.upload(pinata, tmp_path / "box")
        await Pinata.upload_json(pinata, {})
        with pytest.raises(Forbidden):
            await Groups.create(pinata.groups, "g")

    async def reads(pinata):
        assert len([file async for file in Files.list(pinata.files)]) == 3
        assert len([pin async for pin in Pins.list(pinata.pins)]) == 3
        assert [job async for job in Pins.queue(pinata.pins)] == []
        assert [group async for group in Groups.list(pinata.groups)] == []
        assert (await Account.usage(pinata.account)).pin_count == 3
        for refused in (
            Pinata.upload(pinata, b"file"),
            Pinata.upload_json(pinata, {}),
            Groups.create(pinata.groups, "g"),
            Keys.create(pinata.keys, "mine", Permissions.ADMIN),
        ):
            with pytest.raises(Forbidden):
                await refused

    reader, uploader = play(make)
    play(uploads, jwt=uploader.JWT)

    play(reads, jwt=reader.JWT)


@pytest.mark.parametrize(
    ("by", "scope", "permissions"),
    [
        ("JWT", "org:files:write", "Permissions(files='write')"),
        ("pair", "pinning.pinJSONToIPFS", "Permissions(endpoints=['pinJSONToIPFS'])"),
    ],
)
def test_a_key_without_the_scope_is_told_which_and_how_to_make_one_that_has_it(play, by, scope, permissions):
    async def make(pinata):
        return await Keys.create(pinata.keys, "reads files", Permissions(files="read"))

    key = play(make)

    async def body(pinata):
        with pytest.raises(Forbidden) as caught:
            await (Pinata.upload(pinata, b"may not") if by == "JWT" else Pinata.upload_json(pinata, 1))
        return caught.value

    pair = {"jwt": None, "api_key": key.pinata_api_key, "api_secret": key.pinata_api_secret}
    error = play(body, **({"jwt": key.JWT} if by == "JWT" else pair))
    assert error.missing_scope == scope
    assert f"hint: the key {key.pinata_api_key} lacks {scope.removeprefix('pinning.')}" in str(error)
    assert permissions in str(error)
    for secret in (key.JWT, key.pinata_api_secret):
        assert secret not in str(error)
        assert secret not in repr(vars(error))


@pytest.mark.parametrize("api", KEYS)
def test_keys_are_listed_without_their_secrets(play, api):
    async def body(pinata):
        made = await api.create(keys_of(pinata, api), "listed", Permissions.ADMIN, max_uses=3)
        older = {key.key: key for key in await OlderKeys.list(pinata.keys.older)}
        assert (await listed(pinata))[made.pinata_api_key] == older[made.pinata_api_key]
        return made, older[made.pinata_api_key]

    made, key = play(body)
    assert (key.name, key.max_uses, key.uses, key.revoked) == ("listed", 3, 0, False)
    assert (key.scopes, key.permissions) == ({"admin": True}, Permissions.ADMIN)
    assert key.created_at.tzinfo
    assert made.pinata_api_secret not in repr(key)


def test_keys_are_listed_by_what_they_are(play, wire):
    mine = f"mine on {wire}"

    async def body(pinata):
        plain, unused, gone, limited = [
            (await Keys.create(pinata.keys, f"{mine} {i}", Permissions.ADMIN, max_uses=uses)).pinata_api_key
            for i, uses in enumerate((None, None, None, 5))
        ]
        spent = await Keys.create(pinata.keys, f"{mine} 4", Permissions.ADMIN, max_uses=1)
        await Keys.revoke(pinata.keys, gone)
        return plain, unused, gone, limited, spent

    async def use(pinata):
        await Account.test(pinata.account)

    plain, unused, gone, limited, last = play(body)
    play(use, jwt=last.JWT)
    spent = last.pinata_api_key

    async def lists(pinata):
        async def found(**filters):
            return [key.key async for key in Keys.list(pinata.keys, name=mine.upper(), **filters)]

        assert await found() == [spent, limited, gone, unused, plain]
        assert await found(limited_use=True) == [spent, limited]
        assert await found(limited_use=False) == [gone, unused, plain]
        assert await found(exhausted=True) == [spent]
        assert await found(exhausted=False) == [limited]
        assert gone in await found(revoked=True)
        assert await found(revoked=False) == [limited, unused, plain]
        assert await found(offset=2) == [gone, unused, plain]
        assert await found(offset=1, limit=2) == [limited, gone]
        assert await found(limit=0) == []
        assert await found(offset=9) == []

    play(lists)


def test_keys_are_listed_over_all_pages(play):
    async def body(pinata):
        made = [(await Keys.create(pinata.keys, f"{i}", Permissions.ADMIN)).pinata_api_key for i in range(12)]
        return made, [key.key async for key in Keys.list(pinata.keys)]

    made, keys = play(body)
    assert keys[:12] == made[::-1]
    assert len(set(keys)) == len(keys)


def test_a_service_that_reads_over_the_offset_is_not_asked_for_ever(over):
    service = Service(said(200, keys=[{"key": "a"}, {"key": "b"}], count=2))

    async def body(pinata):
        return [key.key async for key in Keys.list(pinata.keys)]

    assert over(body, service.transport, jwt=JWT) == ["a", "b"]
    assert len(service.requests) == 2


def test_a_new_key_does_not_show_its_secrets(play):
    async def body(pinata):
        return await Keys.create(pinata.keys, "shown", Permissions.ADMIN)

    made = play(body)
    assert made.pinata_api_key in repr(made)
    assert made.pinata_api_secret not in repr(made)
    assert made.JWT not in repr(made)


@pytest.mark.parametrize("api", KEYS)
@pytest.mark.parametrize("by", ["pinata_api_key", "JWT"])
def test_a_revoked_key_is_refused_from_then_on(play, api, by):
    async def revoke(pinata):
        made = await Keys.create(pinata.keys, "revoked", Permissions.ADMIN)
        assert await api.revoke(keys_of(pinata, api), getattr(made, by)) is None
        assert (await listed(pinata))[made.pinata_api_key].revoked
        return made

    async def body(pinata):
        with pytest.raises(Forbidden, match="API_KEY_REVOKED") as caught:
            await Account.test(pinata.account)
        assert caught.value.missing_scope is None

    play(body, jwt=play(revoke).JWT)


def test_a_key_can_be_used_as_often_as_was_said(play):
    async def make(pinata):
        return await Keys.create(pinata.keys, "twice", Permissions.ADMIN, max_uses=2)

    async def body(pinata):
        for _ in range(2):
            await Account.test(pinata.account)
        with pytest.raises(Forbidden):
            await Account.test(pinata.account)

    play(body, jwt=play(make).JWT)


@pytest.mark.parametrize("api", KEYS)
@pytest.mark.parametrize(
    ("name", "permissions", "uses", "said"),
    [
        ("n", Permissions(), None, "allowed nothing"),
        ("", Permissions.ADMIN, None, "key's name"),
        (5, Permissions.ADMIN, None, "key's name"),
        ("n", Permissions.ADMIN, 0, "at least 1, not 0"),
    ],
)
def test_a_key_that_cannot_be_is_refused_before_it_is_asked_for(play, api, name, permissions, uses, said):
    async def body(pinata):
        before = await listed(pinata)
        with pytest.raises(InputError, match=said):
            await api.create(keys_of(pinata, api), name, permissions, max_uses=uses)
        assert set(await listed(pinata)) == set(before)

    play(body)


@pytest.mark.parametrize("api", KEYS)
def test_a_key_to_revoke_is_named(play, api):
    async def body(pinata):
        with pytest.raises(InputError, match="no key to revoke"):
            await api.revoke(keys_of(pinata, api), "")

    play(body)


def test_a_key_that_lacks_a_scope_is_told_which_and_not_its_secret(play, settings):
    async def body(pinata):
        key = await Keys.create(pinata.keys, "reader", Permissions(files="read"))
        with Pinata(key.JWT, endpoint_url=settings["endpoint_url"]) as reader:
            with pytest.raises(Forbidden) as caught:
                reader.upload(b"x")
            assert caught.value.reason == "NO_SCOPES_FOUND"
            assert caught.value.missing_scope == "org:files:write"
            assert f"the key {key.pinata_api_key} lacks org:files:write" in caught.value.hint
            assert key.pinata_api_secret not in str(caught.value)

    play(body)

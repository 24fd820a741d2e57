"""The account, on three wires."""

from __future__ import annotations

import pytest

from pinatakit import Permissions, Pinata
from pinatakit.client.account import Account
from pinatakit.client.keys import Keys
from pinatakit.errors import Forbidden, Unauthorized


def test_a_good_credential_is_greeted(play):
    async def body(pinata):
        return await Account.test(pinata.account)

    assert play(body) == "Congratulations! You are communicating with the Pinata API!"


@pytest.mark.parametrize("jwt", ["x", "e30.e30.e30"])
def test_an_unknown_credential_is_refused(play, jwt):
    async def body(pinata):
        with pytest.raises(Unauthorized) as caught:
            await Account.test(pinata.account)
        return caught.value

    error = play(body, jwt=jwt)
    assert (error.status, error.reason) == (401, "INVALID_CREDENTIALS")
    assert error.details == "Invalid/expired credentials"
    assert error.request_id
    assert "hint: check PINATA_JWT" in str(error)


def test_a_key_pair_is_a_credential(play, server):
    async def body(pinata):
        return await Account.test(pinata.account)

    admin = server.admin
    assert play(body, jwt=None, api_key=admin.api_key, api_secret=admin.api_secret)


def test_usage_counts_pins_and_the_bytes_of_their_blocks(play):
    async def body(pinata):
        before = await Account.usage(pinata.account)
        await Pinata.upload(pinata, b"12345")
        await Pinata.upload(pinata, b"1234567")
        return before, await Account.usage(pinata.account)

    before, after = play(body)
    assert (before.pin_count, before.pin_size_total) == (0, 0)
    assert (after.pin_count, after.pin_size_total, after.pin_size_with_replications_total) == (2, 12, 12)


def test_a_key_without_the_right_may_not_ask(play, over, settings):
    async def make(pinata):
        return await Keys.create(pinata.keys, "lists only", Permissions(endpoints=["pinList"]))

    async def body(pinata):
        assert await Account.test(pinata.account)
        with pytest.raises(Forbidden, match="NO_SCOPES_FOUND"):
            await Account.usage(pinata.account)

    play(body, jwt=play(make).JWT)


def test_the_account_has_upload_limits(play):
    async def body(pinata):
        return await Account.limits(pinata.account)

    assert play(body).folder_max_files == 30_000

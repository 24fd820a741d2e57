"""Swaps, on three wires."""

from __future__ import annotations

import pytest

from pinatakit import Pinata
from pinatakit.client.swaps import Swaps
from pinatakit.errors import NotFound

UNKNOWN = "bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"


def test_a_swap_begins_ends_and_leaves_its_history(play, wire):
    async def body(pinata):
        old, new = [(await Pinata.upload(pinata, f"{wire} {age}".encode())).cid for age in ("old", "new")]
        swap = await Swaps.add(pinata.swaps, old, str(new))
        assert swap.mapped_cid == new
        await Swaps.delete(pinata.swaps, str(old))
        ended, begun = await Swaps.history(pinata.swaps, old, "you.mypinata.cloud")
        assert begun == swap
        assert ended.mapped_cid is None
        assert ended.created_at >= begun.created_at
        with pytest.raises(NotFound, match="not swapped"):
            await Swaps.delete(pinata.swaps, old)

    play(body)


def test_only_what_is_pinned_is_swapped(play):
    async def body(pinata):
        with pytest.raises(NotFound, match="not pinned"):
            await Swaps.add(pinata.swaps, UNKNOWN, UNKNOWN)
        with pytest.raises(NotFound, match="never swapped"):
            await Swaps.history(pinata.swaps, UNKNOWN, "you.mypinata.cloud")

    play(body)


def test_a_verified_read_gets_what_the_cid_names(play):
    async def body(pinata):
        old, new = [(await Pinata.upload(pinata, text)).cid for text in (b"named", b"shown")]
        await Swaps.add(pinata.swaps, old, new)
        assert b"".join([piece async for piece in Pinata.read(pinata, old)]) == b"named"
        await Swaps.delete(pinata.swaps, old)

    play(body)

"""Swaps: as the documentation's samples show them, and asked for so that both kinds of server understand."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer
from pinatakit.protocol.swaps import Swap, add_swap, swap_history

OLD = CID.parse("bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny")
NEW = CID.parse("bafkreid7qoywk77r7rj3slobqfekdvs57qwuwh5d2z3sqsw52iabe3mqne")


def answer(data: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode({"data": data}), "https://api.pinata.cloud/v3/files")


def test_both_names_of_the_field_are_sent():
    """The OpenAPI file has swapCid, the SDK and the CLI swap_cid."""
    body = json.loads(add_swap("public", OLD, NEW).body)
    assert body == {"swapCid": str(NEW), "swap_cid": str(NEW)}


def test_a_swap_is_read_as_it_is_written():
    data = {"mapped_cid": str(NEW), "created_at": "2024-09-20T17:09:39.490275Z"}
    swap = add_swap("public", OLD, NEW).read(answer(data))
    assert swap == Swap(mapped_cid=NEW, created_at=datetime(2024, 9, 20, 17, 9, 39, 490275, UTC))
    assert swap.to_json() == data


def test_the_end_of_a_swap_is_an_entry_without_cid():
    call = swap_history("private", OLD, "you.mypinata.cloud")
    assert call.pairs() == [("domain", "you.mypinata.cloud")]
    (swap,) = call.read(answer([{"mapped_cid": None, "created_at": "2024-09-21T08:00:00Z"}]))
    assert swap.mapped_cid is None
    assert swap.created_at.tzinfo


def test_a_history_takes_a_domain():
    with pytest.raises(InputError, match="that of a gateway"):
        swap_history("public", OLD, "")

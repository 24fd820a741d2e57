"""``pin``: what is on IPFS already is asked for, waited for and cancelled."""

from __future__ import annotations

import pytest

from pinatakit import local

from .processes import UNKNOWN_CID


@pytest.fixture(scope="module")
def elsewhere():
    """A local Pinata that has something."""
    with local() as pinata:
        yield pinata


def test_what_a_host_has_is_pinned_and_waited_for(ask_here, elsewhere, served):
    file = elsewhere.upload(b"pinned from elsewhere")
    ran = ask_here(
        "pin", "add", file.cid, "--name", "fetched", "--host-node", elsewhere.url, "--wait", "--timeout", "20"
    )
    assert (ran.code, ran.out, ran.err) == (0, "", f"pinned {file.cid}\n")
    assert ask_here("stat", file.cid, "--json").json["name"] == "fetched"
    ran = ask_here("pin", "wait", file.cid, "--json")
    assert ran.json["cid"] == str(file.cid)


def test_what_nobody_has_waits_in_the_queue_until_it_is_cancelled(ask_here):
    ran = ask_here("pin", "add", UNKNOWN_CID, "--json")
    assert (ran.code, ran.json["cid"]) == (0, UNKNOWN_CID)
    assert [job["id"] for job in ask_here("pin", "ls", "--cid", UNKNOWN_CID, "--json").json] == [
        ran.json["id"]
    ]
    waited = ask_here("pin", "wait", UNKNOWN_CID, "--timeout", "0")
    assert waited.failed(5)
    assert "is not pinned yet" in waited.err
    ran = ask_here("pin", "cancel", UNKNOWN_CID)
    assert (ran.code, ran.err) == (0, f"cancelled {UNKNOWN_CID}\n")
    assert ask_here("pin", "ls", "-q").lines == []
    assert ask_here("pin", "wait", UNKNOWN_CID).failed(3)


def test_what_is_no_cid_is_refused(ask_here):
    assert ask_here("pin", "add", "photo.jpg").failed(2)

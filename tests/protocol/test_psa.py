"""The pinning service API as it is sent and read. Samples are of the specification 1.0.0 and of Pinata."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol import Answer, PinObject, PinStatus
from pinatakit.protocol import psa as calls
from pinatakit.protocol.pins import FAILED, JOB_STATUSES

CIDS = [
    CID.parse("bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"),
    CID.parse("QmVLwvmGehsrNEvhcCnnsw5RQNseohgEkFNN1848zNzdng"),
]
STATUS = {
    "requestid": "0f682e85-0000-4000-8000-000000000000",
    "status": "queued",
    "created": "2023-06-27T23:02:37.361Z",
    "pin": {"cid": str(CIDS[0]), "name": "PreciousData.pdf", "origins": ["/p2p/Qm"], "meta": {"app_id": "1"}},
    "delegates": ["/dns4/pinning.example/tcp/4001/p2p/12D3Koo"],
    "info": {"pinata_pinjob_status": "prechecking"},
}


def answer(value):
    return Answer(200, {}, json.dumps(value).encode(), "https://api.pinata.cloud/psa/pins")


def test_a_list_is_asked_for_with_every_filter():
    call = calls.list_pins(
        cids=CIDS,
        name="a name",
        match="ipartial",
        statuses=["queued", "pinning"],
        before=datetime(2023, 6, 27, 23, 2, 37, 361000, UTC),
        after=datetime(2020, 7, 27, 17, 32, 28),  # noqa: DTZ001  (without a zone: UTC)
        limit=1000,
        meta={"app_id": "1"},
    )
    assert (call.method, call.path, call.host) == ("GET", "/pins", "psa")
    assert dict(call.pairs()) == {
        "cid": ",".join(map(str, CIDS)),
        "name": "a name",
        "match": "ipartial",
        "status": "queued,pinning",
        "before": "2023-06-27T23:02:37.361Z",
        "after": "2020-07-27T17:32:28Z",
        "limit": "1000",
        "meta": '{"app_id":"1"}',
    }


def test_a_list_without_filters_asks_for_nothing_more():
    assert calls.list_pins().pairs() == []


def test_results_are_read_and_written_as_the_specification_says():
    results = calls.list_pins().read(answer({"count": 36, "results": [STATUS]}))
    assert results.total == 36
    (status,) = results.results
    assert isinstance(status, PinStatus)
    assert (status.requestid, status.status, status.cid) == (STATUS["requestid"], "queued", CIDS[0])
    assert status.created == datetime(2023, 6, 27, 23, 2, 37, 361000, UTC)
    assert (status.pin.name, status.pin.origins, status.pin.meta) == (
        "PreciousData.pdf",
        ["/p2p/Qm"],
        {"app_id": "1"},
    )
    assert status.to_json() == STATUS


def test_what_is_null_or_left_out_is_as_good_as_empty():
    pin = {"cid": str(CIDS[0]), "name": None, "origins": None, "meta": None}
    status = PinStatus.from_json({**STATUS, "pin": pin, "info": None, "delegates": None})
    assert (status.pin.name, status.pin.origins, status.pin.meta) == (None, [], {})
    assert (status.info, status.delegates) == ({}, [])


@pytest.mark.parametrize("broken", [[], {}, {**STATUS, "pin": None}, {**STATUS, "created": "soon"}])
def test_what_is_no_pin_status_is_told(broken):
    with pytest.raises(PinataError):
        PinStatus.from_json(broken)


def test_a_pin_is_added_replaced_looked_up_and_deleted():
    pin = PinObject.of(CIDS[1], "n", ["/p2p/Qm"], {"k": "v"})
    body = {"cid": str(CIDS[1]), "name": "n", "origins": ["/p2p/Qm"], "meta": {"k": "v"}}
    for call, method, path in (
        (calls.add_pin(pin), "POST", "/pins"),
        (calls.replace_pin("id", pin), "POST", "/pins/id"),
    ):
        assert (call.method, call.path, call.host, call.repeatable) == (method, path, "psa", False)
        assert json.loads(call.body) == body
        assert call.read(answer(STATUS)).requestid == STATUS["requestid"]
    assert (calls.get_pin("id").method, calls.get_pin("id").path) == ("GET", "/pins/id")
    call = calls.delete_pin("id")
    assert (call.method, call.path) == ("DELETE", "/pins/id")
    assert call.read(Answer(202, {}, b"", "")) is None  # the specification
    assert call.read(Answer(200, {}, b"OK", "")) is None  # Pinata


def test_a_requestid_is_any_text():
    assert calls.get_pin("a/b c").path == "/pins/a%2Fb%20c"
    for id in ("", ".", "..", None):
        with pytest.raises(InputError, match="requestid"):
            calls.get_pin(id)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"name": "x" * 256}, "256 letters"),
        ({"name": 5}, "a name is text"),
        ({"origins": ["/p2p/Qm"] * 21}, "21 origins"),
        ({"origins": "/p2p/Qm"}, "a list of multiaddrs"),
        ({"origins": [""]}, "a list of multiaddrs"),
        ({"meta": {"n": 1}}, "text to text"),
        ({"meta": ["n"]}, "text to text"),
    ],
)
def test_a_pin_beyond_the_bounds_is_refused(about, said):
    with pytest.raises(InputError, match=said):
        PinObject.of(CIDS[0], **{"name": None, **about})


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"cids": CIDS * 6}, "12 CIDs"),
        ({"match": "fuzzy"}, "exact, iexact, partial, ipartial"),
        ({"statuses": ["done"]}, "queued, pinning, pinned, failed"),
        ({"meta": {"n": 1}}, "text to text"),
    ],
)
def test_a_filter_beyond_the_bounds_is_refused(how, said):
    with pytest.raises(InputError, match=said):
        calls.list_pins(**how)


def test_every_status_of_a_job_has_one_of_a_pin_object():
    """As recorded of Pinata."""
    told = {status: calls.status_of(status) for status in (*JOB_STATUSES, "pinned")}
    assert {status for status, of in told.items() if of == "failed"} == set(FAILED)
    assert {status for status, of in told.items() if of == "queued"} == {
        "prechecking",
        "searching",
        "backfilled",
    }
    assert (told["retrieving"], told["pinned"]) == ("pinning", "pinned")

"""Pins: conditions, queries and records, as the older API's documentation has them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol import Answer, Pin, PinJob, kv
from pinatakit.protocol import pins as calls
from pinatakit.protocol.pins import JOB_STATUSES
from pinatakit.protocol.where import OPERATORS

CID_TEXT = "bafybeibcsnxt2sqzsvfg4lzg3iuxkfit37l3rz5gqmdxwsgec56qalmxie"
ROW = {
    "id": "8f2a2f0e-2b0f-4a53-9f43-2f6a5a3a1c11",
    "ipfs_pin_hash": CID_TEXT,
    "size": 3975284,
    "user_id": "c0de0000-0000-4000-8000-000000000000",
    "date_pinned": "2022-06-17T22:43:08.303Z",
    "date_unpinned": None,
    "metadata": {"name": "rows.csv", "keyvalues": {"kind": "train"}},
    "regions": [{"regionId": "NYC1", "currentReplicationCount": 1, "desiredReplicationCount": 1}],
    "mime_type": "text/csv",
    "number_of_files": 1,
}
CONDITIONS = {
    "eq": (kv("k") == "v", {"value": "v", "op": "eq"}),
    "ne": (kv("k") != 5, {"value": 5, "op": "ne"}),
    "gt": (kv("k") > 1.5, {"value": 1.5, "op": "gt"}),
    "gte": (kv("k") >= 1, {"value": 1, "op": "gte"}),
    "lt": (kv("k") < 1, {"value": 1, "op": "lt"}),
    "lte": (kv("k") <= date(2024, 5, 1), {"value": "2024-05-01", "op": "lte"}),
    "between": (kv("k").between(1, 5), {"value": 1, "op": "between", "secondValue": 5}),
    "notBetween": (
        kv("k").not_between("a", "c"),
        {"value": "a", "op": "notBetween", "secondValue": "c"},
    ),
    "like": (kv("k").like("a%"), {"value": "a%", "op": "like"}),
    "notLike": (kv("k").not_like("a%"), {"value": "a%", "op": "notLike"}),
    "iLike": (kv("k").like("a%", ignore_case=True), {"value": "a%", "op": "iLike"}),
    "notILike": (kv("k").not_like("a%", ignore_case=True), {"value": "a%", "op": "notILike"}),
    "regexp": (kv("k").matches("^a"), {"value": "^a", "op": "regexp"}),
    "iRegexp": (kv("k").matches("^a", ignore_case=True), {"value": "^a", "op": "iRegexp"}),
}


def answer(body: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode(body), "https://api.pinata.cloud/data/pinList")


@pytest.mark.parametrize("op", OPERATORS)
def test_each_operator_is_written_as_the_service_asks_it(op):
    condition, asked = CONDITIONS[op]
    assert condition.key == "k"
    assert condition.to_json() == asked


def test_there_are_fourteen_operators():
    assert len(OPERATORS) == 14
    assert set(CONDITIONS) == set(OPERATORS)


def test_false_and_zero_are_values_like_others():
    assert (kv("k") == False).to_json() == {"value": False, "op": "eq"}  # noqa: E712
    assert kv("k").between(-1, 0).to_json() == {"value": -1, "op": "between", "secondValue": 0}


def test_a_value_that_cannot_be_compared_is_refused():
    with pytest.raises(InputError):
        kv("k") == [1]  # noqa: B015
    with pytest.raises(InputError):
        kv("k").between(0, float("nan"))


def test_a_key_to_be_compared_is_no_key_of_a_dict():
    with pytest.raises(TypeError):
        hash(kv("k"))


def test_conditions_go_out_as_one_json_object():
    call = calls.list_pins(where=[kv("a") == "1", kv("b").between(1, 2)], name="rows")
    query = dict(call.pairs())
    assert json.loads(query["metadata[keyvalues]"]) == {
        "a": {"value": "1", "op": "eq"},
        "b": {"value": 1, "op": "between", "secondValue": 2},
    }
    assert query["metadata[name]"] == "rows"


def test_every_filter_has_the_services_name():
    moment = datetime(2022, 6, 17, 22, 43, 8, 303_000, UTC)
    call = calls.list_pins(
        cid_contains="bafy",
        status="unpinned",
        pinned_after=moment,
        pinned_before=moment.replace(tzinfo=None),
        unpinned_after=moment,
        unpinned_before=moment,
        min_size=0,
        max_size=9,
        group_id="g",
        count=True,
        limit=1000,
        offset=0,
    )
    assert (call.method, call.path) == ("GET", "/data/pinList")
    text = "2022-06-17T22:43:08.303Z"
    assert dict(call.pairs()) == {
        "hashContains": "bafy",
        "status": "unpinned",
        "pinStart": text,
        "pinEnd": text,
        "unpinStart": text,
        "unpinEnd": text,
        "pinSizeMin": "0",
        "pinSizeMax": "9",
        "groupId": "g",
        "includeCount": "true",
        "pageLimit": "1000",
        "pageOffset": "0",
    }


def test_what_is_not_asked_for_is_not_sent():
    assert dict(calls.list_pins().pairs()) == {"status": "pinned", "includeCount": "false"}


def test_a_status_there_is_not_is_refused():
    with pytest.raises(InputError, match="all, pinned, unpinned"):
        calls.list_pins(status="gone")


def test_a_row_is_read_as_pinata_writes_it_and_written_back():
    rows, total = calls.list_pins().read(answer({"count": 1, "rows": [ROW]}))
    pin = rows[0]
    assert total == 1
    assert pin.cid == CID.parse(CID_TEXT)
    assert (pin.name, pin.keyvalues, pin.size) == ("rows.csv", {"kind": "train"}, 3_975_284)
    assert pin.date_pinned == datetime(2022, 6, 17, 22, 43, 8, 303_000, UTC)
    assert pin.date_unpinned is None
    assert pin.regions[0].region_id == "NYC1"
    assert pin.to_json() == ROW


def test_a_row_of_2022_without_the_newer_columns_is_read():
    old = {key: value for key, value in ROW.items() if key not in ("mime_type", "number_of_files")}
    old["metadata"] = {"name": None, "keyvalues": None}
    pin = Pin.from_json(old)
    assert (pin.mime_type, pin.number_of_files, pin.name, pin.keyvalues) == (None, 1, None, {})


def test_a_row_without_metadata_or_regions_is_read():
    pin = Pin.from_json({**ROW, "metadata": None, "regions": None})
    assert (pin.name, pin.keyvalues, pin.regions) == (None, {}, ())


def test_a_list_without_rows_or_count_is_empty():
    assert calls.list_pins().read(answer({"rows": None})) == ([], None)


def test_a_row_whose_cid_is_none_is_told():
    with pytest.raises(PinataError):
        Pin.from_json({**ROW, "ipfs_pin_hash": "no cid"})


def test_jobs_are_asked_for_and_read_as_pinata_writes_them():
    cid = CID.parse("QmVLwvmGehsrNEvhcCnnsw5RQNseohgEkFNN1848zNzdng")
    call = calls.list_jobs(sort="ASC", status="retrieving", cid=cid, limit=5, offset=10)
    assert (call.method, call.path) == ("GET", "/pinning/pinJobs")
    assert dict(call.pairs()) == {
        "sort": "ASC",
        "status": "retrieving",
        "ipfs_pin_hash": str(cid),
        "limit": "5",
        "offset": "10",
    }
    row = {
        "id": "8cba5496-0000-4000-8000-023c0ce9c145",
        "ipfs_pin_hash": str(cid),
        "date_queued": "2022-07-22T14:30:00.000Z",
        "name": "airdrop",
        "status": "retrieving",
        "keyvalues": None,
        "host_nodes": None,
        "pin_policy": {"regions": [{"id": "NYC1", "desiredReplicationCount": 1}], "version": 1},
    }
    jobs = call.read(answer({"count": 1, "rows": [row]}))
    assert jobs.total == 1
    assert isinstance(jobs.rows[0], PinJob)
    assert jobs.rows[0].to_json() == row


@pytest.mark.parametrize("status", JOB_STATUSES)
def test_every_status_of_the_queue_can_be_asked_for(status):
    assert dict(calls.list_jobs(status=status).pairs()) == {"status": status}


def test_a_job_status_there_is_not_is_refused():
    with pytest.raises(InputError, match="searching"):
        calls.list_jobs(status="lost")


def test_pinning_by_hash_sends_what_is_given():
    cid = CID.parse(CID_TEXT)
    call = calls.pin_by_hash(cid, name="airdrop", keyvalues={"n": 1}, host_nodes=["/ip4/1.2.3.4/p2p/Qm"])
    assert (call.method, call.path) == ("POST", "/pinning/pinByHash")
    assert json.loads(call.body) == {
        "hashToPin": CID_TEXT,
        "pinataMetadata": {"name": "airdrop", "keyvalues": {"n": 1}},
        "pinataOptions": {"hostNodes": ["/ip4/1.2.3.4/p2p/Qm"]},
    }
    queued = call.read(answer({"id": "1", "ipfsHash": CID_TEXT, "status": "prechecking", "name": None}))
    assert (queued.cid, queued.status, queued.name) == (cid, "prechecking", None)


JOB = {
    "id": "0195a5c4-242f-7c01-bee8-f34a9e8e804b",
    "cid": CID_TEXT,
    "name": CID_TEXT,
    "status": "prechecking",
    "keyvalues": None,
    "host_nodes": None,
    "group_id": None,
    "date_queued": "2025-03-30T12:00:00Z",
}


def test_pinning_by_cid_sends_what_is_given():
    cid = CID.parse(CID_TEXT)
    call = calls.pin_by_cid(cid, name="n", keyvalues={"k": "v"}, host_nodes=["/ip4/1.2.3.4"], group_id="g")
    assert (call.method, call.path, call.repeatable) == ("POST", "/v3/files/public/pin_by_cid", False)
    assert json.loads(call.body) == {
        "cid": CID_TEXT,
        "name": "n",
        "keyvalues": {"k": "v"},
        "host_nodes": ["/ip4/1.2.3.4"],
        "group_id": "g",
    }
    assert json.loads(calls.pin_by_cid(cid, name=None, keyvalues=None).body) == {"cid": CID_TEXT}
    job = call.read(answer({"data": JOB}))
    assert (job.cid, job.status, job.failed) == (cid, "prechecking", False)
    assert job.to_v3() == JOB


def test_the_queue_is_asked_for_and_read_as_v3_writes_it():
    cid = CID.parse(CID_TEXT)
    call = calls.list_queue(order="ASC", status="retrieving", cid=cid, limit=250, page_token="t")
    assert (call.method, call.path) == ("GET", "/v3/files/public/pin_by_cid")
    assert dict(call.pairs()) == {
        "order": "ASC",
        "status": "retrieving",
        "cid": CID_TEXT,
        "limit": "250",
        "pageToken": "t",
    }
    failed = {**JOB, "status": "expired", "reason": "nobody has it"}
    queue = call.read(answer({"data": {"jobs": [JOB, failed], "next_page_token": ""}}))
    assert queue.next_page_token is None
    assert [job.failed for job in queue.jobs] == [False, True]
    assert queue.jobs[1].reason == "nobody has it"
    assert queue.jobs[1].to_v3() == failed
    assert call.read(answer({"data": {"jobs": None, "next_page_token": "t"}})) == ([], "t")


def test_a_job_is_cancelled_by_its_id():
    call = calls.cancel(JOB["id"])
    assert (call.method, call.path) == ("DELETE", f"/v3/files/public/pin_by_cid/{JOB['id']}")
    assert call.read(answer({"data": None})) is None
    with pytest.raises(InputError):
        calls.cancel("../x")


def test_pinning_by_hash_into_a_group_names_it_among_the_options():
    call = calls.pin_by_hash(CID.parse(CID_TEXT), name=None, keyvalues=None, group_id="g")
    assert json.loads(call.body)["pinataOptions"] == {"groupId": "g"}
    call = calls.pin_by_hash(CID.parse(CID_TEXT), name=None, keyvalues=None)
    assert "pinataOptions" not in json.loads(call.body)


@pytest.mark.parametrize("ask", [calls.pin_by_hash, calls.pin_by_cid])
def test_six_host_nodes_are_refused(ask):
    with pytest.raises(InputError, match="at most 5"):
        ask(CID.parse(CID_TEXT), name=None, keyvalues=None, host_nodes=["x"] * 6)


def test_an_update_sends_only_what_changes():
    cid = CID.parse(CID_TEXT)
    call = calls.hash_metadata(cid, name=None, keyvalues={"drop": None, "new": 1})
    assert (call.method, call.path) == ("PUT", "/pinning/hashMetadata")
    assert json.loads(call.body) == {"ipfsPinHash": CID_TEXT, "keyvalues": {"drop": None, "new": 1}}
    assert json.loads(calls.hash_metadata(cid, name="", keyvalues=None).body) == {
        "ipfsPinHash": CID_TEXT,
        "name": "",
    }


def test_an_update_of_nothing_is_refused():
    with pytest.raises(InputError, match="nothing to change"):
        calls.hash_metadata(CID.parse(CID_TEXT), name=None, keyvalues=None)


def test_unpin_names_the_cid_in_its_path():
    call = calls.unpin(CID.parse(CID_TEXT))
    assert (call.method, call.path) == ("DELETE", f"/pinning/unpin/{CID_TEXT}")
    assert call.read(Answer(200, {}, b"OK", "")) is None

"""Uploads: fields as they go out, answers as they come back; the samples are Pinata's."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer, Upload
from pinatakit.protocol import uploads as calls

CID_TEXT = "bafkreid7qoywk77r7rj3slobqfekdvs57qwuwh5d2z3sqsw52iabe3mqne"
USER = "87ef0000-0000-4000-8000-000000000000"
V3 = {
    "id": "0195a5c4-242f-7c01-bee8-f34a9e8e804b",
    "user_id": USER,
    "group_id": None,
    "name": "hello.txt",
    "cid": CID_TEXT,
    "created_at": "2025-03-17T20:20:50.057Z",
    "size": 12,
    "number_of_files": 1,
    "mime_type": "text/plain",
    "vectorized": False,
    "network": "public",
}
OLDER = {
    "IpfsHash": "QmVLwvmGehsrNEvhcCnnsw5RQNseohgEkFNN1848zNzdng",
    "PinSize": 32942,
    "Timestamp": "2024-05-01T10:20:30.123Z",
    "isDuplicate": True,
}


def answer(body: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode(body), "https://uploads.pinata.cloud/v3/files")


def test_an_answer_of_v3_is_read_and_written_back():
    upload = calls.upload_file(b"", {}).read(answer({"data": V3}))
    assert upload.cid == CID.parse(CID_TEXT)
    assert (upload.id, upload.name, upload.size, upload.network) == (V3["id"], "hello.txt", 12, "public")
    assert upload.created_at == datetime(2025, 3, 17, 20, 20, 50, 57_000, UTC)
    assert not upload.is_duplicate
    assert upload.to_v3(user_id=USER) == {**V3, "keyvalues": {}}


def test_a_duplicate_of_v3_says_so():
    upload = Upload.from_v3({**V3, "is_duplicate": True, "keyvalues": {"a": "b"}})
    assert upload.is_duplicate
    assert upload.to_v3(user_id=USER)["is_duplicate"] is True
    assert upload.keyvalues == {"a": "b"}


def test_an_upload_whose_cid_is_pending_is_told():
    with pytest.raises(InputError, match="not computed the CID"):
        Upload.from_v3({**V3, "cid": "pending"})


def test_an_answer_of_the_older_api_is_read():
    upload = calls.pin_file(b"", {}).read(answer(OLDER))
    assert str(upload.cid) == OLDER["IpfsHash"]
    assert (upload.dag_size, upload.id, upload.is_duplicate) == (32_942, None, True)
    assert upload.created_at == datetime(2024, 5, 1, 10, 20, 30, 123_000, UTC)


def test_the_newer_fields_of_the_older_api_are_read_and_written_back():
    body = {
        **OLDER,
        "ID": V3["id"],
        "Name": "folder",
        "NumberOfFiles": 2,
        "MimeType": "directory",
        "GroupId": None,
        "Keyvalues": {"n": 1},
    }
    upload = Upload.from_older(body)
    assert (upload.name, upload.number_of_files, upload.mime_type) == ("folder", 2, "directory")
    assert upload.to_older() == body
    assert "isDuplicate" not in Upload.from_older({**body, "isDuplicate": False}).to_older()


def test_fields_of_the_older_api_are_json_texts():
    fields = calls.older_fields("n", {"d": date(2024, 5, 1), "x": 1}, "1", "g")
    assert {name: json.loads(value) for name, value in fields.items()} == {
        "pinataOptions": {"cidVersion": 1, "groupId": "g"},
        "pinataMetadata": {"name": "n", "keyvalues": {"d": "2024-05-01", "x": 1}},
    }
    fields = calls.older_fields(None, None, 0, None)
    assert {name: json.loads(value) for name, value in fields.items()} == {
        "pinataOptions": {"cidVersion": 0},
        "pinataMetadata": {},
    }


def test_fields_of_v3_are_plain():
    assert calls.v3_fields("public", "n", {"a": "b"}, 1, "g") == {
        "network": "public",
        "cid_version": "v1",
        "name": "n",
        "keyvalues": '{"a":"b"}',
        "group_id": "g",
    }
    assert calls.v3_fields("private", None, {}, 0, None) == {"network": "private", "cid_version": "v0"}


def test_uploads_of_v3_go_to_their_own_host():
    assert calls.upload_file(b"", {}).host == "uploads"
    assert (calls.pin_file(b"", {}).host, calls.pin_file(b"", {}).path) == ("api", "/pinning/pinFileToIPFS")


def test_json_goes_out_as_javascript_prints_it():
    value = {"b": 1.0, "1": "é"}
    call = calls.pin_json(value, name="n", keyvalues=None, cid_version=1, group_id="g")
    assert (call.method, call.path) == ("POST", "/pinning/pinJSONToIPFS")
    assert '"pinataContent":{"1":"é","b":1}'.encode() in call.body
    assert json.loads(call.body) == {
        "pinataContent": value,
        "pinataMetadata": {"name": "n"},
        "pinataOptions": {"cidVersion": 1, "groupId": "g"},
    }


def test_json_above_ten_megabytes_is_refused():
    assert (
        len(calls.pin_json("x" * 9_999_000, name=None, keyvalues=None, cid_version=1, group_id=None).body)
        < 10_000_000
    )
    with pytest.raises(InputError, match="at most 10,000,000"):
        calls.pin_json("x" * 10_000_000, name=None, keyvalues=None, cid_version=1, group_id=None)


@pytest.mark.parametrize(("given", "version"), [(0, 0), (1, 1), ("0", 0), ("1", 1)])
def test_a_cid_version_is_a_number_or_its_text(given, version):
    assert calls.check_cid_version(given) == version


@pytest.mark.parametrize("given", [2, -1, "v1", "", None, True, False, 99, [1]])
def test_there_are_no_other_cid_versions(given):
    with pytest.raises(InputError, match="cid_version is 0 or 1"):
        calls.check_cid_version(given)

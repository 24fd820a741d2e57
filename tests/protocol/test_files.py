"""Files of v3: what is asked, and what is read; the samples are of Pinata's documentation."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer, File
from pinatakit.protocol import files as calls

CID_TEXT = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"
ID = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
ROW = {
    "id": ID,
    "name": "a.txt",
    "cid": CID_TEXT,
    "size": 36,
    "number_of_files": 1,
    "mime_type": "text/plain",
    "group_id": "18893556-0000-4000-8000-000000000000",
    "keyvalues": {"env": "prod"},
    "created_at": "2024-08-27T14:57:51.485934Z",
}


def answer(data: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode({"data": data}), "https://api.pinata.cloud/v3/files/public")


def test_a_file_is_read_as_pinata_writes_it_and_written_back():
    file = calls.get_file("public", ID).read(answer(ROW))
    assert file.cid == CID.parse(CID_TEXT)
    assert file.created_at == datetime(2024, 8, 27, 14, 57, 51, 485_934, UTC)
    assert (file.name, file.size, file.keyvalues, file.expires_at) == ("a.txt", 36, {"env": "prod"}, None)
    assert file.to_json() == ROW


def test_a_file_that_expires_says_when():
    file = File.from_json({**ROW, "expires_at": "2030-01-01T00:00:00Z"})
    assert file.expires_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert file.to_json()["expires_at"] == "2030-01-01T00:00:00Z"
    assert File.from_json({**ROW, "expires_at": None}).expires_at is None


@pytest.mark.parametrize("cid", ["pending", "", None])
def test_a_cid_that_is_not_known_yet_is_none(cid):
    file = File.from_json({**ROW, "cid": cid})
    assert file.cid is None
    assert file.to_json()["cid"] == "pending"


def test_names_and_key_values_may_be_null():
    file = File.from_json({**ROW, "name": None, "keyvalues": None, "mime_type": None, "group_id": None})
    assert (file.name, file.keyvalues) == (None, {})


@pytest.mark.parametrize("token", ["", None])
def test_the_last_page_has_no_token(token):
    page = calls.list_files("public").read(answer({"files": [ROW], "next_page_token": token}))
    assert page.next_page_token is None
    assert [file.id for file in page.files] == [ID]


def test_a_page_says_where_the_next_one_starts():
    page = calls.list_files("public").read(answer({"files": None, "next_page_token": "MDE5"}))
    assert page == ([], "MDE5")


def test_every_filter_has_the_services_name():
    call = calls.list_files(
        "private",
        name="a",
        cid=CID.parse(CID_TEXT),
        group="null",
        mime_type="text/plain",
        keyvalues={"env": "prod", "a b": "c"},
        order="ASC",
        limit=10,
        page_token="MDE5",
    )
    assert (call.method, call.path, call.host) == ("GET", "/v3/files/private", "api")
    assert dict(call.pairs()) == {
        "name": "a",
        "cid": CID_TEXT,
        "group": "null",
        "mimeType": "text/plain",
        "order": "ASC",
        "limit": "10",
        "pageToken": "MDE5",
        "keyvalues[env]": "prod",
        "keyvalues[a b]": "c",
    }
    assert calls.list_files("public").pairs() == []


def test_an_update_sends_only_what_changes():
    call = calls.update_file("public", ID, name=None, keyvalues={"env": None, "a": "b"}, expires_at=None)
    assert (call.method, call.path) == ("PUT", f"/v3/files/public/{ID}")
    assert json.loads(call.body) == {"keyvalues": {"env": None, "a": "b"}}
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    call = calls.update_file("public", ID, name="b", keyvalues=None, expires_at=moment)
    assert json.loads(call.body) == {"name": "b", "expires_at": 1_893_456_000}


def test_an_update_of_nothing_is_refused():
    with pytest.raises(InputError, match="nothing to change"):
        calls.update_file("public", ID, name=None, keyvalues=None, expires_at=None)


def test_a_number_is_no_key_value_of_v3():
    with pytest.raises(InputError, match="every value is text"):
        calls.update_file("public", ID, name=None, keyvalues={"n": 1}, expires_at=None)


def test_deleting_names_the_file_in_its_path():
    call = calls.delete_file("public", ID)
    assert (call.method, call.path) == ("DELETE", f"/v3/files/public/{ID}")
    assert call.read(answer(None)) is None


@pytest.mark.parametrize("id", ["", "../keys", "a/b", "a?b", "a b", "%2e", None])
def test_what_cannot_be_an_id_never_becomes_part_of_a_path(id):
    for call in (calls.get_file, calls.delete_file):
        with pytest.raises(InputError, match="is not the id of a file"):
            call("public", id)

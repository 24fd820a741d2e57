"""Groups: read in each spelling of the service, written in that of either API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer, Group
from pinatakit.protocol import groups as calls

ID = "01919976-955f-7d06-bd59-72e80743fb95"
FILE = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
V3 = {"id": ID, "name": "g", "is_public": False, "created_at": "2024-08-28T14:49:31.246596Z"}
OLDER = {
    "id": "61a40000-0000-4000-8000-000000000000",
    "name": "NFT-Project",
    "user_id": "ec500000-0000-4000-8000-000000000000",
    "createdAt": "2024-07-03T18:09:33.610Z",
    "updatedAt": "2024-07-03T18:15:17.440Z",
}
CREATED = datetime(2024, 8, 28, 14, 49, 31, 246596, UTC)


def answer(body: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode(body), "https://api.pinata.cloud")


def test_a_group_of_v3_is_read_and_written_as_pinata_does():
    group = calls.get_group("public", ID).read(answer({"data": V3}))
    assert group == Group(id=ID, name="g", is_public=False, created_at=CREATED)
    assert group.to_v3() == {**V3, "createdAt": V3["created_at"]}


@pytest.mark.parametrize("body", [OLDER, [OLDER]])
def test_a_group_of_the_older_api_is_read_as_its_schema_or_its_example_has_it(body):
    group = calls.get_older_group(OLDER["id"]).read(answer(body))
    assert group.created_at == datetime(2024, 7, 3, 18, 9, 33, 610000, UTC)
    assert group.updated_at == datetime(2024, 7, 3, 18, 15, 17, 440000, UTC)
    assert group.to_older(user_id=OLDER["user_id"]) == OLDER


def test_the_other_spellings_of_the_documentation_are_read_too():
    """One example says ``public``, the type of the official client says ``createdAt``."""
    group = Group.from_json({"id": ID, "name": "g", "public": True, "createdAt": V3["created_at"]})
    assert (group.is_public, group.created_at) == (True, CREATED)


def test_making_a_group_sends_its_name_and_is_not_repeated():
    call = calls.create_group("private", "g", is_public=True)
    assert (call.method, call.path, call.repeatable) == ("POST", "/v3/groups/private", False)
    assert json.loads(call.body) == {"name": "g", "is_public": True}
    older = calls.create_older_group("g")
    assert (older.method, older.path, older.repeatable) == ("POST", "/groups", False)
    assert json.loads(older.body) == {"name": "g"}


def test_a_list_is_asked_for_by_pinatas_names():
    call = calls.list_groups("public", name="g", is_public=True, limit=5, page_token="t")
    assert (call.method, call.path) == ("GET", "/v3/groups/public")
    assert dict(call.pairs()) == {"name": "g", "isPublic": "true", "limit": "5", "pageToken": "t"}
    older = calls.list_older_groups(name="g", limit=5, offset=10)
    assert (older.method, older.path) == ("GET", "/groups")
    assert dict(older.pairs()) == {"nameContains": "g", "limit": "5", "offset": "10"}


@pytest.mark.parametrize("token", [{"next_page_token": ""}, {"next_page_token": None}, {}])
def test_the_last_page_has_no_token_an_empty_one_or_null(token):
    page = calls.list_groups("public").read(answer({"data": {"groups": [V3], **token}}))
    assert [group.id for group in page.groups] == [ID]
    assert page.next_page_token is None


def test_an_update_sends_only_what_changes():
    call = calls.update_group("public", ID, name="new", is_public=None)
    assert (call.method, call.path) == ("PUT", f"/v3/groups/public/{ID}")
    assert json.loads(call.body) == {"name": "new"}
    assert json.loads(calls.update_group("public", ID, name=None, is_public=False).body) == {
        "is_public": False
    }
    older = calls.update_older_group(ID, "new")
    assert (older.method, older.path, json.loads(older.body)) == ("PUT", f"/groups/{ID}", {"name": "new"})


def test_files_are_named_in_the_path_and_cids_in_the_body():
    assert calls.add_file("public", ID, FILE).path == f"/v3/groups/public/{ID}/ids/{FILE}"
    assert calls.add_file("public", ID, FILE).method == "PUT"
    assert calls.remove_file("private", ID, FILE).path == f"/v3/groups/private/{ID}/ids/{FILE}"
    assert calls.remove_file("private", ID, FILE).method == "DELETE"
    cid = CID.of(b"a")
    for call, method in ((calls.add_cids(ID, [cid]), "PUT"), (calls.remove_cids(ID, [cid]), "DELETE")):
        assert (call.method, call.path) == (method, f"/groups/{ID}/cids")
        assert json.loads(call.body) == {"cids": [str(cid)]}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: calls.create_group("public", ""), "a group's name"),
        (lambda: calls.create_group("public", None), "a group's name"),  # type: ignore[arg-type]
        (lambda: calls.create_older_group(5), "a name is text"),  # type: ignore[arg-type]
        (lambda: calls.update_group("public", ID, name=None, is_public=None), "nothing to change"),
        (lambda: calls.update_group("public", ID, name="", is_public=None), "a group's name"),
        (lambda: calls.get_group("public", "my group"), "'my group' is not the id of a group"),
        (lambda: calls.get_older_group(""), "not the id of a group"),
        (lambda: calls.add_file("public", ID, "../x"), "'../x' is not the id of a file"),
        (lambda: calls.add_cids(ID, []), "no CID"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(wrong, said):
    with pytest.raises(InputError, match=said):
        wrong()

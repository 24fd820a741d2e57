"""Groups: of v3 and of the older API, which are the same where they are public."""

from __future__ import annotations

import base64
import json
import re

import pytest

from pinatakit.content import CID
from pinatakit.server import Server, Store

from .conftest import client, group, pin, refusal, send, upload, v3_refusal

PUBLIC, PRIVATE = "/v3/groups/public", "/v3/groups/private"
FILES = "/v3/files/public"
NOBODY = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
NO_RECORD = "Your account does not currently have any record associated with this ID"


def listed(api, path: str = PUBLIC, **query) -> list[str]:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]["groups"]]


def group_of(api, file: dict) -> str | None:
    return api.get(f"{FILES}/{file['id']}").json()["data"]["group_id"]


@pytest.fixture
def alone():
    """What asks a local Pinata that starts without groups."""
    with Server() as server, client(server) as api:
        yield api


# v3


def test_a_new_group_of_v3_is_told_as_pinata_tells_it(api):
    answer = api.post(PUBLIC, json={"name": "g"})
    assert answer.status_code == 200
    made = answer.json()["data"]
    assert set(made) == {"id", "name", "is_public", "created_at", "createdAt"}
    assert made["created_at"] == made["createdAt"]  # documentation, and types of the official SDK
    assert (made["name"], made["is_public"]) == ("g", False)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", made["created_at"])
    assert made["id"][14] == "7"  # UUIDs of version 7 since 2024-08
    assert api.get(f"{PUBLIC}/{made['id']}").json() == {"data": made}
    assert api.post(PUBLIC, json={"name": "g", "is_public": True}).json()["data"]["is_public"] is True


def test_groups_are_listed_newest_first_and_filtered(alone):
    ids = [
        alone.post(PUBLIC, json={"name": name, "is_public": shown}).json()["data"]["id"]
        for name, shown in (("Cats", False), ("dogs", True), ("more cats", False))
    ]
    hidden = group(alone, "cats too", "private")
    assert listed(alone) == ids[::-1]
    assert listed(alone, name="cats") == [ids[2], ids[0]]
    assert listed(alone, isPublic="true") == [ids[1]]
    assert listed(alone, isPublic="false") == [ids[2], ids[0]]
    assert listed(alone, limit=2) == [ids[2], ids[1]]
    assert listed(alone, PRIVATE) == [hidden]


def test_a_page_has_ten_groups_unless_told(alone):
    for i in range(11):
        group(alone, str(i))
    assert len(listed(alone)) == 10
    assert len(alone.get("/groups").json()) == 10


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_together_are_the_whole_list(alone, limit):
    ids = [group(alone, str(i)) for i in range(5)]
    found, token, pages = [], None, 0
    while token is None or token:
        data = alone.get(PUBLIC, params={"limit": limit, **({"pageToken": token} if token else {})}).json()[
            "data"
        ]
        found += [one["id"] for one in data["groups"]]
        if token := data["next_page_token"]:
            assert base64.b64decode(token).decode() == found[-1]
        pages += 1
    assert found == ids[::-1]
    assert pages == -(-5 // limit)


def test_paging_goes_on_when_the_last_group_shown_was_deleted(alone):
    ids = [group(alone, str(i)) for i in range(4)]
    data = alone.get(PUBLIC, params={"limit": 2}).json()["data"]
    assert alone.delete(f"{PUBLIC}/{ids[2]}").status_code == 200
    assert listed(alone, pageToken=data["next_page_token"]) == [ids[1], ids[0]]


def test_an_update_changes_what_it_names(api):
    id = group(api, "old")
    before = api.get(f"{PUBLIC}/{id}").json()["data"]
    renamed = api.put(f"{PUBLIC}/{id}", json={"name": "new"})
    assert renamed.json()["data"] == {**before, "name": "new"}
    assert api.put(f"{PUBLIC}/{id}", json={"is_public": True}).json()["data"]["is_public"] is True
    assert api.get(f"{PUBLIC}/{id}").json()["data"] == {**before, "name": "new", "is_public": True}


def test_a_deleted_group_leaves_its_files(api):
    id = group(api)
    made = upload(api, b"it stays", group_id=id)
    answer = api.delete(f"{PUBLIC}/{id}")
    assert (answer.status_code, answer.json(), answer.reason_phrase) == (200, {"data": None}, "OK")
    assert group_of(api, made) is None
    assert api.get(f"/ipfs/{made['cid']}").content == b"it stays"
    assert v3_refusal(api.get(f"{PUBLIC}/{id}"))[0] == 404


def test_a_file_is_in_one_group_at_most(api):
    one, other = group(api, "one"), group(api, "other")
    made = upload(api, b"to be moved")
    for id in (one, other, other):
        answer = api.put(f"{PUBLIC}/{id}/ids/{made['id']}")
        assert (answer.status_code, answer.json(), answer.reason_phrase) == (200, {"data": None}, "OK")
        assert group_of(api, made) == id
    assert api.delete(f"{PUBLIC}/{one}/ids/{made['id']}").status_code == 200  # it is not in this one
    assert group_of(api, made) == other
    answer = api.delete(f"{PUBLIC}/{other}/ids/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"data": None})
    assert group_of(api, made) is None


def test_a_group_holds_files_of_its_own_network(api):
    made = upload(api, b"private", network="private")
    public, private = group(api), group(api, "g", "private")
    assert v3_refusal(api.put(f"{PUBLIC}/{public}/ids/{made['id']}"))[0] == 404
    assert v3_refusal(api.put(f"{PRIVATE}/{public}/ids/{made['id']}"))[0] == 404
    assert api.put(f"{PRIVATE}/{private}/ids/{made['id']}").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_files_and_groups_there_are_not_are_404(api, method):
    id, made = group(api), upload(api, b"here")
    gone = upload(api, b"gone")
    api.delete(f"{FILES}/{gone['id']}")
    for path in (f"{PUBLIC}/{id}/ids/{NOBODY}", f"{PUBLIC}/{id}/ids/{gone['id']}"):
        assert "file" in v3_refusal(api.request(method, path))[1]
    status, message = v3_refusal(api.request(method, f"{PUBLIC}/{NOBODY}/ids/{made['id']}"))
    assert (status, message) == (404, f"There is no public group with the id '{NOBODY}'.")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", [f"{PUBLIC}/{NOBODY}", f"{PUBLIC}/nonsense", f"/v3/groups/elsewhere/{NOBODY}"]
)
def test_what_there_is_not_is_404(api, method, path):
    body = {"json": {"name": "n"}} if method == "PUT" else {}
    assert v3_refusal(api.request(method, path, **body))[0] == 404


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 5}, {"name": None}, {"name": "n", "is_public": "yes"}, [], "n", None]
)
def test_a_group_that_cannot_be_is_refused(api, body):
    assert v3_refusal(api.post(PUBLIC, json=body))[0] == 400


@pytest.mark.parametrize("body", [{"name": ""}, {"name": 5}, {"is_public": 1}, []])
def test_an_update_that_cannot_be_is_refused(api, body):
    assert v3_refusal(api.put(f"{PUBLIC}/{group(api)}", json=body))[0] == 400


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "x"}, {"pageToken": "!"}, {"isPublic": "maybe"}])
def test_a_query_that_cannot_be_is_refused(api, query):
    assert v3_refusal(api.get(PUBLIC, params=query))[0] == 400


# the older API


def test_a_group_of_the_older_api_is_told_as_pinata_tells_it(api):
    answer = api.post("/groups", json={"name": "NFT-Project"})
    assert answer.status_code == 200
    made = answer.json()
    assert set(made) == {"id", "user_id", "name", "createdAt", "updatedAt"}
    assert made["name"] == "NFT-Project"
    assert made["createdAt"] == made["updatedAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["createdAt"])
    assert api.get(f"/groups/{made['id']}").json() == made
    renamed = api.put(f"/groups/{made['id']}", json={"name": "new"}).json()
    assert {**renamed, "updatedAt": None} == {**made, "name": "new", "updatedAt": None}
    assert renamed["updatedAt"] >= made["updatedAt"]


def test_the_public_groups_of_both_apis_are_the_same(alone):
    older = alone.post("/groups", json={"name": "older"}).json()["id"]
    newer, hidden = group(alone, "newer"), group(alone, "hidden", "private")
    assert listed(alone) == [newer, older]
    assert [one["id"] for one in alone.get("/groups").json()] == [newer, older]
    assert refusal(alone.get(f"/groups/{hidden}"))[0] == 404


def test_older_groups_are_listed_by_offset_and_name(alone):
    ids = [group(alone, name) for name in ("Cats", "dogs", "more cats")]

    def found(**query):
        return [one["id"] for one in alone.get("/groups", params=query).json()]

    assert found() == ids[::-1]
    assert found(nameContains="cats") == [ids[2], ids[0]]
    assert found(limit=1, offset=1) == [ids[1]]
    assert found(offset=3) == []


def test_cids_are_put_into_a_group_and_taken_out(api):
    id = api.post("/groups", json={"name": "by cid"}).json()["id"]
    made = [pin(api, (f"{i}.txt", b"pin %d" % i)) for i in range(3)]
    cids = [one["IpfsHash"] for one in made]
    answer = api.put(f"/groups/{id}/cids", json={"cids": cids})
    assert (answer.status_code, answer.text) == (200, "OK")
    assert answer.headers["content-type"].startswith("text/plain")
    rows = api.get("/data/pinList", params={"groupId": id}).json()["rows"]
    assert {row["ipfs_pin_hash"] for row in rows} == set(cids)
    answer = api.request("DELETE", f"/groups/{id}/cids", json={"cids": cids[:2]})
    assert (answer.status_code, answer.text) == (200, "OK")
    rows = api.get("/data/pinList", params={"groupId": id}).json()["rows"]
    assert [row["ipfs_pin_hash"] for row in rows] == cids[2:]
    answer = api.delete(f"/groups/{id}")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert api.get("/data/pinList", params={"groupId": id}).json()["count"] == 0
    assert api.get("/data/pinList", params={"cid": cids[2], "status": "pinned"}).json()["count"] == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_cid_that_is_not_pinned_is_refused_and_none_is_moved(api, method):
    """Since 2023 Pinata answers 400 and says whose it is not."""
    id, made = group(api), upload(api, b"pinned")
    if method == "DELETE":
        api.put(f"/groups/{id}/cids", json={"cids": [made["cid"]]})
    before = group_of(api, made)
    body = {"cids": [made["cid"], str(CID.of(b"nobody's"))]}
    answer = api.request(method, f"/groups/{id}/cids", json=body)
    assert refusal(answer) == (400, "CURRENT_USER_HAS_NOT_PINNED_CID")
    assert group_of(api, made) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PUT", "", {"name": "n"}),
        ("DELETE", "", None),
        ("PUT", "/cids", {"cids": []}),
        ("DELETE", "/cids", {"cids": []}),
    ],
)
def test_an_older_group_there_is_not_is_refused_in_recorded_words(api, method, path, body):
    answer = api.request(method, f"/groups/{NOBODY}{path}", **({"json": body} if body else {}))
    assert refusal(answer) == (404, "OBJECT_NOT_FOUND")
    assert answer.json()["error"]["details"] == NO_RECORD


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 5}, []])
def test_an_older_group_that_cannot_be_is_refused(api, body):
    assert refusal(api.post("/groups", json=body))[0] == 400
    assert refusal(api.put(f"/groups/{group(api)}", json=body))[0] == 400


@pytest.mark.parametrize("body", [{}, {"cids": "bafk"}, {"cids": ["no cid"]}, {"cids": [5]}, []])
def test_cids_that_are_none_are_refused(api, body):
    assert refusal(api.put(f"/groups/{group(api)}/cids", json=body))[0] == 400


# uploads and pins


def test_an_upload_for_a_group_there_is_not_is_refused_and_not_kept(api):
    cid = str(CID.of(b"for nobody"))
    answer = send(api, "/v3/files", ("a", b"for nobody"), network="public", group_id=NOBODY)
    assert v3_refusal(answer) == (404, f"There is no public group with the id '{NOBODY}'.")
    options = json.dumps({"groupId": NOBODY, "cidVersion": 1})
    answer = send(api, "/pinning/pinFileToIPFS", ("a", b"for nobody"), pinataOptions=options)
    assert refusal(answer) == (404, "OBJECT_NOT_FOUND")
    body = {"pinataContent": "for nobody", "pinataOptions": {"groupId": NOBODY}}
    assert refusal(api.post("/pinning/pinJSONToIPFS", json=body)) == (404, "OBJECT_NOT_FOUND")
    body = {"hashToPin": cid, "pinataOptions": {"groupId": NOBODY}}
    assert refusal(api.post("/pinning/pinByHash", json=body)) == (404, "OBJECT_NOT_FOUND")
    assert api.get(f"/ipfs/{cid}").status_code == 404
    assert api.get("/data/pinList", params={"hashContains": cid}).json()["count"] == 0
    assert api.get("/pinning/pinJobs", params={"ipfs_pin_hash": cid}).json()["count"] == 0


def test_a_duplicate_stays_in_the_group_it_is_in(api):
    one, other = group(api, "one"), group(api, "other")
    first = upload(api, b"the same twice", group_id=one)
    again = upload(api, b"the same twice", group_id=other)
    assert (again["is_duplicate"], again["group_id"], group_of(api, first)) == (True, one, one)


def test_a_pin_by_cid_of_what_is_held_lands_in_its_group(api):
    id = group(api)
    pin(api, ("box/inner.txt", b"held inside a folder"))
    cid = str(CID.of(b"held inside a folder"))
    body = {"hashToPin": cid, "pinataOptions": {"groupId": id}}
    assert api.post("/pinning/pinByHash", json=body).status_code == 200
    (file,) = api.get(FILES, params={"group": id}).json()["data"]["files"]
    assert file["cid"] == cid


def test_a_cid_that_waits_for_a_deleted_group_waits_on_for_none(tmp_path):
    store = Store(tmp_path)
    try:
        id = store.groups.create("public", "g").id
        store.jobs.add(CID.of(b"elsewhere"), None, {}, [], id)
        store.groups.delete("public", id)
        (job,) = store.records.read("SELECT group_id FROM job")
        assert job["group_id"] is None
    finally:
        store.close()


def test_groups_are_kept_across_restarts(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        id = group(api, "kept")
        made = upload(api, b"kept", group_id=id)
    with Server(tmp_path) as server, client(server) as api:
        assert api.get(f"{PUBLIC}/{id}").json()["data"]["name"] == "kept"
        assert group_of(api, made) == id

"""Files of v3: lists in pages, filters, changes, and refusals in v3's own envelope."""

from __future__ import annotations

import base64
import re
import time

import pytest

from pinatakit.server import Server

from .conftest import client, group, pin, send, upload, v3_refusal

PUBLIC = "/v3/files/public"
NOBODY = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"


@pytest.fixture(scope="module")
def grouped(api):
    """The id of a group."""
    return group(api)


@pytest.fixture(scope="module")
def three(api, grouped):
    """Three public files and a private one; the newest public is the folder."""
    return [
        upload(api, b"<html></html>", "page.html", keyvalues='{"env":"prod","team":"a b"}', group_id=grouped),
        upload(api, b"plain words", "words.txt", keyvalues='{"env":"test"}'),
        upload(api, b"inside", "box/inside.txt", keyvalues='{"env":"prod"}'),
        upload(api, b"hidden", "words-private.txt", network="private"),
    ]


def found(api, path: str = PUBLIC, **query) -> list[str]:
    answer = api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [file["id"] for file in answer.json()["data"]["files"]]


def test_a_file_is_listed_as_pinata_lists_it(api, three, grouped):
    (file,) = [one for one in api.get(PUBLIC).json()["data"]["files"] if one["id"] == three[0]["id"]]
    assert file == {
        "id": three[0]["id"],
        "name": "page.html",
        "cid": three[0]["cid"],
        "size": 13,
        "number_of_files": 1,
        "mime_type": "text/html",
        "group_id": grouped,
        "keyvalues": {"env": "prod", "team": "a b"},
        "created_at": three[0]["created_at"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", file["created_at"])
    assert file["id"][14] == "7"  # UUIDs of version 7 since 2024-08


def test_a_file_is_got_by_its_id(api, three):
    answer = api.get(f"{PUBLIC}/{three[1]['id']}")
    assert answer.json()["data"]["name"] == "words.txt"


@pytest.mark.parametrize(
    ("query", "indices"),
    [
        ({}, [2, 1, 0]),
        ({"order": "DESC"}, [2, 1, 0]),
        ({"order": "ASC"}, [0, 1, 2]),
        ({"order": "asc"}, [0, 1, 2]),
        ({"name": "words"}, [1]),
        ({"name": ".html"}, [0]),
        ({"name": "no such"}, []),
        ({"mimeType": "text/html"}, [0]),
        ({"mimeType": "directory"}, [2]),
        ({"keyvalues[env]": "prod"}, [2, 0]),
        ({"metadata[env]": "prod"}, [2, 0]),
        ({"keyvalues[env]": "prod", "keyvalues[team]": "a b"}, [0]),
        ({"keyvalues[env]": "test", "metadata[team]": "a b"}, []),
        ({"keyvalues[none]": ""}, []),
        ({"group": "null"}, [2, 1]),
        ({"group": NOBODY}, []),
        ({"cidPending": "true"}, []),
        ({"cidPending": "false"}, [2, 1, 0]),
        ({"limit": "1"}, [2]),
    ],
)
def test_files_are_filtered_and_ordered(api, three, query, indices):
    assert found(api, **query) == [three[i]["id"] for i in indices]


def test_files_are_found_by_their_group(api, three, grouped):
    assert found(api, group=grouped) == [three[0]["id"]]


def test_files_are_found_by_their_cid(api, three):
    assert found(api, cid=three[1]["cid"]) == [three[1]["id"]]
    assert found(api, cid=three[3]["cid"]) == []


def test_each_network_has_files_of_its_own(api, three):
    assert found(api, "/v3/files/private") == [three[3]["id"]]
    assert api.get(f"/v3/files/private/{three[3]['id']}").json()["data"]["name"] == "words-private.txt"
    assert v3_refusal(api.get(f"{PUBLIC}/{three[3]['id']}"))[0] == 404
    assert v3_refusal(api.get(f"/v3/files/private/{three[0]['id']}"))[0] == 404


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_together_are_the_whole_list(api, three, order, limit):
    ids, token, pages = [], None, 0
    while token is None or token:
        query = {"limit": limit, "order": order, **({"pageToken": token} if token else {})}
        data = api.get(PUBLIC, params=query).json()["data"]
        ids += [file["id"] for file in data["files"]]
        token = data["next_page_token"] or ""
        pages += 1
    assert ids == found(api, order=order)
    assert pages == -(-3 // limit)


def test_a_page_token_is_the_last_id_in_base64(api, three):
    token = api.get(PUBLIC, params={"limit": 2}).json()["data"]["next_page_token"]
    assert base64.b64decode(token).decode() == three[1]["id"]


def test_the_last_page_has_no_token(api, three):
    assert not api.get(PUBLIC, params={"limit": 3}).json()["data"]["next_page_token"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"order": "UP"},
        {"pageToken": "!"},
        {"pageToken": "abc"},
    ],
)
def test_a_query_that_cannot_be_is_refused(api, query):
    assert v3_refusal(api.get(PUBLIC, params=query))[0] == 400


def test_paging_goes_on_when_the_last_file_shown_was_deleted():
    with Server() as server, client(server) as api:
        made = [upload(api, b"%d" % i) for i in range(4)]
        data = api.get(PUBLIC, params={"limit": 2}).json()["data"]
        assert api.delete(f"{PUBLIC}/{made[2]['id']}").status_code == 200
        assert found(api, limit=2, pageToken=data["next_page_token"]) == [made[1]["id"], made[0]["id"]]


def test_an_update_merges_key_values_and_null_takes_away(api):
    made = upload(api, b"to be changed", keyvalues='{"keep":"1","change":"a","drop":"x"}')
    path = f"{PUBLIC}/{made['id']}"
    answer = api.put(path, json={"keyvalues": {"change": "b", "drop": None, "new": "2"}})
    assert answer.status_code == 200
    assert answer.json()["data"]["keyvalues"] == {"keep": "1", "change": "b", "new": "2"}
    assert answer.json()["data"]["name"] == "file.txt"
    answer = api.put(path, content=b'{"name":"new name"}')  # guides send no content type
    assert answer.json()["data"]["name"] == "new name"
    got = api.get(path).json()["data"]
    assert (got["name"], got["keyvalues"]) == ("new name", {"keep": "1", "change": "b", "new": "2"})
    assert found(api, **{"keyvalues[change]": "b"}) == [made["id"]]
    assert found(api, **{"keyvalues[drop]": "x"}) == []
    assert got["created_at"] == made["created_at"]


def test_a_file_is_given_a_time_to_expire(api):
    made = upload(api, b"not for ever")
    later = int(time.time()) + 3600
    changed = api.put(f"{PUBLIC}/{made['id']}", json={"expires_at": later}).json()["data"]
    assert changed["expires_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(later))
    assert upload(api, b"nor this", expires_at=str(later))["size"] == 8


@pytest.mark.parametrize(
    "body",
    [
        {"name": 5},
        {"keyvalues": {"n": 1}},
        {"keyvalues": []},
        {"keyvalues": {str(i): "v" for i in range(11)}},
        {"expires_at": 1},
        {"expires_at": "tomorrow"},
        {"expires_at": True},
        [],
    ],
)
def test_an_update_that_cannot_be_is_refused_and_changes_nothing(api, three, body):
    before = api.get(f"{PUBLIC}/{three[0]['id']}").json()
    assert v3_refusal(api.put(f"{PUBLIC}/{three[0]['id']}", json=body))[0] == 400
    assert api.get(f"{PUBLIC}/{three[0]['id']}").json() == before


def test_a_deleted_file_is_gone(api):
    made = upload(api, b"to be deleted")
    answer = api.delete(f"{PUBLIC}/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"data": None})
    assert v3_refusal(api.delete(f"{PUBLIC}/{made['id']}"))[0] == 404
    assert v3_refusal(api.get(f"{PUBLIC}/{made['id']}"))[0] == 404
    assert api.get(f"/ipfs/{made['cid']}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", [f"{PUBLIC}/{NOBODY}", f"{PUBLIC}/nonsense", f"/v3/files/elsewhere/{NOBODY}"]
)
def test_what_there_is_not_is_404(api, method, path):
    body = {"json": {}} if method == "PUT" else {}
    status, message = v3_refusal(api.request(method, path, **body))
    assert status == 404
    assert message


def test_a_network_there_is_not_is_404(api):
    assert v3_refusal(api.get("/v3/files/elsewhere"))[0] == 404


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v3/nothing", 404), ("POST", PUBLIC, 405)])
def test_a_path_that_is_not_served_is_refused_in_v3s_envelope(api, method, path, status):
    assert v3_refusal(api.request(method, path))[0] == status


def test_pins_of_the_older_api_are_files_too(api):
    made = pin(api, ("older.txt", b"pinned the older way"))
    assert api.get(f"{PUBLIC}/{made['ID']}").json()["data"]["cid"] == made["IpfsHash"]


def test_a_file_is_a_duplicate_on_its_own_network_only(api):
    first = upload(api, b"the same twice", name="first.txt", network="public")
    again = send(api, "/v3/files", ("second.txt", b"the same twice"), network="public").json()["data"]
    assert again["is_duplicate"] is True
    assert {**again, "is_duplicate": None} == {**first, "is_duplicate": None}
    private = upload(api, b"the same twice", network="private")
    assert "is_duplicate" not in private
    assert private["cid"] == first["cid"]
    assert private["id"] != first["id"]

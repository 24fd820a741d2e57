"""API keys: made once with a secret, listed without it, revoked for good."""

from __future__ import annotations

import re

import pytest

from pinatakit.server import Server
from pinatakit.server.store import Store

from .conftest import bearer, client, refusal, v3_refusal


def make(api, **about) -> dict:
    answer = api.post("/users/generateApiKey", json={"keyName": "k", "permissions": {"admin": True}, **about})
    assert answer.status_code == 200, answer.text
    return answer.json()


def listed(api, key: str) -> dict:
    return next(row for row in api.get("/users/apiKeys").json()["keys"] if row["key"] == key)


def test_a_new_key_has_twenty_hex_and_its_secret_sixty_four(api):
    made = make(api)
    assert set(made) == {"pinata_api_key", "pinata_api_secret", "JWT"}
    assert re.fullmatch("[0-9a-f]{20}", made["pinata_api_key"])
    assert re.fullmatch("[0-9a-f]{64}", made["pinata_api_secret"])
    assert api.get("/data/testAuthentication", headers=bearer(made["JWT"])).status_code == 200


def test_a_list_tells_all_of_a_key_but_its_secret(api):
    made = make(api, keyName="ci", maxUses=7)
    answer = api.get("/users/apiKeys").json()
    assert set(answer) == {"keys", "count"}
    row = listed(api, made["pinata_api_key"])
    assert set(row) == {
        "id",
        "name",
        "key",
        "secret",
        "max_uses",
        "uses",
        "user_id",
        "scopes",
        "revoked",
        "createdAt",
        "updatedAt",
    }
    assert (row["name"], row["max_uses"], row["uses"], row["revoked"]) == ("ci", 7, 0, False)
    assert row["scopes"]["admin"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["createdAt"])
    assert made["pinata_api_secret"] not in row["secret"]
    assert re.fullmatch("[0-9a-f]+:[0-9a-f]+", row["secret"])


def test_keys_are_counted_and_the_newest_is_first():
    with Server() as server, client(server) as api:
        assert api.get("/users/apiKeys").json()["count"] == 1
        first, second = make(api), make(api)
        rows = api.get("/users/apiKeys").json()["keys"]
    keys = [row["key"] for row in rows]
    assert keys == [second["pinata_api_key"], first["pinata_api_key"], server.admin.api_key]


def test_uses_are_counted(api):
    limited, unlimited = make(api, maxUses=9), make(api)
    for made in (limited, unlimited):
        for _ in range(3):
            api.get("/data/testAuthentication", headers=bearer(made["JWT"]))
        assert listed(api, made["pinata_api_key"])["uses"] == 3


def test_a_tree_is_kept_as_it_was_given(api):
    permissions = {
        "endpoints": {
            "data": {"pinList": True, "userPinnedDataTotal": False},
            "pinning": {"hashMetadata": True, "hashPinPolicy": False, "pinByHash": True, "unpin": False},
        },
        "resources": ["org:files:read"],
    }
    made = make(api, permissions=permissions)
    scopes = listed(api, made["pinata_api_key"])["scopes"]
    assert scopes["endpoints"]["data"] == permissions["endpoints"]["data"]
    for name, allowed in permissions["endpoints"]["pinning"].items():
        assert scopes["endpoints"]["pinning"][name] is allowed
    assert scopes["resources"] == ["org:files:read"]
    assert not scopes.get("admin")


@pytest.mark.parametrize(
    "about",
    [
        {"keyName": ""},
        {"keyName": None},
        {"keyName": 5},
        {"permissions": None},
        {"permissions": "admin"},
        {"permissions": {"endpoints": ["pinList"]}},
        {"permissions": {"endpoints": {"data": {"nothing": True}}}},
        {"permissions": {"endpoints": {"pinning": ["unpin"]}}},
        {"permissions": {"resources": ["org:nothing:read"]}},
        {"permissions": {"resources": "org:read"}},
        {"maxUses": 0},
        {"maxUses": -1},
        {"maxUses": True},
        {"maxUses": "5"},
        {"maxUses": 1.5},
    ],
)
def test_a_key_that_cannot_be_is_refused(api, about):
    answer = api.post("/users/generateApiKey", json={"keyName": "k", "permissions": {"admin": True}, **about})
    assert answer.status_code == 400
    assert refusal(answer)[0] == 400


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_that_is_no_object_is_refused(api, body):
    assert api.post("/users/generateApiKey", json=body).status_code == 400
    assert api.put("/users/revokeApiKey", json=body).status_code == 400


@pytest.mark.parametrize("by", ["pinata_api_key", "JWT"])
def test_a_key_is_revoked_by_its_public_half_or_its_jwt(api, by):
    """The seed notebook passed the JWT, and Pinata answered 200."""
    made = make(api)
    answer = api.put("/users/revokeApiKey", json={"apiKey": made[by]})
    assert (answer.status_code, answer.json()) == (200, "Revoked")
    assert listed(api, made["pinata_api_key"])["revoked"] is True


def test_revoking_a_key_there_is_not_is_done_already(api):
    assert api.put("/users/revokeApiKey", json={"apiKey": "0" * 20}).json() == "Revoked"


def test_revoking_nothing_is_refused(api):
    assert api.put("/users/revokeApiKey", json={}).status_code == 400


# v3


V3 = ("/v3/api_keys", "/v3/pinata/keys")


def found(api, **query) -> list[str]:
    answer = api.get("/v3/api_keys", params=query)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"keys", "count"}
    return [row["key"] for row in answer.json()["keys"]]


@pytest.fixture(scope="module")
def five():
    """A local Pinata whose keys are, from the newest: spent, limited, revoked, plain, and the admin's."""
    with Server() as server, client(server) as api:
        names = {"plain CI": {}, "revoked ci": {}, "limited": {"maxUses": 3}, "spent": {"maxUses": 1}}
        made = {name: make(api, keyName=name, **about) for name, about in names.items()}
        api.delete(f"/v3/api_keys/{made['revoked ci']['pinata_api_key']}")
        api.get("/data/testAuthentication", headers=bearer(made["spent"]["JWT"]))
        yield api, [one["pinata_api_key"] for one in reversed(made.values())] + [server.admin.api_key]


@pytest.mark.parametrize("path", V3)
def test_a_new_key_of_v3_is_bare_and_works(api, path):
    body = {"keyName": "v3", "permissions": {"resources": ["org:files:read"]}, "maxUses": 2}
    answer = api.post(path, json=body)
    assert answer.status_code == 200
    made = answer.json()
    assert set(made) == {"pinata_api_key", "pinata_api_secret", "JWT"}
    assert api.get("/v3/files/public", headers=bearer(made["JWT"])).status_code == 200
    assert api.get("/v3/api_keys", headers=bearer(made["JWT"])).status_code == 403
    row = listed(api, made["pinata_api_key"])
    assert (row["max_uses"], row["scopes"]["resources"]) == (2, ["org:files:read"])


def test_a_key_of_v3_without_permissions_may_do_nothing(api):
    made = api.post("/v3/api_keys", json={"keyName": "nothing"}).json()
    assert api.get("/data/testAuthentication", headers=bearer(made["JWT"])).status_code == 200
    assert api.get("/v3/files/public", headers=bearer(made["JWT"])).status_code == 403


def test_a_key_may_be_named_as_pinatas_example_once_did(api):
    made = api.post("/v3/api_keys", json={"keyname": "lower", "permissions": {"admin": True}}).json()
    assert listed(api, made["pinata_api_key"])["name"] == "lower"


@pytest.mark.parametrize("path", V3)
@pytest.mark.parametrize(
    "about",
    [{"keyName": ""}, {"keyName": None}, {"permissions": "admin"}, {"permissions": None}, {"maxUses": 0}],
)
def test_a_key_of_v3_that_cannot_be_is_refused(api, path, about):
    answer = api.post(path, json={"keyName": "k", "permissions": {"admin": True}, **about})
    assert v3_refusal(answer)[0] == 400


@pytest.mark.parametrize("path", V3)
def test_v3_lists_keys_without_any_secret(five, path):
    api, keys = five
    answer = api.get(path).json()
    assert [row["key"] for row in answer["keys"]] == keys
    assert answer["count"] == 5
    assert set(answer["keys"][0]) == {
        "id",
        "name",
        "key",
        "max_uses",
        "uses",
        "user_id",
        "scopes",
        "revoked",
        "createdAt",
        "updatedAt",
    }


@pytest.mark.parametrize(
    ("query", "indices"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"revoked": "true"}, [0, 2]),  # a key that is spent is revoked
        ({"revoked": "false"}, [1, 3, 4]),
        ({"limitedUse": "true"}, [0, 1]),
        ({"limitedUse": "false"}, [2, 3, 4]),
        ({"limitedUse": "true", "exhausted": "true"}, [0]),
        ({"limitedUse": "true", "exhausted": "false"}, [1]),
        ({"exhausted": "true"}, [0, 1, 2, 3, 4]),  # only in conjunction with limitedUse
        ({"name": "ci"}, [2, 3]),
        ({"name": "CI", "revoked": "false"}, [3]),
        ({"name": "no such"}, []),
        ({"offset": "3"}, [3, 4]),
        ({"offset": "5"}, []),
    ],
)
def test_keys_are_filtered(five, query, indices):
    api, keys = five
    assert found(api, **query) == [keys[i] for i in indices]


def test_a_page_has_ten_keys_and_the_count_is_of_all():
    with Server() as server, client(server) as api:
        for _ in range(12):
            make(api)
        pages = [found(api, offset=offset) for offset in (0, 10, 20)]
        assert [len(page) for page in pages] == [10, 3, 0]
        assert len(set(pages[0] + pages[1])) == 13
        assert api.get("/v3/api_keys", params={"offset": 10}).json()["count"] == 13


@pytest.mark.parametrize("query", [{"offset": "-1"}, {"offset": "x"}, {"revoked": "maybe"}])
def test_a_query_that_cannot_be_is_refused(api, query):
    assert v3_refusal(api.get("/v3/api_keys", params=query))[0] == 400


@pytest.mark.parametrize(("method", "path"), [("DELETE", V3[0]), ("PUT", V3[1])])
def test_a_key_of_v3_is_revoked_by_its_public_half(api, method, path):
    made = make(api)
    answer = api.request(method, f"{path}/{made['pinata_api_key']}")
    assert (answer.status_code, answer.json()) == (200, "Revoked")
    assert listed(api, made["pinata_api_key"])["revoked"] is True
    assert api.request(method, f"{path}/{'0' * 20}").json() == "Revoked"


def test_keys_and_their_uses_are_kept_across_restarts(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        made, revoked = make(api, keyName="kept"), make(api)
        api.put("/users/revokeApiKey", json={"apiKey": revoked["pinata_api_key"]})
        api.get("/data/testAuthentication", headers=bearer(made["JWT"]))
    with Server(tmp_path) as server, client(server) as api:
        assert api.get("/data/testAuthentication", headers=bearer(made["JWT"])).status_code == 200
        assert listed(api, made["pinata_api_key"])["uses"] == 2
        assert listed(api, made["pinata_api_key"])["name"] == "kept"
        assert api.get("/data/pinList", headers=bearer(revoked["JWT"])).status_code == 403


def test_what_is_known_of_a_key_ends_with_its_revocation(tmp_path):
    """Keys in use are held in memory: one that was just good is refused with the next request, over every way."""
    with Server(tmp_path) as server, client(server) as api, client(server) as other:
        for way in ("older", "v3"):
            made = make(api)
            headers = bearer(made["JWT"])
            assert [other.get("/data/testAuthentication", headers=headers).status_code for _ in range(3)] == [
                200
            ] * 3
            if way == "older":
                api.put("/users/revokeApiKey", json={"apiKey": made["pinata_api_key"]})
            else:
                api.delete(f"/v3/api_keys/{made['pinata_api_key']}")
            assert refusal(other.get("/data/testAuthentication", headers=headers)) == (403, "API_KEY_REVOKED")


def test_a_key_that_nobody_knew_is_known_once_it_is_made(tmp_path):
    store = Store(tmp_path)
    try:
        assert store.keys.find("k", "s") is None
        store.keys.create("name", {}, None, ("k", "s"))
        found = store.keys.find("k", "s")
        assert found
        assert found.name == "name"
        assert store.keys.find("k", "t") is None
    finally:
        store.close()


def test_uses_are_counted_one_by_one_and_none_too_many(tmp_path):
    store = Store(tmp_path)
    try:
        pair = store.keys.create("name", {}, 2)
        left = []
        for _ in range(4):
            key = store.keys.find(*pair)
            assert key
            left.append((key.revoked, store.keys.use(key).result()))
        assert left == [(False, True), (False, True), (True, False), (True, False)]
    finally:
        store.close()

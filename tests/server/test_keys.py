"""API keys: made once with a secret, listed without it, revoked for good."""

from __future__ import annotations

import re

import pytest

from pinatakit.server import Server

from .conftest import bearer, client, refusal


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

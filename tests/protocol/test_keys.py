"""Keys: permission trees as Pinata's documentation draws them, and records that keep secrets."""

from __future__ import annotations

import json

import msgspec
import pytest

from pinatakit.errors import InputError
from pinatakit.protocol import Answer, Key, NewKey, permissions
from pinatakit.protocol import keys as calls
from pinatakit.protocol.keys import DATA_ENDPOINTS, PINNING_ENDPOINTS, RESOURCES

ROW = {
    "id": "51b0d8a3-0000-4000-8000-000000000000",
    "name": "ci",
    "key": "5d2ae9c1f0b34a7788aa",
    "secret": "ab12:cd34",
    "max_uses": None,
    "uses": 0,
    "user_id": "c0de0000-0000-4000-8000-000000000000",
    "scopes": {"admin": True},
    "revoked": False,
    "createdAt": "2022-06-01T16:25:08.473Z",
    "updatedAt": "2022-06-01T16:25:08.473Z",
}


def answer(body: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode(body), "https://api.pinata.cloud/users/apiKeys")


def test_the_endpoints_and_resources_are_pinatas():
    assert set(DATA_ENDPOINTS) == {"pinList", "userPinnedDataTotal"}
    assert set(PINNING_ENDPOINTS) == {
        "hashMetadata",
        "hashPinPolicy",
        "pinByHash",
        "pinFileToIPFS",
        "pinJSONToIPFS",
        "pinJobs",
        "unpin",
        "userPinPolicy",
    }
    assert set(RESOURCES) == {
        "org:read",
        "org:write",
        "org:files:read",
        "org:files:write",
        "org:groups:read",
        "org:groups:write",
        "org:gateways:read",
        "org:gateways:write",
        "org:analytics:read",
        "org:analytics:write",
    }


def test_an_admin_key_may_do_everything():
    assert permissions(admin=True) == {"admin": True}
    assert permissions(admin=True, endpoints=["unpin"]) == {"admin": True}


def test_endpoints_become_a_tree_of_booleans():
    tree = permissions(endpoints=["pinList", "unpin"])
    assert tree == {
        "endpoints": {
            "data": {"pinList": True, "userPinnedDataTotal": False},
            "pinning": {name: name == "unpin" for name in PINNING_ENDPOINTS},
        }
    }


def test_resources_become_a_list():
    assert permissions(resources=("org:files:write",)) == {"resources": ["org:files:write"]}


@pytest.mark.parametrize("given", [{"endpoints": ["nothing"]}, {"resources": ["org:nothing:read"]}])
def test_a_name_there_is_not_is_refused_with_those_there_are(given):
    with pytest.raises(InputError, match="one of "):
        permissions(**given)


@pytest.mark.parametrize("given", [{"endpoints": "unpin"}, {"resources": "org:read"}])
def test_a_text_is_no_list_of_names(given):
    with pytest.raises(InputError, match="list of names"):
        permissions(**given)


def test_a_key_that_may_do_nothing_is_refused():
    with pytest.raises(InputError, match="allowed nothing"):
        permissions()


def test_making_a_key_sends_its_name_permissions_and_uses():
    call = calls.create_key("ci", {"admin": True}, 5)
    assert (call.method, call.path) == ("POST", "/users/generateApiKey")
    assert json.loads(call.body) == {"keyName": "ci", "permissions": {"admin": True}, "maxUses": 5}
    assert "maxUses" not in json.loads(calls.create_key("ci", {"admin": True}).body)


@pytest.mark.parametrize(("name", "uses"), [("", None), (None, None), (5, None), ("ci", 0), ("ci", -1)])
def test_a_key_without_name_or_uses_is_refused(name, uses):
    with pytest.raises(InputError):
        calls.create_key(name, {"admin": True}, uses)


def test_a_new_key_shows_its_secrets_only_when_they_are_asked_for():
    body = {"pinata_api_key": "5d2ae9c1f0b34a7788aa", "pinata_api_secret": "s3cret", "JWT": "eyJ.x.y"}
    key = calls.create_key("ci", {"admin": True}).read(answer(body))
    assert key == NewKey(**body)
    assert (key.pinata_api_secret, key.JWT) == ("s3cret", "eyJ.x.y")
    for shown in (repr(key), str(key), f"{[key]}"):
        assert "s3cret" not in shown
        assert "eyJ" not in shown
        assert "5d2ae9c1f0b34a7788aa" in shown


def test_listed_keys_are_read_as_pinata_writes_them():
    (key,) = calls.list_keys().read(answer({"keys": [ROW], "count": 1}))
    assert isinstance(key, Key)
    assert (key.name, key.key, key.max_uses, key.revoked) == ("ci", "5d2ae9c1f0b34a7788aa", None, False)
    assert key.to_json(secret="ab12:cd34") == ROW


def test_a_listed_key_has_no_secret():
    (key,) = calls.list_keys().read(answer({"keys": [ROW]}))
    assert "ab12" not in repr(key)


def test_revoking_sends_the_public_key():
    call = calls.revoke_key("5d2ae9c1f0b34a7788aa")
    assert (call.method, call.path) == ("PUT", "/users/revokeApiKey")
    assert json.loads(call.body) == {"apiKey": "5d2ae9c1f0b34a7788aa"}
    assert call.read(answer("Revoked")) == "Revoked"
    with pytest.raises(InputError, match="no key to revoke"):
        calls.revoke_key("")

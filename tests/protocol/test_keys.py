"""Keys: records that keep secrets, and the calls that make, list and revoke them, by either API."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest

from pinatakit.errors import InputError
from pinatakit.protocol import Answer, Key, NewKey, Permissions
from pinatakit.protocol import keys as calls

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


BOTH = [(calls.create_key, "/v3/api_keys"), (calls.create_older_key, "/users/generateApiKey")]
SECRET = "c0ffee" * 10


def jwt(payload: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{middle}.c2lnbmF0dXJl"


@pytest.mark.parametrize(("create", "path"), BOTH)
def test_making_a_key_sends_its_name_permissions_and_uses(create, path):
    call = create("ci", Permissions.ADMIN, 5)
    assert (call.method, call.path, call.repeatable) == ("POST", path, False)
    assert json.loads(call.body) == {"keyName": "ci", "permissions": {"admin": True}, "maxUses": 5}
    assert "maxUses" not in json.loads(create("ci", Permissions.ADMIN).body)


@pytest.mark.parametrize(("create", "path"), BOTH)
@pytest.mark.parametrize(("name", "uses"), [("", None), (None, None), (5, None), ("ci", 0), ("ci", -1)])
def test_a_key_without_name_or_uses_is_refused(create, path, name, uses):
    with pytest.raises(InputError):
        create(name, Permissions.ADMIN, uses)


@pytest.mark.parametrize(("create", "path"), BOTH)
def test_a_key_that_may_do_nothing_is_refused(create, path):
    with pytest.raises(InputError, match="allowed nothing"):
        create("ci", Permissions())


@pytest.mark.parametrize(("create", "path"), BOTH)
def test_a_new_key_shows_its_secrets_only_when_they_are_asked_for(create, path):
    body = {"pinata_api_key": "5d2ae9c1f0b34a7788aa", "pinata_api_secret": "s3cret", "JWT": "eyJ.x.y"}
    key = create("ci", Permissions.ADMIN).read(answer(body))
    assert key == NewKey(**body)
    assert (key.pinata_api_secret, key.JWT) == ("s3cret", "eyJ.x.y")
    for shown in (repr(key), str(key), f"{[key]}"):
        assert "s3cret" not in shown
        assert "eyJ" not in shown
        assert "5d2ae9c1f0b34a7788aa" in shown


def test_listed_keys_are_read_as_the_older_api_writes_them():
    (key,) = calls.list_older_keys().read(answer({"keys": [ROW], "count": 1}))
    assert isinstance(key, Key)
    assert (key.name, key.key, key.max_uses, key.revoked) == ("ci", "5d2ae9c1f0b34a7788aa", None, False)
    assert key.permissions == Permissions.ADMIN
    assert key.to_json(secret="ab12:cd34") == ROW


def test_listed_keys_of_v3_have_no_secret():
    row = {name: value for name, value in ROW.items() if name != "secret"}
    (key,) = calls.list_keys().read(answer({"keys": [row], "count": 1}))
    assert key.to_json() == row


def test_a_listed_key_has_no_secret():
    (key,) = calls.list_older_keys().read(answer({"keys": [ROW]}))
    assert "ab12" not in repr(key)


def test_a_list_is_asked_for_by_pinatas_names():
    call = calls.list_keys(name="ci", revoked=False, limited_use=True, exhausted=False, offset=10)
    assert (call.method, call.path) == ("GET", "/v3/api_keys")
    assert dict(call.pairs()) == {
        "name": "ci",
        "revoked": "false",
        "limitedUse": "true",
        "exhausted": "false",
        "offset": "10",
    }
    assert calls.list_keys().pairs() == []
    assert (calls.list_older_keys().method, calls.list_older_keys().path) == ("GET", "/users/apiKeys")


def test_exhausted_keys_are_asked_for_among_those_of_limited_use():
    """The service looks at the one only together with the other."""
    assert dict(calls.list_keys(exhausted=True).pairs()) == {"exhausted": "true", "limitedUse": "true"}
    with pytest.raises(InputError, match="only keys of limited use"):
        calls.list_keys(exhausted=True, limited_use=False)


@pytest.mark.parametrize("text", ["5d2ae9c1f0b34a7788aa", jwt({"scopedKeyKey": "5d2ae9c1f0b34a7788aa"})])
def test_revoking_names_the_public_key_and_never_the_jwt(text):
    call = calls.revoke_key(text)
    assert (call.method, call.path) == ("DELETE", "/v3/api_keys/5d2ae9c1f0b34a7788aa")
    assert call.read(answer("Revoked")) == "Revoked"


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        5,
        "../files",
        "a b",
        f"{SECRET}.",
        f"{SECRET}.{SECRET}",
        f"{SECRET}.e30.x",
        f"{SECRET}.\N{SNOWMAN}.x",
        jwt({"scopedKeyKey": "../x", "scopedKeySecret": SECRET}),
        jwt({"scopedKeyKey": 5, "scopedKeySecret": SECRET}),
        jwt([SECRET]),
    ],
)
def test_what_names_no_key_is_refused_and_not_repeated(text):
    with pytest.raises(InputError, match="no key to revoke") as caught:
        calls.revoke_key(text)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_older_api_is_sent_the_public_key_or_the_jwt():
    call = calls.revoke_older_key("5d2ae9c1f0b34a7788aa")
    assert (call.method, call.path) == ("PUT", "/users/revokeApiKey")
    assert json.loads(call.body) == {"apiKey": "5d2ae9c1f0b34a7788aa"}
    assert call.read(answer("Revoked")) == "Revoked"
    with pytest.raises(InputError, match="no key to revoke"):
        calls.revoke_older_key("")

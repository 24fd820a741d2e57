"""Who may do what, in the order Pinata checks it: JSON, credential, revoked, scope, rules."""

from __future__ import annotations

import logging

import httpx2
import jwt as pyjwt
import pytest

from pinatakit.protocol.permissions import scope_of
from pinatakit.server import Server
from pinatakit.server.endpoints import ENDPOINTS

from .conftest import FORM, bearer, body, refusal

CID = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"
ID = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
QUEUE = "/v3/files/public/pin_by_cid"
NO_KEY = "0" * 20
UPLOAD = body(("a.txt", b"a"))

ROUTES = [
    # method, path, body, what a key needs for it (Pinata's documentation, section 1.3 of the fact sheet)
    ("GET", "/data/userPinnedDataTotal", None, "userPinnedDataTotal"),
    ("GET", "/data/pinList", None, "pinList"),
    ("POST", "/pinning/pinFileToIPFS", UPLOAD, "pinFileToIPFS"),
    ("POST", "/pinning/pinJSONToIPFS", b"{}", "pinJSONToIPFS"),
    ("POST", "/pinning/pinByHash", b'{"hashToPin":"%b"}' % CID.encode(), "pinByHash"),
    ("POST", "/pinning/addHashToPinQueue", b'{"hashToPin":"%b"}' % CID.encode(), "pinByHash"),
    ("GET", "/pinning/pinJobs", None, "pinJobs"),
    ("PUT", "/pinning/hashMetadata", b'{"ipfsPinHash":"%b"}' % CID.encode(), "hashMetadata"),
    ("DELETE", f"/pinning/unpin/{CID}", None, "unpin"),
    ("POST", "/users/generateApiKey", b"{}", "admin"),
    ("GET", "/users/apiKeys", None, "admin"),
    ("PUT", "/users/revokeApiKey", b"{}", "admin"),
    ("POST", "/groups", b"{}", "org:groups:write"),
    ("GET", "/groups", None, "org:groups:read"),
    ("GET", f"/groups/{ID}", None, "org:groups:read"),
    ("PUT", f"/groups/{ID}", b"{}", "org:groups:write"),
    ("DELETE", f"/groups/{ID}", None, "org:groups:write"),
    ("PUT", f"/groups/{ID}/cids", b"{}", "org:groups:write"),
    ("DELETE", f"/groups/{ID}/cids", b"{}", "org:groups:write"),
    ("POST", "/v3/files", UPLOAD, "org:files:write"),
    ("GET", "/v3/files/limits", None, "org:files:read"),
    ("POST", "/v3/files/sign", b"{}", "org:files:write"),
    ("POST", f"/v3/files/{ID}", UPLOAD, "org:files:write"),
    ("PATCH", f"/v3/files/{ID}/upload", None, "org:files:write"),
    ("DELETE", f"/v3/files/{ID}/upload", None, "org:files:write"),
    ("GET", "/v3/files/public", None, "org:files:read"),
    ("GET", "/v3/files/private", None, "org:files:read"),
    ("GET", f"/v3/files/public/{ID}", None, "org:files:read"),
    ("PUT", f"/v3/files/public/{ID}", b"{}", "org:files:write"),
    ("DELETE", f"/v3/files/public/{ID}", None, "org:files:write"),
    ("POST", QUEUE, b'{"cid":"%b"}' % CID.encode(), "org:files:write"),
    ("GET", QUEUE, None, "org:files:read"),
    ("DELETE", f"{QUEUE}/{ID}", None, "org:files:write"),
    ("GET", "/psa/pins", None, "pinList"),
    ("POST", "/psa/pins", b'{"cid":"%b"}' % CID.encode(), "pinByHash"),
    ("GET", f"/psa/pins/{ID}", None, "pinList"),
    ("POST", f"/psa/pins/{ID}", b'{"cid":"%b"}' % CID.encode(), "pinByHash"),
    ("DELETE", f"/psa/pins/{ID}", None, "unpin"),
    ("POST", "/v3/groups/public", b"{}", "org:groups:write"),
    ("GET", "/v3/groups/public", None, "org:groups:read"),
    ("GET", f"/v3/groups/public/{ID}", None, "org:groups:read"),
    ("PUT", f"/v3/groups/public/{ID}", b"{}", "org:groups:write"),
    ("DELETE", f"/v3/groups/public/{ID}", None, "org:groups:write"),
    ("PUT", f"/v3/groups/public/{ID}/ids/{ID}", None, "org:groups:write"),
    ("DELETE", f"/v3/groups/public/{ID}/ids/{ID}", None, "org:groups:write"),
    ("POST", "/v3/api_keys", b"{}", "org:write"),
    ("GET", "/v3/api_keys", None, "org:write"),
    ("DELETE", f"/v3/api_keys/{NO_KEY}", None, "org:write"),
    ("POST", "/v3/pinata/keys", b"{}", "org:write"),
    ("GET", "/v3/pinata/keys", None, "org:write"),
    ("PUT", f"/v3/pinata/keys/{NO_KEY}", None, "org:write"),
    ("POST", "/v3/files/private/download_link", b"{}", "org:files:write"),
    ("POST", "/v3/files/download_link", b"{}", "org:files:write"),
    ("POST", f"/v3/files/public/signature/{CID}", b"{}", "org:files:write"),
    ("GET", f"/v3/files/public/signature/{CID}", None, "org:files:read"),
    ("DELETE", f"/v3/files/public/signature/{CID}", None, "org:files:write"),
    ("PUT", f"/v3/files/public/swap/{CID}", b"{}", "org:files:write"),
    ("GET", f"/v3/files/public/swap/{CID}", None, "org:files:read"),
    ("DELETE", f"/v3/files/public/swap/{CID}", None, "org:files:write"),
    ("PUT", f"/v3/ipfs/swap/{CID}", b"{}", "org:files:write"),
    ("POST", f"/v3/files/swap/{CID}", b"{}", "org:files:write"),
    ("GET", f"/v3/ipfs/swap/{CID}", None, "org:files:read"),
    ("DELETE", f"/v3/ipfs/swap/{CID}", None, "org:files:write"),
    ("GET", "/v3/gateways", None, "org:gateways:read"),
    ("GET", "/v3/ipfs/gateways", None, "org:gateways:read"),
    ("POST", "/v3/gateways", b"{}", "org:gateways:write"),
    ("GET", "/v3/gateways/exists/name", None, "org:gateways:read"),
    ("GET", f"/v3/gateways/{ID}", None, "org:gateways:read"),
    ("DELETE", f"/v3/gateways/{ID}", None, "org:gateways:write"),
    ("POST", f"/v3/gateways/{ID}/custom_domain", b"{}", "org:gateways:write"),
    ("GET", f"/v3/gateways/{ID}/custom_domain/{ID}", None, "org:gateways:read"),
    ("DELETE", f"/v3/gateways/{ID}/custom_domain/{ID}", None, "org:gateways:write"),
    ("POST", f"/v3/gateways/{ID}/access_tokens", None, "org:gateways:write"),
    ("DELETE", f"/v3/gateways/{ID}/access_tokens/{ID}", None, "org:gateways:write"),
    ("POST", f"/v3/gateways/{ID}/ips", b"{}", "org:gateways:write"),
    ("DELETE", f"/v3/gateways/{ID}/ips/{ID}", None, "org:gateways:write"),
    ("POST", f"/v3/gateways/{ID}/hosts", b"{}", "org:gateways:write"),
    ("DELETE", f"/v3/gateways/{ID}/hosts/{ID}", None, "org:gateways:write"),
    ("GET", "/v3/gateways/plugins", None, "org:gateways:read"),
    ("GET", "/v3/gateways/plugins/marketplace", None, "org:gateways:read"),
    ("GET", f"/v3/gateways/plugins/marketplace/{ID}", None, "org:gateways:read"),
    ("GET", f"/v3/gateways/plugins/{ID}", None, "org:gateways:read"),
    ("GET", f"/v3/ipfs/gateway_plugins/{ID}", None, "org:gateways:read"),
    ("POST", f"/v3/gateways/plugins/{ID}", b"{}", "org:gateways:write"),
    ("DELETE", f"/v3/gateways/plugins/{ID}/plugin/1", None, "org:gateways:write"),
    ("GET", "/v3/analytics/gateways/top", None, "org:analytics:read"),
    ("GET", "/v3/ipfs/gateway_analytics_top", None, "org:analytics:read"),
    ("GET", "/v3/analytics/gateways/time_series", None, "org:analytics:read"),
    ("GET", "/v3/ipfs/gateway_analytics_time_series", None, "org:analytics:read"),
    ("POST", f"/v3/vectorize/files/{ID}", None, "org:files:write"),
    ("DELETE", f"/v3/vectorize/files/{ID}", None, "org:files:write"),
    ("POST", f"/v3/vectorize/groups/{ID}/query", b"{}", "org:files:read"),
    ("GET", "/v3/x402/payment_instructions", None, "org:files:read"),
    ("POST", "/v3/x402/payment_instructions", b"{}", "org:files:write"),
    ("GET", f"/v3/x402/payment_instructions/{ID}", None, "org:files:read"),
    ("PATCH", f"/v3/x402/payment_instructions/{ID}", b"{}", "org:files:write"),
    ("DELETE", f"/v3/x402/payment_instructions/{ID}", None, "org:files:write"),
    ("GET", f"/v3/x402/payment_instructions/{ID}/cids", None, "org:files:read"),
    ("PUT", f"/v3/x402/payment_instructions/{ID}/cids/{CID}", None, "org:files:write"),
    ("DELETE", f"/v3/x402/payment_instructions/{ID}/cids/{CID}", None, "org:files:write"),
]
WITHOUT_BODY = {  # tests/server/test_tus.py asks these
    ("HEAD", f"/v3/files/{ID}/upload"),
    ("OPTIONS", "/v3/files"),
    ("OPTIONS", f"/v3/files/{ID}"),
    ("OPTIONS", f"/v3/files/{ID}/upload"),
}
EVERY = [("GET", "/data/testAuthentication", None, None), *ROUTES]
DATA = ["pinList", "userPinnedDataTotal"]
AREAS = [":files", ":groups", ":gateways", ":analytics"]
PINNING = [
    "hashMetadata",
    "hashPinPolicy",
    "pinByHash",
    "pinFileToIPFS",
    "pinJSONToIPFS",
    "pinJobs",
    "unpin",
    "userPinPolicy",
]


def filled(path: str) -> str:
    """A route's path with something in its places that nobody has."""
    for place, value in (
        ("{cid}", CID),
        ("{network}", "public"),
        ("{id}", ID),
        ("{id:uuid}", ID),
        ("{file_id}", ID),
        ("{gateway_id}", ID),
        ("{group_id}", ID),
        ("{rule}", ID),
        ("{plugin_id}", "1"),
        ("{domain}", "name"),
        ("{key}", NO_KEY),
    ):
        path = path.replace(place, value)
    return path


def ask(http: httpx2.Client, method: str, path: str, content: bytes | None, headers=None) -> httpx2.Response:
    kind = FORM if content == UPLOAD else {}
    return http.request(method, path, content=content, headers={**kind, **(headers or {})})


def make(api: httpx2.Client, permissions: dict, **about) -> dict:
    answer = api.post("/users/generateApiKey", json={"keyName": "k", "permissions": permissions, **about})
    assert answer.status_code == 200, answer.text
    return answer.json()


def tree(*allowed: str) -> dict:
    """A permission tree of the older API that allows these endpoints only."""
    return {
        "endpoints": {
            "data": {name: name in allowed for name in ("pinList", "userPinnedDataTotal")},
            "pinning": {name: name in allowed for name in PINNING},
        }
    }


def allowing(scope: str) -> dict:
    if scope == "admin":
        return {"admin": True}
    return {"resources": [scope]} if scope.startswith("org") else tree(scope)


@pytest.fixture(scope="module")
def key_for(api):
    """Gives the headers of a key of just one scope."""
    made: dict[str, dict[str, str]] = {}

    def headers(scope: str) -> dict[str, str]:
        if scope not in made:
            made[scope] = bearer(make(api, allowing(scope))["JWT"])
        return made[scope]

    return headers


@pytest.fixture(scope="module")
def powerless(api):
    """The headers of a key that may do nothing at all."""
    return bearer(make(api, tree())["JWT"])


def test_every_route_but_the_gateways_is_in_the_table():
    routes = {
        (method, endpoint.path)
        for endpoint in ENDPOINTS
        for method in endpoint.methods
        if not endpoint.path.startswith(("/ipfs/", "/files/", "/x402/"))
    }
    routes = {(method, filled(path)) for method, path in routes}
    assert routes - WITHOUT_BODY == {
        (method, path) for method, path, _, _ in EVERY if path != "/v3/files/private"
    }


@pytest.mark.parametrize(("method", "path", "content", "scope"), EVERY)
def test_without_a_credential_the_keys_must_be_strings_but_over_v3(stranger, method, path, content, scope):
    """Recorded of the older API and the pinning service API; v3, which takes no such keys, asks for a JWT."""
    answer = ask(stranger, method, path, content)
    if path.startswith("/v3/"):
        assert refusal(answer) == (401, "INVALID_CREDENTIALS")
        assert "takes a JWT" in answer.json()["error"]["details"]
        return
    status = 401 if path.startswith("/psa/") else 400  # by the specification of the pinning service API
    assert refusal(answer) == (status, "KEYS_MUST_BE_STRINGS")
    words = "pinata_api_key and pinata_secret_api_key must both be strings"
    assert answer.json()["error"]["details"] == words


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer nonsense"},
        {"authorization": "Bearer"},
        {"authorization": ""},
        {"authorization": "Basic YTpi"},
        bearer(pyjwt.encode({"scopedKeyKey": "a", "scopedKeySecret": "b"}, "x" * 32, algorithm="HS256")),
        bearer(pyjwt.encode({"scopedKeyKey": "a", "scopedKeySecret": "b"}, None, algorithm="none")),
        {"pinata_api_key": "a", "pinata_secret_api_key": "b"},
        {"pinata_api_key": "", "pinata_secret_api_key": ""},
    ],
)
def test_a_credential_nobody_knows_is_refused(stranger, headers):
    answer = stranger.get("/data/testAuthentication", headers=headers)
    assert refusal(answer) == (401, "INVALID_CREDENTIALS")
    assert answer.json()["error"]["details"] == "Invalid/expired credentials"


@pytest.mark.parametrize("header", ["pinata_api_key", "pinata_secret_api_key"])
def test_half_a_key_pair_is_none(stranger, header):
    answer = stranger.get("/data/testAuthentication", headers={header: "a"})
    assert refusal(answer) == (400, "KEYS_MUST_BE_STRINGS")


def test_the_jwt_of_another_server_is_refused(stranger, tmp_path):
    with Server(tmp_path) as other:
        answer = stranger.get("/data/testAuthentication", headers=bearer(other.admin.jwt))
    assert refusal(answer) == (401, "INVALID_CREDENTIALS")


def test_a_jwt_that_was_changed_is_refused(server, stranger):
    head, payload, signature = server.admin.jwt.split(".")
    changed = f"{head}.{payload}.{signature[::-1]}"
    assert refusal(stranger.get("/data/testAuthentication", headers=bearer(changed)))[0] == 401


def test_a_key_pair_does_what_its_jwt_does_but_over_v3(server, stranger):
    """Pinata's v3 takes a JWT alone; the older API and the pinning service API take both."""
    admin = server.admin
    pair = {"pinata_api_key": admin.api_key, "pinata_secret_api_key": admin.api_secret}
    for method, path, content, _ in EVERY:
        if path.startswith("/v3/"):
            assert refusal(ask(stranger, method, path, content, pair)) == (401, "INVALID_CREDENTIALS")
        elif method == "GET":
            with_jwt = ask(stranger, method, path, content, bearer(admin.jwt))
            assert ask(stranger, method, path, content, pair).status_code == with_jwt.status_code
    wrong = {**pair, "pinata_secret_api_key": "0" * 64}
    assert refusal(stranger.get("/data/testAuthentication", headers=wrong))[0] == 401


def test_a_jwt_holds_its_key_as_pinatas_do(server):
    payload = pyjwt.decode(server.admin.jwt, options={"verify_signature": False})
    assert pyjwt.get_unverified_header(server.admin.jwt)["alg"] == "HS256"
    assert payload["authenticationType"] == "scopedKey"
    assert payload["scopedKeyKey"] == server.admin.api_key
    assert payload["scopedKeySecret"] == server.admin.api_secret
    assert {"id", "email", "email_verified", "pin_policy", "mfa_enabled", "status"} <= set(
        payload["userInformation"]
    )
    assert isinstance(payload["iat"], int)


@pytest.mark.parametrize(("method", "path", "content", "scope"), ROUTES)
def test_a_key_without_the_scope_is_refused(stranger, powerless, method, path, content, scope):
    answer = ask(stranger, method, path, content, powerless)
    assert refusal(answer) == (403, "NO_SCOPES_FOUND")
    details = answer.json()["error"]["details"]
    assert details == "This key does not have the required scopes associated with it"


@pytest.mark.parametrize(("method", "path", "content", "scope"), ROUTES)
def test_a_key_of_just_the_scope_is_let_through(key_for, stranger, method, path, content, scope):
    assert ask(stranger, method, path, content, key_for(scope)).status_code not in (401, 403)


@pytest.mark.parametrize(("method", "path", "content", "scope"), ROUTES)
def test_a_key_of_every_other_scope_is_refused(api, stranger, method, path, content, scope):
    if scope.startswith("org") or scope == "admin":
        others = [
            f"org:{area}:write" for area in ("files", "groups", "gateways", "analytics") if area not in scope
        ]
        permissions = {**tree("pinList", "userPinnedDataTotal", *PINNING), "resources": ["org:read", *others]}
        if scope.endswith("read"):
            permissions["resources"] = others
    else:
        others = [name for name in ("pinList", "userPinnedDataTotal", *PINNING) if name != scope]
        permissions = {**tree(*others), "resources": ["org:write", "org:files:write"]}
    answer = ask(stranger, method, path, content, bearer(make(api, permissions)["JWT"]))
    assert refusal(answer) == (403, "NO_SCOPES_FOUND")


PERMISSIONS = [
    "admin",
    *(f"org{area}:{right}" for area in ("", *AREAS) for right in ("read", "write")),
    *DATA,
    *PINNING,
]
"""Everything a key can be allowed, each for itself (fact sheet, section 1.3)."""

NEEDS = {(method, path): scope for method, path, _, scope in EVERY}


def sufficient(scope: str | None) -> set[str]:
    """The permissions of which each alone is enough for a scope, as Pinata documents it."""
    if scope is None:
        return set(PERMISSIONS)
    if scope == "admin" or not scope.startswith("org"):
        return {"admin", scope} | ({"org:write"} if scope == "admin" else set())
    area, _, right = scope.rpartition(":")
    rights = ("read", "write") if right == "read" else ("write",)
    return {"admin", *(f"{named}:{right}" for named in ("org", area) for right in rights)}


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.scope != "open"], ids=lambda one: one.path
)
def test_each_permission_opens_the_routes_it_is_documented_for_and_no_other(key_for, stranger, endpoint):
    path = filled(endpoint.path)
    for method in endpoint.methods:
        if (method, path) in WITHOUT_BODY:
            continue
        opening = sufficient(NEEDS[method, path])
        for permission in PERMISSIONS:
            content = b"{}" if endpoint.takes_json else None
            answer = ask(stranger, method, path, content, key_for(permission))
            if permission in opening:
                assert answer.status_code not in (401, 403), permission
            else:
                assert refusal(answer) == (403, "NO_SCOPES_FOUND"), permission


def test_what_a_client_says_a_request_needs_is_what_is_asked_for():
    for method, path, _, scope in ROUTES:
        told = scope_of(method, path)
        assert told is None or told.rpartition(".")[2] == scope, (method, path)


@pytest.mark.parametrize(
    ("resource", "reads", "writes"),
    [
        ("org:read", True, False),
        ("org:write", True, True),
        ("org:files:read", True, False),
        ("org:files:write", True, True),
        ("org:groups:write", False, False),
    ],
)
def test_writing_includes_reading_and_org_includes_files(api, stranger, resource, reads, writes):
    headers = bearer(make(api, {"resources": [resource]})["JWT"])
    assert (stranger.get("/v3/files/public", headers=headers).status_code == 200) is reads
    changing = stranger.put(f"/v3/files/public/{ID}", json={}, headers=headers)
    assert changing.status_code == (404 if writes else 403)


def test_keys_are_managed_with_org_write(api, stranger):
    headers = bearer(make(api, {"resources": ["org:write"]})["JWT"])
    assert stranger.get("/users/apiKeys", headers=headers).status_code == 200


def test_a_key_that_may_do_nothing_is_still_a_good_credential(stranger, powerless):
    assert stranger.get("/data/testAuthentication", headers=powerless).status_code == 200


def test_a_revoked_key_is_refused(api, stranger):
    made = make(api, {"admin": True})
    pair = {"pinata_api_key": made["pinata_api_key"], "pinata_secret_api_key": made["pinata_api_secret"]}
    for good in (pair, bearer(made["JWT"])):
        assert stranger.get("/data/pinList", headers=good).status_code == 200
    assert api.put("/users/revokeApiKey", json={"apiKey": made["pinata_api_key"]}).status_code == 200
    for headers, paths in (
        (pair, ("/data/pinList", "/data/testAuthentication")),
        (bearer(made["JWT"]), ("/data/pinList", "/data/testAuthentication", "/v3/files/public")),
    ):
        for path in paths:
            assert refusal(stranger.get(path, headers=headers)) == (403, "API_KEY_REVOKED")


def test_a_key_is_refused_after_its_last_use(api, stranger):
    headers = bearer(make(api, {"admin": True}, maxUses=2)["JWT"])
    statuses = [stranger.get("/data/pinList", headers=headers).status_code for _ in range(4)]
    assert statuses == [200, 200, 403, 403]
    assert refusal(stranger.get("/data/pinList", headers=headers)) == (403, "API_KEY_REVOKED")


@pytest.mark.parametrize(("method", "path", "content", "scope"), EVERY)
def test_json_is_checked_before_the_credential(stranger, method, path, content, scope):
    """Measured at Pinata: malformed JSON is 400 even with a bad credential."""
    if content is None or content == UPLOAD:
        return
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        answer = ask(stranger, method, path, b"{ not json", headers)
        assert answer.status_code == 400
        assert "KEYS_MUST_BE_STRINGS" not in answer.text


def test_the_credential_is_checked_before_the_scope_and_the_scope_before_the_rules(stranger, powerless):
    wrong = {"pinataContent": 1, "pinataOptions": {"cidVersion": 99}}
    path = "/pinning/pinJSONToIPFS"
    assert stranger.post(path, json=wrong, headers={"authorization": "Bearer x"}).status_code == 401
    assert stranger.post(path, json=wrong, headers=powerless).status_code == 403


def test_the_gateway_is_open(stranger):
    assert stranger.get(f"/ipfs/{CID}").status_code not in (400, 401, 403)


def test_secrets_are_in_no_database_and_no_log(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with Server(tmp_path) as server, httpx2.Client(base_url=server.url) as http:
        admin = server.admin
        http.headers = bearer(admin.jwt)
        made = make(http, {"admin": True}, maxUses=5)
        pair = {"pinata_api_key": made["pinata_api_key"], "pinata_secret_api_key": made["pinata_api_secret"]}
        http.headers = pair
        assert http.get("/users/apiKeys").json()["count"] == 2
        http.put("/users/revokeApiKey", json={"apiKey": made["JWT"]})
        http.get("/data/pinList")
        listed = http.get("/users/apiKeys", headers=bearer(admin.jwt)).text
        shown = repr(admin)
    secrets = [admin.api_secret, admin.jwt, made["pinata_api_secret"], made["JWT"]]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("*.db*"))
    assert len(kept) > 10_000
    for secret in secrets:
        assert secret.encode() not in kept
        assert secret not in caplog.text
        assert secret not in listed
    assert admin.api_secret not in shown
    assert admin.jwt not in shown

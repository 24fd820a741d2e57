"""Which scope a call needs: what the local Pinata asks for, and how a key is made that has it."""

from __future__ import annotations

import pytest

from pinatakit.protocol.scopes import how_to_get, needed
from pinatakit.server.app import ENDPOINTS


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v3/files/public", "org:files:read"),
        ("POST", "/v3/files", "org:files:write"),
        ("DELETE", "/v3/files/public/1", "org:files:write"),
        ("PUT", "/v3/groups/public/1", "org:groups:write"),
        ("GET", "/v3/gateways", "org:gateways:read"),
        ("GET", "/v3/analytics/gateways/top", "org:analytics:read"),
        ("GET", "/v3/api_keys", "admin"),
        ("POST", "/users/generateApiKey", "admin"),
        ("GET", "/data/pinList", "data.pinList"),
        ("DELETE", "/pinning/unpin/bafy", "pinning.unpin"),
        ("GET", "/data/testAuthentication", None),
        ("GET", "/psa/pins", None),
    ],
)
def test_a_call_needs_the_scope_that_pinata_documents(method, path, scope):
    assert needed(method, path) == scope


def test_the_older_endpoints_need_what_the_local_pinata_asks_for():
    asked = [e for e in ENDPOINTS if e.path.startswith(("/data/", "/pinning/", "/users/"))]
    assert asked
    for endpoint in asked:
        assert needed(endpoint.methods[0], endpoint.path) == endpoint.scope, endpoint.path


@pytest.mark.parametrize(
    ("scope", "how"),
    [
        ("admin", "keys.create(name, admin=True)"),
        ("org:files:read", 'keys.create(name, resources=["org:files:read"])'),
        ("pinning.unpin", 'keys.create(name, endpoints=["unpin"])'),
    ],
)
def test_it_is_told_how_a_key_is_made_that_has_it(scope, how):
    assert how_to_get(scope) == how

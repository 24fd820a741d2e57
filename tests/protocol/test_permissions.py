"""Permissions: trees as Pinata's documentation draws them, as values; and what each request needs."""

from __future__ import annotations

import pytest

from pinatakit.errors import InputError
from pinatakit.protocol import Permissions
from pinatakit.protocol.permissions import (
    DATA_ENDPOINTS,
    ENDPOINTS,
    PINNING_ENDPOINTS,
    RESOURCES,
    scope_of,
)

ID = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"


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


def test_admin_is_all_there_is_to_say():
    assert Permissions.ADMIN.to_json() == {"admin": True}
    assert Permissions(admin=True, endpoints=["unpin"]).to_json() == {"admin": True}


def test_endpoints_become_a_tree_of_booleans():
    assert Permissions(endpoints=["unpin", "pinList"]).to_json() == {
        "endpoints": {
            "data": {"pinList": True, "userPinnedDataTotal": False},
            "pinning": {name: name == "unpin" for name in PINNING_ENDPOINTS},
        }
    }


def test_rights_of_v3_become_a_list():
    given = Permissions(org="read", files="write", groups="read", gateways="write", analytics="read")
    assert given.to_json() == {
        "resources": [
            "org:read",
            "org:files:write",
            "org:groups:read",
            "org:gateways:write",
            "org:analytics:read",
        ]
    }


@pytest.mark.parametrize(
    "given",
    [
        Permissions.ADMIN,
        Permissions.READ_ONLY,
        Permissions.UPLOADS_ONLY,
        Permissions(org="write", files="read", endpoints=ENDPOINTS),
        Permissions(),
    ],
)
def test_a_tree_is_read_back(given):
    assert Permissions.from_json(given.to_json()) == given


@pytest.mark.parametrize(
    ("tree", "read"),
    [
        (
            {"endpoints": {"pinning": {"pinFileToIPFS": True}}, "admin": False},
            Permissions(endpoints=["pinFileToIPFS"]),
        ),
        ({"resources": ["org:files:read", "org:files:write"]}, Permissions(files="write")),
        ({"resources": ["org:moons:read", 5], "endpoints": {"data": None}}, Permissions()),
        ({"admin": "yes", "endpoints": {"data": {"pinList": 1}}}, Permissions()),
        (None, Permissions()),
        ([], Permissions()),
    ],
)
def test_a_tree_is_read_tolerantly_and_never_as_more_than_it_says(tree, read):
    assert Permissions.from_json(tree) == read


def test_what_is_ready_made_does_what_its_name_says():
    reads = ["org:files:read", "org:groups:read", "org:gateways:read", "org:analytics:read"]
    reads += ["data.pinList", "data.userPinnedDataTotal", "pinning.pinJobs"]
    uploads = ["org:files:write", "pinning.pinFileToIPFS", "pinning.pinJSONToIPFS"]
    others = ["org:groups:write", "pinning.unpin", "pinning.pinByHash", "pinning.hashMetadata", "admin"]
    for scope in (*reads, *uploads, *others):
        assert Permissions.ADMIN.allows(scope)
        assert Permissions.READ_ONLY.allows(scope) is (scope in reads)
        assert Permissions.UPLOADS_ONLY.allows(scope) is (scope in [*uploads, "org:files:read"])
        assert not Permissions().allows(scope)


def test_permissions_are_joined_and_the_greater_right_stays():
    joined = Permissions(files="read", groups="write", endpoints=["unpin"]) | Permissions(
        files="write", groups="read", analytics="read", endpoints=["pinList", "unpin"]
    )
    assert joined == Permissions(
        files="write", groups="write", analytics="read", endpoints=["pinList", "unpin"]
    )
    assert (Permissions.ADMIN | Permissions()) == Permissions.ADMIN


def test_permissions_are_values():
    given = Permissions(files="read", endpoints={"unpin", "pinList"})
    assert given == Permissions(files="read", endpoints=("pinList", "unpin"))
    assert len({given, Permissions(files="read", endpoints=["unpin", "pinList", "unpin"])}) == 1
    assert repr(given) == "Permissions(files='read', endpoints=['pinList', 'unpin'])"
    assert eval(repr(given)) == given
    assert given
    assert not Permissions()
    with pytest.raises(AttributeError):
        given.files = "write"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"endpoints": ["pinlist"]}, "unknown endpoint 'pinlist'; one of pinList"),
        ({"endpoints": "unpin"}, "a list of names, not the text 'unpin'"),
        ({"files": "wirte"}, "files is 'read' or 'write', not 'wirte'"),
        ({"org": True}, "org is 'read' or 'write', not True"),
    ],
)
def test_a_name_there_is_not_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Permissions(**given)


@pytest.mark.parametrize(
    "scope",
    [
        "admin",
        *RESOURCES,
        *(f"data.{n}" for n in DATA_ENDPOINTS),
        *(f"pinning.{n}" for n in PINNING_ENDPOINTS),
    ],
)
def test_the_least_that_grants_a_scope_grants_it(scope):
    assert Permissions.granting(scope).allows(scope)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/data/testAuthentication", None),
        ("GET", "/data/pinList", "data.pinList"),
        ("DELETE", "/pinning/unpin/bafk", "pinning.unpin"),
        ("POST", "/users/generateApiKey", "admin"),
        ("GET", "/groups", "org:groups:read"),
        ("DELETE", f"/groups/{ID}/cids", "org:groups:write"),
        ("POST", "/v3/files", "org:files:write"),
        ("GET", "/v3/files/public", "org:files:read"),
        ("GET", "/v3/files/limits", "org:files:read"),
        ("POST", "/v3/files/private/download_link", "org:files:write"),
        ("PUT", "/v3/ipfs/swap/bafk", "org:files:write"),
        ("PUT", f"/v3/groups/public/{ID}", "org:groups:write"),
        ("GET", "/v3/api_keys", "org:write"),
        ("PUT", "/v3/pinata/keys/abc", "org:write"),
        ("GET", "/v3/ipfs/gateways", "org:gateways:read"),
        ("POST", "/v3/gateways/plugins/1", "org:gateways:write"),
        ("GET", "/v3/ipfs/gateway_analytics_top", "org:analytics:read"),
        ("GET", "/v3/analytics/gateways/top", "org:analytics:read"),
        ("GET", "/v3/x402/payment_instructions", None),
        ("GET", "/psa/pins", "data.pinList"),
        ("POST", f"/psa/pins/{ID}", "pinning.pinByHash"),
        ("DELETE", f"/psa/pins/{ID}", "pinning.unpin"),
        ("DELETE", f"/v3/files/public/pin_by_cid/{ID}", "org:files:write"),
        ("GET", "/ipfs/bafk", None),
    ],
)
def test_what_a_request_needs_is_documented_or_not_told(method, path, scope):
    assert scope_of(method, path) == scope

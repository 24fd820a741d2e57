"""Which scope a call needs of the key that makes it.

Source: Pinata's documentation, "API keys" (scopes of v3), and the permission tree of the older API.
"""

from __future__ import annotations

from typing import Final

_KEYS: Final = ("/users/", "/v3/api_keys", "/v3/pinata/keys", "/v3/vectorize/")
_RESOURCES: Final = {
    "/v3/groups": "groups",
    "/groups": "groups",
    "/v3/gateways": "gateways",
    "/v3/ipfs/gateway": "gateways",
    "/v3/analytics": "analytics",
    "/v3/files": "files",
    "/v3/ipfs/swap": "files",
}


def needed(method: str, path: str) -> str | None:
    """The scope: ``org:files:write`` of v3, ``pinning.unpin`` of the older API, ``admin``, or none known."""
    if path.startswith(_KEYS):
        return "admin"
    for prefix, resource in _RESOURCES.items():
        if path.startswith(prefix):
            return f"org:{resource}:{'read' if method in ('GET', 'HEAD') else 'write'}"
    family, _, rest = path.strip("/").partition("/")
    name = rest.partition("/")[0]
    return f"{family}.{name}" if family in ("data", "pinning") and name != "testAuthentication" else None


def how_to_get(scope: str) -> str:
    """How a key is made that has a scope."""
    if scope == "admin":
        return "keys.create(name, admin=True)"
    if scope.startswith("org:"):
        return f'keys.create(name, resources=["{scope}"])'
    return f'keys.create(name, endpoints=["{scope.partition(".")[2]}"])'

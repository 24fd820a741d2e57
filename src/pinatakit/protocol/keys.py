"""API keys: what they may do, and the calls that make, list and revoke them.

Source: Pinata API, "API Keys" (older API) and "Permissions".
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import msgspec

from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, reads_json
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.shapes import is_text
from pinatakit.protocol.times import millis

DATA_ENDPOINTS: Final = ("pinList", "userPinnedDataTotal")
PINNING_ENDPOINTS: Final = (
    "hashMetadata",
    "hashPinPolicy",
    "pinByHash",
    "pinFileToIPFS",
    "pinJSONToIPFS",
    "pinJobs",
    "unpin",
    "userPinPolicy",
)
RESOURCES: Final = tuple(
    f"org{resource}:{right}"
    for resource in ("", ":files", ":groups", ":gateways", ":analytics")
    for right in ("read", "write")
)


class Key(Record, frozen=True, kw_only=True):
    """An API key as listed; its secret is never told again.

    Attributes:
        key: the public half, by which it is revoked.
        max_uses: how many calls it may make, or `None` for any number.
        scopes: the permission tree it was made with.
    """

    id: str = ""
    name: str = ""
    key: str
    max_uses: int | None = None
    uses: int = 0
    user_id: str | None = None
    scopes: Any = None
    revoked: bool = False
    created_at: datetime | None = msgspec.field(default=None, name="createdAt")
    updated_at: datetime | None = msgspec.field(default=None, name="updatedAt")

    def to_json(self, *, secret: str) -> dict[str, Any]:
        """Write one as the older API does, which shows the secret enciphered."""
        return {
            "id": self.id,
            "name": self.name,
            "key": self.key,
            "secret": secret,
            "max_uses": self.max_uses,
            "uses": self.uses,
            "user_id": self.user_id,
            "scopes": self.scopes,
            "revoked": self.revoked,
            "createdAt": millis(self.created_at) if self.created_at else None,
            "updatedAt": millis(self.updated_at) if self.updated_at else None,
        }


class NewKey(Record, frozen=True, kw_only=True):
    """An API key just made: the only moment its secret and JWT are shown. Keep them safe."""

    pinata_api_key: str
    pinata_api_secret: str
    JWT: str

    def __repr__(self) -> str:
        return f"NewKey(pinata_api_key={self.pinata_api_key!r}, pinata_api_secret='***', JWT='***')"


def permissions(
    *, admin: bool = False, endpoints: Collection[str] = (), resources: Collection[str] = ()
) -> dict[str, Any]:
    """A permission tree.

    `endpoints` names what of the older API is allowed (``pinFileToIPFS``, ``pinList``, …),
    `resources` what of v3 (``org:files:write``, …; writing includes reading).

    Raises:
        InputError: a name that is neither, or nothing allowed at all.
    """
    known = (*DATA_ENDPOINTS, *PINNING_ENDPOINTS)
    for given, allowed, what in ((endpoints, known, "endpoint"), (resources, RESOURCES, "resource")):
        if isinstance(given, str):
            raise InputError(f"{what}s are a list of names, not the text {given!r}")
        if unknown := [name for name in given if name not in allowed]:
            raise InputError(f"unknown {what} {unknown[0]!r}; one of {', '.join(allowed)}")
    if admin:
        return {"admin": True}
    tree: dict[str, Any] = {}
    if endpoints:
        tree["endpoints"] = {
            "data": {name: name in endpoints for name in DATA_ENDPOINTS},
            "pinning": {name: name in endpoints for name in PINNING_ENDPOINTS},
        }
    if resources:
        tree["resources"] = list(resources)
    if not tree:
        raise InputError(
            "the key would be allowed nothing", hint="give admin=True, endpoints=… or resources=…"
        )
    return tree


def create_key(name: str, tree: dict[str, Any], max_uses: int | None = None) -> Call[NewKey]:
    """``POST /users/generateApiKey``."""
    if not is_text(name):
        raise InputError(f"a key's name is a text with letters in it, not {name!r}")
    body: dict[str, Any] = {"keyName": name, "permissions": tree}
    if max_uses is not None:
        if max_uses < 1:
            raise InputError(f"max_uses is at least 1, not {max_uses}")
        body["maxUses"] = max_uses
    return Call(
        "POST",
        "/users/generateApiKey",
        reads_json(lambda data: record(data, NewKey)),
        body=msgspec.json.encode(body),
        headers=JSON_TYPE,
        repeatable=False,
    )


def list_keys() -> Call[list[Key]]:
    """``GET /users/apiKeys``."""

    def keys(data: Any) -> list[Key]:
        return [record(one, Key, told={"secret"}) for one in data.get("keys") or ()]

    return Call("GET", "/users/apiKeys", reads_json(keys))


def revoke_key(key: str) -> Call[str]:
    """``PUT /users/revokeApiKey``; the service also takes the key's JWT."""
    if not is_text(key):
        raise InputError("there is no key to revoke", hint="give the public key, or the JWT of the key")
    body = msgspec.json.encode({"apiKey": key})
    return Call("PUT", "/users/revokeApiKey", reads_json(str), body=body, headers=JSON_TYPE)

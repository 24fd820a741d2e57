"""API keys: the calls that make, list and revoke them.

Source: Pinata API v3 and older API, "API Keys".
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Any, Final

import msgspec

from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, as_json, reads_json
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.permissions import Permissions
from pinatakit.protocol.shapes import as_object, is_text
from pinatakit.protocol.times import millis

_NO_KEY: Final = "there is no key to revoke"
_WHICH_KEY: Final = "give the public key, or the JWT of the key"
_PUBLIC_KEY: Final = re.compile("[0-9A-Za-z]{1,64}")


class Key(Record, frozen=True, kw_only=True):
    """An API key as listed; its secret is never told again.

    Attributes:
        key: the public half, by which it is revoked.
        max_uses: how many calls it may make, or `None` for any number.
        scopes: the permission tree it was made with, as the service tells it.
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

    @property
    def permissions(self) -> Permissions:
        """What it may do, as far as that is known here."""
        return Permissions.from_json(self.scopes)

    def to_json(self, *, secret: str | None = None) -> dict[str, Any]:
        """Write one as v3 does, or with `secret` as the older API, which shows it enciphered."""
        return {
            "id": self.id,
            "name": self.name,
            "key": self.key,
            **({} if secret is None else {"secret": secret}),
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

    SECRET = ("pinata_api_secret", "JWT")

    pinata_api_key: str
    pinata_api_secret: str
    JWT: str


def create_key(name: str, permissions: Permissions, max_uses: int | None = None) -> Call[NewKey]:
    """``POST /v3/api_keys``."""
    return _create("/v3/api_keys", name, permissions, max_uses)


def create_older_key(name: str, permissions: Permissions, max_uses: int | None = None) -> Call[NewKey]:
    """``POST /users/generateApiKey``."""
    return _create("/users/generateApiKey", name, permissions, max_uses)


def _create(path: str, name: str, permissions: Permissions, max_uses: int | None) -> Call[NewKey]:
    if not is_text(name):
        raise InputError(f"a key's name is a text with letters in it, not {name!r}")
    if not permissions:
        raise InputError("the key would be allowed nothing", hint="give it some Permissions(…)")
    body: dict[str, Any] = {"keyName": name, "permissions": permissions.to_json()}
    if max_uses is not None:
        if max_uses < 1:
            raise InputError(f"max_uses is at least 1, not {max_uses}")
        body["maxUses"] = max_uses
    return Call(
        "POST",
        path,
        reads_json(lambda data: record(data, NewKey)),
        body=as_json(body),
        headers=JSON_TYPE,
        repeatable=False,
    )


def list_keys(
    *,
    name: str | None = None,
    revoked: bool | None = None,
    limited_use: bool | None = None,
    exhausted: bool | None = None,
    offset: int | None = None,
) -> Call[list[Key]]:
    """``GET /v3/api_keys``; the service decides how many a page has.

    Raises:
        InputError: `exhausted` of keys that have no limit.
    """
    if exhausted is not None:
        if limited_use is False:
            raise InputError("only keys of limited use are ever exhausted", hint="leave limited_use away")
        limited_use = True  # the service looks at the one only together with the other
    query = {
        "name": name,
        "revoked": revoked,
        "limitedUse": limited_use,
        "exhausted": exhausted,
        "offset": offset,
    }
    return Call("GET", "/v3/api_keys", reads_json(_keys), query)


def list_older_keys() -> Call[list[Key]]:
    """``GET /users/apiKeys``."""
    return Call("GET", "/users/apiKeys", reads_json(_keys))


def _keys(data: Any) -> list[Key]:
    return [record(one, Key, told={"secret"}) for one in data.get("keys") or ()]


def revoke_key(key: str) -> Call[str]:
    """``DELETE /v3/api_keys/{key}``; of a JWT, which must be in no address, the public key goes."""
    public = public_key(key) if is_text(key) else None
    if public is None:
        raise InputError(_NO_KEY, hint=_WHICH_KEY)
    return Call("DELETE", f"/v3/api_keys/{public}", reads_json(str))


def revoke_older_key(key: str) -> Call[str]:
    """``PUT /users/revokeApiKey``; the service also takes the key's JWT."""
    if not is_text(key):
        raise InputError(_NO_KEY, hint=_WHICH_KEY)
    body = as_json({"apiKey": key})
    return Call("PUT", "/users/revokeApiKey", reads_json(str), body=body, headers=JSON_TYPE)


def public_key(text: str) -> str | None:
    """The public key a text names: itself, or the one inside a JWT, whoever signed it."""
    _, dot, rest = text.partition(".")
    key: object = text
    if dot:
        payload = rest.partition(".")[0].encode()
        try:
            claims: object = msgspec.json.decode(
                base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
            )
        except ValueError:  # of which binascii's and msgspec's errors are kinds
            return None
        key = as_object(claims).get("scopedKeyKey")
    return key if isinstance(key, str) and _PUBLIC_KEY.fullmatch(key) else None

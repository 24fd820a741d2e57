"""Who asks, and what they may do: JWTs, key pairs, scopes.

Order of checks, as measured at Pinata: the credential is known (401), not revoked, and of
enough scope (403). A JWT holds its key and secret, as Pinata's do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import jwt
import msgspec

from pinatakit.protocol import Key, Permissions, refusals
from pinatakit.server.connection import in_task
from pinatakit.server.refusal import Refusal
from pinatakit.server.store import Keys
from pinatakit.server.store.values import now_micros

_ALGORITHM: Final = "HS256"


def make_jwt(keys: Keys, key: str, secret: str, *, issued: int | None = None) -> str:
    """The JWT of a key pair, of the shape Pinata's have; `issued` in unix seconds, else now."""
    user = {
        "id": keys.user_id,
        "email": "local@pinatakit.invalid",
        "email_verified": True,
        "pin_policy": {"regions": [{"id": "LOCAL", "desiredReplicationCount": 1}], "version": 1},
        "mfa_enabled": False,
        "status": "ACTIVE",
    }
    payload = {
        "userInformation": user,
        "authenticationType": "scopedKey",
        "scopedKeyKey": key,
        "scopedKeySecret": secret,
        "iat": now_micros() // 1_000_000 if issued is None else issued,
    }
    return jwt.encode(payload, keys.signing_key, algorithm=_ALGORITHM)  # pyright: ignore[reportUnknownMemberType]


async def authorize(
    keys: Keys, header: Callable[[bytes], str | None], scope: str | None, *, pair: bool = True
) -> Key:
    """The key that a request carries, if it may do this.

    `header` gives a header of the request by its name. `scope` is what the route needs: ``pinning.unpin`` of the
    older API, ``org:files:read`` of v3, ``admin``, or `None` where any key will do. `pair` is whether a key and its
    secret are a credential there.

    Raises:
        Refusal: in the service's words.
    """
    key = _authenticate(keys, header, pair)
    if key.revoked:
        raise Refusal(403, refusals.API_KEY_REVOKED, "This key has been revoked and can not be used")
    if scope and not _allows(msgspec.json.encode(key.scopes), scope):
        raise Refusal(
            403, refusals.NO_SCOPES_FOUND, "This key does not have the required scopes associated with it"
        )
    if counted := keys.use(key):
        await in_task()
        if not await asyncio.wrap_future(counted):
            raise Refusal(403, refusals.API_KEY_REVOKED, "This key has been used as often as it may be")
    return key


@lru_cache(maxsize=1024)
def _allows(scopes: bytes, scope: str) -> bool:
    """Whether a scope is among those of a key, which are JSON."""
    return Permissions.from_json(msgspec.json.decode(scopes)).allows(scope)


def _authenticate(keys: Keys, header: Callable[[bytes], str | None], takes_pair: bool) -> Key:
    authorization = header(b"authorization")
    if authorization is not None:
        key = keys.recall(authorization, lambda: _find(keys, authorization))
    elif not takes_pair:
        details = "v3 takes a JWT (Authorization: Bearer …); a key and its secret are for the older API"
        raise Refusal(401, refusals.INVALID_CREDENTIALS, details)
    else:
        public, secret = header(b"pinata_api_key"), header(b"pinata_secret_api_key")
        if public is None or secret is None:
            raise Refusal(
                400,
                refusals.KEYS_MUST_BE_STRINGS,
                "pinata_api_key and pinata_secret_api_key must both be strings",
            )
        key = keys.recall(f"{public}\n{secret}", lambda: keys.find(public, secret))
    if key is None:
        raise Refusal(401, refusals.INVALID_CREDENTIALS, "Invalid/expired credentials")
    return key


def _find(keys: Keys, authorization: str) -> Key | None:
    """The key whose JWT an ``Authorization`` holds."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        return None
    try:
        payload = jwt.decode(token.strip(), keys.signing_key, algorithms=[_ALGORITHM])  # pyright: ignore[reportUnknownMemberType]
        return keys.find(str(payload["scopedKeyKey"]), str(payload["scopedKeySecret"]))
    except (jwt.InvalidTokenError, KeyError):
        return None

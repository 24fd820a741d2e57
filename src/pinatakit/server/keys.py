"""API keys: make, list, revoke."""

from __future__ import annotations

from typing import Any, Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.protocol.keys import public_key
from pinatakit.protocol.permissions import DATA_ENDPOINTS, PINNING_ENDPOINTS, RESOURCES
from pinatakit.protocol.shapes import is_array, is_object
from pinatakit.server.auth import make_jwt
from pinatakit.server.refusal import bad_request
from pinatakit.server.request import Asked, json
from pinatakit.server.store.keys import KeyFilter

_PAGE: Final = 10  # keys at a time; Pinata does not tell how many its pages have


async def create(asked: Asked) -> Response:
    """``POST /v3/api_keys``; a key without permissions may do nothing."""
    body = asked.object()
    name = body.get("keyName", body.get("keyname"))  # the second is of Pinata's own example
    return await _create(asked, name, body.get("permissions", {}))


async def list_keys(asked: Asked) -> Response:
    """``GET /v3/api_keys``, without secrets."""
    limited = asked.flag("limitedUse")
    wanted = KeyFilter(
        name=asked.query.get("name") or None,
        revoked=asked.flag("revoked"),
        limited=limited,
        exhausted=asked.flag("exhausted") if limited else None,
    )
    offset = asked.number("offset", 0, 0, 1 << 53)
    keys = asked.store.keys

    def find() -> dict[str, Any]:
        found = keys.page(wanted, limit=_PAGE, offset=offset)
        return {"keys": [key.to_json() for key in found], "count": keys.count(wanted)}

    return json(await anyio.to_thread.run_sync(find))


async def revoke(asked: Asked) -> Response:
    """``DELETE /v3/api_keys/{key}``; unknown ones are revoked too."""
    await anyio.to_thread.run_sync(asked.store.keys.revoke, asked.path("key"))
    return json("Revoked")


async def create_older(asked: Asked) -> Response:
    """``POST /users/generateApiKey``."""
    body = asked.object()
    return await _create(asked, body.get("keyName"), body.get("permissions"))


async def list_older(asked: Asked) -> Response:
    """``GET /users/apiKeys``."""
    rows = await anyio.to_thread.run_sync(asked.store.keys.list)
    return json({"keys": [key.to_json(secret=secret) for key, secret in rows], "count": len(rows)})


async def revoke_older(asked: Asked) -> Response:
    """``PUT /users/revokeApiKey``: the public key, or the JWT of the key; unknown ones are revoked too."""
    key = asked.object().get("apiKey")
    if not isinstance(key, str) or not key:
        raise bad_request('"apiKey" is required')
    if public := public_key(key):
        await anyio.to_thread.run_sync(asked.store.keys.revoke, public)
    return json("Revoked")


async def _create(asked: Asked, name: Any, permissions: Any) -> Response:
    if not isinstance(name, str) or not name:
        raise bad_request('"keyName" is required')
    max_uses = asked.object().get("maxUses")
    if max_uses is not None and (
        not isinstance(max_uses, int) or isinstance(max_uses, bool) or not 1 <= max_uses < 1 << 53
    ):
        raise bad_request('"maxUses" must be a number of at least 1')
    keys = asked.store.keys
    key, secret = await anyio.to_thread.run_sync(keys.create, name, _scopes(permissions), max_uses)
    return json({"pinata_api_key": key, "pinata_api_secret": secret, "JWT": make_jwt(keys, key, secret)})


def _scopes(permissions: Any) -> dict[str, Any]:
    """A permission tree as it is kept: what is known of it, and nothing else."""
    if not is_object(permissions):
        raise bad_request('"permissions" is required')
    endpoints: Any = permissions.get("endpoints") or {}
    resources: Any = permissions.get("resources") or []
    if not is_object(endpoints) or not is_array(resources):
        raise bad_request('"permissions" must have admin, endpoints or resources')
    scopes: dict[str, Any] = {"admin": permissions.get("admin") is True}
    for family, names in (("data", DATA_ENDPOINTS), ("pinning", PINNING_ENDPOINTS)):
        given: Any = endpoints.get(family) or {}
        if not is_object(given) or not set(given) <= set(names):
            raise bad_request(f'"permissions.endpoints.{family}" names some of {", ".join(names)}')
        if given:
            scopes.setdefault("endpoints", {})[family] = {name: given.get(name) is True for name in names}
    if unknown := [name for name in resources if name not in RESOURCES]:
        raise bad_request(f'"permissions.resources" has an unknown name: {unknown[0]!r}')
    if resources:
        scopes["resources"] = resources
    return scopes

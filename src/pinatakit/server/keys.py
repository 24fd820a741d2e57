"""API keys: make, list, revoke."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from starlette.responses import Response

from pinatakit.protocol.keys import DATA_ENDPOINTS, PINNING_ENDPOINTS, RESOURCES
from pinatakit.protocol.shapes import is_array, is_object
from pinatakit.server.auth import make_jwt, public_key
from pinatakit.server.refusal import bad_request
from pinatakit.server.request import Asked, json


async def create(asked: Asked) -> Response:
    """``POST /users/generateApiKey``."""
    body = asked.object()
    name = body.get("keyName")
    if not isinstance(name, str) or not name:
        raise bad_request('"keyName" is required')
    max_uses = body.get("maxUses")
    if max_uses is not None and (
        not isinstance(max_uses, int) or isinstance(max_uses, bool) or not 1 <= max_uses < 1 << 53
    ):
        raise bad_request('"maxUses" must be a number of at least 1')
    scopes = _scopes(body.get("permissions"))
    keys = asked.store.keys
    key, secret = await anyio.to_thread.run_sync(keys.create, name, scopes, max_uses)
    return json({"pinata_api_key": key, "pinata_api_secret": secret, "JWT": make_jwt(keys, key, secret)})


async def list_keys(asked: Asked) -> Response:
    """``GET /users/apiKeys``."""
    rows = await anyio.to_thread.run_sync(asked.store.keys.list)
    return json({"keys": [key.to_json(secret=secret) for key, secret in rows], "count": len(rows)})


async def revoke(asked: Asked) -> Response:
    """``PUT /users/revokeApiKey``: the public key, or the JWT of the key; unknown ones are revoked too."""
    key = asked.object().get("apiKey")
    if not isinstance(key, str) or not key:
        raise bad_request('"apiKey" is required')
    await anyio.to_thread.run_sync(asked.store.keys.revoke, public_key(key))
    return json("Revoked")


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

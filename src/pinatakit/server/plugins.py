"""Plugins of gateways. At the server's own address all are on; a gateway has those installed."""

from __future__ import annotations

from typing import Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.protocol.plugins import ATTESTATION, HOT_SWAPS, Plugin
from pinatakit.server import gateways
from pinatakit.server.refusal import bad_request, not_found
from pinatakit.server.request import Asked, data

_IMAGE: Final = (  # a plug; Pinata's own images are elsewhere
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E"
    "%3Cpath d='M2 0h1v3h2V0h1v3h1v2L5 6v2H3V6L1 5V3h1z'/%3E%3C/svg%3E"
)
_MARKETPLACE: Final = (
    Plugin(
        id=ATTESTATION,
        name="Content Addressable Attestation",
        description="Answers carry the signature of their CID in the header pinata-signature.",
        image=_IMAGE,
        tags=("verifiability", "security"),
    ),
    Plugin(
        id=HOT_SWAPS,
        name="Hot Swaps",
        description="Another CID is served in the place of one.",
        image=_IMAGE,
        tags=("files",),
    ),
)


def list_plugins(_: Asked) -> Response:
    """``GET /v3/gateways/plugins/marketplace``."""
    return data([plugin.to_dict() for plugin in _MARKETPLACE])


def get(asked: Asked) -> Response:
    """``GET /v3/gateways/plugins/marketplace/{id}``."""
    return data(_found(asked.path("id")).to_dict())


async def install(asked: Asked) -> Response:
    """``POST /v3/gateways/plugins/{gateway_id}``."""
    gateway = gateways.found(asked, asked.path("gateway_id"))
    number = asked.object().get("plugin_id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise bad_request('"plugin_id" must be a number')
    plugin = _found(str(number))
    await anyio.to_thread.run_sync(asked.store.gateways.install, gateway.id, plugin.id)
    return data({"gateway_id": gateway.id, "plugin_id": plugin.id})


def installed(asked: Asked) -> Response:
    """``GET /v3/gateways/plugins``, and of one gateway ``/{gateway_id}``, with its older path."""
    id = asked.request.path_params.get("gateway_id")
    if id:
        gateways.found(asked, id)
    pairs = asked.store.gateways.plugins(id)
    return data([{"gateway_id": gateway, "plugin_id": plugin} for gateway, plugin in pairs])


async def uninstall(asked: Asked) -> Response:
    """``DELETE /v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}``."""
    gateway = gateways.found(asked, asked.path("gateway_id"))
    plugin = _found(asked.path("plugin_id"))
    if not await anyio.to_thread.run_sync(asked.store.gateways.uninstall, gateway.id, plugin.id):
        raise not_found(f"The gateway {gateway.domain!r} has not the plugin {plugin.id}.")
    return data(None)


def _found(id: str) -> Plugin:
    for plugin in _MARKETPLACE:
        if str(plugin.id) == id:
            return plugin
    raise not_found(f"There is no plugin {id!r}; there are 1 and 2.")

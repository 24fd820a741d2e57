"""Swaps: which CID is served in the place of another. Those under ``/v3/ipfs`` answer in camel case."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from starlette.responses import Response

from pinatakit.content import CID
from pinatakit.protocol import Network, Swap
from pinatakit.server.refusal import bad_request, not_found
from pinatakit.server.request import Asked, data, read_cid


async def add(asked: Asked) -> Response:
    """``PUT /v3/files/{network}/swap/{cid}``, ``PUT /v3/ipfs/swap/{cid}``, and ``POST /v3/files/swap/{cid}``."""
    network, cid = _named(asked)
    body = asked.object()
    mapped = read_cid(body.get("swapCid") or body.get("swap_cid"), "swapCid")
    if await anyio.to_thread.run_sync(asked.store.files.uploaded, network, cid) is None:
        raise not_found(f"The {network} CID {cid} is not pinned by the account.")
    swap = await anyio.to_thread.run_sync(asked.store.swaps.add, network, cid, mapped)
    return data(_shown(asked, swap))


async def history(asked: Asked) -> Response:
    """``GET /v3/files/{network}/swap/{cid}`` and ``GET /v3/ipfs/swap/{cid}``: alike for each domain."""
    network, cid = _named(asked)
    if not asked.query.get("domain"):
        raise bad_request('"domain" is required: that of a gateway')
    swaps = await anyio.to_thread.run_sync(asked.store.swaps.history, network, cid)
    if not swaps:
        raise not_found(f"The {network} CID {cid} was never swapped.")
    return data([_shown(asked, swap) for swap in swaps])


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/files/{network}/swap/{cid}`` and ``DELETE /v3/ipfs/swap/{cid}``."""
    network, cid = _named(asked)
    if not await anyio.to_thread.run_sync(asked.store.swaps.end, network, cid):
        raise not_found(f"The {network} CID {cid} is not swapped.")
    return data(None)


def _named(asked: Asked) -> tuple[Network, CID]:
    network: Network = asked.network() if "network" in asked.request.path_params else "public"
    return network, read_cid(asked.path("cid"), "cid")


def _shown(asked: Asked, swap: Swap) -> dict[str, Any]:
    shown = swap.to_json()
    if not asked.request.scope["path"].startswith("/v3/ipfs/"):
        return shown
    return {"mappedCid": shown["mapped_cid"], "createdAt": shown["created_at"]}

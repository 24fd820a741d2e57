"""Swaps: a CID for which gateways serve another one (Hot Swaps).

Source: Pinata API v3, "Hot Swaps".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, Network, as_json, nothing, reads_data
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.shapes import is_text
from pinatakit.protocol.times import micros


class Swap(Record, frozen=True, kw_only=True):
    """What a CID was swapped for, and since when.

    Attributes:
        mapped_cid: what gateways serve in its place; `None` where swapping ended.
        created_at: aware, UTC.
    """

    mapped_cid: CID | None = None
    created_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "mapped_cid": str(self.mapped_cid) if self.mapped_cid else None,
            "created_at": micros(self.created_at) if self.created_at else None,
        }


def add_swap(network: Network, cid: CID, swap_cid: CID) -> Call[Swap]:
    """``PUT /v3/files/{network}/swap/{cid}``.

    The documentation's name of the field and the official clients' differ; both are sent.
    """
    body = as_json({"swapCid": str(swap_cid), "swap_cid": str(swap_cid)})
    return Call("PUT", _path(network, cid), reads_data(_read), body=body, headers=JSON_TYPE)


def swap_history(network: Network, cid: CID, domain: str) -> Call[list[Swap]]:
    """``GET /v3/files/{network}/swap/{cid}``."""
    if not is_text(domain):
        raise InputError("a history is that of a gateway", hint="give its domain, such as you.mypinata.cloud")

    def swaps(data: Any) -> list[Swap]:
        return [_read(one) for one in data or ()]

    return Call("GET", _path(network, cid), reads_data(swaps), {"domain": domain})


def delete_swap(network: Network, cid: CID) -> Call[None]:
    """``DELETE /v3/files/{network}/swap/{cid}``."""
    return Call("DELETE", _path(network, cid), nothing)


def _path(network: Network, cid: CID) -> str:
    return f"/v3/files/{network}/swap/{cid}"


def _read(data: Any) -> Swap:
    return record(data, Swap)

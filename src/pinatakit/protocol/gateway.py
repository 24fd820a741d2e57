"""The gateway: content as blocks that can be checked.

Source: specs.ipfs.tech/http-gateways/trustless-gateway.
"""

from __future__ import annotations

from urllib.parse import quote

from pinatakit.content import CID
from pinatakit.protocol._call import Answer, Call

CAR_TYPE = "application/vnd.ipld.car"
RAW_TYPE = "application/vnd.ipld.raw"


def get_car(cid: CID, path: str = "") -> Call[bytes]:
    """``GET /ipfs/{cid}[/path]`` as a CAR: all blocks below, in the order a `Walk` wants them."""
    where = f"/ipfs/{cid}" + "".join(f"/{quote(name, safe='')}" for name in path.split("/") if name)
    accept = {"accept": f"{CAR_TYPE}; version=1; order=dfs; dups=y"}
    query = {"format": "car", "dag-scope": "all", "car-order": "dfs", "car-dups": "y"}
    return Call("GET", where, _body, query, headers=accept, host="gateway")


def get_block(cid: CID) -> Call[bytes]:
    """``GET /ipfs/{cid}`` as one raw block."""
    return Call("GET", f"/ipfs/{cid}", _body, {"format": "raw"}, headers={"accept": RAW_TYPE}, host="gateway")


def _body(answer: Answer) -> bytes:
    return answer.body

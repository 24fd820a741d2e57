"""docs/routes.md: every route of Pinata, and how much of it the local Pinata serves.

`python -m tests.routes` writes the page, from the routes that are served and the two tables below.
"""

from __future__ import annotations

from pathlib import Path

from pinatakit.server.endpoints import ENDPOINTS as SERVED

from .endpoints import ENDPOINTS, Endpoint
from .server.test_endpoints import shape_of

PAGE = Path(__file__).parent.parent / "docs" / "routes.md"

MISSING = {  # what is not as at Pinata, of a route that is served
    "/v3/vectorize/groups/{group_id}/query": "words are compared, not meanings",
    "/v3/vectorize/files/{file_id}": "text in UTF-8 alone",
    "/v3/analytics/gateways/top": "countries and regions are not known",
    "/v3/analytics/gateways/time_series": "countries and regions are not known",
    "/v3/ipfs/gateway_analytics_top": "countries and regions are not known",
    "/v3/ipfs/gateway_analytics_time_series": "countries and regions are not known",
    "/v3/files/public/pin_by_cid": "fetched over HTTP, not libp2p",
    "/pinning/pinByHash": "fetched over HTTP, not libp2p",
    "/pinning/addHashToPinQueue": "fetched over HTTP, not libp2p",
    "/psa/pins": "fetched over HTTP, not libp2p",
    "/psa/pins/{requestid}": "fetched over HTTP, not libp2p",
    "/x402/cid/{cid}": "payment is demanded, none can be taken",
}
UNSERVED = {  # why a route is not served, by host or lifecycle
    "removed": "Pinata answers it no more",
    "x402": "a shop that takes money of a chain",
    "mpp": "a shop that takes money",
}
HEAD = """# Routes

Every route of Pinata, and how much of it the local Pinata serves on its one port: *full*, *partly* (what is
missing), or *not* (why); [The gateway](gateway.md) tells more of the last three. `current` and `legacy` ones are used, an `alias` is another path of a current one,
`removed` ones answer no more at Pinata; one of them is served, since pinatapy asks for it. A guide of Pinata has
`POST /v3/files/swap/{cid}`, which is served too. Made by `python -m tests.routes`.

| route | served | state | host |
| --- | --- | --- | --- |
"""


def served(endpoint: Endpoint) -> str:
    """How much of a route is served."""
    known = {(method, shape_of(one.path)) for one in SERVED for method in one.methods}
    if (endpoint.method, endpoint.shape) in known:
        missing = MISSING.get(endpoint.path) if endpoint.method in ("POST", "GET") else None
        return f"partly: {missing}" if missing else "full"
    return f"not: {UNSERVED.get(endpoint.lifecycle) or UNSERVED[endpoint.host]}"


def page() -> str:
    """The page as it should be."""
    rows = (
        f"| `{one.method} {one.path}` | {served(one)} | {one.lifecycle} | {one.host} |" for one in ENDPOINTS
    )
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

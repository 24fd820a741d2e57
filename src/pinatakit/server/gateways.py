"""Gateways of the account: making them, and letting in who may read from them."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import gateways
from pinatakit.protocol.gateways import CustomDomain, Gateway
from pinatakit.server.refusal import Refusal, bad_request, not_found
from pinatakit.server.request import Asked, Handler, data, host_of
from pinatakit.server.store import Store
from pinatakit.server.store.gateways import Kind, Rule, Served


async def list_gateways(asked: Asked) -> Response:
    """``GET /v3/gateways`` and ``GET /v3/ipfs/gateways``; pages count from 1."""
    size = asked.number("pageSize", 10, 1, 1000)
    page = asked.number("page", 1, 0, 1 << 31)

    def find() -> dict[str, Any]:
        count, rows = asked.store.gateways.list(limit=size, offset=max(page - 1, 0) * size)
        return {"count": count, "rows": [gateway.to_json(settings=False) for gateway in rows]}

    return data(await anyio.to_thread.run_sync(find))


async def create(asked: Asked) -> Response:
    """``POST /v3/gateways``."""
    domain = asked.object().get("domain")
    try:
        label = gateways.check_label(domain)
    except InputError as error:
        raise bad_request(error.message) from None
    gateway = await anyio.to_thread.run_sync(asked.store.gateways.create, label)
    if gateway is None:
        raise Refusal(409, "CONFLICT", f"The domain {label!r} is taken.")
    return data(gateway.to_json(settings=True))


def get(asked: Asked) -> Response:
    """``GET /v3/gateways/{id}``."""
    return data(found(asked, asked.path("id")).to_json(settings=True))


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/gateways/{id}``."""
    found(asked, asked.path("id"))
    await anyio.to_thread.run_sync(asked.store.gateways.delete, asked.path("id"))
    return data(None)


def exists(asked: Asked) -> Response:
    """``GET /v3/gateways/exists/{domain}``."""
    return data({"exists": asked.store.gateways.exists(asked.path("domain").lower())})


async def add_domain(asked: Asked) -> Response:
    """``POST /v3/gateways/{id}/custom_domain``."""
    try:
        domain = gateways.check_domain(asked.object().get("domain"))
    except InputError as error:
        raise bad_request(error.message) from None
    return await _add(asked, "domain", domain)


def get_domain(asked: Asked) -> Response:
    """``GET /v3/gateways/{id}/custom_domain/{rule}``."""
    rule = asked.store.gateways.find(asked.path("id"), "domain", asked.path("rule"))
    if rule is None:
        raise _no_rule(asked)
    return data(_shown(rule))


async def create_token(asked: Asked) -> Response:
    """``POST /v3/gateways/{id}/access_tokens``."""
    return await _add(asked, "token", "")


async def allow_ip(asked: Asked) -> Response:
    """``POST /v3/gateways/{id}/ips``."""
    if len(found(asked, asked.path("id")).ips) >= gateways.MAX_IPS:
        raise bad_request(f"A gateway has at most {gateways.MAX_IPS} IP addresses.")
    try:
        ip = gateways.check_ip(asked.object().get("ip"))
    except InputError as error:
        raise bad_request(error.message) from None
    return await _add(asked, "ip", ip)


async def allow_host(asked: Asked) -> Response:
    """``POST /v3/gateways/{id}/hosts``."""
    try:
        host = gateways.check_host(asked.object().get("host"))
    except InputError as error:
        raise bad_request(error.message) from None
    return await _add(asked, "host", host)


def remove(kind: Kind) -> Handler:
    """``DELETE`` of a domain, a token, an IP or a host."""

    async def remove(asked: Asked) -> Response:
        ids = asked.path("id"), asked.path("rule")
        if not await anyio.to_thread.run_sync(asked.store.gateways.remove, ids[0], kind, ids[1]):
            raise _no_rule(asked)
        return data(None)

    return remove


async def _add(asked: Asked, kind: Kind, value: str) -> Response:
    gateway = found(asked, asked.path("id"))
    rule = await anyio.to_thread.run_sync(asked.store.gateways.add, gateway.id, kind, value)
    if rule is None:
        raise Refusal(409, "CONFLICT", f"The gateway {gateway.domain!r} or another has {value!r} already.")
    return data(_shown(rule))


def _shown(rule: Rule) -> dict[str, object]:
    return rule.to_json() if isinstance(rule, CustomDomain) else gateways.to_json(rule)


def found(asked: Asked, id: str) -> Gateway:
    """The gateway with that id.

    Raises:
        Refusal: there is none.
    """
    gateway = asked.store.gateways.get(id)
    if gateway is None:
        raise not_found(f"There is no gateway with the id {id!r}.")
    return gateway


def _no_rule(asked: Asked) -> Refusal:
    return not_found(f"The gateway {asked.path('id')!r} has nothing with the id {asked.path('rule')!r}.")


def admit(store: Store, request: Request, root: CID) -> Served | None:
    """The gateway a request for public content came to; `None` at the server's own address.

    With tokens, IPs or hosts one must be satisfied; without, the account must have pinned the root.
    Source: Pinata's documentation, "Gateway access controls".

    Raises:
        Refusal: it is not let in.
    """
    served = store.gateways.at(host_of(request))
    if served is None:
        return None
    gateway = served.gateway
    if not (gateway.access_tokens or gateway.ips or gateway.hosts):
        if store.files.uploaded("public", root) is None:
            raise Refusal(
                403, "ERR_ID:00006", f"The owner of this gateway has not pinned {root} - ERR_ID:00006"
            )
    elif not _satisfies(request, gateway):
        raise Refusal(401, "ERR_ID:00024", "This gateway is not open to this request - ERR_ID:00024")
    return served


def _satisfies(request: Request, gateway: Gateway) -> bool:
    token = request.query_params.get("pinataGatewayToken") or request.headers.get("x-pinata-gateway-token")
    if token and any(
        hmac.compare_digest(token.encode(), known.value.encode()) for known in gateway.access_tokens
    ):
        return True
    if request.client and any(request.client.host == ip.value for ip in gateway.ips):
        return True
    origins = {request.headers.get("origin", "").lower(), _origin(request.headers.get("referer", ""))}
    return any(host.value in origins for host in gateway.hosts)


def _origin(referer: str) -> str:
    try:
        parts = urlsplit(referer)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()

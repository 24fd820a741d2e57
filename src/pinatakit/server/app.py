"""The app: which path leads to which handler, what key it takes, and how errors are worded."""

from __future__ import annotations

import errno
import logging
import re
import uuid
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pinatakit.protocol import refusals
from pinatakit.protocol.limits import Rate
from pinatakit.protocol.refusals import older_envelope, v3_envelope
from pinatakit.server import (
    account,
    analytics,
    files,
    gateway,
    gateways,
    groups,
    keys,
    links,
    metrics,
    payments,
    pins,
    plugins,
    presigned,
    psa,
    signatures,
    swaps,
    tus,
    uploads,
    vectors,
)
from pinatakit.server.access import Exchange
from pinatakit.server.auth import authorize
from pinatakit.server.limits import Limits
from pinatakit.server.refusal import NOT_FOUND, Refusal
from pinatakit.server.request import Asked, Handler, host_of, json, read_json
from pinatakit.server.store import Store
from pinatakit.server.store.groups import NoSuchGroup
from pinatakit.server.worker import Fetching, working

_log = logging.getLogger("pinatakit.server")


class _Names(PathConvertor):
    """A path in content, whose names may have line breaks in them."""

    regex = r"[\s\S]*"


register_url_convertor("names", _Names())

_OF_KEYS: Final = (  # refusals that are worded alike everywhere
    refusals.KEYS_MUST_BE_STRINGS,
    refusals.INVALID_CREDENTIALS,
    refusals.API_KEY_REVOKED,
    refusals.NO_SCOPES_FOUND,
)
_GATEWAY: Final = ("/ipfs/", "/ipns/", "/files/", "/x402/")  # where content is read
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_SUBDOMAIN: Final = re.compile(r"([a-z0-9]+)\.ipfs\.localhost(?::\d+)?\Z")  # a root with an origin of its own
_LOOPBACK_ORIGIN: Final = r"https?://([a-z0-9-]+\.)*(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


class _Endpoint(NamedTuple):
    """A route: what the key must allow (``None``: any key; ``"open"``: none is needed), and its body."""

    methods: tuple[str, ...]
    path: str
    handler: Handler
    scope: str | None
    takes_json: bool = False
    takes_link: bool = False  # a presigned URL takes the key's place


ENDPOINTS: Final = (
    _Endpoint(("GET",), "/data/testAuthentication", account.test, None),
    _Endpoint(("GET",), "/data/userPinnedDataTotal", account.usage, "data.userPinnedDataTotal"),
    _Endpoint(("GET",), "/data/pinList", pins.list_pins, "data.pinList"),
    _Endpoint(("POST",), "/pinning/pinFileToIPFS", uploads.pin_file, "pinning.pinFileToIPFS"),
    _Endpoint(
        ("POST",), "/pinning/pinJSONToIPFS", uploads.pin_json, "pinning.pinJSONToIPFS", takes_json=True
    ),
    _Endpoint(("POST",), "/pinning/pinByHash", pins.pin_by_hash, "pinning.pinByHash", takes_json=True),
    _Endpoint(("GET",), "/pinning/pinJobs", pins.list_jobs, "pinning.pinJobs"),
    _Endpoint(("PUT",), "/pinning/hashMetadata", pins.hash_metadata, "pinning.hashMetadata", takes_json=True),
    _Endpoint(("DELETE",), "/pinning/unpin/{cid}", pins.unpin, "pinning.unpin"),
    _Endpoint(("POST",), "/users/generateApiKey", keys.create_older, "admin", takes_json=True),
    _Endpoint(("GET",), "/users/apiKeys", keys.list_older, "admin"),
    _Endpoint(("PUT",), "/users/revokeApiKey", keys.revoke_older, "admin", takes_json=True),
    _Endpoint(("POST",), "/groups", groups.create_older, "org:groups:write", takes_json=True),
    _Endpoint(("GET",), "/groups", groups.list_older, "org:groups:read"),
    _Endpoint(("GET",), "/groups/{id}", groups.get_older, "org:groups:read"),
    _Endpoint(("PUT",), "/groups/{id}", groups.update_older, "org:groups:write", takes_json=True),
    _Endpoint(("DELETE",), "/groups/{id}", groups.delete_older, "org:groups:write"),
    _Endpoint(("PUT",), "/groups/{id}/cids", groups.add_cids, "org:groups:write", takes_json=True),
    _Endpoint(("DELETE",), "/groups/{id}/cids", groups.remove_cids, "org:groups:write", takes_json=True),
    _Endpoint(("POST",), pins.QUEUE, pins.pin_by_cid, "org:files:write", takes_json=True),
    _Endpoint(("GET",), pins.QUEUE, pins.list_queue, "org:files:read"),
    _Endpoint(("DELETE",), f"{pins.QUEUE}/{{id}}", pins.cancel, "org:files:write"),
    _Endpoint(("GET",), "/v3/files/limits", account.limits, "org:files:read"),
    _Endpoint(("POST",), "/v3/files", tus.upload, "org:files:write"),
    _Endpoint(("OPTIONS",), "/v3/files", tus.options, "open"),
    _Endpoint(("POST",), "/v3/files/sign", presigned.sign, "org:files:write", takes_json=True),
    _Endpoint(("POST",), "/v3/files/{id:uuid}", tus.upload, "org:files:write", takes_link=True),
    _Endpoint(("HEAD",), "/v3/files/{id:uuid}/upload", tus.head, "org:files:write", takes_link=True),
    _Endpoint(("PATCH",), "/v3/files/{id:uuid}/upload", tus.patch, "org:files:write", takes_link=True),
    _Endpoint(("DELETE",), "/v3/files/{id:uuid}/upload", tus.terminate, "org:files:write", takes_link=True),
    _Endpoint(("OPTIONS",), "/v3/files/{id:uuid}", tus.options, "open"),
    _Endpoint(("OPTIONS",), "/v3/files/{id:uuid}/upload", tus.options, "open"),
    _Endpoint(("GET",), "/v3/files/{network}", files.list_files, "org:files:read"),
    _Endpoint(("GET",), "/v3/files/{network}/{id}", files.get, "org:files:read"),
    _Endpoint(("PUT",), "/v3/files/{network}/{id}", files.update, "org:files:write", takes_json=True),
    _Endpoint(("DELETE",), "/v3/files/{network}/{id}", files.delete, "org:files:write"),
    _Endpoint(("POST",), "/v3/groups/{network}", groups.create, "org:groups:write", takes_json=True),
    _Endpoint(("GET",), "/v3/groups/{network}", groups.list_groups, "org:groups:read"),
    _Endpoint(("GET",), "/v3/groups/{network}/{id}", groups.get, "org:groups:read"),
    _Endpoint(("PUT",), "/v3/groups/{network}/{id}", groups.update, "org:groups:write", takes_json=True),
    _Endpoint(("DELETE",), "/v3/groups/{network}/{id}", groups.delete, "org:groups:write"),
    _Endpoint(("PUT",), "/v3/groups/{network}/{id}/ids/{file_id}", groups.add_file, "org:groups:write"),
    _Endpoint(("DELETE",), "/v3/groups/{network}/{id}/ids/{file_id}", groups.remove_file, "org:groups:write"),
    _Endpoint(("POST",), "/v3/api_keys", keys.create, "org:write", takes_json=True),
    _Endpoint(("GET",), "/v3/api_keys", keys.list_keys, "org:write"),
    _Endpoint(("DELETE",), "/v3/api_keys/{key}", keys.revoke, "org:write"),
    _Endpoint(("POST",), "/v3/pinata/keys", keys.create, "org:write", takes_json=True),
    _Endpoint(("GET",), "/v3/pinata/keys", keys.list_keys, "org:write"),
    _Endpoint(("PUT",), "/v3/pinata/keys/{key}", keys.revoke, "org:write"),
    _Endpoint(
        ("POST",), "/v3/files/{network}/signature/{cid}", signatures.add, "org:files:write", takes_json=True
    ),
    _Endpoint(("GET",), "/v3/files/{network}/signature/{cid}", signatures.get, "org:files:read"),
    _Endpoint(("DELETE",), "/v3/files/{network}/signature/{cid}", signatures.delete, "org:files:write"),
    _Endpoint(("PUT",), "/v3/files/{network}/swap/{cid}", swaps.add, "org:files:write", takes_json=True),
    _Endpoint(("GET",), "/v3/files/{network}/swap/{cid}", swaps.history, "org:files:read"),
    _Endpoint(("DELETE",), "/v3/files/{network}/swap/{cid}", swaps.delete, "org:files:write"),
    _Endpoint(("PUT",), "/v3/ipfs/swap/{cid}", swaps.add, "org:files:write", takes_json=True),
    _Endpoint(("GET",), "/v3/ipfs/swap/{cid}", swaps.history, "org:files:read"),
    _Endpoint(("DELETE",), "/v3/ipfs/swap/{cid}", swaps.delete, "org:files:write"),
    *(
        _Endpoint(("POST",), path, links.download_link, "org:files:write", takes_json=True)
        for path in ("/v3/files/private/download_link", "/v3/files/download_link")
    ),
    *(
        _Endpoint(("GET",), path, gateways.list_gateways, "org:gateways:read")
        for path in ("/v3/gateways", "/v3/ipfs/gateways")
    ),
    _Endpoint(("POST",), "/v3/gateways", gateways.create, "org:gateways:write", takes_json=True),
    _Endpoint(("GET",), "/v3/gateways/exists/{domain}", gateways.exists, "org:gateways:read"),
    _Endpoint(("GET",), "/v3/gateways/plugins/marketplace", plugins.list_plugins, "org:gateways:read"),
    _Endpoint(("GET",), "/v3/gateways/plugins/marketplace/{id}", plugins.get, "org:gateways:read"),
    *(
        _Endpoint(("GET",), path, plugins.installed, "org:gateways:read")
        for path in (
            "/v3/gateways/plugins",
            "/v3/gateways/plugins/{gateway_id}",
            "/v3/ipfs/gateway_plugins/{gateway_id}",
        )
    ),
    _Endpoint(
        ("POST",), "/v3/gateways/plugins/{gateway_id}", plugins.install, "org:gateways:write", takes_json=True
    ),
    _Endpoint(
        ("DELETE",),
        "/v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}",
        plugins.uninstall,
        "org:gateways:write",
    ),
    _Endpoint(("GET",), "/v3/gateways/{id}", gateways.get, "org:gateways:read"),
    _Endpoint(("DELETE",), "/v3/gateways/{id}", gateways.delete, "org:gateways:write"),
    _Endpoint(
        ("POST",),
        "/v3/gateways/{id}/custom_domain",
        gateways.add_domain,
        "org:gateways:write",
        takes_json=True,
    ),
    _Endpoint(("GET",), "/v3/gateways/{id}/custom_domain/{rule}", gateways.get_domain, "org:gateways:read"),
    _Endpoint(("POST",), "/v3/gateways/{id}/access_tokens", gateways.create_token, "org:gateways:write"),
    _Endpoint(("POST",), "/v3/gateways/{id}/ips", gateways.allow_ip, "org:gateways:write", takes_json=True),
    _Endpoint(
        ("POST",), "/v3/gateways/{id}/hosts", gateways.allow_host, "org:gateways:write", takes_json=True
    ),
    _Endpoint(
        ("DELETE",),
        "/v3/gateways/{id}/custom_domain/{rule}",
        gateways.remove("domain"),
        "org:gateways:write",
    ),
    _Endpoint(
        ("DELETE",), "/v3/gateways/{id}/access_tokens/{rule}", gateways.remove("token"), "org:gateways:write"
    ),
    _Endpoint(("DELETE",), "/v3/gateways/{id}/ips/{rule}", gateways.remove("ip"), "org:gateways:write"),
    _Endpoint(("DELETE",), "/v3/gateways/{id}/hosts/{rule}", gateways.remove("host"), "org:gateways:write"),
    *(
        _Endpoint(("GET",), path, analytics.top, "org:analytics:read")
        for path in ("/v3/analytics/gateways/top", "/v3/ipfs/gateway_analytics_top")
    ),
    *(
        _Endpoint(("GET",), path, analytics.time_series, "org:analytics:read")
        for path in ("/v3/analytics/gateways/time_series", "/v3/ipfs/gateway_analytics_time_series")
    ),
    _Endpoint(("POST",), "/v3/vectorize/files/{file_id}", vectors.vectorize, "org:files:write"),
    _Endpoint(("DELETE",), "/v3/vectorize/files/{file_id}", vectors.delete, "org:files:write"),
    _Endpoint(
        ("POST",), "/v3/vectorize/groups/{group_id}/query", vectors.query, "org:files:read", takes_json=True
    ),
    _Endpoint(("GET",), "/v3/x402/payment_instructions", payments.list_instructions, "org:files:read"),
    _Endpoint(
        ("POST",), "/v3/x402/payment_instructions", payments.create, "org:files:write", takes_json=True
    ),
    _Endpoint(("GET",), "/v3/x402/payment_instructions/{id}", payments.get, "org:files:read"),
    _Endpoint(
        ("PATCH",), "/v3/x402/payment_instructions/{id}", payments.update, "org:files:write", takes_json=True
    ),
    _Endpoint(("DELETE",), "/v3/x402/payment_instructions/{id}", payments.delete, "org:files:write"),
    _Endpoint(("GET",), "/v3/x402/payment_instructions/{id}/cids", payments.list_cids, "org:files:read"),
    _Endpoint(("PUT",), "/v3/x402/payment_instructions/{id}/cids/{cid}", payments.add_cid, "org:files:write"),
    _Endpoint(
        ("DELETE",), "/v3/x402/payment_instructions/{id}/cids/{cid}", payments.remove_cid, "org:files:write"
    ),
    _Endpoint(("GET",), "/x402/cid/{cid}", payments.demand, "open"),
    _Endpoint(("GET",), "/psa/pins", psa.list_pins, "data.pinList"),
    _Endpoint(("POST",), "/psa/pins", psa.add, "pinning.pinByHash", takes_json=True),
    _Endpoint(("GET",), "/psa/pins/{id}", psa.get, "data.pinList"),
    _Endpoint(("POST",), "/psa/pins/{id}", psa.replace, "pinning.pinByHash", takes_json=True),
    _Endpoint(("DELETE",), "/psa/pins/{id}", psa.delete, "pinning.unpin"),
    _Endpoint(("GET", "HEAD"), "/ipfs/{cid}", gateway.get, "open"),
    _Endpoint(("GET", "HEAD"), "/ipfs/{cid}/{path:names}", gateway.get, "open"),
    _Endpoint(("GET", "HEAD"), "/files/{cid}", gateway.get_private, "open"),
    _Endpoint(("GET", "HEAD"), "/files/{cid}/{path:names}", gateway.get_private, "open"),
)

IPFS: Final = (  # of the gateways of IPFS, beside what Pinata tells of its own
    *(
        _Endpoint(("GET", "HEAD"), path, gateway.get_name, "open")
        for path in ("/ipns/{name}", "/ipns/{name}/{path:names}")
    ),
    *(_Endpoint(("GET", "HEAD"), path, gateway.route_uri, "open") for path in ("/ipfs/", "/ipns/")),
)

OPERATION: Final = (  # not Pinata's: for who runs it
    _Endpoint(("GET",), "/-/ready", metrics.ready, "open"),
    _Endpoint(("GET",), "/-/metrics", metrics.metrics, "org:analytics:read"),
)


def create_app(
    store: Store,
    *,
    hosts: Collection[str] | None = _LOOPBACK,
    rate: Rate | None = None,
    fetching: Fetching | None = None,
    origins: Collection[str] = (),
) -> ASGIApp:
    """The local Pinata over a store, as an ASGI application.

    `hosts` are the names by which it may be called, without port; `None` allows any. A
    browser's page may call the API only from this machine (its ``Origin``), or from one of
    `origins`. `rate` is how often each key may call, else there is no limit. What is queued is
    fetched, as `fetching` says, between the start and the end of the application's lifespan.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with working(store, fetching or Fetching()):
            yield

    def route(endpoint: _Endpoint) -> Route:
        async def answer(request: Request) -> Response:
            request.scope["route_path"] = endpoint.path
            body = await read_json(request) if endpoint.takes_json else None
            store.files.expire()
            if endpoint.takes_link and presigned.SIGNATURE in request.query_params:
                return await endpoint.handler(
                    Asked(request, store, None, allowed=presigned.read(request, store))
                )
            key = None
            if endpoint.scope != "open":
                key = await authorize(store.keys, request.headers, endpoint.scope)
                request.scope["key_id"] = key.id
            return await endpoint.handler(Asked(request, store, key, body))

        return Route(endpoint.path, answer, methods=list(endpoint.methods))

    counted = metrics.Metrics()
    starlette = Starlette(
        routes=[route(endpoint) for endpoint in (*ENDPOINTS, *IPFS, *OPERATION)],
        lifespan=lifespan,
        exception_handlers={
            Refusal: _refused,
            NoSuchGroup: _no_group,
            HTTPException: _no_route,
            OSError: _disk,
            ClientDisconnect: _gone,
            Exception: _failed,
        },
        middleware=[
            Middleware(
                _Cors,
                allow_origins=[*origins],
                allow_origin_regex=_LOOPBACK_ORIGIN,
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["*"],
                expose_headers=tus.HEADERS,
                allow_credentials=True,
            )
        ],
    )
    starlette.state.metrics = counted
    app: ASGIApp = Limits(starlette, rate) if rate else starlette
    names = None if hosts is None else {host.lower() for host in hosts} | set(_LOOPBACK)
    return _Door(app, store, counted, names, origins)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if request.url.path.startswith(_GATEWAY):
        response: Response = PlainTextResponse(error.details, error.status, gateway.CORS)
        if error.status == 416:
            response.headers["content-range"] = error.reason
        return response
    if request.url.path.startswith("/psa/"):
        return json(older_envelope(error.reason, error.details), psa.status_of(error))
    if request.url.path.startswith("/v3/") and error.reason not in _OF_KEYS:
        return json(v3_envelope(error.status, error.details, request.scope["request_id"]), error.status)
    return json(older_envelope(error.reason, error.details), error.status)


async def _no_group(request: Request, error: Exception) -> Response:
    """A group that is not there, whatever it was named for."""
    details = "Your account does not currently have any record associated with this ID"
    if request.url.path.startswith("/v3/"):
        details = str(error)
    return await _refused(request, Refusal(404, refusals.OBJECT_NOT_FOUND, details))


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = f"{request.method} {request.url.path} is not served here."
    return await _refused(request, Refusal(error.status_code, NOT_FOUND, details))


async def _disk(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    _log.error("%s %s failed: %s", request.method, request.url.path, error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        details = f"The disk of the local Pinata is full ({error.strerror}); nothing of the upload was kept."
        return await _refused(request, Refusal(507, "INSUFFICIENT_STORAGE", details))
    return await _refused(
        request, Refusal(500, "INTERNAL_SERVER_ERROR", f"The store failed: {error.strerror}")
    )


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return await _refused(
        request, Refusal(500, "INTERNAL_SERVER_ERROR", "The local Pinata failed; see its log.")
    )


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it


class _Cors(CORSMiddleware):
    """Which pages may call the API; the gateway says itself that it may be read from any."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_GATEWAY):
            await super().__call__(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await Response(None, 204, gateway.CORS)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class _Door:
    """What every request passes: whose name it calls, one spelling of its path, an id, a log line."""

    def __init__(
        self,
        app: ASGIApp,
        store: Store,
        counted: metrics.Metrics,
        hosts: set[str] | None,
        origins: Collection[str],
    ) -> None:
        self._app = app
        self._store = store
        self._counted = counted
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        scope["request_id"] = uuid.uuid4().hex
        exchange = Exchange(scope, receive, send, partial(self._count, request))
        if found := _SUBDOMAIN.match(request.headers.get("host", "").lower()):
            scope["root_of_host"] = f"/ipfs/{found[1]}"
            scope["path"] = f"{scope['root_of_host']}{scope['path']}"
        scope["path"] = _one_spelling(scope["path"])
        refusal = self._refuse(request)
        self._counted.running += 1
        try:
            if refusal:
                await json(older_envelope("FORBIDDEN", refusal), 403)(scope, exchange.receive, exchange.send)
            else:
                await self._app(scope, exchange.receive, exchange.send)
        finally:
            self._counted.running -= 1
            exchange.end()

    def _count(self, request: Request, exchange: Exchange) -> None:
        scope = request.scope
        if exchange.status and scope["path"].startswith(_GATEWAY):
            analytics.count(self._store, request, exchange.status, exchange.sent)
        self._counted.count(scope["method"], scope.get("route_path", ""), exchange)

    def _refuse(self, request: Request) -> str | None:
        """Why not even to look: a name that is not ours (DNS rebinding), a page from elsewhere."""
        host = host_of(request)
        if self._store.gateways.at(host):
            return self._refuse_beside_content(request)
        if self._hosts is not None and host not in self._hosts and not host.endswith(".localhost"):
            return f"This local Pinata is not called {host!r}."
        origin = request.headers.get("origin")
        if origin and origin not in self._origins and not request.scope["path"].startswith(_GATEWAY):
            try:
                named = urlsplit(origin).hostname or ""
            except ValueError:
                named = ""
            allowed = _LOOPBACK if self._hosts is None else self._hosts
            if named not in allowed and f"[{named}]" not in allowed and not named.endswith(".localhost"):
                return f"Pages from {origin!r} may not call this local Pinata."
        return None

    @staticmethod
    def _refuse_beside_content(request: Request) -> str | None:
        """Why not even to look, at the host of a gateway: it serves content, and is not the API."""
        if request.scope["path"].startswith(_GATEWAY):
            return None
        return f"{host_of(request)} is a gateway, which serves content alone."


def _one_spelling(path: str) -> str:
    """The path as the routes know it: old clients double slashes and end with one."""
    if path.startswith(_GATEWAY):
        return path
    if "//" in path:
        path = re.sub("//+", "/", path)
    path = path.rstrip("/") or "/"
    # One address for everything: the official SDK then asks for /v3/data/testAuthentication too.
    return path.removeprefix("/v3") if path.startswith("/v3/data/") else path

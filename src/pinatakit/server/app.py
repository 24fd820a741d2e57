"""The app: what every request passes, from the door to its endpoint, and how errors are worded."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from pinatakit.protocol import refusals
from pinatakit.protocol.limits import Rate
from pinatakit.protocol.refusals import older_envelope, v3_envelope
from pinatakit.server import analytics, gateway, metrics, presigned, psa, tus
from pinatakit.server.access import Exchange, log
from pinatakit.server.auth import authorize
from pinatakit.server.connection import in_task
from pinatakit.server.endpoints import CONTENT, ENDPOINTS, IPFS, OPERATION
from pinatakit.server.limits import Limits
from pinatakit.server.refusal import NOT_FOUND, Refusal
from pinatakit.server.request import Asked, json, name_of, read_json
from pinatakit.server.routes import Routes
from pinatakit.server.store import Store
from pinatakit.server.store.groups import NoSuchGroup
from pinatakit.server.worker import Fetching, working

_log = logging.getLogger("pinatakit.server")

_OF_KEYS: Final = (  # refusals that are worded alike everywhere
    refusals.KEYS_MUST_BE_STRINGS,
    refusals.INVALID_CREDENTIALS,
    refusals.API_KEY_REVOKED,
    refusals.NO_SCOPES_FOUND,
)
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_SUBDOMAIN: Final = re.compile(r"([a-z0-9.-]+)\.(ip[fn]s)\.localhost\Z")  # content with an origin of its own
_LOOPBACK_ORIGIN: Final = r"https?://([a-z0-9-]+\.)*(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_ROUTES: Final = Routes((*ENDPOINTS, *IPFS, *OPERATION))


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
    counted = metrics.Metrics()

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncGenerator[dict[str, Any]]:
        async with working(store, fetching or Fetching()):
            yield {"metrics": counted}

    names = None if hosts is None else {host.lower() for host in hosts} | set(_LOOPBACK)
    return _App(store, counted, Router(lifespan=lifespan), names, origins, Limits(rate) if rate else None)


class _App:
    """What every request passes, in one go: no layer is there for those that have nothing to do with it."""

    def __init__(
        self,
        store: Store,
        counted: metrics.Metrics,
        lifespan: ASGIApp,
        hosts: Collection[str] | None,
        origins: Collection[str],
        limits: Limits | None,
    ) -> None:
        self._store = store
        self._counted = counted
        self._lifespan = lifespan
        self._hosts = hosts
        self._origins = origins
        self._limits = limits
        self._pages: dict[str, Any] = {
            "allow_origins": [*origins],
            "allow_origin_regex": _LOOPBACK_ORIGIN,
            "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            "allow_headers": ["*"],
            "expose_headers": tus.HEADERS,
            "allow_credentials": True,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._lifespan(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        request = Request(scope, exchange.receive, exchange.send)
        exchange.at_end(partial(self._end, request, exchange))
        self._counted.running += 1
        try:
            refused = self._enter(request, exchange)
            answer: ASGIApp = refused or partial(self._answer, request, exchange)
            if scope["path"].startswith(CONTENT):  # which any page may read
                if refused is None and scope["method"] == "OPTIONS":
                    answer = Response(None, 204, gateway.CORS)
            elif exchange.header(b"origin") is None:
                exchange.told.append((b"vary", b"Origin"))
            elif refused is None:
                answer = CORSMiddleware(answer, **self._pages)
            await answer(scope, exchange.receive, exchange.send)
        finally:
            self._counted.running -= 1
            exchange.end()

    def _enter(self, request: Request, exchange: Exchange) -> Response | None:
        """Say where it leads, or why it comes no further."""
        scope, host = request.scope, name_of(exchange.header(b"host"))
        if found := _SUBDOMAIN.match(host):
            scope["root_of_host"] = root = f"/{found[2]}/{found[1]}"
            scope["path"] = f"{root}{scope['path']}"
        scope["path"] = _one_spelling(scope["path"])
        if refusal := self._refusal(host, exchange.header(b"origin"), scope["path"]):
            return json(older_envelope("FORBIDDEN", refusal), 403)
        return self._limits.count(request, exchange) if self._limits else None

    def _refusal(self, host: str, origin: str | None, path: str) -> str | None:
        """Why not even to look: a name that is not ours (DNS rebinding), a page from elsewhere."""
        of_gateway = path.startswith(CONTENT)
        if self._store.gateways.at(host):
            return None if of_gateway else f"{host} is a gateway, which serves content alone."
        if self._hosts is not None and host not in self._hosts and not host.endswith(".localhost"):
            return f"This local Pinata is not called {host!r}."
        if origin and origin not in self._origins and not of_gateway:
            try:
                named = urlsplit(origin).hostname or ""
            except ValueError:
                named = ""
            allowed = _LOOPBACK if self._hosts is None else self._hosts
            if named not in allowed and f"[{named}]" not in allowed and not named.endswith(".localhost"):
                return f"Pages from {origin!r} may not call this local Pinata."
        return None

    async def _answer(
        self, request: Request, exchange: Exchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer as the endpoint does, or say why not."""
        try:
            response = await self._ask(request, exchange)
            await response(scope, receive, send)
        except Exception as error:
            if not exchange.take_back():
                raise  # nothing but the end of the connection tells that the answer is not whole
            answer = _told(request, exchange, error)
            error.__traceback__ = None  # its frames hold futures of threads and writes, and these the error
            await answer(scope, receive, send)

    async def _ask(self, request: Request, exchange: Exchange) -> Response:
        """Ask the endpoint, once all is there that it may want: the body, and who it is that asks."""
        scope, store = request.scope, self._store
        found = _ROUTES.find(scope["method"], scope["path"])
        if found is None:
            return _nowhere(request, exchange)
        endpoint, scope["path_params"] = found
        exchange.route = endpoint.path
        body = None
        if takes := endpoint.takes_json:
            await in_task()
            body = await read_json(request, Any if takes is True else takes)
        store.files.expire()
        if endpoint.takes_link and presigned.SIGNATURE in request.query_params:
            return await _answered(
                endpoint.handler(Asked(request, store, None, allowed=presigned.read(request, store)))
            )
        key = None
        if endpoint.scope != "open":
            pair = not endpoint.path.startswith("/v3/")
            key = await authorize(store.keys, exchange.header, endpoint.scope, pair=pair)
            exchange.key = key.id
        return await _answered(endpoint.handler(Asked(request, store, key, body)))

    def _end(self, request: Request, exchange: Exchange) -> None:
        if exchange.status and request.scope["path"].startswith(CONTENT):
            analytics.count(self._store, request, exchange.status, exchange.sent)
        self._counted.count(request.scope["method"], exchange.route, exchange)
        log(request, exchange)


async def _answered(answer: Response | Awaitable[Response]) -> Response:
    if isinstance(answer, Response):
        return answer
    await in_task()
    return await answer


def _told(request: Request, exchange: Exchange, error: Exception) -> Response:
    """An error as an answer."""
    method, path = request.scope["method"], request.scope["path"]
    match error:
        case Refusal():
            return _refused(request, exchange, error)
        case ClientDisconnect():
            return Response(status_code=400)  # nobody is there to read it
        case NoSuchGroup():  # whatever it was named for
            details = "Your account does not currently have any record associated with this ID"
            if path.startswith("/v3/"):
                details = str(error)
            return _refused(request, exchange, Refusal(404, refusals.OBJECT_NOT_FOUND, details))
        case OSError():
            _log.error("%s %s failed: %s", method, path, error)
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                details = f"The disk of the local Pinata is full ({error.strerror}); nothing of the upload was kept."
                return _refused(request, exchange, Refusal(507, "INSUFFICIENT_STORAGE", details))
            details = f"The store failed: {error.strerror}"
        case _:
            _log.error("%s %s failed", method, path, exc_info=error)
            details = "The local Pinata failed; see its log."
    return _refused(request, exchange, Refusal(500, "INTERNAL_SERVER_ERROR", details))


def _refused(request: Request, exchange: Exchange, refusal: Refusal) -> Response:
    """A refusal as the API words it that was asked."""
    path: str = request.scope["path"]
    if path.startswith(CONTENT):
        response: Response = PlainTextResponse(refusal.details, refusal.status, gateway.CORS)
        if refusal.status == 416:
            response.headers["content-range"] = refusal.reason
        return response
    if path.startswith("/psa/"):
        return json(older_envelope(refusal.reason, refusal.details), psa.status_of(refusal))
    if path.startswith("/v3/") and refusal.reason not in _OF_KEYS:
        response = json(v3_envelope(refusal.status, refusal.details, exchange.id), refusal.status)
    else:
        response = json(older_envelope(refusal.reason, refusal.details), refusal.status)
    response.headers.update(tus.told_with_refusals(request, refusal.status))
    return response


def _nowhere(request: Request, exchange: Exchange) -> Response:
    """No endpoint is there, or none for the method."""
    method, path = request.scope["method"], request.scope["path"]
    others = _ROUTES.methods(path)
    refusal = Refusal(405 if others else 404, NOT_FOUND, f"{method} {path} is not served here.")
    response = _refused(request, exchange, refusal)
    if others:
        response.headers["allow"] = ", ".join(others)
    return response


def _one_spelling(path: str) -> str:
    """The path as the routes know it: old clients double slashes and end with one."""
    if path.startswith(CONTENT):
        return path
    if "//" in path:
        path = re.sub("//+", "/", path)
    path = path.rstrip("/") or "/"
    # One address for everything: the official SDK then asks for /v3/data/testAuthentication too.
    return path.removeprefix("/v3") if path.startswith("/v3/data/") else path

"""Two ways to an answer: over the HTTP library, and past its upper half, straight to the pool of connections.

What a client asks of the account's own hosts needs no redirects, cookies or proxies, and to see to them
is a good part of what a small call costs. So where none of them can be, a call goes to httpcore2,
which httpx2 itself stands on: the same connections, timeouts, certificates and errors.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import urlencode, urlsplit

import httpcore2 as httpcore

if TYPE_CHECKING:
    import httpx2 as httpx

_UNESCAPED: Final = re.compile(r"[A-Za-z0-9/._~-]*")  # a path that stands in an address as it is
_PORTS: Final = {"http": 80, "https": 443}
CONNECTIONS: Final = 100
KEPT: Final = 30.0  # seconds that a connection may be idle


class Reply(NamedTuple):
    """An answer, as far as its headers, whose names are lower case, and how the rest of it comes.

    `pieces` and `close` are those of its wire: plain ones, or awaited. Between two bytes may be `silence`
    seconds.
    """

    status: int
    headers: Mapping[str, str]
    url: str
    pieces: Callable[[], Any]
    close: Callable[[], Any]
    extensions: Mapping[str, Any]
    silence: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def plain(self) -> int:
        """Bytes of a body that comes over a connection of its own, as it is and of a known length; else 0."""
        length = self.headers.get("content-length", "")
        plain = (
            length.isdecimal()
            and self.extensions.get("http_version") == b"HTTP/1.1"
            and "network_stream" in self.extensions
            and "transfer-encoding" not in self.headers
            and self.headers.get("content-encoding", "identity") == "identity"
        )
        return int(length) if plain else 0


class Asked(NamedTuple):
    """A call as it is sent, but for its body; timeouts by the names of httpcore2."""

    method: str
    base: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    timeout: dict[str, float | None]

    @property
    def url(self) -> str:
        return self.base + self.path

    def short(self, body: Iterable[bytes] | AsyncIterable[bytes] | bytes | None) -> httpcore.Request | None:
        """The same for httpcore2; `None` where the path or the host has to be escaped first."""
        if not self.base.isascii():
            return None
        scheme, host, port, prefix, named = _place(self.base)
        path = prefix + self.path
        if not _UNESCAPED.fullmatch(path):
            return None
        headers = {"host": named, "accept": "*/*", "connection": "keep-alive", **self.headers}
        if "content-length" not in headers and (body is not None or self.method not in _WITHOUT_BODY):
            headers |= {"content-length": "0"} if body is None else {"transfer-encoding": "chunked"}
        target = path + (f"?{urlencode(self.query)}" if self.query else "")
        return httpcore.Request(
            self.method,
            httpcore.URL(scheme=scheme, host=host, port=port, target=target),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            content=body,
            extensions={"timeout": self.timeout},
        )

    def long(self) -> dict[str, Any]:
        """The same for `httpx2.Client.build_request`."""
        import httpx2 as httpx  # noqa: PLC0415  (the short way needs none)

        return {
            "method": self.method,
            "url": self.url,
            "params": self.query or None,
            "headers": self.headers,
            "timeout": httpx.Timeout(**self.timeout),
        }


_WITHOUT_BODY: Final = ("GET", "HEAD", "DELETE")


def of_short(
    asked: Asked, response: httpcore.Response, pieces: Callable[[], Any], close: Callable[[], Any]
) -> Reply:
    """The reply that httpcore2 gives."""
    headers: dict[str, str] = {}
    for raw, value in response.headers:
        name = raw.decode("ascii").lower()
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    silence = asked.timeout["read"] or 0.0
    extensions = cast("Mapping[str, Any]", response.extensions)  # pyright: ignore[reportUnknownMemberType]
    return Reply(response.status, headers, asked.url, pieces, close, extensions, silence)


def of_long(
    asked: Asked, response: httpx.Response, pieces: Callable[[], Any], close: Callable[[], Any]
) -> Reply:
    """The reply that httpx2 gives."""
    silence = asked.timeout["read"] or 0.0
    return Reply(
        response.status_code, response.headers, str(response.url), pieces, close, response.extensions, silence
    )


def is_coded(response: httpcore.Response) -> bool:
    """Whether the body must be decoded, although it was asked for as it is."""
    return any(
        name.lower() == b"content-encoding" and value.lower() != b"identity"
        for name, value in response.headers
    )


def decoded(response: httpcore.Response) -> httpx.Response:
    """The same with its body decoded as it comes."""
    import httpx2 as httpx  # noqa: PLC0415  (nearly none is)

    return httpx.Response(response.status, headers=response.headers, content=response.stream)


def is_proxied() -> bool:
    """Whether the environment, or the system, names a proxy."""
    if sys.platform in ("win32", "darwin"):
        from urllib.request import getproxies  # noqa: PLC0415  (takes long to load)

        return bool(getproxies())
    return any(
        value and name.lower().endswith("_proxy") and name.lower() != "no_proxy"
        for name, value in os.environ.items()
    )


def kinds(*names: str) -> tuple[type[Exception], ...]:
    """The errors of these names, of both libraries; of httpx2 where it is in use."""
    libraries = (httpcore, sys.modules.get("httpx2"))
    return tuple(getattr(one, name) for one in libraries for name in names if hasattr(one, name))


@cache
def _place(base: str) -> tuple[str, str, int | None, str, str]:
    """Scheme, host, port, path and the ``Host`` of an address."""
    parts = urlsplit(base)
    port = None if parts.port == _PORTS[parts.scheme] else parts.port
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    return parts.scheme, host, port, parts.path, f"{named}:{port}" if port else named

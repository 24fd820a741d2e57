"""The access log: a line for each request, and no secret in any.

The logger ``pinatakit.access`` tells each at INFO, as a line for people; a handler with `JsonLines`
writes it as an object for programs.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final
from urllib.parse import quote, unquote_plus

import msgspec
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from pinatakit.server.connection import JOINED, ZERO_COPY

_log = logging.getLogger("pinatakit.access")

_SECRET_NAMES: Final = re.compile(r"(?i)signature|token|secret|jwt|password|auth|api_?key")
_SECRETS: Final = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]*|\b[0-9a-f]{64}\b")
_ids: Final = count(int.from_bytes(os.urandom(15), "big"))
_JOINED: Final = 128 << 10  # bytes of an answer whose head waits for them
_LAST: Final = 16 << 10  # bytes of a file that are counted before they are sent
_PLAIN: Final = "/:@!$'()*+,;=~"  # stands in a path as it is


class Exchange:
    """What passes of a request and its answer.

    Attributes:
        id: by which the answer, a refusal and the log's line name it.
        asked: the path, as it came.
        route: the path as it is served, with ``{names}``; empty until it is found.
        key: the id of the key that asks, once that is known.
        told: headers which the answer has besides its own.
        status: of the answer; 0 until there is one.
        received, sent: bytes of their bodies.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.id = f"{next(_ids):032x}"
        self.asked: str = scope["path"]
        self.route = ""
        self.key: str | None = None
        self.told = [(b"x-request-id", self.id.encode())]
        self.status = self.received = self.sent = 0
        self._is_head = scope["method"] == "HEAD"  # to which no body goes
        self._length = -1  # bytes that the answer will have, where it says so
        self._joins = JOINED in scope.get("extensions", ())
        self._head: Message | None = None  # that waits for the first of its body
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self._receive = receive
        self._send = send
        self._begun = time.perf_counter()
        self._at_end: Callable[[], object] | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.perf_counter() - self._begun

    def header(self, name: bytes) -> str | None:
        """A header of the request, by its name in lower case; of one that stands twice, the first."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    def at_end(self, tell: Callable[[], object]) -> None:
        """Do this once, before the last of the answer goes, so that whoever has it finds it counted."""
        self._at_end = tell

    def take_back(self) -> bool:
        """Forget an answer of which nothing has gone yet, so that another can be given; whether that can be."""
        if self.status and self._head is None:
            return False
        self.status, self._length, self._head = 0, -1, None
        return True

    def end(self) -> None:
        """It is over."""
        tell, self._at_end = self._at_end, None
        if tell:
            tell()

    async def receive(self) -> Message:
        """The next of the request."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """The next of the answer."""
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            for name, value in message["headers"]:
                if name == b"content-length":
                    self._length = int(value)
            message["headers"] = [*message["headers"], *self.told]
            if self._joins and 0 <= self._length <= _JOINED:
                self._head = message
            else:
                await self._send(message)
            return
        head, self._head = self._head, None
        if kind == ZERO_COPY:
            if head:
                await self._send(head)
            await self._send_stretch(message)
            return
        size = 0 if self._is_head else len(message.get("body", b""))
        if head:
            message = {**message, **head}
        if message.get("more_body") and self.sent + size != self._length:
            await self._send(message)
            self._count(size)
        else:
            self._count(size)
            self.end()
            await self._send(message)

    async def _send_stretch(self, message: Message) -> None:
        """Bytes that are sent from a file: counted as they go, and only the last of all before."""
        at, count = message["offset"], message["count"]
        last = min(count, _LAST) if self.sent + count == self._length else 0
        if count > last:
            await self._send({**message, "count": count - last, "sent": self._count})
        if last and self.sent + last == self._length:  # else the connection was cut
            self._count(last)
            self.end()
            await self._send({**message, "offset": at + count - last, "count": last})

    def _count(self, size: int) -> None:
        self.sent += size


def log(request: Request, exchange: Exchange) -> None:
    """Write the line of a request that is over, if anybody listens."""
    if not _log.isEnabledFor(logging.INFO):
        return
    milliseconds = exchange.seconds * 1000
    path = _SECRETS.sub("***", quote(exchange.asked, safe=_PLAIN))
    told = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": exchange.id,
        "client": request.client.host if request.client else None,
        "key": exchange.key,
        "method": request.method,
        "host": _header(request, "host"),
        "path": path,
        "query": masked(request.scope["query_string"].decode("latin-1")),
        "status": exchange.status,
        "received": exchange.received,
        "sent": exchange.sent,
        "ms": round(milliseconds, 1),
        "agent": _header(request, "user-agent"),
    }
    line = (request.method, path, exchange.status, milliseconds, exchange.id)
    _log.info("%s %s %d %.1f ms %s", *line, extra={"exchange": told})


class JsonLines(logging.Formatter):
    """Each request as a JSON object on a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a request."""
        told: Any = getattr(record, "exchange", {"message": record.getMessage()})
        return msgspec.json.encode(told).decode()


def masked(query: str) -> str:
    """A query with stars for its secrets: signatures, tokens, keys, and what looks like one."""
    parts: list[str] = []
    for part in query.split("&"):
        name, sign, value = part.partition("=")
        secret = _SECRET_NAMES.search(unquote_plus(name)) or _SECRETS.search(unquote_plus(part))
        parts.append(
            f"{_SECRETS.sub('***', name)}{sign}***" if secret and value else _SECRETS.sub("***", part)
        )
    return "&".join(parts)


def _header(request: Request, name: str) -> str | None:
    value = request.headers.get(name)
    return None if value is None else _SECRETS.sub("***", value)

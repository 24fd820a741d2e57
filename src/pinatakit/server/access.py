"""The access log: a line for each request, and no secret in any.

The logger ``pinatakit.access`` tells each at INFO, as a line for people; a handler with `JsonLines`
writes it as an object for programs.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import quote, unquote_plus

import msgspec
from starlette.types import Message, Receive, Scope, Send

_log = logging.getLogger("pinatakit.access")

_SECRET_NAMES: Final = re.compile(r"(?i)signature|token|secret|jwt|password|auth|api_?key")
_SECRETS: Final = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]*|\b[0-9a-f]{64}\b")
_PLAIN: Final = "/:@!$'()*+,;=~"  # stands in a path as it is

_Headers: TypeAlias = dict[bytes, bytes]


class Exchange:
    """A request and its answer, while they pass.

    Attributes:
        status: of the answer; 0 until there is one.
        received, sent: bytes of their bodies.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, count: Callable[[Exchange], None]) -> None:
        self.status = self.received = self.sent = 0
        self._length: int | None = None
        self._count: Callable[[Exchange], None] | None = count
        self._scope = scope
        self._receive = receive
        self._send = send
        self._begun = time.perf_counter()
        self._asked = quote(scope["path"], safe=_PLAIN)  # before a route changes it

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.perf_counter() - self._begun

    async def receive(self) -> Message:
        """The next of the request."""
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """The next of the answer, which gets the request's id."""
        self.sent += message.get("count") or len(message.get("body", b""))
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._length = next(
                (int(value) for name, value in message["headers"] if name == b"content-length"), None
            )
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", self._scope["request_id"].encode()),
            ]
        elif not message.get("more_body") or self.sent == self._length:
            self.end()
        await self._send(message)

    def end(self) -> None:
        """Count and tell it, once: before the last of the answer goes, so that whoever has it finds it counted."""
        count, self._count = self._count, None
        if count:
            count(self)
            self._log()

    def _log(self) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        method, id, milliseconds = self._scope["method"], self._scope["request_id"], self.seconds * 1000
        path = _SECRETS.sub("***", self._asked)
        headers: _Headers = dict(self._scope["headers"])
        client = self._scope.get("client")
        told = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "id": id,
            "client": client[0] if client else None,
            "key": self._scope.get("key_id"),
            "method": method,
            "host": _text(headers, b"host"),
            "path": path,
            "query": masked(self._scope["query_string"].decode("latin-1")),
            "status": self.status,
            "received": self.received,
            "sent": self.sent,
            "ms": round(milliseconds, 1),
            "agent": _text(headers, b"user-agent"),
        }
        line = (method, path, self.status, milliseconds, id)
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


def _text(headers: _Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else _SECRETS.sub("***", value.decode("latin-1"))

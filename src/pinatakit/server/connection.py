"""Connections: how large a request's head may be, and how long a client may keep the server waiting.

uvicorn bounds neither. A client that sends its head slowly, falls silent within a body, or does not take
an answer holds a connection and memory for as long as it likes; here it loses the connection. Who is
slow but moves does not: time that the server needs itself is not counted.

A body is taken in pieces of 1 MiB that nobody copies. Where its length is known, the parser of HTTP has
nothing to find in it; the kernel gathers the pieces and wakes the server for each.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, cast

from httptools import HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

ZERO_COPY: Final = "http.response.zerocopysend"
"""The extension of ASGI by which an answer is sent from a file, without being read by this program.

What is `sent` of it, where the message has that, is told as it goes: a function that takes bytes.
"""

MAX_HEAD: Final = 64 << 10  # bytes; a metadata query of Pinata's has a few thousand
MAX_HEADERS: Final = 200

_PIECE: Final = 1 << 20  # bytes of a body taken at once
_READ: Final = 1 << 18  # bytes of anything else
_SENT: Final = 1 << 17  # bytes of a file that are read, where the kernel cannot take more of it now
_SOON: Final = 0.25  # seconds after which what has come of a piece is taken


class _TooLarge(Exception):
    """A head with more bytes or lines than are taken."""


class _Gathered:
    """What of a transport an answer needs; all that is written goes at once."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._pieces: list[bytes] = []
        self.write = self._pieces.append

    def flush(self) -> None:
        if self._pieces:
            self._transport.write(b"".join(self._pieces))
            self._pieces.clear()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class _Cycle(RequestResponseCycle):
    """A request and its answer, which may come from files."""

    _start: Any = None  # the head of the answer, where it is small, until its body is there

    async def send(self, message: Any) -> None:
        """The next of the answer; a small one goes with its head, in one write.

        Raises:
            OSError: the file is shorter than it should be.
        """
        if self.transport.is_closing():  # it will be told so only when the loop is at it again
            return
        if message["type"] == "http.response.start" and _is_small(message["headers"]):
            self._start = message
            return
        start, self._start = self._start, None
        if start and message["type"] != ZERO_COPY:
            await self._send_at_once(start, message)
            return
        if start:
            await super().send(start)
        if message["type"] != ZERO_COPY:
            await super().send(message)
            return
        file, at, left = message["file"].fileno(), message["offset"], message["count"]
        if self.chunked_encoding:
            self.transport.write(b"%x\r\n" % left)
        else:
            self.expected_content_length -= left
        self.transport.set_write_buffer_limits(0)  # what waits goes out before what follows
        count: Callable[[int], None] = message.get("sent", int)
        while left:
            await self.flow.drain()
            if self.disconnected or self.transport.is_closing():
                return
            try:
                sent = self._send_file(file, at, left)
            except ConnectionError:
                self.transport.abort()
                return
            count(sent)
            at, left = at + sent, left - sent
            await asyncio.sleep(0)  # one who reads fast does not keep all others waiting
        self.transport.set_write_buffer_limits()
        if self.chunked_encoding:
            self.transport.write(b"\r\n")

    async def _send_at_once(self, *messages: Any) -> None:
        transport = self.transport
        gathered = _Gathered(transport)
        self.transport = cast("asyncio.Transport", gathered)
        try:
            for message in messages:
                await super().send(message)
        finally:
            self.transport = transport
            gathered.flush()

    def _send_file(self, file: int, at: int, size: int) -> int:
        """Send bytes of a file, as many as the kernel takes, or some that wait until it does; how many."""
        connection: socket.socket = self.transport.get_extra_info("socket")
        try:
            sent = os.sendfile(connection.fileno(), file, at, size)
        except BlockingIOError:
            waiting = os.pread(file, min(size, _SENT), at)
            self.transport.write(waiting)
            sent = len(waiting)
        if not sent:
            raise OSError(f"the store is damaged: {size} bytes at {at} are missing")
        return sent


def _is_small(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-length" and int(value) < _SENT for name, value in headers)


class Connection(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, within bounds.

    Attributes:
        head: seconds in which a request's head must have come.
        silence: seconds in which a body must move on, by at least `least` bytes, or an answer be taken.
    """

    head: ClassVar[float] = 30.0
    silence: ClassVar[float] = 60.0
    least: ClassVar[int] = 1024

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected, and is to say what for."""
        super().connection_made(transport)
        self._in_head = True
        self._came = 0  # bytes since the clock was set
        self._set = self.loop.time()
        self._too_large = False
        self._left = 0  # bytes of a body that are still to come, where its length was told
        self._gathers = 1
        plain = sys.platform == "linux" and not transport.get_extra_info("sslcontext")
        self._socket: socket.socket | None = transport.get_extra_info("socket") if plain else None
        self._watching: asyncio.TimerHandle | None = None
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._socket = None
        if self._watching:
            self._watching.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request have come."""
        self._came += len(data)
        if self._left:
            self._take(data)
        else:
            super().data_received(data)
        self._gather(max(1, min(self._left, _PIECE)))
        if self._in_head and self._came > MAX_HEAD and not self.transport.is_closing():
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head = True
        self._reset()

    def on_headers_complete(self) -> None:
        """A head is whole."""
        size, left = len(self.url), 0
        for name, value in self.headers:
            size += len(name) + len(value)
            if name == b"content-length":
                left = int(value)
        if len(self.headers) > MAX_HEADERS or size > MAX_HEAD:
            self._too_large = True
            raise _TooLarge  # which the parser makes an error of its own
        self._in_head = False
        self._reset()
        super().on_headers_complete()
        self.cycle.__class__ = _Cycle
        if self._socket:
            cast("Any", self.scope)["extensions"] = {ZERO_COPY: {}}
        self._left = left

    def on_body(self, body: bytes) -> None:
        """Bytes of a body have come."""
        self._left = max(0, self._left - len(body))
        if not self.cycle.body:  # they are handed on as they are, which uvicorn copies twice
            self.cycle.body, body = cast("bytearray", body), b""
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._left = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer has gone; the next head has its own time, from its first byte."""
        super().on_response_complete()
        self._reset()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or too much of it."""
        if not self._too_large:
            super().send_400_response(msg)
            return
        about = b"content-length: 0\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[431] + about)
        self.transport.close()

    def pause_writing(self) -> None:
        """The client does not take what it is sent as fast as that comes."""
        super().pause_writing()
        self._reset()

    def _take(self, data: bytes) -> None:
        """Take bytes of a body past the parser, which is left behind, waiting for them."""
        self._unset_keepalive_if_required()
        piece, rest = data[: self._left], data[self._left :]
        self.on_body(piece)
        if not self._left:
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
            self.on_message_complete()
            if rest:
                super().data_received(rest)

    def _gather(self, size: int) -> None:
        """Be woken when so many bytes have come, or no more will, or some time has passed."""
        if self._socket and size != self._gathers:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
            cast("Any", self.transport).max_size = max(_READ, size)  # what asyncio reads at once
            if self._gathers == 1:
                self.loop.call_later(_SOON, self._gather, 1)
            self._gathers = size

    def _reset(self) -> None:
        self._set, self._came = self.loop.time(), 0

    def _watch(self) -> None:
        """See whether the client still does its part, and look again later."""
        if not self._is_waited_for():
            self._reset()
        elif self.loop.time() - self._set >= (self.head if self._in_head else self.silence):
            if self._in_head or self.flow.write_paused or self._came < self.least:
                self.transport.abort()
                return
            self._reset()
        self._watching = self.loop.call_later(min(self.head, self.silence) / 4, self._watch)

    def _is_waited_for(self) -> bool:
        """Whether the server can do nothing until the client does something."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        if cycle is None or self.flow.write_paused:
            return True
        if cycle.response_complete:
            # Between requests keep-alive has a clock of its own; a body may still come that was refused.
            return self._in_head or self._left > 0
        return cycle.more_body and not cycle.waiting_for_100_continue and not self.flow.read_paused

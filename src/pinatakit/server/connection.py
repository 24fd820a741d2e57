"""Connections: how large a request's head may be, and how long a client may keep the server waiting.

uvicorn bounds neither. A client that sends its head slowly, falls silent within a body, or does not take
an answer holds a connection and memory for as long as it likes; here it loses the connection. Who is
slow but moves does not: time that the server needs itself is not counted.

A body is taken in pieces of 1 MiB that nobody copies. Where its length is known, the parser of HTTP has
nothing to find in it; the kernel gathers the pieces and wakes the server for each.

What needs no wait, most questions after one record, is answered as soon as its head is read, without a task.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final, Literal, cast

from httptools import HttpRequestParser
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

ZERO_COPY: Final = "http.response.zerocopysend"
"""The extension of ASGI by which an answer is sent from a file, without being read by this program.

What is `sent` of it, where the message has that, is told as it goes: a function that takes bytes.
"""

JOINED: Final = "http.response.joined"
"""The extension of ASGI by which the head of an answer that tells its length has the first of the body with it."""

MAX_HEAD: Final = 64 << 10  # bytes; a metadata query of Pinata's has a few thousand
MAX_HEADERS: Final = 200

_PIECE: Final = 1 << 20  # bytes of a body taken at once
_READ: Final = 1 << 18  # bytes of anything else
_SENT: Final = 1 << 17  # bytes of a file that are read, where the kernel cannot take more of it now
_SOON: Final = 0.25  # seconds after which what has come of a piece is taken
_EXTENSIONS: Final[dict[str, Any]] = {JOINED: {}}
# Where the kernel sends what it reads, unencrypted.
_PLAIN_EXTENSIONS: Final[dict[str, Any]] = {**_EXTENSIONS, ZERO_COPY: {}}


async def in_task() -> None:
    """Go on in a task, where others may be waited for; until then an answer is made in one go."""
    await asyncio.sleep(0)


class _TooLarge(Exception):
    """A head with more bytes or lines than are taken."""


class _Flow(FlowControl):
    """What may be read and written now: nothing is read while requests wait for their turn.

    uvicorn reads on after each answer, and remembers all requests of who sends them faster than they are answered.
    """

    def __init__(self, transport: asyncio.Transport, waiting: deque[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, if nothing waits."""
        if not self._waiting:
            super().resume_reading()


class _Cycle(RequestResponseCycle):
    """A request and its answer, which may come from files."""

    async def send(self, message: Any) -> None:
        """The next of the answer.

        Raises:
            OSError: the file is shorter than it should be.
        """
        if self.transport.is_closing():  # it will be told so only when the loop is at it again
            self.disconnected = True
            return
        if self.flow.write_paused:
            await in_task()
        if message["type"] == ZERO_COPY:
            await self._send_stretch(message)
        elif message["type"] == "http.response.start" and "body" in message:
            await self._send_joined(message)
        else:
            await super().send(message)

    async def _send_joined(self, message: Any) -> None:
        """Send a head and the first of its body: in one step, and one write, what uvicorn does in two."""
        if self.flow.write_paused:
            await self.flow.drain()
            if self.disconnected:
                return
        headers = (*self.default_headers, *message["headers"])
        pieces = [STATUS_LINE[message["status"]]]
        for name, value in headers:
            pieces += (name, b": ", value, b"\r\n")
            if name == b"content-length":
                self.expected_content_length = int(value)
        if not self.keep_alive:
            pieces.append(b"connection: close\r\n")
        head = b"".join(pieces)
        if not head.count(b"\r") == head.count(b"\n") == len(headers) + 2 - self.keep_alive or b"\0" in head:
            raise RuntimeError("a header's value would end its line")
        self.response_started, self.chunked_encoding, self.waiting_for_100_continue = True, False, False
        body, more = message["body"], message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            self.expected_content_length, body = 0, b""
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0 or (self.expected_content_length and not more):
            raise RuntimeError("an answer is not as long as its head tells")
        self.transport.write(b"%b\r\n%b" % (head, body))
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()

    async def _send_stretch(self, message: Any) -> None:
        """Send bytes of a file."""
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
        self.flow = _Flow(transport, self.pipeline)
        self._in_head = True
        self._came = 0  # bytes since the clock was set
        self._set = self.loop.time()
        self._too_large = False
        self._left = 0  # bytes of a body that are still to come, where its length was told
        self._gathers = 1
        self._is_fresh = False  # nothing is being answered yet of what came last
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
        self._is_fresh = True
        if self._left:
            self._take(data)
        else:
            super().data_received(data)
        if self._left or self._gathers != 1:
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
        self._left = left
        self._reset()
        cast("Any", self.scope)["extensions"] = _PLAIN_EXTENSIONS if self._socket else _EXTENSIONS
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin to answer: at once, and in a task only from where something is waited for (`in_task`).

        Of what comes together only the first is answered so, lest all others wait for it.
        """
        if self.transport.is_closing():  # after an answer that was the last (RFC 9112, 9.6)
            return
        cycle.__class__ = _Cycle
        if not self._is_fresh or self.flow.write_paused:
            super()._start_asgi_task(cycle, app)
            return
        self._is_fresh = False
        steps = cycle.run_asgi(app)
        try:
            steps.send(None)
        except StopIteration:
            return
        task = self.loop.create_task(steps)
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

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
        """An answer has gone; the next head has its own time, from its first byte.

        uvicorn sets a timer here, for the time a connection may rest; one that looks after all is there already.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.flow.resume_reading()
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
        awaited = self._awaited()
        patience = {"head": self.head, "next": self.timeout_keep_alive}.get(awaited, self.silence)
        if not awaited:
            self._reset()
        elif self.loop.time() - self._set >= patience:
            if awaited == "next" and not self._came:
                self.transport.close()
                return
            if awaited in ("head", "taking") or (awaited == "body" and self._came < self.least):
                self.transport.abort()
                return
            self._reset()
        often = min(self.head, self.silence, self.timeout_keep_alive) / 4
        self._watching = self.loop.call_later(often, self._watch)

    def _awaited(self) -> Literal["head", "body", "taking", "next", ""]:
        """What the server waits for, and only the client can do: send a head, a body or the next request, take an answer."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none before the first request
        if cycle is None:
            return "head"
        if self.flow.write_paused:
            return "taking"
        if cycle.response_complete:
            return "head" if self._in_head else "body" if self._left else "next"  # it may have been refused
        waits = cycle.more_body and not cycle.waiting_for_100_continue and not self.flow.read_paused
        return "body" if waits else ""

"""Faults: a way to a service that fails as networks and services do, on request.

    with Faults(server.url) as faults:
        faults.add(Cut(answer=100), Refuse(503))     # for the next requests, in order
        Pinata(jwt, endpoint_url=faults.url)

A proxy of its own sockets, so that what it breaks is really broken. A connection carries one
request. For tests alone: nothing here is quick.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

from pinatakit.errors import InputError

_PIECE: Final = 1 << 16
_TICK: Final = 0.05  # seconds between two looks at whether it is closed
_MOST_HEAD: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Refuse:
    """The service answers with a status, and does nothing."""

    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b'{"error":"a fault on purpose"}'


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends after so many bytes of the request, or of the answer's body.

    With `reset` it breaks (RST); else it is closed as if that were the end: a truncated body.
    """

    request: int | None = None
    answer: int | None = None
    reset: bool = True


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing moves any more after so many bytes of the request, or of the answer's body."""

    request: int | None = None
    answer: int | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """The answer's body comes with so many bytes a second."""

    speed: float


@dataclass(frozen=True, slots=True)
class Change:
    """The answer's body is another: `change` is given each piece, and gives as many bytes."""

    change: Callable[[bytes], bytes]


Fault: TypeAlias = Refuse | Cut | Stall | Slow | Change


_BY_NAME: Final[dict[str, Callable[[int], Fault]]] = {
    "refuse": Refuse,
    "cut": lambda size: Cut(answer=size),
    "cut-request": lambda size: Cut(request=size),
    "stall": lambda size: Stall(answer=size),
    "stall-request": lambda size: Stall(request=size),
    "slow": Slow,
}


def read_fault(told: str) -> Fault:
    """A fault as a word and a number: ``refuse=503``, ``cut=100``, ``slow=1000``.

    Raises:
        InputError: it is none.
    """
    name, _, number = told.partition("=")
    made = _BY_NAME.get(name)
    digits = number.isascii() and number.isdigit() and len(number) < 16
    if (
        made is None
        or not digits
        or (name == "refuse" and not 400 <= int(number) <= 599)
        or (name == "slow" and not int(number))
    ):
        raise InputError(
            f"a fault is not {told!r}",
            hint=f"refuse=STATUS (400 to 599), or a number of bytes after {', '.join(list(_BY_NAME)[1:])}",
        )
    return made(int(number))


def in_turn(faults: Sequence[Fault], every: int) -> Callable[[str, str], Fault | None]:
    """What befalls requests where each so-manieth meets a fault, one after the other; asking for ``/-/`` meets none."""
    requests = itertools.count(1)

    def choose(_method: str, path: str) -> Fault | None:
        if path.startswith("/-/"):
            return None
        met, left = divmod(next(requests), every)
        return None if left else faults[(met - 1) % len(faults)]

    return choose


class _Broken(Exception):
    """The connection shall break here."""


class Faults:
    """A proxy before a service, which fails as it is told; it listens on this machine alone.

    Attributes:
        url: where it listens; takes the place of the service's.
        choose: what befalls a request, by its method and path; `None` is nothing. Asked where
            `add` has left nothing.
        met: the faults that were met, in order, each with the request's first line.

    Raises:
        InputError: the port is taken.
    """

    def __init__(
        self, url: str, choose: Callable[[str, str], Fault | None] | None = None, *, port: int = 0
    ) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname or "", parts.port or 80)
        self.choose = choose
        self.met: list[tuple[Fault, str]] = []
        self._next: deque[Fault | None] = deque()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        try:
            self._listening = socket.create_server(("127.0.0.1", port), backlog=512)
        except OSError as error:
            raise InputError(
                f"cannot listen on 127.0.0.1 port {port}: {error.strerror or error}",
                hint="take another, or 0",
            ) from None
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, name="pinatakit-faults", daemon=True)
        self._thread.start()

    def add(self, *faults: Fault | None) -> None:
        """What befalls the next requests, in order; `None` lets one pass."""
        with self._lock:
            self._next.extend(faults)

    def close(self) -> None:
        """Let go of everything, stalled connections too."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # which wakes it up
        self._listening.close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(60)
            # What breaks here breaks for the client, which is what it is for.
            with contextlib.suppress(OSError, _Broken):
                self._relay(client)

    def _relay(self, client: socket.socket) -> None:
        head, rest = _read_head(client)
        if not head:
            return
        line = head.partition(b"\r\n")[0].decode("latin-1")
        method, _, path = line.rpartition(" ")[0].partition(" ")
        fault = self._choose(method, path)
        if fault:
            self.met.append((fault, line))
        if isinstance(fault, Refuse):
            _answer(client, fault, rest, head)
            return
        with socket.create_connection(self._to, timeout=60) as service:
            service.sendall(_one_request(head))
            cut = threading.Event()
            up = threading.Thread(target=self._up, args=(client, service, rest, fault, cut), daemon=True)
            up.start()
            try:
                self._down(client, service, fault, cut)
            finally:
                for end in (client, service):  # the other thread wakes up; nothing is sent by this
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RD)
                with contextlib.suppress(OSError):
                    service.shutdown(socket.SHUT_WR)
                up.join()

    def _choose(self, method: str, path: str) -> Fault | None:
        with self._lock:
            if self._next:
                return self._next.popleft()
        return self.choose(method, path) if self.choose else None

    def _up(
        self,
        client: socket.socket,
        service: socket.socket,
        rest: bytes,
        fault: Fault | None,
        cut: threading.Event,
    ) -> None:
        """The request, on its way to the service."""
        passed = 0
        limit = fault.request if isinstance(fault, Cut | Stall) else None
        with contextlib.suppress(OSError):
            piece = rest or client.recv(_PIECE)
            while piece:
                if limit is not None and passed + len(piece) > limit:
                    service.sendall(piece[: limit - passed])
                    if isinstance(fault, Stall):
                        self._closed.wait()
                    cut.set()
                    service.shutdown(socket.SHUT_RDWR)  # and who waits for its answer wakes up
                    return
                service.sendall(piece)
                passed += len(piece)
                piece = client.recv(_PIECE)

    def _down(
        self, client: socket.socket, service: socket.socket, fault: Fault | None, cut: threading.Event
    ) -> None:
        """The answer, on its way back."""
        head, piece = _read_head(service)
        if cut.is_set():
            _break(client, reset=not isinstance(fault, Cut) or fault.reset)
            return
        client.sendall(head)
        limit = fault.answer if isinstance(fault, Cut | Stall) else None
        passed = 0
        while piece or (piece := service.recv(_PIECE)):
            if isinstance(fault, Change):
                piece = fault.change(piece)
            if isinstance(fault, Slow):
                self._trickle(client, piece, fault.speed)
            elif limit is not None and passed + len(piece) > limit:
                client.sendall(piece[: limit - passed])
                if isinstance(fault, Stall):
                    self._closed.wait()
                _break(client, reset=not isinstance(fault, Cut) or fault.reset)
                return
            else:
                client.sendall(piece)
            passed += len(piece)
            piece = b""

    def _trickle(self, client: socket.socket, data: bytes, speed: float) -> None:
        step = max(1, int(speed * _TICK))
        for start in range(0, len(data), step):
            client.sendall(data[start : start + step])
            if self._closed.wait(_TICK):
                raise _Broken


def _read_head(source: socket.socket) -> tuple[bytes, bytes]:
    """All up to the empty line, and what came behind it; nothing where it ended before."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = source.recv(_PIECE)
        if not piece or len(data) > _MOST_HEAD:
            return b"", b""
        data += piece
    end = data.index(b"\r\n\r\n") + 4
    return data[:end], data[end:]


def _one_request(head: bytes) -> bytes:
    """The head of a request whose connection ends with its answer."""
    line, _, headers = head.partition(b"\r\n")
    kept = re.sub(rb"(?im)^(connection|keep-alive):.*\r\n", b"", headers)
    return line + b"\r\nconnection: close\r\n" + kept


def _answer(client: socket.socket, refusal: Refuse, rest: bytes, head: bytes) -> None:
    _read_body(client, rest, head)  # else the client meets a reset before the answer
    headers = {"content-length": str(len(refusal.body)), "connection": "close", **refusal.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    client.sendall(f"HTTP/1.1 {refusal.status} Fault\r\n{lines}\r\n".encode() + refusal.body)


def _read_body(client: socket.socket, rest: bytes, head: bytes) -> None:
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    left = int(length[1]) - len(rest) if length else 0
    while left > 0 and (piece := client.recv(_PIECE)):
        left -= len(piece)
    if re.search(rb"(?im)^transfer-encoding:\s*chunked", head):
        while not rest.endswith(b"0\r\n\r\n") and (piece := client.recv(_PIECE)):
            rest = rest[-8:] + piece


def _break(connection: socket.socket, *, reset: bool) -> None:
    """What is closed with nothing to linger for is reset; it is closed when nobody reads it any more."""
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

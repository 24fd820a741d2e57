"""Wires: the ways to the service, and whatever else an operation may wait for.

On the `Blocking` wire nothing ever suspends; on the `Awaiting` wire asyncio or Trio does.
Only this module knows threads, clocks, event loops and the HTTP library.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Coroutine,
    Generator,
    Sequence,
)
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from inspect import iscoroutinefunction
from itertools import count
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeAlias, TypeGuard, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakSet

import anyio
import anyio.to_thread
import httpcore2 as httpcore
from anyio.lowlevel import current_token

from pinatakit.client import _http
from pinatakit.client._health import Gateways
from pinatakit.client._http import Asked, Reply
from pinatakit.client._limiter import Limiter
from pinatakit.client._now import iterate_now, run_now
from pinatakit.client._pace import Pace, Slices
from pinatakit.client._retry import Retries, pause
from pinatakit.content.memory import keep_freed
from pinatakit.errors import ApiError, InputError, PinataError, SettingsError, Unreachable
from pinatakit.protocol import Answer, Body, Call, Exchange, Host, Network
from pinatakit.protocol._call import NETWORKS, Once
from pinatakit.protocol.limits import Lane, lane, read_rate
from pinatakit.settings import Settings, is_loopback, masked

if TYPE_CHECKING:
    import httpx2 as httpx

P = ParamSpec("P")
T = TypeVar("T")

Watch: TypeAlias = Callable[[Exchange], object]
"""Told of each request when it is over. What it raises, the operation raises."""

_HOSTS: Final[tuple[Host, ...]] = ("api", "uploads", "gateway", "x402", "mpp", "psa")
_OF_THE_ACCOUNT: Final[tuple[Host, ...]] = ("api", "uploads", "psa")  # alone are told who asks
_CONNECT: Final = 10.0  # seconds until a connection stands
_TAKING_IN: Final = 2_000_000  # bytes of an upload that a service may think about for a second
_THINKING: Final = 900.0  # seconds that it may think about any upload
_PROXY_HINT: Final = "see HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY names hosts that are asked without"
_AT_HOME: Final = ("localhost", "*.localhost", "127.0.0.1", "[::1]")  # never asked through a proxy
_LARGE: Final = 32 << 20  # bytes of a body that are worth a connection which nothing follows on
_SMALL: Final = 64 << 10  # bytes of a body that go out at once
_READ: Final = 1 << 20  # bytes read from a connection at once
_FAULTS: Final = (
    "HTTPError",
    "NetworkError",
    "TimeoutException",
    "ProtocolError",
    "ProxyError",
    "UnsupportedProtocol",
)
_UNCONNECTED: Final = ("ConnectError", "ConnectTimeout", "ProxyError")  # nothing was sent
_SECRETS_OF_URLS: Final = (
    r"(?i)([?&](?:x-signature|pinatagatewaytoken|[^=&\s]*token)=)[^&\s'\"]*|(?<=://)[^/?#@\s'\"]+(?=@)"
)

_GATEWAY_KEY: Final = "x-pinata-gateway-token"
_CERTIFICATE_HINT: Final = "name the certificates of your network in SSL_CERT_FILE or SSL_CERT_DIR"

_log = logging.getLogger("pinatakit")

_wires: Final[WeakSet[Wire]] = WeakSet()
"""Those of this process: one that is forked from it begins afresh."""

# With 64 KiB, which the HTTP library has, a large download takes twice as long; it has no other
# place to say so.
httpcore.HTTP11Connection.READ_NUM_BYTES = _READ  # pyright: ignore[reportAttributeAccessIssue]
httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = _READ  # pyright: ignore[reportAttributeAccessIssue]


class Unverifiable(Unreachable):
    """A gateway answered with something else than blocks."""


class Wire(ABC):
    """The way to the service, and everything else an operation may wait for.

    Threads and tasks share it. `watch` is told of each request when it is over. `direct` is a wire
    without anybody's own transport between it and the network.
    """

    def __init__(self, settings: Settings, watch: Watch | None = None, *, direct: bool) -> None:
        keep_freed()
        self.settings = settings
        self.gateways = Gateways(settings.gateway_urls)
        if iscoroutinefunction(watch):
            raise InputError("watch is told and not awaited", hint="give an ordinary function")
        self._watch = watch
        self._is_closed = False
        self._direct = direct
        self._short = direct and not _http.is_proxied()
        self.begin()
        _wires.add(self)

    def begin(self) -> None:
        """Have no connections and open locks. A process that was forked so leaves its parent's alone."""
        self._limits = _limiter(self.settings)
        self._retries = Retries(self.settings.attempts)

    def network(self, given: Network | None) -> Network:
        """The network that is meant: the one that is given, or that of the settings.

        Raises:
            InputError: there is no such network.
        """
        if given not in (None, *NETWORKS):
            raise InputError(f"network is public or private, not {given!r}")
        return given or self.settings.network

    async def send(self, call: Call[T]) -> T:
        """Send a call, again where that may help, and read its answer.

        Raises:
            ApiError: the service answered, and said no.
            Unreachable: no answer came.
        """
        answer = await self.ask(call)
        if not answer.ok:
            raise self.refusal(call, answer)
        return call.read(answer)

    async def ask(self, call: Call[Any]) -> Answer:
        """Send a call, again where that may help, and give the answer, whatever it says.

        A busy service is asked again after the time it names; a connection that was cut is
        tried again, bodies being started afresh.

        Raises:
            Unreachable: no answer came.
        """
        for attempt in count(1):
            try:
                async with self._open(call, attempt) as response:
                    answer = await self._whole(call, response)
                wait = self._retries.after_answer(call, attempt, answer)
                if wait is None or (isinstance(call.body, Once) and call.body.started):
                    return answer
            except Unreachable as error:
                wait = self._after(call, attempt, error)
                if wait is None:
                    raise
            await self.sleep(wait)
        raise AssertionError("attempts are counted without end")

    async def stream(self, call: Call[Any], accept: str) -> AsyncGenerator[bytes, None]:
        """The body of an answer of media type `accept`, in pieces as they come.

        Until the first piece it is asked for again where that may help; a body that is cut is not.

        Raises:
            ApiError: the service answered, and said no.
            Unreachable: no answer came, or it was cut, or it is of another media type.
        """
        for attempt in count(1):
            begun = False
            try:
                async with self._open(call, attempt) as response:
                    answer = Answer(response.status, response.headers, b"", _bare(response.url))
                    if not answer.ok:
                        answer = await self._whole(call, response)
                    wait = self._retries.after_answer(call, attempt, answer)
                    if wait is None:
                        if not answer.ok:
                            raise self.refusal(call, answer)
                        begun = True
                        _check_type(answer, accept)
                        async with aclosing(self._arriving(call, response)) as pieces:
                            async for piece in pieces:
                                yield piece
                        return
            except Unreachable as error:
                again = None if begun else self._after(call, attempt, error)
                if again is None:
                    raise
                wait = again
            await self.sleep(wait)

    async def receive(self, call: Call[Any]) -> AsyncGenerator[Answer | bytes, None]:
        """An answer without its body, whatever it says, and then its body in pieces as they come; once.

        Raises:
            Unreachable: no answer came, or it was cut.
        """
        async with self._open(call, 1) as response:
            if not response.ok:
                yield await self._whole(call, response)
                return
            yield Answer(response.status, response.headers, b"", _bare(response.url))
            async with aclosing(self._arriving(call, response)) as pieces:
                async for piece in pieces:
                    yield piece

    def _after(self, call: Call[Any], attempt: int, error: Unreachable) -> float | None:
        """Seconds until a call without answer may be sent again; `None` where it may not."""
        if _untrusted(error):
            return None
        return self._retries.after_silence(call, attempt, sent=_sent(error))

    def refusal(self, call: Call[Any], answer: Answer) -> ApiError:
        """The error that an answer other than a success stands for."""
        from pinatakit.protocol.refusals import refused  # noqa: PLC0415  (most answers are none)

        return refused(answer, call, key=self.settings.credential.public_key)

    def request(self, call: Call[Any]) -> Asked:
        """A call as it is sent, but for its body.

        Raises:
            SettingsError: there is no credential, or nothing may be asked (``PINATA_OFFLINE``).
        """
        base = call.base or self.settings.base(call.host)
        if self.settings.offline and not is_loopback(base or call.path):
            raise SettingsError(
                f"{call.method} {_named(call)} was not sent: the settings say to stay offline",
                hint="leave --offline away or unset PINATA_OFFLINE; or use a local Pinata: --local",
            )
        address, named = _address(base)
        headers = {**call.headers, **named}
        if call.host in _OF_THE_ACCOUNT:
            headers |= self.settings.credential.headers()
        # Of several gateways only the first is told the key.
        if call.host == "gateway" and self.settings.gateway_key and base == self.settings.gateway_url:
            headers[_GATEWAY_KEY] = self.settings.gateway_key
        if isinstance(call.body, bytes):
            headers["content-length"] = str(len(call.body))
        silence = self.settings.timeout
        # Waiting for a connection of one's own is no silence, so the pool has no timeout.
        timeout = {
            "connect": min(silence, _CONNECT),
            "read": self._patience(call),
            "write": silence,
            "pool": None,
        }
        return Asked(call.method, address, call.path, call.pairs(), {**_identity(), **headers}, timeout)

    def _patience(self, call: Call[Any]) -> float:
        """Seconds that the service may be silent: it takes time to take in what is large."""
        if not callable(call.body):
            return self.settings.timeout
        length = call.headers.get("content-length")
        return self.settings.timeout + (min(int(length) / _TAKING_IN, _THINKING) if length else _THINKING)

    @asynccontextmanager
    async def _open(self, call: Call[Any], attempt: int) -> AsyncGenerator[Reply]:
        """Send a call once, when it is its turn: the answer, as far as its headers.

        Raises:
            InputError: the client is closed.
            Unreachable: no answer came, or not all of it.
        """
        self._check_open(call)
        await self._turn(lane(call.method, call.path, call.host))
        self._check_open(call)  # which may have been long
        request = self.request(call)
        started, begun = datetime.now(UTC), time.perf_counter()
        response: Reply | None = None
        fault: BaseException | None = None
        try:
            response = await self._begin(request, call)
            self._limits.heed(
                lane(call.method, call.path, call.host),
                response.status,
                response.headers,
                time.monotonic(),
            )
            yield response
        except _http.kinds(*_FAULTS) as error:
            fault = error
            raise _unreachable(call, self, error) from error
        except Unreachable as error:
            fault = error
            raise
        finally:
            try:
                if response is not None:
                    await self._end(response)
            finally:
                self._tell(
                    Exchange(
                        call.method,
                        masked(_bare(request.url)),
                        attempt,
                        started,
                        time.perf_counter() - begun,
                        None if response is None else response.status,
                        type(fault).__name__ if fault else None,
                        None if response is None else response.headers.get("x-request-id"),
                    )
                )

    def _check_open(self, call: Call[Any]) -> None:
        if self._is_closed:
            raise InputError(
                f"{call.method} {_named(call)} was not sent: the client is closed",
                hint="ask within its `with` block, or make another client",
            )

    async def _whole(self, call: Call[Any], response: Reply) -> Answer:
        async with aclosing(self._arriving(call, response)) as pieces:
            body = b"".join([piece async for piece in pieces])
        return Answer(response.status, response.headers, body, _bare(response.url))

    async def _arriving(self, call: Call[Any], response: Reply) -> AsyncGenerator[bytes, None]:
        """The pieces of an answer, as long as they come."""
        pace = Pace(self.settings.min_speed, self._patience(call))
        async with aclosing(self._body(response)) as pieces:
            while True:
                begun = time.perf_counter()
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    return
                _keep_moving(call, pace, len(piece), time.perf_counter() - begun)
                yield piece

    async def _leaving(self, call: Call[Any]) -> AsyncGenerator[bytes, None]:
        """The body of a request, in slices as large as the network takes, as long as it takes them."""
        pace = Pace(self.settings.min_speed, self.settings.timeout)
        slices = Slices()
        async with aclosing(_pieces_of(call.body)) as pieces:
            async for piece in pieces:
                sent = 0
                while sent < len(piece):
                    part = (
                        piece if sent == 0 and len(piece) <= slices.size else piece[sent : sent + slices.size]
                    )
                    begun = time.perf_counter()
                    yield part
                    took = time.perf_counter() - begun
                    sent += len(part)
                    slices.took(took)
                    _keep_moving(call, pace, len(part), took)

    async def _turn(self, lane: Lane) -> None:
        """Wait until the service may be asked."""
        now = time.monotonic()
        moment = self._limits.reserve(lane, now)
        if moment > now:
            _log.debug("the rate limit lets the next call of %r go in %.1f s", lane, moment - now)
        while True:
            try:
                while moment > (now := time.monotonic()):
                    await self.sleep(moment - now)
            except BaseException:
                self._limits.give_back(lane, moment)
                raise
            if not self._limits.shut(lane, moment):
                return
            self._limits.give_back(lane, moment)
            moment = self._limits.reserve(lane, now)

    def _tell(self, what: Exchange) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            ended = what.error if what.status is None else what.status
            _log.debug(
                "%s %s %s %.1f ms attempt %d request %s",
                what.method,
                what.url,
                f"{ended} {what.error}" if what.error and what.status else ended,
                what.seconds * 1000,
                what.attempt,
                what.request_id,
            )
        if self._watch:
            self._watch(what)

    @abstractmethod
    async def _begin(self, asked: Asked, call: Call[Any]) -> Reply: ...

    @abstractmethod
    def _pieces(self, response: Reply) -> AsyncGenerator[bytes, None]: ...

    async def _body(self, response: Reply) -> AsyncGenerator[bytes, None]:
        """The pieces of a body; the rest of a large one is taken from the connection itself.

        The HTTP library copies each piece five times, and has nothing to say of a body that is sent
        as it is once its first piece came. It closes such a connection afterwards.
        """
        left = response.plain if self._direct else 0
        async with aclosing(self._pieces(response)) as pieces:
            async for piece in pieces:
                yield piece
                left -= len(piece)
                if left >= _LARGE:
                    break
            else:
                return
            while left:
                piece = await self._read(response, min(left, _READ))
                if not piece:
                    raise httpcore.RemoteProtocolError(f"the connection ended {left:,} bytes early")
                left -= len(piece)
                yield piece

    @abstractmethod
    async def _read(self, response: Reply, most: int) -> bytes:
        """The next bytes of the connection that an answer comes over, whatever they are."""

    @abstractmethod
    async def _end(self, response: Reply) -> None: ...

    async def back_off(self, attempt: int, *, at_least: float = 0.0) -> None:
        """Wait before what failed so often is tried again."""
        await self.sleep(max(at_least, pause(attempt)))

    @abstractmethod
    async def sleep(self, seconds: float) -> None: ...

    @abstractmethod
    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what blocks: read or write a file.

        Whoever is cancelled meanwhile goes on when it is over; what it gave is then closed, if it can be.
        """

    @abstractmethod
    async def to_the_end(self, work: Callable[[], object]) -> None:
        """Do what clears up, in a thread where others wait, also for somebody who is cancelled."""

    async def result(self, begun: Future[T]) -> T:
        """What a thread that was begun comes to."""
        return begun.result() if begun.done() else await self.in_thread(begun.result)

    @abstractmethod
    def follow(self, items: AsyncIterable[T]) -> AsyncIterable[T]:
        """What the caller's async iterator gives, which may wait for anything.

        Raises:
            InputError: nothing is awaited on this wire.
        """

    @abstractmethod
    async def together(self, works: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Do several things at once, and give what each came to.

        Raises:
            PinataError: the first thing that failed, when all are over.
        """


class Blocking(Wire):
    """The wire of a blocking client: none of its coroutines suspends."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx.BaseTransport | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._transport = transport
        super().__init__(settings, watch, direct=transport is None)
        if not self._short:
            _ = self._http  # what is wrong with the environment's proxies is told at once

    def begin(self) -> None:
        super().begin()
        self._opening = threading.Lock()  # of threads that are the first, one opens
        for name in ("_pool", "_http", "_web"):
            vars(self).pop(name, None)

    @cached_property
    def _pool(self) -> httpcore.ConnectionPool:
        """The short way to the service."""
        return httpcore.ConnectionPool(**_pooled(self.settings))

    @cached_property
    def _http(self) -> httpx.Client:
        """For the gateways, and for the service where the short way is none."""
        with _proxies_explained():
            return self._make(
                verify=_tls(self.settings), event_hooks={"request": [partial(_keep_key, self.settings)]}
            )

    @cached_property
    def _web(self) -> httpx.Client:
        """For hosts that are not the service's: they share nothing with it, no cookie either."""
        return self._make(verify=_certificates())

    def _make(self, **options: Any) -> httpx.Client:
        import httpx2 as httpx  # noqa: PLC0415  (the short way needs none)

        return httpx.Client(transport=self._transport, **_made(), **options)

    async def _begin(self, asked: Asked, call: Call[Any]) -> Reply:
        content = call.body if _is_small(call.body) else iterate_now(self._leaving(call))
        if self._short and call.host in _OF_THE_ACCOUNT and (request := asked.short(content)):
            with self._opening:
                pool = self._pool
            answered = pool.handle_request(request)
            pieces = _http.decoded(answered).iter_bytes if _http.is_coded(answered) else answered.iter_stream
            return _http.of_short(asked, answered, pieces, answered.close)
        # What comes is checked, and a gateway's key stays with it, so it may send elsewhere.
        with self._opening:
            http = self._web if call.host == "web" else self._http
        response = http.send(
            http.build_request(**asked.long(), content=content),
            stream=True,
            follow_redirects=call.host == "gateway",
        )
        return _http.of_long(asked, response, response.iter_bytes, response.close)

    async def _pieces(self, response: Reply) -> AsyncGenerator[bytes, None]:
        for piece in response.pieces():
            yield piece

    async def _read(self, response: Reply, most: int) -> bytes:
        stream: httpcore.NetworkStream = response.extensions["network_stream"]
        return stream.read(most, response.silence)

    async def _end(self, response: Reply) -> None:
        response.close()

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  (nothing else waits on this wire)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    async def to_the_end(self, work: Callable[[], object]) -> None:
        work()

    def follow(self, items: AsyncIterable[T]) -> AsyncIterable[T]:  # noqa: ARG002
        from pinatakit.sources import nothing_awaits  # noqa: PLC0415  (of all sources only what can be wrong here)

        raise nothing_awaits()

    async def together(self, works: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        if len(works) == 1:
            return [await works[0]()]
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (few do several things at once)

        with ThreadPoolExecutor(len(works), thread_name_prefix="pinatakit-fetch") as threads:
            begun = [threads.submit(run_now, work()) for work in works]
            return [each.result() for each in begun]

    def close(self) -> None:
        _wires.discard(self)
        self._is_closed = True
        with self._opening:
            for name in ("_pool", "_http", "_web"):
                if opened := vars(self).get(name):
                    opened.close()


class Awaiting(Wire):
    """The wire of an async client."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._transport = transport
        super().__init__(settings, watch, direct=transport is None)

    def begin(self) -> None:
        super().begin()
        self._loops: WeakKeyDictionary[object, _Connections] = WeakKeyDictionary()

    def _connections(self) -> _Connections:
        """Those of this event loop; those of one that is over are let go."""
        loop = current_token().native_token
        found = self._loops.get(loop)
        if found is None:
            for other in list(self._loops):
                # Streams of asyncio keep their loop alive; those of Trio do not.
                if getattr(other, "is_closed", bool)():
                    self._loops.pop(other, None)
            found = self._loops[loop] = _Connections(self.settings, self._transport, short=self._short)
        return found

    async def _begin(self, asked: Asked, call: Call[Any]) -> Reply:
        connections = self._connections()
        content = call.body if _is_small(call.body) else self._leaving(call)
        if self._short and call.host in _OF_THE_ACCOUNT and (request := asked.short(content)):
            answered = await connections.pool.handle_async_request(request)
            coded = _http.is_coded(answered)
            pieces = _http.decoded(answered).aiter_bytes if coded else answered.aiter_stream
            return _http.of_short(asked, answered, pieces, answered.aclose)
        http = connections.web if call.host == "web" else connections.http
        response = await http.send(
            http.build_request(**asked.long(), content=content),
            stream=True,
            follow_redirects=call.host == "gateway",
        )
        return _http.of_long(asked, response, response.aiter_bytes, response.aclose)

    async def _pieces(self, response: Reply) -> AsyncGenerator[bytes, None]:
        async with aclosing(response.pieces()) as pieces:
            async for piece in pieces:
                yield piece

    async def _read(self, response: Reply, most: int) -> bytes:
        stream: httpcore.AsyncNetworkStream = response.extensions["network_stream"]
        return await stream.read(most, response.silence)

    async def _end(self, response: Reply) -> None:
        await response.close()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        doing: Future[T] = Future()
        try:
            await anyio.to_thread.run_sync(_into, doing, partial(work, *args, **kwargs))
        except BaseException:
            # asyncio cancels a task without waiting for its thread (anyio and Trio do wait), and what the
            # task then clears away would still be written to. What was not begun never is.
            if not doing.cancel():
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(doing.exception)
                _let_go(doing)
            raise
        return doing.result()

    async def to_the_end(self, work: Callable[[], object]) -> None:
        with anyio.CancelScope(shield=True):
            await self.in_thread(work)

    def follow(self, items: AsyncIterable[T]) -> AsyncIterable[T]:
        return items

    async def together(self, works: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        done: dict[int, T] = {}
        failed: dict[int, PinataError] = {}

        async def do(number: int, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
            try:
                done[number] = await work()
            except PinataError as error:
                failed[number] = error

        async with anyio.create_task_group() as group:
            for number, work in enumerate(works):
                group.start_soon(do, number, work)
        if failed:
            raise failed[min(failed)]
        return [done[number] for number in range(len(works))]

    async def aclose(self) -> None:
        """Be closed on every event loop; the connections of this one are closed too."""
        self._is_closed = True
        connections = self._connections()
        for name in ("pool", "http", "web"):
            if opened := vars(connections).get(name):
                await opened.aclose()


class _Connections:
    """The connections of one event loop: no other can use them."""

    def __init__(
        self, settings: Settings, transport: httpx.AsyncBaseTransport | None, *, short: bool
    ) -> None:
        self._settings = settings
        self._transport = transport
        if not short:
            _ = self.http  # what is wrong with the environment's proxies is told at once

    @cached_property
    def pool(self) -> httpcore.AsyncConnectionPool:
        """The short way to the service."""
        return httpcore.AsyncConnectionPool(**_pooled(self._settings))

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """For the gateways, and for the service where the short way is none."""
        settings = self._settings

        async def keep_key(request: httpx.Request) -> None:
            _keep_key(settings, request)

        with _proxies_explained():
            return self._make(verify=_tls(settings), event_hooks={"request": [keep_key]})

    @cached_property
    def web(self) -> httpx.AsyncClient:
        """For hosts that are not the service's: they share nothing with it, no cookie either."""
        return self._make(verify=_certificates())

    def _make(self, **options: Any) -> httpx.AsyncClient:
        import httpx2 as httpx  # noqa: PLC0415  (the short way needs none)

        return httpx.AsyncClient(transport=self._transport, **_made(), **options)


def _pooled(settings: Settings) -> dict[str, Any]:
    """What the short way's connections are opened with."""
    return {
        "ssl_context": _tls(settings),
        "max_connections": _http.CONNECTIONS,
        "max_keepalive_connections": _http.CONNECTIONS,
        "keepalive_expiry": _http.KEPT,
    }


def _made() -> dict[str, Any]:
    """What the HTTP library's clients are made with."""
    import httpx2 as httpx  # noqa: PLC0415  (the short way needs none)

    limits = httpx.Limits(
        max_connections=_http.CONNECTIONS,
        max_keepalive_connections=_http.CONNECTIONS,
        keepalive_expiry=_http.KEPT,
    )
    return {"limits": limits, "mounts": {f"all://{host}": None for host in _AT_HOME}}


def _is_small(body: Body) -> TypeGuard[bytes | None]:
    """Whether a body goes at once: there is nothing to see of its way."""
    return body is None or (isinstance(body, bytes) and len(body) <= _SMALL)


def _into(doing: Future[T], work: Callable[[], T]) -> None:
    """Do work in a thread, unless nobody waits for it any more."""
    if doing.set_running_or_notify_cancel():
        try:
            doing.set_result(work())
        except BaseException as error:  # noqa: BLE001  (whoever waits for it raises it)
            doing.set_exception(error)


def _let_go(done: Future[Any]) -> None:
    """Close what was opened for somebody who is gone."""
    if not done.exception() and (close := getattr(done.result(), "close", None)):
        close()


@cache
def _address(base: str) -> tuple[str, dict[str, str]]:
    """Where to connect, and how to call it there: names below localhost are this machine's.

    Not every system's resolver knows that (RFC 6761, 6.3).
    """
    parts = urlsplit(base)
    if parts.scheme != "http" or not (parts.hostname or "").endswith(".localhost"):
        return base, {}
    port = f":{parts.port}" if parts.port else ""
    return f"http://127.0.0.1{port}{parts.path}", {"host": parts.netloc}


@cache
def _identity() -> dict[str, str]:
    from pinatakit import __version__  # noqa: PLC0415  (the front door imports this room)

    return {"user-agent": f"pinatakit/{__version__}", "accept-encoding": "identity"}


def _tls(settings: Settings) -> ssl.SSLContext:
    """Certificates, loaded once, and not at all where nothing is encrypted: that takes some 20 ms."""
    if all(base.startswith("http:") for base in (*map(settings.base, _HOSTS), *settings.gateway_urls)):
        return _no_certificates()
    return _certificates()


@contextmanager
def _proxies_explained() -> Generator[None]:
    """Tell what is wrong with the proxies of the environment, without a password that may be among it.

    Raises:
        SettingsError: one of them cannot be used.
    """
    import httpx2 as httpx  # noqa: PLC0415  (it is about to be used)

    try:
        yield
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        why = "SOCKS needs the package socksio" if isinstance(error, ImportError) else str(error)
        raise SettingsError(
            f"the proxy that the environment names cannot be used: {why}",
            hint=_PROXY_HINT,
        ) from None


@cache
def _certificates() -> ssl.SSLContext:
    """Those of the system, or of SSL_CERT_FILE or SSL_CERT_DIR.

    Raises:
        SettingsError: there are none that can be read.
    """
    import httpx2 as httpx  # noqa: PLC0415  (nothing may be encrypted)

    try:
        return httpx.create_ssl_context()
    except OSError as error:  # and what OpenSSL raises
        named = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
        where = (
            f"the certificates of {named}, {os.environ[named]!r}" if named else "the system's certificates"
        )
        raise SettingsError(
            f"{where}, cannot be read: {error.strerror or error}",
            hint="SSL_CERT_FILE names a file in PEM, SSL_CERT_DIR a folder of them, named by their hashes",
        ) from None


@cache
def _no_certificates() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody


def _limiter(settings: Settings) -> Limiter:
    """A local Pinata has no limits unless it says so; Pinata's own lists have some on every plan."""
    if settings.rate_limit is None:
        return Limiter(has_plans=settings.base("api") == Settings().base("api"))
    rate = read_rate(settings.rate_limit)
    return Limiter(rate, has_plans=rate is not None)


def _keep_key(settings: Settings, request: httpx.Request) -> None:
    """The gateway's key goes to that gateway, and not where it may send on to."""
    if _GATEWAY_KEY not in request.headers:
        return
    in_clear = settings.gateway_url.startswith("https:") and request.url.scheme != "https"
    if in_clear or request.headers["host"] != _host(settings.gateway_url):
        del request.headers[_GATEWAY_KEY]


@cache
def _host(address: str) -> str:
    """Whom a request to an address names in its ``Host``."""
    import httpx2 as httpx  # noqa: PLC0415  (it is in use)

    return httpx.URL(address).netloc.decode()


def _check_type(answer: Answer, accept: str) -> None:
    given = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != accept:
        raise Unverifiable(
            f"{answer.url} answered {given or 'no media type'} where {accept} was asked for",
            hint="this gateway does not serve verifiable content; set PINATA_GATEWAY_URL to one that does",
        )


def _unreachable(call: Call[Any], wire: Wire, error: Exception) -> Unreachable:
    untrusted = _untrusted(error)
    what = masked(str(untrusted or error)) or type(error).__name__
    base = call.base or wire.settings.base(call.host)
    proxy = None if untrusted else _proxy_that_failed(error, base or call.path)
    if proxy:
        what = f"the proxy {proxy} that the environment names is not there for it: {what}"
    return Unreachable(
        f"no answer{f' from {base}' if base else ''} to {call.method} {_named(call)}: {what}",
        hint=_CERTIFICATE_HINT if untrusted else _PROXY_HINT if proxy else None,
    )


def _proxy_that_failed(error: Exception, address: str) -> str | None:
    """The host and port of the proxy on the way to an address, if the way ended there."""
    if not isinstance(error, _http.kinds(*_UNCONNECTED)):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  (a failure alone asks)

    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(address) or proxy_bypass(parts.netloc):
        return None
    return urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc.rpartition("@")[2]


def _named(call: Call[Any]) -> str:
    """The path of a call; behind it may be a signature."""
    return _bare(call.path)


def _bare(address: str) -> str:
    """An address without user, password and query."""
    return re.sub(r"(?<=://)[^/]*@", "", address.partition("?")[0])


def _untrusted(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The certificate that nobody vouched for, if that is why: asking again does not help."""
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _sent(error: Unreachable) -> bool:
    """Whether a request without answer may have reached the service."""
    return not isinstance(error.__cause__, _http.kinds(*_UNCONNECTED))


def _keep_moving(call: Call[Any], pace: Pace, count: int, seconds: float) -> None:
    speed = pace.stalled(count, seconds)
    if speed is not None:
        raise Unreachable(
            f"{call.method} {_named(call)} has stalled: {speed:,.0f} bytes a second",
            hint="try again, or allow less with min_speed=…",
        )


async def _pieces_of(body: Body) -> AsyncGenerator[bytes, None]:
    if callable(body):
        async with aclosing(body()) as pieces:
            async for piece in pieces:
                yield piece
    elif body:
        yield body


class _NoSecrets(logging.Filter):
    """The HTTP library logs whole addresses and headers of answers, and some of them are secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = re.sub(_SECRETS_OF_URLS, r"\1***", record.getMessage()), ()
        return True


for _library in ("httpx2", *(f"httpcore2.{name}" for name in ("connection", "http11", "proxy", "socks"))):
    logging.getLogger(_library).addFilter(_NoSecrets())


def _begin_all() -> None:
    for wire in list(_wires):
        wire.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all)

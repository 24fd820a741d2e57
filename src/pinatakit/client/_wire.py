"""One body, two wires.

Every operation of the client is written once, as a coroutine over a `Wire`. On the
`Blocking` wire nothing ever suspends: a coroutine runs to its end in one step, and the
operation is an ordinary function. On the `Awaiting` wire it is awaited, under asyncio or
Trio. Which of the two a method is, a type checker reads from its resource: `get` of
`Files[Blocking]` gives a `File`, `get` of `Files[Awaiting]` is awaited for one.

Only this module knows threads, clocks, event loops and the HTTP library.
"""

from __future__ import annotations

import random
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import cache, partial, wraps
from types import MethodType
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, cast, overload
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpcore2 as httpcore
import httpx2 as httpx

from pinatakit.client._health import Gateways
from pinatakit.errors import PinataError, Unreachable
from pinatakit.protocol import Answer, Call, Host
from pinatakit.protocol.refusals import refused, retry_after
from pinatakit.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

_HOSTS: Final[tuple[Host, ...]] = ("api", "uploads", "gateway", "x402", "mpp", "psa")
_OF_THE_ACCOUNT: Final[tuple[Host, ...]] = ("api", "uploads", "psa")  # alone are told who asks
_BUSY: Final = frozenset({429, 502, 503, 504})  # statuses that say: ask again
_LONGEST_WAIT: Final = 120.0  # seconds; a service that asks for more is reported instead
_TAKING_IN: Final = 900.0  # seconds that a service may think about a large upload before it answers

# Bytes read from a connection at once. With 64 KiB, which the HTTP library has, a large download
# takes half as long again; it has no other place to say so.
httpcore.HTTP11Connection.READ_NUM_BYTES = 256 << 10  # pyright: ignore[reportAttributeAccessIssue]
httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = 256 << 10  # pyright: ignore[reportAttributeAccessIssue]


class Unverifiable(Unreachable):
    """A gateway answered with something else than blocks."""


class Wire(ABC):
    """The way to the service, and everything else an operation may wait for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.gateways = Gateways(settings.gateway_urls)

    async def send(self, call: Call[T]) -> T:
        """Send a call, again where that may help, and read its answer.

        Raises:
            ApiError: the service answered, and said no.
            Unreachable: no answer came.
        """
        answer = await self.ask(call)
        if not answer.ok:
            raise refused(answer, call, key=self.settings.credential.public_key)
        return call.read(answer)

    async def ask(self, call: Call[Any]) -> Answer:
        """Send a call, again where that may help, and give the answer, whatever it says.

        A busy service is asked again after the time it names; a connection that was cut is
        tried again, bodies being started afresh.

        Raises:
            Unreachable: no answer came.
        """
        for attempt in range(1, self.settings.attempts + 1):
            last = attempt == self.settings.attempts
            try:
                answer = await self._exchange(call)
            except Unreachable as error:
                sent = not isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
                if last or (sent and not call.repeatable):
                    raise
                await self.sleep(_backoff(attempt))
                continue
            again = answer.status in _BUSY and (call.repeatable or answer.status == 429)
            if not again or last:
                return answer
            told = retry_after(answer.headers)
            if told is not None and told > _LONGEST_WAIT:
                return answer
            await self.sleep(_backoff(attempt) if told is None else told)
        raise AssertionError("attempts is at least 1")

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """A call as the HTTP library takes it."""
        base = call.base or self.settings.base(call.host)
        told = call.host == "gateway" and base == self.settings.gateway_url  # and no other gateway is
        key = self.settings.gateway_key if told else None
        base, named = _address(base)
        headers = {**call.headers, **named}
        if call.host in _OF_THE_ACCOUNT:
            headers |= self.settings.credential.headers()
        if key:
            headers["x-pinata-gateway-token"] = key
        silence = self.settings.timeout
        answer = silence if isinstance(call.body, bytes | None) else max(silence, _TAKING_IN)
        return {
            "method": call.method,
            "url": base + call.path,
            "params": call.pairs() or None,
            "headers": headers,
            "timeout": httpx.Timeout(silence, read=answer),
            # What comes is checked, so a gateway that was told no secret may send elsewhere.
            "follow_redirects": call.host == "gateway" and not key,
        }

    @abstractmethod
    async def _exchange(self, call: Call[Any]) -> Answer: ...

    @abstractmethod
    def stream(self, call: Call[Any], accept: str) -> AsyncGenerator[bytes, None]:
        """The body of an answer of media type `accept`, in pieces as they come.

        Raises:
            ApiError: the service answered, and said no.
            Unreachable: no answer came, or it was cut, or it is of another media type.
        """

    async def back_off(self, attempt: int) -> None:
        """Wait before what failed so often is tried again."""
        await self.sleep(_backoff(attempt))

    @abstractmethod
    async def sleep(self, seconds: float) -> None: ...

    @abstractmethod
    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what blocks: read or write a file."""

    @abstractmethod
    def receive(self, call: Call[Any]) -> AsyncGenerator[Answer | bytes, None]:
        """An answer without its body, whatever it says, and then its body in pieces as they come.

        Raises:
            Unreachable: no answer came, or it was cut.
        """

    @abstractmethod
    async def together(self, works: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        """Do several things at once, and give what each came to.

        Raises:
            PinataError: the first thing that failed, when all are over.
        """


class Blocking(Wire):
    """The wire of a blocking client: none of its coroutines suspends."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__(settings)
        self._http = httpx.Client(transport=transport, headers=_identity(), verify=_tls(settings))

    async def _exchange(self, call: Call[Any]) -> Answer:
        content = call.body if isinstance(call.body, bytes | None) else iterate_now(call.body())
        try:
            return _answer(self._http.request(**self.request(call), content=content))
        except httpx.TransportError as error:
            raise _unreachable(call, self, error) from error

    async def stream(self, call: Call[Any], accept: str) -> AsyncGenerator[bytes, None]:
        try:
            with self._http.stream(**self.request(call)) as response:
                if not response.is_success:
                    response.read()
                _check_stream(response, accept)
                for piece in response.iter_raw():
                    yield piece
        except httpx.TransportError as error:
            raise _unreachable(call, self, error) from error

    async def receive(self, call: Call[Any]) -> AsyncGenerator[Answer | bytes, None]:
        try:
            with self._http.stream(**self.request(call)) as response:
                if not response.is_success:
                    response.read()
                    yield _answer(response)
                    return
                yield _head(response)
                for piece in response.iter_raw():
                    yield piece
        except httpx.TransportError as error:
            raise _unreachable(call, self, error) from error

    async def together(self, works: Sequence[Callable[[], Coroutine[Any, Any, T]]]) -> list[T]:
        if len(works) == 1:
            return [await works[0]()]
        with ThreadPoolExecutor(len(works), thread_name_prefix="pinatakit-fetch") as threads:
            begun = [threads.submit(_blocking(work)) for work in works]
            return [each.result() for each in begun]

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251  (nothing else waits on this wire)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(*args, **kwargs)

    def close(self) -> None:
        self._http.close()


class Awaiting(Wire):
    """The wire of an async client."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        super().__init__(settings)
        self._http = httpx.AsyncClient(transport=transport, headers=_identity(), verify=_tls(settings))

    async def _exchange(self, call: Call[Any]) -> Answer:
        content = call.body if isinstance(call.body, bytes | None) else call.body()
        try:
            return _answer(await self._http.request(**self.request(call), content=content))
        except httpx.TransportError as error:
            raise _unreachable(call, self, error) from error

    async def stream(self, call: Call[Any], accept: str) -> AsyncGenerator[bytes, None]:
        try:
            async with self._http.stream(**self.request(call)) as response:
                if not response.is_success:
                    await response.aread()
                _check_stream(response, accept)
                async with aclosing(response.aiter_raw()) as pieces:
                    async for piece in pieces:
                        yield piece
        except httpx.TransportError as error:
            raise _unreachable(call, self, error) from error

    async def receive(self, call: Call[Any]) -> AsyncGenerator[Answer | bytes, None]:
        try:
            async with self._http.stream(**self.request(call)) as response:
                if not response.is_success:
                    await response.aread()
                    yield _answer(response)
                    return
                yield _head(response)
                async with aclosing(response.aiter_raw()) as pieces:
                    async for piece in pieces:
                        yield piece
        except httpx.TransportError as error:
            raise _unreachable(call, self, error) from error

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

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs))

    async def aclose(self) -> None:
        await self._http.aclose()


W = TypeVar("W", bound=Wire)
R = TypeVar("R", bound="Resource[Any]")


class Resource(Generic[W]):
    """Operations over one wire."""

    def __init__(self, wire: W) -> None:
        self.wire = wire


class operation(Generic[R, P, T]):  # noqa: N801  (a decorator)
    """A method with one answer: returned on a Blocking wire, awaited on an Awaiting one."""

    def __init__(self, body: Callable[Concatenate[R, P], Coroutine[Any, Any, T]]) -> None:
        self.body = body
        self.__doc__ = body.__doc__

    @overload
    def __get__(
        self, resource: None, owner: type[Any]
    ) -> Callable[Concatenate[R, P], Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type[Any]) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, resource: Resource[Awaiting], owner: type[Any]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[Any]) -> Any:
        if resource is None:
            return self.body
        method = MethodType(self.body, resource)
        return method if isinstance(resource.wire, Awaiting) else _blocking(method)


class stream(Generic[R, P, T]):  # noqa: N801  (a decorator)
    """A method with many answers: iterated on a Blocking wire, with `async for` on an Awaiting one."""

    def __init__(self, body: Callable[Concatenate[R, P], AsyncGenerator[T, None]]) -> None:
        self.body = body
        self.__doc__ = body.__doc__

    @overload
    def __get__(
        self, resource: None, owner: type[Any]
    ) -> Callable[Concatenate[R, P], AsyncGenerator[T, None]]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type[Any]) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type[Any]) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[Any]) -> Any:
        if resource is None:
            return self.body
        method = MethodType(self.body, resource)
        return method if isinstance(resource.wire, Awaiting) else _iterating(method)


def _blocking(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    @wraps(method)
    def blocking(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_now(method(*args, **kwargs))

    return blocking


def _iterating(method: Callable[P, AsyncGenerator[T, None]]) -> Callable[P, Iterator[T]]:
    @wraps(method)
    def iterating(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return iterate_now(method(*args, **kwargs))

    return iterating


def run_now(awaitable: Awaitable[T]) -> T:
    """Run what a Blocking wire never suspends: it ends in its first step.

    Raises:
        RuntimeError: it did suspend, so something in it waits past the wire.
    """
    steps = awaitable.__await__()
    try:
        steps.send(None)
    except StopIteration as end:
        return cast(T, end.value)
    finally:
        steps.close()
    raise RuntimeError(f"{awaitable!r} suspended on a blocking wire")


def iterate_now(items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Iterate what a Blocking wire never suspends, and close it at the end."""
    while True:
        try:
            item = run_now(anext(items))
        except StopAsyncIteration:
            return
        try:
            yield item
        except BaseException:
            run_now(items.aclose())
            raise


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


def _identity() -> dict[str, str]:
    from pinatakit import __version__  # noqa: PLC0415  (the front door imports this room)

    return {"user-agent": f"pinatakit/{__version__}", "accept-encoding": "identity"}


def _tls(settings: Settings) -> ssl.SSLContext:
    """Certificates, loaded once, and not at all where nothing is encrypted: that takes some 20 ms."""
    if all(base.startswith("http:") for base in (*map(settings.base, _HOSTS), *settings.gateway_urls)):
        return _no_certificates()
    return _certificates()


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@cache
def _no_certificates() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody


def _answer(response: httpx.Response) -> Answer:
    url = response.url.copy_with(query=None, userinfo=b"")
    return Answer(response.status_code, response.headers, response.content, str(url))


def _head(response: httpx.Response) -> Answer:
    return Answer(response.status_code, response.headers, b"", str(response.url.copy_with(query=None)))


def _check_stream(response: httpx.Response, accept: str) -> None:
    if not response.is_success:
        raise refused(_answer(response))
    given = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != accept:
        raise Unverifiable(
            f"{response.url.copy_with(query=None)} answered {given or 'no media type'} where {accept} was asked for",
            hint="this gateway does not serve verifiable content; set PINATA_GATEWAY_URL to one that does",
        )


def _unreachable(call: Call[Any], wire: Wire, error: httpx.TransportError) -> Unreachable:
    what = str(error) or type(error).__name__
    base = call.base or wire.settings.base(call.host)
    path = call.path.partition("?")[0]  # a query may be a signature
    return Unreachable(f"no answer from {base} to {call.method} {path}: {what}")


def _backoff(attempt: int) -> float:
    """Seconds before the next attempt: up to 0.5, 1, 2, … with full jitter."""
    return random.uniform(0, 0.25 * 2.0**attempt)  # noqa: S311

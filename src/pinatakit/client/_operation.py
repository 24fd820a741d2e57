"""One body, two wires.

Every operation of the client is written once, as a coroutine over a `Wire`. On the
`Blocking` wire nothing ever suspends: a coroutine runs to its end in one step, and the
operation is an ordinary function. On the `Awaiting` wire it is awaited, under asyncio or
Trio. Which of the two a method is, a type checker reads from its resource: `get` of
`Files[Blocking]` gives a `File`, `get` of `Files[Awaiting]` is awaited for one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from functools import cached_property, wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from pinatakit.client._now import iterate_now, run_now
from pinatakit.client._wire import Awaiting, Blocking, Wire

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound=Wire)
R = TypeVar("R", bound="Resource[Any]")


class Resource(Generic[W]):
    """Operations over one wire."""

    def __init__(self, wire: W) -> None:
        self.wire = wire

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.wire.settings.base('api')}>"


class operation(Generic[R, P, T]):  # noqa: N801  (a decorator)
    """A method with one answer: returned on a Blocking wire, awaited on an Awaiting one."""

    def __init__(self, body: Callable[Concatenate[R, P], Coroutine[Any, Any, T]]) -> None:
        self._body = body
        self.__doc__ = body.__doc__

    @cached_property
    def body(self) -> Callable[Concatenate[R, P], Coroutine[Any, Any, T]]:
        """What it does, on either wire."""
        return _explained(self._body)

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
        self._body = body
        self.__doc__ = body.__doc__

    @cached_property
    def body(self) -> Callable[Concatenate[R, P], AsyncGenerator[T, None]]:
        """What it does, on either wire."""
        return _explained(self._body)

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


def _explained(body: Callable[P, T]) -> Callable[P, T]:
    """A body whose module knows all that its annotations name, so that anybody can evaluate them.

    Names that are loaded when they are used are in no module's namespace before, and nowhere else does
    `typing.get_type_hints` look. They are those that a call would load.
    """
    module = sys.modules[body.__module__]
    if hasattr(module, "__getattr__"):
        for name in set(re.findall(r"\w+", " ".join(body.__annotations__.values()))):
            getattr(module, name, None)
    return body


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

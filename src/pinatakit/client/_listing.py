"""Lists: what there is, over all pages, as one kind of object for each wire.

A method under `@listing` says how a page is fetched; over a Blocking wire it gives a `Listing`,
over an Awaiting one an `AsyncListing`. Making either asks nothing, and each iteration begins
afresh.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Hashable,
    Iterator,
    Sequence,
)
from functools import wraps
from itertools import islice
from typing import Any, Concatenate, Final, Generic, ParamSpec, Self, TypeAlias, TypeVar, overload

from pinatakit.client._now import iterate_now, run_now
from pinatakit.client._operation import Resource
from pinatakit.client._wire import Awaiting, Blocking
from pinatakit.errors import InputError
from pinatakit.protocol import Rows

P = ParamSpec("P")
T = TypeVar("T")
Place = TypeVar("Place")
R = TypeVar("R", bound=Resource[Any])

Fetch: TypeAlias = Callable[[int, Place], Coroutine[Any, Any, tuple[Sequence[T], Place | None]]]
"""How many and from where, as a page: what is there, and where the next one starts, or `None`."""

_LOOKED_AT: Final = 100  # rows that a notebook's table asks for: a page of most lists


class AsyncListing(Generic[T]):
    """A list of an async client: ``async for`` goes over all its pages, ``await`` gives it whole.

    async for file in pinata.files.list(name="cat"):
        ...
    files = await pinata.files.list(limit=20)
    """

    def __init__(self, start: Callable[[], AsyncIterator[T]]) -> None:
        self.start = start
        self.told = "…"

    def __aiter__(self) -> AsyncIterator[T]:
        return self.start()

    def __await__(self) -> Generator[Any, None, Rows[T]]:
        return self._whole().__await__()

    async def _whole(self) -> Rows[T]:
        return Rows([item async for item in self.start()])

    async def first(self) -> T | None:
        """The first of it, or `None` where it is empty; asks for one page."""
        return await anext(self.start(), None)

    def __repr__(self) -> str:
        return f"<{self.told}: fetched as it is iterated, or awaited>"


class Listing(Generic[T]):
    """A list of a blocking client: iterating it goes over all its pages, and may be done again.

    for file in pinata.files.list(name="cat"):
        ...
    files = list(pinata.files.list(limit=20))
    """

    def __init__(self, items: AsyncListing[T]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[T]:
        return iterate_now(self._items.start())

    def first(self) -> T | None:
        """The first of it, or `None` where it is empty; asks for one page."""
        return run_now(self._items.first())

    def __repr__(self) -> str:
        return f"<{self._items.told}: fetched as it is iterated>"

    def _repr_html_(self) -> str:
        """A table of the first rows, for notebooks; to show it they are fetched."""
        seen = list(islice(self, _LOOKED_AT))
        return Rows(seen).table(whole=len(seen) < _LOOKED_AT)


class listing(Generic[R, P, T]):  # noqa: N801  (a decorator)
    """A method that gives a list: a `Listing` on a Blocking wire, an `AsyncListing` on an Awaiting one."""

    def __init__(self, body: Callable[Concatenate[R, P], AsyncListing[T]]) -> None:
        self.body = body
        self.__doc__ = body.__doc__

    @overload
    def __get__(self, resource: None, owner: type[Any]) -> Callable[Concatenate[R, P], AsyncListing[T]]: ...
    @overload
    def __get__(self, resource: Resource[Blocking], owner: type[Any]) -> Callable[P, Listing[T]]: ...
    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type[Any]) -> Callable[P, AsyncListing[T]]: ...
    def __get__(self, resource: Resource[Any] | None, owner: type[Any]) -> Any:
        if resource is None:
            return self.body

        @wraps(self.body)
        def method(*args: P.args, **kwargs: P.kwargs) -> Listing[T] | AsyncListing[T]:
            items = self.body(resource, *args, **kwargs)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            given = [*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]
            items.told = f"{type(resource).__name__}.{self.body.__name__}({', '.join(given)})"
            return items if isinstance(resource.wire, Awaiting) else Listing(items)

        return method


def paged(
    fetch: Fetch[Place, T],
    start: Place,
    *,
    limit: int | None,
    page_size: int = 100,
    most: int | None = None,
    keep: Callable[[T], bool] | None = None,
    show: Callable[[T], T] | None = None,
    key: Callable[[T], Hashable] | None = None,
) -> AsyncListing[T]:
    """A list over pages, the first of which is at `start`; the service gives at most `most` on one.

    `keep` chooses among what comes, `show` is what becomes of it. With `key` what came before is
    passed over, and a page without anything new is the last.

    Raises:
        InputError: a limit below 0, a page of nothing, or one larger than the service gives.
    """
    if (limit is not None and limit < 0) or page_size < 1:
        raise InputError(
            f"limit={limit} and page_size={page_size} cannot be",
            hint="limit is 0 or more, page_size 1 or more",
        )
    if most is not None and page_size > most:
        raise InputError(
            f"page_size={page_size} cannot be: a page of this list has at most {most:,}",
            hint="leave page_size out; the list goes on over all pages by itself",
        )

    def items() -> AsyncIterator[T]:
        return _Items(fetch, start, limit, page_size, keep or _all, show or _as_it_is, key)

    return AsyncListing(items)


def _all(_: object) -> bool:
    return True


def _as_it_is(item: T) -> T:
    return item


class _Items(Generic[Place, T]):
    """What is on all the pages. Between two pages nothing is open, so it can be left at any place."""

    def __init__(
        self,
        fetch: Fetch[Place, T],
        start: Place,
        limit: int | None,
        page_size: int,
        keep: Callable[[T], bool],
        show: Callable[[T], T],
        key: Callable[[T], Hashable] | None,
    ) -> None:
        self._fetch = fetch
        self._place: Place | None = start
        self._limit = limit
        self._page_size = page_size
        self._keep = keep
        self._show = show
        self._key = key
        self._page: Iterator[T] = iter(())
        self._seen: set[Hashable] = set()
        self._given = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while self._given != self._limit:
            for item in self._page:
                if self._keep(item):
                    self._given += 1
                    return self._show(item)
            if self._place is None:
                break
            await self._turn(self._place)
        raise StopAsyncIteration

    async def _turn(self, place: Place) -> None:
        """The next page; one without anything new is the last."""
        size = self._page_size
        if self._limit is not None and self._keep is _all:
            size = min(size, self._limit - self._given)
        page, self._place = await self._fetch(size, place)
        if self._key:
            page = [item for item in page if self._is_new(self._key(item))]
        if not page:
            self._place = None
        self._page = iter(page)

    def _is_new(self, key: Hashable) -> bool:
        new = key not in self._seen
        self._seen.add(key)
        return new


def whole(
    fetch: Callable[[], Coroutine[Any, Any, Sequence[T]]],
    *,
    limit: int | None = None,
    show: Callable[[T], T] | None = None,
) -> AsyncListing[T]:
    """A list that the service gives in one piece."""

    async def fetch_all(_size: int, _place: int) -> tuple[Sequence[T], int | None]:
        return await fetch(), None

    return paged(fetch_all, 0, limit=limit, show=show)

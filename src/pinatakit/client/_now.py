"""Now: running at once what never suspends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Generator
from typing import TypeVar, cast

T = TypeVar("T")


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


def iterate_now(items: AsyncIterator[T]) -> Generator[T, None, None]:
    """Iterate what a Blocking wire never suspends, and close it at the end if it is a generator."""
    while True:
        try:
            item = run_now(anext(items))
        except StopAsyncIteration:
            return
        try:
            yield item
        except BaseException:
            if isinstance(items, AsyncGenerator):
                run_now(items.aclose())
            raise

"""What is at a URL, read as it is uploaded, and kept nowhere on the way.

A connection that is cut is gone on with where it was, as long as the host says that the content
is the same; else the upload ends, and nothing of it is pinned. No credential of the account is sent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

from pinatakit.client._limiter import LONGEST_WAIT
from pinatakit.client._wire import Wire
from pinatakit.errors import InputError, Unreachable
from pinatakit.protocol import Answer
from pinatakit.protocol import urls as calls
from pinatakit.protocol.limits import retry_after
from pinatakit.protocol.urls import BUSY, MAX_REDIRECTS, REDIRECTS, Served, shown
from pinatakit.sources import Source, fetched


@asynccontextmanager
async def opened(wire: Wire, url: str) -> AsyncGenerator[Source]:
    """What is at an address: its host has been asked, and its first bytes are on their way.

    Raises:
        InputError: there is no content.
        Unreachable: the host does not answer.
    """
    origin = _Origin(wire, url)
    try:
        told = await origin.ask()
        yield fetched(told.name, told.size, told.content_type, origin.arriving)
    finally:
        await origin.close()


class _Origin:
    """The host of some content, and the answer that nobody has read yet."""

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        self._url = url
        self._told: Served | None = None
        self._waiting: AsyncGenerator[Answer | bytes, None] | None = None

    async def ask(self) -> Served:
        """What the host tells, whose answer then waits to be read."""
        self._told, self._waiting = await self._ask(0)
        return self._told

    async def close(self) -> None:
        """Leave what was not read."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            await waiting.aclose()

    async def arriving(self, at: int) -> AsyncGenerator[bytes, None]:
        """The content from a place on.

        Raises:
            InputError: it was cut and cannot be gone on with, or it is not what it was.
        """
        assert self._told, "it was asked before"
        size, failures = self._told.size, 0
        while size is None or at < size:
            moved = False
            try:
                async with aclosing(self._pieces(at)) as pieces:
                    async for piece in pieces:
                        moved = True
                        at += len(piece)
                        yield piece
                if size is None:
                    return
            except Unreachable as error:
                failures = 1 if moved else failures + 1
                if failures >= self._wire.settings.attempts or (at and self._told.version is None):
                    raise self._cut(at, error.message) from error
                await self._wire.back_off(failures)

    async def _pieces(self, at: int) -> AsyncGenerator[bytes, None]:
        """The content from a place on, until it is cut."""
        assert self._told, "it was asked before"
        now, answering = self._told, self._waiting
        self._waiting = None
        if answering is None or at:
            if answering:
                await answering.aclose()
            if at and self._told.version is None:
                raise self._cut(at, "it would have to be asked for again")
            now, answering = await self._ask(at)
        async with aclosing(answering):
            sizes = {now.size, self._told.size} - {None}
            if now.version != self._told.version or len(sizes) > 1 or now.at not in (0, at):
                raise InputError(
                    f"{shown(self._url)} changed while it was read",
                    hint="upload it again when it stays the same",
                )
            skip = at - now.at
            async for piece in answering:
                assert isinstance(piece, bytes), "an answer is told once"
                rest = piece[skip:]
                skip -= len(piece) - len(rest)
                if rest:
                    yield rest

    def _cut(self, at: int, why: str) -> InputError:
        assert self._told, "it was asked before"
        unknown = "" if self._told.version else ", and its host does not say whether it is still the same"
        return InputError(
            f"{shown(self._url)} was cut after {at:,} bytes{unknown}: {why}",
            hint="upload it again, or download it before",
        )

    async def _ask(self, at: int) -> tuple[Served, AsyncGenerator[Answer | bytes, None]]:
        """What the host tells, and the content behind it; where it is busy or silent, asked again."""
        version = self._told.version if self._told else None
        url = self._url
        failures = redirects = 0
        while True:
            answering = self._wire.receive(calls.fetch(url, at, version))
            try:
                answer = await anext(answering)
                assert isinstance(answer, Answer), "it comes before its body"
                if answer.status in REDIRECTS:
                    redirects += 1
                    if redirects > MAX_REDIRECTS:
                        raise InputError(f"{shown(self._url)} leads on and on, {redirects} times")
                    url = calls.redirected(url, answer)
                elif (
                    answer.status not in BUSY
                    or failures + 1 >= self._wire.settings.attempts
                    or (told := retry_after(answer.headers) or 0.0) > LONGEST_WAIT
                ):
                    return calls.served(url, answer), answering
                else:
                    failures += 1
                    await self._wire.back_off(failures, at_least=told)
            except Unreachable:
                failures += 1
                if self._told or failures >= self._wire.settings.attempts:
                    raise
                await self._wire.back_off(failures)
            except BaseException:
                await answering.aclose()
                raise
            await answering.aclose()

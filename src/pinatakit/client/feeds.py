"""Feeds: the bytes of a source, in order, wherever they come from.

A file is read in a thread; what arrives by itself, of the caller's async iterator or over the
network, is awaited. Where a service has to be told beforehand how much is coming, or content is
read twice, what can be read only once goes into a temporary file, and there alone.
"""

from __future__ import annotations

import logging
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias, Unpack

from pinatakit.client import urls
from pinatakit.client._wire import Wire
from pinatakit.content import Profile
from pinatakit.errors import InputError
from pinatakit.packed import Taken, packed
from pinatakit.patterns import ALL
from pinatakit.protocol.limits import UPLOAD_LIMIT
from pinatakit.protocol.urls import is_url
from pinatakit.sources import (
    PIECE,
    Folder,
    Pieces,
    Reader,
    Source,
    Uploadable,
    awaited,
    find_glob,
    open_file,
    path_of,
    read_source,
)

_log: Final = logging.getLogger("pinatakit")

Sendable: TypeAlias = Uploadable | AsyncIterable[bytes]
"""What a client can upload: also what only it can wait for."""


@asynccontextmanager
async def look(
    wire: Wire, given: Sendable, *, name: str | None, profile: Profile | None, **take: Unpack[Taken]
) -> AsyncGenerator[Source | Folder]:
    """What is to be uploaded, as far as it can be known before it is read.

    With a profile a folder is hashed, and is one CAR. What of a folder cannot go along is logged.

    Raises:
        InputError: it cannot be read; it says why.
        Unreachable: it is at a URL, whose host does not answer.
    """
    if isinstance(given, AsyncIterable):
        yield awaited(wire.follow(given), name)
    elif isinstance(given, str) and is_url(given):
        async with urls.opened(wire, given) as source:
            yield source
    elif profile and (folder := folder_of(given, take)):
        left_out: list[str] = []
        with ExitStack() as made:  # in a thread, and left also by whoever is cancelled meanwhile
            source = await wire.in_thread(made.enter_context, packed(folder, profile, left_out, **take))
            _tell(source.name, left_out)
            yield source
    else:
        what = await wire.in_thread(read_source, given, name=name, **take)
        if isinstance(what, Folder):
            _tell(what.name, what.left_out)
        yield what


def folder_of(given: Uploadable, take: Taken) -> Path | None:
    """The folder that a path is, or with stars stands for."""
    path = path_of(given)
    if path and isinstance(given, str):
        path, take["patterns"] = find_glob(path, take.get("patterns", ALL))
    return path if path and path.is_dir() else None


def _tell(name: str, left_out: list[str]) -> None:
    """Log what of a folder does not go along."""
    if left_out:
        more = f" and {len(left_out) - 5:,} more" if len(left_out) > 5 else ""
        named = ", ".join(map(repr, left_out[:5]))
        _log.warning(
            "of %r these symlinks, and folders in which nothing is to be taken, are left out: %s%s",
            name,
            named,
            more,
        )


class Feed(ABC):
    """A source that is being read."""

    @abstractmethod
    async def piece(self, most: int, take: Callable[[bytes], object]) -> bytes:
        """The next bytes, empty at the end; `take` is given them too, in a thread.

        Raises:
            InputError: the source is not what it was, or no source of bytes.
        """

    @abstractmethod
    async def seek(self, at: int) -> None:
        """Go on from a place, counted from where the source begins."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of what was opened."""


def open_feed(wire: Wire, source: Source) -> Feed:
    """A source as it is read from its beginning; it is opened when the first bytes are wanted."""
    return _Arriving(wire, source) if source.arriving else _Read(wire, source)


class _Read(Feed):
    """What is read in threads."""

    def __init__(self, wire: Wire, source: Source) -> None:
        self._wire = wire
        self._source = source
        self._reader: Reader | None = None

    async def piece(self, most: int, take: Callable[[bytes], object]) -> bytes:
        return await self._wire.in_thread(self._piece, most, take)

    def _piece(self, most: int, take: Callable[[bytes], object]) -> bytes:
        piece = self._open().piece(most)
        take(piece)
        return piece

    async def seek(self, at: int) -> None:
        await self._wire.in_thread(lambda: self._open().seek(at))

    def _open(self) -> Reader:
        if self._reader is None:
            self._reader = Reader(self._source)
        return self._reader

    async def close(self) -> None:
        if self._reader:
            self._reader.close()


class _Arriving(Feed):
    """What comes by itself."""

    def __init__(self, wire: Wire, source: Source) -> None:
        assert source.arriving
        self._wire = wire
        self._source = source
        self._arrive = source.arriving
        self._arriving: AsyncGenerator[bytes, None] | None = None
        self._pieces = Pieces(source.name)
        self._at = 0

    async def piece(self, most: int, take: Callable[[bytes], object]) -> bytes:
        if self._arriving is None:
            self._arriving = self._arrive(self._at)
        while self._pieces.lacks(most):
            try:
                self._pieces.put(await anext(self._arriving))
            except StopAsyncIteration:
                break
        piece = self._pieces.take()
        self._at += len(piece)
        await self._wire.in_thread(take, piece)
        return piece

    async def seek(self, at: int) -> None:
        if at != self._at:
            await self.close()
            self._at = at

    async def close(self) -> None:
        if self._arriving:
            await self._arriving.aclose()
        self._arriving = None
        self._pieces = Pieces(self._source.name)


@asynccontextmanager
async def at_hand(wire: Wire, source: Source) -> AsyncGenerator[Source]:
    """The same bytes, in a temporary file: their number is known, and they can be read again.

    Raises:
        InputError: there are more than one upload may have.
    """
    size = 0
    with tempfile.TemporaryFile() as file:
        feed = open_feed(wire, source)
        try:
            while piece := await feed.piece(PIECE, file.write):
                size += len(piece)
                if size > UPLOAD_LIMIT:
                    raise InputError(
                        f"{source.name!r} has more than the {UPLOAD_LIMIT:,} bytes that Pinata takes at once",
                        hint="split it into several uploads",
                    )
        finally:
            await feed.close()
        file.seek(0)
        yield replace(open_file(file, source.name), media_type=source.media_type)

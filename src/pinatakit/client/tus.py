"""TUS: a file goes in chunks, and after any fault on from the last byte the service has.

Whatever was lost, an answer, a connection, or this process, the service is asked where it
stands. What it has already is read from disk again, to be hashed, but not sent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from pinatakit.client._pace import Progress
from pinatakit.client._wire import Wire
from pinatakit.client.feeds import Feed, open_feed
from pinatakit.client.sessions import Session
from pinatakit.content import CID, FileBuilder, Profile, Root
from pinatakit.errors import (
    ApiError,
    InputError,
    PinataError,
    RateLimited,
    ServiceFault,
    Unreachable,
)
from pinatakit.protocol import File, Network
from pinatakit.protocol import files as file_calls
from pinatakit.protocol import tus as calls
from pinatakit.protocol.tus import Progressed
from pinatakit.sources import PIECE, Source

_GONE: Final = frozenset({404, 410})  # statuses of an upload that the service does not have
_PASSING: Final = frozenset({408, 409, 423, 425})  # statuses after which the offset is asked
_LISTED: Final = (0, 1, 2, 4, 8, 15, 30)  # seconds to wait before the record is looked for, and again


class Sent(NamedTuple):
    """A file that has gone: what the service calls it, what it was found to be, and its promised id."""

    cid: CID | None
    root: Root | None
    file_id: str | None


async def send(
    wire: Wire,
    what: Source,
    fields: Mapping[str, str],
    profile: Profile | None,
    proven: CID | None,
    url: str | None,
    chunk_size: int,
    progress: Progress | None,
) -> Sent:
    """Send a file in chunks, or the rest of one that was begun earlier.

    Raises:
        InputError: the file changed meanwhile.
        Unreachable: no answer came, as often as was asked.
        ApiError: the service said no.
    """
    options = {**fields, "chunks of": what.name}
    session = None
    if what.path and not url:
        session = await wire.in_thread(Session.open, wire.settings, what, options)
    try:
        feed = open_feed(wire, what)
        try:
            await feed.seek(0)  # what cannot be read is told before the service hears of it
            going = _Going(wire, what, feed, profile, proven, url, chunk_size, progress, session)
            try:
                return await going.go(fields)
            except InputError:
                await going.give_up()
                raise
        finally:
            await feed.close()
    finally:
        if session:
            session.close()  # not in a thread: whoever is cancelled can wait for none


class _Going:
    """One upload on its way."""

    def __init__(
        self,
        wire: Wire,
        what: Source,
        feed: Feed,
        profile: Profile | None,
        proven: CID | None,
        url: str | None,
        chunk_size: int,
        progress: Progress | None,
        session: Session | None,
    ) -> None:
        assert what.size is not None, "its length is told first"
        self._wire = wire
        self._size = what.size
        self._feed = feed
        # One thread hashes faster than any network sends; more would take the core that sends.
        self._builder = FileBuilder(profile, threads=1) if profile else None
        self._hashed = 0
        self._root: Root | None = None
        self._proven = proven
        self._url = url
        self._chunk_size = chunk_size
        self._progress = progress
        self._session = session
        self._location: str | None = None
        self._failures = 0
        self._all_sent = False

    async def go(self, fields: Mapping[str, str]) -> Sent:
        if self._session:
            if self._session.outdated:
                await self._terminate(self._session.outdated)
                await self._wire.in_thread(self._session.forget)
            self._location = self._session.location
        begun_earlier = self._location is not None
        while True:
            if self._location is None:
                await self._begin(fields)
            file_id = _file_id(self._location or "")
            try:
                cid = await self._send(unsure=begun_earlier)
            except ApiError as error:
                if error.status not in _GONE or self._failures >= self._wire.settings.attempts:
                    raise
                self._failures += 1
                await (
                    self._forget()
                )  # the service has let go of it: afresh, unless it was its last answer that was lost
                begun_earlier = False
                if not await self._is_there(fields):
                    continue
                cid = None
            await self._forget()
            return Sent(cid, self._root, file_id)

    async def _is_there(self, fields: Mapping[str, str]) -> bool:
        """Whether all was sent, and is listed already."""
        expected = self._proven or (self._root.cid if self._root else None)
        if self._url or expected is None or not self._all_sent:
            return False
        network: Network = "private" if fields.get("network") == "private" else "public"
        return bool((await self._wire.send(file_calls.list_files(network, cid=expected, limit=1))).files)

    async def give_up(self) -> None:
        """Leave nothing of it, here and there."""
        if self._location:
            await self._terminate(self._location)
        await self._forget()

    async def _begin(self, fields: Mapping[str, str]) -> None:
        given = await self._wire.send(calls.create(self._url, self._size, fields))
        base = self._url or f"{self._wire.settings.base('uploads')}/v3/files"
        location = urljoin(base, given)
        if urlsplit(location)[:2] != urlsplit(base)[:2]:
            raise PinataError(
                f"the service wants the upload sent to another host, {urlsplit(location).netloc}",
                hint="check the endpoint; a credential is sent to no other host",
            )
        self._location = location
        if self._session:
            await self._wire.in_thread(self._session.keep, location)

    async def _send(self, *, unsure: bool) -> CID | None:
        """All chunks that are left; `unsure` is whether the service may have some already."""
        now = Progressed(0, None)
        while unsure or now.offset < self._size:
            before = now.offset
            try:
                now = await self._step(now.offset, unsure)
            except (Unreachable, ApiError) as error:
                if not _passes(error):
                    raise
                self._failures += 1
                if self._failures >= self._wire.settings.attempts:
                    raise
                await self._wire.back_off(self._failures)
                unsure = True
                continue
            unsure = False
            if now.offset > self._size:
                raise PinataError(f"the service has {now.offset:,} bytes of a file of {self._size:,}")
            if now.offset > before:
                self._failures = 0
        await self._finish()
        return now.cid

    async def _step(self, offset: int, unsure: bool) -> Progressed:
        """Ask how far it is, or send a chunk."""
        assert self._location
        signed = self._url is not None
        if unsure:
            now = await self._wire.send(calls.ask(self._path(), signed=signed))
            await self._hash_up_to(min(now.offset, self._size))
            if self._progress:
                self._progress(now.offset, self._size)
            return now
        size = min(self._chunk_size, self._size - offset)
        return await self._wire.send(
            calls.send(self._path(), offset, size, self._body(offset, size), signed=signed)
        )

    def _path(self, location: str | None = None) -> str:
        """Where the upload is, as a call names it: below its host, or as a whole URL."""
        location = location or self._location or ""
        return location if self._url else location.removeprefix(self._wire.settings.base("uploads"))

    def _body(self, offset: int, size: int) -> Callable[[], AsyncGenerator[bytes, None]]:
        async def body() -> AsyncGenerator[bytes, None]:
            await self._feed.seek(offset)
            at = offset
            while at < offset + size:
                piece = await self._piece(at, min(PIECE, offset + size - at))
                yield piece
                at += len(piece)
                if self._progress:
                    self._progress(at, self._size)
            if at == self._size:
                await self._finish()
                self._all_sent = True

        return body

    async def _piece(self, at: int, most: int) -> bytes:
        """The next bytes, on their way to be hashed if they were not yet."""

        def take(piece: bytes) -> None:
            if self._builder and at + len(piece) > self._hashed:
                self._builder.feed(piece[self._hashed - at :])
                self._hashed = at + len(piece)

        return await self._feed.piece(most, take)

    async def _hash_up_to(self, offset: int) -> None:
        """Hash what the service has from an earlier process."""
        if self._builder and self._hashed < offset:
            await self._feed.seek(self._hashed)
            while self._hashed < offset:
                await self._piece(self._hashed, min(PIECE, offset - self._hashed))

    async def _finish(self) -> None:
        """All is read: it has a root."""
        await self._hash_up_to(self._size)
        if self._builder:
            self._root = await self._wire.in_thread(self._builder.finish)
            self._builder = None

    async def _forget(self) -> None:
        self._location = None
        if self._session:
            await self._wire.in_thread(self._session.forget)

    async def _terminate(self, location: str) -> None:
        try:
            await self._wire.send(calls.terminate(self._path(location), signed=self._url is not None))
        except (ApiError, Unreachable):
            return  # it expires by itself


def _passes(error: Unreachable | ApiError) -> bool:
    return isinstance(error, Unreachable | ServiceFault | RateLimited) or error.status in _PASSING


def _file_id(location: str) -> str | None:
    """The id that the file will have: the segment before the last, as Pinata's command line reads it."""
    segments = urlsplit(location).path.split("/")
    return segments[-2] if len(segments) > 2 else None


async def find(wire: Wire, network: Network, cid: CID, name: str | None, file_id: str | None) -> File | None:
    """The record of what was just uploaded: of those with its CID the promised one, or the newest of its name.

    Large files are listed only some time after their last byte.
    """
    for seconds in _LISTED:
        if seconds:
            await wire.sleep(seconds)
        page = await wire.send(file_calls.list_files(network, cid=cid, order="DESC", limit=1000))
        promised = [file for file in page.files if file.id == file_id]
        named = [file for file in page.files if file.name == name]
        if found := promised or named or page.files:
            return found[0]
    return None

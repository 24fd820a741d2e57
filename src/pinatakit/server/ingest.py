"""Ingest: bytes that arrive become blocks in a CAR while they arrive.

Nothing is spooled and nothing held: what a request brings is cut, hashed and written in
pieces of 1 MiB, in threads, while the next piece is received.

Form fields may stand behind the files, and Pinata's own clients put them there; then the
CID version is known only at the end. Files are taken for version 1, as all current clients
ask, and in the other case the DAG is built again from the CAR just written.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pinatakit.content import FileBuilder, FolderBuilder, Profile, Root, Walk
from pinatakit.errors import InputError
from pinatakit.protocol import Upload, form
from pinatakit.protocol.metadata import check_name
from pinatakit.server.media import DIRECTORY, SNIFFED, sniff
from pinatakit.server.refusal import Refusal, bad_request
from pinatakit.server.store import Store, Writing
from pinatakit.server.store.files import Kept

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

ProfileOf: TypeAlias = Callable[[dict[str, str]], Profile | None]
"""The profile that a form's fields ask for, or `None` where they say nothing of it (yet)."""

_GATHER: Final = 1 << 20
_MAX_FIELDS: Final = 1 << 20  # bytes of all plain fields together


class Ingest:
    """One upload on its way into the store: files begin, are fed, end; then all is kept or dropped."""

    def __init__(self, store: Store, profile: Profile) -> None:
        self.profile = profile
        self.names: list[str] = []
        self._store = store
        self._car: Writing = store.cars.write(profile.cid_version)
        self._roots: list[Root] = []
        self._file: FileBuilder | None = None
        self._start = b""

    def begin(self, name: str) -> None:
        """The next file."""
        self.names.append(name)
        self._file = FileBuilder(self.profile, self._car.put)

    def feed(self, data: bytes) -> None:
        """Bytes of the file that has begun.

        Raises:
            OSError: the disk is full or broken.
        """
        assert self._file
        if len(self.names) == 1 and len(self._start) < SNIFFED:
            self._start += data[:SNIFFED]
        self._file.feed(data)

    def end(self) -> None:
        """The file that has begun is whole."""
        assert self._file
        self._roots.append(self._file.finish())
        self._file = None

    def rebuild(self, profile: Profile) -> Ingest:
        """The same files under another profile, read back from what was written; this one is dropped."""
        self._car.flush()
        get = self._store.cars.getter(self._car.number)
        again = Ingest(self._store, profile)
        try:
            for name, root in zip(self.names, self._roots, strict=True):
                again.begin(name)
                walk = Walk(root.cid)
                while walk.wants:
                    for step in walk.feed(get(walk.wants)):
                        if isinstance(step, bytes):
                            again.feed(step)
                again.end()
        except BaseException:
            again.drop()
            raise
        self.drop()
        return again

    def keep(self, kept: Kept, *, wrap: bool = False, mime_type: str | None = None) -> Upload:
        """Make it last: one file, or one folder of all files; then it may be acknowledged.

        `kept` is what is known besides the root; `wrap` puts one more folder around.

        Raises:
            Refusal: the files are neither one file nor one folder.
            OSError: the disk is full or broken.
        """
        root, given, is_folder = self._root()
        try:
            name = check_name(kept.name or given) or None
        except InputError as error:
            raise bad_request(error.message) from None
        kind = mime_type or (DIRECTORY if is_folder or wrap else sniff(self._start, self.names[0]))
        kept = kept._replace(name=name, number_of_files=len(self._roots), mime_type=kind)
        if wrap:
            folder = FolderBuilder(self.profile, self._car.put)
            folder.add(given, root)
            root = folder.finish()
        self._car.settle(root)
        return self._store.files.add(kept._replace(root=root), self._car)

    def drop(self) -> None:
        """Leave nothing of it."""
        self._store.records.write(self._car.abandon).result()

    def _root(self) -> tuple[Root, str, bool]:
        """The root of what was uploaded, its name, and whether it is a folder."""
        if not self.names:
            raise bad_request("Invalid request format.")
        if len(self.names) == 1 and "/" not in self.names[0]:
            return self._roots[0], self.names[0], False
        tops = {name.partition("/")[0] for name in self.names}
        if len(tops) > 1 or any("/" not in name for name in self.names):
            raise bad_request("More than one file and/or directory was provided for pinning.")
        folder = FolderBuilder(self.profile, self._car.put)
        try:
            for name, root in zip(self.names, self._roots, strict=True):
                folder.add(name.partition("/")[2], root)
        except InputError as error:
            raise bad_request(error.message) from None
        return folder.finish(), tops.pop(), True


class Form(NamedTuple):
    """A form that has arrived: its plain fields, and its files in the store."""

    fields: dict[str, str]
    ingest: Ingest


async def receive(
    store: Store, content_type: str, body: AsyncIterator[bytes], profile_of: ProfileOf, default: Profile
) -> Form:
    """Take a multipart form as it arrives; `default` is the profile where its fields name none.

    Raises:
        Refusal: it is no form, or was cut short; nothing of it is left in the store.
        OSError: the disk is full or broken; nothing of it is left in the store.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise bad_request("Invalid request format.")
    reading = _Reading()
    parser = MultipartParser(options[b"boundary"], reading.callbacks())
    pouring = _Pouring()
    ingest: Ingest | None = None
    try:
        async for piece in body:
            parser.write(piece)
            for event in reading.take():
                match event:
                    case str():
                        if ingest is None:
                            profile = profile_of(reading.fields) or Profile.for_version(1)
                            ingest = await anyio.to_thread.run_sync(Ingest, store, profile)
                            pouring.into = ingest
                        ingest.begin(_plain_path(event))
                    case None:
                        await pouring.end()
                    case _:
                        await pouring.add(event)
        if not reading.ended:
            raise bad_request("The request ended before its form did; nothing was stored.")
        if ingest is None:
            raise bad_request("Invalid request format.")
        wanted = profile_of(reading.fields) or default
        if wanted != ingest.profile:
            ingest = await anyio.to_thread.run_sync(ingest.rebuild, wanted)
        return Form(reading.fields, ingest)
    except FormParserError as error:
        await _drop(ingest, pouring)
        raise bad_request(f"Invalid request format. {error}") from None
    except BaseException:
        await _drop(ingest, pouring)
        raise


class _Pouring:
    """Bytes on their way from the network into an ingest, gathered to 1 MiB.

    The next are received while the last are cut, hashed and written in a thread.
    """

    def __init__(self) -> None:
        self.into: Ingest | None = None
        self._gathered: list[memoryview] = []
        self._size = 0
        self._running: asyncio.Future[None] | None = None

    async def add(self, data: memoryview) -> None:
        self._gathered.append(data)
        self._size += len(data)
        if self._size >= _GATHER:
            await self._pour()

    async def end(self) -> None:
        """The file has ended."""
        assert self.into
        if self._running is None and self._size <= self.into.profile.chunk_size:
            self.into.feed(self._take())  # a small file is not worth a thread
            self.into.end()
            return
        await self._pour()
        await self.settle()
        await anyio.to_thread.run_sync(self.into.end)

    async def settle(self) -> None:
        """Wait for what is on its way.

        Raises:
            OSError: the disk is full or broken.
        """
        if self._running is not None:
            try:
                await asyncio.shield(self._running)  # a request given up waits for its thread all the same
            finally:
                if self._running.done():
                    self._running = None

    async def _pour(self) -> None:
        assert self.into
        await self.settle()
        self._running = asyncio.get_running_loop().run_in_executor(None, self.into.feed, self._take())

    def _take(self) -> bytes:
        gathered, self._gathered, self._size = self._gathered, [], 0
        return b"".join(gathered)  # the one time that bytes are copied here


async def _drop(ingest: Ingest | None, pouring: _Pouring) -> None:
    if ingest:
        with anyio.CancelScope(shield=True):
            with contextlib.suppress(OSError):  # it is told already, or nobody is there to be told
                await pouring.settle()
            await anyio.to_thread.run_sync(ingest.drop)


def _plain_path(filename: str) -> str:
    """A part's file name as a path inside the upload: relative, with ``/`` between names."""
    names = [name for name in filename.split("/") if name not in ("", ".")]
    if ".." in names or not names:
        raise bad_request(f"The file name {filename!r} leads out of the upload.")
    return "/".join(names)


class _Reading:
    """What the form parser tells, in order: a name opens a file, bytes are of it, `None` ends it."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.ended = False
        self._events: list[str | memoryview | None] = []
        self._header = bytearray()
        self._value = bytearray()
        self._disposition: dict[str, str] = {}
        self._plain: bytearray | None = None
        self._size = 0

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_end": self._end,
        }

    def take(self) -> list[str | memoryview | None]:
        events, self._events = self._events, []
        return events

    def _part_begin(self) -> None:
        self._disposition = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = form.disposition(bytes(self._value))
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        filename = self._disposition.get("filename")
        if filename is None:
            self._plain = bytearray()
        else:
            self._plain = None
            self._events.append(filename)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._plain is None:
            self._events.append(memoryview(data)[start:end])
            return
        self._size += end - start
        if self._size > _MAX_FIELDS:
            raise Refusal(
                413, "PAYLOAD_TOO_LARGE", f"The form's fields have more than {_MAX_FIELDS:,} bytes."
            )
        self._plain += data[start:end]

    def _part_end(self) -> None:
        if self._plain is None:
            self._events.append(None)
            return
        try:
            self.fields[self._disposition.get("name", "")] = self._plain.decode()
        except UnicodeDecodeError:
            raise bad_request("A field of the form is not UTF-8.") from None

    def _end(self) -> None:
        self.ended = True

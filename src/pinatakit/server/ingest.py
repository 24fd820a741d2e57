"""Ingest: bytes that arrive become blocks in a CAR while they arrive.

Nothing is spooled and nothing held: what a request brings is cut, hashed and written in
pieces of 1 MiB, in threads, while the next piece is received.

Form fields may stand behind the files, and Pinata's own clients put them there; then the
CID version is known only at the end. Files are taken for version 1, as all current clients
ask, and in the other case the DAG is built again from the CAR just written.

A CAR that is uploaded as one comes in block by block, each hashed; at the end its DAG must be
whole. A resumable upload is an ingest that rests between requests: `Ingest.checkpoint`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, TypeVar

import anyio.to_thread
import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from pinatakit.content import (
    CID,
    CarReader,
    CarState,
    Entry,
    FileBuilder,
    FileState,
    FolderBuilder,
    Kind,
    Profile,
    Root,
    Walk,
    links_of,
    links_size,
)
from pinatakit.content.multiformats import RAW
from pinatakit.errors import ContentError, InputError
from pinatakit.protocol import Upload, form
from pinatakit.protocol.metadata import check_name
from pinatakit.server.media import DIRECTORY, SNIFFED, sniff
from pinatakit.server.refusal import TOO_LARGE, Refusal, bad_request
from pinatakit.server.store import Store, Writing
from pinatakit.server.store.files import Kept

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

Recipe: TypeAlias = Profile | Literal["car"]
"""What becomes of the bytes: blocks of a file under a profile, or the blocks of the CAR that they are."""

RecipeOf: TypeAlias = Callable[[dict[str, str]], Recipe | None]
"""The recipe that a form's fields ask for, or `None` where they say nothing of it (yet)."""

_GATHER: Final = 1 << 20
_AT_ONCE: Final = 262_144  # bytes that are not worth a thread
_FEW: Final = 16  # files of a folder that is not, either
_FOLDER: Final = 256  # bytes that a folder and the link to it have at most, but for names
_MAX_FIELDS: Final = 1 << 20  # bytes of all plain fields together
_MAX_NAME: Final = 64 << 10  # bytes of a line of a part's head, in which its name is
_SILENT: Final = logging.Logger("silent", logging.CRITICAL)  # noqa: LOG001  (nobody is to configure it)
_MAX_NAMES: Final = 32 << 20  # bytes of the names of all parts: 30,000 paths of a thousand bytes


class State(NamedTuple):
    """What an ingest that rests goes on from."""

    name: str
    start: bytes
    building: FileState | CarState


class Checkpoint(NamedTuple):
    """Where an ingest rests, all before it being synced: its CAR, where that goes on, and the `State`."""

    car: int
    at: int
    state: bytes


class _Whole(NamedTuple):
    root: Root
    name: str
    number_of_files: int
    mime_type: str


class Ingest:
    """One upload on its way into the store: files begin, are fed, end; then all is kept or dropped.

    `resting` is the checkpoint of an ingest of one file that goes on.
    """

    def __init__(self, store: Store, recipe: Profile, resting: Checkpoint | None = None) -> None:
        self.recipe: Recipe = recipe
        self.names: list[str] = []
        self._profile = recipe
        self._store = store
        self._roots: list[Root] = []
        self._file: FileBuilder | None = None
        self._start = b""
        if resting is None:
            self._car: Writing = store.cars.write(recipe.cid_version)
            return
        state = _decode(resting.state, tuple[str, bytes, FileState])
        self._car = store.cars.go_on(recipe.cid_version, resting.car, resting.at)
        self.names, self._start = [state[0]], state[1]
        self._file = FileBuilder(recipe, self._car.put, threads=0, state=state[2])

    @property
    def is_small(self) -> bool:
        """Whether it is so small, folders included, that no thread is needed to keep or drop it."""
        if len(self.names) > _FEW:
            return False
        return self._car.is_small(sum(4 * len(name) + _FOLDER * (name.count("/") + 2) for name in self.names))

    def wants_file(self, more: int) -> bool:
        """Whether with so many bytes more it is not small any longer, and has no file yet."""
        return self._car.number is None and not self._car.is_small(more)

    def open(self) -> None:
        """Have a file; in a thread, for it waits for a write."""
        self._car.begin()

    @property
    def start(self) -> bytes:
        """The first bytes of the first file, by which its media type is known."""
        return self._start

    def begin(self, name: str) -> None:
        """The next file."""
        self.names.append(name)
        self._file = FileBuilder(self._profile, self._car.put, threads=0)

    def feed(self, data: bytes | memoryview) -> None:
        """Bytes of the file that has begun.

        Raises:
            OSError: the disk is full or broken.
        """
        assert self._file
        if len(self.names) == 1 and len(self._start) < SNIFFED:
            self._start += data[: SNIFFED - len(self._start)]
        self._file.feed(data)

    def end(self) -> None:
        """The file that has begun is whole."""
        assert self._file
        self._roots.append(self._file.finish())
        self._file = None

    def checkpoint(self) -> Checkpoint:
        """Sync what has come, so that another ingest may go on from here, or this one.

        Raises:
            OSError: the disk is full or broken.
        """
        assert self._file
        return self._rest(self._file.state())

    def rest(self) -> None:
        """Let go of the file after a checkpoint."""
        self._car.close()

    def rebuild(self, recipe: Recipe) -> Ingest:
        """The same files by another recipe, read back from what was written; this one is dropped."""
        self._car.flush()
        get = self._store.cars.getter(self._car.begin())
        again = make_ingest(self._store, recipe)
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

    def keep(
        self,
        kept: Kept,
        *,
        wrap: bool = False,
        mime_type: str | None = None,
        allow: Collection[str] = (),
        finished: str | None = None,
    ) -> Future[Upload]:
        """Make it last: one file, or one folder of all files; it may be acknowledged when that is done.

        `kept` is what is known besides the root; `wrap` puts one more folder around. `allow`
        are the media types it may have, if not any; `finished` is the resumable upload it was.

        Raises:
            Refusal: the files are neither one file nor one folder, or of a type not allowed.
            OSError: the disk is full or broken.
        """
        whole = self._whole()
        root, kind = whole.root, mime_type or whole.mime_type
        try:
            name = check_name(kept.name or whole.name) or None
        except InputError as error:
            raise bad_request(error.message) from None
        if wrap:
            folder = FolderBuilder(self._profile, self._car.put)
            folder.add(whole.name, root)
            root, kind = folder.finish(), DIRECTORY
        check_allowed(kind, allow)
        kept = kept._replace(name=name, number_of_files=whole.number_of_files, mime_type=kind)
        self._car.settle(root)
        return self._store.files.add(kept._replace(root=root), self._car, finished=finished)

    def drop(self) -> None:
        """Leave nothing of it."""
        if not self._car.is_small():
            self._store.records.write(self._car.abandon).result()

    def _rest(self, building: FileState | CarState) -> Checkpoint:
        state = msgspec.msgpack.encode(State(self.names[0], self._start, building), enc_hook=bytes)
        return Checkpoint(self._car.begin(), self._car.checkpoint(), state)

    def _whole(self) -> _Whole:
        """The root of what was uploaded, its name, and what it is."""
        if not self.names:
            raise bad_request("Invalid request format.")
        if len(self.names) == 1 and "/" not in self.names[0]:
            return _Whole(self._roots[0], self.names[0], 1, sniff(self._start, self.names[0]))
        tops = {name.partition("/")[0] for name in self.names}
        if len(tops) > 1 or any("/" not in name for name in self.names):
            raise bad_request("More than one file and/or directory was provided for pinning.")
        folder = FolderBuilder(self._profile, self._car.put)
        try:
            for name, root in zip(self.names, self._roots, strict=True):
                folder.add(name.partition("/")[2], root)
        except InputError as error:
            raise bad_request(error.message) from None
        return _Whole(folder.finish(), tops.pop(), len(self._roots), DIRECTORY)


class CarIngest(Ingest):
    """A CAR on its way into the store: its blocks are taken as they are, each hashed first."""

    def __init__(self, store: Store, resting: Checkpoint | None = None) -> None:
        self.recipe = "car"
        self.names = []
        self._store = store
        self._start = b""
        self._reader = CarReader()
        self._begun = False
        if resting:
            name, self._start, state = _decode(resting.state, tuple[str, bytes, CarState])
            self.names, self._reader = [name], CarReader(state)
            self._begun = bool(state.roots)
            root = state.roots[0] if state.roots else 1
            self._car = store.cars.go_on(root, resting.car, resting.at)
        else:
            self._car = store.cars.write(1)

    @property
    def is_small(self) -> bool:
        """Its DAG is walked, so it is never."""
        return False

    def begin(self, name: str) -> None:
        """The CAR, which is uploaded by itself."""
        if self.names:
            raise bad_request("A CAR is uploaded by itself, as one file.")
        self.names.append(name)

    def feed(self, data: bytes | memoryview) -> None:
        """Bytes of the CAR.

        Raises:
            Refusal: it is none, has not one root, or a block is forged.
            OSError: the disk is full or broken.
        """
        try:
            blocks = self._reader.feed(data)
            if self._reader.roots is not None and not self._begun:
                self._open(self._reader.roots)
            for block in blocks:
                block.cid.verify(block.data)
                self._car.put(block)
        except ContentError as error:
            raise bad_request(f"The CAR is not valid: {error.message}") from None

    def end(self) -> None:
        """The CAR has ended."""
        try:
            self._reader.finish()
        except ContentError as error:
            raise bad_request(f"The CAR is not valid: {error.message}") from None

    def checkpoint(self) -> Checkpoint:
        """As of a file."""
        return self._rest(self._reader.state())

    def _open(self, roots: list[CID]) -> None:
        """The root is known, so the CAR can be begun that will have it."""
        if len(roots) != 1:
            raise bad_request(f"The CAR has {len(roots)} roots; a CAR that is uploaded has one.")
        self._car.root_is(roots[0])
        self._begun = True

    def _whole(self) -> _Whole:
        """Walk the DAG: all of it must be there."""
        assert self._reader.roots
        root = self._reader.roots[0]
        self._car.flush()
        get = self._store.cars.getter(self._car.begin())
        try:
            self._complete(root)
            first = get(root) if root.inlined is None else root.inlined
            size = files = 0
            kind = Kind.FILE
            walk = Walk(root, contents=False)
            steps = walk.leftover()
            while True:
                for step in steps:
                    if isinstance(step, Entry):
                        kind = kind if step.path else step.kind
                        files += step.kind is Kind.FILE
                        size += step.size
                if walk.wants is None:
                    break
                steps = walk.feed(get(walk.wants))
            start = b"" if kind is Kind.DIRECTORY else self._first_bytes(root)
        except ContentError as error:
            raise bad_request(f"The CAR is not valid: {error.message}") from None
        mime_type = DIRECTORY if kind is Kind.DIRECTORY else sniff(start, None)
        dag_size = len(first) + links_size(root, first)
        return _Whole(Root(root, size, dag_size), self.names[0], files, mime_type)

    def _complete(self, root: CID) -> None:
        """See that every block of the DAG is there; leaves are not read for that, nor remembered.

        Raises:
            Refusal: one is missing; it names which.
            ContentError: one is no block of its codec.
        """
        get = self._store.cars.getter(self._car.begin())

        def check(cid: CID) -> None:
            if cid.inlined is None and not self._store.cars.holds(self._car.begin(), cid):
                raise bad_request(f"The CAR is incomplete: block {cid} is missing.")

        check(root)
        waiting, seen = [root], {bytes(root)}
        while waiting:
            cid = waiting.pop()
            block = get(cid) if cid.inlined is None else cid.inlined
            for linked in dict.fromkeys(links_of(cid, block)):
                check(linked)
                if linked.codec != RAW and bytes(linked) not in seen:
                    seen.add(bytes(linked))
                    waiting.append(linked)

    def _first_bytes(self, root: CID) -> bytes:
        get = self._store.cars.getter(self._car.begin())
        walk = Walk(root, stop=SNIFFED)
        start = b"".join(step for step in walk.leftover() if isinstance(step, bytes))
        while walk.wants:
            start += b"".join(step for step in walk.feed(get(walk.wants)) if isinstance(step, bytes))
        return start


def make_ingest(store: Store, recipe: Recipe, resting: Checkpoint | None = None) -> Ingest:
    """An ingest by a recipe, new or from its checkpoint."""
    return CarIngest(store, resting) if recipe == "car" else Ingest(store, recipe, resting)


def check_allowed(kind: str, allow: Collection[str]) -> None:
    """See that a media type is among those allowed, which may end with ``/*``; none allow all.

    Raises:
        Refusal: it is not.
    """
    if allow and kind not in allow and f"{kind.partition('/')[0]}/*" not in allow:
        raise bad_request(f"Presigned URL does not grant permissions to upload detected MIME type: {kind}")


_S = TypeVar("_S")


def _decode(state: bytes, kind: type[_S]) -> _S:
    return msgspec.msgpack.decode(state, type=kind, dec_hook=lambda _, data: CID.from_bytes(data))


class Sizes(NamedTuple):
    """How much one form may bring, where that is limited: bytes of all its files, and files."""

    content: int | None = None
    files: int | None = None


ANY_SIZE: Final = Sizes()


class Form(NamedTuple):
    """A form that has arrived: its plain fields, and its files in the store."""

    fields: dict[str, str]
    ingest: Ingest


async def receive(
    store: Store,
    content_type: str,
    body: AsyncIterator[bytes],
    recipe_of: RecipeOf,
    default: Profile,
    *,
    most: Sizes = ANY_SIZE,
) -> Form:
    """Take a multipart form as it arrives; `default` is the profile where its fields name none.

    `most` is how much it may bring.

    Raises:
        Refusal: it is no form, too large, or was cut short; nothing of it is left in the store.
        OSError: the disk is full or broken; nothing of it is left in the store.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise bad_request("Invalid request format.")
    reading = _Reading()
    parser = MultipartParser(options[b"boundary"], reading.callbacks(), max_header_size=_MAX_NAME)
    parser.logger = _SILENT  # what it finds wrong is told to whoever sent it
    pouring = Pouring()
    ingest: Ingest | None = None
    taken = files = 0
    try:
        async for piece in body:
            parser.write(piece)
            for event in reading.take():
                match event:
                    case str():
                        files += 1
                        if most.files is not None and files > most.files:
                            raise Refusal(413, TOO_LARGE, f"The folder has more than {most.files:,} files.")
                        if ingest is None:
                            recipe = recipe_of(reading.fields) or Profile.for_version(1)
                            ingest = make_ingest(store, recipe)
                            pouring.into = ingest
                        ingest.begin(plain_path(event))
                    case None:
                        await pouring.end()
                    case _:
                        taken += len(event)
                        if most.content is not None and taken > most.content:
                            raise Refusal(413, TOO_LARGE, f"The upload has more than {most.content:,} bytes.")
                        await pouring.add(event)
        if not reading.ended:
            raise bad_request("The request ended before its form did; nothing was stored.")
        if ingest is None:
            raise bad_request("Invalid request format.")
        wanted = recipe_of(reading.fields) or default
        if wanted != ingest.recipe:
            ingest = await anyio.to_thread.run_sync(ingest.rebuild, wanted)
        return Form(reading.fields, ingest)
    except FormParserError as error:
        await _drop(ingest, pouring)
        raise bad_request(f"Invalid request format. {error}") from None
    except BaseException:
        await _drop(ingest, pouring)
        raise


class Pouring:
    """Bytes on their way from the network into an ingest, gathered to 1 MiB.

    The next are received while the last are cut, hashed and written in a thread.
    """

    def __init__(self) -> None:
        self.into: Ingest | None = None
        self._gathered: list[memoryview] = []
        self._size = 0
        self._running: asyncio.Future[None] | None = None

    async def add(self, data: memoryview) -> None:
        """Bytes of the file that has begun."""
        self._gathered.append(data)
        self._size += len(data)
        if self._size >= _GATHER:
            await self._pour()

    async def end(self) -> None:
        """The file has ended."""
        assert self.into
        if self._running is None and self._size <= _AT_ONCE:
            if self.into.wants_file(self._size):
                await anyio.to_thread.run_sync(self.into.open)
            self.into.feed(self._take())
            self.into.end()
            return
        await self.flush()
        await anyio.to_thread.run_sync(self.into.end)

    async def flush(self) -> None:
        """Wait until all that was added is in the ingest.

        Raises:
            OSError: the disk is full or broken.
        """
        await self._pour()
        await self.settle()

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

    def _take(self) -> bytes | memoryview:
        gathered, self._gathered, self._size = self._gathered, [], 0
        return gathered[0] if len(gathered) == 1 else b"".join(gathered)


async def _drop(ingest: Ingest | None, pouring: Pouring) -> None:
    if ingest:
        with anyio.CancelScope(shield=True):
            with contextlib.suppress(OSError, Refusal):  # it is told already, or nobody is there to be told
                await pouring.settle()
            await anyio.to_thread.run_sync(ingest.drop)


def plain_path(filename: str) -> str:
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
        self._named = 0  # bytes of names, of fields and files

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
            self._named += len(self._value)
            if self._named > _MAX_NAMES:
                raise Refusal(413, TOO_LARGE, f"The form's names have more than {_MAX_NAMES:,} bytes.")
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
            raise Refusal(413, TOO_LARGE, f"The form's fields have more than {_MAX_FIELDS:,} bytes.")
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

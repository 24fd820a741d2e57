"""CAR files on disk: pack files and folders, unpack, list and verify, with no network.

A CAR may hold its blocks in any order. What is read from a file is indexed first (a few dozen
bytes a block) and then walked; what comes from a pipe is put into a temporary file before.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import (
    Any,
    BinaryIO,
    Final,
    Literal,
    NamedTuple,
    TypeAlias,
    Unpack,
    cast,
    get_args,
)

from pinatakit.content import (
    CID,
    MAX_BLOCK,
    Block,
    CarReader,
    Entry,
    Kind,
    Profile,
    Root,
    Walk,
    car_header,
    car_section,
    links_of,
    walk_cids,
    walk_steps,
)
from pinatakit.content.car import Placed
from pinatakit.content.multiformats import DAG_PB, RAW
from pinatakit.content.pool import pool, workers
from pinatakit.errors import ContentError, InputError, MissingBlock
from pinatakit.packed import Places, Take
from pinatakit.patterns import ALL
from pinatakit.roots import root_of
from pinatakit.sources import (
    PIECE,
    Reader,
    Source,
    Uploadable,
    explained,
    find_glob,
    path_of,
    pread,
    read_source,
)
from pinatakit.targets import Target

if sys.platform != "win32":
    import fcntl

__all__ = ["Unpacked", "Verified", "list_car", "pack", "unpack", "verify_car"]

CarSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
CarTarget: TypeAlias = str | os.PathLike[str] | BinaryIO
Order: TypeAlias = Literal["streamed", "dfs"]


_NO_DIGEST: Final = b"\x12\x20" + bytes(32)
_SMALL: Final = 64 << 10  # bytes; smaller writes are gathered, larger ones go out without a copy
_ENTRIES: Final = 10_000_000  # files, folders and symlinks: a folder that is linked again and again is a bomb
_SIZE_BITS: Final = (MAX_BLOCK + 256).bit_length()
_GLANCE: Final = 16 << 10  # bytes read where only the beginnings of blocks matter


class Unpacked(NamedTuple):
    """What was unpacked: the root, where it is, bytes of content, and files."""

    root: CID
    path: Path
    size: int
    files: int


class Verified(NamedTuple):
    """What a CAR was found to hold: its roots, blocks and their bytes, and what of its DAGs is not in it."""

    roots: list[CID]
    blocks: int
    size: int
    missing: list[CID]


def pack(
    source: Uploadable,
    to: CarTarget,
    *,
    profile: str | Profile = "v1",
    order: Order = "streamed",
    **take: Unpack[Take],
) -> Root:
    """Write a file or folder as a CARv1, and give its root.

    ``streamed`` is one pass: blocks as they are made, the root last, and put into the header
    at the end. ``dfs`` is depth first, each block once: byte for byte what ``ipfs dag export``
    writes; the source is read twice, and goes to a temporary file before where it has no path.
    A path is written aside and moved into place when it is whole; a CAR that lies in the folder
    that is packed is left out of itself. A pipe, a device and an open file are written to; where
    the header cannot be written once more, because the file appends or cannot be rewound, the
    CAR goes to a temporary file before.

    `take` says what of a folder is packed, as `cid_of` explains it. A file that changes between
    the two readings of ``dfs`` is noticed by its size, inode and times of change; its bytes
    are not hashed a second time, which `verify_car` does.

    Raises:
        InputError: the source cannot be read, or changes meanwhile.
    """
    recipe = Profile.named(profile)
    if order not in get_args(Order):
        raise InputError(f"there is no order {order!r}", hint=f"one of {', '.join(get_args(Order))}")
    # Under v0 with raw leaves a file of one chunk has a CIDv1, so the header's length is not known before.
    sure = recipe.cid_version == 1 or not recipe.raw_leaves
    with ExitStack() as stack:
        out, ours = stack.enter_context(_writing(to))
        _leave_out(ours, source, take)
        if order == "dfs":
            return _depth_first(out, stack.enter_context(_on_disk(source)), recipe, take)
        if sure and _can_go_back(out):
            return _stream(out, source, recipe, take)
        copy = stack.enter_context(tempfile.TemporaryFile())
        root = _stream(copy, source, recipe, take)
        out.write(car_header([root.cid]))
        copy.seek(len(_first_header(recipe)))
        shutil.copyfileobj(copy, out, PIECE)
    return root


def unpack(
    car: CarSource, to: str | os.PathLike[str], *, root: CID | str | None = None, entries: int = _ENTRIES
) -> Unpacked:
    """Write the file or folder that a CAR holds to `to`, every block checked first.

    `root` says which, where the CAR names several. A file goes to the path `to`, or into the
    folder `to`; a folder becomes `to`. Nothing is ever written outside of it, and after an
    error nothing is left. A small CAR may stand for a huge folder, by linking to the same one
    again and again: more than so many `entries`, or more bytes than the disk has free, are
    refused.

    Raises:
        ContentError: the CAR is malformed, forged, lacks a block or has too many entries.
        InputError: it cannot be written there, or holds names or symlinks that would lead out.
    """
    target: Target | None = None
    with _stored(car) as stored:
        top = _top(stored.roots, root)
        try:
            for step in _limited(walk_steps(Walk(top), stored.get), entries):
                if target is None:
                    assert isinstance(step, Entry)
                    target = Target(_inside(Path(to), step, top), step, name=str(top))
                target.take(step)
            assert target is not None, "a walk starts with an entry"
            target.finish()
            return Unpacked(top, target.place, target.size, target.files)
        finally:
            if target:
                target.close()


def list_car(car: CarSource, *, root: CID | str | None = None, entries: int = _ENTRIES) -> Iterator[Entry]:
    """The files, folders and symlinks that a CAR holds, depth first; of files only the first block is read.

    Given one by one as they are come to; with more than so many `entries` the CAR is refused,
    as `unpack` explains.

    Raises:
        ContentError: the CAR is malformed, forged, lacks a block or has too many entries.
    """
    with _stored(car) as stored:
        tops = stored.roots if root is None else [CID.parse(root)]
        steps = (step for top in tops for step in walk_steps(Walk(top, contents=False), stored.get))
        for step in _limited(steps, entries):
            if isinstance(step, Entry):
                yield step


def _limited(steps: Iterator[Entry | bytes], most: int) -> Iterator[Entry | bytes]:
    count = 0
    for step in steps:
        if isinstance(step, Entry) and (count := count + 1) > most:
            raise ContentError(
                f"the CAR has more than {most:,} files and folders, or links to the same ones again and again",
                hint="if so many are meant, raise the limit: entries=…, --entries",
            )
        yield step


def verify_car(car: CarSource) -> Verified:
    """Hash every block of a CAR, and see whether the DAGs of its roots are whole.

    Raises:
        BlockMismatch: a block's bytes do not hash to its CID.
        Malformed: it is no CAR, or a root's DAG is none.
    """
    with _stored(car, check=True) as stored:
        missing: list[CID] = []

        def links(cid: CID) -> list[CID]:
            try:
                found = links_of(cid, stored.get(cid) if cid.inlined is None else cid.inlined)
            except MissingBlock:
                missing.append(cid)
                return []
            return [linked for linked in found if linked.codec != RAW or linked not in stored]

        for root in stored.roots:
            for _ in walk_cids(root, links):
                pass
        return Verified(stored.roots, stored.blocks, stored.size, missing)


def _inside(to: Path, first: Entry, root: CID) -> Path:
    """A folder goes into the current folder under its root's name, not in its place."""
    return to / str(root) if first.kind is Kind.DIRECTORY and to == Path() else to


def _top(roots: list[CID], wanted: CID | str | None) -> CID:
    if wanted is not None:
        return CID.parse(wanted)
    if len(roots) == 1:
        return roots[0]
    named = ", ".join(map(str, roots)) or "none"
    raise InputError(f"the CAR has {len(roots)} roots: {named}", hint="say which with root=…, --root")


def _stream(car: BinaryIO, source: Uploadable, profile: Profile, take: Take) -> Root:
    """Write blocks as they are made, each once, then the root into the header."""
    start = car.tell()
    header = _first_header(profile)
    car.write(header)
    seen: set[CID] = set()

    def put(block: Block) -> None:
        if block.cid not in seen:
            seen.add(block.cid)
            _put(car, block)

    root = root_of(source, profile, sink=put, **take)
    named = car_header([root.cid])
    if len(named) == len(header):  # else it is a copy, whose header nobody reads
        end = car.tell()
        car.seek(start)
        car.write(named)
        car.seek(end)
    return root


def _first_header(profile: Profile) -> bytes:
    """A header with a root that is not known yet."""
    return car_header([CID(profile.cid_version, DAG_PB, _NO_DIGEST)])


def _can_go_back(file: BinaryIO) -> bool:
    """Whether the header can be written once more at the end.

    What appends says that it can be rewound, and writes behind its end all the same; what
    compresses says so too. So only files known to be plain are trusted.
    """
    plain = getattr(file, "file", file)  # what tempfile gives is wrapped
    if isinstance(plain, io.BytesIO):
        return True
    if not isinstance(plain, io.FileIO | io.BufferedWriter | io.BufferedRandom) or not plain.seekable():
        return False
    if sys.platform == "win32":
        return "a" not in plain.mode
    return not fcntl.fcntl(plain.fileno(), fcntl.F_GETFL) & os.O_APPEND


def _leave_out(paths: tuple[Path, ...], source: Uploadable, take: Take) -> None:
    """Leave files out of the folder that is packed, so that a CAR does not hold itself."""
    folder = path_of(source)
    if folder and isinstance(source, str):
        folder, _ = find_glob(folder, ALL)
    if folder and folder.is_dir():
        top = folder.resolve()
        inside = [path for path in map(Path.resolve, paths) if path.is_relative_to(top)]
        if inside:
            names = [path.relative_to(top).as_posix() for path in inside]
            take["patterns"] = take.get("patterns", ALL).without(names)


def _put(car: BinaryIO, block: Block) -> None:
    car.write(car_section(block.cid, len(block.data)))
    car.write(block.data)


def _depth_first(car: BinaryIO, source: str | os.PathLike[str], profile: Profile, take: Take) -> Root:
    """Learn the root and where each block is, then write them, parents first."""
    with tempfile.TemporaryFile() as nodes, Places(nodes) as places:
        root = root_of(source, profile, sink=places.put, begin=places.begin, **take)
        car.write(car_header([root.cid]))
        for cid in walk_cids(root.cid, places.links):
            _put(car, Block(cid, places.get(cid)))
        places.leave()
    return root


@contextmanager
def _on_disk(source: Uploadable) -> Generator[str | os.PathLike[str]]:
    """The path of a source; what has none goes into a temporary file."""
    if path_of(source):
        yield cast("str | os.PathLike[str]", source)
        return
    what = read_source(source)
    assert isinstance(what, Source)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "content")
        reader = Reader(what)
        with copy.open("xb") as file:
            while piece := reader.piece():
                file.write(piece)
        yield copy


def _binary(file: Any, verb: Literal["read", "write"]) -> BinaryIO:
    """A file as it was given, that it is one and not open as text."""
    if isinstance(file, io.TextIOBase) or not hasattr(file, verb):
        what = "is open as text" if hasattr(file, verb) else f"is no place to {verb}"
        raise InputError(
            f"{type(file).__name__} {what} a CAR",
            hint=f"give a path, or a file opened with mode '{verb[0]}b'",
        )
    binary: BinaryIO = file
    return binary


@contextmanager
def _writing(to: CarTarget) -> Generator[tuple[BinaryIO, tuple[Path, ...]]]:
    """Where a CAR is written, and the files that this makes: a path aside and then into place.

    An open file, a pipe and a device are written to as they are.
    """
    if not isinstance(to, str | os.PathLike):
        yield _binary(to, "write"), ()
        return
    place = Path(to)
    if place.is_dir():
        raise InputError(f"{str(place)!r} is a folder", hint="name the file to write")
    if place.exists() and not place.is_file():
        with explained(place):
            device = place.open("wb", buffering=_SMALL)
        with device:
            yield device, ()
        return
    if place.is_symlink():
        place = place.resolve()
    aside = place.with_name(f".{place.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        with explained(place.parent):
            out = aside.open("xb", buffering=_SMALL)
        with out:
            yield out, (place, aside)
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)


class _Stored:
    """A CAR in a file: its roots, and where its blocks are; with `check` all were hashed."""

    def __init__(self, file: BinaryIO, *, check: bool = False, descriptor: int | None = None) -> None:
        self._file = file
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._start = file.tell()
        self.blocks = self.size = 0
        self._index: dict[bytes, int] = {}  # place and size in one number: half the memory of two
        left = file.seek(0, os.SEEK_END) - self._start
        file.seek(self._start)
        reader = CarReader(contents=check)
        hashing: deque[Future[None]] = deque()
        while piece := file.read(PIECE if check else _GLANCE):
            placed = reader.feed_placed(piece)
            for at, size, block in placed:
                name = bytes(block.cid)
                if name not in self._index:
                    self._index[name] = at << _SIZE_BITS | size
                    self.size += size
            if check:
                hashing.append(pool().submit(_verify, placed))
                if len(hashing) > 2 * workers():
                    hashing.popleft().result()
            left -= len(piece)
            if skipped := reader.skip(left):
                file.seek(skipped, os.SEEK_CUR)
                left -= skipped
        for job in hashing:
            job.result()
        reader.finish()
        self.blocks = len(self._index)
        self.roots = reader.roots or []

    def __contains__(self, cid: CID) -> bool:
        return bytes(cid) in self._index

    def get(self, cid: CID) -> bytes:
        """A block, not hashed.

        Raises:
            MissingBlock: it is not in the CAR.
        """
        place = self._index.get(bytes(cid))
        if place is None:
            raise MissingBlock(cid)
        at, size = place >> _SIZE_BITS, place & (1 << _SIZE_BITS) - 1
        if self._descriptor is not None:
            return pread(self._descriptor, size, self._start + at)
        with self._lock:  # blocks are read from several threads
            self._file.seek(self._start + at)
            return self._file.read(size)


def _verify(blocks: list[Placed]) -> None:
    for _, _, block in blocks:
        block.cid.verify(block.data)


@contextmanager
def _stored(car: CarSource, *, check: bool = False) -> Generator[_Stored]:
    """A CAR, wherever it is; what cannot be rewound goes into a temporary file."""
    with ExitStack() as stack:
        if isinstance(car, bytes | bytearray | memoryview):
            yield _Stored(io.BytesIO(car), check=check)
        elif isinstance(car, str | os.PathLike):
            with explained(Path(car)):
                file = stack.enter_context(Path(car).open("rb", buffering=0))
            yield _Stored(file, check=check, descriptor=file.fileno())
        elif _binary(car, "read").seekable():
            yield _Stored(car, check=check)
        else:
            copy = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(car, copy, PIECE)
            copy.seek(0)
            yield _Stored(copy, check=check)

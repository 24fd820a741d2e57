"""CAR files on disk: pack files and folders, unpack, list and verify, with no network.

A CAR may hold its blocks in any order. What is read from a file is indexed first (a few dozen
bytes a block) and then walked; what comes from a pipe is put into a temporary file before.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple, TypeAlias, TypedDict, Unpack

from pinatakit.content import (
    CID,
    Block,
    CarReader,
    Entry,
    Kind,
    Profile,
    Root,
    Walk,
    car_header,
    car_section,
    walk_blocks,
    walk_steps,
    write_car,
)
from pinatakit.content.multiformats import DAG_PB
from pinatakit.errors import InputError, MissingBlock
from pinatakit.roots import Symlinks, root_of
from pinatakit.sources import PIECE, Uploadable, explained
from pinatakit.targets import Target

__all__ = ["Unpacked", "Verified", "list_car", "pack", "unpack", "verify_car"]

CarSource: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO"
CarTarget: TypeAlias = "str | os.PathLike[str] | BinaryIO"
Order: TypeAlias = Literal["streamed", "dfs"]


class Take(TypedDict, total=False):
    """What of a folder is taken, as `cid_of` explains it."""

    hidden: bool
    symlinks: Symlinks
    empty_folders: bool
    odd_names: bool


_NO_DIGEST: Final = b"\x12\x20" + bytes(32)


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
    writes; it takes a second pass over a temporary file. A path is written aside and moved
    into place when it is whole; an open file that cannot be rewound gets ``dfs`` or a copy.

    Raises:
        InputError: the source cannot be read, or changes meanwhile.
    """
    recipe = Profile.named(profile)
    # Under v0 with raw leaves a file of one chunk has a CIDv1, so the header's length is not known before.
    sure = recipe.cid_version == 1 or not recipe.raw_leaves
    with ExitStack() as stack:
        out = stack.enter_context(_writing(to))
        if order == "streamed" and sure and out.seekable():
            return _stream(out, source, recipe, take)
        copy = stack.enter_context(tempfile.TemporaryFile())
        root = _stream(copy, source, recipe, take)
        copy.seek(0)
        _, get, index = _index(copy, check=False)
        blocks = (
            (Block(cid, get(cid)) for cid in index) if order == "streamed" else walk_blocks(root.cid, get)
        )
        for piece in write_car([root.cid], blocks):
            out.write(piece)
    return root


def unpack(car: CarSource, to: str | os.PathLike[str], *, root: CID | None = None) -> Unpacked:
    """Write the file or folder that a CAR holds to `to`, every block checked first.

    `root` says which, where the CAR names several. A file goes to the path `to`, or into the
    folder `to`; a folder becomes `to`. Nothing is ever written outside of it, and after an
    error nothing is left.

    Raises:
        ContentError: the CAR is malformed, forged or lacks a block.
        InputError: it cannot be written there, or holds names or symlinks that would lead out.
    """
    target: Target | None = None
    with _indexed(car) as (roots, get, _):
        top = _top(roots, root)
        try:
            for step in walk_steps(Walk(top), get):
                if target is None:
                    assert isinstance(step, Entry)
                    target = Target(_inside(Path(to), step, top), step, name=str(top))
                target.take(step)
            assert target is not None, "a walk starts with an entry"
            target.finish()
            return Unpacked(top, target.place, target.size, target.files)
        finally:
            if target:
                target.abandon()


def list_car(car: CarSource, *, root: CID | None = None) -> Iterator[Entry]:
    """The files, folders and symlinks that a CAR holds, depth first; of files only the first block is read.

    Raises:
        ContentError: the CAR is malformed, forged or lacks a block.
    """
    with _indexed(car) as (roots, get, _):
        for top in [root] if root else roots:
            walk = Walk(top, contents=False)
            for step in walk_steps(walk, get):
                if isinstance(step, Entry):
                    yield step


def verify_car(car: CarSource) -> Verified:
    """Hash every block of a CAR, and see whether the DAGs of its roots are whole.

    Raises:
        BlockMismatch: a block's bytes do not hash to its CID.
        Malformed: it is no CAR, or a root's DAG is none.
    """
    with _indexed(car, check=True) as (roots, get, index):
        missing: list[CID] = []

        def present(cid: CID) -> bytes:
            try:
                return get(cid)
            except MissingBlock:
                missing.append(cid)
                raise

        for root in roots:
            try:
                for _ in walk_blocks(root, present):
                    pass
            except MissingBlock:
                continue
        return Verified(roots, len(index), sum(size for _, size in index.values()), missing)


def _inside(to: Path, first: Entry, root: CID) -> Path:
    """A folder goes into the current folder under its root's name, not in its place."""
    return to / str(root) if first.kind is Kind.DIRECTORY and to == Path() else to


def _top(roots: list[CID], wanted: CID | None) -> CID:
    if wanted is None and len(roots) == 1:
        return roots[0]
    named = ", ".join(str(root) for root in roots) or "none"
    if wanted is None:
        raise InputError(f"the CAR has {len(roots)} roots: {named}", hint="say which with root=…")
    return wanted


def _stream(car: BinaryIO, source: Uploadable, profile: Profile, take: Take) -> Root:
    """Write blocks as they are made, each once, then the root into the header."""
    start = car.tell()
    header = car_header([CID(profile.cid_version, DAG_PB, _NO_DIGEST)])
    car.write(header)
    seen: set[CID] = set()

    def put(block: Block) -> None:
        if block.cid not in seen:
            seen.add(block.cid)
            car.write(car_section(block.cid, len(block.data)))
            car.write(block.data)

    root = root_of(source, profile, sink=put, **take)
    named = car_header([root.cid])
    if len(named) == len(header):  # else it is a copy, whose header nobody reads
        end = car.tell()
        car.seek(start)
        car.write(named)
        car.seek(end)
    return root


@contextmanager
def _writing(to: CarTarget) -> Generator[BinaryIO]:
    """Where a CAR is written: a path aside and then into place, an open file as it is."""
    if not isinstance(to, str | os.PathLike):
        yield to
        return
    place = Path(to)
    if place.is_dir():
        raise InputError(f"{str(place)!r} is a folder", hint="name the file to write")
    aside = place.with_name(f".{place.name[:80]}.{secrets.token_hex(4)}.part")
    try:
        with explained(place.parent):
            out = aside.open("xb", buffering=PIECE)
        with out:
            yield out
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)


_Index: TypeAlias = dict[CID, tuple[int, int]]


@contextmanager
def _indexed(
    car: CarSource, *, check: bool = False
) -> Generator[tuple[list[CID], Callable[[CID], bytes], _Index]]:
    """The roots of a CAR, a function that reads its blocks, and where they are."""
    with ExitStack() as stack:
        if isinstance(car, bytes):
            file: BinaryIO = io.BytesIO(car)
        elif isinstance(car, str | os.PathLike):
            with explained(Path(car)):
                file = stack.enter_context(Path(car).open("rb", buffering=0))
        elif car.seekable():
            file = car
        else:
            file = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(car, file, PIECE)
            file.seek(0)
        yield _index(file, check=check)


def _index(file: BinaryIO, *, check: bool) -> tuple[list[CID], Callable[[CID], bytes], _Index]:
    start = file.tell()
    reader = CarReader()
    index: _Index = {}
    while piece := file.read(PIECE):
        for at, block in reader.feed_placed(piece):
            if check:
                block.cid.verify(block.data)
            index.setdefault(block.cid, (at, len(block.data)))
    reader.finish()
    lock = threading.Lock()

    def get(cid: CID) -> bytes:
        if cid not in index:
            raise MissingBlock(cid)
        at, size = index[cid]
        with lock:  # blocks are read from several threads
            file.seek(start + at)
            return file.read(size)

    return reader.roots or [], get, index

"""Downloads: content comes as blocks, and each is checked before a byte of it is written.

A CAR brings the blocks in the order they are wanted; what it leaves out, or what a cut
connection leaves over, is asked for block by block. What comes is written aside and moved
into place when it is whole: a name never holds half of anything.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pinatakit.client._wire import Wire
from pinatakit.content import CID, CarReader, Entry, Kind, Walk
from pinatakit.errors import InputError, Malformed, Unreachable
from pinatakit.protocol import gateway as calls


class Download(NamedTuple):
    """What a download has brought.

    Attributes:
        cid: the root that was asked for.
        path: where it was written.
        size: bytes of content.
        files: how many files.
    """

    cid: CID
    path: Path
    size: int
    files: int


async def steps(wire: Wire, walk: Walk) -> AsyncGenerator[Entry | bytes, None]:
    """What a walk comes to, its blocks fetched from the gateway.

    Raises:
        BlockMismatch: the gateway gave other bytes than the CID names.
        NotFound: the gateway does not have the content.
    """
    for step in walk.leftover():
        yield step
    reader = CarReader()
    try:
        async with aclosing(wire.stream(calls.get_car(walk.root, walk.path), calls.CAR_TYPE)) as pieces:
            async for piece in pieces:
                for block in reader.feed(piece):
                    # A block nobody asked for is passed over; one asked for twice in a row comes once or twice.
                    if walk.wants is not None and walk.wants.multihash == block.cid.multihash:
                        for step in walk.feed(bytes(block.data)):
                            yield step
                if walk.wants is None:
                    break
    except (Unreachable, Malformed):
        if reader.roots is None:
            raise
    while walk.wants is not None:
        for step in walk.feed(await wire.send(calls.get_block(walk.wants))):
            yield step


async def download(
    wire: Wire, cid: CID, to: Path, *, path: str, progress: Callable[[int, int | None], object] | None
) -> Download:
    """Fetch a file or folder to a place on disk."""
    writing: _Writing | None = None
    total: int | None = None
    try:
        async with aclosing(steps(wire, Walk(cid, path))) as found:
            async for step in found:
                if writing is None:
                    assert isinstance(step, Entry)
                    writing = _Writing(_place(to, step, cid, path))
                    total = step.size if step.kind is Kind.FILE else None
                await wire.in_thread(writing.take, step)
                if progress:
                    progress(writing.size, total)
        assert writing is not None, "a walk starts with an entry"
        await wire.in_thread(writing.finish)
        return Download(cid, writing.place, writing.size, writing.files)
    finally:
        if writing:
            writing.abandon()


async def read(
    wire: Wire, cid: CID, *, path: str, start: int, stop: int | None
) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, in order."""
    async with aclosing(steps(wire, Walk(cid, path, start=start, stop=stop))) as found:
        async for step in found:
            if isinstance(step, bytes):
                yield step
            elif step.kind is not Kind.FILE:
                raise InputError(
                    f"{cid} is a {step.kind.name.lower()}, not a file", hint="download() takes folders"
                )


def _place(to: Path, first: Entry, cid: CID, path: str) -> Path:
    """Where the content goes: into `to` if that is a folder and the content a file, else to `to`."""
    if first.kind is not Kind.DIRECTORY and to.is_dir():
        to = to / (path.rstrip("/").rpartition("/")[2] or str(cid))
    if first.kind is Kind.DIRECTORY and to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InputError(
            f"{str(to)!r} is there already, and a folder shall be put there", hint="name a new place"
        )
    if not to.parent.is_dir():
        raise InputError(f"there is no folder {str(to.parent)!r} to write to", hint="make it first")
    return to


class _Writing:
    """Content on its way to disk: beside its place until it is whole."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.size = 0
        self.files = 0
        self._aside = place.with_name(f".{place.name[:80]}.{secrets.token_hex(4)}.part")
        self._file: BinaryIO | None = None

    def take(self, step: Entry | bytes) -> None:
        if isinstance(step, bytes):
            assert self._file
            self._file.write(step)
            self.size += len(step)
            return
        self._close()
        where = self._aside / step.path if step.path else self._aside
        match step.kind:
            case Kind.DIRECTORY:
                where.mkdir()
            case Kind.SYMLINK:
                self._link(where, step)
            case _:
                self._file = where.open("xb")
                self.files += 1

    def finish(self) -> None:
        self._close()
        if self._aside.is_dir() and not self._aside.is_symlink() and self.place.is_dir():
            self.place.rmdir()  # empty, as was checked
        self._aside.replace(self.place)

    def abandon(self) -> None:
        """Leave nothing of what was not finished."""
        self._close()
        if self._aside.is_dir() and not self._aside.is_symlink():
            shutil.rmtree(self._aside)
        else:
            self._aside.unlink(missing_ok=True)

    def _link(self, where: Path, step: Entry) -> None:
        depth = step.path.count("/")
        level = depth
        for name in step.target.split("/"):
            level += -1 if name == ".." else name not in ("", ".")
            if level < 0:
                break
        if step.target.startswith("/") or level < 0 or not step.path:
            raise InputError(
                f"the symlink {step.path or str(step.cid)!r} leads out of what is downloaded, to {step.target!r}",
                hint="nothing was written; download the files beside it one by one",
            )
        where.symlink_to(step.target)

    def _close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

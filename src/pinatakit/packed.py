"""Packed: a folder as one CAR that is made while it is read, without a copy of its content.

The folder is hashed once, which tells the root and where each block is; then the CAR is there to
be read from any place on, and its size is known. In memory are the CIDs, in a temporary file the
blocks that are no content.
"""

from __future__ import annotations

import io
import os
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Generator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Self, TypedDict, Unpack, cast

from pinatakit.content import CID, Block, Kind, Profile, car_header, car_section, links_of, walk_cids
from pinatakit.content.dagpb import decode_node, decode_unixfs, encode_leaf
from pinatakit.content.multiformats import RAW
from pinatakit.errors import BlockMismatch, InputError
from pinatakit.patterns import Patterns
from pinatakit.roots import check_unchanged, root_of
from pinatakit.sources import READ, Source, Symlinks, explained, pread

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CAR_TYPE: Final = "application/vnd.ipld.car"


class Taken(TypedDict, total=False):
    """What of a folder is taken, as `cid_of` explains it."""

    hidden: bool
    symlinks: Symlinks
    empty_folders: bool
    patterns: Patterns


class Take(Taken, total=False):
    """The same, and whether names may be no UTF-8."""

    odd_names: bool


@contextmanager
def packed(folder: Path, profile: Profile, left_out: list[str], **take: Unpack[Taken]) -> Generator[Source]:
    """A folder as a CAR in the order of `walk_cids`; `left_out` is told what of it does not go along.

    Raises:
        InputError: something in it cannot be read, or is of a kind that cannot be taken.
    """
    with tempfile.TemporaryFile() as nodes, Places(nodes) as places:
        root = root_of(folder, profile, sink=places.put, begin=places.begin, left_out=left_out, **take).cid
        cids = list(walk_cids(root, places.links))
        header = car_header([root])
        sizes = (len(car_section(cid, size)) + size for cid in cids for size in [places.size(cid)])
        ends = array("Q", accumulate(sizes, initial=len(header)))

        def opened() -> BinaryIO:
            return cast("BinaryIO", _Reading(header, cids, ends, places))

        name = folder.resolve().name or "folder"
        yield Source(name, ends[-1], opened, folder, media_type=CAR_TYPE, root=root)


class _Reading(io.RawIOBase):
    """A CAR that is made while it is read."""

    def __init__(self, header: bytes, cids: list[CID], ends: array[int], places: Places) -> None:
        self._cids = cids
        self._ends = ends  # of the header, then of each block
        self._places = places
        self._at = 0
        self._section = header
        self._from = 0  # where in the CAR the section at hand begins

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = offset + (0, self._at, self._ends[-1])[whence]
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        done = 0
        while done < len(view) and self._at < self._ends[-1]:
            if not self._from <= self._at < self._from + len(self._section):
                self._go_to(bisect_right(self._ends, self._at))
            part = self._section[self._at - self._from :][: len(view) - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._at += len(part)
        if self._at == self._ends[-1]:
            self._places.leave()
        return done

    def _go_to(self, number: int) -> None:
        """Have a section at hand, counted from 1; the header is 0.

        Raises:
            InputError: what is on disk is not what was hashed.
        """
        if number == 0:
            self._section, self._from = car_header(self._cids[:1]), 0
            return
        cid = self._cids[number - 1]
        block = self._places.get(cid)
        try:
            cid.verify(block)
        except BlockMismatch:
            raise InputError(
                f"{self._places.path(cid)!r} changed while it was read",
                hint="upload it again when nobody writes to it",
            ) from None
        self._section = car_section(cid, len(block)) + block
        self._from = self._ends[number - 1]


class Places:
    """Where each block of files on disk can be read again.

    The content of leaves is in the files, all other blocks in `nodes`.
    """

    def __init__(self, nodes: BinaryIO) -> None:
        self._nodes = nodes
        self._of_node: dict[CID, tuple[int, int]] = {}
        self._of_leaf: dict[
            CID, tuple[int, int, int, int]
        ] = {}  # number of the file, place, size; of the block
        self._files: list[tuple[str, os.stat_result]] = []
        self._at = 0
        self._open: tuple[int, int] | None = None  # number and descriptor of the file last read

    def begin(self, path: str) -> None:
        """The blocks that are put next are of this file."""
        self._files.append((path, Path(path).stat()))
        self._at = 0

    def put(self, block: Block) -> None:
        """The next block of a file, or of a folder when its files are done."""
        size = _leaf_size(block)
        if size is not None:
            self._of_leaf.setdefault(block.cid, (len(self._files) - 1, self._at, size, len(block.data)))
            self._at += size
        elif block.cid not in self._of_node:
            self._of_node[block.cid] = (self._nodes.tell(), len(block.data))
            self._nodes.write(block.data)

    def links(self, cid: CID) -> list[CID]:
        """The blocks that a block links to."""
        return [] if cid in self._of_leaf else links_of(cid, self.get(cid))

    def get(self, cid: CID) -> bytes:
        """A block, not hashed."""
        if cid in self._of_node:
            at, size = self._of_node[cid]
            self._nodes.seek(at)
            return self._nodes.read(size)
        number, at, size, _ = self._of_leaf[cid]
        if self._open is None or self._open[0] != number:
            self.leave()
            with explained(Path(self._files[number][0])):
                self._open = number, os.open(self._files[number][0], READ)
        chunk = pread(self._open[1], size, at)
        if cid.codec == RAW:
            return chunk
        head, tail = encode_leaf(chunk)
        return b"".join((head, chunk, tail))

    def size(self, cid: CID) -> int:
        """Bytes of a block."""
        if cid in self._of_node:
            return self._of_node[cid][1]
        return self._of_leaf[cid][3]

    def leave(self) -> None:
        """Close the file last read.

        Raises:
            InputError: it is not what it was when its blocks were put.
        """
        if self._open:
            number, file = self._open
            path, before = self._files[number]
            check_unchanged(path, before, os.fstat(file))
            os.close(file)
            self._open = None

    def path(self, cid: CID) -> str:
        """The file that a leaf is in."""
        return self._files[self._of_leaf[cid][0]][0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open:
            os.close(self._open[1])


def _leaf_size(block: Block) -> int | None:
    """Bytes of a file's content that a block holds, `None` where it is no leaf of one."""
    if block.cid.codec == RAW:
        return len(block.data)
    node = decode_node(block.data)
    fs = decode_unixfs(node.data)
    return len(fs.data) if fs.kind is Kind.FILE and not node.links else None

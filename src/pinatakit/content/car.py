"""CAR: many blocks in one file, so that any IPFS tool can read them.

A version 1 is a header that names the roots, then sections of CID and block.

    varint(size) header | varint(size) CID block | varint(size) CID block | …

A version 2 is a version 1 in an envelope, with an index behind it.

Pure: the writer gives bytes, the reader is fed them. Blocks are not hashed here: a `Walk`
checks each before use, and so does `Block.cid.verify`.
Sources: ipld.io/specs/transport/car/carv1 and carv2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from pinatakit.content import dagcbor
from pinatakit.content.blocks import MAX_BLOCK, Block
from pinatakit.content.cid import CID
from pinatakit.content.multiformats import read_varint, write_varint
from pinatakit.errors import InvalidCID, Malformed

_MAX_HEADER: Final = 32 << 10  # some hundred roots
_MAX_CID: Final = 256  # bytes; the longest known has 64 of digest, and some inline a little content
_PIECE: Final = 1 << 20
_V2_PRAGMA: Final = b"\x0a\xa1\x67version\x02"
_V2_HEADER: Final = 40  # characteristics, and three places of 8 bytes


def car_header(roots: Sequence[CID]) -> bytes:
    """The first bytes of a CARv1.

    Its length depends only on the kinds of CIDs, so a header can be written with other
    CIDs of the same kind first, and overwritten when the roots are known.
    """
    header = dagcbor.encode_car_header(roots)
    return write_varint(len(header)) + header


def car_section(cid: CID, size: int) -> bytes:
    """What stands before a block of `size` bytes."""
    name = bytes(cid)
    return write_varint(len(name) + size) + name


def write_car(roots: Sequence[CID], blocks: Iterable[Block]) -> Iterator[bytes]:
    """A CARv1 in pieces, blocks in the order given."""
    yield car_header(roots)
    for block in blocks:
        yield car_section(block.cid, len(block.data)) + block.data


class Placed(NamedTuple):
    """A block in a CAR: where its bytes start, how many they are, and the block."""

    at: int
    size: int
    block: Block


class CarState(NamedTuple):
    """What a CAR that is being read goes on from: where, and the bytes of a section cut short."""

    roots: list[CID] | None
    version: int
    rest: bytes
    at: int
    skip: int
    end: int | None


class CarReader:
    """Reads a CAR of version 1 or 2 that is fed in pieces of any size.

    `roots` is known as soon as the header was fed; until then it is `None`. The index that a
    version 2 may have is passed over: it would have to be checked against the blocks anyway.
    Without `contents` only the places of blocks are told, and what `skip` says need not be fed.
    `state` is that of a reader which began the CAR.
    """

    def __init__(self, state: CarState | None = None, *, contents: bool = True) -> None:
        roots, version, rest, at, skip, end = state or CarState(None, 1, b"", 0, 0, None)
        self.roots: list[CID] | None = roots
        self.version = version
        self._contents = contents
        self._waiting: list[bytes] = [rest] if rest else []
        self._have = len(rest)
        self._want = 1  # bytes that must be here before it is worth looking
        self._at = at  # place in the CAR of the first byte that waits
        self._skip = skip  # bytes to pass over
        self._end: int | None = end  # where the blocks of a version 2 end
        self._broken: str | None = None

    def state(self) -> CarState:
        """What another reader goes on from."""
        return CarState(self.roots, self.version, b"".join(self._waiting), self._at, self._skip, self._end)

    def feed(self, data: bytes | memoryview) -> list[Block]:
        """The blocks that are complete now, not yet hashed.

        Raises:
            Malformed: it is no CAR, or has a block larger than 2 MiB. Nothing is read after that.
        """
        return [placed.block for placed in self.feed_placed(data)]

    def feed_placed(self, data: bytes | memoryview) -> list[Placed]:
        """As `feed`, each block with its place in the CAR."""
        if self._broken:
            raise Malformed(self._broken)
        self._waiting.append(bytes(data))
        self._have += len(data)
        if self._have < self._want:
            return []
        view = memoryview(b"".join(self._waiting) if len(self._waiting) > 1 else self._waiting[0])
        try:
            blocks, used = self._read(view)
        except Malformed as error:
            self._broken = error.message
            self._waiting.clear()
            raise
        rest = bytes(view[used:])
        self._waiting, self._have = [rest] if rest else [], len(rest)
        self._at += used
        return blocks

    def skip(self, most: int) -> int:
        """Bytes, at most so many, that follow and need not be fed; from now on they count as fed."""
        count = 0 if self._have else min(self._skip, most)
        self._skip -= count
        self._at += count
        return count

    def finish(self) -> None:
        """Say that nothing follows.

        Raises:
            Malformed: the CAR ends inside a section, or before it has a header.
        """
        if self._broken:
            raise Malformed(self._broken)
        if self._have or self._skip or self.roots is None or (self._end or 0) > self._at:
            raise Malformed("the CAR is cut short")

    def _read(self, view: memoryview) -> tuple[list[Placed], int]:
        """The blocks in what waits, and how many bytes of it are done with."""
        blocks: list[Placed] = []
        at = 0
        while True:
            skip = min(self._skip, len(view) - at)
            self._skip -= skip
            at += skip
            if self._end is not None and self._at + at >= self._end:
                self._want = 1  # an index, or nothing, follows
                return blocks, len(view)
            section = self._section(view, at)
            if section is None:
                return blocks, at
            start, at = section
            if self.roots is None:
                at += self._open(bytes(view[start:at]), view[at : at + _V2_HEADER])
                continue
            try:
                cid, place = CID.read(view[start : min(at, start + _MAX_CID)])
            except InvalidCID as error:
                raise Malformed(f"a CAR section has no CID: {error.message}") from None
            place += start
            data = view[place:at] if self._contents else b""
            blocks.append(Placed(self._at + place, at - place, Block(cid, data)))
            self._skip, at = max(0, at - len(view)), min(at, len(view))

    def _section(self, view: memoryview, at: int) -> tuple[int, int] | None:
        """Where the section that starts at `at` has its content, if all of it is here."""
        left = len(view) - at
        if left < 9 and all(byte >= 0x80 for byte in view[at:]):
            self._want = left + 1
            return None
        size, start = read_varint(view, at)
        limit = _MAX_HEADER if self.roots is None else MAX_BLOCK + _MAX_CID
        if not 0 < size <= limit:
            what = "header" if self.roots is None else "section"
            raise Malformed(f"a CAR {what} of {size:,} bytes; at most {limit:,} are taken")
        end = start + size
        if self._end is not None and self._at + end > self._end:
            raise Malformed("a section of the CAR goes beyond its end")
        is_v2 = self._at + at == 0 and bytes(view[at : at + len(_V2_PRAGMA)]) == _V2_PRAGMA
        here = end if self._contents or self.roots is None else min(end, start + _MAX_CID)
        self._want = here - at + (_V2_HEADER if is_v2 else 0)
        return (start, end) if left >= self._want else None

    def _open(self, header: bytes, behind: memoryview) -> int:
        """Take a header; how many of the bytes behind it belong to it."""
        match dagcbor.decode(header):
            case {"version": int(version), "roots": [*roots]} if (
                version is not True and version == 1 and all(isinstance(root, CID) for root in roots)
            ):
                self.roots = roots
                return 0
            case {"version": 2} if header == _V2_PRAGMA[1:] and self._at == 0 and self._end is None:
                self.version = 2
                _, offset, size, _ = struct.unpack("<16sQQQ", behind)
                begin = len(_V2_PRAGMA) + _V2_HEADER
                if offset < begin or not 0 < size < 1 << 62 or offset > 1 << 62:
                    raise Malformed(
                        f"the CAR says that its blocks start at byte {offset:,} and take {size:,}"
                    )
                self._skip = offset - begin
                self._end = offset + size
                return _V2_HEADER
            case {"version": int(version)} if version not in (1, 2):
                raise Malformed(f"CAR version {version} does not exist; 1 and 2 do")
            case _:
                raise Malformed("the CAR header names no version and roots")


def read_car(source: bytes | BinaryIO | Iterable[bytes]) -> tuple[list[CID], Iterator[Block]]:
    """The roots of a CAR (version 1 or 2) and its blocks in order, not yet hashed.

    Reads as far as it is asked to; memory holds one block.

    Raises:
        Malformed: it is no CAR; also while the blocks are read.
    """
    pieces = _pieces(source)
    reader = CarReader()
    first: list[Block] = []
    while reader.roots is None:
        piece = next(pieces, None)
        if piece is None:
            raise Malformed("the CAR is cut short")
        first = reader.feed(piece)

    def blocks() -> Iterator[Block]:
        yield from first
        for piece in pieces:
            yield from reader.feed(piece)
        reader.finish()

    return reader.roots, blocks()


def _pieces(source: bytes | BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    read: Callable[[int], bytes] | None = getattr(source, "read", None)
    if isinstance(source, bytes):
        yield source
    elif read is None:
        yield from source
    else:
        while piece := read(_PIECE):
            yield piece

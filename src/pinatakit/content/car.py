"""CAR: many blocks in one file, so that any IPFS tool can read them.

A version 1 is a header that names the roots, then sections of CID and block.

    varint(size) header | varint(size) CID block | varint(size) CID block | …

Pure: the writer gives bytes, the reader is fed them. Blocks are not hashed here: a `Walk`
checks each before use, and so does `Block.cid.verify`.
Source: ipld.io/specs/transport/car/carv1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from pinatakit.content import dagcbor
from pinatakit.content.blocks import MAX_BLOCK, Block
from pinatakit.content.cid import CID
from pinatakit.content.multiformats import read_varint, write_varint
from pinatakit.errors import InvalidCID, Malformed

_MAX_HEADER: Final = 32 << 10  # some hundred roots
_PIECE: Final = 1 << 20


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


class CarReader:
    """Reads a CARv1 that is fed in pieces of any size.

    `roots` is known as soon as the header was fed; until then it is `None`.
    """

    def __init__(self) -> None:
        self.roots: list[CID] | None = None
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Block]:
        """The blocks that are complete now, not yet hashed.

        Raises:
            Malformed: it is no CARv1, or has a block larger than 2 MiB.
        """
        self._buffer += data
        blocks: list[Block] = []
        at = 0
        while (section := self._section(at)) is not None:
            start, at = section
            content = bytes(self._buffer[start:at])
            if self.roots is None:
                self.roots = _roots(content)
                continue
            try:
                cid, place = CID.read(content)
            except InvalidCID as error:
                raise Malformed(f"a CAR section has no CID: {error.message}") from None
            blocks.append(Block(cid, memoryview(content)[place:]))
        del self._buffer[:at]
        return blocks

    def finish(self) -> None:
        """Say that nothing follows.

        Raises:
            Malformed: the CAR ends inside a section.
        """
        if self._buffer or self.roots is None:
            raise Malformed("the CAR is cut short")

    def _section(self, at: int) -> tuple[int, int] | None:
        """Where the section that starts at `at` has its content, if all of it is here."""
        buffer = self._buffer
        if len(buffer) - at < 9 and all(byte >= 0x80 for byte in buffer[at:]):
            return None
        size, start = read_varint(buffer, at)
        limit = _MAX_HEADER if self.roots is None else MAX_BLOCK + 256
        if not 0 < size <= limit:
            what = "CAR header" if self.roots is None else "CAR section"
            raise Malformed(f"a {what} of {size:,} bytes; at most {limit:,} are taken")
        return (start, start + size) if start + size <= len(buffer) else None


def read_car(source: bytes | BinaryIO | Iterable[bytes]) -> tuple[list[CID], Iterator[Block]]:
    """The roots of a CARv1 and its blocks in order, not yet hashed.

    Reads as far as it is asked to; memory holds one block.

    Raises:
        Malformed: it is no CARv1; also while the blocks are read.
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


def _roots(header: bytes) -> list[CID]:
    match dagcbor.decode(header):
        case {"version": int(version), "roots": [*roots]} if (
            version is not True and version == 1 and all(isinstance(root, CID) for root in roots)
        ):
            return roots
        case {"version": int(version)} if version != 1:
            raise Malformed(f"CAR version {version} is not read here; version 1 is")
        case _:
            raise Malformed("the CAR header names no version and roots")

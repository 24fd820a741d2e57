"""Block and Root: the two things that building gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from pinatakit.content.cid import CID
from pinatakit.errors import Malformed

MAX_BLOCK: Final = 2 << 20
"""The largest block taken from anybody, in bytes: what IPFS nodes exchange (Bitswap)."""


class Block(NamedTuple):
    """A CID and the bytes it names."""

    cid: CID
    data: bytes | memoryview

    def check(self) -> None:
        """See that the bytes hash to the CID, and are no more than a block may have.

        Raises:
            BlockMismatch: they do not.
            Malformed: they are more than 2 MiB.
            UnknownHash: the hash function cannot be computed here.
        """
        if len(self.data) > MAX_BLOCK:
            raise Malformed(f"block {self.cid} has {len(self.data):,} bytes; at most {MAX_BLOCK:,} are taken")
        self.cid.verify(self.data)


class Root(NamedTuple):
    """A whole file or folder.

    Attributes:
        cid: its name.
        size: bytes of content: of a folder, of all the files below it.
        dag_size: bytes of all blocks, a shared one counted each time it is linked. This is
            what Pinata calls `PinSize` and Kubo the cumulative size.
    """

    cid: CID
    size: int
    dag_size: int


Sink = Callable[[Block], object]
"""Where blocks go as they are made: leaves first, the root last."""

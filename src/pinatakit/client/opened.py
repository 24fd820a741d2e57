"""Files that are open at a gateway: only the blocks that hold what is read are fetched.

with pinata.open(cid, path="data.zip") as file:
    zipfile.ZipFile(file).namelist()
"""

from __future__ import annotations

import io
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Self

from pinatakit.client._now import run_now
from pinatakit.client._wire import Awaiting, Blocking, Wire
from pinatakit.client.downloads import Blocks, check_file, one_by_one
from pinatakit.content import CID, Entry, Walk
from pinatakit.errors import InputError
from pinatakit.protocol import Network

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CACHE: Final = 8 << 20  # bytes of blocks that are kept
BUFFER: Final = 256 << 10
"""Bytes that a buffered reader reads at once: most blocks have as many, or more."""


class Ranges:
    """Any bytes of one file, verified.

    Attributes:
        size: bytes of the file, once `measure` has found it out.
    """

    def __init__(self, wire: Wire, cid: CID, path: str, network: Network) -> None:
        self._wire = wire
        self._cid = cid
        self._path = path
        self._network: Network = network
        self._blocks = Blocks(_CACHE)
        self.size = 0

    async def measure(self) -> None:
        """Find the file.

        Raises:
            InputError: it is no file.
            NotFound, NoSuchPath: it is not there.
        """
        for step in await self._steps(Walk(self._cid, self._path, shallow=True)):
            if isinstance(step, Entry):
                check_file(self._cid, step)
                self.size = step.size

    async def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`, as far as there are any."""
        found = await self._steps(Walk(self._cid, self._path, start=start, stop=stop))
        return b"".join(step for step in found if isinstance(step, bytes))

    async def _steps(self, walk: Walk) -> list[Entry | bytes]:
        steps = walk.leftover()
        async with aclosing(one_by_one(self._wire, walk, self._network, self._blocks)) as found:
            return steps + [step async for step in found]


class RawFile(io.RawIOBase):
    """A file at a gateway, open for reading on a blocking client.

    Attributes:
        size: bytes.
    """

    def __init__(self, wire: Blocking, cid: CID, path: str, network: Network) -> None:
        super().__init__()
        self._ranges = Ranges(wire, cid, path, network)
        self._at = 0
        run_now(self._ranges.measure())
        self.size = self._ranges.size

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be sought in."""
        return True

    def tell(self) -> int:
        """The place of the next byte that is read."""
        self._check_open()
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place, from the start, from here or from the end."""
        self._check_open()
        self._at = _place(offset, whence, self._at, self.size)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read the next bytes into a buffer; how many they were, 0 at the end."""
        self._check_open()
        view = memoryview(buffer).cast("B")
        if self._at >= self.size or not len(view):
            return 0
        data = run_now(self._ranges.read(self._at, min(self.size, self._at + len(view))))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("the file is closed")


class AsyncFile:
    """A file at a gateway, open for reading on an async client.

    Attributes:
        size: bytes.
    """

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._at = 0
        self._closed = False
        self.size = ranges.size

    @classmethod
    async def open(cls, wire: Awaiting, cid: CID, path: str, network: Network) -> Self:
        """Find the file at the gateway."""
        ranges = Ranges(wire, cid, path, network)
        await ranges.measure()
        return cls(ranges)

    def tell(self) -> int:
        """The place of the next byte that is read."""
        return self._at

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, from the start, from here or from the end, as with any file."""
        self._at = _place(offset, whence, self._at, self.size)
        return self._at

    async def read(self, size: int = -1) -> bytes:
        """The next bytes: at most `size`, all that are left below 0; empty at the end."""
        if self._closed:
            raise ValueError("the file is closed")
        stop = self.size if size < 0 else min(self.size, self._at + size)
        if stop <= self._at:
            return b""
        data = await self._ranges.read(self._at, stop)
        self._at += len(data)
        return data

    async def aclose(self) -> None:
        """Read no more."""
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


def _place(offset: int, whence: int, at: int, size: int) -> int:
    base = {io.SEEK_SET: 0, io.SEEK_CUR: at, io.SEEK_END: size}.get(whence)
    if base is None:
        raise InputError(f"whence is 0, 1 or 2, not {whence!r}")
    if base + offset < 0:
        raise InputError(f"byte {base + offset} is before the start of the file")
    return base + offset

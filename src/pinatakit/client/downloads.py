"""Downloads: content comes as blocks, and each is checked before a byte of it is written.

A CAR brings the blocks in the order they are wanted; what it leaves out, or what a cut
connection leaves over, is asked for block by block. What comes is written aside and moved
into place when it is whole: a name never holds half of anything.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final, NamedTuple

from pinatakit.client import links
from pinatakit.client._wire import Wire
from pinatakit.content import CID, CarReader, Entry, Kind, Walk
from pinatakit.errors import InputError, Malformed, Unreachable
from pinatakit.protocol import Call, Network
from pinatakit.protocol import gateway as calls
from pinatakit.targets import Target

_SURPLUS: Final = (
    1 << 20
)  # bytes behind the last block that is wanted: the end of a stream is awaited, no more


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


async def steps(wire: Wire, walk: Walk, network: Network = "public") -> AsyncGenerator[Entry | bytes, None]:
    """What a walk comes to, its blocks fetched from the gateway: private ones through links made on the way.

    Raises:
        BlockMismatch: the gateway gave other bytes than the CID names.
        NotFound: the gateway does not have the content.
    """
    for step in walk.leftover():
        yield step
    if not walk.upcoming(1):
        return
    reader = CarReader()
    surplus = 0
    try:
        call = await _opened(wire, calls.get_car(walk.root, walk.path), network)
        async with aclosing(wire.stream(call, calls.CAR_TYPE)) as pieces:
            async for piece in pieces:
                try:
                    blocks = reader.feed(piece)
                except Malformed:
                    if reader.roots is None:
                        raise
                    break  # what this CAR leaves over is asked for block by block
                for block in blocks:
                    # A block nobody asked for is passed over: it proves nothing, and is not used.
                    if walk.wants is not None and walk.wants.multihash == block.cid.multihash:
                        for step in walk.feed(bytes(block.data)):
                            yield step
                if not walk.upcoming(1) and (surplus := surplus + len(piece)) > _SURPLUS:
                    break
    except Unreachable:
        if reader.roots is None:
            raise
    while walk.wants is not None:
        call = await _opened(wire, calls.get_block(walk.wants), network)
        for step in walk.feed(await wire.send(call)):
            yield step


async def _opened(wire: Wire, call: Call[bytes], network: Network) -> Call[bytes]:
    return await links.signed(wire, call) if network == "private" else call


async def download(
    wire: Wire,
    cid: CID,
    to: Path,
    *,
    path: str,
    network: Network,
    progress: Callable[[int, int | None], object] | None,
) -> Download:
    """Fetch a file or folder to a place on disk."""
    target: Target | None = None
    total: int | None = None
    try:
        async with aclosing(steps(wire, Walk(cid, path), network)) as found:
            async for step in found:
                if target is None:
                    assert isinstance(step, Entry)
                    target = Target(to, step, name=path.rstrip("/").rpartition("/")[2] or str(cid))
                    total = step.size if step.kind is Kind.FILE else None
                await wire.in_thread(target.take, step)
                if progress:
                    progress(target.size, total)
        assert target is not None, "a walk starts with an entry"
        await wire.in_thread(target.finish)
        return Download(cid, target.place, target.size, target.files)
    finally:
        if target:
            target.abandon()


async def read(
    wire: Wire, cid: CID, *, path: str, network: Network, start: int, stop: int | None
) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, in order."""
    async with aclosing(steps(wire, Walk(cid, path, start=start, stop=stop), network)) as found:
        async for step in found:
            if isinstance(step, bytes):
                yield step
            elif step.kind is not Kind.FILE:
                raise InputError(
                    f"{cid} is a {step.kind.name.lower()}, not a file", hint="download() takes folders"
                )

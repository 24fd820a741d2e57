"""Downloads: content comes as blocks, and each is checked before a byte of it is written.

A CAR brings the blocks in the order they are wanted; what it leaves out, or what a cut
connection leaves over, is asked for block by block, several at a time. What comes is written
aside and moved into place when it is whole: a name never holds half of anything.

Of several gateways the first that serves is used. One that gave a false block is named in the
error, and not asked again.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Container, Iterator
from concurrent.futures import Future
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from pinatakit.client import links
from pinatakit.client._pace import Progress
from pinatakit.client._wire import Unverifiable, Wire
from pinatakit.content import CID, Block, CarReader, Entry, Kind, Walk
from pinatakit.content.pool import pool
from pinatakit.errors import (
    ApiError,
    BlockMismatch,
    ContentError,
    Forbidden,
    InputError,
    Malformed,
    NotFound,
    PinataError,
    Unauthorized,
    Unreachable,
)
from pinatakit.protocol import Answer, Call, Network
from pinatakit.protocol import gateway as calls
from pinatakit.protocol.gateway import ImageOptions
from pinatakit.protocol.refusals import refused
from pinatakit.targets import Kept, Part, Target, check_free

_SURPLUS: Final = (
    1 << 20
)  # bytes that are not wanted: the end of a stream is awaited, and a range that is not heeded noticed
_AT_ONCE: Final = 8  # blocks asked for at a time
_GATHER: Final = 1 << 20  # bytes written at once
_ENTRY: Final = 4 << 10  # bytes that a file or folder counts for besides
_AHEAD: Final = 2  # pieces whose blocks are hashed while the next ones come
_SMALL: Final = 64 << 10  # bytes that are hashed faster than a thread takes them over
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)\Z")


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


class Blocks:
    """The last blocks that were fetched and checked, up to some bytes of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._blocks: OrderedDict[CID, bytes] = OrderedDict()

    def get(self, cid: CID) -> bytes | None:
        """A block, if it is still here."""
        block = self._blocks.get(cid)
        if block is not None:
            self._blocks.move_to_end(cid)
        return block

    def put(self, cid: CID, block: bytes) -> None:
        """Keep a block, and let go of those that were used longest ago."""
        if cid not in self._blocks:
            self._size += len(block)
        self._blocks[cid] = block
        while self._size > self._most and len(self._blocks) > 1:
            self._size -= len(self._blocks.popitem(last=False)[1])


async def steps(
    wire: Wire, walk: Walk, network: Network, *, start: int = 0, stop: int | None = None
) -> AsyncGenerator[Entry | bytes, None]:
    """What a walk comes to, its blocks fetched from the gateways; a walk of a range is told so again.

    Private blocks come through links made on the way.

    Raises:
        BlockMismatch: a gateway gave other bytes than the CID names, and no other is left.
        NotFound: no gateway has the content.
    """
    for step in walk.leftover():
        yield step
    if walk.upcoming(1) and start != stop:
        call = calls.get_car(walk.root, walk.path, start=start, stop=stop)
        async with aclosing(_from_cars(wire, walk, network, call)) as found:
            async for step in found:
                yield step
    async with aclosing(one_by_one(wire, walk, network)) as found:
        async for step in found:
            yield step


class _NoCar(Exception):
    """A gateway gives no CAR, and why."""

    def __init__(self, why: PinataError) -> None:
        super().__init__(why)
        self.why = why


async def _from_cars(
    wire: Wire, walk: Walk, network: Network, call: Call[bytes]
) -> AsyncGenerator[Entry | bytes, None]:
    """What the first CAR brings that a gateway gives."""
    why: PinataError | None = None
    for gateway in _that_may_serve(wire, network):
        there = await _at(wire, gateway, network, call)
        try:
            async with aclosing(_from_car(wire, walk, there)) as found:
                async for step in found:
                    yield step
            return
        except BlockMismatch as error:
            lie = wire.gateways.lied(gateway, error.cid)
            if not len(wire.gateways):
                raise lie from None
            return  # the others give what is left, block by block
        except _NoCar as error:
            why = error.why
            if not isinstance(why, NotFound):
                wire.gateways.failed(gateway)
    if isinstance(why, Malformed | Unverifiable | NotFound | Forbidden | Unauthorized):
        raise why


def _that_may_serve(wire: Wire, network: Network) -> list[str]:
    """The gateways in order; where any other is named, the shared one is not asked for what is private."""
    named = list(wire.gateways)
    if network == "private":
        return [gateway for gateway in named if not links.is_shared(gateway)] or named
    return named


async def _at(wire: Wire, gateway: str, network: Network, call: Call[bytes]) -> Call[bytes]:
    """A call to that gateway, through a link made now if it is for private content."""
    there = msgspec.structs.replace(call, base=gateway)
    return await links.signed(wire, there) if network == "private" else there


async def _from_car(wire: Wire, walk: Walk, call: Call[bytes]) -> AsyncGenerator[Entry | bytes, None]:
    """What a CAR brings; a cut leaves the rest over. Blocks are hashed while the next ones come.

    Raises:
        _NoCar: it brought nothing.
        BlockMismatch: a block is false.
    """
    reader = CarReader()
    ranged = "entity-bytes" in call.query
    surplus = 0
    waiting: deque[tuple[list[Block], Future[list[ContentError | None]]]] = deque()

    async def first() -> Iterator[Entry | bytes]:
        """What the blocks that have waited longest come to."""
        blocks, checking = waiting.popleft()
        return opened(blocks, await wire.result(checking))

    def opened(blocks: list[Block], faults: list[ContentError | None]) -> Iterator[Entry | bytes]:
        nonlocal surplus
        for block, fault in zip(blocks, faults, strict=True):
            # A block nobody asked for is passed over: it proves nothing, and is not used.
            if walk.wants is None or walk.wants.multihash != block.cid.multihash:
                surplus += len(block.data)
                continue
            if fault:
                raise fault
            yield from walk.take(bytes(block.data))

    try:
        async with aclosing(wire.stream(call, calls.CAR_TYPE)) as pieces:
            async for piece in pieces:
                try:
                    blocks = reader.feed(piece)
                except Malformed as error:
                    if reader.roots is None:
                        raise _NoCar(error) from error
                    break  # what this CAR leaves over is asked for block by block
                if blocks:
                    waiting.append((blocks, _checking(blocks)))
                while len(waiting) > _AHEAD:
                    for step in await first():
                        yield step
                if not walk.upcoming(1):
                    surplus += len(piece)
                if surplus > _SURPLUS and (ranged or not walk.upcoming(1)):
                    break
    except (Unreachable, ApiError) as error:
        if reader.roots is None:
            raise _NoCar(error) from error
    while waiting:
        for step in await first():
            yield step


def _checking(blocks: list[Block]) -> Future[list[ContentError | None]]:
    """What is false about each block: found out in a thread, unless they are small."""
    if sum(len(block.data) for block in blocks) >= _SMALL:
        return pool().submit(_faults, blocks)
    done: Future[list[ContentError | None]] = Future()
    done.set_result(_faults(blocks))
    return done


def _faults(blocks: list[Block]) -> list[ContentError | None]:
    faults: list[ContentError | None] = []
    for block in blocks:
        try:
            block.check()
            faults.append(None)
        except ContentError as fault:
            faults.append(fault)
    return faults


class Fetching:
    """Blocks asked for singly, those that a walk will want soon together with the one it wants."""

    def __init__(
        self, wire: Wire, network: Network, cache: Blocks | None = None, *, leave: Container[str] = ()
    ) -> None:
        self._wire = wire
        self._network: Network = network
        self._cache = cache
        self._leave = leave  # CIDs that will not be wanted after all
        self._held: dict[CID, bytes] = {}

    async def next(self, walk: Walk) -> bytes:
        """The block that a walk wants, checked."""
        assert walk.wants is not None
        cid = walk.wants
        if (block := self._have(cid)) is None:
            room = max(1, 2 * _AT_ONCE - len(self._held))
            soon = (other for other in walk.upcoming(min(_AT_ONCE, room))[1:] if self._wanted(other))
            wanted = list(dict.fromkeys((cid, *soon)))
            fetched = await self._wire.together(
                [partial(_block, self._wire, other, self._network) for other in wanted]
            )
            self._held |= zip(wanted, fetched, strict=True)
            block = self._held[cid]
        self._held.pop(cid, None)
        if self._cache:
            self._cache.put(cid, block)
        return block

    def _have(self, cid: CID) -> bytes | None:
        return self._held.get(cid) or (self._cache.get(cid) if self._cache else None)

    def _wanted(self, cid: CID) -> bool:
        return cid.inlined is None and str(cid) not in self._leave and self._have(cid) is None


async def one_by_one(
    wire: Wire, walk: Walk, network: Network, cache: Blocks | None = None
) -> AsyncGenerator[Entry | bytes, None]:
    """What is left of a walk, its blocks asked for singly, several at a time."""
    fetching = Fetching(wire, network, cache)
    while walk.wants is not None:
        for step in walk.take(await fetching.next(walk)):
            yield step


async def _block(wire: Wire, cid: CID, network: Network) -> bytes:
    """A block, checked, from the first gateway that gives it."""
    failure: PinataError | None = None
    for gateway in _that_may_serve(wire, network):
        call = await _at(wire, gateway, network, calls.get_block(cid))
        try:
            block = await wire.send(call)
            Block(cid, block).check()
            return block
        except BlockMismatch:
            failure = wire.gateways.lied(gateway, cid)
        except (Unreachable, ApiError) as error:
            failure = error if failure is None or isinstance(failure, NotFound) else failure
            if not isinstance(error, NotFound):
                wire.gateways.failed(gateway)
    raise failure or nobody_left(wire)


def nobody_left(wire: Wire) -> Unreachable:
    """The error that there is no gateway that can be trusted."""
    return Unreachable(
        f"no gateway is left to ask: {' and '.join(wire.gateways.false)} gave false blocks",
        hint="set PINATA_GATEWAY_URL to another gateway",
    )


async def download(
    wire: Wire,
    cid: CID,
    to: Path,
    *,
    path: str,
    network: Network,
    progress: Progress | None,
    resume: bool,
    overwrite: bool,
) -> Download:
    """Fetch a file or folder to a place on disk, verified."""
    name = _name(cid, path)
    check_free(to, name=name, overwrite=overwrite)
    kept = await wire.in_thread(Kept, to, f"/ipfs/{cid}/{path.strip('/')}", name=name) if resume else None
    writer: _Writer | None = None
    try:
        async with aclosing(_missing(wire, cid, path, network, kept)) as found:
            async for step in found:
                if writer is None:
                    assert isinstance(step, Entry)
                    target = await wire.in_thread(Target, to, step, name=name, kept=kept, overwrite=overwrite)
                    total = step.size if step.kind is Kind.FILE else None
                    writer = _Writer(wire, target, progress, total)
                await writer.take(step)
        assert writer, "a walk starts with an entry"
        return await writer.finish(cid)
    except BaseException:
        if writer:
            await wire.to_the_end(partial(writer.abandon, kept=kept is not None))
        raise


class _Writer:
    """Writes to a target in large pieces, each in a thread while the next one comes."""

    def __init__(self, wire: Wire, target: Target, progress: Progress | None, total: int | None) -> None:
        self._wire = wire
        self._target = target
        self._progress = progress
        self._total = total
        self._steps: list[Entry | bytes | Part] = []
        self._size = 0  # bytes of the steps
        self._writing: Future[None] | None = None

    async def take(self, step: Entry | bytes | Part) -> None:
        """Write a step, now or together with those that follow."""
        self._steps.append(step)
        self._size += len(step) if isinstance(step, bytes) else _ENTRY
        if self._target.files == 0:  # that it begins is told at once
            await self._flush()
        elif self._size >= _GATHER:
            await self._written()
            self._writing = pool().submit(self._write, self._gathered())

    async def finish(self, cid: CID) -> Download:
        """Write what is left, and move all of it into place."""
        await self._flush()
        await self._wire.in_thread(self._target.finish)
        return Download(cid, self._target.place, self._target.size, self._target.files)

    def abandon(self, *, kept: bool) -> None:
        """Leave nothing of what is not finished; or all that came, where it is `kept`."""
        broken = self._writing and self._writing.exception()  # when it is over, be the task cancelled or not
        try:
            if kept and not broken:  # behind what could not be written nothing may be
                self._write(self._gathered())
        finally:
            self._target.close()

    async def _flush(self) -> None:
        """Write all that was gathered."""
        await self._written()
        await self._wire.in_thread(self._write, self._gathered())
        self._tell()

    async def _written(self) -> None:
        """Wait until what was begun is written."""
        if self._writing:
            await self._wire.result(self._writing)
            self._writing = None
            self._tell()

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._target.size, self._total)

    def _gathered(self) -> list[Entry | bytes | Part]:
        steps, self._steps, self._size = self._steps, [], 0
        return steps

    def _write(self, steps: list[Entry | bytes | Part]) -> None:
        for step in steps:
            if isinstance(step, Part):
                self._target.skip(step)
            else:
                self._target.take(step)


async def _missing(
    wire: Wire, cid: CID, path: str, network: Network, kept: Kept | None
) -> AsyncGenerator[Entry | bytes | Part, None]:
    """What is to be written, without the bytes that are kept; a `Part` stands for a file that is whole."""
    parts = kept.parts.copy() if kept else {}
    if not parts or "" in parts:
        start = parts[""].size if parts else 0
        async with aclosing(steps(wire, Walk(cid, path, start=start), network, start=start)) as found:
            async for step in found:
                yield step
        return
    walk = Walk(cid, path)
    fetching = Fetching(wire, network, leave={part.cid for part in parts.values()})
    for step in walk.leftover():
        yield step
    while walk.wants is not None:
        place = walk.entering or ""
        part = parts.get(place)
        if part is None or part.cid != str(walk.wants):
            for step in walk.take(await fetching.next(walk)):
                yield step
            continue
        if part.whole:
            yield part
        else:
            rest = Walk(cid, f"{path}/{place}", start=part.size)
            async with aclosing(steps(wire, rest, network, start=part.size)) as found:
                async for step in found:
                    yield step._replace(path=place) if isinstance(step, Entry) else step
        for step in walk.skip():
            yield step


def _name(cid: CID, path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or str(cid)


async def read(
    wire: Wire, cid: CID, *, path: str, network: Network, start: int, stop: int | None
) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, in order, verified; from a `start` below 0 on, counted from its end."""
    if start < 0:
        start = max(0, start + await _size(wire, cid, path, network))
    walk = Walk(cid, path, start=start, stop=stop)
    async with aclosing(steps(wire, walk, network, start=start, stop=stop)) as found:
        async for step in found:
            if isinstance(step, bytes):
                yield step
            else:
                check_file(cid, step)


async def _size(wire: Wire, cid: CID, path: str, network: Network) -> int:
    """The bytes that a file has."""
    size = 0
    async with aclosing(steps(wire, Walk(cid, path, shallow=True), network, start=0, stop=0)) as found:
        async for step in found:
            if isinstance(step, Entry):
                check_file(cid, step)
                size = step.size
    return size


def check_file(cid: CID, entry: Entry) -> None:
    """Only a file has bytes.

    Raises:
        InputError: it is something else.
    """
    if entry.kind is not Kind.FILE:
        raise InputError(f"{cid} is a {entry.kind.name.lower()}, not a file", hint="download() takes folders")


# As the gateway serves it


class _Opened(NamedTuple):
    """What a gateway is about to send: from which byte on, of how many, and what it calls the content."""

    at: int
    size: int | None
    etag: str | None


async def download_unverified(
    wire: Wire,
    cid: CID,
    to: Path,
    *,
    path: str,
    network: Network,
    image: ImageOptions | None,
    progress: Progress | None,
    resume: bool,
    overwrite: bool,
) -> Download:
    """Fetch a file to a place on disk, as the gateway serves it."""
    name = _name(cid, path)
    check_free(to, name=name, overwrite=overwrite)
    key = f"unverified /ipfs/{cid}/{path.strip('/')} {image}"
    kept = await wire.in_thread(Kept, to, key, name=name) if resume else None
    part = kept.parts.get("") if kept else None
    if kept and part and part.size:
        # Its last byte is asked for again: were all of them here already, there would be no such range.
        kept.parts[""] = part = part._replace(size=part.size - 1, whole=False)
    start, etag = (part.size, part.cid) if part else (0, None)
    writer: _Writer | None = None
    try:
        served = _served(
            wire, cid, path=path, network=network, image=image, start=start, stop=None, etag=etag
        )
        async with aclosing(served) as pieces:
            async for piece in pieces:
                if isinstance(piece, bytes):
                    assert writer, "an answer has a beginning"
                    await writer.take(piece)
                    continue
                if kept and piece.at == 0:
                    kept.parts.clear()
                entry = Entry("", Kind.FILE, cid, piece.size or 0, "")
                mark = piece.etag or ""
                target = await wire.in_thread(
                    Target, to, entry, name=name, kept=kept, mark=mark, overwrite=overwrite
                )
                writer = _Writer(wire, target, progress, piece.size)
                await writer.take(entry)
        assert writer, "an answer has a beginning"
        return await writer.finish(cid)
    except BaseException:
        if writer:
            await wire.to_the_end(partial(writer.abandon, kept=kept is not None))
        raise


async def read_unverified(
    wire: Wire,
    cid: CID,
    *,
    path: str,
    network: Network,
    image: ImageOptions | None,
    start: int,
    stop: int | None,
) -> AsyncGenerator[bytes, None]:
    """The bytes of a file, in order, as the gateway serves it."""
    if start == stop:
        return
    served = _served(wire, cid, path=path, network=network, image=image, start=start, stop=stop, etag=None)
    async with aclosing(served) as pieces:
        async for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
            elif piece.at != (start if start >= 0 else max(0, start + (piece.size or 0))):
                raise Unreachable(
                    f"the gateway gives no ranges of {cid}", hint="leave verify on, or read all of it"
                )


async def _served(
    wire: Wire,
    cid: CID,
    *,
    path: str,
    network: Network,
    image: ImageOptions | None,
    start: int,
    stop: int | None,
    etag: str | None,
) -> AsyncGenerator[_Opened | bytes, None]:
    """What is about to come, once, and then the bytes; after a cut the rest is asked for.

    Raises:
        Unreachable: no answer came, it was cut again and again, or the content changed.
    """
    at = start
    opened: _Opened | None = None
    attempts = wire.settings.attempts
    while True:
        failure: PinataError = nobody_left(wire)
        moved = False
        for gateway in _that_may_serve(wire, network):
            call = calls.get_content(cid, path, start=at, stop=stop, etag=etag, image=image)
            skip = 0
            there = await _at(wire, gateway, network, call)
            try:
                async with aclosing(wire.receive(there)) as parts:
                    async for part in parts:
                        if isinstance(part, bytes):
                            moved = True
                            piece = part[skip:]
                            skip -= len(part) - len(piece)
                            at += len(piece)
                            if piece:
                                yield piece
                            continue
                        now = _opened(part, cid, at)
                        if opened is None:
                            at, etag, opened = now.at, now.etag, now
                            yield now
                        elif now.etag != etag or etag is None:
                            raise Unreachable(f"the connection was cut, and then {cid} was served otherwise")
                        else:
                            skip = at - now.at
                return
            except (Unreachable, ApiError) as error:
                failure = error
                if not isinstance(error, NotFound):
                    wire.gateways.failed(gateway)
            if moved:
                break  # where it was cut it goes on, at the next gateway if there is one
        attempts = wire.settings.attempts if moved else attempts - 1
        final = isinstance(failure, ApiError) and failure.status < 500 and failure.status != 429
        if attempts == 0 or final or not len(wire.gateways):
            raise failure
        if not moved:
            await wire.back_off(wire.settings.attempts - attempts)


def _opened(answer: Answer, cid: CID, asked: int) -> _Opened:
    """What an answer is about to bring.

    Raises:
        ApiError: nothing: the gateway refuses.
        InputError: the page of a folder.
    """
    if not answer.ok:
        raise refused(answer)
    if answer.url.endswith("/"):
        raise InputError(
            f"{cid} is a folder there, and as it is served only a file can be fetched",
            hint="leave verify on: then download() takes folders",
        )
    length = answer.headers.get("content-length", "")
    etag = answer.headers.get("etag")
    etag = None if etag is None or etag.startswith("W/") else etag
    at = 0
    if answer.status == 206:
        found = _RANGE.match(answer.headers.get("content-range", ""))
        at = int(found[1]) if found else -1
        if at < 0 or asked not in (at, min(asked, -1)):
            raise Unreachable(f"{answer.url} answered with another range than was asked for")
    return _Opened(at, at + int(length) if length.isdecimal() else None, etag)

"""The worker: fetches what is queued, whichever API asked for it, and pins it.

A job is `prechecking` until it is looked at, `searching` while no source gives its root,
`retrieving` from its first block on. Sources are the host nodes that the job names, where
they speak HTTP, and the gateways that the server was started with. Each block is checked
and goes into the job's CAR; what is there already is not asked for again, neither after a
fault nor after a restart. What cannot be had now is tried again, less and less often, for a day.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar
from weakref import WeakValueDictionary

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from pinatakit.content import CID, MAX_BLOCK, Block, CarReader
from pinatakit.content.multiformats import RAW
from pinatakit.errors import BlockMismatch, ContentError, InputError, Malformed, MissingBlock
from pinatakit.protocol import multiaddr
from pinatakit.server.store import Store, Writing
from pinatakit.server.store.files import describe
from pinatakit.server.store.jobs import Job
from pinatakit.server.store.values import now_micros

if TYPE_CHECKING:
    from pinatakit.server.fetch import Fetcher, Missing

_log = logging.getLogger("pinatakit.worker")

P = ParamSpec("P")
T = TypeVar("T")

_GATHER: Final = 1 << 18  # bytes taken in one thread
_KEEP: Final = 16 << 20  # bytes after which what has been fetched is made to last
_LONGEST_PAUSE: Final = 300.0  # seconds
_TRIES: Final = 3  # after which a host node that cannot be reached is a bad one
_AFTER_A_FAULT: Final = 5.0  # seconds until what failed in the local Pinata itself is tried again
_STREAMS: Final = 16  # jobs that receive at once: each holds some MiB


@dataclass(frozen=True, slots=True)
class Fetching:
    """How the local Pinata fetches what is queued.

    Attributes:
        gateways: trustless gateways that are asked for everything, as URLs.
        private: whether a job may name host nodes on this machine and in private networks;
            `None` where only this machine can ask.
        at_once: how many jobs are worked on; the rest is ``backfilled``.
        patience: seconds after which a job that nobody has content for is ``expired``.
        pause: seconds before the second try; they double, up to five minutes.
        max_size: bytes of blocks; a larger DAG is ``over_max_size``.

    Raises:
        InputError: a gateway is no URL.
    """

    gateways: tuple[str, ...] = ()
    private: bool | None = None
    at_once: int = 250
    patience: float = 86_400.0
    pause: float = 1.0
    max_size: int = 25_000_000_000

    def __post_init__(self) -> None:
        for gateway in self.gateways:
            if not gateway.startswith(("http://", "https://")) or not multiaddr.to_url(gateway):
                raise InputError(f"{gateway!r} is no gateway", hint="write it like https://ipfs.io")
        object.__setattr__(self, "gateways", tuple(gateway.rstrip("/") for gateway in self.gateways))


@asynccontextmanager
async def working(store: Store, fetching: Fetching) -> AsyncGenerator[None]:
    """Work on the queue of a store meanwhile; what is not whole at the end is kept for the next start."""
    worker = Worker(store, fetching)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(worker.watch, group)
            yield
            group.cancel_scope.cancel()
    finally:
        await worker.close()


class Worker:
    """Has a task for each job that is to be worked on. One event loop has it."""

    def __init__(self, store: Store, fetching: Fetching) -> None:
        self.store = store
        self.fetching = fetching
        self.streams = asyncio.Semaphore(_STREAMS)
        self.same: WeakValueDictionary[CID, asyncio.Lock] = WeakValueDictionary()
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._changed = asyncio.Event()
        self._fetcher: Fetcher | None = None
        self._making = asyncio.Lock()
        loop = asyncio.get_running_loop()

        def changed() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the next start sees the change
                loop.call_soon_threadsafe(self._changed.set)

        store.jobs.at_once = fetching.at_once
        store.jobs.changed = changed

    async def fetcher(self) -> Fetcher:
        """What asks gateways; made when the first job needs it, for it takes its time."""
        async with self._making:
            if self._fetcher is None:
                self._fetcher = await in_thread(self._make_fetcher)
        return self._fetcher

    def _make_fetcher(self) -> Fetcher:
        from pinatakit.server.fetch import Fetcher  # noqa: PLC0415  (loads the network, and certificates)

        return Fetcher(private=bool(self.fetching.private), trusted=self.fetching.gateways)

    async def close(self) -> None:
        """Close the connections."""
        if self._fetcher:
            await self._fetcher.close()

    async def watch(self, group: TaskGroup) -> None:
        """Have a task of the group for each job that is due, and for no other."""
        while True:
            self._changed.clear()
            try:
                due = {job.id: job for job in await in_thread(self.store.jobs.due)}
            except OSError as error:
                _log.warning("the queue cannot be read: %s", error)
                await anyio.sleep(_AFTER_A_FAULT)
                continue
            for id in self._scopes.keys() - due.keys():
                self._scopes[id].cancel()
            for id in due.keys() - self._scopes.keys():
                self._scopes[id] = anyio.CancelScope()
                group.start_soon(self._work, due[id])
            await self._changed.wait()

    async def _work(self, job: Job) -> None:
        with self._scopes[job.id]:
            try:
                await _Pinning(self, job).run()
            except Exception:  # noqa: BLE001  (a fault of ours ends neither the server nor other jobs)
                _log.exception("job %s failed, and is begun again", job.id)
                await anyio.sleep(_AFTER_A_FAULT)
        del self._scopes[job.id]
        self._changed.set()


class _GivenUp(Exception):
    """A job that will not be pinned: the status it ends with, and why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(slots=True)
class _Source:
    """A gateway that may have what a job wants.

    Attributes:
        named: whether the job names it.
        cars: whether it gives CARs.
        fault: why it is not asked, or why it gave nothing when it was asked last.
        bad: whether it is not worth asking again.
        failures: how often it could not be reached, one after the other.
    """

    url: str
    named: bool
    cars: bool = True
    fault: str = ""
    bad: bool = False
    failures: int = 0


@dataclass(slots=True)
class _Pinning:
    """One job on its way from queued to pinned."""

    worker: Worker
    job: Job
    sources: list[_Source] = field(default_factory=list["_Source"])
    car: Writing | None = None
    missing: Missing | None = None
    mute: bool = False  # whether a host node speaks no HTTP
    begun: bool = False
    size: int = 0
    kept: int = 0

    async def run(self) -> None:
        """Try until it is pinned, or given up."""
        job, fetching = self.job, self.worker.fetching
        self._look_up_sources()
        pause = fetching.pause
        try:
            await in_thread(self._tell, None)
            while True:
                try:
                    async with self.worker.same.setdefault(job.cid, asyncio.Lock()):
                        if await self._try():
                            return
                    reason = self._reason()
                    self._check_sources(reason)
                    if now_micros() - job.queued > fetching.patience * 1e6:
                        raise _GivenUp("expired", reason)
                except _GivenUp as error:
                    car, self.car = self.car, None
                    await in_thread(self.worker.store.jobs.fail, job.id, error.status, error.reason, car)
                    return
                except OSError as error:  # a full disk, say; begun again, from what is on it
                    await in_thread(
                        self._tell, f"the local Pinata cannot store it: {error.strerror or error}"
                    )
                    raise
                await in_thread(self._tell, reason)
                await anyio.sleep(min(pause, self._left()))
                pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            if self.car:
                with anyio.CancelScope(shield=True):
                    await in_thread(self.worker.store.jobs.leave, job.id, self.car)

    def _left(self) -> float:
        """Seconds until the job expires."""
        return max(0.01, self.worker.fetching.patience - (now_micros() - self.job.queued) / 1e6)

    def _look_up_sources(self) -> None:
        for node in self.job.host_nodes:
            try:
                url = multiaddr.to_url(node)
            except InputError as error:
                self.sources.append(_Source(node, named=True, fault=error.message, bad=True))
                continue
            if url:
                self.sources.append(_Source(url, named=True))
            else:
                self.mute = True
        self.sources += [_Source(url, named=False) for url in self.worker.fetching.gateways]

    def _reason(self) -> str:
        """Why it is not pinned yet."""
        told = [source.fault for source in self.sources if source.fault]
        if told:
            return "; ".join(dict.fromkeys(told))
        if self.job.host_nodes:
            return "the host nodes speak no HTTP, and the local Pinata fetches from trustless gateways only"
        return "there is nobody to ask: name host nodes, or start the local Pinata with gateways"

    def _check_sources(self, reason: str) -> None:
        """Give up a job whose host nodes are all bad, where there is nobody else to ask.

        Raises:
            _GivenUp: it is one.
        """
        for source in self.sources:
            source.bad = source.bad or (source.named and source.failures >= _TRIES)
        if self.job.host_nodes and not self.mute and all(source.bad for source in self.sources):
            raise _GivenUp("bad_host_node", reason)

    async def _try(self) -> bool:
        """Ask all sources once; whether it is pinned."""
        jobs = self.worker.store.jobs
        try:
            if await in_thread(jobs.finish_held, self.job):
                return True
            if self.missing is None:
                await in_thread(self._open)
            missing = self.missing
            assert missing
            for source in self.sources:
                if missing.wants is None:
                    break
                if not source.bad:
                    await self._draw(source, missing)
            if await in_thread(self._take_held, missing) is not None:
                return False
            await in_thread(self._finish)
        except ContentError as error:
            raise _GivenUp("invalid_object", error.message) from None
        return True

    def _tell(self, reason: str | None) -> None:
        self.worker.store.jobs.tell(self.job.id, "retrieving" if self.begun else "searching", reason)

    def _open(self) -> None:
        """Begin, or go on with the CAR there is."""
        from pinatakit.server.fetch import Missing  # noqa: PLC0415  (loads the network)

        store, job = self.worker.store, self.job
        self.missing = Missing(job.cid)
        if job.car is not None:
            try:
                self.car = store.cars.resume(job.car, job.cid)
                get = store.cars.getter(job.car)
                while (cid := self.missing.wants) is not None:
                    block = get(cid)
                    self.missing.feed(block)
                    self._count(block)
                    self.begun = True
            except MissingBlock:
                return
            except (OSError, BlockMismatch) as error:  # a crash of the machine, say
                _log.warning("job %s starts afresh: %s", job.id, error)
                if self.car:
                    store.records.write(self.car.abandon).result()
                self.car, self.missing, self.size, self.begun = None, Missing(job.cid), 0, False

    def _writing(self) -> Writing:
        """The job's CAR; begun when there is something to put into it."""
        if self.car is None:
            self.car = self.worker.store.cars.write_known(self.job.cid)
            self.worker.store.jobs.tell(self.job.id, "retrieving", car=self.car.begin())
        return self.car

    async def _draw(self, source: _Source, missing: Missing) -> None:
        """Ask a source for what is missing, until it has no more of it."""
        from httpx2 import TransportError  # noqa: PLC0415

        from pinatakit.server.fetch import Forbidden, NotGiven  # noqa: PLC0415

        fetcher = await self.worker.fetcher()
        source.fault = ""
        try:
            if not self.begun and (root := await in_thread(self._take_held, missing)) is not None:
                block = await fetcher.block(source.url, root, MAX_BLOCK)
                root.verify(block)
                self.begun = True
                await in_thread(self._tell, None)
            async with self.worker.streams:
                while (cid := await in_thread(self._take_held, missing)) is not None:
                    if cid.codec != RAW and source.cars:
                        await self._draw_car(fetcher, source, missing, cid)
                    if missing.wants == cid:
                        block = await fetcher.block(source.url, cid, MAX_BLOCK)
                        await in_thread(self._take, missing, block)
                    source.failures = 0
        except NotGiven as error:
            source.failures = 0
            source.fault = str(error)
        except BlockMismatch as error:
            source.fault = f"{source.url} gave other bytes than {error.cid} names, and is not asked again"
            source.bad = True
        except Forbidden as error:
            source.fault = str(error)
            source.bad = True
        except TransportError as error:
            source.failures += 1
            source.fault = f"{source.url} cannot be reached: {str(error) or type(error).__name__}"

    async def _draw_car(self, fetcher: Fetcher, source: _Source, missing: Missing, cid: CID) -> None:
        """Take what the CAR of a branch brings; it need not bring all."""
        from pinatakit.server.fetch import NotGiven  # noqa: PLC0415

        height = missing.height
        reader = CarReader()
        try:
            async with fetcher.car(source.url, cid) as response:
                async for piece in response.aiter_raw(_GATHER):
                    await in_thread(self._take_piece, missing, reader, piece)
                    if missing.height < height:  # the branch is whole
                        return
        except NotGiven as error:
            if error.status not in (400, 406, 415, 500, 501):
                raise
            source.cars = False
        except _BrokenCar:
            source.cars = False

    def _take_piece(self, missing: Missing, reader: CarReader, piece: bytes) -> None:
        try:
            blocks = reader.feed(piece)
        except Malformed as error:
            raise _BrokenCar from error
        for block in blocks:
            # A block nobody asked for is passed over: it proves nothing, and is not used.
            if missing.wants is not None and missing.wants.multihash == block.cid.multihash:
                self._take(missing, bytes(block.data))

    def _take(self, missing: Missing, block: bytes) -> None:
        cid = missing.wants
        assert cid
        missing.feed(block)
        self._writing().put(Block(cid, block))
        self._count(block)
        if self.size - self.kept >= _KEEP:
            self._writing().flush()
            self.kept = self.size

    def _take_held(self, missing: Missing) -> CID | None:
        """Take blocks that public content of the store has; the first one that it has not."""
        cars = self.worker.store.cars
        while (cid := missing.wants) is not None:
            number = cars.find(cid, among="file.network = 'public'")
            if number is None:
                break
            self._take(missing, cars.getter(number)(cid))
        return missing.wants

    def _count(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > self.worker.fetching.max_size:
            raise _GivenUp("over_max_size", f"it has more than {self.worker.fetching.max_size:,} bytes")

    def _finish(self) -> None:
        """All is there: pin it."""
        car = self._writing()
        car.flush()
        kept = describe(self.job.cid, self.worker.store.cars.getter(car.begin()))
        car.settle(kept.root)
        self.worker.store.jobs.finish(self.job, kept, car)
        self.car = None


class _BrokenCar(Exception):
    """What should be a CAR is none, or is broken: the blocks are asked for one by one."""


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what reads or writes the disk."""
    return await anyio.to_thread.run_sync(lambda: work(*args, **kwargs))

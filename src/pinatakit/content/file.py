"""FileBuilder: feed bytes, get the root of a file.

A file is cut into chunks; each is a leaf. Every `width` links make a node, and nodes make
nodes, until one is left: all leaves lie at one depth (the "balanced" layout).

                    root
              ┌──────┴──────┐
            node           node          at most `width` links each
          ┌───┼───┐         │
        leaf leaf leaf     leaf          `chunk_size` bytes each

In memory are the chunks being hashed and one path of the tree, whatever the file's size.
Chunks are hashed in threads: hashlib lets go of the interpreter's lock.

Sources: specs.ipfs.tech/unixfs ("File layout"); boxo `ipld/unixfs/importer/balanced`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Final, NamedTuple

from pinatakit.content import dagpb
from pinatakit.content.blocks import Block, Root, Sink
from pinatakit.content.cid import CID
from pinatakit.content.multiformats import DAG_PB, RAW
from pinatakit.content.pool import pool, workers
from pinatakit.content.profile import Profile
from pinatakit.errors import Malformed

_JOB: Final = 1 << 20  # bytes hashed in one go: a thread's round trip is then no cost
_RUN: Final = 4  # jobs' worth that one thread reads and hashes where no block is kept
_READ: Final = 1 << 18  # bytes read in one go: the writer of a pipe waits while they are copied
_SPARE: Final = 20  # buffers kept at most; as many are in use when eight threads hash


class _Leaf(NamedTuple):
    cid: CID
    data: bytes | memoryview  # empty when nobody wants it
    size: int
    dag_size: int


class FileState(NamedTuple):
    """What a file that is being built goes on from: links by level, and bytes that fill no chunk yet."""

    levels: list[list[Root]]
    rest: bytes
    leaves: int


class FileBuilder:
    """Builds one file; feed it in pieces of any size, then finish it once.

    `sink` is given every block, leaves first and the root last; without one nothing is
    kept and only the CID is computed. What is fed must not be changed afterwards. `threads`
    hash; one for each core unless told, and with 0 whoever feeds. `state` is that of a builder which began the file.
    """

    def __init__(
        self,
        profile: Profile,
        sink: Sink | None = None,
        *,
        threads: int | None = None,
        state: FileState | None = None,
    ) -> None:
        self.profile = profile
        self._threads = threads
        self._sink = sink
        self._levels: list[list[Root]] = [list(level) for level in state.levels] if state else [[]]
        self._rest = bytearray(state.rest if state else b"")
        self._jobs: deque[Future[list[_Leaf]]] = deque()
        self._leaves = state.leaves if state else 0
        self._buffers: list[bytearray] = []  # that were read into, and perhaps are looked at

    def state(self) -> FileState:
        """What another builder goes on from; the sink has been given all whole chunks so far."""
        while self._jobs:
            self._grow(self._jobs.popleft().result())
        return FileState([list(level) for level in self._levels], bytes(self._rest), self._leaves)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the file."""
        view = memoryview(data).cast("B")
        chunk = self.profile.chunk_size
        if self._rest:
            take = chunk - len(self._rest)
            self._rest += view[:take]
            view = view[take:]
            if len(self._rest) < chunk:
                return
            chunks = [memoryview(self._rest)]
            self._rest = bytearray()
        else:
            chunks = []
        whole = len(view) - len(view) % chunk
        chunks += (view[at : at + chunk] for at in range(0, whole, chunk))
        job = max(1, _JOB // chunk)
        for start in range(0, len(chunks), job):
            self._hash(chunks[start : start + job])
        self._rest += view[whole:]

    def pull(self, size: int, read: Callable[[memoryview, int], int]) -> None:
        """Take the next `size` bytes, which the hashing threads read themselves.

        ``read(buffer, at)`` fills the buffer with the bytes from `at` on, counted from the
        first of these, and gives how many there were; it is called from several threads.
        Nothing may have been fed before that does not fill whole chunks.

        Raises:
            Malformed: there were fewer bytes; also raised by `finish`.
        """
        assert not self._rest, "whole chunks were fed"
        chunk = self.profile.chunk_size
        job = max(1, _JOB // chunk) * chunk
        # Several runs for each thread, so that all end at about the same time.
        run = job if self._sink is not None else job * min(_RUN, max(1, size // job // workers() // 4))
        spare: list[bytearray] = []
        for at in range(0, size, run):
            length = min(run, size - at)
            self._leaves += -(-length // chunk)
            if self._sink is not None:
                buffer = self._buffer(min(job, size))[:length]
                task = partial(_read_leaves, read, at, buffer, self.profile, True)
            else:
                task = partial(_read_run, read, at, length, min(job, size), spare, self.profile)
            self._queue(pool(self._threads or 0).submit(task))

    def drain(self, readinto: Callable[[memoryview], int]) -> int:
        """Take all that ``readinto`` gives until it gives 0, and say how many bytes that was.

        Nothing may have been fed before that does not fill whole chunks; nothing may be fed after.
        """
        assert not self._rest, "whole chunks were fed"
        chunk = self.profile.chunk_size
        job = max(1, _JOB // chunk) * chunk
        taken = 0
        while True:
            buffer = self._buffer(job)
            filled = 0
            while filled < job and (count := readinto(buffer[filled : min(filled + _READ, job)])):
                filled += count
            if filled:
                self._hash([buffer[at : min(at + chunk, filled)] for at in range(0, filled, chunk)])
            taken += filled
            if filled < job:
                return taken

    def finish(self) -> Root:
        """The root of all that was fed; an empty file has one too."""
        if self._rest or not self._leaves:
            last = [memoryview(self._rest)]
            self._rest = bytearray()
            if self._jobs:
                self._hash(last)
            else:  # a small file is not worth a thread
                self._leaves += 1
                self._grow(_hash_leaves(last, self.profile, self._sink is not None))
        while self._jobs:
            self._grow(self._jobs.popleft().result())
        height = 0
        while height < len(self._levels) - 1 or len(self._levels[height]) > 1:
            self._fold(height)
            height += 1
        return self._levels[height][0]

    def _buffer(self, size: int) -> memoryview:
        """A buffer that nobody looks at any more, or a new one: fresh memory costs more than a copy."""
        for buffer in self._buffers:
            if _is_free(buffer):
                return memoryview(buffer)
        buffer = bytearray(size)
        if len(self._buffers) < _SPARE:
            self._buffers.append(buffer)
        return memoryview(buffer)

    def _hash(self, chunks: list[memoryview]) -> None:
        self._leaves += len(chunks)
        job = partial(_hash_leaves, chunks, self.profile, self._sink is not None)
        if self._threads == 0:
            self._grow(job())
        else:
            self._queue(pool(self._threads or 0).submit(job))

    def _queue(self, job: Future[list[_Leaf]]) -> None:
        self._jobs.append(job)
        while self._jobs[0].done() or len(self._jobs) > 2 * workers():
            self._grow(self._jobs.popleft().result())
            if not self._jobs:
                return

    def _grow(self, leaves: list[_Leaf]) -> None:
        for leaf in leaves:
            if self._sink is not None:
                self._sink(Block(leaf.cid, leaf.data))
            self._add(0, Root(leaf.cid, leaf.size, leaf.dag_size))

    def _add(self, height: int, root: Root) -> None:
        level = self._levels[height]
        if len(level) == self.profile.width:
            self._fold(height)
            level = self._levels[height]
        level.append(root)

    def _fold(self, height: int) -> None:
        """Make the links of a level one node of the level above."""
        if height + 1 == len(self._levels):
            self._levels.append([])
        children, self._levels[height] = self._levels[height], []
        block = dagpb.encode_node(
            [dagpb.encode_link(bytes(child.cid), b"", child.dag_size) for child in children],
            dagpb.encode_file(child.size for child in children),
        )
        cid = CID.of(block, DAG_PB, version=self.profile.cid_version)
        if self._sink is not None:
            self._sink(Block(cid, block))
        size = sum(child.size for child in children)
        self._add(height + 1, Root(cid, size, len(block) + sum(child.dag_size for child in children)))


def build_file(content: Iterable[bytes], profile: Profile, sink: Sink | None = None) -> Root:
    """The root of a file that is given whole, in pieces of any size."""
    builder = FileBuilder(profile, sink)
    for piece in content:
        builder.feed(piece)
    return builder.finish()


def _is_free(buffer: bytearray) -> bool:
    """Whether no view of it is left: then alone it may change its size."""
    try:
        buffer.append(buffer.pop())
    except BufferError:
        return False
    return True


def _read_run(
    read: Callable[[memoryview, int], int],
    at: int,
    length: int,
    job: int,
    spare: list[bytearray],
    profile: Profile,
) -> list[_Leaf]:
    """Read and hash job after job in one thread and one buffer, which stays in the cache of its core."""
    try:
        buffer = spare.pop()
    except IndexError:
        buffer = bytearray(job)
    view = memoryview(buffer)
    leaves: list[_Leaf] = []
    for done in range(0, length, job):
        leaves += _read_leaves(read, at + done, view[: min(job, length - done)], profile, False)
    spare.append(buffer)
    return leaves


def _read_leaves(
    read: Callable[[memoryview, int], int], at: int, buffer: memoryview, profile: Profile, keep: bool
) -> list[_Leaf]:
    """Read and hash in one thread."""
    length = len(buffer)
    done = 0
    while done < length:
        count = read(buffer[done:], at + done)
        if count == 0:
            raise Malformed(f"{length - done:,} bytes are missing at byte {at + done:,}")
        done += count
    chunk = profile.chunk_size
    return _hash_leaves([buffer[start : start + chunk] for start in range(0, length, chunk)], profile, keep)


def _hash_leaves(chunks: list[memoryview], profile: Profile, keep: bool) -> list[_Leaf]:
    leaves: list[_Leaf] = []
    for chunk in chunks:
        size = len(chunk)
        if profile.raw_leaves:
            multihash = b"\x12\x20" + hashlib.sha256(chunk).digest()
            leaves.append(_Leaf(CID(1, RAW, multihash), chunk if keep else b"", size, size))
        else:
            head, tail = dagpb.encode_leaf(chunk)
            hashed = hashlib.sha256(head)
            hashed.update(chunk)
            hashed.update(tail)
            cid = CID(profile.cid_version, DAG_PB, b"\x12\x20" + hashed.digest())
            data = b"".join((head, chunk, tail)) if keep else b""
            leaves.append(_Leaf(cid, data, size, len(head) + size + len(tail)))
    return leaves

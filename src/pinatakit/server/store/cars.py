"""Cars: content on disk, one CAR file for each root, so that any IPFS tool can read the store.

A CAR is written once, beside the others, under a name of its own; when it is whole its root
is put into the header, it is synced, and only then named by its root. Small ones, whose root is
known before a byte is on disk, are written within the transaction that records them: all that are
committed together share a list of their names, by which the next start knows what a crash has left.
The index of blocks is in the records.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from pinatakit.content import CID, Block, Root, car_header, car_section
from pinatakit.content.multiformats import RAW
from pinatakit.errors import MissingBlock
from pinatakit.server.store.records import Records
from pinatakit.sources import pread

_GATHER: Final = 1 << 20  # bytes written to disk at once
_SMALL: Final = 1 << 16  # bytes of a CAR that is written with others
_INDEX: Final = 1024  # blocks entered into the index at once
_SYNC: Final = 8 << 20  # bytes after which a sync is begun in the background
_REMEMBER: Final = 1 << 16  # blocks remembered so as not to be written twice
_SOUND: Final = 1 << 14  # blocks remembered so as not to be hashed twice
_LARGE: Final = 1 << 14  # bytes of a leaf that are sent from where they are
_OPEN: Final = 64  # files kept open for reading
_ENTER: Final = "INSERT OR IGNORE INTO block (multihash, car, at, size) VALUES (?, ?, ?, ?)"

_NAMED: Final = re.compile(r"(?:[a-z0-9]+\.)?([0-9]+)\.car")
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)

_NO_ROOT: Final = {0: CID(0, 0x70, b"\x12\x20" + bytes(32)), 1: CID(1, 0x70, b"\x12\x20" + bytes(32))}


def number_of(name: str) -> int:
    """The number of a CAR by the name of its file, or 0 where that is no CAR's."""
    named = _NAMED.fullmatch(name)
    return int(named[1]) if named else 0


class Cars:
    """The CAR files of one store.

    Attributes:
        removed: how many of them were, and their bytes.
    """

    def __init__(self, folder: Path, records: Records) -> None:
        self.folder = folder
        self.incoming = folder / "incoming"
        self.records = records
        self._open: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self.removed = (0, 0)
        self._sound: set[tuple[int, bytes]] = set()  # blocks of a CAR's number, which is given once
        self._left: list[tuple[str]] = []  # removed, and still in the records
        self._names = folder / "arriving"  # of what was last written so
        self._names_file = -1
        self.syncer = ThreadPoolExecutor(2, thread_name_prefix="pinatakit-sync")
        self.incoming.mkdir(parents=True, exist_ok=True)

    def write(self, cid_version: int) -> Writing:
        """Begin a CAR whose root is to be a dag-pb block, or one of raw bytes."""
        return Writing(self, _NO_ROOT[cid_version])

    def write_known(self, root: CID) -> Writing:
        """Begin the CAR of a root that is known, whatever its codec and hash."""
        return Writing(self, root)

    def resume(self, number: int, root: CID) -> Writing:
        """Go on with a CAR that was left unfinished; what is not whole at its end is dropped.

        Raises:
            OSError: it is not there any more.
        """
        return Writing(self, root, number)

    def go_on(self, root: CID | int, number: int, at: int) -> Writing:
        """Go on with a CAR from a checkpoint; `root` is its root, or its CID version."""
        return Writing(self, _NO_ROOT[root] if isinstance(root, int) else root, number, at)

    def rewind(self, db: sqlite3.Connection, number: int, at: int) -> None:
        """Within a write: forget what was written to a CAR behind a checkpoint.

        Raises:
            FileNotFoundError: the CAR is gone.
        """
        db.execute("DELETE FROM block WHERE car = ? AND at >= ?", (number, at))
        path = self.incoming / f"{number}.car"
        if not path.exists():
            for named in self._named([number]):  # it was whole, but that was not recorded
                named.replace(path)
        os.truncate(path, at)

    def drop(self, db: sqlite3.Connection, number: int) -> None:
        """Within a write: leave nothing of a CAR without root."""
        db.execute("DELETE FROM block WHERE car = ?", (number,))
        dropped = db.execute("DELETE FROM car WHERE n = ? AND root IS NULL", (number,)).rowcount
        path = self.incoming / f"{number}.car"
        named = self._named([number]) if dropped and not path.exists() else []  # whole, but not recorded
        for place in named or [path]:
            self._remove_after(db, place)

    def holds(self, car: int, cid: CID) -> bool:
        """Whether a CAR has a block."""
        sql = "SELECT 1 FROM block WHERE multihash = ? AND car = ?"
        return self.records.read_one(sql, (cid.multihash, car)) is not None

    def path(self, root: CID, number: int) -> Path:
        """Where the CAR of a root is.

        Its number is part of the name, so that no two CARs ever have one: not the CIDv0 and CIDv1
        of a block, and not a CAR that goes and the next of the same root. The root is named in
        lower case, for file systems that know no other.
        """
        return self.folder / f"{root.to_v1()}.{number}.car"

    def find(self, cid: CID, *, among: str) -> int | None:
        """The number of a whole CAR that holds a block and that a condition on `file` allows."""
        row = self.records.read_one(
            "SELECT car.n FROM block CROSS JOIN car ON car.n = block.car CROSS JOIN file ON file.cid = car.root"
            f" WHERE block.multihash = ? AND file.unpinned IS NULL AND {among} LIMIT 1",
            (cid.multihash,),
        )
        return row[0] if row else None

    def read(self, number: int) -> Reading:
        """One of them, to be read."""
        row = self.records.read_one("SELECT root FROM car WHERE n = ?", (number,))
        incoming = self.incoming / f"{number}.car"
        return Reading(self, number, self.path(CID.parse(row[0]), number) if row and row[0] else incoming)

    def getter(self, number: int) -> Callable[[CID], bytes]:
        """A function that reads blocks of one CAR.

        Raises:
            MissingBlock: (the function) the CAR does not hold the block.
        """
        return self.read(number).get

    def is_sound(self, number: int, cid: CID) -> bool:
        """Whether a block of a CAR was found sound since the start."""
        return (number, cid.multihash) in self._sound

    def found_sound(self, number: int, cid: CID) -> None:
        """Remember that a block of a CAR is what its CID says."""
        if len(self._sound) >= _SOUND:
            self._sound.clear()
        self._sound.add((number, cid.multihash))

    def forget(self, db: sqlite3.Connection, root: str) -> None:
        """Within a write: drop the CAR of a root that nothing pins any more."""
        row = db.execute("SELECT n FROM car WHERE root = ?", (root,)).fetchone()
        if row:
            db.execute("DELETE FROM block WHERE car = ?", (row[0],))
            db.execute("DELETE FROM car WHERE n = ?", (row[0],))
            self._remove_after(db, self.path(CID.parse(root), row[0]))

    def forget_unpinned(self, db: sqlite3.Connection) -> None:
        """Within a write: drop the CARs of all roots that nothing pins."""
        unpinned = (
            "SELECT root FROM car WHERE root IS NOT NULL"
            " AND root NOT IN (SELECT cid FROM file WHERE unpinned IS NULL)"
        )
        for row in db.execute(unpinned).fetchall():
            self.forget(db, row[0])

    def sweep(self) -> None:
        """Remove what a crash has left: CARs half written, or whole but never acknowledged.

        Resumable uploads go back to their last checkpoint; what a job has fetched so far stays.
        It takes no longer where much is kept.
        """
        rows = self.records.read("SELECT car, at FROM tus WHERE cid IS NULL")
        under_way = {row["car"]: row["at"] for row in rows}
        jobs = self.records.read("SELECT car FROM job WHERE car IS NOT NULL")
        kept = {f"{number}.car" for number in (*under_way, *(row["car"] for row in jobs))}
        found = {path.name for path in self.incoming.iterdir()}
        for name in found - kept:
            (self.incoming / name).unlink()
        for row in self.records.read("SELECT name FROM leaving"):
            (self.folder / row["name"]).unlink(missing_ok=True)
        rows = self.records.read("SELECT n FROM car WHERE root IS NULL")
        numbers = {row["n"] for row in rows} - {row["car"] for row in jobs} - set(under_way)
        if lost := [number for number in numbers if f"{number}.car" not in found]:
            for path in self._named(lost):  # whole, but that was not recorded
                path.unlink()

        def drop(db: sqlite3.Connection) -> None:
            self._drop_arrived(db)
            for number, at in under_way.items():
                try:
                    self.rewind(db, number, at)
                except FileNotFoundError:
                    db.execute("DELETE FROM tus WHERE car = ?", (number,))
                    numbers.add(number)
            for number in numbers:
                db.execute("DELETE FROM block WHERE car = ?", (number,))
                db.execute("DELETE FROM car WHERE n = ?", (number,))
            db.execute("DELETE FROM leaving")

        self.records.write(drop).result()

    def _drop_arrived(self, db: sqlite3.Connection) -> None:
        """Within a write: remove the small CARs that were written last, if they were not recorded."""
        listed = self._names.read_text("latin-1") if self._names.exists() else ""
        for name in listed.splitlines():
            number = number_of(name)
            if number and not db.execute("SELECT 1 FROM car WHERE n = ?", (number,)).fetchone():
                (self.folder / name).unlink(missing_ok=True)
        self._names.unlink(missing_ok=True)

    def _named(self, numbers: Iterable[int]) -> list[Path]:
        """The CARs of these numbers, whatever root they are named by; the folder is read for that."""
        ends = {f".{number}.car" for number in numbers}
        with os.scandir(self.folder) as entries:
            return [Path(entry.path) for entry in entries if entry.name[entry.name.find(".") :] in ends]

    def _remove_after(self, db: sqlite3.Connection, path: Path) -> None:
        """Within a write: remove a file once it is on disk; until then, or the next start, it is leaving."""
        name = path.relative_to(self.folder).as_posix()
        done, self._left = self._left, []
        self.records.after_rollback(lambda: self._left.extend(done))
        db.executemany("DELETE FROM leaving WHERE name = ?", done)
        db.execute("INSERT OR IGNORE INTO leaving (name) VALUES (?)", (name,))

        def leave() -> None:
            self.remove(path)
            self._left.append((name,))

        self.records.after_commit(leave)

    def arrive(self, new: list[Arriving | None]) -> None:
        """Before a commit: make last what has got a name, and write what is small, each file synced.

        Raises:
            OSError: the disk is full or broken.
        """
        small = [one for one in new if one]
        if small:
            self._list(small)
        files: list[int] = []
        try:
            for one in small:
                files.append(self._create(one.path))
                self.records.after_rollback(partial(self.remove, one.path))
                write_all(files[-1], one.pieces)
            for file in files:  # one after the other, when all are written: the first sync takes most along
                os.fsync(file)
        finally:
            for file in files:
                os.close(file)
        sync_folder(self.folder)

    def _create(self, path: Path) -> int:
        """A new file, in the place of one that records older than it know nothing of."""
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
        try:
            return os.open(path, how, 0o644)
        except FileExistsError:
            self.remove(path)
            return os.open(path, how, 0o644)

    def _list(self, small: list[Arriving]) -> None:
        """Write down the names of CARs before they are made."""
        if self._names_file < 0:
            self._names_file = os.open(self._names, os.O_WRONLY | os.O_CREAT | _BINARY, 0o600)
            sync_folder(self.folder)
        os.lseek(self._names_file, 0, os.SEEK_SET)  # what may stay behind them are names of before
        write_all(self._names_file, ["".join(f"{one.path.name}\n" for one in small).encode()])
        _sync_data(self._names_file)

    def close(self) -> None:
        """Close the files that are open."""
        self.syncer.shutdown()
        if self._names_file >= 0:
            os.close(self._names_file)
            self._names_file = -1
            self._names.unlink(missing_ok=True)
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])

    def read_from(self, path: Path, at: int, size: int) -> bytes:
        """Bytes of a CAR, which stays open for more."""
        with self._lock:
            name = str(path)
            file = self._open.pop(name, None)
            if file is None:
                file = os.open(path, os.O_RDONLY | _BINARY)
                if len(self._open) >= _OPEN:
                    os.close(self._open.popitem(last=False)[1])
            self._open[name] = file
            return read_at(file, at, size)

    def remove(self, path: Path) -> None:
        """Remove a file that may be open for reading."""
        with self._lock:
            file = self._open.pop(str(path), None)
            if file is not None:
                os.close(file)
        with contextlib.suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            self.removed = (self.removed[0] + 1, self.removed[1] + size)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes where they are in a file: from `at` on, `size` of them. They have parts as bytes have."""

    at: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> Stretch:
        start, stop, _ = part.indices(self.size)
        return Stretch(self.at + start, max(0, stop - start))


class Reading:
    """A CAR that is read, block by block.

    Attributes:
        path: of its file.
    """

    def __init__(self, cars: Cars, number: int, path: Path) -> None:
        self.path = path
        self._cars = cars
        self._number = number

    def place(self, cid: CID) -> Stretch:
        """Where a block is.

        Raises:
            MissingBlock: the CAR does not hold it.
        """
        found = self._cars.records.read_one(
            "SELECT at, size FROM block WHERE multihash = ? AND car = ?", (cid.multihash, self._number)
        )
        if found is None:
            raise MissingBlock(cid)
        return Stretch(*found)

    def get(self, cid: CID) -> bytes:
        """A block, as it is.

        Raises:
            MissingBlock: the CAR does not hold it.
        """
        return self.read(self.place(cid))

    def peek(self, cid: CID) -> bytes | Stretch:
        """A block, as it is; of a large raw leaf where it is.

        Raises:
            MissingBlock: the CAR does not hold it.
        """
        place = self.place(cid)
        return place if cid.codec == RAW and place.size >= _LARGE else self.read(place)

    def section(self, head: bytes, place: Stretch) -> Stretch | None:
        """A block with what stands before it in the CAR, if that is `head`."""
        before = Stretch(place.at - len(head), len(head))
        return Stretch(before.at, len(head) + place.size) if self.read(before) == head else None

    def read(self, place: Stretch) -> bytes:
        """What is at a place."""
        return self._cars.read_from(self.path, place.at, place.size)

    def check(self, cid: CID, block: bytes) -> None:
        """Hash a block, but none that was found sound since the start.

        Raises:
            BlockMismatch: it is not what its CID says.
        """
        if not self.is_sound(cid):
            cid.verify(block)
            self._cars.found_sound(self._number, cid)

    def verify(self, cid: CID) -> None:
        """Read a block and hash it.

        Raises:
            MissingBlock: the CAR does not hold it.
            BlockMismatch: it is not what its CID says.
        """
        self.check(cid, self.get(cid))

    def is_sound(self, cid: CID) -> bool:
        """Whether a block was found sound since the start."""
        return self._cars.is_sound(self._number, cid)


class Arriving(NamedTuple):
    """A small CAR: where it shall be, and its bytes."""

    path: Path
    pieces: list[bytes | memoryview]


class Writing:
    """A CAR that is being written: blocks first, the root at the end.

    A block given again is written once, as far as the last 65,536 are remembered. With `number`
    it is gone on with from its checkpoint `at`, or else from the end of its last whole block. One that
    is begun has neither number nor file until there is much of it, or somebody asks it to `begin`.

    Attributes:
        number: by which it is known, or `None`.
    """

    def __init__(
        self, cars: Cars, placeholder: CID, number: int | None = None, at: int | None = None
    ) -> None:
        self._cars = cars
        self._placeholder = placeholder
        self.number = number
        self._file = -1
        self._gathered: list[bytes | memoryview] = []
        self._gathered_size = 0
        self._at = self._synced = at or 0
        self._named = bool(number)  # its name in the folder is synced
        self._syncing: Future[None] | None = None
        self._index: list[tuple[bytes, int, int]] = []
        self._recent: OrderedDict[CID, None] = OrderedDict()
        if number:
            self._file = os.open(self._path(number), os.O_WRONLY | _BINARY)
        if not number:
            self._put(car_header([placeholder]))
        elif at is None:
            self._cut()
        else:
            os.lseek(self._file, at, os.SEEK_SET)

    def root_is(self, root: CID) -> None:
        """Say before the first block what the root will be, where it may be of any kind."""
        self._placeholder = root
        self._gathered, self._gathered_size, self._at, self._synced = [], 0, 0, 0
        if self.number:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
        self._put(car_header([root]))

    def put(self, block: Block) -> None:
        """Take a block; it is on disk after `settle`.

        Raises:
            OSError: the disk is full or broken.
        """
        if block.cid in self._recent:
            return
        self._recent[block.cid] = None
        if len(self._recent) > _REMEMBER:
            self._recent.popitem(last=False)
        size = len(block.data)
        self._put(car_section(block.cid, size))
        self._index.append((block.cid.multihash, self._at, size))
        self._put(block.data)
        if self._gathered_size >= _GATHER:
            self._flush()
        if len(self._index) >= _INDEX:
            self._enter()

    def settle(self, root: Root) -> None:
        """Put the root into the header and sync, but what is small: that is with `keep`."""
        header = car_header([root.cid])
        assert len(header) == len(car_header([self._placeholder])), "a root is of the profile's CID version"
        if self.is_small():
            self._gathered[0] = header
            return
        self._flush()
        os.lseek(self._file, 0, os.SEEK_SET)
        os.write(self._file, header)
        self._wait()
        os.fsync(self._file)
        self.close()

    def checkpoint(self) -> int:
        """Sync all blocks so far, and say where the next one goes."""
        self.flush()
        self._wait()
        _sync_data(self._file)
        if not self._named:
            sync_folder(self._cars.incoming)
            self._named = True
        self._synced = self._at
        return self._at

    def keep(self, db: sqlite3.Connection, root: CID) -> None:
        """Within a write, after `settle`: name the CAR by its root, and make it last."""
        new: Arriving | None = None
        if self.number is None:
            number = db.execute("INSERT INTO car (root) VALUES (?)", (str(root),)).lastrowid or 0
            new = Arriving(self._cars.path(root, number), self._gathered)
        else:
            number = self.number
            here, there = self._path(number), self._cars.path(root, number)
            if here.exists() or not there.exists():  # else this is done again
                here.replace(there)
            db.execute("UPDATE car SET root = ? WHERE n = ?", (str(root), number))
        db.executemany(_ENTER, self._entries(number))
        self._cars.records.before_commit(self._cars.arrive, new)

    def abandon(self, db: sqlite3.Connection) -> None:
        """Within a write: leave nothing of it."""
        self.close()
        if self.number:
            self._cars.drop(db, self.number)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            if self._syncing:
                futures.wait([self._syncing])
            os.close(self._file)
            self._file = -1

    def flush(self) -> None:
        """Make all blocks so far readable."""
        self._flush()
        self._enter()

    def _cut(self) -> None:
        """Go to the end of the last block that is whole, and forget what the index knows beyond it."""
        size = os.fstat(self._file).st_size

        def whole(db: sqlite3.Connection) -> int:
            db.execute("DELETE FROM block WHERE car = ? AND at + size > ?", (self.number, size))
            end: int | None = db.execute(
                "SELECT max(at + size) FROM block WHERE car = ?", (self.number,)
            ).fetchone()[0]
            return end or 0

        self._at = self._synced = self._cars.records.write(whole).result()
        os.ftruncate(self._file, self._at)
        os.lseek(self._file, 0, os.SEEK_END)
        if not self._at:
            self._put(car_header([self._placeholder]))

    def is_small(self, more: int = 0) -> bool:
        """Whether all of it, and so many bytes more, may be in memory, and is written with others."""
        return self.number is None and self._gathered_size + more <= _SMALL

    def begin(self) -> int:
        """Have a number and a file, which waits for a write: never within one, nor on an event loop."""
        if self.number is None:
            begin = "INSERT INTO car (root) VALUES (NULL)"
            self.number = self._cars.records.write(lambda db: db.execute(begin).lastrowid or 0).result()
            how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
            self._file = os.open(self._path(self.number), how, 0o644)
        return self.number

    def _path(self, number: int) -> Path:
        return self._cars.incoming / f"{number}.car"

    def _entries(self, number: int) -> list[tuple[bytes, int, int, int]]:
        return [(multihash, number, at, size) for multihash, at, size in self._index]

    def _put(self, data: bytes | memoryview) -> None:
        self._gathered.append(data)
        self._gathered_size += len(data)
        self._at += len(data)

    def _flush(self) -> None:
        self.begin()
        gathered, self._gathered = self._gathered, []
        self._gathered_size = 0
        write_all(self._file, gathered)
        # Unsynced pages that pile up make each further write many times dearer, so they go out on the way.
        if self._at - self._synced >= _SYNC and (self._syncing is None or self._syncing.done()):
            self._wait()
            self._synced = self._at
            self._syncing = self._cars.syncer.submit(_sync_data, self._file)

    def _wait(self) -> None:
        """Wait for what is being synced, and raise what went wrong with it."""
        if self._syncing:
            self._syncing.result()

    def _enter(self) -> None:
        entries, self._index = self._entries(self.begin()), []
        if entries:
            self._cars.records.write(lambda db: db.executemany(_ENTER, entries)).result()


_sync_data: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)


def write_all(file: int, pieces: list[bytes | memoryview]) -> None:
    """Write all the pieces, however little the system takes at once."""
    if not hasattr(os, "writev"):
        pieces = [b"".join(pieces)]
    waiting = [memoryview(piece) for piece in pieces if len(piece)]
    while waiting:
        some = waiting[:512]  # IOV_MAX is 1024 or more
        written = os.writev(file, some) if hasattr(os, "writev") else os.write(file, some[0])
        while waiting and written >= len(waiting[0]):
            written -= len(waiting.pop(0))
        if written:
            waiting[0] = waiting[0][written:]


def read_at(file: int, at: int, size: int) -> bytes:
    """Exactly these bytes of a file."""
    data = pread(file, size, at)
    if len(data) != size:
        raise OSError(f"the store is damaged: {size} bytes at {at} were expected, {len(data)} are there")
    return data


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder last; where folders cannot be opened there is no need."""
    if os.name == "posix":
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

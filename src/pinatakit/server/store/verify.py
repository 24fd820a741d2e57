"""Verify: everything in a store is read and hashed again, and its index is made right.

Damage is told, and mended where the store has the same blocks elsewhere. What cannot be mended stays
pinned and is marked, so that the same content replaces it when it is uploaded, imported or pinned again;
the blocks of it that are whole are served meanwhile.

Everything is done while a server may have the store: content that has a name never changes, and what is
changed is changed in the database, which one process writes to at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple, TypeAlias

from pinatakit.content import CID, Block, CarReader, Root, links_of, read_car, walk_blocks
from pinatakit.content.multiformats import RAW
from pinatakit.errors import ContentError, MissingBlock
from pinatakit.server.store.cars import Cars, Writing, number_of

_PIECE: Final = 1 << 20
_PAGE: Final = 500  # rows looked at, or written, at once

Kind: TypeAlias = Literal["missing", "damaged", "orphan", "index"]


class Finding(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        kind: ``missing`` and ``damaged`` are content; an ``orphan`` is a file that no record knows;
            of ``index`` only the way to content was wrong.
        what: the root that is concerned, or a file of the data folder.
        mended: it is as it should be now.
    """

    kind: Kind
    what: str
    words: str
    mended: bool


class Seen(NamedTuple):
    """How much was read and hashed."""

    cars: int
    blocks: int
    bytes: int


def verify(cars: Cars) -> Generator[Finding, None, Seen]:
    """Read and hash all of a store; memory holds the CIDs of one DAG at most."""
    records = cars.records
    for row in records.read("PRAGMA quick_check"):
        if row[0] != "ok":
            yield Finding("damaged", "records.db", row[0], mended=False)
    count = blocks = size = last = 0
    page = f"SELECT n, root FROM car WHERE root IS NOT NULL AND n > ? ORDER BY n LIMIT {_PAGE}"
    while rows := records.read(page, (last,)):
        for row in rows:
            last = row["n"]
            checking = _Checking(cars, row["n"], CID.parse(row["root"]))
            yield from checking.run()
            count += 1
            blocks += checking.blocks
            size += checking.size
    for path in orphans(cars):
        adopted = _adopt(cars, path)
        words = "its content was pinned and had no CAR" if adopted else "no record knows it"
        yield Finding("orphan", str(path.relative_to(cars.folder.parent)), words, mended=adopted)
    yield from _without_car(cars)
    return Seen(count, blocks, size)


def orphans(cars: Cars) -> Iterator[Path]:
    """The files among the CARs that no record knows: a crash, or an old backup, has left them."""
    suspects: dict[int, Path] = {}

    def unknown() -> list[Path]:
        # Within a write nothing else is being written, so a CAR has its record and its name, or neither,
        # or its record went and it is about to.
        def look(db: sqlite3.Connection) -> list[Path]:
            marks = ",".join("?" * len(suspects))
            known = {row[0] for row in db.execute(f"SELECT n FROM car WHERE n IN ({marks})", [*suspects])}
            leaving = {cars.folder / row[0] for row in db.execute("SELECT name FROM leaving")}
            unknown = [path for number, path in suspects.items() if number not in known]
            return [path for path in unknown if path not in leaving and path.exists()]

        found = cars.records.write(look).result()
        suspects.clear()
        return found

    for folder in (cars.folder, cars.incoming):
        for path in folder.iterdir():
            if number := number_of(path.name):
                suspects[number] = path
            if len(suspects) == _PAGE:
                yield from unknown()
        yield from unknown()


def take_in(cars: Cars, root: CID, blocks: Iterable[Block]) -> Writing:
    """A settled CAR of blocks from elsewhere, each of them hashed, and none of the DAG missing.

    Raises:
        ContentError: they are not what they should be; nothing is left of it.
    """
    car = cars.write_known(root)
    try:
        for block in blocks:
            block.cid.verify(block.data)
            car.put(block)
        car.flush()
        for _ in walk_blocks(root, cars.getter(car.begin()), verify=False):
            pass
        car.settle(Root(root, 0, 0))
    except BaseException:
        cars.records.write(car.abandon).result()
        raise
    return car


class _Checking:
    """One CAR, read from its first byte to its last, and its part of the index."""

    def __init__(self, cars: Cars, number: int, root: CID) -> None:
        self.blocks = self.size = 0
        self._cars = cars
        self._records = cars.records
        self._number = number
        self._root = root
        self._right: list[tuple[bytes, int, int, int]] = []
        self._matched = 0
        self._wrong = 0  # entries of the index
        self._incomplete = False

    def run(self) -> Iterator[Finding]:
        kind: Kind = "damaged"
        try:
            with self._cars.path(self._root, self._number).open("rb") as file:
                broken = self._scan(file)
                self._enter()
                self._drop_what_is_not_there(file, every=broken is not None)
        except FileNotFoundError:
            kind, broken = "missing", "its CAR is gone"
            self._drop_all()
        if not self._is_known():  # unpinned meanwhile
            return
        if broken is None and self._wrong:
            words = f"{self._wrong:,} entries of the index were wrong"
            yield Finding("index", str(self._root), words, mended=True)
        if broken is None and self._incomplete and (lacks := self._lacks()):
            broken = f"block {lacks} is missing in its CAR"
        self._mark(broken is not None)
        if broken is not None:
            missing = self._make_again()
            end = (
                f"block {missing} is nowhere in the store" if missing else "it was made again from its blocks"
            )
            yield Finding(kind, str(self._root), f"{broken}; {end}", mended=missing is None)

    def _scan(self, file: BinaryIO) -> str | None:
        """Hash every block, and compare the index; what is wrong with the CAR, if anything."""
        reader = CarReader()
        bad: list[CID] = []
        count = 0
        try:
            while piece := file.read(_PIECE):
                self.size += len(piece)
                for at, size, block in reader.feed_placed(piece):
                    self.blocks += 1
                    try:
                        block.cid.verify(block.data)
                    except ContentError:
                        count += 1
                        bad = bad or [block.cid]
                    else:
                        self._compare(file, block, at, size)
            reader.finish()
        except ContentError as error:
            return f"its CAR cannot be read: {error.message}"
        if bad:
            return f"{count:,} of its blocks are damaged, first {bad[0]}"
        return None if reader.roots == [self._root] else "the header of its CAR names another root"

    def _compare(self, file: BinaryIO, block: Block, at: int, size: int) -> None:
        """See that the index leads to a block, and to all that it links to."""
        entry = (block.cid.multihash, self._number, at, size)
        row = self._records.read_one(
            "SELECT at, size FROM block WHERE multihash = ? AND car = ?", (block.cid.multihash, self._number)
        )
        if row and (row["at"], row["size"]) == (at, size):
            self._matched += 1
        elif row is None or not _is_there(file, block.cid.multihash, row["at"], row["size"]):
            self._right.append(entry)  # else the block stands twice in the CAR
            if len(self._right) == _PAGE:
                self._enter()
        if block.cid.codec != RAW and not self._incomplete:
            linked = (cid for cid in links_of(block.cid, bytes(block.data)) if cid.inlined is None)
            self._incomplete = any(not self._cars.holds(self._number, cid) for cid in linked)

    def _enter(self) -> None:
        entries, self._right = self._right, []
        if entries:
            self._wrong += len(entries)
            self._matched += len({entry[0] for entry in entries})
            sql = "INSERT OR REPLACE INTO block (multihash, car, at, size) VALUES (?, ?, ?, ?)"
            self._records.write(lambda db: db.executemany(sql, entries)).result()

    def _drop_what_is_not_there(self, file: BinaryIO, *, every: bool) -> None:
        """Take out of the index what leads to no such block; `every` entry is looked at, or only if some must be."""
        count = self._records.read("SELECT count(*) FROM block WHERE car = ?", (self._number,))[0][0]
        if count == self._matched and not every:
            return
        last = b""
        page = (
            "SELECT multihash, at, size FROM block WHERE car = ? AND multihash > ?"
            f" ORDER BY multihash LIMIT {_PAGE}"
        )
        while rows := self._records.read(page, (self._number, last)):
            last = rows[-1]["multihash"]
            gone = [
                (row["multihash"], self._number)
                for row in rows
                if not _is_there(file, row["multihash"], row["at"], row["size"])
            ]
            if gone:
                self._wrong += len(gone)
                sql = "DELETE FROM block WHERE multihash = ? AND car = ?"
                self._records.write(_many(sql, gone)).result()

    def _drop_all(self) -> None:
        self._records.write(
            lambda db: db.execute("DELETE FROM block WHERE car = ?", (self._number,))
        ).result()

    def _is_known(self) -> bool:
        return self._records.read_one("SELECT 1 FROM car WHERE n = ?", (self._number,)) is not None

    def _lacks(self) -> CID | None:
        """The first block of the DAG that the CAR does not have."""
        try:
            for _ in walk_blocks(self._root, self._cars.getter(self._number), verify=False):
                pass
        except MissingBlock as error:
            return error.cid
        return None

    def _mark(self, damaged: bool) -> None:
        values = (self._number,)
        there = self._records.read_one("SELECT 1 FROM damaged WHERE car = ?", values)
        if damaged and not there:
            sql = "INSERT OR IGNORE INTO damaged SELECT n FROM car WHERE n = ?"
            self._records.write(lambda db: db.execute(sql, values)).result()
        elif there and not damaged:
            self._records.write(lambda db: db.execute("DELETE FROM damaged WHERE car = ?", values)).result()

    def _make_again(self) -> CID | None:
        """Make a new CAR of good blocks, wherever they are; gives the first that is nowhere."""
        root = self._root
        try:
            car = take_in(self._cars, root, walk_blocks(root, self._somewhere, verify=False))
        except MissingBlock as error:
            return error.cid

        def replace(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM car WHERE n = ?", (self._number,)).fetchone():
                self._cars.forget(db, str(root))
                car.keep(db, root)
            else:
                car.abandon(db)

        self._records.write(replace).result()
        return None

    def _somewhere(self, cid: CID) -> bytes:
        """A block from any CAR that has it, hashed."""
        rows = self._records.read(
            "SELECT n FROM block JOIN car ON n = car WHERE multihash = ? AND root IS NOT NULL",
            (cid.multihash,),
        )
        for row in rows:
            try:
                data = self._cars.getter(row["n"])(cid)
                cid.verify(data)
            except (OSError, ContentError):
                continue  # damaged there, too
            return data
        raise MissingBlock(cid)


def _adopt(cars: Cars, path: Path) -> bool:
    """Take a file that no record knows for the CAR of what is pinned and has none; whether it is."""
    try:
        with path.open("rb") as file:
            roots, blocks = read_car(file)
            if len(roots) != 1 or not _is_wanted(cars.records.read, roots[0]):
                return False
            car = take_in(cars, roots[0], blocks)
    except (OSError, ContentError):
        return False

    def keep(db: sqlite3.Connection) -> bool:
        wanted = _is_wanted(lambda sql, values: db.execute(sql, values).fetchall(), roots[0])
        if wanted:
            car.keep(db, roots[0])
        else:
            car.abandon(db)
        return wanted

    return cars.records.write(keep).result()


def _is_wanted(read: Callable[[str, tuple[str]], list[sqlite3.Row]], root: CID) -> bool:
    sql = (
        "SELECT 1 FROM file LEFT JOIN car ON root = cid"
        " WHERE cid = ? AND unpinned IS NULL AND car.n IS NULL LIMIT 1"
    )
    return bool(read(sql, (str(root),)))


def _without_car(cars: Cars) -> Iterator[Finding]:
    """What is pinned, and of which nothing is there."""
    last = 0
    page = (
        "SELECT file.n, cid, name FROM file LEFT JOIN car ON root = cid"
        f" WHERE unpinned IS NULL AND car.n IS NULL AND file.n > ? ORDER BY file.n LIMIT {_PAGE}"
    )
    while rows := cars.records.read(page, (last,)):
        last = rows[-1]["n"]
        for row in rows:
            yield Finding("missing", row["cid"], "it is pinned, and has no CAR", mended=False)


def _is_there(file: BinaryIO, multihash: bytes, at: int, size: int) -> bool:
    """Whether a CAR has the block with this hash at this place; where it is read from stays."""
    here = file.tell()
    try:
        file.seek(at)
        CID(1, RAW, multihash).verify(file.read(size))
    except (ContentError, ValueError, OverflowError, OSError):
        return False
    finally:
        file.seek(here)
    return True


def _many(sql: str, values: list[tuple[bytes, int]]) -> Callable[[sqlite3.Connection], object]:
    return lambda db: db.executemany(sql, values)

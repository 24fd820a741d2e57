"""GC: what nothing holds any more goes.

Content goes with its last pin, so there is little to do: what has expired while no server ran, what
crashes have left, what `verify` has replaced. A server may have the store meanwhile: all is decided and
removed within writes, and one process writes at a time.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from pinatakit.server.store.cars import Cars, number_of
from pinatakit.server.store.files import Files
from pinatakit.server.store.tus import Resumables
from pinatakit.server.store.verify import orphans

_ROWS: Final = 10_000  # deleted in one write, so that nobody waits long for his own


class Freed(NamedTuple):
    """What went: CAR files and their bytes, and entries of the index that led nowhere."""

    cars: int
    bytes: int
    entries: int


def collect(cars: Cars) -> Freed:
    """Remove what no file, pin, job or upload holds."""
    count, size = cars.removed
    Files(cars.records, cars).expire()
    Resumables(cars.records, cars)  # those that expired go
    cars.records.write(cars.forget_unpinned).result()
    for row in cars.records.read("SELECT name FROM leaving"):
        cars.remove(cars.folder / row["name"])
    for path in orphans(cars):
        cars.records.write(partial(_remove, cars=cars, path=path)).result()
    return Freed(cars.removed[0] - count, cars.removed[1] - size, _drop_strays(cars))


def _remove(db: sqlite3.Connection, cars: Cars, path: Path) -> None:
    """Within a write: remove a file that no record knows, if none has come since."""
    if not db.execute("SELECT 1 FROM car WHERE n = ?", (number_of(path.name),)).fetchone():
        cars.remove(path)


def _drop_strays(cars: Cars) -> int:
    """Take entries out of the index whose CAR no record knows; how many there were."""
    strays = cars.records.read("SELECT DISTINCT car FROM block EXCEPT SELECT n FROM car")
    count = 0
    for row in strays:
        while some := cars.records.write(partial(_drop_some, number=row[0])).result():
            count += some
    return count


def _drop_some(db: sqlite3.Connection, number: int) -> int:
    some = f"SELECT multihash FROM block WHERE car = ? LIMIT {_ROWS}"
    dropped = f"DELETE FROM block WHERE car = ? AND multihash IN ({some})"
    return db.execute(dropped, (number, number)).rowcount

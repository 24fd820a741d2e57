"""Backup: a copy of a data folder that is of one moment, made while a server may have it.

The database is copied by SQLite's own means. A CAR that has a name never changes, so it is linked where
that can be, and copied otherwise; what is still being written is copied. A CAR may go after the database
was copied and before it was linked; then the database is copied again, when most CARs are there already.
After three rounds the last is done while nobody else writes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.server.store.cars import Cars, sync_folder

_ROUNDS: Final = 3


class Copied(NamedTuple):
    """What a backup has: CARs, how many of them are linked and not copied, and the bytes of all files."""

    cars: int
    linked: int
    bytes: int


def back_up(cars: Cars, to: Path, *, link: bool = True) -> Copied:
    """Make a backup in a folder that is not there yet; it can be served as it is.

    Without `link` it shares no file with the store.

    Raises:
        InputError: something is there already.
        OSError: the disk is full or broken; what was made is in `.{name}.unfinished`.
    """
    aside = to.with_name(f".{to.name}.unfinished")
    for there in (to, aside):
        if there.exists():
            raise InputError(f"{str(there)!r} is there already", hint="name a new folder, or remove that one")
    (aside / "cars" / "incoming").mkdir(parents=True)
    aside.chmod(0o700)
    backup = _Backup(cars, aside, link=link)
    backup.make()
    aside.replace(to)
    sync_folder(to.parent)
    return Copied(len(backup.there), backup.linked, backup.size)


class _Backup:
    def __init__(self, cars: Cars, to: Path, *, link: bool) -> None:
        self.there: set[str] = set()
        self.linked = 0
        self.size = 0
        self._cars = cars
        self._to = to
        self._link = link

    def make(self) -> None:
        rounds = 0
        while not self._round():
            rounds += 1
            if rounds == _ROUNDS:
                self._cars.records.write(lambda _: self._round()).result()
                break
        self._copy_unfinished()
        folder = self._cars.folder.parent
        if (admin := folder / "admin.json").exists():
            shutil.copy2(admin, self._to)
        if (tls := folder / "tls").exists():
            shutil.copytree(tls, self._to / "tls")
        self.size += (self._to / "records.db").stat().st_size
        for made in (self._to / "cars", self._to):
            sync_folder(made)

    def _round(self) -> bool:
        """Copy the database, and all CARs that it knows; whether they are all there."""
        records = self._to / "records.db"
        records.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self._cars.folder.parent / "records.db", timeout=30)) as source,
            closing(sqlite3.connect(records)) as target,
        ):
            source.backup(target)
            rows = target.execute("SELECT n, root FROM car WHERE root IS NOT NULL")
            known = [self._cars.path(CID.parse(root), number).name for number, root in rows]
            target.execute("PRAGMA journal_mode=DELETE").close()  # one file
        for name in self.there.difference(known):
            self.size -= (self._to / "cars" / name).stat().st_size
            (self._to / "cars" / name).unlink()
        self.there.intersection_update(known)
        gone = [name for name in known if name not in self.there and not self._take(name)]
        return not gone

    def _take(self, name: str) -> bool:
        """Link or copy a CAR; whether it is still there."""
        source, target = self._cars.folder / name, self._to / "cars" / name
        try:
            if not (self._link and _linked(source, target)):
                copy(source, target)
            else:
                self.linked += 1
        except FileNotFoundError:
            return False
        self.there.add(name)
        self.size += target.stat().st_size
        return True

    def _copy_unfinished(self) -> None:
        """Copy what resumable uploads and jobs have so far; it is cut to what the database knows when served."""
        sql = "SELECT car FROM tus WHERE cid IS NULL UNION SELECT car FROM job WHERE car IS NOT NULL"
        with closing(sqlite3.connect(self._to / "records.db")) as records:
            numbers = [row[0] for row in records.execute(sql)]
        for number in numbers:
            name = f"{number}.car"
            target = self._to / "cars" / "incoming" / name
            # One that has become whole meanwhile has a name; one that was given up is begun anew.
            for source in (self._cars.incoming / name, *self._cars.folder.glob(f"*.{name}")):
                if source.exists():
                    copy(source, target)
                    self.size += target.stat().st_size
                    break


def _linked(source: Path, target: Path) -> bool:
    """Link a file, where that can be."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or a file system without links
        return False
    return True


def copy(source: Path, target: Path) -> None:
    """Copy a file, synced."""
    with source.open("rb") as here, target.open("wb") as there:
        shutil.copyfileobj(here, there, 1 << 20)
        there.flush()
        os.fsync(there.fileno())

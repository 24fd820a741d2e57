"""The store: what the local Pinata keeps. Only here are SQL and files.

    data/
      records.db          what is known (SQLite, WAL)
      cars/<root>.<n>.car what is kept, one CAR a root, readable by any IPFS tool
      cars/incoming/      what is being written; swept at the next start
      cars/arriving       names of the small CARs that were written last
      admin.json          the first key, for this machine's user alone (mode 0600)
      lock.db             held while a server runs
      guests.db           held by other processes while they use that server

Acknowledged means kept: a CAR is synced and its record committed before an upload is
answered. What a crash leaves half done is swept at the next start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from pinatakit.datafolder import Busy, Guest
from pinatakit.errors import InputError
from pinatakit.server.store.analytics import Analytics
from pinatakit.server.store.cars import Cars, Writing
from pinatakit.server.store.files import Files
from pinatakit.server.store.gateways import Gateways
from pinatakit.server.store.groups import Groups
from pinatakit.server.store.jobs import Jobs
from pinatakit.server.store.keys import Keys
from pinatakit.server.store.links import Links
from pinatakit.server.store.payments import Payments
from pinatakit.server.store.psa import PinObjects
from pinatakit.server.store.records import Records
from pinatakit.server.store.signatures import Signatures
from pinatakit.server.store.swaps import Swaps
from pinatakit.server.store.tus import Resumables
from pinatakit.server.store.upgrade import upgrade
from pinatakit.server.store.vectors import Vectors

__all__ = [
    "Analytics",
    "Busy",
    "Cars",
    "Files",
    "Gateways",
    "Groups",
    "Guest",
    "Jobs",
    "Keys",
    "Links",
    "Payments",
    "PinObjects",
    "Records",
    "Resumables",
    "Signatures",
    "Store",
    "Swaps",
    "Vectors",
    "Writing",
    "beside",
]


class Store:
    """The data folder of one local Pinata; one server at a time has it.

    Raises:
        Busy: another server has it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # private content and keys are in it
        except OSError as error:
            raise InputError(
                f"{str(folder)!r} cannot be a data folder: {error.strerror}", hint="name another folder"
            ) from None
        self._guests: sqlite3.Connection | None = None
        self._lock = _lock(folder)
        try:
            upgrade(folder / "records.db")
            self.records = Records(folder / "records.db")
            self.cars = Cars(folder / "cars", self.records)
            self.cars.sweep()
            self.keys = Keys(self.records)
            self.files = Files(self.records, self.cars)
            self.jobs = Jobs(self.records, self.files)
            self.pin_objects = PinObjects(self.records)
            self.groups = Groups(self.records)
            self.payments = Payments(self.records)
            self.vectors = Vectors(self.records)
            self.analytics = Analytics(self.records)
            self.gateways = Gateways(self.records)
            self.swaps = Swaps(self.records)
            self.signatures = Signatures(self.records)
            self.links = Links(self.records)
            self.resumables = Resumables(self.records, self.cars)
        except BaseException:
            self._lock.close()
            raise

    def others_gone(self, seconds: float) -> bool:
        """Wait until no other process uses this store through this server, but not longer than that."""
        connection = sqlite3.connect(self.folder / "guests.db", timeout=seconds, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE").close()
        except sqlite3.OperationalError:
            return False
        finally:
            self._guests = connection  # held, so that nobody comes any more
        return True

    def close(self) -> None:
        """Finish what waits, then let go of the folder."""
        self.keys.close()
        self.analytics.close()
        self.records.close()
        self.cars.close()
        self._lock.close()
        if self._guests:
            self._guests.close()


@contextmanager
def beside(folder: Path) -> Generator[Cars]:
    """The records and CARs of a store, whether a server has it or not; nothing is swept.

    Raises:
        InputError: there is no store.
    """
    if not (folder / "records.db").is_file():
        raise InputError(f"{str(folder)!r} is no data folder of a local Pinata", hint="name one with --data")
    records = Records(folder / "records.db")
    try:
        with closing(Cars(folder / "cars", records)) as cars:
            yield cars
    finally:
        records.close()


def _lock(folder: Path) -> sqlite3.Connection:
    """A lock that the system lets go of when its process ends, on every system: SQLite's own."""
    connection = sqlite3.connect(folder / "lock.db", timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE").close()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise InputError(
                f"{str(folder)!r} cannot be a data folder: {error}", hint="name another"
            ) from None
        raise Busy(
            f"another local Pinata has the data folder {str(folder)!r}",
            hint="use that one, or another folder",
        ) from None
    return connection

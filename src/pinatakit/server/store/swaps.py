"""Swaps as they are kept: a row each time one begins or ends."""

from __future__ import annotations

import sqlite3

from pinatakit.content import CID
from pinatakit.protocol import Network, Swap
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, now_micros


class Swaps:
    """The swaps of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, network: Network, cid: CID, mapped: CID) -> Swap:
        """Serve `mapped` in the place of `cid` from now on."""
        return self._records.write(lambda db: _insert(db, network, cid, mapped)).result()

    def end(self, network: Network, cid: CID) -> bool:
        """Serve the CID itself from now on; whether it was swapped."""

        def end(db: sqlite3.Connection) -> bool:
            row = db.execute(f"{_NEWEST} LIMIT 1", (str(cid), network)).fetchone()
            if row is None or row["mapped"] is None:
                return False
            _insert(db, network, cid, None)
            return True

        return self._records.write(end).result()

    def now(self, network: Network, cid: CID) -> CID | None:
        """What is served in the place of a CID, if anything is."""
        row = self._records.read_one(f"{_NEWEST} LIMIT 1", (str(cid), network))
        return CID.parse(row["mapped"]) if row and row["mapped"] else None

    def history(self, network: Network, cid: CID) -> list[Swap]:
        """All that a CID was swapped for, newest first."""
        return [_swap(row) for row in self._records.read(_NEWEST, (str(cid), network))]


_NEWEST = "SELECT * FROM swap WHERE cid = ? AND network = ? ORDER BY n DESC"


def _insert(db: sqlite3.Connection, network: Network, cid: CID, mapped: CID | None) -> Swap:
    sql = "INSERT INTO swap (cid, network, mapped, created) VALUES (?, ?, ?, ?) RETURNING *"
    values = (str(cid), network, str(mapped) if mapped else None, now_micros())
    return _swap(db.execute(sql, values).fetchone())


def _swap(row: sqlite3.Row) -> Swap:
    return Swap(
        mapped_cid=CID.parse(row["mapped"]) if row["mapped"] else None,
        created_at=from_micros(row["created"]),
    )

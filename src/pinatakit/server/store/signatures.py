"""Signatures as they are kept: one a CID and network."""

from __future__ import annotations

import sqlite3

from pinatakit.content import CID
from pinatakit.protocol import Network, Signature
from pinatakit.server.store.records import Records


class Signatures:
    """The signatures of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, network: Network, cid: CID, signature: str) -> Signature | None:
        """Keep one; `None` where the CID has one already."""
        sql = "INSERT OR IGNORE INTO signature (cid, network, signature) VALUES (?, ?, ?)"

        def add(db: sqlite3.Connection) -> bool:
            return db.execute(sql, (str(cid), network, signature)).rowcount == 1

        return Signature(cid=cid, signature=signature) if self._records.write(add).result() else None

    def get(self, network: Network, cid: CID) -> Signature | None:
        """The one of a CID."""
        row = self._records.read_one(
            "SELECT signature FROM signature WHERE cid = ? AND network = ?", (str(cid), network)
        )
        return Signature(cid=cid, signature=row["signature"]) if row else None

    def delete(self, network: Network, cid: CID) -> bool:
        """Drop the one of a CID; whether there was one."""

        def delete(db: sqlite3.Connection) -> bool:
            sql = "DELETE FROM signature WHERE cid = ? AND network = ?"
            return db.execute(sql, (str(cid), network)).rowcount == 1

        return self._records.write(delete).result()

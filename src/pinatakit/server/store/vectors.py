"""Vectors as they are kept: a row for each dimension of a file that is not 0."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pinatakit.content import CID
from pinatakit.protocol.vectors import Match
from pinatakit.server.store.records import Records


class Vectors:
    """The vectors of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records
        gone = "DELETE FROM vector WHERE n IN (SELECT n FROM file WHERE unpinned IS NOT NULL)"
        records.write(lambda db: db.execute(gone)).result()

    def put(self, id: str, vector: Mapping[int, float]) -> None:
        """Keep the vector of a file, in the place of any other."""

        def put(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT n FROM file WHERE id = ?", (id,)).fetchone()
            db.execute("DELETE FROM vector WHERE n = ?", (row["n"],))
            rows = [(row["n"], dimension, weight) for dimension, weight in vector.items()]
            db.executemany("INSERT INTO vector (n, dimension, weight) VALUES (?, ?, ?)", rows)

        self._records.write(put).result()

    def delete(self, id: str) -> None:
        """Drop the vector of a file, if it has one."""
        sql = "DELETE FROM vector WHERE n = (SELECT n FROM file WHERE id = ?)"
        self._records.write(lambda db: db.execute(sql, (id,))).result()

    def nearest(self, group_id: str, vector: Mapping[int, float], limit: int) -> list[Match]:
        """The files of a group that have most in common with a vector."""
        if not vector:
            return []
        values = ", ".join(["(?, ?)"] * len(vector))
        sql = (
            f"WITH asked (dimension, weight) AS (VALUES {values})"
            " SELECT file.id, file.cid, sum(vector.weight * asked.weight) AS score"
            " FROM asked JOIN vector USING (dimension) JOIN file USING (n)"
            " WHERE file.group_id = ? AND file.network = 'private' AND file.unpinned IS NULL"
            " GROUP BY file.n ORDER BY score DESC, file.n LIMIT ?"
        )
        flat = [value for item in vector.items() for value in item]
        return [
            Match(file_id=row["id"], cid=CID.parse(row["cid"]), score=min(1.0, row["score"]))
            for row in self._records.read(sql, (*flat, group_id, limit))
        ]

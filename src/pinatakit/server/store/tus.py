"""Resumable uploads under way: what has come, and what building goes on from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from pinatakit.server.store.cars import Cars
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, now_micros

LIFETIME: Final = 24 * 3600 * 1_000_000
"""Microseconds after its last bytes at which an upload expires."""


class Resumable(NamedTuple):
    """A resumable upload.

    Attributes:
        id: of the upload, and of the file it is to become.
        length: bytes it will have.
        fields: what its creator said of it, as the fields of a form would.
        presigned: it was begun through a presigned URL, not with a key.
        offset: bytes that have come and are synced.
        car: the number of its CAR; `at` is where that goes on, and `state` what builds it.
        cid: its root, when it is whole.
    """

    id: str
    length: int
    fields: Mapping[str, str]
    presigned: bool
    offset: int
    car: int
    at: int
    state: bytes
    expires: datetime
    cid: str | None

    @property
    def expired(self) -> bool:
        """Whether nobody went on with it for too long."""
        return self.expires <= from_micros(now_micros())


class Resumables:
    """The resumable uploads of one store; those that expired while it was closed are gone."""

    def __init__(self, records: Records, cars: Cars) -> None:
        self._records = records
        self._cars = cars
        self.expire()

    def begin(self, resumable: Resumable) -> None:
        """Remember an upload that begins, with its first checkpoint."""
        sql = "INSERT INTO tus VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
        values = (
            resumable.id,
            resumable.length,
            json.dumps(dict(resumable.fields)),
            resumable.presigned,
            resumable.offset,
            resumable.car,
            resumable.at,
            resumable.state,
            now_micros() + LIFETIME,
        )
        self._records.write(lambda db: db.execute(sql, values)).result()

    def get(self, id: str) -> Resumable | None:
        """The upload of that id, expired or not."""
        row = self._records.read_one("SELECT * FROM tus WHERE id = ?", (id,))
        return _resumable(row) if row else None

    def go_on(self, id: str, offset: int, at: int, state: bytes) -> None:
        """Take a checkpoint, whose blocks are synced: from here on its offset may be told."""
        sql = "UPDATE tus SET offset = ?, at = ?, state = ?, expires = ? WHERE id = ?"
        values = (offset, at, state, now_micros() + LIFETIME, id)
        self._records.write(lambda db: db.execute(sql, values)).result()

    def go_back(self, id: str) -> None:
        """Forget what was written behind the last checkpoint, after something went wrong."""

        def go_back(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT car, at FROM tus WHERE id = ? AND cid IS NULL", (id,)).fetchone()
            if row:
                self._cars.rewind(db, row["car"], row["at"])

        self._records.write(go_back).result()

    def drop(self, id: str) -> None:
        """Leave nothing of an upload but the file it has become."""
        self._records.write(lambda db: self._drop(db, "id = ?", id)).result()

    def expire(self) -> None:
        """Leave nothing of those that expired a day ago or more; until then they answer that they did."""
        self._records.write(lambda db: self._drop(db, "expires <= ?", now_micros() - LIFETIME)).result()

    def _drop(self, db: sqlite3.Connection, condition: str, value: str | int) -> None:
        dropped = f"DELETE FROM tus WHERE {condition} RETURNING car, cid"
        for row in db.execute(dropped, (value,)).fetchall():
            if row["cid"] is None:
                self._cars.drop(db, row["car"])


def _resumable(row: sqlite3.Row) -> Resumable:
    return Resumable(
        id=row["id"],
        length=row["length"],
        fields=json.loads(row["fields"]),
        presigned=bool(row["presigned"]),
        offset=row["offset"],
        car=row["car"],
        at=row["at"],
        state=row["state"],
        expires=from_micros(row["expires"]),
        cid=row["cid"],
    )

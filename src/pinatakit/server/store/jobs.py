"""The queue of CIDs that wait to be fetched."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from pinatakit.content import CID
from pinatakit.protocol import PinJob
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, new_id, now_micros

POLICY: Final[dict[str, Any]] = {"regions": [{"id": "LOCAL", "desiredReplicationCount": 1}], "version": 1}
"""Where the local Pinata keeps things: in one place, once."""


class Jobs:
    """The queue of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(
        self,
        cid: CID,
        name: str | None,
        keyvalues: dict[str, Any],
        host_nodes: list[str],
        group_id: str | None,
    ) -> str:
        """Queue a CID; its id."""
        id = new_id()
        values = (
            id,
            str(cid),
            name,
            json.dumps(keyvalues) if keyvalues else None,
            json.dumps(host_nodes) if host_nodes else None,
            group_id,
            "searching",
            now_micros(),
        )
        sql = "INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._records.write(lambda db: db.execute(sql, values)).result()
        return id

    def list(
        self, *, status: str | None, cid: str | None, ascending: bool, limit: int, offset: int
    ) -> tuple[list[PinJob], int]:
        """Some of the jobs that match, and how many do in all."""
        conditions = ["1"]
        values: list[Any] = []
        if status:
            conditions.append("status = ?")
            values.append(status)
        if cid:
            conditions.append("cid = ?")
            values.append(cid)
        matching = f"FROM job WHERE {' AND '.join(conditions)}"
        count = self._records.read(f"SELECT count(*) {matching}", values)[0][0]
        way = "ASC" if ascending else "DESC"
        rows = self._records.read(
            f"SELECT * {matching} ORDER BY queued {way}, id {way} LIMIT ? OFFSET ?", (*values, limit, offset)
        )
        return [_job(row) for row in rows], count


def _job(row: sqlite3.Row) -> PinJob:
    return PinJob(
        id=row["id"],
        cid=CID.parse(row["cid"]),
        date_queued=from_micros(row["queued"]),
        name=row["name"],
        status=row["status"],
        keyvalues=json.loads(row["keyvalues"]) if row["keyvalues"] else None,
        host_nodes=json.loads(row["host_nodes"]) if row["host_nodes"] else None,
        pin_policy=POLICY,
    )

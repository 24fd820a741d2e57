"""Pin objects, as the pinning service API sees what the store keeps.

A job is one, and so is a public file that no job has made.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.protocol.psa import PinObject, PinStatus, status_of
from pinatakit.server.store.files import as_text
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, to_micros

_JOBS: Final = """
SELECT id, cid, name, keyvalues, host_nodes, status, reason, queued AS created FROM job
WHERE status <> 'replaced'
"""
_FILES: Final = """
SELECT id, cid, name, keyvalues, NULL AS host_nodes, 'pinned' AS status, NULL AS reason, created FROM file
WHERE network = 'public' AND unpinned IS NULL AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = file.id)
"""

_META: Final = """EXISTS (SELECT 1 FROM json_each(coalesce(keyvalues, '{}')) AS one WHERE one.key = ? AND ? =
CASE one.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(one.value AS TEXT) END)"""


class Wanted(NamedTuple):
    """Which pin objects are asked for; what is empty does not matter.

    Attributes:
        statuses: of jobs, such as ``searching``, and ``pinned``.
    """

    statuses: Collection[str]
    cids: Collection[str] = ()
    name: str | None = None
    match: str = "exact"
    before: datetime | None = None
    after: datetime | None = None
    meta: Mapping[str, str] = MappingProxyType({})


class PinObjects:
    """The pin objects of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def list(self, wanted: Wanted, limit: int) -> tuple[list[PinStatus], int]:
        """The newest that match, and how many do in all."""
        conditions, values = _conditions(wanted)
        # Each of the two is read along its own index, and only as far as the page may reach.
        found: dict[str, sqlite3.Row] = {}  # by id: a job may become a file in between
        count = 0
        for objects in (_JOBS, _FILES):
            matching = f"FROM ({objects}) WHERE {conditions}"
            count += self._records.read(f"SELECT count(*) {matching}", values)[0][0]
            rows = self._records.read(f"SELECT * {matching} ORDER BY created DESC LIMIT ?", (*values, limit))
            found |= {row["id"]: row for row in rows}
        newest = sorted(found.values(), key=lambda row: row["created"], reverse=True)
        return [_pin_status(row) for row in newest[:limit]], count

    def get(self, id: str) -> PinStatus | None:
        """One pin object."""
        row = self._records.read_one(f"SELECT * FROM ({_JOBS} UNION ALL {_FILES}) WHERE id = ?", (id,))
        return _pin_status(row) if row else None


def _conditions(wanted: Wanted) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []

    def add(condition: str, *given: Any) -> None:
        conditions.append(condition)
        values.extend(given)

    add(f"status IN ({_marks(wanted.statuses)})", *wanted.statuses)
    if wanted.cids:
        add(f"cid IN ({_marks(wanted.cids)})", *wanted.cids)
    if wanted.name is not None:
        if wanted.match == "exact":
            add("name = ?", wanted.name)
        else:
            pattern = re.escape(wanted.name)
            whole = pattern if "partial" in wanted.match else rf"\A{pattern}\Z"
            add("matches(?, ?, coalesce(name, ''))", whole, wanted.match.startswith("i"))
    if wanted.before:
        add("created < ?", to_micros(wanted.before))
    if wanted.after:
        add("created > ?", to_micros(wanted.after))
    for key, value in wanted.meta.items():
        add(_META, key, value)
    return " AND ".join(conditions), values


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _pin_status(row: sqlite3.Row) -> PinStatus:
    keyvalues: dict[str, Any] = json.loads(row["keyvalues"] or "{}")
    info = {} if row["status"] == "pinned" else {"pinata_pinjob_status": row["status"]}
    if row["reason"]:
        info["status_details"] = row["reason"]
    pin = PinObject(
        cid=CID.parse(row["cid"]),
        name=row["name"],
        origins=json.loads(row["host_nodes"] or "[]"),
        meta={key: as_text(value) for key, value in keyvalues.items()},
    )
    return PinStatus(
        requestid=row["id"],
        status=status_of(row["status"]),
        created=from_micros(row["created"]),
        pin=pin,
        info=info,
    )

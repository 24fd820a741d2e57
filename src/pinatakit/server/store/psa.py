"""Pin objects, as the pinning service API sees what the store keeps.

A job is one, and so is a public file that no job has made.
"""

from __future__ import annotations

import builtins
import json
import re
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.protocol.psa import PinObject, PinStatus, status_of
from pinatakit.server.store import search
from pinatakit.server.store.records import Records
from pinatakit.server.store.search import Among, Condition, Search, Source, as_text
from pinatakit.server.store.values import from_micros, to_micros

_TICK: Final = timedelta(microseconds=1)

_JOBS: Final = """
SELECT id, cid, name, keyvalues, host_nodes, status, reason, queued AS created FROM job
WHERE status <> 'replaced'
"""
_FILES: Final = """
SELECT id, cid, name, keyvalues, NULL AS host_nodes, 'pinned' AS status, NULL AS reason, created FROM file
WHERE network = 'public' AND unpinned IS NULL AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = file.id)
"""
_A_JOB: Final = Condition(
    "EXISTS (SELECT 1 FROM job WHERE job.id = file.id)",
    (),
    Source("SELECT file.n AS n FROM job CROSS JOIN file ON file.id = job.id", ()),
)
_NO_JOB: Final = Condition("NOT EXISTS (SELECT 1 FROM job WHERE job.id = file.id)", but=_A_JOB)

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
        # Each of the two is read along its own indexes, and only as far as the page may reach.
        matching = f"FROM ({_JOBS}) WHERE {conditions}"
        count: int = self._records.read(f"SELECT count(*) {matching}", values)[0][0]
        rows = self._records.read(f"SELECT * {matching} ORDER BY created DESC LIMIT ?", (*values, limit))
        found = [_pin_status(row) for row in rows]
        if "pinned" in wanted.statuses:
            search = Search(self._records, _among(wanted), [*_of_files(wanted), _NO_JOB])
            count += search.count()
            ours = {pin.requestid for pin in found}  # a job may become a file in between
            newest = search.page(limit=limit)
            found += [_pin_status(row) for row in newest if row["id"] not in ours]
        found.sort(key=lambda pin: pin.created, reverse=True)
        return found[:limit], count

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


def _among(wanted: Wanted) -> Among:
    after = wanted.after and wanted.after + _TICK
    before = wanted.before and wanted.before - _TICK
    return Among("public", "pinned", after, before)


def _of_files(wanted: Wanted) -> builtins.list[Condition]:
    """What files must meet, which are all pinned."""
    conditions = [search.told_as(_among(wanted), key, text) for key, text in wanted.meta.items()]
    if wanted.cids:
        conditions.append(search.cids(wanted.cids))
    if wanted.name is not None and wanted.match == "exact":
        conditions.append(search.name_is(wanted.name))
    elif wanted.name is not None:
        whole, ignore_case = "partial" not in wanted.match, wanted.match.startswith("i")
        conditions.append(search.name_matches(wanted.name, whole=whole, ignore_case=ignore_case))
    return conditions


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _pin_status(row: sqlite3.Row) -> PinStatus:
    """A row of a job, or of a file."""
    job: dict[str, Any] = dict(row)
    keyvalues: dict[str, Any] = json.loads(row["keyvalues"] or "{}")
    status = job.get("status", "pinned")
    info = {} if status == "pinned" else {"pinata_pinjob_status": status}
    if job.get("reason"):
        info["status_details"] = job["reason"]
    pin = PinObject(
        cid=CID.parse(row["cid"]),
        name=row["name"],
        origins=json.loads(job.get("host_nodes") or "[]"),
        meta={key: as_text(value) for key, value in keyvalues.items()},
    )
    return PinStatus(
        requestid=row["id"],
        status=status_of(status),
        created=from_micros(row["created"]),
        pin=pin,
        info=info,
    )

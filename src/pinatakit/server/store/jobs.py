"""The queue of CIDs that shall be fetched and pinned, whichever API asked for them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.protocol import PinJob
from pinatakit.server.store.cars import Writing
from pinatakit.server.store.files import Files, Kept
from pinatakit.server.store.groups import NoSuchGroup
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, new_id, now_micros

POLICY: Final[dict[str, Any]] = {"regions": [{"id": "LOCAL", "desiredReplicationCount": 1}], "version": 1}
"""Where the local Pinata keeps things: in one place, once."""

PINNED: Final = "pinned"
REPLACED: Final = "replaced"
_AT_WORK: Final = "('prechecking', 'searching', 'retrieving')"
_OVER: Final = f"('{PINNED}', '{REPLACED}')"


class Job(NamedTuple):
    """A CID that is to be fetched now.

    Attributes:
        car: the number of the CAR with what has been fetched so far, if any.
        queued: when it was asked for, in microseconds since 1970.
    """

    id: str
    cid: CID
    name: str | None
    keyvalues: dict[str, Any]
    host_nodes: list[str]
    group_id: str | None
    car: int | None
    queued: int


class Jobs:
    """The queue of one store.

    Attributes:
        at_once: how many are worked on; the rest is ``backfilled``.
        changed: called after each change of what is to be done, in any thread.
    """

    def __init__(self, records: Records, files: Files) -> None:
        self._records = records
        self._files = files
        self.at_once = 250
        self.changed: Callable[[], object] = lambda: None

    def add(
        self,
        cid: CID,
        name: str | None,
        keyvalues: dict[str, Any],
        host_nodes: list[str],
        group_id: str | None,
        *,
        psa: bool = False,
        instead_of: str | None = None,
    ) -> PinJob | None:
        """Queue a CID; what is held already is pinned at once.

        With `psa` it is a pin object of its own, which stays when it is pinned. `instead_of`
        is the id of the pin object that it replaces; `None` is given where there is none.
        The content of the replaced one stays until the new one is pinned or has failed, so
        that what both have in common is not lost between them.

        Raises:
            ContentError: it is held, and is no file or folder.
        """
        id = new_id()
        self._files.pin_held(cid, name, keyvalues, group_id, id=id)

        def add(db: sqlite3.Connection) -> PinJob | None:
            if instead_of and not _has(db, instead_of):
                return None
            pinned = db.execute(
                "SELECT id FROM file WHERE cid = ? AND network = 'public' AND unpinned IS NULL", (str(cid),)
            ).fetchone()
            if pinned and not psa:
                return PinJob(
                    id=pinned[0],
                    cid=cid,
                    name=name,
                    status="prechecking",
                    keyvalues=keyvalues or None,
                    host_nodes=host_nodes or None,
                    group_id=group_id,
                    date_queued=from_micros(now_micros()),
                )
            at_work = db.execute(f"SELECT count(*) FROM job WHERE status IN {_AT_WORK}").fetchone()[0]
            waits = "prechecking" if at_work < self.at_once else "backfilled"
            row = db.execute(
                "INSERT INTO job (id, cid, name, keyvalues, host_nodes, group_id, status, queued, psa)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
                (
                    id,
                    str(cid),
                    name,
                    json.dumps(keyvalues) if keyvalues else None,
                    json.dumps(host_nodes) if host_nodes else None,
                    group_id,
                    PINNED if pinned else waits,
                    _moment(db),
                    psa,
                ),
            ).fetchone()
            if instead_of:
                self._replace(db, instead_of, id, at_once=pinned is not None)
            return as_pin_job(row)

        added = self._records.write(add).result()
        self.changed()
        return added

    def page(
        self, *, status: str | None, cid: str | None, ascending: bool, limit: int, after: str | None
    ) -> list[PinJob]:
        """Some of the jobs that match, behind the one with id `after`."""
        conditions, values = _conditions(status, cid)
        way, beyond = ("ASC", ">") if ascending else ("DESC", "<")
        if after:
            conditions += f" AND queued {beyond} (SELECT queued FROM job WHERE id = ?)"
            values.append(after)
        sql = f"SELECT * FROM job WHERE {conditions} ORDER BY queued {way} LIMIT ?"
        return [as_pin_job(row) for row in self._records.read(sql, (*values, limit))]

    def totals(self) -> list[tuple[str, int]]:
        """How many jobs are not over, by status."""
        sql = f"SELECT status, count(*) FROM job WHERE status NOT IN {_OVER} GROUP BY status ORDER BY status"
        return [(row[0], row[1]) for row in self._records.read(sql)]

    def cancel(self, id: str) -> bool:
        """Take out of the queue what is not pinned yet, or has failed; whether it was there."""

        def cancel(db: sqlite3.Connection) -> bool:
            found = db.execute(f"SELECT 1 FROM job WHERE id = ? AND status NOT IN {_OVER}", (id,)).fetchone()
            return found is not None and self._release(db, id)

        return self._changing(cancel)

    def remove(self, id: str) -> bool:
        """Remove a pin object, whatever its state; whether it was there.

        Content goes with the last pin object of it.
        """
        return self._changing(lambda db: _has(db, id) and self._release(db, id))

    def due(self) -> list[Job]:
        """What is to be fetched now, oldest first; what was backfilled moves up where there is room."""
        if self._records.read_one("SELECT 1 FROM job WHERE status = 'backfilled' LIMIT 1"):
            room = f"max(0, ? - (SELECT count(*) FROM job WHERE status IN {_AT_WORK}))"
            move_up = (
                "UPDATE job SET status = 'prechecking' WHERE id IN"
                f" (SELECT id FROM job WHERE status = 'backfilled' ORDER BY queued LIMIT {room})"
            )
            self._records.write(lambda db: db.execute(move_up, (self.at_once,))).result()
        rows = self._records.read(f"SELECT * FROM job WHERE status IN {_AT_WORK} ORDER BY queued")
        return [_job(row) for row in rows]

    def tell(self, id: str, status: str, reason: str | None = None, *, car: int | None = None) -> None:
        """Note how far a job is, why it is not further, and the CAR that it fills."""
        sql = "UPDATE job SET status = ?, reason = ?, car = coalesce(?, car) WHERE id = ?"
        self._records.write(lambda db: db.execute(sql, (status, reason, car, id))).result()

    def fail(self, id: str, status: str, reason: str, car: Writing | None) -> None:
        """Give a job up; what it has fetched goes."""

        def fail(db: sqlite3.Connection) -> None:
            if car:
                car.abandon(db)
            db.execute("UPDATE job SET status = ?, reason = ?, car = NULL WHERE id = ?", (status, reason, id))
            self._release_replaced(db, id)

        self._records.write(fail).result()

    def finish(self, job: Job, kept: Kept, car: Writing) -> None:
        """What a job has fetched is whole, and its CAR settled: pin it, unless the job is gone."""

        def finish(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM job WHERE id = ?", (job.id,)).fetchone():
                about = kept._replace(
                    id=job.id, name=job.name, keyvalues=job.keyvalues, group_id=job.group_id
                )
                try:
                    self._files.record(db, about, car)
                except NoSuchGroup:  # it was deleted meanwhile
                    self._files.record(db, about._replace(group_id=None), car)
                self._done(db, job.id)
            else:
                car.abandon(db)

        self._records.write(finish).result()

    def finish_held(self, job: Job) -> bool:
        """Pin what has come into the store on another way meanwhile; whether it has.

        Raises:
            ContentError: it is held, and is no file or folder.
        """

        def pin(group_id: str | None) -> bool:
            return self._files.pin_held(job.cid, job.name, job.keyvalues, group_id, id=job.id)

        try:
            held = pin(job.group_id)
        except NoSuchGroup:  # it was deleted meanwhile
            held = pin(None)
        if held:
            self._records.write(lambda db: self._done(db, job.id)).result()
        return held

    def leave(self, id: str, car: Writing) -> None:
        """Let go of a CAR that is not whole: it stays for the next start, unless its job is gone."""

        def leave(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM job WHERE id = ? AND car = ?", (id, car.number)).fetchone():
                car.close()
            else:
                car.abandon(db)

        try:
            car.flush()
        finally:
            self._records.write(leave).result()

    def list(
        self, *, status: str | None, cid: str | None, ascending: bool, limit: int, offset: int
    ) -> tuple[list[PinJob], int]:
        """Some of the jobs that match, and how many do in all."""
        conditions, values = _conditions(status, cid)
        count = self._records.read(f"SELECT count(*) FROM job WHERE {conditions}", values)[0][0]
        way = "ASC" if ascending else "DESC"
        rows = self._records.read(
            f"SELECT * FROM job WHERE {conditions} ORDER BY queued {way} LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [as_pin_job(row) for row in rows], count

    def _changing(self, work: Callable[[sqlite3.Connection], bool]) -> bool:
        changed = self._records.write(work).result()
        self.changed()
        return changed

    def _done(self, db: sqlite3.Connection, id: str) -> None:
        """A job is pinned: a pin object stays as such, another leaves the queue."""
        db.execute("DELETE FROM job WHERE id = ? AND NOT psa", (id,))
        db.execute("UPDATE job SET status = ?, reason = NULL, car = NULL WHERE id = ?", (PINNED, id))
        self._release_replaced(db, id)

    def _replace(self, db: sqlite3.Connection, old: str, new: str, *, at_once: bool) -> None:
        job = db.execute("SELECT status FROM job WHERE id = ?", (old,)).fetchone()
        if at_once or (job and job["status"] != PINNED):
            self._release(db, old)
        elif job:
            db.execute("UPDATE job SET status = ?, replaced_by = ? WHERE id = ?", (REPLACED, new, old))
        else:  # it was not queued but uploaded, and stands as a file alone
            db.execute(
                "INSERT INTO job (id, cid, status, queued, psa, replaced_by)"
                " SELECT id, cid, ?, ?, 1, ? FROM file WHERE id = ?",
                (REPLACED, _moment(db), new, old),
            )

    def _release(self, db: sqlite3.Connection, id: str) -> bool:
        """Drop a job or pin object, and its content where no other pin object has it."""
        db.execute("DELETE FROM job WHERE id = ?", (id,))
        self._release_replaced(db, id)
        file = db.execute("SELECT n, cid FROM file WHERE id = ? AND unpinned IS NULL", (id,)).fetchone()
        if file:
            heir = db.execute(
                f"SELECT id FROM job WHERE cid = ? AND status IN {_OVER} LIMIT 1", (file["cid"],)
            ).fetchone()
            if heir:
                db.execute("UPDATE file SET id = ? WHERE n = ?", (heir["id"], file["n"]))
            else:
                self._files.unpin(db, file["n"])
        return True

    def _release_replaced(self, db: sqlite3.Connection, id: str) -> None:
        for row in db.execute("SELECT id FROM job WHERE replaced_by = ?", (id,)).fetchall():
            self._release(db, row["id"])


def _moment(db: sqlite3.Connection) -> int:
    """Now in whole milliseconds, later than any job before: lists are paged by it (PSA 1.0.0)."""
    last: int | None = db.execute("SELECT max(queued) FROM job").fetchone()[0]
    return max(now_micros() // 1000 * 1000, (last or 0) + 1000)


def _has(db: sqlite3.Connection, id: str) -> bool:
    """Whether there is a pin object of this id: a job, or a file that no job made."""
    job = db.execute("SELECT status FROM job WHERE id = ?", (id,)).fetchone()
    if job:
        return bool(job["status"] != REPLACED)
    file = "SELECT 1 FROM file WHERE id = ? AND network = 'public' AND unpinned IS NULL"
    return db.execute(file, (id,)).fetchone() is not None


def _conditions(status: str | None, cid: str | None) -> tuple[str, list[Any]]:
    conditions = [f"status NOT IN {_OVER}"]
    values: list[Any] = []
    for column, value in (("status", status), ("cid", cid)):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    return " AND ".join(conditions), values


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        cid=CID.parse(row["cid"]),
        name=row["name"],
        keyvalues=json.loads(row["keyvalues"] or "{}"),
        host_nodes=json.loads(row["host_nodes"] or "[]"),
        group_id=row["group_id"],
        car=row["car"],
        queued=row["queued"],
    )


def as_pin_job(row: sqlite3.Row) -> PinJob:
    """A job as it is told of."""
    return PinJob(
        id=row["id"],
        cid=CID.parse(row["cid"]),
        date_queued=from_micros(row["queued"]),
        name=row["name"],
        status=row["status"],
        keyvalues=json.loads(row["keyvalues"]) if row["keyvalues"] else None,
        host_nodes=json.loads(row["host_nodes"]) if row["host_nodes"] else None,
        group_id=row["group_id"],
        reason=row["reason"],
        pin_policy=POLICY,
    )

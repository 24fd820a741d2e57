"""Files and pins as they are kept: one record each time content is pinned.

The older API calls them pins and knows those of the past, v3 calls them files and knows
those of now. Both are the same rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from pinatakit.content import CID, Kind, Root, Walk, links_size, walk_blocks
from pinatakit.protocol import File, Network, Pin, Upload, Usage, Where
from pinatakit.protocol.metadata import merge_keyvalues
from pinatakit.protocol.pins import Region
from pinatakit.server.media import DIRECTORY, sniff
from pinatakit.server.store import search
from pinatakit.server.store.cars import Cars, Writing
from pinatakit.server.store.groups import check_group
from pinatakit.server.store.records import Records
from pinatakit.server.store.search import Among, Condition, Search, as_number, as_text
from pinatakit.server.store.values import from_micros, new_id, now_micros, to_micros

_read: Final = msgspec.json.Decoder(dict[str, Any]).decode
_OF_FILE: Final = "id, name, cid, size, number_of_files, mime_type, group_id, keyvalues, created, expires"
_HERE: Final = (Region(region_id="LOCAL", current=1, desired=1),)


class Kept(NamedTuple):
    """Content that is about to be recorded."""

    root: Root
    name: str | None
    mime_type: str
    number_of_files: int
    network: Network = "public"
    keyvalues: Mapping[str, Any] = {}
    group_id: str | None = None
    expires_at: datetime | None = None
    id: str | None = None  # as the upload or the job was promised, where none has it yet
    created_at: datetime | None = None  # now, unless it comes from another store


class Filter(NamedTuple):
    """Which pins are asked for; what is `None` does not matter."""

    network: Network
    status: str = "all"
    cid_contains: str | None = None
    cid: str | None = None
    name: str | None = None
    where: Sequence[Where] = ()
    pinned: tuple[datetime | None, datetime | None] = (None, None)
    unpinned: tuple[datetime | None, datetime | None] = (None, None)
    size: tuple[int | None, int | None] = (None, None)
    group_id: str | None = None
    no_group: bool = False
    mime_type: str | None = None


class Files:
    """The files and pins of one store."""

    def __init__(self, records: Records, cars: Cars) -> None:
        self._records = records
        self._cars = cars
        self._expires: int | None = None
        self._look_ahead()

    def expire(self) -> None:
        """Unpin what has expired; costs nothing until the next file does."""
        now = now_micros()
        if self._expires is None or now < self._expires:
            return

        def expire(db: sqlite3.Connection) -> None:
            expired = (
                "UPDATE file SET unpinned = expires WHERE unpinned IS NULL AND expires <= ? RETURNING cid"
            )
            for row in db.execute(expired, (now,)).fetchall():
                self._forget(db, row["cid"])

        self._records.write(expire).result()
        self._look_ahead()

    def _look_ahead(self) -> None:
        sql = "SELECT min(expires) FROM file WHERE unpinned IS NULL AND expires IS NOT NULL"
        self._expires = self._records.read(sql)[0][0]

    def _forget(self, db: sqlite3.Connection, cid: str) -> None:
        """Drop content that nothing pins any more."""
        if not db.execute("SELECT 1 FROM file WHERE cid = ? AND unpinned IS NULL", (cid,)).fetchone():
            self._cars.forget(db, cid)

    def add(self, kept: Kept, car: Writing, *, finished: str | None = None) -> Future[Upload]:
        """Record content whose CAR is settled, and name its CAR, in one transaction.

        What is pinned already stays as it is, and the answer says so. `finished` is the
        resumable upload that thereby is.

        Raises:
            NoSuchGroup: (the future) the group it shall go into is not there.
        """
        return self._records.write(lambda db: self.record(db, kept, car, finished=finished))

    def record(
        self, db: sqlite3.Connection, kept: Kept, car: Writing, *, finished: str | None = None
    ) -> Upload:
        """Within a write: as `add`."""
        if kept.expires_at:
            self._records.after_commit(self._look_ahead)
        if kept.group_id:
            check_group(db, kept.network, kept.group_id)
        cid = str(kept.root.cid)
        row = db.execute(
            "SELECT * FROM file WHERE cid = ? AND network = ? AND unpinned IS NULL", (cid, kept.network)
        ).fetchone()
        whole = "SELECT 1 FROM car WHERE root = ? AND n NOT IN (SELECT car FROM damaged)"
        if db.execute(whole, (cid,)).fetchone():
            car.abandon(db)
        else:
            self._cars.forget(db, cid)
            car.keep(db, kept.root.cid)
        if finished:
            db.execute("UPDATE tus SET cid = ?, offset = length, state = x'' WHERE id = ?", (cid, finished))
        if row:
            return _upload(row, is_duplicate=True)
        return _upload(_insert(db, kept))

    def pin_held(
        self,
        cid: CID,
        name: str | None,
        keyvalues: Mapping[str, Any],
        group_id: str | None,
        *,
        id: str | None = None,
    ) -> bool:
        """Pin a DAG that is in a public CAR already, in a CAR of its own; whether it was.

        `id` is what the file is called by where one is made.

        Raises:
            ContentError: the DAG is no file or folder, or the store is damaged.
        """
        number = self._cars.find(cid, among="file.network = 'public'")
        if number is None:
            return False
        if self._pinned(cid):
            return True
        get = self._cars.getter(number)
        car = self._cars.write_known(cid)
        try:
            for block in walk_blocks(cid, get):
                car.put(block)
            kept = describe(cid, get)
            car.settle(kept.root)
            self.add(kept._replace(name=name, keyvalues=keyvalues, group_id=group_id, id=id), car).result()
        except BaseException:
            self._records.write(car.abandon).result()
            raise
        return True

    def _pinned(self, cid: CID) -> bool:
        sql = "SELECT 1 FROM file WHERE cid = ? AND network = 'public' AND unpinned IS NULL"
        return self._records.read_one(sql, (str(cid),)) is not None

    def uploaded(self, network: Network, cid: CID) -> datetime | None:
        """When content that is pinned was uploaded."""
        sql = "SELECT created FROM file WHERE cid = ? AND network = ? AND unpinned IS NULL"
        row = self._records.read_one(sql, (str(cid), network))
        return from_micros(row["created"]) if row else None

    def mime_type(self, network: Network, cid: CID) -> str | None:
        """The media type of content that is pinned."""
        sql = "SELECT mime_type FROM file WHERE cid = ? AND network = ? AND unpinned IS NULL"
        row = self._records.read_one(sql, (str(cid), network))
        return row["mime_type"] if row else None

    def get(self, network: Network, id: str) -> File | None:
        """One file of now."""
        row = self._records.glance(
            f"SELECT {_OF_FILE} FROM file WHERE id = ? AND network = ? AND unpinned IS NULL", (id, network)
        )
        return _file(row) if row else None

    def update(
        self,
        network: Network,
        id: str,
        *,
        name: str | None,
        keyvalues: Mapping[str, Any],
        expires: datetime | None,
    ) -> File | None:
        """Change one file of now; `None` when there is none.

        Raises:
            InputError: more than 10 key-values would be left.
        """

        def update(db: sqlite3.Connection) -> File | None:
            row = db.execute(
                "SELECT * FROM file WHERE id = ? AND network = ? AND unpinned IS NULL", (id, network)
            ).fetchone()
            return _file(_change(db, row, name, keyvalues, expires)) if row else None

        updated = self._records.write(update).result()
        if expires:
            self._look_ahead()
        return updated

    def update_pin(self, cid: CID, *, name: str | None, keyvalues: Mapping[str, Any]) -> bool:
        """Change a pin of now; whether there is one.

        Raises:
            InputError: more than 10 key-values would be left.
        """

        def update(db: sqlite3.Connection) -> bool:
            row = db.execute(
                "SELECT * FROM file WHERE cid = ? AND network = 'public' AND unpinned IS NULL", (str(cid),)
            ).fetchone()
            if row:
                _change(db, row, name, keyvalues, None)
            return row is not None

        return self._records.write(update).result()

    def delete(self, network: Network, *, id: str | None = None, cid: CID | None = None) -> bool:
        """Unpin by id or by CID; whether there was such a pin. Content nobody pins goes."""

        def delete(db: sqlite3.Connection) -> bool:
            row = db.execute(
                "UPDATE file SET unpinned = ? WHERE (id = ? OR cid = ?) AND network = ? AND unpinned IS NULL"
                " RETURNING cid",
                (now_micros(), id, str(cid) if cid else None, network),
            ).fetchone()
            if (
                row
                and not db.execute(
                    "SELECT 1 FROM file WHERE cid = ? AND unpinned IS NULL", (row["cid"],)
                ).fetchone()
            ):
                self._cars.forget(db, row["cid"])
            return row is not None

        return self._records.write(delete).result()

    def unpin(self, db: sqlite3.Connection, n: int) -> None:
        """Within a write: unpin one record. Content nobody pins goes."""
        sql = "UPDATE file SET unpinned = ? WHERE n = ? RETURNING cid"
        self._forget(db, db.execute(sql, (now_micros(), n)).fetchone()["cid"])

    def page(self, wanted: Filter, *, ascending: bool, limit: int, after: str | None) -> list[File]:
        """Some files in order of time, behind the one with id `after`."""
        found = _search(self._records, wanted).page(ascending=ascending, limit=limit, behind=after)
        return [_file(row) for row in found]

    def pins(
        self, wanted: Filter, *, limit: int, offset: int, user_id: str, counted: bool = True
    ) -> tuple[list[Pin], int | None]:
        """Some pins, newest first, and how many there are in all, where these are counted."""
        search = _search(self._records, wanted)
        found = search.page(limit=limit, offset=offset)
        return [_pin(row, user_id) for row in found], search.count() if counted else None

    def usage(self) -> Usage:
        """The totals of what is pinned now."""
        row = self._records.read(
            "SELECT coalesce(sum(files), 0), coalesce(sum(size), 0) FROM tally WHERE pinned"
        )[0]
        return Usage(pin_count=row[0], pin_size_total=row[1], pin_size_with_replications_total=row[1])

    def totals(self) -> list[tuple[Network, int, int]]:
        """Of each network, how many files are pinned, and the bytes of their blocks."""
        sql = "SELECT network, sum(files), sum(size) FROM tally WHERE pinned GROUP BY network"
        found = {row[0]: (row[1], row[2]) for row in self._records.read(sql)}
        networks: tuple[Network, ...] = ("public", "private")
        return [(network, *found.get(network, (0, 0))) for network in networks]


def describe(cid: CID, get: Callable[[CID], bytes]) -> Kept:
    """What a file or folder is, whose blocks were checked already.

    Raises:
        Malformed: it is neither.
    """
    walk = Walk(cid)
    steps = walk.leftover()
    dag_size = 0
    size = files = 0
    kind = Kind.FILE
    start = b""
    while True:
        for step in steps:
            if isinstance(step, bytes):
                start = start or step
                size += len(step)
            elif step.kind is Kind.FILE:
                files += 1
            elif not step.path:
                kind = step.kind
        if walk.wants is None:
            break
        wanted, block = walk.wants, get(walk.wants)
        dag_size = dag_size or len(block) + links_size(wanted, block)
        steps = walk.take(block)
    mime_type = DIRECTORY if kind is Kind.DIRECTORY else sniff(start, None)
    return Kept(Root(cid, size, dag_size), None, mime_type, files)


def _insert(db: sqlite3.Connection, kept: Kept) -> sqlite3.Row:
    created = to_micros(kept.created_at) if kept.created_at else now_micros()
    taken = kept.id and db.execute("SELECT 1 FROM file WHERE id = ?", (kept.id,)).fetchone()
    row: sqlite3.Row = db.execute(
        "INSERT INTO file (id, cid, network, name, size, dag_size, mime_type, number_of_files, group_id,"
        " keyvalues, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            kept.id if kept.id and not taken else new_id(),
            str(kept.root.cid),
            kept.network,
            kept.name,
            kept.root.size,
            kept.root.dag_size,
            kept.mime_type,
            kept.number_of_files,
            kept.group_id,
            json.dumps(dict(kept.keyvalues)),
            created,
            to_micros(kept.expires_at) if kept.expires_at else None,
        ),
    ).fetchone()
    make_searchable(db, row, kept.keyvalues)
    return row


def _change(
    db: sqlite3.Connection,
    row: sqlite3.Row,
    name: str | None,
    keyvalues: Mapping[str, Any],
    expires: datetime | None,
) -> sqlite3.Row:
    merged = merge_keyvalues(json.loads(row["keyvalues"]), keyvalues)
    changed: sqlite3.Row = db.execute(
        "UPDATE file SET name = ?, keyvalues = ?, expires = ? WHERE n = ? RETURNING *",
        (
            row["name"] if name is None else name,
            json.dumps(merged),
            to_micros(expires) if expires else row["expires"],
            row["n"],
        ),
    ).fetchone()
    db.execute("DELETE FROM keyvalue WHERE n = ?", (row["n"],))
    if words := _words(json.loads(row["keyvalues"])):
        gone = "INSERT INTO keyvalue_words (keyvalue_words, rowid, words) VALUES ('delete', ?, ?)"
        db.execute(gone, (row["n"], words))
    _find_by_keyvalues(db, row, merged)
    return changed


def make_searchable(db: sqlite3.Connection, row: sqlite3.Row, keyvalues: Mapping[str, Any]) -> None:
    """Within a write: let a new record be found by a part of its CID, and by its key-values."""
    db.execute("INSERT INTO file_cid (rowid, pieces) VALUES (?, ?)", (row["n"], search.pieces(row["cid"])))
    _find_by_keyvalues(db, row, keyvalues)


def _find_by_keyvalues(db: sqlite3.Connection, row: sqlite3.Row, keyvalues: Mapping[str, Any]) -> None:
    n, state = row["n"], search.state(row["network"], unpinned=row["unpinned"] is not None)
    rows = [(n, key, state, as_text(value), as_number(value)) for key, value in keyvalues.items()]
    db.executemany("INSERT INTO keyvalue (n, key, state, text, number) VALUES (?, ?, ?, ?, ?)", rows)
    if words := _words(keyvalues):
        db.execute("INSERT INTO keyvalue_words (rowid, words) VALUES (?, ?)", (n, words))


def _words(keyvalues: Mapping[str, Any]) -> str:
    return "".join(f"{as_text(value)}\n" for value in keyvalues.values())


def _search(records: Records, wanted: Filter) -> Search:
    """A filter as a search."""
    among = Among(wanted.network, wanted.status, *wanted.pinned)
    conditions: list[Condition] = []
    if wanted.no_group:
        conditions.append(Condition("file.group_id IS NULL"))
    if wanted.cid is not None:
        conditions.append(search.cids([wanted.cid]))
    for name, index in (("group_id", "file_grouped"), ("mime_type", "file_typed")):
        if (value := getattr(wanted, name)) is not None:
            conditions.append(search.column(name, value, index))
    if wanted.cid_contains is not None:
        conditions.append(search.cid_holds(among, wanted.cid_contains))
    if wanted.name is not None:
        conditions.append(search.name_holds(wanted.name))
    gone = [to_micros(moment) if moment else None for moment in wanted.unpinned]
    if gone != [None, None]:
        conditions.append(search.unpinned(*gone))
    if wanted.size != (None, None):
        conditions.append(search.sized(among, *wanted.size))
    conditions += [search.where(among, where) for where in wanted.where]
    return Search(records, among, conditions)


def _file(row: sqlite3.Row) -> File:
    return File(
        id=row["id"],
        name=row["name"],
        cid=CID.told(row["cid"]),
        size=row["size"],
        number_of_files=row["number_of_files"],
        mime_type=row["mime_type"],
        group_id=row["group_id"],
        keyvalues=_read(row["keyvalues"]),
        created_at=from_micros(row["created"]),
        expires_at=from_micros(row["expires"]) if row["expires"] else None,
    )


def _pin(row: sqlite3.Row, user_id: str) -> Pin:
    return Pin(
        id=row["id"],
        cid=CID.told(row["cid"]),
        size=row["dag_size"],
        user_id=user_id,
        date_pinned=from_micros(row["created"]),
        date_unpinned=from_micros(row["unpinned"]) if row["unpinned"] else None,
        name=row["name"],
        keyvalues=_read(row["keyvalues"]),
        regions=_HERE,
        mime_type=row["mime_type"],
        number_of_files=row["number_of_files"],
    )


def _upload(row: sqlite3.Row, *, is_duplicate: bool = False) -> Upload:
    return Upload(
        cid=CID.told(row["cid"]),
        id=row["id"],
        name=row["name"],
        size=row["size"],
        dag_size=row["dag_size"],
        number_of_files=row["number_of_files"],
        mime_type=row["mime_type"],
        group_id=row["group_id"],
        keyvalues=_read(row["keyvalues"]),
        network=row["network"],
        created_at=from_micros(row["created"]),
        is_duplicate=is_duplicate,
    )

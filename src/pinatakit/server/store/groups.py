"""Groups as they are kept. Which one a file is in, its own record says."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Literal

from pinatakit.protocol import Group, Network
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, new_id, now_micros


class NoSuchGroup(Exception):
    """There is no group with that id on that network."""

    def __init__(self, network: Network, id: str) -> None:
        super().__init__(f"There is no {network} group with the id {id!r}.")


class NoSuchFile(Exception):
    """There is no file with that id, or of that CID, on that network."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


def check_group(db: sqlite3.Connection, network: Network, id: str) -> None:
    """From within a write: see that files can be put into this group.

    Raises:
        NoSuchGroup: it is not there.
    """
    if not db.execute("SELECT 1 FROM file_group WHERE id = ? AND network = ?", (id, network)).fetchone():
        raise NoSuchGroup(network, id)


class Groups:
    """The groups of one store, on both networks."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, network: Network, name: str, *, is_public: bool = False) -> Group:
        """A new group, with nothing in it."""

        def create(db: sqlite3.Connection) -> Group:
            now = now_micros()
            values = (new_id(), network, name, is_public, now, now)
            row = db.execute(
                "INSERT INTO file_group VALUES (?, ?, ?, ?, ?, ?) RETURNING *", values
            ).fetchone()
            return _group(row)

        return self._records.write(create).result()

    def get(self, network: Network, id: str) -> Group:
        """One group.

        Raises:
            NoSuchGroup: it is not there.
        """
        row = self._records.read_one("SELECT * FROM file_group WHERE id = ? AND network = ?", (id, network))
        if row is None:
            raise NoSuchGroup(network, id)
        return _group(row)

    def page(
        self,
        network: Network,
        *,
        name: str | None = None,
        is_public: bool | None = None,
        limit: int,
        after: str | None = None,
        offset: int = 0,
    ) -> list[Group]:
        """Some groups, newest first, behind the one with id `after`; that one may be gone."""
        conditions = ["network = ?"]
        values: list[Any] = [network]
        for condition, value in (
            ("instr(lower(name), lower(?)) > 0", name),
            ("is_public = ?", is_public),
            ("id < ?", after),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        sql = f"SELECT * FROM file_group WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ? OFFSET ?"
        return [_group(row) for row in self._records.read(sql, (*values, limit, offset))]

    def update(self, network: Network, id: str, *, name: str | None, is_public: bool | None = None) -> Group:
        """Change one; what is `None` stays.

        Raises:
            NoSuchGroup: it is not there.
        """

        def update(db: sqlite3.Connection) -> Group:
            row = db.execute(
                "UPDATE file_group SET name = coalesce(?, name), is_public = coalesce(?, is_public),"
                " updated = ? WHERE id = ? AND network = ? RETURNING *",
                (name, is_public, now_micros(), id, network),
            ).fetchone()
            if row is None:
                raise NoSuchGroup(network, id)
            return _group(row)

        return self._records.write(update).result()

    def delete(self, network: Network, id: str) -> None:
        """Delete one; its files, and the CIDs that wait for it, are in no group then.

        Raises:
            NoSuchGroup: it is not there.
        """

        def delete(db: sqlite3.Connection) -> None:
            check_group(db, network, id)
            db.execute("DELETE FROM file_group WHERE id = ?", (id,))
            db.execute("UPDATE file SET group_id = NULL WHERE group_id = ?", (id,))
            db.execute("UPDATE job SET group_id = NULL WHERE group_id = ?", (id,))

        self._records.write(delete).result()

    def add(self, network: Network, id: str, files: Sequence[str], *, by: Literal["id", "cid"]) -> None:
        """Put files into a group, and so out of any other: all of them or none.

        Raises:
            NoSuchGroup: it is not there.
            NoSuchFile: one of them is not there.
        """
        self._put(network, id, files, by, "?1")

    def remove(self, network: Network, id: str, files: Sequence[str], *, by: Literal["id", "cid"]) -> None:
        """Take files out of a group, as far as they are in it: all of them or none.

        Raises:
            NoSuchGroup: it is not there.
            NoSuchFile: one of them is not there.
        """
        self._put(network, id, files, by, "nullif(group_id, ?1)")

    def _put(self, network: Network, id: str, files: Sequence[str], by: str, group: str) -> None:
        sql = f"UPDATE file SET group_id = {group} WHERE {by} = ?2 AND network = ?3 AND unpinned IS NULL"

        def put(db: sqlite3.Connection) -> None:
            check_group(db, network, id)
            for file in files:
                if not db.execute(sql, (id, file, network)).rowcount:
                    raise NoSuchFile(file)

        self._records.write(put).result()


def _group(row: sqlite3.Row) -> Group:
    return Group(
        id=row["id"],
        name=row["name"],
        is_public=bool(row["is_public"]),
        created_at=from_micros(row["created"]),
        updated_at=from_micros(row["updated"]),
    )

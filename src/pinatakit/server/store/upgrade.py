"""Upgrades: the database of an older version, read into one of this version.

What is kept is copied column by column; what is made of it, to count and to search by, is made anew.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from pinatakit.errors import PinataError
from pinatakit.server.store.files import make_searchable
from pinatakit.server.store.records import SCHEMA, VERSION

_log = logging.getLogger("pinatakit.store")

_MADE: Final = (
    "tally",
    "keyvalue",
    "key_tally",
)  # of `file`; what is searched for parts of words is no plain table


def upgrade(path: Path) -> None:
    """Bring a database to this version, whole or not at all; one of it, or a later one, is left alone.

    Nobody else may have the store. Needs twice as much room again as the database has, for the new one and for the log of SQLite.

    Raises:
        PinataError: it cannot be.
    """
    if not path.exists():
        return
    aside = path.with_name(f".{path.name}.upgrade")
    try:
        with closing(sqlite3.connect(path, timeout=30)) as old:
            version: int = old.execute("PRAGMA user_version").fetchone()[0]
            if not 0 < version < VERSION:
                return
            _log.warning("the data folder is of version %d, and becomes %d", version, VERSION)
            aside.unlink(missing_ok=True)
            with closing(sqlite3.connect(aside, isolation_level=None)) as new:
                _fill(new, path)
                old.execute("PRAGMA synchronous=FULL").close()
                new.backup(old)  # in a transaction
    except sqlite3.DatabaseError as error:
        raise PinataError(
            f"{str(path)!r} cannot be brought to version {VERSION}: {error}",
            hint="use the pinatakit that made it, or another folder",
        ) from None
    finally:
        aside.unlink(missing_ok=True)


def _fill(new: sqlite3.Connection, path: Path) -> None:
    new.row_factory = sqlite3.Row
    new.executescript(f"PRAGMA journal_mode=OFF; {SCHEMA} PRAGMA user_version={VERSION};")
    new.execute("ATTACH ? AS old", (str(path),))
    new.execute("BEGIN")
    for table in sorted(_tables(new, "main") & _tables(new, "old")):
        names = ", ".join(sorted(_columns(new, "main", table) & _columns(new, "old", table)))
        new.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM old.{table}")
    for row in new.execute("SELECT * FROM main.file"):
        make_searchable(new, row, json.loads(row["keyvalues"]))
    new.execute("COMMIT")
    new.execute("DETACH old")


def _tables(db: sqlite3.Connection, schema: str) -> set[str]:
    rows = db.execute(f"PRAGMA {schema}.table_list").fetchall()
    plain = {row["name"] for row in rows if row["type"] == "table" and row["schema"] == schema}
    return {name for name in plain if not name.startswith("sqlite_")}.difference(_MADE)


def _columns(db: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row["name"] for row in db.execute(f"PRAGMA {schema}.table_info({table})")}

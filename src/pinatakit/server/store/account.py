"""The account in an export: all that a store knows besides what is pinned, its names and its groups.

A line of JSON for each record, as the database has it. Of keys it holds salted hashes; the key that
signs JWTs and links, and the access tokens of gateways, it holds as they are.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from pinatakit.errors import InputError
from pinatakit.server.store.files import make_searchable
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, now_micros

NAME: Final = "account.jsonl"

_LINE: Final = 8 << 20  # bytes at most

# Each table and its columns, those that are referred to first, and which rows in which order.
_TABLES: Final = {
    "setting": ("name, value", ""),
    "key": ("id, name, key, secret, scopes, max_uses, uses, revoked, created, updated", ""),
    "file": (
        (
            "id, cid, network, name, size, dag_size, mime_type, number_of_files, group_id, keyvalues,"
            " created, unpinned, expires"
        ),
        "WHERE unpinned IS NOT NULL ORDER BY n",
    ),
    "job": (
        "id, cid, name, keyvalues, host_nodes, group_id, status, queued, psa, reason, replaced_by",
        "ORDER BY queued",
    ),
    "swap": ("cid, network, mapped, created", "ORDER BY n"),
    "gateway": ("id, domain, created", ""),
    "gateway_rule": ("id, gateway, kind, value, created", ""),
    "gateway_plugin": ("gateway, plugin", ""),
    "gateway_read": (
        "day, gateway, cid, file_name, user_agent, referer, status, requests, bandwidth",
        "",
    ),
    "vector": ("dimension, file.id AS file, weight", "JOIN file USING (n) WHERE unpinned IS NULL"),
    "instruction": ("id, version, name, description, requirements, created, deleted", ""),
    "paid": ("cid, instruction, created", ""),
    "signature": ("cid, network, signature", ""),
    "link": ("id, allowed, expires", ""),
}


class Account(msgspec.Struct, tag="account", tag_field="kind"):
    """The first line."""

    version: int
    made: datetime


class Row(msgspec.Struct, tag="row", tag_field="kind"):
    """A line for a record."""

    table: str
    values: dict[str, str | int | float | None]


class Rows(msgspec.Struct, tag="end", tag_field="kind"):
    """The last line; without it an account is not whole."""

    rows: int


_Line: TypeAlias = Account | Row | Rows

_line: Final = msgspec.json.Decoder(_Line)


def export_account(records: Records, to: Path) -> None:
    """Write the account, as it is at one moment, to a file that only this user can read."""
    rows = 0
    file = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out, records.unchanging() as db:

        def write(line: _Line) -> None:
            out.write(msgspec.json.encode(line) + b"\n")

        write(Account(1, from_micros(now_micros())))
        for table, (columns, which) in _TABLES.items():
            for row in db.execute(f"SELECT {columns} FROM {table} {which}"):
                rows += 1
                write(Row(table, dict(row)))
        write(Rows(rows))
        out.flush()
        os.fsync(out.fileno())


def check_account(records: Records, path: Path) -> None:
    """See that an account is whole, and that the store has none yet.

    Raises:
        InputError: it is not, or the store has keys.
    """
    if records.read_one("SELECT 1 FROM key"):
        raise InputError(
            "the store has keys of its own already", hint="import the account into a new data folder"
        )
    rows = 0
    first = last = None
    for line in _lines(path):
        first, last = first or line, line
        rows += isinstance(line, Row)
    if not isinstance(first, Account) or first.version != 1:
        raise InputError(f"{NAME} is of no export of version 1")
    if last != Rows(rows):
        raise InputError(f"{NAME} is not whole", hint="export again")


def take_account(records: Records, path: Path) -> None:
    """Take over an account that was checked, all of it or nothing, after the content; what is open sees it when opened again.

    Raises:
        InputError: it contradicts itself, or the store.
    """

    def take(db: sqlite3.Connection) -> None:
        for line in _lines(path):
            if isinstance(line, Row):
                _take(db, line)

    try:
        records.write(take).result()
    except sqlite3.IntegrityError as error:
        raise InputError(f"{NAME} cannot be of an export: {error}") from None


def _lines(path: Path) -> Iterator[_Line]:
    number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(_LINE):
                number += 1
                decoded = _line.decode(line)
                if isinstance(decoded, Row) and list(decoded.values) != _columns(decoded.table):
                    raise InputError(f"line {number} of {NAME} is none of an export")
                yield decoded
    except OSError as error:
        raise InputError(f"{NAME} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"line {number} of {NAME} is none of an export: {error}") from None


def _columns(table: str) -> list[str]:
    """How the values of a table's rows are called; nothing where there is no such table."""
    columns = _TABLES.get(table, ("", ""))[0]
    return [column.rpartition(" ")[2] for column in columns.split(", ")]


def _take(db: sqlite3.Connection, row: Row) -> None:
    if row.table == "vector":  # nothing where the file was refused
        sql = "INSERT INTO vector SELECT :dimension, n, :weight FROM file WHERE id = :file"
        db.execute(sql, row.values)
        return
    names = list(row.values)
    sql = f"INSERT OR REPLACE INTO {row.table}" if row.table == "setting" else f"INSERT INTO {row.table}"
    sql += f" ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)}) RETURNING *"
    taken = db.execute(sql, row.values).fetchone()
    if row.table == "file":
        make_searchable(db, taken, msgspec.json.decode(taken["keyvalues"]))

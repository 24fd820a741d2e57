"""Payment instructions as they are kept; deleted ones stay, unseen."""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from pinatakit.content import CID
from pinatakit.protocol.payments import PaidCID, PaymentInstruction, PaymentRequirement
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, new_id, now_micros


class Payments:
    """The payment instructions of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def list(
        self, *, name: str | None, id: str | None, cid: str | None, limit: int, after: str | None
    ) -> builtins.list[PaymentInstruction]:
        """Some instructions, newest first, behind the one with id `after`."""
        conditions, values = ["deleted IS NULL"], builtins.list[Any]()
        for condition, value in (
            ("name = ?", name),
            ("id = ?", id),
            ("id = (SELECT instruction FROM paid WHERE cid = ?)", cid),
            ("id < ?", after),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        sql = f"SELECT * FROM instruction WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?"
        return [_instruction(row) for row in self._records.read(sql, (*values, limit))]

    def get(self, id: str) -> PaymentInstruction | None:
        """One instruction."""
        row = self._records.read_one("SELECT * FROM instruction WHERE id = ? AND deleted IS NULL", (id,))
        return _instruction(row) if row else None

    def create(
        self, name: str, requirements: Sequence[PaymentRequirement], description: str | None
    ) -> PaymentInstruction:
        """A new instruction."""
        sql = (
            "INSERT INTO instruction (id, version, name, description, requirements, created)"
            " VALUES (?, 1, ?, ?, ?, ?) RETURNING *"
        )
        values = (new_id(), name, description, _text(requirements), now_micros())
        return self._records.write(lambda db: _instruction(db.execute(sql, values).fetchone())).result()

    def update(
        self,
        id: str,
        name: str | None,
        requirements: Sequence[PaymentRequirement] | None,
        description: str | None,
    ) -> PaymentInstruction:
        """Change what is given, and count the version up."""
        sql = (
            "UPDATE instruction SET version = version + 1, name = coalesce(?, name),"
            " description = coalesce(?, description), requirements = coalesce(?, requirements)"
            " WHERE id = ? RETURNING *"
        )
        text = None if requirements is None else _text(requirements)
        values = (name, description, text, id)
        return self._records.write(lambda db: _instruction(db.execute(sql, values).fetchone())).result()

    def delete(self, id: str) -> bool:
        """Delete one; whether no CID was behind it."""
        sql = (
            "UPDATE instruction SET deleted = ? WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM paid WHERE instruction = instruction.id)"
        )
        return self._records.write(lambda db: db.execute(sql, (now_micros(), id)).rowcount == 1).result()

    def cids(self, id: str, *, limit: int, after: str | None) -> builtins.list[str]:
        """Some CIDs behind an instruction, in their order, behind the CID `after`."""
        sql = "SELECT cid FROM paid WHERE instruction = ? AND cid > ? ORDER BY cid LIMIT ?"
        return [row["cid"] for row in self._records.read(sql, (id, after or "", limit))]

    def add_cid(self, id: str, cid: CID) -> PaidCID | None:
        """Put a CID behind an instruction; `None` where it is behind another."""

        def add(db: sqlite3.Connection) -> PaidCID | None:
            sql = "INSERT OR IGNORE INTO paid (cid, instruction, created) VALUES (?, ?, ?)"
            db.execute(sql, (str(cid), id, now_micros()))
            row = db.execute("SELECT * FROM paid WHERE cid = ?", (str(cid),)).fetchone()
            if row["instruction"] != id:
                return None
            return PaidCID(payment_instruction_id=id, cid=cid, created_at=from_micros(row["created"]))

        return self._records.write(add).result()

    def remove_cid(self, id: str, cid: CID) -> bool:
        """Take a CID from behind an instruction; whether it was."""
        sql = "DELETE FROM paid WHERE instruction = ? AND cid = ?"
        return self._records.write(lambda db: db.execute(sql, (id, str(cid))).rowcount == 1).result()


_requirements: Final = msgspec.json.Decoder(tuple[PaymentRequirement, ...]).decode


def _text(requirements: Sequence[PaymentRequirement]) -> str:
    return json.dumps([one.to_json() for one in requirements])


def _instruction(row: sqlite3.Row) -> PaymentInstruction:
    return PaymentInstruction(
        id=row["id"],
        version=row["version"],
        name=row["name"],
        description=row["description"],
        payment_requirements=_requirements(row["requirements"]),
        created_at=from_micros(row["created"]),
    )

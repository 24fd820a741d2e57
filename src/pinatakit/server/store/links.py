"""Presigned upload URLs: what each allows, until it expires."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

from pinatakit.server.store.records import Records
from pinatakit.server.store.values import new_id, now_micros

_AFTERWARDS: Final = 7 * 86_400  # seconds for which a resumable upload that began in time may go on


class Links:
    """The presigned upload URLs of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, allowed: Mapping[str, Any], expires: int) -> str:
        """Remember what an upload may be until `expires` (unix seconds); its id. Expired ones go."""
        id = new_id()
        text = json.dumps(dict(allowed), sort_keys=True)

        def add(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM link WHERE expires < ?", (now_micros() // 1_000_000 - _AFTERWARDS,))
            db.execute("INSERT INTO link VALUES (?, ?, ?)", (id, text, min(expires, 1 << 62)))

        self._records.write(add).result()
        return id

    def get(self, id: str) -> str | None:
        """What the upload of that id may be, as the JSON text that was signed."""
        row = self._records.read_one("SELECT allowed FROM link WHERE id = ?", (id,))
        return row["allowed"] if row else None

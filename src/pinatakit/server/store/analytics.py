"""Analytics as they are kept: one row for a day and all that is told of its requests.

Requests are counted in memory and written down now and then, so that a read of content waits
for no write. What a crash loses is what was counted since.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from pinatakit.protocol.analytics import Measure, Use
from pinatakit.server.store.records import Records

_MOST: Final = 1000  # kinds of request that are counted before they are written down


class Read(NamedTuple):
    """What is told of a request for content."""

    gateway: str
    cid: str
    file_name: str
    user_agent: str
    referer: str
    status: int


class Analytics:
    """What was read from one store."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._counted: dict[tuple[str, Read], tuple[int, int]] = {}
        self._written: Future[object] | None = None  # the last that was written down
        self._lock = threading.Lock()

    def count(self, read: Read, size: int) -> None:
        """Count a request, and the bytes of its answer."""
        key = (f"{datetime.now(UTC):%Y-%m-%d}", read)
        with self._lock:
            requests, bandwidth = self._counted.get(key, (0, 0))
            self._counted[key] = (requests + 1, bandwidth + size)
            full = len(self._counted) >= _MOST
        if full:
            self._write_down()

    def top(
        self,
        by: str,
        wanted: Mapping[str, str],
        days: tuple[date, date],
        *,
        sort_by: Measure,
        ascending: bool,
        limit: int,
    ) -> list[Use]:
        """The values of a column, those that were asked for most (or least) first."""
        condition, values = self._condition(wanted, days)
        sql = (
            f"SELECT {by} AS value, sum(requests) AS requests, sum(bandwidth) AS bandwidth FROM gateway_read"
            f" WHERE {condition} AND {by} <> '' GROUP BY 1"
            f" ORDER BY {sort_by} {'ASC' if ascending else 'DESC'}, value LIMIT ?"
        )
        return [
            Use(value=row["value"], requests=row["requests"], bandwidth=row["bandwidth"])
            for row in self._records.read(sql, (*values, limit))
        ]

    def days(self, wanted: Mapping[str, str], days: tuple[date, date]) -> dict[date, tuple[int, int]]:
        """Requests and bytes of each day that had any."""
        condition, values = self._condition(wanted, days)
        sql = (
            "SELECT day, sum(requests) AS requests, sum(bandwidth) AS bandwidth FROM gateway_read"
            f" WHERE {condition} GROUP BY day"
        )
        return {
            date.fromisoformat(row["day"]): (row["requests"], row["bandwidth"])
            for row in self._records.read(sql, values)
        }

    def close(self) -> None:
        """Write down what was only counted."""
        self._write_down(wait=True)

    def _condition(self, wanted: Mapping[str, str], days: tuple[date, date]) -> tuple[str, list[str]]:
        self._write_down(wait=True)
        names = "".join(f" AND {name} = ?" for name in wanted)
        return f"day BETWEEN ? AND ?{names}", [*(str(day) for day in days), *wanted.values()]

    def _write_down(self, *, wait: bool = False) -> None:
        sql = (
            "INSERT INTO gateway_read VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET requests = requests + excluded.requests, bandwidth = bandwidth + excluded.bandwidth"
        )
        with self._lock:
            counted, self._counted = self._counted, {}
            if counted:
                rows = [(day, *read, *totals) for (day, read), totals in counted.items()]
                self._written = self._records.write(lambda db: db.executemany(sql, rows))
        if wait and self._written:
            self._written.result()

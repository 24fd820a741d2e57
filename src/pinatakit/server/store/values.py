"""Times and ids, as they are kept."""

from __future__ import annotations

import os
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_micros() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000


def from_micros(micros: int) -> datetime:
    """A kept time as a moment."""
    return _EPOCH + timedelta(microseconds=micros)


def to_micros(moment: datetime) -> int:
    """A moment as it is kept."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


class _Ticks:
    """A clock of 4,096 ticks a millisecond that neither stands still nor goes back."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self._last = max(time.time_ns() * 4096 // 1_000_000, self._last + 1)
            return self._last


_ticks = _Ticks()


def new_id() -> str:
    """A UUID of version 7: newer ones sort behind older ones.

    Source: RFC 9562, sections 5.7 and 6.2 (method 3: the clock's finer digits come first).
    """
    millis, finer = divmod(_ticks.next(), 4096)
    rest = int.from_bytes(os.urandom(8), "big") >> 2
    return str(uuid.UUID(int=millis << 80 | 7 << 76 | finer << 64 | 2 << 62 | rest))

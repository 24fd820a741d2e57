"""Times and ids, as they are kept."""

from __future__ import annotations

import os
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


def new_id() -> str:
    """A UUID of version 7: newer ones sort behind older ones (RFC 9562)."""
    millis = time.time_ns() // 1_000_000
    bits = int.from_bytes(os.urandom(10), "big")
    return str(
        uuid.UUID(int=millis << 80 | 7 << 76 | (bits >> 64 & 0xFFF) << 64 | 2 << 62 | bits & ((1 << 62) - 1))
    )

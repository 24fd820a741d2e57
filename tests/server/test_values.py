"""Ids and times, as they are kept."""

from __future__ import annotations

import time
import uuid
from itertools import pairwise

from pinatakit.server.store.values import new_id


def test_ids_are_uuids_of_version_7_in_the_order_of_time():
    """RFC 9562, section 5.7: 48 bits of milliseconds since 1970 stand first."""
    before = time.time_ns() // 1_000_000
    ids = [new_id() for _ in range(1000)]
    after = time.time_ns() // 1_000_000 + 1  # a tick is 1/4096 ms, however fast they are made
    assert all(one < next for one, next in pairwise(ids))
    for id in ids:
        parsed = uuid.UUID(id)
        assert str(parsed) == id
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert before <= parsed.int >> 80 <= after


def test_ids_stay_in_order_when_the_clock_goes_back(monkeypatch):
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert first < new_id() < new_id()

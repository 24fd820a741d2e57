"""How fast a client asks: one limiter, shared by all its threads and tasks.

It keeps the time and does not wait: it names the moment at which a call may go, and takes a
moment back that nobody uses. What it does not know of the account, it learns from answers.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from heapq import heappop, heappush
from typing import Final

from pinatakit.protocol.limits import LISTS, PLANS, Lane, Rate, retry_after

LONGEST_WAIT: Final = 120.0  # seconds; a service that asks for more is reported instead
_MINUTE: Final = 60.0


class Limiter:
    """The moments at which calls go, a lane each. All times are of one steady clock, in seconds.

    `api` is the rate of the plan where it is known. A service that `has_plans` limits its lists
    as Pinata does, and a refusal tells its plan; of any other only its numbers count.
    """

    def __init__(self, api: Rate | None = None, *, has_plans: bool = False) -> None:
        few = LISTS if has_plans else None
        self._lanes: dict[Lane, _Lane] = {
            "api": _Lane(api, fixed=api is not None, has_plans=has_plans),
            "data": _Lane(few),
            "psa": _Lane(few),
            "gateway": _Lane(None),
            "web": _Lane(None),
        }
        self._lock = threading.Lock()

    def reserve(self, lane: Lane, now: float) -> float:
        """The moment at which the next call may go; it is taken."""
        with self._lock:
            return self._lanes[lane].reserve(now)

    def give_back(self, lane: Lane, moment: float) -> None:
        """A moment that was taken and is not used."""
        with self._lock:
            self._lanes[lane].give_back(moment)

    def shut(self, lane: Lane, moment: float) -> bool:
        """Whether the service has asked for silence beyond this moment, after it was taken."""
        return moment < self._lanes[lane].shut_until

    def heed(self, lane: Lane, status: int, headers: Mapping[str, str], now: float) -> None:
        """Learn from an answer: how many calls there may be, and for how long there may be none."""
        if lane == "web":
            return  # each host speaks for itself
        with self._lock:
            self._lanes[lane].heed(status, headers, now)


class _Lane:
    def __init__(self, rate: Rate | None, *, fixed: bool = False, has_plans: bool = False) -> None:
        self.rate = rate
        self._has_plans = has_plans
        self.shut_until = 0.0
        self._most = rate if fixed else None
        self._taken: deque[float] = deque()  # in order; of the last minute, and to come
        self._free: list[float] = []  # moments to come that were given back, the earliest first

    def reserve(self, now: float) -> float:
        moment = max(now, self.shut_until)
        while self._taken and self._taken[0] < now - _MINUTE:
            self._taken.popleft()
        while self._free and self._free[0] < moment:
            heappop(self._free)
        if self._free:
            moment = heappop(self._free)
            insort(self._taken, moment)
            return moment
        if self.rate and len(self._taken) >= self.rate.calls:
            moment = max(moment, self._taken[-self.rate.calls] + self.rate.seconds)
        if self._taken:
            moment = max(moment, self._taken[-1])
        self._taken.append(moment)
        return moment

    def give_back(self, moment: float) -> None:
        if moment in self._taken:  # else it is long past
            self._taken.remove(moment)
            heappush(self._free, moment)

    def heed(self, status: int, headers: Mapping[str, str], now: float) -> None:
        calls = _number(headers.get("x-ratelimit-limit"))
        if calls:
            told = Rate(int(calls), self.rate.seconds if self.rate else _MINUTE)
            self.rate = min(told, self._most) if self._most else told
        wait = retry_after(headers) if status == 429 else None
        if wait is None and headers.get("x-ratelimit-remaining") == "0":
            wait = _until_reset(headers)
        if wait and wait <= LONGEST_WAIT:
            self.shut_until = max(self.shut_until, now + wait)
        if status == 429 and self.rate is None and self._has_plans:
            self.rate = self._plan(now)

    def _plan(self, now: float) -> Rate:
        """The plan that a refusal without numbers speaks of: the largest that was used up in a minute."""
        sent = sum(moment <= now for moment in self._taken)
        used_up = [rate for rate in PLANS.values() if rate.seconds == _MINUTE and rate.calls <= sent]
        return max(used_up, default=PLANS["free"])


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the service counts anew, by its own clock where it tells it."""
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is None:
        return None
    try:
        its_now = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        its_now = datetime.now(UTC)
    return max(0.0, reset - its_now.timestamp())

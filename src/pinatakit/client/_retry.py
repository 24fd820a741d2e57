"""When a client asks again, and after how long. Only decisions: nothing waits here."""

from __future__ import annotations

import random
import threading
from typing import Any, Final

from pinatakit.client._limiter import LONGEST_WAIT
from pinatakit.protocol import Answer, Call
from pinatakit.protocol.limits import retry_after

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses that say: not now
_NOT_DONE: Final = frozenset({425, 429})  # of these, those that say that nothing was done
_LONGEST_PAUSE: Final = 20.0  # seconds
_BUDGET: Final = 100.0  # calls sent again without success, after which none is
_EARNED: Final = 0.2  # what a call earns that succeeds at once


class Retries:
    """How often the calls of one client are sent again.

    Each call is sent `attempts` times at most. All calls together have a budget: each further
    attempt takes one from it, and gives it back when it succeeds; a call that succeeds at once
    adds a fifth. A service that is down is thus not asked four times as often as one that is up.
    Where the service itself says when to ask again (429), that costs nothing.
    """

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        self._left = _BUDGET
        self._lock = threading.Lock()

    def after_answer(self, call: Call[Any], attempt: int, answer: Answer) -> float | None:
        """Seconds until the call may be sent again; `None` where the answer is to be taken."""
        status = answer.status
        if status not in _AGAIN:
            self._earn(attempt)
            return None
        if status == 500 and call.method in ("PUT", "DELETE"):
            return None  # the older API's way to refuse what it will never do
        if attempt >= self._attempts or not (call.repeatable or status in _NOT_DONE):
            return None
        told = retry_after(answer.headers)
        if told is not None and told > LONGEST_WAIT:
            return None
        if status != 429 and not self._spend():
            return None
        return pause(attempt) if told is None else told

    def after_silence(self, call: Call[Any], attempt: int, *, sent: bool) -> float | None:
        """Seconds until a call without answer may be sent again; `None` where it may not.

        `sent` is whether it may have reached the service.
        """
        if attempt >= self._attempts or (sent and not call.repeatable) or not self._spend():
            return None
        return pause(attempt)

    def _spend(self) -> bool:
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def _earn(self, attempt: int) -> None:
        with self._lock:
            self._left = min(_BUDGET, self._left + (_EARNED if attempt == 1 else 1))


def pause(attempt: int) -> float:
    """Seconds before the next attempt: up to 0.5, 1, 2, … with full jitter."""
    return random.uniform(0, min(0.25 * 2.0**attempt, _LONGEST_PAUSE))  # noqa: S311

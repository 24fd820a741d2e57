"""Limits: the plans' rates and sizes, kept as Pinata keeps them, where they are switched on.

A fixed window for each key and lane: the answers of the older API tell what is left of it, and
a call too many is refused with 429 and ``Retry-After``. An upload that is too large is with 413.
Source: Pinata's documentation, "Limits"; recorded headers (``X-RateLimit-*``, Unix seconds).
"""

from __future__ import annotations

import math
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pinatakit.protocol.account import FOLDER_MAX_FILES
from pinatakit.protocol.limits import LISTS, UPLOAD_LIMIT, Lane, Rate, lane
from pinatakit.protocol.refusals import RATE_LIMITED, older_envelope, v3_envelope
from pinatakit.protocol.uploads import V3_LIMIT
from pinatakit.server.access import Exchange
from pinatakit.server.endpoints import CONTENT
from pinatakit.server.ingest import Sizes
from pinatakit.server.request import json

_FREE: Final = (*CONTENT, "/-/")  # what is read by whoever has no key
_CREDENTIALS: Final = (b"authorization", b"pinata_api_key")
_V3: Final = Sizes(V3_LIMIT)  # of one form; what is larger goes by TUS
_OLDER: Final = Sizes(UPLOAD_LIMIT, FOLDER_MAX_FILES)


class Limits:
    """How many calls of a key a plan's rate allows; counted while they come."""

    def __init__(self, rate: Rate) -> None:
        self._rates: dict[Lane, Rate] = {"api": rate, "data": min(LISTS, rate), "psa": min(LISTS, rate)}
        self._windows: dict[tuple[str, Lane], tuple[float, int]] = {}

    def count(self, request: Request, exchange: Exchange) -> Response | None:
        """Count a call, whose answer tells what is left; a refusal where it is one too many."""
        path: str = request.scope["path"]
        if request.method == "OPTIONS" or path.startswith(_FREE):
            return None
        v3 = path.startswith("/v3/")
        request.scope["sizes"] = _V3 if v3 else _OLDER
        counted = lane(request.method, path)
        rate = self._rates[counted]
        left, reset = self._count(_who(exchange), counted, rate)
        if not v3:
            exchange.told += [
                (b"x-ratelimit-limit", b"%d" % rate.calls),
                (b"x-ratelimit-remaining", b"%d" % max(0, left)),
                (b"x-ratelimit-reset", b"%d" % math.ceil(reset)),
            ]
        if left >= 0:
            return None
        details = f"More than {rate.calls} requests in {rate.seconds:g} seconds."
        body = v3_envelope(429, details, exchange.id) if v3 else older_envelope(RATE_LIMITED, details)
        answer = json(body, 429)
        answer.headers["retry-after"] = str(max(1, math.ceil(reset - time.time())))
        return answer

    def _count(self, who: str, counted: Lane, rate: Rate) -> tuple[int, float]:
        """Count a call: how many are left, less than none if it is one too many, and when it starts anew."""
        now = time.time()
        reset, used = self._windows.get((who, counted), (0.0, 0))
        if now >= reset:
            self._windows = {key: window for key, window in self._windows.items() if window[0] > now}
            reset, used = now + rate.seconds, 0
        self._windows[who, counted] = (reset, used + 1)
        return rate.calls - used - 1, reset


def _who(exchange: Exchange) -> str:
    return next((value for name in _CREDENTIALS if (value := exchange.header(name))), "")

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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pinatakit.protocol.account import FOLDER_MAX_FILES
from pinatakit.protocol.limits import LISTS, UPLOAD_LIMIT, Lane, Rate, lane
from pinatakit.protocol.refusals import RATE_LIMITED, older_envelope, v3_envelope
from pinatakit.protocol.uploads import V3_LIMIT
from pinatakit.server.ingest import Sizes
from pinatakit.server.request import json

_CREDENTIALS: Final = ("authorization", "pinata_api_key")
_V3: Final = Sizes(V3_LIMIT)  # of one form; what is larger goes by TUS
_OLDER: Final = Sizes(UPLOAD_LIMIT, FOLDER_MAX_FILES)


class Limits:
    """An ASGI layer that lets through as many calls of a key as a plan's rate allows."""

    def __init__(self, app: ASGIApp, rate: Rate) -> None:
        self._app = app
        self._rates: dict[Lane, Rate] = {"api": rate, "data": min(LISTS, rate), "psa": min(LISTS, rate)}
        self._windows: dict[tuple[str, Lane], tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http" or scope["path"].startswith(("/ipfs/", "/-/")):
            await self._app(scope, receive, send)
            return
        scope["sizes"] = _V3 if scope["path"].startswith("/v3/") else _OLDER
        request = Request(scope)
        counted = lane(request.method, scope["path"])
        rate = self._rates[counted]
        left, reset = self._count(_who(request), counted, rate)
        headers = {
            "x-ratelimit-limit": str(rate.calls),
            "x-ratelimit-remaining": str(max(0, left)),
            "x-ratelimit-reset": str(math.ceil(reset)),
        }
        v3 = scope["path"].startswith("/v3/")
        if left < 0:
            details = f"More than {rate.calls} requests in {rate.seconds:g} seconds."
            body = (
                v3_envelope(429, details, scope["request_id"])
                if v3
                else older_envelope(RATE_LIMITED, details)
            )
            answer = json(body, 429)
            answer.headers["retry-after"] = str(max(1, math.ceil(reset - time.time())))
            answer.headers.update({} if v3 else headers)
            await answer(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and not v3:
                more = [(name.encode(), value.encode()) for name, value in headers.items()]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, tell)

    def _count(self, who: str, counted: Lane, rate: Rate) -> tuple[int, float]:
        """Count a call: how many are left, less than none if it is one too many, and when it starts anew."""
        now = time.time()
        reset, used = self._windows.get((who, counted), (0.0, 0))
        if now >= reset:
            self._windows = {key: window for key, window in self._windows.items() if window[0] > now}
            reset, used = now + rate.seconds, 0
        self._windows[who, counted] = (reset, used + 1)
        return rate.calls - used - 1, reset


def _who(request: Request) -> str:
    return next((value for name in _CREDENTIALS if (value := request.headers.get(name))), "")

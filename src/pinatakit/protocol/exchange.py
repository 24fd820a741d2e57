"""Exchange: what whoever watches a client is told of each request."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Exchange(msgspec.Struct, frozen=True):
    """One request that was sent, and what came of it; told when it is over.

    Attributes:
        method: such as ``GET``.
        url: what was asked, without query, and without a secret.
        attempt: 1 when it was sent for the first time.
        started: when it began; aware, UTC.
        seconds: from then to the end of the answer.
        status: the HTTP status, or `None` where no answer came.
        error: the kind of fault that ended it, such as ``ReadTimeout``, or `None`.
        request_id: the service's name for it.
    """

    method: str
    url: str
    attempt: int
    started: datetime
    seconds: float
    status: int | None = None
    error: str | None = None
    request_id: str | None = None

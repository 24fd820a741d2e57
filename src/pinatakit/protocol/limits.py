"""How often Pinata may be asked, and how much it takes: its plans' rates, and which of them counts for a request.

Source: Pinata's documentation, "Limits" (read 2026-06).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from pinatakit.errors import InputError
from pinatakit.protocol._call import Host

Lane: TypeAlias = Literal["api", "data", "psa", "gateway", "web"]
"""Requests that are counted together: the API and uploads, ``/data/*``, lists of ``/psa``, a gateway,
and other hosts, which are not Pinata's to limit."""


UPLOAD_LIMIT: Final = 25_000_000_000
"""Bytes of content that one upload may have."""


class Rate(NamedTuple):
    """So many calls in so many seconds."""

    calls: int
    seconds: float


PLANS: Final = {
    "free": Rate(60, 60),
    "picnic": Rate(250, 60),
    "fiesta": Rate(500, 60),
    "enterprise": Rate(100, 1),
}
LISTS: Final = Rate(30, 60)
"""``/data/*`` and lists of ``/psa``, on every plan."""


def lane(method: str, path: str, host: Host = "api") -> Lane:
    """Where a request counts."""
    if host == "gateway" or host == "web":
        return host
    if path.startswith("/data/"):
        return "data"
    return "psa" if method == "GET" and path == "/psa/pins" else "api"


def read_rate(told: str | int) -> Rate | None:
    """A plan's name, or requests a minute; ``0`` and ``none`` are no limit.

    Raises:
        InputError: it is neither.
    """
    text = str(told).strip().lower()
    if text in PLANS:
        return PLANS[text]
    if text in ("0", "none"):
        return None
    if not text.isascii() or not text.isdigit():
        raise InputError(
            f"a rate limit is not {told!r}", hint=f"one of {', '.join(PLANS)}, none, or requests a minute"
        )
    return Rate(int(text), 60)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait that the service told, as a number or as a date (RFC 9110, 10.2.3).

    A date is read by the service's own clock, where the answer has one.
    """
    told = headers.get("retry-after", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(told) - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None

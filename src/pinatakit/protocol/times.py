"""Moments in the service's two spellings. Always aware, always UTC, also where one names no zone."""

from __future__ import annotations

from datetime import UTC, datetime

from pinatakit.errors import InputError


def aware(moment: datetime) -> datetime:
    """The same moment with its zone: without one it is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def unix(moment: object, what: str) -> int:
    """Whole seconds since 1970, as v3 is told them.

    Raises:
        InputError: it is no moment; `what` is what it was given as.
    """
    if not isinstance(moment, datetime):
        raise InputError(
            f"{what} is a datetime, not {moment!r}", hint="without a zone it is UTC: datetime(2030, 12, 31)"
        )
    return int(aware(moment).timestamp())


def millis(moment: datetime) -> str:
    """As the older API writes it: ``2022-06-17T22:43:08.303Z``."""
    return aware(moment).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def micros(moment: datetime) -> str:
    """As v3 writes it: up to six digits, trailing zeros cut, as Go does (RFC 3339)."""
    if moment.tzinfo is not UTC:
        moment = aware(moment).astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26].rstrip("0").rstrip(".") + "Z"


def parse(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC.

    Raises:
        ValueError: the text is no date.
    """
    return aware(datetime.fromisoformat(text))

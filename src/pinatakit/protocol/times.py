"""Moments in the service's two spellings. Always aware, always UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def millis(moment: datetime) -> str:
    """As the older API writes it: ``2022-06-17T22:43:08.303Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def micros(moment: datetime) -> str:
    """As v3 writes it: up to six digits, trailing zeros cut, as Go does (RFC 3339)."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
    return text.rstrip("0").rstrip(".") + "Z"


def parse(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC.

    Raises:
        ValueError: the text is no date.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

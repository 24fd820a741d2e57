"""Times as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> int | None:
    """A time such as 90, 15m, 2h or 7d in seconds; `None` of any other text."""
    parts = re.fullmatch(r"(\d+)([smhd]?)", text)
    return int(parts[1]) * _UNITS[parts[2]] if parts else None


class Duration(click.ParamType[int]):
    """A time such as 90, 15m, 2h or 7d; seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        seconds = seconds_of(str(value))
        if seconds is None:
            self.fail(f"{value!r} is no time such as 90, 15m, 2h or 7d", param, ctx)
        return seconds


def read_moment(text: str, option: str) -> datetime:
    """A moment: a date, with or without a time (UTC where it names no zone), or so long from now.

    Raises:
        BadParameter: it is neither.
    """
    seconds = seconds_of(text)
    try:
        if seconds is not None:
            return datetime.now(UTC) + timedelta(seconds=seconds)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is neither a time such as 12h or 7d nor a date such as 2027-01-31", param_hint=option
        ) from None

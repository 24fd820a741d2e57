"""Conditions on key-values: how the service is asked, and whether they hold, which is told here too.

Source: Pinata API, "Data" (older API), "Query by metadata".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from pinatakit.protocol.metadata import Keyvalue, check_keyvalues

OPERATORS: Final = (
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "notBetween",
    "like",
    "notLike",
    "iLike",
    "notILike",
    "regexp",
    "iRegexp",
)
"""What a key-value can be asked for; ``between`` and ``notBetween`` take two values."""


class Where(NamedTuple):
    """A condition on one key-value; made by `kv`."""

    key: str
    op: str
    value: Keyvalue
    second: Keyvalue | None = None

    def to_json(self) -> dict[str, Any]:
        """As the service is asked."""
        asked: dict[str, Any] = {"value": self.value, "op": self.op}
        return asked if self.second is None else {**asked, "secondValue": self.second}

    def holds(self, keyvalues: Mapping[str, Any], *, text_alone: bool = False) -> bool:
        """Whether it holds of these: what the service does, done here.

        A number is compared with numbers, all else with text; patterns are held against the text
        of any value. Nothing holds of a key that is not there. With `text_alone`, which is all that
        v3 has, text that reads as a number is one where a number is asked for.
        """
        if (found := keyvalues.get(self.key)) is None:
            return False
        if match := _PATTERNS.get(self.op):
            return match(str(self.value), _as_text(found))
        numbers = _is_number(self.value)
        if numbers and text_alone:
            found = _as_number(found)
        if numbers != _is_number(found):
            return self.op == "ne"
        of_kind: Callable[[Any], Any] = float if numbers else _as_text
        value: Any = of_kind(found)
        low: Any = of_kind(self.value)
        if self.second is not None:
            return bool(low <= value <= of_kind(self.second)) == (self.op == "between")
        return bool(_COMPARED[self.op](value, low))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_number(text: str) -> float | str:
    """A text as a number, if it reads as one."""
    try:
        return float(text)
    except ValueError:
        return text


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def like_expression(pattern: str) -> str:
    """A regular expression that finds what an SQL LIKE pattern means: ``%`` is any letters, ``_`` one.

    What stands between two ``%`` is taken where it comes first, and looked for no further on: a later
    place leaves no more to the rest. So the time does not grow with a power of the text.
    """
    first, *rest = (
        "".join("." if sign == "_" else re.escape(sign) for sign in part) for part in pattern.split("%")
    )
    if rest:
        *middle, last = rest
        first += "".join(f"(?>.*?{part})" for part in middle if part) + f".*{last}"
    return rf"(?s:\A{first}\Z)"


def _is_like(pattern: str, text: str, flags: int = 0) -> bool:
    return re.search(like_expression(pattern), text, flags) is not None


_COMPARED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

_PATTERNS: Final[dict[str, Callable[[str, str], bool]]] = {
    "like": _is_like,
    "notLike": lambda pattern, text: not _is_like(pattern, text),
    "iLike": lambda pattern, text: _is_like(pattern, text, re.IGNORECASE),
    "notILike": lambda pattern, text: not _is_like(pattern, text, re.IGNORECASE),
    "regexp": lambda pattern, text: re.search(pattern, text) is not None,
    "iRegexp": lambda pattern, text: re.search(pattern, text, re.IGNORECASE) is not None,
}


def one_for_each_key(where: Iterable[Where] | Where) -> tuple[list[Where], list[Where]]:
    """Conditions that the older list takes, one for each key, and those that are left."""
    conditions = [where] if isinstance(where, Where) else list(where)
    told: dict[str, Where] = {}
    left = [one for one in conditions if told.setdefault(one.key, one) is not one]
    return list(told.values()), left


def equalities(
    where: Iterable[Where] | Where, keyvalues: Mapping[str, str] | None
) -> tuple[dict[str, str], list[Where]]:
    """What v3 takes of conditions, which is that a key-value equals a text, and those that are left."""
    equal = dict(keyvalues or {})
    left: list[Where] = []
    for one in [where] if isinstance(where, Where) else where:
        if one.op == "eq" and isinstance(one.value, str) and one.key not in equal:
            equal[one.key] = one.value
        else:
            left.append(one)
    return equal, left


class kv:  # noqa: N801  (reads as a word of a sentence: kv("stage") == "prod")
    """A key-value to be compared: ``kv("stage") == "prod"``, ``kv("score").between(1, 5)``.

    Numbers compare as numbers, text by its letters, dates as ISO 8601 text.
    """

    __hash__ = None  # type: ignore[assignment]  # == makes a condition, so this is no key

    def __init__(self, key: str) -> None:
        self.key = key

    def __eq__(self, value: Keyvalue | date) -> Where:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._where("eq", value)

    def __ne__(self, value: Keyvalue | date) -> Where:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._where("ne", value)

    def __gt__(self, value: Keyvalue | date) -> Where:
        return self._where("gt", value)

    def __ge__(self, value: Keyvalue | date) -> Where:
        return self._where("gte", value)

    def __lt__(self, value: Keyvalue | date) -> Where:
        return self._where("lt", value)

    def __le__(self, value: Keyvalue | date) -> Where:
        return self._where("lte", value)

    def between(self, low: Keyvalue | date, high: Keyvalue | date) -> Where:
        """From `low` to `high`, both included."""
        return self._where("between", low, high)

    def not_between(self, low: Keyvalue | date, high: Keyvalue | date) -> Where:
        """Below `low` or above `high`."""
        return self._where("notBetween", low, high)

    def like(self, pattern: str, *, ignore_case: bool = False) -> Where:
        """Text of this pattern; ``%`` stands for any letters, ``_`` for one."""
        return self._where("iLike" if ignore_case else "like", pattern)

    def not_like(self, pattern: str, *, ignore_case: bool = False) -> Where:
        """Text not of this pattern."""
        return self._where("notILike" if ignore_case else "notLike", pattern)

    def matches(self, pattern: str, *, ignore_case: bool = False) -> Where:
        """Text in which this regular expression is found."""
        return self._where("iRegexp" if ignore_case else "regexp", pattern)

    def _where(self, op: str, value: Keyvalue | date, second: Keyvalue | date | None = None) -> Where:
        values = check_keyvalues({"value": value, **({} if second is None else {"second": second})})
        return Where(self.key, op, values["value"], values.get("second"))

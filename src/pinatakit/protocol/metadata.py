"""Name and key-values: what one may attach to content, with the service's limits.

The client checks before a byte is sent, the local Pinata before a byte is kept, both here.
Source: Pinata's documentation, "Key-values" (10 at most; text, numbers, dates).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias, TypeGuard

from pinatakit.errors import InputError
from pinatakit.protocol.times import millis

Keyvalue: TypeAlias = str | int | float | bool
Keyvalues: TypeAlias = Mapping[str, Keyvalue | date | None]

MAX_KEYVALUES: Final = 10
_LARGEST: Final = sys.float_info.max


def check_name(name: object) -> str | None:
    """The name, if it can be one.

    Raises:
        InputError: it is no text, or cannot be written as UTF-8.
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise InputError(f"a name is text, not {type(name).__name__} {name!r}")
    if not _is_utf8(name):
        raise InputError(f"the name {name!r} is not UTF-8", hint="give another with name=…")
    return name


def _is_utf8(text: str) -> bool:
    """Whether it can be written: half of a surrogate pair, as bytes of a file name become, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_keyvalues(keyvalues: object, *, removing: bool = False, text_only: bool = False) -> dict[str, Any]:
    """Key-values as they are sent: dates as ISO 8601, the rest as it is.

    `removing` allows `None`, which takes a key away in an update. `text_only` is v3's
    rule that every value is text.

    Raises:
        InputError: more than 10, or a key or value of a wrong type; it names which.
    """
    if keyvalues is None:
        return {}
    if not _is_mapping(keyvalues):
        raise InputError(f"key-values are a mapping of names to values, not {type(keyvalues).__name__}")
    if len(keyvalues) > MAX_KEYVALUES:
        raise InputError(
            f"{len(keyvalues)} key-values; Pinata takes at most {MAX_KEYVALUES}",
            hint="put the rest into a JSON file and upload it beside",
        )
    checked: dict[str, Any] = {}
    for key, value in keyvalues.items():
        if not isinstance(key, str) or not key:
            raise InputError(f"a key of key-values is a text with letters in it, not {key!r}")
        if not (_is_utf8(key) and (not isinstance(value, str) or _is_utf8(value))):
            raise InputError(f"key-value {key!r} is {value!r}, and has letters that no UTF-8 can write")
        checked[key] = _value(key, value, removing, text_only)
    return checked


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _value(key: str, value: object, removing: bool, text_only: bool) -> Keyvalue | None:
    if isinstance(value, datetime):
        return millis(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None and removing:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        if not -_LARGEST <= value <= _LARGEST:  # nor is NaN
            shown = str(value) if isinstance(value, float) else "beyond any number of JavaScript"
            raise InputError(f"key-value {key!r} is {shown}, which JSON cannot hold")
        if not text_only:
            return value
        raise InputError(
            f"key-value {key!r} is {value!r}; here every value is text", hint=f"write {key!r}: {str(value)!r}"
        )
    raise InputError(
        f"key-value {key!r} is {value!r}, of type {type(value).__name__}",
        hint="values are text, numbers, true or false, and dates",
    )


def merge_keyvalues(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Key-values after an update: new ones added, given ones replaced, `None` taken away.

    Raises:
        InputError: more than 10 would be left.
    """
    merged = {key: value for key, value in {**old, **new}.items() if value is not None}
    if len(merged) > MAX_KEYVALUES:
        raise InputError(f"{len(merged)} key-values after the update; Pinata takes at most {MAX_KEYVALUES}")
    return merged

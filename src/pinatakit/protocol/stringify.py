"""JSON as the service stores it: what JavaScript's ``JSON.stringify`` prints.

Pinata parses the JSON it is given and stores it printed anew, compact, so the CID hangs on
how JavaScript prints: no spaces, keys that are whole numbers first and in order, numbers as
short as they go. Recorded at Pinata in 2022: ``{"file":"output/ens_airdrop_Nov8th2021.json"}``,
45 bytes.
Source: ECMA-262, JSON.stringify, Number::toString and OrdinaryOwnPropertyKeys.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from pinatakit.errors import InputError

_SAFE: Final = 2**53 - 1


def stringify(value: Any, *, lossy: bool = False) -> bytes:
    """The value as the service stores it.

    Whole numbers beyond 2**53 - 1, which JavaScript rounds, are refused, or rounded too
    where `lossy` says so.

    Raises:
        InputError: JSON cannot hold it, or not without loss; it says where.
    """
    try:
        return "".join(_print(value, "$", lossy)).encode()
    except RecursionError:
        raise InputError("the value is nested too deeply") from None


def _print(value: Any, place: str, lossy: bool) -> list[str]:
    match value:
        case None:
            return ["null"]
        case bool():
            return ["true" if value else "false"]
        case str():
            return [_text(value)]
        case int():
            if abs(value) > _SAFE:
                if lossy and abs(value) <= sys.float_info.max:
                    return [number(float(value), place)]
                raise InputError(
                    f"the number at {place} is {value}; JavaScript keeps whole numbers up to 2**53 - 1 only",
                    hint="write it as text, or upload the JSON as a file",
                )
            return [str(value)]
        case float():
            return [number(value, place)]
        case list() | tuple():
            items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
            out = ["["]
            for index, item in enumerate(items):
                out += [","] * bool(index) + _print(item, f"{place}[{index}]", lossy)
            return [*out, "]"]
        case Mapping():
            pairs: Mapping[Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
            out = ["{"]
            for index, key in enumerate(sorted(pairs, key=_key_order)):
                if not isinstance(key, str):
                    raise InputError(f"the key {key!r} at {place} is not text")
                out += [","] * bool(index) + [_text(key), ":"] + _print(pairs[key], f"{place}.{key}", lossy)
            return [*out, "}"]
        case _:
            raise InputError(
                f"the value at {place} is of type {type(value).__name__}, which JSON cannot hold"
            )


def _text(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    try:
        quoted.encode()
    except UnicodeEncodeError:  # lone surrogates are escaped, the rest is not
        return "".join(c if not "\ud800" <= c <= "\udfff" else f"\\u{ord(c):04x}" for c in quoted)
    return quoted


def _key_order(key: Any) -> tuple[int, int]:
    """Keys that are array indices come first, ascending; the rest keep their order (sorting is stable)."""
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 11:
        index = int(key)
        if str(index) == key and index < 2**32 - 1:
            return 0, index
    return 1, 0


def number(value: float, place: str = "$") -> str:
    """A number as JavaScript prints it."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 (NaN)
        raise InputError(f"the number at {place} is {value}, which JSON cannot hold")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"{'+' if point > 0 else '-'}{abs(point - 1)}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}e{power}"

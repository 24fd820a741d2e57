"""JSON as the service stores it: what JavaScript's ``JSON.stringify`` prints.

Pinata parses the JSON it is given and stores it printed anew, compact, so the CID hangs on
how JavaScript prints: no spaces, keys that are whole numbers first and in order, numbers as
short as they go. Recorded at Pinata in 2022: ``{"file":"output/ens_airdrop_Nov8th2021.json"}``,
45 bytes.
Source: ECMA-262, JSON.stringify, Number::toString and OrdinaryOwnPropertyKeys.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring
from typing import Any, Final, cast

from pinatakit.errors import InputError

_SAFE: Final = 2**53 - 1
_GATHER: Final = 1 << 12  # pieces
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def stringify(value: Any, *, lossy: bool = False) -> bytes:
    """The value as the service stores it.

    Whole numbers beyond 2**53 - 1, which JavaScript rounds, are refused, or rounded too
    where `lossy` says so; half a pair of surrogates, which is no letter, is refused, or escaped.

    Raises:
        InputError: JSON cannot hold it, or not without loss; it says where.
    """
    printer = _Printer(lossy=lossy)
    try:
        printer.print(value)
    except RecursionError:
        raise InputError("the value is nested too deeply") from None
    except _CannotPrint as error:
        place = "$" + "".join(reversed(error.way))
        raise InputError(f"the {error.what} at {place} {error.why}", hint=error.hint) from None
    return printer.finish()


class _CannotPrint(Exception):
    """What is wrong with a value, and the way to it, the last step first."""

    def __init__(self, what: str, why: str, hint: str | None = None) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why
        self.hint = hint
        self.way: list[str] = []


class _Printer:
    """Prints piece by piece; in memory is what is printed already, as bytes."""

    def __init__(self, *, lossy: bool) -> None:
        self._lossy = lossy
        self._pieces: list[str] = []
        self._printed = bytearray()

    def print(self, value: Any) -> None:
        """Print a value, and all that is in it."""
        kind = cast("type[object]", type(value))
        if kind is str:
            self._pieces.append(encode_basestring(value))
        elif kind is int:
            self._pieces.append(str(value) if -_SAFE <= value <= _SAFE else self._large(value))
        elif kind is dict:
            self._object(value)
        elif kind is list:
            self._array(value)
        else:
            self._pieces.append(self._other(value))

    def finish(self) -> bytes:
        """All that was printed."""
        self._gather()
        return bytes(self._printed)

    def _array(self, items: Iterable[Any]) -> None:
        self._pieces.append("[")
        for index, item in enumerate(items):
            if index:
                self._pieces.append(",")
            try:
                self.print(item)
            except _CannotPrint as error:
                error.way.append(f"[{index}]")
                raise
        self._pieces.append("]")
        if len(self._pieces) > _GATHER:
            self._gather()

    def _object(self, pairs: Mapping[Any, Any]) -> None:
        sign = "{"
        for key in sorted(pairs, key=key_order) if pairs else ():
            if not isinstance(key, str):
                raise _CannotPrint(f"key {key!r}", "is not text")
            self._pieces += (sign, encode_basestring(key), ":")
            sign = ","
            try:
                self.print(pairs[key])
            except _CannotPrint as error:
                error.way.append(f".{key}")
                raise
        self._pieces.append("}" if sign == "," else "{}")

    def _other(self, value: Any) -> str:
        """What is rarer, and subclasses."""
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case str():
                return encode_basestring(str(value))
            case int():
                return str(int(value)) if -_SAFE <= value <= _SAFE else self._large(value)
            case float() if math.isfinite(value):
                return number(value)
            case float():
                raise _CannotPrint("number", f"is {value}, which JSON cannot hold")
            case _:
                pass
        if isinstance(value, list | tuple):
            self._array(value)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, Mapping):
            self._object(value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            raise _CannotPrint("value", f"is of type {type(value).__name__}, which JSON cannot hold")
        return ""

    def _large(self, value: int) -> str:
        if self._lossy and abs(value) <= sys.float_info.max:
            return number(float(value))
        raise _CannotPrint(
            "number",
            f"is {value}; JavaScript keeps whole numbers up to 2**53 - 1 only",
            hint="write it as text, or upload the JSON as a file",
        )

    def _gather(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        try:
            self._printed += text.encode()
        except UnicodeEncodeError as error:
            if not self._lossy:
                around = text[max(0, error.start - 20) : error.end + 20]
                raise InputError(
                    f"{around!r} has half a pair of surrogates, which is no letter: not every service takes it",
                    hint="replace it, or upload the JSON as a file",
                ) from None
            self._printed += _SURROGATE.sub(lambda one: f"\\u{ord(one[0]):04x}", text).encode()


def key_order(key: Any) -> tuple[int, int]:
    """Keys that are array indices come first, ascending; the rest keep their order (sorting is stable)."""
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 11:
        index = int(key)
        if str(index) == key and index < 2**32 - 1:
            return 0, index
    return 1, 0


def number(value: float) -> str:
    """A number as JavaScript prints it; it is finite."""
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

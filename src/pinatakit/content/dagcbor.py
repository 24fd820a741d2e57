"""DAG-CBOR: CAR headers are made of it, and blocks may be. Read strictly: each value has one form.

Source: ipld.io/specs/codecs/dag-cbor.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from pinatakit.content.cid import CID
from pinatakit.errors import InvalidCID, Malformed

_MAX_DEPTH: Final = 256  # the specification has no bound; each level is a call
_MAX_VALUES: Final = 1 << 18  # a list costs 88 bytes of memory for each byte it was read from
_CID_TAG: Final = 42


def encode_car_header(roots: Sequence[CID]) -> bytes:
    """The header of a CARv1, ``{"roots": [...], "version": 1}``, keys in canonical order."""
    out = [b"\xa2\x65roots", _head(4, len(roots))]
    for root in roots:
        data = b"\0" + bytes(root)  # the identity multibase prefix that the tag asks for
        out += b"\xd8\x2a", _head(2, len(data)), data
    return b"".join(out) + b"\x67version\x01"


def encode(value: Any) -> bytes:
    """A value as DAG-CBOR: the inverse of `decode`.

    Raises:
        Malformed: it holds something that DAG-CBOR has no form for, or is too deep.
    """
    try:
        return _encode(value)
    except RecursionError:
        raise Malformed("a value is too deep for DAG-CBOR") from None


def _encode(value: Any) -> bytes:
    match value:
        case None | False | True:
            return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
        case int() if 0 <= value < 1 << 64:
            return _head(0, value)
        case int() if -1 << 64 <= value < 0:
            return _head(1, -1 - value)
        case float() if math.isfinite(value):
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            text = value.encode("utf-8", "surrogateescape")
            return _head(3, len(text)) + text
        case CID():
            return b"\xd8\x2a" + _encode(b"\0" + bytes(value))
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            return _head(4, len(items)) + b"".join(map(_encode, items))
        case dict():
            mapping = cast("dict[str, Any]", value)
            pairs = sorted((_encode(key), _encode(item)) for key, item in mapping.items())
            pairs.sort(key=lambda pair: len(pair[0]))
            return _head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
        case _:
            raise Malformed(f"DAG-CBOR has no form for {value!r}")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + number.to_bytes(size, "big")


def decode(data: bytes) -> Any:
    """The value that fills the data: numbers, text, bytes, lists, maps, CIDs, floats, true, false, null.

    Raises:
        Malformed: it is not DAG-CBOR, deeper than 256 levels, or of more than 262,144 values.
    """
    value, end = _decode(data, 0, 0, iter(range(_MAX_VALUES)))
    if end != len(data):
        raise Malformed(f"{len(data) - end} bytes follow the CBOR value")
    return value


def _decode(data: bytes, at: int, depth: int, room: Iterator[int]) -> tuple[Any, int]:
    """The value that starts at `at`, and the place behind it; `room` is what may still be read."""
    if depth > _MAX_DEPTH:
        raise Malformed(f"CBOR deeper than {_MAX_DEPTH} levels")
    if next(room, None) is None:
        raise Malformed(f"CBOR of more than {_MAX_VALUES:,} values")
    if at >= len(data):
        raise Malformed("CBOR is cut short")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        if info == 27 and at + 8 <= len(data):
            value: float = struct.unpack(">d", data[at : at + 8])[0]
            if not math.isfinite(value):
                raise Malformed("CBOR holds a number that is not finite")
            return value, at + 8
        simple = {20: False, 21: True, 22: None}
        if info not in simple:
            raise Malformed("CBOR holds a short float or an unknown simple value")
        return simple[info], at
    number, at = _number(data, at, info)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        if at + number > len(data):
            raise Malformed("CBOR is cut short")
        piece = data[at : at + number]
        try:
            return (piece if major == 2 else piece.decode()), at + number
        except UnicodeDecodeError:
            raise Malformed("CBOR text is not UTF-8") from None
    if major == 4:
        items: list[Any] = []
        if number > len(data) - at:
            raise Malformed("CBOR is cut short")
        for _ in range(number):
            item, at = _decode(data, at, depth + 1, room)
            items.append(item)
        return items, at
    if major == 5:
        mapping: dict[str, Any] = {}
        if number > len(data) - at:
            raise Malformed("CBOR is cut short")
        last = (0, b"")
        for _ in range(number):
            start = at
            key, at = _decode(data, at, depth + 1, room)
            if not isinstance(key, str) or key in mapping:
                raise Malformed("a CBOR map has a key twice, or one that is not text")
            order = (at - start, data[start:at])  # canonical: shorter keys first, then by bytes
            if order < last:
                raise Malformed("a CBOR map has its keys out of order")
            last = order
            mapping[key], at = _decode(data, at, depth + 1, room)
        return mapping, at
    inner, at = _decode(data, at, depth + 1, room)
    if number != _CID_TAG or not isinstance(inner, bytes) or inner[:1] != b"\0":
        raise Malformed(f"CBOR tag {number} is not a CID")
    try:
        return CID.from_bytes(inner[1:]), at
    except InvalidCID as error:
        raise Malformed(f"a CID in CBOR: {error.message}") from None


def _number(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise Malformed("CBOR of indefinite length")
    size = 1 << info - 24
    if at + size > len(data):
        raise Malformed("CBOR is cut short")
    number = int.from_bytes(data[at : at + size], "big")
    if number < (24 if size == 1 else 1 << 4 * size):
        raise Malformed("a CBOR number is longer than it needs to be")
    return number, at + size


def links(value: Any) -> Iterator[CID]:
    """The CIDs in a decoded value, in order."""
    left: list[Any] = [value]
    while left:
        match left.pop():
            case CID() as cid:
                yield cid
            case list() as items:  # pyright: ignore[reportUnknownVariableType]
                left += reversed(items)  # pyright: ignore[reportUnknownArgumentType]
            case dict() as mapping:  # pyright: ignore[reportUnknownVariableType]
                left += reversed(mapping.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
            case _:
                pass

"""Ranges: which bytes a request wants, of a file (RFC 9110, 14) or of a DAG (``entity-bytes``).

Sources: RFC 9110, sections 13 and 14; specs.ipfs.tech/http-gateways/trustless-gateway.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from pinatakit.server.refusal import Refusal

_RANGE: Final = re.compile(r"(\d{0,18})-(\d{0,18})\Z")
_ENTITY: Final = re.compile(r"(-?\d{1,18}):(-?\d{1,18}|\*)\Z")
_MOST: Final = 32  # ranges in one request


class Range(NamedTuple):
    """Bytes from `start` to `stop`, which is not included."""

    start: int
    stop: int


def read_ranges(text: str, size: int) -> list[Range] | Literal["unsatisfiable"] | None:
    """The bytes a ``Range`` header asks for; `None` where it is to be passed over.

    It is, where it is malformed, and where it asks for too much: for many ranges, or for more
    bytes than there are.
    """
    unit, sign, listed = text.replace(" ", "").partition("=")
    asked = listed.split(",")
    if unit.lower() != "bytes" or not sign or len(asked) > _MOST:
        return None
    ranges: list[Range] = []
    for one in asked:
        found = _RANGE.match(one)
        if not found or found.groups() == ("", ""):
            return None
        first, last = found.groups()
        if not first:
            start, stop = max(0, size - int(last)), size
        else:
            start, stop = int(first), min(int(last) + 1, size) if last else size
            if last and int(last) < int(first):
                return None
        if start < stop:
            ranges.append(Range(start, stop))
    if not ranges:
        return "unsatisfiable"
    return ranges if len(ranges) == 1 or sum(stop - start for start, stop in ranges) <= size else None


def read_entity_bytes(text: str, size: int) -> Range:
    """The bytes of a file that ``entity-bytes`` asks for: both ends included, below 0 from the end.

    Raises:
        Refusal: it is malformed.
    """
    found = _ENTITY.match(text)
    if not found:
        raise Refusal(
            400, "ERR_FORMAT", f'"entity-bytes" is from:to, such as 0:1023 or -1024:*, not {text!r}'
        )
    first = int(found[1])
    start = min(size, first) if first >= 0 else max(0, size + first)
    if found[2] == "*":
        return Range(start, size)
    last = int(found[2])
    stop = min(size, last + 1) if last >= 0 else max(0, size + last + 1)
    return Range(start, max(start, stop))


class Multipart:
    """A body of several ranges (``multipart/byteranges``)."""

    def __init__(self, ranges: list[Range], *, kind: str, size: int, boundary: str) -> None:
        self.heads = [
            f"--{boundary}\r\ncontent-type: {kind}\r\n"
            f"content-range: bytes {start}-{stop - 1}/{size}\r\n\r\n".encode()
            for start, stop in ranges
        ]
        self.end = f"--{boundary}--\r\n".encode()
        self.media_type = f"multipart/byteranges; boundary={boundary}"
        bodies = sum(stop - start + 2 for start, stop in ranges)
        self.length = sum(map(len, self.heads)) + bodies + len(self.end)

"""DAG-JSON: JSON in which ``{"/": "bafy…"}`` is a link, and ``{"/": {"bytes": "…"}}`` is bytes.

Source: ipld.io/specs/codecs/dag-json.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final, NoReturn, cast

from pinatakit.content.cid import CID
from pinatakit.errors import InvalidCID, Malformed

_MAX_LINKS: Final = 1 << 16


def links(block: bytes) -> list[CID]:
    """The CIDs that a block links to, in order.

    Raises:
        Malformed: it is not DAG-JSON, or has more than 65,536 links.
    """
    found: list[CID] = []
    try:
        _find(_load(block), found)
    except (ValueError, RecursionError, InvalidCID) as error:
        raise Malformed(f"a block is not DAG-JSON: {error}") from None
    return found


def _find(value: Any, found: list[CID]) -> None:
    match value:
        case {"/": str(text)} if len(value) == 1:
            if len(found) >= _MAX_LINKS:
                raise Malformed(f"more than {_MAX_LINKS:,} links")
            found.append(CID.parse(text))
        case dict():
            for item in value.values():  # pyright: ignore[reportUnknownVariableType]
                _find(item, found)
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]
                _find(item, found)
        case _:
            return


def decode(block: bytes) -> Any:
    """The value of a block: numbers, text, bytes, lists, maps, CIDs, floats, true, false, null.

    Raises:
        Malformed: it is not DAG-JSON.
    """
    try:
        return _plain(_load(block))
    except (ValueError, RecursionError, InvalidCID) as error:
        raise Malformed(f"a block is not DAG-JSON: {error}") from None


def encode(value: Any) -> bytes:
    """A value as DAG-JSON: keys sorted by their bytes, no spaces.

    Raises:
        Malformed: it holds a number that is not finite, or is too deep.
    """
    try:
        text = json.dumps(_special(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"DAG-JSON has no form for a value: {error}") from None
    return text.encode("utf-8", "surrogateescape")


def _plain(value: Any) -> Any:
    match value:
        case {"/": str(text)} if len(value) == 1:
            return CID.parse(text)
        case {"/": {"bytes": str(text)}} if len(value) == 1:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        case dict():
            mapping = cast("dict[str, Any]", value)
            return {key: _plain(item) for key, item in mapping.items()}
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            return [_plain(item) for item in items]
        case _:
            return value


def _special(value: Any) -> Any:
    match value:
        case CID():
            return {"/": str(value)}
        case bytes():
            return {"/": {"bytes": base64.b64encode(value).decode().rstrip("=")}}
        case dict():
            mapping = cast("dict[str, Any]", value)
            ordered = sorted(mapping.items(), key=lambda pair: pair[0].encode("utf-8", "surrogateescape"))
            return {key: _special(item) for key, item in ordered}
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            return [_special(item) for item in items]
        case _:
            return value


def _load(block: bytes) -> Any:
    return json.loads(str(block, "utf-8"), parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")

"""DAG-JSON: JSON in which ``{"/": "bafy…"}`` is a link. Only its links are of interest here.

Source: ipld.io/specs/codecs/dag-json.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

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
        _find(json.loads(str(block, "utf-8"), parse_constant=_refuse), found)
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


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")

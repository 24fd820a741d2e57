"""DAG-JSON: JSON in which ``{"/": "bafy…"}`` is a link. Only its links are of interest here.

Source: ipld.io/specs/codecs/dag-json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pinatakit.content.cid import CID
from pinatakit.errors import InvalidCID, Malformed


def links(block: bytes) -> list[CID]:
    """The CIDs that a block links to, in order.

    Raises:
        Malformed: it is not DAG-JSON.
    """
    try:
        return list(_links(json.loads(block)))
    except (ValueError, RecursionError, InvalidCID) as error:
        raise Malformed(f"a block is not DAG-JSON: {error}") from None


def _links(value: Any) -> Iterator[CID]:
    match value:
        case {"/": str(text)} if len(value) == 1:
            yield CID.parse(text)
        case dict():
            for item in value.values():  # pyright: ignore[reportUnknownVariableType]
                yield from _links(item)
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]
                yield from _links(item)
        case _:
            return

"""Vectors: files of a group, found by what they say.

Source: Pinata API v3, "Vector storage" (beta).
"""

from __future__ import annotations

from typing import Any, Final

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, as_json, nothing, reads_data
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id
from pinatakit.protocol.shapes import is_text

MAX_MATCHES: Final = 20


class Match(Record, frozen=True, kw_only=True):
    """A file that says something like what was asked.

    Attributes:
        score: how alike, 1 at most; to be compared within one answer.
    """

    file_id: str
    cid: CID
    score: float

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {"file_id": self.file_id, "cid": str(self.cid), "score": self.score}


def vectorize_file(file_id: str) -> Call[None]:
    """``POST /v3/vectorize/files/{file_id}``."""
    return Call("POST", f"/v3/vectorize/files/{check_id(file_id)}", nothing, host="uploads")


def delete_vectors(file_id: str) -> Call[None]:
    """``DELETE /v3/vectorize/files/{file_id}``."""
    return Call("DELETE", f"/v3/vectorize/files/{check_id(file_id)}", nothing, host="uploads")


def query_vectors(group_id: str, text: str) -> Call[list[Match]]:
    """``POST /v3/vectorize/groups/{group_id}/query``."""
    if not is_text(text):
        raise InputError(f"there is nothing to look for in {text!r}")

    def matches(data: Any) -> list[Match]:
        return [record(one, Match) for one in data.get("matches") or ()]

    path = f"/v3/vectorize/groups/{check_id(group_id, 'a group')}/query"
    body = as_json({"text": text})
    return Call("POST", path, reads_data(matches), body=body, headers=JSON_TYPE, host="uploads")

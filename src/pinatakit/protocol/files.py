"""Files: the records of v3, and the calls that read and change them.

Source: Pinata API v3, "Files".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, Network, as_json, nothing, reads_data
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.metadata import Keyvalues, check_keyvalues, check_name
from pinatakit.protocol.shapes import is_text
from pinatakit.protocol.times import micros, unix


class File(Record, frozen=True, kw_only=True):
    """A file or folder of the account, on one network.

    Attributes:
        id: its record's UUID; a file uploaded again has another.
        name: what you called it, if you did.
        cid: its root, or `None` while the service has not computed it yet.
        size: bytes.
        number_of_files: 1, or how many a folder holds.
        mime_type: as sniffed by the service; ``directory`` for a folder.
        created_at: aware, UTC.
        expires_at: aware, UTC; `None` of what stays.
    """

    id: str
    name: str | None = None
    cid: CID | None = None
    size: int = 0
    number_of_files: int = 1
    mime_type: str | None = None
    group_id: str | None = None
    keyvalues: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    created_at: datetime | None = None
    expires_at: datetime | None = None

    @classmethod
    def from_json(cls, data: Any) -> File:
        """Read one as the service writes it."""
        return record({**data, **pending(data), "keyvalues": data.get("keyvalues") or {}}, cls)

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "id": self.id,
            "name": self.name,
            "cid": str(self.cid) if self.cid else "pending",
            "size": self.size,
            "number_of_files": self.number_of_files,
            "mime_type": self.mime_type,
            "group_id": self.group_id,
            "keyvalues": self.keyvalues,
            "created_at": micros(self.created_at) if self.created_at else None,
            **({"expires_at": micros(self.expires_at)} if self.expires_at else {}),
        }


def pending(data: Mapping[str, Any]) -> dict[str, Any]:
    """The service writes ``pending`` for a CID it does not know yet."""
    return {"cid": None} if data.get("cid") in ("pending", "") else {}


class Page(NamedTuple):
    """Some files, and where the next ones start, or `None`."""

    files: list[File]
    next_page_token: str | None


def _page(data: Any) -> Page:
    return Page([File.from_json(one) for one in data.get("files") or ()], data.get("next_page_token") or None)


def list_files(
    network: Network,
    *,
    name: str | None = None,
    cid: CID | None = None,
    group: str | None = None,
    mime_type: str | None = None,
    keyvalues: Mapping[str, str] | None = None,
    order: str | None = None,
    limit: int | None = None,
    page_token: str | None = None,
) -> Call[Page]:
    """``GET /v3/files/{network}``."""
    query: dict[str, str | int | bool | None] = {
        "name": name,
        "cid": str(cid) if cid else None,
        "group": group,
        "mimeType": mime_type,
        "order": order,
        "limit": limit,
        "pageToken": page_token,
    }
    for key, value in (keyvalues or {}).items():
        query[f"keyvalues[{key}]"] = value
    return Call("GET", f"/v3/files/{network}", reads_data(_page), query)


def get_file(network: Network, id: str) -> Call[File]:
    """``GET /v3/files/{network}/{id}``."""
    return Call("GET", f"/v3/files/{network}/{check_id(id)}", reads_data(File.from_json))


def update_file(
    network: Network, id: str, *, name: str | None, keyvalues: Keyvalues | None, expires_at: datetime | None
) -> Call[File]:
    """``PUT /v3/files/{network}/{id}``."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = check_name(name)
    if keyvalues is not None:
        changes["keyvalues"] = check_keyvalues(keyvalues, removing=True, text_only=True)
    if expires_at is not None:
        changes["expires_at"] = unix(expires_at, "expires_at")
    if not changes:
        raise InputError("nothing to change", hint="give name=…, keyvalues=… or expires_at=…")
    body = as_json(changes)
    path = f"/v3/files/{network}/{check_id(id)}"
    return Call("PUT", path, reads_data(File.from_json), body=body, headers=JSON_TYPE)


def delete_file(network: Network, id: str) -> Call[None]:
    """``DELETE /v3/files/{network}/{id}``."""
    return Call("DELETE", f"/v3/files/{network}/{check_id(id)}", nothing)


def check_id(id: str, of: str = "a file") -> str:
    """The id, if it can be part of a path.

    Raises:
        InputError: it is empty or has other signs than those of a UUID.
    """
    if not is_text(id) or not all(c.isalnum() or c == "-" for c in id):
        raise InputError(f"{id!r} is not the id of {of}", hint="an id is a UUID, as list() gives it")
    return id

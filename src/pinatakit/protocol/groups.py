"""Groups: files put together under a name, one group a file at most.

v3 has groups of each network, which hold files by id. The older API has public ones, which
hold pins by CID; the public groups of both are the same.
Source: Pinata API v3, "Groups"; older API, "Groups".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, Network, as_json, nothing, reads_data, reads_json
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id
from pinatakit.protocol.metadata import check_name
from pinatakit.protocol.shapes import is_array
from pinatakit.protocol.times import micros, millis


class Group(Record, frozen=True, kw_only=True):
    """A group of files.

    Attributes:
        id: its UUID, by which files are put into it.
        is_public: a mark of v3's that the network does not decide.
        created_at: aware, UTC.
        updated_at: told by the older API alone; aware, UTC.
        user_id: told by the older API alone.
    """

    id: str
    name: str = ""
    is_public: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    user_id: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> Group:
        """Read one in any spelling of the service: v3's, the older API's, or that of its examples."""
        (data,) = data if is_array(data) and len(data) == 1 else (data,)
        spelled = {"createdAt": "created_at", "updatedAt": "updated_at", "public": "is_public"}
        return record({spelled.get(key, key): value for key, value in data.items()}, cls)

    def to_v3(self) -> dict[str, Any]:
        """Write one as v3 does."""
        assert self.created_at
        return {
            "id": self.id,
            "name": self.name,
            "is_public": self.is_public,
            "created_at": micros(self.created_at),
            "createdAt": micros(self.created_at),  # as the official SDK's types have it
        }

    def to_older(self, *, user_id: str) -> dict[str, Any]:
        """Write one as the older API does."""
        assert self.created_at
        assert self.updated_at
        return {
            "id": self.id,
            "user_id": user_id,
            "name": self.name,
            "createdAt": millis(self.created_at),
            "updatedAt": millis(self.updated_at),
        }


class Page(NamedTuple):
    """Some groups, and where the next ones start, or `None`."""

    groups: list[Group]
    next_page_token: str | None


def _page(data: Any) -> Page:
    groups = [Group.from_json(one) for one in data.get("groups") or ()]
    return Page(groups, data.get("next_page_token") or None)


def create_group(network: Network, name: str, *, is_public: bool = False) -> Call[Group]:
    """``POST /v3/groups/{network}``."""
    body = {"name": check_group_name(name), "is_public": is_public}
    return Call(
        "POST",
        f"/v3/groups/{network}",
        reads_data(Group.from_json),
        body=as_json(body),
        headers=JSON_TYPE,
        repeatable=False,
    )


def list_groups(
    network: Network,
    *,
    name: str | None = None,
    is_public: bool | None = None,
    limit: int | None = None,
    page_token: str | None = None,
) -> Call[Page]:
    """``GET /v3/groups/{network}``."""
    query = {"name": name, "isPublic": is_public, "limit": limit, "pageToken": page_token}
    return Call("GET", f"/v3/groups/{network}", reads_data(_page), query)


def get_group(network: Network, id: str) -> Call[Group]:
    """``GET /v3/groups/{network}/{id}``."""
    return Call("GET", _path(network, id), reads_data(Group.from_json))


def update_group(network: Network, id: str, *, name: str | None, is_public: bool | None) -> Call[Group]:
    """``PUT /v3/groups/{network}/{id}``."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = check_group_name(name)
    if is_public is not None:
        changes["is_public"] = is_public
    if not changes:
        raise InputError("nothing to change", hint="give name=… or is_public=…")
    body = as_json(changes)
    return Call("PUT", _path(network, id), reads_data(Group.from_json), body=body, headers=JSON_TYPE)


def delete_group(network: Network, id: str) -> Call[None]:
    """``DELETE /v3/groups/{network}/{id}``."""
    return Call("DELETE", _path(network, id), nothing)


def add_file(network: Network, id: str, file_id: str) -> Call[None]:
    """``PUT /v3/groups/{network}/{id}/ids/{file_id}``."""
    return Call("PUT", f"{_path(network, id)}/ids/{check_id(file_id)}", nothing)


def remove_file(network: Network, id: str, file_id: str) -> Call[None]:
    """``DELETE /v3/groups/{network}/{id}/ids/{file_id}``."""
    return Call("DELETE", f"{_path(network, id)}/ids/{check_id(file_id)}", nothing)


def create_older_group(name: str) -> Call[Group]:
    """``POST /groups``."""
    body = as_json({"name": check_group_name(name)})
    return Call(
        "POST", "/groups", reads_json(Group.from_json), body=body, headers=JSON_TYPE, repeatable=False
    )


def list_older_groups(
    *, name: str | None = None, limit: int | None = None, offset: int | None = None
) -> Call[list[Group]]:
    """``GET /groups``."""

    def groups(data: Any) -> list[Group]:
        return [Group.from_json(one) for one in data or ()]

    query = {"nameContains": name, "limit": limit, "offset": offset}
    return Call("GET", "/groups", reads_json(groups), query)


def get_older_group(id: str) -> Call[Group]:
    """``GET /groups/{id}``."""
    return Call("GET", _older_path(id), reads_json(Group.from_json))


def update_older_group(id: str, name: str) -> Call[Group]:
    """``PUT /groups/{id}``."""
    body = as_json({"name": check_group_name(name)})
    return Call("PUT", _older_path(id), reads_json(Group.from_json), body=body, headers=JSON_TYPE)


def delete_older_group(id: str) -> Call[None]:
    """``DELETE /groups/{id}``."""
    return Call("DELETE", _older_path(id), nothing)


def add_cids(id: str, cids: Iterable[CID]) -> Call[None]:
    """``PUT /groups/{id}/cids``."""
    return Call("PUT", f"{_older_path(id)}/cids", nothing, body=_cids(cids), headers=JSON_TYPE)


def remove_cids(id: str, cids: Iterable[CID]) -> Call[None]:
    """``DELETE /groups/{id}/cids``, which has a body."""
    return Call("DELETE", f"{_older_path(id)}/cids", nothing, body=_cids(cids), headers=JSON_TYPE)


def check_group_name(name: object) -> str:
    """The name, if a group can be called so.

    Raises:
        InputError: it is no text, empty, or cannot be written as UTF-8.
    """
    if not (checked := check_name(name)):
        raise InputError(f"a group's name is a text with letters in it, not {name!r}")
    return checked


def _path(network: Network, id: str) -> str:
    return f"/v3/groups/{network}/{check_id(id, 'a group')}"


def _older_path(id: str) -> str:
    return f"/groups/{check_id(id, 'a group')}"


def _cids(cids: Iterable[CID]) -> bytes:
    named = [str(cid) for cid in cids]
    if not named:
        raise InputError("no CID is named", hint="give at least one")
    return as_json({"cids": named})

"""Groups: of v3, and of the older API, whose groups are v3's public ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import anyio.to_thread
from starlette.responses import Response

from pinatakit.errors import InputError
from pinatakit.protocol import Group, Network, refusals
from pinatakit.protocol.groups import check_group_name
from pinatakit.protocol.shapes import is_array
from pinatakit.server.refusal import Refusal, bad_request, not_found
from pinatakit.server.request import Asked, data, json, ok, page_token, read_cid
from pinatakit.server.store.groups import NoSuchFile

_PUBLIC: Final[Network] = "public"


async def create(asked: Asked) -> Response:
    """``POST /v3/groups/{network}``."""
    network, name, is_public = asked.network(), _name(asked), _is_public(asked) or False

    def create() -> Group:
        return asked.store.groups.create(network, name, is_public=is_public)

    return data((await anyio.to_thread.run_sync(create)).to_v3())


async def list_groups(asked: Asked) -> Response:
    """``GET /v3/groups/{network}``."""
    network, limit, after = asked.network(), asked.number("limit", 10, 1, 1000), asked.page_token()
    name, is_public = asked.query.get("name") or None, asked.flag("isPublic")

    def find() -> list[Group]:
        return asked.store.groups.page(network, name=name, is_public=is_public, limit=limit + 1, after=after)

    groups = await anyio.to_thread.run_sync(find)
    token = page_token(groups[limit - 1].id) if len(groups) > limit else ""
    return data({"groups": [group.to_v3() for group in groups[:limit]], "next_page_token": token})


def get(asked: Asked) -> Response:
    """``GET /v3/groups/{network}/{id}``."""
    return data(asked.store.groups.get(asked.network(), asked.path("id")).to_v3())


async def update(asked: Asked) -> Response:
    """``PUT /v3/groups/{network}/{id}``."""
    network, is_public = asked.network(), _is_public(asked)
    name = None if asked.object().get("name") is None else _name(asked)

    def change() -> Group:
        return asked.store.groups.update(network, asked.path("id"), name=name, is_public=is_public)

    return data((await anyio.to_thread.run_sync(change)).to_v3())


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/groups/{network}/{id}``."""
    await anyio.to_thread.run_sync(asked.store.groups.delete, asked.network(), asked.path("id"))
    return data(None)


async def add_file(asked: Asked) -> Response:
    """``PUT /v3/groups/{network}/{id}/ids/{file_id}``."""
    await _put(asked, asked.store.groups.add, asked.network(), [asked.path("file_id")], "id")
    return data(None)


async def remove_file(asked: Asked) -> Response:
    """``DELETE /v3/groups/{network}/{id}/ids/{file_id}``."""
    await _put(asked, asked.store.groups.remove, asked.network(), [asked.path("file_id")], "id")
    return data(None)


async def create_older(asked: Asked) -> Response:
    """``POST /groups``."""
    group = await anyio.to_thread.run_sync(asked.store.groups.create, _PUBLIC, _name(asked))
    return json(_older(asked, group))


async def list_older(asked: Asked) -> Response:
    """``GET /groups``: a bare list."""
    name = asked.query.get("nameContains") or None
    limit, offset = asked.number("limit", 10, 1, 1000), asked.number("offset", 0, 0, 1 << 53)

    def find() -> list[Group]:
        return asked.store.groups.page(_PUBLIC, name=name, limit=limit, offset=offset)

    return json([_older(asked, group) for group in await anyio.to_thread.run_sync(find)])


def get_older(asked: Asked) -> Response:
    """``GET /groups/{id}``."""
    return json(_older(asked, asked.store.groups.get(_PUBLIC, asked.path("id"))))


async def update_older(asked: Asked) -> Response:
    """``PUT /groups/{id}``."""
    name = _name(asked)

    def change() -> Group:
        return asked.store.groups.update(_PUBLIC, asked.path("id"), name=name)

    return json(_older(asked, await anyio.to_thread.run_sync(change)))


async def delete_older(asked: Asked) -> Response:
    """``DELETE /groups/{id}``."""
    await anyio.to_thread.run_sync(asked.store.groups.delete, _PUBLIC, asked.path("id"))
    return ok()


async def add_cids(asked: Asked) -> Response:
    """``PUT /groups/{id}/cids``."""
    await _put(asked, asked.store.groups.add, _PUBLIC, _cids(asked), "cid")
    return ok()


async def remove_cids(asked: Asked) -> Response:
    """``DELETE /groups/{id}/cids``, with a body."""
    await _put(asked, asked.store.groups.remove, _PUBLIC, _cids(asked), "cid")
    return ok()


async def _put(
    asked: Asked,
    put: Callable[..., None],
    network: Network,
    files: Sequence[str],
    by: Literal["id", "cid"],
) -> None:
    """Put files into a group, or take them out.

    Raises:
        Refusal: one of them is not pinned; as 400, which Pinata has answered since 2023.
    """
    try:
        await anyio.to_thread.run_sync(lambda: put(network, asked.path("id"), files, by=by))
    except NoSuchFile as error:
        if by == "id":
            raise not_found(f"There is no {network} file with the id {error.file!r}.") from None
        reason = refusals.CURRENT_USER_HAS_NOT_PINNED_CID
        raise Refusal(400, reason, f"The current user has not pinned the cid: {error.file}") from None


def _name(asked: Asked) -> str:
    try:
        return check_group_name(asked.object().get("name"))
    except InputError as error:
        raise bad_request(f'"name" is required: {error.message}') from None


def _is_public(asked: Asked) -> bool | None:
    is_public: object = asked.object().get("is_public")
    if not isinstance(is_public, bool | None):
        raise bad_request(f'"is_public" must be true or false, not {is_public!r}')
    return is_public


def _cids(asked: Asked) -> list[str]:
    cids: object = asked.object().get("cids")
    if not is_array(cids):
        raise bad_request('"cids" must be a list of CIDs')
    return [str(read_cid(cid, "cids")) for cid in cids]


def _older(asked: Asked, group: Group) -> dict[str, Any]:
    return group.to_older(user_id=asked.store.keys.user_id)

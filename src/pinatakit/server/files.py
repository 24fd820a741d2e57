"""Files: the records of v3."""

from __future__ import annotations

import re
from typing import Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.errors import InputError
from pinatakit.protocol import File, Where
from pinatakit.protocol.metadata import check_keyvalues, check_name
from pinatakit.server.refusal import Refusal, bad_request, not_found
from pinatakit.server.request import Asked, data, page_token, read_expiry
from pinatakit.server.store.files import Filter

_KEYVALUE: Final = re.compile(r"(?:keyvalues|metadata)\[(.+)\]\Z", re.DOTALL)


async def list_files(asked: Asked) -> Response:
    """``GET /v3/files/{network}``."""
    query = asked.query
    order = (query.get("order") or "DESC").upper()
    if order not in ("ASC", "DESC"):
        raise bad_request(f'"order" must be ASC or DESC, not {order!r}')
    group = query.get("group") or None
    wanted = Filter(
        status="pinned",
        network=asked.network(),
        cid=query.get("cid") or None,
        name=query.get("name") or None,
        where=[
            Where(found[1], "eq", value) for key, value in query.items() if (found := _KEYVALUE.match(key))
        ],
        group_id=None if group == "null" else group,
        no_group=group == "null",
        mime_type=query.get("mimeType") or None,
    )
    limit = asked.number("limit", 10, 1, 1000)
    after = asked.page_token()
    if query.get("cidPending", "").lower() == "true":  # here a CID is known before its file is listed
        return data({"files": [], "next_page_token": ""})

    def find() -> list[File]:
        return asked.store.files.page(wanted, ascending=order == "ASC", limit=limit + 1, after=after)

    files = await anyio.to_thread.run_sync(find)
    token = page_token(files[limit - 1].id) if len(files) > limit else ""
    return data({"files": [file.to_json() for file in files[:limit]], "next_page_token": token})


def get(asked: Asked) -> Response:
    """``GET /v3/files/{network}/{id}``."""
    file = asked.store.files.get(asked.network(), asked.path("id"))
    return data(_found(asked, file).to_json())


async def update(asked: Asked) -> Response:
    """``PUT /v3/files/{network}/{id}``."""
    body, network = asked.object(), asked.network()
    try:
        name = check_name(body.get("name"))
        keyvalues = check_keyvalues(body.get("keyvalues"), removing=True, text_only=True)
        expires = read_expiry(body.get("expires_at"))

        def change() -> File | None:
            return asked.store.files.update(
                network, asked.path("id"), name=name, keyvalues=keyvalues, expires=expires
            )

        file = await anyio.to_thread.run_sync(change)
    except InputError as error:
        raise bad_request(error.message) from None
    return data(_found(asked, file).to_json())


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/files/{network}/{id}``."""
    network, id = asked.network(), asked.path("id")
    if not await anyio.to_thread.run_sync(lambda: asked.store.files.delete(network, id=id)):
        raise _missing(asked)
    return data(None)


def _found(asked: Asked, file: File | None) -> File:
    if file is None:
        raise _missing(asked)
    return file


def _missing(asked: Asked) -> Refusal:
    return not_found(f"There is no {asked.network()} file with the id {asked.path('id')!r}.")

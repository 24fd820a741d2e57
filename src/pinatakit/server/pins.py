"""Pins: the older API's lists and metadata, and the queue of both APIs."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.content import CID
from pinatakit.errors import ContentError, InputError, InvalidCID
from pinatakit.protocol import PinJob, Where, refusals, times
from pinatakit.protocol.metadata import check_keyvalues, check_name
from pinatakit.protocol.pins import JOB_STATUSES, MAX_HOST_NODES, QUEUE, STATUSES
from pinatakit.protocol.shapes import is_array, is_object
from pinatakit.protocol.where import OPERATORS
from pinatakit.server.refusal import Refusal, bad_request, not_found
from pinatakit.server.request import (
    Asked,
    data,
    json,
    ok,
    page_token,
    read_about,
    read_cid,
    read_group,
    read_object,
)
from pinatakit.server.store.files import Filter

__all__ = [
    "QUEUE",
    "cancel",
    "hash_metadata",
    "list_jobs",
    "list_pins",
    "list_queue",
    "not_pinned",
    "pin_by_cid",
    "pin_by_hash",
    "unpin",
]

_SPELLED: Final = {"retreiving": "retrieving", "DSC": "DESC"}  # in Pinata's OpenAPI file; by its SDK
_KEYVALUE: Final = re.compile(r"metadata\[keyvalues\]\[(.+)\]\Z", re.DOTALL)


async def list_pins(asked: Asked) -> Response:
    """``GET /data/pinList``."""
    query = asked.query
    status = query.get("status") or "all"
    if status not in STATUSES:
        raise bad_request(f'"status" must be one of {", ".join(STATUSES)}, not {status!r}')
    name, where = _metadata(query)
    wanted = Filter(
        status=status,
        network="public",
        cid_contains=query.get("hashContains") or None,
        cid=query.get("cid") or None,
        name=name,
        where=where,
        pinned=(_moment(query, "pinStart"), _moment(query, "pinEnd")),
        unpinned=(_moment(query, "unpinStart"), _moment(query, "unpinEnd")),
        size=(_size(asked, "pinSizeMin"), _size(asked, "pinSizeMax")),
        group_id=query.get("groupId") or None,
    )
    limit = asked.number("pageLimit", 10, 1, 1000)
    offset = asked.number("pageOffset", 0, 0, 1 << 53)
    counted = query.get("includeCount", "true").lower() != "false"
    files, user_id = asked.store.files, asked.store.keys.user_id

    def find() -> dict[str, Any]:
        rows, count = files.pins(wanted, limit=limit, offset=offset, user_id=user_id, counted=counted)
        return {**({"count": count} if counted else {}), "rows": [pin.to_json() for pin in rows]}

    return json(await anyio.to_thread.run_sync(find))


def _metadata(query: Mapping[str, str]) -> tuple[str | None, list[Where]]:
    """The filters on name and key-values, in each of the spellings that clients use."""
    whole = read_object(query, "metadata")
    name: Any = query.get("metadata[name]") or whole.get("name")
    keyvalues: Any = whole.get("keyvalues") or {}
    if not isinstance(name, str | None) or not is_object(keyvalues):
        raise bad_request('"metadata" must be {"name": text, "keyvalues": object}')
    if query.get("metadata[keyvalues]"):
        keyvalues = {**keyvalues, **read_object(query, "metadata[keyvalues]")}
    for key in query:
        if found := _KEYVALUE.match(key):
            keyvalues = {**keyvalues, found[1]: read_object(query, key)}
    return name, [_where(key, asked) for key, asked in keyvalues.items()]


def _where(key: str, asked: Any) -> Where:
    if not is_object(asked) or "value" not in asked:
        raise bad_request(f'The filter on key-value {key!r} must be {{"value": …, "op": …}}')
    op = asked.get("op", "eq")
    value, second = asked["value"], asked.get("secondValue")
    if op not in OPERATORS:
        raise bad_request(f'"op" must be one of {", ".join(OPERATORS)}, not {op!r}')
    if (op in ("between", "notBetween")) != (second is not None):
        raise bad_request(f'"{op}" takes {"a" if second is None else "no"} secondValue')
    if second is not None and isinstance(value, str) != isinstance(second, str):
        raise bad_request(f'"{op}" takes two values of one kind, not {value!r} and {second!r}')
    for one in (value, second):
        if not isinstance(one, str | int | float | bool | None) or (one is None and one is value):
            raise bad_request(f"A key-value is text, a number or a boolean, not {one!r}")
        if isinstance(one, int | float) and not abs(one) <= sys.float_info.max:
            raise bad_request("A number of the filter is beyond any that JavaScript has")
    if op in ("regexp", "iRegexp"):
        try:
            re.compile(str(value))
        except (re.error, OverflowError, RecursionError) as error:
            raise bad_request(f"{value!r} is not a regular expression: {error}") from None
    return Where(key, op, value, second)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return times.parse(text)
    except ValueError:
        raise bad_request(f'"{name}" must be in ISO 8601 format, not {text!r}') from None


def _size(asked: Asked, name: str) -> int | None:
    return asked.number(name, 0, 0, 1 << 62) if asked.query.get(name) else None


async def list_jobs(asked: Asked) -> Response:
    """``GET /pinning/pinJobs``."""
    query = asked.query
    status, sort = _job_status(query), (query.get("sort") or "DESC").upper()
    if sort not in ("ASC", "DESC"):
        raise bad_request(f'"sort" must be ASC or DESC, not {sort!r}')
    limit, offset = asked.number("limit", 5, 1, 1000), asked.number("offset", 0, 0, 1 << 53)
    cid, ascending = _canonical(query.get("ipfs_pin_hash")), sort == "ASC"

    def find() -> dict[str, Any]:
        rows, count = asked.store.jobs.list(
            status=status, cid=cid, ascending=ascending, limit=limit, offset=offset
        )
        return {"count": count, "rows": [row.to_json() for row in rows]}

    return json(await anyio.to_thread.run_sync(find))


async def pin_by_hash(asked: Asked) -> Response:
    """``POST /pinning/pinByHash``, and its name of 2019: what is held already is pinned, the rest is queued."""
    body = asked.object()
    cid = read_cid(body.get("hashToPin"), "hashToPin")
    name, keyvalues, options = read_about(body)
    hosts = options.get("hostNodes") or options.get("host_nodes") or body.get("host_nodes")
    job = await _queue(asked, cid, name, keyvalues, _host_nodes(hosts, "hostNodes"), read_group(options))
    return json({"id": job.id, "ipfsHash": str(cid), "status": job.status, "name": name})


def _host_nodes(given: Any, called: str) -> list[str]:
    nodes: Any = given or []
    if not is_array(nodes) or len(nodes) > MAX_HOST_NODES or not all(isinstance(node, str) for node in nodes):
        raise bad_request(f'"{called}" must be a list of at most {MAX_HOST_NODES} multiaddrs')
    return nodes


async def _queue(
    asked: Asked,
    cid: CID,
    name: str | None,
    keyvalues: dict[str, Any],
    host_nodes: list[str],
    group_id: str | None,
) -> PinJob:
    """Pin a CID, or queue it; its job, which it leaves as soon as it is pinned."""

    def add() -> PinJob:
        if group_id:
            asked.store.groups.get("public", group_id)  # which refuses one that is not there
        try:
            job = asked.store.jobs.add(cid, name, keyvalues, host_nodes, group_id)
        except ContentError as error:
            raise bad_request(f"{cid} is held here and cannot be pinned: {error.message}") from None
        assert job, "it takes no other's place"
        return job

    return await anyio.to_thread.run_sync(add)


async def pin_by_cid(asked: Asked) -> Response:
    """``POST /v3/files/public/pin_by_cid``; one without a name is called by its CID."""
    body = asked.object()
    cid = read_cid(body.get("cid"), "cid")
    group_id = body.get("group_id")
    if not isinstance(group_id, str | None):
        raise bad_request('"group_id" must be the id of a group')
    try:
        name = check_name(body.get("name")) or str(cid)
        keyvalues = check_keyvalues(body.get("keyvalues"), text_only=True)
    except InputError as error:
        raise bad_request(error.message) from None
    hosts = _host_nodes(body.get("host_nodes"), "host_nodes")
    return data((await _queue(asked, cid, name, keyvalues, hosts, group_id)).to_v3())


async def list_queue(asked: Asked) -> Response:
    """``GET /v3/files/public/pin_by_cid``."""
    query = asked.query
    order = (query.get("order") or query.get("sort") or "DESC").upper()
    order = _SPELLED.get(order, order)
    if order not in ("ASC", "DESC"):
        raise bad_request(f'"order" must be ASC or DESC, not {order!r}')
    limit, after = asked.number("limit", 10, 1, 250), asked.page_token()
    status, cid, ascending = _job_status(query), _canonical(query.get("cid")), order == "ASC"

    def find() -> dict[str, Any]:
        jobs = asked.store.jobs.page(
            status=status, cid=cid, ascending=ascending, limit=limit + 1, after=after
        )
        token = page_token(jobs[limit - 1].id) if len(jobs) > limit else ""
        return {"jobs": [job.to_v3() for job in jobs[:limit]], "next_page_token": token}

    return data(await anyio.to_thread.run_sync(find))


async def cancel(asked: Asked) -> Response:
    """``DELETE /v3/files/public/pin_by_cid/{id}``: what is pinned already is no job any more."""
    if not await anyio.to_thread.run_sync(asked.store.jobs.cancel, asked.path("id")):
        raise not_found(f"There is no pin request {asked.path('id')!r} in the queue.")
    return data(None)


def _job_status(query: Mapping[str, str]) -> str | None:
    status = query.get("status") or None
    status = _SPELLED.get(status or "", status)
    if status is not None and status not in JOB_STATUSES:
        raise bad_request(f'"status" must be one of {", ".join(JOB_STATUSES)}, not {status!r}')
    return status


def _canonical(cid: str | None) -> str | None:
    """A CID as the queue knows it, whatever its base; another text finds nothing."""
    try:
        return str(CID.parse(cid)) if cid else None
    except InvalidCID:
        return cid


async def hash_metadata(asked: Asked) -> Response:
    """``PUT /pinning/hashMetadata``; its key-values are an object, or one as a text, as Pinata documents both."""
    body = asked.object()
    cid = read_cid(body.get("ipfsPinHash"), "ipfsPinHash")
    try:
        name = check_name(body.get("name"))
        keyvalues = body.get("keyvalues")
        if isinstance(keyvalues, str):
            keyvalues = read_object({"keyvalues": keyvalues}, "keyvalues")
        keyvalues = check_keyvalues(keyvalues, removing=True)

        def update() -> bool:
            return asked.store.files.update_pin(cid, name=name, keyvalues=keyvalues)

        found = await anyio.to_thread.run_sync(update)
    except InputError as error:
        raise bad_request(error.message) from None
    if not found:
        raise not_pinned(str(cid))
    return ok()


async def unpin(asked: Asked) -> Response:
    """``DELETE /pinning/unpin/{cid}``."""
    cid = read_cid(asked.path("cid"), "CID")
    if not await anyio.to_thread.run_sync(lambda: asked.store.files.delete("public", cid=cid)):
        raise not_pinned(str(cid))
    return ok()


def not_pinned(cid: str) -> Refusal:
    """The account has not pinned this: 500, as recorded in 2022."""
    reason = refusals.CURRENT_USER_HAS_NOT_PINNED_CID
    return Refusal(500, reason, f"The current user has not pinned the cid: {cid}")

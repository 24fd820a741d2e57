"""PSA: the IPFS Pinning Service API 1.0.0 over the same queue and the same pins.

By the specification, where Pinata itself answers otherwise: 202 for what it answers 200, no
body for its ``OK``, 401 for its 400 without a credential, and the same CID pinned again is
another pin object, not `DUPLICATE_OBJECT`. By Pinata where the specification is silent: the
scopes of keys, reasons of refusals, and the job's status in ``info``.

Source: ipfs.github.io/pinning-services-api-spec; recorded answers of Pinata (2022, 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import anyio.to_thread
from starlette.responses import Response

from pinatakit.errors import ContentError, InputError
from pinatakit.protocol import multiaddr, psa, refusals, times
from pinatakit.protocol.pins import JOB_STATUSES
from pinatakit.protocol.psa import PinObject, PinStatus
from pinatakit.protocol.shapes import is_array
from pinatakit.server.refusal import Refusal, bad_request
from pinatakit.server.request import Asked, json, read_cid, read_object
from pinatakit.server.store.psa import Wanted

T = TypeVar("T")

_ALL: Final = (*JOB_STATUSES, "pinned")


async def list_pins(asked: Asked) -> Response:
    """``GET /psa/pins``: the newest first; only what is pinned, unless a status or name is asked for."""
    query = asked.query
    statuses, name = _many(asked, "status"), query.get("name") or None
    match = query.get("match") or "exact"
    if match not in psa.MATCHES:
        raise bad_request(f'"match" must be one of {", ".join(psa.MATCHES)}, not {match!r}')
    if unknown := [status for status in statuses if status not in psa.STATUSES]:
        raise bad_request(f'"status" must be of {", ".join(psa.STATUSES)}, not {unknown[0]!r}')
    if name is not None and len(name) > psa.MAX_NAME:
        raise bad_request(f'"name" has {len(name)} letters; at most {psa.MAX_NAME} are taken')
    cids = _many(asked, "cid")
    if len(cids) > psa.MAX_CIDS:
        raise bad_request(f'"cid" has {len(cids)} CIDs; at most {psa.MAX_CIDS} are taken')
    shown = set(statuses) or (set(psa.STATUSES) if name else {"pinned"})
    wanted = Wanted(
        statuses=[status for status in _ALL if psa.status_of(status) in shown],
        cids=[str(read_cid(cid, "cid")) for cid in cids],
        name=name,
        match=match,
        before=_moment(query, "before"),
        after=_moment(query, "after"),
        meta=_checked(psa.check_meta, read_object(query, "meta")),
    )
    limit = asked.number("limit", 10, 1, psa.MAX_LIMIT)
    results, count = await anyio.to_thread.run_sync(asked.store.pin_objects.list, wanted, limit)
    return json({"count": count, "results": [_shown(asked, one) for one in results]})


async def add(asked: Asked) -> Response:
    """``POST /psa/pins``."""
    return await _add(asked, None)


async def replace(asked: Asked) -> Response:
    """``POST /psa/pins/{requestid}``: a new pin object; the old one is there no more."""
    return await _add(asked, asked.path("id"))


async def get(asked: Asked) -> Response:
    """``GET /psa/pins/{requestid}``."""
    found = await anyio.to_thread.run_sync(asked.store.pin_objects.get, asked.path("id"))
    return json(_shown(asked, _found(found)))


async def delete(asked: Asked) -> Response:
    """``DELETE /psa/pins/{requestid}``."""
    if not await anyio.to_thread.run_sync(asked.store.jobs.remove, asked.path("id")):
        raise _no_object()
    return Response(status_code=202)


def status_of(refusal: Refusal) -> int:
    """The status of a refusal here: no credential is 401 as well, though Pinata answers 400."""
    return 401 if refusal.reason == refusals.KEYS_MUST_BE_STRINGS else refusal.status


async def _add(asked: Asked, instead_of: str | None) -> Response:
    pin = _read_pin(asked.object())
    store = asked.store

    def work() -> PinStatus:
        if instead_of is not None:
            _found(store.pin_objects.get(instead_of))
        job = store.jobs.add(
            pin.cid, pin.name, dict(pin.meta), pin.origins, None, psa=True, instead_of=instead_of
        )
        return _found(store.pin_objects.get(job.id) if job else None)

    try:
        made = await anyio.to_thread.run_sync(work)
    except ContentError as error:
        raise bad_request(f"{pin.cid} is held here and cannot be pinned: {error.message}") from None
    return json(_shown(asked, made), 202)


def _read_pin(body: Mapping[str, Any]) -> PinObject:
    cid = read_cid(body.get("cid"), "cid")
    origins: Any = body.get("origins") or []
    if not is_array(origins):
        raise bad_request('"origins" must be a list of multiaddrs')
    return _checked(PinObject.of, cid, body.get("name"), origins, body.get("meta"))


def _checked(check: Callable[..., T], *args: Any) -> T:
    try:
        return check(*args)
    except InputError as error:
        raise bad_request(error.message) from None


def _shown(asked: Asked, pin: PinStatus) -> dict[str, Any]:
    """One as it is told, with the address of the gateway here as where to find it."""
    return {**pin.to_json(), "delegates": [multiaddr.from_url(str(asked.request.base_url))]}


def _found(pin: PinStatus | None) -> PinStatus:
    if pin is None:
        raise _no_object()
    return pin


def _no_object() -> Refusal:
    details = "Your account does not currently have any record associated with this ID"
    return Refusal(404, refusals.OBJECT_NOT_FOUND, details)


def _many(asked: Asked, name: str) -> list[str]:
    """The values of a parameter that stands once with commas, or several times."""
    given = asked.request.query_params.getlist(name)
    return list(dict.fromkeys(value for text in given for value in text.split(",") if value))


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return times.parse(text)
    except ValueError:
        raise bad_request(f'"{name}" must be a time of RFC 3339, not {text!r}') from None

"""TUS: uploads that go on where they were cut, also after the server was.

Between two requests nothing of an upload is in memory. What comes is cut, hashed and written to
its CAR while it arrives; at the end of each request, and each 64 MiB within, the CAR is synced
and the builder's state is kept beside the offset, in one transaction. So an offset that was told
is never taken back, a restart is nothing special, and no byte is written twice.

Source: tus.io/protocols/resumable-upload 1.0.0, with what Pinata's own clients leave out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import format_datetime
from typing import Final

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pinatakit.content import Profile
from pinatakit.errors import InputError
from pinatakit.protocol import tus
from pinatakit.protocol.limits import UPLOAD_LIMIT
from pinatakit.server import uploads
from pinatakit.server.ingest import (
    Checkpoint,
    Ingest,
    Pouring,
    Recipe,
    check_allowed,
    make_ingest,
    plain_path,
)
from pinatakit.server.media import SNIFFED, sniff
from pinatakit.server.refusal import TOO_LARGE, Refusal, bad_request, not_found
from pinatakit.server.request import Asked
from pinatakit.server.store.tus import Resumable
from pinatakit.server.store.values import from_micros, new_id
from pinatakit.server.uploads import v3_kept, v3_recipe

HEADERS: Final = [
    "Location",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Expires",
    "upload-cid",
]
"""Headers of answers that a browser's page may read."""

_CHECKPOINT: Final = 64 << 20  # bytes after which a request that goes on is made safe
_PATIENCE: Final = 1.0  # seconds
_METADATA: Final = "upload-metadata"  # of the fields: what the creator said, word for word
_LEFT: Final = "This upload does not exist, or no longer."


async def upload(asked: Asked) -> Response:
    """``POST /v3/files``, or to a presigned URL: a form, or the creation of a resumable upload."""
    if asked.allowed and asked.allowed.expired:
        raise Refusal(403, "EXPIRED_URL", "The presigned URL has expired.")
    if asked.allowed is None and "id" in asked.request.path_params:
        raise bad_request("Uploads go to /v3/files, or to a presigned URL.")
    if "upload-length" in asked.request.headers or "upload-defer-length" in asked.request.headers:
        return await _create(asked)
    return await uploads.upload(asked)


async def options(_asked: Asked) -> Response:
    """``OPTIONS``: what of TUS is served."""
    about = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(UPLOAD_LIMIT),
    }
    return _answer(204, about)


def told_with_refusals(request: Request, status: int) -> dict[str, str]:
    """What TUS wants with every answer, to a request of TUS (1.0.0, "Tus-Resumable" and "Tus-Version")."""
    headers = request.headers
    if "tus-resumable" not in headers and "upload-length" not in headers and "upload-offset" not in headers:
        return {}
    told = {"tus-resumable": tus.VERSION}
    return told | {"tus-version": tus.VERSION} if status == 412 else told


async def _create(asked: Asked) -> Response:
    _check_version(asked)
    headers, allowed = asked.request.headers, asked.allowed
    try:
        length = tus.check_length(headers.get("upload-length", ""))
        metadata = headers.get(_METADATA, "")
        given = tus.read_metadata(metadata)
    except InputError as error:
        raise bad_request(error.message) from None
    if tus.is_too_long(length, allowed.max_size if allowed else None):
        raise Refusal(413, TOO_LARGE, "Upload-Length exceeds maximum upload size")
    if version := asked.query.get("X-Upload-Option-Cid-Version"):
        given.setdefault("cid_version", version)
    fields = allowed.rule(given) if allowed else given
    name = plain_path(given.get("filename") or fields.get("name") or "file")
    fields = {**fields, "filename": name, _METADATA: metadata}
    kept = v3_kept(fields)
    recipe = _recipe(fields)
    id, store = allowed.id if allowed else new_id(), asked.store

    def begin() -> Resumable:
        if kept.group_id:
            store.groups.get(kept.network, kept.group_id)  # rather refused now than after the last byte
        store.resumables.expire()
        store.resumables.drop(id)  # a presigned URL begins anew
        ingest = make_ingest(store, recipe)
        try:
            ingest.begin(fields["filename"])
            car, at, state = ingest.checkpoint()
            new = Resumable(id, length, fields, bool(allowed), 0, car, at, state, from_micros(0), None)
            store.resumables.begin(new)
        except BaseException:
            ingest.drop()
            raise
        if length == 0:
            return _whole(asked, new, ingest)
        ingest.rest()
        return _found(store.resumables.get(id))

    made = await anyio.to_thread.run_sync(begin)
    query = f"?{asked.request.url.query}" if allowed else ""
    location = f"{asked.request.base_url}v3/files/{made.id}/upload{query}"
    return _answer(201, {"Location": location, **_progress(made)})


async def head(asked: Asked) -> Response:
    """``HEAD`` of an upload: its offset, all before which is synced."""
    _check_version(asked)
    async with _turn(asked):
        found = await _read(asked)
        about = {"Upload-Length": str(found.length), "Cache-Control": "no-store"}
        if metadata := found.fields.get(_METADATA):
            about["Upload-Metadata"] = metadata
        return _answer(200, about | _progress(found))


async def patch(asked: Asked) -> Response:
    """``PATCH`` of an upload: the next bytes."""
    _check_version(asked)
    headers = asked.request.headers
    if headers.get("content-type", "").partition(";")[0].strip().lower() != tus.CHUNK_TYPE:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"A chunk is sent as {tus.CHUNK_TYPE}.")
    at = headers.get("upload-offset", "")
    if not at.isascii() or not at.isdigit():
        raise bad_request(f"Upload-Offset is not a number of bytes: {at!r}")
    async with _turn(asked) as scope:
        found = await _read(asked)
        if int(at) != found.offset:
            raise Refusal(
                409,
                "CONFLICT",
                f"The upload goes on at byte {found.offset}, not at {at[:20]}; ask with HEAD.",
            )
        size = headers.get("content-length", "0")
        if int(size) > found.length - found.offset:
            raise Refusal(413, TOO_LARGE, f"The upload has {found.length} bytes; the chunk goes beyond.")
        if found.cid is None:
            found = await _take(asked, found, scope)
        return _answer(204, _progress(found))


async def terminate(asked: Asked) -> Response:
    """``DELETE`` of an upload: nothing is left of it."""
    _check_version(asked)
    async with _turn(asked):
        found = await _read(asked)
        await anyio.to_thread.run_sync(asked.store.resumables.drop, found.id)
        return _answer(204, {})


async def _take(asked: Asked, found: Resumable, scope: anyio.CancelScope) -> Resumable:
    """Take the bytes of a request, and keep what came of them, however it ends."""
    store = asked.store
    resting = Checkpoint(found.car, found.at, found.state)
    ingest = await anyio.to_thread.run_sync(make_ingest, store, _recipe(found.fields), resting)
    pouring = Pouring()
    pouring.into = ingest
    come = safe = found.offset
    cut: ClientDisconnect | None = None
    try:
        try:
            with scope:
                async for piece in asked.request.stream():
                    if come + len(piece) > found.length:
                        raise Refusal(413, TOO_LARGE, f"The upload has {found.length} bytes; more came.")
                    come += len(piece)
                    await pouring.add(memoryview(piece))
                    if come - safe >= _CHECKPOINT and come < found.length:
                        await pouring.flush()
                        await anyio.to_thread.run_sync(_save, asked, found, ingest, come)
                        safe = come
        except ClientDisconnect as error:
            cut = error
        with anyio.CancelScope(shield=True):
            await pouring.flush()
            if come == found.length:
                return await anyio.to_thread.run_sync(_whole, asked, found, ingest)
            await anyio.to_thread.run_sync(_save, asked, found, ingest, come)
            ingest.rest()
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            with contextlib.suppress(OSError, Refusal):  # it is told already
                await pouring.settle()
            ingest.rest()
            final = isinstance(error, Refusal) and error.status == 400
            undo = store.resumables.drop if final else store.resumables.go_back
            await anyio.to_thread.run_sync(undo, found.id)
        raise
    if cut:
        raise cut
    if scope.cancelled_caught:
        raise Refusal(423, "LOCKED", "Another request took this upload over.")
    return _found(store.resumables.get(found.id))


def _save(asked: Asked, found: Resumable, ingest: Ingest, offset: int) -> None:
    """Make what has come safe; of what may not be uploaded nothing is."""
    if asked.allowed and len(ingest.start) >= SNIFFED:
        check_allowed(sniff(ingest.start, found.fields["filename"]), asked.allowed.mime_types)
    _, at, state = ingest.checkpoint()
    asked.store.resumables.go_on(found.id, offset, at, state)


def _whole(asked: Asked, found: Resumable, ingest: Ingest) -> Resumable:
    """All has come: it becomes a file."""
    ingest.end()
    kept = v3_kept(found.fields)._replace(id=found.id)
    allow = asked.allowed.mime_types if asked.allowed else ()
    ingest.keep(kept, allow=allow, finished=found.id).result()
    return _found(asked.store.resumables.get(found.id))


async def _read(asked: Asked) -> Resumable:
    """The upload that is asked for.

    Raises:
        Refusal: there is none (404), or it has expired (410).
    """
    id = asked.path("id")
    found = _found(await anyio.to_thread.run_sync(asked.store.resumables.get, id))
    if asked.allowed and not found.presigned:
        raise not_found(_LEFT)
    if found.expired:
        raise Refusal(410, "GONE", "This upload has expired; nobody went on with it in time.")
    return found


def _found(found: Resumable | None) -> Resumable:
    if found is None:
        raise not_found(_LEFT)
    return found


def _recipe(fields: Mapping[str, str]) -> Recipe:
    return v3_recipe(fields) or Profile.for_version(1)


def _check_version(asked: Asked) -> None:
    """Pinata's own clients name no version, and are served."""
    version = asked.request.headers.get("tus-resumable", tus.VERSION)
    if version != tus.VERSION:
        raise Refusal(412, "PRECONDITION_FAILED", f"TUS {version} is not served here; {tus.VERSION} is.")


def _progress(found: Resumable) -> dict[str, str]:
    about = {"Upload-Offset": str(found.offset), "Upload-Expires": _http_date(found.expires)}
    return about | ({"upload-cid": found.cid} if found.cid else {})


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": tus.VERSION, **headers})


class _Turn:
    """Who works on an upload, and who waits to."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.scope: anyio.CancelScope | None = None
        self.here = 0


_turns: dict[str, _Turn] = {}


@asynccontextmanager
async def _turn(asked: Asked) -> AsyncGenerator[anyio.CancelScope]:
    """One request at a time has an upload.

    A newer one waits a moment for an older one to take what has come, and then ends it: its
    client has lost the connection, which the server has not noticed. What had come is kept.
    """
    id = asked.path("id")
    turn = _turns.setdefault(id, _Turn())
    turn.here += 1
    try:
        has_it = False
        with anyio.move_on_after(_PATIENCE):
            has_it = await turn.lock.acquire()
        if not has_it:
            if turn.scope:
                turn.scope.cancel()
            await turn.lock.acquire()
        turn.scope = anyio.CancelScope()
        try:
            yield turn.scope
        finally:
            turn.scope = None
            turn.lock.release()
    finally:
        turn.here -= 1
        if not turn.here:
            del _turns[id]

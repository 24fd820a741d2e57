"""Presigned URLs: one upload without a key. The signature covers the id, the times, the methods and all that is allowed."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlencode

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pinatakit.protocol.presigned import ALGORITHM, METHODS
from pinatakit.protocol.shapes import is_array
from pinatakit.server import links
from pinatakit.server.refusal import Refusal, bad_request
from pinatakit.server.request import Allowed, Asked, data
from pinatakit.server.store import Store
from pinatakit.server.store.values import now_micros
from pinatakit.server.uploads import v3_kept, v3_recipe

SIGNATURE: Final = "X-Signature"
_COVERED: Final = ("X-Algorithm", "X-Date", "X-Expires", "X-Method", "X-User-ID")
_FIELDS: Final = ("network", "name", "keyvalues", "group_id", "cid_version", "streamable")


async def sign(asked: Asked) -> Response:
    """``POST /v3/files/sign``: on Pinata's two hosts two things, told apart by the address to be signed."""
    body = asked.object()
    if "url" in body:
        return links.download_link(asked)
    date, expires = _number(body, "date", now_micros() // 1_000_000), _number(body, "expires", None)
    if expires < 1:
        raise bad_request(f'"expires" must be at least 1 second, not {expires}')
    allowed = _allowed(body)
    v3_kept(allowed["fields"])
    v3_recipe(allowed["fields"])
    store = asked.store
    id = await anyio.to_thread.run_sync(store.links.add, allowed, date + expires)
    query = {
        "X-Algorithm": ALGORITHM,
        "X-Date": str(date),
        "X-Expires": str(expires),
        "X-Method": msgspec.json.encode(METHODS).decode(),
        "X-User-ID": store.keys.user_id,
    }
    text = store.links.get(id)
    assert text is not None
    query[SIGNATURE] = _sign(store, id, query, text)
    return data(f"{asked.request.base_url}v3/files/{id}?{urlencode(query)}")


def read(request: Request, store: Store) -> Allowed:
    """What the presigned URL that was called allows.

    Raises:
        Refusal: it is none of this service's, or was changed.
    """
    id, query = str(request.path_params["id"]), request.query_params
    text = store.links.get(id)
    covered = {name: query.get(name, "") for name in _COVERED}
    if text is None or not hmac.compare_digest(
        _sign(store, id, covered, text).encode(), query.get(SIGNATURE, "").encode()
    ):
        raise Refusal(401, "INVALID_SIGNATURE", "The presigned URL is not valid, or no longer.")
    # What began in time may go on, and be taken back by whoever began it.
    when = links.window(covered["X-Date"], covered["X-Expires"])
    if when == "early":
        raise Refusal(403, "FORBIDDEN", "The presigned URL is not valid yet; its date is in the future.")
    allowed = msgspec.json.decode(text)
    return Allowed(
        id=id,
        fields=allowed["fields"],
        max_size=allowed["max_size"],
        mime_types=allowed["mime_types"],
        expired=when == "over",
    )


def _sign(store: Store, id: str, query: dict[str, str], allowed: str) -> str:
    signed = msgspec.json.encode([id, *(query[name] for name in _COVERED), allowed])
    return hmac.new(store.keys.signing_key.encode(), b"upload\0" + signed, hashlib.sha256).hexdigest()


def _allowed(body: dict[str, Any]) -> dict[str, Any]:
    """What may be uploaded: fields as of a form, size and media types."""
    kinds: Any = body.get("allow_mime_types") or []
    if not is_array(kinds) or not all(isinstance(kind, str) for kind in kinds):
        raise bad_request('"allow_mime_types" must be a list of media types')
    max_size = None if body.get("max_file_size") is None else _number(body, "max_file_size", None)
    given = {**body, "name": body.get("filename")}
    fields = {name: _text(name, given[name]) for name in _FIELDS if given.get(name) is not None}
    return {"fields": fields, "max_size": max_size, "mime_types": kinds}


def _text(name: str, value: object) -> str:
    if name == "keyvalues":
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        raise bad_request(f'"{name}" must be a text, not {value!r}')
    return value


def _number(body: dict[str, Any], name: str, otherwise: int | None) -> int:
    value = body.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise bad_request(f'"{name}" must be a whole number of 0 or more, not {value!r}')
    return value

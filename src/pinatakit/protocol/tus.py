"""TUS: uploads that go on where they were cut.

An upload is created with its length, sent in chunks, each at the offset where the last one
ended, and asked for its offset after any fault. The last chunk is answered with the CID.
Sources: tus.io/protocols/resumable-upload 1.0.0; Pinata API v3, "Upload a file", and what its
official clients send.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol._call import Answer, Body, Call, Host
from pinatakit.protocol.limits import UPLOAD_LIMIT

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,termination"
CHUNK_TYPE: Final = "application/offset+octet-stream"

RESUMABLE_ABOVE: Final = 94_371_840
"""Bytes above which a file goes in chunks: 90 MiB, as in Pinata's own client."""
CHUNK_LIMIT: Final = 50_000_000
"""Bytes below which a chunk must be (documentation, "Resumable uploads")."""
CHUNK: Final = 32 << 20
"""Bytes of a chunk."""


class Progressed(NamedTuple):
    """How far an upload is: bytes the service has, and its CID when that is all and it tells."""

    offset: int
    cid: CID | None


def create(url: str | None, length: int, fields: Mapping[str, str]) -> Call[str]:
    """``POST /v3/files`` without a body, or to a presigned URL; reads where the upload is then.

    `fields` are those of the form, with ``filename`` for the file's own name. It may be repeated:
    an upload that nobody goes on with expires.
    """
    headers = {
        "tus-resumable": VERSION,
        "upload-length": str(length),
        "upload-metadata": write_metadata(fields),
        "content-length": "0",
    }
    query = {"X-Upload-Option-Cid-Version": fields["cid_version"]} if "cid_version" in fields else {}
    if url:
        return Call("POST", url, _location, headers=headers, host="signed")
    return Call("POST", "/v3/files", _location, query, headers=headers, host="uploads")


def ask(location: str, *, signed: bool) -> Call[Progressed]:
    """``HEAD /v3/files/{file_id}/{upload}``: how far an upload is."""
    return _call("HEAD", location, signed, {})


def send(location: str, offset: int, size: int, body: Body, *, signed: bool) -> Call[Progressed]:
    """``PATCH /v3/files/{file_id}/{upload}``: `size` bytes of an upload from `offset` on."""
    headers = {"content-type": CHUNK_TYPE, "upload-offset": str(offset), "content-length": str(size)}
    return _call("PATCH", location, signed, headers, body)


def terminate(location: str, *, signed: bool) -> Call[None]:
    """``DELETE`` of an upload: the service lets go of it."""
    headers = {"tus-resumable": VERSION}
    return Call("DELETE", location, lambda _: None, headers=headers, host="signed" if signed else "uploads")


def _call(
    method: str, location: str, signed: bool, headers: dict[str, str], body: Body = None
) -> Call[Progressed]:
    headers = {"tus-resumable": VERSION, **headers}
    host: Host = "signed" if signed else "uploads"
    repeatable = method == "HEAD"
    return Call(method, location, _progress, body=body, headers=headers, host=host, repeatable=repeatable)


def _location(answer: Answer) -> str:
    location = answer.headers.get("location", "")
    if not location:
        raise PinataError(
            f"{answer.url} opened an upload and did not say where",
            hint="check that the endpoint is Pinata's, or a local Pinata's",
        )
    return location


def _progress(answer: Answer) -> Progressed:
    text = answer.headers.get("upload-offset", "")
    if not text.isascii() or not text.isdigit():
        raise PinataError(f"{answer.url} did not say how far the upload is, but {text!r}")
    cid = answer.headers.get("upload-cid")
    return Progressed(int(text), CID.parse(cid) if cid else None)


def write_metadata(fields: Mapping[str, str]) -> str:
    """``Upload-Metadata``: names, and values in base64."""
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}".strip() for name, value in fields.items()
    )


def read_metadata(text: str) -> dict[str, str]:
    """What `write_metadata` wrote; a name may stand without a value.

    Raises:
        InputError: it is malformed, or has a name twice.
    """
    fields: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else ():
        name, _, value = pair.strip().partition(" ")
        try:
            decoded = base64.b64decode(value.strip(), validate=True)
        except ValueError:
            raise InputError(f"the value of {name!r} in Upload-Metadata is not base64") from None
        if not name or name in fields:
            raise InputError(f"Upload-Metadata has an empty name, or {name!r} twice")
        try:
            fields[name] = decoded.decode()
        except UnicodeDecodeError:
            fields[name] = decoded.decode("latin-1")  # as browsers' btoa writes it
    return fields


def check_chunk_size(size: int) -> int:
    """The size of chunks, if it can be one.

    Raises:
        InputError: it is no whole number, below 1 byte, or not below 50 MB.
    """
    if not isinstance(size, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputError(f"chunk_size is a whole number of bytes, not {size!r}")
    if not 1 <= size < CHUNK_LIMIT:
        raise InputError(f"chunk_size is 1 to {CHUNK_LIMIT - 1:,} bytes, not {size:,}")
    return size


def check_length(text: str) -> int:
    """The length of an upload, as its creator tells it.

    Raises:
        InputError: it is none.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InputError(f"Upload-Length is not a number of bytes: {text!r}")
    return int(text)


def is_too_long(length: int, most: int | None) -> bool:
    """Whether an upload of that length is refused."""
    return length > (UPLOAD_LIMIT if most is None else min(most, UPLOAD_LIMIT))

"""Presigned URLs, with which somebody without a key uploads one file.

Source: Pinata API v3, "Create a presigned upload URL".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, Network, as_json, reads_data
from pinatakit.protocol.metadata import Keyvalues, check_keyvalues, check_name
from pinatakit.protocol.uploads import profile_name

ALGORITHM: Final = "PINATA2"
METHODS: Final = ("HEAD", "PATCH", "POST")


def sign_upload(
    *,
    date: datetime,
    expires: int,
    network: Network,
    name: str | None = None,
    keyvalues: Keyvalues | None = None,
    group_id: str | None = None,
    max_size: int | None = None,
    mime_types: Sequence[str] = (),
    cid_version: int | str | None = None,
    streamable: bool = False,
) -> Call[str]:
    """``POST /v3/files/sign``: a URL that takes one upload until `expires` seconds after `date`."""
    if isinstance(mime_types, str):
        raise InputError("mime_types is a list of media types, not one", hint=f"write [{mime_types!r}]")
    if expires < 1:
        raise InputError(f"a link lives at least 1 second, not {expires}")
    if max_size is not None and max_size < 0:
        raise InputError(f"max_size is bytes, not {max_size}")
    body: dict[str, Any] = {"date": int(date.timestamp()), "expires": expires, "network": network}
    optional = {
        "filename": check_name(name),
        "keyvalues": check_keyvalues(keyvalues, text_only=True) or None,
        "group_id": group_id,
        "max_file_size": max_size,
        "allow_mime_types": list(mime_types) or None,
        "cid_version": None if cid_version is None else profile_name(cid_version),
        "streamable": streamable or None,
    }
    body |= {key: value for key, value in optional.items() if value is not None}
    content = as_json(body)
    return Call("POST", "/v3/files/sign", reads_data(str), body=content, headers=JSON_TYPE, host="uploads")

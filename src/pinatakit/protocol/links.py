"""Links: addresses that open what is private, for a time.

A link to a private file is an address under ``/files/`` on a gateway, and behind it when it was
signed, for how long, and a signature over all of that and the rest of the address.
Source: Pinata API v3, "Private download links".
"""

from __future__ import annotations

from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from pinatakit.errors import PinataError
from pinatakit.protocol._call import JSON_TYPE, Call, as_json, reads_data

T = TypeVar("T")

DOWNLOAD_ALGORITHM: Final = "PINATA1"


def download_link(url: str, *, date: int, expires: int) -> Call[str]:
    """``POST /v3/files/private/download_link``: unix seconds, and seconds."""
    body = as_json({"url": url, "date": date, "expires": expires, "method": "GET"})
    path = "/v3/files/private/download_link"
    return Call("POST", path, reads_data(_read), body=body, headers=JSON_TYPE)


def read_private(link: str, call: Call[T]) -> Call[T]:
    """``GET /files/{cid}/{path}`` of a gateway: what a call reads there, opened by its link."""
    parts = urlsplit(link)
    return msgspec.structs.replace(
        call, path=parts.path, query=dict(parse_qsl(parts.query, keep_blank_values=True))
    )


def _read(data: Any) -> str:
    if not isinstance(data, str):
        raise PinataError(f"the service's answer is not a link but a {type(data).__name__}")
    return data.replace("\\u0026", "&")  # seen escaped a second time

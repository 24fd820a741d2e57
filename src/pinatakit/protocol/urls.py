"""URLs: content that is at an address, and what its host tells of it.

What the host calls the content's version (`Served.version`) tells whether a second answer is of
the same bytes: a strong ETag, or when it was last modified.
Sources: RFC 9110 (8.8, validators; 14, ranges; 15.4, redirections), RFC 6266 and RFC 8187 (names).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from pinatakit.errors import InputError
from pinatakit.protocol import form
from pinatakit.protocol._call import Answer, Call, nothing

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""Statuses that lead elsewhere."""
MAX_REDIRECTS: Final = 10
BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which it is asked again."""

_EXTENDED: Final = re.compile(r"(?i);\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^']*'([^;\s]+)")
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Served(NamedTuple):
    """What an answer is about to bring.

    Attributes:
        at: the place of its first byte.
        size: bytes of the whole, or `None` where the host does not say.
        version: what it is recognised by, or `None` where the host tells nothing.
        content_type: as the host writes it.
    """

    at: int
    size: int | None
    version: str | None
    name: str
    content_type: str


def is_url(given: object) -> bool:
    """Whether it is a text that is an address."""
    return isinstance(given, str) and given[:8].lower().startswith(("http://", "https://"))


def fetch(url: str, at: int = 0, version: str | None = None) -> Call[None]:
    """``GET`` what is at an address, from a place on if it is still of that version.

    Raises:
        InputError: the address has no host.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise InputError(f"{shown(url)!r} names no host", hint="check the address")
    headers: dict[str, str] = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if at:
        headers["range"] = f"bytes={at}-"
        if version:
            headers["if-range"] = version
    base = f"{parts.scheme.lower()}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Call("GET", path, nothing, headers=headers, host="web", base=base)


def redirected(url: str, answer: Answer) -> str:
    """Where an answer leads.

    Raises:
        InputError: nowhere, away from HTTP, or from an encrypted connection to a plain one.
    """
    to = urljoin(url, answer.headers.get("location", ""))
    if to == url or not is_url(to):
        raise InputError(f"{shown(url)} answered {answer.status} and leads to no address", hint=_OPEN_IT)
    if url[:6].lower() == "https:" and to[:6].lower() != "https:":
        raise InputError(
            f"{shown(url)} leads to {shown(to)}, which is not encrypted",
            hint="give that address itself if you trust the network",
        )
    return to


def served(url: str, answer: Answer) -> Served:
    """Read the headers of an answer.

    Raises:
        InputError: it brings no content, or does not say where that ends.
    """
    headers = answer.headers
    if answer.status not in (200, 206):
        raise InputError(f"{shown(url)} answered {answer.status}", hint=_OPEN_IT)
    encoded = headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    length = headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdigit() and not encoded else None
    if not length and "chunked" not in headers.get("transfer-encoding", "").lower():
        raise InputError(
            f"{shown(url)} does not say where its content ends, so a cut could not be told",
            hint="download it, look at it, and upload the file",
        )
    at = 0
    if answer.status == 206:
        told = _RANGE.fullmatch(headers.get("content-range", ""))
        if not told or encoded:
            raise InputError(f"{shown(url)} answered a part of its content, and not which", hint=_OPEN_IT)
        at, size = int(told[1]), None if told[2] == "*" else int(told[2])
    etag = headers.get("etag", "")
    version = etag if etag.startswith('"') else headers.get("last-modified")
    version = None if encoded else version
    return Served(at, size, version, _name(url, headers), headers.get("content-type", ""))


def shown(url: str) -> str:
    """An address without what may be a secret in it."""
    scheme, host, path, *_ = urlsplit(url)
    return f"{scheme}://{host.rpartition('@')[2]}{path}"


def _name(url: str, headers: Mapping[str, str]) -> str:
    """As the host calls it, else the end of its path, else the host."""
    header = headers.get("content-disposition", "")
    if found := _EXTENDED.search(header):
        name = unquote(found[2], encoding=found[1], errors="replace")
    else:
        name = form.disposition(header.encode("utf-8", "surrogateescape")).get("filename", "")
        name = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    parts = urlsplit(url)
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return (
        name or unquote(parts.path, errors="replace").rstrip("/").rpartition("/")[2] or parts.hostname or ""
    )


_OPEN_IT: Final = "open the address in a browser, and see what is there"

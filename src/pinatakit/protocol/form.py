r"""multipart/form-data, as written: heads and ends of its parts, with their exact length.

Names go out as UTF-8 in a quoted string, with ``"`` and ``\`` escaped by a backslash, so that
a name arrives as it is: a changed name is a changed folder CID.
Sources: RFC 7578; RFC 2183 (quoted-string).
"""

from __future__ import annotations

import mimetypes
import re
from typing import Final

from pinatakit.errors import InputError

_CONTROL: Final = re.compile(r"[\r\n\0]")
_PARAMETER: Final = re.compile(rb';\s*([A-Za-z]+)="((?:[^"\\]|\\.)*)"')
_BARE: Final = re.compile(rb';\s*([A-Za-z]+)=([^";\s]+)')


def field(boundary: str, name: str, value: str) -> bytes:
    """A whole part that is a plain value."""
    return b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (
        boundary.encode(),
        name.encode(),
        value.encode(),
    )


def file_head(boundary: str, filename: str, media_type: str | None = None) -> bytes:
    """What stands before a file's bytes; behind them stands `FILE_END`.

    The name tells the media type where it is not given.

    Raises:
        InputError: the name has a line break or a NUL, which no header can carry.
    """
    if _CONTROL.search(filename):
        raise InputError(
            f"the name {filename!r} has a line break or a NUL in it, which an upload cannot carry",
            hint="rename the file; as one CAR, with car=True, a folder may hold any names",
        )
    quoted = filename.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogateescape")
    kind = media_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return (
        b'--%b\r\nContent-Disposition: form-data; name="file"; filename="%b"\r\nContent-Type: %b\r\n\r\n'
        % (
            boundary.encode(),
            quoted,
            kind.encode(),
        )
    )


FILE_END: Final = b"\r\n"


def end(boundary: str) -> bytes:
    """What closes the form."""
    return b"--%b--\r\n" % boundary.encode()


def disposition(header: bytes) -> dict[str, str]:
    """The parameters of a ``Content-Disposition``; bytes that are not UTF-8 as lone surrogates."""
    found: dict[str, str] = {}
    for pattern in (_BARE, _PARAMETER):
        for name, value in pattern.findall(header):
            text = re.sub(rb"\\(.)", rb"\1", value) if pattern is _PARAMETER else value
            found[name.decode().lower()] = text.decode("utf-8", "surrogateescape")
    return found

"""Links: signing addresses of private files, and checking them.

How Pinata signs is not published. Here it is HMAC-SHA256 over the method, the times, the path
and the query, with a key of the store's. The host is not part of it, so that a link works under
each name the local Pinata has.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.responses import Response

from pinatakit.protocol.links import DOWNLOAD_ALGORITHM
from pinatakit.server.refusal import Refusal, bad_request
from pinatakit.server.request import Asked, data, read_cid
from pinatakit.server.store.values import now_micros

_PATH: Final = re.compile("/files/([^/]+)(/.*)?", re.DOTALL)
_SIGNED: Final = ("X-Algorithm", "X-Date", "X-Expires", "X-Method", "X-Signature")
_SKEW: Final = 60  # seconds that the clock of whoever made a link may be ahead


def download_link(asked: Asked) -> Response:
    """``POST /v3/files/private/download_link``, and its older paths."""
    body = asked.object()
    url, date, expires = body.get("url"), body.get("date"), body.get("expires")
    if not isinstance(url, str) or not url:
        raise bad_request('"url" is required: the address of a private file on a gateway')
    if not isinstance(date, int) or isinstance(date, bool) or date < 0:
        raise bad_request('"date" must be unix seconds')
    if not isinstance(expires, int) or isinstance(expires, bool) or expires < 1:
        raise bad_request('"expires" must be a number of seconds of at least 1')
    if body.get("method", "GET") != "GET":
        raise bad_request('"method" must be GET')
    try:
        parts = urlsplit(url)
    except ValueError:
        raise bad_request('"url" is no address') from None
    found = _PATH.fullmatch(unquote(parts.path))
    if not parts.netloc or not found:
        raise bad_request('"url" must be like https://gateway/files/{cid}')
    read_cid(found[1], "url")
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in _SIGNED]
    query = [*pairs, *_about(str(date), str(expires))]
    signature = _signature(asked, unquote(parts.path), query)
    joined = f"{parts.query}&" if parts.query else ""
    behind = urlencode([*query[len(pairs) :], ("X-Signature", signature)])
    return data(parts._replace(query=joined + behind, fragment="").geturl())


def check(asked: Asked) -> None:
    """Let a request pass that is signed, and in time.

    Raises:
        Refusal: it is not.
    """
    query = asked.request.query_params.multi_items()
    about = dict(query)
    if not all(name in about for name in _SIGNED):
        raise Refusal(401, "UNAUTHORIZED", "Private content is read through a signed link.")
    pairs = [pair for pair in query if pair[0] not in _SIGNED]
    date, expires = about["X-Date"], about["X-Expires"]
    expected = _signature(asked, asked.request.scope["path"], [*pairs, *_about(date, expires)])
    given = about["X-Signature"]
    same = hmac.compare_digest(expected.encode(), given.encode())
    if not same or about["X-Algorithm"] != DOWNLOAD_ALGORITHM or about["X-Method"] != "GET":
        raise Refusal(
            403, "FORBIDDEN", "The signature of this link is not right; nothing in it can be changed."
        )
    if window(date, expires) != "open":
        raise Refusal(403, "FORBIDDEN", "This link is not open yet, or not any more.")


def _about(date: str, expires: str) -> list[tuple[str, str]]:
    return [
        ("X-Algorithm", DOWNLOAD_ALGORITHM),
        ("X-Date", date),
        ("X-Expires", expires),
        ("X-Method", "GET"),
    ]


def window(date: str, expires: str) -> Literal["early", "open", "over"]:
    """Whether the time is in which something signed may be used: seconds, from a date on.

    A clock may be somewhat ahead of ours; official clients send milliseconds, too.
    """
    begun = int(date) if int(date) < 10**11 else int(date) // 1000
    now = now_micros() // 1_000_000
    if now < begun - _SKEW:
        return "early"
    return "open" if now < begun + int(expires) else "over"


def _signature(asked: Asked, path: str, query: Sequence[tuple[str, str]]) -> str:
    """Over the path without a slash at its end, which a folder's may get, and the query in its order."""
    text = f"{path.rstrip('/')}\n{urlencode(query)}"
    return hmac.new(asked.store.keys.signing_key.encode(), text.encode(), hashlib.sha256).hexdigest()

"""How the service says no: its reasons, its envelopes, and what a person can do about each.

The local Pinata writes them, the client reads them.
Sources: Pinata's documentation; recorded answers (see the project's DESIGN.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from pinatakit.errors import (
    ApiError,
    BadRequest,
    Forbidden,
    NotFound,
    RateLimited,
    ServiceFault,
    TooLarge,
    Unauthorized,
)
from pinatakit.protocol._call import Answer
from pinatakit.protocol.shapes import is_object

KEYS_MUST_BE_STRINGS: Final = "KEYS_MUST_BE_STRINGS"
INVALID_CREDENTIALS: Final = "INVALID_CREDENTIALS"
NO_SCOPES_FOUND: Final = "NO_SCOPES_FOUND"
API_KEY_REVOKED: Final = "API_KEY_REVOKED"
CURRENT_USER_HAS_NOT_PINNED_CID: Final = "CURRENT_USER_HAS_NOT_PINNED_CID"
PAID_FEATURE_ONLY: Final = "PAID_FEATURE_ONLY"
DUPLICATE_OBJECT: Final = "DUPLICATE_OBJECT"
OBJECT_NOT_FOUND: Final = "OBJECT_NOT_FOUND"

HINTS: Final[dict[str, str]] = {
    KEYS_MUST_BE_STRINGS: "the request carried no credential; set PINATA_JWT",
    INVALID_CREDENTIALS: "check PINATA_JWT, or make a key at app.pinata.cloud under API Keys",
    NO_SCOPES_FOUND: "make a key that may do this: keys.create() with an admin key, or at app.pinata.cloud",
    API_KEY_REVOKED: "make a new key at app.pinata.cloud under API Keys",
    CURRENT_USER_HAS_NOT_PINNED_CID: "pins.list() shows what is pinned",
    PAID_FEATURE_ONLY: "the account's plan does not include this; see app.pinata.cloud under Billing",
    OBJECT_NOT_FOUND: "it may be removed or replaced; psa.list() shows what there is",
    DUPLICATE_OBJECT: "it is pinned already; replace it or leave it",
}

_KINDS: Final[dict[int, type[ApiError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
    429: RateLimited,
}


def older_envelope(reason: str, details: str) -> dict[str, Any]:
    """A refusal as the older API writes it since 2022."""
    return {"error": {"reason": reason, "details": details}}


def v3_envelope(status: int, message: str, request_id: str) -> dict[str, Any]:
    """A refusal as v3 writes it."""
    about = {"code": status, "status": HTTPStatus(status).phrase, "request": request_id}
    return {"error": {**about, "message": message, "details": []}}


def refused(answer: Answer) -> ApiError:
    """The error that an answer other than a success stands for.

    Reads every shape the service has used: reason and details, code and message, a plain
    text in ``error``, and bodies that are no JSON.
    """
    reason, details, request_id = _said(answer)
    status = answer.status
    kind = _KINDS.get(status) or (ServiceFault if status >= 500 else BadRequest)
    error = kind(
        details or _phrase(status),
        status=status,
        url=answer.url,
        reason=reason,
        request_id=request_id or answer.headers.get("x-request-id"),
        hint=HINTS.get(reason or ""),
    )
    if isinstance(error, RateLimited):
        error.retry_after = retry_after(answer.headers)
    return error


def _said(answer: Answer) -> tuple[str | None, str, str | None]:
    """The reason, the words and the request's id."""
    try:
        value: Any = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None, answer.body[:500].decode("utf-8", "replace").strip(), None
    error: object = value.get("error", value) if is_object(value) else value
    if not is_object(error):
        return None, str(error), None
    details = error.get("details")
    message = details if isinstance(details, str) and details else error.get("message")
    words = message if isinstance(message, str) else ""
    reason, request = error.get("reason"), error.get("request")
    return (
        (reason if isinstance(reason, str) else None),
        words,
        (request if isinstance(request, str) else None),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait that the service told, where it told them in seconds."""
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None

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
    PaymentRequired,
    RateLimited,
    ServiceFault,
    TooLarge,
    Unauthorized,
)
from pinatakit.protocol._call import Answer, Call
from pinatakit.protocol.permissions import Permissions, scope_of
from pinatakit.protocol.shapes import as_object, is_array, is_object

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

_NO_HEADER: Final = "no Authorization header found"
"""What v3 also tells a key that was made for the older API alone (PinataCloud/pinata, issue 71)."""

_KINDS: Final[dict[int, type[ApiError]]] = {
    401: Unauthorized,
    402: PaymentRequired,
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


def refused(answer: Answer, call: Call[Any] | None = None, *, key: str | None = None) -> ApiError:
    """The error that an answer other than a success stands for.

    Reads every shape the service has used: reason and details, code and message, a plain
    text in ``error``, and bodies that are no JSON. With the `call`, and the public `key` that
    asked, the error of a key without the scope says which it lacks, and how to make one.
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
    psa = call is not None and call.host == "psa"  # any service may have answered, and not Pinata alone
    if call and (scope := scope_of(call.method, f"/psa{call.path}" if psa else call.path)):
        named = f"the key {key}" if key else "the key"
        if isinstance(error, Forbidden) and (reason == NO_SCOPES_FOUND or (not psa and "scope" in details)):
            error.missing_scope = scope
            error.hint = f"{named} lacks {_with_way_out(scope)}"
        elif details == _NO_HEADER:
            error.hint = f"v3 takes a JWT, and {named} may lack {_with_way_out(scope)}"
    if isinstance(error, PaymentRequired):
        error.accepts = _accepts(answer)
        error.challenge = answer.headers.get("www-authenticate")
    return error


def _with_way_out(scope: str) -> str:
    name = scope.partition(".")[2] or scope
    make = "Permissions.ADMIN" if scope == "admin" else repr(Permissions.granting(scope))
    return (
        f"{name}; make one that has it with an admin key, keys.create('…', {make}), "
        "or at app.pinata.cloud under API Keys"
    )


def _accepts(answer: Answer) -> list[dict[str, Any]]:
    try:
        value: Any = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return []
    ways: object = as_object(value).get("accepts")
    return [way for way in ways if is_object(way)] if is_array(ways) else []


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

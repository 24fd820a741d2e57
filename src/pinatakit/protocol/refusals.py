"""How the service says no: its reasons, its envelopes, and what a person can do about each.

The local Pinata writes them, the client reads them.
Sources: Pinata's documentation; recorded answers (see the project's DESIGN.md).
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

import msgspec

from pinatakit.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PaymentRequired,
    PlanLimit,
    RateLimited,
    ServiceFault,
    TooLarge,
    Unauthorized,
)
from pinatakit.protocol._call import Answer, Call
from pinatakit.protocol.limits import retry_after
from pinatakit.protocol.permissions import Permissions, scope_of
from pinatakit.protocol.shapes import as_object, is_array, is_object

KEYS_MUST_BE_STRINGS: Final = "KEYS_MUST_BE_STRINGS"
INVALID_CREDENTIALS: Final = "INVALID_CREDENTIALS"
NO_SCOPES_FOUND: Final = "NO_SCOPES_FOUND"
API_KEY_REVOKED: Final = "API_KEY_REVOKED"
CURRENT_USER_HAS_NOT_PINNED_CID: Final = "CURRENT_USER_HAS_NOT_PINNED_CID"
PAID_FEATURE_ONLY: Final = "PAID_FEATURE_ONLY"
DUPLICATE_OBJECT: Final = "DUPLICATE_OBJECT"
RATE_LIMITED: Final = "RATE_LIMITED"
INSUFFICIENT_FUNDS: Final = "INSUFFICIENT_FUNDS"
OBJECT_NOT_FOUND: Final = "OBJECT_NOT_FOUND"
FORBIDDEN: Final = "FORBIDDEN"

HINTS: Final[dict[str, str]] = {
    KEYS_MUST_BE_STRINGS: "the request carried no credential; set PINATA_JWT",
    INVALID_CREDENTIALS: "check PINATA_JWT, or make a key at app.pinata.cloud under API Keys",
    NO_SCOPES_FOUND: "make a key that may do this: keys.create() with an admin key, or at app.pinata.cloud",
    API_KEY_REVOKED: "make a new key at app.pinata.cloud under API Keys",
    CURRENT_USER_HAS_NOT_PINNED_CID: "pins.list() shows what is pinned",
    PAID_FEATURE_ONLY: "the account's plan does not include this; see app.pinata.cloud under Billing",
    OBJECT_NOT_FOUND: "it was removed or replaced; list again for its present id",
    INSUFFICIENT_FUNDS: "see the account's balance and plan at the service; at app.pinata.cloud under Billing",
    DUPLICATE_OBJECT: "it is pinned already; replace it or leave it",
    FORBIDDEN: "see at app.pinata.cloud what the account's plan and the key allow",
    "ERR_ID:00004": "check the address: /ipfs/ and a CID, as cid_of() and upload() give it",
    "ERR_ID:00006": "this gateway serves what its owner has pinned: pin it, take another gateway, "
    "or ask for the root's CID and a path below it",
    "ERR_ID:00016": "nobody on the network answered with it in time; try again, or another gateway",
    "ERR_ID:00023": "web pages are served by a gateway with a domain of its own; download() fetches them as files",
    "ERR_ID:00024": "set PINATA_GATEWAY_KEY to a key of this gateway (app.pinata.cloud under Gateways)",
}

_NO_HEADER: Final = "no Authorization header found"
"""What v3 also tells a key that was made for the older API alone (PinataCloud/pinata, issue 71)."""

_KINDS: Final[dict[int, type[ApiError]]] = {
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: RateLimited,
}

_REASONS: Final[dict[str, type[ApiError]]] = {
    KEYS_MUST_BE_STRINGS: Unauthorized,
    INVALID_CREDENTIALS: Unauthorized,
    NO_SCOPES_FOUND: Forbidden,
    API_KEY_REVOKED: Forbidden,
    CURRENT_USER_HAS_NOT_PINNED_CID: NotFound,
    PAID_FEATURE_ONLY: PlanLimit,
    INSUFFICIENT_FUNDS: PlanLimit,
    DUPLICATE_OBJECT: Conflict,
    OBJECT_NOT_FOUND: NotFound,
    FORBIDDEN: Forbidden,
    RATE_LIMITED: RateLimited,
    "ERR_ID:00004": BadRequest,
    "ERR_ID:00006": NotFound,
    "ERR_ID:00016": ServiceFault,
    "ERR_ID:00023": Forbidden,
    "ERR_ID:00024": Unauthorized,
}
"""What a reason stands for, whatever status it came with."""

_WORDS: Final[tuple[tuple[str, type[ApiError] | None, str | None], ...]] = (
    (r"plan usage limit|exceed\w* .*pin limit", PlanLimit, PlanLimit.hint),
    (r"has not pinned hash", NotFound, HINTS[CURRENT_USER_HAS_NOT_PINNED_CID]),
    (r"more than one file and/or directory", None, "put them into one folder, or upload them one by one"),
    (r"invalid request format\W*$", None, "a field of the form is missing, or is there twice"),
    (r"exceeds maximum upload size", TooLarge, "the signed address or the plan allows fewer bytes"),
    (r"does not grant permissions to upload detected MIME", None, "sign an address that allows this type"),
)
"""What only its words tell, and what can be done."""

_UNPINNED: Final = (
    f"the older API also answers so for what is not pinned; {HINTS[CURRENT_USER_HAS_NOT_PINNED_CID]}"
)
"""What a bare 500 to a change of a pin may mean (recorded in 2022)."""

_OF_A_PIN: Final = ("/pinning/hashMetadata", "/pinning/unpin/")

_ERR_ID: Final = re.compile(r"ERR_ID:\d{5}")


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
    text in ``error``, a gateway's sentence with an ``ERR_ID``, and bodies that are no JSON.
    With the `call`, and the public `key` that asked, the error of a key without the scope says
    which it lacks, and how to make one.
    """
    reason, details, request_id = _said(answer)
    status = answer.status
    if reason is None and (found := _ERR_ID.search(details)):
        reason = found[0]
    kind = _REASONS.get(reason or "") or _KINDS.get(status) or (ServiceFault if status >= 500 else BadRequest)
    hint = HINTS.get(reason or "")
    for words, told, do in _WORDS:
        if re.search(words, details, re.IGNORECASE):
            kind, hint = told or kind, do
    error = kind(
        details or _phrase(status),
        status=status,
        url=answer.url,
        reason=reason,
        request_id=request_id or answer.headers.get("x-request-id"),
        hint=hint,
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
    if call and call.host == "signed" and isinstance(error, Unauthorized):
        error.hint = "it may be over, or changed on the way: have another one signed, by links.upload()"
    if status == 500 and call and call.path.startswith(_OF_A_PIN):
        error.hint = _UNPINNED
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

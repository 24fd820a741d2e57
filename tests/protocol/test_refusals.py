"""Every shape of refusal that was recorded at Pinata becomes one error that tells all it knows."""

from __future__ import annotations

import msgspec
import pytest

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
from pinatakit.protocol import Answer, Call, nothing
from pinatakit.protocol.refusals import _REASONS, HINTS, older_envelope, refused, retry_after, v3_envelope

URL = "https://api.pinata.cloud/pinning/unpin/bafy"
KEYS = "pinata_api_key and pinata_secret_api_key must both be strings"
SCOPES = "This key does not have the required scopes associated with it"

RECORDED = [
    # the older API and PSA, from 2022
    (
        400,
        {"error": {"reason": "KEYS_MUST_BE_STRINGS", "details": KEYS}},
        Unauthorized,
        "KEYS_MUST_BE_STRINGS",
        KEYS,
    ),
    (
        401,
        {"error": {"reason": "INVALID_CREDENTIALS", "details": "Invalid/expired credentials"}},
        Unauthorized,
        "INVALID_CREDENTIALS",
        "Invalid/expired credentials",
    ),
    (403, {"error": {"reason": "NO_SCOPES_FOUND", "details": SCOPES}}, Forbidden, "NO_SCOPES_FOUND", SCOPES),
    (
        403,
        {"error": {"reason": "FORBIDDEN", "details": "Account blocked due to plan usage limit"}},
        PlanLimit,
        "FORBIDDEN",
        "Account blocked due to plan usage limit",
    ),
    (
        404,
        {
            "error": {
                "reason": "OBJECT_NOT_FOUND",
                "details": "Your account does not currently have any record associated with this ID",
            }
        },
        NotFound,
        "OBJECT_NOT_FOUND",
        "Your account does not currently have any record associated with this ID",
    ),
    # with a message besides, and without details
    (
        403,
        {"error": {"reason": "API_KEY_REVOKED", "details": "d", "message": "m"}},
        Forbidden,
        "API_KEY_REVOKED",
        "d",
    ),
    (403, {"error": {"reason": "API_KEY_REVOKED", "message": "m"}}, Forbidden, "API_KEY_REVOKED", "m"),
    (403, {"error": {"reason": "PAID_FEATURE_ONLY"}}, PlanLimit, "PAID_FEATURE_ONLY", "Forbidden"),
    # the older API up to 2021
    (
        400,
        {"error": "Current user has not pinned hash: Qm"},
        NotFound,
        None,
        "Current user has not pinned hash: Qm",
    ),
    (
        400,
        {
            "error": {
                "reason": "CURRENT_USER_HAS_NOT_PINNED_CID",
                "details": "The current user has not pinned the cid: Qm",
            }
        },
        NotFound,
        "CURRENT_USER_HAS_NOT_PINNED_CID",
        "The current user has not pinned the cid: Qm",
    ),
    (
        400,
        {"error": {"reason": "DUPLICATE_OBJECT", "details": "Object already pinned to pinata."}},
        Conflict,
        "DUPLICATE_OBJECT",
        "Object already pinned to pinata.",
    ),
    (
        409,  # of the pinning service API's specification
        {
            "error": {
                "reason": "INSUFFICIENT_FUNDS",
                "details": "Unable to process request due to the lack of funds",
            }
        },
        PlanLimit,
        "INSUFFICIENT_FUNDS",
        "Unable to process request due to the lack of funds",
    ),
    (409, {"error": {"message": "still has CIDs"}}, Conflict, None, "still has CIDs"),
    # x402
    (
        402,
        {"x402Version": 1, "accepts": [], "error": "payment required"},
        PaymentRequired,
        None,
        "payment required",
    ),
    # v3 with fields missing
    (404, {"error": {"message": "file not found"}}, NotFound, None, "file not found"),
    (500, {"error": {}}, ServiceFault, None, "Internal Server Error"),
    (500, {"error": "boom"}, ServiceFault, None, "boom"),
    (400, {"message": "bare"}, BadRequest, None, "bare"),
]


def answer(status: int, body: object, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, data, URL)


@pytest.mark.parametrize(("status", "body", "kind", "reason", "details"), RECORDED)
def test_a_recorded_refusal_becomes_the_error_it_stands_for(status, body, kind, reason, details):
    error = refused(answer(status, body))
    assert type(error) is kind
    assert (error.status, error.reason, error.details, error.url) == (status, reason, details, URL)
    assert error.request_id is None
    assert details in str(error)
    assert f"HTTP {status}" in str(error)


def test_every_reason_that_is_known_was_recorded():
    gateways = {f"ERR_ID:{number:05}" for number in (4, 6, 16, 23, 24)}
    recorded = {reason for *_, reason, _ in RECORDED if reason}
    assert set(_REASONS) == recorded | gateways | {"RATE_LIMITED"}  # which only the local Pinata words so


def test_a_refusal_of_v3_tells_its_request():
    body = {
        "error": {
            "code": 500,
            "status": "Internal Server Error",
            "request": "f3b1c4a7",
            "message": "unable to list files",
            "details": [],
        }
    }
    error = refused(answer(500, body, x_request_id="other"))
    assert type(error) is ServiceFault
    assert (error.details, error.request_id, error.reason) == ("unable to list files", "f3b1c4a7", None)
    assert "request f3b1c4a7" in str(error)


def test_the_request_is_also_told_by_a_header():
    assert refused(answer(500, {"error": "boom"}, x_request_id="abc")).request_id == "abc"


@pytest.mark.parametrize(
    ("status", "body", "kind", "details"),
    [
        (401, b"token is malformed", Unauthorized, "token is malformed"),
        (
            413,
            b"Upload-Length exceeds maximum upload size",
            TooLarge,
            "Upload-Length exceeds maximum upload size",
        ),
        (502, b"<html>Bad Gateway</html>", ServiceFault, "<html>Bad Gateway</html>"),
        (502, b"", ServiceFault, "Bad Gateway"),
        (503, b" \n", ServiceFault, "Service Unavailable"),
        (599, b"", ServiceFault, "no reason given"),
        (400, b"\xff\xfe", BadRequest, "\ufffd\ufffd"),
        (400, b"[1]", BadRequest, "[1]"),
        (400, b'"text"', BadRequest, "text"),
    ],
)
def test_a_body_that_is_no_envelope_is_shown(status, body, kind, details):
    error = refused(answer(status, body))
    assert type(error) is kind
    assert (error.details, error.reason) == (details, None)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "ERR_ID:00004", BadRequest),
        (403, "ERR_ID:00006", NotFound),
        (404, "ERR_ID:00006", NotFound),
        (504, "ERR_ID:00016", ServiceFault),
        (403, "ERR_ID:00023", Forbidden),
        (401, "ERR_ID:00024", Unauthorized),
    ],
)
def test_what_a_gateway_says_is_known_by_its_number(status, reason, kind):
    words = f"A sentence of the gateway - {reason}"
    error = refused(answer(status, words.encode(), x_request_id="r1"))
    assert type(error) is kind
    assert (error.reason, error.details, error.request_id) == (reason, words, "r1")
    assert error.hint == HINTS[reason]
    assert words in str(error)


@pytest.mark.parametrize(
    ("status", "words", "kind", "hint"),
    [
        (403, "You have exceeded the account's pin limit", PlanLimit, "Billing"),
        (400, "More than one file and/or directory was provided for pinning", BadRequest, "one folder"),
        (400, "Invalid request format", BadRequest, "there twice"),
        (413, "Upload-Length exceeds maximum upload size", TooLarge, "fewer bytes"),
        (
            400,
            "Presigned URL does not grant permissions to upload detected MIME type: text/html",
            BadRequest,
            "sign an address",
        ),
    ],
)
def test_what_only_words_tell_is_known_by_them(status, words, kind, hint):
    error = refused(answer(status, {"error": words}))
    assert type(error) is kind
    assert error.details == words
    assert hint in error.hint


def test_a_form_of_which_more_is_said_gets_no_hint_about_its_fields():
    words = "Invalid request format. Expected boundary character 45, got 10 at index 2"
    assert refused(answer(400, {"error": words})).hint == BadRequest.hint


@pytest.mark.parametrize(
    "call",
    [Call("PUT", "/pinning/hashMetadata", nothing), Call("DELETE", "/pinning/unpin/bafk", nothing)],
)
def test_a_bare_fault_to_a_change_of_a_pin_may_mean_that_it_is_not_pinned(call):
    error = refused(answer(500, b""), call)
    assert type(error) is ServiceFault
    assert "not pinned; pins.list() shows" in error.hint
    assert refused(answer(503, b""), call).hint is None
    assert refused(answer(500, b""), Call("GET", "/data/pinList", nothing)).hint is None


@pytest.mark.parametrize(
    ("status", "body"), [(409, b""), (413, {"error": "The folder has more than 10 files."})]
)
def test_what_is_in_the_way_or_too_large_has_a_way_out(status, body):
    assert refused(answer(status, body)).hint


def test_a_long_page_is_shown_in_part():
    assert len(refused(answer(502, b"x" * 100_000)).details) <= 500


@pytest.mark.parametrize("reason", HINTS)
def test_a_known_reason_has_a_hint(reason):
    error = refused(answer(403, {"error": {"reason": reason, "details": "words"}}))
    assert error.hint == HINTS[reason]
    assert str(error).endswith(f"\nhint: {HINTS[reason]}")


LACKING = older_envelope("NO_SCOPES_FOUND", SCOPES)


@pytest.mark.parametrize(
    ("call", "scope", "name", "make"),
    [
        (
            Call("POST", "/v3/files", nothing),
            "org:files:write",
            "org:files:write",
            "keys.create('…', Permissions(files='write'))",
        ),
        (
            Call("DELETE", "/pinning/unpin/bafk", nothing),
            "pinning.unpin",
            "unpin",
            "keys.create('…', Permissions(endpoints=['unpin']))",
        ),
        (Call("GET", "/users/apiKeys", nothing), "admin", "admin", "keys.create('…', Permissions.ADMIN)"),
    ],
)
def test_a_key_without_the_scope_is_told_which_and_how_to_make_one_that_has_it(call, scope, name, make):
    error = refused(answer(403, LACKING), call, key="5d2ae9c1f0b34a7788aa")
    assert isinstance(error, Forbidden)
    assert error.missing_scope == scope
    assert error.hint.startswith(f"the key 5d2ae9c1f0b34a7788aa lacks {name}; make one")
    assert make in error.hint
    assert refused(answer(403, LACKING), call).hint.startswith(f"the key lacks {name}; ")


@pytest.mark.parametrize("words", [SCOPES, "missing required scope"])
def test_the_scope_is_told_where_v3_gives_no_reason(words):
    error = refused(answer(403, v3_envelope(403, words, "id")), Call("GET", "/v3/groups/public", nothing))
    assert error.missing_scope == "org:groups:read"


def test_a_key_of_the_older_api_is_told_why_v3_does_not_see_it():
    """Recorded in 2025; Pinata's people explained it by the key's scopes."""
    body = {"error": {"code": 401, "message": "no Authorization header found"}}
    error = refused(answer(401, body), Call("POST", "/v3/files", nothing), key="5d2ae9c1f0b34a7788aa")
    assert type(error) is Unauthorized
    assert error.hint.startswith("v3 takes a JWT, and the key 5d2ae9c1f0b34a7788aa may lack org:files:write;")
    assert "Permissions(files='write')" in error.hint


@pytest.mark.parametrize(
    ("status", "body", "path"),
    [
        (403, older_envelope("NO_SCOPES_FOUND", SCOPES), "/v3/x402/payment_instructions"),
        (403, older_envelope("API_KEY_REVOKED", "revoked"), "/v3/files"),
        (403, older_envelope("FORBIDDEN", "Account blocked due to plan usage limit"), "/v3/files"),
    ],
)
def test_no_scope_is_told_where_none_is_known_or_it_is_not_why(status, body, path):
    error = refused(answer(status, body), Call("GET", path, nothing), key="5d2ae9c1f0b34a7788aa")
    assert error.missing_scope is None
    assert "lacks" not in error.hint


def test_without_a_reason_the_kind_of_error_has_the_hint():
    assert "PINATA_JWT" in str(refused(answer(401, b"token is malformed")))
    assert refused(answer(400, b"no")).hint is None


def test_too_many_requests_say_how_long_to_wait():
    error = refused(answer(429, b"", retry_after="60"))
    assert type(error) is RateLimited
    assert (error.retry_after, error.details) == (60.0, "Too Many Requests")
    assert refused(answer(429, b"")).retry_after is None


@pytest.mark.parametrize(
    ("told", "seconds"), [("60", 60.0), ("0.5", 0.5), ("-5", 0.0), ("soon", None), ("", None)]
)
def test_a_time_to_wait_is_read_in_seconds(told, seconds):
    assert retry_after({"retry-after": told}) == seconds


def test_a_time_to_wait_may_be_a_date_by_the_services_clock():
    headers = {"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert retry_after(headers) == 30.0
    assert retry_after({"retry-after": headers["retry-after"]}) == 0.0  # long past by our own


def test_the_envelopes_are_pinatas():
    assert older_envelope("NO_SCOPES_FOUND", SCOPES) == {
        "error": {"reason": "NO_SCOPES_FOUND", "details": SCOPES}
    }
    assert v3_envelope(404, "gone", "id") == {
        "error": {"code": 404, "status": "Not Found", "request": "id", "message": "gone", "details": []}
    }


@pytest.mark.parametrize("body", [older_envelope("R", "words"), v3_envelope(400, "words", "id")])
def test_both_envelopes_are_read_back(body):
    error = refused(answer(400, body))
    assert isinstance(error, ApiError)
    assert error.details == "words"


def test_a_demand_to_pay_tells_how():
    way = {"scheme": "exact", "network": "base", "maxAmountRequired": "10000"}
    body = msgspec.json.encode(
        {"x402Version": 1, "accepts": [way, "nonsense"], "error": "X-PAYMENT is required"}
    )
    error = refused(Answer(402, {"www-authenticate": "Payment id=1"}, body, URL))
    assert isinstance(error, PaymentRequired)
    assert error.accepts == [way]
    assert error.challenge == "Payment id=1"
    for garbled in (b"", b"[]", b'{"accepts": 1}'):
        assert refused(Answer(402, {}, garbled, URL)).accepts == []


def test_a_presigned_url_that_is_refused_wants_another_url_and_no_key():
    call = Call("POST", "https://uploads.pinata.cloud/v3/files/1?X-Signature=x", nothing, host="signed")
    error = refused(Answer(401, {}, b"The presigned URL is not valid", "https://x/1"), call)
    assert isinstance(error, Unauthorized)
    assert "links.upload()" in error.hint
    assert "PINATA_JWT" not in error.hint

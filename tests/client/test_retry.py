"""When a client asks again: what may be repeated, and not without end."""

from __future__ import annotations

import pytest

from pinatakit.client._retry import Retries
from pinatakit.protocol import Answer, Call, nothing

GET = Call("GET", "/v3/files/public", nothing)
MAKES_ANEW = Call("POST", "/users/generateApiKey", nothing, repeatable=False)


def answer(status, **headers):
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", "http://x")


@pytest.mark.parametrize("status", range(400, 600))
def test_of_the_refusals_only_408_425_and_429_are_asked_again(status):
    again = Retries(4).after_answer(GET, 1, answer(status)) is not None
    assert again == (status in (408, 425, 429, 500, 502, 503, 504))


@pytest.mark.parametrize("status", range(400, 600))
def test_what_makes_something_anew_is_asked_again_only_where_nothing_was_done(status):
    again = Retries(4).after_answer(MAKES_ANEW, 1, answer(status)) is not None
    assert again == (status in (425, 429))


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_the_older_api_refuses_changes_with_500_for_good(method):
    call = Call(method, "/pinning/unpin/bafy", nothing)
    assert Retries(4).after_answer(call, 1, answer(500)) is None
    assert Retries(4).after_answer(call, 1, answer(503)) is not None


@pytest.mark.parametrize(("sent", "again"), [(True, False), (False, True)])
def test_without_an_answer_it_matters_whether_the_request_went_out(sent, again):
    assert (Retries(4).after_silence(MAKES_ANEW, 1, sent=sent) is not None) == again
    assert Retries(4).after_silence(GET, 1, sent=sent) is not None


def test_pauses_have_full_jitter_and_double_up_to_20_seconds():
    for attempt in range(1, 12):
        pauses = [Retries(99).after_silence(GET, attempt, sent=True) for _ in range(200)]
        most = min(0.25 * 2**attempt, 20)
        assert 0 <= min(pauses) < 0.2 * most
        assert 0.8 * most < max(pauses) <= most


def test_the_time_that_the_service_names_is_kept():
    assert Retries(4).after_answer(GET, 1, answer(429, retry_after="60")) == 60
    assert Retries(4).after_answer(GET, 1, answer(503, retry_after="3")) == 3
    assert Retries(4).after_answer(GET, 1, answer(503, retry_after="121")) is None


def test_a_service_that_is_down_is_not_asked_again_without_end():
    retries = Retries(4)
    again = sum(retries.after_silence(GET, 1, sent=True) is not None for _ in range(1000))
    assert again == 100
    assert retries.after_answer(GET, 1, answer(503)) is None


def test_success_earns_further_attempts():
    retries = Retries(4)
    while retries.after_silence(GET, 1, sent=True) is not None:
        pass
    for _ in range(5):
        retries.after_answer(GET, 1, answer(200))
    assert retries.after_silence(GET, 1, sent=True) is not None
    retries.after_answer(GET, 2, answer(200))  # gives back what it took
    assert retries.after_silence(GET, 1, sent=True) is not None
    assert retries.after_silence(GET, 1, sent=True) is None


def test_to_be_told_to_wait_costs_nothing():
    retries = Retries(4)
    for _ in range(1000):
        assert retries.after_answer(GET, 1, answer(429, retry_after="1")) == 1
    assert retries.after_silence(GET, 1, sent=True) is not None

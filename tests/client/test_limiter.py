"""The limiter: never more calls than the plan allows, no moment lost, and what answers teach it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pinatakit.client._limiter import Limiter
from pinatakit.errors import InputError
from pinatakit.protocol.limits import LISTS, PLANS, Rate, lane, read_rate


def most_within(moments, seconds):
    """The most moments that lie within so many seconds."""
    return max(sum(start <= other < start + seconds for other in moments) for start in moments)


@pytest.mark.parametrize("plan", PLANS)
def test_no_plan_is_ever_exceeded(plan):
    rate = PLANS[plan]
    limiter = Limiter(rate)
    moments = [limiter.reserve("api", 0.0) for _ in range(3 * rate.calls)]
    assert moments[: rate.calls] == [0.0] * rate.calls  # what the plan allows goes at once
    assert most_within(moments, rate.seconds) == rate.calls
    assert moments[-1] == 2 * rate.seconds  # and no later than it must


def test_without_limits_nothing_waits():
    limiter = Limiter()
    assert {limiter.reserve("api", 1.0) for _ in range(10_000)} == {1.0}


def test_threads_share_it():
    limiter = Limiter(Rate(10, 60))
    with ThreadPoolExecutor(8) as pool:
        moments = list(pool.map(lambda _: limiter.reserve("api", 0.0), range(40)))
    assert sorted(moments) == [0.0] * 10 + [60.0] * 10 + [120.0] * 10 + [180.0] * 10


def test_a_moment_given_back_is_the_next_ones():
    limiter = Limiter(Rate(1, 60))
    first, second, third = (limiter.reserve("api", 0.0) for _ in range(3))
    limiter.give_back("api", second)
    assert limiter.reserve("api", 1.0) == second
    limiter.give_back("api", third)
    limiter.give_back("api", second)
    assert [limiter.reserve("api", 2.0), limiter.reserve("api", 2.0)] == [second, third]


def test_a_moment_given_back_too_late_is_not_used():
    limiter = Limiter(Rate(1, 60))
    _, second, third = (limiter.reserve("api", 0.0) for _ in range(3))
    limiter.give_back("api", second)
    assert limiter.reserve("api", second + 1) == third + 60  # else two would go within a minute


def test_a_moment_that_is_long_past_may_be_given_back():
    limiter = Limiter(Rate(1, 60))
    past = limiter.reserve("api", 0.0)
    assert limiter.reserve("api", 1000.0) == 1000.0
    limiter.give_back("api", past)
    assert limiter.reserve("api", 1000.0) == 1060.0


def test_lists_have_their_own_limit_on_every_plan():
    limiter = Limiter(PLANS["fiesta"], has_plans=True)
    for lane_ in ("data", "psa"):
        moments = [limiter.reserve(lane_, 0.0) for _ in range(31)]
        assert moments[-2:] == [0.0, 60.0]
    assert limiter.reserve("api", 0.0) == 0.0


@pytest.mark.parametrize(
    ("method", "path", "host", "counted"),
    [
        ("GET", "/data/pinList", "api", "data"),
        ("GET", "/data/testAuthentication", "api", "data"),
        ("GET", "/psa/pins", "api", "psa"),
        ("POST", "/psa/pins", "api", "api"),
        ("GET", "/psa/pins/1", "api", "api"),
        ("GET", "/v3/files/public", "api", "api"),
        ("POST", "/v3/files", "uploads", "api"),
        ("GET", "/ipfs/bafy", "gateway", "gateway"),
    ],
)
def test_a_request_counts_where_pinata_counts_it(method, path, host, counted):
    assert lane(method, path, host) == counted


# What answers teach


def test_a_limit_that_is_told_is_kept():
    limiter = Limiter()
    limiter.reserve("psa", 0.0)
    limiter.heed("psa", 200, {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "4"}, 0.0)
    assert [limiter.reserve("psa", 0.0) for _ in range(5)] == [0.0] * 4 + [60.0]


def test_a_limit_that_is_told_does_not_raise_the_one_that_was_chosen():
    limiter = Limiter(Rate(2, 60))
    limiter.heed("api", 200, {"x-ratelimit-limit": "500"}, 0.0)
    assert [limiter.reserve("api", 0.0) for _ in range(3)] == [0.0, 0.0, 60.0]
    limiter.heed("api", 200, {"x-ratelimit-limit": "1"}, 0.0)
    assert limiter.reserve("api", 200.0) == 200.0
    assert limiter.reserve("api", 200.0) == 260.0


def test_nothing_left_shuts_the_lane_until_the_service_counts_anew():
    limiter = Limiter()
    taken = limiter.reserve("api", 10.0)
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1445412510",
        "date": "Wed, 21 Oct 2015 07:28:00 GMT",  # 1445412480, whatever our own clock says
    }
    limiter.heed("api", 200, headers, 10.0)
    assert limiter.shut("api", taken)
    assert limiter.reserve("api", 11.0) == 40.0
    assert not limiter.shut("api", 40.0)
    assert limiter.reserve("gateway", 11.0) == 11.0


@pytest.mark.parametrize("told", [{}, {"x-ratelimit-reset": "soon"}, {"x-ratelimit-reset": "99999999999"}])
def test_a_time_that_is_none_or_never_shuts_nothing(told):
    limiter = Limiter()
    limiter.heed("api", 200, {"x-ratelimit-remaining": "0", **told}, 0.0)
    assert limiter.reserve("api", 0.0) == 0.0


def test_a_refusal_shuts_the_lane_for_as_long_as_it_says():
    limiter = Limiter()
    limiter.heed("api", 429, {"retry-after": "60"}, 5.0)
    assert limiter.reserve("api", 6.0) == 65.0
    limiter.heed("data", 503, {"retry-after": "60"}, 5.0)  # of that request alone
    assert limiter.reserve("data", 6.0) == 6.0


@pytest.mark.parametrize(("sent", "plan"), [(10, "free"), (61, "free"), (251, "picnic"), (7000, "fiesta")])
def test_a_refusal_without_numbers_tells_the_plan_by_what_was_sent(sent, plan):
    limiter = Limiter(has_plans=True)
    for _ in range(sent):
        limiter.reserve("api", 1.0)
    limiter.heed("api", 429, {}, 1.5)
    rate = PLANS[plan]
    after = [limiter.reserve("api", 200.0) for _ in range(rate.calls + 1)]
    assert after[-2:] == [200.0, 200.0 + rate.seconds]


def test_a_refusal_by_a_service_without_plans_tells_none():
    limiter = Limiter()
    limiter.heed("api", 429, {}, 1.0)
    assert {limiter.reserve("api", 2.0) for _ in range(1000)} == {2.0}


# What may be told


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        ("free", Rate(60, 60)),
        ("Enterprise", Rate(100, 1)),
        ("120", Rate(120, 60)),
        (9, Rate(9, 60)),
        ("none", None),
        (0, None),
    ],
)
def test_a_rate_is_a_plan_or_a_number_a_minute(told, rate):
    assert read_rate(told) == rate


@pytest.mark.parametrize("told", ["", "gold", "-1", "1.5", "²"])
def test_what_is_no_rate_is_refused(told):
    with pytest.raises(InputError, match="a rate limit is not") as caught:
        read_rate(told)
    assert "picnic" in caught.value.hint


def test_the_lists_of_pinata_may_be_asked_for_30_times_a_minute():
    assert LISTS == (30, 60)

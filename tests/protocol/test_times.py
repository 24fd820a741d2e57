"""Moments as the two APIs spell them; the samples are of Pinata's documentation and recordings."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pinatakit.errors import InputError
from pinatakit.protocol.times import micros, millis, parse, unix


def test_the_older_api_writes_milliseconds():
    assert millis(datetime(2022, 6, 17, 22, 43, 8, 303_000, UTC)) == "2022-06-17T22:43:08.303Z"
    assert millis(datetime(2022, 7, 22, 14, 30, tzinfo=UTC)) == "2022-07-22T14:30:00.000Z"


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [
        (485_934, "2024-08-27T14:57:51.485934Z"),
        (967_790, "2024-08-27T14:57:51.96779Z"),
        (57_000, "2024-08-27T14:57:51.057Z"),
        (0, "2024-08-27T14:57:51Z"),
    ],
)
def test_v3_writes_up_to_six_digits_without_trailing_zeros(microsecond, text):
    assert micros(datetime(2024, 8, 27, 14, 57, 51, microsecond, UTC)) == text


def test_whole_minutes_keep_their_zeros():
    assert micros(datetime(2024, 8, 20, tzinfo=UTC)) == "2024-08-20T00:00:00Z"


def test_other_zones_are_written_as_utc():
    moment = datetime(2024, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert millis(moment) == "2023-12-31T23:30:00.000Z"
    assert micros(moment) == "2023-12-31T23:30:00Z"


@pytest.mark.parametrize(
    "text", ["2022-06-17T22:43:08.303Z", "2022-06-17T22:43:08.303", "2022-06-18T00:43:08.303+02:00"]
)
def test_a_moment_without_a_zone_is_utc(text):
    moment = parse(text)
    assert moment == datetime(2022, 6, 17, 22, 43, 8, 303_000, UTC)
    assert moment.tzinfo is not None


@pytest.fixture
def _in_new_york(monkeypatch):
    """Where this machine's clock is five hours behind UTC."""
    monkeypatch.setenv("TZ", "EST5EDT")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be changed")
@pytest.mark.usefixtures("_in_new_york")
def test_a_moment_without_a_zone_is_written_as_utc_wherever_one_is():
    moment = datetime(2024, 1, 1, 12, 30)  # noqa: DTZ001  (without a zone: UTC)
    assert millis(moment) == "2024-01-01T12:30:00.000Z"
    assert micros(moment) == "2024-01-01T12:30:00Z"
    assert unix(moment, "date") == 1704112200


def test_what_is_no_moment_is_told_with_what_it_was_given_as():
    with pytest.raises(InputError, match="expires_at is a datetime, not 5"):
        unix(5, "expires_at")


def test_a_day_is_its_first_moment():
    assert parse("2022-06-17") == datetime(2022, 6, 17, tzinfo=UTC)


def test_what_is_no_date_is_refused():
    with pytest.raises(ValueError, match="yesterday"):
        parse("yesterday")

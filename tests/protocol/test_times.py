"""Moments as the two APIs spell them; the samples are of Pinata's documentation and recordings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pinatakit.protocol.times import micros, millis, parse


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


def test_a_day_is_its_first_moment():
    assert parse("2022-06-17") == datetime(2022, 6, 17, tzinfo=UTC)


def test_what_is_no_date_is_refused():
    with pytest.raises(ValueError, match="yesterday"):
        parse("yesterday")

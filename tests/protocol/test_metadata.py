"""Names and key-values are checked as Pinata's documentation limits them: 10 at most, plain values."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pinatakit.errors import InputError
from pinatakit.protocol.metadata import check_keyvalues, check_name, merge_keyvalues


@pytest.mark.parametrize("name", [None, "", "a", "ü 😀", "a/b", 'we"ird'])
def test_any_text_is_a_name(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", [5, b"a", ["a"], True])
def test_what_is_no_text_is_no_name(name):
    with pytest.raises(InputError, match="a name is text"):
        check_name(name)


def test_a_name_that_is_not_utf8_is_refused():
    with pytest.raises(InputError, match="is not UTF-8"):
        check_name("\udcff.txt")


@pytest.mark.parametrize("given", [{"\ud800": "x"}, {"a": "\udcff"}])
def test_a_key_value_that_is_not_utf8_is_refused(given):
    with pytest.raises(InputError, match="letters that no UTF-8 can write"):
        check_keyvalues(given)


def test_values_are_sent_as_they_are_and_dates_as_iso_8601():
    given = {
        "text": "a",
        "empty": "",
        "whole": 1,
        "part": 0.5,
        "yes": True,
        "day": date(2024, 5, 1),
        "moment": datetime(2022, 6, 17, 22, 43, 8, 303_000, UTC),
    }
    assert check_keyvalues(given) == {
        **given,
        "day": "2024-05-01",
        "moment": "2022-06-17T22:43:08.303Z",
    }


def test_no_key_values_are_an_empty_mapping():
    assert check_keyvalues(None) == {}
    assert check_keyvalues({}) == {}


def test_ten_key_values_are_taken_and_eleven_are_refused():
    assert len(check_keyvalues({str(i): "v" for i in range(10)})) == 10
    with pytest.raises(InputError, match="11 key-values; Pinata takes at most 10"):
        check_keyvalues({str(i): "v" for i in range(11)})


@pytest.mark.parametrize("given", [[], "a", 5, [("a", "b")]])
def test_only_a_mapping_holds_key_values(given):
    with pytest.raises(InputError, match="mapping"):
        check_keyvalues(given)


@pytest.mark.parametrize("key", ["", 1, None])
def test_a_key_is_a_text_with_letters(key):
    with pytest.raises(InputError, match="a key of key-values"):
        check_keyvalues({key: "v"})


@pytest.mark.parametrize("value", [[], {}, b"a", object(), None, 1j])
def test_a_value_of_another_type_is_refused_by_its_key(value):
    with pytest.raises(InputError, match="key-value 'k' is"):
        check_keyvalues({"k": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_json_cannot_hold_is_refused(value):
    with pytest.raises(InputError, match="JSON cannot hold"):
        check_keyvalues({"k": value})


@pytest.mark.parametrize("value", [1, 0.5, True])
def test_v3_takes_text_only_and_the_hint_shows_how(value):
    with pytest.raises(InputError, match="here every value is text") as caught:
        check_keyvalues({"k": value}, text_only=True)
    assert f"'k': {str(value)!r}" in str(caught.value)


def test_v3_takes_dates_because_they_become_text():
    assert check_keyvalues({"d": date(2024, 5, 1)}, text_only=True) == {"d": "2024-05-01"}


def test_none_takes_a_key_away_in_updates_only():
    assert check_keyvalues({"k": None}, removing=True, text_only=True) == {"k": None}


def test_an_update_adds_replaces_and_takes_away():
    old = {"keep": "1", "change": "2", "drop": "3"}
    assert merge_keyvalues(old, {"change": "x", "drop": None, "new": "4", "never": None}) == {
        "keep": "1",
        "change": "x",
        "new": "4",
    }


def test_what_is_left_after_an_update_is_counted():
    old = {str(i): "v" for i in range(10)}
    assert len(merge_keyvalues(old, {"0": None, "new": "v"})) == 10
    with pytest.raises(InputError, match="11 key-values after the update"):
        merge_keyvalues(old, {"new": "v"})

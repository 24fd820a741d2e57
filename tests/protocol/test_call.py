"""A call says what is sent, and reads what comes back."""

from __future__ import annotations

import pytest

from pinatakit.errors import PinataError
from pinatakit.protocol import Answer, Call, Usage, account, nothing, reads_data, reads_json
from pinatakit.protocol._record import record

URL = "https://api.pinata.cloud/x"


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {}, body, URL)


def test_nothing_is_sent_for_none_and_booleans_are_lower_case():
    query = {"a": None, "b": True, "c": False, "d": 5, "e": "", "f": "True"}
    assert Call("GET", "/", nothing, query).pairs() == [
        ("b", "true"),
        ("c", "false"),
        ("d", "5"),
        ("e", ""),
        ("f", "True"),
    ]


@pytest.mark.parametrize(
    ("status", "ok"), [(200, True), (299, True), (199, False), (304, False), (500, False)]
)
def test_statuses_from_200_to_299_are_successes(status, ok):
    assert answer(b"", status).ok is ok


def test_the_older_api_answers_the_value_itself():
    assert reads_json(lambda value: value)(answer(b'{"a":[1]}')) == {"a": [1]}


def test_v3_answers_the_value_under_data():
    assert reads_data(lambda value: value)(answer(b'{"data":null}')) is None
    assert reads_data(lambda value: value)(answer(b'{"data":[1]}')) == [1]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'"data"', b"7"])
def test_an_answer_of_v3_without_data_is_told(body):
    with pytest.raises(PinataError, match="answered without data"):
        reads_data(lambda value: value)(answer(body))


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"{"])
def test_an_answer_that_is_not_json_is_told_with_the_url(body):
    with pytest.raises(PinataError, match=URL) as caught:
        reads_json(lambda value: value)(answer(body))
    assert "endpoint" in str(caught.value)


def test_an_answer_that_only_says_done_is_not_read():
    assert nothing(answer(b"\xff not json")) is None


def test_a_record_keeps_what_it_does_not_know():
    assert record({"pin_count": 3, "new_field": {}}, Usage) == Usage(pin_count=3, extra={"new_field": {}})


def test_a_record_of_another_shape_is_told():
    with pytest.raises(PinataError, match="not a Usage"):
        record({"pin_count": "many"}, Usage)
    with pytest.raises(PinataError, match="not a Usage"):
        record([], Usage)


def test_usage_is_read_as_pinata_writes_it():
    call = account.usage()
    body = b'{"pin_count":11,"pin_size_total":4021337,"pin_size_with_replications_total":8042674}'
    assert (call.method, call.path, call.host) == ("GET", "/data/userPinnedDataTotal", "api")
    assert call.read(answer(body)) == Usage(
        pin_count=11, pin_size_total=4_021_337, pin_size_with_replications_total=8_042_674
    )


def test_a_drifted_counter_is_read_as_it_is():
    assert account.usage().read(answer(b'{"pin_count":-223}')).pin_count == -223


def test_the_test_of_a_credential_gives_the_services_words():
    call = account.test()
    body = b'{"message":"Congratulations! You are communicating with the Pinata API!"}'
    assert (call.method, call.path) == ("GET", "/data/testAuthentication")
    assert call.read(answer(body)) == "Congratulations! You are communicating with the Pinata API!"

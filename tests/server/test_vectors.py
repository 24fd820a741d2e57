"""Vectors: words compared, the same way everywhere, and claimed to be nothing more."""

from __future__ import annotations

import math
import uuid

import pytest

from pinatakit.server import Server
from pinatakit.server.vectors import embed

from .conftest import client, group, upload, v3_refusal


@pytest.fixture(name="group")
def _group(api) -> str:
    return group(api, network="private")


def add(api, group: str, text: bytes, name: str = "a.txt") -> str:
    id = upload(api, text, name, network="private", group_id=group)["id"]
    answer = api.post(f"/v3/vectorize/files/{id}")
    assert (answer.status_code, answer.json()) == (200, {"success": True, "status": True})
    return id


def query(api, group: str, text: str) -> list[dict]:
    answer = api.post(f"/v3/vectorize/groups/{group}/query", json={"text": text})
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["count"] == len(data["matches"])
    return data["matches"]


def test_the_same_text_has_a_score_of_1_and_another_none(api, group):
    id = add(api, group, b"Many words, said in this order")
    (match,) = query(api, group, "many WORDS -- said in this order!")
    assert match["file_id"] == id
    assert match["score"] == pytest.approx(1)
    assert query(api, group, "nothing of it") == []
    assert query(api, group, "?!") == []


def test_a_score_is_the_cosine_of_words_and_pairs(api, group):
    """a b: the words a and b and the pair. Of a c only a is shared: 1 of 3, each of weight 1."""
    add(api, group, b"a b")
    (match,) = query(api, group, "a c")
    assert match["score"] == pytest.approx(1 / 3)


def test_what_is_said_often_weighs_more_by_its_logarithm():
    vector = sorted(embed("x x x").values())
    once, thrice = 1 + math.log(2), 1 + math.log(3)  # the pair x x stands twice
    length = math.hypot(once, thrice)
    assert vector == pytest.approx([once / length, thrice / length])


def test_the_order_of_words_matters(api, group):
    add(api, group, b"man bites dog")
    other = add(api, group, b"dog bites man")
    assert query(api, group, "dog bites")[0]["file_id"] == other


def test_groups_do_not_see_each_other(api, group):
    add(api, group, b"secret words of one group")
    assert query(api, str(uuid.uuid4()), "secret words") == []


def test_at_most_20_are_found_the_likest_first(api, group):
    for i in range(25):
        add(api, group, b"common " + b"other%d " % i * (i + 1))
    scores = [match["score"] for match in query(api, group, "common")]
    assert len(scores) == 20
    assert scores == sorted(scores, reverse=True)


def test_a_file_vectorized_again_is_found_once(api, group):
    id = add(api, group, b"twice told")
    api.post(f"/v3/vectorize/files/{id}")
    assert len(query(api, group, "twice told")) == 1


def test_a_deleted_file_is_not_found(api, group):
    id = add(api, group, b"soon gone")
    api.delete(f"/v3/files/private/{id}")
    assert query(api, group, "soon gone") == []


def test_deleting_vectors_that_there_are_not_is_done_already(api, group):
    id = upload(api, b"never vectorized", network="private")["id"]
    assert api.delete(f"/v3/vectorize/files/{id}").json() == {"success": True, "status": True}
    assert v3_refusal(api.delete(f"/v3/vectorize/files/{group}"))[0] == 404


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "a.png"),
        (b"\xff\xfe", "a.txt"),
        (b"\xff" * 300_000, "long.txt"),
        (b"in a folder", "box/a.txt"),
    ],
)
def test_what_is_no_text_is_refused(api, group, content, name):
    id = upload(api, content, name, network="private", group_id=group)["id"]
    status, words = v3_refusal(api.post(f"/v3/vectorize/files/{id}"))
    assert status == 400
    assert "text alone" in words


def test_of_a_long_text_the_beginning_counts_wherever_it_is_cut(api, group):
    for shift in range(3):
        add(api, group, b"beginning " + b"." * shift + "€".encode() * 100_000 + b" ending")
    assert len(query(api, group, "beginning")) == 3
    assert query(api, group, "ending") == []


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 5}])
def test_a_question_is_asked(api, group, body):
    assert v3_refusal(api.post(f"/v3/vectorize/groups/{group}/query", json=body))[0] == 400


def test_vectors_are_kept_across_restarts_as_long_as_their_files(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        box = group(api, network="private")
        kept, gone = add(api, box, b"kept words"), add(api, box, b"gone words")
        api.delete(f"/v3/files/private/{gone}")
    with Server(tmp_path) as server, client(server) as api:
        assert [match["file_id"] for match in query(api, box, "words")] == [kept]
        assert server.store.records.read("SELECT count(DISTINCT n) FROM vector")[0][0] == 1

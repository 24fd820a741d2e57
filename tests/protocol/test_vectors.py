"""Vectors: asked for on the uploads host, read as the documentation's samples show them."""

from __future__ import annotations

import json

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer
from pinatakit.protocol.vectors import Match, delete_vectors, query_vectors, vectorize_file

ID = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"
HELLO = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"


def answer(body: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode(body), "https://uploads.pinata.cloud/v3/vectorize")


@pytest.mark.parametrize("said", [{"success": True}, {"status": True}])
@pytest.mark.parametrize("make", [vectorize_file, delete_vectors])
def test_both_spellings_of_success_are_read(make, said):
    call = make(ID)
    assert (call.host, call.path) == ("uploads", f"/v3/vectorize/files/{ID}")
    assert call.read(answer(said)) is None


def test_matches_are_read():
    call = query_vectors(ID, "greeting")
    assert (call.host, json.loads(call.body)) == ("uploads", {"text": "greeting"})
    row = {"file_id": ID, "cid": HELLO, "score": 0.78}
    (match,) = call.read(answer({"data": {"count": 1, "matches": [row]}}))
    assert match == Match(file_id=ID, cid=CID.parse(HELLO), score=0.78)
    assert match.to_json() == row
    assert call.read(answer({"data": {"count": 0, "matches": None}})) == []


@pytest.mark.parametrize("text", ["", None, 5])
def test_nothing_is_not_looked_for(text):
    with pytest.raises(InputError, match="nothing to look for"):
        query_vectors(ID, text)

"""Media types by their bytes, where the name says nothing."""

from __future__ import annotations

import json

import pytest

from pinatakit.server.media import SNIFFED, sniff

LONG = json.dumps(
    {"rows": [{"n": n, "text": "some \\u00e9 words", "none": None} for n in range(200)]}
).encode()


@pytest.mark.parametrize("start", [b"{}", b"[]", b' {"a": [1, 2.5e3, null]}\n', b'[{"a": "\xc3\xa9"}]'])
def test_json_is_known_by_its_bytes(start):
    assert sniff(start, None) == "application/json"
    assert sniff(start, "notes.txt") == "text/plain"


@pytest.mark.parametrize("cut", range(SNIFFED - 60, SNIFFED + 1))
def test_json_is_known_wherever_it_is_cut(cut):
    start = b" " * (SNIFFED - cut) + LONG
    assert sniff(start, None) == "application/json"


@pytest.mark.parametrize("start", [b"[note] hello", b"{", b'{"a"', b"[" * 5000, b"{ a: 1 }", b"5", b'"text"'])
def test_text_that_begins_like_json_is_text(start):
    assert sniff(start, None) == "text/plain"

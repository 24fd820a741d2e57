"""JSON that is printed in pieces is what it is when it is printed whole, and takes no memory to speak of."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinatakit.errors import InputError
from pinatakit.protocol.stringify import stringify
from pinatakit.server.store import reprint as module
from pinatakit.server.store.reprint import reprint

TEXTS = st.text(st.sampled_from('a\u00e9\U0001f600\\"\x00\u2028,:[]{}/\x7f'), max_size=300) | st.integers(
    0, 40
).map(str)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(TEXTS, inner, max_size=20),
    max_leaves=60,
)


def printed(text: bytes) -> bytes:
    return b"".join(reprint(memoryview(text)))


def whole(text: bytes) -> bytes:
    return stringify(msgspec.json.decode(text), lossy=True)


@given(VALUES, st.booleans(), st.sampled_from([None, 0, 3]), st.sampled_from([0, 1, 7, 40, 300]))
def test_pieces_are_printed_as_the_whole_is(value, escaped, indent, run):
    text = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_RUN", run)
        assert printed(text) == whole(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"b":1,"10":[2],"a":{"x":1},"2":3,"b":{"y":[]},"a":4,"02":5,"10":[ ]}',
        b" { } ",
        b'[ {  "a"  :  [ 1e5 , 1.0 , -0 , 123456789012345678901234567890 ] } , "\\ud83d\\ude00" , "" ]',
        b'"\\u0041\\ud83d\\ude00\\n\\/\xc3\xa9 \xf0\x9f\x98\x80"',
        b'{"a long key, which is read whole":1,"1":2}',
    ],
)
@pytest.mark.parametrize("run", [0, 1, 5, 20])
def test_keys_come_in_order_and_the_last_of_one_counts(monkeypatch, text, run):
    monkeypatch.setattr(module, "_RUN", run)
    assert printed(text) == whole(text)


LARGE = {
    "lists": b"[" + b"[]," * 100_000 + b"[]]",
    "numbers": b"[" + b"1.0," * 100_000 + b"1e5]",
    "members": b"{" + b",".join(b'"%d":%d' % (i * 7919 % 50_000, i) for i in range(80_000)) + b"}",
    "letters": b'["' + b"\\ud83d\\ude00a\\n" * 60_000 + b'","' + "é😀".encode() * 60_000 + b'"]',
    "members of letters": b'{"b":"' + b"x" * 200_000 + b'","1":"' + b"y" * 200_000 + b'"}',
    "records": json.dumps(
        [{"name": f"token {i}", "traits": [i, str(i), [None]]} for i in range(10_000)]
    ).encode(),
    "deep": b'[1,{"a":' * 200 + b"[" + b"[[]]," * 50_000 + b"0]" + b"}]" * 200,
    "a text": b'"' + b"z" * 200_000 + b'"',
    "a long key": b'{"' + b"k" * 200_000 + b'":[1]}',
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_large_is_printed_as_a_whole_is(name):
    assert printed(LARGE[name]) == whole(LARGE[name])


class Watched:
    """A regular expression, and how many bytes each match goes over."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.lengths = [0]

    def match(self, text: memoryview, at: int) -> re.Match[bytes] | None:
        found = self.pattern.match(text, at)
        self.lengths.append(found.end() - at if found else 0)
        return found

    def finditer(self, text: memoryview) -> Iterator[re.Match[bytes]]:
        for found in self.pattern.finditer(text):
            self.lengths.append(found.end() - found.start())
            yield found


MUCH = 1_000_000
WITHOUT_END = {
    "blanks": b"[" + b" " * MUCH + b"1" + b"\n" * MUCH + b"]",
    "digits": b"[0." + b"1" * MUCH + b"]",
    "letters": b'["' + b"a" * MUCH + b'"]',
    "escapes": b'["' + b"\\n" * MUCH + b'"]',
    "codes": b'["' + b"\\u20ac" * MUCH + b'"]',
    "a key": b'{"' + b"k" * MUCH + b'":0}',
    "blanks before a colon": b'{"' + b"k" * 100_000 + b'"' + b" " * MUCH + b":0}",
    "strings": b"[" + b",".join([b'"%b"' % (b"\\t" * 32 + b"s" * 32)] * 20_000) + b"]",
    "strings in lists": b"[" + b",".join([b'["%b"]' % b'","'.join([b"s" * 256] * 16)] * 300) + b"]",
}


@pytest.mark.parametrize("name", WITHOUT_END)
def test_no_match_goes_over_more_than_half_a_mebibyte(monkeypatch, name):
    watched = {key: Watched(found) for key, found in vars(module).items() if isinstance(found, re.Pattern)}
    for key, pattern in watched.items():
        monkeypatch.setattr(module, key, pattern)
    assert printed(WITHOUT_END[name]) == whole(WITHOUT_END[name])
    assert 0 < max(max(pattern.lengths) for pattern in watched.values()) <= 1 << 19


@pytest.mark.parametrize("name", ["lists", "numbers", "letters", "members of letters"])
def test_a_large_value_takes_the_memory_of_a_run(name):
    tracemalloc.start()
    try:
        for _ in reprint(memoryview(LARGE[name])):
            pass
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("before", [b"", b"1," * 50_000])
@pytest.mark.parametrize("value", [b"1" + b"0" * 400, b"1E400", b'"\xff"'])
def test_what_javascript_cannot_hold_is_refused(before, value):
    with pytest.raises(InputError):
        printed(b"[" + before + value + b"]")


def test_what_is_large_and_nested_too_deeply_is_refused():
    with pytest.raises(InputError, match="nested too deeply"):
        printed(b"[" * 600 + b"1," * 50_000 + b"1" + b"]" * 600)


def test_what_is_nested_too_deeply_for_the_stack_is_refused():
    def below(frames: int) -> bytes:
        return below(frames - 1) if frames else printed(b"[" * 470 + b"[[1]]," * 50_000 + b"1" + b"]" * 470)

    with pytest.raises(InputError, match="nested too deeply"):
        below(100)

"""Links of DAG-JSON blocks, as its specification writes them."""

from __future__ import annotations

import time

import pytest

from pinatakit.content import CID, MAX_BLOCK, dagcbor, dagjson
from pinatakit.content import multiformats as mf
from pinatakit.content.dagjson import links
from pinatakit.content.walk import links_of
from pinatakit.errors import Malformed

# ipld.io/specs/codecs/dag-json: a link is a map of one key, "/", to the text of a CID
A = "bafyreihyrpefhacm6kkp4ql6j6udakdit7g3dmkzfriqfykhjw6cad5lrm"
B = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (f'{{"/":"{A}"}}', [A]),
        (f'[{{"/":"{A}"}},{{"/":"{B}"}}]', [A, B]),
        (f'{{"b":{{"/":"{B}"}},"a":[[{{"x":{{"/":"{A}"}}}}]]}}', [B, A]),
        (f' {{ "/" : "{A}" }} ', [A]),
        (f'[{{"/":"{A}"}},{{"/":"{A}"}}]', [A, A]),
    ],
    ids=["the value", "a list", "nested", "spaces", "twice"],
)
def test_links_are_found_in_order(block, expected):
    assert links(block.encode()) == [CID.parse(text) for text in expected]


@pytest.mark.parametrize(
    "block",
    [
        "{}",
        "[]",
        "null",
        "true",
        "1.5",
        f'"{A}"',
        f'{{"cid":"{A}"}}',
        '{"/":{"bytes":"AQID"}}',
        '[{"/":{"bytes":""}}]',
    ],
)
def test_what_is_no_link_is_none(block):
    assert links(block.encode()) == []


@pytest.mark.parametrize(
    "block",
    [b"", b"{", b"[1,]", b'{"/":"no cid"}', b'{"/":""}', b"\xff", b'"\xff"', b"{} {}", b"nul", b"{'a':1}"],
)
def test_what_is_no_dag_json_is_malformed(block):
    with pytest.raises(Malformed, match="not DAG-JSON"):
        links(block)


def test_what_is_nested_too_deep_is_malformed():
    for block in (
        b"[" * 500_000,
        b"[" * 500_000 + b"]" * 500_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    ):
        assert len(block) <= MAX_BLOCK
        with pytest.raises(Malformed):
            links(block)


@pytest.mark.parametrize("block", [b"NaN", b"[Infinity]", b'{"a":-Infinity}'])
def test_what_is_no_number_of_json_is_malformed(block):
    with pytest.raises(Malformed, match="not DAG-JSON"):
        links(block)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_that_is_not_plain_utf8_is_malformed(encoding):
    with pytest.raises(Malformed, match="not DAG-JSON"):
        links(f'[{{"/":"{A}"}}]'.encode(encoding))


def test_a_link_costs_the_same_however_deep_it_lies():
    def seconds(block: bytes) -> float:
        begun = time.process_time()
        assert len(links(block)) == 20_000
        return time.process_time() - begun

    many = b",".join([b'{"/":"bafkqaaa"}'] * 20_000)
    assert seconds(b"[" * 400 + many + b"]" * 400) < 4 * seconds(b"[" + many + b"]") + 0.05


def test_a_block_has_at_most_65536_links():
    link = b'{"/":"bafkqaaa"}'
    assert len(links(b"[" + b",".join([link] * 65_536) + b"]")) == 65_536
    with pytest.raises(Malformed, match="65,536"):
        links(b"[" + b",".join([link] * 65_537) + b"]")


def test_the_links_of_a_block_are_read_by_its_codec():
    block = f'{{"/":"{A}"}}'.encode()
    assert links_of(CID.of(block, mf.DAG_JSON), block) == [CID.parse(A)]
    assert links_of(CID.of(block, mf.JSON), block) == []
    assert links_of(CID.of(block, mf.RAW), block) == []


def test_a_value_is_written_and_read_again():
    link = CID.of(b"x")
    value = {"b": b"\x00\x01", "a": [link, {"é": None}, 1.5, -1, True, "text"]}
    written = dagjson.encode(value)
    assert (
        written
        == f'{{"a":[{{"/":"{link}"}},{{"é":null}},1.5,-1,true,"text"],"b":{{"/":{{"bytes":"AAE"}}}}}}'.encode()
    )
    assert dagjson.decode(written) == value
    assert dagcbor.decode(dagcbor.encode(value)) == value


@pytest.mark.parametrize("block", [b"NaN", b"[Infinity]", b'{"a":-Infinity}'])
def test_a_value_has_no_number_that_json_has_not(block):
    with pytest.raises(Malformed, match="not DAG-JSON"):
        dagjson.decode(block)


@pytest.mark.parametrize("encode", [dagjson.encode, dagcbor.encode])
def test_what_has_no_form_is_not_written(encode):
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (float("inf"), [float("nan")], deep):
        with pytest.raises(Malformed, match="no form|too deep"):
            encode(value)

"""As much DAG-CBOR as a CAR header needs. Bytes are from RFC 8949, Appendix A, and the CAR specification."""

from __future__ import annotations

import contextlib

import pytest

from pinatakit.content import CID, MAX_BLOCK, dagcbor, dagjson
from pinatakit.errors import ContentError, Malformed

from .vectors import damaged

# ipld.io/specs/transport/car/fixture/carv1-basic: the header and its roots
HEADER = bytes.fromhex(
    "a265726f6f747382"
    "d82a58250001711220f88bc853804cf294fe417e4fa83028689fcdb1b1592c5102e1474dbc200fab8b"
    "d82a5825000171122069ea0740f9807a28f4d932c62e7c1c83be055e55072c90266ab3e79df63a365b"
    "6776657273696f6e01"
)
ROOTS = [
    CID.parse("bafyreihyrpefhacm6kkp4ql6j6udakdit7g3dmkzfriqfykhjw6cad5lrm"),
    CID.parse("bafyreidj5idub6mapiupjwjsyyxhyhedxycv4vihfsicm2vt46o7morwlm"),
]

VALUES = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1_000_000),
    ("1b000000e8d4a51000", 1_000_000_000_000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("20", -1),
    ("3903e7", -1000),
    ("fb3ff199999999999a", 1.1),
    ("fbc010666666666666", -4.1),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\1\2\3\4"),
    ("60", ""),
    ("6449455446", "IETF"),
    ("62c3bc", "ü"),
    ("80", []),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a0", {}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
]

MALFORMED = {
    "nothing": "",
    "a second value": "0000",
    "a number cut short": "19",
    "a number longer than it needs to be": "1817",
    "a number of four bytes for two": "1a0000ffff",
    "bytes cut short": "4401",
    "bytes of a huge length": "5bffffffffffffffff",
    "text cut short": "6161"[:2],
    "text that is not UTF-8": "61ff",
    "a list cut short": "8201",
    "a list of a huge length": "9bffffffffffffffff",
    "a map cut short": "a16161",
    "a map of a huge length": "bbffffffffffffffff",
    "a key that is a number": "a10102",
    "a key twice": "a2616101616102",
    "a longer key first": "a262616101616201",
    "keys against the alphabet": "a2616201616101",
    "a header with its version first": "a26776657273696f6e0165726f6f747380",
    "a length left open": "9f01ff",
    "a reserved length": "1c",
    "a half float": "f93c00",
    "a single float": "fa3fc00000",
    "a double cut short": "fb3ff199999999",
    "not a number": "fb7ff8000000000000",
    "infinity": "fb7ff0000000000000",
    "undefined": "f7",
    "a break": "ff",
    "tag 0": "c074323031332d30332d32315432303a30343a30305a",
    "tag 42 on text": "d82a6161",
    "a CID without its zero byte": "d82a4101",
    "tag 42 on no bytes": "d82a40",
    "a CID of no bytes": "d82a4100",
    "a CID of version 2": "d82a46000255120161",
    "a CID with a byte too many": "d82a4700015500016162",
    "a tag cut short": "d82a",
}


def test_a_car_header_is_written_as_the_specification_says():
    assert dagcbor.encode_car_header(ROOTS) == HEADER


def test_a_car_header_is_read():
    assert dagcbor.decode(HEADER) == {"roots": ROOTS, "version": 1}


@pytest.mark.parametrize("count", [0, 1, 23, 24, 256, 65_536])
def test_a_header_of_any_number_of_roots_comes_back(count):
    roots = ROOTS[:1] * count
    assert dagcbor.decode(dagcbor.encode_car_header(roots)) == {"roots": roots, "version": 1}


@pytest.mark.parametrize(("data", "value"), VALUES)
def test_a_value_is_read_as_the_rfc_says(data, value):
    read = dagcbor.decode(bytes.fromhex(data))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_strict_dag_cbor_is_refused(data):
    with pytest.raises(Malformed):
        dagcbor.decode(bytes.fromhex(data))


def test_a_bad_cid_in_cbor_says_what_is_wrong_with_it():
    with pytest.raises(Malformed, match="a CID in CBOR: CID version 2"):
        dagcbor.decode(bytes.fromhex("d82a46000255120161"))


@pytest.mark.parametrize("level", [b"\x81", b"\xa1\x61a"])
def test_values_lie_at_most_256_levels_deep(level):
    deep = level * 256 + b"\x00"
    value = dagcbor.decode(deep)
    assert dagcbor.encode(value) == deep
    assert list(dagcbor.links(value)) == []
    assert dagjson.decode(dagjson.encode(value)) == value
    with pytest.raises(Malformed, match="deeper"):
        dagcbor.decode(level * 257 + b"\x00")
    with pytest.raises(Malformed, match="deeper"):
        dagcbor.decode(b"\xd8\x2a" * 100_000)


@pytest.mark.parametrize("item", ["01", "80", "a0", "8180", "a160a160a0", "d82a450001550000"])
def test_a_block_has_at_most_262144_values(item):
    item = bytes.fromhex(item)
    count = (MAX_BLOCK - 5) // len(item)
    with pytest.raises(Malformed, match="262,144"):
        dagcbor.decode(b"\x9a" + count.to_bytes(4, "big") + item * count)
    assert len(dagcbor.decode(b"\x9a" + (262_143).to_bytes(4, "big") + b"\x01" * 262_143)) == 262_143


def test_a_header_cut_anywhere_is_refused():
    for end in range(len(HEADER)):
        with pytest.raises(ContentError):
            dagcbor.decode(HEADER[:end])


def test_a_damaged_header_raises_only_content_errors():
    for data in damaged(HEADER):
        with contextlib.suppress(ContentError):
            dagcbor.decode(data)

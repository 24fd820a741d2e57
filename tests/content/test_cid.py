"""CIDs as text, bytes and values."""

from __future__ import annotations

import copy
import hashlib
import pickle
import random

import pytest

from pinatakit.content import CID
from pinatakit.content import multiformats as mf
from pinatakit.errors import BlockMismatch, ContentError, InvalidCID, UnknownHash

from .vectors import VECTORS, damaged

STRINGS = VECTORS["cid_strings"]
BASES = ("base16", "base32", "base36", "base58btc", "base64", "base64url")

# The empty directory: its block is 0a 02 08 01 (UnixFS specification).
V0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
V1 = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
# "hello world" as one raw block (IPIP-499)
HELLO = CID.parse("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e")


@pytest.mark.parametrize("given", STRINGS, ids=lambda given: given["base32"][:12])
def test_a_cid_is_the_same_in_each_base(given):
    cid = CID.from_bytes(bytes.fromhex(given["bytes_hex"]))
    for base in BASES:
        assert cid.encode(base) == given[base]
        assert CID.parse(given[base]) == cid
    assert str(cid) == given["base32"]
    assert CID.parse(cid.encode("base32upper")) == CID.parse(cid.encode("base36upper")) == cid
    assert (cid.version, cid.codec, cid.hash_code) == (1, given["codec_code"], given["hash_code"])
    assert cid.digest.hex() == given["digest_hex"]
    assert bytes(cid).hex() == given["bytes_hex"]


@pytest.mark.parametrize("given", STRINGS, ids=lambda given: given["base32"][:12])
def test_only_the_identity_holds_its_block_inlined(given):
    cid = CID.parse(given["base32"])
    assert cid.inlined == (bytes.fromhex(given["digest_hex"]) if given["hash_code"] == 0 else None)


def test_the_same_block_has_a_name_in_each_version():
    v0, v1 = CID.parse(V0), CID.parse(V1)
    assert str(v0) == V0
    assert str(v1) == V1
    assert (v0.version, v1.version) == (0, 1)
    assert v0.to_v1() == v1
    assert v1.to_v0() == v0
    assert v0.to_v0() is v0
    assert v1.to_v1() is v1
    assert v0 != v1
    assert CID.of(b"\x0a\x02\x08\x01", mf.DAG_PB) == v1
    assert CID.of(b"\x0a\x02\x08\x01", mf.DAG_PB, version=0) == v0


@pytest.mark.parametrize("cid", [HELLO, CID(1, mf.DAG_PB, b"\x13\x40" + bytes(64))])
def test_version_0_names_only_dag_pb_by_sha2_256(cid):
    with pytest.raises(InvalidCID, match="no CIDv0"):
        cid.to_v0()


def test_a_cidv0_is_written_in_base58btc_only():
    cid = CID.parse(V0)
    assert cid.encode("base58btc") == V0
    with pytest.raises(ValueError, match="to_v1"):
        cid.encode("base32")


def test_a_cid_is_immutable():
    with pytest.raises(AttributeError):
        HELLO.version = 0
    with pytest.raises(AttributeError):
        HELLO.extra = 0
    with pytest.raises(AttributeError):
        del HELLO.codec


def test_a_cid_is_a_value():
    again = CID.parse(str(HELLO))
    assert again == HELLO
    assert hash(again) == hash(HELLO)
    assert len({again, HELLO, CID.parse(V0), CID.parse(V1)}) == 3
    assert str(HELLO) != HELLO
    assert CID.parse(HELLO) is HELLO
    assert repr(HELLO) == f"CID('{HELLO}')"


def test_cids_are_ordered_by_their_bytes():
    cids = [CID.parse(given["base32"]) for given in STRINGS] + [CID.parse(V0)]
    assert [bytes(cid) for cid in sorted(cids)] == sorted(bytes(cid) for cid in cids)


@pytest.mark.parametrize("other", [5, str(HELLO), bytes(HELLO), None])
def test_a_cid_is_compared_with_cids_only(other):
    cid = CID.parse(V1)
    with pytest.raises(TypeError):
        _ = cid < other
    with pytest.raises(TypeError):
        _ = cid > other


def test_a_cid_can_be_copied_and_pickled():
    for cid in (HELLO, CID.parse(V0)):
        assert pickle.loads(pickle.dumps(cid)) == copy.deepcopy(cid) == cid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "Q",
        V0[:-1],
        V0 + "n",
        V0.replace("n", "0", 1),
        V0.lower(),
        "z" + V0,  # a CIDv0 takes no multibase prefix
        "f1220" + "00" * 32,
        V1[:-1],
        V1 + "a",
        V1 + "=",
        V1[0] + V1[1:].upper(),
        V1[:20] + V1[20:].upper(),
        V1[:-1] + "5",  # the same bytes, with a bit left over
        "z" + mf.to_base58(bytes(HELLO) + b"\0"),  # one byte too many
        "f00" + "701220" + "00" * 32,  # version 0, spelled out
        "f02" + "701220" + "00" * 32,  # version 2
        "f03" + "701220" + "00" * 32,
        "f0155128020" + "00" * 32,  # the digest's length is overlong
        "f01d5001220" + "00" * 32,  # so is the codec
        "f0155",
        "f01551220" + "00" * 31,
        "f015500" + "8101" + "00" * 129,  # 129 bytes inlined
        f"ipfs://{V1}",
        f"/ipfs/{V1}",
        f" {V1}",
        f"{V1}\n",
        "b" * 600,
        "é",
        "\ud800",
        "1" * 46,
        "Qm" + "1" * 44,
    ],
)
def test_text_that_names_no_content_is_refused(text):
    with pytest.raises(InvalidCID, match="is not a CID"):
        CID.parse(text)


@pytest.mark.parametrize("base", ["base16", "base32", "base36"])
@pytest.mark.parametrize("sign", ["_", "-", "+", " ", "0", "1", "8", "x", "é", "١", "\0"])
@pytest.mark.parametrize("place", [1, 2, 20])
def test_no_sign_but_a_bases_own_is_read_over(base, sign, place):
    """`int()` takes underscores between digits, signs before them, spaces around them, and digits of all scripts."""
    alphabet = mf.BASES[base][1]
    text = HELLO.encode(base)
    if sign not in alphabet:
        with pytest.raises(InvalidCID, match="which its base does not"):
            CID.parse(text[:place] + sign + text[place:])


def test_a_text_is_remembered_only_where_it_is_the_one_that_is_told():
    for base in BASES:
        assert str(CID.parse(HELLO.encode(base))) == HELLO.encode("base32")
    assert str(pickle.loads(pickle.dumps(CID.parse(V0)))) == V0


@pytest.mark.parametrize("text", [V0, V1])
@pytest.mark.parametrize("name", ["version", "codec", "multihash"])
def test_a_cid_that_was_told_is_read_when_it_is_asked(text, name):
    cid = CID.told(text)
    assert str(cid) == text
    assert getattr(cid, name) == getattr(CID.parse(text), name)
    assert (CID.told(text), hash(CID.told(text))) == (cid, hash(cid))
    assert pickle.loads(pickle.dumps(CID.told(text))) == cid
    assert bytes(CID.told(text)) == bytes(CID.parse(text))
    with pytest.raises(AttributeError, match="no 'name'"):
        _ = cid.name
    with pytest.raises(AttributeError, match="immutable"):
        cid.version = 1


def test_a_cid_is_parsed_from_text_only():
    with pytest.raises(InvalidCID, match="not bytes"):
        CID.parse(bytes(HELLO))


def test_a_long_text_is_not_shown_whole():
    with pytest.raises(InvalidCID) as caught:
        CID.parse("x" * 1000)
    assert len(caught.value.message) < 120
    assert "hint: a CID looks like" in str(caught.value)


@pytest.mark.parametrize("cid", [HELLO, CID.parse(V0)])
def test_a_cid_is_read_where_it_starts(cid):
    data = b"ab" + bytes(cid) + b"cd"
    for given in (data, bytearray(data), memoryview(data)):
        assert CID.read(given, 2) == (cid, 2 + len(bytes(cid)))


@pytest.mark.parametrize("cid", [HELLO, CID.parse(V0)])
def test_a_cid_cut_anywhere_is_refused(cid):
    for end in range(len(bytes(cid))):
        with pytest.raises(InvalidCID):
            CID.from_bytes(bytes(cid)[:end])
    with pytest.raises(InvalidCID, match="1 bytes follow"):
        CID.from_bytes(bytes(cid) + b"\0")


def test_a_block_is_checked_by_its_hash():
    for code in (
        0,
        0x11,
        0x12,
        0x13,
        0x14,
        0x15,
        0x16,
        0x17,
        0x18,
        0x19,
        0x20,
        0xD5,
        0x1013,
        0xB210,
        0xB240,
        0xB260,
    ):
        digest = mf.digest(code, b"hello world")
        cid = CID(1, mf.RAW, mf.write_varint(code) + bytes([len(digest)]) + digest)
        for block in (b"hello world", bytearray(b"hello world"), memoryview(b"hello world")):
            cid.verify(block)
        with pytest.raises(BlockMismatch) as caught:
            cid.verify(b"hello wormd")
        assert caught.value.cid == cid


@pytest.mark.parametrize("size", [0, 1, 19, 20, 64, 128])
def test_an_inlined_block_is_its_own_bytes_and_no_others(size):
    data = bytes(range(size))
    cid = CID(1, mf.RAW, b"\0" + mf.write_varint(size) + data)
    cid.verify(data)
    for other in (data + b"\0", b"\0" + data, data[:-1] if data else b"x", bytes(size) + b"x"):
        with pytest.raises(BlockMismatch):
            cid.verify(other)


def test_a_flipped_bit_is_found():
    for bit in range(8 * len(b"hello world")):
        block = bytearray(b"hello world")
        block[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BlockMismatch):
            HELLO.verify(block)


def test_a_digest_cut_to_less_than_20_bytes_proves_nothing():
    digest = hashlib.sha256(b"hello world").digest()
    CID(1, mf.RAW, b"\x12\x14" + digest[:20]).verify(b"hello world")
    with pytest.raises(BlockMismatch):
        CID(1, mf.RAW, b"\x12\x14" + digest[:20]).verify(b"hello")
    for size in (0, 1, 19):
        with pytest.raises(UnknownHash):
            CID(1, mf.RAW, bytes([0x12, size]) + digest[:size]).verify(b"hello world")
    with pytest.raises(UnknownHash):
        CID(1, mf.RAW, b"\x12\x21" + digest + b"\0").verify(b"hello world")


def test_a_hash_that_is_not_known_checks_nothing():
    with pytest.raises(UnknownHash, match="0x1b"):  # keccak-256
        CID(1, mf.RAW, b"\x1b\x20" + bytes(32)).verify(b"")


def test_a_whole_digest_of_16_bytes_is_compared_and_a_shorter_one_proves_nothing():
    md5 = CID(1, mf.RAW, b"\xd5\x01\x10" + hashlib.md5(b"hello", usedforsecurity=False).digest())
    md5.verify(b"hello")
    with pytest.raises(BlockMismatch):
        md5.verify(b"hallo")
    blake2b_120 = mf.write_varint(0xB20F) + b"\x0f" + hashlib.blake2b(b"hello", digest_size=15).digest()
    with pytest.raises(UnknownHash, match="15 bytes"):
        CID(1, mf.RAW, blake2b_120).verify(b"hello")


def test_a_digest_of_a_hash_without_a_length_has_20_to_128_bytes():
    def shake(size):
        name = mf.write_varint(0x19) + mf.write_varint(size)
        return CID(1, mf.RAW, name + hashlib.shake_256(b"hello").digest(size))

    for size in (20, 32, 64, 128):
        shake(size).verify(b"hello")
        with pytest.raises(BlockMismatch):
            shake(size).verify(b"hallo")
    for size in (15, 129, 1 << 20):
        with pytest.raises(UnknownHash, match="proves nothing"):
            shake(size).verify(b"hello")


def test_damaged_bytes_raise_only_content_errors():
    for cid in (HELLO, CID.parse(V0), CID.parse(STRINGS[1]["base32"]), CID.parse(STRINGS[5]["base32"])):
        for data in damaged(bytes(cid)):
            try:
                read = CID.from_bytes(data)
            except ContentError:
                continue
            assert bytes(read) == data


def test_damaged_text_raises_only_content_errors():
    rng = random.Random(2)
    for text in (V0, V1, *(STRINGS[0][base] for base in BASES)):
        for _ in range(500):
            letters = list(text)
            for _ in range(rng.randint(1, 3)):
                letters[rng.randrange(len(letters))] = rng.choice(["", "a", "Z", "1", "=", "é", "\0", text])
            damage = "".join(letters)
            try:
                cid = CID.parse(damage)
            except ContentError:
                continue
            assert damage in (str(cid), *(cid.encode(base) for base in mf.BASES if cid.version))

"""Varints, multibase and hashes, against the tables of their specifications."""

from __future__ import annotations

import hashlib
import random
import sys
from types import SimpleNamespace

import pytest

from pinatakit.content import multiformats as mf
from pinatakit.errors import InvalidCID, Malformed, UnknownHash

# github.com/multiformats/unsigned-varint, README
VARINTS = [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (255, "ff01"), (300, "ac02"), (16384, "808001")]

# github.com/multiformats/multibase, tests/basic.csv, leading_zero.csv and two_leading_zeros.csv
MULTIBASES = [
    (b"yes mani !", "base16", "f796573206d616e692021"),
    (b"yes mani !", "base16upper", "F796573206D616E692021"),
    (b"yes mani !", "base32", "bpfsxgidnmfxgsibb"),
    (b"yes mani !", "base32upper", "BPFSXGIDNMFXGSIBB"),
    (b"yes mani !", "base36", "k2lcpzo5yikidynfl"),
    (b"yes mani !", "base36upper", "K2LCPZO5YIKIDYNFL"),
    (b"yes mani !", "base58btc", "z7paNL19xttacUY"),
    (b"yes mani !", "base64", "meWVzIG1hbmkgIQ"),
    (b"yes mani !", "base64url", "ueWVzIG1hbmkgIQ"),
    (b"\0yes mani !", "base16", "f00796573206d616e692021"),
    (b"\0yes mani !", "base32", "bab4wk4zanvqw42jaee"),
    (b"\0yes mani !", "base36", "k02lcpzo5yikidynfl"),
    (b"\0yes mani !", "base58btc", "z17paNL19xttacUY"),
    (b"\0yes mani !", "base64", "mAHllcyBtYW5pICE"),
    (b"\0\0yes mani !", "base32", "baaahszltebwwc3tjeaqq"),
    (b"\0\0yes mani !", "base36", "k002lcpzo5yikidynfl"),
    (b"\0\0yes mani !", "base58btc", "z117paNL19xttacUY"),
]

# "abc" in FIPS 180-4 and FIPS 202 (NIST's examples), RFC 7693 (blake2b-512, blake2s-256), RFC 1320 (md4),
# RFC 1321 (md5), the page of RIPEMD-160 and GB/T 32905 (sm3)
ABC = {
    0x00: "616263",
    0x11: "a9993e364706816aba3e25717850c26c9cd0d89d",
    0x12: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    0x13: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    0x14: "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
    "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
    0x15: "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
    0x16: "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    0x17: "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
    0x18: "5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8",
    0x19: "483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739"
    "d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4",
    0x20: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    0xD5: "900150983cd24fb0d6963f7d28e17f72",
    0x1013: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    0xB220: "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
    0xB240: "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
    0xB260: "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982",
}
ABC_OPENSSL = {
    0xD4: "a448017aaf21d8525fc10ae87aa6729d",
    0x1014: "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa",
    0x1015: "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
    0x1053: "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    0x534D: "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
}
_HASHLIB = {0xD4: "md4", 0x1014: "sha512_224", 0x1015: "sha512_256", 0x1053: "ripemd160", 0x534D: "sm3"}
BLAKE3_ABC = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"


@pytest.mark.parametrize(("number", "data"), VARINTS)
def test_a_varint_is_written_and_read_as_the_specification_says(number, data):
    data = bytes.fromhex(data)
    assert mf.write_varint(number) == data
    assert mf.read_varint(data) == (number, len(data))
    assert mf.read_varint(b"\xff" + data + b"\xff", 1) == (number, len(data) + 1)


def test_the_largest_varint_has_nine_bytes():
    data = b"\xff" * 8 + b"\x7f"
    assert mf.read_varint(data) == (2**63 - 1, 9)
    assert mf.write_varint(2**63 - 1) == data


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x00", b"\x81\x80\x00", b"\xff" * 9, b"\xff" * 9 + b"\x01"]
)
def test_a_varint_cut_short_or_overlong_is_refused(data):
    with pytest.raises(Malformed):
        mf.read_varint(data)


@pytest.mark.parametrize(("data", "base", "text"), MULTIBASES)
def test_multibase_text_is_what_the_specification_says(data, base, text):
    assert mf.multibase(data, base) == text
    assert mf.from_multibase(text) == data


@pytest.mark.parametrize("base", mf.BASES)
def test_any_bytes_come_back_from_any_base(base):
    rng = random.Random(base)
    for size in range(40):
        data = bytes(rng.randrange(3)) + rng.randbytes(size)
        assert mf.from_multibase(mf.multibase(data, base)) == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        *[
            "?",
            "?abc",
            "f0",
            "f0g",
            "fAB",
            "Fab",
            "b1",
            "ba",
            "bab",
            "bab=",
            "bAA",
            "baB",
            "kA",
            "z0",
            "zé",
            "mA",
            "mA=",
            "uA+",
        ],
    ],
)
def test_text_that_no_writer_makes_is_refused(text):
    with pytest.raises(InvalidCID):
        mf.from_multibase(text)


def test_an_unknown_base_cannot_be_written():
    with pytest.raises(ValueError, match="base7"):
        mf.multibase(b"", "base7")


@pytest.mark.parametrize(("code", "expected"), ABC.items(), ids=[mf.hash_name(code) for code in ABC])
def test_a_hash_is_what_its_standard_says(code, expected):
    assert mf.digest(code, b"abc").hex() == expected
    assert mf.digest(code, memoryview(b"abc")).hex() == expected


@pytest.mark.parametrize(("code", "expected"), ABC_OPENSSL.items(), ids=map(mf.hash_name, ABC_OPENSSL))
def test_a_hash_of_openssl_is_what_its_standard_says_or_is_said_to_be_missing(code, expected):
    if _HASHLIB[code] in hashlib.algorithms_available:
        assert mf.digest(code, b"abc").hex() == expected
    else:
        with pytest.raises(UnknownHash, match=mf.hash_name(code)):
            mf.digest(code, b"abc")


def test_blake2_has_a_code_for_each_length_and_a_digest_of_it():
    for size in range(1, 65):
        assert mf.digest(0xB200 + size, b"abc") == hashlib.blake2b(b"abc", digest_size=size).digest()
        assert mf.hash_name(0xB200 + size) == f"blake2b-{8 * size}"
    for size in range(1, 33):
        assert mf.digest(0xB240 + size, b"abc") == hashlib.blake2s(b"abc", digest_size=size).digest()
        assert mf.hash_name(0xB240 + size) == f"blake2s-{8 * size}"
    for code in (0xB200, 0xB261):
        with pytest.raises(UnknownHash, match=f"0x{code:x}"):
            mf.digest(code, b"abc")


def test_every_hash_has_a_test():
    assert set(mf.HASHES) == {*ABC, *ABC_OPENSSL, mf.BLAKE3, *range(0xB201, 0xB261)}


def test_blake3_needs_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "blake3", None)
    with pytest.raises(UnknownHash, match="pip install blake3"):
        mf.digest(mf.BLAKE3, b"abc")


def test_blake3_is_computed_by_its_package(monkeypatch):
    known = {b"abc": bytes.fromhex(BLAKE3_ABC)}
    package = SimpleNamespace(blake3=lambda data: SimpleNamespace(digest=lambda length: known[data][:length]))
    monkeypatch.setitem(sys.modules, "blake3", package)
    assert mf.digest(mf.BLAKE3, memoryview(b"abc")).hex() == BLAKE3_ABC


def test_an_unknown_hash_is_said_to_be_unknown():
    with pytest.raises(UnknownHash, match="0x1b"):  # keccak-256
        mf.digest(0x1B, b"")


def test_hashes_have_the_names_of_the_multicodec_table():
    names = [mf.hash_name(code) for code in (0x12, 0x1E, 0xB220, 0xD5, 0x1015, 0x1B)]
    assert names == ["sha2-256", "blake3", "blake2b-256", "md5", "sha2-512-256", "0x1b"]

"""The small codes that CIDs are made of: varints, multibase text, multihash digests.

Knows the tables of the multiformats project and nothing of CIDs.
Sources: github.com/multiformats/unsigned-varint, /multibase, /multicodec (table.csv).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Final

from pinatakit.errors import InvalidCID, Malformed, UnknownHash

# Codecs (multicodec table, tag "ipld").
RAW: Final = 0x55
DAG_PB: Final = 0x70
DAG_CBOR: Final = 0x71
DAG_JSON: Final = 0x0129
JSON: Final = 0x0200

CODEC_NAMES: Final = {RAW: "raw", DAG_PB: "dag-pb", DAG_CBOR: "dag-cbor", DAG_JSON: "dag-json", JSON: "json"}

# Hashes (multicodec table, tag "multihash").
IDENTITY: Final = 0x00
SHA2_256: Final = 0x12
BLAKE3: Final = 0x1E

HASHES: Final[dict[int, tuple[str, Callable[[bytes], bytes]]]] = {
    IDENTITY: ("identity", bytes),
    0x11: ("sha1", lambda data: hashlib.sha1(data, usedforsecurity=False).digest()),
    SHA2_256: ("sha2-256", lambda data: hashlib.sha256(data).digest()),
    0x13: ("sha2-512", lambda data: hashlib.sha512(data).digest()),
    0x14: ("sha3-512", lambda data: hashlib.sha3_512(data).digest()),
    0x15: ("sha3-384", lambda data: hashlib.sha3_384(data).digest()),
    0x16: ("sha3-256", lambda data: hashlib.sha3_256(data).digest()),
    0x17: ("sha3-224", lambda data: hashlib.sha3_224(data).digest()),
    0x20: ("sha2-384", lambda data: hashlib.sha384(data).digest()),
    0xB220: ("blake2b-256", lambda data: hashlib.blake2b(data, digest_size=32).digest()),
    0xB240: ("blake2b-512", lambda data: hashlib.blake2b(data).digest()),
    0xB260: ("blake2s-256", lambda data: hashlib.blake2s(data).digest()),
}

# An inlined block longer than this is refused, as Kubo refuses it (go-verifcid).
IDENTITY_LIMIT: Final = 128


def write_varint(number: int) -> bytes:
    """An unsigned integer in 7-bit groups, the least significant first."""
    if number < 1 << 13:  # sizes of small files, names and links
        return _small_varints()[number]
    return _write_varint(number)


@cache
def _small_varints() -> list[bytes]:
    return [_write_varint(number) for number in range(1 << 13)]


def _write_varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes | bytearray | memoryview, at: int = 0) -> tuple[int, int]:
    """The integer that starts at `at`, and the place behind it.

    Raises:
        Malformed: it is longer than 9 bytes or than it needs to be (unsigned-varint,
            "Practical maximum of 9 bytes"), or the data ends inside it.
    """
    number = 0
    for place in range(9):
        if at + place >= len(data):
            raise Malformed("a varint is cut short")
        byte = data[at + place]
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if byte == 0 and place:
                raise Malformed("a varint is longer than it needs to be")
            return number, at + place + 1
    raise Malformed("a varint is longer than 9 bytes")


def digest(code: int, data: bytes | bytearray | memoryview) -> bytes:
    """The digest of the data under the hash with this code.

    Raises:
        UnknownHash: the hash cannot be computed here.
    """
    if code == SHA2_256:
        return hashlib.sha256(data).digest()
    if code in HASHES:
        return HASHES[code][1](bytes(data))
    if code == BLAKE3:
        try:
            from blake3 import blake3  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415
        except ImportError:
            raise UnknownHash("blake3 needs a package", hint="pip install blake3") from None
        return bytes(blake3(bytes(data)).digest())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    raise UnknownHash(f"hash 0x{code:x} is not one this package can compute")


def hash_name(code: int) -> str:
    """The multicodec name of a hash, or its code in hexadecimal."""
    if code == BLAKE3:
        return "blake3"
    return HASHES[code][0] if code in HASHES else f"0x{code:x}"


# Multibase. Bases of 2^n bits pack bits; base36 and base58btc are one large number.

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64URL = _BASE64[:62] + "-_"

BASES: Final = {
    "base16": ("f", "0123456789abcdef"),
    "base16upper": ("F", "0123456789ABCDEF"),
    "base32": ("b", _BASE32),
    "base32upper": ("B", _BASE32.upper()),
    "base36": ("k", _BASE36),
    "base36upper": ("K", _BASE36.upper()),
    "base58btc": ("z", _BASE58),
    "base64": ("m", _BASE64),
    "base64url": ("u", _BASE64URL),
}
_PREFIXES: Final = dict(BASES.values())
_BITS: Final = {16: 4, 32: 5, 64: 6}
_VALUES: Final = {
    alphabet: {letter: value for value, letter in enumerate(alphabet)} for _, alphabet in BASES.values()
}


def multibase(data: bytes, base: str) -> str:
    """The data as text, behind the letter that names the base.

    Raises:
        ValueError: the base is not one of `BASES`.
    """
    if base not in BASES:
        raise ValueError(f"unknown base {base!r}; one of {', '.join(BASES)}")
    prefix, alphabet = BASES[base]
    return prefix + to_base(data, alphabet)


def from_multibase(text: str) -> bytes:
    """The bytes of a text whose first letter names its base.

    Raises:
        InvalidCID: no such base, a letter that is not of it, or bits left over.
    """
    if not text or text[0] not in _PREFIXES:
        raise InvalidCID(f"{text!r} starts with no known multibase prefix")
    return from_base(text[1:], _PREFIXES[text[0]])


def to_base58(data: bytes) -> str:
    """Base58btc without a multibase prefix: the text of a CIDv0."""
    return to_base(data, _BASE58)


def from_base58(text: str) -> bytes:
    """The bytes of base58btc text without a multibase prefix."""
    return from_base(text, _BASE58)


def to_base(data: bytes, alphabet: str) -> str:
    """The data in the letters of an alphabet, without padding."""
    number = int.from_bytes(data, "big")
    letters: list[str] = []
    if bits := _BITS.get(len(alphabet)):
        length = -(-len(data) * 8 // bits)
        number <<= length * bits - len(data) * 8
        mask = len(alphabet) - 1
        for _ in range(length):
            letters.append(alphabet[number & mask])
            number >>= bits
    else:
        while number:
            number, value = divmod(number, len(alphabet))
            letters.append(alphabet[value])
        letters.extend(alphabet[0] * (len(data) - len(data.lstrip(b"\0"))))
    return "".join(reversed(letters))


def from_base(text: str, alphabet: str) -> bytes:
    """The bytes of a text in the letters of an alphabet; strict, so that each value has one text."""
    values = _VALUES[alphabet]
    number = 0
    try:
        for letter in text:
            number = number * len(alphabet) + values[letter]
    except KeyError as error:
        raise InvalidCID(f"{text!r} has the letter {error.args[0]!r}, which its base does not") from None
    if bits := _BITS.get(len(alphabet)):
        length, left = divmod(len(text) * bits, 8)
        if left >= bits or number & ((1 << left) - 1):
            raise InvalidCID(f"{text!r} has bits left over")
        return (number >> left).to_bytes(length, "big")
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")

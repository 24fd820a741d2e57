"""The small codes that CIDs are made of: varints, multibase text, multihash digests.

Knows the tables of the multiformats project and nothing of CIDs.
Sources: github.com/multiformats/unsigned-varint, /multibase, /multicodec (table.csv).
"""

from __future__ import annotations

import hashlib
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

# Hashes (multicodec table, tag "multihash"): the code, its name, and what hashlib calls it.
IDENTITY: Final = 0x00
SHA2_256: Final = 0x12
BLAKE3: Final = 0x1E

_HASHLIB: Final = {
    0x11: ("sha1", "sha1"),
    SHA2_256: ("sha2-256", "sha256"),
    0x13: ("sha2-512", "sha512"),
    0x14: ("sha3-512", "sha3_512"),
    0x15: ("sha3-384", "sha3_384"),
    0x16: ("sha3-256", "sha3_256"),
    0x17: ("sha3-224", "sha3_224"),
    0x20: ("sha2-384", "sha384"),
    0xD4: ("md4", "md4"),
    0xD5: ("md5", "md5"),
    0x1013: ("sha2-224", "sha224"),
    0x1014: ("sha2-512-224", "sha512_224"),
    0x1015: ("sha2-512-256", "sha512_256"),
    0x1053: ("ripemd-160", "ripemd160"),
    0x534D: ("sm3-256", "sm3"),
}
_SHAKE: Final = {0x18: ("shake-128", hashlib.shake_128, 32), 0x19: ("shake-256", hashlib.shake_256, 64)}
_BLAKE2: Final = (("blake2b", hashlib.blake2b, 0xB200, 64), ("blake2s", hashlib.blake2s, 0xB240, 32))

HASHES: Final[dict[int, str]] = {
    IDENTITY: "identity",
    BLAKE3: "blake3",
    **{code: name for code, (name, _) in _HASHLIB.items()},
    **{code: name for code, (name, _, _) in _SHAKE.items()},
    **{code + size: f"{name}-{8 * size}" for name, _, code, most in _BLAKE2 for size in range(1, most + 1)},
}
"""What each hash that can be computed is called; some only where OpenSSL or the package blake3 is there."""

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


def digest(code: int, data: bytes | bytearray | memoryview, size: int | None = None) -> bytes:
    """The digest of the data under the hash with this code.

    A hash whose digests may have any length (shake, blake3) gives `size` bytes, else as many as
    is usual; the others have one length and `size` does not matter.

    Raises:
        UnknownHash: the hash cannot be computed here.
    """
    if code == SHA2_256:
        return hashlib.sha256(data).digest()
    if code == IDENTITY:
        return bytes(data)
    if code in _HASHLIB:
        name, ours = _HASHLIB[code]
        try:
            return hashlib.new(ours, data, usedforsecurity=False).digest()
        except ValueError:
            raise UnknownHash(f"hash {name} (0x{code:x}) is not in the OpenSSL of this Python") from None
    if code in _SHAKE:
        _, shake, usual = _SHAKE[code]
        return shake(data).digest(usual if size is None else size)
    if code == BLAKE3:
        return _blake3(data, 32 if size is None else size)
    for _, blake2, base, most in _BLAKE2:
        if base < code <= base + most:
            return blake2(data, digest_size=code - base).digest()
    raise UnknownHash(f"hash 0x{code:x} is not one this package can compute")


def _blake3(data: bytes | bytearray | memoryview, size: int) -> bytes:
    try:
        from blake3 import blake3  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415
    except ImportError:
        raise UnknownHash("blake3 needs a package", hint="pip install blake3") from None
    return bytes(blake3(bytes(data)).digest(length=size))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


def hash_name(code: int) -> str:
    """The multicodec name of a hash, or its code in hexadecimal."""
    return HASHES.get(code, f"0x{code:x}")


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
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"  # which int() reads, up to base 36
_AS_DIGITS: Final = {  # other letters become a sign that is no digit
    alphabet: dict.fromkeys(range(128), ord("!"))
    | {ord(letter): ord(digit) for letter, digit in zip(alphabet, _DIGITS, strict=False)}
    for _, alphabet in BASES.values()
    if len(alphabet) <= len(_DIGITS)
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
    number = _number(text, alphabet)
    if bits := _BITS.get(len(alphabet)):
        length, left = divmod(len(text) * bits, 8)
        if left >= bits or number & ((1 << left) - 1):
            raise InvalidCID(f"{text!r} has bits left over")
        return (number >> left).to_bytes(length, "big")
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _number(text: str, alphabet: str) -> int:
    """What a text says as a number in the letters of an alphabet."""
    if alphabet in _AS_DIGITS and text.isascii():
        try:
            return int(text.translate(_AS_DIGITS[alphabet]) or "0", len(alphabet))
        except ValueError:
            pass  # the letter that is wrong is looked for below
    values = _VALUES[alphabet]
    number = 0
    try:
        for letter in text:
            number = number * len(alphabet) + values[letter]
    except KeyError as error:
        raise InvalidCID(f"{text!r} has the letter {error.args[0]!r}, which its base does not") from None
    return number

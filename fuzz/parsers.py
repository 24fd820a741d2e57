"""The parsers of foreign bytes: what each accepts, and what must hold of what it accepted."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import msgspec

from fuzz.engine import Parser
from pinatakit.content import (
    CID,
    MAX_BLOCK,
    Block,
    CarReader,
    Entry,
    Kind,
    Root,
    Walk,
    build_directory,
    build_file,
    build_symlink,
    car_header,
    car_section,
    dagcbor,
    dagjson,
    dagpb,
    hamt,
    write_car,
)
from pinatakit.content import multiformats as mf
from pinatakit.content.car import Placed
from pinatakit.content.profile import Profile
from pinatakit.content.walk import links_of, links_size
from pinatakit.errors import ContentError, InputError, NoSuchPath
from pinatakit.protocol.stringify import stringify
from pinatakit.server.store import reprint

# Values that formats treat specially, and what lies beside them.

_NUMBERS: Final = [
    *(0, 1, 2, 3, 4, 5, 6, 7, 8, 23, 24, 31, 32, 34, 36, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025),
    *(
        (1 << bits) + off
        for bits in (14, 15, 16, 17, 20, 21, 31, 32, 53, 56, 62, 63, 64)
        for off in (-1, 0, 1)
    ),
]
_CODECS: Final = [mf.RAW, mf.DAG_PB, mf.DAG_CBOR, mf.DAG_JSON, mf.JSON, 0, 0x72, 0xFFFF]
_HASHES: Final = [*mf.HASHES, 0x22, 0xB200, 0xB261, 0x7FFF_FFFF]


def _number(rng: Random) -> int:
    return rng.choice(_NUMBERS) if rng.random() < 0.7 else rng.getrandbits(rng.randint(1, 63))


def _varint(rng: Random, number: int | None = None) -> bytes:
    """A varint; once in a while longer than it needs to be, or cut short."""
    if number is None:
        number = _number(rng)
    out = mf.write_varint(number)
    if rng.random() < 0.97:
        return out
    return out[:-1] + rng.choice((b"", bytes([out[-1] | 0x80, 0])))


def _sized(rng: Random, data: bytes) -> bytes:
    """The data behind its length; once in a while another."""
    return _varint(rng, len(data) if rng.random() < 0.98 else _number(rng)) + data


def _name(rng: Random) -> bytes:
    match rng.randrange(12):
        case 0:
            return rng.choice(
                (b"", b".", b"..", b"/", b"a/b", b"\0", b"..\\a", b"C:", b"\xff\xfe", b"\xed\xa0\x80")
            )
        case 1:
            return rng.randbytes(rng.randint(0, 6))
        case 2:
            return "e\u0301 \u00e9 \U0001f980".encode()[: rng.randint(0, 11)]
        case _:
            return b"%c" % rng.choice(b"abcdefgh")


def _cid(rng: Random) -> bytes:
    """A CID in bytes, nearly always sound."""
    if rng.random() < 0.3:
        return b"\x12\x20" + bytes(31) + rng.randbytes(1)
    code = rng.choice((0x12, 0x12, 0x12, 0, 0, rng.choice(_HASHES)))
    length = (
        32 if code == mf.SHA2_256 and rng.random() < 0.9 else rng.choice((0, 1, 4, 20, 32, 64, 127, 128, 129))
    )
    version = b"\x01" if rng.random() < 0.98 else _varint(rng)
    digest = bytes(max(0, length - 1)) + rng.randbytes(min(length, 1))
    return version + _varint(rng, rng.choice(_CODECS)) + _varint(rng, code) + _sized(rng, digest)


def _soundly(cid: bytes) -> CID | None:
    try:
        return CID.from_bytes(cid)
    except ContentError:
        return None


# CIDs and varints


_CIDS: Final = [
    CID.of(b"seed", version=1),
    CID.of(b"seed", mf.DAG_PB, version=0),
    CID.of(b"seed", mf.DAG_PB, version=1),
    CID(1, mf.RAW, b"\0\0"),
    CID(1, mf.RAW, b"\0\x04seed"),
    CID(1, mf.DAG_CBOR, b"\x13\x40" + mf.digest(0x13, b"seed")),
    CID(1, mf.DAG_JSON, mf.write_varint(0xB220) + b"\x20" + mf.digest(0xB220, b"seed")),
]


def _cid_holds(_: bytes, cid: CID) -> None:
    assert CID.from_bytes(bytes(cid)) == cid
    base = list(mf.BASES)[cid.multihash[-1] % len(mf.BASES)] if cid.version else "base58btc"
    if len(text := cid.encode(base)) <= 512:
        assert CID.parse(text) == cid
    assert hash(cid.to_v1()) == hash(cid)
    assert repr(cid), (cid.codec_name, cid.hash_name)
    assert cid.multihash.endswith(cid.digest)
    if cid.inlined is not None:
        cid.verify(cid.inlined)
        return
    try:
        cid.verify(b"")
    except ContentError as error:
        assert str(error)


def _cid_bytes_hold(data: bytes, cid: CID) -> None:
    assert bytes(cid) == data
    _cid_holds(data, cid)


def _parse_text(data: bytes) -> CID:
    return CID.parse(data.decode("utf-8", "surrogateescape"))


def _cid_text_holds(data: bytes, cid: CID) -> None:
    text = data.decode("utf-8", "surrogateescape")
    bases = {prefix: base for base, (prefix, _) in mf.BASES.items()}
    assert cid.encode(bases[text[0]] if cid.version else "base58btc") == text
    _cid_holds(data, cid)


def _forge_text(rng: Random) -> bytes:
    prefix, alphabet = rng.choice(list(mf.BASES.values()))
    text = mf.to_base58(_cid(rng)) if rng.random() < 0.2 else prefix + mf.to_base(_cid(rng), alphabet)
    at = rng.randrange(len(text) + 1)
    match rng.randrange(12):
        case 0:
            text = text[:at] + rng.choice(alphabet) + text[at + 1 :]
        case 1:
            text = rng.choice("bBfFkKzmuQZ01\u0131\u017f\ud800") + text[1:]
        case 2:
            text = text.swapcase() if rng.random() < 0.5 else text[:at] + text[at:].swapcase()
        case 3:
            text += rng.choice(("=", "==", " ", "\n", "\0", "/", alphabet[0]))
        case 4:
            text = text[:at] + rng.choice("\u00e9\u0661\uff10\u212a\U0001f980 \n0OIl") + text[at:]
        case 5:
            text = text[:1] + alphabet[0] * rng.choice((1, 2, 510)) + text[1:]
        case _:
            pass
    return text.encode("utf-8", "surrogatepass")


def _read_varint(data: bytes) -> tuple[int, int]:
    return mf.read_varint(data)


def _varint_holds(data: bytes, read: tuple[int, int]) -> None:
    number, end = read
    assert 0 <= number < 1 << 63
    assert mf.write_varint(number) == data[:end]
    assert mf.read_varint(memoryview(b"\xff" + data), 1) == (number, end + 1)


def _forge_varint(rng: Random) -> bytes:
    return _varint(rng) + rng.randbytes(rng.choice((0, 0, 1, 9)))


# dag-pb and UnixFS


def _field(rng: Random, number: int, value: int | bytes) -> bytes:
    if rng.random() < 0.01:
        number = rng.choice((0, 1, 2, 3, 4, 5, 9, 15, 16, 1 << 28))
    if isinstance(value, int):
        return _varint(rng, number << 3) + _varint(rng, value)
    kind = 2 if rng.random() < 0.995 else rng.choice((0, 1, 3, 5, 7))
    return _varint(rng, number << 3 | kind) + _sized(rng, value)


def _shuffled(rng: Random, fields: list[bytes]) -> bytes:
    match rng.randrange(25):
        case 0:
            rng.shuffle(fields)
        case 1 if fields:
            fields.append(rng.choice(fields))
        case 2 if fields:
            fields.remove(rng.choice(fields))
        case _:
            pass
    return b"".join(fields)


def _forge_link(rng: Random, cid: bytes, name: bytes) -> bytes:
    return _field(
        rng, 2, _shuffled(rng, [_field(rng, 1, cid), _field(rng, 2, name), _field(rng, 3, _number(rng))])
    )


def _forge_unixfs(rng: Random) -> bytes:
    fields = [_field(rng, 1, rng.choice((0, 1, 2, 2, 3, 4, 5, 6, _number(rng))))]
    if rng.random() < 0.5:
        fields.append(_field(rng, 2, _name(rng)))
    if rng.random() < 0.5:
        fields.append(_field(rng, 3, _number(rng)))
    if rng.random() < 0.5:
        sizes = [_varint(rng) for _ in range(rng.randint(0, 4))]
        fields += (
            [_field(rng, 4, b"".join(sizes))] if rng.random() < 0.2 else [b"\x20" + size for size in sizes]
        )
    if rng.random() < 0.3:
        fields += [
            _field(rng, 5, rng.choice((0x22, _number(rng)))),
            _field(rng, 6, rng.choice((256, _number(rng)))),
        ]
    if rng.random() < 0.1:
        fields += [_field(rng, 7, _number(rng)), _field(rng, 8, _varint(rng))]
    return _shuffled(rng, fields)


def _forge_node(rng: Random) -> bytes:
    links = [_forge_link(rng, _cid(rng), _name(rng)) for _ in range(rng.choice((0, 1, 2, 3, 8)))]
    data = [_field(rng, 1, _forge_unixfs(rng))] if rng.random() < 0.9 else []
    return _shuffled(rng, data + links if rng.random() < 0.2 else links + data)


def _node_holds(data: bytes, node: dagpb.Node) -> None:
    links = [
        dagpb.encode_link(bytes(link.cid), link.name.encode("utf-8", "surrogateescape"), link.size)
        for link in node.links
    ]
    again = dagpb.encode_node(links, node.data)
    assert dagpb.decode_node(again) == dagpb.decode_node(memoryview(data)) == node
    cid = CID.of(data, mf.DAG_PB)
    assert links_of(cid, data) == [link.cid for link in node.links]
    assert links_size(cid, data) == sum(link.size for link in node.links)


def _unixfs_holds(_: bytes, fs: dagpb.UnixFS) -> None:
    again = b"\x08" + mf.write_varint(fs.kind) + b"\x12" + mf.write_varint(len(fs.data)) + fs.data
    for key, values in ((3, [fs.size]), (4, fs.sizes), (5, [fs.hash_code]), (6, [fs.fanout])):
        again += b"".join(bytes([key << 3]) + mf.write_varint(value) for value in values if value is not None)
    assert dagpb.decode_unixfs(again) == fs


def _large_nodes() -> Iterator[bytes]:
    for link in (b"\x12\x00", b"\x12\x06\x0a\x04\x01\x55\0\0", b"\x12\x0a\x0a\x04\x01\x55\0\0\x12\0\x18\x01"):
        yield _filled(link)
    wide = b"\x12\x2c\x0a\x24\x01\x55\x12\x20" + bytes(32) + b"\x12\x02ab\x18\x01"
    yield _filled(wide)
    yield b"\x0a" + mf.write_varint(MAX_BLOCK - 5) + bytes(MAX_BLOCK - 5)
    yield _filled(b"\x0a\0")


def _large_unixfs() -> Iterator[bytes]:
    for field in (
        b"\x08\x02",
        b"\x12\0",
        b"\x18\x01",
        b"\x20\x01",
        b"\x22\0",
        b"\x22\x02\1\1",
        b"\x38\1",
        b"\x42\0",
    ):
        yield b"\x08\x02" + _filled(field)[: MAX_BLOCK - 2]
    for size in (b"\x01", b"\xff\x7f", b"\xff" * 8 + b"\x7f"):
        packed = size * ((MAX_BLOCK - 16) // len(size))
        yield b"\x08\x02\x22" + mf.write_varint(len(packed)) + packed


def _filled(piece: bytes, size: int = MAX_BLOCK) -> bytes:
    return piece * (size // len(piece))


# dag-cbor and dag-json


def _head(major: int, number: int, rng: Random | None = None) -> bytes:
    if number < 24 and (rng is None or rng.random() < 0.99):
        return bytes([major << 5 | number])
    sizes = [size for size in (1, 2, 4, 8) if number < 1 << 8 * size]
    size = sizes[0] if rng is None or rng.random() < 0.99 else rng.choice(sizes)
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + number.to_bytes(size, "big")


def _cbor_holds(data: bytes, value: Any) -> None:
    assert dagcbor.encode(value) == data
    assert links_of(CID.of(data, mf.DAG_CBOR), data) == list(dagcbor.links(value))


def _forge_cbor(rng: Random, depth: int = 0) -> bytes:
    if depth > rng.choice((2, 3, 4, 30)):
        return b"\x80"
    match rng.randrange(11):
        case 0:
            return _head(rng.randrange(2), min(_number(rng), (1 << 64) - 1), rng)
        case 1:
            data = rng.randbytes(rng.choice((0, 1, 23, 24, 40)))
            return _head(2, len(data), rng) + data
        case 2:
            return _head(3, len(name := _name(rng)), rng) + name
        case 3 | 4:
            items = [_forge_cbor(rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 3)))]
            return _head(4, len(items) + (rng.random() < 0.01), rng) + b"".join(items)
        case 5 | 6:
            keys = {_head(3, len(name := _name(rng))) + name for _ in range(rng.choice((0, 1, 2, 3)))}
            ordered = sorted(keys, key=lambda key: (len(key), key) if rng.random() < 0.98 else (0, key))
            pairs = [key + _forge_cbor(rng, depth + 1) for key in ordered]
            return _head(5, len(pairs), rng) + b"".join(pairs)
        case 7 | 8:
            cid = (b"\0" if rng.random() < 0.98 else b"") + _cid(rng)
            return (
                _head(6, 42 if rng.random() < 0.97 else _number(rng) & 0xFFFF, rng)
                + _head(2, len(cid), rng)
                + cid
            )
        case 9:
            return b"\xfb" + struct.pack(
                ">d", rng.choice((0.0, -0.0, 1.5, 1e300, float("inf"), float("nan"), rng.random()))
            )
        case _:
            return rng.choice(
                (b"\xf4", b"\xf5", b"\xf6", b"\xf7", b"\xf9\0\0", b"\xfa\0\0\0\0", b"\x9f\xff", b"\x1c", b"")
            )


def _large_cbor() -> Iterator[bytes]:
    item_sets = (
        b"\x01",
        b"\x80",
        b"\xa0",
        b"\x60",
        b"\x40",
        b"\x81" * 254 + b"\x80",
        b"\xa1\x60" * 254 + b"\xa0",
    )
    link = b"\xd8\x2a\x45\0\x01\x55\0\0"
    for item in (*item_sets, b"\x39\xff\xff", b"\xfb" + bytes(8), link, b"\x81" * 254 + link):
        count = (MAX_BLOCK - 9) // len(item)
        yield _head(4, count) + item * count
    keys = [_head(3, 3) + key.to_bytes(3, "big") + b"\xa0" for key in range(1 << 19) if key & 0x8080 == 0]
    keys = keys[: MAX_BLOCK // 5 - 2]
    yield _head(5, len(keys)) + b"".join(keys)
    yield _head(2, MAX_BLOCK - 5) + bytes(MAX_BLOCK - 5)
    yield b"\x81" * MAX_BLOCK


def _json_holds(data: bytes, links: list[CID]) -> None:
    again = json.dumps(json.loads(data, parse_float=lambda _: 0.5)).encode()  # 1e999 is written as no number
    assert dagjson.links(again) == links


def _forge_json(rng: Random) -> bytes:
    value = _json_value(rng, 0)
    text = json.dumps(
        value, ensure_ascii=rng.random() < 0.5, separators=(",", ":") if rng.random() < 0.9 else None
    )
    if rng.random() < 0.02:
        return text.encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1")), "replace")
    return text.encode("utf-8", "surrogatepass")


def _json_value(rng: Random, depth: int) -> Any:
    if depth > rng.choice((2, 3, 4, 30)):
        return []
    match rng.randrange(10):
        case 0:
            return rng.choice((0, -1, 1 << 53, 1 << 64, 10**40, 1.5, 1e300, -0.0, float("nan"), float("inf")))
        case 1:
            return _name(rng).decode("utf-8", "surrogateescape")
        case 2 | 3:
            return [_json_value(rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 3)))]
        case 4 | 5:
            keys = ("/", "a", "b", "bytes", _name(rng).decode("utf-8", "surrogateescape"))
            return {key: _json_value(rng, depth + 1) for key in rng.sample(keys, rng.randint(0, 3))}
        case 6 | 7 | 8:
            text = (
                str(rng.choice(_CIDS)) if rng.random() < 0.7 else _forge_text(rng).decode("utf-8", "replace")
            )
            return {"/": text}
        case _:
            return rng.choice((True, False, None, {"/": {"bytes": "AQID"}}))


def _large_json() -> Iterator[bytes]:
    link = b'{"/":"bafkqaaa"}'
    for item in (b"1", b"[]", b"{}", b'""', b'{"":[]}', b"[[[[]]]]", b"1e9", link, b"[[[[" + link + b"]]]]"):
        yield b"[" + b",".join([item] * ((MAX_BLOCK - 2) // (len(item) + 1))) + b"]"
    for depth in (100, 480, 900):
        yield b"[" * depth + b",".join([link] * 120_000) + b"]" * depth
    yield b"[" * MAX_BLOCK
    yield b'{"":' * (MAX_BLOCK // 4)
    yield b"9" * MAX_BLOCK
    yield b"1." + b"9" * (MAX_BLOCK - 2)
    yield b'"' + b"\\u0000" * (MAX_BLOCK // 6 - 1) + b'"'
    yield b'{"/":"' + b"b" * (MAX_BLOCK - 8) + b'"}'


# JSON that is printed anew, in runs as long as its bytes decide


def _reprint(data: bytes) -> bytes:
    """What a request's body is stored as; it is refused only if it is no JSON, or none that JavaScript can hold."""
    try:
        try:
            msgspec.json.decode(data, type=msgspec.Raw)
        except (ValueError, RecursionError) as error:
            raise InputError(str(error)) from None
        run = 1 << 16 if len(data) > 10_000 else (0, 1, 5, 20, 64, 300)[zlib.crc32(data) % 6]
        with patch.object(reprint, "_RUN", run):
            return b"".join(reprint.reprint(memoryview(data)))
    except InputError:
        assert data.count(b"[") + data.count(b"{") > 400 or not _is_json(data), "JSON is refused"
        raise


def _is_json(data: bytes) -> bool:
    try:
        _read_json(data)
    except ValueError:
        return False
    return True


def _read_json(data: bytes) -> Any:
    """Its value, as another parser reads it; numbers are JavaScript's, and half a pair of surrogates is none."""
    value = json.loads(
        data.decode(),
        object_pairs_hook=_object,
        parse_int=_finite,
        parse_float=_finite,
        parse_constant=_finite,
    )
    _encode(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _encode(pairs)  # also those of which the last counts
    return dict(pairs)


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is beyond what JavaScript holds")
    return value


def _reprint_holds(data: bytes, printed: bytes) -> None:
    """What a later member of the same key replaces need not be read: it may be no UTF-8, or beyond all numbers."""
    value = json.loads(data.decode(errors="replace"), parse_int=float, parse_float=float)
    assert _read_json(printed) == value
    if _is_json(data):
        assert printed == stringify(msgspec.json.decode(data), lossy=True)
    assert b"".join(reprint.reprint(memoryview(printed))) == printed


def _forge_text_of_json(rng: Random) -> bytes:
    text = _json_text(rng, 0)
    return text if rng.random() < 0.95 else text[: rng.randrange(len(text) + 1)]


def _json_text(rng: Random, depth: int) -> bytes:
    """A value between blanks, spelled as nobody would."""
    match rng.randrange(9 if depth < rng.choice((2, 3, 4, 30)) else 4):
        case 0:
            value = rng.choice((b"true", b"false", b"null", b"nul", b"NaN", b"", b"-"))
            value = value if rng.random() < 0.1 else b"null"
        case 1:
            value = rng.choice(
                (b"0", b"-0", b"1.0", b"1e5", b"1E-7", b"0.1e+2", b"5e-324", b"1e400", b"01", b"1.")
            )
            value = value if rng.random() < 0.3 else b"%d" % (_number(rng) * rng.choice((1, -1, 10**20)))
        case 2 | 3:
            value = _json_string(rng)
        case 4 | 5 | 6:
            members = [_json_text(rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 3, 20)))]
            value = b"[%b]" % b",".join(members)
        case _:
            members = [
                _json_string(rng) + _blanks(rng) + b":" + _json_text(rng, depth + 1)
                for _ in range(rng.choice((0, 1, 2, 3, 20)))
            ]
            value = b"{%b%b}" % (_blanks(rng), (b"," + _blanks(rng)).join(members))
    return _blanks(rng) + value + _blanks(rng)


def _blanks(rng: Random) -> bytes:
    return rng.choice((b" ", b"\n", b"\r\t", b" " * 70)) if rng.random() < 0.05 else b""


_LETTERS_OF_JSON: Final = [
    *rb"0 1 20 4294967294 a , [ } \" \\ \/ \n \u0041 \u00e9 \ud83d\ude00 \ud83d \uDE00".split(),
    *"é 😀 \x7f".encode().split(b" "),
    *(b"a" * 300, b"\\t" * 40),
]
_NO_LETTERS: Final = [b"\\x", b"\\u12", b"\xff", b"\xed\xa0\x80", b"\n"]


def _json_string(rng: Random) -> bytes:
    pieces = _LETTERS_OF_JSON if rng.random() < 0.98 else _NO_LETTERS
    return b'"%b"' % b"".join(rng.choice(pieces) for _ in range(rng.choice((0, 1, 1, 1, 2, 8))))


def _large_texts() -> Iterator[bytes]:
    """Of a mebibyte each, or half of one: a tenth of what a request may have."""
    size = MAX_BLOCK // 2
    for item in (b"1", b"1.25", b"[]", b"{}", b'""', b"[[]]", b'{"a":{}}', b'{"name":"a","n":[1,2,"b"]}'):
        yield b"[" + b",".join([item] * (size // (len(item) + 1))) + b"]"
    for letters in (b" ", b"a", b"\\n", b"\\u00e9", b"\\ud83d\\ude00", b"\xc3\xa9", b"\xff"):
        text = _filled(letters, size)
        yield b'["%b"]' % text if letters != b" " else b"[%b1%b]" % (text, text)
        yield b'{"%b":[1]}' % text
    for depth in (100, 479, 900):
        yield b'[{"a":' * (depth // 2) + b"[" + b"0,[0,[0]]," * (size // 10) + b"0]" + b"}]" * (depth // 2)
    yield b"{" + b",".join(b'"%d":0' % (i * 7919 % 90_000) for i in range(size // 18)) + b"}"
    yield b"9" * size
    yield b"0." + b"9" * size


# CAR


class _Car(NamedTuple):
    version: int
    roots: list[CID] | None
    blocks: list[Placed]


_PIECES: Final = (0, 1, 9, 90, 400)


def _read_car(data: bytes) -> _Car:
    """Read it in pieces that its bytes decide, and whole; both must come to the same."""
    try:
        whole = _fed([data])
    except ContentError:
        whole = None
    rng = Random(zlib.crc32(data))
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        size = rng.choice(_PIECES) + len(data) // 1000
        pieces.append(data[at : at + size])
        at += size
    try:
        car = _fed(pieces)
    except ContentError:
        assert whole is None, "refused in pieces, and accepted whole"
        raise
    assert car == whole, "read in pieces, it is not what it is when read whole"
    assert _places(data, rng) == [(at, size, block.cid) for at, size, block in car.blocks], "places differ"
    return car


def _places(data: bytes, rng: Random) -> list[tuple[int, int, CID]]:
    """Where the blocks are, the contents not fed as far as they can be skipped."""
    reader = CarReader(contents=False)
    placed: list[Placed] = []
    at = 0
    while at < len(data):
        end = at + rng.choice(_PIECES) + 1 + len(data) // 1000
        placed += reader.feed_placed(data[at:end])
        at = min(end, len(data))
        at += reader.skip(len(data) - at)
    reader.finish()
    return [(at, size, block.cid) for at, size, block in placed]


def _fed(pieces: Iterable[bytes]) -> _Car:
    reader = CarReader()
    blocks: list[Placed] = []
    for piece in pieces:
        try:
            blocks += reader.feed_placed(piece)
        except ContentError:
            _assert_refused(lambda: reader.feed(b""), "a broken CAR is read on")
            raise
    reader.finish()
    return _Car(reader.version, reader.roots, blocks)


def _assert_refused(read: Callable[[], object], what: str) -> None:
    try:
        read()
    except ContentError:
        return
    raise AssertionError(what)


def _car_holds(data: bytes, car: _Car) -> None:
    assert car.roots is not None
    for place, size, block in car.blocks:
        assert data[place : place + size] == block.data
        try:
            block.cid.verify(block.data)
        except ContentError as error:
            assert str(error)
    again = b"".join(write_car(car.roots, [placed.block for placed in car.blocks]))
    if car.version == 1 and data.startswith(car_header(car.roots)):
        assert again == data
    whole = _fed([again])
    assert whole.roots == car.roots
    assert [placed.block for placed in whole.blocks] == [placed.block for placed in car.blocks]


def _forge_car(rng: Random) -> bytes:
    roots = [root for _ in range(rng.choice((0, 1, 1, 1, 2))) if (root := _soundly(_cid(rng)))]
    if rng.random() < 0.9:
        header = dagcbor.encode_car_header(roots)
    else:
        header = dagcbor.encode(
            {
                "roots": roots,
                "version": rng.choice((1, 1, 2, 3, True, None)),
                _name(rng).decode("utf-8", "ignore"): 1,
            }
        )
    sections: list[bytes] = []
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        data = rng.randbytes(rng.choice((0, 1, 8, 60)))
        cid = bytes(CID.of(data)) if rng.random() < 0.6 else _cid(rng)
        sections.append(_sized(rng, cid + data))
    car = _sized(rng, header) + _shuffled(rng, sections)
    if rng.random() < 0.6:
        return car
    pad, index = rng.choice((b"", bytes(7))), rng.choice((b"", rng.randbytes(9)))
    offset = 51 + len(pad) if rng.random() < 0.95 else _number(rng) & (1 << 64) - 1
    size = len(car) if rng.random() < 0.95 else _number(rng) & (1 << 64) - 1
    places = struct.pack(
        "<16sQQQ", rng.choice((bytes(16), rng.randbytes(16))), offset, size, _number(rng) & (1 << 64) - 1
    )
    return b"\x0a\xa1\x67version\x02" + places + pad + car + index


def _large_cars() -> Iterator[bytes]:
    header = dagcbor.encode_car_header([])
    head = mf.write_varint(len(header)) + header
    yield head + _filled(b"\x04\x01\x55\0\0", 1 << 17)
    yield head + _filled(car_section(_CIDS[0], 0), 1 << 19)
    yield head + car_section(_CIDS[0], MAX_BLOCK) + bytes(MAX_BLOCK)
    room = (32 << 10) - 20
    for item in (b"\x01", b"\x80", b"\x81" * 13 + b"\x80", b"\xd8\x2a\x45\0\x01\x55\0\0"):
        count = room // len(item)
        header = b"\xa2\x65roots" + _head(4, count) + item * count + b"\x67version\x01"
        yield mf.write_varint(len(header)) + header
    yield b"\x80\x80\x02" + b"\x81" * (32 << 10)


# DAGs: an input is a few bytes of what is asked, then blocks. A link's last byte says which block it leads to.


class _Asked(NamedTuple):
    path: str
    start: int
    stop: int | None
    shallow: bool
    contents: bool
    most: int
    root: CID
    blocks: list[bytes]


class _Walked(NamedTuple):
    asked: _Asked
    steps: list[Entry | bytes]
    ended: bool


def _asked(data: bytes) -> _Asked:
    flags, ends, kind, size = (data + bytes(4))[:4]
    path = data[4 : 4 + size % 16].decode("utf-8", "surrogateescape") if flags & 1 else ""
    at = 4 + (size % 16 if flags & 1 else 0)
    blocks: list[bytes] = []
    while at < len(data) and len(blocks) < 16:
        length = int.from_bytes(data[at : at + 2], "big")
        blocks.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    start, stop = (ends >> 4, (ends >> 4) + (ends & 15)) if flags & 2 else (0, None)
    codec = _CODECS[kind % 8] if flags & 4 else mf.DAG_PB
    return _Asked(
        path,
        start,
        stop,
        bool(flags & 8),
        not flags & 16,
        2000 if flags & 0xE0 == 0xE0 else 30,
        CID(1, codec, b"\x12\x20" + bytes(32)),
        blocks or [b""],
    )


def _asking(rng: Random, blocks: Sequence[bytes], path: bytes = b"") -> bytes:
    flags = rng.choice((0, 0, 2, 4, 8, 16, rng.randrange(256)))
    if rng.random() < 0.97:
        flags &= 0x1F
    flags = flags & ~1 | bool(path)
    head = bytes([flags, rng.randrange(256), rng.randrange(256), len(path) & 15])
    return head + path[:15] + b"".join(len(block).to_bytes(2, "big") + block for block in blocks)


def _walk(data: bytes) -> _Walked:
    asked = _asked(data)
    walk = Walk(
        asked.root,
        asked.path,
        start=asked.start,
        stop=asked.stop,
        shallow=asked.shallow,
        contents=asked.contents,
    )
    return _walked(asked, walk)


def _walked(asked: _Asked, walk: Walk) -> _Walked:
    steps = walk.leftover()
    fed = 0
    while (cid := walk.wants) is not None and fed < asked.most:
        steps += walk.take(asked.blocks[cid.multihash[-1] % len(asked.blocks)])
        fed += 1
    assert walk.wants is None or walk.upcoming(1) == [walk.wants]
    return _Walked(asked, steps, walk.wants is None)


def _walk_holds(_: bytes, walked: _Walked) -> None:
    asked = walked.asked
    given = 0
    last: Entry | None = None
    folders: set[str] = set()
    seen: set[str] = set()
    for step in [*walked.steps, None]:
        if isinstance(step, bytes):
            assert last is not None and last.kind is Kind.FILE, "bytes of no file"
            given += len(step)
            continue
        if last is not None and last.kind is Kind.FILE and (step is not None or walked.ended):
            stop = last.size if asked.stop is None else min(asked.stop, last.size)
            if asked.contents and not asked.shallow:
                assert given == max(0, stop - asked.start), "a file of another size than it says"
            else:
                assert given <= last.size
        given = 0
        if step is None:
            break
        assert step.path not in seen, "two entries at one path"
        seen.add(step.path)
        if step.path:
            above, name = step.path.rpartition("/")[::2]
            assert above in folders, "an entry outside of its folder"
            assert name not in ("", ".", "..") and "\0" not in name
        if step.kind is Kind.DIRECTORY:
            folders.add(step.path)
        last = step


def _forge_dag(rng: Random) -> bytes:
    count = rng.choice((1, 2, 3, 4, 6))
    sizes = [rng.choice((0, 1, 2, 5, 9)) for _ in range(count)]
    blocks: list[bytes] = []
    for index in range(count):
        inner = [
            rng.randrange(count) if rng.random() < 0.1 else min(index + 1 + rng.randrange(2), count - 1)
            for _ in range(rng.choice((0, 1, 2, 3)))
        ]
        if index == count - 1:
            inner = inner[:1] if rng.random() < 0.05 else []
        match rng.randrange(8):
            case 0 | 1 | 2:
                parts = [sizes[i] if rng.random() < 0.98 else rng.choice((0, 1, 1 << 62)) for i in inner]
                data = rng.randbytes(max(0, sizes[index] - sum(parts)) if rng.random() < 0.98 else 3)
                fs = [_field(rng, 1, 2), *([_field(rng, 2, data)] if data else [])]
                fs += [_field(rng, 3, len(data) + sum(parts)), *(_field(rng, 4, part) for part in parts)]
                sizes[index] = len(data) + sum(parts)
                links = [_forge_link(rng, _to(rng, i), b"") for i in inner]
            case 3 | 4 | 5:
                fs = [_field(rng, 1, 1)]
                links = [_forge_link(rng, _to(rng, i), _name(rng)) for i in inner]
            case 6:
                fs, links = [_field(rng, 1, 4), _field(rng, 2, _name(rng))], []
            case _:
                blocks.append(_shard(rng, inner, rng.choice((b"", b"", b"\x61"))))
                continue
        blocks.append(_shuffled(rng, [*links, _field(rng, 1, _shuffled(rng, fs))]))
    path = b"/".join(_name(rng) for _ in range(rng.randint(1, 3))) if rng.random() < 0.3 else b""
    return _asking(rng, blocks, path)


def _to(rng: Random, index: int) -> bytes:
    """A CID that leads to a block, or holds one itself."""
    if rng.random() < 0.15:
        inlined = rng.choice(
            (b"", b"\x0a\x02\x08\x01", b"\x0a\x04\x08\x02\x18\0", b"\x0a\x05\x08\x04\x12\x01a", b"ab")
        )
        return (
            b"\x01"
            + mf.write_varint(rng.choice((mf.RAW, mf.DAG_PB)))
            + b"\0"
            + mf.write_varint(len(inlined))
            + inlined
        )
    codec = mf.DAG_PB if rng.random() < 0.85 else rng.choice(_CODECS)
    return b"\x01" + mf.write_varint(codec) + b"\x12\x20" + bytes(31) + bytes([index])


_LETTERS: Final = {letter: hamt.hash_name(letter) for letter in (b"%c" % code for code in b"abcdefgh")}


def _shard(rng: Random, inner: Sequence[int], above: bytes) -> bytes:
    """A shard below the slots `above`, its names mostly where they belong."""
    depth = len(above)
    links: list[tuple[bytes, bytes]] = []
    for index in inner:
        name = _name(rng)
        slot = hamt.hash_name(name)[min(depth, 7)] if rng.random() < 0.95 else rng.randrange(256)
        text = b"%02X" % slot
        if rng.random() < 0.03:
            text = rng.choice((text.lower(), text[:1], b"", b"G0", b" 1", "\u0661\u0661".encode()))
        if rng.random() < 0.35:
            name = b""
        links.append((text + name, _to(rng, index)))
    if rng.random() < 0.8:
        links.sort()
    fs = [
        _field(rng, 1, 5),
        _field(rng, 2, rng.randbytes(rng.choice((0, 1, 32)))),
        _field(rng, 5, 0x22),
        _field(rng, 6, 256),
    ]
    encoded = [_forge_link(rng, cid, name) for name, cid in links]
    return _shuffled(rng, [*encoded, _field(rng, 1, _shuffled(rng, fs))])


def _forge_hamt(rng: Random) -> bytes:
    """A sharded directory that is right, or nearly so: names in their slots, at every depth."""
    names = {
        _name(rng) if rng.random() < 0.7 else b"%d" % rng.randrange(99)
        for _ in range(rng.choice((1, 2, 3, 6)))
    }
    names = {
        name for name in names if name not in (b"", b".", b"..") and b"/" not in name and b"\0" not in name
    }
    blocks: list[bytes] = [b""]
    hashed = [(hamt.hash_name(name), name) for name in names]
    levels = rng.choice((0, 0, 1, 1, 2, 3))
    depths = {name: rng.randint(0, levels) for _, name in hashed}

    def build(here: list[tuple[bytes, bytes]], depth: int) -> bytes:
        links: list[tuple[bytes, bytes]] = []
        for slot in sorted({digest[min(depth, 7)] for digest, _ in here}):
            inside = [(digest, name) for digest, name in here if digest[min(depth, 7)] == slot]
            text = b"%02X" % (slot if rng.random() < 0.99 else rng.randrange(256))
            if (len(inside) > 1 or depths[inside[0][1]] > depth) and len(blocks) < 15:
                blocks.append(b"")
                index = len(blocks) - 1
                blocks[index] = build(inside, depth + 1)
                links.append(
                    (
                        text,
                        _to(rng, index)
                        if rng.random() < 0.1
                        else b"\x01\x70\x12\x20" + bytes(31) + bytes([index]),
                    )
                )
            else:
                links.append((text + inside[0][1], b"\x01\x55\x12\x20" + bytes(32)))
        if links and rng.random() < 0.03:
            links.append(rng.choice(links))
        if len(links) > 1 and rng.random() < 0.03:
            links[0] = (links[0][0], links[1][1])
        bits = sum(1 << int(text[:2], 16) for text, _ in dict.fromkeys(links)) if rng.random() < 0.9 else 0
        data = (
            dagpb.encode_shard(bits)
            if rng.random() < 0.97
            else b"\x08\x05\x28" + _varint(rng) + b"\x30" + _varint(rng)
        )
        encoded = (
            [_forge_link(rng, cid, text) for text, cid in links]
            if rng.random() < 0.2
            else [dagpb.encode_link(cid, text, 1) for text, cid in links]
        )
        return dagpb.encode_node(encoded, data)

    blocks[0] = build(hashed, 0)
    flags = rng.choice((0, 0, 8, 16))
    path = rng.choice(sorted(names) or [b"a"]) if rng.random() < 0.3 else b""
    head = bytes([flags | bool(path), 0, 0, min(len(path), 15)]) + path[:15]
    return head + b"".join(len(block).to_bytes(2, "big") + block for block in blocks)


def _hamt_holds(data: bytes, walked: _Walked) -> None:
    """Each name is found by its path too, and leads to the same place; others are not found."""
    _walk_holds(data, walked)
    asked = walked.asked
    if not walked.ended or asked.path or asked.shallow or asked.stop is not None:
        return
    for entry in walked.steps[:3]:
        if not isinstance(entry, Entry) or not entry.path or "/" in entry.path:
            continue
        name = entry.path.encode("utf-8", "surrogateescape")
        assert hamt.hash_name(name) == hamt.murmur3(name)
        found = _walked(asked._replace(path=entry.path), Walk(asked.root, entry.path, contents=False)).steps[
            0
        ]
        assert isinstance(found, Entry) and (found.cid, found.kind) == (entry.cid, entry.kind)
    if walked.steps and isinstance(walked.steps[0], Entry) and walked.steps[0].kind is Kind.DIRECTORY:
        try:
            _walked(asked, Walk(asked.root, "no such name"))
        except NoSuchPath:
            return
        raise AssertionError("a name is found that is not there")


def _seed_dags(profiles: Iterable[Profile]) -> Iterator[bytes]:
    """Honest trees, their links told by number."""
    for profile in profiles:
        blocks: list[Block] = []
        file = build_file([b"some content of a file"], profile, blocks.append)
        link = build_symlink("../else where", profile, blocks.append)
        inner = build_directory({"f": file, "\udcff": link}, profile, blocks.append)
        outer = build_directory({"a": file, "b": inner, "c": link, "d": inner}, profile, blocks.append)
        for root in (file, link, inner, outer):
            yield _numbered(root, blocks)


def _numbered(root: Root, blocks: Iterable[Block]) -> bytes:
    """An input that asks for all of a DAG."""
    by_cid = {block.cid: bytes(block.data) for block in blocks}
    order = [root.cid, *(cid for cid in by_cid if cid != root.cid)][:16]
    out: list[bytes] = []
    for cid in order:
        block = by_cid[cid]
        for index, other in enumerate(order):
            block = block.replace(other.digest, bytes(31) + bytes([index]))
        out.append(block)
    head = bytes([4 if root.cid.codec == mf.RAW else 0, 0, 0, 0])
    return head + b"".join(len(block).to_bytes(2, "big") + block for block in out)


def _large_dags() -> Iterator[bytes]:
    """Blocks as large as an input's two bytes of length let them be; larger ones are in the tests."""
    inlined = b"\x01\x70\0\x04\x0a\x02\x08\x01"
    links = [dagpb.encode_link(inlined, b"%04d" % i, 1) for i in range(2500)]
    wide = dagpb.encode_node(links, dagpb.DIRECTORY_DATA)
    parts = [dagpb.encode_link(b"\x01\x55\0\x01a", b"", 1)] * 3500
    file = dagpb.encode_node(parts, dagpb.encode_file([1] * 3500))
    empty = dagpb.encode_node(
        [dagpb.encode_link(b"\x01\x70\x12\x20" + bytes(32), b"", 1)] * 1000, dagpb.encode_file([0] * 1000)
    )
    long = dagpb.encode_node(
        [dagpb.encode_link(b"\x01\x70\x12\x20" + bytes(32), b"a" * 60_000, 1)], dagpb.DIRECTORY_DATA
    )
    for block in (wide, file, empty, long):
        yield bytes([0xE0, 0, 0, 0]) + len(block).to_bytes(2, "big") + block


_PLAIN: Final = [
    Profile("small", 1, raw_leaves=True, chunk_size=5, width=2),
    Profile("wrapped", 1, raw_leaves=False, chunk_size=5, width=2),
]
_SHARDED: Final = [Profile("sharded", 1, raw_leaves=True, shard_above=0)]


def _some(forge: Callable[[Random], bytes], parse: Callable[[bytes], object], count: int) -> list[bytes]:
    """Forged inputs that are accepted, as seeds."""
    rng = Random(7)
    found: list[bytes] = []
    while len(found) < count:
        data = forge(rng)
        try:
            parse(data)
        except ContentError:
            continue
        found.append(data)
    return found


def parsers() -> list[Parser[Any]]:
    """All of them, in the order of their layers."""
    leaf = dagpb.encode_leaf(b"leaf")
    unixfs = [
        b"\x08\x02\x12\x04leaf\x18\x04",
        dagpb.DIRECTORY_DATA,
        dagpb.encode_file([1, 2, 300]),
        dagpb.encode_shard(1 << 200),
    ]
    unixfs += [b"\x08\x04\x12\x01a", b"\x08\x02\x22\x03\x01\x80\x01"]
    links = [
        dagpb.encode_link(bytes(cid), name, 7)
        for cid, name in zip(_CIDS, (b"a", b"bb", b"\xff", b"", b"e", b"f", b"g"), strict=True)
    ]
    nodes = [
        leaf[0] + b"leaf" + leaf[1],
        *(dagpb.encode_node(links, data) for data in unixfs),
        b"\x0a\0",
        b"",
    ]
    value: dict[str, Any] = {
        "a": [1, -1, 1 << 40, 1.5],
        "bc": {"x": None, "y": True},
        "link": _CIDS[0],
        "t": "\u00e9",
        "y": b"\0\1",
    }
    linked = {"a": [{"/": str(cid)} for cid in _CIDS], "b": {"/": {"bytes": "AQID"}}}
    value_of_json: dict[str, Any] = {
        "n": [1e5, 1.5, -0.0, 1 << 64],
        "t": ["\u00e9", "\U0001f980" * 40],
        "e": [[], {}, None],
    }
    blocks = [Block(CID.of(data), data) for data in (b"", b"a", b"block")]
    car = b"".join(write_car([_CIDS[0], _CIDS[1]], blocks))
    envelope = (
        b"\x0a\xa1\x67version\x02"
        + struct.pack("<16sQQQ", bytes(16), 55, len(car), 0)
        + bytes(4)
        + car
        + b"index"
    )
    return [
        Parser(
            "cid-text",
            _parse_text,
            _cid_text_holds,
            [str(cid).encode() for cid in _CIDS] + [_CIDS[2].encode(base).encode() for base in mf.BASES],
            _forge_text,
            lambda: (
                letter * size
                for letter in (b"z", b"k", b"b", b"f", b"\xf0\x9f\xa6\x80")
                for size in (512, 1 << 21)
            ),
            size=600,
        ),
        Parser(
            "cid-bytes",
            CID.from_bytes,
            _cid_bytes_hold,
            [bytes(cid) for cid in _CIDS],
            _cid,
            lambda: [b"\x01\x55\0" + mf.write_varint(1 << 20) + bytes(1 << 20)],
            size=300,
        ),
        Parser(
            "varint",
            _read_varint,
            _varint_holds,
            [mf.write_varint(number) for number in _NUMBERS if number < 1 << 63],
            _forge_varint,
            lambda: [b"\xff" * MAX_BLOCK],
            size=24,
        ),
        Parser("dag-pb", dagpb.decode_node, _node_holds, nodes, _forge_node, _large_nodes, size=600),
        Parser("unixfs", dagpb.decode_unixfs, _unixfs_holds, unixfs, _forge_unixfs, _large_unixfs, size=512),
        Parser(
            "dag-cbor",
            dagcbor.decode,
            _cbor_holds,
            [dagcbor.encode(value), dagcbor.encode([value] * 3), dagcbor.encode_car_header(_CIDS)],
            _forge_cbor,
            _large_cbor,
            size=400,
        ),
        Parser(
            "dag-json",
            dagjson.links,
            _json_holds,
            [json.dumps(linked).encode(), b'[1,2.5e3,"\\u00e9"]'],
            _forge_json,
            _large_json,
            size=400,
        ),
        Parser(
            "reprint",
            _reprint,
            _reprint_holds,
            [
                json.dumps([linked, value_of_json], indent=2).encode(),
                b'{"b":1,"10":[2],"a":{"x":1},"2":3,"b":{"y":[]},"a":4,"02":5,"10":[ ]}',
                b'"\\u0041\\ud83d\\ude00\\n\\/\xc3\xa9 \xf0\x9f\x98\x80"',
            ],
            _forge_text_of_json,
            _large_texts,
            size=1000,
            refusal=InputError,
        ),
        Parser("car", _read_car, _car_holds, [car, envelope], _forge_car, _large_cars, size=600),
        Parser(
            "hamt",
            _walk,
            _hamt_holds,
            [*_seed_dags(_SHARDED), *_some(_forge_hamt, _walk, 10)],
            _forge_hamt,
            size=600,
        ),
        Parser(
            "walk",
            _walk,
            _walk_holds,
            [*_seed_dags(_PLAIN), *_some(_forge_dag, _walk, 10)],
            _forge_dag,
            _large_dags,
            size=600,
        ),
    ]

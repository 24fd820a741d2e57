"""dag-pb and UnixFS: directory and file nodes as bytes and as values.

Written by hand because dag-pb is not what a protobuf library writes: links come before
data, and a CID hangs on every byte.
Sources: ipld.io/specs/codecs/dag-pb; specs.ipfs.tech/unixfs ("Data Format").
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

from pinatakit.content.cid import CID
from pinatakit.content.multiformats import read_varint, write_varint
from pinatakit.errors import InvalidCID, Malformed

_MAX_FIELDS: Final = 1 << 16  # a 2 MiB block holds no more links with hashes of 32 bytes


class Kind(IntEnum):
    """What a UnixFS node is."""

    RAW = 0
    DIRECTORY = 1
    FILE = 2
    METADATA = 3
    SYMLINK = 4
    SHARD = 5


class Link(NamedTuple):
    """A named arrow to another block.

    `name` holds bytes that are not UTF-8 as lone surrogates, as `os.fsdecode` does.
    `size` is the target's cumulative size in bytes: its block and all below it.
    """

    cid: CID
    name: str
    size: int


class Node(NamedTuple):
    """A dag-pb block: its links in order, and its data."""

    links: list[Link]
    data: bytes


class UnixFS(NamedTuple):
    """The data of a dag-pb node.

    `size` and `sizes` are the bytes of a file and of what each of its links leads to;
    `fanout` and `hash_code` belong to shards.
    """

    kind: Kind
    data: bytes = b""
    size: int | None = None
    sizes: tuple[int, ...] = ()
    hash_code: int | None = None
    fanout: int | None = None


def encode_link(cid: bytes, name: bytes, size: int) -> bytes:
    """A link as it stands in a node; the name is written even when empty, as Kubo does."""
    tsize = write_varint(size)
    lengths = write_varint(len(cid)), write_varint(len(name))
    body = b"\x0a%b%b\x12%b%b\x18%b" % (lengths[0], cid, lengths[1], name, tsize)
    return b"\x12%b%b" % (write_varint(len(body)), body)


def encode_node(links: Iterable[bytes], data: bytes) -> bytes:
    """A node of encoded links and data: links first."""
    return b"".join(links) + b"\x0a" + write_varint(len(data)) + data


def encode_leaf(chunk: bytes | memoryview) -> tuple[bytes, bytes]:
    """What stands before and behind a chunk in the dag-pb leaf that holds it."""
    size = write_varint(len(chunk))
    if not chunk:
        return b"\x0a\x04\x08\x02\x18\x00", b""
    head = b"\x08\x02\x12" + size
    tail = b"\x18" + size
    return b"\x0a" + write_varint(len(head) + len(chunk) + len(tail)) + head, tail


def encode_file(sizes: Iterable[int]) -> bytes:
    """The UnixFS data of a file node whose links lead to so many bytes each."""
    sizes = list(sizes)
    parts = [b"\x08\x02\x18", write_varint(sum(sizes))]
    for size in sizes:
        parts += b"\x20", write_varint(size)
    return b"".join(parts)


DIRECTORY_DATA: Final = b"\x08\x01"


def encode_symlink(target: bytes) -> bytes:
    """The whole block of a symlink."""
    return encode_node([], b"\x08\x04\x12" + write_varint(len(target)) + target)


def encode_shard(bitfield: int) -> bytes:
    """The UnixFS data of a shard of 256 slots, hashed by murmur3-x64-64 (0x22)."""
    bits = bitfield.to_bytes((bitfield.bit_length() + 7) // 8, "big")
    return b"\x08\x05\x12" + write_varint(len(bits)) + bits + b"\x28\x22\x30\x80\x02"


def _fields(data: memoryview) -> Iterable[tuple[int, int | memoryview]]:
    """The fields of a protobuf message: number, and an integer or the bytes."""
    at = count = 0
    while at < len(data):
        if (count := count + 1) > _MAX_FIELDS:
            raise Malformed(f"a dag-pb block has more than {_MAX_FIELDS:,} links or sizes")
        key, at = read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = read_varint(data, at)
            yield number, value
        elif kind == 2:
            size, at = read_varint(data, at)
            if at + size > len(data):
                raise Malformed(f"field {number} of a dag-pb block is cut short")
            yield number, data[at : at + size]
            at += size
        else:
            raise Malformed(f"field {number} of a dag-pb block has wire type {kind}")


def _bytes(value: int | memoryview, what: str) -> memoryview:
    if isinstance(value, int):
        raise Malformed(f"{what} is a number")
    return value


def _int(value: int | memoryview, what: str) -> int:
    if not isinstance(value, int):
        raise Malformed(f"{what} is not a number")
    return value


def decode_node(block: bytes | memoryview) -> Node:
    """The links and the data of a dag-pb block.

    Accepts what the field has written over the years (data before links, no data);
    refuses what no writer may write.

    Raises:
        Malformed: it is not dag-pb.
    """
    links: list[Link] = []
    data: bytes | None = None
    for number, value in _fields(memoryview(block)):
        if number == 2:
            if data is not None and links:
                raise Malformed("a dag-pb block has data between its links")
            links.append(_decode_link(_bytes(value, "a link")))
        elif number == 1 and data is None:
            data = bytes(_bytes(value, "the data of a node"))
        else:
            raise Malformed(f"a dag-pb block has a second or unknown field {number}")
    return Node(links, data or b"")


def _decode_link(body: memoryview) -> Link:
    cid: CID | None = None
    name = b""
    size = 0
    last = 0
    for number, value in _fields(body):
        if number <= last:
            raise Malformed("a dag-pb link has its fields twice or out of order")
        last = number
        if number == 1:
            try:
                cid = CID.from_bytes(_bytes(value, "the CID of a link"))
            except InvalidCID as error:
                raise Malformed(f"a link's CID: {error.message}") from None
        elif number == 2:
            name = bytes(_bytes(value, "the name of a link"))
        elif number == 3:
            size = _int(value, "the size of a link")
        else:
            raise Malformed(f"a dag-pb link has an unknown field {number}")
    if cid is None:
        raise Malformed("a dag-pb link has no CID")
    return Link(cid, name.decode("utf-8", "surrogateescape"), size)


def decode_unixfs(data: bytes) -> UnixFS:
    """The UnixFS data of a node; times and modes (UnixFS 1.5) are read over.

    Raises:
        Malformed: it is not UnixFS.
    """
    kind: Kind | None = None
    content = b""
    size: int | None = None
    sizes: list[int] = []
    hash_code: int | None = None
    fanout: int | None = None
    for number, value in _fields(memoryview(data)):
        if number == 1:
            code = _int(value, "the type of a UnixFS node")
            if code > Kind.SHARD:
                raise Malformed(f"UnixFS type {code} does not exist")
            kind = Kind(code)
        elif number == 2:
            content = bytes(_bytes(value, "the data of a UnixFS node"))
        elif number == 3:
            size = _int(value, "the file size of a UnixFS node")
        elif number == 4:
            if isinstance(value, int):
                sizes.append(value)
            else:  # packed, as newer protobuf writers do
                at = 0
                while at < len(value):
                    if len(sizes) >= _MAX_FIELDS:
                        raise Malformed(f"a UnixFS node has more than {_MAX_FIELDS:,} sizes")
                    one, at = read_varint(value, at)
                    sizes.append(one)
        elif number == 5:
            hash_code = _int(value, "the hash of a shard")
        elif number == 6:
            fanout = _int(value, "the fanout of a shard")
        elif number not in (7, 8):
            raise Malformed(f"a UnixFS node has an unknown field {number}")
    if kind is None:
        raise Malformed("a UnixFS node has no type")
    return UnixFS(kind, content, size, tuple(sizes), hash_code, fanout)

"""Sharded directories: a directory too large for one block becomes a tree of shards.

A name's hash says, eight bits a level, which of 256 slots it hangs in; a slot with more
than one name is a shard of its own. Links are named by their slot in two hexadecimal
digits, and a name's link by slot and name.

Sources: specs.ipfs.tech/unixfs ("HAMT-Sharded Directory"); boxo `ipld/unixfs/hamt`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, TypeAlias

from pinatakit.content import dagpb
from pinatakit.content.blocks import Block, Root, Sink
from pinatakit.content.cid import CID
from pinatakit.content.multiformats import DAG_PB
from pinatakit.errors import Malformed

MURMUR3_X64_64: Final = 0x22
_SLOTS: Final = [b"%02X" % slot for slot in range(256)]
MAX_DEPTH: Final = 8  # a hash of 64 bits has eight slots of eight bits


Named: TypeAlias = tuple[bytes, bytes, int, int]
"""An entry of a directory, encoded: its name, its CID, bytes of its content, bytes of its blocks."""


def build_shard(named: list[Named], cid_version: int, sink: Sink | None) -> Root:
    """The root of a sharded directory."""
    hash_of = _hasher()
    return _build([(hash_of(entry[0]), entry) for entry in named], 0, cid_version, sink)


def _build(hashed: list[tuple[bytes, Named]], depth: int, cid_version: int, sink: Sink | None) -> Root:
    if depth == MAX_DEPTH:
        raise Malformed("two names of a directory have the same 64-bit hash")
    slots: dict[int, list[tuple[bytes, Named]]] = {}
    for item in hashed:
        slot = item[0][depth]
        if slot in slots:
            slots[slot].append(item)
        else:
            slots[slot] = [item]
    links: list[bytes] = []
    bitfield = size = below = 0
    for slot in sorted(slots):
        bitfield |= 1 << slot
        entries = slots[slot]
        if len(entries) == 1:
            name, cid, content, blocks = entries[0][1]
            links.append(dagpb.encode_link(cid, _SLOTS[slot] + name, blocks))
        else:
            shard, content, blocks = _build(entries, depth + 1, cid_version, sink)
            links.append(dagpb.encode_link(bytes(shard), _SLOTS[slot], blocks))
        size += content
        below += blocks
    block = dagpb.encode_node(links, dagpb.encode_shard(bitfield))
    cid_of_shard = CID.of(block, DAG_PB, version=cid_version)
    if sink is not None:
        sink(Block(cid_of_shard, block))
    return Root(cid_of_shard, size, len(block) + below)


def slot_of(name: str, depth: int) -> int:
    """The slot of a name in a shard at this depth, the top one being 0."""
    return hash_name(name.encode("utf-8", "surrogateescape"))[depth]


def hash_name(name: bytes) -> bytes:
    """The first 64 bits of murmur3-x64-128 of a name, the most significant byte first."""
    return _hasher()(name)


@cache
def _hasher() -> Callable[[bytes], bytes]:
    """The compiled hash of the `mmh3` package where it is installed, else the same in Python."""
    try:
        from mmh3 import hash64  # noqa: PLC0415
    except ImportError:
        return murmur3
    return lambda name: hash64(name, 0, x64arch=True, signed=False)[0].to_bytes(8, "big")


_M: Final = (1 << 64) - 1
_C1: Final = 0x87C37B91114253D5
_C2: Final = 0x4CF5AD432745937F


def murmur3(data: bytes) -> bytes:
    """The same hash, in Python (Austin Appleby's MurmurHash3_x64_128, seed 0, first half)."""

    def rotate(x: int, by: int) -> int:
        return (x << by | x >> 64 - by) & _M

    def mix(x: int) -> int:
        x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & _M
        x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & _M
        return x ^ x >> 33

    h1 = h2 = 0
    whole = len(data) - len(data) % 16
    for at in range(0, whole, 16):
        k1 = int.from_bytes(data[at : at + 8], "little")
        k2 = int.from_bytes(data[at + 8 : at + 16], "little")
        h1 ^= rotate(k1 * _C1 & _M, 31) * _C2 & _M
        h1 = ((rotate(h1, 27) + h2) * 5 + 0x52DCE729) & _M
        h2 ^= rotate(k2 * _C2 & _M, 33) * _C1 & _M
        h2 = ((rotate(h2, 31) + h1) * 5 + 0x38495AB5) & _M
    tail = data[whole:]
    if len(tail) > 8:
        h2 ^= rotate(int.from_bytes(tail[8:], "little") * _C2 & _M, 33) * _C1 & _M
    if tail:
        h1 ^= rotate(int.from_bytes(tail[:8], "little") * _C1 & _M, 31) * _C2 & _M
    h1 ^= len(data)
    h2 ^= len(data)
    h1 = (h1 + h2) & _M
    h2 = (h2 + h1) & _M
    h1, h2 = mix(h1), mix(h2)
    return ((h1 + h2) & _M).to_bytes(8, "big")

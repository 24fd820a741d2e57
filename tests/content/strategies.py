"""Random recipes, trees, CIDs and values for the properties that hold of all of them.

A tree is `bytes` for a file, `str` for where a symlink leads, and a `dict` by name for a folder.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from hypothesis import strategies as st

from pinatakit.content import CID, FolderBuilder, Profile, Root, Sink, build_file, build_symlink
from pinatakit.content import multiformats as mf

Tree: TypeAlias = "bytes | str | dict[str, Tree]"

# Small enough that a few hundred bytes are a deep file, and a few names a sharded folder.
profiles = st.builds(
    Profile,
    st.just("random"),
    st.sampled_from([0, 1]),
    raw_leaves=st.booleans(),
    chunk_size=st.integers(1, 50),
    width=st.integers(2, 5),
    shard_above=st.integers(0, 500),
    shard_estimate=st.sampled_from(["links", "block"]),
    shard_at_equal=st.booleans(),
)

contents = st.builds(lambda piece, times: piece * times, st.binary(max_size=60), st.integers(1, 10))


def _as_name(data: bytes) -> str:
    return data.translate(bytes.maketrans(b"/\0", b"__")).decode("utf-8", "surrogateescape")


names = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=60)
    | st.binary(min_size=1, max_size=200).map(_as_name)
).filter(lambda name: name not in (".", ".."))
"""Any that a POSIX file system takes: of any letters, in any Unicode form, or not UTF-8."""

_many = st.integers(0, 50).map(lambda count: {f"{i}.json": b"%d" % i for i in range(count)})


def folders(targets: st.SearchStrategy[str]) -> st.SearchStrategy[Tree]:
    """Folders of files, folders and symlinks."""
    below = st.recursive(
        contents | targets | _many, lambda below: st.dictionaries(names, below, max_size=6), max_leaves=12
    )
    return st.dictionaries(names, below, max_size=12)


def build(tree: Tree, profile: Profile, sink: Sink | None = None) -> Root:
    """The root of a tree."""
    if isinstance(tree, bytes):
        return build_file([tree], profile, sink)
    if isinstance(tree, str):
        return build_symlink(tree, profile, sink)
    folder = FolderBuilder(profile, sink)
    for name, below in tree.items():
        folder.add(name, build(below, profile, sink))
    return folder.finish()


def flat(tree: Tree, path: str = "") -> dict[str, bytes | str | None]:
    """What is at each path: the bytes of a file, the target of a symlink, `None` for a folder."""
    if not isinstance(tree, dict):
        return {path: tree}
    out: dict[str, bytes | str | None] = {path: None}
    for name, below in tree.items():
        out |= flat(below, f"{path}/{name}" if path else name)
    return out


# CIDs and blocks

_numbers = st.integers(0, (1 << 63) - 1)  # what a varint holds


def _multihash(code: int, digest: bytes) -> bytes:
    return mf.write_varint(code) + mf.write_varint(len(digest)) + digest


cids = st.builds(CID.of, st.binary(), st.just(mf.DAG_PB), version=st.just(0)) | st.builds(
    CID,
    st.just(1),
    st.sampled_from(list(mf.CODEC_NAMES)) | _numbers,
    st.builds(_multihash, st.sampled_from(list(mf.HASHES)) | _numbers, st.binary(max_size=128)),
)
"""Of both versions, any codec and any hash, known or not."""


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)

# Values of the IPLD data model, and DAG-CBOR written by the book (ipld.io/specs/codecs/dag-cbor).

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.binary(max_size=300)
    | cids
)
values = st.recursive(
    _scalars,
    lambda below: st.lists(below, max_size=30) | st.dictionaries(texts, below, max_size=30),
    max_leaves=30,
)


def cbor(value: object) -> bytes:
    """A value as DAG-CBOR."""
    match value:
        case None | bool():
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            pairs = sorted(value.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode()))
            return _head(5, len(pairs)) + b"".join(cbor(key) + cbor(item) for key, item in pairs)
        case CID():
            return _head(6, 42) + cbor(b"\0" + bytes(value))
    raise AssertionError(value)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, layout in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << 8 * struct.calcsize(layout):
            return bytes([major << 5 | info]) + struct.pack(layout, number)
    raise AssertionError(number)

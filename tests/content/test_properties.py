"""What holds of all content, whatever its recipe: tried on random ones."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pinatakit.content import (
    CID,
    Block,
    CarReader,
    Entry,
    FileBuilder,
    build_file,
    dagcbor,
    dagjson,
    dagpb,
    links_size,
    walk_blocks,
    write_car,
)
from pinatakit.content import multiformats as mf
from pinatakit.errors import ContentError

from . import strategies
from .strategies import cbor, cids, contents, folders, profiles, texts, values
from .test_walk import files, steps
from .vectors import Blocks


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data cut at some places, which may be the same and beyond its end."""
    return [data[a:b] for a, b in pairwise([0, *sorted(cuts), max(cuts, default=0) + len(data)])]


cut_at = st.lists(st.integers(0, 500), max_size=8)


# Files and folders


@given(folders(targets=texts), profiles, st.data())
def test_what_is_built_is_walked_back(tree, profile, data):
    blocks = Blocks()
    root = strategies.build(tree, profile, blocks.take)
    held = strategies.flat(tree)
    assert files(steps(root.cid, blocks)[0]) == held
    assert {block.cid for block in walk_blocks(root.cid, blocks.__getitem__)} == set(blocks)
    assert root.size == sum(len(what) for what in held.values() if isinstance(what, bytes))
    assert root.dag_size == len(blocks[root.cid]) + links_size(root.cid, blocks[root.cid])

    path = data.draw(st.sampled_from(sorted(held)), label="path")
    below = {
        name[len(path) :].strip("/"): what for name, what in held.items() if f"{name}/".startswith(f"{path}/")
    }
    assert files(steps(root.cid, blocks, path)[0]) == (below if path else held)


@given(contents, profiles, st.integers(0, 900), st.none() | st.integers(0, 900))
def test_a_range_of_a_file_is_its_slice(content, profile, start, length):
    blocks = Blocks()
    root = build_file([content], profile, blocks.take).cid
    stop = None if length is None else start + length
    entry, *cut = steps(root, blocks, start=start, stop=stop)[0]
    assert isinstance(entry, Entry)
    assert entry.size == len(content)
    assert b"".join(cut) == content[start:stop]


@given(contents, profiles, cut_at)
def test_a_file_has_one_root_however_it_is_fed(content, profile, cuts):
    whole: list[Block] = []
    cut: list[Block] = []
    root = build_file([content], profile, whole.append)
    builder = FileBuilder(profile, cut.append)
    for piece in pieces(content, cuts):
        builder.feed(piece)
    assert builder.finish() == root
    assert cut == whole


@given(st.lists(st.tuples(cids, st.binary(max_size=30), st.integers(0, 1 << 62))), st.binary(max_size=300))
def test_a_node_comes_back(links, data):
    node = dagpb.encode_node([dagpb.encode_link(bytes(cid), name, size) for cid, name, size in links], data)
    expected = [dagpb.Link(cid, name.decode("utf-8", "surrogateescape"), size) for cid, name, size in links]
    assert dagpb.decode_node(node) == dagpb.Node(expected, data)


# CARs


@given(st.lists(cids, max_size=5), st.lists(st.builds(Block, cids, st.binary(max_size=200))), cut_at)
def test_a_car_comes_back_however_it_is_fed(roots, blocks, cuts):
    car = b"".join(write_car(roots, blocks))
    reader = CarReader()
    got = [placed for piece in pieces(car, cuts) for placed in reader.feed_placed(piece)]
    reader.finish()
    assert reader.roots == roots
    assert [one.block for one in got] == blocks
    assert [car[at : at + size] for at, size, _ in got] == [block.data for block in blocks]


# CIDs, and what they are made of


@given(cids)
def test_a_cid_comes_back_from_its_bytes_and_its_text_in_each_base(cid):
    assert CID.from_bytes(bytes(cid)) == CID.parse(str(cid)) == cid
    for base in mf.BASES if cid.version else ["base58btc"]:
        assert CID.parse(cid.encode(base)) == cid


@given(cids, st.sampled_from(list(mf.BASES)), st.data())
def test_a_text_with_a_letter_changed_is_another_cid_or_none(cid, base, data):
    text = cid.encode(base if cid.version else "base58btc")
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from(mf.BASES[base][1] + "=-_+/0OIl"))
    changed = text[:at] + letter + text[at + 1 :]
    with contextlib.suppress(ContentError):
        read = CID.parse(changed)
        assert changed in (str(read), *(read.encode(base) for base in mf.BASES if read.version))
        if at:  # the first letter names the base, and m and u share most of theirs
            assert (read == cid) == (changed == text)


@given(cids)
def test_a_block_has_a_name_in_version_0_if_it_can(cid):
    if cid.version == 0 or (cid.codec == mf.DAG_PB and cid.multihash[:2] == b"\x12\x20"):
        assert cid.to_v0().to_v1() == cid.to_v1()
        assert cid.to_v1().to_v0() == cid.to_v0()
    assert cid.to_v1().multihash == cid.multihash


@given(st.binary(max_size=200), st.sampled_from(list(mf.BASES)))
def test_bytes_come_back_from_each_base(data, base):
    assert mf.from_multibase(mf.multibase(data, base)) == data


@given(st.integers(0, (1 << 63) - 1), st.binary(max_size=3))
def test_a_varint_comes_back_from_where_it_stands(number, before):
    written = mf.write_varint(number)
    assert mf.read_varint(before + written + b"\xff", len(before)) == (number, len(before) + len(written))


# IPLD


def linked(value: object) -> list[CID]:
    """The CIDs in a value, in the order of DAG-CBOR."""
    match value:
        case CID():
            return [value]
        case list():
            return [cid for item in value for cid in linked(item)]
        case dict():
            keys = sorted(value, key=cbor)
            return [cid for key in keys for cid in linked(value[key])]
    return []


@given(values)
def test_a_value_comes_back_from_dag_cbor_and_so_do_its_links(value):
    read = dagcbor.decode(cbor(value))
    assert repr(read) == repr(dict_in_order(value))  # tells 1 from True and 1.0, and 0.0 from -0.0
    assert list(dagcbor.links(read)) == linked(value)


def dict_in_order(value: object) -> object:
    """A value whose maps have their keys as DAG-CBOR has them."""
    if isinstance(value, dict):
        return {key: dict_in_order(value[key]) for key in sorted(value, key=cbor)}
    return [dict_in_order(item) for item in value] if isinstance(value, list) else value


@given(values, st.data())
def test_a_value_has_one_form_in_dag_cbor(value, data):
    written = bytearray(cbor(value))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    with contextlib.suppress(ContentError):
        assert cbor(dagcbor.decode(bytes(written))) == written


def jsonable(value: object) -> object:
    """A value as DAG-JSON has it (ipld.io/specs/codecs/dag-json)."""
    match value:
        case CID():
            return {"/": str(value)}
        case bytes():
            return {"/": {"bytes": mf.multibase(value, "base64")[1:]}}
        case list():
            return [jsonable(item) for item in value]
        case dict():
            return {f"{key}.": jsonable(item) for key, item in value.items()}  # "/" is the format's own
    return value


@given(values)
def test_links_come_back_from_dag_json(value):
    block = json.dumps(jsonable(value)).encode()
    assert sorted(dagjson.links(block)) == sorted(linked(value))

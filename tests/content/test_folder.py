"""FolderBuilder, directories, shards and the hash that places names in them."""

from __future__ import annotations

import dataclasses
import itertools
import random
import sys

import mmh3
import pytest

from pinatakit.content import (
    PROFILES,
    Block,
    FolderBuilder,
    Kind,
    Profile,
    Root,
    Walk,
    build_directory,
    build_file,
    build_symlink,
    dagpb,
    hamt,
)
from pinatakit.content.folder import MAX_DEPTH
from pinatakit.errors import ContentError, InputError

from .vectors import VECTORS, Blocks, build, flat

V1 = PROFILES["v1"]
SHARDED = dataclasses.replace(V1, shard_above=0)
FILE = build_file([b"hello world"], V1)
# The empty folder, as any Kubo names it.
EMPTY = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"

# Three names of 16 bytes, found by running murmur3 backwards (it is no cryptographic hash): the first
# two have the same first 64 bits, 01 23 45 67 89 ab cd ef; the third differs from them in the last byte.
SAME = [bytes.fromhex("d5022c4bc1e28863817f648132f0f7dd"), bytes.fromhex("2c24a3c63e4e57b2147e444b933ea1c7")]
CLOSE = bytes.fromhex("a136e951e732c790998dd78057ccd3a2")


def named(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def test_an_empty_folder_has_its_known_name():
    assert str(FolderBuilder(V1).finish().cid) == EMPTY
    assert str(FolderBuilder(PROFILES["v0"]).finish().cid) == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


def test_the_order_of_adding_does_not_matter():
    paths = ["b", "a/x", "a/y/z", "a.txt", "é"]
    roots = set()
    for order in itertools.permutations(paths):
        folder = FolderBuilder(V1)
        for path in order:
            folder.add(path, FILE)
        roots.add(folder.finish())
    assert len(roots) == 1


def test_a_folder_may_be_named_before_and_after_what_is_in_it():
    early, late, never = FolderBuilder(V1), FolderBuilder(V1), FolderBuilder(V1)
    early.add_folder("a/b")
    for folder in (early, late, never):
        folder.add("a/b/c", FILE)
    late.add_folder("a/b")
    late.add_folder("a")
    assert early.finish() == late.finish() == never.finish()


def test_a_whole_folder_can_be_put_at_a_path():
    inner = FolderBuilder(V1)
    inner.add("f", FILE)
    outer, flat_one = FolderBuilder(V1), FolderBuilder(V1)
    outer.add("sub", inner.finish())
    flat_one.add("sub/f", FILE)
    assert outer.finish() == flat_one.finish()


def test_a_folder_is_as_large_as_the_files_below_it():
    folder = FolderBuilder(V1)
    for path in ("a", "b/c", "b/d"):
        folder.add(path, FILE)
    folder.add("link", build_symlink("a", V1))
    assert folder.finish().size == 3 * len(b"hello world")


def test_links_are_sorted_by_the_bytes_of_their_names():
    names = ["b", "a", "B", "é", "e\u0301", "a.b", "a-b", "\U0001f600", "\uffff", named(b"\xff")]
    blocks: list[Block] = []
    build_directory(dict.fromkeys(names, FILE), V1, blocks.append)
    links = dagpb.decode_node(blocks[-1].data).links
    encoded = [link.name.encode("utf-8", "surrogateescape") for link in links]
    assert encoded == sorted(name.encode("utf-8", "surrogateescape") for name in names)


@pytest.mark.parametrize("path", ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b"])
def test_a_path_that_is_not_plain_is_refused(path):
    folder = FolderBuilder(V1)
    with pytest.raises(InputError, match="not a plain relative path"):
        folder.add(path, FILE)
    with pytest.raises(InputError, match="not a plain relative path"):
        folder.add_folder(path)
    assert str(folder.finish().cid) == EMPTY


def test_a_path_is_taken_once():
    folder = FolderBuilder(V1)
    folder.add("a", FILE)
    folder.add("d/b", FILE)
    for path in ("a", "d", "d/b"):
        with pytest.raises(InputError, match="two entries"):
            folder.add(path, FILE)
    for path in ("a", "a/x"):
        with pytest.raises(InputError, match="both a file and a folder"):
            folder.add_folder(path)
    with pytest.raises(InputError, match="both a file and a folder"):
        folder.add("a/x", FILE)


def test_blocks_of_folders_come_children_first_and_the_root_last():
    blocks: list[Block] = []
    folder = FolderBuilder(V1, blocks.append)
    folder.add("a/b/c", FILE)
    root = folder.finish()
    assert len(blocks) == 3
    assert blocks[-1].cid == root.cid
    assert root.dag_size == sum(len(block.data) for block in blocks) + FILE.dag_size
    for above, below in zip(blocks[1:], blocks, strict=False):
        assert dagpb.decode_node(above.data).links[0].cid == below.cid


@pytest.mark.parametrize("profile", [V1, SHARDED], ids=["plain", "sharded"])
def test_without_a_sink_a_folder_has_the_same_root(profile):
    entries = {f"f{i}": FILE for i in range(500)}
    assert build_directory(entries, profile) == build_directory(entries, profile, Blocks().take)


def test_a_sink_is_asked_whether_it_is_there_and_not_whether_it_is_true():
    class Sink(dict):
        def __call__(self, block):
            self[block.cid] = block.data

    for profile in (V1, SHARDED):
        folders, files, links = Sink(), Sink(), Sink()
        assert not folders
        folder = FolderBuilder(profile, folders)
        folder.add("a/b", build_file([b"x"], profile, files))
        root = folder.finish()
        link = build_symlink("t", profile, links)
        assert (root.cid in folders, len(folders)) == (True, 2)
        assert list(files.values()) == [b"x"]
        assert list(links) == [link.cid]


def test_a_folder_400_deep_is_built_and_walked_and_a_deeper_one_is_not():
    blocks = Blocks()
    folder = FolderBuilder(V1, blocks.take)
    path = "/".join(["d"] * MAX_DEPTH)
    folder.add(f"{path}/f", build_file([b"deep"], V1, blocks.take))
    for deeper in (folder.add_folder, lambda path: folder.add(f"{path}/f", FILE)):
        with pytest.raises(InputError, match="401 folders deep"):
            deeper(f"{path}/d")
    walk = Walk(folder.finish().cid, f"{path}/f")
    assert walk_all(walk, blocks)[-1] == b"deep"
    whole = walk_all(Walk(walk.root), blocks)
    assert (whole[-2].path, whole[-1]) == (f"{path}/f", b"deep")


def walk_all(walk, blocks):
    steps = []
    while walk.wants:
        steps += walk.feed(blocks[walk.wants])
    return steps


def test_kubo_before_0_40_sharded_a_folder_of_exactly_the_limit():
    (vector,) = (vector for vector in VECTORS["vectors"] if vector["id"] == "thr-v0-4096x30+0")
    expected = vector["results"]["unixfs-v0-2015"]
    paths = flat(vector["input"])
    v0 = PROFILES["v0"]
    assert str(build(paths, v0).cid) == expected["cid"]
    older = dataclasses.replace(v0, shard_at_equal=True)
    assert str(build(paths, older).cid) == expected["kubo_before_0.40_cid"]


@pytest.mark.parametrize(
    ("name", "first_half"),
    [
        # MurmurHash3_x64_128, seed 0
        (b"", "0000000000000000"),
        (b"hello", "cbd8a7b341bd9b02"),
        (b"The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c"),
    ],
)
def test_murmur3_has_its_known_values(name, first_half):
    assert hamt.murmur3(name).hex() == first_half
    assert hamt.hash_name(name).hex() == first_half


def test_murmur3_in_python_is_the_compiled_one():
    rng = random.Random(3)
    for size in (*range(70), 255, 1000):
        for _ in range(20):
            name = rng.randbytes(size)
            assert hamt.murmur3(name) == mmh3.hash64(name, x64arch=True, signed=False)[0].to_bytes(8, "big")
            assert hamt.hash_name(name) == hamt.murmur3(name)


def test_without_mmh3_the_hash_is_computed_in_python(monkeypatch):
    monkeypatch.setitem(sys.modules, "mmh3", None)
    hamt._hasher.cache_clear()
    try:
        assert hamt._hasher() is hamt.murmur3
    finally:
        hamt._hasher.cache_clear()


def test_each_name_hangs_in_the_slots_of_its_hash():
    blocks = Blocks()
    names = [f"file {i}" for i in range(400)]
    root = build_directory(dict.fromkeys(names, FILE), SHARDED, blocks.take)
    for name in names:
        digest = mmh3.hash64(name.encode(), x64arch=True, signed=False)[0].to_bytes(8, "big")
        cid = root.cid
        for depth in range(8):
            node = dagpb.decode_node(blocks[cid])
            fs = dagpb.decode_unixfs(node.data)
            assert fs.kind is Kind.SHARD
            slots = [int(link.name[:2], 16) for link in node.links]
            assert slots == sorted(slots)
            assert int.from_bytes(fs.data, "big") == sum(1 << slot for slot in slots)
            slot = f"{digest[depth]:02X}"
            found = {link.name: link for link in node.links}
            if slot + name in found:
                assert slot not in found
                assert found[slot + name].cid == FILE.cid
                break
            cid = found[slot].cid
        else:
            pytest.fail(f"{name} is not there")


def test_names_alike_in_56_bits_lie_eight_shards_deep():
    blocks = Blocks()
    root = build_directory({named(SAME[0]): FILE, named(CLOSE): FILE}, SHARDED, blocks.take)
    assert len(blocks) == 8
    assert root.dag_size == sum(map(len, blocks.values())) + 2 * FILE.dag_size


def test_names_alike_in_all_64_bits_cannot_be_sharded():
    entries = dict.fromkeys(map(named, SAME), FILE)
    assert isinstance(build_directory(entries, V1), Root)
    with pytest.raises(ContentError, match="same 64-bit hash"):
        build_directory(entries, SHARDED)


def test_a_symlink_of_any_text_can_be_made():
    for target in ("a", "../é", named(b"\xff"), ""):
        blocks: list[Block] = []
        profile = Profile("mine", 0, raw_leaves=False)
        root = build_symlink(target, profile, blocks.append)
        assert root == build_symlink(target, profile)
        assert (root.size, root.dag_size) == (0, len(blocks[0].data))
        fs = dagpb.decode_unixfs(dagpb.decode_node(blocks[0].data).data)
        assert (fs.kind, fs.data) == (Kind.SYMLINK, target.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("escaped", ["\udcc3\udca9", "\udcc3\udca9/below"])
def test_two_names_of_the_same_bytes_are_refused_though_they_are_written_otherwise(escaped):
    folder = FolderBuilder(V1)
    folder.add("é", FILE)
    folder.add(escaped, FILE)
    with pytest.raises(InputError, match="two entries called 'é'"):
        folder.finish()


@pytest.mark.parametrize("half", [chr(0xD83D), "a" + chr(0xDFFF), chr(0xDC7F)])
def test_half_of_a_character_is_no_name_and_no_target(half):
    with pytest.raises(InputError, match="half of a character"):
        build_directory({half: FILE}, V1)
    with pytest.raises(InputError, match="half of a character"):
        build_symlink(half, V1)

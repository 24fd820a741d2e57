"""A walk gives back the very bytes, wants only what it needs, and believes nothing it has not checked."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import tracemalloc

import pytest

from pinatakit.content import (
    CID,
    MAX_BLOCK,
    PROFILES,
    Entry,
    FolderBuilder,
    Kind,
    Profile,
    Walk,
    build_directory,
    build_file,
    build_symlink,
    dagcbor,
    dagpb,
    links_size,
    walk_blocks,
    walk_steps,
)
from pinatakit.content import multiformats as mf
from pinatakit.content.hamt import slot_of
from pinatakit.errors import BlockMismatch, ContentError, Malformed, NoSuchPath

from .vectors import VECTORS, Blocks, build, content, damaged, flat

V1 = PROFILES["v1"]
SMALL = Profile("small", 1, raw_leaves=True, chunk_size=10, width=3)
WRAPPED = Profile("wrapped", 0, raw_leaves=False, chunk_size=10, width=3)
SHARDED = dataclasses.replace(V1, shard_above=0)
FOLDERS = [vector for vector in VECTORS["vectors"] if vector["input"]["type"] == "dir"]


def steps(root: CID, blocks: dict, path: str = "", **range_: int) -> tuple[list[Entry | bytes], int]:
    """All that a walk gives, and how many blocks it wanted."""
    walk = Walk(root, path, **range_)
    out = walk.leftover()
    fed = 0
    while walk.wants:
        out += walk.feed(blocks[walk.wants])
        fed += 1
    return out, fed


def files(given: list[Entry | bytes]) -> dict[str, bytes | str | None]:
    """What is at each path: the bytes of a file, the target of a symlink, `None` for a folder."""
    out: dict[str, bytes | str | None] = {}
    path = ""
    for step in given:
        if isinstance(step, bytes):
            out[path] += step
            continue
        path = step.path
        assert path not in out
        out[path] = {Kind.FILE: b"", Kind.SYMLINK: step.target, Kind.DIRECTORY: None}[step.kind]
    for step in given:
        if isinstance(step, Entry):
            assert step.size == (len(out[step.path]) if step.kind is Kind.FILE else 0)
    return out


def put(blocks: Blocks, links: list[tuple[CID, str, int]], data: bytes) -> CID:
    """A node made by hand, as no builder would make it."""
    encoded = [dagpb.encode_link(bytes(cid), name.encode(), size) for cid, name, size in links]
    node = dagpb.encode_node(encoded, data)
    cid = CID.of(node, mf.DAG_PB)
    blocks[cid] = node
    return cid


def hung(name: str) -> str:
    """A name as the top shard of a directory writes it: behind its slot."""
    return f"{slot_of(name, 0):02X}{name}"


def raw(blocks: Blocks, data: bytes) -> CID:
    blocks[cid := CID.of(data)] = data
    return cid


def inline(data: bytes, codec: int = mf.RAW) -> CID:
    return CID(1, codec, b"\0" + mf.write_varint(len(data)) + data)


# Files


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
@pytest.mark.parametrize("size", [0, 1, 10, 11, 30, 31, 90, 91, 1000])
def test_a_file_comes_back(profile, size):
    blocks = Blocks()
    data = b"".join(content("walk", size))
    root = build_file([data], profile, blocks.take)
    given, fed = steps(root.cid, blocks)
    assert given[0] == Entry("", Kind.FILE, root.cid, size, "")
    assert b"".join(given[1:]) == data
    assert fed >= len(blocks)


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
def test_a_range_wants_only_the_blocks_that_hold_it(profile):
    rng = random.Random(4)
    for size in (1, 10, 95, 270, 271, 1000):
        blocks = Blocks()
        data = b"".join(content(f"range {size}", size))
        root = build_file([data], profile, blocks.take)
        for _ in range(60):
            start = rng.randrange(size)
            stop = rng.randint(start + 1, size + 5)
            given, fed = steps(root.cid, blocks, start=start, stop=stop)
            assert b"".join(given[1:]) == data[start:stop]
            assert given[0].size == size
            assert fed == needed(size, start, stop)


def needed(size: int, start: int, stop: int) -> int:
    """Blocks on the way to some bytes in a tree of three links a node, ten bytes a leaf."""
    last = (size - 1) // 10
    low, high = start // 10, min(stop - 1, size - 1) // 10
    count = 1 + high - low
    while last:
        last, low, high = last // 3, low // 3, high // 3
        count += 1 + high - low
    return count


def test_an_open_range_goes_to_the_end():
    blocks = Blocks()
    data = b"".join(content("open", 95))
    root = build_file([data], SMALL, blocks.take)
    assert b"".join(steps(root.cid, blocks, start=42)[0][1:]) == data[42:]
    assert b"".join(steps(root.cid, blocks, stop=42)[0][1:]) == data[:42]


@pytest.mark.parametrize("range_", [{"start": 95}, {"start": 1000}, {"stop": 0}, {"start": 42, "stop": 42}])
def test_a_range_without_bytes_wants_the_root_alone(range_):
    blocks = Blocks()
    root = build_file(content("none", 95), SMALL, blocks.take)
    assert steps(root.cid, blocks, **range_) == ([Entry("", Kind.FILE, root.cid, 95, "")], 1)


@pytest.mark.parametrize("range_", [{"start": -1}, {"start": 2, "stop": 1}])
def test_what_is_no_range_is_refused(range_):
    with pytest.raises(ValueError, match="not a range"):
        Walk(CID.of(b""), **range_)


def test_upcoming_blocks_are_those_wanted_next():
    blocks = Blocks()
    root = build_file(content("ahead", 95), SMALL, blocks.take)
    walk = Walk(root.cid)
    while walk.wants:
        ahead = walk.upcoming(3)
        assert 1 <= len(ahead) <= 3
        assert ahead[0] == walk.wants
        following = ahead[1] if len(ahead) > 1 else None
        leaf = walk.wants.codec == mf.RAW
        walk.feed(blocks[walk.wants])
        assert not leaf or walk.wants == following
    assert walk.upcoming(3) == []


# Trust


@pytest.mark.parametrize("profile", [SMALL, WRAPPED, SHARDED], ids=lambda profile: profile.name)
def test_a_flipped_bit_in_any_block_is_found_and_the_block_still_wanted(profile):
    rng = random.Random(5)
    blocks = Blocks()
    entries = {f"f{i}": build_file(content(f"flip {i}", 45), profile, blocks.take) for i in range(4)}
    root = build_directory(entries, profile, blocks.take)
    walk = Walk(root.cid)
    given = []
    while walk.wants:
        wanted = walk.wants
        forged = bytearray(blocks[wanted])
        forged[rng.randrange(len(forged))] ^= 1 << rng.randrange(8)
        for wrong in (bytes(forged), b"", blocks[wanted] + b"\0"):
            with pytest.raises(BlockMismatch) as caught:
                walk.feed(wrong)
            assert caught.value.cid == walk.wants == wanted
        given += walk.feed(blocks[wanted])
    assert given == steps(root.cid, blocks)[0]


def test_a_block_larger_than_2_mib_is_not_even_hashed():
    data = bytes(MAX_BLOCK + 1)
    with pytest.raises(Malformed, match="at most 2,097,152"):
        Walk(CID.of(data)).feed(data)


def test_walk_blocks_checks_each_block():
    blocks = Blocks()
    root = build_file(content("checked", 95), SMALL, blocks.take)
    for cid in blocks:
        forged = {**blocks, cid: blocks[cid][:-1] + b"\xff\xff"}
        with pytest.raises(BlockMismatch):
            list(walk_blocks(root.cid, forged.__getitem__))


# Folders


@pytest.mark.parametrize("profile", ["v0", "v1"])
@pytest.mark.parametrize("vector", FOLDERS, ids=lambda vector: vector["id"])
def test_a_folder_comes_back(vector, profile):
    blocks = Blocks()
    paths = flat(vector["input"])
    root = build(paths, PROFILES[profile], blocks.take)
    given, _ = steps(root.cid, blocks)
    joined = {path: b"".join(what) if isinstance(what, list) else what for path, what in paths.items()}
    assert files(given) == joined


@pytest.fixture(scope="module", params=[V1, SHARDED], ids=["plain", "sharded"])
def tree(request):
    """A folder of files, folders and a symlink, and its blocks."""
    blocks = Blocks()
    folder = FolderBuilder(request.param, blocks.take)
    for i in range(300):
        folder.add(f"many/file {i}", build_file([b"%d" % i], request.param, blocks.take))
    folder.add("a/b/é", build_file([b"deep"], request.param, blocks.take))
    folder.add("a/link", build_symlink("../é", request.param, blocks.take))
    folder.add_folder("empty")
    return folder.finish().cid, blocks


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b/é", {"": b"deep"}),
        ("/a//b/é/", {"": b"deep"}),
        ("many/file 7", {"": b"7"}),
        ("many/file 299", {"": b"299"}),
        ("a/link", {"": "../é"}),
        ("empty", {"": None}),
        ("a/b", {"": None, "é": b"deep"}),
        ("a", {"": None, "b": None, "b/é": b"deep", "link": "../é"}),
    ],
)
def test_a_path_is_resolved(tree, path, expected):
    assert files(steps(*tree, path)[0]) == expected


def test_a_path_wants_only_the_blocks_on_its_way(tree):
    root, blocks = tree
    _, fed = steps(root, blocks, "many/file 7")
    assert fed <= 6
    _, fed = steps(root, blocks, "a/b/é", start=1, stop=2)
    assert fed == 4


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("nothing", "nothing"),
        ("many/file 300", "file 300"),
        ("a/b/é/x", "x"),
        ("a/link/x", "x"),
        ("empty/x", "x"),
        ("..", ".."),
        ("A", "A"),
        ("a/b/e\u0301", "e\u0301"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(tree, path, at):
    with pytest.raises(NoSuchPath, match="nothing is called") as caught:
        steps(*tree, path)
    assert (caught.value.root, caught.value.path) == (tree[0], path)
    assert repr(at) in caught.value.message


def test_a_range_of_a_folder_is_refused(tree):
    with pytest.raises(Malformed, match="only a file has a range"):
        steps(*tree, "a", start=1)


def test_a_range_of_a_file_below_a_path_is_cut(tree):
    assert steps(*tree, "a/b/é", start=1, stop=3)[0][1:] == [b"ee"]


def test_a_name_that_is_not_utf8_comes_back():
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    for profile in (V1, SHARDED):
        blocks = Blocks()
        root = build_directory({name: build_file([b"x"], profile, blocks.take)}, profile, blocks.take)
        assert files(steps(root.cid, blocks)[0]) == {"": None, name: b"x"}
        assert files(steps(root.cid, blocks, name)[0]) == {"": b"x"}


@pytest.mark.parametrize("profile", [V1, SHARDED], ids=["plain", "sharded"])
def test_a_shallow_walk_wants_a_folders_own_blocks_alone_and_tells_its_names(profile):
    blocks, own = Blocks(), Blocks()
    names = {f"file {i}": build_file([b"%d" % i], V1, blocks.take) for i in range(300)}
    root = build_directory(names, profile, own.take)
    walk = Walk(root.cid, shallow=True)
    while walk.wants:
        walk.feed(own.pop(walk.wants))
    assert own == {}
    assert sorted(link.name for link in walk.below) == sorted(names)


def test_a_shallow_walk_wants_the_first_block_of_a_file():
    blocks = Blocks()
    root = build_file(content("shallow", 95), SMALL, blocks.take)
    walk = Walk(root.cid, shallow=True)
    assert walk.feed(blocks[root.cid]) == [Entry("", Kind.FILE, root.cid, 95, "")]
    assert walk.wants is None


# The order of a CAR is proved byte for byte in test_vectors; here, what differs from it.


def test_with_dups_a_block_is_given_each_time_it_is_linked():
    blocks = Blocks()
    file = build_file([b"0123456789" * 3], SMALL, blocks.take)
    root = build_directory({"a": file, "b": file}, SMALL, blocks.take).cid
    leaf = CID.of(b"0123456789")
    assert [block.cid for block in walk_blocks(root, blocks.__getitem__)] == [root, file.cid, leaf]
    again = [block.cid for block in walk_blocks(root, blocks.__getitem__, dups=True)]
    assert again == [root, file.cid, leaf, leaf, leaf, file.cid, leaf, leaf, leaf]


def test_a_walk_wants_blocks_in_the_order_of_a_car_with_dups():
    blocks = Blocks()
    paths = {f"d{i}/f{j}": [b"%d" % (i * j) * 40] for i in range(3) for j in range(3)}
    for profile in (SMALL, WRAPPED, dataclasses.replace(SMALL, shard_above=0)):
        root = build(paths, profile, blocks.take).cid
        walk = Walk(root)
        for block in walk_blocks(root, blocks.__getitem__, dups=True):
            assert walk.wants == block.cid
            walk.feed(block.data)
        assert walk.wants is None


# Inlined blocks


def test_a_file_inlined_in_its_cid_wants_no_block():
    cid = inline(b"hello")
    assert steps(cid, {}) == ([Entry("", Kind.FILE, cid, 5, ""), b"hello"], 0)
    assert steps(cid, {}, start=1, stop=3)[0][1:] == [b"el"]
    assert list(walk_blocks(cid, {}.__getitem__)) == []
    with pytest.raises(NoSuchPath):
        Walk(cid, "x")


def test_inlined_parts_of_a_file_come_in_their_place():
    blocks = Blocks()
    parts = [b"one ", b"two ", b"three ", b"four"]
    for inlined in range(16):
        links = [inline(part) if inlined >> i & 1 else raw(blocks, part) for i, part in enumerate(parts)]
        root = put(blocks, [(cid, "", 1) for cid in links], dagpb.encode_file(map(len, parts)))
        given, fed = steps(root, blocks)
        assert b"".join(given[1:]) == b"".join(parts)
        assert fed == 5 - inlined.bit_count()
        assert len(list(walk_blocks(root, blocks.__getitem__))) == fed


def test_inlined_entries_of_a_folder_come_in_their_place():
    blocks = Blocks()
    subfolder = inline(dagpb.encode_node([], dagpb.DIRECTORY_DATA), mf.DAG_PB)
    link = inline(dagpb.encode_symlink(b"t"), mf.DAG_PB)
    links = [(inline(b"A"), "a", 1), (raw(blocks, b"B"), "b", 1), (subfolder, "c", 4), (link, "d", 9)]
    root = put(blocks, links, dagpb.DIRECTORY_DATA)
    assert files(steps(root, blocks)[0]) == {"": None, "a": b"A", "b": b"B", "c": None, "d": "t"}
    assert files(steps(root, blocks, "a")[0]) == {"": b"A"}


def test_a_whole_folder_can_be_inlined():
    link = dagpb.encode_link(bytes(inline(b"A")), b"a", 1)
    root = inline(dagpb.encode_node([link], dagpb.DIRECTORY_DATA), mf.DAG_PB)
    assert files(steps(root, {})[0]) == {"": None, "a": b"A"}


# Nodes that contradict themselves or each other


@pytest.mark.parametrize("name", [".", "..", "a/b", "/", "a\0"])
def test_a_name_that_would_leave_its_folder_is_refused(name):
    blocks = Blocks()
    leaf = raw(blocks, b"x")
    plain = put(blocks, [(leaf, name, 1)], dagpb.DIRECTORY_DATA)
    shard = put(blocks, [(leaf, hung(name), 1)], dagpb.encode_shard(1))
    for root in (plain, shard):
        with pytest.raises(Malformed, match="entry named"):
            steps(root, blocks)


def test_an_empty_name_in_a_plain_folder_is_refused():
    blocks = Blocks()
    root = put(blocks, [(raw(blocks, b"x"), "", 1)], dagpb.DIRECTORY_DATA)
    with pytest.raises(Malformed, match="an entry named ''"):
        steps(root, blocks)


def test_a_name_that_stands_twice_is_refused():
    blocks = Blocks()
    leaf = raw(blocks, b"x")
    plain = put(blocks, [(leaf, "a", 1), (leaf, "a", 1)], dagpb.DIRECTORY_DATA)
    shard = put(blocks, [(leaf, hung("a"), 1)] * 2, dagpb.encode_shard(1))
    for root in (plain, shard):
        with pytest.raises(Malformed, match="twice"):
            steps(root, blocks)


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\x02\x18\x05",  # no sizes
        b"\x08\x02\x18\x05\x20\x05\x20\x00",  # two for one link
        b"\x08\x02\x18\x06\x20\x05",  # 6 bytes said, 5 linked
        b"\x08\x02\x12\x01x\x18\x05\x20\x05",  # 5 said, 1 held and 5 linked
        b"\x08\x02\x18\x06\x20\x06",  # 6 promised, 5 come
        b"\x08\x02\x18\x04\x20\x04",
        b"\x08\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x20\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    ],
)
def test_sizes_that_do_not_add_up_are_refused(data):
    blocks = Blocks()
    root = put(blocks, [(raw(blocks, b"hello"), "", 5)], data)
    with pytest.raises(Malformed):
        steps(root, blocks)


def test_a_file_may_hold_bytes_beside_its_links():
    blocks = Blocks()
    root = put(blocks, [(raw(blocks, b"world"), "", 5)], b"\x08\x02\x12\x06hello \x18\x0b\x20\x05")
    assert steps(root, blocks)[0] == [Entry("", Kind.FILE, root, 11, ""), b"hello ", b"world"]
    assert b"".join(steps(root, blocks, start=4, stop=8)[0][1:]) == b"o wo"
    assert steps(root, blocks, stop=6)[1] == 1


@pytest.mark.parametrize("part", [dagpb.DIRECTORY_DATA, b"\x08\x04\x12\x01t", dagpb.encode_shard(0)])
def test_a_part_of_a_file_is_a_file(part):
    blocks = Blocks()
    root = put(blocks, [(put(blocks, [], part), "", 5)], dagpb.encode_file([5]))
    with pytest.raises(Malformed, match="no part of one"):
        steps(root, blocks)


def test_a_shard_below_a_shard_is_a_shard():
    blocks = Blocks()
    root = put(blocks, [(put(blocks, [], dagpb.DIRECTORY_DATA), "00", 5)], dagpb.encode_shard(1))
    with pytest.raises(Malformed, match="is no shard"):
        steps(root, blocks)


def test_a_raw_block_is_no_shard():
    blocks = Blocks()
    root = put(blocks, [(raw(blocks, b"x"), "00", 1)], dagpb.encode_shard(1))
    with pytest.raises(Malformed, match="is raw, not"):
        steps(root, blocks)


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\x05\x12\x01\x01",  # no hash, no fanout
        b"\x08\x05\x12\x01\x01\x28\x12\x30\x80\x02",  # sha2-256
        b"\x08\x05\x12\x01\x01\x28\x22\x30\x10",  # 16 slots
    ],
)
def test_a_shard_of_another_make_is_refused(data):
    blocks = Blocks()
    root = put(blocks, [(raw(blocks, b"x"), "00a", 1)], data)
    with pytest.raises(Malformed, match="256 slots"):
        steps(root, blocks)


@pytest.mark.parametrize("name", ["", "0", "0a", hung("b").lower(), "GGa", " 0a", "+1a", "\u0661\u0662a"])
def test_a_slot_is_two_hexadecimal_digits_in_upper_case(name):
    blocks = Blocks()
    root = put(blocks, [(raw(blocks, b"x"), name, 1)], dagpb.encode_shard(1))
    with pytest.raises(Malformed, match="slot that is not its own"):
        steps(root, blocks)


def test_a_name_hangs_in_its_own_slot_and_no_other():
    blocks = Blocks()
    for slot in range(256):
        root = put(blocks, [(raw(blocks, b"x"), f"{slot:02X}name", 1)], dagpb.encode_shard(1 << slot))
        for path in ("", "name"):
            if slot == slot_of("name", 0):
                assert steps(root, blocks, path)[0][-1] == b"x"
            else:
                with pytest.raises(Malformed, match="slot that is not its own"):
                    steps(root, blocks, path)


def test_a_name_of_a_shard_below_hangs_in_its_slot_of_that_depth():
    blocks = Blocks()
    for depth, sound in ((1, True), (0, False)):
        below = put(blocks, [(raw(blocks, b"x"), f"{slot_of('a', depth):02X}a", 1)], dagpb.encode_shard(1))
        root = put(blocks, [(below, f"{slot_of('a', 0):02X}", 1)], dagpb.encode_shard(1))
        if sound:
            assert files(steps(root, blocks)[0]) == {"": None, "a": b"x"}
        else:
            with pytest.raises(Malformed, match="slot that is not its own"):
                steps(root, blocks)


def test_a_name_hangs_below_the_slots_of_its_hash_at_every_depth():
    blocks = Blocks()
    below = put(blocks, [(raw(blocks, b"x"), f"{slot_of('a', 1):02X}a", 1)], dagpb.encode_shard(1))
    for slot in range(256):
        root = put(blocks, [(below, f"{slot:02X}", 1)], dagpb.encode_shard(1))
        if slot == slot_of("a", 0):
            assert "a" in files(steps(root, blocks)[0])
        else:
            with pytest.raises(Malformed, match="slot that is not its own"):
                steps(root, blocks)


def test_a_shard_below_a_shard_is_not_empty():
    blocks = Blocks()
    empty = put(blocks, [], dagpb.encode_shard(0))
    assert files(steps(empty, blocks)[0]) == {"": None}
    root = put(blocks, [(empty, f"{slot:02X}", 1) for slot in range(256)], dagpb.encode_shard((1 << 256) - 1))
    with pytest.raises(Malformed, match="is empty"):
        steps(root, blocks)


def test_two_links_never_share_a_slot():
    blocks = Blocks()
    leaf = raw(blocks, b"x")
    below = put(blocks, [(leaf, f"{slot_of('a', 1):02X}a", 1)], dagpb.encode_shard(1))
    other = put(blocks, [], dagpb.encode_shard(0))
    slot = f"{slot_of('a', 0):02X}"
    for links in (
        [(leaf, f"{slot}a", 1), (below, slot, 1)],
        [(below, slot, 1), (below, slot, 1)],
        [(below, slot, 1), (other, slot, 1)],
    ):
        root = put(blocks, links, dagpb.encode_shard(1))
        for path in ("", "a"):
            with pytest.raises(Malformed, match="slot that is not its own"):
                steps(root, blocks, path)


def test_shards_lie_at_most_eight_deep():
    blocks = Blocks()
    cid = put(blocks, [], dagpb.encode_shard(0))
    for _ in range(8):
        cid = put(blocks, [(cid, "00", 1)], dagpb.encode_shard(1))
    with pytest.raises(Malformed, match="256 slots"):
        steps(cid, blocks)


def test_a_metadata_node_is_refused():
    blocks = Blocks()
    with pytest.raises(Malformed, match="metadata"):
        steps(put(blocks, [], b"\x08\x03"), blocks)


@pytest.mark.parametrize("codec", [mf.DAG_CBOR, mf.DAG_JSON, mf.JSON])
def test_a_block_of_data_is_a_file_whose_cid_tells_its_codec(codec):
    blocks = Blocks()
    data = {mf.DAG_CBOR: b"\xa0", mf.DAG_JSON: b"{}", mf.JSON: b"{}"}[codec]
    cid = CID.of(data, codec)
    blocks[cid] = data
    assert steps(cid, blocks)[0] == [Entry("", Kind.FILE, cid, len(data), ""), data]
    folder = put(blocks, [(cid, "data", len(data))], dagpb.DIRECTORY_DATA)
    assert files(steps(folder, blocks)[0]) == {"": None, "data": data}
    with pytest.raises(NoSuchPath):
        steps(folder, blocks, "data/x")
    part = put(blocks, [(cid, "", len(data))], dagpb.encode_file([len(data)]))
    with pytest.raises(Malformed, match="not a file or a folder"):
        steps(part, blocks)


def test_a_path_leads_through_the_links_of_data():
    """specs.ipfs.tech/http-gateways/path-gateway, "Traversing through DAG-JSON and DAG-CBOR"."""
    blocks = Blocks()
    leaf = CID.of(b"leaf", mf.RAW)
    folder = put(blocks, [(leaf, "leaf", 4)], dagpb.DIRECTORY_DATA)
    for codec, data in (
        (mf.DAG_CBOR, dagcbor.encode({"a": ["text", {"b": folder}], "c": 1})),
        (mf.DAG_JSON, b'{"a":["text",{"b":{"/":"%s"}}],"c":1}' % str(folder).encode()),
    ):
        cid = CID.of(data, codec)
        blocks |= {cid: data, leaf: b"leaf"}
        assert steps(cid, blocks, "a/1/b/leaf") == ([Entry("", Kind.FILE, leaf, 4, ""), b"leaf"], 3)
        walk = Walk(cid, "a/1/b/leaf")
        left = []
        while walk.wants:
            left.append(walk.names_left)
            walk.feed(blocks[walk.wants])
        assert (left, walk.names_left) == ([4, 1, 0], 0)
        for path in ("c", "a", "a/0", "a/1"):
            with pytest.raises(NoSuchPath, match="a value there") as inside:
                steps(cid, blocks, path)
            assert inside.value.inside
        for path in ("x", "a/2", "a/01", "a/-1", "a/b", "c/d", "a/0/0"):
            with pytest.raises(NoSuchPath, match="nothing is called") as missing:
                steps(cid, blocks, path)
            assert not missing.value.inside


@pytest.mark.parametrize(("codec", "name"), [(0x78, "0x78"), (0x72, "0x72")])
def test_a_block_of_another_codec_is_no_file(codec, name):
    cid = CID.of(b"\xa0", codec)
    with pytest.raises(Malformed, match=name):
        Walk(cid).feed(b"\xa0")
    assert [block.cid for block in walk_blocks(cid, {cid: b"\xa0"}.__getitem__)] == [cid]


def test_a_dag_is_at_most_1024_blocks_deep():
    blocks = Blocks()
    cid = put(blocks, [], dagpb.DIRECTORY_DATA)
    for _ in range(1024):
        cid = put(blocks, [(cid, "d", 1)], dagpb.DIRECTORY_DATA)
    assert steps(cid, blocks)[1] == len(list(walk_blocks(cid, blocks.__getitem__))) == 1025
    cid = put(blocks, [(cid, "d", 1)], dagpb.DIRECTORY_DATA)
    with pytest.raises(Malformed, match="1024 blocks deep"):
        steps(cid, blocks)
    with pytest.raises(Malformed, match="1024 blocks deep"):
        list(walk_blocks(cid, blocks.__getitem__))


def test_the_links_of_a_block_tell_the_size_of_all_below_it():
    blocks = Blocks()
    root = build_file(content("links", 95), SMALL, blocks.take)
    assert links_size(root.cid, blocks[root.cid]) == root.dag_size - len(blocks[root.cid])
    assert links_size(CID.of(b"leaf"), b"leaf") == 0


# Bombs: little that would become much


def test_a_path_has_fewer_than_32768_letters():
    blocks = Blocks()
    leaf = raw(blocks, b"x")
    inner = put(blocks, [(leaf, "b" * 16_000, 1)], dagpb.DIRECTORY_DATA)
    root = put(blocks, [(inner, "a" * 16_000, 1)], dagpb.DIRECTORY_DATA)
    assert len(files(steps(root, blocks)[0])) == 3
    root = put(blocks, [(inner, "a" * 17_000, 1)], dagpb.DIRECTORY_DATA)
    with pytest.raises(Malformed, match="more than 32,768 letters"):
        steps(root, blocks)


def test_a_folder_of_many_below_a_long_name_takes_little_memory():
    blocks = Blocks()
    leaf = raw(blocks, b"x")
    wide = put(blocks, [(leaf, f"{i:05}", 1) for i in range(5_000)], dagpb.DIRECTORY_DATA)
    root = put(blocks, [(wide, "a" * 30_000, 1)], dagpb.DIRECTORY_DATA)
    walk = Walk(root)
    tracemalloc.start()
    try:
        for _ in range(3):
            walk.feed(blocks[walk.wants])
        assert tracemalloc.get_traced_memory()[1] < 20 * 10**6
    finally:
        tracemalloc.stop()


def test_a_block_that_inlines_too_much_is_refused():
    blocks = Blocks()
    folder = inline(dagpb.encode_node([], dagpb.DIRECTORY_DATA), mf.DAG_PB)
    folders = [dagpb.encode_link(bytes(folder), b"%d" % i, 0) for i in range(6)]
    nest = inline(dagpb.encode_node(folders, dagpb.DIRECTORY_DATA), mf.DAG_PB)
    root = put(blocks, [(nest, f"{i}", 0) for i in range(2_000)], dagpb.DIRECTORY_DATA)
    assert len(steps(root, blocks)[0]) == 1 + 7 * 2_000
    root = put(blocks, [(nest, f"{i}", 0) for i in range(3_000)], dagpb.DIRECTORY_DATA)
    with pytest.raises(Malformed, match="too many blocks inlined"):
        steps(root, blocks)
    wide = put(blocks, [(folder, f"{i}", 0) for i in range(1_000)], dagpb.DIRECTORY_DATA)
    root = put(blocks, [(wide, "a" * 30_000, 0)], dagpb.DIRECTORY_DATA)
    with pytest.raises(Malformed, match="too many blocks inlined"):
        steps(root, blocks)


def test_a_walk_stands_before_an_inlined_block_that_is_malformed():
    blocks = Blocks()
    broken = inline(b"\xff", mf.DAG_PB)
    root = put(blocks, [(broken, "a", 0), (raw(blocks, b"x"), "b", 0)], dagpb.DIRECTORY_DATA)
    walk = Walk(root)
    for block in (blocks[root], b"\xff", b"\xff"):
        with pytest.raises(Malformed):
            walk.feed(block)
        assert walk.wants == broken


def test_a_range_does_not_enter_parts_of_no_bytes():
    blocks = Blocks()
    nothing = put(blocks, [], dagpb.encode_file([]))
    for _ in range(100):
        nothing = put(blocks, [(nothing, "", 0)] * 2, dagpb.encode_file([0, 0]))
    root = put(blocks, [(raw(blocks, b"x"), "", 1), (nothing, "", 0)], dagpb.encode_file([1, 0]))
    assert b"".join(steps(root, blocks, stop=5)[0][1:]) == b"x"
    assert steps(root, blocks, stop=5)[1] == 2


def test_damaged_nodes_raise_only_content_errors():
    blocks = Blocks()
    entries = {f"f{i}": build_file(content(f"bad {i}", 45), WRAPPED, blocks.take) for i in range(3)}
    for profile in (WRAPPED, SHARDED):
        build_directory(entries, profile, blocks.take)
    for sound in list(blocks.values()):
        for node in damaged(sound, times=200):
            cid = CID.of(node, mf.DAG_PB)
            for path in ("", "f1"):
                # a damaged link may lead to a block that nobody has
                with contextlib.suppress(ContentError, KeyError):
                    steps(cid, {**blocks, cid: node}, path)
            with contextlib.suppress(ContentError, KeyError):
                list(walk_blocks(cid, {**blocks, cid: node}.__getitem__))


# With the next blocks read in threads


@pytest.mark.parametrize("profile", [SMALL, WRAPPED, SHARDED], ids=lambda profile: profile.name)
def test_walk_steps_gives_what_feeding_gives(profile):
    blocks = Blocks()
    paths = {f"d{i}/f{j}": list(content(f"steps {i} {j}", i * j * 9)) for i in range(5) for j in range(7)}
    root = build(paths | {"d1/same": [b"0123456789" * 50], "link": "d1"}, profile, blocks.take).cid
    assert list(walk_steps(Walk(root), blocks.__getitem__)) == steps(root, blocks)[0]
    for path in ("d4", "d4/f6", "d1/same"):
        assert list(walk_steps(Walk(root, path), blocks.__getitem__)) == steps(root, blocks, path)[0]
    cut = {"start": 13, "stop": 42}
    given = list(walk_steps(Walk(root, "d4/f6", **cut), blocks.__getitem__))
    assert given == steps(root, blocks, "d4/f6", **cut)[0]


def test_walk_steps_keeps_a_block_that_comes_again_and_again():
    blocks = Blocks()
    data = random.Random(7).randbytes(20_000) * 40
    root = build_file([data], dataclasses.replace(PROFILES["v1-raw-256k"], chunk_size=20_000), blocks.take)
    read = []

    def get(cid):
        read.append(cid)
        return blocks[cid]

    assert b"".join(list(walk_steps(Walk(root.cid), get))[1:]) == data
    assert len(read) <= 3  # of 41
    assert len(blocks) == 2


def test_walk_steps_of_what_is_inlined_reads_no_block():
    cid = inline(b"hello")
    assert list(walk_steps(Walk(cid), {}.__getitem__)) == steps(cid, {})[0]


def test_walk_steps_takes_inlined_parts_in_their_place():
    blocks = Blocks()
    links = [raw(blocks, b"one "), inline(b"two "), raw(blocks, b"three")]
    root = put(blocks, [(cid, "", 1) for cid in links], dagpb.encode_file([4, 4, 5]))
    assert b"".join(list(walk_steps(Walk(root), blocks.__getitem__))[1:]) == b"one two three"


def test_a_forged_block_raises_through_walk_steps_before_its_bytes_are_given():
    blocks = Blocks()
    data = b"".join(content("forged", 95))
    root = build_file([data], SMALL, blocks.take)
    for cid in blocks:
        forged = {**blocks, cid: bytes([blocks[cid][0] ^ 1]) + blocks[cid][1:]}
        given = []
        with pytest.raises(BlockMismatch) as told:
            given.extend(walk_steps(Walk(root.cid), forged.__getitem__))
        assert told.value.cid == cid
        assert data.startswith(b"".join(step for step in given if isinstance(step, bytes)))


def test_walk_steps_takes_no_block_larger_than_2_mib():
    data = bytes(MAX_BLOCK + 1)
    with pytest.raises(Malformed, match="at most 2,097,152"):
        list(walk_steps(Walk(CID.of(data)), lambda _: data))


def test_what_reading_a_block_raises_comes_through_walk_steps():
    with pytest.raises(KeyError):
        list(walk_steps(Walk(CID.of(b"absent")), {}.__getitem__))


@pytest.mark.parametrize("profile", [SMALL, SHARDED], ids=lambda profile: profile.name)
def test_without_contents_all_folders_are_entered_and_of_files_the_first_block_alone(profile):
    blocks = Blocks()
    paths = {"a/b/big": list(content("without", 950)), "a/small": [b"x"], "link": "a"}
    root = build(paths, profile, blocks.take).cid
    read = []

    def get(cid):
        read.append(cid)
        return blocks[cid]

    entries = [step for step in steps(root, blocks)[0] if isinstance(step, Entry)]
    given = list(walk_steps(Walk(root, contents=False), get))
    assert [step for step in given if isinstance(step, Entry)] == entries
    firsts = {entry.cid for entry in entries}
    assert set(read) >= firsts
    assert not {cid for cid in read if cid.codec == mf.RAW} - firsts

"""CARs on disk: the bytes that go-car and @ipld/car write, and nothing read that was not checked."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import stat
import sys
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinatakit.cars import Unpacked, Verified, list_car, pack, unpack, verify_car
from pinatakit.content import (
    CID,
    PROFILES,
    Block,
    Entry,
    Kind,
    Profile,
    Root,
    build_directory,
    build_file,
    build_symlink,
    dagpb,
    links_of,
    read_car,
    walk_cids,
    write_car,
)
from pinatakit.content import multiformats as mf
from pinatakit.errors import BlockMismatch, ContentError, InputError, Malformed, MissingBlock
from pinatakit.roots import cid_of

from .content import strategies
from .content.strategies import Tree
from .content.vectors import VECTORS, Blocks, content, flat, profile_of
from .test_roots import KUBO, Pipe, lay, posix

V1 = PROFILES["v1"]
SMALL = Profile("small", 1, raw_leaves=True, chunk_size=10, width=3)
WRAPPED = Profile("wrapped", 0, raw_leaves=False, chunk_size=10, width=3)
NAMED = {vector["id"]: vector for vector in VECTORS["vectors"]}
TREES = ["dir-nested-b", "dir-empty-subdirs", "dir-unicode", "dir-sort", "dir-empty"]


class Out(io.RawIOBase):
    """Takes bytes and cannot be rewound."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def car_of(build) -> tuple[CID, bytes]:
    """A CAR of what is built: `build(sink)` gives its root."""
    blocks = Blocks()
    root = build(blocks.take).cid
    return root, b"".join(write_car([root], [Block(cid, data) for cid, data in blocks.items()]))


def folder_of(entries: dict[str, bytes | str], profile: Profile = V1) -> tuple[CID, bytes]:
    """A CAR of a flat folder: bytes are files, text is where a symlink leads."""

    def build(sink):
        return build_directory(
            {
                name: build_symlink(what, profile, sink)
                if isinstance(what, str)
                else build_file([what], profile, sink)
                for name, what in entries.items()
            },
            profile,
            sink,
        )

    return car_of(build)


def version_2(car: bytes) -> bytes:
    """A CAR in the envelope of version 2, five bytes behind its header, with an index behind it."""
    begin = 51 + 5
    places = (begin, len(car), begin + len(car))
    header = bytes(16) + b"".join(place.to_bytes(8, "little") for place in places)
    return bytes.fromhex("0aa16776657273696f6e02") + header + bytes(5) + car + b"an index"


def on_disk(top) -> dict[str, bytes | str | None]:
    """What is at each path below a folder."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        else:
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


# Pack


@posix
@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS["vectors"] if not vector["id"].startswith("thr")],
    ids=lambda vector: vector["id"],
)
def test_depth_first_a_car_has_the_very_bytes_of_the_references(vector, tmp_path):
    top = lay(tmp_path / "input", flat(vector["input"], hidden=True))
    many = "many" in vector["input"]
    for key, expected in vector["results"].items():
        name, _, hidden = key.partition("+")
        if many and name != "v1-raw-256k":  # thousands of files; test_roots has the other profiles
            continue
        profile = profile_of(name, vector["custom_profile"]) if name == "custom" else name
        out = io.BytesIO()
        root = pack(top, out, profile=profile, order="dfs", hidden=bool(hidden), **KUBO)
        written = (str(root.cid), len(out.getvalue()), hashlib.sha256(out.getvalue()).hexdigest())
        assert written == (expected["cid"], expected["car_v1_dfs_size"], expected["car_v1_dfs_sha256"]), key


@pytest.mark.parametrize("order", ["streamed", "dfs"])
@pytest.mark.parametrize("profile", ["v0", "v1", "v0-raw-256k"])
@pytest.mark.parametrize("name", ["dir-nested-b", "file-1048577", "file-1"])
def test_a_car_is_the_same_wherever_it_goes(tmp_path, name, profile, order):
    top = lay(tmp_path / "input", flat(NAMED[name]["input"]))
    expected = NAMED[name]["results"]["unixfs-v0-2015" if profile == "v0" else PROFILES[profile].name]
    memory, pipe = io.BytesIO(b"before "), Out()
    memory.seek(7)
    for to in (tmp_path / "out.car", memory, pipe):
        root = pack(top, to, profile=profile, order=order, **KUBO)
        assert str(root.cid) == expected["cid"]
    assert pipe.data == (tmp_path / "out.car").read_bytes()
    assert memory.getvalue() == b"before " + pipe.data
    assert len(pipe.data) == expected["car_v1_dfs_size"]
    if order == "dfs":
        assert hashlib.sha256(pipe.data).hexdigest() == expected["car_v1_dfs_sha256"]
    assert sorted(os.listdir(tmp_path)) == ["input", "out.car"]


@pytest.mark.parametrize("profile", sorted(VECTORS["profiles"]))
@pytest.mark.parametrize("name", [*TREES, "file-0", "file-524288"])
def test_streamed_a_car_holds_the_same_blocks_and_names_its_root(tmp_path, name, profile):
    top = lay(tmp_path / "input", flat(NAMED[name]["input"]))
    cars = []
    for order in ("streamed", "dfs"):
        out = io.BytesIO()
        pack(top, out, profile=profile, order=order, **KUBO)
        roots, blocks = read_car(out.getvalue())
        cars.append((roots, {block.cid: bytes(block.data) for block in blocks}))
    assert cars[0] == cars[1]
    assert [str(root) for root in cars[0][0]] == [NAMED[name]["results"][profile]["cid"]]
    assert len(cars[0][1]) == NAMED[name]["results"][profile]["blocks"]


@pytest.mark.parametrize("order", ["streamed", "dfs"])
@pytest.mark.parametrize("to", [io.BytesIO, Out])
def test_what_can_be_read_only_once_is_packed_too(order, to):
    vector = NAMED["file-1048577"]
    (data,) = (b"".join(what) for what in flat(vector["input"]).values())
    out = to()
    root = pack(Pipe(data), out, order=order)
    assert str(root.cid) == vector["results"]["v1-raw-256k"]["cid"]
    car = out.data if isinstance(out, Out) else out.getvalue()
    assert verify_car(car) == Verified([root.cid], 6, root.dag_size, [])


def test_of_a_folder_is_packed_what_was_asked_for(tmp_path):
    lay(tmp_path / "in", {"a": [b"a"], ".b": [b"b"], "empty": None})
    for take in ({}, {"hidden": True}, {"empty_folders": True}, {"hidden": True, "empty_folders": True}):
        out = io.BytesIO()
        assert pack(tmp_path / "in", out, **take).cid == cid_of(tmp_path / "in", **take)
        paths = {entry.path for entry in list_car(out.getvalue())}
        assert (".b" in paths) == ("hidden" in take)
        assert ("empty" in paths) == ("empty_folders" in take)


def test_when_packing_fails_nothing_is_left_and_what_was_there_stays(tmp_path):
    (tmp_path / "out.car").write_bytes(b"before")
    with pytest.raises(InputError, match="does not exist"):
        pack(tmp_path / "nowhere", tmp_path / "out.car")
    assert (tmp_path / "out.car").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["out.car"]
    with pytest.raises(InputError, match="does not exist"):
        pack(b"x", tmp_path / "nowhere/out.car")


def test_a_car_takes_the_place_of_the_one_before(tmp_path):
    (tmp_path / "out.car").write_bytes(b"before")
    root = pack(b"x", str(tmp_path / "out.car"))
    assert verify_car(tmp_path / "out.car").roots == [root.cid]


# Unpack


@posix
@pytest.mark.parametrize("order", ["streamed", "dfs"])
@pytest.mark.parametrize("profile", ["v0", "v1", "v0-raw-256k"])
@pytest.mark.parametrize("name", [*TREES, "file-0", "file-1048577"])
def test_what_was_packed_comes_back(tmp_path, name, profile, order):
    comes_back(tmp_path, name, profile, order)


@posix
def test_a_sharded_folder_comes_back(tmp_path):
    comes_back(tmp_path, "dir-hamt-with-subdirs", "v1", "streamed")


def comes_back(tmp_path, name, profile, order):
    top = lay(tmp_path / "in", flat(NAMED[name]["input"]))
    root = pack(top, tmp_path / "a.car", profile=profile, order=order, **KUBO)
    done = unpack(tmp_path / "a.car", tmp_path / "out")
    tree = {path: what for path, what in flat(NAMED[name]["input"]).items() if what is not None}
    assert done == Unpacked(root.cid, tmp_path / "out", root.size, len(tree))
    if top.is_dir():
        assert on_disk(tmp_path / "out") == on_disk(top)
    else:
        assert done.path.read_bytes() == top.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.car", "in", "out"]


@posix
def test_symlinks_that_stay_inside_come_back(tmp_path):
    lay(tmp_path / "in", {"f": [b"f"], "a/b/up": "../../f", "link": "a/b", "broken": "nowhere"})
    out = io.BytesIO()
    pack(tmp_path / "in", out, symlinks="keep")
    unpack(out.getvalue(), tmp_path / "out")
    assert on_disk(tmp_path / "out") == on_disk(tmp_path / "in")
    assert (tmp_path / "out/a/b/up").read_bytes() == b"f"


@posix
@pytest.mark.parametrize("target", ["./f", "f", ".", "s/", "s//f", "./s/./f", "nowhere"])
def test_where_a_symlink_leads_comes_back_as_it_was_written(tmp_path, target):
    unpack(folder_of({"f": b"f", "l": target})[1], tmp_path / "out")
    assert on_disk(tmp_path / "out") == {"f": b"f", "l": target}


@pytest.mark.parametrize("kind", ["bytes", "path", "str", "file", "pipe"])
def test_a_car_is_unpacked_from_anywhere(tmp_path, kind):
    root, car = folder_of({"a": b"aa", "b": b"bbb"})
    place = tmp_path / "a.car"
    place.write_bytes(car)
    sources = {"bytes": car, "path": place, "str": str(place), "file": io.BytesIO(car), "pipe": Pipe(car)}
    done = unpack(sources[kind], tmp_path / "out")
    assert done == Unpacked(root, tmp_path / "out", 5, 2)
    assert on_disk(tmp_path / "out") == {"a": b"aa", "b": b"bbb"}


def test_a_car_in_an_open_file_starts_where_the_file_stands(tmp_path):
    root, car = folder_of({"a": b"aa"})
    file = io.BytesIO(b"before " + car)
    file.seek(7)
    assert unpack(file, tmp_path / "out").root == root


def test_a_car_of_version_2_is_unpacked(tmp_path):
    root, car = folder_of({"a": b"aa"})
    assert unpack(version_2(car), tmp_path / "out").root == root
    assert on_disk(tmp_path / "out") == {"a": b"aa"}


def test_blocks_may_come_in_any_order(tmp_path):
    blocks = Blocks()
    data = b"".join(content("order", 500))
    root = build_file([data], SMALL, blocks.take).cid
    for ordered in (list(blocks.items()), list(blocks.items())[::-1]):
        car = b"".join(write_car([root], [Block(*item) for item in ordered]))
        unpack(car, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == data


def test_a_file_goes_into_a_folder_under_the_name_of_its_root(tmp_path):
    root, car = car_of(lambda sink: build_file([b"hello"], V1, sink))
    assert unpack(car, tmp_path).path == tmp_path / str(root)
    assert unpack(car, tmp_path / "named").path == tmp_path / "named"
    assert on_disk(tmp_path) == {str(root): b"hello", "named": b"hello"}


def test_a_folder_goes_into_the_current_folder_under_the_name_of_its_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root, car = folder_of({"a": b"a"})
    unpack(car, ".")
    assert on_disk(tmp_path) == {str(root): None, f"{root}/a": b"a"}


def test_a_folder_takes_the_place_of_an_empty_one_and_of_nothing_else(tmp_path):
    _, car = folder_of({"a": b"a"})
    (tmp_path / "empty").mkdir()
    unpack(car, tmp_path / "empty")
    before = on_disk(tmp_path)
    with pytest.raises(InputError, match="is there already"):
        unpack(car, tmp_path / "empty")
    with pytest.raises(InputError, match="is there already"):
        unpack(car, tmp_path / "empty/a")
    assert on_disk(tmp_path) == before == {"empty": None, "empty/a": b"a"}


LEADING_OUT = [
    {"l": "/etc/passwd"},
    {"l": "//etc"},
    {"l": ".."},
    {"l": "../beside"},
    {"l": "./../beside"},
    {"l": "a/../../beside"},
    {"l": "a/.."},
    {"a": b"first", "m": "l/..", "l": "."},
]


@posix
@pytest.mark.parametrize("entries", LEADING_OUT, ids=str)
def test_a_symlink_that_leads_out_is_refused_and_nothing_is_left(tmp_path, entries):
    _, car = folder_of(entries)
    with pytest.raises(InputError, match="leads out of what is written"):
        unpack(car, tmp_path / "out")
    assert on_disk(tmp_path) == {}


@posix
def test_a_symlink_that_leads_out_through_another_is_refused(tmp_path):
    def build(sink):
        below = build_directory({"l": build_symlink("..", V1, sink)}, V1, sink)
        return build_directory({"d": below, "m": build_symlink("d/l/..", V1, sink)}, V1, sink)

    with pytest.raises(InputError, match=r"the symlink 'm' leads out of what is written, to 'd/l/\.\.'"):
        unpack(car_of(build)[1], tmp_path / "out")
    assert on_disk(tmp_path) == {}


@posix
@pytest.mark.parametrize("target", ["beside", "/etc/passwd", "."])
def test_a_root_that_is_a_symlink_is_refused(tmp_path, target):
    root, car = car_of(lambda sink: build_symlink(target, V1, sink))
    with pytest.raises(InputError, match=f"the symlink '{root}' leads out"):
        unpack(car, tmp_path / "out")
    assert on_disk(tmp_path) == {}


@posix
def test_nothing_is_written_through_a_symlink_that_was_just_unpacked(tmp_path):
    """A folder that names one entry twice, first as a symlink and then as a folder, is none."""
    blocks = Blocks()
    link = build_symlink("outside", V1, blocks.take)
    folder = build_directory({"f": build_file([b"f"], V1, blocks.take)}, V1, blocks.take)
    links = [dagpb.encode_link(bytes(root.cid), b"x", root.dag_size) for root in (link, folder)]
    node = dagpb.encode_node(links, dagpb.DIRECTORY_DATA)
    root = CID.of(node, mf.DAG_PB)
    blocks[root] = node
    (tmp_path / "outside").mkdir()
    with pytest.raises(Malformed, match="or has it twice"):
        unpack(b"".join(write_car([root], [Block(*item) for item in blocks.items()])), tmp_path / "out")
    assert on_disk(tmp_path) == {"outside": None}


def test_a_name_too_long_for_the_disk_is_told_and_nothing_is_left(tmp_path):
    _, car = folder_of({"n" * 300: b"x"})
    with pytest.raises(InputError, match="cannot be written"):
        unpack(car, tmp_path / "out")
    assert on_disk(tmp_path) == {}


@posix
def test_a_name_that_is_not_utf8_comes_back(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    _, car = folder_of({name: b"x"})
    try:
        unpack(car, tmp_path / "out")
    except InputError:  # pragma: no cover - APFS takes only UTF-8
        pytest.skip("this file system takes only UTF-8")
    assert os.listdir(os.fsencode(tmp_path / "out")) == [b"caf\xe9"]


# What is forged, cut or missing


def tampered(size: int = 500) -> tuple[CID, Blocks]:
    blocks = Blocks()
    return build_file(content("tampered", size), SMALL, blocks.take).cid, blocks


def written(root: CID, blocks: dict[CID, bytes]) -> bytes:
    return b"".join(write_car([root], [Block(*item) for item in blocks.items()]))


def test_a_forged_block_is_told_whichever_it_is_and_nothing_is_left(tmp_path):
    root, blocks = tampered(100)
    for cid in blocks:
        car = written(root, {**blocks, cid: blocks[cid][:-1] + bytes([blocks[cid][-1] ^ 1])})
        with pytest.raises(BlockMismatch) as told:
            unpack(car, tmp_path / "out")
        assert told.value.cid == cid
        with pytest.raises(BlockMismatch) as told:
            verify_car(car)
        assert told.value.cid == cid
        assert on_disk(tmp_path) == {}


def test_a_missing_block_is_told_whichever_it_is_and_nothing_is_left(tmp_path):
    root, blocks = tampered(100)
    for cid in blocks:
        car = written(root, {other: data for other, data in blocks.items() if other != cid})
        with pytest.raises(MissingBlock) as told:
            unpack(car, tmp_path / "out")
        assert told.value.cid == cid
        assert verify_car(car).missing == [cid]
        assert on_disk(tmp_path) == {}


def test_a_car_cut_short_is_told_and_nothing_is_left(tmp_path):
    root, blocks = tampered(40)
    car = written(root, blocks)
    for end in range(len(car)):
        with pytest.raises((Malformed, MissingBlock)):
            unpack(car[:end], tmp_path / "out")
    for take in (verify_car, lambda car: list(list_car(car))):
        for cut in (b"", car[:20], car[:-1]):
            with pytest.raises(Malformed, match="cut short"):
                take(cut)
    assert on_disk(tmp_path) == {}


def test_what_is_no_car_is_refused(tmp_path):
    (tmp_path / "a.car").write_bytes(b"not a car at all" * 100)
    with pytest.raises(Malformed):
        unpack(tmp_path / "a.car", tmp_path / "out")
    with pytest.raises(InputError, match="does not exist"):
        unpack(tmp_path / "nowhere.car", tmp_path / "out")
    with pytest.raises(InputError, match="cannot be read"):
        verify_car(tmp_path)


# Several roots


def several() -> tuple[list[CID], bytes]:
    blocks = Blocks()
    roots = [build_file([text], V1, blocks.take).cid for text in (b"one", b"three")]
    return roots, b"".join(write_car(roots, [Block(*item) for item in blocks.items()]))


def test_of_several_roots_one_is_named(tmp_path):
    roots, car = several()
    with pytest.raises(InputError, match="the CAR has 2 roots: ") as told:
        unpack(car, tmp_path / "out")
    assert all(str(root) in str(told.value) for root in roots)
    for root, data in zip(roots, (b"one", b"three"), strict=True):
        assert unpack(car, tmp_path / "out", root=root).root == root
        assert (tmp_path / "out").read_bytes() == data
        assert [entry.cid for entry in list_car(car, root=root)] == [root]
    assert [entry.cid for entry in list_car(car)] == roots
    assert verify_car(car) == Verified(roots, 2, 8, [])


def test_a_car_without_roots_unpacks_only_what_is_named(tmp_path):
    cid = CID.of(b"alone")
    car = b"".join(write_car([], [Block(cid, b"alone")]))
    with pytest.raises(InputError, match="the CAR has 0 roots: none"):
        unpack(car, tmp_path / "out")
    assert unpack(car, tmp_path / "out", root=cid).size == 5
    assert list(list_car(car)) == []
    assert verify_car(car) == Verified([], 1, 5, [])


def test_a_root_that_is_not_there_is_missing(tmp_path):
    roots, car = several()
    absent = CID.of(b"absent")
    with pytest.raises(MissingBlock):
        unpack(car, tmp_path / "out", root=absent)
    with pytest.raises(MissingBlock):
        list(list_car(car, root=absent))
    two = b"".join(write_car([absent, roots[0]], [Block(roots[0], b"one")]))
    assert verify_car(two) == Verified([absent, roots[0]], 1, 3, [absent])


# List and verify


@posix
def test_what_a_car_holds_is_listed_depth_first(tmp_path):
    lay(tmp_path, {"b/c": [b"ccc"], "b/d": None, "a": [bytes(600_000)], "z": "b/c"})
    out = io.BytesIO()
    root = pack(tmp_path, out, **KUBO)
    found = list(list_car(out.getvalue()))
    assert [(entry.path, entry.kind, entry.size, entry.target) for entry in found] == [
        ("", Kind.DIRECTORY, 0, ""),
        ("a", Kind.FILE, 600_000, ""),
        ("b", Kind.DIRECTORY, 0, ""),
        ("b/c", Kind.FILE, 3, ""),
        ("b/d", Kind.DIRECTORY, 0, ""),
        ("z", Kind.SYMLINK, 0, "b/c"),
    ]
    assert found[0].cid == root.cid
    assert found[3] == Entry("b/c", Kind.FILE, CID.of(b"ccc"), 3, "")


def test_of_a_file_only_the_first_block_is_needed_to_list_it():
    root, blocks = tampered()
    (entry,) = list_car(written(root, {root: blocks[root]}))
    assert entry == Entry("", Kind.FILE, root, 500, "")


@pytest.mark.parametrize("name", ["dir-nested-b", "file-1048577"])
def test_a_whole_car_is_verified(tmp_path, name):
    top = lay(tmp_path / "in", flat(NAMED[name]["input"]))
    for profile, expected in NAMED[name]["results"].items():
        if "+" in profile:
            continue
        pack(top, tmp_path / "a.car", profile=profile, **KUBO)
        assert verify_car(tmp_path / "a.car") == Verified(
            [CID.parse(expected["cid"])], expected["blocks"], expected["block_bytes"], []
        )


def test_a_root_that_is_no_dag_is_malformed():
    bad = CID.of(b"\xff\xff", mf.DAG_PB)
    with pytest.raises(Malformed):
        verify_car(b"".join(write_car([bad], [Block(bad, b"\xff\xff")])))


def test_a_forged_block_is_told_though_no_root_leads_to_it():
    one, other = CID.of(b"one"), CID.of(b"other")
    with pytest.raises(BlockMismatch):
        verify_car(b"".join(write_car([one], [Block(one, b"one"), Block(other, b"forged")])))


@pytest.mark.parametrize("order", ["streamed", "dfs"])
def test_two_blocks_of_the_same_bytes_and_other_codecs_are_both_in_the_car(tmp_path, order):
    (tmp_path / "in" / "empty").mkdir(parents=True)
    (tmp_path / "in" / "file").write_bytes(b"\x0a\x02\x08\x01")  # the block of an empty directory
    pack(tmp_path / "in", tmp_path / "a.car", order=order, empty_folders=True)
    assert verify_car(tmp_path / "a.car").missing == []
    unpack(tmp_path / "a.car", tmp_path / "out")
    assert (tmp_path / "out" / "file").read_bytes() == b"\x0a\x02\x08\x01"
    assert (tmp_path / "out" / "empty").is_dir()


def test_a_car_does_not_take_the_place_of_a_folder(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        pack(b"x", tmp_path)


# Whatever is packed, and whatever happens to it


linux = pytest.mark.skipif(sys.platform != "linux", reason="other file systems change names, or refuse them")
folders = strategies.folders(targets=strategies.names)


def lay_tree(top: Path, tree: Tree) -> None:
    """Put a random tree on disk."""
    for path, what in strategies.flat(tree).items():
        where = top / path
        match what:
            case None:
                where.mkdir()
            case str():
                where.symlink_to(what)
            case _:
                where.write_bytes(what)


@linux
@settings(max_examples=settings.default.max_examples // 4)  # it takes long to make files
@given(folders, strategies.profiles, st.sampled_from(["streamed", "dfs"]))
def test_what_is_packed_is_verified_and_unpacked(tree, profile, order):
    with tempfile.TemporaryDirectory() as top:
        place = Path(top)
        lay_tree(place / "in", tree)
        root = pack(place / "in", place / "a.car", profile=profile, order=order, hidden=True, **KUBO)
        assert root == strategies.build(tree, profile)
        assert verify_car(place / "a.car").missing == []
        unpack(place / "a.car", place / "out")
        assert on_disk(place / "out") == {path: what for path, what in strategies.flat(tree).items() if path}


def is_noticed(car: bytes, top: Path) -> None:
    """A CAR that is not what it was is told by both, and nothing of it is left on disk."""
    with contextlib.suppress(ContentError):
        assert verify_car(car).missing
    with pytest.raises(ContentError):
        unpack(car, top / "out")
    assert os.listdir(top) == []


def flipped(car: bytes, bit: int) -> bytes:
    changed = bytearray(car)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@linux
@given(folders, strategies.profiles, st.data())
def test_a_flipped_bit_anywhere_in_a_car_is_noticed(tree, profile, data):
    _, car = car_of(lambda sink: strategies.build(tree, profile, sink))
    with tempfile.TemporaryDirectory() as top:
        is_noticed(flipped(car, data.draw(st.integers(0, len(car) * 8 - 1), label="bit")), Path(top))


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
def test_every_bit_of_a_car_matters(profile, tmp_path):
    _, car = folder_of({"a": b"hello world"}, profile)
    for bit in range(len(car) * 8):
        is_noticed(flipped(car, bit), tmp_path)


def test_every_bit_that_says_where_the_blocks_of_a_car_of_version_2_are_matters(tmp_path):
    whole = version_2(folder_of({"a": b"hello world"})[1])
    for bit in [*range(11 * 8), *range(27 * 8, 43 * 8)]:  # not the characteristics, nor the index
        is_noticed(flipped(whole, bit), tmp_path)


def test_an_empty_block_that_is_inlined_is_not_missing():
    empty = CID.parse("bafkqaaa")
    assert verify_car(b"".join(write_car([empty], []))).missing == []


# Bombs


def bomb(depth: int) -> bytes:
    """Folders that link twice to the one below: `depth` blocks, two to the power of it entries."""

    def build(sink):
        below = build_directory({}, V1, sink)
        for _ in range(depth):
            below = build_directory({"a": below, "b": below}, V1, sink)
        return below

    return car_of(build)[1]


def test_a_car_that_links_to_the_same_folders_again_and_again_is_listed_entry_by_entry():
    car = bomb(41)
    assert len(car) < 6000
    listed = list_car(car)
    assert [next(listed).path for _ in range(4)] == ["", "a", "a/a", "a/a/a"]
    assert verify_car(car).missing == []


def test_more_entries_than_are_meant_are_refused_and_nothing_is_left(tmp_path):
    car = bomb(6)  # 127 folders
    assert len(list(list_car(car, entries=127))) == 127
    with pytest.raises(ContentError, match="more than 126") as caught:
        list(list_car(car, entries=126))
    assert "entries=" in caught.value.hint
    with pytest.raises(ContentError, match="more than 126"):
        unpack(car, tmp_path / "out", entries=126)
    assert on_disk(tmp_path) == {}
    unpack(car, tmp_path / "out", entries=127)
    with pytest.raises(ContentError, match="more than 500"):
        unpack(bomb(41), tmp_path / "bomb", entries=500)
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_larger_than_the_disk_is_refused_before_it_is_full(tmp_path):
    def build(sink):
        below = build_file([bytes(1000)], V1, sink)
        for _ in range(6):
            sizes = [below.size] * 174
            links = [dagpb.encode_link(bytes(below.cid), b"", below.dag_size)] * 174
            block = dagpb.encode_node(links, dagpb.encode_file(sizes))
            cid = CID.of(block, mf.DAG_PB)
            sink(Block(cid, block))
            below = Root(cid, sum(sizes), 1)
        return below

    with pytest.raises(InputError, match=r"bytes of content, and the disk had [0-9,]+ free"):
        unpack(car_of(build)[1], tmp_path / "out")
    assert on_disk(tmp_path) == {}


def test_what_a_block_of_a_car_costs_in_memory_does_not_grow_with_it(tmp_path):
    def peak(count):
        place = tmp_path / f"{count}.car"
        blocks = [Block(CID.of(data), data) for data in (b"%08d" % number * 128 for number in range(count))]
        links = [dagpb.encode_link(bytes(block.cid), b"%06d" % at, 1024) for at, block in enumerate(blocks)]
        node = dagpb.encode_node(links, dagpb.DIRECTORY_DATA)
        root = CID.of(node, mf.DAG_PB)
        place.write_bytes(b"".join(write_car([root], [*blocks, Block(root, node)])))
        del blocks, links
        tracemalloc.start()
        try:
            assert verify_car(place).blocks == count + 1
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert (peak(30_000) - peak(15_000)) / 15_000 < 650


def test_links_to_what_was_seen_take_no_memory():
    blocks = Blocks()
    leaf = build_file([b"leaf"], V1, blocks.take)
    below = leaf.cid
    for _ in range(100):  # each leads on first, and then a thousand times to the same leaf
        links = [dagpb.encode_link(bytes(cid), b"", 1) for cid in (below, *[leaf.cid] * 1000)]
        node = dagpb.encode_node(links, dagpb.DIRECTORY_DATA)
        below = CID.of(node, mf.DAG_PB)
        blocks[below] = node
    seen: list[int] = []

    def links_below(cid):
        seen.append(tracemalloc.get_traced_memory()[0])
        return links_of(cid, blocks[cid])

    tracemalloc.start()
    try:
        assert len(list(walk_cids(below, links_below))) == 101
    finally:
        tracemalloc.stop()
    assert max(seen) - seen[0] < 1 << 20


# What is given


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_car_in_memory_is_bytes_of_any_kind(tmp_path, kind):
    root, car = folder_of({"a": b"a"})
    assert unpack(kind(car), tmp_path / "out").root == root
    assert verify_car(kind(car)).blocks == len(list(list_car(kind(car)))) == 2


def test_a_root_may_be_text(tmp_path):
    root, car = folder_of({"a": b"a"})
    assert unpack(car, tmp_path / "out", root=str(root)).root == root
    assert [entry.path for entry in list_car(car, root=str(root))] == ["", "a"]
    for wrong in ("photo.jpg", ""):
        with pytest.raises(ContentError, match="is not a CID"):
            unpack(car, tmp_path / "other", root=wrong)
        with pytest.raises(ContentError, match="is not a CID"):
            list(list_car(car, root=wrong))


def test_what_makes_no_sense_is_told_and_nothing_is_written(tmp_path):
    out = tmp_path / "out.car"
    with pytest.raises(InputError, match="no order 'bogus'"):
        pack(b"x", out, order="bogus")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="symlinks='nope'"):
        pack(tmp_path, out, symlinks="nope")  # type: ignore[arg-type]
    for wrong in (io.StringIO(), 7, None):
        with pytest.raises(InputError, match="wb"):
            pack(b"x", wrong)  # type: ignore[arg-type]
        for read in (verify_car, lambda car: unpack(car, out), lambda car: list(list_car(car))):
            with pytest.raises(InputError, match="rb"):
                read(wrong)
    assert on_disk(tmp_path) == {}


# Where a CAR goes


@posix
@pytest.mark.parametrize("order", ["streamed", "dfs"])
def test_a_pipe_with_a_name_is_written_to_and_stays(tmp_path, order):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(pipe.read_bytes)
        root = pack(b"hello world" * 100_000, pipe, order=order)
        assert verify_car(read.result()).roots == [root.cid]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@posix
def test_a_device_is_written_to_and_stays():
    assert pack(b"x", "/dev/null").cid == cid_of(b"x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@posix
def test_a_symlink_stays_and_the_car_goes_where_it_leads(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "out.car").symlink_to("there/real.car")
    for words in (b"first", b"second"):
        root = pack(words, tmp_path / "out.car")
        assert verify_car(tmp_path / "there/real.car").roots == [root.cid]
        assert (tmp_path / "out.car").is_symlink()


@pytest.mark.parametrize("order", ["streamed", "dfs"])
def test_what_appends_gets_the_right_header_too(tmp_path, order):
    place = tmp_path / "log"
    place.write_bytes(b"before")
    with place.open("ab") as file:
        root = pack(b"x" * 300_000, file, order=order)
    assert place.read_bytes()[:6] == b"before"
    assert verify_car(place.read_bytes()[6:]).roots == [root.cid]


def test_what_compresses_gets_the_right_header_too(tmp_path):
    with gzip.open(tmp_path / "out.car.gz", "wb") as file:
        root = pack(b"x" * 300_000, file)
    with gzip.open(tmp_path / "out.car.gz") as file:
        assert verify_car(file).roots == [root.cid]


@pytest.mark.parametrize("order", ["streamed", "dfs"])
def test_a_folder_packed_into_itself_leaves_the_car_out(tmp_path, order):
    lay(tmp_path, {"a": [b"a"], ".b": [b"b"], "below/c": [b"c"]})
    root = cid_of(tmp_path, hidden=True)
    for place in ("out.car", "below/.out.car"):
        assert pack(tmp_path, tmp_path / place, hidden=True, order=order).cid == root
        assert pack(tmp_path, tmp_path / place, hidden=True, order=order).cid == root  # over the one before
        assert pack(f"{tmp_path}/**", tmp_path / place, hidden=True, order=order).cid == root
        assert verify_car(tmp_path / place).roots == [root]
        (tmp_path / place).unlink()

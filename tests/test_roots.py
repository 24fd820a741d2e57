"""What is on disk gets the CID that the references give it."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest

from pinatakit.content import CID, PROFILES, Root, build_directory, build_file, build_symlink
from pinatakit.content.folder import MAX_DEPTH
from pinatakit.errors import InputError
from pinatakit.patterns import Patterns
from pinatakit.roots import Tree, cid_of, root_of
from pinatakit.sources import pread_into, read_source

from .content.vectors import VECTORS, Blocks, content, flat, profile_of

# "hello world" under the profiles of IPIP-499, as any Kubo names it
HELLO_V0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"
HELLO_V1 = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
# an empty folder, as any Kubo names it
EMPTY_V0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
V1 = PROFILES["v1"]
KUBO = {"symlinks": "keep", "empty_folders": True}

posix = pytest.mark.skipif(os.name != "posix", reason="symlinks, pipes and names of POSIX")


def lay(top: Path, tree: dict) -> Path:
    """Put what `flat` gives on disk."""
    for path, what in tree.items():
        where = top / path if path else top
        if what is None:
            where.mkdir(parents=True, exist_ok=True)
            continue
        where.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(what, str):
            where.symlink_to(what)
        else:
            where.write_bytes(b"".join(what))
    return top


class Pipe(io.RawIOBase):
    """Can be read once, from the beginning to the end."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(memoryview(buffer)[:50_000])


@posix
@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])
def test_what_is_on_disk_gets_the_cid_of_the_references_under_every_profile(vector, tmp_path):
    top = lay(tmp_path / "input", flat(vector["input"], hidden=True))
    for key, expected in vector["results"].items():
        name, _, hidden = key.partition("+")
        profile = profile_of(name, vector["custom_profile"]) if name == "custom" else name
        root = root_of(top, profile, hidden=bool(hidden), **KUBO)
        assert (str(root.cid), root.dag_size) == (expected["cid"], expected["cumulative_size"]), key


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS["vectors"] if vector["input"].get("size", 9 << 20) < 9 << 20],
    ids=lambda vector: vector["id"],
)
def test_a_file_has_one_cid_wherever_its_bytes_come_from(vector, tmp_path):
    (data,) = (b"".join(what) for what in flat(vector["input"]).values())
    place = tmp_path / "file"
    place.write_bytes(data)
    for key, expected in vector["results"].items():
        profile = profile_of(key, vector["custom_profile"]) if key == "custom" else PROFILES[key]
        for source in (data, memoryview(data), io.BytesIO(data), Pipe(data), str(place)):
            assert str(cid_of(source, profile)) == expected["cid"], key


def test_a_profile_is_named_or_given_and_v1_unless_told():
    assert cid_of(b"hello world", PROFILES["v0"]) == cid_of(b"hello world", "v0") == CID.parse(HELLO_V0)
    assert str(cid_of(b"hello world", "unixfs-v1-2025")) == HELLO_V1
    assert str(cid_of(b"hello world")) == HELLO_V1
    with pytest.raises(ValueError, match="unknown profile 'v9'"):
        cid_of(b"", "v9")


def test_the_root_tells_its_sizes_and_the_sink_gets_every_block():
    blocks = Blocks()
    root = root_of(b"hello world", "v0", sink=blocks.take)
    assert root == Root(CID.parse(HELLO_V0), 11, 19)
    assert list(blocks) == [root.cid]


@pytest.mark.parametrize("profile", ["v0", "v1"])
def test_of_a_folder_the_sink_gets_the_root_last(profile, tmp_path):
    lay(tmp_path, {"a": [b"a"], "sub/big": list(content("sink", 600_000))})
    given = []
    root = root_of(tmp_path, profile, sink=given.append)
    assert root.size == 600_001
    assert given[-1].cid == root.cid == cid_of(tmp_path, profile)
    for block in given:
        block.cid.verify(block.data)


# Which entries of a folder are taken


def test_hidden_files_are_taken_only_when_asked_for(tmp_path):
    lay(tmp_path, {"a": [b"a"], ".git/config": [b"x"], "sub/.hidden": [b"h"]})
    a, hidden = build_file([b"a"], V1), build_file([b"h"], V1)
    assert cid_of(tmp_path) == build_directory({"a": a}, V1).cid
    assert (
        cid_of(tmp_path, hidden=True)
        == build_directory(
            {
                ".git": build_directory({"config": build_file([b"x"], V1)}, V1),
                "a": a,
                "sub": build_directory({".hidden": hidden}, V1),
            },
            V1,
        ).cid
    )


def test_empty_folders_are_left_out_unless_asked_for(tmp_path):
    lay(tmp_path, {"a": [b"a"], "empty/empty": None, "dots/.x": [b"x"]})
    a, nothing = build_file([b"a"], V1), build_directory({}, V1)
    assert cid_of(tmp_path) == build_directory({"a": a}, V1).cid
    assert (
        cid_of(tmp_path, empty_folders=True)
        == build_directory(
            {"a": a, "dots": nothing, "empty": build_directory({"empty": nothing}, V1)}, V1
        ).cid
    )


def test_a_folder_in_which_nothing_is_left_is_told(tmp_path):
    with pytest.raises(InputError, match="there are no files in"):
        cid_of(tmp_path)
    lay(tmp_path, {"sub/.hidden": [b"x"]})
    with pytest.raises(InputError, match="hidden ones count only when asked for"):
        cid_of(tmp_path)


def test_an_empty_folder_can_be_asked_for(tmp_path):
    assert str(cid_of(tmp_path, "v0", empty_folders=True)) == EMPTY_V0


# Symlinks


@posix
def test_symlinks_are_followed_unless_told_otherwise(tmp_path):
    lay(tmp_path, {"f": [b"f"], "sub/g": [b"g"], "link": "f", "down": "sub"})
    lay(tmp_path / "plain", {"f": [b"f"], "sub/g": [b"g"], "link": [b"f"], "down/g": [b"g"]})
    os.rename(tmp_path / "plain", tmp_path.with_name("plain"))
    assert cid_of(tmp_path) == cid_of(tmp_path.with_name("plain"))


@posix
def test_symlinks_are_kept_when_asked_for_broken_ones_too(tmp_path):
    lay(tmp_path, {"f": [b"f"], "away": "../nowhere", "down": "sub", "sub/g": [b"g"]})
    expected = build_directory(
        {
            "away": build_symlink("../nowhere", V1),
            "down": build_symlink("sub", V1),
            "f": build_file([b"f"], V1),
            "sub": build_directory({"g": build_file([b"g"], V1)}, V1),
        },
        V1,
    )
    assert root_of(tmp_path, symlinks="keep") == expected


@posix
@pytest.mark.parametrize("target", ["f", "sub", "nowhere"])
def test_symlinks_are_refused_when_asked_for(tmp_path, target):
    lay(tmp_path, {"f": [b"f"], "sub/g": [b"g"], "link": target})
    with pytest.raises(InputError, match="link' is a symlink"):
        cid_of(tmp_path, symlinks="refuse")


@posix
def test_a_broken_symlink_is_told_with_where_it_leads(tmp_path):
    lay(tmp_path, {"f": [b"f"], "sub/link": "nowhere"})
    with pytest.raises(InputError, match="link' is a broken symlink, to 'nowhere'"):
        cid_of(tmp_path)
    with pytest.raises(InputError, match="is a broken symlink"):
        cid_of(tmp_path / "sub/link")


@posix
@pytest.mark.parametrize("target", [".", "..", "../deep"])
def test_a_symlink_to_a_folder_above_itself_is_refused(tmp_path, target):
    lay(tmp_path, {"sub/f": [b"f"], "sub/deep/link": target})
    with pytest.raises(InputError, match="is a symlink to a folder above itself"):
        cid_of(tmp_path / "sub")


@posix
def test_a_symlink_that_leads_to_itself_is_refused(tmp_path):
    lay(tmp_path, {"f": [b"f"], "loop": "loop"})
    with pytest.raises(InputError, match="loop' cannot be read"):
        cid_of(tmp_path)


@posix
def test_what_is_left_out_is_not_looked_at(tmp_path):
    lay(tmp_path, {"f": [b"f"], "loop": "loop", "broken": "nowhere"})
    patterns = Patterns(exclude=["loop", "broken"])
    assert [file.name for file in read_source(tmp_path, patterns=patterns).files] == ["f"]
    assert cid_of(tmp_path, patterns=patterns) == build_directory({"f": root_of(b"f")}, PROFILES["v1"]).cid


@posix
def test_a_path_that_is_a_symlink_is_what_it_leads_to(tmp_path):
    lay(tmp_path, {"sub/f": [b"hello world"], "folder": "sub", "file": "sub/f"})
    assert str(cid_of(tmp_path / "file", symlinks="keep")) == HELLO_V1
    assert cid_of(tmp_path / "folder", symlinks="keep") == cid_of(tmp_path / "sub")


# What cannot be taken


@posix
def test_what_is_neither_a_file_nor_a_folder_is_refused(tmp_path):
    lay(tmp_path, {"f": [b"f"]})
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputError, match="pipe' is neither a file nor a folder"):
            cid_of(source)


def test_a_path_that_leads_nowhere_is_told(tmp_path):
    with pytest.raises(InputError, match="'nowhere' does not exist"):
        cid_of("nowhere")


def test_a_folder_deeper_than_can_be_taken_is_refused(tmp_path):
    deepest = "/".join("d" * MAX_DEPTH)
    lay(tmp_path, {f"{deepest}/f": [b"f"]})
    assert cid_of(tmp_path).codec_name == "dag-pb"
    lay(tmp_path, {f"{deepest}/d/f": [b"f"]})
    with pytest.raises(InputError, match=f"more than {MAX_DEPTH} folders deep"):
        cid_of(tmp_path)


@posix
def test_names_that_are_not_utf8_are_kept_or_refused(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    try:
        lay(tmp_path, {name: [b"x"], "plain": [b"y"]})
    except OSError:  # pragma: no cover - APFS takes only UTF-8
        pytest.skip("this file system takes only UTF-8")
    entries = {name: build_file([b"x"], V1), "plain": build_file([b"y"], V1)}
    assert cid_of(tmp_path) == build_directory(entries, V1).cid
    with pytest.raises(InputError, match="is not UTF-8"):
        cid_of(tmp_path, odd_names=False)
    (tmp_path / name).unlink()
    assert cid_of(tmp_path, odd_names=False) == cid_of(tmp_path)


# Changes, and progress


@pytest.mark.parametrize("sink", [None, Blocks().take], ids=["no sink", "a sink"])
@pytest.mark.parametrize(
    "mode", ["grow", "shrink", "rewrite", pytest.param("rewrite and set the time back", marks=posix)]
)
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, sink, mode):
    place = tmp_path / "file"
    place.write_bytes(b"".join(content("changes", 3 << 20)))
    os.utime(place, (1, 1))
    size = place.stat().st_size

    def meddle(done, total):
        assert 0 < done <= total == size
        match mode:
            case "grow":
                with place.open("ab") as file:
                    file.write(b"more")
            case "shrink":
                os.truncate(place, 10)
            case "rewrite":
                with place.open("r+b") as file:
                    file.write(b"other")
            case "rewrite and set the time back":
                with place.open("r+b") as file:
                    file.write(b"other")
                os.utime(place, (1, 1))

    with pytest.raises(InputError, match="changed while it was read"):
        root_of(place, sink=sink, progress=meddle)


def test_progress_of_a_file_ends_at_its_size(tmp_path):
    data = b"".join(content("progress", 2_500_000))
    (tmp_path / "file").write_bytes(data)
    for source in (tmp_path / "file", data, io.BytesIO(data)):
        told = []
        cid_of(source, progress=lambda *args, told=told: told.append(args))
        assert max(told) == (len(data), len(data))


def test_progress_of_a_stream_knows_no_total():
    told = []
    cid_of(Pipe(bytes(120_000)), progress=lambda *args: told.append(args))
    assert told == [(50_000, None), (100_000, None), (120_000, None)]


def test_progress_of_a_folder_ends_at_its_bytes(tmp_path):
    lay(tmp_path, {"a": [b"12345"], "b/c": [bytes(300_000)], "b/d": [b"123"]})
    told = []
    cid_of(tmp_path, progress=lambda *args: told.append(args))
    assert told == sorted(told)
    assert told[-1] == (300_008, None)


def test_an_open_file_is_read_from_where_it_stands():
    file = io.BytesIO(b"not this hello world")
    file.seek(9)
    assert str(cid_of(file)) == HELLO_V1


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_pipe_is_read_to_its_end(buffering):
    data = bytes(range(256)) * 5000
    read_end, write_end = os.pipe()

    def write():
        with os.fdopen(write_end, "wb") as pipe:
            for at in range(0, len(data), 99_999):
                pipe.write(data[at : at + 99_999])

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(read_end, "rb", buffering=buffering) as pipe:
        assert cid_of(pipe) == cid_of(data)
    writer.join()


def test_a_pipe_in_which_nothing_is_yet_is_refused():
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with os.fdopen(read_end, "rb", buffering=0) as pipe, pytest.raises(InputError, match="nothing to read"):
        cid_of(pipe)
    os.close(write_end)


def test_what_can_only_be_read_and_not_read_into_is_taken_too():
    class Chunks:
        def __init__(self, *chunks):
            self._chunks = list(chunks)

        def read(self, size):
            assert size > 0
            return self._chunks.pop(0) if self._chunks else b""

    assert cid_of(Chunks(b"hello", b" world")) == cid_of(b"hello world")
    with pytest.raises(InputError, match="open as text"):
        cid_of(Chunks("hello"))


def test_a_tree_is_used_for_one_folder_after_another(tmp_path):
    lay(tmp_path, {"one/f": [b"f"], "two/f": [b"f"]})
    tree = Tree(V1)
    assert tree.root(tmp_path / "one") == tree.root(tmp_path / "two") == root_of(tmp_path / "one")


@posix
def test_the_target_of_a_kept_symlink_is_kept_to_the_letter(tmp_path):
    (tmp_path / "l").symlink_to("./a//b/")
    kept = build_symlink("./a//b/", PROFILES["v1"])
    assert cid_of(tmp_path, symlinks="keep") == build_directory({"l": kept}, PROFILES["v1"]).cid


@posix
def test_a_symlink_to_itself_can_be_kept(tmp_path):
    (tmp_path / "l").symlink_to("l")
    kept = build_symlink("l", PROFILES["v1"])
    assert cid_of(tmp_path, symlinks="keep") == build_directory({"l": kept}, PROFILES["v1"]).cid


def test_an_empty_path_is_no_folder():
    with pytest.raises(InputError, match="empty path"):
        cid_of("")


def test_a_small_file_in_a_folder_that_changes_while_it_is_read_is_noticed(tmp_path, monkeypatch):
    (tmp_path / "top").mkdir()
    file = tmp_path / "top" / "a.txt"
    file.write_bytes(b"A" * 1000)

    def read(descriptor, buffer, at):
        file.write_bytes(b"B" * 1000)
        os.utime(file, ns=(1, 1))
        return pread_into(descriptor, buffer, at)

    monkeypatch.setattr("pinatakit.roots.pread_into", read)
    with pytest.raises(InputError, match="changed while it was read"):
        cid_of(tmp_path / "top")

"""Which part of the recipe makes two CIDs differ, said of CIDs that the references gave."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest

from pinatakit.content import CID, PROFILES, build_directory, build_file
from pinatakit.errors import InputError, InvalidCID
from pinatakit.recipes import explain
from pinatakit.roots import cid_of, root_of

from .content.vectors import VECTORS, flat
from .test_roots import Pipe, lay, posix

NAMED = {vector["id"]: vector for vector in VECTORS["vectors"]}
UNKNOWN = CID.of(b"something else")

V1 = PROFILES["v1"]
V0_V1 = ["CID version 0 against 1", "leaves dag-pb against raw"]


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A file of which every profile makes another CID."""
    return lay(tmp_path_factory.mktemp("big") / "file", flat(NAMED["file-1048577"]["input"]))


def expected(name: str, profile: str) -> str:
    return NAMED[name]["results"][profile]["cid"]


@pytest.mark.parametrize(
    ("a", "b", "differences"),
    [
        ("unixfs-v0-2015", "v1-raw-256k", V0_V1),
        ("v1-raw-256k", "v1-dagpb-256k", ["leaves raw against dag-pb"]),
        ("unixfs-v0-2015", "v1-dagpb-256k", ["CID version 0 against 1"]),
        ("v1-raw-256k", "v1-raw-1m-174", ["chunks of 262,144 against 1,048,576 bytes"]),
        (
            "v1-dagpb-256k",
            "v1-raw-1m-174",
            ["leaves dag-pb against raw", "chunks of 262,144 against 1,048,576 bytes"],
        ),
    ],
)
def test_what_two_profiles_do_not_share_is_named(big, a, b, differences):
    found = explain(expected("file-1048577", a), CID.parse(expected("file-1048577", b)), big)
    assert found.differences == differences
    assert str(found) == "\n".join(differences)
    assert (found.a.profile.name, found.b.profile.name) == (a, b)


def test_the_content_may_be_bytes():
    data = b"".join(flat(NAMED["file-524288"]["input"])[""])
    found = explain(expected("file-524288", "unixfs-v0-2015"), expected("file-524288", "v1-raw-256k"), data)
    assert found.differences == V0_V1


def test_the_first_cid_is_named_first(big):
    a, b = (expected("file-1048577", name) for name in ("v1-raw-256k", "v1-raw-1m-174"))
    assert explain(b, a, big).differences == ["chunks of 1,048,576 against 262,144 bytes"]


def test_the_width_of_nodes_is_told():
    data = bytes(262_144 * 175)
    wide = cid_of(data, replace(V1, width=1024))
    found = explain(cid_of(data), wide, data)
    assert found.differences == ["nodes of up to 174 against 1,024 links"]
    assert "1,024 links" in found.b.profile.name


def test_other_sizes_of_chunks_are_tried():
    data = bytes(600_000)
    found = explain(cid_of(data), cid_of(data, replace(V1, chunk_size=524_288)), data)
    assert found.differences == ["chunks of 262,144 against 524,288 bytes"]


# Folders


def test_the_limit_from_which_folders_are_sharded_is_told(tmp_path):
    name = "thr-v1block-4369x16+1"
    lay(tmp_path, flat(NAMED[name]["input"]))
    a, b = expected(name, "v1-raw-1m-1024-links"), expected(name, "unixfs-v1-2025")
    told = "a folder's size reckoned by names and CIDs against its whole block"
    assert told in explain(a, b, tmp_path).differences


@pytest.mark.slow
def test_older_kubo_sharded_at_the_limit_itself(tmp_path):
    name = "thr-v0-4096x30+0"
    lay(tmp_path, flat(NAMED[name]["input"]))
    result = NAMED[name]["results"]["unixfs-v0-2015"]
    found = explain(result["cid"], result["kubo_before_0.40_cid"], tmp_path)
    assert found.differences == ["folders sharded only above against at the limit"]
    assert found.b.profile.name == "unixfs-v0-2015 of Kubo before 0.40"


def test_hidden_files_are_told(tmp_path):
    lay(tmp_path, {"a": [b"a"], ".b": [b"b"]})
    found = explain(cid_of(tmp_path), cid_of(tmp_path, hidden=True), tmp_path)
    assert found.differences[0] == "hidden files left out against taken along"
    assert (found.a.hidden, found.b.hidden) == (False, True)


@posix
def test_symlinks_are_told(tmp_path):
    lay(tmp_path, {"a": [b"a"], "b": "a"})
    found = explain(cid_of(tmp_path), cid_of(tmp_path, symlinks="keep"), tmp_path)
    assert "symlinks followed against kept" in found.differences


def test_empty_folders_are_told(tmp_path):
    lay(tmp_path, {"a": [b"a"], "b": None})
    found = explain(cid_of(tmp_path, empty_folders=True), cid_of(tmp_path), tmp_path)
    assert "empty folders taken along against left out" in found.differences


def test_a_folder_of_its_own_around_a_file_is_told(tmp_path):
    lay(tmp_path, {"hello.txt": [b"hello world"]})
    for name in ("v0", "v1"):
        profile = PROFILES[name]
        wrapped = build_directory({"hello.txt": build_file([b"hello world"], profile)}, profile)
        found = explain(cid_of(b"hello world", name), wrapped.cid, tmp_path / "hello.txt")
        assert found.differences == ["the file by itself against in a folder of its own"]
        assert found.b.wrapped


def test_of_a_path_with_stars_the_recipes_of_folders_are_tried(tmp_path):
    lay(tmp_path, {"a.csv": [b"a"], ".b.csv": [b"b"], "c.txt": [b"c"]})
    stars = f"{tmp_path}/*.csv"
    found = explain(cid_of(stars), cid_of(stars, hidden=True), stars)
    assert found.differences == ["hidden files left out against taken along"]


@pytest.mark.parametrize(
    ("tree", "most"),
    [({"": [b"x" * 400_000]}, 19), ({"a": [b"a"]}, 27), ({"a": [b"a"], ".b": [b"b"]}, 34)],
    ids=["a file", "a folder", "a folder with hidden files"],
)
def test_no_pass_over_the_content_is_made_twice(tmp_path, monkeypatch, tree, most):
    passes = []

    def counted(source, profile, **take):
        passes.append((replace(profile, name=""), tuple(take.items())))
        return root_of(source, profile, **take)

    monkeypatch.setattr("pinatakit.recipes.root_of", counted)
    found = explain(UNKNOWN, CID.of(b"another"), lay(tmp_path / "in", tree))
    assert (found.a, found.b) == (None, None)
    assert len(set(passes)) == len(passes) <= most


@posix
def test_content_that_no_recipe_can_read_is_told(tmp_path):
    lay(tmp_path, {"a": [b"a"]})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe' is neither a file nor a folder"):
        explain(UNKNOWN, CID.of(b""), tmp_path)


# Without an answer


def test_the_same_cid_is_the_same_however_it_is_written():
    cid = CID.parse(expected("file-text-hello", "v1-raw-256k"))
    assert str(explain(cid, cid.encode("base58btc"))) == "they are the same CID"


def test_one_block_has_a_cid_of_either_version():
    v0 = CID.parse(expected("file-text-hello", "unixfs-v0-2015"))
    for a, b in ((v0, v0.to_v1()), (v0.to_v1(), v0)):
        found = explain(a, b, b"not even read")
        assert found.differences == [f"the same block, named in CID version {a.version} against {b.version}"]


def test_without_the_content_the_cids_themselves_are_compared():
    found = explain(expected("file-text-hello", "unixfs-v0-2015"), expected("file-text-hello", "v1-raw-256k"))
    assert (found.a, found.b) == (None, None)
    assert found.differences == [
        "CID version 0 against 1",
        "codec dag-pb against raw",
        "their root blocks differ; give the content to learn why",
    ]


def test_a_cid_of_other_content_is_told():
    known = CID.parse(expected("file-text-hello", "v1-raw-256k"))
    found = explain(known, UNKNOWN, b"hello world")
    assert found.b is None
    assert found.differences[:2] == [
        f"{known} is v1-raw-256k",
        f"no known recipe gives {UNKNOWN} for this content",
    ]
    both = explain(UNKNOWN, CID.of(b"a third"), b"hello world")
    assert (both.a, both.b) == (None, None)
    assert sum("no known recipe" in line for line in both.differences) == 2
    assert both.differences[-1] == "their root blocks differ"  # the content was given


def test_of_a_folder_in_which_nothing_is_left_the_other_recipes_are_tried(tmp_path):
    lay(tmp_path, {".b": [b"b"]})
    cids = [cid_of(tmp_path, name, hidden=True) for name in ("v0", "v1")]
    assert explain(*cids, tmp_path).differences == V0_V1


def test_what_is_no_cid_is_refused():
    with pytest.raises(InvalidCID):
        explain("nonsense", UNKNOWN)


def test_content_that_can_be_read_only_once_is_refused():
    with pytest.raises(InputError, match="only once"):
        explain(UNKNOWN, CID.of(b""), Pipe(b"x"))
    with pytest.raises(InputError, match="open as text"):
        explain(UNKNOWN, CID.of(b""), io.StringIO("x"))
    with pytest.raises(InputError, match="does not exist"):
        explain(UNKNOWN, CID.of(b""), "nowhere")


def test_an_open_file_is_read_anew_for_each_recipe():
    a, b = cid_of(b"some bytes", "v0"), cid_of(b"some bytes", "v1")
    assert explain(a, b, io.BytesIO(b"some bytes")).differences == [
        "CID version 0 against 1",
        "leaves dag-pb against raw",
    ]


def test_what_has_no_effect_is_not_named(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / ".b").write_text("b")
    found = explain(cid_of(tmp_path), cid_of(tmp_path, hidden=True), tmp_path)
    assert found.differences == ["hidden files left out against taken along"]

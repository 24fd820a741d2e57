"""Content on its way to disk: whole or not at all, and never beside its place."""

from __future__ import annotations

import os
import re

import pytest

from pinatakit.cars import unpack
from pinatakit.content import (
    CID,
    PROFILES,
    Block,
    Entry,
    FolderBuilder,
    Kind,
    build_directory,
    build_file,
    build_symlink,
    write_car,
)
from pinatakit.errors import InputError
from pinatakit.targets import Target, unfit

from .content.vectors import Blocks
from .test_roots import posix

ANY = CID.of(b"")
V1 = PROFILES["v1"]


def file(path: str = "", size: int = 0) -> Entry:
    return Entry(path, Kind.FILE, ANY, size, "")


def folder(path: str = "") -> Entry:
    return Entry(path, Kind.DIRECTORY, ANY, 0, "")


def link(path: str, target: str) -> Entry:
    return Entry(path, Kind.SYMLINK, ANY, 0, target)


def put(to, *steps) -> Target:
    target = Target(to, steps[0], name="name")
    try:
        for step in steps:
            target.take(step)
        target.finish()
    finally:
        target.close()
    return target


def test_a_file_is_there_only_when_it_is_finished(tmp_path):
    target = Target(tmp_path / "f", file(), name="name")
    target.take(file())
    target.take(b"one ")
    target.take(b"two")
    assert not (tmp_path / "f").exists()
    target.finish()
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_bytes() == b"one two"
    assert (target.place, target.size, target.files) == (tmp_path / "f", 7, 1)


def test_closing_what_is_finished_takes_nothing_away(tmp_path):
    put(tmp_path / "f", file(), b"x").close()
    put(tmp_path / "d", folder(), file("f"), b"y").close()
    assert (tmp_path / "f").read_bytes() == b"x"
    assert (tmp_path / "d/f").read_bytes() == b"y"


@pytest.mark.parametrize("first", [file(), folder()], ids=["a file", "a folder"])
def test_closed_before_its_end_nothing_is_left(tmp_path, first):
    target = Target(tmp_path / "to", first, name="name")
    target.close()
    target.take(first)
    target.take(b"x" if first.kind is Kind.FILE else file("f"))
    assert len(os.listdir(tmp_path)) == 1
    target.close()
    assert os.listdir(tmp_path) == []


def test_a_file_takes_the_place_of_another(tmp_path):
    (tmp_path / "f").write_bytes(b"before")
    put(tmp_path / "f", file(), b"after")
    assert (tmp_path / "f").read_bytes() == b"after"


def test_into_a_folder_a_file_goes_under_its_name(tmp_path):
    assert put(tmp_path, file(), b"x").place == tmp_path / "name"
    (tmp_path / "in/name").mkdir(parents=True)
    with pytest.raises(InputError, match="name' is a folder"):
        put(tmp_path / "in", file(), b"x")


def test_a_folder_is_written_with_all_that_is_in_it(tmp_path):
    target = put(tmp_path / "d", folder(), folder("a"), file("a/f"), b"x", b"y", file("b"), folder("c"))
    assert (target.size, target.files) == (2, 2)
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert found == ["d", "d/a", "d/a/f", "d/b", "d/c"]
    assert (tmp_path / "d/a/f").read_bytes() == b"xy"


def test_a_folder_becomes_an_empty_one_and_no_other(tmp_path):
    (tmp_path / "d").mkdir()
    put(tmp_path / "d", folder(), file("f"), b"x")
    for to in (tmp_path / "d", tmp_path / "d/f"):
        with pytest.raises(InputError, match="is there already"):
            put(to, folder())


@pytest.mark.parametrize("first", [file(), folder()], ids=["a file", "a folder"])
def test_the_folder_around_it_must_be_there(tmp_path, first):
    with pytest.raises(InputError, match="there is no folder"):
        put(tmp_path / "nowhere/to", first)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["n" * 241, "a\0b", "ä" * 121])
def test_what_cannot_be_a_name_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot be a name on disk"):
        put(tmp_path / name, file())


def test_the_longest_name_is_taken(tmp_path):
    put(tmp_path / ("n" * 240), file())
    assert os.listdir(tmp_path) == ["n" * 240]


# On a file system that does not tell A from a, an entry comes to where another one is.


@pytest.mark.parametrize("first", [file("x"), folder("x")], ids=["file", "folder"])
@pytest.mark.parametrize("second", [file("x"), folder("x"), link("x", "y")], ids=["file", "folder", "link"])
def test_names_that_are_one_on_this_file_system_are_told_and_nothing_is_left(tmp_path, first, second):
    with pytest.raises(InputError, match="cannot tell 'x' from a name beside it"):
        put(tmp_path / "d", folder(), first, second)
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize("second", [file("x"), folder("x"), link("x", "y")], ids=["file", "folder", "link"])
def test_nothing_is_written_through_a_symlink_of_the_same_name(tmp_path, second):
    with pytest.raises(InputError, match="cannot tell 'x' from a name beside it"):
        put(tmp_path / "d", folder(), file("f"), b"kept", link("x", "f"), second)
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", "/"),
        ("l", "/f"),
        ("l", ".."),
        ("l", "../f"),
        ("l", "././../f"),
        ("l", "//f"),
        ("l", "f/.."),
        ("l", "a/../f"),
        ("a/l", "../.."),
        ("a/l", "../../f"),
        ("a/l", "../x/../.."),
        ("a/l", "..//.././f"),
    ],
)
def test_a_symlink_that_leads_out_or_may_do_is_refused(tmp_path, path, target):
    with pytest.raises(InputError, match="leads out of what is written"):
        put(tmp_path / "d", folder(), folder("a"), link(path, target))
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", "."),
        ("l", "f"),
        ("l", "a/f"),
        ("l", "./f"),
        ("l", "..."),
        ("l", "..f"),
        ("a/l", ".."),
        ("a/l", "../f"),
        ("a/l", ".././f"),
        ("a/l", "../a"),
    ],
)
def test_a_symlink_that_stays_inside_is_written_as_it_is(tmp_path, path, target):
    put(tmp_path / "d", folder(), folder("a"), link(path, target))
    assert os.readlink(tmp_path / "d" / path) == target


@posix
def test_a_symlink_by_itself_is_refused(tmp_path):
    with pytest.raises(InputError, match=f"the symlink '{ANY}' leads out"):
        put(tmp_path / "l", link("", "f"))
    assert os.listdir(tmp_path) == []


def test_what_the_disk_refuses_is_told_with_its_place(tmp_path):
    with pytest.raises(InputError, match=r"d/n+' cannot be written: ") as told:
        put(tmp_path / "d", folder(), file("n" * 300))
    assert ".part" not in str(told.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        *("a\\b", "..\\b", "C:", "C:b", "b:stream", "a|b", "a?", "a*", "a<b", "a>b", 'a"b', "a\tb", "a\x1fb"),
        *(
            "a.",
            "a ",
            "...",
            " ",
            "CON",
            "con",
            "Nul.txt",
            "AUX.tar.gz",
            "PRN .txt",
            "COM1",
            "lpt9.x",
            "COM\u00b9",
        ),
        *("CONIN$", "conout$"),
    ],
)
def test_a_name_that_windows_takes_for_something_else_is_unfit_there_alone(name):
    assert unfit(name, "win32")
    assert unfit(name, "linux") is None
    assert unfit(name, "darwin") is None


@pytest.mark.parametrize(
    "name", ["a", ".b", "a b", "CONSOLE", "COM0", "COM10", "nul\u00e9", "x.con", "\u00e9\U0001f980"]
)
def test_any_other_name_is_fit_for_windows(name):
    assert unfit(name, "win32") is None


@pytest.mark.parametrize("name", ["below/a\\b", "below/NUL", "C:"])
def test_an_unfit_name_is_refused_with_its_path_and_nothing_is_left(tmp_path, monkeypatch, name):
    monkeypatch.setattr("pinatakit.targets._SYSTEM", "win32")
    folder = FolderBuilder(V1, (blocks := Blocks()).take)
    for path in ("below/fine", name):
        folder.add(path, build_file([b"x"], V1, blocks.take))
    root = folder.finish().cid
    with pytest.raises(InputError, match=re.escape(repr(name))):
        unpack(b"".join(write_car([root], [Block(*item) for item in blocks.items()])), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_symlink_that_leads_out_by_a_backslash_is_refused_on_windows(tmp_path, monkeypatch):
    monkeypatch.setattr("pinatakit.targets._SYSTEM", "win32")
    for target in ("..\\..\\secret", "C:/secret", "C:secret", "\\secret"):
        blocks = Blocks()
        root = build_directory({"l": build_symlink(target, V1, blocks.take)}, V1, blocks.take).cid
        with pytest.raises(InputError, match="leads out"):
            unpack(b"".join(write_car([root], [Block(*item) for item in blocks.items()])), tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

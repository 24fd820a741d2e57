"""Patterns: which files of a folder are taken. Expectations: gitignore(5)."""

from __future__ import annotations

import pytest

from pinatakit import Patterns, cid_of
from pinatakit.errors import InputError
from pinatakit.sources import Folder, read_source

FILES = [
    "a.csv",
    "a.log",
    "build/b.csv",
    "data/build/c.csv",
    "data/d.csv",
    "data/d.txt",
    "data/deep/e.csv",
    "data/keep.log",
]


@pytest.fixture
def top(tmp_path):
    folder = tmp_path / "top"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def taken(top, patterns, **options):
    what = read_source(str(top), patterns=patterns, **options)
    assert isinstance(what, Folder)
    return [file.name for file in what.files]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (Patterns(), FILES),
        (Patterns(exclude=["*.log"]), [name for name in FILES if not name.endswith(".log")]),
        (Patterns(exclude=["build/"]), [name for name in FILES if "build/" not in name]),
        (Patterns(exclude=["/build/"]), [name for name in FILES if not name.startswith("build/")]),
        (Patterns(exclude=["*.log", "!keep.log"]), [name for name in FILES if name != "a.log"]),
        (Patterns(exclude=["data/*.csv"]), [name for name in FILES if name != "data/d.csv"]),
        (Patterns(include=["*.txt"]), ["data/d.txt"]),
        (Patterns(include=["*.csv"], exclude=["build/", "deep"]), ["a.csv", "data/d.csv"]),
        (Patterns(exclude=["# a comment", ""]), FILES),
    ],
)
def test_what_is_left_of_a_folder_is_what_git_would_leave(top, patterns, left):
    assert taken(top, patterns) == left


def test_an_ignore_file_counts_for_its_folder_and_all_below_it(top):
    (top / "data" / ".gitignore").write_text("*.csv\n")
    left = taken(top, Patterns(ignore_file=".gitignore"))
    assert left == ["a.csv", "a.log", "build/b.csv", "data/d.txt", "data/keep.log"]


def test_the_deepest_ignore_file_decides(top):
    (top / ".gitignore").write_text("*.csv\n*.log\n")
    (top / "data" / ".gitignore").write_text("!d.csv\n/keep.log\n")
    assert taken(top, Patterns(ignore_file=".gitignore")) == ["data/d.csv", "data/d.txt"]


@pytest.mark.parametrize(
    ("glob", "left"),
    [
        ("*.csv", ["a.csv"]),
        ("data/*.csv", ["d.csv"]),
        ("data/**/*.csv", ["build/c.csv", "d.csv", "deep/e.csv"]),
        ("d?ta/d.*", ["data/d.csv", "data/d.txt"]),
    ],
)
def test_a_path_with_stars_is_the_folder_with_what_matches(top, glob, left):
    what = read_source(f"{top}/{glob}")
    assert isinstance(what, Folder)
    assert [file.name for file in what.files] == left
    assert what.name == ("data" if glob.startswith("data/") else "top")


@pytest.mark.parametrize("glob", ["*.csv", "d*/d.csv", "data/build/c.*", "data/b*/**/c.csv"])
def test_a_folder_that_a_path_with_stars_cannot_lead_to_is_not_looked_into(top, glob):
    for folder in ("elsewhere", "data/elsewhere"):
        (top / folder).mkdir()
        (top / folder / "loop").symlink_to(top)  # whoever looks in refuses
    assert len(read_source(f"{top}/{glob}").files) == 1
    assert cid_of(f"{top}/{glob}")


def test_a_folder_that_stars_match_goes_with_all_that_is_in_it(top):
    assert [file.name for file in read_source(f"{top}/da*").files] == [
        name for name in FILES if name.startswith("data/")
    ]


def test_a_file_with_a_star_in_its_name_is_that_file(top):
    (top / "a*.csv").write_text("starred")
    assert read_source(f"{top}/a*.csv").name == "a*.csv"


def test_stars_that_match_nothing_are_told(top):
    with pytest.raises(InputError, match="there are no files"):
        read_source(f"{top}/*.json")


@pytest.mark.parametrize("patterns", [Patterns(exclude=["*.log"]), Patterns(include=["*.csv"])])
def test_a_folder_has_the_cid_of_one_that_holds_only_what_is_taken(top, tmp_path, patterns):
    copy = tmp_path / "copy"
    for name in taken(top, patterns):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(name)
    assert cid_of(top, patterns=patterns) == cid_of(copy)


def test_the_cid_of_a_path_with_stars_is_that_of_the_folder_with_what_matches(top):
    assert cid_of(f"{top}/data/*.csv") == cid_of(top / "data", patterns=Patterns(include=["/*.csv"]))


def test_a_text_in_place_of_a_list_is_refused():
    with pytest.raises(InputError, match="exclude is a list of patterns"):
        Patterns(exclude="*.log")


def test_an_ignore_file_that_is_no_text_is_told(top):
    (top / ".ignore").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"\.ignore' cannot be read"):
        taken(top, Patterns(ignore_file=".ignore"))


def test_no_ignore_file_takes_back_what_the_caller_excludes(top):
    (top / ".gitignore").write_text("!a.log\n")
    assert "a.log" not in taken(top, Patterns(exclude=["*.log"], ignore_file=".gitignore"))

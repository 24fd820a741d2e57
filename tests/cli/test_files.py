"""``ls``, ``stat`` and ``rm``: what is kept, seen and deleted."""

from __future__ import annotations

import json
import re

import pytest

from .processes import UNKNOWN_CID, UNKNOWN_ID, posix


@pytest.fixture
def keep(served):
    """Upload something; gives its record."""

    def keep(text, **more):
        return served.client.upload(text.encode(), name=f"{text}.txt", **more)

    return keep


@pytest.fixture
def there(served):
    return lambda file: [found.id for found in served.client.files.list(cid=file.cid)] == [file.id]


@pytest.fixture(scope="module")
def listed(served):
    """Three files that have a name in common, oldest first."""
    return [
        served.client.upload(b"1" * 10, name="listed one.txt", keyvalues={"album": "summer", "year": "2025"}),
        served.client.upload(
            b"2" * 1_500, name="listed two.txt", keyvalues={"album": "summer", "year": "2026"}
        ),
        served.client.upload(b"3" * 2_000_000, name="listed three.txt", keyvalues={"album": "winter"}),
    ]


# ── ls ──────────────────────────────────────────────────────────────────────


def test_a_pipe_gets_columns_with_tabs_between_newest_first(ask, listed):
    ran = ask("ls", "--name", "listed")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split("\t") for line in ran.lines]
    assert [row[0] for row in rows] == [str(file.cid) for file in reversed(listed)]
    assert [row[1] for row in rows] == ["2.0 MB", "1.5 kB", "10 B"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row[2]) for row in rows)
    assert [row[3] for row in rows] == ["listed three.txt", "listed two.txt", "listed one.txt"]


@posix
def test_a_terminal_gets_a_table_with_titles(look, listed):
    ran, shown = look("ls", "--name", "listed", size=(24, 120))
    assert (ran.code, ran.err) == (0, "")
    title, *rows = [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in shown.splitlines()]
    at = [title.index(name) for name in ("CID", "SIZE", "CREATED (UTC)", "NAME")]
    assert "\t" not in shown
    for row, file, size in zip(rows, reversed(listed), ["2.0 MB", "1.5 kB", "10 B"], strict=True):
        cells = [row[start:stop].strip() for start, stop in zip(at, [*at[1:], None], strict=True)]
        assert cells[:2] + cells[3:] == [str(file.cid), size, file.name]


def test_as_json_there_is_one_array(ask, listed):
    ran = ask("ls", "--name", "listed", "--json")
    assert ran.out.count("\n") == 1
    assert [(file["id"], file["cid"], file["size"], file["name"]) for file in ran.json] == [
        (file.id, str(file.cid), file.size, file.name) for file in reversed(listed)
    ]
    assert ran.json[-1]["keyvalues"] == {"album": "summer", "year": "2025"}
    assert all(file["created_at"].endswith("Z") for file in ran.json)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--name", "listed t"), ["three", "two"]),
        (("--kv", "album=summer"), ["two", "one"]),
        (("--kv", "album=summer", "--kv", "year=2025"), ["one"]),
        (("--cid", "{two}"), ["two"]),
        (("--name", "listed", "--limit", "2"), ["three", "two"]),
        (("--name", "listed", "--network", "private"), []),
        (("--cid", UNKNOWN_CID), []),
    ],
    ids=" ".join,
)
def test_a_list_is_filtered(ask_here, listed, options, found):
    ran = ask_here("ls", "--json", *(option.format(two=listed[1].cid) for option in options))
    assert ran.code == 0
    assert [file["name"] for file in ran.json] == [f"listed {name}.txt" for name in found]


@pytest.mark.parametrize("wrong", [("--kv", "album"), ("--cid", "photo.jpg"), ("--limit", "0")], ids=str)
def test_a_filter_that_is_none_is_refused(ask_here, wrong):
    assert ask_here("ls", *wrong).failed(2)


def test_of_nothing_the_list_is_empty(ask_here):
    assert ask_here("ls", "--name", "nobody has this").data == b""
    assert ask_here("ls", "--name", "nobody has this", "--json").out == "[]\n"


# ── stat ────────────────────────────────────────────────────────────────────


def test_a_cid_and_an_id_name_the_same_file(ask, listed):
    by_cid, by_id = (ask("stat", name, "--json") for name in (listed[1].cid, listed[1].id))
    assert by_cid.code == by_id.code == 0
    assert by_cid.out == by_id.out
    assert by_id.json["name"] == "listed two.txt"


def test_a_person_sees_what_is_known_of_a_file(ask, listed):
    ran = ask("stat", listed[1].cid)
    assert (ran.code, ran.err) == (0, "")
    shown = dict(re.split("  +", line, maxsplit=1) for line in ran.lines if "  " in line)
    assert shown.pop("created (UTC)").startswith("20")
    assert shown == {
        "name": "listed two.txt",
        "cid": str(listed[1].cid),
        "id": listed[1].id,
        "size": "1,500 bytes (1.5 kB)",
        "number of files": "1",
        "mime type": "text/plain",
        "keyvalues album": "summer",
        "keyvalues year": "2026",
    }


def test_private_files_are_seen_when_they_are_asked_for(ask_here, keep):
    file = keep("private", network="private")
    assert ask_here("stat", file.cid).failed(3)
    assert ask_here("stat", file.cid, "--network", "private", "--json").json["id"] == file.id


@pytest.mark.parametrize(("what", "code"), [(UNKNOWN_CID, 3), (UNKNOWN_ID, 3), ("photo.jpg", 2), ("", 2)])
def test_what_is_not_there_cannot_be_seen_or_deleted(ask_here, what, code):
    assert ask_here("stat", what).failed(code)
    assert ask_here("rm", "--yes", what).failed(code)


# ── rm ──────────────────────────────────────────────────────────────────────


def test_without_a_terminal_to_ask_on_nothing_is_deleted_unless_told_yes(ask, keep, there):
    file = keep("asked")
    ran = ask("rm", file.cid, input=b"y\n")
    assert ran.failed(2)
    assert "--yes" in ran.err
    assert there(file)
    ran = ask("rm", "--yes", file.cid)
    assert (ran.code, ran.out, ran.err) == (0, "", "deleted asked.txt\n")
    assert not there(file)


def test_several_are_deleted_by_id_or_cid(ask, keep, there):
    one, two = keep("one of several"), keep("two of several")
    ran = ask("rm", "-y", one.id, two.cid, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert [json.loads(line) for line in ran.lines] == [
        {"id": file.id, "cid": str(file.cid), "deleted": True} for file in (one, two)
    ]
    assert not there(one)
    assert not there(two)


def test_where_one_is_unknown_the_others_are_deleted(ask, keep, there):
    one, two = keep("before the unknown"), keep("behind the unknown")
    ran = ask("rm", "--yes", one.cid, UNKNOWN_CID, two.id)
    assert (ran.code, ran.out) == (8, "")
    assert f"error: nothing on the public network has CID {UNKNOWN_CID}" in ran.err
    assert not there(one)
    assert not there(two)


@posix
@pytest.mark.parametrize(
    ("typed", "code", "stays"),
    [(b"y\n", 0, False), (b"n\n", 0, True), (b"\n", 0, True), (b"\x04", 130, True)],
)
def test_on_a_terminal_it_is_asked_and_yes_deletes(look, keep, there, typed, code, stays):
    file = keep(f"typed {typed.hex()}")
    ran, _ = look("rm", file.cid, streams=("stdin",), typed=typed)
    assert (ran.code, ran.out) == (code, "")
    assert f"Delete {file.name} ({file.size} B)? [y/N]" in ran.err
    assert there(file) == stays


def test_a_name_breaks_no_line_and_plays_with_no_terminal(ask):
    ran = ask("upload", "-", "--name", "a\tb\nc\x1b[31m", input=b"named oddly")
    assert (ran.code, "a\\tb\\nc\\x1b[31m" in ran.err) == (0, True)
    ran = ask("ls", "--name", "a\tb")
    assert len(ran.lines) == 1
    assert ran.out.endswith("\ta\\tb\\nc\\x1b[31m\n")

"""What a command prints: for people and for programs, on stdout, as it comes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess

import pytest

from pinatakit.cli._output import Output, show_json, show_pairs, show_table, size
from pinatakit.content import CID

from .processes import HELLO_V1, LIMIT, command, environment, posix


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_499, "999.5 kB"),
        (999_500, "1.0 MB"),
        (1_250_000_000, "1.2 GB"),
        (25 * 10**12, "25.0 TB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes_are_read_in_powers_of_a_thousand(count, text):
    assert size(count) == text


def test_a_table_without_rows_is_nothing_in_a_pipe(capsys):
    show_table(("CID", "NAME"), [])
    assert capsys.readouterr().out == ""


def test_values_stand_below_each_other_and_nothing_is_blank(capsys):
    show_pairs([("name", "a"), ("kv album", None), ("size", 5)])
    assert capsys.readouterr().out == "name      a\nkv album\nsize      5\n"


def test_json_is_one_line_in_the_letters_of_its_text(capsys):
    show_json({"name": "Grüße\n", "cid": CID.parse(HELLO_V1)})
    assert capsys.readouterr().out == f'{{"name": "Grüße\\n", "cid": "{HELLO_V1}"}}\n'


# ── formats ─────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def shown(served):
    """Two files, oldest first."""
    return [
        served.client.upload(b"a" * 1_500, name="shown, one.txt", keyvalues={"album": "summer"}),
        served.client.upload(b"b", name="shown\ttwo.txt"),
    ]


def test_json_lines_are_an_object_a_row(ask_here, shown):
    ran = ask_here("ls", "--name", "shown", "--format", "jsonl")
    assert [json.loads(line)["id"] for line in ran.lines] == [file.id for file in reversed(shown)]


def test_csv_has_a_head_and_every_field_as_a_program_reads_it(ask_here, shown):
    two, one = csv.DictReader(io.StringIO(ask_here("ls", "--name", "shown", "--format", "csv").out))
    assert (one["cid"], one["size"], one["name"]) == (str(shown[0].cid), "1500", "shown, one.txt")
    assert json.loads(one["keyvalues"]) == {"album": "summer"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", one["created_at"])
    assert (two["name"], two["expires_at"]) == ("shown\ttwo.txt", "")


def test_tabs_separate_columns_and_are_spelled_out_within_them(ask_here, shown):
    ran = ask_here("ls", "--name", "shown", "--format", "tsv", "--fields", "name,size")
    assert ran.lines == ["name\tsize", "shown\\ttwo.txt\t1", "shown, one.txt\t1500"]


def test_quiet_is_what_names_each_thing_and_nothing_else(ask_here, shown):
    for quiet in (("-q",), ("--quiet",), ("--format", "quiet")):
        ran = ask_here("ls", "--name", "shown", *quiet)
        assert (ran.lines, ran.err) == ([str(file.cid) for file in reversed(shown)], "")
    assert ask_here("stat", shown[0].id, "-q").lines == [str(shown[0].cid)]
    assert ask_here("ls", "--name", "shown", "-q", "--fields", "id").lines == [
        file.id for file in reversed(shown)
    ]


def test_fields_are_chosen_in_any_format(ask_here, shown):
    chosen = ("--fields", "size,name")
    assert ask_here("stat", shown[0].id, "--json", *chosen).json == {"size": 1500, "name": "shown, one.txt"}
    assert ask_here("stat", shown[0].id, *chosen).lines == [
        "size  1,500 bytes (1.5 kB)",
        "name  shown, one.txt",
    ]
    assert ask_here("ls", "--name", "shown,", *chosen).lines == ["1.5 kB\tshown, one.txt"]
    assert list(ask_here("ls", "--name", "shown,", "--json", *chosen).json[0]) == ["size", "name"]


def test_a_field_there_is_not_is_told_before_anything_is_asked(here, service):
    service.requests.clear()
    ran = here("ls", "--fields", "cid,nmae", env=service.env)
    assert ran.failed(2)
    assert "there is no field 'nmae'; there are id, name, cid, size" in ran.err
    assert service.requests == []


def test_two_formats_at_once_are_refused(here):
    for both in (("--json", "-q"), ("--json", "--format", "csv"), ("-q", "--format", "tsv")):
        assert here("ls", *both).failed(2)


def test_the_same_format_may_be_said_twice(ask_here, shown):
    assert ask_here("ls", "--name", "shown,", "--json", "--format", "json").json[0]["id"] == shown[0].id


def test_of_nothing_a_program_gets_an_empty_list(ask_here):
    def nothing(format):
        return ask_here("ls", "--name", "nobody has this", "--fields", "cid,size", "--format", format).out

    assert {format: nothing(format) for format in ("json", "jsonl", "csv", "tsv", "quiet")} == {
        "json": "[]\n",
        "jsonl": "",
        "csv": "cid,size\n",
        "tsv": "cid\tsize\n",
        "quiet": "",
    }


@pytest.mark.parametrize("format", ["jsonl", "csv", "tsv", "quiet", "json"])
def test_rows_are_printed_as_they_come(capsys, format):
    printed = []

    def rows():
        for number in range(3):
            yield {"id": number}
            printed.append(capsys.readouterr().out)

    Output(format).rows(rows(), "id")
    assert [part.count(str(number)) for number, part in enumerate(printed)] == [1, 1, 1]


def test_a_list_that_breaks_off_is_no_whole_array(capsys):
    def rows():
        yield {"id": 1}
        raise RuntimeError("the network is gone")

    with pytest.raises(RuntimeError):
        Output("json").rows(rows(), "id")
    with pytest.raises(json.JSONDecodeError):
        json.loads(capsys.readouterr().out)


# ── terminals ───────────────────────────────────────────────────────────────


@posix
def test_on_a_narrow_terminal_a_table_is_cut_to_its_width(look, shown):
    ran, seen = look("ls", "--name", "shown", size=(24, 60))
    lines = [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in seen.splitlines()]
    assert (ran.code, len(lines)) == (0, 3)
    assert max(map(len, lines)) <= 60
    cid = str(shown[1].cid)
    begin, end = lines[1].split()[0].split("…")
    assert cid.startswith(begin)
    assert cid.endswith(end)
    _, seen = look("ls", "--name", "shown", "--no-truncate", size=(24, 60))
    assert cid in seen


@posix
@pytest.mark.parametrize("without", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CLICOLOR": "0"}], ids=str)
def test_what_wants_no_colour_gets_letters_alone(look, shown, without):
    assert "\x1b[1mCID" in look("ls", "--name", "shown", size=(24, 120))[1]
    _, seen = look("ls", "--name", "shown", size=(24, 120), env=without)
    assert "CID" in seen
    assert "\x1b" not in seen


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_colour_can_be_had_in_a_pipe(ask, shown, name):
    def title(**env):
        return ask("ls", "--name", "shown", "--format", "table", env=env).lines[0]

    assert title(**{name: "1"}).startswith("\x1b[1mCID")
    assert title(**{name: "1", "TERM": "dumb"}).startswith("\x1b[1mCID")
    for without in ({}, {name: "0"}, {name: ""}, {name: "1", "NO_COLOR": "1"}):
        assert title(**without).startswith("CID")
    assert "\x1b" not in ask("ls", "--name", "shown", "--json", env={name: "1"}).out


def test_what_stands_in_data_is_kept_in_a_pipe(ask, served):
    served.client.upload(b"red", name="\x1b[31mred")
    assert ask("ls", "--name", "red", "--format", "tsv", "--fields", "name").lines == ["name", "\x1b[31mred"]
    assert ask("ls", "--name", "red", "--fields", "name").lines == ["\\x1b[31mred"]


def test_a_table_can_be_asked_for_in_a_pipe(ask_here, shown):
    title, *rows = ask_here("ls", "--name", "shown", "--format", "table").lines
    assert title.split("  ")[0] == "CID"
    assert rows[0].startswith(f"{shown[1].cid}  ")


@posix
@pytest.mark.parametrize("format", ["jsonl", "csv", "table"])
def test_a_reader_that_has_seen_enough_ends_a_list_quietly(tmp_path, home, served, shown, format):
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        with subprocess.Popen(
            command("ls", "--format", format),
            stdout=ours,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment(home, **served.env),
        ) as process:
            _, err = process.communicate(timeout=LIMIT)
    finally:
        os.close(ours)
    assert err == b""
    assert process.returncode == 1

"""The command as a whole: its help, its exit codes, its errors, and how soon it is there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import pinatakit.cli
from pinatakit import __version__
from pinatakit.cli import COMMANDS, cli, local_alone

from .processes import HELLO, HELLO_V1, LIMIT, UNKNOWN_ID, command, environment

SILENT = {
    ("api",),
    ("auth", "login"),
    ("auth", "logout"),
    ("auth", "switch"),
    ("cat",),
    ("completion",),
}  # have no data to print, or print it as it is


def leaves(group, above=()):
    """The commands that do something, each by its words."""
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            if isinstance(command, click.Group):
                yield from leaves(command, (*above, name))
            else:
                yield (*above, name)


LEAVES = list(leaves(cli))

HEAVY = {"anyio", "asyncio", "httpx2", "msgspec", "rich", "socket", "sqlite3", "starlette", "uvicorn"}


def examples(text):
    """The command lines under ``Examples:``, which are the last thing before the options."""
    described, _, _ = text.partition("\nOptions:")
    _, _, shown = described.partition("\n  Examples:\n")
    return [line.strip() for line in shown.splitlines() if line.strip()]


# ── help ────────────────────────────────────────────────────────────────────


def test_the_help_names_each_command_and_what_it_does(run):
    ran = run("--help")
    assert (ran.code, ran.err) == (0, "")
    listed = ran.out.partition("\nCommands:\n")[2]
    assert [tuple(line.split(maxsplit=1)) for line in listed.splitlines()] == [
        (name, summary) for name, (_, summary) in COMMANDS.items()
    ]
    assert examples(ran.out)


@pytest.mark.parametrize("names", LEAVES, ids=" ".join)
def test_the_help_of_each_command_ends_with_examples_that_can_be_typed(here, names, tmp_path, monkeypatch):
    for file in ("wallet.key", "group.json", "jwt.txt"):
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    ran = here(*names, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "--json" in ran.out or names in SILENT
    shown = examples(ran.out)
    assert shown
    assert any(line.partition("| ")[2].startswith(f"pinatakit {names[0]}") for line in shown) or all(
        f"pinatakit {' '.join(names)}" in line for line in shown
    )
    for line in shown:
        for part in re.split(r" (?:[|<]|>>?) ", line):
            inner = re.sub(r"\$\((.*)\)", r"\1", part)
            typed = re.sub(r"xargs (-n1 )?(pinatakit .*)", r"\2 ID", inner).split("pinatakit ", 1)
            if len(typed) == 2:
                parse(shlex.split(typed[1]))


def parse(args):
    """Whether click takes these arguments, without running anything."""
    group: click.Command = cli
    args = local_alone(args)
    with click.Context(cli) as above:
        while isinstance(group, click.Group):
            name, group, args = group.resolve_command(above, args)
        group.make_context(name, args).close()


def test_the_examples_of_the_whole_can_be_typed():
    lines = examples(cli.get_help(click.Context(cli)))
    assert len(lines) > 2
    for line in lines:
        parse(shlex.split(line)[1:])


def test_the_version_is_told(here):
    for option in ("--version", "-V"):
        ran = here(option)
        assert (ran.code, ran.out, ran.err) == (0, f"pinatakit {__version__}\n", "")


@pytest.mark.parametrize(
    "typed",
    [("photo.jpg",), ("--no-such", "ls"), ("ls", "--no-such"), ("ls", "more"), ("stat",), ("upload",)],
)
def test_what_is_typed_wrongly_is_explained_on_stderr(here, typed):
    ran = here(*typed)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert ran.err.splitlines()[1].startswith(("hint: pinatakit", "hint: did you mean "))
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(("dwonload",), "download"), (("auth", "stauts"), "status"), (("ls", "--nmae", "a"), "--name")],
)
def test_what_was_meant_is_guessed(here, typed, meant):
    ran = here(*typed)
    assert ran.failed(2)
    assert "\nhint: did you mean " in ran.err
    assert meant in ran.err


def test_commands_answer_to_the_names_they_have_elsewhere(here):
    for alias, name in (("list", "ls"), ("delete", "rm"), ("rename", "mv")):
        assert here(alias, "--help").out.partition("\n\n")[2] == here(name, "--help").out.partition("\n\n")[2]


def test_without_a_command_the_help_is_shown(here):
    assert "Usage: pinatakit" in here().err


@pytest.mark.parametrize("jwt", ["eyJ.SECRET-1\nSECRET-2", "abc\u00e9", "two words"])
def test_a_credential_that_cannot_be_one_is_refused_without_being_repeated(here, jwt):
    ran = here("auth", "status", env={"PINATA_JWT": jwt})
    assert ran.failed(4)
    assert not any(part in ran.err for part in jwt.split())


@pytest.mark.parametrize("address", ["http://[bad", "http://x:port", "http://x y", "ftp://x", "http://a:b@x"])
def test_an_address_that_cannot_be_one_is_refused(here, address):
    assert here("auth", "status", env={"PINATA_JWT": "a.b.c", "PINATA_ENDPOINT_URL": address}).failed(4)


def test_the_installed_command_is_the_same(tmp_path, home):
    script = Path(sys.executable).with_name("pinatakit")
    if not script.exists():
        pytest.skip("not installed")
    done = subprocess.run(
        [script, "cid", "-"],
        input=HELLO,
        capture_output=True,
        cwd=tmp_path,
        env=environment(home),
        timeout=LIMIT,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{HELLO_V1}\n".encode(), b"")


# ── start-up ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("names", [(), *LEAVES], ids=" ".join)
def test_help_is_there_without_loading_what_only_work_needs(run, names):
    ran = run(*names, "--help", python=("-X", "importtime"))
    assert ran.code == 0
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert not loaded & HEAVY
    rooms = {"pinatakit", "pinatakit._lazy", "pinatakit.cli"}
    if names:
        module = COMMANDS[names[0]][0].partition(":")[0]
        rooms.add(f"pinatakit.cli.{module}")
    ours = {name for name in loaded if name.partition(".")[0] == "pinatakit"}
    assert {name for name in ours if not name.startswith("pinatakit.cli._")} <= rooms


def test_a_client_of_the_service_loads_no_server_and_half_of_the_http_library(run, service):
    service.answer = (
        200,
        {"content-type": "application/json"},
        b'{"data": {"files": [], "next_page_token": ""}}',
    )
    ran = run("ls", "--json", env=service.env, python=("-X", "importtime"))
    assert (ran.code, ran.out) == (0, "[]\n")
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "pinatakit.client" in loaded
    assert not loaded & {"httpx2", "pinatakit.server", "rich", "sqlite3", "starlette", "uvicorn"}


# ── errors ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "typed",
    [
        ("auth", "status"),
        ("ls",),
        ("stat", UNKNOWN_ID),
        ("rm", "--yes", UNKNOWN_ID),
        ("upload", "a"),
        ("ls", "--json"),
    ],
    ids=" ".join,
)
def test_without_a_credential_it_is_told_how_to_get_one_and_how_to_do_without(here, tmp_path, typed):
    (tmp_path / "a").touch()
    ran = here(*typed)
    assert ran.failed(4)
    error, hint = ran.err.splitlines()
    assert error == "error: there are no credentials for Pinata"
    assert hint.startswith("hint: make a key at app.pinata.cloud under API Keys and set PINATA_JWT")
    assert "--local" in hint


def said(reason):
    return json.dumps({"error": {"reason": reason, "details": "These are the words of the service"}}).encode()


# What the service says, and the exit code that the docstring of `pinatakit.cli` promises.
REFUSALS = [
    (400, "BAD_REQUEST", 1),
    (400, "CURRENT_USER_HAS_NOT_PINNED_CID", 3),
    (401, "INVALID_CREDENTIALS", 4),
    (403, "NO_SCOPES_FOUND", 4),
    (404, "NOT_FOUND", 3),
    (413, "TOO_LARGE", 6),
    (429, "RATE_LIMITED", 6),
    (500, "INTERNAL_SERVER_ERROR", 5),
]


@pytest.mark.parametrize(("status", "reason", "code"), REFUSALS)
def test_a_refusal_is_told_in_the_services_words_and_by_its_exit_code(here, service, status, reason, code):
    headers = {"content-type": "application/json", "retry-after": "999"}
    service.answer = (status, headers, said(reason))
    ran = here("auth", "status", env=service.env)
    assert ran.failed(code)
    what, why, *hint = ran.err.splitlines()
    assert what == "error: These are the words of the service"
    assert why.startswith(f"cause: HTTP {status} {reason} from http://")
    assert len(hint) <= 1
    assert all(line.startswith("hint: ") for line in hint)
    assert service.env["PINATA_JWT"] not in ran.err


def test_an_address_that_is_none_is_a_matter_of_settings(here):
    ran = here("auth", "status", env={"PINATA_JWT": "a.very.secret", "PINATA_ENDPOINT_URL": "localhost:5011"})
    assert ran.failed(4)
    assert ran.err.splitlines()[1].startswith("hint: write it like http://127.0.0.1:5011")


def test_what_the_system_refuses_is_told_without_a_traceback(here, tmp_path):
    (tmp_path / "file").touch()
    ran = here("ls", "--local=file")
    assert ran.failed(2)
    assert str(tmp_path / "file") in ran.err


def test_every_exit_code_is_documented():
    documented = {int(code) for code in re.findall(r"(?m)^(\d+) ", pinatakit.cli.__doc__)}
    from pinatakit.cli._errors import _CODES

    assert {code for _, code in _CODES} | {0, 1, 8, 130} == documented


@pytest.mark.parametrize("typed", [("--help",), ("cid", "a", "a")], ids=" ".join)
def test_a_reader_that_has_gone_is_no_error_to_talk_about(tmp_path, home, typed):
    (tmp_path / "a").touch()
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        with subprocess.Popen(
            command(*typed), stdout=ours, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(home)
        ) as process:
            _, err = process.communicate(timeout=LIMIT)
    finally:
        os.close(ours)
    assert err == b""
    assert process.returncode not in (0, 2)

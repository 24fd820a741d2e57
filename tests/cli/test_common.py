"""What the commands share: the local Pinata, and output for people and for pipes."""

from __future__ import annotations

import click
import pytest

from pinatakit import errors
from pinatakit.cli._common import read_keyvalues
from pinatakit.cli._errors import exit_code, explain
from pinatakit.content import CID

from .processes import HELLO, HELLO_V1, serving


@pytest.fixture
def hello(tmp_path):
    (tmp_path / "hello.txt").write_bytes(HELLO)
    return "hello.txt"


# ── --local ─────────────────────────────────────────────────────────────────


def test_local_does_not_take_the_file_behind_it_for_its_folder(run, home, tmp_path, hello):
    ran = run("upload", "--local", hello)
    assert (ran.code, ran.out) == (0, f"{HELLO_V1}\n")
    assert (home / "data" / "pinatakit" / "admin.json").exists()
    assert not (home / "data" / "pinatakit" / "server.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hello.txt", "home"]
    assert run("download", "--local", HELLO_V1, "-").data == HELLO


def test_behind_two_dashes_local_is_a_file(run, tmp_path, hello):
    (tmp_path / "--local").write_bytes(HELLO)
    assert run("cid", "--", "--local").out == f"{HELLO_V1}\n"


def test_a_local_folder_keeps_things_between_commands(run, here, tmp_path, hello):
    assert run("upload", "--local=kept", hello).code == 0
    [file] = run("ls", "--local=kept", "--json").json
    assert (file["cid"], file["name"]) == (HELLO_V1, hello)
    assert here("rm", "--local=kept", "--yes", file["id"]).code == 0
    assert here("stat", "--local=kept", HELLO_V1).failed(3)
    assert (tmp_path / "kept" / "records.db").exists()


def test_local_attaches_to_the_local_pinata_that_serves_the_folder(run, home, tmp_path, hello):
    with serving(home) as served:  # the user's own folder
        assert served.about["data"] == str((home / "data" / "pinatakit").resolve())
        assert run("auth", "status", "--local", "--json").json["endpoint"] == served.url
        assert run("upload", "--local", hello).out == f"{HELLO_V1}\n"
        assert run("ls", f"--local={served.about['data']}", "--json").json[0]["cid"] == HELLO_V1
        assert [str(file.cid) for file in served.client.files.list()] == [HELLO_V1]
        assert (home / "data" / "pinatakit" / "server.json").exists()


def test_local_beats_the_credential_in_the_environment(here, service):
    service.requests.clear()
    ran = here("ls", "--local", "--json", env=service.env)
    assert (ran.code, ran.out) == (0, "[]\n")
    assert service.requests == []


# ── --offline ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "typed",
    [
        ("--offline", "ls"),
        ("ls", "--offline"),
        ("--offline", "auth", "login"),
        ("upload", "--offline", "hello.txt"),
        ("download", "--offline", HELLO_V1),
        ("upload", "--offline", "--local", "https://pinata.example/photo.jpg"),
    ],
    ids=" ".join,
)
def test_offline_nobody_is_asked_but_this_machine(run, hello, typed):
    ran = run(*typed, input=b"a.very.secret", env={"PINATA_JWT": "a.very.secret"})
    assert ran.failed(4)
    error, hint = ran.err.splitlines()
    assert error.endswith("was not sent: the settings say to stay offline")
    assert hint == "hint: leave --offline away or unset PINATA_OFFLINE; or use a local Pinata: --local"


def test_offline_a_local_pinata_does_all_it_does(run, ask, hello):
    assert run("upload", "--offline", "--local", hello).out == f"{HELLO_V1}\n"
    assert run("--offline", "download", "--local", HELLO_V1, "-").data == HELLO
    assert ask("auth", "status", "--offline", "--json").json["origins"]["offline"] == "PINATA_OFFLINE"
    assert ask("upload", "--offline", hello).out == f"{HELLO_V1}\n"


# ── key-values ─────────────────────────────────────────────────────────────


def test_a_key_value_is_cut_at_its_first_sign():
    assert read_keyvalues(["a=b=c", "d=", "a=e"]) == {"a": "e", "d": ""}
    for wrong in ("a", "=a", ""):
        with pytest.raises(click.BadParameter, match="key=value"):
            read_keyvalues([wrong])


# ── errors ──────────────────────────────────────────────────────────────────

CODES = {
    "AlreadyThere": 2,
    "ApiError": 1,
    "BadRequest": 1,
    "BlockMismatch": 7,
    "CIDMismatch": 7,
    "Conflict": 1,
    "ContentError": 7,
    "Forbidden": 4,
    "InputError": 2,
    "InvalidCID": 2,
    "Malformed": 7,
    "MissingBlock": 7,
    "NoSuchPath": 3,
    "NotFound": 3,
    "PaymentRequired": 4,
    "PinFailed": 1,
    "PinPending": 5,
    "PinataError": 1,
    "PlanLimit": 6,
    "RateLimited": 6,
    "ServiceFault": 5,
    "SettingsError": 4,
    "TooLarge": 6,
    "Unauthorized": 4,
    "UnknownHash": 7,
    "Unreachable": 5,
}


def made(name):
    """An error of that class, whatever it takes to make one."""
    kind = getattr(errors, name)
    cid = CID.parse(HELLO_V1)
    if issubclass(kind, errors.ApiError):
        return kind("words", status=418, url="http://127.0.0.1/")
    match name:
        case "BlockMismatch" | "MissingBlock":
            return kind(cid)
        case "CIDMismatch":
            return kind(cid, cid)
        case "NoSuchPath":
            return kind(cid, "a/b", at="b")
        case "PinFailed" | "PinPending":
            return kind(cid, "expired")
        case _:
            return kind("words")


def test_every_error_has_its_exit_code():
    assert {name: exit_code(made(name)) for name in errors.__all__} == CODES


def test_an_error_is_a_line_and_its_hint_another():
    assert explain(errors.InputError("no", hint="do")) == "error: no\nhint: do"
    assert explain(errors.InputError("no")) == "error: no"
    assert explain(OSError("the disk")) == "error: the disk"
    assert explain(RuntimeError("a mistake of ours")) is None
    assert exit_code(RuntimeError("a mistake of ours")) == 1

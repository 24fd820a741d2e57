"""``completion``: what can stand next, in the shells people use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from .processes import LIMIT, environment, posix


@pytest.fixture
def complete(ask):
    """What can stand in the place of the last word, as bash is told."""

    def complete(*words):
        told = {
            "_PINATAKIT_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(("pinatakit", *words)),
            "COMP_CWORD": str(len(words)),
        }
        ran = ask(env=told)
        assert (ran.code, ran.err) == (0, "")
        return [line.partition(",")[2] for line in ran.lines]

    return complete


def test_commands_and_options_are_completed(complete):
    assert complete("up") == ["upload"]
    assert set(complete("groups", "re")) == {"rename", "remove"}
    assert complete("ls", "--fo") == ["--format"]
    assert complete("ls", "--format", "js") == ["json", "jsonl"]


def test_files_are_completed_by_cid_and_by_id(complete, served):
    file = served.client.upload(b"to be completed")
    assert complete("rm", str(file.cid)[:-4]) == [str(file.cid)]
    assert complete("stat", file.id[:-4]) == [file.id]
    assert str(file.cid) in complete("rm", "")


def test_groups_keys_gateways_and_what_waits_are_completed(complete, served):
    group = served.client.groups.create("completed")
    gateway = served.client.gateways.create("completed")
    assert complete("groups", "rename", group.id[:-2]) == [group.id]
    assert complete("ls", "--group", group.id[:-2]) == [group.id]
    assert complete("gateways", "get", gateway.id[:-2]) == [gateway.id]
    assert served.about["api_key"] in complete("keys", "revoke", "")


def test_profiles_are_completed(complete, home):
    (home / ".config/pinatakit").mkdir(parents=True)
    (home / ".config/pinatakit/config.toml").write_text(
        "[profiles.work]\nnetwork = 'public'\n[profiles.home]\n"
    )
    assert complete("ls", "--profile", "w") == ["work"]
    assert complete("auth", "switch", "") == ["work", "home"]


def test_local_alone_does_not_take_the_next_word(complete, run):
    assert run("upload", "--local", "-", "--name", "here", input=b"completed here").code == 0
    [cid] = run("ls", "--local", "-q").lines
    assert complete("rm", "--local", cid[:10]) == [cid]


def test_where_nobody_can_be_asked_nothing_is_completed(run):
    told = {"_PINATAKIT_COMPLETE": "bash_complete", "COMP_WORDS": "pinatakit rm ", "COMP_CWORD": "2"}
    ran = run(env=told)
    assert (ran.code, ran.out.strip(), ran.err) == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_its_script(here, shell):
    ran = here("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert "_PINATAKIT_COMPLETE" in ran.out
    assert f"{shell}_complete" in ran.out


def test_powershell_is_answered_as_its_script_asks(here):
    """The script sets these variables, and takes three lines for each: kind, word and what it is."""
    script = here("completion", "powershell").out
    assert "-CommandName pinatakit -ScriptBlock" in script
    told = {"_PINATAKIT_COMPLETE": "powershell_complete", "COMP_WORDS": "pinatakit up", "COMP_CWORD": "1"}
    assert all(f"$env:{name} = " in script for name in told)
    assert "for ($i = 0; $i + 2 -lt $lines.Count; $i += 3)" in script
    ran = here(env=told)
    assert (ran.code, ran.err) == (0, "")
    kind, word, what = ran.lines
    assert (kind, word) == ("plain", "upload")
    assert what.startswith("Upload files and folders")


def test_a_shell_that_is_unknown_is_refused(here):
    assert here("completion", "cmd").failed(2)


ASKED = {
    "bash": "source pinatakit.bash; COMP_WORDS=(pinatakit up); COMP_CWORD=1; _pinatakit_completion pinatakit; echo ${COMPREPLY[@]}",
    "fish": "source pinatakit.fish; complete -C 'pinatakit up'",
    "zsh": "autoload -Uz compinit; compinit -u -d dump; source pinatakit.zsh; "
    "compadd() { print -l -- $completions }; _describe() { print -l -- $completions_with_descriptions }; "
    "words=(pinatakit up); CURRENT=2; _pinatakit_completion",
}


@posix
@pytest.mark.parametrize("shell", ASKED)
def test_the_script_works_in_the_shell_itself(here, tmp_path, home, shell):
    if not (program := shutil.which(shell)):
        pytest.skip(f"there is no {shell}")
    (tmp_path / f"pinatakit.{shell}").write_text(here("completion", shell).out)
    command = tmp_path / "bin" / "pinatakit"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pinatakit "$@"\n')
    command.chmod(0o755)
    around = environment(home) | {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [program, "-c", ASKED[shell]],
        cwd=tmp_path,
        env=around,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.stderr == b""
    assert "upload" in done.stdout.decode()

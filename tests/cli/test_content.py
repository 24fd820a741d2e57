"""``cid``: names for content, without a service."""

from __future__ import annotations

import pytest

from .processes import HELLO, HELLO_V0, HELLO_V1

# "hello world" under the profiles of IPIP-499, as any Kubo names it.
KNOWN = [
    ("unixfs-v0-2015", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"),
    ("unixfs-v1-2025", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
]


@pytest.fixture
def hello(tmp_path):
    (tmp_path / "hello.txt").write_bytes(HELLO)
    return "hello.txt"


def test_the_cid_of_a_file_is_the_one_pinata_gives_it(run, hello):
    ran = run("cid", hello)
    assert (ran.code, ran.out, ran.err) == (0, f"{HELLO_V1}\n", "")
    assert run("cid", hello, "--profile", "v0").out == f"{HELLO_V0}\n"


@pytest.mark.parametrize(("profile", "cid"), KNOWN)
def test_a_profile_is_named(run, profile, cid):
    assert run("cid", "-", "--profile", profile, input=b"hello world").out == f"{cid}\n"


def test_of_several_each_cid_has_its_path_behind_a_tab(run, hello):
    ran = run("cid", hello, "-", input=HELLO)
    assert ran.lines == [f"{HELLO_V1}\t{hello}", f"{HELLO_V1}\t-"]


def test_as_json_there_is_an_object_a_line(run, hello):
    ran = run("cid", hello, "--json", "--profile", "v0")
    assert ran.out.count("\n") == 1
    assert ran.json == {"path": hello, "cid": HELLO_V0, "size": 11, "dag_size": 19}


def test_hidden_files_of_a_folder_are_counted_when_asked_for(run, tmp_path):
    for place in ("site/a.txt", "site/.hidden", "same/a.txt"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(HELLO)
    site, same = (line.partition("\t")[0] for line in run("cid", "site", "same").lines)
    assert site == same
    assert run("cid", "site", "--hidden").out.strip() != site


def test_an_unknown_profile_is_told_with_those_there_are(run, hello):
    ran = run("cid", hello, "--profile", "v9")
    assert ran.failed(2)
    assert "'v9'" in ran.err
    assert "unixfs-v1-2025" in ran.err


def test_a_missing_file_is_named(run):
    ran = run("cid", "nowhere.txt")
    assert ran.failed(2)
    assert ran.err.splitlines() == ["error: 'nowhere.txt' does not exist", "hint: check the path"]


def test_nothing_that_speaks_to_a_service_is_loaded(run, hello):
    ran = run("cid", hello, python=("-X", "importtime"))
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "pinatakit.content" in loaded
    assert not loaded & {"anyio", "asyncio", "httpx2", "rich", "socket", "starlette", "uvicorn"}

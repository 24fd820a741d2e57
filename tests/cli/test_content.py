"""``cid`` and ``car``: content without a service."""

from __future__ import annotations

import hashlib

import pytest

from pinatakit.content import CID, Block, write_car

from ..content.vectors import VECTORS, flat  # noqa: TID252
from ..test_roots import lay  # noqa: TID252
from .processes import HELLO, HELLO_V0, HELLO_V1, UNKNOWN_CID, posix

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


# What of a folder is taken, and what CIDs are made of


@posix
def test_kubos_choices_give_kubos_cid(here, tmp_path):
    for name in ("dir-symlink", "dir-empty-subdirs"):
        vector = next(vector for vector in VECTORS["vectors"] if vector["id"] == name)
        lay(tmp_path / name, flat(vector["input"], hidden=True))
        for profile in ("unixfs-v0-2015", "unixfs-v1-2025"):
            ran = here("cid", name, "--profile", profile, "--symlinks", "keep", "--empty-folders", "--json")
            expected = vector["results"][profile]
            assert (ran.json["cid"], ran.json["dag_size"]) == (expected["cid"], expected["cumulative_size"])


@posix
def test_symlinks_are_refused_when_asked_for(here, tmp_path):
    lay(tmp_path / "site", {"a": [HELLO], "b": "a"})
    ran = here("cid", "site", "--symlinks", "refuse")
    assert ran.failed(2)
    assert "site/b' is a symlink" in ran.err
    assert here("cid", "site").code == 0


def test_of_several_those_that_can_be_are_computed(here, hello):
    ran = here("cid", "nowhere.txt", hello)
    assert (ran.code, ran.lines) == (8, [f"{HELLO_V1}\t{hello}"])
    assert "'nowhere.txt' does not exist" in ran.err


def test_why_two_cids_differ_is_said(here, hello):
    ran = here("cid", "--explain", HELLO_V0, HELLO_V1, hello)
    assert (ran.code, ran.lines) == (0, ["CID version 0 against 1", "leaves dag-pb against raw"])
    told = here("cid", "--explain", HELLO_V0, HELLO_V1, hello, "--json").json
    assert told == {"a": "unixfs-v0-2015", "b": "v1-raw-256k", "differences": ran.lines}
    unknown = here("cid", "--explain", UNKNOWN_CID, HELLO_V1, hello, "--json").json
    assert (unknown["a"], unknown["b"]) == (None, "v1-raw-256k")


def test_why_two_cids_differ_is_asked_of_a_single_path(here, hello):
    assert here("cid", "--explain", HELLO_V0, HELLO_V1, hello, hello).failed(2)
    assert here("cid", "--explain", HELLO_V0, "nonsense", hello).failed(2)


def test_a_cid_is_taken_apart(here):
    """The strings are from npm multiformats, the digest is sha2-256 of the bytes."""
    digest = hashlib.sha256(HELLO).hexdigest()
    told = here("cid", "--inspect", HELLO_V1, "--json").json
    assert (told["version"], told["codec"], told["hash"], told["digest"]) == (1, "raw", "sha2-256", digest)
    assert (told["cid"], told["v1"], told["v0"]) == (HELLO_V1, HELLO_V1, None)
    assert told["base36"].startswith("k")
    told = here("cid", "--inspect", HELLO_V0, "--json").json
    assert (told["version"], told["codec"], told["v0"]) == (0, "dag-pb", HELLO_V0)
    ran = here("cid", "--inspect", HELLO_V1)
    assert digest in ran.out
    assert "none: version 0 names only dag-pb blocks by sha2-256, and this is raw by sha2-256" in ran.out
    assert here("cid", "--inspect", "nonsense").failed(2)


# Car

KUBO = ("--symlinks", "keep", "--empty-folders")


@pytest.fixture
def site(tmp_path):
    vector = next(vector for vector in VECTORS["vectors"] if vector["id"] == "dir-nested-b")
    lay(tmp_path / "site", flat(vector["input"]))
    return vector["results"]["v1-raw-256k"]


def test_a_folder_is_packed_into_the_bytes_of_the_references(here, run, site, tmp_path):
    for ran, data in (
        (here("car", "pack", "site", "-o", "a.car", "--order", "dfs", *KUBO), None),
        (run("car", "pack", "site", "-o", "-", "--order", "dfs", *KUBO), True),
    ):
        assert ran.code == 0
        assert (ran.err if data else ran.out) == f"{site['cid']}\n"
        car = ran.data if data else (tmp_path / "a.car").read_bytes()
        assert hashlib.sha256(car).hexdigest() == site["car_v1_dfs_sha256"]


def test_what_was_packed_is_verified_listed_and_unpacked(here, site, tmp_path):
    told = here("car", "pack", "site", "-o", "a.car", "--json", *KUBO).json
    assert (told["root"], told["dag_size"]) == (site["cid"], site["cumulative_size"])
    assert (told["path"], (tmp_path / "a.car").stat().st_size) == ("a.car", site["car_v1_dfs_size"])
    assert here("car", "verify", "a.car").out.endswith("every one hashed; whole\n")
    assert here("car", "verify", "a.car", "--json").json == {
        "roots": [site["cid"]],
        "blocks": site["blocks"],
        "size": site["block_bytes"],
        "missing": [],
    }
    rows = here("car", "ls", "a.car", "--json").json
    assert rows[0] == {"cid": site["cid"], "kind": "directory", "size": 0, "path": ""}
    assert {row["path"] for row in rows if row["kind"] == "file"} == {
        path.relative_to(tmp_path / "site").as_posix()
        for path in (tmp_path / "site").rglob("*")
        if path.is_file()
    }
    assert site["cid"] in here("car", "ls", "a.car").out
    assert here("car", "unpack", "a.car", "out").lines == ["out"]
    assert (tmp_path / "out/src/main.py").read_bytes() == (tmp_path / "site/src/main.py").read_bytes()
    assert here("car", "unpack", "a.car").lines == [site["cid"]]
    told = here("car", "unpack", "a.car", "again", "--json", "--root", site["cid"]).json
    assert (told["root"], told["path"], told["size"]) == (site["cid"], "again", tree_size(tmp_path / "again"))
    assert here("car", "unpack", "a.car", "out").failed(2)


def tree_size(top):
    return sum(path.stat().st_size for path in top.rglob("*") if path.is_file())


def test_cars_go_through_pipes(run, tmp_path):
    packed = run("car", "pack", "-", "-o", "-", input=HELLO)
    assert (packed.code, packed.err) == (0, f"{HELLO_V1}\n")
    assert run("car", "verify", "-", input=packed.data).code == 0
    assert run("car", "unpack", "-", "out", input=packed.data).out == "out\n"
    assert (tmp_path / "out").read_bytes() == HELLO
    assert HELLO_V1 in run("car", "ls", "-", input=packed.data).out


def test_of_a_car_is_listed_what_is_below_the_root_that_is_named(here, site, tmp_path):
    here("car", "pack", "site", "-o", "a.car")
    rows = here("car", "ls", "a.car", "--json").json
    below = next(row for row in rows if row["path"] == "src")
    listed = here("car", "ls", "a.car", "--root", below["cid"], "--json").json
    assert [row["path"] for row in listed] == [
        row["path"][4:] for row in rows if f"{row['path']}/".startswith("src/")
    ]
    assert here("car", "ls", "a.car", "--root", "photo.jpg").failed(2)
    assert here("car", "ls", "a.car", "--entries", str(len(rows))).code == 0
    refused = here("car", "ls", "a.car", "--entries", "2")
    assert refused.code == 7
    assert len(refused.lines) == 2
    assert "--entries" in refused.err
    assert here("car", "unpack", "a.car", "out", "--entries", "2").failed(7)
    assert not (tmp_path / "out").exists()


def test_what_is_forged_or_missing_ends_with_7(here, tmp_path):
    cid, forged = CID.parse(HELLO_V1), HELLO[:-1] + b"!"
    (tmp_path / "forged.car").write_bytes(b"".join(write_car([cid], [Block(cid, forged)])))
    (tmp_path / "missing.car").write_bytes(b"".join(write_car([cid], [])))
    (tmp_path / "cut.car").write_bytes(b"".join(write_car([cid], [Block(cid, HELLO)]))[:-1])
    for name in ("forged", "missing", "cut"):
        assert here("car", "unpack", f"{name}.car", "out").failed(7)
    for name in ("forged", "cut"):
        assert here("car", "verify", f"{name}.car").failed(7)
    ran = here("car", "verify", "missing.car")
    assert (ran.code, ran.err) == (7, f"missing {HELLO_V1}\n")
    assert ran.out.endswith("; not whole\n")
    assert here("car", "verify", "missing.car", "--json").json["missing"] == [HELLO_V1]
    assert not (tmp_path / "out").exists()


def test_a_car_of_an_unknown_profile_is_not_packed(here, hello, tmp_path):
    assert here("car", "pack", hello, "-o", "a.car", "--profile", "v9").failed(2)
    assert not (tmp_path / "a.car").exists()


# Formats


def test_what_is_computed_is_printed_in_any_format(here, hello):
    assert here("cid", hello, "--format", "csv").lines == [
        "path,cid,size,dag_size",
        f"{hello},{HELLO_V1},11,11",
    ]
    assert here("cid", hello, "-q").lines == [HELLO_V1]
    assert here("cid", hello, "--fields", "size,cid", "--format", "tsv").lines == [
        "size\tcid",
        f"11\t{HELLO_V1}",
    ]
    assert here("cid", "--inspect", HELLO_V1, "--fields", "codec,version", "--json").json == {
        "codec": "raw",
        "version": 1,
    }
    assert here("cid", hello, "--cid-profile", "v0").lines == [HELLO_V0]


def test_what_a_car_holds_is_printed_in_any_format(here, site):
    root = here("car", "pack", "site", "-o", "a.car", "-q", *KUBO).lines
    assert root == [site["cid"]]
    assert here("car", "verify", "a.car", "--fields", "blocks", "--json").json == {"blocks": site["blocks"]}
    title, *rows = here("car", "ls", "a.car", "--format", "tsv").lines
    assert title == "cid\tkind\tsize\tpath"
    assert rows[0] == f"{site['cid']}\tdirectory\t0\t"
    assert here("car", "unpack", "a.car", "out", "-q").lines == ["out"]
    assert here("car", "pack", "site", "-o", "-", "--json").failed(2)

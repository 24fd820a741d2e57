"""``upload`` and ``download``: what is sent and fetched is exactly what was named."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import threading

import pytest

from pinatakit import CID, PROFILES
from pinatakit.content import build_file, car_header
from pinatakit.protocol.gateway import CAR_TYPE

from . import processes
from .processes import HELLO, HELLO_V0, HELLO_V1, LIMIT, UNKNOWN_CID, posix

INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored in a job in the background
    "from pinatakit.cli import main; main()"
)


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def cid_of(data):
    return str(build_file([data], PROFILES["v1"]).cid)


@pytest.fixture
def hello(tmp_path):
    (tmp_path / "hello.txt").write_bytes(HELLO)
    return "hello.txt"


@pytest.fixture
def site(tmp_path):
    for place, text in {
        "index.html": "<h1>",
        "img/logo.svg": "<svg/>",
        "img/a/b.txt": "b",
        ".env": "k",
    }.items():
        (tmp_path / "site" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / place).write_text(text)
    return tmp_path / "site"


@pytest.fixture(scope="module")
def kept(served, tmp_path_factory):
    """The CID of a folder that is kept."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "img").mkdir()
    (folder / "index.html").write_bytes(b"<h1>kept</h1>")
    (folder / "img" / "logo.svg").write_bytes(b"<svg/>")
    return str(served.client.upload(folder, name="kept").cid)


def names(served, **match):
    return [file.name for file in served.client.files.list(**match)]


def parts(folder):
    return [path for path in folder.rglob("*") if path.name.endswith(".part")]


# ── upload ──────────────────────────────────────────────────────────────────


def test_an_upload_prints_the_cid_and_nothing_else_on_stdout(ask, served, hello):
    ran = ask("upload", hello)
    assert (ran.code, ran.out, ran.err) == (0, f"{HELLO_V1}\n", "hello.txt  11 B  verified\n")
    assert names(served, cid=HELLO_V1) == ["hello.txt"]
    again = ask("upload", hello)
    assert (again.code, again.out) == (0, f"{HELLO_V1}\n")
    assert "it was there already" in again.err


def test_version_0_is_asked_for(ask, hello):
    assert ask("upload", hello, "--cid-version", "0").out == f"{HELLO_V0}\n"


def test_uploads_as_json_are_an_object_a_line(ask, tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(f"json {name}")
    ran = ask("upload", "a", "b", "--json")
    assert (ran.code, ran.err) == (0, "")
    a, b = map(json.loads, ran.lines)
    assert (a["name"], a["cid"], a["size"]) == ("a", cid_of(b"json a"), 6)
    assert (b["name"], b["cid"], b["is_duplicate"]) == ("b", cid_of(b"json b"), False)


def test_standard_input_is_uploaded(ask, served):
    data = noise(1, 2_500_000)
    ran = ask("upload", "-", "--name", "noise.bin", input=data)
    assert (ran.code, ran.out) == (0, f"{cid_of(data)}\n")
    assert names(served, cid=cid_of(data)) == ["noise.bin"]


def test_of_several_paths_those_that_can_be_are_uploaded(ask, served, tmp_path):
    for name in ("first", "last"):
        (tmp_path / name).write_text(name)
    ran = ask("upload", "first", "missing", "last")
    assert ran.code == 8
    assert ran.lines == [cid_of(b"first"), cid_of(b"last")]
    assert "error: 'missing' does not exist\nhint: check the path\n" in ran.err
    assert [names(served, cid=cid) for cid in ran.lines] == [["first"], ["last"]]


def test_key_values_go_along(ask, served):
    ran = ask(
        "upload",
        "-",
        "--kv",
        "album=summer",
        "--kv",
        "formula=a=b",
        "--kv",
        "none=",
        input=b"with key-values",
    )
    [file] = served.client.files.list(cid=ran.out.strip())
    assert file.keyvalues == {"album": "summer", "formula": "a=b", "none": ""}


@pytest.mark.parametrize(
    "wrong",
    [
        ("a", "b", "--name", "both"),
        ("a", "--kv", "novalue"),
        ("a", "--kv", "=nokey"),
        ("a", *(f"--kv=k{number}=v" for number in range(11))),
        ("a", "--cid-version", "2"),
        ("a", "--network", "secret"),
        ("empty",),
    ],
    ids=lambda wrong: " ".join(wrong[:4]),
)
def test_what_cannot_be_sent_is_refused_before_anything_is(here, service, tmp_path, wrong):
    service.requests.clear()
    for name in "ab":
        (tmp_path / name).write_text(f"refused {name}")
    (tmp_path / "empty").mkdir()
    assert here("upload", *wrong, env=service.env).failed(2)
    assert service.requests == []


def test_a_folder_goes_without_its_hidden_files_unless_they_are_asked_for(ask, run, served, site):
    ran = ask("upload", site)
    assert ran.code == 0
    assert ran.out == run("cid", site).out
    [file] = served.client.files.list(cid=ran.out.strip())
    assert (file.name, file.number_of_files) == ("site", 3)
    hidden = ask("upload", site, "--hidden", "--cid-version", "0", "--name", "all")
    assert hidden.out == run("cid", site, "--hidden", "--profile", "v0").out
    assert names(served, cid=hidden.out.strip()) == ["all"]


def test_a_private_file_is_not_among_the_public(ask, served, tmp_path):
    (tmp_path / "mine").write_text("private")
    cid = ask("upload", "mine", "--network", "private").out.strip()
    assert cid == cid_of(b"private")
    assert names(served, cid=cid) == []
    assert names(served, cid=cid, network="private") == ["mine"]


def test_a_service_that_stores_something_else_is_found_out(run, service, hello):
    said = b'{"data": {"id": "1", "cid": "%s", "size": 11}}' % UNKNOWN_CID.encode()
    service.answer = (200, {"content-type": "application/json"}, said)
    ran = run("upload", hello, env=service.env)
    assert ran.failed(7)
    assert HELLO_V1 in ran.err
    assert UNKNOWN_CID in ran.err
    assert "hint:" in ran.err


@posix
def test_an_interrupted_upload_stores_nothing(served, home, tmp_path):
    before = names(served)
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "upload", "-", "--name", "interrupted"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=processes.environment(home, **served.env),
    )
    with process:
        process.stdin.write(noise(2, 3 << 20))
        process.stdin.flush()  # a pipe holds 64 kB: the rest has been read, and sent
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 130
        assert process.stdout.read() == b""
        assert process.stderr.read().split() == [b"interrupted"]
    assert names(served) == before


@posix
def test_progress_is_shown_on_a_terminal_and_goes_when_it_is_done(look, tmp_path):
    (tmp_path / "shown.txt").write_text("a terminal")
    ran, shown = look("upload", "shown.txt", streams=("stderr",))
    assert (ran.code, ran.out) == (0, f"{cid_of(b'a terminal')}\n")
    assert "10/10 bytes" in shown
    assert shown.rstrip().endswith("shown.txt  10 B  verified")


# ── several ─────────────────────────────────────────────────────────────────

ROW = {
    "id",
    "cid",
    "name",
    "size",
    "number_of_files",
    "mime_type",
    "group_id",
    "keyvalues",
    "network",
    "created_at",
    "is_duplicate",
}


@pytest.fixture
def many(tmp_path):
    """Files of their own, and their CIDs."""
    files = {f"many-{number:02}.bin": noise(100 + number, 3_000 * (20 - number)) for number in range(20)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return {name: cid_of(data) for name, data in files.items()}


def test_several_go_at_once_and_are_told_in_the_order_of_their_names(ask, served, many):
    ran = ask("upload", *many, "-j", "8")
    assert (ran.code, ran.lines) == (0, list(many.values()))
    told = ran.err.splitlines()
    assert [line.split()[0] for line in told[:-1]] == list(many)
    assert told[-1] == "20 uploaded, 630.0 kB, verified"
    assert names(served, cid=many["many-07.bin"]) == ["many-07.bin"]


def test_an_upload_is_printed_in_the_format_that_is_asked_for(ask_here, many):
    some = list(many)[:3]
    rows = [json.loads(line) for line in ask_here("upload", *some, "--format", "jsonl").lines]
    assert [row["cid"] for row in rows] == [many[name] for name in some]
    assert all(set(row) >= ROW for row in rows)
    table = list(csv.DictReader(ask_here("upload", *some, "--format", "csv").lines))
    assert [(row["name"], row["cid"]) for row in table] == [(name, many[name]) for name in some]
    assert ask_here("upload", *some, "-q").lines == [many[name] for name in some]
    ran = ask_here("upload", *some, "--fields", "name,size")
    assert ran.lines[0].split("\t") == ["many-00.bin", "60.0 kB"]
    title, *lines = ask_here("upload", *some, "--format", "table").lines
    assert title.split()[0] == "CID"
    assert [line.split()[0] for line in lines] == [many[name] for name in some]
    assert ask_here("upload", *some, "--fields", "nonsense").failed(2)


def test_where_some_fail_the_command_for_those_is_told_and_works(ask, many, tmp_path):
    some = list(many)[:3]
    (tmp_path / some[1]).rename(tmp_path / "away")
    ran = ask("upload", *some, "--kv", "album=two words")
    assert (ran.code, ran.lines) == (8, [many[some[0]], many[some[2]]])
    assert f"error: '{some[1]}' does not exist" in ran.err
    assert "1 of 3 failed\n" in ran.err
    command = re.search(r"hint: go on with: pinatakit (.*)", ran.err)[1]
    assert command == f"upload '--kv=album=two words' {some[1]}"
    (tmp_path / "away").rename(tmp_path / some[1])
    again = ask(*shlex.split(command))
    assert (again.code, again.lines) == (0, [many[some[1]]])


def test_an_error_that_names_no_file_is_told_with_the_file_it_is_of(here, service, many):
    service.answer = (400, {}, b'{"error": {"reason": "BAD", "details": "These are the words"}}')
    some = list(many)[:2]
    ran = here("upload", *some, env=service.env)
    assert ran.failed(8)
    assert all(f"error: {name}: These are the words\n" in ran.err for name in some)


def test_a_credential_that_is_refused_keeps_all(here, service, many):
    service.answer = (401, {}, b'{"error": {"reason": "INVALID_CREDENTIALS", "details": "No"}}')
    ran = here("upload", *many, "-j", "1", env=service.env)
    assert ran.failed(4)
    assert ran.err.count("error:") == 1


def test_paths_come_out_of_a_file_or_a_pipe(ask, many, tmp_path):
    some = list(many)[:3]
    (tmp_path / "list").write_text("\n".join(some[1:]) + "\n")
    assert ask("upload", some[0], "--paths-from", "list").lines == [many[name] for name in some]
    assert (tmp_path / "list").exists()
    ran = ask("upload", "--paths-from", "-", input=b"".join(name.encode() + b"\0" for name in some))
    assert ran.lines == [many[name] for name in some]
    (tmp_path / "empty").touch()
    assert ask("upload", "--paths-from", "empty").failed(2)


@posix
@pytest.mark.parametrize("long", [False, True])
def test_ctrl_c_tells_how_far_it_was_and_prints_the_command_that_goes_on(ask, home, service, tmp_path, long):
    files = [f"{'x' * 150 * long}{name}" for name in "abcd"]
    for name in files:
        (tmp_path / name).write_bytes(HELLO)
    third, release = threading.Event(), threading.Event()
    service.requests.clear()

    def answer(_):
        if len(service.requests) > 1:
            if len(service.requests) > 2:
                third.set()
            release.wait(LIMIT)
        return 200, {"content-type": "application/json"}, b'{"data": {"cid": "%s"}}' % HELLO_V1.encode()

    service.answer = answer
    import termios

    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, "upload", *files, "-j", "2", "--kv", "a=b"],
            stdout=subprocess.PIPE,
            stderr=theirs,
            cwd=tmp_path,
            env=processes.environment(home, TERM="xterm", **service.env),
        )
        os.close(theirs)
        with process:
            assert third.wait(LIMIT)  # one was answered, and the two that are asked for wait
            process.send_signal(signal.SIGINT)
            shown = b"".join(processes.until_hung_up(ours)).decode()
            out = process.stdout.read().decode()
            assert process.wait(LIMIT) == 130
    finally:
        release.set()
        os.close(ours)
    assert out == f"{HELLO_V1}\n" * out.count("\n")
    left = 4 - out.count("\n")
    assert f"interrupted: {4 - left} of 4 done" in shown
    command = re.search(r"hint: go on with: pinatakit (.*)\r", shown)[1]
    kept = list((home / ".local" / "state" / "pinatakit" / "left").glob("*"))
    assert len(kept) == long
    if long:
        assert kept[0].stat().st_mode & 0o777 == 0o600
    again = ask(*shlex.split(command))
    assert (again.code, again.lines) == (0, [HELLO_V1] * left)
    assert not any(map(os.path.exists, kept))


# ── what would be sent ──────────────────────────────────────────────────────


def test_a_dry_run_shows_what_an_upload_would_be_called_and_asks_nobody(here, ask, service, site, hello):
    service.requests.clear()
    ran = here("upload", "site", hello, "--dry-run", "--json", env=service.env)
    assert (ran.code, service.requests) == (0, [])
    assert ran.err == "would upload 2 to the public network, 22 B\n"
    folder, file = ran.json
    assert file == {
        "path": hello,
        "name": hello,
        "cid": HELLO_V1,
        "size": 11,
        "number_of_files": 1,
        "network": "public",
    }
    assert (folder["number_of_files"], folder["size"]) == (3, 11)
    assert ask("upload", "site").out == f"{folder['cid']}\n"


@pytest.mark.parametrize(
    "options",
    [
        ("--cid-version", "0"),
        ("--hidden",),
        ("--exclude", "img/"),
        ("--include", "*.html"),
        ("--ignore-file", ".env"),
    ],
    ids=" ".join,
)
def test_what_a_dry_run_shows_is_what_is_sent(ask_here, site, options):
    (site / ".env").write_text("*.svg\n")
    planned = ask_here("upload", "site", "-n", *options, "--json").json[0]
    sent = ask_here("upload", "site", *options, "--json").json
    assert (sent["cid"], sent["size"]) == (planned["cid"], planned["size"])


def test_what_would_be_refused_a_dry_run_refuses(here, service, hello, tmp_path):
    (tmp_path / "empty").mkdir()
    for wrong in (("empty",), (hello, "--car"), ("empty", "--wrap"), (hello, "--expires", "soon")):
        assert here("upload", "-n", *wrong, env=service.env).code in (2, 7)
    assert here("upload", "-n", hello, "missing", env=service.env).code == 8


def test_options_go_along(ask_here, served, tmp_path):
    (tmp_path / "own.txt").write_text("with options")
    group = served.client.groups.create("of the command line")
    options = ("--group", group.id, "--expires", "2037-01-31", "--name", "late")
    sent = ask_here("upload", "own.txt", *options, "--json").json
    assert (sent["group_id"], sent["name"]) == (group.id, "late")
    assert served.client.files.get(sent["id"]).expires_at.isoformat() == "2037-01-31T00:00:00+00:00"
    wrapped = ask_here("upload", "own.txt", "--wrap", "-q").lines[0]
    assert served.client.read_bytes(wrapped, path="own.txt") == b"with options"
    assert ask_here("upload", "own.txt", "--skip-existing", "--json").json["id"] == sent["id"]
    assert ask_here("upload", "own.txt", "--resumable", "-q").lines == [sent["cid"]]


def test_through_a_presigned_url_no_key_is_needed_and_it_is_not_repeated(ask_here, here, served, tmp_path):
    (tmp_path / "own.txt").write_text("through a URL")
    url = served.client.links.upload(expires=600)
    assert here("upload", "own.txt", "--url", url).lines == [cid_of(b"through a URL")]
    ran = here("upload", "own.txt", "gone.txt", "--url", url)
    assert ran.failed(2)
    assert url not in ran.err


def test_a_folder_goes_as_a_car(ask_here, site):
    planned = ask_here("upload", "site", "--car", "-n", "-q").lines
    assert planned == ask_here("cid", "site").lines
    ran = ask_here("upload", "site", "--car", "-q")
    assert (ran.code, ran.lines) == (0, planned)


@posix
@pytest.mark.parametrize("columns", [40, 80])
def test_bars_fit_the_terminal(look, many, columns):
    ran, shown = look("upload", *many, "--json", streams=("stderr",), size=(24, columns))
    assert (ran.code, len(ran.lines)) == (0, 20)
    assert "of 20" in shown
    bare = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "\n", shown)
    assert max(len(line.rstrip()) for line in re.split(r"[\r\n]+", bare)) <= columns


@posix
def test_what_can_draw_no_bars_gets_lines(look, many):
    for wanted in ({"env": {"TERM": "dumb"}}, {}):
        options = () if wanted else ("--no-progress",)
        ran, shown = look("upload", *many, *options, streams=("stderr",), **wanted)
        assert (ran.code, ran.lines) == (0, list(many.values()))
        assert "\x1b" not in shown
        assert shown.startswith("many-00.bin  60.0 kB  verified")


@posix
def test_without_colour_there_is_none(look, many):
    _, shown = look("upload", *many, streams=("stderr",), env={"NO_COLOR": "1"})
    assert "of 20" in shown
    assert not re.search(r"\x1b\[[\d;]*3\dm", shown)


@posix
def test_on_a_terminal_several_are_a_line_each_above_the_bars(look, many):
    ran, shown = look("upload", *many, streams=("stdout", "stderr"), size=(24, 120))
    assert ran.code == 0
    bare = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "\n", shown)
    lines = [line for line in re.split(r"[\r\n]+", bare) if line.startswith("baf")]
    assert [line.split()[:2] for line in lines] == [[cid, name] for name, cid in many.items()]


@posix
def test_a_reader_that_has_seen_enough_ends_an_upload_quietly(tmp_path, home, served, many):
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        with subprocess.Popen(
            processes.command("upload", *many, "--json"),
            stdout=ours,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=processes.environment(home, **served.env),
        ) as process:
            _, err = process.communicate(timeout=LIMIT)
    finally:
        os.close(ours)
    assert err == b""
    assert process.returncode == 1


# ── download ────────────────────────────────────────────────────────────────


def test_a_file_is_written_where_it_is_told(ask, served, tmp_path):
    data = noise(3, 600_000)
    cid = str(served.client.upload(data, name="noise").cid)
    ran = ask("download", cid, "here.bin")
    assert (ran.code, ran.out, ran.err) == (0, "here.bin\n", "1 file  600.0 kB  verified\n")
    assert (tmp_path / "here.bin").read_bytes() == data
    (tmp_path / "into").mkdir()
    assert ask("download", cid, "into", "--json").json == {
        "cid": cid,
        "path": f"into/{cid}",
        "size": 600_000,
        "files": 1,
    }
    assert (tmp_path / "into" / cid).read_bytes() == data


def test_to_a_dash_goes_every_byte_and_nothing_else(ask, served):
    data = b"\r\n\x00\xff\x1a" + noise(4, 700_000) + b"\n"
    cid = served.client.upload(data, name="bytes").cid
    ran = ask("download", f"ipfs://{cid}", "-")
    assert (ran.code, ran.err) == (0, "")
    assert ran.data == data


def test_a_folder_is_written_whole(ask, kept, tmp_path):
    ran = ask("download", kept, "copy")
    assert (ran.code, ran.out, ran.err) == (0, "copy\n", "2 files  19 B  verified\n")
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"copy/index.html", "copy/img/logo.svg"}
    assert (tmp_path / "copy/img/logo.svg").read_bytes() == b"<svg/>"
    ran = ask("download", kept, "copy")
    assert ran.failed(2)
    assert "'copy' is there already" in ran.err
    (tmp_path / "copy/index.html").write_bytes(b"mine")
    ran = ask("download", kept, "copy", "--no-clobber")
    assert (ran.code, ran.out, ran.err) == (0, "", "copy is there already, and stays as it is\n")
    assert (tmp_path / "copy/index.html").read_bytes() == b"mine"


def test_what_is_there_stays_where_nothing_may_be_overwritten(ask, served, service, here, tmp_path):
    cids = [str(served.client.upload(data, name="kept").cid) for data in (b"first", b"second")]
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / cids[0]).write_bytes(b"mine")
    ran = ask("download", "--no-clobber", *cids, "-o", "into")
    assert (ran.code, ran.lines) == (0, [f"into/{cids[1]}"])
    assert f"into/{cids[0]} is there already, and stays as it is\n" in ran.err
    assert (tmp_path / "into" / cids[0]).read_bytes() == b"mine"
    assert (tmp_path / "into" / cids[1]).read_bytes() == b"second"
    before = len(service.requests)  # of a file that is there nothing is asked
    for options in ((), ("--range=0-1",), ("--no-verify",), ("--json",)):
        ran = here("download", "--no-clobber", cids[0], "into", *options, env=service.env)
        assert (ran.code, ran.out) == (0, "")
    assert len(service.requests) == before
    assert ask("download", cids[0], "into").code == 0
    assert (tmp_path / "into" / cids[0]).read_bytes() == b"first"


@pytest.mark.parametrize("options", [(), ("--range=0-1",)], ids=["all", "a range"])
def test_what_comes_there_meanwhile_stays_where_nothing_may_be_overwritten(here, service, tmp_path, options):
    def answer(_):
        (tmp_path / "x").write_bytes(b"mine")
        return (206, {"content-range": "bytes 0-1/2"}, b"no") if options else (200, {}, b"no")

    service.answer = answer
    ran = here("download", HELLO_V1, "x", "--no-verify", "--no-clobber", *options, env=service.env)
    assert (ran.code, ran.out, ran.err) == (0, "", "x is there already, and stays as it is\n")
    assert (tmp_path / "x").read_bytes() == b"mine"
    assert parts(tmp_path) == []


def test_a_path_inside_a_folder_comes_under_its_own_name(ask, kept, tmp_path):
    ran = ask("download", f"{kept}/img/logo.svg")
    assert (ran.code, ran.out) == (0, "logo.svg\n")
    assert (tmp_path / "logo.svg").read_bytes() == b"<svg/>"
    assert ask("download", f"/ipfs/{kept}/img/").out == "img\n"
    assert (tmp_path / "img" / "logo.svg").read_bytes() == b"<svg/>"
    assert ask("download", f"{kept}/index.html", "-").data == b"<h1>kept</h1>"


@pytest.mark.parametrize(
    ("what", "to", "code"),
    [
        ("{kept}/img/none.svg", "x", 3),
        ("{kept}/img/none.svg", "-", 3),
        (UNKNOWN_CID, "x", 3),
        ("photo.jpg", "x", 2),
        ("{kept}", "-", 2),
        ("{kept}", "no/such/folder", 2),
    ],
)
def test_what_cannot_be_fetched_leaves_nothing(ask_here, kept, tmp_path, what, to, code):
    ran = ask_here("download", what.format(kept=kept), to)
    assert ran.failed(code)
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


@pytest.mark.parametrize("to", ["x", "-"])
def test_a_gateway_that_lies_is_found_out(here, service, tmp_path, to):
    def lie(path):
        return (200, {"content-type": "application/vnd.ipld.raw"}, b"Hello, World") if "raw" in path else car

    car = (200, {"content-type": CAR_TYPE}, car_header([CID.parse(HELLO_V1)]))
    service.answer = lie
    ran = here("download", HELLO_V1, to, env=service.env)
    assert ran.failed(7)
    assert HELLO_V1 in ran.err
    assert "hint:" in ran.err
    assert parts(tmp_path) == []
    assert not (tmp_path / "x").exists()


def test_a_gateway_that_serves_pages_only_is_told_apart(here, service):
    service.answer = (200, {"content-type": "text/html"}, b"<h1>Hello World</h1>")
    ran = here("download", HELLO_V1, "x", env=service.env)
    assert ran.failed(5)
    assert "hint: this gateway does not serve verifiable content; set PINATA_GATEWAY_URL" in ran.err


def test_a_download_asks_for_no_credential(run, served):
    cid = served.client.upload(b"for everybody", name="public").cid
    ran = run("download", cid, "-", env={"PINATA_GATEWAY_URL": served.url})
    assert (ran.code, ran.data) == (0, b"for everybody")


def test_several_are_written_into_a_folder(ask_here, kept, served, tmp_path):
    cid = str(served.client.upload(HELLO, name="hello").cid)
    ran = ask_here("download", cid, f"{kept}/img/logo.svg", kept, "into")
    assert (ran.code, ran.lines) == (0, [f"into/{name}" for name in (cid, "logo.svg", kept)])
    assert (tmp_path / "into" / "logo.svg").read_bytes() == b"<svg/>"
    assert (tmp_path / "into" / kept / "index.html").exists()
    rows = ask_here("download", cid, f"{kept}/index.html", "-o", "more", "--format", "jsonl").lines
    assert [set(json.loads(row)) for row in rows] == [{"cid", "path", "size", "files"}] * 2
    ran = ask_here("download", cid, UNKNOWN_CID, "-o", "some")
    assert (ran.code, ran.lines) == (8, [f"some/{cid}"])
    assert f"hint: go on with: pinatakit download -o some {UNKNOWN_CID}\n" in ran.err
    assert ask_here("download", cid, cid).failed(2)
    assert ask_here("download", cid, UNKNOWN_CID, "-o", "-").failed(2)


def test_a_range_is_what_it_says_with_both_ends(ask_here, served, tmp_path):
    data = noise(5, 600_000)
    cid = str(served.client.upload(data, name="ranged").cid)
    assert ask_here("download", cid, "--range", "10-19", "-o", "ten").lines == ["ten"]
    assert (tmp_path / "ten").read_bytes() == data[10:20]
    assert ask_here("cat", cid, "--range", "262140-262149").data == data[262140:262150]
    assert ask_here("download", cid, "-", "--range", "599990-").data == data[599990:]
    assert ask_here("cat", cid, "--range", "-500").data == data[-500:]
    assert ask_here("download", cid, "--range", "-262145", "-o", "end").lines == ["end"]
    assert (tmp_path / "end").read_bytes() == data[-262145:]
    assert ask_here("cat", cid, "--range", "-600001").data == data
    assert ask_here("cat", cid, "--range=-500", "--no-verify").data == data[-500:]
    assert ask_here("cat", cid, "--range=-600001", "--no-verify").data == data
    for wrong in ("9-1", "-", "-0", "all", "1"):
        assert ask_here("cat", cid, f"--range={wrong}").failed(2)
    assert ask_here("cat", cid, "--range=-5", "--image=width=3").failed(2)
    assert parts(tmp_path) == []


def test_an_image_comes_as_it_is_asked_for(ask_here, served, tmp_path):
    image = pytest.importorskip("PIL.Image")
    drawn = io.BytesIO()
    image.new("RGB", (60, 40), "teal").save(drawn, "PNG")
    cid = str(served.client.upload(drawn.getvalue(), name="teal.png").cid)
    ran = ask_here("download", cid, "--image", "width=30,format=webp", "-o", "small.webp")
    assert ran.lines == ["small.webp"]
    assert ran.err.endswith("not verified\n")
    with image.open(tmp_path / "small.webp") as small:
        assert (small.format, small.size) == ("WEBP", (30, 20))
    ran = ask_here("cat", cid, "--image", "width=20", "--image", "height=20,fit=cover,gravity=0.5x0.5")
    with image.open(io.BytesIO(ran.data)) as small:
        assert small.size == (20, 20)


@pytest.mark.parametrize("wrong", ["width=wide", "width=0", "wdth=3", "width", "format=gif", "gravity=2x0"])
def test_what_an_image_cannot_be_is_told_before_anything_is_asked(here, service, wrong):
    before = len(service.requests)
    ran = here("download", HELLO_V1, "--image", wrong, env=service.env)
    assert ran.failed(2)
    assert "--image" in ran.err
    assert len(service.requests) == before


def test_files_are_printed_one_after_the_other(ask_here, kept):
    ran = ask_here("cat", f"{kept}/index.html", f"ipfs://{kept}/img/logo.svg")
    assert (ran.code, ran.data, ran.err) == (0, b"<h1>kept</h1><svg/>", "")
    ran = ask_here("cat", f"{kept}/nothing", f"{kept}/index.html")
    assert (ran.code, ran.data) == (8, b"<h1>kept</h1>")
    assert ask_here("cat", kept).failed(2)


def test_unverified_is_as_the_gateway_serves_it(here, service, tmp_path):
    service.answer = (200, {"content-type": "text/plain"}, b"something else")
    ran = here("download", HELLO_V1, "x", "--no-verify", env=service.env)
    assert (ran.code, ran.err) == (0, "1 file  14 B  not verified\n")
    assert (tmp_path / "x").read_bytes() == b"something else"
    assert here("cat", HELLO_V1, "--no-verify", env=service.env).data == b"something else"


def test_the_end_of_what_cannot_be_verified_is_asked_for_as_it_is(here, service):
    service.answer = (206, {"content-range": "bytes 9-13/14"}, b" else")
    before = len(service.requests)
    assert here("cat", HELLO_V1, "--no-verify", "--range=-5", env=service.env).data == b" else"
    assert len(service.requests) == before + 1
    service.answer = (200, {}, b"something else")
    ran = here("cat", HELLO_V1, "--no-verify", "--range=-5", env=service.env)
    assert ran.failed(5)
    assert "gives no ranges" in ran.err

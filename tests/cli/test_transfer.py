"""``upload`` and ``download``: what is sent and fetched is exactly what was named."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

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
    a, b = map(processes.json.loads, ran.lines)
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

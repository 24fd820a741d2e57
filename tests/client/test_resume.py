"""Downloads that go on: what was checked and written is not asked for again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import httpx2 as httpx
import pytest

from pinatakit import Pinata, local
from pinatakit.content import CID, PROFILES, build_file
from pinatakit.errors import InputError, PinataError, Unreachable
from pinatakit.server import Cut, Stall
from tests.content.vectors import Blocks, content
from tests.subprocesses import unmeasured

from .fakes import JWT, Gateway, Pieces
from .test_downloads import DATA, FOLDER, file, folder, on_disk, with_folders

MIB = 1 << 20


class Stops(Gateway):
    """Gives no CAR, and only so many blocks."""

    def __init__(self, root, blocks, left):
        super().__init__(root, blocks)
        self.left = left

    def __call__(self, request):
        if request.url.params["format"] == "car":
            return httpx.Response(406, text="no CARs here")
        return super().__call__(request)

    def block(self, cid):
        self.left -= 1
        return super().block(cid) if self.left >= 0 else None


def downloading(over, gateway, root, to, **how):
    async def body(pinata):
        return await Pinata.download(pinata, root, to, resume=True, **how)

    return over(body, gateway.transport, jwt=JWT, attempts=1)


def test_what_is_there_of_a_file_is_not_asked_for_again(over, tmp_path):
    root, blocks = file()
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 10), root, tmp_path / "f")
    assert not (tmp_path / "f").exists()
    gateway = Stops(root, blocks, 99)
    got = downloading(over, gateway, root, tmp_path / "f")
    assert on_disk(tmp_path) == {"f": DATA}
    assert (got.size, got.files) == (len(DATA), 1)
    assert len(gateway.raws) < len(blocks)


def test_what_is_there_of_a_folder_is_not_asked_for_again(over, tmp_path):
    files = {f"{number:02}": b"%d" % number * 500 for number in range(40)} | FOLDER
    root, blocks = folder(files=files, links=[("link", "a.txt")])
    asked = []
    for left in (20, 20, 20, 99):
        gateway = Stops(root, blocks, left)
        if left < 99:
            with pytest.raises(PinataError):
                downloading(over, gateway, root, tmp_path / "d")
        else:
            got = downloading(over, gateway, root, tmp_path / "d")
        asked += gateway.raws
    assert on_disk(tmp_path / "d") == with_folders(files) | {"link": "a.txt"}
    assert (got.size, got.files) == (sum(map(len, files.values())), len(files))
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    # Folders' own blocks come again each time, and those that came beside the one that was missing.
    assert len(asked) < len(blocks) + 4 * 20


def test_a_large_file_of_a_folder_goes_on_where_it_stopped(over, tmp_path):
    large = b"".join(content("large", 60_000))
    root, blocks = folder(files={"a": b"A", "large": large, "z": b"Z"})
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 45), root, tmp_path / "d")
    gateway = Stops(root, blocks, 99)
    downloading(over, gateway, root, tmp_path / "d")
    assert on_disk(tmp_path / "d") == {"a": b"A", "large": large, "z": b"Z"}
    assert len(gateway.raws) < len(blocks) - 15


@pytest.mark.filterwarnings(  # httpx2, when an answer is left early under Trio
    "ignore:Exception ignored in. <async_generator object PoolByteStream:pytest.PytestUnraisableExceptionWarning"
)
def test_the_rest_of_a_file_comes_as_a_range_where_the_gateway_gives_ranges(play, tmp_path):
    data = b"".join(content("ranges", 5 * MIB))

    class Enough(Exception):
        pass

    def enough(size, _):
        if size > 3 * MIB:
            raise Enough

    async def body(pinata):
        upload = await Pinata.upload(pinata, data)
        with pytest.raises(Enough):
            await Pinata.download(pinata, upload.cid, tmp_path / "f", resume=True, progress=enough)
        told = []
        await Pinata.download(
            pinata, upload.cid, tmp_path / "f", resume=True, progress=lambda *now: told.append(now)
        )
        assert told[0][0] > 3 * MIB

    play(body)
    assert on_disk(tmp_path) == {"f": data}


def test_without_resume_nothing_is_left_and_nothing_is_taken_up(over, tmp_path):
    root, blocks = file()
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 10), root, tmp_path / "f")
    kept = sorted(on_disk(tmp_path))
    assert len(kept) == 2

    async def body(pinata):
        return await Pinata.download(pinata, root, tmp_path / "f")

    gateway = Gateway(root, blocks)
    over(body, gateway.transport, jwt=JWT)
    assert sorted(on_disk(tmp_path)) == sorted([*kept, "f"])


def test_what_is_kept_of_other_content_is_not_taken_up(over, tmp_path):
    root, blocks = file()
    other, others = file(DATA[::-1])
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 10), root, tmp_path / "f")
    downloading(over, Stops(other, others, 99), other, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA[::-1]


def test_what_was_not_noted_is_fetched_anew(over, tmp_path):
    root, blocks = folder()
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 8), root, tmp_path / "d")
    (aside,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (aside / "a.txt").write_bytes(b"")  # shorter than was noted
    (aside / "not noted").write_bytes(b"left by a crash")
    (aside / "sub-link").symlink_to("/etc")
    downloading(over, Stops(root, blocks, 99), root, tmp_path / "d")
    assert on_disk(tmp_path / "d") == with_folders(FOLDER)


def test_a_journal_that_ends_in_half_a_line_is_read_so_far(over, tmp_path):
    root, blocks = file()
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 10), root, tmp_path / "f")
    (journal,) = tmp_path.glob(".*.journal")
    with journal.open("a") as lines:
        lines.write('["", "ba')
    gateway = Stops(root, blocks, 99)
    downloading(over, gateway, root, tmp_path / "f")
    assert on_disk(tmp_path) == {"f": DATA}
    assert len(gateway.raws) < len(blocks)


@pytest.mark.skipif(os.name != "posix", reason="symlinks of another hand")
def test_a_symlink_in_the_place_of_what_is_kept_is_not_written_through(over, tmp_path):
    root, blocks = file()
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 10), root, tmp_path / "f")
    (aside,) = tmp_path.glob(".*.part")
    aside.unlink()
    (tmp_path / "victim").write_bytes(b"x" * len(DATA))
    aside.symlink_to("victim")
    downloading(over, Stops(root, blocks, 99), root, tmp_path / "f")
    assert on_disk(tmp_path) == {"f": DATA, "victim": b"x" * len(DATA)}


@pytest.mark.skipif(os.name != "posix", reason="flock")
def test_two_downloads_do_not_write_to_one_place_at_once(over, tmp_path):
    root, blocks = file()

    async def body(pinata):
        def meanwhile(*_):
            other = Gateway(root, blocks).transport
            refused = pytest.raises(InputError, match="another download is writing")
            with Pinata(JWT, transport=other) as second, refused:
                second.download(root, tmp_path / "f", resume=True)

        await Pinata.download(pinata, root, tmp_path / "f", resume=True, progress=meanwhile)

    over(body, Gateway(root, blocks).transport, jwt=JWT)
    assert on_disk(tmp_path) == {"f": DATA}


PROGRAM = """
import sys
from pinatakit import Pinata, local
with Pinata("a.b.c", gateway_url=sys.argv[1]) as pinata:
    pinata.download(sys.argv[2], sys.argv[3], resume=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_download_that_was_killed_goes_on_in_a_new_process(server, tmp_path):
    data = b"".join(content("killed", 40 * MIB))
    with Pinata(server.admin.jwt, endpoint_url=server.url) as pinata:
        cid = pinata.upload(data).cid
    command = [sys.executable, "-c", PROGRAM, server.url, str(cid), str(tmp_path / "f")]
    kills = 0
    while not (tmp_path / "f").exists():
        with subprocess.Popen(command, env=unmeasured()) as process:
            noted = [path.read_bytes() for path in tmp_path.glob(".*.journal")]
            until = time.monotonic() + 30
            while process.poll() is None and kills < 2 and time.monotonic() < until:
                if [path.read_bytes() for path in tmp_path.glob(".*.journal")] not in ([], noted, [b""]):
                    process.send_signal(signal.SIGKILL)
                    kills += 1
                    break
                time.sleep(0.002)
    assert on_disk(tmp_path) == {"f": data}


# As the gateway serves it


class Serves:
    """Serves bytes with ranges, and is cut after some of them, a few times."""

    def __init__(self, data, cuts=(), etag='"v1"', ranges=True):
        self.data, self.cuts, self.etag, self.ranges = data, list(cuts), etag, ranges
        self.asked = []
        self.transport = httpx.MockTransport(self)

    def __call__(self, request):
        wanted = request.headers.get("range")
        self.asked.append(wanted)
        start, status, headers = 0, 200, {"etag": self.etag} if self.etag else {}
        if wanted and self.ranges and request.headers.get("if-range", self.etag) == self.etag:
            start, status = int(wanted.removeprefix("bytes=").partition("-")[0]), 206
            headers["content-range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        body = [self.data[start:]]
        if self.cuts:
            body = [self.data[start : start + self.cuts.pop(0)], httpx.ReadError("cut")]
        headers["content-length"] = str(len(self.data) - start)
        return httpx.Response(status, headers=headers, stream=Pieces(*body))


def fetching(over, service, to, **how):
    async def body(pinata):
        return await Pinata.download(pinata, CID.of(b"x"), to, verify=False, **how)

    return over(body, service.transport, jwt=JWT, **{"attempts": 1} | how.pop("settings", {}))


def test_an_unverified_download_that_is_cut_goes_on_at_the_byte(over, tmp_path):
    service = Serves(DATA, cuts=[1000, 2000, 3000])
    got = fetching(over, service, tmp_path / "f")
    assert on_disk(tmp_path) == {"f": DATA}
    assert (got.size, got.files) == (len(DATA), 1)
    assert service.asked == [None, "bytes=1000-", "bytes=3000-", "bytes=6000-"]


def test_a_gateway_without_ranges_sends_all_of_it_again(over, tmp_path):
    service = Serves(DATA, cuts=[1000, 5000], ranges=False)
    fetching(over, service, tmp_path / "f")
    assert on_disk(tmp_path) == {"f": DATA}


@pytest.mark.parametrize("etag", [None, 'W/"v1"', '"v2"'])
def test_content_that_may_have_changed_is_not_patched_together(over, tmp_path, etag):
    service = Serves(DATA, cuts=[1000])

    def answer(request):
        if service.asked:
            service.etag, service.data = etag, DATA[::-1]
        return service(request)

    changing = Serves(DATA)
    changing.transport = httpx.MockTransport(answer)
    with pytest.raises(Unreachable, match="served otherwise"):
        fetching(over, changing, tmp_path / "f")
    assert on_disk(tmp_path) == {}


def test_an_unverified_download_is_taken_up_by_its_etag(over, tmp_path):
    service = Serves(DATA, cuts=[4000, 0])
    with pytest.raises(Unreachable, match="cut"):
        fetching(over, service, tmp_path / "f", resume=True)
    assert not (tmp_path / "f").exists()
    again = Serves(DATA)
    fetching(over, again, tmp_path / "f", resume=True)
    assert again.asked == ["bytes=3999-"]  # so that there is something to answer with
    assert on_disk(tmp_path) == {"f": DATA}


def test_an_unverified_download_that_had_come_whole_is_taken_up_too(over, tmp_path):
    def progress(now, total):
        if now == total:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fetching(over, Serves(DATA), tmp_path / "f", resume=True, progress=progress)
    assert not (tmp_path / "f").exists()
    again = Serves(DATA)
    fetching(over, again, tmp_path / "f", resume=True)
    assert again.asked == [f"bytes={len(DATA) - 1}-"]  # of none, there would be no range
    assert on_disk(tmp_path) == {"f": DATA}


def test_an_unverified_download_of_what_changed_begins_anew(over, tmp_path):
    with pytest.raises(Unreachable):
        fetching(over, Serves(DATA, cuts=[4000, 0]), tmp_path / "f", resume=True)
    fetching(over, Serves(DATA[::-1], etag='"v2"'), tmp_path / "f", resume=True)
    assert on_disk(tmp_path) == {"f": DATA[::-1]}


def test_a_folder_cannot_be_fetched_unverified(play, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_bytes(b"<p>home")

    async def body(pinata):
        upload = await Pinata.upload(pinata, tmp_path / "site")
        with pytest.raises(InputError, match="is a folder"):
            await Pinata.download(pinata, upload.cid, tmp_path / "x", verify=False)
        got = await Pinata.download(pinata, upload.cid, tmp_path / "x", path="index.html", verify=False)
        assert got.path == tmp_path / "x"
        assert await Pinata.read_bytes(pinata, upload.cid, path="index.html", verify=False) == b"<p>home"

    play(body)
    assert (tmp_path / "x").read_bytes() == b"<p>home"


def test_an_unverified_range_is_read(play):
    data = b"".join(content("plain", 600_000))

    async def body(pinata):
        upload = await Pinata.upload(pinata, data)
        for start, stop in ((0, 1), (5, 5), (262_143, 262_145), (599_999, None)):
            got = await Pinata.read_bytes(pinata, upload.cid, start=start, stop=stop, verify=False)
            assert got == data[start:stop]

    play(body)


def test_a_file_of_leaves_with_links_is_kept_too(over, tmp_path):
    data = b"".join(content("v0", 3 * MIB))
    blocks = Blocks()
    root = build_file([data], PROFILES["v0"], blocks.take).cid
    with pytest.raises(PinataError):
        downloading(over, Stops(root, blocks, 10), root, tmp_path / "f")
    gateway = Stops(root, blocks, 99)
    downloading(over, gateway, root, tmp_path / "f")
    assert on_disk(tmp_path) == {"f": data}
    assert len(gateway.raws) < len(blocks)


@pytest.fixture(scope="module")
def large():
    """Something larger than what the HTTP library is asked to pass on, and a way to it that can fail."""
    data = os.urandom(1 << 20) * 40
    with local(faults=True) as pinata:
        yield pinata, pinata.upload(data, name="large", resumable=False).cid, data


# httpx2 leaves its innermost generator to the garbage collector, of which Trio warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "cuts",
    [
        (),
        (Cut(answer=1 << 20),),
        (Cut(answer=36 << 20), Cut(answer=100, reset=False)),
        (Stall(answer=36 << 20),),
    ],
)
def test_a_large_body_is_read_from_the_connection_itself(over, large, tmp_path, cuts):
    pinata, cid, data = large

    async def body(client):
        met = len(pinata.faults.met)
        pinata.faults.add(*cuts)
        got = await Pinata.download(client, cid, tmp_path / "f", verify=False)
        assert got.size == len(data)
        assert tuple(fault for fault, _ in pinata.faults.met[met:]) == cuts
        await Pinata.download(client, cid, tmp_path / "again", verify=False)

    over(body, jwt=pinata.jwt, endpoint_url=pinata.url, gateway_url=pinata.url, timeout=1)
    assert (tmp_path / "f").read_bytes() == data == (tmp_path / "again").read_bytes()


def test_what_a_transport_makes_of_a_large_body_is_what_is_read(large):
    pinata, cid, data = large

    class Turned(httpx.HTTPTransport):
        """Turns each byte's bits."""

        def handle_request(self, request):
            answer = super().handle_request(request)
            turned = (piece.translate(bytes(range(255, -1, -1))) for piece in answer.stream)
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=turned, extensions=answer.extensions
            )

    with Pinata(pinata.jwt, gateway_url=pinata.url, transport=Turned(verify=False)) as client:
        got = client.read_bytes(cid, verify=False)
    assert got == data.translate(bytes(range(255, -1, -1)))

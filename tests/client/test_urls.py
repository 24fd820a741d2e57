"""Content at a URL: passed on as it comes, stored nowhere, and never half of it. The host is a real one."""

from __future__ import annotations

import gzip
import os
import tempfile
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from pinatakit import Pinata, cid_of
from pinatakit.client._wire import Awaiting, Blocking
from pinatakit.client.account import Account
from pinatakit.client.files import Files
from pinatakit.errors import InputError, SettingsError, Unreachable
from pinatakit.protocol import Answer
from pinatakit.protocol.urls import fetch, redirected, served
from pinatakit.settings import Settings
from tests.serving import QuietServer

from .proxies import Proxy

MIB = 1 << 20
DATA = os.urandom(3 * MIB + 5)


class Host:
    """A host of some content, which misbehaves as `faults` say, one for each request.

    A number of three digits is a status, a larger one the bytes after which the body is cut;
    anything else changes the host before it answers.
    """

    def __init__(self):
        self.data = DATA
        self.headers = {"etag": '"one"', "content-type": "image/png; charset=x"}
        self.redirects = {}
        self.ranges = True
        self.framing = "length"
        self.faults = []
        self.asked = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                host.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                host.answer(self)

            def log_message(self, *args):
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, to):
        fault = self.faults.pop(0) if self.faults else None
        if callable(fault):
            fault = fault(self)
        body, status, headers = self.data, 200, dict(self.headers)
        if fault and fault < 1000:
            status, body = fault, b"no"
        elif to.path in self.redirects:
            status, headers["location"], body = 302, self.redirects[to.path], b"over there"
        elif (
            self.ranges
            and "Range" in to.headers
            and to.headers.get("If-Range") in (None, headers.get("etag"), headers.get("last-modified"))
        ):
            start = int(to.headers["Range"].removeprefix("bytes=").rstrip("-"))
            headers["content-range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            status, body = 206, body[start:]
        cut = fault if fault and fault >= 1000 else len(body)
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        if self.framing == "chunked":
            to.send_header("transfer-encoding", "chunked")
        elif self.framing == "length":
            to.send_header("content-length", str(len(body)))
        to.end_headers()
        try:
            if self.framing == "chunked":
                for at in range(0, min(cut, len(body)), 50_000):
                    piece = body[at : min(cut, at + 50_000)]
                    to.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                if cut >= len(body):
                    to.wfile.write(b"0\r\n\r\n")
            else:
                to.wfile.write(body[:cut])
        except ConnectionError:
            pass  # nobody reads it any more
        if cut < len(body) or self.framing == "close":
            to.close_connection = True


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr("pinatakit.client._retry.pause", lambda attempt: 0.0)
    monkeypatch.setattr("pinatakit.client._wire.pause", lambda attempt: 0.0)


@pytest.fixture
def no_files(monkeypatch):
    def refused(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)


def later(host):
    """The content changes."""
    host.data = os.urandom(len(host.data))
    host.headers["etag"] = '"two"'
    host.headers.pop("last-modified", None)


async def nothing_is_pinned(pinata):
    return (await Account.usage(pinata.account)).pin_count == 0


# What goes


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 3 * MIB + 5])
def test_what_is_at_a_url_goes_as_it_comes(play, host, no_files, framing, size):
    host.data, host.framing = DATA[:size], framing

    async def body(pinata):
        upload = await Pinata.upload(pinata, f"{host.url}/a/picture%20one.png?size=2#top")
        assert (upload.cid, upload.name, upload.size) == (cid_of(DATA[:size]), "picture one.png", size)
        assert b"".join([piece async for piece in Pinata.read(pinata, upload.cid)]) == DATA[:size]

    play(body)
    assert [path for path, _ in host.asked] == ["/a/picture%20one.png?size=2"]


@pytest.mark.filterwarnings(  # httpx2, when an answer is left early under Trio
    "ignore:Exception ignored in. <async_generator object PoolByteStream:pytest.PytestUnraisableExceptionWarning"
)
def test_a_url_goes_in_chunks_without_a_copy(play, host, server, no_files):
    async def body(pinata):
        upload = await Pinata.upload(
            pinata, f"{host.url}/x", resumable=True, chunk_size=MIB, network="private"
        )
        assert (upload.cid, upload.size, upload.network) == (cid_of(DATA), len(DATA), "private")

    play(body)
    assert len(host.asked) == 1
    host.asked.clear()
    with Proxy(server.url, cuts=[MIB + MIB // 2]) as proxy:  # what was cut is asked of the host again
        play(body, endpoint_url=proxy.url)
        assert proxy.left == 0
    assert "range" not in host.asked[0][1]
    assert host.asked[1][1]["if-range"] == '"one"'


@pytest.mark.parametrize("options", [{"network": "private"}, {"skip_existing": True}])
def test_what_must_be_known_beforehand_goes_through_a_temporary_file(play, host, options):
    host.framing = "chunked"

    async def body(pinata):
        assert (await Pinata.upload(pinata, host.url, **options)).cid == cid_of(DATA)

    play(body)


def test_a_credential_goes_to_no_other_host(play, host):
    async def body(pinata):
        await Pinata.upload(pinata, host.url.replace("http://", "HTTP://me:pass%20word@") + "/x")
        await Pinata.upload(pinata, f"{host.url}/y")
        return pinata.settings.credential.headers()

    names = {name.lower() for name in play(body)} | {"cookie"}
    host.headers["set-cookie"] = "a=b"
    assert names == {"authorization", "cookie"}
    (_, given), (_, plain) = host.asked
    assert given["authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    assert not names & set(plain)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        # RFC 6266, section 5, and what hosts write in fact.
        ("Attachment; filename=example.html", "example.html"),
        ('attachment; filename="an example.html"', "an example.html"),
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates", "\u20ac rates"),
        ("attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates", "\u20ac rates"),
        ("attachment; filename*=ISO-8859-1''caf%e9", "caf\u00e9"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\Users\\\\me\\\\x.txt"', "x.txt"),
        ("inline", "path.bin"),
        ('attachment; filename=""', "path.bin"),
    ],
)
def test_the_host_names_its_content(disposition, name):
    answer = Answer(200, {"content-length": "1", "content-disposition": disposition}, b"", "")
    assert served("https://x.test/some/path.bin?x=/y", answer).name == name


def test_content_without_a_name_is_called_as_its_host():
    assert served("https://x.test/", Answer(200, {"content-length": "1"}, b"", "")).name == "x.test"


def test_what_the_host_compresses_is_unpacked(play, host):
    host.data = gzip.compress(b"hello" * 1000)
    host.headers["content-encoding"] = "gzip"

    async def body(pinata):
        assert (await Pinata.upload(pinata, host.url)).cid == cid_of(b"hello" * 1000)

    play(body)


# Redirections


def test_a_url_is_followed_to_where_it_leads(play, host):
    host.redirects = {"/short": "next?a=b", "/next?a=b": f"{host.url}/deep/name.png"}

    async def body(pinata):
        upload = await Pinata.upload(pinata, f"{host.url}/short")
        assert (upload.cid, upload.name) == (cid_of(DATA), "name.png")

    play(body)
    assert [path for path, _ in host.asked] == ["/short", "/next?a=b", "/deep/name.png"]


def test_a_password_goes_not_where_the_host_leads(play, host):
    other = Host()
    host.redirects = {"/x": f"{other.url}/y"}

    async def body(pinata):
        await Pinata.upload(pinata, host.url.replace("//", "//me:word@") + "/x")

    try:
        play(body)
    finally:
        other.close()
    assert "authorization" in host.asked[0][1]
    assert "authorization" not in other.asked[0][1]


def test_a_url_that_leads_in_a_circle_is_told(play, host):
    host.redirects = {"/a": "/b", "/b": "/a"}

    async def body(pinata):
        with pytest.raises(InputError, match="leads on and on"):
            await Pinata.upload(pinata, f"{host.url}/a")

    play(body)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("http://x.test/", "not encrypted"),
        ("file:///etc/passwd", "leads to no address"),
        ("", "leads to no address"),
    ],
)
def test_a_url_does_not_lead_to_what_is_less_safe(to, said):
    with pytest.raises(InputError, match=said):
        redirected("https://x.test/a", Answer(302, {"location": to}, b"", ""))


# Faults


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("version", [{"etag": '"one"'}, {"last-modified": "Mon, 01 Jan 2024 00:00:00 GMT"}])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_cut_is_gone_on_with(play, host, no_files, ranges, version, framing):
    host.headers, host.ranges, host.framing = dict(version), ranges, framing
    host.faults = [MIB, 1_300_000, 2_000_000] if ranges else [MIB, 1_300_000]

    async def body(pinata):
        assert (await Pinata.upload(pinata, f"{host.url}/x")).cid == cid_of(DATA)

    play(body)
    assert host.faults == []
    assert all("range" in headers for _, headers in host.asked[1:])


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("resumable", [None, True])
def test_a_cut_of_what_may_change_ends_the_upload_and_nothing_is_kept(play, host, framing, resumable):
    host.headers, host.framing = {"etag": 'W/"one"'}, framing
    host.faults = [2 * MIB]

    async def body(pinata):
        with pytest.raises(InputError, match=r"was cut after [\d,]+ bytes, and its host does not say"):
            await Pinata.upload(pinata, f"{host.url}/x", resumable=resumable)
        assert await nothing_is_pinned(pinata)

    play(body)


def test_content_that_changed_meanwhile_ends_the_upload(play, host):
    async def body(pinata):
        for fault in (later, lambda host: host.headers.pop("etag") and None):
            host.data, host.headers = DATA, {"etag": '"one"'}
            host.faults = [MIB, fault]
            with pytest.raises(InputError, match="changed while it was read"):
                await Pinata.upload(pinata, f"{host.url}/x")
        assert await nothing_is_pinned(pinata)

    play(body)


def test_a_host_that_cuts_each_time_is_given_up(play, host):
    host.faults = [1000] + [500] * 50

    async def body(pinata):
        with pytest.raises(InputError, match="answered 500"):
            await Pinata.upload(pinata, f"{host.url}/x")
        assert await nothing_is_pinned(pinata)

    play(body)
    assert len(host.asked) < 10


def test_a_host_that_is_busy_is_asked_again(play, host):
    host.faults = [503, 429]

    async def body(pinata):
        assert (await Pinata.upload(pinata, f"{host.url}/x")).cid == cid_of(DATA)

    play(body)


def test_a_host_that_names_the_time_is_asked_again_then(play, host, monkeypatch):
    slept = []

    async def sleep(wire, seconds):
        slept.append(seconds)

    monkeypatch.setattr(Blocking, "sleep", sleep)
    monkeypatch.setattr(Awaiting, "sleep", sleep)
    host.headers["retry-after"] = "7"
    host.faults = [503]

    async def body(pinata):
        assert (await Pinata.upload(pinata, f"{host.url}/x")).cid == cid_of(DATA)

    play(body)
    assert slept == [7.0]


def test_a_host_that_names_too_long_a_time_is_not_awaited(play, host):
    host.headers["retry-after"] = "3600"
    host.faults = [503]

    async def body(pinata):
        with pytest.raises(InputError, match="answered 503"):
            await Pinata.upload(pinata, f"{host.url}/x")

    play(body)
    assert len(host.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_is_not_there_is_told_before_anything_is_sent(play, host, status):
    host.faults = [status]

    async def body(pinata):
        with pytest.raises(InputError, match=f"/secret answered {status}") as caught:
            await Pinata.upload(pinata, f"{host.url}/secret?token=abc")
        assert "abc" not in str(caught.value)

    play(body)
    assert len(host.asked) == 1


def test_an_answer_without_an_end_is_refused(play, host):
    host.framing = "close"

    async def body(pinata):
        with pytest.raises(InputError, match="does not say where its content ends"):
            await Pinata.upload(pinata, host.url)

    play(body)


def test_a_host_that_does_not_answer_is_told(play, host):
    async def body(pinata):
        with pytest.raises(Unreachable, match="no answer from http://127.0.0.1:9"):
            await Pinata.upload(pinata, "http://me:word@127.0.0.1:9/x")

    play(body)


@pytest.mark.filterwarnings(  # httpx2, when an answer is left early under Trio
    "ignore:Exception ignored in. <async_generator object PoolByteStream:pytest.PytestUnraisableExceptionWarning"
)
def test_an_upload_that_is_cut_asks_the_host_once_more(play, host, server):
    async def body(pinata):
        assert (await Pinata.upload(pinata, f"{host.url}/x")).cid == cid_of(DATA)
        assert len([file async for file in Files.list(pinata.files)]) == 1

    with Proxy(server.url, cuts=[MIB]) as proxy:
        play(body, endpoint_url=proxy.url)
        assert proxy.left == 0
    assert len(host.asked) == 2


# What is no URL


@pytest.mark.parametrize("source", ["file:///etc/passwd", "ftp://x.test/a", "ipfs://bafy"])
def test_other_addresses_are_refused(play, source):
    async def body(pinata):
        with pytest.raises(InputError, match="is an address, and no path"):
            await Pinata.upload(pinata, source)

    play(body)


def test_a_folder_of_a_name_like_an_address_goes_as_a_path(play, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "http:/x.test").mkdir(parents=True)
    (tmp_path / "http:/x.test/a").write_bytes(b"hello")

    async def body(pinata):
        upload = await Pinata.upload(pinata, "./http://x.test/a")
        assert (upload.cid, upload.name) == (cid_of(b"hello"), "a")

    play(body)


@pytest.mark.parametrize("url", ["http://", "https:///path", "http://x.test:port/"])
def test_an_address_without_a_host_is_refused(url):
    with pytest.raises(InputError, match="names no host"):
        fetch(url)


def test_nothing_is_asked_offline(over):
    async def body(pinata):
        with pytest.raises(SettingsError, match="stay offline"):
            await Pinata.upload(pinata, "http://x.test/")

    over(body, settings=Settings(offline=True))

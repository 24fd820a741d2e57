"""The access log: each request as JSON, and nothing in it that opens anything."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
from contextlib import contextmanager

import httpx2
import pytest

from pinatakit.server import Server
from pinatakit.server.access import Exchange, JsonLines, masked
from pinatakit.server.connection import ZERO_COPY

from .conftest import bearer, client, pin, send, until, upload
from .test_connection import connect, head


@contextmanager
def logged():
    """The lines that are written meanwhile, decoded."""
    lines: list[dict] = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(json.loads(self.format(record)))

    logger, keep = logging.getLogger("pinatakit.access"), Keep()
    keep.setFormatter(JsonLines())
    before = logger.level
    logger.addHandler(keep)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(keep)
        logger.setLevel(before)


def line_of(lines: list[dict], answer: httpx2.Response) -> dict:
    return until(lambda: next((line for line in lines if line["id"] == answer.headers["x-request-id"]), None))


def test_a_line_tells_who_asked_what_and_what_came_of_it(server, api):
    with logged() as lines:
        answer = send(api, "/v3/files", ("a.txt", b"x" * 1000), network="public")
        line = line_of(lines, answer)
    assert set(line) == {
        *("time", "id", "client", "key", "method", "host", "path", "query"),
        *("status", "received", "sent", "ms", "agent"),
    }
    assert (line["method"], line["path"], line["query"], line["status"]) == ("POST", "/v3/files", "", 200)
    assert (line["client"], line["host"]) == ("127.0.0.1", server.url.removeprefix("http://"))
    assert line["received"] == int(answer.request.headers["content-length"])
    assert line["sent"] == len(answer.content)
    assert 0 < line["ms"] < 30_000
    assert line["agent"].startswith("python-httpx")
    (key,) = api.get("/v3/api_keys").json()["keys"]
    assert line["key"] == key["id"]
    assert line["time"].endswith("Z")


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/v3/files/public", 401), ("/ipfs/nonsense", 400)]
)
def test_refusals_have_lines_and_no_key(stranger, path, status):
    with logged() as lines:
        line = line_of(lines, stranger.get(path))
    assert (line["path"], line["status"], line["key"]) == (path, status, None)


def test_no_secret_is_in_any_line(server, api, stranger):
    """JWTs, key pairs, and what is signed: links to private files, presigned URLs, gateways' tokens."""
    with logged() as lines:
        private = upload(api, b"private", network="private")
        about = {
            "url": f"{server.url}/files/{private['cid']}",
            "date": 1,
            "expires": 1 << 31,
            "method": "GET",
        }
        link = api.post("/v3/files/private/download_link", json=about).json()["data"]
        assert httpx2.get(link).content == b"private"
        about = {"date": 1, "expires": 1 << 31}
        presigned = api.post("/v3/files/sign", json=about).json()["data"]
        stranger.post(presigned)
        stranger.get("/ipfs/x?pinataGatewayToken=hush-hush")
        stranger.get(f"/data/testAuthentication?jwt={server.admin.jwt}")
        stranger.get(f"/v3/api_keys/{server.admin.jwt}")
        stranger.get(f"/{server.admin.api_secret}", headers={"user-agent": server.admin.jwt})
        until(lambda: any(line["agent"] == "***" for line in lines))
    written = json.dumps(lines)
    signatures = [httpx2.URL(url).params["X-Signature"] for url in (link, presigned)]
    for secret in (server.admin.jwt, server.admin.api_secret, "hush-hush", *signatures):
        assert secret not in written
    assert "X-Expires=2147483648" in written  # what is no secret is told


def test_a_path_cannot_forge_a_line(server, api, caplog):
    caplog.set_level(logging.INFO, "pinatakit.access")
    with logged() as lines:
        answer = api.get("/nothing%0a127.0.0.1%20GET%20/forged%1b[31m")
        line_of(lines, answer)
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert all("\x1b" not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ""),
        ("name=a&limit=3", "name=a&limit=3"),
        ("X-Signature=abc&X-Date=1", "X-Signature=***&X-Date=1"),
        ("pinataGatewayToken=abc", "pinataGatewayToken=***"),
        ("%73ignature=abc", "%73ignature=***"),
        ("q=eyJh.bcd.efg", "q=***"),
        ("q=" + "0a" * 32, "q=***"),
        ("eyJh.bcd.efg", "***"),
        ("eyJh.bcd.efg=1", "***=***"),
        ("flag&token", "flag&token"),
    ],
)
def test_secrets_of_queries_are_stars(query, shown):
    assert masked(query) == shown


def test_a_request_that_is_cut_has_a_line(server):
    with logged() as lines, client(server) as api:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /pinning/pinJSONToIPFS HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100\r\n\r\n{{"
            connection.sendall(head.encode())
        api.get("/data/testAuthentication")
        cut = until(lambda: next((line for line in lines if line["path"] == "/pinning/pinJSONToIPFS"), None))
    assert cut["received"] == 1


def test_of_an_answer_that_is_cut_what_went_is_counted(server, api):
    data = random.Random("cut").randbytes(60_000_000)
    with logged() as lines:
        with connect(server) as connection:
            connection.sendall(head(server, method="GET", path=f"/ipfs/{upload(api, data)['cid']}"))
            got = 0
            while got < 1_000_000:
                got += len(connection.recv(1 << 16))
        line = until(lambda: next((line for line in lines if line["path"].startswith("/ipfs/")), None))
    assert 1_000_000 - 10_000 < line["sent"] < len(data) - 10_000_000  # the rest of what went is in buffers


def test_of_a_file_that_is_sent_by_the_kernel_only_what_it_took_is_counted():
    ended = []

    async def send(message):
        if message["type"] == ZERO_COPY:
            message["sent"](5000)  # and then the connection is cut

    async def main():
        exchange = Exchange({"path": "/ipfs/a", "method": "GET", "headers": []}, send, send)
        exchange.at_end(lambda: ended.append(exchange.sent))
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000000")]}
        await exchange.send(head)
        await exchange.send({"type": ZERO_COPY, "offset": 0, "count": 1_000_000, "more_body": True})
        assert ended == []
        exchange.end()

    asyncio.run(main())
    assert ended == [5000]


def test_of_an_answer_that_is_whole_all_is_counted_before_its_last_byte_is_read(server, api):
    data = random.Random("whole").randbytes(20_000_000)
    cid = upload(api, data)["cid"]
    for _ in range(5):
        with logged() as lines:
            answer = api.get(f"/ipfs/{cid}")
            assert [line["sent"] for line in lines] == [len(answer.content)] == [len(data)]


def test_an_answer_that_fails_before_its_first_byte_is_an_error_everywhere(tmp_path, caplog):
    with Server(tmp_path) as server, client(server) as api:
        file = upload(api, random.Random(3).randbytes(3_000_000))
        (car,) = (tmp_path / "cars").glob("*.car")
        damaged = bytearray(car.read_bytes())
        damaged[2_700_000] ^= 1
        car.write_bytes(damaged)
        caplog.set_level(logging.INFO, "pinatakit.access")
        answer = api.get(f"/ipfs/{file['cid']}", headers={"range": "bytes=2690000-2690999"})
        told = [record.exchange for record in caplog.records if record.name == "pinatakit.access"]
        counted = api.get("/-/metrics").text
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [(one["status"], one["id"], one["sent"]) for one in told[:1]] == [
        (500, answer.headers["x-request-id"], len(answer.content))
    ]
    assert 'route="/ipfs/{cid}",status="500"} 1' in counted


def test_nothing_goes_to_who_asks_for_the_head_alone(server, api):
    folder = pin(api, ("box/one.txt", b"1"))["IpfsHash"]
    with logged() as lines:
        assert int(api.head(f"/ipfs/{folder}/").headers["content-length"]) > 1000
        assert [line["sent"] for line in lines] == [0]


def test_the_log_is_quiet_where_nobody_listens(tmp_path):
    with Server(tmp_path) as server:
        assert httpx2.get(server.url, headers=bearer(server.admin.jwt)).status_code == 404

"""Connections: heads have bounds, and who keeps the server waiting loses the connection."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import sys
import threading
import time

import httpx2
import pytest

from pinatakit.server import Server, ingest, metrics
from pinatakit.server.connection import MAX_HEAD, MAX_HEADERS, Connection

from .conftest import FORM, bearer, body, client, send, until, upload

PATH = "/pinning/pinJSONToIPFS"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(Connection, "head", 0.4)
    monkeypatch.setattr(Connection, "silence", 0.8)


def connect(server: Server) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def head(server: Server, *lines: str, method: str = "POST", path: str = PATH) -> bytes:
    own = (
        f"{method} {path} HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {server.admin.jwt}",
        *lines,
    )
    return "\r\n".join([*own, "", ""]).encode()


def trickle(connection: socket.socket, pieces: list[bytes], pause: float) -> None:
    for piece in pieces:
        connection.sendall(piece)
        time.sleep(pause)


def is_closed(connection: socket.socket) -> bool:
    """Whether the server lets go of it, without an answer that says it went well."""
    try:
        data = connection.recv(1 << 16)
    except ConnectionError:
        return True
    return not data or b" 200 " not in data.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "lines", [["x: " + "a" * MAX_HEAD], [f"x{number}: a" for number in range(MAX_HEADERS + 1)]]
)
def test_a_head_that_is_too_large_is_refused(server, lines):
    with connect(server) as connection:
        connection.sendall(head(server, *lines))
        assert connection.recv(1000).startswith(b"HTTP/1.1 431 ")


def test_a_head_that_never_ends_is_refused_before_it_fills_the_memory(server):
    with connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nx: ")
        with pytest.raises(OSError):
            trickle(connection, [b"a" * 65_536] * 1000, 0)


def test_a_long_address_is_refused(server):
    with connect(server) as connection:
        connection.sendall(head(server, method="GET", path="/" + "a" * MAX_HEAD))
        assert connection.recv(1000).startswith(b"HTTP/1.1 431 ")


def test_a_query_of_several_thousand_bytes_is_taken(api):
    assert api.get("/v3/files/public", params={"name": "a" * 8000}).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: localhost\r\n"])
def test_a_head_must_come_in_time(server, impatient, sent):
    with connect(server) as connection:
        connection.sendall(sent)
        assert is_closed(connection)


def test_a_head_that_trickles_is_given_up_too(server, impatient):
    with connect(server) as connection, pytest.raises(OSError):
        trickle(connection, [bytes([byte]) for byte in head(server, *["x: y"] * 500)], 0.02)


def test_a_body_that_stops_is_given_up_and_nothing_is_left(tmp_path, impatient):
    with Server(tmp_path) as server, connect(server) as connection:
        whole = body(("a.bin", b"x" * 3_000_000))
        about = (f"content-length: {len(whole)}", f"content-type: {FORM['content-type']}")
        connection.sendall(head(server, *about, path="/v3/files") + whole[:2_500_000])
        assert is_closed(connection)
        until(lambda: not list((tmp_path / "cars" / "incoming").iterdir()))


def test_a_body_that_trickles_is_given_up(server, impatient):
    with connect(server) as connection:
        connection.sendall(head(server, "content-length: 1000"))
        with pytest.raises(OSError):
            trickle(connection, [b"1"] * 1000, 0.02)


@pytest.mark.parametrize("size", [999, 65_536, 400_009, 3_000_000])
def test_a_body_may_come_in_any_pieces_and_the_next_request_right_behind_it(server, api, size):
    data = random.Random(size).randbytes(2_500_007)
    whole = body(("a.bin", data), network="public")
    about = (f"content-length: {len(whole)}", f"content-type: {FORM['content-type']}")
    sent = head(server, *about, path="/v3/files") + whole
    sent += head(server, "connection: close", method="GET", path="/data/testAuthentication")
    with connect(server) as connection:
        trickle(connection, [sent[at : at + size] for at in range(0, len(sent), size)], 0)
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    first, _, second = answers.partition(b"HTTP/1.1 200 OK\r\n")[2].partition(b"HTTP/1.1 200 OK\r\n")
    assert b"Congratulations" in second
    file = json.loads(first.partition(b"\r\n\r\n")[2])["data"]
    assert api.get(f"/ipfs/{file['cid']}").content == data


def test_many_requests_at_once_are_answered_in_their_order(server, api):
    ids = [upload(api, bytes([i]))["id"] for i in range(5)]
    asked = [ids[i % 5] for i in range(200)]
    sent = b"".join(head(server, method="GET", path=f"/v3/files/public/{id}") for id in asked)
    sent += head(
        server, "connection: close", method="GET", path="/v3/files/public"
    )  # which waits for a thread
    with connect(server) as connection:
        connection.sendall(sent)
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    told = [
        json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]
    ]
    assert [answer["data"].get("id") for answer in told] == [*asked, None]
    assert {*ids} <= {file["id"] for file in told[-1]["data"]["files"]}


def test_who_sends_faster_than_is_answered_waits(server):
    one = head(server, method="GET", path="/data/testAuthentication")
    with connect(server) as connection:
        connection.settimeout(0.2)
        end, sent, waiting = time.monotonic() + 2, 0, 0
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                sent += connection.send(one * 1000)
            waiting = max(
                [waiting, *(len(link.pipeline) for link in [*server._uvicorn.server_state.connections])]
            )
    assert sent > 1 << 18
    assert 0 < waiting <= (1 << 18) // len(one) + 1  # what is read at once


def test_after_the_last_answer_of_a_connection_nothing_more_is_done(server, api):
    """HTTP/1.0 ends a connection after each answer here. RFC 9112, 9.6: no further request is processed."""
    id = upload(api, b"to stay")["id"]
    own = (f"authorization: Bearer {server.admin.jwt}", "connection: keep-alive", "", "")
    lines = (f"{what} HTTP/1.0" for what in ("GET /data/testAuthentication", f"DELETE /v3/files/public/{id}"))
    with connect(server) as connection:
        connection.sendall("".join("\r\n".join([line, "host: localhost", *own]) for line in lines).encode())
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answers.count(b"HTTP/1.1 ") == 1
    time.sleep(0.3)
    assert api.get(f"/v3/files/public/{id}").status_code == 200


def test_who_takes_nothing_for_a_while_gets_each_answer_in_the_end(server):
    """An answer in two messages, head and no body, between which the connection fills."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = server.url.removeprefix("http://").split(":")
        connection.connect((host, int(port)))
        connection.settimeout(20)
        mine = connection.getsockname()
        link = until(
            lambda: next(
                (one for one in server._uvicorn.server_state.connections if one.client == mine), None
            )
        )
        asked = 0

        def ask(method: str, path: str) -> None:
            nonlocal asked
            asked += 1
            connection.sendall(head(server, method=method, path=path))
            until(
                lambda: (
                    link.cycle
                    and link.server_state.total_requests >= before + asked
                    or link.flow.write_paused
                )
            )

        before = server._uvicorn.server_state.total_requests
        while not link.transport.get_write_buffer_size():
            ask("GET", "/v3/nothing/" + "a" * 20_000)
        while not link.flow.write_paused:
            ask("OPTIONS", "/ipfs/a")
        connection.sendall(head(server, "connection: close", method="OPTIONS", path="/ipfs/a"))
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answers.count(b"HTTP/1.1 ") == asked + 1


def test_who_says_no_more_just_before_the_answer_is_no_fault_of_the_servers(server, monkeypatch, caplog):
    def gone(*_):
        for link in server._uvicorn.server_state.connections:
            link.transport.close()  # as asyncio does then

    with monkeypatch.context() as patch, connect(server) as connection:
        patch.setattr(metrics.Metrics, "count", gone)
        connection.sendall(head(server, method="GET", path="/data/testAuthentication"))
        assert connection.recv(1 << 16) == b""
    assert not caplog.records


def test_the_rest_of_a_body_that_was_refused_is_passed_over(server):
    with connect(server) as connection:
        large = b"[" + b"1," * 1_000_000 + b"1]"
        refused = head(server, f"content-length: {len(large)}", path="/v3/files") + large
        connection.sendall(refused + head(server, "connection: close", method="GET", path="/-/ready"))
        answers = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert b"HTTP/1.1 200 OK\r\n" in answers


def test_what_has_come_is_taken_soon_though_it_fills_no_piece(tmp_path):
    with Server(tmp_path) as server, connect(server) as connection:
        whole = body(("..", b"x" * 9_000_000))
        about = (f"content-length: {len(whole)}", f"content-type: {FORM['content-type']}")
        trickle(connection, [head(server, *about, path="/v3/files"), whole[:300]], 0.1)
        assert b"leads out of the upload" in connection.recv(4096)  # who has seen the name does not wait


def test_who_is_slow_but_moves_is_served(server, impatient):
    with connect(server) as connection:
        data = json.dumps("x" * 20_000).encode()
        connection.sendall(head(server, f"content-length: {len(data)}"))
        trickle(connection, [data[start : start + 2000] for start in range(0, len(data), 2000)], 0.25)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_who_does_not_take_the_answer_loses_it(server, api, impatient):
    file = upload(api, bytes(30_000_000))
    with connect(server) as connection:
        connection.sendall(head(server, method="GET", path=f"/ipfs/{file['cid']}"))
        time.sleep(3)
        got = 0
        try:
            while piece := connection.recv(1 << 20):
                got += len(piece)
        except ConnectionError:
            pass
        assert got < 30_000_000


def test_who_takes_an_answer_slowly_gets_all_of_it_and_the_next(server, api):
    data = random.Random(1).randbytes(12_000_000)
    asked = [
        head(server, *lines, method="GET", path=path)
        for path, *lines in (
            (f"/ipfs/{upload(api, data)['cid']}",),
            ("/-/ready", "connection: close"),
        )
    ]
    with connect(server) as connection:
        connection.sendall(b"".join(asked))
        got = bytearray()
        while piece := connection.recv(300_000):
            got += piece
            time.sleep(0.002)
    assert data in got
    assert got.count(b"HTTP/1.1 200 OK\r\n") == 2


def test_who_is_gone_before_the_answer_is_no_fault_of_the_servers(server, api, monkeypatch, caplog):
    def gone(*_):
        raise BrokenPipeError

    cid = upload(api, random.Random(2).randbytes(3_000_000))["cid"]
    with monkeypatch.context() as patch, connect(server) as connection:
        patch.setattr("os.sendfile", gone)
        connection.sendall(head(server, method="GET", path=f"/ipfs/{cid}"))
        assert b"".join(iter(lambda: connection.recv(1 << 16), b"")).endswith(b"\r\n\r\n")
    assert not caplog.records


def test_who_is_gone_in_the_middle_of_a_car_is_written_to_no_more(server, api, caplog):
    cid = upload(api, bytes(200_000_000))["cid"]  # one block, again and again
    for _ in range(5):
        with connect(server) as connection:
            connection.sendall(head(server, method="GET", path=f"/ipfs/{cid}?format=car&car-dups=y"))
            assert connection.recv(1 << 16)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        assert api.get("/data/testAuthentication").status_code == 200
    assert not caplog.records


def test_between_requests_a_connection_may_rest(server, impatient):
    with client(server) as api:
        stream = {api.get("/data/testAuthentication").extensions["network_stream"]}
        time.sleep(1.5)
        answer = api.get("/data/testAuthentication")
        stream.add(answer.extensions["network_stream"])
    assert answer.status_code == 200
    assert len(stream) == 1


def test_a_connection_that_rests_too_long_is_closed_and_one_that_is_used_is_not(monkeypatch):
    with Server() as server:
        monkeypatch.setattr(server._uvicorn.config, "timeout_keep_alive", 2)
        with connect(server) as connection:
            for _ in range(4):
                connection.sendall(head(server, method="GET", path="/data/testAuthentication"))
                assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
                time.sleep(0.7)
            assert connection.recv(1 << 16) == b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many segments came")
@pytest.mark.parametrize(
    ("path", "status"),
    [("/data/testAuthentication", b"200"), ("/nothing", b"404"), ("/v3/files/public", b"200")],
)
def test_a_small_answer_comes_in_one_piece(server, path, status):
    """A client is woken once. Linux, `struct tcp_info`: `tcpi_data_segs_in` is at 152."""
    with connect(server) as connection:
        for asked in (1, 2):
            connection.sendall(head(server, method="GET", path=path))
            answer = b""
            while not (whole := answer.partition(b"\r\n\r\n"))[2]:
                answer += connection.recv(1 << 16)
            assert answer.startswith(b"HTTP/1.1 " + status)
            assert b"content-length: %d\r" % len(whole[2]) in whole[0] + b"\r"
            told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
            assert int.from_bytes(told[152:156], sys.byteorder) == asked


def test_an_answer_to_head_is_its_head(server):
    with connect(server) as connection:
        connection.sendall(head(server, "connection: close", method="HEAD", path="/data/testAuthentication"))
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: " in answer


def test_the_servers_own_slowness_is_not_the_clients(server, api, impatient, monkeypatch):
    kept = ingest.Ingest.keep

    def slowly(*args, **kwargs):
        time.sleep(2)
        return kept(*args, **kwargs)

    monkeypatch.setattr(ingest.Ingest, "keep", slowly)
    assert send(api, "/v3/files", ("a", b"slow to keep"), network="public").status_code == 200


def test_the_names_of_a_form_have_a_bound(api, monkeypatch):
    monkeypatch.setattr(ingest, "_MAX_NAMES", 10_000)
    answer = send(api, "/v3/files", ("a", b"a"), **{f"field-{number:0100}": "" for number in range(200)})
    assert answer.status_code == 413


def test_told_to_stop_it_finishes_an_upload_and_takes_nothing_new(tmp_path):
    server = Server(tmp_path, grace=None).start()
    data = b"x" * 3_000_000
    whole = body(("a.bin", data), network="public")
    begun, go_on, answers = threading.Event(), threading.Event(), []

    def pieces():
        yield whole[:1_500_000]
        begun.set()
        go_on.wait(20)
        yield whole[1_500_000:]

    def ask():
        headers = {**bearer(server.admin.jwt), **FORM, "content-length": str(len(whole))}
        answers.append(httpx2.post(f"{server.url}/v3/files", content=pieces(), headers=headers))

    asking = threading.Thread(target=ask)
    asking.start()
    begun.wait(10)
    stopping = threading.Thread(target=server.stop)
    stopping.start()

    def refused() -> bool:
        try:
            httpx2.get(f"{server.url}/-/ready")
        except httpx2.TransportError:
            return True
        return False

    until(refused)
    go_on.set()
    asking.join(20)
    stopping.join(20)
    assert answers[0].status_code == 200
    assert answers[0].headers["connection"] == "close"
    with Server(tmp_path) as again, client(again) as api:
        assert api.get(f"/ipfs/{answers[0].json()['data']['cid']}").content == data


def test_what_does_not_end_within_the_grace_is_cut(tmp_path):
    server = Server(tmp_path, grace=1).start()
    with connect(server) as connection:
        connection.sendall(head(server, "content-length: 10"))
        time.sleep(0.3)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 10


def test_who_is_refused_while_a_body_comes_may_finish_it(monkeypatch):
    with Server() as server:
        monkeypatch.setattr(server._uvicorn.config, "timeout_keep_alive", 0.5)
        with connect(server) as connection:
            connection.sendall(head(server, "content-length: 2000000", path="/v3/nothing"))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 404 ")
            trickle(connection, [bytes(100_000)] * 20, 0.1)
            connection.sendall(head(server, method="GET", path="/data/testAuthentication"))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_the_loop_is_one_whose_transports_are_known(server):
    assert server._uvicorn.config.loop == "asyncio"

"""local(): a client and its Pinata in one."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path
from threading import Thread

import anyio
import pytest

import pinatakit
from pinatakit.embedded import default_folder
from pinatakit.errors import InputError, PinataError, Unreachable
from pinatakit.server import running


def test_it_works_as_a_context_manager_and_is_gone_after():
    with pinatakit.local() as pinata:
        upload = pinata.upload(b"hello")
        assert b"".join(pinata.read(upload.cid)) == b"hello"
        url, jwt = pinata.url, pinata.jwt
        assert url.startswith("http://127.0.0.1:")
    with pinatakit.Pinata(jwt, endpoint_url=url, attempts=1) as late, pytest.raises(Unreachable):
        late.account.test()


def test_without_a_folder_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pinatakit.local() as pinata:
        pinata.upload(b"hello")
        assert pinata.data.parent == tmp_path
        assert list(tmp_path.iterdir()) == [pinata.data]
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_it_starts_empty():
    for _ in range(2):
        with pinatakit.local() as pinata:
            assert list(pinata.files.list()) == []
            pinata.upload(b"hello")


def test_a_folder_keeps_everything(tmp_path):
    with pinatakit.local(tmp_path / "kept") as pinata:
        upload = pinata.upload(b"hello", name="hi")
        jwt = pinata.jwt
    with pinatakit.local(str(tmp_path / "kept")) as pinata:
        assert pinata.jwt == jwt
        assert [(file.id, file.name) for file in pinata.files.list()] == [(upload.id, "hi")]
        assert b"".join(pinata.read(upload.cid)) == b"hello"


def test_two_on_one_folder_share_it(tmp_path):
    with pinatakit.local(tmp_path) as first:
        with pinatakit.local(tmp_path) as second:
            assert (second.url, second.jwt, second.data) == (first.url, first.jwt, first.data)
            upload = second.upload(b"shared")
        assert first.files.get(upload.id).cid == upload.cid  # the second's end was not the first's


def test_closing_twice_is_closing_once():
    pinata = pinatakit.local()
    pinata.close()
    pinata.close()


def test_the_first_on_a_folder_waits_for_the_second(tmp_path):
    first = pinatakit.local(tmp_path)
    with pinatakit.local(tmp_path) as second:
        closing = Thread(target=first.close)
        closing.start()
        closing.join(0.2)
        assert closing.is_alive()
        assert second.upload(b"still here").cid
    closing.join(10)
    assert not closing.is_alive()


def test_a_server_that_does_not_say_where_it_is_cannot_be_found(tmp_path):
    with pinatakit.local(tmp_path):
        (tmp_path / "server.json").unlink()
        with pytest.raises(PinataError, match="is in use, and its server cannot be found") as caught:
            running(tmp_path)
        assert caught.value.hint


def test_a_port_that_is_taken_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}"):
            pinatakit.local(port=port)
    assert list(tmp_path.iterdir()) == []


def test_a_port_can_be_chosen():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pinatakit.local(port=port) as pinata:
        assert pinata.url == f"http://127.0.0.1:{port}"


def test_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv("PINATA_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PINATA_GATEWAY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PINATA_JWT", "somebody else's")
    with pinatakit.local() as pinata:
        assert b"".join(pinata.read(pinata.upload(b"mine").cid)) == b"mine"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_client_can_use_it(backend, tmp_path):
    with pinatakit.local() as pinata:

        async def main():
            async with pinatakit.AsyncPinata(pinata.jwt, endpoint_url=pinata.url) as client:
                upload = await client.upload(b"hello", name="async")
                assert [file.name async for file in client.files.list()] == ["async"]
                assert (await client.download(upload.cid, tmp_path / "f")).size == 5

        anyio.run(main, backend=backend)
        assert pinata.files.list().first().name == "async"


def test_its_jwt_is_not_in_its_repr():
    with pinatakit.local() as pinata:
        assert pinata.jwt not in repr(pinata)
        assert pinata.jwt not in repr(vars(pinata)["settings"])


def test_the_default_folder_is_the_users_own(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_folder() == Path("/data/pinatakit")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_folder() == Path("/home/somebody/.local/share/pinatakit")

"""The server as a thing that starts, says where it is, and stops."""

from __future__ import annotations

import json
import os
import socket
import threading

import httpx2
import pytest

from pinatakit.errors import InputError, PinataError
from pinatakit.server import TEST, Busy, Server, running

from .conftest import bearer, client

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def mode(path) -> int:
    return path.stat().st_mode & 0o777


@POSIX
def test_the_admin_key_is_its_users_alone(tmp_path):
    with Server(tmp_path) as server:
        assert mode(tmp_path / "admin.json") == 0o600
        assert mode(tmp_path / "server.json") == 0o600
        kept = json.loads((tmp_path / "admin.json").read_text())
    assert kept == {
        "jwt": server.admin.jwt,
        "api_key": server.admin.api_key,
        "api_secret": server.admin.api_secret,
    }


def test_the_admin_key_is_kept_across_restarts(tmp_path):
    with Server(tmp_path) as first:
        pass
    with Server(tmp_path) as second, client(second) as api:
        assert second.admin == first.admin
        assert api.get("/data/testAuthentication", headers=bearer(first.admin.jwt)).status_code == 200


def test_an_admin_key_that_was_revoked_or_lost_is_made_anew(tmp_path):
    with Server(tmp_path) as first, client(first) as api:
        api.put("/users/revokeApiKey", json={"apiKey": first.admin.api_key})
    with Server(tmp_path) as second, client(second) as api:
        assert second.admin != first.admin
        assert api.get("/data/testAuthentication").status_code == 200
    (tmp_path / "admin.json").unlink()
    with Server(tmp_path) as third, client(third) as api:
        assert third.admin not in (first.admin, second.admin)
        assert api.get("/users/apiKeys").json()["count"] == 3


def test_a_server_says_where_it_is_while_it_runs(tmp_path):
    with Server(tmp_path) as server:
        said = json.loads((tmp_path / "server.json").read_text())
        assert said == {"url": server.url, "pid": os.getpid()}
        assert running(tmp_path) == {"url": server.url, "jwt": server.admin.jwt}
    assert not (tmp_path / "server.json").exists()
    with pytest.raises(PinataError, match="cannot be found"):
        running(tmp_path)


def test_about_tells_a_program_all_it_needs(tmp_path):
    with Server(tmp_path) as server:
        about = server.about()
        assert about == {
            "url": server.url,
            "gateway": f"{server.url}/ipfs",
            "jwt": server.admin.jwt,
            "api_key": server.admin.api_key,
            "api_secret": server.admin.api_secret,
            "data": str(tmp_path.resolve()),
        }
        assert json.loads(json.dumps(about)) == about
        assert httpx2.get(f"{about['url']}/data/testAuthentication", headers=bearer(about["jwt"])).is_success


def test_without_a_folder_everything_is_gone_in_the_end():
    with Server() as server, client(server) as api:
        folder = server.data
        api.post("/pinning/pinJSONToIPFS", json=1)
        assert list((folder / "cars").glob("*.car"))
    assert not folder.exists()


def test_a_port_that_is_taken_is_told_and_nothing_is_left(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}") as caught:
            Server(tmp_path, port=port)
    assert "--port" in str(caught.value)
    with Server(tmp_path):
        pass


def test_a_host_that_is_not_here_is_told():
    with pytest.raises(InputError, match="cannot listen on 192.0.2.1"):
        Server(host="192.0.2.1")


def test_port_0_takes_a_free_one_and_a_given_port_is_taken():
    with Server() as first:
        port = int(first.url.rpartition(":")[2])
        assert port > 0
    with Server(port=port) as second:
        assert second.url == f"http://127.0.0.1:{port}"


def test_a_second_server_on_the_same_folder_is_refused(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        with pytest.raises(Busy, match="another local Pinata"):
            Server(tmp_path)
        assert api.get("/data/testAuthentication").status_code == 200
        assert (tmp_path / "server.json").exists()
    with Server(tmp_path):
        pass


def test_a_server_that_never_answered_can_be_stopped(tmp_path):
    Server(tmp_path).stop()
    with Server(tmp_path):
        pass


def test_stopping_waits_for_what_runs(tmp_path):
    """A request that has begun is answered, also when the server is told to stop meanwhile."""
    server = Server(tmp_path).start()
    begun, go_on = threading.Event(), threading.Event()

    def slowly():
        yield b'{"pinataContent":'
        begun.set()
        go_on.wait(5)
        yield b'"whole"}'

    answers = []
    url = f"{server.url}/pinning/pinJSONToIPFS"
    asking = threading.Thread(
        target=lambda: answers.append(httpx2.post(url, content=slowly(), headers=bearer(server.admin.jwt)))
    )
    asking.start()
    begun.wait(5)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    go_on.set()
    asking.join(10)
    stopping.join(10)
    assert answers[0].status_code == 200
    with Server(tmp_path) as again, client(again) as api:
        assert api.get(f"/ipfs/{answers[0].json()['IpfsHash']}").text == '"whole"'


def test_its_shown_form_has_no_secrets():
    with Server() as server:
        assert server.admin.jwt not in repr(server.admin)
        assert server.admin.api_secret not in repr(server.admin)


def test_what_keeps_nothing_has_the_key_that_everybody_knows_and_what_keeps_has_one_of_its_own(tmp_path):
    with Server() as server, Server(tmp_path) as kept:
        assert server.admin == TEST != kept.admin
        pair = {"pinata_api_key": "7e57" * 5, "pinata_secret_api_key": "7e57" * 16}
        for headers, statuses in ((pair, (200, 401)), (bearer(TEST.jwt), (200, 401))):
            answers = [
                httpx2.get(f"{one.url}/data/testAuthentication", headers=headers) for one in (server, kept)
            ]
            assert tuple(answer.status_code for answer in answers) == statuses


@pytest.mark.parametrize("others", [{"names": ["pinata.test"]}, {"host": "0.0.0.0"}])
def test_who_can_be_called_from_elsewhere_has_a_key_of_its_own(others):
    with Server(**others) as server:
        assert server.admin.jwt != TEST.jwt
        assert server.admin.api_key != TEST.api_key

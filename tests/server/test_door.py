"""The door: only this machine's names and pages come in, and every answer has an id."""

from __future__ import annotations

import pytest

from pinatakit.errors import InputError
from pinatakit.server import Server

from .conftest import client, refusal

TEST = "/data/testAuthentication"
UNKNOWN = "bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:5011", "LOCALHOST", "127.0.0.1:80", "[::1]:80", "a.localhost"]
)
def test_this_machines_names_are_let_in(api, host):
    assert api.get(TEST, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2"],
)
@pytest.mark.parametrize("path", [TEST, f"/ipfs/{UNKNOWN}", "/v3/files/public"])
def test_another_name_is_refused(api, host, path):
    """A page whose name was bound to this address (DNS rebinding) comes under its own name."""
    assert refusal(api.get(path, headers={"host": host})) == (403, "FORBIDDEN")


def test_a_server_may_be_given_further_names():
    with Server(names=["pinata.test"]) as server, client(server) as api:
        assert api.get(TEST, headers={"host": "pinata.test:80"}).status_code == 200
        assert api.get(TEST, headers={"host": "other.test"}).status_code == 403
        assert api.get(TEST).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil.example:80",
        "null",
        "file://",
        "http://evillocalhost",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_pages_of_another_site_are_refused(api, origin, method):
    headers = {"origin": origin, "access-control-request-method": "GET"}
    answer = api.request(method, TEST, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://127.0.0.1",
        "https://localhost",
        "http://[::1]:8080",
        "http://app.localhost:1234",
    ],
)
def test_pages_of_this_machine_may_call(api, origin):
    answer = api.get(TEST, headers={"origin": origin})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    asked = {
        "origin": origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,content-type",
    }
    answer = api.options("/pinning/hashMetadata", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()


def test_pages_of_configured_origins_may_call_and_no_others():
    with Server(origins=["https://app.example"]) as server, client(server) as api:
        answer = api.get(TEST, headers={"origin": "https://app.example"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        for other in ("https://app.example.evil", "http://app.example", "https://app.example:8443"):
            assert api.get(TEST, headers={"origin": other}).status_code == 403


@pytest.mark.parametrize("written", ["https://app.example/", "HTTPS://App.Example"])
def test_an_origin_is_known_however_it_is_written(written):
    with Server(origins=[written]) as server, client(server) as api:
        assert api.get(TEST, headers={"origin": "https://app.example"}).status_code == 200


@pytest.mark.parametrize(
    "written", ["app.example", "https://app.example/page", "https://me@app.example", "", "*"]
)
def test_what_is_no_origin_is_refused_at_the_start(written):
    with pytest.raises(InputError, match="no origin of pages"):
        Server(origins=[written])


@pytest.mark.parametrize(
    "written", ["https://pinata.test", "pinata.test:5011", "pinata.test/", "two words", ""]
)
def test_what_is_no_name_is_refused_at_the_start(written):
    with pytest.raises(InputError, match="no name of a host"):
        Server(names=[written])


def test_the_gateway_may_be_read_from_any_page(api, stranger):
    answer = stranger.get(f"/ipfs/{UNKNOWN}", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", TEST, {}, 200),
        ("GET", TEST, {"authorization": "x"}, 401),
        ("GET", TEST, {"host": "evil.example"}, 403),
        ("GET", "/nothing", {}, 404),
        ("DELETE", TEST, {}, 405),
        ("GET", f"/ipfs/{UNKNOWN}", {}, 404),
        ("GET", "/ipfs/nonsense", {}, 400),
        ("GET", "/v3/files/elsewhere", {}, 404),
        ("PUT", "/pinning/hashMetadata", {}, 400),
        ("OPTIONS", TEST, {"origin": "http://localhost", "access-control-request-method": "GET"}, 200),
    ],
)
def test_every_answer_has_an_id_of_its_own(api, method, path, headers, status):
    first, second = (api.request(method, path, headers=headers) for _ in range(2))
    assert first.status_code == status
    assert len(first.headers["x-request-id"]) == 32
    assert int(first.headers["x-request-id"], 16) != int(second.headers["x-request-id"], 16)


@pytest.mark.parametrize("path", ["/", "/nothing", "/data", "/pinning/pinHashToIPFS"])
def test_a_path_that_is_not_served_is_404_in_the_older_envelope(api, path):
    assert refusal(api.get(path)) == (404, "NOT_FOUND")


def test_no_json_endpoint_answers_with_another_success_than_200(api):
    """The Go CLI and the legacy SDK take anything but 200 for a failure."""
    assert api.post("/pinning/pinJSONToIPFS", json={"pinataContent": 1}).status_code == 200
    assert (
        api.post("/users/generateApiKey", json={"keyName": "k", "permissions": {"admin": True}}).status_code
        == 200
    )

"""Links to private files: three paths that sign them, one that checks them."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from .conftest import bearer, upload, v3_refusal

PATHS = ("/v3/files/private/download_link", "/v3/files/download_link", "/v3/files/sign")


def link(api, url: str, path: str = PATHS[0], **about) -> str:
    body = {"url": url, "date": int(time.time()), "expires": 60, "method": "GET", **about}
    answer = api.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
def private(api, server, request) -> str:
    """The address of a private file, not yet signed."""
    return f"{server.url}/files/{upload(api, request.node.name.encode(), network='private')['cid']}"


@pytest.mark.parametrize("path", PATHS)
def test_a_link_has_five_parameters_behind_the_addresss_own(api, stranger, private, path):
    signed = link(api, f"{private}?img-width=10&filename=a%20b.txt", path)
    assert signed.startswith(f"{private}?img-width=10&filename=a%20b.txt&X-Algorithm=PINATA1&X-Date=")
    names = [name for name, _ in parse_qsl(urlsplit(signed).query)]
    assert names[2:] == ["X-Algorithm", "X-Date", "X-Expires", "X-Method", "X-Signature"]
    assert re.search("&X-Method=GET&X-Signature=[0-9a-f]{64}$", signed)
    answer = stranger.get(signed)
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("private")
    assert stranger.head(signed).status_code == 200


def test_private_content_is_not_read_without_a_link(api, stranger, private):
    assert stranger.get(private).status_code == 401
    assert api.get(private).status_code == 401
    assert stranger.get(private.replace("/files/", "/ipfs/")).status_code == 404


def test_public_content_is_not_read_through_a_link(api, server, stranger):
    cid = upload(api, b"public only")["cid"]
    assert stranger.get(link(api, f"{server.url}/files/{cid}")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        ("X-Expires=60", "X-Expires=61"),
        ("X-Date=1", "X-Date=2"),
        ("X-Date=1", "X-Date=x"),
        ("X-Method=GET", "X-Method=PUT"),
        ("PINATA1", "PINATA2"),
        ("a.txt", "b.txt"),
        ("?", "?download=true&"),
        ("?", "/path?"),
        ("X-Signature=", "X-Signature=0"),
        ("X-Signature=", "X-Signature=%C3%BC"),
    ],
)
def test_a_link_that_was_changed_is_refused(api, stranger, private, change):
    signed = link(api, f"{private}?filename=a.txt")
    assert stranger.get(signed.replace(*change)).status_code == 403
    assert stranger.get(signed).status_code == 200


@pytest.mark.parametrize("name", ["X-Algorithm", "X-Date", "X-Expires", "X-Method", "X-Signature"])
def test_a_link_without_one_of_its_parameters_is_refused(api, stranger, private, name):
    assert stranger.get(link(api, private).replace(f"{name}=", "X-Other=")).status_code == 401


def test_a_link_is_open_from_its_date_until_it_expires(api, stranger, private):
    now = int(time.time())
    assert stranger.get(link(api, private, date=now - 60, expires=30)).status_code == 403
    assert stranger.get(link(api, private, date=now - 60, expires=90)).status_code == 200
    assert stranger.get(link(api, private, date=now + 3600, expires=90)).status_code == 403


def test_a_date_in_milliseconds_and_centuries_of_validity_are_taken(api, stranger, private):
    """Both were seen in links of third parties."""
    signed = link(api, private, date=int(time.time() * 1000), expires=99_999_999_999)
    assert stranger.get(signed).status_code == 200


def test_a_file_in_a_private_folder_is_read_through_a_link_of_its_own(api, server, stranger):
    cid = upload(api, b"inside", "box/a b.txt", network="private")["cid"]
    folder = link(api, f"{server.url}/files/{cid}")
    assert stranger.get(folder.replace("?", "/a%20b.txt?")).status_code == 403
    listing = stranger.get(folder, follow_redirects=True)
    assert listing.status_code == 200
    assert "a b.txt" in listing.text
    assert stranger.get(link(api, f"{server.url}/files/{cid}/a%20b.txt")).content == b"inside"


def test_a_link_works_under_each_name_of_the_server(api, stranger, private):
    signed = link(api, private.replace("127.0.0.1", "localhost"))
    assert stranger.get(signed.replace("localhost", "127.0.0.1")).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": None},
        {"url": "not an address"},
        {"url": "https://gw.example/ipfs/bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"},
        {"url": "https://gw.example/files/nonsense"},
        {"url": "https://[gw/files/x"},
        {"date": None},
        {"date": "1724875300"},
        {"date": -1},
        {"expires": 0},
        {"expires": None},
        {"expires": True},
        {"method": "PUT"},
    ],
)
def test_what_cannot_be_signed_is_refused(api, private, wrong):
    body = {"url": private, "date": 1, "expires": 1, **wrong}
    assert v3_refusal(api.post(PATHS[0], json=body))[0] == 400


def test_signing_takes_the_right_to_write_files(api, private):
    """Source: the OpenAPI file of v3."""
    for right, status in (("read", 403), ("write", 200)):
        permissions = {"resources": [f"org:files:{right}"]}
        key = api.post("/users/generateApiKey", json={"keyName": right, "permissions": permissions}).json()
        body = {"url": private, "date": 1, "expires": 1}
        assert api.post(PATHS[0], json=body, headers=bearer(key["JWT"])).status_code == status

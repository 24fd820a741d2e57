"""Whatever is wrong with a request is told with a status below 500."""

from __future__ import annotations

import gc
import json
import socket
from collections import Counter
from urllib.parse import quote

import pytest

from pinatakit.content import CID, Walk
from pinatakit.content.multiformats import DAG_CBOR, DAG_PB, IDENTITY, write_varint
from pinatakit.server.store import Writing

from .conftest import send, upload


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/data/pinList?metadata=" + quote('{"keyvalues":[1]}'), None),
        ("GET", "/data/pinList?metadata=" + quote('{"name":{}}'), None),
        (
            "POST",
            "/users/generateApiKey",
            b'{"keyName":"a","permissions":{"admin":true},"maxUses":1%s}' % (b"0" * 30),
        ),
        ("POST", "/pinning/pinJSONToIPFS", b"1" + b"0" * 400),
        (
            "POST",
            "/pinning/pinJSONToIPFS",
            b'{"pinataContent":1,"pinataMetadata":{"keyvalues":{"a":1%s}}}' % (b"0" * 400),
        ),
        ("POST", "/pinning/pinJSONToIPFS", b"[" * 20_000 + b"]" * 20_000),
        ("POST", "/pinning/pinJSONToIPFS", b'{"pinataContent":1,"pinataOptions":{"groupId":{}}}'),
        ("GET", "/v3/files/public?pageToken=%C3%A9", None),
    ],
)
def test_odd_values_are_bad_requests(api, method, path, body):
    assert api.request(method, path, content=body).status_code == 400


@pytest.mark.parametrize("expires_at", ["²", "9" * 5000, "1", "soon"])
def test_an_expiry_that_is_no_moment_to_come_is_a_bad_request(api, expires_at):
    assert send(api, "/v3/files", ("a.txt", b"a"), network="public", expires_at=expires_at).status_code == 400


@pytest.mark.parametrize("name", ["\udcff.txt", "\udcff/a.txt"])
def test_a_name_that_is_not_utf_8_is_a_bad_request(api, name):
    assert send(api, "/pinning/pinFileToIPFS", (name, b"a")).status_code == 400


def test_held_bytes_that_are_no_file_under_that_codec_cannot_be_pinned(api):
    raw = CID.parse(upload(api, b"neither dag-pb")["cid"])
    body = json.dumps({"hashToPin": str(CID(1, DAG_PB, raw.multihash))})
    assert api.post("/pinning/pinByHash", content=body).status_code == 400


def test_a_range_beyond_all_numbers_is_passed_over(stranger, api):
    cid = upload(api, b"ranged")["cid"]
    assert stranger.get(f"/ipfs/{cid}", headers={"range": f"bytes={'9' * 5000}-"}).content == b"ranged"


def test_an_inlined_block_of_data_is_served(stranger):
    inlined = CID(1, DAG_CBOR, write_varint(IDENTITY) + b"\x01\xa0")
    assert stranger.get(f"/ipfs/{inlined}?format=raw").content == b"\xa0"


def test_an_origin_that_is_no_address_is_refused(stranger):
    assert stranger.get("/data/testAuthentication", headers={"origin": "http://[x"}).status_code == 403


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "ü"])
def test_a_folder_of_any_name_is_redirected_to(stranger, api, name):
    cid = send(api, "/pinning/pinFileToIPFS", (f"top/{name}/x.txt", b"x")).json()["IpfsHash"]
    answer = stranger.get(f"/ipfs/{cid}/{quote(name)}")
    assert answer.headers["location"] == f"/ipfs/{cid}/{quote(name)}/"
    assert stranger.get(answer.headers["location"]).status_code == 200


def test_one_address_serves_the_official_client_too(api):
    assert api.get("/v3/data/testAuthentication").json() == api.get("/data/testAuthentication").json()


def test_answers_are_not_held_back(server):
    """A socket whose protocol is not named keeps Nagle's algorithm, which costs 40 ms an answer."""
    assert server._socket.proto == socket.IPPROTO_TCP


def test_a_refused_request_is_forgotten_when_it_is_answered(api):
    """What it had, a piece of content perhaps, does not wait for the interpreter to look for garbage."""
    file = send(api, "/pinning/pinFileToIPFS", ("a.bin", bytes(200_000))).json()["IpfsHash"]
    nowhere = {"network": "public", "group_id": "01890b5e-0000-7000-8000-000000000000"}
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            assert api.get(f"/ipfs/{file}/below").status_code == 404
            assert send(api, "/v3/files", ("a", b"%d" % number), **nowhere).status_code == 404
        # The last of them the connection and the writer may still have.
        left = Counter(type(one) for one in gc.get_objects())
        assert (left[Walk] < 5, left[Writing] < 5) == (True, True)
    finally:
        gc.enable()

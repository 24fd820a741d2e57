"""Signatures: checked before they are kept, shown by the gateway."""

from __future__ import annotations

import sys

import pytest

from pinatakit.protocol.signatures import sign
from pinatakit.server import Server

from .conftest import client, upload, v3_refusal

KEY = "0x" + "46" * 32


def signed(file: dict) -> dict:
    made = sign(KEY, cid=file["cid"], date=file["created_at"])
    return {"signature": made.signature, "address": made.address}


def path(file: dict) -> str:
    return f"/v3/files/public/signature/{file['cid']}"


def test_a_signature_is_answered_with_its_cid(api):
    file = upload(api, b"one")
    body = signed(file)
    answer = api.post(path(file), json=body)
    assert answer.status_code == 200
    assert answer.json() == {"data": {"cid": file["cid"], "signature": body["signature"]}}
    assert api.get(path(file)).json() == answer.json()
    assert v3_refusal(api.post(path(file), json=body))[0] == 403
    assert api.delete(path(file)).json() == {"data": None}
    assert v3_refusal(api.get(path(file)))[0] == 404


def test_the_gateway_shows_the_signature(api, stranger):
    file = upload(api, b"shown")
    assert "pinata-signature" not in stranger.get(f"/ipfs/{file['cid']}").headers
    body = signed(file)
    api.post(path(file), json=body)
    assert stranger.get(f"/ipfs/{file['cid']}").headers["pinata-signature"] == body["signature"]


def test_a_date_other_than_the_uploads_is_refused(api):
    file = upload(api, b"dated")
    made = sign(KEY, cid=file["cid"], date="2020-01-01T00:00:00Z")
    status, words = v3_refusal(api.post(path(file), json={"signature": made[0], "address": made[1]}))
    assert status == 400
    assert file["created_at"] in words


@pytest.mark.parametrize(
    "change", [{"signature": "0x00"}, {"signature": None}, {"address": "0x"}, {"address": 5}]
)
def test_a_malformed_signature_is_refused(api, change):
    file = upload(api, b"malformed")
    assert v3_refusal(api.post(path(file), json={**signed(file), **change}))[0] == 400


def test_a_cid_of_another_network_is_not_signed(api):
    file = upload(api, b"only private", network="private")
    assert v3_refusal(api.post(path(file), json=signed(file)))[0] == 403


def test_a_server_without_the_extra_says_which(api, monkeypatch):
    file = upload(api, b"no extra")
    body = signed(file)
    monkeypatch.setitem(sys.modules, "coincurve", None)
    status, words = v3_refusal(api.post(path(file), json=body))
    assert status == 501
    assert "pinatakit[sign]" in words


def test_a_signature_is_kept_across_restarts(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        file = upload(api, b"kept")
        body = signed(file)
        api.post(path(file), json=body)
    with Server(tmp_path) as server, client(server) as api:
        assert api.get(path(file)).json()["data"]["signature"] == body["signature"]

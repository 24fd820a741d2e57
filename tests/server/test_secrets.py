"""Secrets are compared in a time that tells nothing of them."""

from __future__ import annotations

import hmac
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from .conftest import bearer, send, upload


@pytest.fixture
def compared(monkeypatch) -> list:
    """All that is given to `hmac.compare_digest`, as text."""
    given = []
    real = hmac.compare_digest

    def compare(*pair):
        given.extend(one.decode("latin-1") if isinstance(one, bytes) else one for one in pair)
        return real(*pair)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return given


def spoilt(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def spoilt_link(link: str) -> tuple[str, str]:
    """A link, without its host, with another signature; and that signature."""
    path = urlsplit(link)._replace(scheme="", netloc="").geturl()
    start, _, signature = path.rpartition("X-Signature=")
    return f"{start}X-Signature={spoilt(signature)}", spoilt(signature)


def test_of_keys_hashes(server, stranger, compared):
    headers = {
        "pinata_api_key": server.admin.api_key,
        "pinata_secret_api_key": spoilt(server.admin.api_secret),
    }
    assert stranger.get("/data/testAuthentication", headers=headers).status_code == 401
    (_, kept), *_ = server.store.keys.list()
    assert kept in compared
    assert server.admin.api_secret not in compared


def test_of_links_signatures(server, api, stranger, compared):
    private = upload(api, b"private", network="private")["cid"]
    body = {"url": f"{server.url}/files/{private}", "date": int(time.time()), "expires": 1000}
    path, signature = spoilt_link(api.post("/v3/files/private/download_link", json=body).json()["data"])
    assert stranger.get(path).status_code == 403
    assert signature in compared


def test_of_presigned_urls_signatures(api, stranger, compared):
    path, signature = spoilt_link(api.post("/v3/files/sign", json={"expires": 1000}).json()["data"])
    assert send(stranger, path, ("a", b"a")).status_code == 401
    assert signature in compared


def test_access_tokens_of_gateways(server, api, compared):
    cid = upload(api, b"public")["cid"]
    made = api.post("/v3/gateways", json={"domain": "compared"}).json()["data"]
    token = api.post(f"/v3/gateways/{made['id']}/access_tokens").json()["data"]["value"]
    with httpx2.Client(base_url=server.url, headers={"host": "compared.localhost"}) as gateway:
        wrong = gateway.get(f"/ipfs/{cid}", params={"pinataGatewayToken": spoilt(token)})
        right = gateway.get(f"/ipfs/{cid}", params={"pinataGatewayToken": token})
    assert (wrong.status_code, right.status_code) == (401, 200)
    assert {token, spoilt(token)} <= set(compared)


def test_the_signature_of_a_jwt(server, stranger, monkeypatch):
    seen = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *pair: seen.append(pair) or real(*pair))
    assert (
        stranger.get(
            "/data/testAuthentication", headers=bearer(f"{server.admin.jwt[:-8]}AAAAAAAA")
        ).status_code
        == 401
    )
    assert len(seen) == 1  # and the key in it was not looked at

"""Gateways: each at a host of its own, with rules that are kept."""

from __future__ import annotations

import re

import pytest

from pinatakit.protocol.signatures import sign
from pinatakit.server import Server

from .conftest import client, pin, refusal, upload, v3_refusal

NOBODY = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"


def make(api, domain: str) -> dict:
    answer = api.post("/v3/gateways", json={"domain": domain})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def add(api, gateway: dict, kind: str, **body) -> dict:
    answer = (
        api.post(f"/v3/gateways/{gateway['id']}/{kind}", json=body)
        if body
        else api.post(f"/v3/gateways/{gateway['id']}/{kind}")
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
def gateway(api, request) -> dict:
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[-60:].strip("-")
    made = make(api, name)
    yield made
    api.delete(f"/v3/gateways/{made['id']}")


@pytest.fixture
def read(stranger, gateway):
    """Reads through the gateway; the status."""

    def read(path: str, host: str | None = None, **headers) -> int:
        headers["host"] = host or f"{gateway['domain']}.localhost:80"
        return stranger.get(path, headers=headers).status_code

    return read


@pytest.fixture(scope="module")
def path(api) -> str:
    return f"/ipfs/{upload(api, b'through a gateway')['cid']}"


def test_a_gateway_is_answered_as_pinata_answers_it(api, gateway):
    assert gateway == {
        "id": gateway["id"],
        "created_at": gateway["created_at"],
        "domain": gateway["domain"],
        "restrict": False,
        "custom_domains": [],
        "settings": {
            "restriction_policies": {"accessTokens": [], "allowedHosts": [], "allowedIPAddresses": []}
        },
    }
    assert api.get(f"/v3/gateways/{gateway['id']}").json()["data"] == gateway


def test_gateways_are_listed_newest_first_in_pages():
    with Server() as server, client(server) as api:
        made = [make(api, name)["id"] for name in ("one", "two", "three")][::-1]
        for path in ("/v3/gateways", "/v3/ipfs/gateways"):
            data = api.get(path).json()["data"]
            assert data["count"] == 3
            assert [row["id"] for row in data["rows"]] == made
            assert "settings" not in data["rows"][0]
            second = api.get(path, params={"pageSize": 2, "page": 2}).json()["data"]
            assert (second["count"], [row["id"] for row in second["rows"]]) == (3, made[2:])


def test_a_name_is_taken_once(api, gateway):
    assert api.get(f"/v3/gateways/exists/{gateway['domain']}").json() == {"data": {"exists": True}}
    assert api.get("/v3/gateways/exists/nobodys").json() == {"data": {"exists": False}}
    assert v3_refusal(api.post("/v3/gateways", json={"domain": gateway["domain"].upper()}))[0] == 409
    for wrong in ("", "a.b", None, 5):
        assert v3_refusal(api.post("/v3/gateways", json={"domain": wrong}))[0] == 400


def test_a_rule_is_answered_with_its_id_and_time(api, gateway):
    for kind, body, value in (
        ("access_tokens", {}, None),
        ("ips", {"ip": "192.0.2.7"}, "192.0.2.7"),
        ("hosts", {"host": "https://app.example.org"}, "https://app.example.org"),
    ):
        rule = add(api, gateway, kind, **body)
        assert set(rule) == {"id", "value", "createdAt"}
        assert value in (None, rule["value"])
        assert api.delete(f"/v3/gateways/{gateway['id']}/{kind}/{rule['id']}").json() == {"data": None}
        assert v3_refusal(api.delete(f"/v3/gateways/{gateway['id']}/{kind}/{rule['id']}"))[0] == 404


def test_a_custom_domain_is_answered_with_its_states(api, gateway):
    domain = add(api, gateway, "custom_domain", domain="IPFS.example.org")
    assert set(domain) == {"domain", "domain_validation_status", "custom_domain_id", "ssl_validation_status"}
    assert domain["domain"] == "ipfs.example.org"
    one = f"/v3/gateways/{gateway['id']}/custom_domain/{domain['custom_domain_id']}"
    assert api.get(one).json()["data"] == domain
    other = make(api, "wants-the-same-domain")
    refused = api.post(f"/v3/gateways/{other['id']}/custom_domain", json={"domain": "ipfs.example.org"})
    assert v3_refusal(refused)[0] == 409
    assert api.delete(one).json() == {"data": None}
    assert v3_refusal(api.get(one))[0] == 404


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("ips", {}),
        ("ips", {"ip": "300.1.1.1"}),
        ("hosts", {"host": "app.example.org"}),
        ("custom_domain", {"domain": "no"}),
    ],
)
def test_a_rule_that_cannot_be_is_refused(api, gateway, kind, body):
    assert v3_refusal(api.post(f"/v3/gateways/{gateway['id']}/{kind}", json=body))[0] == 400
    good = {"ip": "192.0.2.7", "host": "https://a.example", "domain": "a.example"}
    assert v3_refusal(api.post(f"/v3/gateways/{NOBODY}/{kind}", json=good))[0] == 404


def test_a_gateway_has_at_most_100_ips(api, gateway):
    for i in range(100):
        add(api, gateway, "ips", ip=f"192.0.2.{i}")
    answer = api.post(f"/v3/gateways/{gateway['id']}/ips", json={"ip": "192.0.2.200"})
    assert v3_refusal(answer)[0] == 400


# Reading through a gateway


def test_a_gateway_without_rules_serves_what_is_pinned_by_its_root(api, read, path):
    assert read(path) == 200
    folder = pin(api, ("box/inside.txt", b"inside a box"))["IpfsHash"]
    child = upload(api, b"inside a box", network="private")[
        "cid"
    ]  # the same bytes, public only inside the box
    assert read(f"/ipfs/{folder}/inside.txt") == 200
    assert read(f"/ipfs/{child}") == 403


def test_a_gateway_with_a_token_wants_it(api, gateway, read, path):
    token = add(api, gateway, "access_tokens")
    assert read(path) == 401
    assert read(f"{path}?pinataGatewayToken=wrong") == 401
    assert read(f"{path}?pinataGatewayToken={token['value']}") == 200
    assert read(path, **{"x-pinata-gateway-token": token["value"]}) == 200
    assert read(path, **{"x-pinata-gateway-token": "ü".encode()}) == 401
    api.delete(f"/v3/gateways/{gateway['id']}/access_tokens/{token['id']}")
    assert read(path) == 200


def test_a_gateway_with_ips_serves_those(api, gateway, read, path):
    add(api, gateway, "ips", ip="192.0.2.7")
    assert read(path) == 401
    assert read(path, **{"x-forwarded-for": "192.0.2.7"}) == 401  # anybody can say so
    add(api, gateway, "ips", ip="127.0.0.1")
    assert read(path) == 200


def test_a_gateway_with_hosts_serves_pages_of_those(api, gateway, read, path):
    add(api, gateway, "hosts", host="https://app.example.org")
    assert read(path) == 401
    assert read(path, origin="https://app.example.org") == 200
    assert read(path, referer="https://app.example.org/page?x=1") == 200
    assert read(path, origin="https://app.example.org.evil.example") == 401
    assert read(path, referer="https://evil.example/https://app.example.org") == 401
    assert read(path, referer="https://[") == 401


def test_one_rule_of_several_is_enough(api, gateway, read, path):
    token = add(api, gateway, "access_tokens")
    add(api, gateway, "hosts", host="https://app.example.org")
    add(api, gateway, "ips", ip="192.0.2.7")
    assert read(path) == 401
    assert read(path, origin="https://app.example.org") == 200
    assert read(path, **{"x-pinata-gateway-token": token["value"]}) == 200


def test_a_refusal_names_pinatas_error(api, gateway, stranger, path):
    add(api, gateway, "access_tokens")
    answer = stranger.get(path, headers={"host": f"{gateway['domain']}.localhost"})
    assert answer.text.endswith(" - ERR_ID:00024")
    assert answer.headers["content-type"].startswith("text/plain")


def test_rules_of_a_gateway_are_not_those_of_the_server(api, gateway, stranger, path):
    add(api, gateway, "access_tokens")
    assert stranger.get(path).status_code == 200
    assert stranger.get(path, headers={"host": "other.localhost"}).status_code == 200


def test_a_gateway_answers_under_its_name_at_pinata_and_its_custom_domain(api, gateway, read, path):
    assert read(path, host="ipfs.my.example") == 403
    add(api, gateway, "custom_domain", domain="ipfs.my.example")
    assert read(path, host="ipfs.my.example") == 200
    assert read(path, host=f"{gateway['domain']}.mypinata.cloud") == 200


def test_a_gateways_host_is_not_the_api(api, gateway):
    answer = api.get("/v3/files/public", headers={"host": f"{gateway['domain']}.localhost"})
    assert refusal(answer) == (403, "FORBIDDEN")


def test_html_is_served_under_a_custom_domain_alone(api, gateway, stranger):
    cid = upload(api, b"<!doctype html><p>page", "page.html")["cid"]
    answer = stranger.get(f"/ipfs/{cid}", headers={"host": f"{gateway['domain']}.localhost"})
    assert answer.status_code == 403
    assert answer.text.endswith(" - ERR_ID:00023")
    add(api, gateway, "custom_domain", domain="html.my.example")
    assert stranger.get(f"/ipfs/{cid}", headers={"host": "html.my.example"}).status_code == 200


def test_a_gateway_does_what_its_plugins_do(api, gateway, stranger):
    old, new = upload(api, b"plugins: old"), upload(api, b"plugins: new")
    made = sign("0x" + "46" * 32, cid=old["cid"], date=old["created_at"])
    api.post(f"/v3/files/public/signature/{old['cid']}", json=made._asdict())
    api.put(f"/v3/files/public/swap/{old['cid']}", json={"swapCid": new["cid"]})

    def shown() -> tuple[bytes, bool]:
        host = f"{gateway['domain']}.localhost"
        answer = stranger.get(f"/ipfs/{old['cid']}", headers={"host": host})
        return answer.content, "pinata-signature" in answer.headers

    assert shown() == (b"plugins: old", False)
    api.post(f"/v3/gateways/plugins/{gateway['id']}", json={"plugin_id": 1})
    assert shown() == (b"plugins: old", True)
    api.post(f"/v3/gateways/plugins/{gateway['id']}", json={"plugin_id": 2})
    assert shown() == (b"plugins: new", True)
    assert stranger.get(f"/ipfs/{old['cid']}").content == b"plugins: new"


def test_a_signed_link_needs_no_token(api, gateway, server, stranger):
    add(api, gateway, "access_tokens")
    cid = upload(api, b"private, through a gateway", network="private")["cid"]
    body = {
        "url": f"https://{gateway['domain']}.mypinata.cloud/files/{cid}",
        "date": 1,
        "expires": 99_999_999_999,
    }
    link = api.post("/v3/files/private/download_link", json=body).json()["data"]
    local = link.replace(f"https://{gateway['domain']}.mypinata.cloud", "")
    assert stranger.get(local, headers={"host": f"{gateway['domain']}.localhost"}).status_code == 200


def test_a_gateway_and_its_rules_are_kept_across_restarts(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        gateway = make(api, "kept")
        token = add(api, gateway, "access_tokens")
        path = f"/ipfs/{upload(api, b'kept')['cid']}"
    with Server(tmp_path) as server, client(server) as api:
        host = {"host": "kept.localhost"}
        assert api.get(path, headers=host).status_code == 401
        assert api.get(path, headers={**host, "x-pinata-gateway-token": token["value"]}).status_code == 200
        api.delete(f"/v3/gateways/{gateway['id']}")
        assert api.get(path, headers=host).status_code == 200
        assert api.get("/v3/gateways").json()["data"] == {"count": 0, "rows": []}


def test_behind_a_proxy_a_gateway_with_ips_serves_the_proxys_clients():
    with Server(behind_proxy=True) as server, client(server) as api:
        path = f"/ipfs/{upload(api, b'through a proxy')['cid']}"
        add(api, make(api, "proxied"), "ips", ip="192.0.2.7")

        def read(forwarded: str) -> int:
            headers = {"host": "proxied.localhost", "x-forwarded-for": forwarded}
            return api.get(path, headers=headers).status_code

        assert read("192.0.2.7") == 200
        assert read("192.0.2.8") == 401

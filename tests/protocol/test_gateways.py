"""Gateways: as the documentation's samples show them; tokens that stay secret; names that can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from pinatakit.errors import InputError
from pinatakit.protocol import Answer
from pinatakit.protocol import gateways as calls

ID = "01da0000-0000-7000-8000-000000000000"
TOKEN = {"id": "d199", "value": "a secret key", "createdAt": "2024-07-12T15:09:47.564042199Z"}
ROW = {
    "id": ID,
    "created_at": "2023-01-24T19:51:17.493Z",
    "domain": "dweb3",
    "restrict": False,
    "custom_domains": [
        {
            "domain": "ipfs.example.org",
            "domain_validation_status": "pending",
            "custom_domain_id": "81bc",
            "ssl_validation_status": "initializing",
        }
    ],
    "settings": {
        "restriction_policies": {
            "accessTokens": [TOKEN],
            "allowedHosts": [{"id": "b016", "value": "https://app.example.org", "createdAt": None}],
            "allowedIPAddresses": [{"id": "66b6", "value": "1.1.1.1", "createdAt": None}],
        }
    },
}


def answer(data: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode({"data": data}), "https://api.pinata.cloud/v3/gateways")


def test_a_gateway_is_read_with_its_rules():
    gateway = calls.get_gateway(ID).read(answer(ROW))
    assert gateway.created_at == datetime(2023, 1, 24, 19, 51, 17, 493000, UTC)
    assert [domain.domain for domain in gateway.custom_domains] == ["ipfs.example.org"]
    assert [token.value for token in gateway.access_tokens] == ["a secret key"]
    assert gateway.access_tokens[0].created_at == datetime(2024, 7, 12, 15, 9, 47, 564042, UTC)
    assert [host.value for host in gateway.hosts] == ["https://app.example.org"]
    assert [ip.value for ip in gateway.ips] == ["1.1.1.1"]


def test_a_gateway_is_written_as_it_is_read():
    row = {
        **ROW,
        "settings": {"restriction_policies": {**ROW["settings"]["restriction_policies"], "accessTokens": []}},
    }
    assert calls.get_gateway(ID).read(answer(row)).to_json(settings=True) == row


def test_a_list_has_no_rules():
    row = {name: value for name, value in ROW.items() if name != "settings"}
    page = calls.list_gateways(page=2, page_size=5).read(answer({"count": 6, "rows": [row]}))
    assert page.total == 6
    assert page.gateways[0].access_tokens == ()
    assert page.gateways[0].to_json(settings=False) == row


def test_a_token_does_not_show_its_value():
    gateway = calls.get_gateway(ID).read(answer(ROW))
    assert "a secret key" not in repr(gateway)
    assert "a secret key" not in str(gateway.access_tokens)


def test_a_token_is_asked_for_without_a_body():
    call = calls.create_token(ID)
    assert (call.method, call.path, call.body) == ("POST", f"/v3/gateways/{ID}/access_tokens", None)


@pytest.mark.parametrize("name", ["dweb3", "Red-Fox-12", "a", "x" * 63])
def test_a_name_is_lower_case(name):
    assert json.loads(calls.create_gateway(name).body) == {"domain": name.lower()}


@pytest.mark.parametrize("name", ["", "-a", "a-", "a.b", "a_b", "ü", "x" * 64, "a b", "--", None, 5])
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(InputError, match="not the name of a gateway"):
        calls.create_gateway(name)
    with pytest.raises(InputError):
        calls.gateway_exists(name)


@pytest.mark.parametrize(
    "domain", ["", "example", "https://example.org", "example.org/", "a..b", "a." * 150, None]
)
def test_a_domain_that_cannot_be_is_refused(domain):
    with pytest.raises(InputError):
        calls.add_domain(ID, domain)


@pytest.mark.parametrize("ip", ["", "1.1.1", "1.1.1.1/24", "localhost", None])
def test_an_address_that_is_none_is_refused(ip):
    with pytest.raises(InputError, match="not an IP address"):
        calls.allow_ip(ID, ip)


def test_a_host_has_a_scheme_and_no_slash():
    assert json.loads(calls.allow_host(ID, "https://App.example.org/").body) == {
        "host": "https://app.example.org"
    }
    for wrong in ("", "app.example.org", "https://app.example.org/path", "https://[", "ftp://a.b", None):
        with pytest.raises(InputError, match="not a host"):
            calls.allow_host(ID, wrong)


def test_an_id_that_would_lead_elsewhere_is_refused():
    for wrong in ("", "../keys", "a/b"):
        with pytest.raises(InputError, match="not the id of a gateway"):
            calls.delete_gateway(wrong)
        with pytest.raises(InputError, match="not the id of one of a gateway"):
            calls.delete_ip(ID, wrong)

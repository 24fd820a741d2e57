"""``gateways``: made, opened to some, deleted."""

from __future__ import annotations


def test_a_gateway_is_made_ruled_and_deleted(ask_here, served):
    id = ask_here("gateways", "create", "typed", "-q").lines[0]
    assert id in ask_here("gateways", "list", "-q").lines
    token = ask_here("gateways", "create-token", id, "-q").lines[0]
    ip = ask_here("gateways", "allow-ip", id, "192.0.2.7", "--json").json
    host = ask_here("gateways", "allow-host", id, "https://app.example.org", "--json").json
    domain = ask_here("gateways", "add-domain", id, "files.example.org", "--json").json
    shown = ask_here("gateways", "get", id)
    assert token not in shown.out
    for rule in ("192.0.2.7", "https://app.example.org", "files.example.org"):
        assert rule in shown.out
    [kept] = ask_here("gateways", "get", id, "--json").json["access_tokens"]
    assert kept["value"] == token
    for words in (
        ("delete-token", kept["id"]),
        ("remove-ip", ip["id"]),
        ("remove-host", host["id"]),
        ("remove-domain", domain["id"]),
    ):
        assert ask_here("gateways", words[0], id, words[1]).code == 0
    gateway = served.client.gateways.get(id)
    assert (gateway.access_tokens, gateway.ips, gateway.hosts, gateway.custom_domains) == ((), (), (), ())
    assert ask_here("gateways", "delete", id, "--dry-run", "-q").lines == [id]
    assert ask_here("gateways", "delete", id, "--yes").err == "deleted typed\n"
    assert ask_here("gateways", "get", id).failed(3)


def test_a_gateway_is_not_deleted_without_being_asked_or_told(ask, served):
    gateway = served.client.gateways.create("kept")
    assert ask("gateways", "delete", gateway.id).failed(2)
    assert served.client.gateways.get(gateway.id).id == gateway.id

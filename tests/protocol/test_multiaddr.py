"""Multiaddrs that lead to a gateway, and those that do not."""

from __future__ import annotations

import pytest

from pinatakit.errors import InputError
from pinatakit.protocol import multiaddr

PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/ip4/127.0.0.1/tcp/5011/http", "http://127.0.0.1:5011"),
        ("/ip4/1.2.3.4/tcp/80/http", "http://1.2.3.4"),
        (f"/ip4/1.2.3.4/tcp/8080/http/p2p/{PEER}", "http://1.2.3.4:8080"),
        ("/ip6/::1/tcp/5011/http", "http://[::1]:5011"),
        ("/dns4/gateway.example/tcp/443/https", "https://gateway.example"),
        ("/dns/gateway.example/https", "https://gateway.example"),
        ("/dns6/gateway.example/tcp/8443/tls/http", "https://gateway.example:8443"),
        ("/dns/gateway.example/tcp/443/tls/sni/gateway.example/http", "https://gateway.example"),
        ("/dnsaddr/gateway.example/tcp/443/https/http-path/a%2Fb", "https://gateway.example/a/b"),
        ("https://gateway.example/", "https://gateway.example"),
        ("http://127.0.0.1:5011", "http://127.0.0.1:5011"),
        ("/ip4/1.2.3.4/tcp/4001", None),
        (f"/ip4/1.2.3.4/tcp/4001/p2p/{PEER}", None),
        (f"/p2p/{PEER}", None),
        (f"/dns4/node.example/tcp/443/wss/p2p/{PEER}", None),
        (f"/ip4/1.2.3.4/udp/4001/quic-v1/p2p/{PEER}", None),
        (f"/dns/node.example/tcp/443/tls/http/p2p-circuit/p2p/{PEER}", None),
    ],
)
def test_an_address_leads_to_a_gateway_where_it_speaks_http(text, url):
    assert multiaddr.to_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "nonsense",
        "/nonsense/1",
        "/ip4/1.2.3/tcp/80/http",
        "/ip4/::1/tcp/80/http",
        "/ip6/1.2.3.4/tcp/80/http",
        "/ip4/1.2.3.4/tcp/0/http",
        "/ip4/1.2.3.4/tcp/65536/http",
        "/ip4/1.2.3.4/tcp",
        "/dns/a b/tcp/80/http",
        "/dns/user@host/tcp/80/http",
        "ftp://gateway.example",
        "file:///etc/passwd",
        "http://",
        "http://gateway.example?x=1",
        "http://gateway.example:99999",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InputError):
        multiaddr.to_url(text)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(InputError) as caught:
        multiaddr.to_url("https://user:secret@gateway.example")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:5011/", "/ip4/127.0.0.1/tcp/5011/http"),
        ("http://[::1]:5011", "/ip6/::1/tcp/5011/http"),
        ("https://gateway.example", "/dns/gateway.example/tcp/443/https"),
        ("http://localhost", "/dns/localhost/tcp/80/http"),
    ],
)
def test_a_url_has_a_multiaddr_that_leads_back(url, text):
    assert multiaddr.from_url(url) == text
    assert multiaddr.to_url(text) == url.rstrip("/")

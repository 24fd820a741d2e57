"""TLS: a certificate of its own that ordinary clients accept when they are told to, and only then."""

from __future__ import annotations

import datetime as dt
import os
import ssl
import sys

import httpx2
import pytest
import trustme
from cryptography import x509

import pinatakit.server
from pinatakit import Pinata, local
from pinatakit.errors import InputError
from pinatakit.server import Certificate, Server, authority
from pinatakit.server.tls import own_certificate

from .conftest import bearer

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def asked(server: Server, host: str = "127.0.0.1") -> httpx2.Response:
    """What it answers to a client that trusts what it is told to."""
    with httpx2.Client(verify=ssl.create_default_context(cafile=server.about()["ca"])) as client:
        url = f"https://{host}:{server.url.rpartition(':')[2]}/data/testAuthentication"
        return client.get(url, headers=bearer(server.admin.jwt))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_who_trusts_its_authority_is_served_over_https(tmp_path, host):
    with Server(tmp_path, tls=True) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert asked(server, host).status_code == 200


def test_who_was_not_told_to_trust_it_does_not(tmp_path):
    with Server(tmp_path, tls=True) as server, pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY"):
        httpx2.get(server.url)


def test_it_does_not_speak_http_beside_https(tmp_path):
    with Server(tmp_path, tls=True) as server, pytest.raises(httpx2.TransportError):
        httpx2.get(server.url.replace("https", "http"))


def test_strict_verifiers_find_nothing_wrong(tmp_path):
    """What Python 3.13 asks for by default: RFC 5280's extensions, and not just any of them."""
    with Server(tmp_path, tls=True) as server:
        context = ssl.create_default_context(cafile=server.about()["ca"])
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with httpx2.Client(verify=context) as client:
            assert client.get(f"{server.url}/data/testAuthentication").status_code == 400


def test_a_client_is_told_by_the_environment(tmp_path, monkeypatch):
    with Server(tmp_path, tls=True) as server:
        monkeypatch.setenv("SSL_CERT_FILE", server.about()["ca"])
        from pinatakit.client import _wire

        _wire._certificates.cache_clear()
        try:
            with Pinata(server.admin.jwt, endpoint_url=server.url, gateway_url=server.url) as pinata:
                cid = pinata.upload(b"over https", name="a.txt").cid
                assert pinata.read_bytes(cid) == b"over https"
        finally:
            _wire._certificates.cache_clear()


def test_local_joins_a_server_that_speaks_https(tmp_path):
    with Server(tmp_path, tls=True) as server, local(tmp_path) as pinata:
        assert pinata.url == server.url
        assert pinata.read_bytes(pinata.upload(b"joined", name="a").cid) == b"joined"


@POSIX
def test_its_key_is_its_users_alone_and_the_authoritys_is_nowhere(tmp_path):
    with Server(tmp_path, tls=True):
        folder = tmp_path / "tls"
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        keys = [path.name for path in folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert modes == {"server.pem": 0o600, "ca.pem": 0o644}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert keys == ["server.pem"]


def test_the_certificate_is_kept_until_a_name_is_added(tmp_path):
    def made(*names: str) -> bytes:
        own_certificate(tmp_path, names)
        return (tmp_path / "tls" / "server.pem").read_bytes()

    first = made()
    assert made() == made("localhost", "[::1]") == first
    second = made("pinata.test", "192.0.2.1")
    assert second != first
    assert made("PINATA.test") == made() == second
    named = x509.load_pem_x509_certificate(second).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert set(named.value.get_values_for_type(x509.DNSName)) == {
        "localhost",
        "*.ipfs.localhost",
        "pinata.test",
    }


def test_a_certificate_about_to_end_is_made_anew(tmp_path):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(authority, "_LIFETIME", dt.timedelta(days=29))
        first = own_certificate(tmp_path, []).chain.read_bytes()
    second = own_certificate(tmp_path, []).chain.read_bytes()
    assert second != first
    assert own_certificate(tmp_path, []).chain.read_bytes() == second


def test_a_damaged_certificate_is_made_anew(tmp_path):
    own = own_certificate(tmp_path, [])
    own.chain.write_bytes(b"nonsense")
    own_certificate(tmp_path, []).check()


def test_ones_own_certificate_is_served_with(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    given = Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Server(tmp_path / "data", tls=given) as server, httpx2.Client(verify=context) as client:
        assert "ca" not in server.about()
        assert client.get(server.url.replace("127.0.0.1", "localhost")).status_code == 404


def test_what_is_no_certificate_or_another_ones_key_is_told(tmp_path):
    authority = trustme.CA()
    for number in range(2):
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"cert{number}.pem")
        issued.private_key_pem.write_to_path(tmp_path / f"key{number}.pem")
    for chain, key in (("cert0.pem", "key1.pem"), ("cert0.pem", None), ("none.pem", None)):
        given = Certificate(tmp_path / chain, key and tmp_path / key)
        with pytest.raises(InputError, match=chain):
            Server(tmp_path / "data", tls=given)
    Server(tmp_path / "data").stop()


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "pinatakit.server.authority", raising=False)
    monkeypatch.delattr(pinatakit.server, "authority", raising=False)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(InputError, match="cryptography") as caught:
        Server(tmp_path, tls=True)
    assert "pinatakit[tls]" in str(caught.value)
    Server(tmp_path).stop()


def test_the_host_of_a_root_is_vouched_for(tmp_path):
    with Server(tmp_path, tls=True) as server:
        host = "bafkqaaa.ipfs.localhost"
        context = ssl.create_default_context(cafile=server.about()["ca"])
        with httpx2.Client(verify=context) as client:
            answer = client.get(server.url, headers={"host": host}, extensions={"sni_hostname": host})
        assert (answer.status_code, answer.headers["x-ipfs-roots"]) == (200, "bafkqaaa")


def test_under_its_further_names_it_is_served_and_vouched_for(tmp_path):
    with Server(tmp_path, tls=True, names=["pinata.test"]) as server:
        context = ssl.create_default_context(cafile=server.about()["ca"])
        with httpx2.Client(verify=context) as client:
            answer = client.get(
                f"{server.url}/nothing",
                headers={"host": "pinata.test"},
                extensions={"sni_hostname": "pinata.test"},
            )
        assert answer.status_code == 404

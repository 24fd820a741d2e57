"""Proxies and certificates by the standard environment variables, with a real proxy and real TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import traceback

import pytest
import trustme

from pinatakit.client import _wire
from pinatakit.client.account import Account
from pinatakit.errors import SettingsError, Unreachable

from .fakes import JWT

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{"message":"hi"}'


class Listener:
    """Plays each connection in a thread of its own; `heads` are the first lines it was told."""

    def __init__(self, play):
        self.heads = []
        self._play = play
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            self._play(self, connection)

    def close(self):
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


def head_of(connection):
    head = b""
    while b"\r\n\r\n" not in head and (piece := connection.recv(65536)):
        head += piece
    return head.decode("latin-1")


@pytest.fixture
def listen():
    listeners = []

    def listen(play):
        listeners.append(Listener(play))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.close()


@pytest.fixture
def proxy(listen):
    """A proxy that forwards nothing over HTTP, but answers in the service's place, and notes what it was asked."""

    def play(self, connection):
        self.heads.append(head_of(connection))
        connection.sendall(ANSWER)

    return listen(play)


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def secure(listen, authority):
    """A service for api.pinata.cloud whose certificate only `authority` vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.pinata.cloud", "localhost").configure_cert(context)

    def play(self, connection):
        with context.wrap_socket(connection, server_side=True) as inside:
            self.heads.append(head_of(inside))
            inside.sendall(ANSWER)

    return listen(play)


@pytest.fixture
def tunnel(listen, secure):
    """A proxy that tunnels wherever it is told to, and always ends at `secure`."""

    def play(self, connection):
        self.heads.append(head_of(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", secure.port)) as service:
            back = threading.Thread(target=copy, args=(service, connection), daemon=True)
            back.start()
            copy(connection, service)
            back.join()

    return listen(play)


def copy(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def _certificates_are_read_anew():
    _wire._certificates.cache_clear()
    yield
    _wire._certificates.cache_clear()


async def greet(pinata):
    return await Account.test(pinata.account)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_is_asked_that_the_environment_names(over, proxy, monkeypatch, name):
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert over(greet, jwt=JWT, endpoint_url="http://pinata.example") == "hi"
    (head,) = proxy.heads
    assert head.startswith("GET http://pinata.example/data/testAuthentication HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("proxy_url", "said"),
    [
        ("ftp://me:hush@proxy.example:1", "Unknown scheme"),
        ("http://me:hush@[::1", "Invalid port"),
        ("socks5://me:hush@proxy.example:1", "SOCKS needs the package socksio"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(over, monkeypatch, proxy_url, said):
    monkeypatch.setenv("HTTPS_PROXY", proxy_url)
    with pytest.raises(SettingsError, match=said) as caught:
        over(greet, jwt=JWT)
    assert "HTTPS_PROXY" in caught.value.hint
    assert "hush" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("endpoint", [None, "http://pinata.example"])
def test_a_proxy_that_is_not_there_is_told_apart_from_the_service(over, monkeypatch, endpoint):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setenv(
        "HTTPS_PROXY" if endpoint is None else "HTTP_PROXY", f"http://me:hush@127.0.0.1:{port}"
    )
    with pytest.raises(Unreachable, match=rf"the proxy 127\.0\.0\.1:{port} .* is not there") as caught:
        over(greet, jwt=JWT, endpoint_url=endpoint, attempts=1)
    assert "HTTPS_PROXY" in caught.value.hint
    assert "hush" not in str(caught.value)


def test_a_proxy_that_opens_no_tunnel_is_told_apart_from_the_service(over, listen, monkeypatch):
    def refuse(_, connection):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")

    port = listen(refuse).port
    monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{port}")
    with pytest.raises(Unreachable, match=rf"the proxy 127\.0\.0\.1:{port} .*407"):
        over(greet, jwt=JWT, attempts=1)


@pytest.mark.parametrize("holds", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_told_by_their_variable(over, monkeypatch, tmp_path, holds):
    path = tmp_path / "ca.pem"
    if holds:
        path.write_text(holds)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(
        SettingsError, match=r"the certificates of SSL_CERT_FILE, '.*ca\.pem', cannot be read"
    ):
        over(greet, jwt=JWT)


def test_who_needs_no_proxy_is_asked_directly(over, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "pinata.invalid,other.example")
    with pytest.raises(Unreachable) as caught:
        over(greet, jwt=JWT, endpoint_url="http://pinata.invalid", attempts=1)
    assert "proxy" not in str(caught.value)
    assert proxy.heads == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_asked_through_a_proxy(over, proxy, monkeypatch, server, host):
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
    url = server.url.replace("127.0.0.1", host)
    assert over(greet, jwt=server.admin.jwt, endpoint_url=url).startswith("Congratulations")
    assert proxy.heads == []


def test_what_is_encrypted_goes_through_a_tunnel_and_the_proxy_sees_no_credential(
    over, tunnel, secure, authority, monkeypatch, tmp_path
):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{tunnel.port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert over(greet, jwt=JWT) == "hi"
    assert tunnel.heads[0].startswith("CONNECT api.pinata.cloud:443 HTTP/1.1\r\n")
    assert JWT not in tunnel.heads[0]
    assert f"authorization: Bearer {JWT}" in secure.heads[0]


def test_a_certificate_that_nobody_vouches_for_is_refused_and_says_so(over, secure):
    told = []
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED") as caught:
        over(greet, jwt=JWT, endpoint_url=f"https://localhost:{secure.port}", watch=told.append)
    assert "SSL_CERT_FILE" in caught.value.hint
    assert secure.heads == []
    assert len(told) == 1  # asking again would not help


def test_certificates_may_be_in_a_folder(over, secure, authority, monkeypatch, tmp_path):
    folder = tmp_path / "certs"
    folder.mkdir()
    pem = authority.cert_pem.bytes()
    (folder / f"{hash_of(pem)}.0").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert over(greet, jwt=JWT, endpoint_url=f"https://localhost:{secure.port}") == "hi"


def hash_of(pem):
    """The name under which OpenSSL looks for a certificate in a folder."""
    import hashlib

    from cryptography import x509

    subject = x509.load_pem_x509_certificate(pem).subject
    # X509_NAME_hash: SHA-1 of the canonical name: lower case, as UTF-8, each part a SET of its own.
    canonical = b""
    for part in subject:
        value = part.value.lower().encode()
        oid = encoded_oid(part.oid.dotted_string)
        inner = b"\x06" + bytes([len(oid)]) + oid + b"\x0c" + bytes([len(value)]) + value
        sequence = b"\x30" + bytes([len(inner)]) + inner
        canonical += b"\x31" + bytes([len(sequence)]) + sequence
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


def encoded_oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    encoded = bytes([40 * first + second])
    for number in rest:
        assert number < 128
        encoded += bytes([number])
    return encoded

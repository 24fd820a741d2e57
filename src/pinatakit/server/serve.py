"""Server: a local Pinata on a real port, in a thread or as the whole process."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvicorn

from pinatakit.content.memory import keep_freed
from pinatakit.errors import InputError
from pinatakit.protocol.limits import read_rate
from pinatakit.server.app import create_app
from pinatakit.server.auth import make_jwt
from pinatakit.server.connection import Connection
from pinatakit.server.store import Store
from pinatakit.server.tls import Certificate, own_certificate
from pinatakit.server.worker import Fetching

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_ANYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True, slots=True)
class Admin:
    """The first key of a store, which may do everything."""

    jwt: str
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"Admin(jwt='***', api_key={self.api_key!r}, api_secret='***')"


TEST: Final = Admin(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VySW5mb3JtYXRpb24iOnsiaWQiOiIwMDAwMDAwMC0wMDAwL"
    "TAwMDAtMDAwMC0wMDAwMDAwMDdlNTciLCJlbWFpbCI6ImxvY2FsQHBpbmF0YWtpdC5pbnZhbGlkIiwiZW1haWxfdmV"
    "yaWZpZWQiOnRydWUsInBpbl9wb2xpY3kiOnsicmVnaW9ucyI6W3siaWQiOiJMT0NBTCIsImRlc2lyZWRSZXBsaWNhd"
    "GlvbkNvdW50IjoxfV0sInZlcnNpb24iOjF9LCJtZmFfZW5hYmxlZCI6ZmFsc2UsInN0YXR1cyI6IkFDVElWRSJ9LCJ"
    "hdXRoZW50aWNhdGlvblR5cGUiOiJzY29wZWRLZXkiLCJzY29wZWRLZXlLZXkiOiI3ZTU3N2U1NzdlNTc3ZTU3N2U1N"
    "yIsInNjb3BlZEtleVNlY3JldCI6IjdlNTc3ZTU3N2U1NzdlNTc3ZTU3N2U1NzdlNTc3ZTU3N2U1NzdlNTc3ZTU3N2U"
    "1NzdlNTc3ZTU3N2U1NzdlNTciLCJpYXQiOjB9._pIR0KP6ERG2OGWRfCLPQ40PkQQ36GMVzyFnSq88tLg",
    "7e57" * 5,
    "7e57" * 16,
)
"""The key of each local Pinata that keeps nothing and listens on this machine alone: the same always."""


class Server:
    """A local Pinata that listens.

    `data` is its folder; without one it is a temporary folder, removed at the end, and its key,
    where it listens on this machine alone, is `TEST`, which everybody knows. Port 0 takes a free one. It listens when it is made, and answers from `start` or `run` on.
    `limits` is how often each key may call: a plan's name, or calls a minute.
    `fetching` says from where it fetches what is queued by its CID. `names` are those it may be
    called by besides this machine's. With `tls` it speaks https: with a certificate of its own,
    which clients must be told to trust, or with the one given. `grace` is how many seconds what
    runs may take to end when it is stopped; `None` is as long as it moves.
    `origins` are those whose pages may call the API in a browser, besides this machine's.
    `behind_proxy`: whoever connects from this machine is a proxy, and believed who its clients are
    (``X-Forwarded-For``, ``X-Forwarded-Proto``); else anybody here could take any address.

    Raises:
        Busy: another server has the data folder.
        InputError: the address cannot be listened on, or the certificate not be served with; a name is
            none of a host, or an origin none of pages.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        names: Collection[str] = (),
        limits: str | int | None = None,
        fetching: Fetching | None = None,
        tls: bool | Certificate = False,
        grace: int | None = 30,
        origins: Collection[str] = (),
        behind_proxy: bool = False,
    ) -> None:
        keep_freed()
        names, origins = [*map(_name, names)], [*map(_origin, origins)]
        rate = None if limits is None else read_rate(limits)
        self._temporary = data is None
        self.data = Path(tempfile.mkdtemp(prefix="pinatakit-")) if data is None else data.resolve()
        try:
            self.store = Store(self.data)
        except BaseException:
            self._remove()
            raise
        try:
            self.certificate = self._certify(tls, [*names, host])
            ephemeral = data is None and host in _LOOPBACK and not names
            self.admin = _test_admin(self.store) if ephemeral else _admin(self.store)
            self._socket = _listen(host, port)
        except BaseException:
            self.store.close()
            self._remove()
            raise
        port = self._socket.getsockname()[1]
        scheme = "https" if self.certificate else "http"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else _shown(host)}:{port}"
        anywhere = host in _ANYWHERE and not names
        hosts = None if anywhere else [*names, f"[{host}]" if ":" in host else host]
        fetching = fetching or Fetching()
        if fetching.private is None:  # who can ask can connect to this machine himself
            fetching = replace(fetching, private=host in _LOOPBACK and not names)
        config = uvicorn.Config(
            create_app(self.store, hosts=hosts, rate=rate, fetching=fetching, origins=origins),
            http=Connection,
            loop="asyncio",  # whose transports can be told how much to read, and write at once what they can
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=behind_proxy,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=grace,
            ssl_certfile=self.certificate and self.certificate.chain,
            ssl_keyfile=self.certificate and self.certificate.key,
        )
        self._uvicorn = _Uvicorn(config)
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Answer, in a thread of its own; returns when it does."""
        self._thread = threading.Thread(target=self._answer, name="pinatakit-server", daemon=True)
        self._thread.start()
        self._say_where()
        return self

    def run(self, ready: Callable[[], object] | None = None) -> None:
        """Answer, until the process is told to end (SIGINT, SIGTERM); then finish what runs, and stop.

        `ready` is called when a caller is answered and a signal obeyed.
        """
        before = {number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._say_where()
            if ready:
                ready()
            self._answer()
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self, *, wait: float = 0) -> None:
        """Finish what runs, then stop listening and let go of the data folder.

        Other processes that use the folder through this server are waited for, for up to
        `wait` seconds.
        """
        if wait and not self._temporary:
            self.store.others_gone(wait)
        self._uvicorn.should_exit = True
        if self._thread:
            self._thread.join()
            self._thread = None
        self._socket.close()
        (self.data / "server.json").unlink(missing_ok=True)
        self.store.close()
        self._remove()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def about(self) -> dict[str, Any]:
        """All that a program needs to use it; holds secrets."""
        return {
            "url": self.url,
            "gateway": f"{self.url}/ipfs",
            "jwt": self.admin.jwt,
            "api_key": self.admin.api_key,
            "api_secret": self.admin.api_secret,
            "data": str(self.data),
            **self._trusted(),
        }

    def _told(self, *_: object) -> None:
        """Stop when what runs is done; told twice, at once."""
        self._uvicorn.force_exit = self._uvicorn.should_exit
        self._uvicorn.should_exit = True

    def _answer(self) -> None:
        self._uvicorn.run(sockets=[self._socket])

    def _say_where(self) -> None:
        """Tell other processes of this user where it listens."""
        about = {"url": self.url, "pid": os.getpid(), **self._trusted()}
        write_private(self.data / "server.json", about)

    def _certify(self, tls: bool | Certificate, names: Collection[str]) -> Certificate | None:
        """The certificate to serve with, if any; `names` without those that stand for any address."""
        if isinstance(tls, Certificate):
            tls.check()
            return tls
        return own_certificate(self.data, {*names} - set(_ANYWHERE)) if tls else None

    def _trusted(self) -> dict[str, str]:
        """Whom clients must trust that do not already."""
        trusted = self.certificate.authority if self.certificate else None
        return {"ca": str(trusted.resolve())} if trusted else {}

    def _remove(self) -> None:
        if self._temporary:
            shutil.rmtree(self.data, ignore_errors=True)


class _Uvicorn(uvicorn.Server):
    """uvicorn without its own handling of signals, which ends the process before the store is closed."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _name(text: str) -> str:
    """A name as clients say it in ``Host``; what holds more than a name would be called by nobody."""
    if not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", text.lower()):
        raise InputError(
            f"{text!r} is no name of a host", hint="write it like pinata.test, without scheme and port"
        )
    return text


def _origin(text: str) -> str:
    """An origin as browsers say it (RFC 6454, 6.2): without a slash at its end, in small letters."""
    origin = text.removesuffix("/").lower()
    if origin != "null" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", origin):
        raise InputError(f"{text!r} is no origin of pages", hint="write it like https://app.example.org")
    return origin


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(
        family, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # named, or asyncio leaves Nagle on
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)  # from here on a caller waits instead of being refused
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            hint="take another --port, or 0",
        ) from None
    listening.set_inheritable(False)
    return listening


def _shown(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104


def _admin(store: Store) -> Admin:
    """The admin key of a store: made at its first start and kept, for this user alone."""
    path = store.folder / "admin.json"
    if path.exists():
        kept = json.loads(path.read_text())
        admin = Admin(kept["jwt"], kept["api_key"], kept["api_secret"])
        known = store.keys.find(admin.api_key, admin.api_secret)
        if known and not known.revoked:
            return admin
    key, secret = store.keys.create("admin", {"admin": True}, None)
    admin = Admin(make_jwt(store.keys, key, secret), key, secret)
    write_private(path, {"jwt": admin.jwt, "api_key": key, "api_secret": secret})
    return admin


def _test_admin(store: Store) -> Admin:
    """The key that everybody knows, in a store that is gone at the end."""
    store.keys.signing_key, store.keys.user_id = TEST.api_secret, str(uuid.UUID(int=0x7E57))
    pair = store.keys.create("admin", {"admin": True}, None, (TEST.api_key, TEST.api_secret))
    assert make_jwt(store.keys, *pair, issued=0) == TEST.jwt
    return TEST


def write_private(path: Path, value: dict[str, Any]) -> None:
    """Write a file that only this user can read, whole or not at all."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as out:
        json.dump(value, out)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(path)

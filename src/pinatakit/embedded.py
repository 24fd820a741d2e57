"""local(): a client and the local Pinata it speaks to, in one.

with pinatakit.local() as pinata:
    pinata.upload("photo.jpg")
"""

from __future__ import annotations

import os
import ssl
import time
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import httpx2 as httpx

from pinatakit.client import Pinata
from pinatakit.content import CID
from pinatakit.datafolder import default_folder
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol import Network
from pinatakit.server import Busy, Faults, Fetching, Guest, Server, running
from pinatakit.settings import Settings

_PATIENCE: Final = 30.0  # seconds to wait for another process that begins, works or stops

__all__ = ["LocalPinata", "Stored", "default_folder", "local"]


class Stored(NamedTuple):
    """What a local Pinata has stored; equal where name, content, key-values and network are.

    Attributes:
        size: bytes.
    """

    name: str | None
    cid: CID
    size: int
    keyvalues: dict[str, object]
    network: str


class LocalPinata(Pinata):
    """A client of a local Pinata that lives as long as it does.

    Attributes:
        url: where it listens, for other clients and processes.
        jwt: its admin credential.
        data: its folder.
    """

    def __init__(
        self,
        data: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: str | int | None = None,
        faults: bool = False,
        gateways: Iterable[str] = (),
    ) -> None:
        fetching = Fetching(gateways=tuple(gateways))
        joined = _start_or_join(None if data is None else Path(data), host, port, limits, fetching)
        self._server, self._guest, self.url, self.jwt, self.data, trusted = joined
        self._trusted, self._direct = trusted, self.url
        self._faults = Faults(self.url) if faults else None
        if self._faults:
            self.url = self._faults.url
        self._left = weakref.finalize(self, _abandon, self._server)
        settings = Settings.of_local(url=self.url, jwt=self.jwt)
        super().__init__(settings=settings, transport=_trusting(trusted) if trusted else None)

    @property
    def faults(self) -> Faults:
        """What goes wrong on the way to it: ``pinata.faults.add(Cut(answer=100))``.

        Raises:
            InputError: it was started without.
        """
        if self._faults is None:
            raise InputError("nothing goes wrong here", hint="start it with local(faults=True)")
        return self._faults

    def snapshot(self) -> list[Stored]:
        """What is stored now, of both networks, in the order in which it came.

            assert pinata.snapshot() == [Stored("a.txt", cid_of("a.txt"), 5, {}, "public")]

        What is told to go wrong does not befall this question.
        """
        transport = _trusting(self._trusted) if self._trusted else None
        settings = Settings.of_local(url=self._direct, jwt=self.jwt)
        networks: tuple[Network, ...] = ("public", "private")
        with Pinata(settings=settings, transport=transport) as asking:
            files = [(file, network) for network in networks for file in asking.files.list(network=network)]
        files.sort(key=lambda found: (found[0].created_at, found[0].id))
        return [
            Stored(file.name, file.cid, file.size, dict(file.keyvalues), network)
            for file, network in files
            if file.cid  # here there is always one
        ]

    def close(self) -> None:
        """Close the connections, and stop the server if this started it."""
        super().close()
        if self._faults:
            self._faults.close()
            self._faults = None
        if self._guest:
            self._guest.close()
            self._guest = None
        if self._server:
            self._left.detach()
            self._server.stop(wait=_PATIENCE)
            self._server = None


class _Joined(NamedTuple):
    """A server of one's own, or a place as a guest of another; where it answers, its key and its folder.

    `trusted` is the file of who vouches for it, where it speaks https.
    """

    server: Server | None
    guest: Guest | None
    url: str
    jwt: str
    data: Path
    trusted: str | None = None


def _trusting(authority: str) -> httpx.HTTPTransport:
    """What connects to those for whom this authority vouches."""
    return httpx.HTTPTransport(verify=ssl.create_default_context(cafile=authority))


def _abandon(server: Server | None) -> None:
    """Stop a server whose client nobody closed: what is temporary goes."""
    if server:
        server.stop()


def _start_or_join(
    folder: Path | None, host: str, port: int, limits: str | int | None, fetching: Fetching
) -> _Joined:
    """A server of the folder, or a place as a guest of the one that has it.

    Raises:
        Busy: another process has the folder and does not say where it answers.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            server = Server(folder, host=host, port=port, limits=limits, fetching=fetching).start()
            return _Joined(server, None, server.url, server.admin.jwt, server.data)
        except Busy:
            assert folder is not None
            if limits is not None:
                raise
            guest: Guest | None = None
            try:
                guest = Guest(folder)
                other = running(folder)
                return _Joined(None, guest, other["url"], other["jwt"], folder.resolve(), other.get("ca"))
            except PinataError:  # it has just begun, or is about to stop
                if guest:
                    guest.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


def local(
    data: str | os.PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: str | int | None = None,
    faults: bool = False,
    gateways: Iterable[str] = (),
) -> LocalPinata:
    """Start a local Pinata, and give a client of it that is ready.

    Without `data` it keeps nothing beyond its end; with a folder it keeps everything there,
    and where a local Pinata serves that folder already, that one is used, at its own address
    (`host`, `port` and `gateways` are then of no use). Any other client
    can use it too: `url` and `jwt` of the result say how.

    `limits` makes it refuse what a plan refuses (``"free"``, ``"picnic"``, ``"fiesta"``,
    ``"enterprise"``, or calls a minute), and uploads that Pinata finds too large; with `faults` what its `faults` is told goes wrong on
    the way to it.
    `gateways` are trustless gateways, such as ``https://ipfs.io`` or the `url` of another
    local Pinata, from which what is pinned by its CID is fetched, besides the host nodes
    that a request names. Without them and without host nodes nothing is fetched.

    Raises:
        InputError: the port is taken.
        Busy: with `limits`, another process has the folder.
    """
    return LocalPinata(data, host=host, port=port, limits=limits, faults=faults, gateways=gateways)

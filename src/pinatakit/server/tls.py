"""TLS: a certificate of the local Pinata's own, because official clients put ``https://`` before any address.

    data/tls/
      ca.pem      who vouches for it: this is what clients are told to trust
      server.pem  its certificate and its key (mode 0600)

The authority's key is thrown away as soon as it has signed: who trusts it trusts this server under
these names, and nothing else can ever be signed. Where names are added, or the end is near, both are
made anew, at the same place.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from pinatakit.errors import InputError

_HERE: Final = ("localhost", "127.0.0.1", "::1", "*.ipfs.localhost")  # each root has a host of its own


class Certificate(NamedTuple):
    """What a server shows who it is with: files of PEM.

    Attributes:
        chain: its certificate, and those between it and the authority.
        key: its private key, where `chain` does not hold that.
        authority: what clients must be told to trust, if they do not already.
    """

    chain: Path
    key: Path | None = None
    authority: Path | None = None

    def check(self) -> None:
        """See that it can be served with.

        Raises:
            InputError: the files cannot be read, or are no pair.
        """
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key, password=lambda: "")
        except (OSError, ValueError) as error:  # of which OpenSSL's errors are kinds
            files = f"{str(self.chain)!r}" + (f" and {str(self.key)!r}" if self.key else "")
            raise InputError(
                f"there is no certificate with its key in {files}: {error}",
                hint="both are PEM; a key has no password",
            ) from None


def own_certificate(folder: Path, names: Collection[str]) -> Certificate:
    """The certificate of a data folder, for this machine and these names; made where there is none for them.

    Raises:
        InputError: the extra ``tls`` is not installed.
    """
    try:
        from pinatakit.server import authority  # noqa: PLC0415  (an extra)
    except ImportError:
        raise InputError(
            "a certificate is made by the package cryptography, which is not installed",
            hint="pip install 'pinatakit[tls]', or bring one with --cert and --key",
        ) from None
    place = folder / "tls"
    chain, trusted = place / "server.pem", place / "ca.pem"
    wanted = {*_HERE, *(name.strip("[]").lower() for name in names)}
    there = chain.exists() and trusted.exists()
    if not there or not authority.is_good(chain.read_bytes(), wanted):
        place.mkdir(mode=0o700, exist_ok=True)
        vouching, own = authority.make(wanted)
        _write(chain, own, 0o600)
        _write(trusted, vouching, 0o644)
    return Certificate(chain, authority=trusted)


def _write(path: Path, data: bytes, mode: int) -> None:
    """A file that is whole or not there, and at no moment open to more than it shall be."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(path)

"""local(): a client and the local Pinata it speaks to, in one.

with pinatakit.local() as pinata:
    pinata.upload("photo.jpg")
"""

from __future__ import annotations

import os
from pathlib import Path

from pinatakit.client import Pinata
from pinatakit.server import Busy, Server, running

__all__ = ["LocalPinata", "default_folder", "local"]


class LocalPinata(Pinata):
    """A client of a local Pinata that lives as long as it does.

    Attributes:
        url: where it listens, for other clients and processes.
        jwt: its admin credential.
        data: its folder.
    """

    def __init__(
        self, data: str | os.PathLike[str] | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        folder = None if data is None else Path(data)
        self._server: Server | None = None
        try:
            self._server = Server(folder, host=host, port=port)
            self.url, self.jwt, self.data = self._server.url, self._server.admin.jwt, self._server.data
            self._server.start()
        except Busy:
            assert folder is not None
            other = running(folder)
            self.url, self.jwt, self.data = other["url"], other["jwt"], folder.resolve()
        super().__init__(self.jwt, endpoint_url=self.url, gateway_url=self.url)

    def close(self) -> None:
        """Close the connections, and stop the server if this started it."""
        super().close()
        if self._server:
            self._server.stop()
            self._server = None


def local(
    data: str | os.PathLike[str] | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> LocalPinata:
    """Start a local Pinata, and give a client of it that is ready.

    Without `data` it keeps nothing beyond its end; with a folder it keeps everything there,
    and where a local Pinata serves that folder already, that one is used. Any other client
    can use it too: `url` and `jwt` of the result say how.

    Raises:
        InputError: the port is taken.
    """
    return LocalPinata(data, host=host, port=port)


def default_folder() -> Path:
    """Where ``--local`` keeps things when it is told nothing: the user's data folder."""
    if base := os.environ.get("XDG_DATA_HOME"):
        return Path(base) / "pinatakit"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "pinatakit"
    return Path.home() / ".local" / "share" / "pinatakit"

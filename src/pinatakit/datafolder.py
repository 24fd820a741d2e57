"""The data folder of a local Pinata: where it is, and which server has it. Loads no server.

A server holds `lock.db` for as long as it lives, and says in `server.json` where it answers. Who uses
a folder through another's server holds `guests.db` the while, which that server waits for before it stops.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

from pinatakit.errors import PinataError

__all__ = ["Busy", "Guest", "default_folder", "join", "running"]


class Busy(PinataError):
    """Another process has the data folder."""


class Guest:
    """A process that uses a store through the server of another, which waits for it before it stops.

    Raises:
        Busy: the server is about to stop.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = sqlite3.connect(
            folder / "guests.db", timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._lock.execute("BEGIN").close()
            self._lock.execute("SELECT 1 FROM sqlite_master").close()
        except sqlite3.OperationalError:
            self._lock.close()
            raise Busy(f"the local Pinata of {str(folder)!r} is about to stop") from None

    def close(self) -> None:
        """Say that this process is done with it."""
        self._lock.close()


def join(folder: Path) -> tuple[Guest, dict[str, str]] | None:
    """A place as a guest of the server that has the folder, and where it answers; `None` where none does."""
    if not (folder / "server.json").exists() or not _locked(folder):
        return None
    try:
        guest = Guest(folder)
    except Busy:  # it is about to stop
        return None
    try:
        return guest, running(folder)
    except PinataError:  # it has just begun
        guest.close()
        return None


def _locked(folder: Path) -> bool:
    connection = sqlite3.connect(folder / "lock.db", timeout=0, isolation_level=None)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").close()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    finally:
        connection.close()
    return False


def running(data: Path) -> dict[str, str]:
    """Where the server that has this data folder answers, its admin key, and whom to trust (``ca``), if need be.

    Raises:
        PinataError: it has not said so, or these are not its words.
    """
    try:
        where = json.loads((data / "server.json").read_text())
        admin = json.loads((data / "admin.json").read_text())
        trusted = {"ca": str(where["ca"])} if "ca" in where else {}
        return {"url": str(where["url"]), "jwt": str(admin["jwt"]), **trusted}
    except (OSError, ValueError, KeyError):
        raise PinataError(
            f"the data folder {str(data)!r} is in use, and its server cannot be found",
            hint="wait a moment, or stop the process that uses it",
        ) from None


def default_folder() -> Path:
    """Where ``--local`` keeps things when it is told nothing: the user's data folder."""
    if base := os.environ.get("XDG_DATA_HOME"):
        return Path(base) / "pinatakit"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "pinatakit"
    return Path.home() / ".local" / "share" / "pinatakit"

"""Sessions: where an upload that was begun goes on, remembered beyond the process.

A small file in the user's state folder, readable by its user alone, and named by a digest of
where the upload goes, whose it is, the file's path and the options. It holds where the service
has the upload, and what the file was like: size and time of change. It holds no secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from pinatakit.protocol.shapes import as_object
from pinatakit.settings import Settings, state_folder
from pinatakit.sources import Source


class Session:
    """One upload of one file; as long as it is open no other process has it.

    Attributes:
        location: where the service has the upload, or `None` when it is to be begun.
        outdated: where it has one of the file as it was before it changed.
    """

    def __init__(self, path: Path, file: FileIO, source: Source) -> None:
        self.location: str | None = None
        self.outdated: str | None = None
        self._path = path
        self._file = file
        self._now: dict[str, Any] = {"size": source.size, "modified": source.modified}
        if source.root:
            self._now["root"] = str(source.root)
        kept = _read(file)
        location = kept.pop("location", None)
        if isinstance(location, str) and kept == self._now:
            self.location = location
        elif isinstance(location, str):
            self.outdated = location

    @classmethod
    def open(cls, settings: Settings, source: Source, options: Mapping[str, str]) -> Session | None:
        """The session of an upload, or `None` while another process has it or nothing can be kept."""
        assert source.path
        about = [
            settings.base("uploads"),
            settings.credential.account,
            os.fsdecode(source.path.absolute()),
            *sorted(options.items()),
        ]
        name = hashlib.sha256(json.dumps(about).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        folder = state_folder() / "uploads"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = folder / f"{name}.json"
            file = FileIO(path, "r+", opener=_kept)
        except OSError:  # no place for it: the upload then lives as long as the process
            return None
        if not _lock(file.fileno()):
            file.close()
            return None
        return cls(path, file, source)

    def keep(self, location: str) -> None:
        """Remember where the service has the upload."""
        self.location = location
        self._file.truncate(0)
        self._file.seek(0)
        self._file.write(json.dumps({"location": location, **self._now}).encode())
        os.fsync(self._file.fileno())

    def forget(self) -> None:
        """There is nothing to go on with."""
        self.location = self.outdated = None
        self._file.truncate(0)

    def close(self) -> None:
        """Let others have it; one with nothing to go on with leaves no file."""
        done = self.location is None
        if done and os.name == "posix":
            self._path.unlink(missing_ok=True)  # while nobody else can have it
        self._file.close()
        if done and os.name != "posix":
            self._path.unlink(missing_ok=True)


def _kept(path: str, flags: int) -> int:
    """Open the file, or make it for its user alone."""
    return os.open(path, flags | os.O_CREAT, 0o600)


def _read(file: FileIO) -> dict[str, Any]:
    """What is kept; nothing where a process was ended while it wrote."""
    try:
        kept = json.loads(file.read(1 << 16))
    except ValueError:
        return {}
    return as_object(kept)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        os.lseek(file, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(file, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

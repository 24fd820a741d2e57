"""Targets: content on its way to disk, beside its place until it is whole.

Whatever a DAG says, nothing is written outside the target: names were checked by the `Walk`,
symlinks that lead out are refused here, and so are names that this system takes for something
else, or that this file system cannot tell apart.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TextIO

from pinatakit.content import Entry, Kind
from pinatakit.errors import AlreadyThere, InputError

if sys.platform != "win32":
    import fcntl

_SYSTEM: Final[str] = sys.platform
_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
    | {port + number for port in ("COM", "LPT") for number in "123456789\u00b9\u00b2\u00b3"}
)
_SYNC: Final = 16 << 20  # bytes after which what is kept is synced and noted


class Part(NamedTuple):
    """What of a file is on disk: its first block's CID, bytes from its start, and whether that is all."""

    cid: str
    size: int
    whole: bool


class Kept:
    """What an earlier attempt has left, so that only the rest need be fetched.

    Beside the content that is being written stands a journal: a line of JSON for each file
    that is whole, or of which a part is there, written after those bytes were synced. `key`
    says what is being fetched; the journal of something else is not looked at.

    Attributes:
        parts: by path below what is written; of a file alone, under the empty path.
    """

    def __init__(self, to: Path, key: str, *, name: str) -> None:
        sign = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        self._sign = sign
        self.parts: dict[str, Part] = {}
        for place in dict.fromkeys([to / name if to.is_dir() else to, to]):
            aside, journal = self.beside(place)
            if _own(aside) and _own(journal):
                self._read(journal, aside)
                break

    def beside(self, place: Path) -> tuple[Path, Path]:
        """Where the content and the journal of what goes to a place are."""
        aside = place.with_name(f".{place.name[:80]}.{self._sign}.part")
        return aside, aside.with_name(f"{aside.name}.journal")

    def _read(self, journal: Path, aside: Path) -> None:
        for line in journal.read_text("utf-8").splitlines():
            try:
                path, cid, size, whole = json.loads(line)
            except ValueError:  # the last line, when the machine stopped while it was written
                break
            self.parts[path] = Part(cid, size, whole)
        for path, part in list(self.parts.items()):
            where = aside / path if path else aside
            if where.is_symlink() or not where.is_file() or where.stat().st_size < part.size:
                del self.parts[path]


def check_free(to: Path, *, name: str | None = None, overwrite: bool) -> None:
    """See that a file takes the place of nothing, unless it may; as `name` where `to` is a folder.

    Raises:
        AlreadyThere: something is.
    """
    place = to / name if name and to.is_dir() else to
    if not overwrite and os.path.lexists(place):
        raise AlreadyThere(place)


class Target:
    """One file or folder that is being written.

    Give it what a `Walk` comes to, in order; `finish` moves all of it into place at once, and
    `close` leaves nothing of what was not finished, or, where something is `kept`, all of it
    for the next attempt. A file goes to the path `to`, or, as
    `name`, into the folder `to`; a folder becomes `to`, which must not be there or be empty. What a
    file would take the place of stays without `overwrite`.

    Attributes:
        place: where it will be.
        size: bytes of content so far.
        files: files so far.

    Raises:
        AlreadyThere: something is.
        InputError: it cannot be put there.
    """

    def __init__(
        self,
        to: Path,
        first: Entry,
        *,
        name: str,
        kept: Kept | None = None,
        mark: str | None = None,
        overwrite: bool = True,
    ) -> None:
        is_folder = first.kind is Kind.DIRECTORY
        if "\0" in str(to) or len(to.name.encode("utf-8", "surrogateescape")) > 240:
            raise InputError(f"{to.name[:40]!r}… cannot be a name on disk", hint="name another place")
        self.place = to / name if to.is_dir() and not is_folder else to
        self.size = 0
        self.files = 0
        if is_folder and to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise AlreadyThere(to)
        self._overwrite = overwrite
        if not is_folder:
            check_free(self.place, overwrite=overwrite)
        if not is_folder and self.place.is_dir():
            raise InputError(f"{str(self.place)!r} is a folder", hint="name a new place for the file")
        if not self.place.parent.is_dir():
            raise InputError(
                f"there is no folder {str(self.place.parent)!r} to write to", hint="make it first"
            )
        self._aside = self.place.with_name(f".{self.place.name[:80]}.{secrets.token_hex(4)}.part")
        self._file: BinaryIO | None = None
        self._kept = kept
        self._noted = self._aside.with_name(f"{self._aside.name}.journal")
        self._journal: TextIO | None = None
        self._entry = first
        self._mark = mark  # what the content is called in the journal, if not by its CID
        self._before = 0  # size when the file that is being written began
        self._unsynced = 0
        self._room: int | None = None  # bytes of content that there is room for, once that was asked
        self._there: set[Path] = set()  # folders that an earlier attempt has made
        if kept:
            self._aside, self._noted = kept.beside(self.place)
            self._take_up(kept)

    def take(self, step: Entry | bytes) -> None:
        """Write the next file, folder or symlink, or the next bytes of the last file.

        Raises:
            InputError: a symlink leads out, or two names are one on this file system.
            OSError: the disk is full or broken.
        """
        if isinstance(step, bytes):
            assert self._file, "bytes follow the entry of their file"
            self._file.write(step)
            self.size += len(step)
            self._unsynced += len(step)
            if self._journal and self._unsynced >= _SYNC:
                self._note(whole=False)
            return
        self._close(whole=True)
        if step.path and (why := unfit(step.path.rpartition("/")[2], _SYSTEM)):
            raise InputError(
                f"{step.path!r} cannot be written on this system: the name {why}",
                hint="nothing was written; unpack it on another system",
            )
        if step.kind is Kind.SYMLINK:
            _check_link(step, _SYSTEM)
        where = self._aside / step.path if step.path else self._aside
        try:
            match step.kind:
                case Kind.DIRECTORY:
                    if where in self._there:
                        self._there.discard(where)
                    else:
                        where.mkdir()
                case Kind.SYMLINK:
                    where.symlink_to(step.target)
                case _:
                    self._begin(where, step)
                    self.files += 1
        except FileExistsError:
            raise InputError(
                f"this file system cannot tell {step.path!r} from a name beside it",
                hint="write to a file system that knows upper and lower case and Unicode forms apart",
            ) from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            raise InputError(
                f"{str(self.place / step.path)!r} cannot be written: {error.strerror}", hint="write elsewhere"
            ) from None

    def finish(self) -> None:
        """Move it into place.

        Raises:
            AlreadyThere: something has come there meanwhile that it may not take the place of.
        """
        self._close(whole=True)
        if self._aside.is_file():
            check_free(self.place, overwrite=self._overwrite)
        if self.place.is_dir() and not self.place.is_symlink() and self._aside.is_dir():
            self.place.rmdir()  # empty, as was checked
        self._aside.replace(self.place)
        if self._journal:
            self._journal.close()
            self._noted.unlink()

    def skip(self, part: Part) -> None:
        """Count a file that is there already, whole."""
        self._close(whole=True)
        self.size += part.size
        self.files += 1

    def close(self) -> None:
        """Leave nothing of what was not finished; or, where something is kept, all of it."""
        try:
            self._close(whole=False)
        finally:
            if self._journal:
                self._journal.close()
            else:
                _remove(self._aside)

    def _begin(self, where: Path, entry: Entry) -> None:
        """Open a file: anew, or where an earlier attempt has left it."""
        self._check_room(entry)
        part = self._kept.parts.get(entry.path) if self._kept else None
        self._entry, self._before, self._unsynced = entry, self.size, 0
        if part is None or part.cid != (self._mark or str(entry.cid)):
            self._file = where.open("xb")
            return
        self._file = where.open("r+b")
        self._file.truncate(part.size)
        self._file.seek(part.size)
        self.size += part.size

    def _check_room(self, entry: Entry) -> None:
        """Refuse what the disk has no room for before it is full: a few blocks may promise exabytes."""
        if self._room is None:
            there = sum(part.size for part in self._kept.parts.values()) if self._kept else 0
            self._room = shutil.disk_usage(self.place.parent).free + there
        if self.size + entry.size > self._room:
            raise InputError(
                f"{str(self.place / entry.path)!r} is not written: with its {entry.size:,} bytes it would be "
                f"{self.size + entry.size:,} bytes of content, and the disk had {self._room:,} free",
                hint="write to a larger disk",
            )

    def _close(self, *, whole: bool) -> None:
        if self._file:
            try:
                if self._journal:
                    self._note(whole=whole)
            finally:
                file, self._file = self._file, None
                file.close()

    def _take_up(self, kept: Kept) -> None:
        """Go on from what an earlier attempt has left; what it has not noted goes."""
        if self._noted.is_symlink():
            self._noted.unlink()
        self._journal = _alone(self._noted)
        if not kept.parts:
            _remove(self._aside)
        for folder, folders, files in os.walk(self._aside):
            self._there.add(Path(folder))
            for path in (Path(folder) / name for name in (*folders, *files)):
                noted = path.relative_to(self._aside).as_posix() in kept.parts
                if path.is_symlink() or not (noted or path.is_dir()):
                    path.unlink()
        self._journal.truncate(0)
        self._journal.writelines(_line(path, part) for path, part in kept.parts.items())
        self._journal.flush()

    def _note(self, *, whole: bool) -> None:
        """Sync the file that is being written, and note what is there of it."""
        assert self._file
        self._file.flush()
        os.fsync(self._file.fileno())
        self._unsynced = 0
        part = Part(self._mark or str(self._entry.cid), self.size - self._before, whole)
        if self._journal:
            self._journal.write(_line(self._entry.path, part))
            self._journal.flush()


def unfit(name: str, system: str) -> str | None:
    """Why a name cannot be one on a system (as `sys.platform` calls it), or `None` where it can.

    Windows takes a backslash for a folder, what stands before a colon for a drive or a file and
    what stands behind it for a stream of it, drops dots and spaces at the end, and
    has devices in every folder. Source: learn.microsoft.com, "Naming Files, Paths, and Namespaces".
    """
    if system != "win32":
        return None
    if wrong := next((sign for sign in name if sign in '<>:"/\\|?*' or sign < " "), None):
        return f"has {wrong!r} in it"
    if name.endswith((".", " ")):
        return "ends with a dot or a space"
    if name.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        return "is that of a device"
    return None


def _alone(journal: Path) -> TextIO:
    """Open a journal that nobody else writes to; Windows lets nobody move what another has open."""
    file = journal.open("a", encoding="utf-8")
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise InputError(
                f"another download is writing to the same place ({str(journal)!r})", hint="wait for its end"
            ) from None
    return file


def _line(path: str, part: Part) -> str:
    return json.dumps([path, *part]) + "\n"


def _own(path: Path) -> bool:
    """Whether something is there that this user has made: no symlink, nobody else's."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return False
    return not path.is_symlink() and (os.name != "posix" or about.st_uid == os.getuid())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _check_link(step: Entry, system: str) -> None:
    """Refuse a symlink that leads out of what is written.

    Upward steps are allowed only at the start: from the link's own folder, which is a real
    one, they can be counted, while behind a name they may start from where another symlink
    leads.
    """
    names = [name for name in step.target.split("/") if name not in ("", ".")]
    up = next((place for place, name in enumerate(names) if name != ".."), len(names))
    leads_out = (
        "\0" in step.target
        or step.target.startswith("/")
        or not step.path
        or up > step.path.count("/")
        or ".." in names[up:]
        or any(unfit(name, system) for name in names[up:])
    )
    if leads_out:
        raise InputError(
            f"the symlink {step.path or str(step.cid)!r} leads out of what is written, to {step.target!r}",
            hint="nothing was written; fetch what is beside it by itself",
        )

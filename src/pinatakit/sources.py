"""Sources: what can be uploaded, looked at before a byte is sent.

A path, bytes, an open file or a folder becomes names, sizes and ways to read them. Everything
that is wrong with the disk is found here and told by name. No local path ever becomes a name.
"""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from pinatakit.errors import InputError
from pinatakit.patterns import ALL, Patterns

if sys.platform == "linux":
    import fcntl

Uploadable: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"

PIECE: Final = 1 << 20
"""Bytes read and sent at once: measured the smallest with which sending costs what curl's does."""

_MAGIC: Final = re.compile(r"[*?\[]")

READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""How a file is opened for `pread_into`."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one file.

    Attributes:
        name: its name, or its path inside the folder that is uploaded.
        size: bytes, or `None` when only reading to the end will tell.
        open: starts reading from the beginning, which it can do only once unless `again`.
    """

    name: str
    size: int | None
    open: Callable[[], BinaryIO]
    path: Path | None = None
    modified: int = 0
    again: bool = True


class Reader:
    """Reads a source in pieces, and notices when it changes meanwhile."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._file = self._open()
        self._left = source.size
        self._at = 0

    def piece(self, most: int = PIECE) -> bytes:
        """The next bytes, empty at the end.

        Raises:
            InputError: the file is not what it was when the upload began.
        """
        size = most if self._left is None else min(most, self._left)
        data = self._checked(self._file.read(size)) if size else b""
        self._took(len(data))
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer, or its beginning, with the next bytes; how many, 0 at the end.

        Raises:
            InputError: the file is not what it was when the upload began.
        """
        if self._left is not None:
            buffer = buffer[: self._left]
        fill: Callable[[memoryview], object] | None = getattr(self._file, "readinto", None)
        if fill is None:
            data = self.piece(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        count = fill(buffer) if buffer else 0
        if not isinstance(count, int):
            raise self._unreadable(count)
        self._took(count)
        return count

    def _took(self, count: int) -> None:
        self._at += count
        if self._left is not None:
            self._left -= count
            if not count or not self._left:
                self.check(missing=bool(self._left))

    def seek(self, at: int) -> None:
        """Go on from a place, counted from where the source begins.

        Raises:
            InputError: the file is not what it was when the upload began.
        """
        assert self._left is not None, "the size is known"
        self._file.seek(at - self._at, os.SEEK_CUR)
        self._left += self._at - at
        self._at = at
        self.check()

    def check(self, *, missing: bool = False) -> None:
        """See that the file is what it was.

        Raises:
            InputError: it is not.
        """
        if missing or self._changed():
            raise InputError(
                f"{self._source.name!r} changed while it was read",
                hint="upload it again when nobody writes to it",
            )

    def close(self) -> None:
        """Close what this opened; a file that was given open stays open."""
        if self._source.path:
            self._file.close()

    def _open(self) -> BinaryIO:
        with explained(self._source.path):
            return self._source.open()

    def _checked(self, data: object) -> bytes:
        if not isinstance(data, bytes):
            raise self._unreadable(data)
        return data

    def _unreadable(self, data: object) -> InputError:
        what = "has nothing to read yet" if data is None else "is open as text"
        return InputError(
            f"{self._source.name!r} {what}", hint="open it with mode 'rb', so that reading waits"
        )

    def _changed(self) -> bool:
        if not self._source.path:
            return False
        now = os.fstat(self._file.fileno())
        return now.st_mtime_ns != self._source.modified or now.st_size != self._source.size


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: what it is called, and its files, whose names are paths below it.

    `files` are sorted by the bytes of their names.
    """

    name: str
    files: list[Source] = field(default_factory=list[Source])


def read_source(
    given: Uploadable | Iterable[str | os.PathLike[str]],
    *,
    name: str | None = None,
    hidden: bool = False,
    patterns: Patterns = ALL,
) -> Source | Folder:
    """What is to be uploaded, and that it can be read.

    `hidden` takes files and folders whose names start with a dot along; `patterns` leave
    files of a folder out.

    Raises:
        InputError: it is missing, unreadable, of a wrong kind or empty; it says which.
    """
    if isinstance(given, bytes | bytearray | memoryview):
        data = bytes(given)
        return Source(_plain(name), len(data), lambda: io.BytesIO(data))
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if "\0" in str(path):
            raise InputError(f"{str(path)!r} has a NUL in it, which no path has", hint="check the path")
        if not str(given):
            raise InputError("an empty path names no file", hint="give the path of a file or folder")
        if isinstance(given, str):
            path, patterns = find_glob(path, patterns)
        if _status(path) is None:
            return Folder(_plain(name or path.resolve().name, "folder"), list(_walk(path, hidden, patterns)))
        return _file(path, name or path.name)
    if hasattr(given, "read"):
        return _open_file(given, name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    raise InputError(
        f"{type(given).__name__} cannot be uploaded",
        hint="give a path, bytes, or a file opened with mode 'rb'",
    )


def find_glob(path: Path, patterns: Patterns) -> tuple[Path, Patterns]:
    """The folder and the patterns that a path such as ``data/*.csv`` stands for.

    Any other path, and one that is there in spite of its stars, is given back as it is.
    """
    first = next((place for place, part in enumerate(path.parts) if _MAGIC.search(part)), None)
    if first is None or path.exists():
        return path, patterns
    return Path(*path.parts[:first]), patterns.only("/".join(path.parts[first:]))


def gather(paths: Iterable[str | os.PathLike[str]], name: str) -> Folder:
    """Several files as one folder of that name.

    Raises:
        InputError: there are none, one is a folder or cannot be read, or two have one name.
    """
    if isinstance(paths, str | bytes | os.PathLike):
        raise InputError("several files are a list of paths, not one", hint="upload() takes a single path")
    files: dict[str, Source] = {}
    for given in paths:
        if not isinstance(given, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(f"{given!r} is no path", hint="give a list of paths")
        path = Path(given)
        if _status(path) is None:
            raise InputError(f"{path.name!r} is a folder among files", hint="upload the folder by itself")
        if path.name in files:
            raise InputError(
                f"two of the files are called {path.name!r}", hint="rename one, or upload their folder"
            )
        files[path.name] = _file(path, path.name)
    if not files:
        raise InputError("there are no files to upload", hint="give at least one path")
    return Folder(_plain(name, "folder"), [files[name] for name in sorted(files, key=os.fsencode)])


def total_size(files: Iterable[Source]) -> int | None:
    """Bytes of all the files, or `None` where one of them does not know."""
    total = 0
    for file in files:
        if file.size is None:
            return None
        total += file.size
    return total


def _status(path: Path) -> os.stat_result | None:
    """What is known of a file, or `None` of a folder."""
    with explained(path):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            f"{str(path)!r} is neither a file nor a folder", hint="open it and give the open file"
        )
    return status


def _file(path: Path, name: str) -> Source:
    status = _status(path)
    if status is None:
        raise InputError(f"{str(path)!r} is a folder where a file is expected")
    with explained(path), path.open("rb"):
        return Source(name, status.st_size, lambda: path.open("rb"), path, status.st_mtime_ns)


def _open_file(file: BinaryIO, name: str | None) -> Source:
    if isinstance(file, io.TextIOBase):
        raise InputError("the file is open as text", hint="open it with mode 'rb'")
    given = getattr(file, "name", None)
    name = _plain(name or (given if isinstance(given, str) else None))
    try:
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
    except (OSError, AttributeError, io.UnsupportedOperation):
        _widen(file)
        return Source(name, None, lambda: file, again=False)

    def rewound() -> BinaryIO:
        file.seek(start)
        return file

    return Source(name, size, rewound)


def _widen(file: BinaryIO) -> None:
    """Let a pipe hold a megabyte, so that who writes and who reads wait less for each other."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError, ValueError):  # it is no pipe
            fcntl.fcntl(file.fileno(), fcntl.F_SETPIPE_SZ, PIECE)


def _plain(name: str | None, otherwise: str = "file") -> str:
    """A file name out of a name that may be anything: a slash would make a folder, a line break nothing."""
    last = re.sub(r"[\r\n\0]", "_", (name or "").rpartition("/")[2])
    return last if last not in ("", ".", "..") else otherwise


def _walk(top: Path, hidden: bool, patterns: Patterns) -> Iterator[Source]:
    """The files below a folder, sorted as their paths' bytes are."""
    found: list[tuple[bytes, Path, str]] = []

    def enter(folder: Path, prefix: str, above: frozenset[tuple[int, int]], patterns: Patterns) -> None:
        with explained(folder):
            status = folder.stat()
            entries = list(os.scandir(folder))
        here = (status.st_dev, status.st_ino)
        if here in above:
            raise InputError(
                f"{str(folder)!r} is a symlink to a folder above itself", hint="remove the symlink"
            )
        patterns = patterns.within(folder, prefix)
        for entry in entries:
            if entry.name.startswith(".") and not hidden:
                continue
            name, path = prefix + entry.name, Path(entry.path)
            if patterns is not ALL and not patterns.takes(name, is_folder=path.is_dir()):
                continue
            if _status(path) is None:
                enter(path, f"{name}/", above | {here}, patterns)
            else:
                found.append((os.fsencode(name), path, name))

    enter(top, "", frozenset(), patterns)
    if not found:
        raise InputError(
            f"there are no files in {str(top)!r}",
            hint="an upload carries files only; hidden ones go along only when asked for (hidden=True, --hidden)",
        )
    for _, path, name in sorted(found):
        yield _file(path, name)


@contextmanager
def explained(path: Path | None) -> Generator[None]:
    """Tell what the operating system has against a path, and what to do."""
    try:
        yield
    except FileNotFoundError:
        if path and path.is_symlink():
            where = str(path.readlink())
            raise InputError(
                f"{str(path)!r} is a broken symlink, to {where!r}",
                hint="remove it, or restore what it leads to",
            ) from None
        raise InputError(f"{str(path)!r} does not exist", hint="check the path") from None
    except PermissionError:
        raise InputError(
            f"{str(path)!r} cannot be read", hint="you lack the permission; see its mode"
        ) from None
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None


def pread_into(file: int, buffer: memoryview, at: int) -> int:
    """Read bytes of an open file from a place on, into a buffer; how many there were."""
    if hasattr(os, "preadv"):
        return os.preadv(file, [buffer], at)
    os.lseek(file, at, os.SEEK_SET)  # where there is no preadv, one thread reads at a time
    data = os.read(file, len(buffer))
    buffer[: len(data)] = data
    return len(data)


def pread(file: int, size: int, at: int) -> bytes:
    """Bytes of an open file from a place on; fewer where it ends."""
    if hasattr(os, "pread"):
        return os.pread(file, size, at)
    os.lseek(file, at, os.SEEK_SET)  # where there is no pread, one thread reads at a time
    return os.read(file, size)

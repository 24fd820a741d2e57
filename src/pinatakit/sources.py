"""Sources: what can be uploaded, looked at before a byte is sent.

A path, bytes, an open file, an iterator or a folder becomes names, sizes and ways to read them.
Everything that is wrong with the disk is found here and told by name. No local path ever becomes
a name.
"""

from __future__ import annotations

import base64
import binascii
import io
import os
import re
import stat
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, TypeAlias, cast, get_args
from urllib.parse import unquote_to_bytes

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.patterns import ALL, Patterns

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

if sys.platform == "linux":
    import fcntl

Uploadable: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Iterator[bytes]

Symlinks: TypeAlias = Literal["follow", "keep", "skip", "refuse"]
"""What becomes of the symlinks in a folder."""

PIECE: Final = 1 << 20
"""Bytes read and sent at once: measured the smallest with which sending costs what curl's does."""

_WHAT_CAN: Final = (
    "give a path, bytes, a file opened with mode 'rb', or an iterator of bytes; "
    "several paths go with upload_files(), a value of JSON with upload_json()"
)
_MAGIC: Final = re.compile(r"[*?\[]")
_DATA_URL: Final = re.compile(r"(?i)data:[^,]{0,256},")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)

READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""How a file is opened for `pread_into`."""


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one file.

    Attributes:
        name: its name, or its path inside the folder that is uploaded.
        size: bytes, or `None` when only reading to the end will tell.
        open: starts reading from the beginning, which it can do only once unless `again`.
        media_type: as whoever gave it says, where it was told.
        root: of a folder that is packed as a CAR, whose `path` then is the folder's; else `None`.
        arriving: the bytes from a place on, of what a client has to wait for; it takes the place of `open`.
    """

    name: str
    size: int | None
    open: Callable[[], BinaryIO]
    path: Path | None = None
    modified: int = 0
    again: bool = True
    media_type: str | None = None
    root: CID | None = None
    arriving: Callable[[int], AsyncGenerator[bytes, None]] | None = None


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
        if not self._source.path or self._source.root:  # what is packed is checked block by block
            return False
        now = os.fstat(self._file.fileno())
        return now.st_mtime_ns != self._source.modified or now.st_size != self._source.size


class Pieces:
    """Bytes that come in pieces of any size, and are taken in pieces of one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._gathered = bytearray()
        self._rest = memoryview(b"")

    def lacks(self, size: int) -> bool:
        """Whether another piece must be put before `size` bytes can be taken."""
        missing = size - len(self._gathered)
        self._gathered += self._rest[:missing]
        self._rest = self._rest[missing:]
        return len(self._gathered) < size

    def put(self, piece: object) -> None:
        """The next piece, when all before it was taken or is lacking.

        Raises:
            InputError: it is no bytes.
        """
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise InputError(
                f"{self._name!r} gave {type(piece).__name__} {piece!r:.40} where bytes were expected",
                hint="encode text; several files go with upload_files()",
            )
        self._rest = memoryview(piece if isinstance(piece, bytes) else bytes(cast("bytearray", piece)))

    def take(self) -> bytes:
        """What was gathered."""
        data = bytes(self._gathered)
        self._gathered.clear()
        return data


class _Iterated(io.RawIOBase):
    """An iterator of bytes, read like a file."""

    def __init__(self, items: Iterator[bytes], name: str) -> None:
        self._items = items
        self._pieces = Pieces(name)

    def readable(self) -> bool:
        return True

    def read(self, size: int = PIECE) -> bytes:
        end = object()
        while self._pieces.lacks(size) and (piece := next(self._items, end)) is not end:
            self._pieces.put(piece)
        return self._pieces.take()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: what it is called, and its files, whose names are paths below it.

    `files` are sorted by the bytes of their names; `left_out` are the paths of symlinks and empty
    folders that do not go along.
    """

    name: str
    files: list[Source] = field(default_factory=list[Source])
    left_out: list[str] = field(default_factory=list[str])


def read_source(
    given: Uploadable | Iterable[str | os.PathLike[str]],
    *,
    name: str | None = None,
    hidden: bool = False,
    symlinks: Symlinks = "follow",
    empty_folders: bool = False,
    patterns: Patterns = ALL,
) -> Source | Folder:
    """What is to be uploaded, and that it can be read.

    `hidden` takes files and folders whose names start with a dot along; `patterns` leave
    files of a folder out. Files are all that goes: symlinks can be followed or left out, empty
    folders are left out; to keep any is refused.

    Raises:
        InputError: it is missing, unreadable, of a wrong kind or empty; it says which.
    """
    check_symlinks(symlinks)
    if isinstance(given, bytes | bytearray | memoryview):
        return _bytes(bytes(given), name)
    if isinstance(given, str) and _DATA_URL.match(given):
        return _data_url(given, name)
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if "\0" in str(path):
            raise InputError(f"{str(path)!r} has a NUL in it, which no path has", hint="check the path")
        if not str(given):
            raise InputError("an empty path names no file", hint="give the path of a file or folder")
        if isinstance(given, str):
            if _ADDRESS.match(given) and not path.exists():
                raise InputError(
                    f"{given.partition('?')[0]!r} is an address, and no path",
                    hint="give the path itself; upload() of a client also takes http:// and https://",
                )
            path, patterns = find_glob(path, patterns)
        if _status(path) is None:
            found = Folder(plain(name or path.resolve().name, "folder"))
            found.files.extend(_walk(path, hidden, symlinks, patterns, found.left_out))
            if empty_folders and (empty := [name for name in found.left_out if name.endswith("/")]):
                raise InputError(f"{empty[0]!r} would be an empty folder, {_NO_PLACE}", hint=_AS_CAR)
            return found
        return _file(path, name or path.name)
    if isinstance(given, AsyncIterable):
        raise nothing_awaits()
    if hasattr(given, "read"):
        return open_file(given, name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    if isinstance(given, Iterator):
        return iterated(cast("Iterator[bytes]", given), name)
    raise InputError(f"{type(given).__name__} cannot be uploaded", hint=_WHAT_CAN)


def path_of(given: Uploadable | AsyncIterable[bytes]) -> Path | None:
    """The path that a source is; `None` where it is none, as a ``data:`` URL, which is the content itself."""
    if isinstance(given, str) and (not given or _DATA_URL.match(given)):
        return None
    return Path(given) if isinstance(given, str | os.PathLike) else None


def media_type_of(header: str) -> str | None:
    """The media type that a header names, without its parameters; `None` where it names none."""
    kind = header.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else None


def iterated(items: Iterator[bytes], name: str | None) -> Source:
    """The bytes that an iterator gives."""
    name = plain(name)
    file = cast("BinaryIO", _Iterated(items, name))
    return Source(name, None, lambda: file, again=False)


def awaited(items: AsyncIterable[bytes], name: str | None) -> Source:
    """The bytes that an async iterator gives, which is read once."""

    async def arriving(_: int) -> AsyncGenerator[bytes, None]:
        try:
            async for piece in items:
                yield piece
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()

    return Source(plain(name), None, _unread, again=False, arriving=arriving)


def fetched(
    name: str,
    size: int | None,
    content_type: str,
    arriving: Callable[[int], AsyncGenerator[bytes, None]],
) -> Source:
    """The bytes that a host gives, from any place on."""
    return Source(plain(name), size, _unread, media_type=media_type_of(content_type), arriving=arriving)


def nothing_awaits() -> InputError:
    """What is said of an async iterator where nothing is awaited."""
    return InputError(
        "an async iterator can be read only where it is awaited",
        hint="upload it with AsyncPinata, or give an ordinary iterator",
    )


def _unread() -> BinaryIO:
    raise nothing_awaits()


def _bytes(data: bytes, name: str | None, media_type: str | None = None) -> Source:
    return Source(plain(name), len(data), lambda: io.BytesIO(data), media_type=media_type)


def _data_url(url: str, name: str | None) -> Source:
    """Content as base64, or as text with percent signs (RFC 2397)."""
    header, _, text = url[len("data:") :].partition(",")
    data = unquote_to_bytes(text)
    if header.lower().replace(" ", "").endswith(";base64"):
        data = b"".join(data.split())
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except binascii.Error:
            raise InputError(
                "what follows base64, in the data: URL is not base64", hint="it takes A-Z, a-z, 0-9, + and /"
            ) from None
    return _bytes(data, name, media_type_of(header))


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
    return Folder(plain(name, "folder"), [files[name] for name in sorted(files, key=os.fsencode)])


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
    with explained(path), path.open("rb") as file:
        if not status.st_size and file.read(1):
            raise InputError(
                f"{str(path)!r} has bytes, and says that it has none",
                hint="so do files of /proc; give it open, and it is read to its end",
            )
        return Source(name, status.st_size, lambda: path.open("rb"), path, status.st_mtime_ns)


def open_file(file: BinaryIO, name: str | None) -> Source:
    """The bytes of an open file, from where it stands.

    Raises:
        InputError: it is open as text, or not open for reading.
    """
    if isinstance(file, io.TextIOBase):
        raise InputError("the file is open as text", hint="open it with mode 'rb'")
    if getattr(file, "closed", False):
        raise InputError("the file is closed", hint="give it open, or give its path")
    if not getattr(file, "readable", lambda: True)():
        raise InputError("the file is open for writing alone", hint="open it with mode 'rb'")
    given = getattr(file, "name", None)
    name = plain(name or (given if isinstance(given, str) else None))
    try:
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        if not size and file.read(1):
            file.seek(start)
            raise io.UnsupportedOperation("it has bytes, and says that it has none: so do files of /proc")
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


def plain(name: str | None, otherwise: str = "file") -> str:
    """A file name out of a name that may be anything: a slash would make a folder, a line break nothing."""
    last = re.sub(r"[\r\n\0]", "_", (name or "").rpartition("/")[2])
    return last if last not in ("", ".", "..") else otherwise


_NO_PLACE: Final = "for which a form of files has no place"
_AS_CAR: Final = "upload the folder as one CAR, with car=True, or leave it out"


def _walk(
    top: Path, hidden: bool, symlinks: Symlinks, patterns: Patterns, left_out: list[str]
) -> Iterator[Source]:
    """The files below a folder, sorted as their paths' bytes are; `left_out` is told what does not go along."""
    found: list[tuple[bytes, Path, str]] = []

    def enter(folder: Path, prefix: str, above: frozenset[tuple[int, int]], patterns: Patterns) -> None:
        before = len(found), len(left_out)
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
            follow = symlinks == "follow"
            if patterns is not ALL and not patterns.takes(
                name, is_folder=path.is_dir() and (follow or not entry.is_symlink())
            ):
                continue
            if not follow and entry.is_symlink():
                if symlinks == "skip":
                    left_out.append(name)
                    continue
                raise refused_symlink(entry.path, kept=symlinks == "keep")
            if _status(path) is None:
                enter(path, f"{name}/", above | {here}, patterns)
            else:
                found.append((os.fsencode(name), path, name))
        if prefix and before == (len(found), len(left_out)):
            left_out.append(prefix)

    enter(top, "", frozenset(), patterns)
    if not found:
        raise InputError(
            f"there are no files in {str(top)!r}",
            hint="an upload carries files only; hidden ones go along only when asked for (hidden=True, --hidden)",
        )
    for _, path, name in sorted(found):
        yield _file(path, name)


def check_symlinks(symlinks: object) -> None:
    """See that it says what becomes of symlinks.

    Raises:
        InputError: it does not.
    """
    if symlinks not in get_args(Symlinks):
        raise InputError(
            f"symlinks={symlinks!r} says nothing", hint=f"one of {', '.join(get_args(Symlinks))}"
        )


def refused_symlink(path: str, *, kept: bool = False) -> InputError:
    """What is said of a symlink that is not to be there, or that cannot be `kept`."""
    if kept:
        return InputError(f"{path!r} is a symlink, {_NO_PLACE}", hint=_AS_CAR)
    return InputError(f"{path!r} is a symlink", hint='follow, keep or skip it with symlinks="…"')


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

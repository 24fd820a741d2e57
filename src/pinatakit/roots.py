"""Roots: what a file or folder on disk is called, with no network, at about the speed of the hash.

    cid_of("photo.jpg")                   # as Pinata will call it
    cid_of("data/", "unixfs-v1-2025", symlinks="keep", empty_folders=True)    # as Kubo will

A folder is one pass, depth first, names sorted by their bytes. A file of one chunk is read into
a buffer that is used again and hashed where it lies; larger ones are read and hashed in threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from pinatakit.content import CID, FileBuilder, Profile, Root, Sink, build_file, build_symlink
from pinatakit.content.folder import MAX_DEPTH, build_sorted
from pinatakit.content.hamt import Named
from pinatakit.errors import InputError, Malformed
from pinatakit.patterns import ALL, Patterns
from pinatakit.sources import (
    READ,
    Reader,
    Source,
    Symlinks,
    Uploadable,
    check_symlinks,
    explained,
    find_glob,
    path_of,
    pread_into,
    read_source,
    refused_symlink,
)

__all__ = ["Progress", "Symlinks", "Tree", "build_open_file", "cid_of", "root_of"]

Progress: TypeAlias = Callable[[int, int | None], object]
"""Told bytes of content read so far, and in all where that is known; also from other threads."""

_RAW_LEAF: Final = b"\x01\x55\x12\x20"  # a CIDv1 of a raw block, up to its sha2-256 digest


def cid_of(
    source: Uploadable,
    profile: str | Profile = "v1",
    *,
    hidden: bool = False,
    symlinks: Symlinks = "follow",
    empty_folders: bool = False,
    odd_names: bool = True,
    patterns: Patterns = ALL,
    progress: Progress | None = None,
) -> CID:
    """The CID that a file or folder has under a profile; nothing is sent.

    `source` is the path of a file or folder, bytes, or a file open in binary mode. The profile
    is a `Profile` or the name of one; ``v1`` and ``v0`` are what Pinata makes. Unless told
    otherwise a folder is taken as an upload takes it: without `hidden` files, symlinks
    followed, empty folders left out; Kubo keeps symlinks and empty folders. Names that are not
    UTF-8 are kept byte for byte, or refused without `odd_names`. `patterns` leave files out. Memory stays the same at any
    size of a file.

    Raises:
        InputError: something cannot be read, changes while it is read, or is of a kind that
            cannot be taken; it says what.
        ValueError: there is no such profile.

    Sources: UnixFS specification (files, directories, HAMT); IPIP-499 (profiles).
    """
    return root_of(
        source,
        profile,
        hidden=hidden,
        symlinks=symlinks,
        empty_folders=empty_folders,
        odd_names=odd_names,
        patterns=patterns,
        progress=progress,
    ).cid


def root_of(
    source: Uploadable,
    profile: str | Profile = "v1",
    *,
    sink: Sink | None = None,
    begin: Callable[[str], object] | None = None,
    left_out: list[str] | None = None,
    hidden: bool = False,
    symlinks: Symlinks = "follow",
    empty_folders: bool = False,
    odd_names: bool = True,
    patterns: Patterns = ALL,
    progress: Progress | None = None,
) -> Root:
    """As `cid_of`, with the sizes; `sink` is given every block, the root last.

    `begin` is told the path of each file before its first block is made; `left_out` the symlinks and
    empty folders that are left out, by their paths in the folder.
    """
    recipe = Profile.named(profile)
    check_symlinks(symlinks)
    folder = path_of(source)
    if folder and isinstance(source, str):
        folder, patterns = find_glob(folder, patterns)
    if folder and folder.is_dir():
        return Tree(
            recipe,
            sink,
            begin=begin,
            left_out=left_out,
            hidden=hidden,
            symlinks=symlinks,
            empty_folders=empty_folders,
            odd_names=odd_names,
            patterns=patterns,
            progress=progress,
        ).root(folder)
    what = read_source(source)
    assert isinstance(what, Source)
    if what.path:
        if begin:
            begin(str(what.path))
        with explained(what.path):
            file = os.open(what.path, READ)
        try:
            return build_open_file(file, str(what.path), recipe, sink, progress)
        finally:
            os.close(file)
    builder = FileBuilder(recipe, sink)
    reader = Reader(what)
    done = 0

    def read(buffer: memoryview) -> int:
        nonlocal done
        count = reader.readinto(buffer)
        done += count
        if progress and count:
            progress(done, what.size)
        return count

    builder.drain(read)
    return builder.finish()


class Tree:
    """How folders on disk become roots.

    Attributes:
        profile: the recipe.
        sink: is given every block, the root last.
        begin: is told the path of each file before its first block is made.
        left_out: the symlinks and empty folders that were left out, by their paths below the top.
        hidden: take names along that start with a dot.
        symlinks: ``follow`` them, ``keep`` them as UnixFS symlinks, ``skip`` or ``refuse`` them.
        empty_folders: keep folders in which nothing is left; a form cannot carry them.
        odd_names: keep names that are not UTF-8, byte for byte; else they are refused.
        patterns: which of the files are taken.
        progress: told the bytes of content read so far after each folder, and `None`.
    """

    def __init__(
        self,
        profile: Profile,
        sink: Sink | None = None,
        *,
        begin: Callable[[str], object] | None = None,
        left_out: list[str] | None = None,
        hidden: bool = False,
        symlinks: Symlinks = "follow",
        empty_folders: bool = False,
        odd_names: bool = True,
        patterns: Patterns = ALL,
        progress: Progress | None = None,
    ) -> None:
        self.profile = profile
        self.sink = sink
        self.begin = begin
        self.left_out: list[str] = [] if left_out is None else left_out
        self.hidden = hidden
        self.symlinks = symlinks
        self.empty_folders = empty_folders
        self.odd_names = odd_names
        self.patterns = patterns
        self.progress = progress
        self._done = 0
        self._buffer = memoryview(bytearray(profile.chunk_size + 1))
        self._in_place = profile.raw_leaves and sink is None

    def root(self, top: Path) -> Root:
        """The root of the folder `top`.

        Raises:
            InputError: something in it cannot be read, or is of a kind that cannot be taken.
        """
        root = self._folder(str(top), "", (), self.patterns)
        if root is None:
            raise InputError(
                f"there are no files in {str(top)!r}",
                hint="hidden ones count only when asked for (hidden=True, --hidden), and so do empty folders",
            )
        return root

    def _folder(
        self, path: str, prefix: str, above: tuple[tuple[int, int], ...], patterns: Patterns
    ) -> Root | None:
        """The root of a folder, or `None` of one that is left out because nothing is in it."""
        if len(above) > MAX_DEPTH:
            raise InputError(f"{path!r} is more than {MAX_DEPTH} folders deep")
        named: list[Named] = []
        before = len(self.left_out)
        place = Path(path)
        with explained(place):
            status = place.stat()
            here = (status.st_dev, status.st_ino)
            if here in above:
                raise InputError(
                    f"{path!r} is a symlink to a folder above itself", hint="keep or remove the symlink"
                )
            with os.scandir(path) as entries:
                found = sorted([(os.fsencode(entry.name), entry) for entry in entries], key=_by_name)
        patterns = patterns.within(place, prefix)
        for name, entry in found:
            if name.startswith(b".") and not self.hidden:
                continue
            inside = prefix + entry.name
            if not self.odd_names:
                _check_utf8(name, entry.path)
            try:
                is_link = entry.is_symlink()
                if patterns is not ALL and not patterns.takes(inside, is_folder=self._is_folder(entry)):
                    continue
                if not (is_link and self.symlinks != "follow") and entry.is_file():
                    named.append(self._file(name, entry.path))
                    continue
            except OSError:
                with explained(Path(entry.path)):
                    raise
            below = self._other(entry, is_link, f"{inside}/", (*above, here), patterns)
            if below is not None:
                named.append((name, bytes(below.cid), below.size, below.dag_size))
        if not named and not self.empty_folders:
            if prefix and before == len(self.left_out):
                self.left_out.append(prefix)
            return None
        if self.progress:
            self.progress(self._done, None)
        return build_sorted(named, self.profile, self.sink)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir(follow_symlinks=self.symlinks == "follow")
        except OSError:  # a symlink to itself: what is taken of it is told where it is opened
            return False

    def _other(
        self,
        entry: os.DirEntry[str],
        is_link: bool,
        prefix: str,
        above: tuple[tuple[int, int], ...],
        patterns: Patterns,
    ) -> Root | None:
        if is_link and self.symlinks == "refuse":
            raise refused_symlink(entry.path)
        if is_link and self.symlinks == "skip":
            self.left_out.append(prefix[:-1])
            return None
        if is_link and self.symlinks == "keep":
            return build_symlink(os.readlink(entry.path), self.profile, self.sink)  # noqa: PTH115  (Path would tidy it)
        if entry.is_dir():
            return self._folder(entry.path, prefix, above, patterns)
        with explained(Path(entry.path)):
            Path(entry.path).stat()  # tells what is broken
        raise InputError(f"{entry.path!r} is neither a file nor a folder")

    def _file(self, name: bytes, path: str) -> Named:
        """A file as an entry; one that fits into a chunk takes four calls of the system."""
        if self.begin:
            self.begin(path)
        file = os.open(path, READ)
        try:
            before = os.fstat(file)
            size = _read_into(file, self._buffer)
            check_unchanged(path, before, os.fstat(file))
            if size == len(self._buffer):
                root = build_open_file(file, path, self.profile, self.sink)
                self._done += root.size
                return name, bytes(root.cid), root.size, root.dag_size
        finally:
            os.close(file)
        self._done += size
        content = self._buffer[:size]
        if self._in_place:
            return name, _RAW_LEAF + hashlib.sha256(content).digest(), size, size
        root = build_file([bytes(content)], self.profile, self.sink)
        return name, bytes(root.cid), size, root.dag_size


def build_open_file(
    file: int, path: str, profile: Profile, sink: Sink | None, progress: Progress | None = None
) -> Root:
    """The root of a file that is open, read by the hashing threads.

    Raises:
        InputError: it changed while it was read.
    """
    before = os.fstat(file)
    done = 0

    def read(buffer: memoryview, at: int) -> int:
        nonlocal done
        count = pread_into(file, buffer, at)
        done += count
        if progress:
            progress(done, before.st_size)
        return count

    builder = FileBuilder(profile, sink)
    root: Root | None = None
    with contextlib.suppress(Malformed):  # fewer bytes than there were: told below
        builder.pull(before.st_size, read)
        root = builder.finish()
    check_unchanged(path, before, os.fstat(file))
    assert root is not None, "what is unchanged has as many bytes as before"
    return root


def check_unchanged(path: str, before: os.stat_result, after: os.stat_result) -> None:
    """Compare what the system says of a file before and after it was read.

    Raises:
        InputError: somebody wrote to it meanwhile.
    """
    if _signs(before) != _signs(after):
        raise InputError(f"{path!r} changed while it was read", hint="try again when nobody writes to it")


def _signs(status: os.stat_result) -> tuple[int, int, int, int]:
    """What tells that a file is another than before; the time of its last change nobody can set back."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read_into(file: int, buffer: memoryview) -> int:
    """Fill the buffer from a file's beginning; how many bytes there were."""
    size = 0
    while size < len(buffer) and (more := pread_into(file, buffer[size:] if size else buffer, size)):
        size += more
    return size


def _by_name(item: tuple[bytes, os.DirEntry[str]]) -> bytes:
    return item[0]


def _check_utf8(name: bytes, path: str) -> None:
    try:
        name.decode()
    except UnicodeDecodeError:
        raise InputError(
            f"the name of {path!r} is not UTF-8", hint="rename it, or keep it with odd_names=True"
        ) from None

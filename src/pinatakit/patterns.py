"""Patterns: which files of a folder are taken, in the syntax of gitignore.

    Patterns(exclude=["*.log", "build/"])            # all but these
    Patterns(include=["*.csv"], ignore_file=".gitignore")

A pattern without a slash names files anywhere, one with a slash a path from the folder on; a
slash at its end means folders alone; ``!`` in front takes back. What the caller excludes counts
most, then what ignore files say, each for its own folder and all below it, the deepest first.
Source: gitignore(5).
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from pinatakit.errors import InputError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


__all__ = ["ALL", "Patterns"]


class Patterns:
    """Which files are taken: those that `include` names (or all), without those that `exclude` does.

    `ignore_file` is the name of files in which further patterns to exclude are, such as
    ``.gitignore``.
    """

    def __init__(
        self,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        ignore_file: str | None = None,
    ) -> None:
        self._include = _spec(include, "include")
        excluded = _spec(exclude, "exclude")
        self._given: tuple[tuple[str, GitIgnoreSpec], ...] = (("", excluded),) if excluded else ()
        self._found: tuple[tuple[str, GitIgnoreSpec], ...] = ()
        self._ignore_file = ignore_file
        self._without: frozenset[str] = frozenset()
        self._steps: tuple[str, ...] = ()  # of the one path that is meant, if it is one

    def within(self, folder: Path, prefix: str) -> Patterns:
        """The patterns that count in a folder; `prefix` is its path from the top on, with a slash behind."""
        if not self._ignore_file:
            return self
        try:
            lines = (folder / self._ignore_file).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return self
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{str(folder / self._ignore_file)!r} cannot be read: {error}") from None
        found = _spec(lines, str(folder / self._ignore_file))
        if not found:
            return self
        below = copy(self)
        below._found = (*self._found, (prefix, found))
        return below

    def only(self, pattern: str) -> Patterns:
        """These patterns, with no file but those that a path from the folder on names."""
        narrowed = copy(self)
        narrowed._include = _spec([f"/{pattern}"], "the path")
        narrowed._steps = tuple(pattern.split("/"))
        return narrowed

    def without(self, paths: Iterable[str]) -> Patterns:
        """These patterns, without the files at these paths from the folder on."""
        fewer = copy(self)
        fewer._without = self._without.union(paths)
        return fewer

    def takes(self, path: str, *, is_folder: bool) -> bool:
        """Whether a file is taken, or a folder looked into; `path` is from the top on."""
        if path in self._without:
            return False
        # What was excluded by the caller is decided first; then the deepest ignore file, and on upwards.
        for prefix, spec in (*self._given, *reversed(self._found)):
            excluded = spec.check_file(path.removeprefix(prefix) + "/" * is_folder).include
            if excluded is not None:
                if excluded:
                    return False
                break
        if is_folder:
            return self._leads_on(path)
        return self._include is None or self._include.match_file(path)

    def _leads_on(self, folder: str) -> bool:
        """Whether below a folder may be what a path names; all else is not even looked into."""
        if not self._steps or (self._include and self._include.match_file(f"{folder}/")):
            return True
        names = folder.split("/")
        for name, step in zip(names, self._steps, strict=False):
            if step == "**":
                return True
            if not fnmatchcase(name, step):
                return False
        return len(names) < len(self._steps)


def _spec(patterns: Iterable[str], where: str) -> GitIgnoreSpec | None:
    if isinstance(patterns, str):
        raise InputError(f"{where} is a list of patterns, not the text {patterns!r}")
    lines = [line for line in patterns if line.strip()]
    if not lines:
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  (loaded only where there are patterns)

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise InputError(f"{where}: {error}", hint="see the syntax of gitignore") from None


ALL = Patterns()
"""Every file."""

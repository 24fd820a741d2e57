"""Redirects: the rules that a site keeps in its file ``_redirects``, for paths it does not have.

Source: specs.ipfs.tech/http-gateways/web-redirects-file.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import quote, urlsplit

from pinatakit.server.refusal import Refusal

NAME: Final = "_redirects"
MAX_FILE: Final = 64 << 10
MOVED: Final = (301, 302, 303, 307, 308)
_STATUSES: Final = (200, *MOVED, 404, 410, 451)
_PLACEHOLDER: Final = re.compile(r":([A-Za-z_]\w*)", re.ASCII)


class Rule(NamedTuple):
    """A line: which paths it is about, where they lead, and with what status.

    Attributes:
        names: between the slashes of the paths; ``:name`` is any one.
        open: anything may follow them.
    """

    names: tuple[str, ...]
    open: bool
    to: str
    status: int

    def leads(self, path: str) -> str | None:
        """Where a path leads, percent-encoded where it stands in it; `None` where the rule is not about it."""
        given, names = path.split("/"), list(self.names)
        held: dict[str, str] = {}
        if self.open:
            start = names.pop()
            given, rest = given[: len(names)], given[len(names) :]
            if not rest or not rest[0].startswith(start):
                return None
            held["splat"] = "/".join(rest).removeprefix(start)
        if len(given) != len(names):
            return None
        for name, one in zip(names, given, strict=True):
            if _PLACEHOLDER.fullmatch(name) and one:
                held[name[1:]] = one
            elif name != one:
                return None
        return _PLACEHOLDER.sub(lambda name: quote(held.get(name[1], name[0]), safe="/:"), self.to)


def read_rules(file: bytes) -> list[Rule]:
    """The rules of a file, in order; the first that is about a path counts.

    Raises:
        Refusal: it is none (500): too large, not UTF-8, or a line that is no rule.
    """
    if len(file) > MAX_FILE:
        raise _broken(f"it has more than {MAX_FILE:,} bytes")
    try:
        lines = file.decode().split("\n")
    except UnicodeDecodeError as error:
        raise _broken(f"it is not UTF-8: {error}") from None
    told = ((number, line.strip()) for number, line in enumerate(lines, 1))
    return [_rule(number, line) for number, line in told if line and not line.startswith("#")]


def _rule(number: int, line: str) -> Rule:
    path, *rest = line.split()
    if len(rest) not in (1, 2):
        raise _broken(f"line {number} is not of the form: from to [status]")
    to, status = rest[0], rest[1] if len(rest) == 2 else "301"
    if status.endswith("!"):
        raise _broken(f"line {number} is of a forced redirect, which there is not: what is there is served")
    if not status.isascii() or not status.isdecimal() or int(status) not in _STATUSES:
        raise _broken(f"line {number} has the status {status[:20]!r}, which is none of {_STATUSES}")
    if not path.startswith("/") or "*" in path[:-1]:
        raise _broken(f"line {number} is of {path[:80]!r}: a path starts with / and has * at its end alone")
    if not _is_target(to, moved=int(status) in MOVED):
        raise _broken(f"line {number} leads to {to[:80]!r}, which is no path of this site")
    return Rule(tuple(path.removesuffix("*").split("/")), path.endswith("*"), to, int(status))


def _is_target(to: str, *, moved: bool) -> bool:
    try:
        parts = urlsplit(to)
    except ValueError:
        return False
    if parts.scheme or parts.netloc:
        return moved and parts.scheme in ("http", "https") and bool(parts.netloc)
    return to.startswith("/")


def _broken(why: str) -> Refusal:
    return Refusal(500, "ERR_REDIRECTS", f"The file {NAME} of this site cannot be used: {why}.")

"""JSON as the service stores it, printed from the text that came, in pieces.

`stringify` prints a value that is in memory, where a value takes up to thirty times the room of its text.
Here the text is cut into runs of whole members, some 64 KiB each, which are read, printed and forgotten one
after the other. What is longer than that is opened, and its members are cut. One scan finds the places:

    [1, 2, {"a": 3, "b": [4, 5, 6, 7], "c": 8}, 9]      an array, an object and an array, that are opened
     ^^^^   ^^^^^^        ^^^^^^^^^^   ^^^^^^   ^^      runs

The members of an object come in JavaScript's order, and the last of one key counts; for one that is opened this
is found out in a temporary database, which SQLite keeps on disk.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator
from contextlib import closing
from typing import Any, Final, NamedTuple

import msgspec

from pinatakit.errors import InputError
from pinatakit.protocol.stringify import key_order, stringify

_RUN: Final = 1 << 16  # bytes that are read at once, or somewhat more
_DEEPEST: Final = 480  # arrays and objects within one another: about as many as `stringify` can print
_BETWEEN: Final = b" \t\n\r"

# A step passes over up to 16 members, and on to a bracket or a string that is not short. A member has at most
# two parts that are a short string, or an array or object that holds only a few of these: a key and a value.
# No match goes on without end, for nothing else runs meanwhile: one that stops within a member is gone on from.
_SHORT: Final = rb'"[^"\\]{0,256}+(?:\\.[^"\\]{0,32}+){0,32}+"'
_FEW: Final = rb'[\[{](?:[^"\[\]{}]|%b){0,32}+[\]}]' % _SHORT
_PLAIN: Final = rb'[^"\[\]{},]{0,64}+'
_MEMBER: Final = rb"%b(?:(?:%b|%b)%b){0,2}+" % (_PLAIN, _SHORT, _FEW, _PLAIN)
_STEP: Final = re.compile(rb'((?:%b,){0,16}+)%b(["\[\]{}]?)' % (_MEMBER, _MEMBER))
_IN_STRING: Final = re.compile(rb'[^"\\]{0,8192}+(?:\\.[^"\\]{0,32}+){0,512}+')
_BLANKS: Final = re.compile(rb"[ \t\n\r]{0,8192}+")
_LETTERS: Final = re.compile(  # neither a letter nor a pair of surrogates is cut in two
    rb'(?:\\u[dD][89abAB]..\\u....|\\u....|\\.|[^"\\][\x80-\xbf]{0,3}+){1,16384}+'
)

_MEMBERS: Final = """
PRAGMA journal_mode=OFF;
PRAGMA cache_size=-1024;
CREATE TABLE member (
    object INTEGER, key BLOB, place INTEGER, n INTEGER, value BLOB, large INTEGER, PRIMARY KEY (object, key)
) WITHOUT ROWID;
BEGIN;
"""
_ADD: Final = """
INSERT INTO member VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = excluded.value, large = excluded.large
"""
_IN_ORDER: Final = "SELECT key, value, large FROM member WHERE object = ? ORDER BY place, n"


def reprint(text: memoryview) -> Generator[bytes]:
    """JSON as JavaScript prints it, numbers rounded as it rounds them; the text is known to be well-formed.

    Raises:
        InputError: it is nested too deeply, no UTF-8, or has a number that JavaScript has not.
    """
    try:
        if len(text) <= _RUN:
            yield stringify(msgspec.json.decode(text), lossy=True)
            return
        gathered = bytearray()
        with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as db:
            db.executescript(_MEMBERS)
            for piece in _Printer(text, db).print(_Planner(text).plan()):
                gathered += piece
                if len(gathered) >= _RUN:
                    yield bytes(gathered)
                    gathered.clear()
        yield bytes(gathered)
    except RecursionError:
        raise InputError("the value is nested too deeply") from None
    except ValueError as error:  # of which msgspec's and Unicode's errors are kinds
        raise InputError(f"the JSON cannot be stored: {error}") from None


class _Run(NamedTuple):
    """What stands between two places of the text: whole members, a key, or letters."""

    start: int
    end: int


class _Large(NamedTuple):
    """A value that is opened: its first sign (none where it is the text itself), its key, and what is in it."""

    sign: bytes
    key: _Run
    parts: list[_Run | _Large]


class _Level:
    """An array or object whose end has not come yet: where it begins, and where its last whole member ends."""

    def __init__(self, sign: bytes, start: int) -> None:
        self.sign = sign
        self.start = start
        self.end = start + len(sign)


class _Planner:
    """Cuts a text. `path` leads to where the scan is, and begins with those that are opened: `large`."""

    def __init__(self, text: memoryview) -> None:
        self._text = text
        self._path = [_Level(b"", 0)]
        self._large = [_Large(b"", _Run(0, 0), [])]
        self._done = 0  # up to here it is cut

    def plan(self) -> _Large:
        """The text, opened."""
        whole, at = self._large[0], 0
        while at < len(self._text):
            step = _STEP.match(self._text, at)
            assert step
            if step.end(1) > at:
                self._path[-1].end = step.end(1)
            at = step.end()
            sign = bytes(step[2])
            if sign == b'"':
                at = self._pass_string(at)
            elif sign in (b"[", b"{"):
                self._path.append(_Level(sign, at - 1))
                if len(self._path) > _DEEPEST:
                    raise InputError("the value is nested too deeply")
            elif sign:
                self._leave(at)
            if at - self._done > _RUN:
                self._cut(at, longer_than=_RUN)
        self._run(at)
        return whole

    def _pass_string(self, start: int) -> int:
        """Go behind a string whose letters begin here; one that is large is opened, unless it is a key."""
        at = self._pass(_IN_STRING, start) + 1
        if at - start > _RUN and not self._is_key(at):
            self._cut(at, longer_than=0)
            self._open(b'"', start - 1).parts.append(_Run(start, at - 1))
            self._done = at
        return at

    def _is_key(self, at: int) -> bool:
        """A colon comes behind the string that ends here."""
        colon = self._pass(_BLANKS, at)
        return bytes(self._text[colon : colon + 1]) == b":"

    def _pass(self, pattern: re.Pattern[bytes], at: int) -> int:
        """Go on as long as the pattern, which may match nothing, matches something."""
        while (passed := pattern.match(self._text, at)) and passed.end() > at:
            at = passed.end()
        return at

    def _leave(self, at: int) -> None:
        """An array or object ends here."""
        if len(self._path) == len(self._large):
            self._run(at - 1)
            self._done = at
            self._large.pop()
        self._path.pop()

    def _cut(self, at: int, *, longer_than: int) -> None:
        """Open what is on the path and longer than this already; then its whole members are a run."""
        for level in self._path[len(self._large) :]:
            if at - level.start <= longer_than:
                break
            self._large.append(self._open(level.sign, level.start))
        self._run(self._path[len(self._large) - 1].end)

    def _open(self, sign: bytes, start: int) -> _Large:
        """A value that begins here, in the last that is opened, behind its last whole member."""
        end = self._path[len(self._large) - 1].end
        self._run(end)
        opened = _Large(sign, _Run(end, start), [])
        self._large[-1].parts.append(opened)
        self._done = start + 1
        return opened

    def _run(self, end: int) -> None:
        if end > self._done:
            self._large[-1].parts.append(_Run(self._done, end))
            self._done = end


class _Printer:
    """Prints what a text was cut into."""

    def __init__(self, text: memoryview, db: sqlite3.Connection) -> None:
        self._text = text
        self._db = db
        self._objects = 0

    def print(self, value: _Large) -> Generator[bytes]:
        """A value that was opened."""
        if value.sign == b'"':
            yield from self._string(value)
        elif value.sign == b"{":
            yield from self._object(value)
        else:
            yield from self._array(value)

    def _string(self, value: _Large) -> Generator[bytes]:
        yield b'"'
        for run in value.parts:
            assert isinstance(run, _Run)
            for letters in _LETTERS.finditer(self._text[run.start : run.end]):
                yield stringify(msgspec.json.decode(b'"%b"' % letters[0]))[1:-1]
        yield b'"'

    def _array(self, value: _Large) -> Generator[bytes]:
        yield value.sign
        comma = b""
        for part in value.parts:
            if isinstance(part, _Large):
                yield comma
                yield from self.print(part)
            elif members := self._between(part, b","):
                yield comma + self._print(part, msgspec.json.decode(b"[%b]" % members))[1:-1]
            else:
                continue
            comma = b","
        yield b"]" if value.sign else b""

    def _object(self, value: _Large) -> Generator[bytes]:
        number = self._objects = self._objects + 1
        for n, part in enumerate(value.parts):
            self._db.executemany(_ADD, self._rows(number, n, part))
        yield value.sign
        comma = b""
        for key, printed, large in self._db.execute(_IN_ORDER, (number,)):
            yield b"%b%b:" % (comma, key)
            opened = value.parts[int(large)]
            if isinstance(opened, _Large):
                yield from self.print(opened)
            else:
                yield bytes(printed)
            comma = b","
        yield b"}"

    def _rows(self, number: int, n: int, part: _Run | _Large) -> Generator[tuple[Any, ...]]:
        """Members of an object, as `member` keeps them; the value of one that is opened is printed later."""
        members = (
            self._between(part.key, b":") + b":0" if isinstance(part, _Large) else self._between(part, b",")
        )
        for i, (key, value) in enumerate(msgspec.json.decode(b"{%b}" % members).items()):
            last, index = key_order(key)
            printed = None if isinstance(part, _Large) else self._print(part, value)
            yield number, stringify(key), last << 32 | index, n << 32 | i, printed, n

    def _between(self, run: _Run, sign: bytes) -> bytes:
        return bytes(self._text[run.start : run.end]).strip(_BETWEEN + sign)

    def _print(self, run: _Run, value: Any) -> bytes:
        try:
            return stringify(value, lossy=True)
        except InputError as error:
            message = f"between bytes {run.start:,} and {run.end:,}, counted from there, {error.message}"
            raise InputError(message) from None

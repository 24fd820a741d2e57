"""Search: the files that meet some conditions, in order of time, without a look at every file.

A condition with an index is also a *source*: SQL for the numbers of the files that may meet
it. Where a source gives few, these are taken, sorted and looked at one by one. Where all give
many, the next files in order are looked at instead, for a page is soon full then; where it is
not (what matches lies together, far away), the source is read after all.
SQLite's own planner cannot choose so, because it does not know what a value will match.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InvalidCID
from pinatakit.protocol import Network, Where
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import to_micros

FEW: Final = 5_000  # files that are soon looked at one by one
NEXT: Final = 10_000  # files among which a page is looked for first

_INDEXES: Final = {"pinned": "file_listed", "all": "file_all", "unpinned": "file_past"}
_STATUSES: Final = {"pinned": "file.unpinned IS NULL", "all": "1", "unpinned": "file.unpinned IS NOT NULL"}
_NEGATIONS: Final[dict[str, str]] = {
    "ne": "eq",
    "notBetween": "between",
    "notLike": "like",
    "notILike": "iLike",
}
_SIGNS: Final = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Source(NamedTuple):
    """SQL for the numbers of the files that may meet a condition.

    Attributes:
        exact: all of them meet it.
        quick: it costs what it gives, and no more.
        settled: it gives none of another network or status than is searched.
    """

    sql: str
    values: Sequence[Any]
    exact: bool = True
    quick: bool = True
    settled: bool = False


class Condition(NamedTuple):
    """What files must meet: SQL about a row of `file`, and where their numbers are found.

    A negation also says what it leaves out, which may be counted sooner: what meets `but`, of as many as the
    SQL of `whole` tells.
    """

    sql: str
    values: Sequence[Any] = ()
    source: Source | None = None
    of_key: str | None = None  # the SQL about a key-value, where it is about one
    whole: tuple[str, Sequence[Any]] | None = None
    but: Condition | None = None


class Among(NamedTuple):
    """The files that are searched: of one network, pinned now (`pinned`), before (`unpinned`) or `all`.

    `after` and `before` are the times of pinning, bounds included.
    """

    network: Network
    status: str = "pinned"
    after: datetime | None = None
    before: datetime | None = None

    @property
    def texts(self) -> str:
        """SQL for the key-values with a key, in order of their texts."""
        return f"SELECT n FROM keyvalue INDEXED BY keyvalue_text WHERE key = ? AND state IN ({self.states})"

    @property
    def numbers(self) -> str:
        """SQL for the key-values with a key that are numbers, in their order."""
        return (
            "SELECT n FROM keyvalue INDEXED BY keyvalue_number"
            f" WHERE number IS NOT NULL AND key = ? AND state IN ({self.states})"
        )

    @property
    def tally(self) -> str:
        """SQL for how many key-values with a key there are, from texts (0) to numbers (1)."""
        return (
            "SELECT coalesce(sum(count), 0) FROM key_tally"
            f" WHERE key = ? AND state IN ({self.states}) AND numbers BETWEEN ? AND ?"
        )

    @property
    def states(self) -> str:
        """The states of those files, as `keyvalue` knows them."""
        told = {"pinned": (False,), "unpinned": (True,), "all": (False, True)}[self.status]
        return ", ".join(str(state(self.network, unpinned=unpinned)) for unpinned in told)


def state(network: Network, *, unpinned: bool) -> int:
    """What `keyvalue` knows of a file."""
    return 2 * (network == "private") + unpinned


class _Bounds(NamedTuple):
    """Times of pinning, in microseconds, included."""

    low: int
    high: int

    def up_from(self, moment: int) -> _Bounds:
        return self._replace(low=max(self.low, moment))

    def down_from(self, moment: int) -> _Bounds:
        return self._replace(high=min(self.high, moment))

    def outside(self) -> list[_Bounds]:
        before = [_Bounds(_EVER.low, self.low - 1)] if self.low > _EVER.low else []
        return before + ([_Bounds(self.high + 1, _EVER.high)] if self.high < _EVER.high else [])


_EVER: Final = _Bounds(-(1 << 63), (1 << 63) - 1)


class Search:
    """A search in the files of one store."""

    def __init__(self, records: Records, among: Among, conditions: Iterable[Condition] = ()) -> None:
        self._records = records
        self._among = among
        self._conditions = list(conditions)

    def page(
        self, *, ascending: bool = False, limit: int, offset: int = 0, behind: str | None = None
    ) -> list[sqlite3.Row]:
        """Some files in order of time, behind the one with the id `behind`; none where that is gone."""
        bounds, way, place = self._bounds(), "ASC" if ascending else "DESC", None
        if behind is not None:
            row = self._records.read_one("SELECT created, n FROM file WHERE id = ?", (behind,))
            if row is None:
                return []
            place = Condition(f"(file.created, file.n) {'>' if ascending else '<'} (?, ?)", tuple(row))
            bounds = bounds.up_from(row["created"]) if ascending else bounds.down_from(row["created"])
        source, count = self._best()
        if source and count is None:
            near, all_of_it = self._near(bounds, way)
            rows = self._walk(near, place, way, limit, offset)
            if len(rows) == limit or all_of_it:
                return rows
        if source:
            return self._gather(source, bounds, place, way, limit, offset)
        return self._walk(bounds, place, way, limit, offset)

    def _near(self, bounds: _Bounds, way: str) -> tuple[_Bounds, bool]:
        """The bounds of the next files in order, and whether there are no others."""
        sql = "SELECT created FROM file WHERE created BETWEEN ? AND ? ORDER BY created"
        row = self._records.read_one(f"{sql} {way} LIMIT 1 OFFSET ?", (*bounds, NEXT))
        if row is None:
            return bounds, True
        last: int = row["created"]
        return (_Bounds(bounds.low, last) if way == "ASC" else _Bounds(last, bounds.high)), False

    def count(self) -> int:
        """How many files there are."""
        bounds = self._bounds()
        if not self._conditions and bounds == _EVER:
            pinned = {"pinned": (1, 1), "unpinned": (0, 0), "all": (0, 1)}[self._among.status]
            sql = "SELECT coalesce(sum(files), 0) FROM tally WHERE network = ? AND pinned BETWEEN ? AND ?"
            return self._count(sql, [self._among.network, *pinned])
        alone = self._conditions[0] if len(self._conditions) == 1 and bounds == _EVER else None
        if alone and alone.whole and alone.but:
            every = self._count(*alone.whole)
            return every - Search(self._records, self._among, [alone.but]).count()
        if not self._conditions and self._mostly(bounds):
            every = Search(self._records, self._among._replace(after=None, before=None)).count()
            return every - sum(self._count_between(outside) for outside in bounds.outside())
        source, _ = self._best()
        if alone and source and source.settled and source.exact:
            return self._count(f"SELECT count(*) FROM ({source.sql})", source.values)
        if source and bounds == _EVER and all(one.of_key for one in self._conditions):
            return self._count_by_keys(source)
        if source is None:
            return self._count_between(bounds)
        sql, values = self._sql(bounds, met=source)
        return self._count(
            f"SELECT count(*) FROM ({source.sql}) AS found CROSS JOIN file ON file.n = found.n WHERE {sql}",
            [*source.values, *values],
        )

    def _mostly(self, bounds: _Bounds) -> bool:
        """Whether the times of pinning are mostly within, as far as the first and the last tell."""
        sql = f"SELECT created FROM file {self._indexed()} WHERE {self._sql(_EVER)[0]} ORDER BY created"
        first, last = (
            self._records.read_one(f"{sql} {way} LIMIT 1", (self._among.network,)) for way in ("ASC", "DESC")
        )
        if first is None or last is None:
            return False
        within: int = min(bounds.high, last["created"]) - max(bounds.low, first["created"])
        return 2 * within > int(last["created"]) - int(first["created"])

    def _count_between(self, bounds: _Bounds) -> int:
        sql, values = self._sql(bounds)
        return self._count(f"SELECT count(*) FROM file {self._indexed()} WHERE {sql}", values)

    def _count_by_keys(self, source: Source) -> int:
        """How many files there are, by their key-values alone, which know the state of their file."""
        others = [one for one in self._conditions if one.source is not source or not source.exact]
        looks = (
            f"EXISTS (SELECT 1 FROM keyvalue WHERE n = found.n AND state IN ({self._among.states}) AND {one.of_key})"
            for one in others
        )
        values = [*source.values, *(value for one in others for value in one.values)]
        return self._count(
            f"SELECT count(*) FROM ({source.sql}) AS found WHERE {' AND '.join(looks)}", values
        )

    def _best(self) -> tuple[Source | None, int | None]:
        """The source that gives least, and how many where they are few."""
        sources = [condition.source for condition in self._conditions if condition.source]
        best: tuple[int, Source] | None = None
        for source in sources:
            if source.quick:
                most = best[0] if best else FEW + 1
                count = self._count(
                    f"SELECT count(*) FROM (SELECT 1 FROM ({source.sql}) LIMIT {most})", source.values
                )
                if count < most:
                    best = count, source
        if best:
            return best[1], best[0]
        sources.sort(key=lambda source: not source.quick)
        return (sources[0] if sources else None), None

    def _gather(
        self, source: Source, bounds: _Bounds, place: Condition | None, way: str, limit: int, offset: int
    ) -> list[sqlite3.Row]:
        sql, values = self._sql(bounds, place, source)
        return self._records.read(
            f"SELECT file.* FROM ({source.sql}) AS found CROSS JOIN file ON file.n = found.n WHERE {sql}"
            f" ORDER BY file.created {way}, file.n {way} LIMIT ? OFFSET ?",
            (*source.values, *values, limit, offset),
        )

    def _walk(
        self, bounds: _Bounds, place: Condition | None, way: str, limit: int, offset: int
    ) -> list[sqlite3.Row]:
        sql, values = self._sql(bounds, place)
        return self._records.read(
            f"SELECT * FROM file {self._indexed()} WHERE {sql}"
            f" ORDER BY file.created {way}, file.n {way} LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )

    def _indexed(self) -> str:
        return f"INDEXED BY {_INDEXES[self._among.status]}"

    def _sql(
        self, bounds: _Bounds, place: Condition | None = None, met: Source | None = None
    ) -> tuple[str, list[Any]]:
        """All the conditions but the one that a source meets."""
        wanted = [
            Condition("file.network = ?", (self._among.network,)),
            Condition(_STATUSES[self._among.status]),
            *(one for one in self._conditions if one.source is not met or met is None or not met.exact),
        ]
        if bounds != _EVER:
            wanted.append(Condition("file.created BETWEEN ? AND ?", bounds))
        if place:
            wanted.append(place)
        return " AND ".join(one.sql for one in wanted), [value for one in wanted for value in one.values]

    def _bounds(self) -> _Bounds:
        after, before = self._among.after, self._among.before
        return _Bounds(to_micros(after) if after else _EVER.low, to_micros(before) if before else _EVER.high)

    def _count(self, sql: str, values: Sequence[Any]) -> int:
        count: int = self._records.read(sql, values)[0][0]
        return count


def column(name: str, value: str, index: str) -> Condition:
    """A column of `file` with an index is this."""
    return Condition(
        f"file.{name} = ?",
        (value,),
        Source(f"SELECT n FROM file INDEXED BY {index} WHERE {name} = ?", (value,)),
    )


def cids(values: Collection[str]) -> Condition:
    """The CID is one of these."""
    marks = ", ".join("?" * len(values))
    now, past = (
        f"SELECT n FROM file WHERE cid IN ({marks}) AND unpinned {when}"
        for when in ("IS NULL", "IS NOT NULL")
    )
    source = Source(f"{now} UNION ALL {past}", [*values, *values])
    return Condition(f"file.cid IN ({marks})", list(values), source)


def cid_holds(among: Among, part: str) -> Condition:
    """The CID holds a text: all of it, as is usual, or a part, for which all CIDs are looked at, but no file."""
    try:
        whole = str(CID.parse(part)) == part
    except InvalidCID:
        whole = False
    if whole:
        return cids([part])
    sql = "instr(cid, ?) > 0"
    indexes = {"pinned": ("file_pinned", "IS NULL"), "unpinned": ("file_was_pinned", "IS NOT NULL")}
    parts = [
        f"SELECT n FROM file INDEXED BY {index} WHERE {sql} AND network = ? AND unpinned {when}"
        for status, (index, when) in indexes.items()
        if among.status in (status, "all")
    ]
    given = [part, among.network] * len(parts)
    return Condition(sql, (part,), Source(" UNION ALL ".join(parts), given, quick=False, settled=True))


def unpinned(low: int | None, high: int | None) -> Condition:
    """It was unpinned in between, bounds included; there may be only one."""
    sql, values = _between("unpinned", low, high)
    return Condition(sql, values, Source(f"SELECT n FROM file INDEXED BY file_unpinned WHERE {sql}", values))


def sized(among: Among, low: int | None, high: int | None) -> Condition:
    """The bytes of its blocks are in between, bounds included; there may be only one."""
    sql, values = _between("dag_size", low, high)
    indexes = {
        "pinned": ["file_sized"],
        "unpinned": ["file_was_sized"],
        "all": ["file_sized", "file_was_sized"],
    }
    parts = [
        f"SELECT n FROM file INDEXED BY {index} WHERE network = ? AND {sql}"
        f" AND unpinned IS {'NULL' if index == 'file_sized' else 'NOT NULL'}"
        for index in indexes[among.status]
    ]
    given = [among.network, *values] * len(parts)
    return Condition(sql, values, Source(" UNION ALL ".join(parts), given, settled=True))


def _between(name: str, low: int | None, high: int | None) -> tuple[str, list[int]]:
    asked = [(f"{name} {sign} ?", one) for sign, one in ((">=", low), ("<=", high)) if one is not None]
    return " AND ".join(sql for sql, _ in asked), [one for _, one in asked]


def name_holds(part: str) -> Condition:
    """The name holds a text, whatever the case of its letters (of ASCII)."""
    return Condition("instr(lower(file.name), lower(?)) > 0", (part,), _words("file_name", [part]))


def name_is(name: str) -> Condition:
    """The name is this."""
    return Condition("file.name = ?", (name,), _words("file_name", [name]))


def name_matches(name: str, *, whole: bool, ignore_case: bool) -> Condition:
    """The name is, or holds, a text."""
    pattern = rf"\A{re.escape(name)}\Z" if whole else re.escape(name)
    values = (pattern, ignore_case)
    return Condition("matches(?, ?, coalesce(file.name, ''))", values, _words("file_name", [name]))


def told_as(among: Among, key: str, text: str) -> Condition:
    """A key-value, told as text, is this."""
    source = Source(f"{among.texts} AND text = ?", (key, text), settled=True)
    return _of_key(key, "text = ?", [text], source)


def where(among: Among, asked: Where) -> Condition:
    """A condition on a key-value; a number is compared with numbers, text with text."""
    if asked.op in _NEGATIONS:
        kinds = (0, 1) if asked.op != "notBetween" else (int(as_number(asked.value) is not None),) * 2
        whole = among.tally, (asked.key, *kinds)
        but = _where(among, Where(asked.key, _NEGATIONS[asked.op], asked.value, asked.second))
        return _where(among, asked)._replace(whole=whole, but=but)
    return _where(among, asked)


def _alike(asked: Where) -> str:
    return f" AND number IS {'NULL' if as_number(asked.value) is None else 'NOT NULL'}"


def _where(among: Among, asked: Where) -> Condition:
    key, op = asked.key, asked.op
    number = as_number(asked.value)
    value: Any = as_text(asked.value) if number is None else number
    kind, start = ("text", among.texts) if number is None else ("number", among.numbers)
    alike = "" if number is not None else _alike(asked)

    def ranges(*parts: str, values: Sequence[Any], more: Sequence[tuple[str, Sequence[Any]]] = ()) -> Source:
        asked_of = [
            (f"{start} AND {part}{alike}", (key, one)) for part, one in zip(parts, values, strict=True)
        ]
        every = [*asked_of, *more]
        return Source(
            " UNION ALL ".join(sql for sql, _ in every),
            [one for _, given in every for one in given],
            settled=True,
        )

    if op in _SIGNS:
        sql = f"{kind} {_SIGNS[op]} ?"
        return _of_key(key, sql + alike, [value], ranges(sql, values=[value]))
    if op == "ne":  # something of another kind is not equal either
        other = f"number IS {'NOT ' if number is None else ''}NULL"
        source = ranges(
            f"{kind} < ?", f"{kind} > ?", values=[value, value], more=[(f"{among.texts} AND {other}", (key,))]
        )
        return _of_key(key, f"({kind} <> ? OR {other})", [value], source)
    if op in ("between", "notBetween"):
        second: Any = as_text(asked.second) if number is None else as_number(asked.second)
        if op == "between":
            sql = f"{kind} BETWEEN ? AND ?{alike}"
            source = Source(f"{start} AND {sql}", (key, value, second), settled=True)
        else:
            sql = f"{kind} NOT BETWEEN ? AND ?{alike}"
            # Where the second is the smaller, nothing is in between, and the two parts would overlap.
            outside = ranges(f"{kind} < ?", f"{kind} > ?", values=[value, second])
            source = outside if value <= second else Source(f"{start}{alike}", (key,), settled=True)
        return _of_key(key, sql, [value, second], source)
    pattern, ignore_case = as_text(asked.value), op in ("iLike", "notILike", "iRegexp")
    sign = "NOT " if op.startswith("not") else ""
    given = [pattern if op in ("regexp", "iRegexp") else _like(pattern), ignore_case]
    sql = f"{sign}matches(?, ?, text)"
    source = Source(f"{among.texts} AND {sql}", (key, *given), quick=False, settled=True)
    if op == "like" and (start_of_it := _only_start(pattern)):
        low, high = start_of_it
        source = Source(f"{among.texts} AND text >= ? AND text < ?", (key, low, high), settled=True)
    elif op in ("like", "iLike"):
        source = _words("keyvalue_words", re.split("[%_]", pattern)) or source
    return _of_key(key, sql, given, source)


def _of_key(key: str, sql: str, values: Sequence[Any], source: Source) -> Condition:
    look = f"EXISTS (SELECT 1 FROM keyvalue WHERE keyvalue.n = file.n AND key = ? AND {sql})"
    return Condition(look, (key, *values), source, f"key = ? AND {sql}")


def _words(table: str, parts: Iterable[str]) -> Source | None:
    """Where texts that hold all these parts are found, if one of them has three letters."""
    found: dict[str, None] = {}
    for part in parts:
        if "\0" not in part and len(part) >= 3:
            starts = [*range(0, len(part) - 2, 3), len(part) - 3]
            found |= dict.fromkeys(part[at : at + 3] for at in starts)
    if not found:
        return None
    match = " AND ".join('"{}"'.format(word.replace('"', '""')) for word in found)
    return Source(f"SELECT rowid AS n FROM {table} WHERE {table} MATCH ?", (match,), exact=False)


def as_text(value: Any) -> str:
    """A key-value as text: what `like` and `regexp` look at."""
    return value if isinstance(value, str) else json.dumps(value)


def as_number(value: Any) -> float | None:
    """A key-value as a number, if it is one; text and booleans are not."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _only_start(pattern: str) -> tuple[str, str] | None:
    """Between which texts those lie that match an SQL LIKE pattern, where it says only how they start."""
    start = pattern[:-1]
    if not re.fullmatch(r"[^%_]*[ -$&-^`-~]%", pattern, re.DOTALL):
        return None
    return start, start[:-1] + chr(ord(start[-1]) + 1)


def _like(pattern: str) -> str:
    """An SQL LIKE pattern as a regular expression: SQLite's own LIKE is blind to case."""
    signs = {"%": ".*", "_": "."}
    return r"(?s)\A" + "".join(signs.get(sign) or re.escape(sign) for sign in pattern) + r"\Z"

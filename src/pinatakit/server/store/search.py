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
from functools import cached_property
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InvalidCID
from pinatakit.protocol import Network, Where
from pinatakit.protocol.where import like_expression
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
_LONGEST: Final = 10_000  # letters of a pattern, of up to four bytes: GLOB takes 50,000
_PIECES: Final = re.compile("(..).?")
_SIGNS: Final = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Source(NamedTuple):
    """SQL for the numbers of the files that may meet a condition.

    Attributes:
        exact: all of them meet it.
        quick: it costs what it gives, and no more.
        settled: it gives none of another network or status than is searched.
        tally: SQL for how many it gives, where that is quicker than to count them.
    """

    sql: str
    values: Sequence[Any]
    exact: bool = True
    quick: bool = True
    settled: bool = False
    tally: tuple[str, Sequence[Any]] | None = None


class Condition(NamedTuple):
    """What files must meet: SQL about a row of `file`, and where their numbers are found.

    A negation also says what it leaves out, which may be counted sooner: what meets `but`, of as many as the
    SQL of `whole` tells, where it is alone, or of as many as there are without it.
    """

    sql: str
    values: Sequence[Any] = ()
    source: Source | None = None
    of_key: str | None = None  # the SQL about a key-value, where it is about one
    whole: tuple[str, Sequence[Any]] | None = None
    but: Condition | None = None


class Few(NamedTuple):
    """A few files that may meet all conditions, and what is still to be looked at.

    Attributes:
        many: how many they are.
        numbers: those in a list of JSON, which is read by SQLite alone.
        settled: none of them is of another network or status than is searched.
    """

    many: int
    numbers: str
    left: list[Condition]
    settled: bool


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
    def files(self) -> tuple[str, Sequence[Any]]:
        """SQL for how many files there are, at any time; more conditions may follow."""
        pinned = {"pinned": (1, 1), "unpinned": (0, 0), "all": (0, 1)}[self.status]
        sql = "SELECT coalesce(sum(files), 0) FROM tally WHERE network = ? AND pinned BETWEEN ? AND ?"
        return sql, [self.network, *pinned]

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
    """A search in the files of one store. Where few are found they are kept, for the page and the count."""

    def __init__(self, records: Records, among: Among, conditions: Iterable[Condition] = ()) -> None:
        self._records = records
        self._among = among
        self._conditions = list(conditions)
        sources = [(one, one.source) for one in self._conditions if one.source]
        self._sources = [(one, source) for one, source in sources if source.quick] or sources
        self._found: list[tuple[int, int]] | None = None

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
        source = self._sources[0][1] if self._sources else None
        if source and not (source.quick and self._few):
            near, all_of_it = self._near(bounds, way)
            rows = self._walk(near, place, way, limit, offset)
            if len(rows) == limit or all_of_it:
                return rows
        if source and (found := self._all()) is not None:
            return self._some(found, place, ascending=ascending, limit=limit, offset=offset)
        if source:
            return self._gather(source, bounds, place, way, limit, offset)
        return self._walk(bounds, place, way, limit, offset)

    def _near(self, bounds: _Bounds, way: str) -> tuple[_Bounds, bool]:
        """The bounds of the next files in order, and whether there are no others."""
        sql, values = self._sql(bounds, [])
        sql = f"SELECT created FROM file {self._indexed()} WHERE {sql} ORDER BY created"
        row = self._records.read_one(f"{sql} {way} LIMIT 1 OFFSET ?", (*values, NEXT))
        if row is None:
            return bounds, True
        last: int = row["created"]
        return (_Bounds(bounds.low, last) if way == "ASC" else _Bounds(last, bounds.high)), False

    def count(self) -> int:
        """How many files there are."""
        bounds = self._bounds()
        if not self._conditions and bounds == _EVER:
            return self._count(*self._among.files)
        alone = self._conditions[0] if len(self._conditions) == 1 and bounds == _EVER else None
        if alone and alone.whole and alone.but:
            return self._count(*alone.whole) - self._count_of([alone.but])
        if not self._conditions and self._mostly(bounds):
            every = Search(self._records, self._among._replace(after=None, before=None)).count()
            return every - sum(self._count_between(outside) for outside in bounds.outside())
        if self._few and self._few.settled and not self._few.left and bounds == _EVER:
            return self._few.many
        if self._few:
            self._all()
        if self._found is not None:
            return len(self._found)
        for one in self._conditions:
            if one.but and not one.whole:
                others = [other for other in self._conditions if other is not one]
                return self._count_of(others) - self._count_of([*others, one.but])
        if not self._sources:
            return self._count_between(bounds)
        source = self._sources[0][1]
        if alone and source.settled and source.exact:
            return self._count(*(source.tally or (f"SELECT count(*) FROM ({source.sql})", source.values)))
        left = self._left(source)
        if bounds == _EVER and all(one.of_key for one in self._conditions):
            sql, values = self._of_keys(source.sql, source.values, left)
            return self._count(f"SELECT count(*) FROM ({sql})", values)
        sql, values = self._sql(bounds, left)
        return self._count(
            f"SELECT count(*) FROM ({source.sql}) AS found CROSS JOIN file ON file.n = found.n WHERE {sql}",
            [*source.values, *values],
        )

    def _count_of(self, conditions: Iterable[Condition]) -> int:
        """How many of the same files meet other conditions."""
        return Search(self._records, self._among, conditions).count()

    def _mostly(self, bounds: _Bounds) -> bool:
        """Whether the times of pinning are mostly within, as far as the first and the last tell."""
        sql = f"SELECT created FROM file {self._indexed()} WHERE {self._sql(_EVER, [])[0]} ORDER BY created"
        first, last = (
            self._records.read_one(f"{sql} {way} LIMIT 1", (self._among.network,)) for way in ("ASC", "DESC")
        )
        if first is None or last is None:
            return False
        within: int = min(bounds.high, last["created"]) - max(bounds.low, first["created"])
        return 2 * within > int(last["created"]) - int(first["created"])

    def _count_between(self, bounds: _Bounds) -> int:
        sql, values = self._sql(bounds, self._conditions)
        return self._count(f"SELECT count(*) FROM file {self._indexed()} WHERE {sql}", values)

    @cached_property
    def _few(self) -> Few | None:
        """What the source gives that gives least, where that is few."""
        best: tuple[Source, int, str] | None = None
        for one, source in self._sources:
            # Where a part of a key-value may be is soon looked at, for it stands close together.
            few = NEXT if one.of_key and not source.exact else FEW
            most = best[1] if best else few + 1
            count, numbers = self._listed(f"SELECT n FROM ({source.sql}) LIMIT {most}", source.values)
            if count < most:
                best = source, count, numbers
        if best is None:
            return None
        source, count, numbers = best
        left = self._left(source)
        if keyed := [one for one in left if one.of_key]:
            given = "SELECT value AS n FROM json_each(?)", [numbers]
            count, numbers = self._listed(*self._of_keys(*given, keyed))
        others = [one for one in left if not one.of_key]
        return Few(count, numbers, others, settled=source.settled or bool(keyed))

    def _all(self) -> list[tuple[int, int]] | None:
        """When those that meet all conditions were pinned, and their numbers, in that order, where they are few."""
        if self._found is None:
            if self._few:
                most, left = self._few.many, self._few.left
                source = Source("SELECT value AS n FROM json_each(?)", [self._few.numbers])
            else:
                source = self._sources[0][1]
                most, left = FEW, self._left(source)
            sql, values = self._sql(self._bounds(), left)
            rows = self._records.read(
                f"SELECT file.created, file.n FROM ({source.sql}) AS found CROSS JOIN file ON file.n = found.n"
                f" WHERE {sql} LIMIT {most + 1}",
                [*source.values, *values],
            )
            if len(rows) <= most:
                self._found = sorted((row["created"], row["n"]) for row in rows)
        return self._found

    def _left(self, source: Source) -> list[Condition]:
        """What is still to be looked at of what a source gives."""
        return [one for one in self._conditions if one.source is not source or not source.exact]

    def _of_keys(
        self, sql: str, values: Sequence[Any], conditions: Collection[Condition]
    ) -> tuple[str, list[Any]]:
        """SQL for those of some numbers that meet conditions on key-values, which know the state of their file."""
        looks = (
            f"EXISTS (SELECT 1 FROM keyvalue WHERE n = found.n AND state IN ({self._among.states}) AND {one.of_key})"
            for one in conditions
        )
        given = [*values, *(value for one in conditions for value in one.values)]
        return f"SELECT found.n AS n FROM ({sql}) AS found WHERE {' AND '.join(looks)}", given

    def _some(
        self,
        found: list[tuple[int, int]],
        place: Condition | None,
        *,
        ascending: bool,
        limit: int,
        offset: int,
    ) -> list[sqlite3.Row]:
        """Some of those that were found."""
        found = found if ascending else found[::-1]
        if place:
            behind = tuple(place.values)
            found = [one for one in found if (one > behind if ascending else one < behind)]
        return self._records.read(
            "SELECT file.* FROM json_each(?) AS found CROSS JOIN file ON file.n = found.value"
            " ORDER BY found.key",
            [json.dumps([n for _, n in found[offset : offset + limit]])],
        )

    def _gather(
        self, source: Source, bounds: _Bounds, place: Condition | None, way: str, limit: int, offset: int
    ) -> list[sqlite3.Row]:
        sql, values = self._sql(bounds, self._left(source), place)
        return self._records.read(
            f"SELECT file.* FROM ({source.sql}) AS found CROSS JOIN file ON file.n = found.n WHERE {sql}"
            f" ORDER BY file.created {way}, file.n {way} LIMIT ? OFFSET ?",
            (*source.values, *values, limit, offset),
        )

    def _walk(
        self, bounds: _Bounds, place: Condition | None, way: str, limit: int, offset: int
    ) -> list[sqlite3.Row]:
        sql, values = self._sql(bounds, self._conditions, place)
        return self._records.read(
            f"SELECT * FROM file {self._indexed()} WHERE {sql}"
            f" ORDER BY file.created {way}, file.n {way} LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )

    def _indexed(self) -> str:
        return f"INDEXED BY {_INDEXES[self._among.status]}"

    def _sql(
        self, bounds: _Bounds, conditions: Iterable[Condition], place: Condition | None = None
    ) -> tuple[str, list[Any]]:
        """Some of the conditions, and what the files are that are searched."""
        wanted = [
            Condition("file.network = ?", (self._among.network,)),
            Condition(_STATUSES[self._among.status]),
            *conditions,
        ]
        if bounds != _EVER:
            wanted.append(Condition("file.created BETWEEN ? AND ?", bounds))
        if place:
            wanted.append(place)
        return " AND ".join(one.sql for one in wanted), [value for one in wanted for value in one.values]

    def _bounds(self) -> _Bounds:
        after, before = self._among.after, self._among.before
        return _Bounds(to_micros(after) if after else _EVER.low, to_micros(before) if before else _EVER.high)

    def _listed(self, sql: str, values: Sequence[Any]) -> tuple[int, str]:
        """How many numbers there are, and a list of them in JSON."""
        row = self._records.read(f"SELECT count(*), json_group_array(n) FROM ({sql})", values)[0]
        return row[0], row[1]

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
    """The CID holds a text: all of it, as is usual, or a part. For a short one all CIDs are looked at, but no file."""
    try:
        whole = str(CID.parse(part)) == part
    except InvalidCID:
        whole = False
    if whole:
        return cids([part])
    sql = "instr(cid, ?) > 0"
    if len(part) >= 4 and part.isascii() and part.isalnum():
        ways = (" AND ".join(f'"{piece}"' for piece in _PIECES.findall(part, at)[-2:]) for at in range(3))
        match = " OR ".join(f"({way})" for way in ways)
        source = Source("SELECT rowid AS n FROM file_cid WHERE file_cid MATCH ?", (match,), exact=False)
        return Condition(sql, (part,), source)
    indexes = {"pinned": ("file_pinned", "IS NULL"), "unpinned": ("file_was_pinned", "IS NOT NULL")}
    parts = [
        f"SELECT n FROM file INDEXED BY {index} WHERE {sql} AND network = ? AND unpinned {when}"
        for status, (index, when) in indexes.items()
        if among.status in (status, "all")
    ]
    given = [part, among.network] * len(parts)
    return Condition(sql, (part,), Source(" UNION ALL ".join(parts), given, quick=False, settled=True))


def pieces(cid: str) -> str:
    """What parts of a CID are found by: one of four letters or more holds one of these, and one of seven two."""
    return " ".join(_PIECES.findall(cid))


def unpinned(low: int | None, high: int | None) -> Condition:
    """It was unpinned in between, bounds included; there may be only one."""
    sql, values = _between("unpinned", low, high)
    return Condition(sql, values, Source(f"SELECT n FROM file INDEXED BY file_unpinned WHERE {sql}", values))


def sized(among: Among, low: int | None, high: int | None) -> Condition:
    """The bytes of its blocks are in between, bounds included; there may be only one."""
    sql, values = _between("dag_size", low, high)
    source = _of_sizes(among, low, high)
    first, last = (None if size is None else _Magnitude.of(size) for size in (low, high))
    if first and last and first.number >= last.number:
        return Condition(sql, values, source)
    # Of the magnitudes at the bounds only a part is in between.
    files, given = among.files
    inner, bounds = _between("magnitude", first and first.number + 1, last and last.number - 1)
    edges = [_of_sizes(among, low, first.most)] if first else []
    edges += [_of_sizes(among, last.least, high)] if last else []
    counts = [f"({files} AND {inner})", *(f"(SELECT count(*) FROM ({edge.sql}))" for edge in edges)]
    tally = [*given, *bounds, *(value for edge in edges for value in edge.values)]
    return Condition(sql, values, source._replace(tally=(f"SELECT {' + '.join(counts)}", tally)))


class _Magnitude(NamedTuple):
    """The sizes that are tallied together: as many digits, and the same first two."""

    number: int
    least: int
    most: int

    @classmethod
    def of(cls, size: int) -> _Magnitude:
        digits = str(size)
        unit = 10 ** max(len(digits) - 2, 0)
        least = size - size % unit
        return cls(len(digits) * 100 + int(digits[:2]), least, least + unit - 1)


def _of_sizes(among: Among, low: int | None, high: int | None) -> Source:
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
    return Source(" UNION ALL ".join(parts), given, settled=True)


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
    given: list[Any] = [pattern if op in ("regexp", "iRegexp") else like_expression(pattern), ignore_case]
    sql = f"{sign}matches(?, ?, text)"
    if op in ("like", "notLike") and "\0" not in pattern and len(pattern) <= _LONGEST:
        given = [_glob(pattern), *given]
        sql = f"{sign}CASE instr(text, char(0)) WHEN 0 THEN text GLOB ? ELSE matches(?, ?, text) END"
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
    """Where texts that hold all these parts are found, if one of them has three letters, or two of ASCII."""
    found: dict[str, None] = {}
    pair = ""
    for part in parts:
        if "\0" not in part and len(part) >= 3:
            starts = [*range(0, len(part) - 2, 3), len(part) - 3]
            found |= dict.fromkeys(part[at : at + 3] for at in starts)
        elif len(part) == 2 and part.isascii() and "\0" not in part:
            pair = part.lower()
    if found:
        match = " AND ".join('"{}"'.format(word.replace('"', '""')) for word in found)
        return Source(f"SELECT rowid AS n FROM {table} WHERE {table} MATCH ?", (match,), exact=False)
    if pair:
        every = """group_concat('"' || replace(term, '"', '""') || '"', ' OR ')"""
        match = f"""SELECT coalesce({every}, '""') FROM {table}_term WHERE term >= ? AND term < ?"""
        bounds = pair, pair[0] + chr(ord(pair[1]) + 1)
        return Source(f"SELECT rowid AS n FROM {table} WHERE {table} MATCH ({match})", bounds, exact=False)
    return None


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


def _glob(pattern: str) -> str:
    """An SQL LIKE pattern as SQLite's GLOB has it, which sees case, and knows no text behind a NUL."""
    signs = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(signs.get(sign, sign) for sign in pattern)

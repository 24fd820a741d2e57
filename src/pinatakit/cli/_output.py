"""What a command prints: data on stdout, in the format that was asked for, and all else on stderr.

On a terminal a list is a table, cut to its width; in a pipe its columns have tabs between them.
``--format`` chooses what a program reads: all but ``json`` and ``table`` are printed row by row as
they come.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import click

if TYPE_CHECKING:
    from pinatakit.protocol import Record

Row: TypeAlias = "Record | Mapping[str, Any]"
Command: TypeAlias = Callable[..., Any]

FORMATS: Final = ("table", "json", "jsonl", "csv", "tsv", "quiet")

_BATCH: Final = 500  # rows of a table that are looked at before its widths are settled
_NARROWEST: Final = 8  # letters that a column of a table has at least
_GAP: Final = 2
_SEPARATED: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def output_options(command: Command) -> Command:
    """``--json``, ``--format``, ``-q``, ``--fields`` and ``--no-truncate``; the command is given `out`."""

    @wraps(command)
    def run(
        *args: Any,
        as_json: bool,
        format: str | None,
        quiet: bool,
        fields: str | None,
        no_truncate: bool,
        **rest: Any,
    ) -> Any:
        asked = {name for name, said in (("json", as_json), ("quiet", quiet), (format, format)) if said}
        if len(asked) > 1:
            raise click.UsageError("--json, --quiet and --format say different things")
        chosen = next(iter(asked), None)
        out = Output(chosen, fields.split(",") if fields else (), truncate=not no_truncate)
        try:
            return command(*args, out=out, **rest)
        finally:
            out.close()

    for option in (
        click.option("--no-truncate", is_flag=True, help="Let a table be wider than the terminal."),
        click.option("--fields", metavar="A,B", help="Print these fields only, in this order."),
        click.option("-q", "--quiet", is_flag=True, help="Print the first column only: --format quiet."),
        click.option("--format", type=click.Choice(FORMATS), help="How to print it, for programs."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON: --format json."),
    ):
        run = option(run)
    return run


class Output:
    """Prints what a command found out.

    A row is a record or a mapping; `columns` are the names of those of its fields that a person wants
    to see, with spaces between them, the one that names the thing first; `fields` are all it has.
    """

    def __init__(
        self, format: str | None = None, fields: Sequence[str] = (), *, truncate: bool = True
    ) -> None:
        self.format = format
        self.for_people = format in (None, "table")
        self._fields = tuple(fields)
        self._truncate = truncate
        self._begun = False
        self._gathered: tuple[list[Row], str, Sequence[str]] = [], "", ()

    @property
    def draws(self) -> bool:
        """Whether a picture of letters is wanted: for a person, who named neither format nor fields."""
        return self.format is None and not self._fields

    def rows(self, found: Iterable[Row], columns: str, fields: Sequence[str] = ()) -> None:
        """A list: as JSON one array.

        Raises:
            UsageError: ``--fields`` names one there is not; nothing was asked for yet.
        """
        names = self._names(columns, fields)
        if self.for_people:
            show_table(
                [_title(name) for name in names],
                ([_cell(name, value) for name, value in _named(row, names)] for row in found),
                aligned=self.format == "table" or sys.stdout.isatty(),
                truncate=self._truncate and sys.stdout.isatty(),
            )
        elif self.format == "json":
            show_json_array(self._dict(row) for row in found)
        else:
            self._head(names)
            for row in found:
                self._row(row, names)

    def one(self, row: Row, columns: str, fields: Sequence[str] = ()) -> None:
        """A single thing: for people a line for each field that says something."""
        names = self._names(columns, fields)
        if self.for_people:
            told = [pair for name, value in _named(row, names) for pair in _told(name, value)]
            show_pairs(pair for pair in told if pair[1] or self._fields)
        else:
            self._head(names)
            self._row(row, names)

    def found(self, row: Row, columns: str, fields: Sequence[str] = (), *, line: str | None = None) -> None:
        """One thing of several, printed when it is there (as JSON a line).

        For people that is `line`, or else what names the thing; where a table was asked for, all are
        printed as one in the end.
        """
        names = self._names(columns, fields)
        if self.format == "table":
            self._gathered[0].append(row)
            self._gathered = self._gathered[0], columns, fields
        elif not self.for_people:
            self._head(names)
            self._row(row, names)
        elif self._fields:
            self._separated([plain(_cell(name, value)) for name, value in _named(row, names)])
        else:
            click.echo(str(_named(row, names[:1])[0][1]) if line is None else line)

    def close(self) -> None:
        """Print what waited for the end."""
        found, columns, fields = self._gathered
        if found:
            self._gathered = [], "", ()
            self.rows(found, columns, fields)

    def done(self, message: str, row: Row, columns: str, fields: Sequence[str] = ()) -> None:
        """Something that was done: for people a message on stderr, for programs a row (as JSON a line)."""
        names = self._names(columns, fields)
        if self.for_people:
            click.echo(message, err=True)
        else:
            self._head(names)
            self._row(row, names)

    def _names(self, columns: str, fields: Sequence[str]) -> Sequence[str]:
        """What is printed of a row, but as JSON, which has all of it unless told."""
        shown = columns.split()
        if unknown := [name for name in self._fields if name not in (*shown, *fields)]:
            known = ", ".join(fields or shown)
            raise click.BadParameter(
                f"there is no field {unknown[0]!r}; there are {known}", param_hint="--fields"
            )
        if self._fields:
            return self._fields
        if self.format == "quiet":
            return shown[:1]
        return shown if self.for_people else fields or shown

    def _dict(self, row: Row) -> dict[str, Any]:
        whole = dict(row) if isinstance(row, Mapping) else row.to_dict()
        return {name: whole[name] for name in self._fields} if self._fields else whole

    def _head(self, names: Sequence[str]) -> None:
        if not self._begun and self.format in ("csv", "tsv"):
            self._separated(names)
        self._begun = True

    def _row(self, row: Row, names: Sequence[str]) -> None:
        if self.format in ("json", "jsonl"):
            show_json(self._dict(row))
        else:
            self._separated([_raw(value) for _, value in _named(row, names)])

    def _separated(self, cells: Sequence[str]) -> None:
        if self.format == "csv":
            import csv

            csv.writer(_Stdout(), lineterminator="\n").writerow(cells)
        else:
            click.echo("\t".join(cell.translate(_SEPARATED) for cell in cells))


class _Stdout:
    def write(self, text: str) -> None:
        click.echo(text, nl=False)


def fields_of(kind: type[Record]) -> list[str]:
    """The fields that a record of this kind has."""
    return [name for name in kind.__struct_fields__ if name != "extra"]


# ── JSON ────────────────────────────────────────────────────────────────────


def show_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    click.echo(_json(value))


def _json(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def show_json_array(values: Iterable[Any]) -> None:
    """An array on one line, printed as its values come; where they fail to come, not ended."""
    before = "["
    for value in values:
        click.echo(before + _json(value), nl=False)
        before = ", "
    click.echo("[]" if before == "[" else "]")


def _plain(value: Any) -> Any:
    from pinatakit.protocol import Record

    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, datetime):
        from pinatakit.protocol.times import micros

        return micros(value)
    return str(value)


def _raw(value: Any) -> str:
    """A value as a program reads it out of a column."""
    if value is None:
        return ""
    if isinstance(value, bool | dict | list | tuple):
        return _json(value)
    plain = value if isinstance(value, str | int | float) else _plain(value)
    return str(plain)


# ── for people ──────────────────────────────────────────────────────────────


def _named(row: Row, names: Sequence[str]) -> list[tuple[str, Any]]:
    return [(name, row[name] if isinstance(row, Mapping) else getattr(row, name)) for name in names]


def _title(name: str, *, upper: bool = True) -> str:
    """The name of a field as a person reads it, above its column or beside its value."""
    timed = name.removesuffix("_at").removeprefix("date_")
    words = timed.replace("_", " ")
    return (words.upper() if upper else words) + (" (UTC)" if timed != name else "")


def _cell(name: str, value: Any) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int):
        return size(value) if _is_size(name) else f"{value:,}"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_cell('', one)}" for key, one in cast("Mapping[str, Any]", value).items())
    if isinstance(value, list | tuple):
        return ", ".join(_cell("", one) for one in cast("Sequence[Any]", value))
    return str(value)


def _told(name: str, value: Any) -> list[tuple[str, str]]:
    """A field that stands alone; of one with several values each."""
    title = _title(name, upper=False)
    if isinstance(value, Mapping):
        several = cast("Mapping[str, Any]", value)
        return [(f"{title} {key}", _cell("", one)) for key, one in several.items()]
    return [(title, _long(name, value))]


def _long(name: str, value: Any) -> str:
    """A value that stands alone."""
    if isinstance(value, int) and _is_size(name):
        return f"{value:,} bytes" + (f" ({size(value)})" if value > 999 else "")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return _cell(name, value)


def _is_size(name: str) -> bool:
    return name in ("bandwidth", "bytes") or "size" in name.split("_")


def size(count: int) -> str:
    """Bytes as a person reads them, in powers of 1,000."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def plain(text: object) -> str:
    """Text as one line that does nothing to a terminal: what is not printable is spelled out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def styled() -> bool:
    """Whether stdout may show more than letters: on a terminal that can, or everywhere, or nowhere, as is asked.

    Sources: no-color.org (NO_COLOR, which comes first); force-color.org (FORCE_COLOR);
    bixense.com/clicolors (CLICOLOR_FORCE, CLICOLOR).
    """
    said = os.environ.get
    if said("NO_COLOR"):
        return False
    if any(said(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return sys.stdout.isatty() and said("TERM") != "dumb" and said("CLICOLOR") != "0"


def bold(text: str) -> str:
    """Text in bold, where it may be."""
    return click.style(text, bold=True) if styled() else text


def width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size().columns


def show_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    aligned: bool | None = None,
    truncate: bool = False,
    err: bool = False,
) -> None:
    """A table: aligned on a terminal, with tabs between its columns in a pipe."""
    shown = ([plain(cell) for cell in row] for row in rows)
    if not (sys.stdout.isatty() if aligned is None else aligned):
        for row in shown:
            click.echo("\t".join(row), err=err)
        return
    widths: list[int] = []
    for batch in _batches(shown):
        if not widths:
            lines = [titles, *batch]
            widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
            if truncate:
                widths = _fitting(widths, width())
            click.echo(bold(_line(titles, widths, cut=truncate)), err=err)
        for row in batch:
            click.echo(_line(row, widths, cut=truncate), err=err)


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    """Rows in bunches; one that is empty where there are none."""
    batch = list(islice(rows, _BATCH))
    yield batch
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _fitting(widths: Sequence[int], room: int) -> list[int]:
    """Widths that fit into a line: the widest columns give way first."""
    fitting = list(widths)
    while sum(fitting) + _GAP * (len(fitting) - 1) > room and max(fitting) > _NARROWEST:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _line(cells: Sequence[str], widths: Sequence[int], *, cut: bool) -> str:
    fitted = (_cut(cell, width) if cut else cell for cell, width in zip(cells, widths, strict=True))
    return (" " * _GAP).join(cell.ljust(width) for cell, width in zip(fitted, widths, strict=True)).rstrip()


def _cut(text: str, width: int) -> str:
    """Text of that many letters at most; what has no spaces, such as a CID, keeps its end too."""
    if len(text) <= width:
        return text
    end = 0 if " " in text else (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def show_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one pair a line."""
    shown = [(plain(name), "" if value is None else plain(value)) for name, value in pairs]
    widest = max(len(name) for name, _ in shown)
    for name, value in shown:
        click.echo(f"{bold(name.ljust(widest))}  {value}".rstrip())

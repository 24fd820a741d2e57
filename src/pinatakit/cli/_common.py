"""What the commands share: a client, output for people and for pipes, progress."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pinatakit.client import Pinata, Progress

F = TypeVar("F", bound=Callable[..., Any])


def client_options(command: F) -> F:
    """``--local`` and ``--json``, which every command has that asks a service."""
    command = json_option(command)
    return click.option(
        "--local",
        metavar="[=PATH]",
        help="Use the local Pinata, which keeps its data in PATH, or in your data folder.",
    )(command)


def json_option(command: F) -> F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


@contextmanager
def client(local: str | None) -> Generator[Pinata]:
    """The client a command uses: of Pinata, or of the local Pinata."""
    if local is None:
        from pinatakit.client import Pinata

        pinata = Pinata()
    else:
        from pinatakit.embedded import default_folder
        from pinatakit.embedded import local as start

        pinata = start(local or default_folder())
    with pinata:
        yield pinata


def show_json(value: Any) -> None:
    """One JSON value on a line of its own."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    from pinatakit.protocol import Record

    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, datetime):
        from pinatakit.protocol.times import micros

        return micros(value)
    return str(value)


def plain(text: object) -> str:
    """Text as one line that does nothing to a terminal: what is not printable is spelled out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def bold(text: str) -> str:
    """Text in bold, on a terminal that can and may."""
    can = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return click.style(text, bold=True) if can else text


def show_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table: aligned on a terminal, with tabs between its columns in a pipe."""
    shown = [[plain(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in shown:
            click.echo("\t".join(row))
        return
    lines = [titles, *shown]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(bold(text) if number == 0 else text)


def show_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one pair a line."""
    shown = [(plain(name), "" if value is None else plain(value)) for name, value in pairs]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        click.echo(f"{bold(name.ljust(width))}  {value}".rstrip())


def size(count: int) -> str:
    """Bytes as a person reads them, in powers of 1,000."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


@contextmanager
def progress(what: str) -> Generator[Progress | None]:
    """A bar on stderr while it is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bars:
        bar = bars.add_task(what, total=None)

        def tell(done: int, total: int | None) -> None:
            bars.update(bar, completed=done, total=total)

        yield tell


def read_keyvalues(pairs: Iterable[str]) -> dict[str, str]:
    """``key=value`` arguments."""
    keyvalues: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"{pair!r} is not of the form key=value", param_hint="--kv")
        keyvalues[key] = value
    return keyvalues

"""``usage``, ``du`` and ``limits``: how much there is, was read, and may be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pinatakit.cli._charts import Bar, draw, write
from pinatakit.cli._common import Output, as_network, asks, network_option, size
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata
    from pinatakit.protocol import File

_plot = click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE", help="Draw it into a .svg or .png."
)

_PERIODS: Final = ("day", "week")
_ATTRIBUTES: Final = ("cid", "country", "region", "user_agent", "referer", "file_name")


@click.command()
@click.option("--gateway", metavar="DOMAIN", help="Show what was read from this gateway.")
@click.option("--by", type=click.Choice([*_PERIODS, *_ATTRIBUTES]), default="day", show_default=True)
@click.option(
    "--measure", type=click.Choice(["requests", "bandwidth"]), default="requests", show_default=True
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day; else 30 days before the last."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; else today (UTC).")
@_plot
@asks
def usage(
    pinata: Pinata,
    out: Output,
    gateway: str | None,
    by: Any,
    measure: Any,
    since: datetime | None,
    until: datetime | None,
    plot: Path | None,
) -> None:
    """Show how much is pinned, or with --gateway what was read from one, over time or by what it was.

    \b
    Examples:
      pinatakit usage
      pinatakit usage --gateway you.mypinata.cloud
      pinatakit usage --gateway you.mypinata.cloud --by country --measure bandwidth --plot usage.svg
    """
    from pinatakit.protocol import Usage

    if gateway is None:
        if plot:
            raise click.UsageError(
                "--plot draws what was read from a --gateway, and what `pinatakit du` shows"
            )
        told = pinata.account.usage()
        out.one(told, "pin_count pin_size_total pin_size_with_replications_total", fields_of(Usage))
        return
    end = (until or datetime.now(UTC)).date()
    start = since.date() if since else end - timedelta(days=30)
    rows: list[dict[str, Any]]
    if by in _PERIODS:
        periods = pinata.analytics.time_series(gateway, by, start=start, end=end).time_periods
        rows = [
            {"value": f"{one.period_start_time}", "requests": one.requests, "bandwidth": one.bandwidth}
            for one in sorted(periods, key=lambda one: one.period_start_time)
        ]
    else:
        uses = pinata.analytics.top(gateway, by, start=start, end=end, sort_by=measure)
        rows = [{"value": one.value, "requests": one.requests, "bandwidth": one.bandwidth} for one in uses]
    _show(out, rows, measure, f"{measure} of {gateway} by {by}, {start} to {end}", plot)


@click.command()
@click.option("--by", type=click.Choice(["type", "group", "day", "month"]), default="type", show_default=True)
@network_option
@_plot
@asks
def du(pinata: Pinata, out: Output, by: str, network: str | None, plot: Path | None) -> None:
    """Show how much your files take, by type, group or time.

    \b
    Examples:
      pinatakit du
      pinatakit du --by month --plot months.svg
      pinatakit du --by group --json
    """
    names = (
        {one.id: one.name for one in pinata.groups.list(network=as_network(network))} if by == "group" else {}
    )
    rows = sum_up(pinata.files.list(network=as_network(network)), _way(by, names))
    rows.sort(key=lambda row: row["value"] if by in ("day", "month") else -row["size"])
    _show(out, rows, "size", f"size by {by}", plot)


def sum_up(files: Any, key: Callable[[File], str]) -> list[dict[str, Any]]:
    """How many files there are of each kind, and how many bytes they take."""
    sums: dict[str, dict[str, Any]] = {}
    for file in files:
        row = sums.setdefault(key(file), {"value": key(file), "files": 0, "size": 0})
        row["files"] += 1
        row["size"] += file.size
    return list(sums.values())


def _way(by: str, groups: Mapping[str, str]) -> Callable[[File], str]:
    """What a file is counted under."""
    ways: dict[str, Callable[[File], str]] = {
        "type": lambda file: file.mime_type or "unknown",
        "group": lambda file: groups.get(file.group_id, file.group_id) if file.group_id else "in no group",
        "day": lambda file: f"{file.created_at:%Y-%m-%d}" if file.created_at else "unknown",
        "month": lambda file: f"{file.created_at:%Y-%m}" if file.created_at else "unknown",
    }
    return ways[by]


def _show(
    out: Output, rows: Sequence[Mapping[str, Any]], measure: str, title: str, plot: Path | None
) -> None:
    """Rows for programs, bars for people at a terminal, and a picture where one is wanted."""
    bars = [Bar(row["value"], row[measure], _text(measure, row[measure])) for row in rows]
    if plot:
        write(plot, title, bars)
    if out.draws and sys.stdout.isatty():
        draw(bars)
    else:
        out.rows(rows, " ".join(rows[0]) if rows else "value")


def _text(measure: str, value: int) -> str:
    return f"{value:,}" if measure == "requests" else size(value)


@click.command()
@asks
def limits(pinata: Pinata, out: Output) -> None:
    """Show what may be uploaded, and how often the service may be asked, as far as that is known.

    \b
    Examples:
      pinatakit limits
    """
    told = pinata.account.limits().to_dict()
    shown = {**told, "rate_limit": pinata.settings.rate_limit}
    out.one(shown, " ".join(shown))

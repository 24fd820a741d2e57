"""Bars: how far each of several things is, how fast they go and how long it will take, on a terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.progress import Progress


_MARGIN: Final = 3  # columns in which a terminal may write ^C without going on to the next line


def on_terminal() -> bool:
    """Whether stderr is a terminal on which lines can be drawn anew."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def bars() -> Progress:
    """No bars yet. They are drawn on stderr, fit its width, and are gone when it is left."""
    from rich.console import Console, RenderableType
    from rich.constrain import Constrain
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.table import Column

    console = Console(stderr=True, soft_wrap=True)

    def column(**how: Any) -> Column:
        return Column(no_wrap=True, overflow="ellipsis", **how)

    columns = [
        TextColumn("{task.description}", markup=False, table_column=column(ratio=1)),
        BarColumn(18 if console.width >= 80 else 8, table_column=column()),
        DownloadColumn(table_column=column(justify="right")),
        TransferSpeedColumn(table_column=column(justify="right", min_width=10)),
        TimeRemainingColumn(compact=True, table_column=column(justify="right")),
    ]
    if console.width < 60:
        del columns[1]  # the numbers say more
    if console.width < 45:
        del columns[2]

    class Drawn(Progress):
        def get_renderable(self) -> RenderableType:
            return Constrain(super().get_renderable(), console.width - _MARGIN)

    return Drawn(
        *columns,
        console=console,
        transient=True,
        expand=True,
        refresh_per_second=8,
        redirect_stdout=False,  # it is data, which goes where it was sent
    )

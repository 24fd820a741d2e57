"""Bars: in the terminal, as SVG, and as PNG with the extra ``images``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

import click

from pinatakit.cli._output import plain, width

_LABEL: Final = 28  # letters that a label has at most
_ROW: Final = 26  # pixels
_WIDE: Final = 900
_INK, _PAPER, _FILL = "#1f2430", "#ffffff", "#5b5bd6"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


class Bar(NamedTuple):
    """A bar: what it is of, how long, and its length as a person reads it."""

    label: str
    value: int
    text: str


def draw(bars: Sequence[Bar]) -> None:
    """Bars in the terminal, no wider than it."""
    labels = [_short(bar.label) for bar in bars]
    widest = max(map(len, labels), default=0)
    texts = max((len(bar.text) for bar in bars), default=0)
    room = max(width() - widest - texts - 4, 8)
    most = max((bar.value for bar in bars), default=0) or 1
    for label, bar in zip(labels, bars, strict=True):
        click.echo(
            f"{label.ljust(widest)}  {bar.text.rjust(texts)}  {_blocks(bar.value / most * room)}".rstrip()
        )


def _blocks(length: float) -> str:
    """A bar of so many letters; in eighths of one where the terminal has them."""
    if os.environ.get("TERM") == "dumb" or (sys.stdout.encoding or "").lower() not in ("utf-8", "utf8"):
        return "#" * round(length)
    whole, rest = divmod(round(length * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _short(label: str) -> str:
    told = plain(label)
    return told if len(told) <= _LABEL else f"{told[: _LABEL - 1]}…"


def write(path: Path, title: str, bars: Sequence[Bar]) -> None:
    """A picture of the bars; what the path ends with says whether it is SVG or PNG.

    Raises:
        UsageError: it is neither, or what draws PNG is not installed.
    """
    if path.suffix == ".svg":
        path.write_text(_svg(title, bars), "utf-8")
    elif path.suffix == ".png":
        _png(path, title, bars)
    else:
        raise click.BadParameter(f"{path.name} ends with neither .svg nor .png", param_hint="--plot")


def _places(bars: Sequence[Bar]) -> list[tuple[int, float, Bar]]:
    """Where each bar stands, and how wide it is, in pixels."""
    most = max((bar.value for bar in bars), default=0) or 1
    return [(48 + _ROW * place, (_WIDE - 360) * bar.value / most, bar) for place, bar in enumerate(bars)]


def _svg(title: str, bars: Sequence[Bar]) -> str:
    height = 60 + _ROW * len(bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {height}" role="img"',
        f'  width="{_WIDE}" height="{height}" font-family="sans-serif" font-size="13" fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>',
        f'<text x="20" y="30" font-size="16" font-weight="600">{escape(title)}</text>',
    ]
    for y, long, bar in _places(bars):
        lines += [
            f'<text x="230" y="{y + 15}" text-anchor="end">{escape(_short(bar.label))}</text>',
            f'<rect x="240" y="{y + 3}" width="{long:.1f}" height="{_ROW - 8}" rx="2" fill="{_FILL}"/>',
            f'<text x="{248 + long:.1f}" y="{y + 15}">{escape(bar.text)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _png(path: Path, title: str, bars: Sequence[Bar]) -> None:
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise click.UsageError(
            'PNG takes the extra images: pip install "pinatakit[images]"; SVG takes nothing'
        ) from None
    image = Image.new("RGB", (2 * _WIDE, 2 * (60 + _ROW * len(bars))), _PAPER)
    pen = ImageDraw.Draw(image)
    small, large = ImageFont.load_default(26), ImageFont.load_default(32)
    pen.text((40, 60), title, fill=_INK, font=large, anchor="ls")
    for y, long, bar in _places(bars):
        pen.text((460, 2 * y + 30), _short(bar.label), fill=_INK, font=small, anchor="rs")
        pen.rectangle((480, 2 * y + 6, 480 + 2 * long, 2 * (y + _ROW - 5)), fill=_FILL)
        pen.text((496 + 2 * long, 2 * y + 30), bar.text, fill=_INK, font=small, anchor="ls")
    image.save(path)

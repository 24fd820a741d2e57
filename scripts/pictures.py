"""Draws docs/pictures/*.svg: the two of the concepts, and bars of the tables in docs/benchmarks.md.

They stand inside the pages, so they take the theme's colours, light or dark, by its variables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "pictures"

INK, FAINT, ACCENT = (
    "var(--md-default-fg-color)",
    "var(--md-default-fg-color--light)",
    "var(--picture-accent)",
)
TIMES = "\N{MULTIPLICATION SIGN}"
_LABEL = 38  # letters that a bar has room for on its left
FONT = "font-family='inherit' font-size='14'"


def box(x: float, y: float, width: float, height: float, lines: str, *, strong: bool = False) -> str:
    """A box with lines of text in its middle."""
    stroke = ACCENT if strong else FAINT
    size = f"x='{x}' y='{y}' width='{width}' height='{height}' rx='6'"
    parts = [f"<rect {size} fill='none' stroke='{stroke}' stroke-width='{2 if strong else 1.2}'/>"]
    rows = lines.split("\n")
    for row, line in enumerate(rows):
        middle = y + height / 2 + 5 + (row - (len(rows) - 1) / 2) * 19
        parts.append(text(x + width / 2, middle, line, anchor="middle", bold=strong and row == 0))
    return "\n".join(parts)


def text(x: float, y: float, line: str, *, anchor: str = "start", bold: bool = False) -> str:
    """A line of text."""
    weight = " font-weight='700'" if bold else ""
    return f"<text x='{x}' y='{y}' fill='{INK}' text-anchor='{anchor}'{weight} {FONT}>{escape(line)}</text>"


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line with a head."""
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='{FAINT}' stroke-width='1.5' marker-end='url(#tip)'/>"


def svg(name: str, title: str, width: int, height: int, parts: Iterable[str]) -> str:
    """A picture with its title, which screen readers read."""
    tip = (
        f"<defs><marker id='tip' markerWidth='9' markerHeight='9' refX='8' refY='4.5' orient='auto'>"
        f"<path d='M0 1 L8 4.5 L0 8' fill='none' stroke='{FAINT}' stroke-width='1.3'/></marker></defs>"
    )
    body = "\n".join(parts).replace("url(#tip)", f"url(#tip-{name})")
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img' "
        f"aria-label='{escape(title, quote=True)}' class='picture'>\n<title>{escape(title)}</title>\n"
        + tip.replace("id='tip'", f"id='tip-{name}'")
        + f"\n{body}\n</svg>\n"
    )


def from_file_to_cid() -> str:
    """How a file becomes a CID."""
    parts = [box(10, 95, 110, 50, "photo.jpg\n700,000 bytes")]
    for row, (size, hashed) in enumerate((("262,144", "9f2c…"), ("262,144", "41d0…"), ("175,712", "c7aa…"))):
        y = 15 + row * 78
        parts += [
            arrow(120, 120, 158, y + 27),
            box(160, y, 120, 54, f"chunk {row + 1}\n{size} bytes"),
            arrow(280, y + 27, 338, y + 27),
            text(309, y + 18, "hash", anchor="middle"),
            box(340, y, 100, 54, f"leaf CID\n{hashed}"),
            arrow(440, y + 27, 478, 120),
        ]
    parts += [
        box(480, 88, 100, 64, "a block of\nthree links"),
        arrow(580, 120, 638, 120),
        text(609, 111, "hash", anchor="middle"),
        box(640, 92, 110, 56, "root CID\nbafybei…", strong=True),
    ]
    return svg(
        "cid",
        "A file of 700,000 bytes is cut into three chunks, each is hashed, a block links the three hashes, "
        "and the hash of that block is the root CID",
        760,
        245,
        parts,
    )


def verification() -> str:
    """How a download is verified."""
    parts = [
        box(10, 20, 150, 50, "you ask for\nbafybei…"),
        arrow(160, 45, 228, 45),
        box(230, 20, 150, 50, "any gateway\nsends blocks"),
        arrow(380, 45, 448, 45),
        box(450, 20, 150, 50, "hash each block", strong=True),
        arrow(525, 70, 525, 118),
        text(535, 98, "is it the CID that was asked for?"),
        box(450, 120, 150, 56, "yes: use its bytes,\nask for what it links"),
        arrow(450, 148, 382, 148),
        box(230, 120, 150, 56, "your disk:\nmoved there when whole"),
        arrow(600, 148, 648, 148),
        box(650, 120, 130, 56, "no: another gateway,\nor BlockMismatch"),
    ]
    return svg(
        "verify",
        "You ask any gateway for a CID, and hash each block it sends: if the hash is the one asked for, its bytes "
        "are used and what it links is asked for next; if not, another gateway is asked, or it is an error",
        800,
        195,
        parts,
    )


def bars(name: str, title: str, rows: list[tuple[str, float]], unit: str) -> str:
    """A bar for each row, ours in the accent's colour."""
    most = max(value for _, value in rows)
    parts = []
    for row, (label, value) in enumerate(rows):
        y = 8 + row * 34
        length = max(2.0, 380 * value / most)
        ours = not label.startswith(("a pipe", "aleph", "ipfs", "ceiling", "cp ", "nginx"))
        short = label if len(label) <= _LABEL else label.partition(",")[0]
        parts += [
            text(270, y + 17, short, anchor="end"),
            f"<rect x='280' y='{y}' width='{length:.0f}' height='24' rx='3' fill='{ACCENT if ours else FAINT}'/>",
            text(290 + length, y + 17, f"{value:g} {unit}"),
        ]
    said = "; ".join(f"{label} {value:g}" for label, value in rows)
    return svg(name, f"{title}: {said}", 760, 16 + 34 * len(rows), parts)


def growth(
    name: str, title: str, sizes: list[float], rows: list[tuple[str, list[float]]], bound: float
) -> str:
    """A line for each row, both axes logarithmic; those that end above the bound are named."""

    def x(pins: float) -> float:
        return 80 + 460 * math.log10(pins / sizes[0]) / math.log10(sizes[-1] / sizes[0])

    def y(millis: float) -> float:
        return 320 - 300 * math.log10(max(millis, 0.5) / 0.5) / math.log10(2_000 / 0.5)

    parts = []
    for millis in (1, 10, bound, 100, 1000):
        strong = millis == bound
        stroke = f"stroke='{ACCENT if strong else FAINT}' stroke-width='{2 if strong else 0.4}'"
        parts += [
            f"<line x1='80' y1='{y(millis):.1f}' x2='540' y2='{y(millis):.1f}' {stroke}/>",
            text(72, y(millis) + 5, f"{millis:,} ms", anchor="end", bold=strong),
        ]
    parts += [text(x(pins), 342, f"{pins:,.0f} pins", anchor="middle") for pins in sizes]
    below = 0.0
    for label, values in sorted(rows, key=lambda row: row[1][-1], reverse=True):
        points = " ".join(f"{x(pins):.1f},{y(value):.1f}" for pins, value in zip(sizes, values, strict=True))
        over = values[-1] > bound
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='{ACCENT if over else INK}' stroke-opacity='.7'>"
            f"<title>{escape(label)}</title></polyline>"
        )
        if over:
            below = max(below + 15, y(values[-1]) + 5)
            parts.append(text(550, below, label))
    said = "; ".join(f"{label} {values[-1]:g} ms" for label, values in rows)
    return svg(name, f"{title}: {said}", 800, 355, parts)


def figures(page: str, head: str) -> list[tuple[str, list[float]]]:
    """The rows of the table whose first line begins so, where all that follows the label is figures."""
    lines = page.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        label, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if all(re.fullmatch(r"[\d.,]+", cell) for cell in cells):
            rows.append((label, [float(cell.replace(",", "")) for cell in cells]))
    return rows


def table(page: str, head: str) -> list[tuple[str, float]]:
    """The first figure of each row of the table whose first line begins so."""
    lines = page.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        label, figure, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        if found := re.match(r"[\d.]+", figure):
            rows.append((label.replace("`", ""), float(found[0])))
    return rows


def main() -> None:
    """Draw all of them."""
    OUT.mkdir(exist_ok=True)
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    pictures = {
        "cid": from_file_to_cid(),
        "verify": verification(),
        "hashing": bars(
            "hashing",
            "Time to the CID of 1 GiB, against one thread of SHA-256",
            table(page, "| | wall / base"),
            TIMES,
        ),
        "cars": bars(
            "cars",
            "Time for a CAR of 1 GiB, against one thread of SHA-256",
            table(page, "| CAR of 1 GiB"),
            TIMES,
        ),
        "server": bars(
            "server",
            "Time through the local Pinata, against plain tools",
            table(page, "| 1 GiB through"),
            TIMES,
        ),
        "growth": growth(
            "growth",
            "Milliseconds for the first page of a list, as the pins grow",
            [10_000, 100_000, 1_000_000],
            figures(page, "| Lists, ms"),
            20,
        ),
    }
    for name, picture in pictures.items():
        (OUT / f"{name}.svg").write_text(picture)
        print(f"docs/pictures/{name}.svg")


if __name__ == "__main__":
    main()

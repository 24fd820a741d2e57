"""Draws docs/screens/*.svg: real commands on a local Pinata, as a terminal of 80 columns shows them.

Each screen is run through a pseudo-terminal, read by a terminal emulator (pyte) and drawn by rich.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

import pinatakit

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "screens"
COLUMNS, LINES = 84, 60

SCREENS = {
    "upload": [
        "pinatakit upload --local garden",
        "pinatakit ls --local",
        "pinatakit download --local $CID again",
    ],
    "cid": [
        "pinatakit cid garden",
        "pinatakit cid --explain $CID $CID0 garden",
        "pinatakit cid --inspect $CID",
    ],
    "error": ["pinatakit download --local $NOBODY", "pinatakit uplaod garden"],
    "help": ["pinatakit --help"],
}

# rich's own frame, without the font that it would fetch from another host.
FRAME = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
 font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
<rect fill="#1a1f29" x="1" y="1" width="{width}" height="{height}" rx="12"/>
<g transform="translate({terminal_x}, 20)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Draw all screens, or those that are named."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pinatakit-screens-") as name:
        env = prepare(Path(name))
        with pinatakit.local(Path(name) / "data" / "pinatakit"):
            for screen, commands in SCREENS.items():
                if screen in sys.argv[1:] or not sys.argv[1:]:
                    text = Text("\n").join(shown(commands, Path(name) / "work", env))
                    (OUT / f"{screen}.svg").write_text(drawn(text, screen))
                    print(f"docs/screens/{screen}.svg")


def prepare(home: Path) -> dict[str, str]:
    """A home with a folder to upload; the environment of the commands."""
    work = home / "work"
    (work / "garden" / "pictures").mkdir(parents=True)
    (work / "garden" / "herbs.txt").write_text("Basil, mint, thyme\n")
    (work / "garden" / "pictures" / "mint.txt").write_text("Not a real picture\n")
    (home / "bin").mkdir()
    command = home / "bin" / "pinatakit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pinatakit "$@"\n')
    command.chmod(0o755)
    return {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "PATH": f"{home / 'bin'}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "src"),
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "LINES": str(LINES),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "CID": str(pinatakit.cid_of(work / "garden")),
        "CID0": str(pinatakit.cid_of(work / "garden", "v0")),
        "NOBODY": str(pinatakit.cid_of(b"nobody has this")),
    }


def shown(commands: list[str], work: Path, env: dict[str, str]) -> list[Text]:
    """Each command with its prompt, and what a terminal shows of it at its end."""
    texts = []
    for command in commands:
        said = re.sub(r"\$(\w+)", lambda name: env[name[1]], command)
        texts.append(Text.assemble(("$ ", "bold green"), (said, "bold")))
        texts.append(terminal(said, work, env))
    return texts


def terminal(command: str, work: Path, env: dict[str, str]) -> Text:
    """What is on the screen when a command has ended."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    os.set_blocking(ours, True)
    with subprocess.Popen(
        ["sh", "-c", f"stty cols {COLUMNS} rows {LINES}; {command}"],
        cwd=work,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        while data := _read(ours):
            stream.feed(data)
    os.close(ours)
    lines = [_line(screen, number) for number in range(LINES)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return Text("\n").join(lines)


def _read(file: int) -> bytes:
    try:
        return os.read(file, 65_536)
    except OSError:  # Linux says so at the end of a pseudo-terminal
        return b""


def _line(screen: pyte.Screen, number: int) -> Text:
    line = Text()
    for column in range(COLUMNS):
        char = screen.buffer[number][column]
        line.append(char.data, _style(char))
    line.rstrip()
    return line


def _style(char: pyte.screens.Char) -> Style:
    color = {"brown": "yellow", "default": None}.get(char.fg, char.fg)
    if color and re.fullmatch(r"[0-9a-f]{6}", color):
        color = f"#{color}"
    elif color:
        color = re.sub(r"^bright(?=\w)", "bright_", color).replace("bright_brown", "bright_yellow")
    return Style(
        color=color, bold=char.bold or None, italic=char.italics or None, underline=char.underscore or None
    )


def drawn(text: Text, name: str) -> str:
    """A screen as an SVG, the same for the same text."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: PTH123, SIM115
    console.print(text, soft_wrap=False)
    svg = console.export_svg(title=name, code_format=FRAME, unique_id=f"screen-{name}")
    return "\n".join(line for line in svg.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    main()

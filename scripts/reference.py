"""Writes docs/reference/: what is there is read from the package, so that nothing is forgotten.

The pages of the library name objects for mkdocstrings, which reads their docstrings; the page of the
command line is made of the commands' own help.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import click

import pinatakit
from pinatakit.cli import cli
from pinatakit.client import RESOURCES
from pinatakit.settings import Credential, Settings

OUT = Path(__file__).parent.parent / "docs" / "reference"

# The pages: title, what stands above it, and the modules whose public names are on it.
PAGES = {
    "client": (
        "The clients",
        "Both have the same methods. With `AsyncPinata`, await them; read lists and streams with `async for`.",
        ("pinatakit.client",),
    ),
    "local": (
        "The local Pinata",
        "The same API over real storage, on this machine: all that a [`Pinata`](client.md) does, and what follows.",
        ("pinatakit.embedded",),
    ),
    "content": (
        "Content",
        "What bytes are called. Nothing here needs a network.",
        (
            "pinatakit.roots",
            "pinatakit.recipes",
            "pinatakit.cars",
            "pinatakit.patterns",
            "pinatakit.content",
        ),
    ),
    "records": (
        "Records",
        (
            "What the service answers, as values. Fields that a newer service adds are in `extra`; `to_dict()` gives "
            "all fields as JSON can hold them: CIDs and times as text, what is in `extra` beside the others, and "
            "what a list was not asked for (`fields=`) not at all."
        ),
        ("pinatakit.protocol",),
    ),
    "errors": (
        "Errors",
        "All of them are `PinataError`s, with `hint` saying what to do.",
        ("pinatakit.errors",),
    ),
    "functions": (
        "The eleven functions",
        "Pinata's older API as plain calls.",
        ("pinatakit.functions",),
    ),
}


def resources() -> Iterator[tuple[str, type]]:
    """The parts of a client: ``files``, ``pins``, …, in its own order."""
    settings = Settings(Credential(None), "http://127.0.0.1:1", ("http://127.0.0.1:1",))
    with pinatakit.Pinata(settings=settings) as pinata:
        for name in RESOURCES:
            yield name, type(getattr(pinata, name))


def library_page(title: str, about: str, modules: tuple[str, ...]) -> str:
    """One page of the library."""
    lines = [f"# {title}", "", about, ""]
    for module in modules:
        names = [name for name in importlib.import_module(module).__all__ if name in pinatakit.__all__]
        for name in sorted(names, key=lambda name: (name.startswith("Async"), name != "Pinata")):
            lines += [f"::: pinatakit.{name}"]
            if (
                name.startswith(("Async", "Local")) or title == "Records"
            ):  # what they share stands elsewhere, once
                lines += ["    options:", "      inherited_members: false"]
            lines += [""]
        if module == "pinatakit.client":
            for name, kind in resources():
                lines += [
                    f"## `pinata.{name}`",
                    "",
                    f"::: {kind.__module__}.{kind.__name__}",
                    "    options:",
                    "      show_root_heading: false",
                    "      show_root_toc_entry: false",
                    "      heading_level: 2",
                    "",
                ]
    return "\n".join(lines)


def command_page() -> str:
    """The command line, each command with its help."""
    lines = ["# The command line", "", "The same is told by `pinatakit COMMAND --help`.", ""]
    for path, command, context in commands(
        cli, click.Context(cli, info_name="pinatakit", **cli.context_settings)
    ):
        level = min(len(path) + 1, 4)
        lines += [f"{'#' * level} {' '.join(path)}", "", *_prose(command), ""]
        lines += ["<!-- not run: the command's own help -->", "```text"]
        lines += [inspect.cleandoc(context.get_help()), "```", ""]
    lines += ["## Exit codes", "", "| code | meaning |", "| --- | --- |"]
    doc = inspect.getdoc(importlib.import_module("pinatakit.cli")) or ""
    for line in doc.splitlines():
        code, _, meaning = line.partition(" ")
        if code.isdigit():
            lines.append(f"| {code} | {meaning.strip()} |")
    return "\n".join([*lines, ""])


def commands(
    command: click.Command, context: click.Context, path: tuple[str, ...] = ("pinatakit",)
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    """A command and all below it, in the order of its help."""
    context.max_content_width = context.terminal_width = 88
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                inner = click.Context(below, info_name=name, parent=context)
                yield from commands(below, inner, (*path, name))


def _prose(command: click.Command) -> list[str]:
    """The first sentence of a command's help."""
    return [command.get_short_help_str(limit=200)]


def main() -> None:
    """Write all pages."""
    OUT.mkdir(exist_ok=True)
    for name, (title, about, modules) in PAGES.items():
        (OUT / f"{name}.md").write_text(library_page(title, about, modules))
    (OUT / "cli.md").write_text(command_page())


if __name__ == "__main__":
    main()

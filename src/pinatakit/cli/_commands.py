"""Groups of commands: loaded when they are called, called by their other names too, and guessed at when mistyped."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

ALIASES: Final = {"list": "ls", "ls": "list", "delete": "rm", "rm": "delete", "rename": "mv", "mv": "rename"}
"""What a command is called elsewhere."""


class Group(click.Group):
    """Commands that are known by their aliases too; of one that is mistyped the nearest are named."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = self.named(ctx, cmd_name)
        if found is None and (alias := ALIASES.get(cmd_name)):
            return self.named(ctx, alias)
        return found

    def named(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of exactly that name."""
        return super().get_command(ctx, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.resilient_parsing or self.get_command(ctx, args[0]) or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        near = nearest(args[0], self.list_commands(ctx))
        raise NoSuchCommand(f"there is no command {args[0]!r}", ctx, near)


class LazyGroup(Group):
    """Commands that are imported when they are called, so that ``--help`` is there at once."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.lazy)

    def named(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in self.lazy:
            return None
        module, _, attribute = self.lazy[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"pinatakit.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.lazy.items()])


def offline_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--offline``: PINATA_OFFLINE for this command, and all that it runs."""

    def stay(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            os.environ["PINATA_OFFLINE"] = "1"

    said = "Ask nothing but this machine."
    return click.option("--offline", is_flag=True, expose_value=False, callback=stay, help=said)(command)


class Interrupted(Exception):
    """Ctrl-C, with what is said of it."""


class NoSuchCommand(click.UsageError):
    """A command that is none.

    Attributes:
        possibilities: what may have been meant.
    """

    def __init__(self, message: str, ctx: click.Context, possibilities: list[str]) -> None:
        super().__init__(message, ctx)
        self.possibilities = possibilities


def nearest(typed: str, known: list[str]) -> list[str]:
    """What of the known may have been meant, the likeliest first."""
    from difflib import get_close_matches

    return get_close_matches(typed, known, n=3, cutoff=0.6)

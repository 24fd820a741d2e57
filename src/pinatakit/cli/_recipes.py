"""The recipe of a CID as options: the profile, and what of a folder is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def recipe_options(*short: str) -> Callable[[F], F]:
    """``--cid-profile`` and what of a folder is taken; a command that needs no credential has a `short` name."""

    def decorate(command: F) -> F:
        for option in (
            click.option("--empty-folders", is_flag=True, help="Keep empty folders, as Kubo does."),
            click.option(
                "--symlinks",
                type=click.Choice(["follow", "keep", "refuse"]),
                default="follow",
                show_default=True,
            ),
            click.option("--hidden", is_flag=True, help="Take hidden files of folders along."),
            click.option(
                *short,
                "--cid-profile",
                "profile",
                default="v1",
                show_default=True,
                metavar="NAME",
                callback=_known,
                help="The recipe of the CID; v0 and v1 are Pinata's.",
            ),
        ):
            command = option(command)
        return command

    return decorate


def _known(ctx: click.Context, param: click.Parameter, name: str) -> str:
    if not ctx.resilient_parsing and name != "v1":
        from pinatakit.content import PROFILES

        if name not in PROFILES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(PROFILES)}", ctx, param)
    return name

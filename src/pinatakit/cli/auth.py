"""``auth status`` and ``auth login``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, asks

if TYPE_CHECKING:
    from pinatakit.client import Pinata


@click.group(cls=Group)
def auth() -> None:
    """See which credential is used, and whether it is good; keep one.

    \b
    Examples:
      pinatakit auth login
      pinatakit auth status
      pinatakit auth status --local
    """


@auth.command()
@asks
def status(pinata: Pinata, out: Output) -> None:
    """Ask the service whether the credential is known, and show where each setting is from.

    The credential itself is not shown.

    \b
    Examples:
      pinatakit auth status
      pinatakit auth status --local --json
    """
    said = pinata.account.test()
    shown = {
        "authenticated": True,
        "endpoint": pinata.settings.base("api"),
        "gateway": pinata.settings.base("gateway"),
        "message": said,
        "profile": pinata.settings.profile,
        "origins": dict(pinata.settings.origins),
    }
    out.one(shown, " ".join(shown))


@auth.command()
@click.option("--profile", default="default", show_default=True, help="The profile to keep it in.")
def login(profile: str) -> None:
    """Keep a JWT in your settings, once the service has said that it knows it.

    It is asked for on a terminal, without being shown, or read from stdin. The endpoint is that
    of the settings.

    \b
    Examples:
      pinatakit auth login
      pinatakit auth login --profile work < jwt.txt
    """
    from pinatakit.client.login import log_in

    asked = sys.stdin.isatty()
    jwt: str = click.prompt("JWT", hide_input=True, err=True) if asked else sys.stdin.read()
    path = log_in(jwt.strip(), profile=profile)
    click.echo(f"kept in {path}, profile {profile}", err=True)

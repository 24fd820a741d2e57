"""``auth``: credentials kept, chosen, tested and forgotten."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, asks
from pinatakit.cli._completion import of_profiles

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
@click.option(
    "--profile", default="default", show_default=True, shell_complete=of_profiles, help="Where to keep it."
)
@click.option("--jwt-file", type=click.File(), help="A file with the JWT; - is stdin.")
@click.option("--endpoint-url", metavar="URL", help="Where it is good, if not at Pinata; kept too.")
@click.option(
    "--gateway-url", metavar="URL", help="Where content is read, such as https://you.mypinata.cloud."
)
@click.option("--keyring", is_flag=True, help="Keep the JWT in the system's keyring.")
def login(jwt_file: Any, **kept: Any) -> None:
    """Keep a JWT in your settings, once the service has said that it knows it.

    It is asked for on a terminal, without being shown, or read from a file or stdin. The endpoint is
    that of the settings unless another is named.

    \b
    Examples:
      pinatakit auth login
      pinatakit auth login --profile work --jwt-file jwt.txt
      pinatakit auth login --profile work --gateway-url https://you.mypinata.cloud < jwt.txt
    """
    from pinatakit.client.login import log_in

    if jwt_file is None and sys.stdin.isatty():
        jwt: str = click.prompt("JWT", hide_input=True, err=True)
    else:
        jwt = (jwt_file or sys.stdin).read()
    path = log_in(jwt.strip(), **kept)
    where = "the keyring" if kept["keyring"] else path
    click.echo(f"kept in {where}, profile {kept['profile']}", err=True)


@auth.command()
@click.option("--profile", shell_complete=of_profiles, help="Which; else the one that is used.")
def logout(profile: str | None) -> None:
    """Forget the credential of a profile. The key itself stays good until it is revoked.

    \b
    Examples:
      pinatakit auth logout
      pinatakit auth logout --profile work
    """
    from pinatakit.client.login import log_out
    from pinatakit.settings import Settings

    click.echo(f"forgotten in {' and '.join(log_out(profile))}", err=True)
    left = Settings.read().origins.get("credential")
    if left:
        click.echo(f"hint: a credential is still found in {left}", err=True)


@auth.command()
@click.argument("profile", shell_complete=of_profiles)
def switch(profile: str) -> None:
    """Use a profile from now on, where none is named.

    \b
    Examples:
      pinatakit auth switch work
    """
    import os

    from pinatakit import config

    path = config.user_file(os.environ)
    config.choose(path, profile)
    click.echo(f"profile {profile} of {path} is used from now on", err=True)
    if os.environ.get("PINATA_PROFILE"):
        click.echo("hint: PINATA_PROFILE is set, and comes first", err=True)

"""``auth status``."""

from __future__ import annotations

import click

from pinatakit.cli._common import client, client_options, show_json, show_pairs


@click.group()
def auth() -> None:
    """See which credential is used, and whether it is good.

    \b
    Examples:
      pinatakit auth status
      pinatakit auth status --local
    """


@auth.command()
@client_options
def status(local: str | None, as_json: bool) -> None:
    """Ask the service whether the credential is known, and show where it is used.

    The credential itself is not shown.

    \b
    Examples:
      pinatakit auth status
      pinatakit auth status --local --json
    """
    with client(local) as pinata:
        said = pinata.account.test()
        shown = {
            "authenticated": True,
            "endpoint": pinata.settings.base("api"),
            "gateway": pinata.settings.base("gateway"),
            "message": said,
        }
    if as_json:
        show_json(shown)
    else:
        show_pairs(list(shown.items()))

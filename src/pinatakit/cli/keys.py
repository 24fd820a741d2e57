"""``keys``: API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, agreed, asks, destroys, each
from pinatakit.cli._completion import of_keys
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata


@click.group(cls=Group)
def keys() -> None:
    """Make, list and revoke API keys. Takes a key that may do so itself.

    \b
    Examples:
      pinatakit keys create ci --scope org:files:write
      pinatakit keys list
    """


@keys.command("list")
@click.option("--name", help="Those with this in their name.")
@click.option("--revoked/--active", default=None, help="Only those that are, or are not, revoked.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most; else all.")
@asks
def list_(pinata: Pinata, out: Output, name: str | None, revoked: bool | None, limit: int | None) -> None:
    """List API keys, the revoked ones too. Their secrets are never told again.

    \b
    Examples:
      pinatakit keys list --active
      pinatakit keys list --name ci --json
    """
    from pinatakit.protocol import Key

    found = pinata.keys.list(name=name, revoked=revoked, limit=limit)
    out.rows(found, "key name revoked uses max_uses created_at", fields_of(Key))


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE", help="Such as org:files:write; may be repeated."
)
@click.option("--read-only", is_flag=True, help="All that changes nothing.")
@click.option("--uploads-only", is_flag=True, help="Uploads.")
@click.option("--admin", is_flag=True, help="Everything.")
@click.option("--max-uses", type=click.IntRange(min=1), help="How many calls it may make; else any number.")
@asks
def create(
    pinata: Pinata,
    out: Output,
    name: str,
    scopes: tuple[str, ...],
    read_only: bool,
    uploads_only: bool,
    admin: bool,
    max_uses: int | None,
) -> None:
    """Make a key that may do what is named, and nothing else.

    Its JWT and secret are printed now, and never told again; --quiet prints the JWT alone.

    \b
    Examples:
      pinatakit keys create ci --scope org:files:write --scope org:groups:read
      pinatakit keys create reader --read-only --quiet > reader.jwt
    """
    from pinatakit.protocol import NewKey, Permissions

    chosen = [Permissions.granting(scope) for scope in scopes]
    ready = (
        (read_only, Permissions.READ_ONLY),
        (uploads_only, Permissions.UPLOADS_ONLY),
        (admin, Permissions.ADMIN),
    )
    chosen += [permissions for asked, permissions in ready if asked]
    permissions = Permissions()
    for one in chosen:
        permissions |= one
    if not permissions:
        raise click.UsageError("say what it may do: --scope, --read-only, --uploads-only or --admin")
    made = pinata.keys.create(name, permissions, max_uses=max_uses)
    out.one(made, "JWT pinata_api_key pinata_api_secret", fields_of(NewKey))


@keys.command()
@click.argument("which", nargs=-1, required=True, metavar="KEY...", shell_complete=of_keys)
@destroys
@asks
def revoke(pinata: Pinata, out: Output, which: tuple[str, ...], yes: bool, dry_run: bool) -> int:
    """Revoke keys, named by their public half. They are refused from then on.

    Asks first; where there is no terminal to ask on, --yes is needed.

    \b
    Examples:
      pinatakit keys revoke 0123456789abcdef0123
    """
    from pinatakit.protocol import Key

    if dry_run:
        known = [key for key in pinata.keys.list(revoked=False) if key.key in which]
        out.rows(known, "key name uses created_at", fields_of(Key))
        return 0
    if not agreed(f"Revoke {', '.join(which)}?", yes=yes):
        return 0

    def revoke_one(key: str) -> None:
        pinata.keys.revoke(key)
        out.done(f"revoked {key}", {"key": key, "revoked": True}, "key revoked")

    return each(which, revoke_one)

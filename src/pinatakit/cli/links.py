"""``link``: addresses that open one thing for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, asks, read_keyvalues
from pinatakit.cli._completion import of_groups, of_private_files
from pinatakit.cli._times import Duration

if TYPE_CHECKING:
    from pinatakit.client import Pinata

_expires = click.option(
    "--expires",
    type=Duration(),
    default="1h",
    show_default=True,
    metavar="TIME",
    help="Such as 90, 15m, 2h or 7d.",
)


@click.group(cls=Group)
def link() -> None:
    """Make addresses that open a private file, or take one upload, for a time. Treat them as secrets.

    \b
    Examples:
      pinatakit link download bafkrei… --expires 15m
      pinatakit link upload --max-size 5000000
    """


@link.command()
@click.argument("what", metavar="CID[/PATH]", shell_complete=of_private_files)
@_expires
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE", help="Of the gateway, such as download=true."
)
@asks
def download(pinata: Pinata, out: Output, what: str, expires: int, options: tuple[str, ...]) -> None:
    """Make an address under which a private file can be read, by whoever has it.

    \b
    Examples:
      pinatakit link download bafkrei… --expires 15m
      pinatakit link download bafkrei… --option filename=report.pdf --option download=true
    """
    cid, _, path = what.partition("/")
    url = pinata.links.download(cid, path=path, expires=expires, options=read_keyvalues(options))
    _show(out, url)


@link.command()
@_expires
@click.option("--network", type=click.Choice(["public", "private"]), default="public", show_default=True)
@click.option("--name", help="What the file is called in lists.")
@click.option("--kv", "pairs", multiple=True, metavar="KEY=VALUE", help="A key-value of the file.")
@click.option("--group", "group_id", metavar="ID", shell_complete=of_groups, help="The group it goes into.")
@click.option("--max-size", type=click.IntRange(min=1), metavar="BYTES", help="How large it may be.")
@click.option("--mime", "mime_types", multiple=True, metavar="TYPE", help="What it may be, such as image/*.")
@asks
def upload(pinata: Pinata, out: Output, expires: int, pairs: tuple[str, ...], **allowed: Any) -> None:
    """Make a URL to which one file can be uploaded, by whoever has it, without a key.

    \b
    Examples:
      pinatakit link upload --name photo.jpg --mime "image/*" --max-size 5000000
    """
    _show(out, pinata.links.upload(expires=expires, keyvalues=read_keyvalues(pairs) or None, **allowed))


def _show(out: Output, url: str) -> None:
    if out.for_people:
        click.echo(url)
    else:
        out.one({"url": url}, "url")

"""``ls``, ``stat`` and ``rm``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pinatakit.cli._common import (
    client,
    client_options,
    plain,
    read_keyvalues,
    show_json,
    show_pairs,
    show_table,
    size,
)

if TYPE_CHECKING:
    from pinatakit.client import Pinata
    from pinatakit.protocol import File, Network

_network = click.option(
    "--network", type=click.Choice(["public", "private"]), help="Else as the settings say: public."
)


def _as_network(name: str | None) -> Network | None:
    return None if name is None else "private" if name == "private" else "public"


@click.command()
@click.option("--name", help="Those with this in their name.")
@click.option("--cid", help="Those with this CID.")
@click.option("--kv", "pairs", multiple=True, metavar="KEY=VALUE", help="Those with this key-value.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most; else all.")
@_network
@client_options
def ls(
    name: str | None,
    cid: str | None,
    pairs: tuple[str, ...],
    limit: int | None,
    network: str | None,
    local: str | None,
    as_json: bool,
) -> None:
    """List what you have uploaded, newest first.

    With --json one array of objects.

    \b
    Examples:
      pinatakit ls
      pinatakit ls --name photo --limit 20
      pinatakit ls --kv album=summer --json
    """
    with client(local) as pinata:
        found = list(
            pinata.files.list(
                name=name, cid=cid, keyvalues=read_keyvalues(pairs), network=_as_network(network), limit=limit
            )
        )
    if as_json:
        show_json(found)
        return
    rows = [
        (
            str(file.cid),
            size(file.size),
            f"{file.created_at:%Y-%m-%d %H:%M}" if file.created_at else "",
            file.name or "",
        )
        for file in found
    ]
    show_table(("CID", "SIZE", "CREATED (UTC)", "NAME"), rows)


@click.command()
@click.argument("what", metavar="CID|ID")
@_network
@client_options
def stat(what: str, network: str | None, local: str | None, as_json: bool) -> None:
    """Show one file or folder, named by its CID or its id.

    \b
    Examples:
      pinatakit stat bafkrei…
      pinatakit stat 0195a5c4-242f-7c01-bee8-f34a9e8e804b --json
    """
    with client(local) as pinata:
        file = _find(pinata, what, network)
    if as_json:
        show_json(file)
        return
    show_pairs(
        [
            ("name", file.name),
            ("cid", file.cid),
            ("id", file.id),
            ("size", f"{file.size:,} bytes"),
            ("files", file.number_of_files),
            ("type", file.mime_type),
            ("created", file.created_at),
            *((f"kv {key}", value) for key, value in file.keyvalues.items()),
        ]
    )


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CID|ID...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_network
@client_options
def rm(what: tuple[str, ...], yes: bool, network: str | None, local: str | None, as_json: bool) -> int:
    """Delete files and folders, named by CID or id; they are no longer pinned.

    Asks first; where there is no terminal to ask on, --yes is needed.

    \b
    Examples:
      pinatakit rm bafkrei…
      pinatakit ls --kv album=old --json | jq -r '.[].id' | xargs pinatakit rm --yes
    """
    from pinatakit.cli._errors import exit_code, explain

    codes: list[int] = []
    with client(local) as pinata:
        for one in what:
            try:
                file = _find(pinata, one, network)
                if not yes and not _agreed(f"Delete {plain(file.name or file.cid)} ({size(file.size)})?"):
                    continue
                pinata.files.delete(file.id, network=_as_network(network))
            except Exception as error:
                said = explain(error)
                if said is None or len(what) == 1:
                    raise
                click.echo(said, err=True)
                codes.append(exit_code(error))
                continue
            if as_json:
                show_json({"id": file.id, "cid": file.cid, "deleted": True})
            else:
                click.echo(f"deleted {plain(file.name or file.cid)}", err=True)
    return 8 if codes else 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; say --yes")
    return click.confirm(question, err=True)


def _find(pinata: Pinata, what: str, network: str | None) -> File:
    """The file that a CID or an id names."""
    from pinatakit.content import CID
    from pinatakit.errors import InvalidCID, NotFound

    try:
        cid = CID.parse(what)
    except InvalidCID:
        return pinata.files.get(what, network=_as_network(network))
    for file in pinata.files.list(cid=cid, network=_as_network(network), limit=1):
        return file
    raise NotFound(
        f"nothing on the {network or pinata.settings.network} network has CID {cid}",
        status=404,
        url=pinata.settings.base("api"),
    )

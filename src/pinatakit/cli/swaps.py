"""``swap``: gateways serve another CID in the place of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, as_network, asks, network_option
from pinatakit.cli._completion import of_files
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata

_cid = click.argument("cid", shell_complete=of_files)


@click.group(cls=Group)
def swap() -> None:
    """Have gateways serve another CID in the place of one. Takes the plugin Hot Swaps.

    \b
    Examples:
      pinatakit swap add bafybei… bafkrei…
    """


@swap.command()
@_cid
@click.argument("swap_cid", shell_complete=of_files)
@network_option
@asks
def add(pinata: Pinata, out: Output, cid: str, swap_cid: str, network: str | None) -> None:
    """From now on serve SWAP_CID where CID is asked for.

    \b
    Examples:
      pinatakit swap add bafybei… bafkrei…
    """
    from pinatakit.protocol import Swap

    made = pinata.swaps.add(cid, swap_cid, network=as_network(network))
    out.done(f"{made.mapped_cid} is served for {cid}", made, "mapped_cid created_at", fields_of(Swap))


@swap.command()
@_cid
@click.argument("domain")
@network_option
@asks
def history(pinata: Pinata, out: Output, cid: str, domain: str, network: str | None) -> None:
    """Show what a CID was swapped for on the gateway of a domain, newest first.

    \b
    Examples:
      pinatakit swap history bafybei… you.mypinata.cloud
    """
    from pinatakit.protocol import Swap

    found = pinata.swaps.history(cid, domain, network=as_network(network))
    out.rows(found, "mapped_cid created_at", fields_of(Swap))


@swap.command()
@_cid
@network_option
@asks
def delete(pinata: Pinata, out: Output, cid: str, network: str | None) -> None:
    """From now on serve the CID itself; its history stays.

    \b
    Examples:
      pinatakit swap delete bafybei…
    """
    pinata.swaps.delete(cid, network=as_network(network))
    out.done(f"{cid} is served itself", {"cid": cid, "deleted": True}, "cid deleted")

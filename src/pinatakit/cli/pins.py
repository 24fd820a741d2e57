"""``pin``: content that is on IPFS already, pinned by its CID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, asks, each, plain, read_keyvalues
from pinatakit.cli._completion import of_groups, of_jobs
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata

_JOB: Final = "cid status id date_queued name reason"


@click.group(cls=Group)
def pin() -> None:
    """Have content pinned that is on IPFS already, by its CID.

    \b
    Examples:
      pinatakit pin add bafybei… --wait
      pinatakit pin ls
    """


@pin.command()
@click.argument("cids", nargs=-1, required=True, metavar="CID...")
@click.option("--name", help="What it is called in lists.")
@click.option("--kv", "pairs", multiple=True, metavar="KEY=VALUE", help="A key-value; up to 10.")
@click.option(
    "--host-node", "host_nodes", multiple=True, metavar="ADDRESS", help="Who has it: a multiaddr; up to 5."
)
@click.option("--group", "group_id", metavar="ID", shell_complete=of_groups, help="The group it goes into.")
@click.option("--wait", is_flag=True, help="Until it is pinned.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait at most.")
@asks
def add(
    pinata: Pinata,
    out: Output,
    cids: tuple[str, ...],
    name: str | None,
    pairs: tuple[str, ...],
    host_nodes: tuple[str, ...],
    group_id: str | None,
    wait: bool,
    timeout: float | None,
) -> int:
    """Ask the service to fetch and pin CIDs. It answers at once and fetches by itself.

    \b
    Examples:
      pinatakit pin add bafybei…
      pinatakit pin add bafybei… --name site --wait --timeout 600
    """
    from pinatakit.protocol import File, PinJob

    keyvalues = read_keyvalues(pairs)

    def ask(cid: str) -> None:
        job = pinata.pins.add(
            cid, name=name, keyvalues=keyvalues or None, host_nodes=host_nodes, group_id=group_id
        )
        if wait:
            file = pinata.pins.wait(job, timeout=timeout)
            out.done(f"pinned {file.cid}", file, "cid size created_at name", fields_of(File))
        else:
            out.done(f"{job.cid} is {plain(job.status or 'queued')}", job, _JOB, fields_of(PinJob))

    return each(cids, ask)


@pin.command("ls")
@click.option("--cid", help="Those of this CID.")
@click.option("--status", metavar="STATUS", help="Such as searching, retrieving or expired.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most; else all.")
@asks
def ls_(pinata: Pinata, out: Output, cid: str | None, status: str | None, limit: int | None) -> None:
    """List what waits to be pinned, or has failed; newest first. What is pinned, `pinatakit ls` lists.

    \b
    Examples:
      pinatakit pin ls
      pinatakit pin ls --status expired --json
    """
    from pinatakit.protocol import PinJob

    out.rows(pinata.pins.queue(cid=cid, status=status, limit=limit), _JOB, fields_of(PinJob))


@pin.command("wait")
@click.argument("cids", nargs=-1, required=True, metavar="CID...")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait at most.")
@asks
def wait_(pinata: Pinata, out: Output, cids: tuple[str, ...], timeout: float | None) -> int:
    """Wait until CIDs are pinned. Ends with 5 when they are not after the timeout, with 1 when they failed.

    \b
    Examples:
      pinatakit pin wait bafybei… --timeout 600
    """
    from pinatakit.protocol import File

    def wait(cid: str) -> None:
        file = pinata.pins.wait(cid, timeout=timeout)
        out.done(f"pinned {file.cid}", file, "cid size created_at name", fields_of(File))

    return each(cids, wait)


@pin.command()
@click.argument("what", nargs=-1, required=True, metavar="CID|ID...", shell_complete=of_jobs)
@asks
def cancel(pinata: Pinata, out: Output, what: tuple[str, ...]) -> int:
    """Take CIDs out of the queue, by CID or by the id of the job.

    \b
    Examples:
      pinatakit pin cancel bafybei…
      pinatakit pin ls --status expired --quiet | xargs pinatakit pin cancel
    """
    from pinatakit.content import CID
    from pinatakit.errors import InvalidCID

    def ids(one: str) -> list[str]:
        try:
            cid = CID.parse(one)
        except InvalidCID:
            return [one]
        return [job.id for job in pinata.pins.queue(cid=cid)] or [one]

    def cancel_all(one: str) -> None:
        for id in ids(one):
            pinata.pins.cancel(id)
        out.done(f"cancelled {one}", {"cancelled": one}, "cancelled")

    return each(what, cancel_all)

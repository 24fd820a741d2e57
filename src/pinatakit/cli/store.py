"""``store``: the data folder of the local Pinata, looked after."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from pinatakit.cli._common import Output, output_options, plain, show_json, size

_DAMAGED = 7

_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The data folder of the local Pinata; else your own.",
)


def _folder(data: Path | None) -> Path:
    from pinatakit.embedded import default_folder

    return data or default_folder()


@click.group()
def store() -> None:
    """Look after what the local Pinata keeps, also while it runs; it is stopped only to import."""


@store.command()
@_data
@output_options
def verify(out: Output, data: Path | None) -> int:
    """Hash everything again, and repair the index.

    Tells what is missing or damaged, and the files that no record knows. Damage is mended where the
    same blocks are elsewhere in the store; else upload or import the same content again, which
    replaces it. Ends with 7 where content is missing or damaged and could not be mended. With
    --json a line for each finding, and a last one that counts.

    \b
    Examples:
      pinatakit store verify
      pinatakit store verify --data ./pinata --json
    """
    from pinatakit.server.store import beside
    from pinatakit.server.store.verify import verify as findings

    lost = found = 0
    with beside(_folder(data)) as cars:
        going = findings(cars)
        while True:
            try:
                finding = next(going)
            except StopIteration as end:
                seen = end.value
                break
            found += 1
            lost += finding.kind in ("missing", "damaged") and not finding.mended
            state = ", mended" if finding.mended else ""
            said = f"{finding.kind}{state}: {plain(finding.what)}: {plain(finding.words)}"
            out.found(finding._asdict(), "what kind mended words", line=said)
    if out.format in ("json", "jsonl"):
        show_json({**seen._asdict(), "found": found, "lost": lost})
    else:
        found_in = f"{seen.cars:,} CAR{'s' * (seen.cars != 1)}"
        said = f"{found_in} with {seen.blocks:,} block{'s' * (seen.blocks != 1)}, {size(seen.bytes)}"
        click.echo(f"{said}: {f'{lost:,} lost' if lost else 'all is there'}", err=True)
    return _DAMAGED if lost else 0


@store.command()
@_data
@output_options
def gc(out: Output, data: Path | None) -> None:
    """Remove what nothing holds: what has expired, and what crashes have left.

    Content goes with its last pin anyway, so there may be nothing to do.

    \b
    Examples:
      pinatakit store gc
      pinatakit store gc --data ./pinata --json
    """
    from pinatakit.server.store import beside
    from pinatakit.server.store.gc import collect

    with beside(_folder(data)) as cars:
        freed = collect(cars)
    said = f"{size(freed.bytes)} of {freed.cars:,} files, {freed.entries:,} entries of the index"
    out.done(said, freed._asdict(), " ".join(freed._fields))


@store.command()
@_data
@click.option("--copy", is_flag=True, help="Share no file with the store: copy what could be linked.")
@click.argument("to", type=click.Path(path_type=Path))
@output_options
def backup(out: Output, data: Path | None, copy: bool, to: Path) -> None:
    """Back up everything to the new folder TO, as it was at one moment.

    TO can be served as it is, and holds all secrets. On the same disk content is linked, which
    takes no time and no room; that guards against deletions, not against the disk.

    \b
    Examples:
      pinatakit store backup /backups/monday
      pinatakit store backup --copy --data ./pinata /mnt/usb/pinata
    """
    from pinatakit.server.store import beside
    from pinatakit.server.store.backup import back_up

    with beside(_folder(data)) as cars:
        copied = back_up(cars, to.absolute(), link=not copy)
    said = f"{copied.cars:,} CARs, {copied.linked:,} of them linked, {size(copied.bytes)}"
    out.done(said, copied._asdict(), " ".join(copied._fields))


@store.command()
@_data
@click.argument("to", type=click.Path(path_type=Path))
@output_options
def export(out: Output, data: Path | None, to: Path) -> None:
    """Export everything to the new folder TO, to be moved.

    A CAR for each root, which any IPFS tool reads, and a manifest with names, key-values and
    groups. Keys, gateways, swaps, the queue and all the rest are in account.jsonl, which has
    secrets: leave it out when you pass the export on. Unfinished resumable uploads stay here.

    \b
    Examples:
      pinatakit store export pinata-export
      pinatakit store export --data ./pinata pinata-export --json
    """
    from pinatakit.server.store import beside
    from pinatakit.server.store.moving import export

    with beside(_folder(data)) as cars:
        moved = export(cars, to.absolute())
    said = f"{moved.files:,} files and folders, {moved.groups:,} groups"
    out.done(said, {"groups": moved.groups, "files": moved.files}, "groups files")


@store.command(name="import")
@_data
@click.option(
    "--account",
    is_flag=True,
    help="Take over its keys, gateways and queue too: whose keys they are may then use this store.",
)
@click.argument("folder", metavar="FROM", type=click.Path(file_okay=False, path_type=Path))
@output_options
def import_(out: Output, data: Path | None, account: bool, folder: Path) -> int:
    """Import the export FROM; each block is hashed, and what is pinned already stays as it is.

    The data folder is made where there is none; its server must not run. With --account it must
    have no keys yet, and then nothing is lost: the same JWTs, links and gateways work here. Ends
    with 7 where a CAR is not what it should be; everything else is imported.

    \b
    Examples:
      pinatakit store import pinata-export
      pinatakit store import --account --data ./new pinata-export
      pinatakit store import --data ./pinata pinata-export --json
    """
    from pinatakit.server.store import Store
    from pinatakit.server.store.moving import take_over

    refused = 0
    with closing(Store(_folder(data))) as opened:
        going = take_over(opened, folder, with_account=account)
        while True:
            try:
                finding = next(going)
            except StopIteration as end:
                moved = end.value
                break
            refused += 1
            click.echo(f"refused: {plain(finding.what)}: {plain(finding.words)}", err=True)
    there = f", {moved.there:,} were there" if moved.there else ""
    said = f"{moved.files:,} files and folders, {moved.groups:,} groups{there}"
    row = {**moved._asdict(), "refused": refused}
    out.done(said, row, " ".join(row))
    return _DAMAGED if refused else 0

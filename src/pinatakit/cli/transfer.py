"""``upload`` and ``download``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pinatakit.cli._common import client, client_options, plain, progress, read_keyvalues, show_json, size

if TYPE_CHECKING:
    from pinatakit.protocol import Network

_network = click.option(
    "--network", type=click.Choice(["public", "private"]), help="Else as the settings say: public."
)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--name", help="What it is called in lists; else the name it has.")
@click.option("--kv", "pairs", multiple=True, metavar="KEY=VALUE", help="A key-value; up to 10.")
@_network
@click.option("--cid-version", type=click.Choice(["0", "1"]), default="1", show_default=True)
@click.option("--hidden", is_flag=True, help="Take hidden files of folders along.")
@client_options
def upload(
    paths: tuple[str, ...],
    name: str | None,
    pairs: tuple[str, ...],
    network: Network | None,
    cid_version: str,
    hidden: bool,
    local: str | None,
    as_json: bool,
) -> int:
    """Upload files and folders, and check that exactly their bytes were stored.

    PATH is a file, a folder, or - for what comes on standard input. The CID of each is
    printed on stdout; with --json an object a line.

    \b
    Examples:
      pinatakit upload photo.jpg --kv album=summer
      pinatakit upload site/ --cid-version 0
      tar c data | pinatakit upload - --name data.tar
      pinatakit upload --local photo.jpg
    """
    from pinatakit.cli._errors import exit_code, explain

    if name and len(paths) > 1:
        raise click.UsageError("--name goes with a single PATH")
    keyvalues = read_keyvalues(pairs)
    codes: list[int] = []
    with client(local) as pinata:
        for path in paths:
            try:
                with progress(path) as tell:
                    uploaded = pinata.upload(
                        sys.stdin.buffer if path == "-" else path,
                        name=name or ("stdin" if path == "-" else None),
                        keyvalues=keyvalues or None,
                        network=network,
                        cid_version=cid_version,
                        hidden=hidden,
                        progress=tell,
                    )
            except Exception as error:
                said = explain(error)
                if said is None or len(paths) == 1:
                    raise
                click.echo(said, err=True)
                codes.append(exit_code(error))
                continue
            if as_json:
                show_json(uploaded)
            else:
                click.echo(uploaded.cid)
                again = " (it was there already)" if uploaded.is_duplicate else ""
                click.echo(f"{plain(uploaded.name)}  {size(uploaded.size)}  verified{again}", err=True)
    return 8 if codes else 0


@click.command()
@click.argument("source", metavar="CID[/PATH]")
@click.argument("to", required=False, type=click.Path())
@_network
@client_options
def download(source: str, to: str | None, network: Network | None, local: str | None, as_json: bool) -> None:
    """Fetch a file or folder from the gateway, checking every block.

    It is written to TO, or under its own name to this folder; to - a file goes to stdout.

    \b
    Examples:
      pinatakit download bafybei… site
      pinatakit download bafybei…/images/logo.svg
      pinatakit download bafkrei… - | less
    """
    if to == "-" and as_json:
        raise click.UsageError("--json tells of a download, and with - its bytes go to stdout")
    cid, _, path = source.removeprefix("ipfs://").removeprefix("/ipfs/").partition("/")
    with client(local) as pinata:
        if to == "-":
            for piece in pinata.read(cid, path=path, network=network):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        where = Path(to) if to else Path(path.rstrip("/").rpartition("/")[2] or cid)
        with progress(source) as tell:
            done = pinata.download(cid, where, path=path, network=network, progress=tell)
    if as_json:
        show_json({"cid": done.cid, "path": str(done.path), "size": done.size, "files": done.files})
    else:
        click.echo(done.path)
        click.echo(f"{done.files} file{'s' * (done.files != 1)}  {size(done.size)}  verified", err=True)

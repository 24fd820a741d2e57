"""``cid``."""

from __future__ import annotations

import sys

import click

from pinatakit.cli._common import json_option, plain, progress, show_json


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--profile", default="v1", show_default=True, help="The recipe, by name; v0 and v1 are Pinata's."
)
@click.option("--hidden", is_flag=True, help="Take hidden files of folders along.")
@json_option
def cid(paths: tuple[str, ...], profile: str, hidden: bool, as_json: bool) -> int:
    """Compute the CIDs that files and folders will have at Pinata. Nothing is sent.

    PATH is a file, a folder, or - for what comes on standard input. One CID a line, and
    behind it the path where there are several; with --json an object a line.

    \b
    Examples:
      pinatakit cid photo.jpg
      pinatakit cid site/ --profile v0
      pinatakit cid data/ --profile unixfs-v1-2025 --json
    """
    from pinatakit.cli._errors import explain
    from pinatakit.content import PROFILES
    from pinatakit.roots import root_of

    if profile not in PROFILES:
        raise click.BadParameter(f"{profile!r} is none of {', '.join(PROFILES)}", param_hint="--profile")
    failed = False
    for path in paths:
        try:
            with progress(path) as tell:
                source = sys.stdin.buffer if path == "-" else path
                root = root_of(source, profile, hidden=hidden, progress=tell)
        except Exception as error:
            said = explain(error)
            if said is None or len(paths) == 1:
                raise
            click.echo(said, err=True)
            failed = True
            continue
        if as_json:
            show_json({"path": path, "cid": root.cid, "size": root.size, "dag_size": root.dag_size})
        else:
            click.echo(f"{root.cid}\t{plain(path)}" if len(paths) > 1 else root.cid)
    return 8 if failed else 0

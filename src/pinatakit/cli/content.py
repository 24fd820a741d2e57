"""``cid`` and ``car``: content without a service."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pinatakit.cli._common import (
    json_option,
    plain,
    progress,
    show_json,
    show_json_array,
    show_pairs,
    show_table,
)

if TYPE_CHECKING:
    from pinatakit.content import CID

F = TypeVar("F", bound=Callable[..., Any])


def _take_options(command: F) -> F:
    """What of a folder is taken."""
    for option in (
        click.option("--empty-folders", is_flag=True, help="Keep empty folders, as Kubo does."),
        click.option(
            "--symlinks", type=click.Choice(["follow", "keep", "refuse"]), default="follow", show_default=True
        ),
        click.option("--hidden", is_flag=True, help="Take hidden files of folders along."),
        click.option(
            "--profile", default="v1", show_default=True, help="The recipe; v0 and v1 are Pinata's."
        ),
    ):
        command = option(command)
    return command


_entries_option = click.option(
    "--entries",
    type=click.IntRange(min=1),
    default=10_000_000,
    show_default=True,
    help="Refuse a CAR with more files and folders.",
)


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="PATH...")
@_take_options
@click.option("--explain", nargs=2, metavar="A B", help="Say why these two CIDs of PATH differ.")
@click.option("--inspect", is_flag=True, help="Take CIDs for PATHs, and show what they are made of.")
@json_option
def cid(
    what: tuple[str, ...],
    explain: tuple[str, str] | None,
    inspect: bool,
    as_json: bool,
    **take: Any,
) -> int:
    """Compute the CIDs that files and folders will have at Pinata. Nothing is sent.

    PATH is a file, a folder, or - for what comes on standard input. One CID a line, and
    behind it the path where there are several; with --json an object a line.

    \b
    Examples:
      pinatakit cid photo.jpg
      pinatakit cid site/ --profile v0
      pinatakit cid data/ --profile unixfs-v1-2025 --symlinks keep --empty-folders --json
      pinatakit cid --explain bafy… Qm… data/
      pinatakit cid --inspect bafkrei…
    """
    from pinatakit.cli._errors import explain as told

    if inspect:
        for text in what:
            _inspect(text, as_json)
        return 0
    if explain:
        if len(what) != 1:
            raise click.UsageError("--explain goes with a single PATH")
        _explain(*explain, what[0], as_json)
        return 0
    _check_profile(take["profile"])
    failed = False
    for path in what:
        try:
            _compute(path, as_json, named=len(what) > 1, **take)
        except Exception as error:
            said = told(error)
            if said is None or len(what) == 1:
                raise
            click.echo(said, err=True)
            failed = True
    return 8 if failed else 0


def _check_profile(name: str) -> None:
    from pinatakit.content import PROFILES

    if name not in PROFILES:
        raise click.BadParameter(f"{name!r} is none of {', '.join(PROFILES)}", param_hint="--profile")


def _compute(path: str, as_json: bool, *, named: bool, **take: Any) -> None:
    from pinatakit.roots import root_of

    with progress(path) as tell:
        root = root_of(sys.stdin.buffer if path == "-" else path, progress=tell, **take)
    if as_json:
        show_json({"path": path, "cid": root.cid, "size": root.size, "dag_size": root.dag_size})
    else:
        click.echo(f"{root.cid}\t{plain(path)}" if named else root.cid)


def _explain(a: str, b: str, path: str, as_json: bool) -> None:
    from pinatakit.recipes import explain

    found = explain(a, b, path)
    if as_json:
        names = [recipe.profile.name if recipe else None for recipe in (found.a, found.b)]
        show_json({"a": names[0], "b": names[1], "differences": found.differences})
    else:
        click.echo(found)


def _inspect(text: str, as_json: bool) -> None:
    from pinatakit.content import CID
    from pinatakit.errors import InvalidCID

    cid = CID.parse(text)
    parts: dict[str, object] = {
        "version": cid.version,
        "codec": cid.codec_name,
        "hash": cid.hash_name,
        "digest": cid.digest.hex(),
        "v1": cid.to_v1(),
        "base36": cid.to_v1().encode("base36"),
    }
    try:
        parts["v0"] = cid.to_v0()
    except InvalidCID:
        parts["v0"] = None
    if as_json:
        show_json({"cid": text, **parts})
    else:
        show_pairs(
            [("cid", text), *((name, value or "none: " + _why_no_v0(cid)) for name, value in parts.items())]
        )


def _why_no_v0(cid: CID) -> str:
    return f"version 0 names only dag-pb blocks by sha2-256, and this is {cid.codec_name} by {cid.hash_name}"


@click.group()
def car() -> None:
    """Pack files and folders into CAR files, and unpack, list and verify them.

    \b
    Examples:
      pinatakit car pack site/ -o site.car
      pinatakit car verify site.car
    """


@car.command()
@click.argument("path", metavar="PATH")
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write it; - is stdout.")
@click.option("--order", type=click.Choice(["streamed", "dfs"]), default="streamed", show_default=True)
@_take_options
@json_option
def pack(path: str, output: str, order: str, as_json: bool, **take: Any) -> None:
    """Pack a file or folder into a CARv1, and print its root.

    In the order streamed the root comes last, in one pass; dfs is depth first, the very bytes
    of `ipfs dag export`. With -o - the root is printed on stderr.

    \b
    Examples:
      pinatakit car pack site/ -o site.car
      tar c data | pinatakit car pack - -o data.car
      pinatakit car pack site/ -o - --order dfs | ipfs dag import
    """
    from pinatakit.cars import pack as write

    _check_profile(take["profile"])
    to_stdout = output == "-"
    root = write(
        sys.stdin.buffer if path == "-" else path,
        sys.stdout.buffer if to_stdout else output,
        order="dfs" if order == "dfs" else "streamed",
        **take,
    )
    if as_json and not to_stdout:
        show_json({"root": root.cid, "size": root.size, "dag_size": root.dag_size, "path": output})
    else:
        click.echo(root.cid, err=to_stdout)


@car.command()
@click.argument("file", metavar="CAR")
@click.argument("to", required=False)
@click.option("--root", help="Which root, where the CAR has several.")
@_entries_option
@json_option
def unpack(file: str, to: str | None, root: str | None, entries: int, as_json: bool) -> None:
    """Write the file or folder in a CAR to TO, or under its root's name to this folder.

    Every block is checked, and nothing is written outside of TO. CAR may be -.

    \b
    Examples:
      pinatakit car unpack site.car site
      curl -s https://…/ipfs/bafy…?format=car | pinatakit car unpack - site
    """
    from pinatakit.cars import unpack as write

    done = write(_opened(file), to or ".", root=root, entries=entries)
    if as_json:
        show_json({"root": done.root, "path": str(done.path), "size": done.size, "files": done.files})
    else:
        click.echo(done.path)


@car.command("ls")
@click.argument("file", metavar="CAR")
@click.option("--root", help="Only what is below this root, where the CAR has several.")
@_entries_option
@json_option
def ls_(file: str, root: str | None, entries: int, as_json: bool) -> None:
    """List the files and folders in a CAR, as they are come to.

    \b
    Examples:
      pinatakit car ls site.car
      pinatakit car ls site.car --json
    """
    from pinatakit.cars import list_car

    found = list_car(_opened(file), root=root, entries=entries)
    if as_json:
        show_json_array(
            {"cid": one.cid, "kind": one.kind.name.lower(), "size": one.size, "path": one.path}
            for one in found
        )
    else:
        show_table(("CID", "SIZE", "PATH"), ((str(one.cid), str(one.size), one.path or ".") for one in found))


@car.command()
@click.argument("file", metavar="CAR")
@json_option
def verify(file: str, as_json: bool) -> int:
    """Hash every block of a CAR, and see whether the DAGs of its roots are whole.

    Ends with 7 when a block is forged or missing.

    \b
    Examples:
      pinatakit car verify site.car
    """
    from pinatakit.cars import verify_car

    found = verify_car(_opened(file))
    if as_json:
        missing = [str(cid) for cid in found.missing]
        roots = [str(cid) for cid in found.roots]
        show_json({"roots": roots, "blocks": found.blocks, "size": found.size, "missing": missing})
    else:
        for cid in found.missing:
            click.echo(f"missing {cid}", err=True)
        whole = "whole" if not found.missing else "not whole"
        click.echo(f"{found.blocks:,} blocks, {found.size:,} bytes, every one hashed; {whole}")
    return 7 if found.missing else 0


def _opened(file: str) -> Any:
    return sys.stdin.buffer if file == "-" else file

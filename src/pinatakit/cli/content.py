"""``cid`` and ``car``: content without a service."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pinatakit.cli._common import Output, each, output_options, plain, progress, show_pairs
from pinatakit.cli._recipes import recipe_options

if TYPE_CHECKING:
    from pinatakit.content import CID

_entries_option = click.option(
    "--entries",
    type=click.IntRange(min=1),
    default=10_000_000,
    show_default=True,
    help="Refuse a CAR with more files and folders.",
)


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="PATH...")
@recipe_options("--profile")
@click.option("--explain", nargs=2, metavar="A B", help="Say why these two CIDs of PATH differ.")
@click.option("--inspect", is_flag=True, help="Take CIDs for PATHs, and show what they are made of.")
@output_options
def cid(
    out: Output,
    what: tuple[str, ...],
    explain: tuple[str, str] | None,
    inspect: bool,
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
    if inspect:
        for text in what:
            _inspect(out, text)
        return 0
    if explain:
        if len(what) != 1:
            raise click.UsageError("--explain goes with a single PATH")
        _explain(out, *explain, what[0])
        return 0
    return each(what, lambda path: _compute(out, path, named=len(what) > 1, **take))


def _compute(out: Output, path: str, *, named: bool, **take: Any) -> None:
    from pinatakit.roots import root_of

    with progress(path) as tell:
        root = root_of(sys.stdin.buffer if path == "-" else path, progress=tell, **take)
    row = {"path": path, "cid": root.cid, "size": root.size, "dag_size": root.dag_size}
    line = f"{root.cid}\t{plain(path)}" if named else None
    out.found(row, "cid size dag_size path", tuple(row), line=line)


def _explain(out: Output, a: str, b: str, path: str) -> None:
    from pinatakit.recipes import explain

    found = explain(a, b, path)
    names = [recipe.profile.name if recipe else None for recipe in (found.a, found.b)]
    row = {"a": names[0], "b": names[1], "differences": found.differences}
    out.found(row, "a b differences", line=str(found))


def _inspect(out: Output, text: str) -> None:
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
    if out.draws:
        show_pairs(
            [("cid", text), *((name, value or "none: " + _why_no_v0(cid)) for name, value in parts.items())]
        )
    else:
        row = {"cid": text, **parts}
        out.found(row, " ".join(row))


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
@recipe_options("--profile")
@output_options
def pack(out: Output, path: str, output: str, order: str, **take: Any) -> None:
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

    to_stdout = output == "-"
    if to_stdout and out.format is not None:
        raise click.UsageError("--json and --format tell of a CAR, and with -o - its bytes go to stdout")
    root = write(
        sys.stdin.buffer if path == "-" else path,
        sys.stdout.buffer if to_stdout else output,
        order="dfs" if order == "dfs" else "streamed",
        **take,
    )
    if to_stdout:
        click.echo(root.cid, err=True)
        return
    row = {"root": root.cid, "size": root.size, "dag_size": root.dag_size, "path": output}
    out.found(row, "root size dag_size path")


@car.command()
@click.argument("file", metavar="CAR")
@click.argument("to", required=False)
@click.option("--root", help="Which root, where the CAR has several.")
@_entries_option
@output_options
def unpack(out: Output, file: str, to: str | None, root: str | None, entries: int) -> None:
    """Write the file or folder in a CAR to TO, or under its root's name to this folder.

    Every block is checked, and nothing is written outside of TO. CAR may be -.

    \b
    Examples:
      pinatakit car unpack site.car site
      curl -s https://…/ipfs/bafy…?format=car | pinatakit car unpack - site
    """
    from pinatakit.cars import unpack as write

    done = write(_opened(file), to or ".", root=root, entries=entries)
    row = {"root": done.root, "path": str(done.path), "size": done.size, "files": done.files}
    out.found(row, "path root size files", line=plain(done.path))


@car.command("ls")
@click.argument("file", metavar="CAR")
@click.option("--root", help="Only what is below this root, where the CAR has several.")
@_entries_option
@output_options
def ls_(out: Output, file: str, root: str | None, entries: int) -> None:
    """List the files and folders in a CAR, as they are come to.

    \b
    Examples:
      pinatakit car ls site.car
      pinatakit car ls site.car --json
    """
    from pinatakit.cars import list_car

    found = list_car(_opened(file), root=root, entries=entries)
    named = out.for_people
    rows = (
        {
            "cid": one.cid,
            "kind": one.kind.name.lower(),
            "size": one.size,
            "path": one.path or "." * named,
        }
        for one in found
    )
    out.rows(rows, "cid size path", ("cid", "kind", "size", "path"))


@car.command()
@click.argument("file", metavar="CAR")
@output_options
def verify(out: Output, file: str) -> int:
    """Hash every block of a CAR, and see whether the DAGs of its roots are whole.

    Ends with 7 when a block is forged or missing.

    \b
    Examples:
      pinatakit car verify site.car
    """
    from pinatakit.cars import verify_car

    found = verify_car(_opened(file))
    missing = [str(cid) for cid in found.missing]
    row = {"roots": [str(cid) for cid in found.roots], "blocks": found.blocks, "size": found.size}
    if out.for_people:
        for cid in missing:
            click.echo(f"missing {cid}", err=True)
    whole = "not whole" if missing else "whole"
    said = f"{found.blocks:,} blocks, {found.size:,} bytes, every one hashed; {whole}"
    out.found(row | {"missing": missing}, "roots blocks size missing", line=said)
    return 7 if found.missing else 0


def _opened(file: str) -> Any:
    return sys.stdin.buffer if file == "-" else file

"""Files and folders, by CID or id: ``ls``, ``stat``, ``rm``, ``mv``, ``tag`` and ``find``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from pinatakit.cli._common import (
    Output,
    agreed,
    as_network,
    asks,
    destroys,
    each,
    find_file,
    network_option,
    plain,
    read_keyvalues,
    size,
)
from pinatakit.cli._completion import of_files, of_groups
from pinatakit.cli._output import fields_of, show_table

if TYPE_CHECKING:
    from pinatakit.client import Pinata
    from pinatakit.protocol import File, Where

_LISTED: Final = "cid size created_at name"
_SHOWN: Final = "cid name id size number_of_files mime_type group_id created_at expires_at keyvalues"


@click.command()
@click.option("--name", help="Those with this in their name.")
@click.option("--cid", help="Those with this CID.")
@click.option("--group", metavar="ID", shell_complete=of_groups, help="Those in this group; null: in none.")
@click.option("--type", "mime_type", metavar="MIME", help="Those of this media type, such as image/png.")
@click.option("--kv", "pairs", multiple=True, metavar="KEY=VALUE", help="Those with this key-value.")
@click.option("--oldest", is_flag=True, help="The oldest first.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most; else all.")
@network_option
@asks
def ls(
    pinata: Pinata,
    out: Output,
    pairs: tuple[str, ...],
    oldest: bool,
    network: str | None,
    **filters: Any,
) -> None:
    """List what you have uploaded, newest first.

    With --json one array of objects; --format jsonl, csv and tsv print rows as they come.

    \b
    Examples:
      pinatakit ls
      pinatakit ls --name photo --limit 20
      pinatakit ls --kv album=summer --json
      pinatakit ls --format csv --fields cid,name,size > files.csv
    """
    from pinatakit.protocol import File

    found = pinata.files.list(
        keyvalues=read_keyvalues(pairs),
        order="ASC" if oldest else "DESC",
        network=as_network(network),
        **filters,
    )
    out.rows(found, _LISTED, fields_of(File))


@click.command()
@click.argument("what", metavar="CID|ID", shell_complete=of_files)
@network_option
@asks
def stat(pinata: Pinata, out: Output, what: str, network: str | None) -> None:
    """Show one file or folder, named by its CID or its id.

    \b
    Examples:
      pinatakit stat bafkrei…
      pinatakit stat 0195a5c4-242f-7c01-bee8-f34a9e8e804b --json
    """
    from pinatakit.protocol import File

    out.one(find_file(pinata, what, network), _SHOWN, fields_of(File))


@click.command()
@click.argument("what", nargs=-1, required=True, metavar="CID|ID...", shell_complete=of_files)
@destroys
@network_option
@asks
def rm(
    pinata: Pinata, out: Output, what: tuple[str, ...], yes: bool, dry_run: bool, network: str | None
) -> int:
    """Delete files and folders, named by CID or id; they are no longer pinned.

    Shows what it is about to delete and asks first; where there is no terminal to ask on, --yes
    is needed. What is not found does not keep the others: the exit code is then 8.

    \b
    Examples:
      pinatakit rm bafkrei…
      pinatakit rm --dry-run bafkrei… bafybei…
      pinatakit ls --kv album=old --quiet | xargs pinatakit rm --yes
    """
    from pinatakit.protocol import File

    plan: list[File] = []
    code = each(what, lambda one: plan.append(find_file(pinata, one, network)))
    if dry_run:
        out.rows(plan, _LISTED, fields_of(File))
        click.echo(f"would delete {_count(plan)}", err=True)
        return code
    if not plan or not agreed(_question(plan, yes=yes), yes=yes):
        return code

    def delete(id: str) -> None:
        file = next(file for file in plan if file.id == id)
        pinata.files.delete(id, network=as_network(network))
        row = {"id": id, "cid": str(file.cid), "deleted": True}
        out.done(f"deleted {plain(file.name or file.cid)}", row, "id cid deleted")

    return each([file.id for file in plan], delete) or code


def _count(files: list[File]) -> str:
    total = size(sum(file.size for file in files))
    return (
        f"{plain(files[0].name or files[0].cid)} ({total})"
        if len(files) == 1
        else f"{len(files)} files ({total})"
    )


def _question(files: list[File], *, yes: bool) -> str:
    """What is asked before files go; several are shown."""
    if len(files) > 1 and not yes:
        rows = [(str(file.cid), size(file.size), file.name or "") for file in files]
        show_table(("CID", "SIZE", "NAME"), rows, aligned=True, err=True)
    return f"Delete {_count(files)}?"


@click.command()
@click.argument("what", metavar="CID|ID", shell_complete=of_files)
@click.argument("name")
@network_option
@asks
def mv(pinata: Pinata, out: Output, what: str, name: str, network: str | None) -> None:
    """Rename a file or folder. Its CID stays: the name is not part of the content.

    \b
    Examples:
      pinatakit mv bafkrei… holiday.jpg
    """
    from pinatakit.protocol import File

    file = find_file(pinata, what, network)
    renamed = pinata.files.update(file.id, name=name, network=as_network(network))
    said = f"{plain(file.name or file.cid)} is now called {plain(renamed.name)}"
    out.done(said, renamed, _LISTED, fields_of(File))


@click.command()
@click.argument("what", metavar="CID|ID", shell_complete=of_files)
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE|KEY=...")
@network_option
@asks
def tag(pinata: Pinata, out: Output, what: str, pairs: tuple[str, ...], network: str | None) -> None:
    """Set key-values of a file or folder; KEY= takes one away. Others stay as they are.

    \b
    Examples:
      pinatakit tag bafkrei… album=summer year=2026
      pinatakit tag bafkrei… album=
    """
    from pinatakit.protocol import File

    changes = {key: value or None for key, value in read_keyvalues(pairs).items()}
    file = find_file(pinata, what, network)
    tagged = pinata.files.update(file.id, keyvalues=changes, network=as_network(network))
    told = " ".join(f"{key}={value}" for key, value in tagged.keyvalues.items()) or "no key-values"
    out.done(f"{plain(tagged.name or tagged.cid)}: {plain(told)}", tagged, _LISTED, fields_of(File))


@click.command()
@click.option("--name", help="Those with this in their name.")
@click.option("--cid-contains", metavar="TEXT", help="Those with this in their CID.")
@click.option(
    "--kv", "conditions", multiple=True, metavar="CONDITION", help="Such as stage=prod; may be repeated."
)
@click.option("--min-size", type=click.IntRange(min=0), metavar="BYTES", help="Those as large as this.")
@click.option("--max-size", type=click.IntRange(min=0), metavar="BYTES", help="Those no larger than this.")
@click.option("--after", "pinned_after", type=click.DateTime(), help="Those pinned after this moment (UTC).")
@click.option("--before", "pinned_before", type=click.DateTime(), help="Those pinned before it.")
@click.option("--group", "group_id", metavar="ID", shell_complete=of_groups, help="Those in this group.")
@click.option("--unpinned", is_flag=True, help="What was pinned once and is no more.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most; else all.")
@asks
def find(pinata: Pinata, out: Output, conditions: tuple[str, ...], unpinned: bool, **filters: Any) -> None:
    """Find public files and folders by conditions, which must all hold; newest first.

    A condition on a key-value is KEY=VALUE, or with !=, <, <=, >, >= or ~ (a pattern, in which %
    stands for any letters) in the place of =. Next to < and > what looks like a number is one.

    \b
    Examples:
      pinatakit find --kv stage=prod --kv "score>=5"
      pinatakit find --min-size 1000000000 --before 2026-01-01
      pinatakit find --unpinned --name draft --json
    """
    from pinatakit.protocol import Pin

    where = [read_condition(text) for text in conditions]
    found = pinata.pins.list(where=where, status="unpinned" if unpinned else "pinned", **filters)
    out.rows(found, "cid size date_pinned name", fields_of(Pin))


def read_condition(text: str) -> Where:
    """A condition on a key-value, as it is typed."""
    from pinatakit.protocol import kv

    parts = re.fullmatch(r"([^=!<>~]+)(=|!=|<=|>=|<|>|~)(.*)", text, re.DOTALL)
    if not parts:
        raise click.BadParameter(
            f"{text!r} is not of the form KEY=VALUE, or with !=, <, <=, >, >=, ~", param_hint="--kv"
        )
    key, sign, value = kv(parts[1].strip()), parts[2], parts[3].strip()
    ways: dict[str, Callable[[], Where]] = {
        "=": lambda: key == value,
        "!=": lambda: key != value,
        "<": lambda: key < _number(value),
        "<=": lambda: key <= _number(value),
        ">": lambda: key > _number(value),
        ">=": lambda: key >= _number(value),
        "~": lambda: key.like(value),
    }
    return ways[sign]()


def _number(text: str) -> str | float:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text

"""``groups``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pinatakit.cli._commands import Group as Commands
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
)
from pinatakit.cli._completion import of_files, of_groups
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata
    from pinatakit.protocol import Group

_COLUMNS: Final = "id name is_public created_at"

_group = click.argument("id", metavar="GROUP", shell_complete=of_groups)


@click.group(cls=Commands)
def groups() -> None:
    """Put files into groups. A group is named by its id.

    \b
    Examples:
      pinatakit groups create holidays
      pinatakit groups add 0195a5c4-242f-7c01-bee8-f34a9e8e804b bafkrei…
    """


@groups.command("list")
@click.option("--name", help="Those with this in their name.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most; else all.")
@network_option
@asks
def list_(pinata: Pinata, out: Output, name: str | None, limit: int | None, network: str | None) -> None:
    """List groups, newest first.

    \b
    Examples:
      pinatakit groups list
      pinatakit groups list --name holi --json
    """
    found = pinata.groups.list(name=name, limit=limit, network=as_network(network))
    out.rows(found, _COLUMNS, _fields())


@groups.command()
@click.argument("name")
@click.option("--public", is_flag=True, help="Mark it as public.")
@network_option
@asks
def create(pinata: Pinata, out: Output, name: str, public: bool, network: str | None) -> None:
    """Make a group; it is empty.

    \b
    Examples:
      pinatakit groups create holidays
      id=$(pinatakit groups create holidays --quiet)
    """
    out.one(pinata.groups.create(name, is_public=public, network=as_network(network)), _COLUMNS, _fields())


@groups.command()
@_group
@network_option
@asks
def get(pinata: Pinata, out: Output, id: str, network: str | None) -> None:
    """Show a group. What is in it, `pinatakit ls --group` lists.

    \b
    Examples:
      pinatakit groups get 0195a5c4-242f-7c01-bee8-f34a9e8e804b
    """
    out.one(pinata.groups.get(id, network=as_network(network)), f"{_COLUMNS} updated_at", _fields())


@groups.command()
@_group
@click.argument("name")
@network_option
@asks
def rename(pinata: Pinata, out: Output, id: str, name: str, network: str | None) -> None:
    """Rename a group. What is in it stays.

    \b
    Examples:
      pinatakit groups rename 0195a5c4-242f-7c01-bee8-f34a9e8e804b trips
    """
    group = pinata.groups.update(id, name=name, network=as_network(network))
    out.done(f"group {id} is now called {plain(group.name)}", group, _COLUMNS, _fields())


@groups.command()
@_group
@click.argument("files", nargs=-1, required=True, metavar="CID|ID...", shell_complete=of_files)
@network_option
@asks
def add(pinata: Pinata, out: Output, id: str, files: tuple[str, ...], network: str | None) -> int:
    """Put files into a group, by CID or id, and so out of any other.

    \b
    Examples:
      pinatakit groups add 0195a5c4-242f-7c01-bee8-f34a9e8e804b bafkrei…
      pinatakit ls --kv album=summer --quiet | xargs pinatakit groups add 0195a5c4-242f-7c01-bee8-f34a9e8e804b
    """

    def put(what: str) -> None:
        file = find_file(pinata, what, network)
        pinata.groups.add(id, file.id, network=as_network(network))
        out.done(
            f"added {plain(file.name or file.cid)}",
            {"group": id, "id": file.id, "cid": file.cid},
            "id group cid",
        )

    return each(files, put)


@groups.command()
@_group
@click.argument("files", nargs=-1, required=True, metavar="CID|ID...", shell_complete=of_files)
@network_option
@asks
def remove(pinata: Pinata, out: Output, id: str, files: tuple[str, ...], network: str | None) -> int:
    """Take files out of a group, by CID or id; they stay pinned.

    \b
    Examples:
      pinatakit groups remove 0195a5c4-242f-7c01-bee8-f34a9e8e804b bafkrei…
    """

    def take(what: str) -> None:
        file = find_file(pinata, what, network)
        pinata.groups.remove(id, file.id, network=as_network(network))
        out.done(
            f"removed {plain(file.name or file.cid)}",
            {"group": id, "id": file.id, "cid": file.cid},
            "id group cid",
        )

    return each(files, take)


@groups.command()
@click.argument("ids", nargs=-1, required=True, metavar="GROUP...", shell_complete=of_groups)
@destroys
@network_option
@asks
def delete(
    pinata: Pinata, out: Output, ids: tuple[str, ...], yes: bool, dry_run: bool, network: str | None
) -> int:
    """Delete groups. Their files stay, in no group.

    Asks first; where there is no terminal to ask on, --yes is needed.

    \b
    Examples:
      pinatakit groups delete 0195a5c4-242f-7c01-bee8-f34a9e8e804b
      pinatakit groups delete --dry-run 0195a5c4-242f-7c01-bee8-f34a9e8e804b
    """
    plan: list[Group] = []
    code = each(ids, lambda one: plan.append(pinata.groups.get(one, network=as_network(network))))
    if dry_run:
        out.rows(plan, _COLUMNS, _fields())
        return code
    names = ", ".join(plain(group.name) for group in plan)
    if not plan or not agreed(f"Delete {'group' if len(plan) == 1 else 'groups'} {names}?", yes=yes):
        return code

    def delete_one(id: str) -> None:
        pinata.groups.delete(id, network=as_network(network))
        out.done(f"deleted group {id}", {"id": id, "deleted": True}, "id deleted")

    return each([group.id for group in plan], delete_one) or code


def _fields() -> list[str]:
    from pinatakit.protocol import Group

    return fields_of(Group)

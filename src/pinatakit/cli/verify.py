"""``verify``: whether what is pinned is what is here."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pinatakit.cli._common import (
    Output,
    as_network,
    client,
    network_option,
    output_options,
    plain,
    progress,
    service_options,
    size,
)
from pinatakit.cli._completion import of_files
from pinatakit.cli._recipes import recipe_options

if TYPE_CHECKING:
    from pinatakit.client import Pinata
    from pinatakit.content import CID, Root
    from pinatakit.protocol import File

_COLUMNS: Final = "path verified cid pinned name reason"
_FIELDS: Final = ("path", "verified", "cid", "size", "pinned", "id", "name", "network", "fetched", "reason")
_CODES: Final = {"other": 7, "missing": 3}

_Verdict = tuple[str, dict[str, Any]]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--cid", metavar="CID", shell_complete=of_files, help="Compare with this one; nobody is asked.")
@click.option("--fetch", is_flag=True, help="Fetch what is pinned too, checking every block.")
@recipe_options()
@network_option
@service_options
@output_options
def verify(
    out: Output,
    paths: tuple[str, ...],
    cid: str | None,
    fetch: bool,
    network: str | None,
    local: str | None,
    settings_profile: str | None,
    profile: str,
    **take: Any,
) -> int:
    """See whether what is pinned is what you have: files and folders against the account, or a CID.

    Ends with 7 where something else is pinned under that name, or --cid names something else; then it
    is told which recipe of CIDs makes the difference, if one does. Ends with 3 where nothing is
    pinned. --fetch sees that it can be had, too: a temporary copy is fetched and checked.

    \b
    Examples:
      pinatakit verify site/
      pinatakit verify photo.jpg --cid bafkrei…
      pinatakit verify site/ --fetch --json
    """
    if cid and len(paths) > 1:
        raise click.UsageError("--cid goes with a single PATH")
    ask = _against_cid(cid) if cid else None
    codes: list[int] = []

    def tell(path: str, judge: Callable[[str, Root], _Verdict]) -> None:
        with progress(path) as telling:
            from pinatakit.roots import root_of

            root = root_of(path, profile, progress=telling, **take)
        verdict, found = judge(path, root)
        codes.append(_CODES.get(verdict, 0))
        row = {"path": path, "verified": verdict == "same", "cid": str(root.cid), "size": root.size}
        row = dict.fromkeys(_FIELDS) | row | found
        mark = {"same": "verified", "other": "differs", "missing": "not pinned"}[verdict]
        why = f"  {row['reason']}" if row["reason"] else ""
        out.found(row, _COLUMNS, _FIELDS, line=f"{plain(path)}  {size(root.size)}  {mark}{plain(why)}")

    if ask and not fetch:
        failed = _each(paths, lambda path: tell(path, ask))
    else:
        with client(local, settings_profile) as pinata:
            against = ask or _against_account(pinata, network)

            def judge(path: str, root: Root) -> _Verdict:
                verdict, found = against(path, root)
                if fetch and verdict == "same":
                    _fetch(pinata, found.get("pinned") or cid or str(root.cid), network)
                    found["fetched"] = True
                return verdict, found

            failed = _each(paths, lambda path: tell(path, judge))
    if failed or len(paths) > 1:
        return failed or (8 if any(codes) else 0)
    return codes[0]


def _each(paths: tuple[str, ...], act: Callable[[str], object]) -> int:
    from pinatakit.cli._common import each

    return each(paths, act)


def _against_cid(text: str) -> Callable[[str, Root], _Verdict]:
    from pinatakit.content import CID

    cid = CID.parse(text)

    def judge(path: str, root: Root) -> _Verdict:
        if root.cid.to_v1() == cid.to_v1():
            return "same", {}
        return _explained(path, root.cid, cid)

    return judge


def _explained(path: str, mine: CID, other: CID) -> _Verdict:
    """Whether another CID names the same content by another recipe, and what the two do not share."""
    from pinatakit.recipes import explain

    found = explain(mine, other, path)
    if found.b:
        differences = "; ".join(found.differences) or f"by the recipe {found.b.profile.name}"
        return "same", {"cid": str(other), "reason": f"the same content by another recipe: {differences}"}
    return "other", {"reason": f"no known recipe gives {other} for this content; here it is {mine}"}


def _against_account(pinata: Pinata, network: str | None) -> Callable[[str, Root], _Verdict]:
    def judge(path: str, root: Root) -> _Verdict:
        files = pinata.files
        on = as_network(network)
        for file in files.list(cid=root.cid, network=on, limit=1):
            return "same", _record(pinata, file, network)
        name = Path(path).resolve().name
        for file in files.list(name=name, network=on):
            if file.name == name and file.cid:
                verdict, why = _explained(path, root.cid, file.cid)
                return verdict, _record(pinata, file, network) | why
        return "missing", {"reason": f"nothing is pinned with {root.cid}, and nothing is called {name!r}"}

    return judge


def _record(pinata: Pinata, file: File, network: str | None) -> dict[str, Any]:
    return {
        "pinned": str(file.cid),
        "id": file.id,
        "name": file.name,
        "network": network or pinata.settings.network,
    }


def _fetch(pinata: Pinata, cid: str, network: str | None) -> None:
    """Fetch it, checking every block, and keep nothing."""
    with tempfile.TemporaryDirectory(prefix="pinatakit-") as folder, progress(cid) as telling:
        pinata.download(cid, Path(folder) / "copy", network=as_network(network), progress=telling)

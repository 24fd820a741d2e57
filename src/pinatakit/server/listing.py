"""Listing: the page of a folder, and of a block that is data."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from pinatakit.content import CID
from pinatakit.content.dagpb import Link

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.6 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "h1{font-size:1.1rem;overflow-wrap:anywhere}p{color:gray}table{border-collapse:collapse;width:100%}"
    "td{border-top:1px solid #8884;padding:.25rem .75rem .25rem 0;vertical-align:top}"
    "td:first-child{overflow-wrap:anywhere}td:last-child{text-align:right;white-space:nowrap}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere}code{color:gray;font-size:.85em}"
    "a{text-decoration:none}a:hover{text-decoration:underline}"
)


def listing(root: CID, path: str, links: Sequence[Link], *, size: int) -> str:
    """What a folder holds, by name, as HTML; `size` is of all its blocks, in bytes."""
    names = [name for name in path.split("/") if name]
    above = [str(root), *names]
    crumbs = " / ".join(
        f'<a href="{"../" * (len(above) - 1 - place) or "./"}">{html.escape(name)}</a>'
        for place, name in enumerate(above)
    )
    rows = [
        f'<tr><td><a href="{quote(_bytes(link.name))}">{_shown(link.name)}</a></td>' + _about(link)
        for link in links
    ]
    if names:
        rows.insert(0, '<tr><td><a href="../">..</a></td><td></td><td></td></tr>')
    many = f"{len(links):,} entr{'y' if len(links) == 1 else 'ies'}"
    table = "\n".join(rows)
    return _page("/".join(above), crumbs, f"<p>{many}, {_size(size)}</p><table>\n{table}\n</table>")


def data_page(cid: CID, text: str) -> str:
    """What a block of data says, as HTML, and where to have it as it is or in another codec."""
    forms = ", ".join(f'<a href="?format={form}">{form}</a>' for form in ("dag-json", "dag-cbor", "raw"))
    return _page(str(cid), _shown(str(cid)), f"<p>As {forms}</p><pre>{_shown(text)}</pre>")


def _page(title: str, crumbs: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{_shown(title)}</title>"
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>/ipfs/ {crumbs}</h1>{content}</html>"
    )


def _about(link: Link) -> str:
    cid = str(link.cid)
    return f'<td><code title="{cid}">{cid[:6]}…{cid[-6:]}</code></td><td>{_size(link.size)}</td></tr>'


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _shown(name: str) -> str:
    return html.escape(_bytes(name).decode("utf-8", "replace"))


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"

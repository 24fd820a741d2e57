"""The gateway: what is kept, as files for people and as blocks for programs.

A program asks for ``raw`` blocks or a ``car`` and checks them itself; a browser gets the
bytes of files, and pages for folders. Private content is served through signed links alone.
Sources: specs.ipfs.tech/http-gateways/path-gateway and /trustless-gateway; Pinata's
documentation of gateway errors (``ERR_ID``).
"""

from __future__ import annotations

import html
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import chain
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from pinatakit.content import CID, Block, Entry, Kind, Walk, car_header, car_section, walk_blocks, walk_steps
from pinatakit.errors import ContentError, InvalidCID, NoSuchPath
from pinatakit.protocol import Network
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE
from pinatakit.protocol.plugins import ATTESTATION, HOT_SWAPS
from pinatakit.server import gateways, links
from pinatakit.server.media import SNIFFED, sniff
from pinatakit.server.refusal import Refusal
from pinatakit.server.request import Asked, host_of
from pinatakit.server.store.gateways import Served

_GATHER: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
_FOREVER: Final = "public, max-age=29030400, immutable"


class _Found(NamedTuple):
    """What a path leads to."""

    network: Network
    served: Served | None  # by which gateway; None: by the server itself
    root: CID
    path: str
    get: Callable[[CID], bytes]
    cid: CID
    above: list[Block]  # the blocks on the way, the root's first
    entry: Entry | None  # None where it is no file or folder
    swapped: CID | None  # what is served in the root's place
    signature: str | None


async def get(asked: Asked) -> Response:
    """``GET /ipfs/{cid}[/path]``."""
    served = gateways.admit(asked.store, asked.request, _root(asked))
    return await _serve(asked, "public", served)


async def get_private(asked: Asked) -> Response:
    """``GET /files/{cid}[/path]``, through a signed link."""
    links.check(asked)
    return await _serve(asked, "private", asked.store.gateways.at(host_of(asked.request)))


async def _serve(asked: Asked, network: Network, served: Served | None) -> Response:
    """A swapped CID as what it is swapped for, but its blocks as they are."""
    request = asked.request
    form = request.query_params.get("format") or _accepted(request.headers.get("accept", ""))
    found = await anyio.to_thread.run_sync(_find, asked, network, served, form is None)
    if form == "raw":
        return _raw(request, found)
    if form == "car":
        return _car(request, found)
    if form is not None:
        raise Refusal(406, "ERR_FORMAT", f"Format {form!r} is not served here; raw and car are.")
    if found.entry is None or found.entry.kind is Kind.SYMLINK:
        raise Refusal(501, "ERR_FORMAT", f"{found.cid} is no file or folder; ask for it with ?format=raw")
    if found.entry.kind is Kind.DIRECTORY:
        return await _folder(asked, found)
    return await _file(request, found, found.entry)


def _find(asked: Asked, network: Network, served: Served | None, swapping: bool) -> _Found:
    root, path = _root(asked), asked.request.path_params.get("path", "")
    swapping = swapping and _has(served, HOT_SWAPS)
    swapped = asked.store.swaps.now(network, root) if swapping else None
    top = swapped or root
    car = asked.store.cars.find(top, among=f"file.network = '{network}'")
    if car is None and top.inlined is None:
        raise Refusal(404, "ERR_ID:00006", f"{top} is not pinned here - ERR_ID:00006")
    get = asked.store.cars.getter(car or 0)
    walk = Walk(top, path)
    above: list[Block] = []
    try:
        steps = walk.leftover()
        cid = top
        while not steps and walk.wants:
            cid = walk.wants
            above.append(Block(cid, get(cid)))
            steps = walk.feed(bytes(above[-1].data))
        entry = next((step for step in steps if isinstance(step, Entry)), None)
    except NoSuchPath as error:
        raise Refusal(404, "NOT_FOUND", error.message) from None
    except ContentError:
        cid, entry = top, None
        above = [] if top.inlined is not None else [Block(top, get(top))]
    signed = asked.store.signatures.get(network, root) if _has(served, ATTESTATION) else None
    return _Found(
        network, served, root, path, get, cid, above, entry, swapped, signed.signature if signed else None
    )


def _root(asked: Asked) -> CID:
    try:
        return CID.parse(asked.path("cid"))
    except InvalidCID as error:
        raise Refusal(400, "ERR_ID:00004", f"{error.message} - ERR_ID:00004") from None


def _has(served: Served | None, plugin: int) -> bool:
    return served is None or plugin in served.plugins


def _accepted(accept: str) -> str | None:
    for part in accept.split(","):
        kind = part.partition(";")[0].strip()
        if kind in (CAR_TYPE, RAW_TYPE):
            return "car" if kind == CAR_TYPE else "raw"
    return None


def _headers(found: _Found, etag: str) -> dict[str, str]:
    private = found.network == "private"
    shown = quote(
        f"/{'files' if private else 'ipfs'}/{found.root}" + (f"/{found.path}" if found.path else "")
    )
    return {
        "etag": f'"{etag}"',
        "cache-control": "private, no-cache" if private else "no-cache" if found.swapped else _FOREVER,
        "x-ipfs-path": shown,
        "x-ipfs-roots": str(found.cid),
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "content-range, etag, pinata-signature, x-ipfs-path, x-ipfs-roots",
        **({"pinata-signature": found.signature} if found.signature else {}),
    }


def _unchanged(request: Request, headers: dict[str, str]) -> bool:
    given = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return headers["etag"] in tags or "*" in tags


def _raw(request: Request, found: _Found) -> Response:
    headers = _headers(found, f"{found.cid}.raw")
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    headers |= {
        "content-disposition": f'attachment; filename="{found.cid}.bin"',
        "x-content-type-options": "nosniff",
    }
    block = bytes(found.above[-1].data) if found.above else found.cid.inlined or b""
    return Response(block, headers=headers, media_type=RAW_TYPE)


def _car(request: Request, found: _Found) -> Response:
    query = request.query_params
    scope = query.get("dag-scope", "all")
    if scope not in ("all", "entity", "block"):
        raise Refusal(400, "ERR_FORMAT", f'"dag-scope" is all, entity or block, not {scope!r}')
    accept = request.headers.get("accept", "")
    dups = (query.get("car-dups") or ("y" if re.search(r";\s*dups=y", accept) else "n")) == "y"
    headers = _headers(found, f"{found.cid}.car.{scope}.{'y' if dups else 'n'}")
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    kind = f"{CAR_TYPE}; version=1; order=dfs; dups={'y' if dups else 'n'}"
    headers |= {
        "content-type": kind,
        "content-disposition": f'attachment; filename="{found.cid}.car"',
        "x-content-type-options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(None, headers=headers)

    def pieces() -> Iterator[bytes]:
        yield car_header([found.root])
        for block in chain(found.above[:-1], _below(found, scope, dups)):
            yield car_section(block.cid, len(block.data))
            yield bytes(block.data)

    return StreamingResponse(stream(pieces()), headers=headers)


def _below(found: _Found, scope: str, dups: bool) -> Iterable[Block]:
    """The blocks of what the path leads to, as far as the scope goes."""
    if scope == "block":
        return found.above[-1:]
    if scope == "entity" and found.entry and found.entry.kind is Kind.DIRECTORY:
        return _directory_blocks(found, Walk(found.cid, shallow=True))
    return walk_blocks(found.cid, found.get, dups=dups)


def _directory_blocks(found: _Found, walk: Walk) -> Iterator[Block]:
    """A folder's own blocks, without what it holds; the names in it gather in the shallow walk."""
    while walk.wants is not None:
        block = Block(walk.wants, found.get(walk.wants))
        walk.feed(bytes(block.data))
        yield block


async def _file(request: Request, found: _Found, entry: Entry) -> Response:
    query = request.query_params
    headers = _headers(found, str(found.cid)) | {"accept-ranges": "bytes"}
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    name = query.get("filename") or found.path.rpartition("/")[2]
    start_of_file = await anyio.to_thread.run_sync(
        lambda: b"".join(_content(found, 0, min(SNIFFED, entry.size)))
    )
    headers["content-type"] = sniff(start_of_file, name)
    if headers["content-type"] == "text/html" and found.served and not found.served.custom:
        raise Refusal(
            403, "ERR_ID:00023", "HTML is served under a custom domain of the gateway alone - ERR_ID:00023"
        )
    if headers["content-type"].startswith("text/"):
        headers["content-type"] += "; charset=utf-8"
    how = "attachment" if query.get("download", "").lower() == "true" else "inline"
    if query.get("filename") or how == "attachment":
        headers["content-disposition"] = f"{how}; filename*=UTF-8''{quote(name or str(found.cid), safe='')}"
    start, stop, status = 0, entry.size, 200
    wanted = request.headers.get("range")
    if wanted and request.headers.get("if-range", headers["etag"]) == headers["etag"]:
        ranged = read_range(wanted, entry.size)
        if ranged == "unsatisfiable":
            raise Refusal(
                416, f"bytes */{entry.size}", f"The content has {entry.size} bytes, and {wanted} has none."
            )
        if ranged:
            (start, stop), status = ranged, 206
            headers["content-range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(None, status, headers)
    return StreamingResponse(stream(_content(found, start, stop)), status, headers)


def read_range(text: str, size: int) -> tuple[int, int] | Literal["unsatisfiable"] | None:
    """The bytes a ``Range`` header asks for; `None` where it may be passed over (RFC 9110, 14.2).

    Several ranges at once are passed over: the whole content is an answer to them too.
    """
    found = _RANGE.match(text.replace(" ", ""))
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    return (start, stop) if start < stop else "unsatisfiable"


def _content(found: _Found, start: int, stop: int) -> Iterator[bytes]:
    steps = walk_steps(Walk(found.cid, start=start, stop=stop), found.get)
    return (step for step in steps if isinstance(step, bytes))


async def _folder(asked: Asked, found: _Found) -> Response:
    request = asked.request
    if not request.scope["path"].endswith("/"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{quote(request.scope['path'])}/{query}", 301)
    names = await anyio.to_thread.run_sync(_names, found)
    if "index.html" in names:
        path = f"{found.path.rstrip('/')}/index.html".lstrip("/")
        request.path_params["path"] = path
        index = await anyio.to_thread.run_sync(_find, asked, found.network, found.served, True)
        if index.entry and index.entry.kind is Kind.FILE:
            return await _file(request, index, index.entry)
    headers = _headers(found, f"DirIndex-{found.cid}")
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    return HTMLResponse(_listing(found, names), headers=headers)


def _names(found: _Found) -> list[str]:
    walk = Walk(found.cid, shallow=True)
    for _ in _directory_blocks(found, walk):
        pass
    return sorted(walk.names)


def _listing(found: _Found, names: list[str]) -> str:
    title = html.escape(f"/ipfs/{found.root}/{found.path}".rstrip("/"))
    rows = "\n".join(
        f'<li><a href="{quote(name.encode("utf-8", "surrogateescape"))}">'
        f"{html.escape(name.encode('utf-8', 'surrogateescape').decode('utf-8', 'replace'))}</a></li>"
        for name in names
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{font:1rem/1.6 system-ui;margin:2rem auto;max-width:50rem;padding:0 1rem}"
        "h1{font-size:1rem;overflow-wrap:anywhere}</style>"
        f"<h1>{title}</h1><ul>\n{rows}\n</ul></html>"
    )


async def stream(pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Pieces that are made by reading the disk, gathered to 1 MiB and made in threads."""

    def gather() -> bytes:
        gathered: list[bytes] = []
        size = 0
        for piece in pieces:
            gathered.append(piece)
            size += len(piece)
            if size >= _GATHER:
                break
        return b"".join(gathered)

    while piece := await anyio.to_thread.run_sync(gather):
        yield piece

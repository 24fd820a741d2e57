"""The gateway: what is kept, as files for people and as blocks for programs.

A program asks for ``raw`` blocks or a ``car`` and checks them itself; a browser gets the
bytes of files, and pages for folders. Private content is served through signed links alone.
Sources: specs.ipfs.tech/http-gateways/path-gateway and /trustless-gateway; Pinata's
documentation of gateway errors (``ERR_ID``).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from pinatakit.content import (
    CID,
    Block,
    Entry,
    Kind,
    Walk,
    block_value,
    car_header,
    car_section,
    dagcbor,
    dagjson,
    links_size,
    walk_blocks,
    walk_steps,
)
from pinatakit.content.dagpb import Link
from pinatakit.content.multiformats import DAG_CBOR, DAG_JSON, JSON
from pinatakit.errors import ContentError, InvalidCID, NoSuchPath
from pinatakit.protocol import Network
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE, ImageOptions
from pinatakit.protocol.plugins import ATTESTATION, HOT_SWAPS
from pinatakit.server import gateways, images, links
from pinatakit.server.listing import listing
from pinatakit.server.media import SNIFFED, sniff
from pinatakit.server.ranges import Multipart, Range, read_entity_bytes, read_ranges
from pinatakit.server.refusal import Refusal
from pinatakit.server.request import Asked, host_of
from pinatakit.server.store.gateways import Served

_GATHER: Final = 1 << 20
_FOREVER: Final = "public, max-age=29030400, immutable"
_CBOR: Final = 0x51
_CODED: Final = {  # by format: its media type, and the codecs that are of that format as they are
    "dag-json": ("application/vnd.ipld.dag-json", (DAG_JSON,)),
    "dag-cbor": ("application/vnd.ipld.dag-cbor", (DAG_CBOR,)),
    "json": ("application/json", (JSON, DAG_JSON)),
    "cbor": ("application/cbor", (_CBOR, DAG_CBOR)),
}
_FORMATS: Final = {CAR_TYPE: "car", RAW_TYPE: "raw"} | {kind: form for form, (kind, _) in _CODED.items()}
_OF_CODEC: Final = {
    DAG_JSON: _CODED["dag-json"][0],
    DAG_CBOR: _CODED["dag-cbor"][0],
    JSON: _CODED["json"][0],
    _CBOR: _CODED["cbor"][0],
}


class _Found(NamedTuple):
    """What a path leads to."""

    network: Network
    served: Served | None  # by which gateway; None: by the server itself
    root: CID
    path: str
    get: Callable[[CID], bytes]
    check: Callable[[CID, bytes], None]
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
    if form in _CODED:
        return _coded(request, found, form)
    if form is not None:
        forms = ", ".join(("raw", "car", *_CODED))
        raise Refusal(406, "ERR_FORMAT", f"Format {form!r} is not served here; these are: {forms}.")
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
    get, check = asked.store.cars.getter(car or 0), asked.store.cars.checker(car or 0)
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
        network,
        served,
        root,
        path,
        get,
        check,
        cid,
        above,
        entry,
        swapped,
        signed.signature if signed else None,
    )


def _root(asked: Asked) -> CID:
    try:
        return CID.parse(asked.path("cid"))
    except InvalidCID as error:
        raise Refusal(400, "ERR_ID:00004", f"{error.message} - ERR_ID:00004") from None


def _has(served: Served | None, plugin: int) -> bool:
    return served is None or plugin in served.plugins


def _accepted(accept: str) -> str | None:
    """The format that an ``Accept`` header names; of several the one it likes best."""
    liked: list[tuple[float, str]] = []
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if form := _FORMATS.get(kind):
            told = next((text[2:] for text in parameters if text.startswith("q=")), "1")
            try:
                quality = float(told)
            except ValueError:
                quality = 0.0
            liked.append((quality, form))
    quality, form = max(liked, key=lambda one: one[0], default=(0.0, ""))
    return form if quality > 0 else None


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
    return Response(_block(found), headers=headers, media_type=RAW_TYPE)


def _block(found: _Found) -> bytes:
    """The first block of what the path leads to."""
    return bytes(found.above[-1].data) if found.above else found.cid.inlined or b""


def _coded(request: Request, found: _Found, form: str) -> Response:
    """What the first block says, in another codec or in its own."""
    kind, as_it_is = _CODED[form]
    headers = _headers(found, f"{found.cid}.{form}")
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    body = _block(found)
    if found.cid.codec not in as_it_is:
        try:
            value = block_value(found.cid, body)
            body = dagjson.encode(value) if form.endswith("json") else dagcbor.encode(value)
        except ContentError as error:
            raise Refusal(406, "ERR_FORMAT", error.message) from None
    headers |= {
        "content-type": kind,
        "content-disposition": f'attachment; filename="{found.cid}.{form.removeprefix("dag-")}"',
        "x-content-type-options": "nosniff",
        "vary": "Accept",
    }
    return Response(body, headers=headers)


def _car(request: Request, found: _Found) -> Response:
    query = request.query_params
    scope = query.get("dag-scope", "all")
    if scope not in ("all", "entity", "block"):
        raise Refusal(400, "ERR_FORMAT", f'"dag-scope" is all, entity or block, not {scope!r}')
    order = query.get("car-order", "dfs")
    if order not in ("dfs", "unk"):
        raise Refusal(400, "ERR_FORMAT", f'"car-order" is dfs or unk, not {order!r}')
    if query.get("car-version", "1") != "1":
        raise Refusal(400, "ERR_FORMAT", "CARs are of version 1 here")
    wanted: Range | None = None
    if (asked := query.get("entity-bytes")) is not None:
        is_file = found.entry is not None and found.entry.kind is Kind.FILE
        whole = found.entry.size if found.entry else 0
        part = read_entity_bytes(asked, whole)
        wanted = part if is_file and scope != "block" and part != (0, whole) else None
        scope = "entity" if scope == "all" else scope  # which entity-bytes imply
    accept = request.headers.get("accept", "")
    dups = (query.get("car-dups") or ("y" if re.search(r";\s*dups=y", accept) else "n")) == "y"
    cut = f".{wanted.start}-{wanted.stop}" if wanted else ""
    headers = _headers(found, f"{found.cid}.car.{scope}.{'y' if dups else 'n'}{cut}")
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
        for block in chain(found.above[:-1], _below(found, scope, dups, wanted)):
            yield car_section(block.cid, len(block.data))
            yield bytes(block.data)

    return StreamingResponse(stream(pieces()), headers=headers)


def _below(found: _Found, scope: str, dups: bool, wanted: Range | None) -> Iterable[Block]:
    """The blocks of what the path leads to, as far as the scope goes; whoever asks checks them."""
    if scope == "block":
        return found.above[-1:]
    if wanted:
        walk = Walk(found.cid, start=wanted.start, stop=wanted.stop)
        return _walked(found, walk, dups=dups)
    if scope == "entity" and found.entry and found.entry.kind is Kind.DIRECTORY:
        return _walked(found, Walk(found.cid, shallow=True), dups=dups)
    return walk_blocks(found.cid, found.get, dups=dups, verify=False)


def _walked(found: _Found, walk: Walk, *, dups: bool) -> Iterator[Block]:
    """The blocks that a walk wants: of a folder without what it holds, or of a part of a file."""
    given: set[CID] = set()
    while walk.wants is not None:
        block = Block(walk.wants, found.get(walk.wants))
        walk.feed(bytes(block.data))
        if dups or block.cid not in given:
            given.add(block.cid)
            yield block


async def _file(request: Request, found: _Found, entry: Entry, *, changing: bool = True) -> Response:
    query = request.query_params
    name = query.get("filename") or found.path.rpartition("/")[2]
    start_of_file = await anyio.to_thread.run_sync(
        lambda: b"".join(_content(found, 0, min(SNIFFED, entry.size)))
    )
    kind = _OF_CODEC.get(found.cid.codec) or sniff(start_of_file, name)
    if kind == "text/html" and found.served and not found.served.custom:
        raise Refusal(
            403, "ERR_ID:00023", "HTML is served under a custom domain of the gateway alone - ERR_ID:00023"
        )
    options = images.read_options(query) if changing else None
    if options and kind in images.CHANGED:
        return await _image(request, found, entry, options)
    headers = _headers(found, str(found.cid)) | {"accept-ranges": "bytes"}
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    headers["content-type"] = kind + ("; charset=utf-8" if kind.startswith("text/") else "")
    how = "attachment" if query.get("download", "").lower() == "true" else "inline"
    if query.get("filename") or how == "attachment":
        headers["content-disposition"] = f"{how}; filename*=UTF-8''{quote(name or str(found.cid), safe='')}"
    ranges = [Range(0, entry.size)]
    wanted = request.headers.get("range")
    status = 200
    if wanted and request.headers.get("if-range", headers["etag"]) == headers["etag"]:
        asked = read_ranges(wanted, entry.size)
        if asked == "unsatisfiable":
            raise Refusal(
                416, f"bytes */{entry.size}", f"The content has {entry.size} bytes, and {wanted} has none."
            )
        if asked:
            ranges, status = asked, 206
    if len(ranges) > 1:
        return _several(request, found, entry, ranges, headers)
    start, stop = ranges[0]
    if status == 206:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{entry.size}"
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(None, status, headers)
    return StreamingResponse(stream(_content(found, start, stop)), status, headers)


def _several(
    request: Request, found: _Found, entry: Entry, ranges: list[Range], headers: dict[str, str]
) -> Response:
    """Several ranges at once (RFC 9110, 14.6)."""
    parts = Multipart(ranges, kind=headers["content-type"], size=entry.size, boundary=secrets.token_hex(16))
    headers |= {"content-type": parts.media_type, "content-length": str(parts.length)}
    if request.method == "HEAD":
        return Response(None, 206, headers)

    def pieces() -> Iterator[bytes]:
        for head, (start, stop) in zip(parts.heads, ranges, strict=True):
            yield head
            yield from _content(found, start, stop)
            yield b"\r\n"
        yield parts.end

    return StreamingResponse(stream(pieces()), 206, headers)


async def _image(request: Request, found: _Found, entry: Entry, options: ImageOptions) -> Response:
    """An image, changed as the query says."""
    takes_webp = "image/webp" in request.headers.get("accept", "").lower()
    sign = hashlib.sha256(f"{options} {takes_webp}".encode()).hexdigest()[:16]
    headers = _headers(found, f"{found.cid}.img.{sign}") | {"vary": "Accept"}
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    try:
        if entry.size > images.MAX_INPUT:
            raise Refusal(413, "TOO_LARGE", f"An image above {images.MAX_INPUT:,} bytes is not changed here.")
        data = await anyio.to_thread.run_sync(lambda: b"".join(_content(found, 0, entry.size)))
        body, kind = await anyio.to_thread.run_sync(lambda: images.change(data, options, webp=takes_webp))
    except Refusal as refusal:
        if options.onerror != "redirect" or refusal.status == 501:
            raise
        if found.network == "private":  # another query is another link
            return await _file(request, found, entry, changing=False)
        kept = [
            (name, value) for name, value in request.query_params.multi_items() if name[:4].lower() != "img-"
        ]
        return RedirectResponse(str(request.url.replace(query=urlencode(kept))), 302)
    return Response(body, headers=headers, media_type=kind)


def _content(found: _Found, start: int, stop: int) -> Iterator[bytes]:
    steps = walk_steps(Walk(found.cid, start=start, stop=stop), found.get, found.check)
    return (step for step in steps if isinstance(step, bytes))


async def _folder(asked: Asked, found: _Found) -> Response:
    request = asked.request
    if not request.scope["path"].endswith("/"):
        query = f"?{request.url.query}" if request.url.query else ""
        path = request.scope["path"].removeprefix(request.scope.get("root_of_host", ""))
        return RedirectResponse(f"{quote(path)}/{query}", 301)
    below = await anyio.to_thread.run_sync(_links, found)
    if any(link.name == "index.html" for link in below):
        path = f"{found.path.rstrip('/')}/index.html".lstrip("/")
        request.path_params["path"] = path
        index = await anyio.to_thread.run_sync(_find, asked, found.network, found.served, True)
        if index.entry and index.entry.kind is Kind.FILE:
            return await _file(request, index, index.entry)
    headers = _headers(found, f"DirIndex-{found.cid}")
    if headers["cache-control"] == _FOREVER:  # but the page is made by this version of this program
        headers["cache-control"] = "public, max-age=604800, stale-while-revalidate=2678400"
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    block = _block(found)
    size = len(block) + links_size(found.cid, block)
    return HTMLResponse(listing(found.root, found.path, below, size=size), headers=headers)


def _links(found: _Found) -> list[Link]:
    walk = Walk(found.cid, shallow=True)
    for _ in _walked(found, walk, dups=True):
        pass
    return sorted(walk.below, key=lambda link: link.name)


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

    loop = asyncio.get_running_loop()
    ahead = loop.run_in_executor(None, gather)  # the next is made while one is sent
    try:
        while piece := await ahead:
            ahead = loop.run_in_executor(None, gather)
            yield piece
    finally:
        ahead.cancel()

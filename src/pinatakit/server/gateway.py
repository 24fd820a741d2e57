"""The gateway: what is kept, as files for people and as blocks for programs.

A program asks for ``raw`` blocks or a ``car`` and checks them itself; a browser gets the
bytes of files, and pages for folders. Private content is served through signed links alone.
Sources: specs.ipfs.tech/http-gateways: path gateway, trustless gateway and subdomain gateway;
Pinata's documentation of gateway errors (``ERR_ID``).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, cast
from urllib.parse import quote, unquote, urlencode, urlsplit

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from pinatakit import __version__
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
from pinatakit.content.multiformats import DAG_CBOR, DAG_JSON, DAG_PB, JSON, RAW
from pinatakit.content.pool import pool, workers
from pinatakit.errors import ContentError, InvalidCID, NoSuchPath
from pinatakit.protocol import Network
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE, ImageOptions
from pinatakit.protocol.plugins import ATTESTATION, HOT_SWAPS
from pinatakit.server import gateways, images, links, redirects, tar
from pinatakit.server.connection import ZERO_COPY
from pinatakit.server.forms import CBOR, CODED, TAR_TYPE, Form, read_form
from pinatakit.server.listing import data_page, listing
from pinatakit.server.media import SNIFFED, sniff
from pinatakit.server.ranges import Multipart, Range, read_entity_bytes, read_ranges
from pinatakit.server.refusal import Refusal
from pinatakit.server.request import Asked, host_of
from pinatakit.server.sending import FromFile, stream
from pinatakit.server.store.cars import Reading, Stretch
from pinatakit.server.store.gateways import Served

_LARGE: Final = 1 << 18  # bytes of a file that are worth opening its CAR for
_FOREVER: Final = "public, max-age=29030400, immutable"
_PAGES: Final = (
    "public, max-age=604800, stale-while-revalidate=2678400"  # made by this version of this program
)
_OF_CODEC: Final = {  # by codec: its form, whose media type and ending it has
    DAG_JSON: "dag-json",
    DAG_CBOR: "dag-cbor",
    JSON: "json",
    CBOR: "cbor",
}
_UNIXFS: Final = (DAG_PB, RAW)
_LABEL: Final = 63  # letters between the dots of a host (RFC 1035, 2.3.4)
_EXPOSED: Final = (
    "Content-Length, Content-Range, Content-Location, ETag, Ipfs-Uri, Pinata-Signature, X-Chunked-Output, "
    "X-Ipfs-Path, X-Ipfs-Roots, X-Request-Id, X-Stream-Output"
)
CORS: Final = {  # content may be read from any page
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": (
        "Access-Control-Expose-Headers, Cache-Control, Content-Type, If-None-Match, If-Range, Range, User-Agent, "
        "X-Payment, X-Pinata-Gateway-Token, X-Requested-With"
    ),
    "access-control-expose-headers": _EXPOSED,
}

_Content: TypeAlias = Callable[[int, int], Iterator[bytes | Stretch] | bytes]
"""The bytes of something, from one place to another: pieces, or all that are there."""


class _Found(NamedTuple):
    """What a path leads to."""

    network: Network
    served: Served | None  # by which gateway; None: by the server itself
    root: CID
    path: str
    car: Reading
    cid: CID
    block: bytes  # the first of what is found
    above: list[Block]  # the blocks on the way to it, the root's first
    roots: list[CID]  # one for each name of the path, and the root
    entry: Entry | None  # None where it is no file or folder
    swapped: CID | None  # what is served in the root's place
    signature: str | None


async def get(asked: Asked) -> Response:
    """``GET /ipfs/{cid}[/path]``."""
    served = gateways.admit(asked.store, asked.request, _root(asked))
    return await _serve(asked, "public", served)


def route_uri(asked: Asked) -> Response:
    """``GET /ipfs/?uri=ipfs://{cid}[/path]``, which a browser asks that opens such an address."""
    text = asked.query.get("uri", "")
    try:
        uri = urlsplit(text)
    except ValueError:
        uri = urlsplit("")
    if uri.scheme not in ("ipfs", "ipns") or not uri.netloc:
        raise Refusal(400, "ERR_FORMAT", f'"uri" is ipfs://… or ipns://…, not {text!r}')
    where = f"/{uri.scheme}/{quote(uri.netloc)}{quote(uri.path, safe='/%')}"
    return RedirectResponse(f"{where}?{uri.query}" if uri.query else where, 301, CORS)


def get_name(asked: Asked) -> Response:
    """``GET /ipns/{name}[/path]``: names are not resolved here."""
    raise Refusal(
        501,
        "ERR_NAME",
        f"/ipns/{asked.path('name')} is a name, which the local Pinata does not resolve: it asks neither DNS nor "
        "other nodes. Ask for the CID under /ipfs/.",
    )


async def get_private(asked: Asked) -> Response:
    """``GET /files/{cid}[/path]``, through a signed link."""
    links.check(asked)
    return await _serve(asked, "private", asked.store.gateways.at(host_of(asked.request)))


async def _serve(asked: Asked, network: Network, served: Served | None) -> Response:
    """A swapped CID as what it is swapped for, but its blocks as they are."""
    request = asked.request
    path = _clean(request.path_params.get("path", ""))
    if request.headers.get("service-worker") == "script" and "path" not in request.path_params:
        raise Refusal(400, "ERR_FORMAT", "A service worker is of a site, whose address ends with a slash.")
    form = read_form(request.query_params, request.headers.get("accept", ""))
    swapping = form.name in (None, "json", "cbor")
    try:
        found = await anyio.to_thread.run_sync(_find, asked, network, served, path, swapping)
    except Refusal as refusal:
        if refusal.reason != "NOT_FOUND" or form.name or "root_of_host" not in request.scope:
            raise
        return await _redirected(asked, network, served, path, refusal)
    if form.name in ("json", "cbor") and found.cid.codec in _UNIXFS:
        form = Form(None)  # files of JSON are files (IPIP-0524)
    response = await _answer(asked, found, form)
    if form.location and response.status_code < 300:
        response.headers["content-location"] = f"{_here(request)}?{form.location}"
    return response


async def _answer(asked: Asked, found: _Found, form: Form) -> Response:
    request = asked.request
    if form.name == "raw":
        return _raw(request, found)
    if form.name == "car":
        return _car(request, found, dups=form.dups)
    if form.name == "tar":
        return _tar(request, found)
    if form.name:
        return _coded(request, found, form.name)
    if found.cid.codec in (DAG_CBOR, DAG_JSON) and "text/html" in request.headers.get("accept", ""):
        return _data_page(request, found)
    if found.cid.codec in _OF_CODEC:
        return _coded(request, found, _OF_CODEC[found.cid.codec], asked_for=False)
    if found.entry is None:
        raise Refusal(501, "ERR_FORMAT", f"{found.cid} is no file or folder; ask for it with ?format=raw")
    if found.entry.kind is Kind.SYMLINK:
        headers = _headers(found) | {"content-type": "inode/symlink"}
        return _bytes(request, headers, found.entry.target.encode("utf-8", "surrogateescape"))
    if found.entry.kind is Kind.DIRECTORY:
        return await _folder(asked, found)
    return await _file(request, found, found.entry, name=found.path.rpartition("/")[2])


def _clean(path: str) -> str:
    """A path below a root, its dots followed; they do not lead out of it."""
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    slash = "/" if names and path.endswith("/") else ""
    return "/".join(names) + slash


def _find(asked: Asked, network: Network, served: Served | None, path: str, swapping: bool) -> _Found:
    root = _root(asked)
    swapping = swapping and _has(served, HOT_SWAPS)
    swapped = asked.store.swaps.now(network, root) if swapping else None
    top = swapped or root
    car = asked.store.cars.find(top, among=f"file.network = '{network}'")
    if car is None and top.inlined is None:
        if "only-if-cached" in asked.request.headers.get("cache-control", ""):
            raise Refusal(412, "ERR_ID:00006", "")
        raise Refusal(404, "ERR_ID:00006", f"{top} is not pinned here - ERR_ID:00006")
    reading = asked.store.cars.read(car or 0)
    way: list[Block] = []
    roots: list[CID] = []
    entry: Entry | None = None
    names = -1
    try:
        walk = Walk(top, path)
        steps = walk.leftover()
        while not steps:
            cid = walk.wants
            assert cid  # what a path leads to is a step
            if walk.names_left != names:  # and no further shard of the same folder
                names = walk.names_left
                roots.append(cid)
            way.append(Block(cid, reading.get(cid)))
            steps = walk.feed(bytes(way[-1].data))
        entry = next((step for step in steps if isinstance(step, Entry)), None)
    except NoSuchPath as error:
        raise Refusal(501 if error.inside else 404, "NOT_FOUND", error.message) from None
    except ContentError as error:
        if path:
            raise Refusal(400, "ERR_FORMAT", error.message) from None
    cid = entry.cid if entry else way[-1].cid if way else top
    inlined = cid.inlined
    block = bytes(way.pop().data) if inlined is None else inlined
    signed = asked.store.signatures.get(network, root) if _has(served, ATTESTATION) else None
    return _Found(
        network,
        served,
        root,
        path,
        reading,
        cid,
        block,
        way,
        roots or [top],
        entry,
        swapped,
        signed.signature if signed else None,
    )


async def _redirected(
    asked: Asked, network: Network, served: Served | None, path: str, missing: Refusal
) -> Response:
    """What the site's own rules say of a path that it does not have."""

    def follow(path: str) -> _Found:
        found = _find(asked, network, served, path, True)
        if found.entry is None or found.entry.kind is not Kind.FILE:
            raise missing
        return found

    def read() -> list[redirects.Rule]:
        file = follow(redirects.NAME)
        return redirects.read_rules(b"".join(_content(file, 0, redirects.MAX_FILE + 1)))

    try:
        rules = await anyio.to_thread.run_sync(read)
    except Refusal as refusal:
        raise missing if refusal.status == 404 else refusal from None
    for rule in rules:
        if (to := rule.leads(f"/{path}")) is None:
            continue
        if rule.status in redirects.MOVED:
            return RedirectResponse(to, rule.status, CORS)
        page = await anyio.to_thread.run_sync(follow, _clean(unquote(urlsplit(to).path)))
        assert page.entry
        name = page.path.rpartition("/")[2]
        return await _file(asked.request, page, page.entry, name=name, status=rule.status)
    raise missing


def _root(asked: Asked) -> CID:
    text = asked.path("cid")
    if "root_of_host" in asked.request.scope and len(text) > _LABEL:
        raise Refusal(400, "ERR_ID:00004", f"{text} is longer than a part of a host may be - ERR_ID:00004")
    try:
        return CID.parse(text)
    except InvalidCID as error:
        raise Refusal(400, "ERR_ID:00004", f"{error.message} - ERR_ID:00004") from None


def _has(served: Served | None, plugin: int) -> bool:
    return served is None or plugin in served.plugins


def _here(request: Request) -> str:
    """The path that was asked for, percent-encoded."""
    return quote(request.scope["path"].removeprefix(request.scope.get("root_of_host", "")))


def _headers(found: _Found, ending: str = "") -> dict[str, str]:
    private = found.network == "private"
    return {
        "etag": f'"{found.cid}{ending}"',
        "cache-control": "private, no-cache" if private else "no-cache" if found.swapped else _FOREVER,
        "x-ipfs-roots": ",".join(map(str, found.roots)),
        "vary": "Accept",
        **CORS,
        **_named(found),
        **({"pinata-signature": found.signature} if found.signature else {}),
    }


def _named(found: _Found) -> dict[str, str]:
    """What is asked for, in two spellings; the older one has no letters but those of ASCII (IPIP-0548)."""
    below = f"/{found.path}" if found.path else ""
    if found.network == "private":
        return {"x-ipfs-path": f"/files/{found.root}{quote(below)}"}
    path = f"/ipfs/{found.root}{below}"
    uri = f"ipfs://{found.root.to_v1()}{quote(below)}"
    return {"ipfs-uri": uri} | ({"x-ipfs-path": path} if path.isascii() and path.isprintable() else {})


def _disposition(request: Request, how: str, name: str) -> dict[str, str]:
    """How a browser shows or saves it, and under which name (RFC 6266; RFC 8187)."""
    name = request.query_params.get("filename") or name
    if request.query_params.get("download", "").lower() == "true":
        how = "attachment"
    plain = re.sub(r'[^ -~]|["\\]', "_", name)
    return {
        "content-disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
    }


def _unchanged(request: Request, headers: dict[str, str]) -> bool:
    given = request.headers.get("if-none-match", "")
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return headers["etag"].removeprefix("W/") in tags or "*" in tags


def _raw(request: Request, found: _Found) -> Response:
    headers = _headers(found, ".raw") | _disposition(request, "attachment", f"{found.cid}.bin")
    headers |= {"content-type": RAW_TYPE, "x-content-type-options": "nosniff"}
    return _bytes(request, headers, found.block)


def _coded(request: Request, found: _Found, form: str, *, asked_for: bool = True) -> Response:
    """What the first block says, in another codec or in its own."""
    kind, as_it_is = CODED[form]
    body = found.block
    if found.cid.codec not in as_it_is:
        try:
            value = block_value(found.cid, body)
            body = dagjson.encode(value) if form.endswith("json") else dagcbor.encode(value)
        except ContentError as error:
            raise Refusal(406, "ERR_FORMAT", error.message) from None
    ending = form.removeprefix("dag-")
    how = "inline" if ending == "json" else "attachment"
    headers = _headers(found, f".{form}" if asked_for else "")
    headers |= _disposition(request, how, f"{found.cid}.{ending}")
    headers |= {"content-type": kind, "x-content-type-options": "nosniff"}
    return _bytes(request, headers, body)


def _bytes(request: Request, headers: dict[str, str], body: bytes) -> Response:
    """Bytes that are there already, or the ranges of them that are asked for."""
    return _sent(request, headers, len(body), lambda start, stop: body[start:stop])


def _data_page(request: Request, found: _Found) -> Response:
    headers = _headers(found) | {
        "etag": f'"DagIndex-{__version__}_CID-{found.cid}"',
        "content-type": "text/html; charset=utf-8",
    }
    del headers["cache-control"]
    text = json.dumps(
        json.loads(dagjson.encode(block_value(found.cid, found.block))), indent=2, ensure_ascii=False
    )
    return _bytes(request, headers, data_page(found.cid, text).encode())


def _tar(request: Request, found: _Found) -> Response:
    """Files and folders as one archive (IPIP-0288)."""
    if found.entry is None or found.cid.codec not in _UNIXFS:
        raise Refusal(400, "ERR_FORMAT", f"{found.cid} is no file or folder, which an archive is of.")
    top = found.path.rstrip("/").rpartition("/")[2] or str(found.cid)
    headers = _headers(found) | {"etag": f'W/"{found.cid}.x-tar"'}
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    headers |= _disposition(request, "attachment", f"{top}.tar")
    headers |= {"content-type": TAR_TYPE, "x-content-type-options": "nosniff"}
    if request.method == "HEAD":
        return _head_of_a_stream(headers)
    steps = walk_steps(Walk(found.cid), found.car.get, found.car.check)
    return StreamingResponse(stream(tar.pieces(steps, top)), headers=headers)


def _car(request: Request, found: _Found, *, dups: bool) -> Response:
    query = request.query_params
    scope = query.get("dag-scope", "all")
    if scope not in ("all", "entity", "block"):
        raise Refusal(400, "ERR_FORMAT", f'"dag-scope" is all, entity or block, not {scope!r}')
    wanted: Range | None = None
    if (asked := query.get("entity-bytes")) is not None:
        whole = found.entry.size if found.entry else 0
        part = read_entity_bytes(asked, whole)
        is_file = found.entry and found.entry.kind is Kind.FILE and found.cid.codec in _UNIXFS
        wanted = part if is_file and scope != "block" and part != (0, whole) else None
        scope = "entity" if scope == "all" else scope  # which entity-bytes imply
    cut = f".{wanted.start}-{wanted.stop}" if wanted else ""
    shown = "y" if dups else "n"
    headers = _headers(found, f".car.{scope}.{shown}{cut}")
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    headers |= _disposition(request, "attachment", f"{found.cid}.car")
    headers |= {
        "content-type": f"{CAR_TYPE}; version=1; order=dfs; dups={shown}",
        "x-content-type-options": "nosniff",
    }
    if request.method == "HEAD":
        return _head_of_a_stream(headers)

    file = found.car.path if ZERO_COPY in request.scope.get("extensions", {}) else None
    get = cast("Callable[[CID], bytes]", found.car.peek) if file else found.car.get

    def pieces() -> Iterator[bytes | Stretch]:
        yield car_header([found.root])
        for cid, data in chain(found.above, _below(found, get, scope, dups, wanted)):
            head = car_section(cid, len(data))
            if isinstance(data, Stretch):
                section = found.car.section(head, data)
                yield from (section,) if section else (head, data)
            else:
                yield head + bytes(data)

    return _streamed(pieces(), 200, headers, file)


def _head_of_a_stream(headers: dict[str, str]) -> Response:
    """The answer to HEAD where only the end tells how long it is: it says nothing of that (RFC 9110, 8.6)."""
    response = Response(None, headers=headers)
    del response.headers["content-length"]
    return response


def _below(
    found: _Found, get: Callable[[CID], bytes], scope: str, dups: bool, wanted: Range | None
) -> Iterable[Block]:
    """The blocks of what the path leads to, as far as the scope goes; whoever asks checks them."""
    if scope == "block" or (scope == "entity" and found.cid.codec not in _UNIXFS):
        return [] if found.cid.inlined is not None else [Block(found.cid, found.block)]
    if wanted:
        walk = Walk(found.cid, start=wanted.start, stop=wanted.stop)
        return _walked(walk, get, dups=dups)
    if scope == "entity" and found.entry and found.entry.kind is Kind.DIRECTORY:
        return _walked(Walk(found.cid, shallow=True), get, dups=dups)
    return walk_blocks(found.cid, get, dups=dups, verify=False)


def _walked(walk: Walk, get: Callable[[CID], bytes], *, dups: bool) -> Iterator[Block]:
    """The blocks that a walk wants: of a folder without what it holds, or of a part of a file."""
    given: set[CID] = set()
    while (cid := walk.wants) is not None:
        block = get(cid)
        walk.take(block) if cid.codec == RAW else walk.feed(block)  # leaves are not looked into here
        if dups or cid not in given:
            given.add(cid)
            yield Block(cid, block)


async def _file(
    request: Request,
    found: _Found,
    entry: Entry,
    *,
    name: str,
    tag: CID | None = None,
    changing: bool = True,
    status: int = 200,
) -> Response:
    query = request.query_params
    name = query.get("filename") or name
    start_of_file = await anyio.to_thread.run_sync(
        lambda: b"".join(_content(found, 0, min(SNIFFED, entry.size)))
    )
    kind = sniff(start_of_file, name)
    if kind == "text/html" and found.served and not found.served.custom:
        raise Refusal(
            403, "ERR_ID:00023", "HTML is served under a custom domain of the gateway alone - ERR_ID:00023"
        )
    options = images.read_options(query) if changing else None
    if options and kind in images.CHANGED:
        return await _image(request, found, entry, options, name=name)
    headers = _headers(found) | ({"etag": f'"{tag}"'} if tag else {})
    headers["content-type"] = kind + ("; charset=utf-8" if kind.startswith("text/") else "")
    if query.get("filename") or query.get("download", "").lower() == "true":
        headers |= _disposition(request, "inline", name or str(found.cid))
    raw = entry.size >= _LARGE and found.cid.version == 1  # leaves, as a rule
    if raw and ZERO_COPY in request.scope.get("extensions", {}):
        content, file = partial(_stretches, found), found.car.path
        return _sent(request, headers, entry.size, content, status=status, file=file)
    return _sent(request, headers, entry.size, partial(_content, found), status=status)


def _sent(
    request: Request,
    headers: dict[str, str],
    size: int,
    content: _Content,
    *,
    status: int = 200,
    file: Path | None = None,
) -> Response:
    """Content, or the ranges of it that are asked for, unless it is there already (RFC 9110, 13 and 14).

    It may have stretches of a `file`.
    """
    ranges = [Range(0, size)]
    if status == 200:
        headers["accept-ranges"] = "bytes"
        if _unchanged(request, headers):
            return Response(None, 304, headers)
        wanted = request.headers.get("range")
        if wanted and request.headers.get("if-range", headers["etag"]) == headers["etag"]:
            asked = read_ranges(wanted, size)
            if asked == "unsatisfiable":
                raise Refusal(416, f"bytes */{size}", f"The content has {size} bytes, and {wanted} has none.")
            if asked:
                ranges, status = asked, 206
    if len(ranges) > 1:
        return _several(request, headers, size, ranges, content, file)
    start, stop = ranges[0]
    if status == 206:
        headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(None, status, headers)
    body = content(start, stop)
    if isinstance(body, bytes):
        return Response(body, status, headers)
    return _streamed(body, status, headers, file)


def _streamed(
    pieces: Iterator[bytes | Stretch], status: int, headers: dict[str, str], file: Path | None
) -> Response:
    if file is None:
        return StreamingResponse(stream(pieces), status, headers)
    return FromFile(file, pieces, status, headers)


def _several(
    request: Request,
    headers: dict[str, str],
    size: int,
    ranges: list[Range],
    content: _Content,
    file: Path | None,
) -> Response:
    """Several ranges at once (RFC 9110, 14.6)."""
    parts = Multipart(ranges, kind=headers["content-type"], size=size, boundary=secrets.token_hex(16))
    headers |= {"content-type": parts.media_type, "content-length": str(parts.length)}
    if request.method == "HEAD":
        return Response(None, 206, headers)

    def pieces() -> Iterator[bytes | Stretch]:
        for head, (start, stop) in zip(parts.heads, ranges, strict=True):
            yield head
            body = content(start, stop)
            yield from (body,) if isinstance(body, bytes) else body
            yield b"\r\n"
        yield parts.end

    return _streamed(pieces(), 206, headers, file)


async def _image(
    request: Request, found: _Found, entry: Entry, options: ImageOptions, *, name: str
) -> Response:
    """An image, changed as the query says."""
    takes_webp = "image/webp" in request.headers.get("accept", "").lower()
    sign = hashlib.sha256(f"{options} {takes_webp}".encode()).hexdigest()[:16]
    headers = _headers(found, f".img.{sign}")
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
            return await _file(request, found, entry, name=name, changing=False)
        kept = [
            (name, value) for name, value in request.query_params.multi_items() if name[:4].lower() != "img-"
        ]
        return RedirectResponse(str(request.url.replace(query=urlencode(kept))), 302, CORS)
    return Response(body, headers=headers, media_type=kind)


def _content(found: _Found, start: int, stop: int) -> Iterator[bytes]:
    steps = walk_steps(Walk(found.cid, start=start, stop=stop), found.car.get, found.car.check)
    return (step for step in steps if isinstance(step, bytes))


def _stretches(found: _Found, start: int, stop: int) -> Iterator[bytes | Stretch]:
    """As `_content`, but of raw leaves where they are; what is not known to be sound is checked before."""
    walk, car = Walk(found.cid, start=start, stop=stop), found.car
    checked: dict[CID, Future[None]] = {}
    steps = walk.leftover()
    while True:
        yield from (step for step in steps if not isinstance(step, Entry))
        if (cid := walk.wants) is None:
            return
        for leaf in walk.upcoming(2 * workers() + 1):
            if leaf.codec == RAW and leaf.inlined is None and leaf not in checked and not car.is_sound(leaf):
                checked[leaf] = pool().submit(car.verify, leaf)
        if cid in checked:
            checked.pop(cid).result()
        if cid.codec == RAW:
            steps = walk.take(cast("bytes", car.peek(cid)))  # it has a length and parts too
        else:
            block = car.get(cid)
            car.check(cid, block)
            steps = walk.take(block)


async def _folder(asked: Asked, found: _Found) -> Response:
    request = asked.request
    if not request.scope["path"].endswith("/"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{_here(request)}/{query}", 301, CORS | _named(found))
    below = await anyio.to_thread.run_sync(_links, found)
    if any(link.name == "index.html" for link in below):
        inside = f"{found.path.rstrip('/')}/index.html"
        index = await anyio.to_thread.run_sync(_find, asked, found.network, found.served, inside, True)
        if index.entry and index.entry.kind is Kind.FILE:
            page = index._replace(path=found.path, roots=found.roots)
            return await _file(request, page, index.entry, name="index.html", tag=found.cid)
    headers = _headers(found) | {
        "etag": f'"DirIndex-{__version__}_CID-{found.cid}"',
        "content-type": "text/html; charset=utf-8",
    }
    if headers["cache-control"] == _FOREVER:
        headers["cache-control"] = _PAGES
    if _unchanged(request, headers):
        return Response(None, 304, headers)
    size = len(found.block) + links_size(found.cid, found.block)
    return Response(listing(found.root, found.path, below, size=size), headers=headers)


def _links(found: _Found) -> list[Link]:
    walk = Walk(found.cid, shallow=True)
    for _ in _walked(walk, found.car.get, dups=True):
        pass
    return sorted(walk.below, key=lambda link: link.name)

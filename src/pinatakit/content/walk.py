"""Walk: turns the blocks of a DAG back into files and folders, checking each block first.

A walk says which block it wants next and is fed its bytes; it does not care where they come
from. Depth first, links in order: the order in which a CAR from a gateway brings them.

    walk = Walk(root)
    while walk.wants:
        for step in walk.feed(get(walk.wants)):
            ...                             # an Entry, or bytes of the last file entered

In memory is one path of the tree with the links beside it, whatever the content's size.
Sources: specs.ipfs.tech/unixfs; specs.ipfs.tech/http-gateways/trustless-gateway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, cast

from pinatakit.content import dagcbor, dagjson, dagpb
from pinatakit.content import multiformats as mf
from pinatakit.content.blocks import MAX_BLOCK, Block
from pinatakit.content.cid import CID
from pinatakit.content.dagpb import Kind, Link, UnixFS
from pinatakit.content.hamt import MAX_DEPTH, MURMUR3_X64_64, hash_name, slot_of
from pinatakit.content.multiformats import CODEC_NAMES, DAG_CBOR, DAG_JSON, DAG_PB, JSON, RAW
from pinatakit.content.pool import pool, workers
from pinatakit.errors import ContentError, Malformed, NoSuchPath

_DATA: Final = frozenset({DAG_CBOR, DAG_JSON, JSON})
_SLOT: Final = re.compile("[0-9A-F]{2}")
_MAX_HEIGHT: Final = 1024  # directories in directories, or nodes in a file
_MAX_PATH: Final = 1 << 15  # letters: the longest that any file system has
_MAX_INLINED: Final = 1 << 22  # bytes of memory, about, for what the CIDs of one block inline
_SMALL: Final = 16 << 10  # bytes that are hashed faster than a thread takes them over


class Entry(NamedTuple):
    """A file, a directory or a symlink that the walk has come to.

    Attributes:
        path: below the root walked, with ``/`` between names; of the root itself, empty.
        kind: `Kind.FILE`, `Kind.DIRECTORY` or `Kind.SYMLINK`; a block of dag-cbor, dag-json or
            json is a file too, and its CID tells the codec.
        cid: the CID of its first block.
        size: bytes of a file; 0 otherwise.
        target: where a symlink leads, else empty.
    """

    path: str
    kind: Kind
    cid: CID
    size: int
    target: str


class _Visit(NamedTuple):
    """A block that is wanted, and what it will be."""

    cid: CID
    folder: str  # the path of what it lies in
    name: str  # its own name there
    height: int  # blocks above it
    segments: tuple[str, ...] = ()  # of the path still to be resolved
    shard: bytes | None = None  # the slots above it, of a shard in a sharded directory
    part: tuple[int, int] | None = None  # of a file: where it starts, how many bytes it must have

    @property
    def path(self) -> str:
        """Put together when it is come to: all that lie in a folder share its path until then."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class Walk:
    """One pass over a DAG, from its root or from a path below it.

    `start` and `stop` cut bytes out of a file, counted from 0, `stop` not included; only
    the blocks that hold them are wanted. A `shallow` walk wants of a folder its own blocks
    alone, and of a file the first; the links it met in the folder are in `below`. Without
    `contents` it goes through all folders, and wants of each file only the first block.
    """

    def __init__(
        self,
        root: CID,
        path: str = "",
        *,
        start: int = 0,
        stop: int | None = None,
        shallow: bool = False,
        contents: bool = True,
    ) -> None:
        if start < 0 or (stop is not None and stop < start):
            raise ValueError(f"bytes {start} to {stop} are not a range")
        self.root = root
        self.path = path
        self._start = start
        self._stop = stop
        self._shallow = shallow
        self._contents = contents and not shallow
        self.below: list[Link] = []
        self._stack = [_Visit(root, "", "", 0, tuple(name for name in path.split("/") if name))]
        self._inlined: list[Entry | bytes] = []
        self._settle()

    @property
    def wants(self) -> CID | None:
        """The block to feed next, or `None` at the end."""
        return self._stack[-1].cid if self._stack else None

    @property
    def entering(self) -> str | None:
        """The path of what the block to feed next begins: a file, a directory or a symlink.

        `None` where it is a further block of one, is on the way to it, or at the end.
        """
        visit = self._stack[-1] if self._stack else None
        if visit is None or visit.segments or visit.part is not None or visit.shard is not None:
            return None
        return visit.path

    @property
    def names_left(self) -> int:
        """Names of the path that are still to be followed from the block to feed next."""
        return len(self._stack[-1].segments) if self._stack else 0

    def skip(self) -> list[Entry | bytes]:
        """Pass over the block that is wanted and all below it; as `feed`, what comes without a block."""
        self._stack.pop()
        return self._go_on()

    def upcoming(self, most: int) -> list[CID]:
        """Blocks that will be wanted, the next one first; more are not known yet."""
        return [visit.cid for visit in self._stack[: -most - 1 : -1]]

    def feed(self, block: bytes) -> list[Entry | bytes]:
        """Take the block that was wanted, and say what was in it, in order.

        Raises:
            BlockMismatch: the bytes do not hash to the CID; the same block is still wanted.
            Malformed: the block is no UnixFS, or contradicts the one above it.
            NoSuchPath: a name of the path is not there.
        """
        Block(self._stack[-1].cid, block).check()
        return self.take(block)

    def take(self, block: bytes) -> list[Entry | bytes]:
        """As `feed`, a block that was checked against its CID already."""
        visit = self._stack.pop()
        try:
            opened = self._open(visit, block)
        except ContentError:
            self._stack.append(visit)  # the walk stands where it stood
            raise
        self._inlined += opened
        return self._go_on()

    def _go_on(self) -> list[Entry | bytes]:
        """What came before the next block that is wanted."""
        before = len(self._inlined)
        self._settle()
        if self._stack:  # what was inlined before the next block comes with it
            steps, self._inlined = self._inlined[:before], self._inlined[before:]
            return steps
        return self._take_inlined()

    def _take_inlined(self) -> list[Entry | bytes]:
        """What inlined blocks held, unless a block is still wanted."""
        if self._stack:
            return []
        steps, self._inlined = self._inlined, []
        return steps

    def leftover(self) -> list[Entry | bytes]:
        """What a DAG held that is inlined in its root's CID, so that no block was wanted."""
        return self._take_inlined()

    def _settle(self) -> None:
        """Open the blocks that are inlined in their own CIDs."""
        room = _MAX_INLINED
        while self._stack and (block := self._stack[-1].cid.inlined) is not None:
            visit = self._stack.pop()
            try:
                room -= 256 + len(visit.folder)
                if room < 0:
                    raise Malformed(f"{self.root} has too many blocks inlined in CIDs one after the other")
                self._inlined += self._open(visit, block)
            except ContentError:
                self._stack.append(visit)  # the walk goes no further than here
                raise

    def _open(self, visit: _Visit, block: bytes) -> list[Entry | bytes]:
        if visit.height > _MAX_HEIGHT:
            raise Malformed(f"a DAG more than {_MAX_HEIGHT} blocks deep")
        if len(visit.folder) + len(visit.name) >= _MAX_PATH:
            raise Malformed(f"a path of more than {_MAX_PATH:,} letters, starting {visit.path[:80]!r}")
        if visit.cid.codec == RAW and visit.shard is None:
            return self._file(visit, UnixFS(Kind.RAW, block, len(block)), [])
        if visit.cid.codec in _DATA and visit.shard is None and visit.part is None:
            if visit.segments and visit.cid.codec != JSON:
                return self._through(visit, block)
            self._no_more_path(visit)
            cut = block[self._start : self._stop]
            return [Entry(visit.path, Kind.FILE, visit.cid, len(block), ""), *([cut] if cut else [])]
        if visit.cid.codec != DAG_PB:  # no raw block is a shard
            codec = CODEC_NAMES.get(visit.cid.codec, f"0x{visit.cid.codec:x}")
            raise Malformed(f"block {visit.cid} is {codec}, not a file or a folder")
        node = dagpb.decode_node(block)
        fs = dagpb.decode_unixfs(node.data)
        if visit.shard is not None and fs.kind is not Kind.SHARD:
            raise Malformed(f"block {visit.cid} stands in a sharded directory and is no shard")
        match fs.kind:
            case Kind.FILE | Kind.RAW:
                return self._file(visit, fs, node.links)
            case Kind.DIRECTORY:
                return self._directory(visit, node.links)
            case Kind.SHARD:
                return self._shard(visit, fs, node.links)
            case Kind.SYMLINK:
                self._no_more_path(visit)
                target = fs.data.decode("utf-8", "surrogateescape")
                return [Entry(visit.path, Kind.SYMLINK, visit.cid, 0, target)]
            case Kind.METADATA:
                raise Malformed(f"block {visit.cid} is a UnixFS metadata node, which nobody writes")

    def _through(self, visit: _Visit, block: bytes) -> list[Entry | bytes]:
        """Follow the path through a value to the link by which it leaves its block."""
        value: object = block_value(visit.cid, block)
        for place, name in enumerate(visit.segments, 1):
            below = _inside(value)
            if name not in below:
                raise NoSuchPath(self.root, self.path, at=name)
            value = below[name]
            if isinstance(value, CID):
                self._stack.append(_Visit(value, "", "", visit.height + 1, visit.segments[place:]))
                return []
        raise NoSuchPath(self.root, self.path, at=visit.segments[-1], inside=True)

    def _no_more_path(self, visit: _Visit) -> None:
        if visit.segments:
            raise NoSuchPath(self.root, self.path, at=visit.segments[0])
        if visit.part is not None:
            raise Malformed(f"block {visit.cid} stands in a file and is no part of one")

    def _file(self, visit: _Visit, fs: UnixFS, links: list[Link]) -> list[Entry | bytes]:
        if len(fs.sizes) != len(links):
            raise Malformed(f"file node {visit.cid} has {len(links)} links and {len(fs.sizes)} sizes")
        size = len(fs.data) + sum(fs.sizes)
        if fs.size is not None and fs.size != size:
            raise Malformed(f"file node {visit.cid} says {fs.size:,} bytes and links to {size:,}")
        steps: list[Entry | bytes] = []
        if visit.part is None:
            self._no_more_path(visit)
            steps.append(Entry(visit.path, Kind.FILE, visit.cid, size, ""))
            at = 0
        else:
            at, promised = visit.part
            if size != promised:
                raise Malformed(f"file node {visit.cid} has {size:,} bytes where {promised:,} were promised")
        stop = self._stop if self._stop is not None else at + size
        if data := fs.data[max(0, self._start - at) : max(0, stop - at)]:
            steps.append(data)
        at += len(fs.data)
        parts: list[_Visit] = []
        for link, part in zip(links, fs.sizes, strict=True):
            if part and at < stop and at + part > self._start and self._start < stop:
                parts.append(_Visit(link.cid, visit.folder, visit.name, visit.height + 1, part=(at, part)))
            at += part
        if self._contents:
            self._stack += reversed(parts)
        return steps

    def _directory(self, visit: _Visit, links: list[Link]) -> list[Entry | bytes]:
        if visit.segments:
            self._follow(visit, [link for link in links if link.name == visit.segments[0]])
            return []
        return self._enter(visit, [(link.name, link) for link in links])

    def _shard(self, visit: _Visit, fs: UnixFS, links: list[Link]) -> list[Entry | bytes]:
        above = visit.shard or b""
        if fs.hash_code != MURMUR3_X64_64 or fs.fanout != 256 or len(above) >= MAX_DEPTH:
            raise Malformed(f"shard {visit.cid} is not of 256 slots by murmur3-x64-64")
        if visit.shard is not None and not links:
            raise Malformed(f"shard {visit.cid} is empty, which nobody writes")
        taken: set[str] = set()
        for link in links:
            slot, name = link.name[:2], link.name[2:]
            if not _SLOT.fullmatch(slot) or slot in taken or (name and not _hangs_in(name, above, slot)):
                raise Malformed(
                    f"shard {visit.cid} has {link.name[:80]!r} in a slot that is not its own, or is taken twice"
                )
            taken.add(slot)
        if visit.segments:
            name = visit.segments[0]
            slot = f"{slot_of(name, len(above)):02X}"
            below = [link for link in links if link.name == slot]
            if below:
                self._stack.append(_below(visit, below[0]))
            else:
                self._follow(visit, [link for link in links if link.name == slot + name])
            return []
        return self._enter(visit, [(link.name[2:], link) for link in links], sharded=True)

    def _enter(
        self, visit: _Visit, named: list[tuple[str, Link]], *, sharded: bool = False
    ) -> list[Entry | bytes]:
        """Come into a directory, or a shard of one: its entries are next."""
        self._no_more_path(visit)
        if self._start or self._stop is not None:
            raise Malformed(f"{visit.cid} is a folder; only a file has a range of bytes")
        path = visit.path
        visits: list[_Visit] = []
        seen: set[str] = set()
        for name, link in named:
            if not name and sharded:  # a shard of the same directory
                visits.append(_below(visit, link))
                continue
            if name in ("", ".", "..") or "/" in name or "\0" in name or name in seen:
                raise Malformed(f"directory {visit.cid} has an entry named {name[:80]!r}, or has it twice")
            seen.add(name)
            if self._shallow:
                self.below.append(link._replace(name=name))
                continue
            visits.append(_Visit(link.cid, path, name, visit.height + 1))
        self._stack += reversed(visits)
        if visit.shard:
            return []
        return [Entry(path, Kind.DIRECTORY, visit.cid, 0, "")]

    def _follow(self, visit: _Visit, found: list[Link]) -> None:
        if not found:
            raise NoSuchPath(self.root, self.path, at=visit.segments[0])
        self._stack.append(_Visit(found[0].cid, "", "", visit.height + 1, visit.segments[1:]))


def _below(visit: _Visit, link: Link) -> _Visit:
    """The shard of the same directory that a link named only by its slot leads to."""
    above = (visit.shard or b"") + bytes.fromhex(link.name)
    return visit._replace(cid=link.cid, height=visit.height + 1, shard=above)


def _inside(value: object) -> Mapping[str, object]:
    """What a path may lead to from a value: by the keys of a map, by the places of a list."""
    if isinstance(value, list):
        return {str(place): item for place, item in enumerate(cast("list[object]", value))}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _hangs_in(name: str, above: bytes, slot: str) -> bool:
    """Whether a name's hash leads through the slots above to this one."""
    return hash_name(name.encode("utf-8", "surrogateescape")).startswith(above + bytes.fromhex(slot))


def walk_steps(
    walk: Walk, get: Callable[[CID], bytes], check: Callable[[CID, bytes], object] = CID.verify
) -> Iterator[Entry | bytes]:
    """All that a walk comes to, its blocks read with `get`.

    The next blocks are read and checked in threads meanwhile; a few are held in memory. Small ones
    are not: each is done before a thread had taken it over. `check` is what checks one.

    Raises:
        BlockMismatch: `get` gave other bytes than the CID names.
    """

    def checked(cid: CID) -> bytes:
        block = get(cid)
        if len(block) > MAX_BLOCK:
            raise Malformed(f"block {cid} has {len(block):,} bytes; at most {MAX_BLOCK:,} are taken")
        check(cid, block)
        return block

    ahead: dict[CID, Future[bytes]] = {}
    small = False
    yield from walk.leftover()
    while upcoming := walk.upcoming(1 if small else 2 * workers() + 1):
        here = upcoming[0]
        if small and here not in ahead:
            block = checked(here)
        else:
            for cid in upcoming:
                if cid not in ahead and cid.inlined is None:
                    ahead[cid] = pool().submit(checked, cid)
            block = ahead[here].result()
            if here not in upcoming[1:]:  # a block that comes again soon is not read again
                del ahead[here]
        small = len(block) <= _SMALL
        yield from walk.take(block)


def walk_blocks(
    root: CID, get: Callable[[CID], bytes], *, dups: bool = False, verify: bool = True
) -> Iterator[Block]:
    """Every block of a DAG, depth first, links in order: as ``ipfs dag export`` writes them.

    A block that is linked again is given again only with `dups`; without, memory holds
    every CID met. Blocks are checked, unless `verify` is off because whoever gets them does it,
    and those inlined in their CIDs left out.

    Raises:
        BlockMismatch: `get` gave other bytes.
    """
    stack = [(root, 0)]
    seen: set[CID] = set()
    while stack:
        cid, height = stack.pop()
        if height > _MAX_HEIGHT:
            raise Malformed(f"a DAG more than {_MAX_HEIGHT} blocks deep")
        block = cid.inlined
        if block is None:
            if not dups:
                if cid in seen:
                    continue
                seen.add(cid)
            block = get(cid)
            if verify:
                cid.verify(block)
            yield Block(cid, block)
        stack += ((linked, height + 1) for linked in reversed(links_of(cid, block)))


def block_value(cid: CID, block: bytes) -> Any:
    """What a block says, as IPLD's data model has it: maps, lists, links, bytes, text, numbers.

    Raises:
        Malformed: it is not of its codec, or its codec is unknown here.
    """
    match cid.codec:
        case mf.DAG_PB:
            node = dagpb.decode_node(block)
            links = [{"Hash": link.cid, "Name": link.name, "Tsize": link.size} for link in node.links]
            return {"Data": node.data, "Links": links}
        case mf.DAG_CBOR:
            return dagcbor.decode(block)
        case mf.DAG_JSON | mf.JSON:
            return dagjson.decode(block)
        case mf.RAW:
            return block
        case _:
            raise Malformed(
                f"block {cid} is {CODEC_NAMES.get(cid.codec, hex(cid.codec))}, which is unknown here"
            )


def walk_cids(root: CID, links: Callable[[CID], list[CID]]) -> Iterator[CID]:
    """Every CID of a DAG once, in the order of `walk_blocks`; `links` tells those a block has."""
    stack = [(root, 0)]
    seen: set[CID] = set()
    while stack:
        cid, height = stack.pop()
        if height > _MAX_HEIGHT:
            raise Malformed(f"a DAG more than {_MAX_HEIGHT} blocks deep")
        if cid not in seen:
            seen.add(cid)
            yield cid
            below = [linked for linked in dict.fromkeys(links(cid)) if linked not in seen]
            stack += ((linked, height + 1) for linked in reversed(below))


def links_of(cid: CID, block: bytes) -> list[CID]:
    """The blocks that this one links to, in order.

    Raises:
        Malformed: it is not of its codec.
    """
    if cid.codec == DAG_PB:
        return [link.cid for link in dagpb.decode_node(block).links]
    if cid.codec == DAG_CBOR:
        return list(dagcbor.links(dagcbor.decode(block)))
    return dagjson.links(block) if cid.codec == DAG_JSON else []


def links_size(cid: CID, block: bytes) -> int:
    """Bytes of all blocks below this one, as its links say; 0 where it has none."""
    return sum(link.size for link in dagpb.decode_node(block).links) if cid.codec == DAG_PB else 0

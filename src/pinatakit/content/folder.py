"""FolderBuilder: name the roots of files, get the root of the folder that holds them.

A directory is one block of links sorted by the bytes of their names, or, above a size, a
tree of shards (`hamt`). Names are kept as given: no Unicode form is preferred.

Sources: specs.ipfs.tech/unixfs ("Directory"); IPIP-499 (when a directory is sharded).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final, TypeAlias

from pinatakit.content import dagpb
from pinatakit.content.blocks import Block, Root, Sink
from pinatakit.content.cid import CID
from pinatakit.content.hamt import Named, build_shard
from pinatakit.content.multiformats import DAG_PB
from pinatakit.content.profile import Profile
from pinatakit.errors import InputError

MAX_DEPTH: Final = 400
"""Folders in folders: deeper than any file system's longest path, and no deeper than a `Walk` goes."""

_Tree: TypeAlias = dict[str, "Root | _Tree"]


class FolderBuilder:
    """Builds one folder from the roots of what is in it.

    Paths are relative, with ``/`` between names. The order of adding does not matter.
    `sink` is given the directories' blocks, the root last.
    """

    def __init__(self, profile: Profile, sink: Sink | None = None) -> None:
        self.profile = profile
        self._sink = sink
        self._tree: _Tree = {}

    def add(self, path: str, root: Root) -> None:
        """Put a file, a symlink or a whole folder at a path.

        Raises:
            InputError: the path is not relative and plain, or is taken.
        """
        *above, name = _names(path)
        tree = self._enter(above, path)
        if name in tree:
            raise InputError(f"the folder has two entries at {path!r}")
        tree[name] = root

    def add_folder(self, path: str) -> None:
        """Make sure there is a folder at a path, be it empty.

        Raises:
            InputError: the path is not relative and plain, or a file is there.
        """
        self._enter(_names(path), path)

    def finish(self) -> Root:
        """The root of the folder."""
        return self._build(self._tree)

    def _enter(self, names: list[str], path: str) -> _Tree:
        if len(names) > MAX_DEPTH:
            raise InputError(f"a folder {len(names)} folders deep; at most {MAX_DEPTH} are built")
        tree = self._tree
        for name in names:
            below = tree.setdefault(name, {})
            if not isinstance(below, dict):
                raise InputError(f"the folder has both a file and a folder at {name!r} in {path!r}")
            tree = below
        return tree

    def _build(self, tree: _Tree) -> Root:
        entries = {
            name: self._build(below) if isinstance(below, dict) else below for name, below in tree.items()
        }
        return build_directory(entries, self.profile, self._sink)


def build_directory(entries: Mapping[str, Root], profile: Profile, sink: Sink | None = None) -> Root:
    """The root of one directory; its entries' own blocks are already made.

    Raises:
        InputError: two names have the same bytes, or one holds half of a character.
    """
    named = [(_encoded(name), bytes(root.cid), root.size, root.dag_size) for name, root in entries.items()]
    named.sort()
    for entry, following in pairwise(named):
        if entry[0] == following[0]:  # as text they differ when one has its letters escaped
            name = entry[0].decode("utf-8", "surrogateescape")
            raise InputError(f"the folder has two entries called {name!r}")
    return build_sorted(named, profile, sink)


def build_sorted(named: list[Named], profile: Profile, sink: Sink | None) -> Root:
    """As `build_directory`, the entries encoded and sorted by name."""
    if profile.shard_estimate == "links":
        estimate = sum([len(name) + len(cid) for name, cid, _, _ in named])
        block = b""
    else:
        block = _encode(named)
        estimate = len(block)
    if estimate > profile.shard_above or (profile.shard_at_equal and estimate == profile.shard_above):
        return build_shard(named, profile.cid_version, sink)
    block = block or _encode(named)
    cid = CID.of(block, DAG_PB, version=profile.cid_version)
    if sink is not None:
        sink(Block(cid, block))
    size = sum([size for _, _, size, _ in named])
    return Root(cid, size, len(block) + sum([dag_size for _, _, _, dag_size in named]))


def _encode(named: list[Named]) -> bytes:
    links = [dagpb.encode_link(cid, name, dag_size) for name, cid, _, dag_size in named]
    return dagpb.encode_node(links, dagpb.DIRECTORY_DATA)


def build_symlink(target: str, profile: Profile, sink: Sink | None = None) -> Root:
    """The root of a symlink; its target is text, looked up by nobody.

    Raises:
        InputError: the target holds half of a character.
    """
    block = dagpb.encode_symlink(_encoded(target))
    cid = CID.of(block, DAG_PB, version=profile.cid_version)
    if sink is not None:
        sink(Block(cid, block))
    return Root(cid, 0, len(block))


def _encoded(name: str) -> bytes:
    """The bytes of a name; those that are not UTF-8 stand in it as `os.fsdecode` has them."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InputError(
            f"{name!r} has half of a character in it", hint="UTF-16 was cut in two; rename it"
        ) from None


def _names(path: str) -> list[str]:
    names = path.split("/")
    if any(name in ("", ".", "..") or "\0" in name for name in names):
        raise InputError(
            f"{path!r} is not a plain relative path", hint="write folder/name, with no . or .. in it"
        )
    return names

"""The reference vectors, their inputs made in memory, and bytes damaged on purpose.

How inputs are made and where the expected values come from: `tests/vectors/README.md`.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from pinatakit.content import (
    CID,
    Block,
    FolderBuilder,
    Profile,
    Root,
    Sink,
    build_file,
    build_symlink,
    walk_blocks,
    write_car,
)

REPOSITORY = Path(__file__).parents[2]
VECTORS = json.loads((REPOSITORY / "tests/vectors/content.json").read_bytes())
MIB = 1 << 20


class Blocks(dict):
    """Blocks by CID; `take` is the sink that fills it."""

    def take(self, block):
        self[block.cid] = bytes(block.data)


def content(seed: str, size: int) -> Iterator[bytes]:
    """The bytes of a file, in pieces of 1 MiB."""
    for i in range((size + MIB - 1) // MIB):
        yield hashlib.shake_256(f"{seed}:{i}".encode()).digest(min(MIB, size - i * MIB))


def key_stream(seed: str, size: int) -> Iterator[bytes]:
    """The bytes of a file of IPIP-499, in pieces of 1 MiB: what ChaCha20 makes of zeros."""
    start = bytes(16)  # 4 bytes of counter, 12 of nonce
    cipher = Cipher(ChaCha20(hashlib.sha256(seed.encode()).digest(), start), mode=None).encryptor()
    for at in range(0, size, MIB):
        yield cipher.update(bytes(min(MIB, size - at)))


def pieces(node: dict) -> list[bytes]:
    """The bytes of any file node."""
    if "text" in node:
        return [node["text"].encode()]
    if "fill" in node:
        return [bytes([node["fill"]]) * node["size"]]
    return list(content(node["seed"], node["size"]))


def flat(node: dict, path: str = "", *, hidden: bool = False) -> dict[str, list[bytes] | str | None]:
    """What is at each path: the pieces of a file, the target of a symlink, `None` for a folder."""
    if node["type"] == "file":
        return {path: pieces(node)}
    if node["type"] == "symlink":
        return {path: node["target"]}
    out: dict[str, list[bytes] | str | None] = {path: None}
    for name, child in _entries(node):
        if hidden or not name.startswith("."):
            out |= flat(child, f"{path}/{name}" if path else name, hidden=hidden)
    return out


def _entries(node: dict) -> Iterator[tuple[str, dict]]:
    if node["type"] == "chain":
        below = {"type": "dir", "entries": node["leaf"]}
        for depth in reversed(range(node["depth"])):
            below = {"type": "dir", "entries": {node["name"] % depth: below}}
        node = below
    yield from node.get("entries", {}).items()
    for many in node.get("many", []):
        for i in range(many.get("start", 0), many.get("start", 0) + many["count"]):
            yield many["name"] % i, _numbered(many["child"], i)


def _numbered(node, i):
    if isinstance(node, dict):
        return {key: _numbered(value, i) for key, value in node.items()}
    return node.replace("{i}", str(i)) if isinstance(node, str) else node


def build(paths: dict[str, list[bytes] | str | None], profile: Profile, sink=None) -> Root:
    """The root of what `flat` gives."""
    roots = {path: _leaf(what, profile, sink) for path, what in paths.items() if what is not None}
    if "" in roots:
        return roots[""]
    folder = FolderBuilder(profile, sink)
    for path, what in paths.items():
        if what is not None:
            folder.add(path, roots[path])
        elif path:
            folder.add_folder(path)
    return folder.finish()


def _leaf(what: list[bytes] | str, profile: Profile, sink) -> Root:
    return build_symlink(what, profile, sink) if isinstance(what, str) else build_file(what, profile, sink)


def profile_of(name: str, record: dict) -> Profile:
    """A profile as the references describe it."""
    return Profile(
        name,
        record["cid_version"],
        record["raw_leaves"],
        chunk_size=record["chunk_size"],
        width=record["file_max_links"],
        shard_above=record["hamt_threshold"],
        shard_estimate={"links-bytes": "links", "block-bytes": "block"}[record["hamt_estimation"]],
        shard_at_equal={">": False, ">=": True}[record["hamt_compare"]],
        fanout=record["hamt_fanout"],
    )


def check(expected: dict, build: Callable[[Sink], Root]) -> None:
    """Compare all that the references say of a result with what `build` gives, and its sink."""
    sizes: dict[CID, int] = {}
    blocks = Blocks()
    has_car = "car_v1_dfs_size" in expected  # else it is too large to be kept

    def sink(block: Block) -> None:
        sizes[block.cid] = len(block.data)
        if has_car:
            blocks.take(block)

    root = build(sink)
    got: dict[str, str | int] = {
        "cid": str(root.cid),
        "cumulative_size": root.dag_size,
        "root_block_size": sizes[root.cid],
        "blocks": len(sizes),
        "block_bytes": sum(sizes.values()),
    }
    if has_car:
        car = hashlib.sha256()
        got["car_v1_dfs_size"] = 0
        for piece in write_car([root.cid], walk_blocks(root.cid, blocks.__getitem__)):
            car.update(piece)
            got["car_v1_dfs_size"] += len(piece)
        got["car_v1_dfs_sha256"] = car.hexdigest()
    about_others = {"refs", "kubo_before_0.40_cid", "js_importer_cid"}
    assert got == {field: value for field, value in expected.items() if field not in about_others}


def damaged(sound: bytes, *, times: int = 1500, seed: int = 1) -> Iterator[bytes]:
    """Copies of sound bytes with some changed, lost, doubled or made up; the same ones each time."""
    rng = random.Random(seed)
    for _ in range(times):
        data = bytearray(sound)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data) + 1)
            match rng.randrange(4):
                case 0:
                    data[at : at + 1] = bytes([rng.randrange(256)])
                case 1:
                    data[at : at + rng.randint(1, 8)] = b""
                case 2:
                    data[at:at] = rng.choice(
                        [b"\xff" * 9, b"\0", rng.randbytes(3), data[: rng.randint(0, 40)]]
                    )
                case 3:
                    data = data[:at]
        yield bytes(data)

"""Profile: the recipe that turns bytes into a root.

Two people who use the same profile get the same CID; two who do not, do not.
Sources: IPIP-499 (profiles); Kubo `config/import.go` and boxo `ipld/unixfs/io/profile.go`
(the values); Pinata's documentation (which of them it uses, see `DESIGN.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Profile:
    """A recipe: everything that decides a CID besides the bytes and names themselves.

    Attributes:
        name: what the profile is called.
        cid_version: 0 or 1.
        raw_leaves: leaves are plain bytes (raw) rather than wrapped in dag-pb.
        chunk_size: bytes in a leaf.
        width: links in a file node.
        shard_above: estimated bytes above which a directory is sharded.
        shard_estimate: how that size is estimated: names and CIDs alone (`links`), or
            the exact size of the directory as one block (`block`).
        shard_at_equal: shard at exactly that size too, as Kubo did before 0.40.
        fanout: slots in a shard.
    """

    name: str
    cid_version: Literal[0, 1]
    raw_leaves: bool
    chunk_size: int = 262_144
    width: int = 174  # 8,192 bytes of block / 34 + 8 + 5 bytes of link, as Kubo once reckoned
    shard_above: int = 262_144
    shard_estimate: Literal["links", "block"] = "links"
    shard_at_equal: bool = False
    fanout: int = 256

    def __post_init__(self) -> None:
        if not 1 <= self.chunk_size <= 2_096_896:  # 2 MiB - 256, boxo chunker/parse.go
            raise ValueError(f"chunk_size is 1 to 2,096,896 bytes, not {self.chunk_size}")
        if self.width < 2:
            raise ValueError(f"width is at least 2 links, not {self.width}")
        if self.fanout != 256:
            raise ValueError(f"fanout is 256, not {self.fanout}")

    @classmethod
    def named(cls, name: str | Profile) -> Profile:
        """The profile of that name; ``v0`` and ``v1`` are what Pinata makes by default.

        Raises:
            ValueError: there is none; the message lists them.
        """
        if isinstance(name, Profile):
            return name
        try:
            return PROFILES[name]
        except KeyError:
            raise ValueError(f"unknown profile {name!r}; one of {', '.join(PROFILES)}") from None

    @classmethod
    def for_version(cls, cid_version: int) -> Profile:
        """What Pinata makes for ``cid_version`` 0 or 1."""
        return PROFILES[f"v{cid_version}"]


_V0 = Profile("unixfs-v0-2015", 0, raw_leaves=False)
_V1 = Profile("v1-raw-256k", 1, raw_leaves=True)

PROFILES: Final[dict[str, Profile]] = {
    "v0": _V0,
    "v1": _V1,
    "unixfs-v0-2015": _V0,
    "v0-raw-256k": Profile("v0-raw-256k", 0, raw_leaves=True),
    "v1-raw-256k": _V1,
    "v1-dagpb-256k": Profile("v1-dagpb-256k", 1, raw_leaves=False),
    "v1-raw-1m-174": Profile("v1-raw-1m-174", 1, raw_leaves=True, chunk_size=1 << 20),
    "v1-raw-1m-1024-links": Profile(
        "v1-raw-1m-1024-links", 1, raw_leaves=True, chunk_size=1 << 20, width=1024
    ),
    "unixfs-v1-2025": Profile(
        "unixfs-v1-2025", 1, raw_leaves=True, chunk_size=1 << 20, width=1024, shard_estimate="block"
    ),
}

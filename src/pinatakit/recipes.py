"""explain(): why two CIDs of the same content differ.

A CID hangs on the bytes and on the recipe. This tries the recipes that are in use until it has
found those of both CIDs, and names what they do not share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from pinatakit.content import CID, PROFILES, Profile, Root, build_directory
from pinatakit.errors import InputError
from pinatakit.roots import Symlinks, root_of
from pinatakit.sources import Folder, Source, Uploadable, path_of, read_source

__all__ = ["Explanation", "Recipe", "explain"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A profile, and what of a folder was taken.

    Attributes:
        wrapped: a single file was put into a folder of its own, as ``wrapWithDirectory`` does.
    """

    profile: Profile
    hidden: bool = False
    symlinks: Symlinks = "follow"
    empty_folders: bool = False
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why two CIDs differ.

    Attributes:
        a, b: the recipe of each, or `None` where no known recipe gives that CID.
        differences: what the recipes do not share, a sentence each, the first CID first.
    """

    a: Recipe | None
    b: Recipe | None
    differences: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        return "\n".join(self.differences)


def explain(a: CID | str, b: CID | str, source: Uploadable | None = None) -> Explanation:
    """Which parameter of the recipe makes two CIDs of the same content differ.

    Without the content only the CIDs themselves are compared. With it, recipes are tried, each
    by one pass over it: the named profiles, other sizes of chunks and nodes in use, older
    Kubo's rule for sharding, and what of a folder is taken.

    Raises:
        InvalidCID: one of them is none.
        InputError: the content cannot be read, or only once.
    """
    first, second = CID.parse(a), CID.parse(b)
    if first == second:
        return Explanation(None, None, ["they are the same CID"])
    if first.to_v1() == second.to_v1():
        return Explanation(
            None, None, [f"the same block, named in CID version {first.version} against {second.version}"]
        )
    if source is None:
        return Explanation(None, None, _compare(first, second))
    path = path_of(source)
    is_folder = path is not None and path.is_dir()
    what = None if is_folder else read_source(source)
    if isinstance(what, Source) and not what.again:
        raise InputError("the content can be read only once", hint="give a path, or bytes")
    found: dict[CID, Recipe] = {}
    for recipe in _recipes(is_folder):
        try:
            root = _root(source, what, recipe)
        except InputError:  # nothing is left of the folder under this recipe
            if not is_folder:
                raise
            continue
        if root.cid in (first, second):
            found.setdefault(root.cid, recipe)
        if len(found) == 2:
            break
    mine, other = found.get(first), found.get(second)
    if mine and other:
        return Explanation(mine, other, _differences(mine, other))
    unknown = [f"no known recipe gives {cid} for this content" for cid in (first, second) if cid not in found]
    known = [f"{cid} is {recipe.profile.name}" for cid, recipe in found.items()]
    return Explanation(mine, other, [*known, *unknown, *_compare(first, second)])


def _recipes(is_folder: bool) -> Iterator[Recipe]:
    """Recipes in use, the likely ones first."""
    named = list(dict.fromkeys(PROFILES.values()))
    other = [
        replace(
            profile,
            name=f"{profile.name} with chunks of {chunk:,} bytes and {width:,} links",
            chunk_size=chunk,
            width=width,
        )
        for profile in (PROFILES["v1"], PROFILES["v0"], PROFILES["v1-dagpb-256k"])
        for chunk in (262_144, 524_288, 1 << 20)
        for width in (174, 1024)
        if (chunk, width) not in ((262_144, 174), (1 << 20, 1024)) or not profile.raw_leaves
    ]
    older = [
        replace(profile, name=f"{profile.name} of Kubo before 0.40", shard_at_equal=True) for profile in named
    ]
    for profile in named:
        yield Recipe(profile)
    if is_folder:
        takes: list[dict[str, Any]] = [
            {"hidden": hidden, "symlinks": symlinks, "empty_folders": empty}
            for empty in (True, False)
            for symlinks in ("keep", "follow")
            for hidden in (False, True)
        ]
        takes.sort(
            key=lambda take: list(take.values()).count(True) + (take["symlinks"] == "keep")
        )  # fewest changes first
        for take in takes:
            for profile in named:
                yield Recipe(profile, **take)
        for profile in older:
            yield Recipe(profile)
            yield Recipe(profile, symlinks="keep", empty_folders=True)
    else:
        for profile in named:
            yield Recipe(profile, wrapped=True)
    for profile in other:
        yield Recipe(profile)


def _root(source: Uploadable, what: Source | Folder | None, recipe: Recipe) -> Root:
    if isinstance(what, Source):
        root = root_of(what.path or what.open(), recipe.profile)
        return build_directory({what.name: root}, recipe.profile) if recipe.wrapped else root
    take: dict[str, Any] = {
        "hidden": recipe.hidden,
        "symlinks": recipe.symlinks,
        "empty_folders": recipe.empty_folders,
    }
    return root_of(source, recipe.profile, **take)


_WORDS: Final[dict[str, Callable[[Any, Any], str]]] = {
    "cid_version": lambda a, b: f"CID version {a} against {b}",
    "raw_leaves": lambda a, b: f"leaves {_leaf(a)} against {_leaf(b)}",
    "chunk_size": lambda a, b: f"chunks of {a:,} against {b:,} bytes",
    "width": lambda a, b: f"nodes of up to {a:,} against {b:,} links",
    "shard_above": lambda a, b: f"folders sharded above {a:,} against {b:,} bytes",
    "shard_estimate": lambda a, b: f"a folder's size reckoned by {_estimate(a)} against {_estimate(b)}",
    "shard_at_equal": lambda a, b: f"folders sharded {_equal(a)} against {_equal(b)} the limit",
    "hidden": lambda a, b: f"hidden files {_taken(a)} against {_taken(b)}",
    "symlinks": lambda a, b: f"symlinks {_links(a)} against {_links(b)}",
    "empty_folders": lambda a, b: f"empty folders {_taken(a)} against {_taken(b)}",
    "wrapped": lambda a, b: f"the file {_wrapped(a)} against {_wrapped(b)}",
}


def _differences(a: Recipe, b: Recipe) -> list[str]:
    differing: list[str] = []
    for mine, other in ((a.profile, b.profile), (a, b)):
        for one in fields(mine):
            left, right = getattr(mine, one.name), getattr(other, one.name)
            if left != right and one.name in _WORDS:
                differing.append(_WORDS[one.name](left, right))
    return differing


def _compare(a: CID, b: CID) -> list[str]:
    pairs = (
        ("CID version", a.version, b.version),
        ("codec", a.codec_name, b.codec_name),
        ("hash", a.hash_name, b.hash_name),
    )
    different = [f"{what} {mine} against {other}" for what, mine, other in pairs if mine != other]
    return [*different, "their root blocks differ; give the content to learn why"]


def _leaf(raw: bool) -> str:
    return "raw" if raw else "dag-pb"


def _estimate(how: str) -> str:
    return "names and CIDs" if how == "links" else "its whole block"


def _equal(at_equal: bool) -> str:
    return "at" if at_equal else "only above"


def _taken(taken: bool) -> str:
    return "taken along" if taken else "left out"


def _links(how: str) -> str:
    return {"follow": "followed", "keep": "kept", "refuse": "refused"}[how]


def _wrapped(wrapped: bool) -> str:
    return "in a folder of its own" if wrapped else "by itself"

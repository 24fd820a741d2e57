"""explain(): why two CIDs of the same content differ.

A CID hangs on the bytes and on the recipe. This tries the recipes that are in use until it has
found those of both CIDs, and names what they do not share.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from pinatakit.content import CID, PROFILES, Profile, Root, build_directory
from pinatakit.errors import InputError
from pinatakit.patterns import ALL
from pinatakit.roots import Symlinks, root_of
from pinatakit.sources import Folder, Source, Uploadable, find_glob, path_of, read_source

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
        a: the recipe of the first, or `None` where no known recipe gives that CID.
        b: that of the second.
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
    by one pass over it at most: the named profiles, other sizes of chunks and nodes in use, older
    Kubo's rule for sharding, and what of a folder is taken.

    Raises:
        InvalidCID: one of them is none.
        InputError: the content cannot be read under any recipe, or only once.
    """
    first, second = CID.parse(a), CID.parse(b)
    if first == second:
        return Explanation(None, None, ["they are the same CID"])
    if first.to_v1() == second.to_v1():
        return Explanation(
            None, None, [f"the same block, named in CID version {first.version} against {second.version}"]
        )
    if source is None:
        differences = _compare(first, second)
        return Explanation(
            None, None, [*differences[:-1], f"{differences[-1]}; give the content to learn why"]
        )
    folder = _folder(source)
    what = None if folder else read_source(source)
    if isinstance(what, Source) and not what.again:
        raise InputError("the content can be read only once", hint="give a path, or bytes")
    found: dict[CID, Recipe] = {}
    roots: dict[object, Root] = {}
    failure: InputError | None = None
    for recipe in _recipes(_choices(folder) if folder else None):
        try:
            root = _root(source, what, recipe, roots)
        except InputError as error:  # such as that nothing is left of the folder under this recipe
            failure = error
            continue
        if root.cid in (first, second):
            found.setdefault(root.cid, recipe)
        if len(found) == 2:
            break
    if failure and not roots:
        raise failure
    mine, other = found.get(first), found.get(second)
    if mine and other:
        return Explanation(mine, other, _differences(mine, other))
    unknown = [f"no known recipe gives {cid} for this content" for cid in (first, second) if cid not in found]
    known = [f"{cid} is {recipe.profile.name}" for cid, recipe in found.items()]
    return Explanation(mine, other, [*known, *unknown, *_compare(first, second)])


def _folder(source: Uploadable) -> Path | None:
    """The folder that a path names, be it by a pattern of names in it."""
    path = path_of(source)
    if path and isinstance(source, str):
        path, _ = find_glob(path, ALL)
    return path if path and path.is_dir() else None


def _choices(folder: Path) -> dict[str, list[Any]]:
    """What may be chosen of a folder, the simplest first, and only where it makes a difference."""
    hidden = links = empty = False
    for top, folders, files in os.walk(folder):
        names = [*folders, *files]
        hidden = hidden or any(name.startswith(".") for name in names)
        empty = empty or all(name.startswith(".") for name in names)
        links = links or any(Path(top, name).is_symlink() for name in names)
    return {
        "hidden": [False, True] if hidden else [False],
        "symlinks": ["follow", "keep"] if links else ["follow"],
        "empty_folders": [False, True] if empty or links else [False],
    }


def _recipes(choices: dict[str, list[Any]] | None) -> Iterator[Recipe]:
    """Recipes in use, the likely ones first; `choices` are those of a folder."""
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
    if choices is None:
        for profile in named:
            yield Recipe(profile, wrapped=True)
    else:
        takes = [dict(zip(choices, chosen, strict=True)) for chosen in product(*choices.values())]
        takes.sort(
            key=lambda take: sum(take[what] != choices[what][0] for what in take)
        )  # fewest changes first
        for take in takes:
            for profile in named:
                yield Recipe(profile, **take)
        for profile in older:
            yield Recipe(profile)
            yield Recipe(
                profile, symlinks=choices["symlinks"][-1], empty_folders=choices["empty_folders"][-1]
            )
    for profile in other:
        yield Recipe(profile)


def _root(
    source: Uploadable, what: Source | Folder | None, recipe: Recipe, roots: dict[object, Root]
) -> Root:
    """The root under a recipe; `roots` are those that are known, so that no pass is made twice."""
    profile = recipe.profile
    if isinstance(what, Source):
        same = (profile.cid_version, profile.raw_leaves, profile.chunk_size, profile.width)
        if same not in roots:
            roots[same] = root_of(what.path or what.open(), profile)
        return build_directory({what.name: roots[same]}, profile) if recipe.wrapped else roots[same]
    anonymous = replace(recipe, profile=replace(profile, name=""))
    if anonymous not in roots:
        take: dict[str, Any] = {
            "hidden": recipe.hidden,
            "symlinks": recipe.symlinks,
            "empty_folders": recipe.empty_folders,
        }
        roots[anonymous] = root_of(source, profile, **take)
    return roots[anonymous]


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
    return [*different, "their root blocks differ"]


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

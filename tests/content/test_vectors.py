"""Every vector: the committed ones, and all of them where the whole set lies (`tests/vectors/README.md`)."""

from __future__ import annotations

import dataclasses
import json
import os
from functools import lru_cache
from itertools import islice
from pathlib import Path

import pytest

from pinatakit.content import PROFILES, FolderBuilder, build_file

from .vectors import REPOSITORY, VECTORS, build, check, content, flat, key_stream, profile_of

WHOLE = Path(os.environ.get("PINATAKIT_VECTORS", REPOSITORY.parent / "shared/vectors.json"))
COMMITTED = VECTORS["vectors"] + VECTORS["big_vectors"]
GIVEN = json.loads(WHOLE.read_bytes())["vectors"] if WHOLE.exists() else COMMITTED
BIG = {vector["id"] for vector in VECTORS["big_vectors"]}
CASES = [
    pytest.param(vector, key, id=f"{vector['id']}/{key}", marks=[pytest.mark.slow] * (vector["id"] in BIG))
    for vector in GIVEN
    for key in vector["results"]
]
INPUTS = {vector["id"]: vector["input"] for vector in GIVEN}
ALPHABET = "abcdefghijklmnopqrstuvwxyz01234567890-_"  # of names in IPIP-499, with 0 twice


@lru_cache(maxsize=1)
def input_of(name: str, *, hidden: bool) -> dict:
    """What a vector is made of; the cases of one vector follow each other."""
    return flat(INPUTS[name], hidden=hidden)


@pytest.mark.parametrize(("vector", "key"), CASES)
def test_a_vector_is_met(vector, key):
    name, _, hidden = key.partition("+")
    profile = profile_of(name, vector["custom_profile"]) if name == "custom" else PROFILES[name]

    def built(sink):
        if vector["id"] in BIG:  # is not held in memory
            given = vector["input"]
            return build_file(content(given["seed"], given["size"]), profile, sink)
        return build(input_of(vector["id"], hidden=bool(hidden)), profile, sink)

    check(vector["results"][key], built)


@pytest.mark.parametrize(
    ("vector", "key"),
    [case for case in CASES if "kubo_before_0.40_cid" in case.values[0]["results"][case.values[1]]],
)
def test_older_kubo_shards_at_the_very_size_too(vector, key):
    profile = dataclasses.replace(PROFILES[key], shard_at_equal=True)
    expected = vector["results"][key]
    root = build(input_of(vector["id"], hidden=False), profile)
    assert str(root.cid) == expected["kubo_before_0.40_cid"] != expected["cid"]


FIXTURES = [
    pytest.param(
        fixture,
        id=fixture["id"],
        marks=[pytest.mark.slow] * (fixture["kind"] == "file" and fixture["arg"] >= 1 << 30),
    )
    for fixture in VECTORS["ipip_499_fixtures"]
]


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_fixture_of_ipip_499_is_met(fixture):
    profile = PROFILES[fixture["profile"]]
    match fixture["kind"]:
        case "text":
            root = build_file([b"hello world"], profile)
        case "file":
            root = build_file(key_stream(fixture["seed"], fixture["arg"]), profile)
        case "dir":
            count, length, last = fixture["arg"]
            stream = key_stream(f"hamt-{profile.name}", (count - 1) * length + last)
            letters = (ALPHABET[byte % len(ALPHABET)] for piece in stream for byte in piece)
            file = build_file([b"x"], profile)
            folder = FolderBuilder(profile)
            for size in [length] * (count - 1) + [last]:
                folder.add("".join(islice(letters, size)), file)
            root = folder.finish()
    assert str(root.cid) == fixture["cid"]


@pytest.mark.skipif(not WHOLE.exists(), reason="the whole set is not here")
def test_the_committed_vectors_are_those_of_the_whole_set():
    whole = {vector["id"]: vector for vector in GIVEN}
    assert {vector["id"] for vector in GIVEN if vector["big"]} == BIG
    for vector in COMMITTED:
        assert vector.items() <= whole[vector["id"]].items()
    other = json.loads(WHOLE.read_bytes())
    for part in ("references", "profiles", "ipip_499_fixtures", "cid_strings"):
        assert VECTORS[part] == other[part]


def test_dot_files_are_left_out_of_an_input_unless_asked_for():
    tree = {"type": "dir", "entries": {".git": {"type": "dir"}, "a": {"type": "file", "text": "a"}}}
    assert set(flat(tree)) == {"", "a"}
    assert set(flat(tree, hidden=True)) == {"", ".git", "a"}


def test_the_parts_of_a_chain_lie_one_in_the_other():
    chain = {"type": "chain", "name": "d%d", "depth": 2, "leaf": {"f": {"type": "file", "text": "f"}}}
    assert set(flat(chain)) == {"", "d0", "d0/d1", "d0/d1/f"}

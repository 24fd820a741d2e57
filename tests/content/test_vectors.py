"""Every committed vector, and all of the shared ones where they lie beside the repository."""

from __future__ import annotations

import json

import pytest

from .vectors import REPOSITORY, VECTORS, check, flat

QUICK = {"unixfs-v0-2015", "v1-raw-256k", "custom"}
OTHERS = set(VECTORS["profiles"]) - QUICK


def _shared() -> list[dict]:
    path = REPOSITORY.parent / "shared/vectors.json"
    if not path.exists():
        return []
    committed = {vector["id"] for vector in VECTORS["vectors"]}
    return [
        vector
        for vector in json.loads(path.read_bytes())["vectors"]
        if not vector["big"] and vector["id"] not in committed
    ]


SHARED = _shared()


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])
def test_a_committed_vector_is_met_under_every_profile(vector):
    check(vector)


@pytest.mark.parametrize("vector", SHARED, ids=lambda vector: vector["id"])
def test_a_shared_vector_is_met_under_the_profiles_pinata_uses(vector):
    check(vector, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(
    "vector",
    [vector for vector in SHARED if OTHERS & {key.partition("+")[0] for key in vector["results"]}],
    ids=lambda vector: vector["id"],
)
def test_a_shared_vector_is_met_under_the_other_profiles(vector):
    check(vector, OTHERS)


def test_dot_files_are_left_out_of_an_input_unless_asked_for():
    tree = {"type": "dir", "entries": {".git": {"type": "dir"}, "a": {"type": "file", "text": "a"}}}
    assert set(flat(tree)) == {"", "a"}
    assert set(flat(tree, hidden=True)) == {"", ".git", "a"}


def test_the_parts_of_a_chain_lie_one_in_the_other():
    chain = {"type": "chain", "name": "d%d", "depth": 2, "leaf": {"f": {"type": "file", "text": "f"}}}
    assert set(flat(chain)) == {"", "d0", "d0/d1", "d0/d1/f"}

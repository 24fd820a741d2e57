"""Profiles are the recipes that the references name."""

from __future__ import annotations

import dataclasses

import pytest

from pinatakit.content import PROFILES, Profile

from .vectors import VECTORS, profile_of


@pytest.mark.parametrize("name", VECTORS["profiles"])
def test_a_profile_has_the_values_of_the_references(name):
    assert PROFILES[name] == profile_of(name, VECTORS["profiles"][name])


def test_every_profile_is_one_of_the_references():
    assert set(PROFILES) - {"v0", "v1"} == set(VECTORS["profiles"])


def test_v0_and_v1_are_what_pinata_makes():
    assert Profile.named("v0") is Profile.named("unixfs-v0-2015") is Profile.for_version(0)
    assert Profile.named("v1") is Profile.named("v1-raw-256k") is Profile.for_version(1)


def test_a_profile_is_its_own_name():
    profile = Profile("mine", 1, raw_leaves=True, chunk_size=10)
    assert Profile.named(profile) is profile


def test_an_unknown_profile_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'v2'; one of v0, v1, unixfs-v0-2015"):
        Profile.named("v2")


def test_a_profile_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROFILES["v1"].chunk_size = 1


@pytest.mark.parametrize(
    "wrong", [{"chunk_size": 0}, {"chunk_size": 2_096_897}, {"width": 1}, {"fanout": 16}]
)
def test_a_recipe_nobody_can_follow_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Profile("mine", 1, raw_leaves=True, **wrong)


def test_the_largest_chunk_is_taken():
    assert Profile("mine", 1, raw_leaves=True, chunk_size=2_096_896).chunk_size == 2_096_896

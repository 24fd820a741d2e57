"""Vectors, on three wires."""

from __future__ import annotations

import pytest

from pinatakit import Pinata
from pinatakit.client.groups import Groups
from pinatakit.client.vectors import Vectors
from pinatakit.errors import BadRequest, NotFound


def test_a_file_is_found_by_what_it_says_until_its_vectors_go(play):
    async def body(pinata):
        group = (await Groups.create(pinata.groups, "stories", network="private")).id
        private = {"network": "private", "group_id": group}
        fish = await Pinata.upload(pinata, b"A red herring swims in the sea.", **private)
        bird = await Pinata.upload(pinata, b"A blue heron stands at the lake.", **private)
        for upload in (fish, bird):
            await Vectors.add(pinata.vectors, upload.id)
        first, second = await Vectors.query(pinata.vectors, group, "what swims in the sea?")
        assert (first.file_id, first.cid, second.file_id) == (fish.id, fish.cid, bird.id)
        assert 0 < second.score < first.score <= 1
        await Vectors.delete(pinata.vectors, fish.id)
        assert [match.cid for match in await Vectors.query(pinata.vectors, group, "the sea")] == [bird.cid]

    play(body)


def test_only_private_files_in_a_group_have_vectors(play):
    async def body(pinata):
        group = await Groups.create(pinata.groups, "stories")
        public = await Pinata.upload(pinata, b"public words", group_id=group.id)
        alone = await Pinata.upload(pinata, b"lonely words", network="private")
        with pytest.raises(NotFound, match="no private file"):
            await Vectors.add(pinata.vectors, public.id)
        with pytest.raises(BadRequest, match="in a group"):
            await Vectors.add(pinata.vectors, alone.id)

    play(body)

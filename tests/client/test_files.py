"""Files of v3, on three wires."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pinatakit import Pinata
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups
from pinatakit.content import CID
from pinatakit.errors import InputError, NotFound

NO_ID = "00000000-0000-0000-0000-000000000000"
LATER = datetime(2100, 1, 2, 3, 4, 5, tzinfo=UTC)


async def listed(pinata, **how):
    return [file async for file in Files.list(pinata.files, **how)]


async def names(pinata, **how):
    return [file.name for file in await listed(pinata, **how)]


@pytest.mark.parametrize("network", ["public", "private"])
def test_a_file_is_looked_up_by_its_id(play, network):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"hello", name="hi.txt", keyvalues={"a": "b"}, network=network)
        file = await Files.get(pinata.files, upload.id, network=network)
        assert (file.id, file.name, str(file.cid), file.size) == (
            upload.id,
            "hi.txt",
            "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq",
            5,
        )
        assert (file.keyvalues, file.mime_type, file.number_of_files) == ({"a": "b"}, "text/plain", 1)
        assert file.created_at.tzinfo
        other = {"public": "private", "private": "public"}[network]
        with pytest.raises(NotFound):
            await Files.get(pinata.files, upload.id, network=other)

    play(body)


def test_what_there_is_not_is_not_found(play):
    async def body(pinata):
        for attempt in (
            Files.get(pinata.files, NO_ID),
            Files.update(pinata.files, NO_ID, name="x"),
            Files.delete(pinata.files, NO_ID),
        ):
            with pytest.raises(NotFound) as caught:
                await attempt
            assert caught.value.status == 404
            assert caught.value.url.endswith(NO_ID)

    play(body)


@pytest.mark.parametrize("id", ["", "a/b", "..", "a b", "é/", "?x", "a\n", None, 5])
def test_an_id_that_is_none_is_not_asked_for(play, id):
    async def body(pinata):
        with pytest.raises(InputError, match="not the id of a file"):
            await Files.get(pinata.files, id)

    play(body)


def test_a_listing_goes_over_all_pages_newest_first(play):
    async def body(pinata):
        for i in range(7):
            await Pinata.upload(pinata, b"%d" % i, name=f"f{i}")
        newest_first = [f"f{i}" for i in reversed(range(7))]
        for page_size in (1, 2, 3, 7, 100):
            assert await names(pinata, page_size=page_size) == newest_first
        assert await names(pinata, order="ASC") == newest_first[::-1]
        assert await names(pinata, limit=3) == newest_first[:3]
        assert await names(pinata, limit=5, page_size=2) == newest_first[:5]
        assert await names(pinata, limit=0) == []
        assert await names(pinata, network="private") == []

    play(body)


def test_a_listing_is_filtered_by_the_service(play):
    async def body(pinata):
        png = b"\x89PNG\r\n\x1a\n" + bytes(30)
        picture = await Pinata.upload(pinata, png, name="cat.png", keyvalues={"kind": "cat", "year": "1"})
        group = await Groups.create(pinata.groups, "g")
        await Pinata.upload(
            pinata, b"dog", name="dog.txt", keyvalues={"kind": "dog", "year": "1"}, group_id=group.id
        )
        assert await names(pinata, name="cat") == ["cat.png"]
        assert await names(pinata, cid=picture.cid) == ["cat.png"]
        assert await names(pinata, cid=str(picture.cid)) == ["cat.png"]
        assert await names(pinata, mime_type="image/png") == ["cat.png"]
        assert await names(pinata, keyvalues={"year": "1"}) == ["dog.txt", "cat.png"]
        assert await names(pinata, keyvalues={"year": "1", "kind": "cat"}) == ["cat.png"]
        assert await names(pinata, group=group.id) == ["dog.txt"]
        assert await names(pinata, group="null") == ["cat.png"]
        assert await names(pinata, cid=CID.of(b"nobody's")) == []

    play(body)


def test_a_listing_asks_only_when_it_is_iterated(play):
    async def body(pinata):
        listing = Files.list(pinata.files)
        await Pinata.upload(pinata, b"after", name="after")
        assert [file.name async for file in listing] == ["after"]

    play(body)


def test_name_and_keyvalues_and_expiry_are_changed(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"x", name="old", keyvalues={"a": "1", "b": "2"})
        file = await Files.update(
            pinata.files, upload.id, name="new", keyvalues={"b": "3", "a": None, "c": "4"}, expires_at=LATER
        )
        assert (file.name, file.keyvalues, file.expires_at) == ("new", {"b": "3", "c": "4"}, LATER)
        assert await Files.get(pinata.files, upload.id) == file
        file = await Files.update(pinata.files, upload.id, name="newer")
        assert (file.name, file.keyvalues) == ("newer", {"b": "3", "c": "4"})

    play(body)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "nothing to change"),
        ({"name": 5}, "a name is text, not int 5"),
        ({"keyvalues": {"a": 5}}, "key-value 'a' is 5; here every value is text"),
        ({"keyvalues": {str(i): "x" for i in range(11)}}, "11 key-values; Pinata takes at most 10"),
    ],
)
def test_a_change_that_cannot_be_is_refused(play, change, said):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"x", name="same")
        with pytest.raises(InputError, match=said):
            await Files.update(pinata.files, upload.id, **change)
        assert (await Files.get(pinata.files, upload.id)).name == "same"

    play(body)


@pytest.mark.parametrize("network", ["public", "private"])
def test_a_deleted_file_is_gone(play, network):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"gone", network=network)
        assert await Files.delete(pinata.files, upload.id, network=network) is None
        assert await listed(pinata, network=network) == []
        with pytest.raises(NotFound):
            await Files.get(pinata.files, upload.id, network=network)

    play(body)

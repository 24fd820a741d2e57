"""Groups, over v3 and the older API, on three wires."""

from __future__ import annotations

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups, OlderGroups
from pinatakit.client.pins import Pins
from pinatakit.content import CID
from pinatakit.errors import InputError, InvalidCID, NotFound

from .fakes import JWT, Service

NOBODY = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"


async def names(pinata, **filters):
    return [group.name async for group in Groups.list(pinata.groups, **filters)]


async def inside(pinata, id, network="public"):
    return {file.name async for file in Files.list(pinata.files, group=id, network=network)}


@pytest.mark.parametrize("network", ["public", "private"])
def test_an_upload_lands_in_its_group(play, network):
    async def body(pinata):
        group = await Groups.create(pinata.groups, "g", network=network)
        await Pinata.upload(pinata, b"in", name="in", group_id=group.id, network=network)
        await Pinata.upload(pinata, b"out", name="out", network=network)
        assert await inside(pinata, group.id, network) == {"in"}
        assert await inside(pinata, "null", network) == {"out"}

    play(body)


def test_folders_json_and_pins_by_cid_land_in_their_group(play, tmp_path):
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "a.txt").write_bytes(b"a")
    (tmp_path / "b.txt").write_bytes(b"b")

    async def body(pinata):
        id = (await Groups.create(pinata.groups, "g")).id
        folder = await Pinata.upload(pinata, tmp_path / "box", group_id=id)
        files = await Pinata.upload_files(pinata, [tmp_path / "b.txt"], name="files", group_id=id)
        json = await Pinata.upload_json(pinata, {"a": 1}, name="json", group_id=id)
        inner = CID.of(b"a")
        await Pins.add(pinata.pins, inner, name="inner", group_id=id)
        assert await inside(pinata, id) == {"box", "files", "json", "inner"}
        pinned = {pin.cid async for pin in Pins.list(pinata.pins, group_id=id)}
        assert pinned == {folder.cid, files.cid, json.cid, inner}

    play(body)


def test_a_group_is_got_as_it_was_made(play):
    async def body(pinata):
        made = await Groups.create(pinata.groups, "g", is_public=True)
        assert await Groups.get(pinata.groups, made.id) == made
        assert (made.name, made.is_public) == ("g", True)
        assert made.created_at.tzinfo
        with pytest.raises(NotFound):
            await Groups.get(pinata.groups, made.id, network="private")

    play(body)


def test_groups_are_listed_newest_first_over_all_pages(play):
    async def body(pinata):
        for i in range(5):
            await Groups.create(pinata.groups, f"group {i}", is_public=i == 3)
        await Groups.create(pinata.groups, "hidden", network="private")
        newest_first = [f"group {i}" for i in (4, 3, 2, 1, 0)]
        for page_size in (1, 2, 5, 100):
            assert await names(pinata, page_size=page_size) == newest_first
        assert await names(pinata, limit=3, page_size=2) == newest_first[:3]
        assert await names(pinata, limit=0) == []
        assert await names(pinata, name="3") == ["group 3"]
        assert await names(pinata, is_public=True) == ["group 3"]
        assert await names(pinata, network="private") == ["hidden"]
        older = [group.name async for group in OlderGroups.list(pinata.groups.older, page_size=2)]
        assert older == newest_first
        older = [group.name async for group in OlderGroups.list(pinata.groups.older, name="p 2", limit=1)]
        assert older == ["group 2"]

    play(body)


def test_a_group_keeps_its_files_when_it_is_renamed(play):
    async def body(pinata):
        group = await Groups.create(pinata.groups, "old")
        await Pinata.upload(pinata, b"kept", name="kept", group_id=group.id)
        renamed = await Groups.update(pinata.groups, group.id, name="new")
        assert (renamed.id, renamed.name, renamed.is_public) == (group.id, "new", False)
        assert (await Groups.update(pinata.groups, group.id, is_public=True)).is_public
        assert (await Groups.get(pinata.groups, group.id)).name == "new"
        assert await inside(pinata, group.id) == {"kept"}

    play(body)


def test_the_files_of_a_deleted_group_stay(play):
    async def body(pinata):
        group = await Groups.create(pinata.groups, "gone")
        upload = await Pinata.upload(pinata, b"stays", group_id=group.id)
        assert await Groups.delete(pinata.groups, group.id) is None
        assert (await Files.get(pinata.files, upload.id)).group_id is None
        with pytest.raises(NotFound):
            await Groups.delete(pinata.groups, group.id)

    play(body)


def test_files_are_put_into_a_group_and_taken_out(play):
    async def body(pinata):
        one, other = [await Groups.create(pinata.groups, name) for name in ("one", "other")]
        ids = [(await Pinata.upload(pinata, text, name=text.decode())).id for text in (b"a", b"b", b"c")]
        assert await Groups.add(pinata.groups, one.id, *ids) is None
        assert await inside(pinata, one.id) == {"a", "b", "c"}
        await Groups.add(pinata.groups, other.id, ids[0])
        assert await inside(pinata, one.id) == {"b", "c"}
        await Groups.remove(pinata.groups, one.id, *ids[1:])
        assert await inside(pinata, one.id) == set()
        assert await inside(pinata, other.id) == {"a"}

    play(body)


def test_files_before_one_there_is_not_are_in(play):
    async def body(pinata):
        group = await Groups.create(pinata.groups, "g")
        ids = [(await Pinata.upload(pinata, text, name=text.decode())).id for text in (b"a", b"b")]
        with pytest.raises(NotFound, match=NOBODY):
            await Groups.add(pinata.groups, group.id, ids[0], NOBODY, ids[1])
        assert await inside(pinata, group.id) == {"a"}
        with pytest.raises(InputError, match="not the id of a file"):
            await Groups.add(pinata.groups, group.id, ids[1], "a.txt")  # seen before anything is sent
        assert await inside(pinata, group.id) == {"a"}

    play(body)


def test_the_older_api_has_the_same_groups_by_cid(play):
    async def body(pinata):
        older = pinata.groups.older
        group = await OlderGroups.create(older, "old")
        assert group.user_id
        assert group.updated_at.tzinfo
        assert (await Groups.get(pinata.groups, group.id)).name == "old"
        cids = [(await Pinata.upload(pinata, text, name=text.decode())).cid for text in (b"a", b"b")]
        assert await OlderGroups.add(older, group.id, cids[0], str(cids[1])) is None
        assert await inside(pinata, group.id) == {"a", "b"}
        await OlderGroups.remove(older, group.id, cids[0])
        assert await inside(pinata, group.id) == {"b"}
        assert (await OlderGroups.update(older, group.id, name="new")).name == "new"
        assert (await OlderGroups.get(older, group.id)).name == "new"
        await OlderGroups.delete(older, group.id)
        with pytest.raises(NotFound) as caught:
            await OlderGroups.get(older, group.id)
        assert caught.value.reason == "OBJECT_NOT_FOUND"
        assert await inside(pinata, "null") == {"a", "b"}

    play(body)


def test_cids_go_into_a_group_together_or_not_at_all(play):
    async def body(pinata):
        older = pinata.groups.older
        group = await OlderGroups.create(older, "g")
        held = (await Pinata.upload(pinata, b"held", name="held")).cid
        with pytest.raises(NotFound, match="CURRENT_USER_HAS_NOT_PINNED_CID"):
            await OlderGroups.add(older, group.id, held, CID.of(b"nobody's"))
        with pytest.raises(InvalidCID):
            await OlderGroups.add(older, group.id, held, "no cid")
        with pytest.raises(InputError, match="no CID"):
            await OlderGroups.add(older, group.id)
        assert await inside(pinata, group.id) == set()

    play(body)


def test_content_for_a_group_there_is_not_is_refused_and_not_kept(play):
    async def body(pinata):
        for network in ("public", "private"):
            with pytest.raises(NotFound, match=f"no {network} group with the id '{NOBODY}'"):
                await Pinata.upload(pinata, b"x", group_id=NOBODY, network=network)
        private = await Groups.create(pinata.groups, "private", network="private")
        with pytest.raises(NotFound):
            await Pinata.upload(pinata, b"x", group_id=private.id)
        with pytest.raises(NotFound, match="OBJECT_NOT_FOUND"):
            await Pinata.upload_json(pinata, 1, group_id=NOBODY)
        with pytest.raises(NotFound):
            await Pins.add(pinata.pins, CID.of(b"elsewhere"), group_id=NOBODY)
        with pytest.raises(NotFound, match="OBJECT_NOT_FOUND"):
            await Pins.add(pinata.pins, CID.of(b"elsewhere"), group_id=NOBODY, api="older")
        for network in ("public", "private"):
            assert [file async for file in Files.list(pinata.files, network=network)] == []
        assert [job async for job in Pins.queue(pinata.pins)] == []

    play(body)


def test_a_service_that_gives_short_pages_is_asked_on(over):
    """The older API documents neither how many groups a page has nor how many it may have."""
    rows = [{"id": f"0195a5c4-242f-7c01-bee8-f34a9e8e80{i:02}", "name": str(i)} for i in range(5)]

    def page(request):
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json=rows[offset : offset + 2])

    async def body(pinata):
        return [group.name async for group in OlderGroups.list(pinata.groups.older)]

    assert over(body, Service(page).transport, jwt=JWT) == ["0", "1", "2", "3", "4"]


def test_groups_are_of_the_network_that_the_settings_say(play, monkeypatch):
    monkeypatch.setenv("PINATA_NETWORK", "private")

    async def body(pinata):
        group = await Groups.create(pinata.groups, "mine")
        file = await Pinata.upload(pinata, b"mine alone")
        await Groups.add(pinata.groups, group.id, file.id)
        assert await names(pinata) == ["mine"]
        assert await names(pinata, network="public") == []
        assert b"".join([piece async for piece in Pinata.read(pinata, file.cid)]) == b"mine alone"
        with pytest.raises(NotFound):
            await Groups.get(pinata.groups, group.id, network="public")

    play(body)

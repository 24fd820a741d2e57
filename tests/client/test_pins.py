"""Pins and their queue, on three wires."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pinatakit import Pinata, kv
from pinatakit.client.groups import Groups
from pinatakit.client.pins import Pins
from pinatakit.content import CID
from pinatakit.errors import ApiError, InputError, InvalidCID

NOBODYS = CID.of(b"nobody has this")


async def names(pinata, **how):
    return [pin.name async for pin in Pins.list(pinata.pins, **how)]


def test_what_was_uploaded_is_pinned(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"hello", name="hi", keyvalues={"n": 1, "t": "x"}, cid_version=0)
        (pin,) = [pin async for pin in Pins.list(pinata.pins)]
        assert (pin.cid, pin.name, pin.keyvalues) == (upload.cid, "hi", {"n": 1, "t": "x"})
        assert (pin.size, pin.number_of_files, pin.mime_type) == (13, 1, "text/plain")
        assert pin.date_pinned.tzinfo
        assert pin.date_unpinned is None
        assert pin.regions

    play(body)


def test_an_unpinned_pin_is_history(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"history %d" % id(pinata), name="was")
        assert await Pins.remove(pinata.pins, upload.cid) is None
        assert await names(pinata) == []
        (pin,) = [
            pin async for pin in Pins.list(pinata.pins, status="unpinned", cid_contains=str(upload.cid))
        ]
        assert pin.date_unpinned >= pin.date_pinned
        with pytest.raises(ApiError, match="CURRENT_USER_HAS_NOT_PINNED_CID") as caught:
            await Pins.remove(pinata.pins, str(upload.cid))
        assert caught.value.status in (400, 500)

    play(body)


def test_a_listing_goes_over_all_pages_newest_first(play):
    async def body(pinata):
        for i in range(5):
            await Pinata.upload(pinata, b"%d" % i, name=f"f{i}")
        newest_first = [f"f{i}" for i in reversed(range(5))]
        for page_size in (1, 2, 5, 100):
            assert await names(pinata, page_size=page_size) == newest_first
        assert await names(pinata, limit=2) == newest_first[:2]
        assert await names(pinata, limit=3, page_size=2) == newest_first[:3]
        assert await names(pinata, limit=0) == []

    play(body)


def test_pins_are_found_by_name_size_time_group_and_letters_of_their_cid(play):
    async def body(pinata):
        cat = await Pinata.upload(pinata, b"cat", name="cat")
        group = await Groups.create(pinata.groups, "g")
        await Pinata.upload(pinata, b"doggy", name="dog", group_id=group.id)
        assert await names(pinata, name="ca") == ["cat"]
        assert await names(pinata, cid_contains=str(cat.cid)[10:30]) == ["cat"]
        assert await names(pinata, min_size=4) == ["dog"]
        assert await names(pinata, max_size=4) == ["cat"]
        assert await names(pinata, group_id=group.id) == ["dog"]
        now = datetime.now(UTC)
        hour = timedelta(hours=1)
        assert await names(pinata, pinned_after=now - hour, pinned_before=now + hour) == ["dog", "cat"]
        assert await names(pinata, pinned_after=now + hour) == []
        assert await names(pinata, pinned_before=(now - hour).replace(tzinfo=None)) == []
        assert await names(pinata, status="unpinned", unpinned_after=now + hour) == []
        assert await names(pinata, status="unpinned", unpinned_before=now - hour) == []

    play(body)


def test_pins_are_found_by_their_keyvalues(play):
    async def body(pinata):
        for i in range(6):
            stage = "prod" if i % 2 else "dev"
            keyvalues = {"score": i, "stage": stage, "day": date(2024, 1, 1 + i)}
            await Pinata.upload(pinata, b"%d" % i, name=f"f{i}", keyvalues=keyvalues)
        for where, found in [
            (kv("stage") == "prod", "531"),
            (kv("stage") != "prod", "420"),
            ([kv("stage") == "prod", kv("score") > 1], "53"),
            (kv("score") >= 4, "54"),
            (kv("score") < 1, "0"),
            (kv("score") <= 1, "10"),
            (kv("score").between(1, 3), "321"),
            (kv("score").not_between(1, 4), "50"),
            (kv("stage").like("pr%"), "531"),
            (kv("stage").not_like("PR%", ignore_case=True), "420"),
            (kv("stage").matches("^d.v$"), "420"),
            (kv("day") > date(2024, 1, 5), "5"),
            (kv("nothing") == 1, ""),
        ]:
            assert await names(pinata, where=where) == [f"f{i}" for i in found], where

    play(body)


def test_a_pin_is_renamed_and_its_keyvalues_are_merged(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"x", name="old", keyvalues={"a": 1, "b": 2})
        assert (
            await Pins.update(pinata.pins, upload.cid, name="new", keyvalues={"a": None, "c": True}) is None
        )
        (pin,) = [pin async for pin in Pins.list(pinata.pins)]
        assert (pin.name, pin.keyvalues) == ("new", {"b": 2, "c": True})
        with pytest.raises(InputError, match="nothing to change"):
            await Pins.update(pinata.pins, upload.cid)
        with pytest.raises(ApiError, match="has not pinned the cid"):
            await Pins.update(pinata.pins, NOBODYS, name="x")

    play(body)


def test_a_cid_to_fetch_waits_in_the_queue(play):
    async def body(pinata):
        cid = CID.of(b"far away %d" % id(pinata))
        hosts = ["/ip4/127.0.0.1/tcp/4001"]
        queued = await Pins.add(pinata.pins, cid, name="far", keyvalues={"k": 1}, host_nodes=hosts)
        assert (queued.cid, queued.name, queued.status) == (cid, "far", "searching")
        (job,) = [job async for job in Pins.jobs(pinata.pins, cid=str(cid))]
        assert (job.id, job.cid, job.name, job.status) == (queued.id, cid, "far", "searching")
        assert (job.keyvalues, job.host_nodes) == ({"k": 1}, hosts)
        assert [job async for job in Pins.jobs(pinata.pins, cid=cid, status="expired")] == []

    play(body)


def test_the_queue_is_listed_over_all_pages_in_either_order(play):
    async def body(pinata):
        made = {(await Pins.add(pinata.pins, CID.of(b"job %d" % i), name="job")).id for i in range(3)}
        for page_size in (1, 2, 100):
            jobs = [job.id async for job in Pins.jobs(pinata.pins, page_size=page_size)]
            assert set(jobs[:3]) == made
            assert len(set(jobs)) == len(jobs)
            upward = [job.id async for job in Pins.jobs(pinata.pins, page_size=page_size, sort="ASC")]
            assert set(upward) == set(jobs)
            assert upward[0] != jobs[0]
        assert len([job async for job in Pins.jobs(pinata.pins, limit=2)]) == 2

    play(body)


def test_what_is_held_already_is_pinned_at_once(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"held", network="public")
        queued = await Pins.add(pinata.pins, str(upload.cid))
        assert (queued.cid, queued.status) == (upload.cid, "prechecking")

    play(body)


@pytest.mark.parametrize(
    ("ask", "kind", "said"),
    [
        (lambda pins: Pins.add(pins, "Qm"), InvalidCID, "not a CID"),
        (lambda pins: Pins.remove(pins, "../x"), InvalidCID, "not a CID"),
        (lambda pins: Pins.update(pins, "", name="x"), InvalidCID, "not a CID"),
        (lambda pins: Pins.add(pins, NOBODYS, host_nodes=["x"] * 6), InputError, "at most 5"),
        (lambda pins: anext(Pins.list(pins, status="gone")), InputError, "all, pinned, unpinned"),
        (lambda pins: anext(Pins.jobs(pins, status="done")), InputError, "prechecking"),
        (lambda pins: anext(Pins.jobs(pins, cid="x")), InvalidCID, "not a CID"),
    ],
)
def test_what_cannot_be_is_refused(play, ask, kind, said):
    async def body(pinata):
        with pytest.raises(kind, match=said):
            await ask(pinata.pins)

    play(body)

"""Pins and their queue, on three wires."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx2 as httpx
import pytest

from pinatakit import Pinata, kv, local
from pinatakit.client._wire import Awaiting, Blocking
from pinatakit.client.groups import Groups
from pinatakit.client.pins import Pins
from pinatakit.content import CID
from pinatakit.errors import ApiError, InputError, InvalidCID, NotFound, PinFailed, PinPending

from .fakes import JWT, Service, said

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


@pytest.mark.parametrize("api", [None, "v3", "older"])
def test_a_cid_to_fetch_waits_in_the_queue(play, api):
    async def body(pinata):
        cid = CID.of(b"far away %s %d" % (str(api).encode(), id(pinata)))
        hosts = ["/ip4/127.0.0.1/tcp/4001"]
        group = await Groups.create(pinata.groups, "g")
        about = {"name": "far", "keyvalues": {"k": "v"}, "host_nodes": hosts, "group_id": group.id}
        queued = await Pins.add(pinata.pins, cid, api=api, **about)
        assert (queued.cid, queued.name, queued.status) == (cid, "far", "prechecking")
        for asked in (None, "v3", "older"):  # both show the same queue
            (job,) = [job async for job in Pins.queue(pinata.pins, cid=str(cid), api=asked)]
            assert (job.id, job.cid, job.name) == (queued.id, cid, "far")
            assert job.status in ("prechecking", "searching")
            assert (job.keyvalues, job.host_nodes) == ({"k": "v"}, hosts)
            assert job.date_queued.tzinfo
            assert not job.failed
            assert [job async for job in Pins.queue(pinata.pins, cid=cid, status="expired", api=asked)] == []
        assert await Pins.cancel(pinata.pins, queued.id) is None
        assert [job async for job in Pins.queue(pinata.pins, cid=cid)] == []
        with pytest.raises(NotFound, match=queued.id):
            await Pins.cancel(pinata.pins, queued.id)

    play(body)


@pytest.mark.parametrize(
    ("about", "credential", "path"),
    [
        ({}, {"jwt": JWT}, "/v3/files/public/pin_by_cid"),
        ({"keyvalues": {"day": date(2024, 1, 1)}}, {"jwt": JWT}, "/v3/files/public/pin_by_cid"),
        ({"keyvalues": {"n": 1}}, {"jwt": JWT}, "/pinning/pinByHash"),
        ({}, {"api_key": "key", "api_secret": "secret"}, "/pinning/pinByHash"),
        ({"api": "older"}, {"jwt": JWT}, "/pinning/pinByHash"),
    ],
)
def test_v3_is_asked_unless_it_cannot_take_it_or_the_other_is_named(over, about, credential, path):
    answer = {"id": "1", "cid": str(NOBODYS), "ipfsHash": str(NOBODYS), "status": "prechecking"}
    service = Service(httpx.Response(200, json={"data": answer, **answer}))

    async def body(pinata):
        return await Pins.add(pinata.pins, NOBODYS, **about)

    assert over(body, service.transport, **credential).cid == NOBODYS
    assert service.paths == [path]


@pytest.mark.parametrize("api", ["v3", "older"])
def test_the_queue_is_listed_over_all_pages_in_either_order(play, api):
    async def body(pinata):
        made = {(await Pins.add(pinata.pins, CID.of(b"job %d" % i), name="job")).id for i in range(3)}
        for page_size in (1, 2, 100):
            how = {"page_size": page_size, "api": api}
            jobs = [job.id async for job in Pins.queue(pinata.pins, **how)]
            assert set(jobs[:3]) == made
            assert len(set(jobs)) == len(jobs)
            upward = [job.id async for job in Pins.queue(pinata.pins, order="ASC", **how)]
            assert upward == jobs[::-1]
        assert len([job async for job in Pins.queue(pinata.pins, limit=2, api=api)]) == 2
        for id in made:
            await Pins.cancel(pinata.pins, id)

    play(body)


def test_what_is_held_already_is_pinned_at_once(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"held", network="public")
        queued = await Pins.add(pinata.pins, str(upload.cid))
        assert (queued.cid, queued.status) == (upload.cid, "prechecking")
        assert [job async for job in Pins.queue(pinata.pins, cid=upload.cid)] == []
        file = await Pins.wait(pinata.pins, queued)
        assert (file.id, file.cid) == (upload.id, upload.cid)

    play(body)


def test_what_another_local_pinata_has_is_waited_for(play):
    with local() as other:
        folder = other.upload_files([__file__], name="box")

        async def body(pinata):
            job = await Pins.add(pinata.pins, folder.cid, name="fetched", host_nodes=[other.url])
            file = await Pins.wait(pinata.pins, job, timeout=30)
            assert (file.cid, file.name, file.mime_type) == (folder.cid, "fetched", "directory")
            assert (await Pins.wait(pinata.pins, folder.cid)).id == file.id
            read = [piece async for piece in Pinata.read(pinata, folder.cid, path=Path(__file__).name)]
            assert b"".join(read) == Path(__file__).read_bytes()

        play(body)


def test_a_pin_that_failed_is_told_with_its_reason(play):
    async def body(pinata):
        cid = CID.of(b"bad host %d" % id(pinata))
        job = await Pins.add(pinata.pins, cid, host_nodes=["nonsense"])
        with pytest.raises(PinFailed, match="bad_host_node: .*neither a multiaddr") as caught:
            await Pins.wait(pinata.pins, job)
        assert (caught.value.cid, caught.value.status) == (cid, "bad_host_node")
        assert caught.value.hint
        (failed,) = [job async for job in Pins.queue(pinata.pins, status="bad_host_node", cid=cid)]
        assert failed.failed
        assert failed.reason == caught.value.reason
        await Pins.cancel(pinata.pins, job.id)

    play(body)


def test_a_pin_that_takes_longer_than_one_waits_is_pending(play):
    async def body(pinata):
        cid = CID.of(b"pending %d" % id(pinata))
        job = await Pins.add(pinata.pins, cid)
        with pytest.raises(PinPending, match="searching") as caught:
            await Pins.wait(pinata.pins, job, timeout=0.3)
        assert isinstance(caught.value, TimeoutError)
        assert (caught.value.cid, caught.value.status) == (cid, "searching")
        await Pins.cancel(pinata.pins, job.id)
        with pytest.raises(NotFound, match="neither pinned nor in the queue"):
            await Pins.wait(pinata.pins, job)

    play(body)


def test_the_queue_is_looked_at_less_and_less_often(over, monkeypatch):
    pending = {"id": "1", "cid": str(NOBODYS), "status": "searching"}
    pinned = {"id": "2", "cid": str(NOBODYS)}
    queue = [{"jobs": [pending]}] * 14 + [{"jobs": []}, {"files": [pinned]}]
    service = Service(*(said(200, data=page) for page in queue))
    slept = []

    async def sleep(self, seconds):
        slept.append(seconds)

    for wire in (Blocking, Awaiting):
        monkeypatch.setattr(wire, "sleep", sleep)

    async def body(pinata):
        return await Pins.wait(pinata.pins, NOBODYS)

    assert over(body, service.transport, jwt=JWT).id == "2"
    assert slept[0] == 0.25
    assert all(1 < after / before <= 1.5 for before, after in pairwise(slept[:-2]))
    assert slept[-2:] == [30, 30]  # twice a minute, of the 60 requests that the smallest plan has


@pytest.mark.parametrize(
    ("ask", "kind", "said"),
    [
        (lambda pins: Pins.add(pins, "Qm"), InvalidCID, "not a CID"),
        (lambda pins: Pins.remove(pins, "../x"), InvalidCID, "not a CID"),
        (lambda pins: Pins.update(pins, "", name="x"), InvalidCID, "not a CID"),
        (lambda pins: Pins.add(pins, NOBODYS, host_nodes=["x"] * 6), InputError, "at most 5"),
        (lambda pins: Pins.list(pins, status="gone").first(), InputError, "all, pinned, unpinned"),
        (lambda pins: Pins.add(pins, NOBODYS, host_nodes="/ip4/1.2.3.4"), InputError, "a list of multiaddrs"),
        (
            lambda pins: Pins.add(pins, NOBODYS, keyvalues={"n": 1}, api="v3"),
            InputError,
            "every value is text",
        ),
        (lambda pins: Pins.queue(pins, status="done").first(), InputError, "prechecking"),
        (lambda pins: Pins.queue(pins, api="V3").first(), InputError, "v3, older"),
        (lambda pins: Pins.add(pins, NOBODYS, api="V3"), InputError, "v3, older"),
        (lambda pins: Pins.queue(pins, cid="x").first(), InvalidCID, "not a CID"),
        (lambda pins: Pins.cancel(pins, "../x"), InputError, "not the id"),
        (lambda pins: Pins.wait(pins, "x"), InvalidCID, "not a CID"),
    ],
)
def test_what_cannot_be_is_refused(play, ask, kind, said):
    async def body(pinata):
        with pytest.raises(kind, match=said):
            await ask(pinata.pins)

    play(body)


def test_all_pins_are_removed_that_a_whole_list_had(play):
    """A list that is paged by position moves while it is emptied."""

    async def body(pinata):
        for n in range(5):
            await Pinata.upload(pinata, b"%d" % n, name=str(n))
        for pin in [pin async for pin in Pins.list(pinata.pins, page_size=2)]:
            await Pins.remove(pinata.pins, pin.cid)
        assert [pin async for pin in Pins.list(pinata.pins)] == []

    play(body)

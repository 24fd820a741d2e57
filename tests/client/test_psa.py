"""The pinning service API, on three wires: at the local Pinata, and at services that go their own way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import anyio
import httpx2 as httpx
import pytest

from pinatakit import AsyncPinningService, Pinata, PinningService
from pinatakit.client.psa import PinObjects
from pinatakit.content import CID
from pinatakit.errors import InputError, InvalidCID, NotFound, SettingsError, Unauthorized

from .fakes import JWT, Service, said

NOBODYS = CID.of(b"nobody has this pin")
START = datetime(2023, 6, 27, 23, 0, 0, tzinfo=UTC)


async def requestids(psa, **how):
    return [pin.requestid async for pin in PinObjects.list(psa, **how)]


@pytest.fixture
def tidy(settings):
    """The local Pinata has no pin objects before and after."""

    def clear():
        with Pinata(**settings) as pinata:
            for pin in pinata.psa.list(status=["queued", "pinning", "pinned", "failed"]):
                pinata.psa.delete(pin.requestid)

    clear()
    yield
    clear()


def test_a_pin_object_is_added_looked_up_replaced_and_deleted(play, tidy):
    async def body(pinata):
        psa = pinata.psa
        made = await PinObjects.add(psa, NOBODYS, name="n", origins=["/p2p/Qm"], meta={"k": "v"})
        assert (made.cid, made.status, made.created.tzinfo) == (NOBODYS, "queued", UTC)
        assert (made.pin.name, made.pin.origins, made.pin.meta) == ("n", ["/p2p/Qm"], {"k": "v"})
        assert made.delegates
        found = await PinObjects.get(psa, made.requestid)
        assert (found.requestid, found.created, found.pin) == (made.requestid, made.created, made.pin)
        upload = await Pinata.upload(pinata, b"takes its place %d" % id(pinata))
        new = await PinObjects.replace(psa, made.requestid, upload.cid, name="new")
        assert (new.status, new.pin.name, new.pin.meta) == ("pinned", "new", {})
        assert new.requestid != made.requestid
        for ask in (PinObjects.get, PinObjects.delete):
            with pytest.raises(NotFound, match="OBJECT_NOT_FOUND"):
                await ask(psa, made.requestid)
        assert await PinObjects.delete(psa, new.requestid) is None
        assert await requestids(psa) == [upload.id]

    play(body)


def test_pin_objects_are_found_by_every_filter(play, tidy):
    async def body(pinata):
        psa = pinata.psa
        one = await PinObjects.add(psa, CID.of(b"one"), name="Cat.png", meta={"kind": "cat"})
        two = await PinObjects.add(psa, CID.of(b"two"), name="dog.png", meta={"kind": "dog"})
        cat, dog = one.requestid, two.requestid
        for how, found in [
            ({}, []),
            ({"status": "queued"}, [dog, cat]),
            ({"status": ["queued", "pinning"]}, [dog, cat]),
            ({"status": "pinned"}, []),
            ({"name": "Cat.png"}, [cat]),
            ({"name": "cat.png"}, []),
            ({"name": "cat.PNG", "match": "iexact"}, [cat]),
            ({"name": ".png", "match": "partial"}, [dog, cat]),
            ({"name": "CAT", "match": "ipartial"}, [cat]),
            ({"cid": one.cid, "status": "queued"}, [cat]),
            ({"cid": [str(one.cid), two.cid], "status": "queued"}, [dog, cat]),
            ({"meta": {"kind": "dog"}, "status": "queued"}, [dog]),
            ({"before": two.created, "status": "queued"}, [cat]),
            ({"after": one.created, "status": "queued"}, [dog]),
            ({"status": "queued", "limit": 1}, [dog]),
            ({"status": "queued", "limit": 0}, []),
        ]:
            assert await requestids(psa, **how) == found, how

    play(body)


def test_a_list_goes_over_all_pages_newest_first(play, tidy):
    async def body(pinata):
        made = [(await PinObjects.add(pinata.psa, CID.of(b"%d" % i))).requestid for i in range(5)]
        for page_size in (1, 2, 5, 100):
            assert await requestids(pinata.psa, status="queued", page_size=page_size) == made[::-1]
        assert await requestids(pinata.psa, status="queued", limit=3, page_size=2) == made[:1:-1]

    play(body)


def pins(*numbers):
    """Pin objects that were asked for so many minutes after the start."""
    return [
        {
            "requestid": str(number),
            "status": "pinned",
            "created": (START + timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
            "pin": {"cid": str(NOBODYS)},
            "delegates": ["/dns4/x/tcp/4001"],
        }
        for number in numbers
    ]


def at_service(body):
    """Play a body against services that stand in for others than the local Pinata."""

    def with_service(over, service):
        return over(lambda pinata: body(pinata.psa), service.transport, jwt=JWT)

    return with_service


def test_a_service_that_gives_all_whatever_the_limit_is_read_once(over):
    """Pinata, recorded: 36 of 36 for a limit of 10, oldest first in 2022."""
    service = Service(said(200, count=36, results=pins(*range(36))))
    found = at_service(lambda psa: requestids(psa, page_size=10))(over, service)
    assert found == [str(i) for i in reversed(range(36))]
    assert len(service.requests) == 1
    found = at_service(lambda psa: requestids(psa, limit=2))(over, service)
    assert found == ["35", "34"]


def test_a_service_that_takes_before_as_included_does_not_go_on_for_ever(over):
    def answer(request):
        before = request.url.params.get("before")
        numbers = [n for n in (3, 2, 1) if before is None or pins(n)[0]["created"] <= before][:2]
        return httpx.Response(200, json={"count": len(numbers) + 1, "results": pins(*numbers)})

    service = Service(answer)
    assert at_service(lambda psa: requestids(psa, page_size=2))(over, service) == ["3", "2", "1"]
    assert len(service.requests) <= 4


def test_pinatas_own_answers_are_read(over):
    """Recorded: 200 for 202, and ``OK`` for no body."""
    service = Service(httpx.Response(200, text="OK"))
    assert at_service(lambda psa: PinObjects.delete(psa, "1"))(over, service) is None
    assert str(service.requests[0].url) == "https://api.pinata.cloud/psa/pins/1"
    service = Service(httpx.Response(200, json=pins(1)[0]))
    assert at_service(lambda psa: PinObjects.add(psa, NOBODYS))(over, service).requestid == "1"
    sent = service.requests[0]
    assert str(sent.url) == "https://api.pinata.cloud/psa/pins"
    assert json.loads(sent.content) == {"cid": str(NOBODYS), "origins": [], "meta": {}}


@pytest.mark.parametrize(
    ("ask", "kind", "said"),
    [
        (lambda psa: PinObjects.add(psa, "Qm"), InvalidCID, "not a CID"),
        (lambda psa: PinObjects.add(psa, NOBODYS, name="x" * 256), InputError, "256 letters"),
        (lambda psa: PinObjects.replace(psa, "", NOBODYS), InputError, "requestid"),
        (lambda psa: PinObjects.get(psa, ".."), InputError, "requestid"),
        (lambda psa: PinObjects.list(psa, cid="x").first(), InvalidCID, "not a CID"),
        (lambda psa: PinObjects.list(psa, status="done").first(), InputError, "queued, pinning"),
        (lambda psa: PinObjects.list(psa, name="x", match="fuzzy").first(), InputError, "ipartial"),
    ],
)
def test_what_cannot_be_is_refused_before_it_is_sent(over, ask, kind, said):
    service = Service(httpx.Response(200))

    async def body(pinata):
        with pytest.raises(kind, match=said):
            await ask(pinata.psa)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


# Any other service


def test_any_pinning_service_has_a_client(server, tidy):
    with PinningService(f"{server.url}/psa/", server.admin.jwt) as service:
        made = service.add(NOBODYS, name="elsewhere")
        assert [pin.requestid for pin in service.list(name="elsewhere")] == [made.requestid]
        service.delete(made.requestid)
        with pytest.raises(NotFound):
            service.get(made.requestid)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_any_pinning_service_has_an_async_client(server, tidy, backend):
    async def main():
        async with AsyncPinningService(f"{server.url}/psa", server.admin.jwt) as service:
            made = await service.add(NOBODYS)
            assert (await service.get(made.requestid)).cid == NOBODYS
            assert [pin.requestid async for pin in service.list(status="queued")] == [made.requestid]

    anyio.run(main, backend=backend)


def test_a_token_is_for_its_service_alone(server, monkeypatch):
    monkeypatch.setenv("PINATA_JWT", server.admin.jwt)
    with PinningService(f"{server.url}/psa", "another") as service, pytest.raises(Unauthorized) as caught:
        service.list().first()
    assert "another" not in str(caught.value)
    assert "another" not in repr(service.wire.settings)


@pytest.mark.parametrize(
    ("endpoint", "token"),
    [("nonsense", "t"), ("https://user:pass@x", "t"), ("https://x/psa", ""), ("https://x", "a b")],
)
def test_a_service_needs_an_address_and_a_token(endpoint, token):
    with pytest.raises(SettingsError):
        PinningService(endpoint, token)

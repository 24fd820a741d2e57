"""Lists: one kind of object over all pages, for each wire."""

from __future__ import annotations

import json
import operator
import re

import anyio
import httpx2 as httpx
import msgspec
import pandas as pd
import pytest

from pinatakit import AsyncListing, AsyncPinata, Listing, Pinata, Rows, kv
from pinatakit.client._listing import paged
from pinatakit.client.files import Files
from pinatakit.client.gateways import Gateways
from pinatakit.client.groups import Groups, OlderGroups
from pinatakit.client.payments import Payments
from pinatakit.client.pins import Pins
from pinatakit.errors import InputError, NotFound

from .fakes import JWT, Service

CID = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"


def three_pages(request):
    """Seven files on pages as large as they are asked for, three at most."""
    start = int(request.url.params.get("pageToken", 0))
    end = min(start + min(int(request.url.params["limit"]), 3), 7)
    files = [{"id": str(n), "name": f"f{n}", "cid": CID, "size": n} for n in range(start, end)]
    token = {"next_page_token": str(end)} if end < 7 else {}
    return httpx.Response(200, json={"data": {"files": files, **token}})


@pytest.fixture
def service():
    return Service(three_pages)


@pytest.fixture
def pinata(service):
    with Pinata(JWT, transport=service.transport) as pinata:
        yield pinata


def ids(files):
    return "".join(file.id for file in files)


# Iterating


def test_a_list_asks_for_each_page_when_it_comes_to_it(service, pinata):
    files = iter(pinata.files.list())
    asked = [(next(files).id, len(service.requests)) for _ in range(7)]
    assert asked == [("0", 1), ("1", 1), ("2", 1), ("3", 2), ("4", 2), ("5", 2), ("6", 3)]
    assert next(files, None) is None
    assert len(service.requests) == 3


def test_a_list_may_be_iterated_again(service, pinata):
    files = pinata.files.list()
    assert ids(files) == ids(files) == "0123456"
    assert len(service.requests) == 6


@pytest.mark.parametrize(
    ("limit", "found", "requests"), [(0, "", 0), (1, "0", 1), (3, "012", 1), (4, "0123", 2)]
)
def test_of_a_limit_no_more_is_asked_than_is_wanted(service, pinata, limit, found, requests):
    assert ids(pinata.files.list(limit=limit)) == found
    assert len(service.requests) == requests
    assert sum(1 for request in service.requests if int(request.url.params["limit"]) > limit) == 0


@pytest.mark.parametrize("how", [{"limit": -1}, {"page_size": 0}])
def test_a_limit_that_cannot_be_is_refused_when_the_list_is_made(service, pinata, how):
    with pytest.raises(InputError, match="cannot be"):
        pinata.files.list(**how)
    assert service.requests == []


@pytest.mark.parametrize(
    ("listed", "most"),
    [
        (lambda pinata, size: pinata.files.list(page_size=size), 1000),
        (lambda pinata, size: pinata.groups.list(page_size=size), 1000),
        (lambda pinata, size: pinata.pins.list(page_size=size), 1000),
        (lambda pinata, size: pinata.pins.queue(page_size=size, api="v3"), 250),
        (lambda pinata, size: pinata.pins.queue(page_size=size, api="older"), 1000),
        (lambda pinata, size: pinata.psa.list(page_size=size), 1000),
        (lambda pinata, size: pinata.payments.list(page_size=size), 1000),
        (
            lambda pinata, size: pinata.payments.cids("0195815c-5b8d-7b2b-a2f4-a0d4a6d1a001", page_size=size),
            1000,
        ),
    ],
)
def test_a_page_above_what_the_service_gives_is_refused_and_would_have_ended_the_list(
    service, pinata, listed, most
):
    listed(pinata, most)
    with pytest.raises(InputError, match=f"has at most {most:,}\n") as caught:
        listed(pinata, most + 1)
    assert "leave page_size out" in caught.value.hint
    assert service.requests == []


def test_a_service_that_gives_more_than_was_asked_loses_nothing(over):
    async def fetch(size, place):
        return list(range(place, place + 10)), place + 10 if place < 20 else None

    async def body(pinata):
        assert [item async for item in paged(fetch, 0, limit=None, page_size=2)] == list(range(30))
        assert [item async for item in paged(fetch, 0, limit=15, page_size=2)] == list(range(15))

    over(body, Service().transport, jwt=JWT)


def test_the_first_is_had_alone(service, pinata):
    assert pinata.files.list().first().id == "0"
    assert pinata.files.list(limit=0).first() is None
    assert len(service.requests) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_list_is_iterated_or_awaited(service, backend):
    async def main():
        async with AsyncPinata(JWT, transport=service.transport) as pinata:
            files = pinata.files.list()
            assert isinstance(files, AsyncListing)
            assert service.requests == []
            assert ids([file async for file in files]) == "0123456"
            whole = await files
            assert isinstance(whole, Rows)
            assert ids(whole) == "0123456"
            assert (await files.first()).id == "0"
            assert repr(files) == "<Files.list(): fetched as it is iterated, or awaited>"

    anyio.run(main, backend=backend)


def test_an_error_of_the_service_comes_when_it_is_asked():
    with Pinata(JWT, transport=Service(httpx.Response(404, json={"error": "none"})).transport) as pinata:
        swaps = pinata.swaps.history(CID, "you.mypinata.cloud")
        with pytest.raises(NotFound):
            list(swaps)


# Looking at it


def test_a_repr_tells_what_is_listed_and_asks_nothing(service, pinata):
    assert repr(pinata.files.list(name="cat", limit=3)) == (
        "<Files.list(name='cat', limit=3): fetched as it is iterated>"
    )
    assert repr(pinata.payments.cids("some-id")) == "<Payments.cids('some-id'): fetched as it is iterated>"
    assert isinstance(pinata.payments.cids("some-id"), Listing)
    assert service.requests == []


def cells(table):
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]


def test_in_a_notebook_a_list_is_a_table_of_its_fields(pinata):
    table = pinata.files.list()._repr_html_()
    head, *rows = cells(table)
    assert head == ["id", "name", "cid", "size", "number_of_files"]
    assert rows == [[str(n), f"f{n}", CID, str(n), "1"] for n in range(7)]
    assert "<caption>7 in all</caption>" in table


def test_of_a_long_list_a_notebook_shows_the_first_rows_and_asks_for_no_more_than_it_must():
    def long(request):
        files = [{"id": f"<{n}>"} for n in range(int(request.url.params["limit"]))]
        return httpx.Response(200, json={"data": {"files": files, "next_page_token": "more"}})

    service = Service(long)
    with Pinata(JWT, transport=service.transport) as pinata:
        table = pinata.files.list()._repr_html_()
        assert len(service.requests) == 1
        assert "<caption>at least 80 more</caption>" in table
        assert len(cells(table)) == 21
        assert "&lt;19&gt;" in table
        assert "<19>" not in table
        assert "<caption>5 more</caption>" in pinata.files.list(limit=25)._repr_html_()


def test_what_an_async_list_is_awaited_for_is_a_table_too(pinata):
    rows = Rows(pinata.files.list())
    assert rows._repr_html_() == pinata.files.list()._repr_html_()
    assert Rows([])._repr_html_() == "<table><caption>0 in all</caption><tr></tr></table>"
    assert "<td>7</td>" in Rows([7])._repr_html_()


def test_a_list_is_read_by_pandas(pinata):
    frame = pd.DataFrame(file.to_dict() for file in pinata.files.list())
    assert frame["size"].sum() == 21
    assert list(frame["cid"]) == [CID] * 7
    narrow = pd.DataFrame(file.to_dict() for file in pinata.files.list(fields=["name", "size"]))
    assert list(narrow.columns) == ["name", "size"]


# Fields


def test_of_fields_only_those_wanted_are_told(pinata):
    file = pinata.files.list(fields=["cid", "name"]).first()
    assert file.to_dict() == {"cid": CID, "name": "f0"}
    assert repr(file) == f"File(name='f0', cid={CID})"
    assert file.size is msgspec.UNSET
    assert cells(pinata.files.list(fields=["name"], limit=1)._repr_html_()) == [["name"], ["f0"]]
    assert pinata.files.list(fields="name").first().to_dict() == {"name": "f0"}


@pytest.mark.parametrize(
    "of",
    [
        "files.list",
        "groups.list",
        "groups.older.list",
        "pins.list",
        "pins.queue",
        "psa.list",
        "keys.list",
        "keys.older.list",
        "payments.list",
        "gateways.list",
    ],
)
def test_a_field_that_there_is_not_is_refused_when_the_list_is_made(service, pinata, of):
    with pytest.raises(InputError, match="has no field colour"):
        operator.attrgetter(of)(pinata)(fields=["colour"])
    assert service.requests == []


# Filters


async def found(listing):
    return "".join([one.name async for one in listing])


def test_files_are_filtered_by_conditions_that_the_service_cannot_hold(play):
    async def body(pinata):
        for name, keyvalues in {
            "0": {"stage": "dev", "score": "9"},
            "1": {"stage": "prod", "score": "10"},
            "2": {"stage": "prod", "score": "high"},
            "3": {"stage": "Test"},
        }.items():
            await Pinata.upload(pinata, name.encode(), name=name, keyvalues=keyvalues)

        async def where(*conditions, **how):
            return await found(Files.list(pinata.files, where=conditions, **how))

        assert await where(kv("stage") == "prod") == "21"
        assert await where(kv("stage") != "prod") == "30"
        assert await where(kv("score") > 9) == "1"
        assert await where(kv("score").between(9, 10)) == "10"
        assert await where(kv("score") != 9) == "21"
        assert await where(kv("score") == "9") == "0"
        assert await where(kv("stage").like("%e%", ignore_case=True), kv("score") >= 0) == "0"
        assert await where(kv("stage").matches("^[a-z]+$"), kv("stage") != "dev") == "21"
        assert await where(kv("stage") == "prod", kv("stage") == "dev") == ""
        assert await where(kv("stage") == "prod", keyvalues={"score": "10"}) == "1"
        assert await where(kv("score") != "x", limit=2, page_size=1) == "21"

    play(body)


def test_what_equals_a_text_is_asked_of_the_service_and_the_rest_is_not(service, pinata):
    where = [kv("a") == "1", kv("b") > 2, kv("c") == 3]
    assert list(pinata.files.list(where=where, limit=1)) == []
    told = service.requests[0].url.params
    assert {name: value for name, value in told.items() if "keyvalues" in name} == {"keyvalues[a]": "1"}
    assert told["limit"] == "100"


def test_of_several_conditions_on_one_key_the_service_is_told_the_first(play):
    async def body(pinata):
        for n in range(5):
            await Pinata.upload(pinata, b"%d" % n, name=str(n), keyvalues={"score": n}, wrap=True)
        where = [kv("score") >= 1, kv("score") != 2, kv("score") < 4]
        assert await found(Pins.list(pinata.pins, where=where)) == "31"
        assert await found(Pins.list(pinata.pins, where=where, limit=1, page_size=1)) == "3"

    play(body)


OPERATORS = {
    "eq": kv("k") == 2,
    "ne": kv("k") != 2,
    "gt": kv("k") > 2,
    "gte": kv("k") >= 2,
    "lt": kv("k") < 2,
    "lte": kv("k") <= 2,
    "between": kv("k").between(2, 10),
    "notBetween": kv("k").not_between(2, 10),
    "like": kv("k").like("a_c%"),
    "notLike": kv("k").not_like("a_c%"),
    "iLike": kv("k").like("A%C", ignore_case=True),
    "notILike": kv("k").not_like("A%C", ignore_case=True),
    "regexp": kv("k").matches("^[a-z]"),
    "iRegexp": kv("k").matches("^[A-Z].C", ignore_case=True),
    "text eq": kv("k") == "abc",
    "text ne": kv("k") != "abc",
    "text gt": kv("k") > "abc",
    "text between": kv("k").between("abc", "b"),
    "text not between": kv("k").not_between("abc", "b"),
    "true": kv("k") == True,  # noqa: E712
    "like a number": kv("k").like("1%"),
}


def test_a_condition_held_to_here_chooses_what_the_service_chooses(play):
    values = [2, 2.5, 10, -1, "2", "abc", "ABC", "abcd", "b", True, False, "a.c\n", ""]

    async def body(pinata):
        for n, value in enumerate(values):
            await Pinata.upload(pinata, b"%d" % n, name=f"{n},", keyvalues={"k": value}, wrap=True)
        await Pinata.upload(pinata, b"without", name="without", wrap=True)
        pins = [pin async for pin in Pins.list(pinata.pins)]
        for name, where in OPERATORS.items():
            here = "".join(pin.name for pin in pins if where.holds(pin.keyvalues))
            assert here == await found(Pins.list(pinata.pins, where=where)), name
            assert here, name

    play(body)


def test_every_list_of_the_two_clients_is_one_kind_of_object(play):
    async def body(pinata):
        await Groups.create(pinata.groups, "g")
        for items in (
            Files.list(pinata.files),
            Groups.list(pinata.groups, fields=["name"]),
            OlderGroups.list(pinata.groups.older),
            Payments.list(pinata.payments),
            Gateways.list(pinata.gateways, limit=1),
        ):
            assert isinstance(items, AsyncListing)
            assert json.loads(json.dumps([one.to_dict() for one in await items])) is not None

    play(body)


HALF = "\ud800"  # of a pair of surrogates: no letter, and nothing that UTF-8 can write


@pytest.mark.parametrize(
    "ask",
    [
        lambda pinata: pinata.files.list(name=HALF).first(),
        lambda pinata: pinata.files.list(keyvalues={HALF: "a"}).first(),
        lambda pinata: pinata.pins.list(cid_contains=HALF).first(),
        lambda pinata: pinata.groups.list(name=HALF).first(),
        lambda pinata: pinata.psa.list(meta={"a": HALF}).first(),
        lambda pinata: pinata.psa.add(CID, meta={"a": HALF}),
        lambda pinata: pinata.psa.add(CID, origins=[HALF]),
        lambda pinata: pinata.pins.add(CID, host_nodes=[HALF]),
    ],
)
def test_a_text_that_cannot_be_written_is_refused_before_it_is_sent(service, ask):
    with (
        Pinata(JWT, transport=service.transport) as pinata,
        pytest.raises(InputError, match="half a pair of surrogates"),
    ):
        ask(pinata)
    assert not service.requests

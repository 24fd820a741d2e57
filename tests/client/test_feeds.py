"""Iterators of bytes on three wires: never held in memory, and never sent twice."""

from __future__ import annotations

import gc
import os
import tempfile

import httpx2 as httpx
import pytest

from pinatakit import Pinata, cid_of
from pinatakit.client.account import Account
from pinatakit.errors import InputError, RateLimited
from pinatakit.protocol.uploads import V3_LIMIT

from .fakes import JWT, Service, said
from .proxies import Proxy

MIB = 1 << 20
DATA = os.urandom(3 * MIB + 5)


def pieces(data=DATA, size=70_000):
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def apieces(data=DATA, size=70_000):
    for piece in pieces(data, size):
        yield piece


class Counted:
    """An async iterator that is no generator."""

    def __init__(self, *items):
        self.items = list(items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.items:
            raise StopAsyncIteration
        item = self.items.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


@pytest.fixture(params=["sync", "async"])
def given(request, wire):
    """Makes an iterator of bytes of a kind that the wire takes."""
    if request.param == "async" and wire == "blocking":
        pytest.skip("nothing is awaited")
    return pieces if request.param == "sync" else apieces


@pytest.fixture
def no_files(monkeypatch):
    def refused(*args, **kwargs):
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)


async def nothing_is_pinned(pinata):
    return (await Account.usage(pinata.account)).pin_count == 0


@pytest.mark.parametrize("size", [0, 1, MIB, 3 * MIB + 5])
def test_an_iterator_goes_as_it_comes(play, given, no_files, size):
    told = []

    async def body(pinata):
        upload = await Pinata.upload(
            pinata, given(DATA[:size]), name="pieces", progress=lambda *now: told.append(now)
        )
        assert (upload.cid, upload.name, upload.size) == (cid_of(DATA[:size]), "pieces", size)
        assert b"".join([piece async for piece in Pinata.read(pinata, upload.cid)]) == DATA[:size]

    play(body)
    assert not size or told[-1] == (size, None)


@pytest.mark.parametrize(
    "options",
    [{"network": "private"}, {"resumable": True, "chunk_size": MIB}, {"cid_version": "unixfs-v1-2025"}],
)
def test_an_iterator_of_which_the_size_must_be_told_goes_through_a_temporary_file(play, given, options):
    async def body(pinata):
        upload = await Pinata.upload(pinata, given(), name="pieces", **options)
        profile = str(options.get("cid_version", "v1"))
        assert (upload.cid, upload.name, upload.size) == (cid_of(DATA, profile), "pieces", len(DATA))
        assert upload.network == options.get("network", "public")

    play(body)


def test_an_async_iterator_need_not_be_a_generator(play, wire):
    if wire == "blocking":
        pytest.skip("nothing is awaited")

    async def body(pinata):
        assert (await Pinata.upload(pinata, Counted(b"hel", b"", b"lo"))).cid == cid_of(b"hello")

    play(body)


def test_a_client_that_blocks_refuses_an_async_iterator(settings):
    with Pinata(**settings) as pinata, pytest.raises(InputError, match="async iterator") as caught:
        pinata.upload(Counted(b"hello"))
    assert "AsyncPinata" in caught.value.hint


@pytest.mark.parametrize("fault", [ZeroDivisionError("mine"), "text"])
def test_what_an_iterator_raises_comes_through_and_nothing_is_pinned(play, wire, fault):
    def broken():
        yield DATA
        if isinstance(fault, Exception):
            raise fault
        yield fault

    async def body(pinata):
        expected = ZeroDivisionError if isinstance(fault, Exception) else InputError
        with pytest.raises(expected):
            await Pinata.upload(pinata, broken())
        if wire != "blocking":
            with pytest.raises(expected):
                await Pinata.upload(pinata, Counted(DATA, fault))
        assert await nothing_is_pinned(pinata)

    play(body)


def test_what_was_cut_after_bytes_had_left_is_not_sent_again(play, server, given):
    async def body(pinata):
        with pytest.raises(InputError, match="was cut, and its source cannot be read again"):
            await Pinata.upload(pinata, given(), name="pieces")
        assert await nothing_is_pinned(pinata)

    with Proxy(server.url, cuts=[MIB]) as proxy:
        play(body, endpoint_url=proxy.url)
        assert proxy.left == 0


def test_a_refusal_after_bytes_had_left_is_told_as_what_it_is(over, given):
    def busy(request):
        if request.url.path != "/pinning/pinFileToIPFS":
            return httpx.Response(200, json={"message": "Congratulations!"})
        return httpx.Response(429, json={"error": "Too many requests"})

    service = Service(busy)

    async def body(pinata):
        with pytest.raises(RateLimited, match="Too many requests"):
            await Pinata.upload(pinata, given(), name="pieces")

    over(body, service.transport, jwt=JWT)
    assert service.paths.count("/pinning/pinFileToIPFS") == 1


class Refusing(httpx.MockTransport):
    """Lets nobody connect but at the third time of each request."""

    def __init__(self, service):
        super().__init__(service)
        self.tries = 0

    def refuse(self):
        self.tries += 1
        if self.tries % 3:
            raise httpx.ConnectError("refused")

    def handle_request(self, request):
        self.refuse()
        return super().handle_request(request)

    async def handle_async_request(self, request):
        self.refuse()
        return await super().handle_async_request(request)


def test_a_connection_that_never_stood_has_cost_nothing(over, given):
    # A credential is tried before what may be large.
    transport = Refusing(Service(said(200, message="hello"), stored_as_sent))

    async def body(pinata):
        return await Pinata.upload(pinata, given(), name="pieces")

    assert over(body, transport, jwt=JWT).cid == cid_of(DATA)
    assert transport.tries == 6


def stored_as_sent(request):
    assert DATA in request.content
    return httpx.Response(
        200, json={"IpfsHash": str(cid_of(DATA)), "PinSize": 1, "Timestamp": "2024-01-01T00:00:00Z"}
    )


def test_a_generator_is_closed_where_it_was_left(play, wire):
    if wire == "blocking":
        pytest.skip("nothing is awaited")
    closed = []

    async def watched():
        try:
            yield DATA
            yield "text"
        finally:
            closed.append(True)

    async def body(pinata):
        with pytest.raises(InputError):
            await Pinata.upload(pinata, watched())
        assert closed == [True]

    play(body)
    gc.collect()


def test_more_than_one_request_takes_still_goes_in_one_to_the_older_api(settings):
    sent = []

    def many():
        piece = bytes(MIB)
        for _ in range(V3_LIMIT // MIB + 2):
            yield piece

    with Pinata(**settings, watch=lambda told: sent.append(told.url.rpartition("/")[2])) as pinata:
        upload = pinata.upload(many(), name="zeros")
        pinata.files.delete(upload.id)
    assert upload.size == (V3_LIMIT // MIB + 2) * MIB
    assert "pinFileToIPFS" in sent

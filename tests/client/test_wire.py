"""One body, three wires: asking again, giving up, keeping secrets; and no operation without its test."""

from __future__ import annotations

import contextlib
import gzip
import inspect
import logging
import random
import re
import socket
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx2 as httpx
import pytest

import pinatakit
from pinatakit import AsyncPinata, Permissions, Pinata
from pinatakit.client import RESOURCES, _Pinata, _wire
from pinatakit.client._listing import listing
from pinatakit.client._now import iterate_now, run_now
from pinatakit.client._operation import operation, stream
from pinatakit.client._wire import Awaiting, Blocking
from pinatakit.client.account import Account
from pinatakit.client.analytics import Analytics
from pinatakit.client.files import Files
from pinatakit.client.gateways import Gateways
from pinatakit.client.groups import Groups, OlderGroups
from pinatakit.client.keys import Keys, OlderKeys
from pinatakit.client.links import Links
from pinatakit.client.payments import Payments
from pinatakit.client.pins import Pins
from pinatakit.client.plugins import Plugins
from pinatakit.client.psa import PinObjects
from pinatakit.client.signatures import Signatures
from pinatakit.client.swaps import Swaps
from pinatakit.client.vectors import Vectors
from pinatakit.content import PROFILES, build_file, walk_blocks, write_car
from pinatakit.errors import (
    BadRequest,
    InputError,
    NotFound,
    PinataError,
    RateLimited,
    ServiceFault,
    SettingsError,
    Unreachable,
)
from pinatakit.protocol import Call, nothing
from pinatakit.protocol._call import JSON_TYPE, reads_json
from pinatakit.protocol.gateway import CAR_TYPE
from tests.content.vectors import Blocks, content

from .fakes import JWT, Pieces, Service, said, stored

GREETING = said(200, message="hello")
NOTHING = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"  # what nobody has
BUSY = said(429, {"retry-after": "0.01"}, error={"reason": "RATE_LIMITED", "details": "slow down"})

PLAYED = {
    # test_account
    "Account.test",
    "Account.usage",
    "Account.limits",
    # test_keys
    "Keys.create",
    "Keys.list",
    "Keys.revoke",
    "OlderKeys.create",
    "OlderKeys.list",
    "OlderKeys.revoke",
    # test_groups
    "Groups.create",
    "Groups.get",
    "Groups.list",
    "Groups.update",
    "Groups.delete",
    "Groups.add",
    "Groups.remove",
    "OlderGroups.create",
    "OlderGroups.get",
    "OlderGroups.list",
    "OlderGroups.update",
    "OlderGroups.delete",
    "OlderGroups.add",
    "OlderGroups.remove",
    # test_files
    "Files.get",
    "Files.list",
    "Files.update",
    "Files.delete",
    # test_links
    "Links.download",
    # test_payments
    "Payments.create",
    "Payments.get",
    "Payments.list",
    "Payments.update",
    "Payments.delete",
    "Payments.cids",
    "Payments.add_cid",
    "Payments.remove_cid",
    "Payments.read",
    "Payments.pin",
    "Payments.retrieve",
    "Payments.mpp_pin",
    "Payments.mpp_read",
    # test_pins
    "Pins.add",
    "Pins.list",
    "Pins.queue",
    "Pins.cancel",
    "Pins.wait",
    "Pins.update",
    "Pins.remove",
    # test_psa
    "PinObjects.list",
    "PinObjects.add",
    "PinObjects.get",
    "PinObjects.replace",
    "PinObjects.delete",
    # test_signatures
    "Signatures.sign",
    "Signatures.add",
    "Signatures.get",
    "Signatures.delete",
    # test_swaps
    "Swaps.add",
    "Swaps.history",
    "Swaps.delete",
    # test_gateways
    "Gateways.list",
    "Gateways.get",
    "Gateways.create",
    "Gateways.delete",
    "Gateways.exists",
    "Gateways.add_domain",
    "Gateways.get_domain",
    "Gateways.remove_domain",
    "Gateways.create_token",
    "Gateways.delete_token",
    "Gateways.allow_ip",
    "Gateways.remove_ip",
    "Gateways.allow_host",
    "Gateways.remove_host",
    # test_plugins
    "Plugins.list",
    "Plugins.get",
    "Plugins.installed",
    "Plugins.install",
    "Plugins.uninstall",
    # test_analytics
    "Analytics.top",
    "Analytics.time_series",
    # test_uploads
    # test_links
    "Links.upload",
    # test_uploads and test_tus
    "_Pinata.upload",
    "_Pinata.upload_files",
    "_Pinata.upload_json",
    # test_vectors
    "Vectors.add",
    "Vectors.delete",
    "Vectors.query",
    # test_downloads
    "_Pinata.download",
    "_Pinata.read",
    "_Pinata.read_bytes",
}
"""Operations that are played on three wires."""

ROOMS = (
    _Pinata,
    Files,
    Groups,
    OlderGroups,
    Pins,
    PinObjects,
    Keys,
    OlderKeys,
    Account,
    Swaps,
    Links,
    Gateways,
    Plugins,
    Analytics,
    Vectors,
    Payments,
    Signatures,
)


@pytest.fixture
def waits(monkeypatch):
    """Chance chooses the shortest wait; here is among which it chose."""
    chosen = []

    def uniform(low, high):
        chosen.append((low, high))
        return low

    monkeypatch.setattr(random, "uniform", uniform)
    return chosen


async def greet(pinata):
    return await Account.test(pinata.account)


def test_every_operation_is_played_on_three_wires():
    found = {
        f"{room.__name__}.{name}"
        for room in ROOMS
        for name, value in vars(room).items()
        if isinstance(value, operation | stream | listing)
    }
    assert found == PLAYED


def test_every_operation_knows_which_networks_there_are():
    """None is asked of the service, be it in a path, where it would be something else."""
    service = Service(said(500, error="nothing should have been asked"))
    found = set()
    with Pinata(JWT, transport=service.transport) as pinata:
        for place in (pinata, *(getattr(pinata, name) for name in RESOURCES)):
            room = _Pinata if place is pinata else type(place)
            for name, value in vars(room).items():
                if not isinstance(value, operation | stream | listing):
                    continue
                parameters = inspect.signature(value.body).parameters
                if "network" in parameters:
                    needed = [one for one in parameters.values() if one.default is one.empty][1:]
                    with pytest.raises(InputError, match="network is public or private, not 'secret'"):
                        next(getattr(place, name)(*[NOTHING] * len(needed), network="secret"))
                    found.add(f"{room.__name__}.{name}")
    assert {"_Pinata.upload", "_Pinata.read", "Files.list", "Links.upload", "Swaps.history"} < found
    assert service.requests == []


def test_a_client_and_its_resources_say_where_they_ask():
    with Pinata(JWT, endpoint_url="http://127.0.0.1:1") as pinata:
        assert repr(pinata) == "<Pinata of http://127.0.0.1:1>"
        assert repr(pinata.keys.older) == "<OlderKeys of http://127.0.0.1:1>"
    assert repr(AsyncPinata(JWT).files) == "<Files of https://api.pinata.cloud>"


def test_every_operation_says_what_it_does():
    for room in ROOMS:
        for name, value in vars(room).items():
            if isinstance(value, operation | stream | listing):
                assert value.__doc__, name
                assert getattr(room, name).__doc__ == value.__doc__


# Asking again


def test_a_busy_service_is_asked_again_after_the_time_it_names(over, waits):
    service = Service(BUSY, BUSY, GREETING)
    assert over(greet, service.transport, jwt=JWT) == "hello"
    assert len(service.requests) == 3
    assert waits == []


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_a_service_that_fails_for_the_moment_is_asked_again(over, waits, status):
    service = Service(said(status), GREETING)
    assert over(greet, service.transport, jwt=JWT) == "hello"
    assert len(service.requests) == 2
    assert waits == [(0, 0.5)]


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (404, NotFound), (501, ServiceFault), (507, ServiceFault)]
)
def test_a_refusal_is_final(over, status, kind):
    service = Service(said(status, error="no"))
    with pytest.raises(kind, match="no"):
        over(greet, service.transport, jwt=JWT)
    assert len(service.requests) == 1


def test_a_service_that_asks_for_too_long_a_wait_is_reported(over):
    service = Service(said(429, {"retry-after": "121"}, error="slow down"))
    with pytest.raises(RateLimited) as caught:
        over(greet, service.transport, jwt=JWT)
    assert caught.value.retry_after == 121
    assert len(service.requests) == 1


@pytest.mark.parametrize("told", ["", "soon"])
def test_a_time_that_cannot_be_read_is_as_good_as_none(over, waits, told):
    service = Service(said(429, {"retry-after": told}), GREETING)
    assert over(greet, service.transport, jwt=JWT) == "hello"
    assert len(waits) == 1


def test_attempts_are_bounded_and_waits_double(over, waits):
    service = Service(said(503, error="later"))
    with pytest.raises(ServiceFault, match="later"):
        over(greet, service.transport, jwt=JWT)
    assert len(service.requests) == 4
    assert waits == [(0, 0.5), (0, 1.0), (0, 2.0)]


def test_attempts_can_be_chosen(over):
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(Unreachable, match="refused"):
        over(greet, service.transport, jwt=JWT, attempts=1)
    assert len(service.requests) == 1


def test_a_service_that_never_answers_is_unreachable_and_named(over, waits):
    service = Service(httpx.ConnectError(""))
    with pytest.raises(
        Unreachable, match="from https://api.pinata.cloud to GET /data/testAuth.*ConnectError"
    ) as caught:
        over(greet, service.transport, jwt=JWT)
    assert len(service.requests) == 4
    assert caught.value.hint


def test_a_cut_connection_is_tried_again_with_the_body_started_afresh(over, waits):
    root = build_file([b"again"], PROFILES["v1"])
    service = Service(httpx.ReadError("cut"), said(503), stored(root.cid))
    told = []

    async def body(pinata):
        return await Pinata.upload(pinata, b"again", progress=lambda sent, total: told.append((sent, total)))

    assert over(body, service.transport, jwt=JWT).cid == root.cid
    bodies = {request.content for request in service.requests}
    assert (len(service.requests), len(bodies)) == (3, 1)
    assert b"again" in bodies.pop()
    assert told == [(5, 5)] * 3


# What suspends, and what does not


class Suspends:
    def __await__(self):
        yield


def test_what_suspends_on_a_blocking_wire_is_an_error():
    async def body():
        await Suspends()

    with pytest.raises(RuntimeError, match="suspended on a blocking wire"):
        run_now(body())


def test_what_suspends_in_a_blocking_stream_is_an_error():
    async def items():
        yield 1
        await Suspends()

    listing = iterate_now(items())
    assert next(listing) == 1
    with pytest.raises(RuntimeError):
        next(listing)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_blocking_client_works_inside_a_running_event_loop(backend, settings):
    async def main():
        with Pinata(**settings) as pinata:
            upload = pinata.upload(b"in a loop")
            assert b"".join(pinata.read(upload.cid)) == b"in a loop"
            assert upload.id in [file.id for file in pinata.files.list()]

    anyio.run(main, backend=backend)


def page(request):
    files = [{"id": f"{request.url.params.get('pageToken', 0)}-{i}", "cid": "pending"} for i in range(2)]
    return httpx.Response(200, json={"data": {"files": files, "next_page_token": "1"}})


def test_closing_a_listing_early_closes_it():
    service = Service(page)
    with Pinata(JWT, transport=service.transport) as pinata:
        listing = iter(pinata.files.list())
        assert next(listing).id == "0-0"
        listing.close()
        assert next(listing, None) is None
    assert len(service.requests) == 1


def test_closing_a_read_early_closes_its_connection():
    blocks = Blocks()
    root = build_file(content("closed", 4 << 20), PROFILES["v1"], blocks.take)
    body = Pieces(*write_car([root.cid], walk_blocks(root.cid, blocks.__getitem__)))
    service = Service(httpx.Response(200, headers={"content-type": CAR_TYPE}, stream=body))
    with Pinata(JWT, transport=service.transport) as pinata:
        pieces = pinata.read(root.cid)
        assert next(pieces)
        assert not body.closed
        pieces.close()
        assert body.closed


NOT_SENT = "GET /data/testAuthentication was not sent: the client is closed"


def test_a_closed_client_says_so_and_asks_nothing(settings):
    with Pinata(**settings) as pinata:
        pinata.account.test()
    for ask in (pinata.account.test, lambda: list(pinata.read(NOTHING)), lambda: pinata.upload(b"late")):
        with pytest.raises(InputError, match="the client is closed"):
            ask()
    with pytest.raises(InputError) as caught:
        pinata.account.test()
    assert caught.value.message == NOT_SENT
    assert caught.value.hint == "ask within its `with` block, or make another client"


def test_a_closed_async_client_says_so_and_asks_nothing(settings):
    async def main():
        async with AsyncPinata(**settings) as pinata:
            await pinata.account.test()
        with pytest.raises(InputError) as caught:
            await pinata.account.test()
        assert caught.value.message == NOT_SENT

    anyio.run(main)


def test_who_waits_for_a_turn_asks_nothing_once_the_client_is_closed(raw):
    address, seen = heads(raw)
    with ThreadPoolExecutor(1) as thread, Pinata(JWT, endpoint_url=address) as pinata:
        slow_down(pinata)
        waiting = thread.submit(pinata.account.test)
        time.sleep(0.1)
        assert waiting.running()
    with pytest.raises(InputError) as caught:
        waiting.result()
    assert caught.value.message == NOT_SENT
    assert seen == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_task_that_waits_for_a_turn_asks_nothing_once_the_client_is_closed(raw, backend):
    address, seen = heads(raw)
    refused = []

    async def ask(pinata):
        with pytest.raises(InputError) as caught:
            await pinata.account.test()
        refused.append(caught.value.message)

    async def main():
        async with anyio.create_task_group() as tasks, AsyncPinata(JWT, endpoint_url=address) as pinata:
            slow_down(pinata)
            tasks.start_soon(ask, pinata)
            await anyio.sleep(0.1)
            assert refused == []

    anyio.run(main, backend=backend)
    assert (refused, seen) == ([NOT_SENT], [])


def slow_down(pinata):
    """The service is to be asked in half a second."""
    pinata.wire._limits.heed("data", 429, {"retry-after": "0.5"}, time.monotonic())


def test_threads_that_are_the_first_to_ask_share_one_pool_of_connections(raw, monkeypatch):
    address, seen = heads(raw)
    made, pooled, ready = [], _wire._pooled, threading.Barrier(8)

    def slowly(settings):
        time.sleep(0.1)
        made.append(settings)
        return pooled(settings)

    monkeypatch.setattr(_wire, "_pooled", slowly)
    unlocked = contextlib.nullcontext()  # as it is from Python 3.12 on
    monkeypatch.setattr(vars(Blocking)["_pool"], "lock", unlocked, raising=False)

    def ask(pinata):
        ready.wait(10)
        return pinata.account.test()

    with ThreadPoolExecutor(8) as threads, Pinata(JWT, endpoint_url=address) as pinata:
        assert list(threads.map(ask, [pinata] * 8)) == ["hi"] * 8
    assert (len(made), len(seen)) == (1, 8)


def test_a_client_is_shared_between_threads(settings):
    with Pinata(**settings) as pinata, ThreadPoolExecutor(8) as pool:
        uploads = list(pool.map(lambda i: pinata.upload(b"thread %d" % i), range(16)))
        read = list(pool.map(lambda upload: b"".join(pinata.read(upload.cid)), uploads))
    assert read == [b"thread %d" % i for i in range(16)]


# What goes over the wire


def test_a_redirect_is_reported_and_not_followed(over):
    service = Service(said(302, {"location": "https://elsewhere.example/"}))
    with pytest.raises(PinataError, match="302"):
        over(greet, service.transport, jwt=JWT)
    assert [request.url.host for request in service.requests] == ["api.pinata.cloud"]


def test_a_request_says_who_asks_and_what_asks(over):
    service = Service(GREETING)
    over(greet, service.transport, jwt=JWT)
    (request,) = service.requests
    assert request.headers["authorization"] == f"Bearer {JWT}"
    assert request.headers["user-agent"].startswith("pinatakit/")
    assert request.headers["accept-encoding"] == "identity"


def test_a_key_pair_can_ask_too(over):
    service = Service(GREETING)
    over(greet, service.transport, api_key="key", api_secret="secret")
    (request,) = service.requests
    assert request.headers["pinata_api_key"] == "key"
    assert request.headers["pinata_secret_api_key"] == "secret"
    assert "authorization" not in request.headers


def test_without_credentials_nothing_is_asked(over):
    service = Service(GREETING)
    with pytest.raises(SettingsError, match="no credentials"):
        over(greet, service.transport)
    assert service.requests == []


def test_each_host_has_its_own_address(over):
    root = build_file([b"x"], PROFILES["v1"])
    service = Service(stored(root.cid))

    async def upload(pinata):
        await Pinata.upload(pinata, b"x")

    over(upload, service.transport, jwt=JWT)
    over(upload, service.transport, jwt=JWT, endpoint_url="http://127.0.0.1:5011/")
    assert [str(request.url) for request in service.requests] == [
        "https://uploads.pinata.cloud/v3/files",
        "http://127.0.0.1:5011/v3/files",
    ]


def test_a_gateway_is_told_no_credential(over):
    service = Service(said(404, error="not here"))

    async def body(pinata):
        with pytest.raises(NotFound):
            async for _ in Pinata.read(pinata, build_file([b"x"], PROFILES["v1"]).cid):
                pass

    over(body, service.transport, jwt=JWT, api_key="key", api_secret="secret")
    for request in service.requests:
        assert JWT not in str(request.headers.raw)
        assert b"secret" not in b"".join(value for _, value in request.headers.raw)


def test_a_secret_is_never_shown(over):
    failures = [
        said(401, error={"reason": "INVALID_CREDENTIALS", "details": "Invalid/expired credentials"}),
        said(404, error={"message": "no"}),
        said(500),
        said(200),
        httpx.ReadTimeout("too slow"),
        httpx.Response(200, text="<html>"),
    ]
    for failure in failures:
        service = Service(failure)

        async def body(pinata):
            shown = [repr(pinata.settings), str(pinata.settings), repr(pinata.settings.credential)]
            try:
                await Files.get(pinata.files, "id")
            except PinataError as error:
                shown += [str(error), repr(error), error.message, repr(vars(error))]
                shown += traceback.format_exception(error)
            assert len(shown) > 3
            return "".join(shown)

        shown = over(body, service.transport, jwt=JWT, attempts=1)
        shown += "".join(str(request.url) for request in service.requests)
        assert JWT not in shown
        assert "very-secret" not in shown


def test_an_answer_that_is_no_json_is_told_with_its_start(over):
    service = Service(httpx.Response(200, text="<html>a login page</html>"))
    with pytest.raises(PinataError, match="not JSON: '<html>a login page") as caught:
        over(greet, service.transport, jwt=JWT)
    assert caught.value.hint


def test_a_page_of_another_shape_is_told(over):
    async def body(pinata):
        await Files.get(pinata.files, "id")

    for answer in (said(200), said(200, data={"name": "no id"}), said(200, data={"id": "1", "cid": "bad"})):
        with pytest.raises(PinataError):
            over(body, Service(answer).transport, jwt=JWT)


def test_a_source_that_can_be_read_once_is_not_sent_twice(over, waits):
    class Once:
        def __init__(self):
            self.pieces = [b"once", b""]

        def read(self, _):
            return self.pieces.pop(0)

    service = Service(GREETING, httpx.ReadError("cut"))

    async def body(pinata):
        await Pinata.upload(pinata, Once())

    with pytest.raises(InputError, match="cannot be read again"):
        over(body, service.transport, jwt=JWT)
    assert service.paths == ["/data/testAuthentication", "/pinning/pinFileToIPFS"]


def test_what_makes_something_anew_is_not_sent_twice(over):
    asked = []

    def cut(request):
        asked.append(request.url.path)
        raise httpx.ReadError("cut")

    async def body(pinata):
        with pytest.raises(Unreachable):
            await Keys.create(pinata.keys, "once", Permissions.ADMIN)

    over(body, httpx.MockTransport(cut), jwt="a.b.c", endpoint_url="http://x")
    assert asked == ["/v3/api_keys"]


# Keeping below the limits


def unlimited(request):
    return httpx.Response(200, json={"data": {"files": []}})


async def ask_for_files(pinata):
    return [file async for file in Files.list(pinata.files)]


def test_a_client_that_knows_its_plan_waits_and_is_never_refused(over, monkeypatch):
    slept = []
    clock = [0.0]

    async def sleep(_, seconds):
        slept.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("pinatakit.client._wire.time.monotonic", lambda: clock[0])
    for kind in (Blocking, Awaiting):
        monkeypatch.setattr(kind, "sleep", sleep)

    async def body(pinata):
        for _ in range(130):
            await ask_for_files(pinata)

    over(body, Service(unlimited).transport, jwt=JWT, rate_limit="free")
    assert slept == [60.0, 60.0]


def test_a_refusal_makes_all_calls_of_a_client_wait():
    late = []

    def answer(request):
        late.append(time.monotonic())
        return httpx.Response(429, headers={"retry-after": "0.5"}) if len(late) == 1 else unlimited(request)

    with Pinata(JWT, transport=httpx.MockTransport(answer)) as pinata, ThreadPoolExecutor(4) as pool:
        list(pinata.files.list())
        first = late[0]
        list(pool.map(lambda _: list(pinata.files.list()), range(4)))
    assert all(moment - first >= 0.5 for moment in late[1:])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_call_leaves_its_moment_to_the_next(backend):
    async def main():
        service = Service(unlimited)
        async with AsyncPinata(JWT, transport=service.transport, rate_limit=1) as pinata:
            await ask_for_files(pinata)
            limits = pinata.wire._limits
            for _ in range(5):
                with anyio.move_on_after(0.02):
                    await ask_for_files(pinata)
            assert 59 < limits.reserve("api", time.monotonic()) - time.monotonic() < 60
        assert len(service.requests) == 1

    anyio.run(main, backend=backend)


def test_the_limiter_never_sleeps_in_the_event_loop():
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await anyio.sleep(0.01)

    async def main():
        service = Service(BUSY, unlimited)
        async with (
            AsyncPinata(JWT, transport=service.transport) as pinata,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(tick)
            pinata.wire._limits.heed("api", 429, {"retry-after": "0.3"}, time.monotonic())
            await ask_for_files(pinata)
            tasks.cancel_scope.cancel()

    anyio.run(main)
    assert len(ticks) > 15


def test_the_local_pinata_is_asked_as_often_as_one_likes(settings):
    with Pinata(**settings) as pinata:
        begun = time.monotonic()
        for _ in range(100):
            pinata.account.test()  # of which Pinata itself takes 30 a minute
        assert time.monotonic() - begun < 20


# What stands is given up, what moves is not


@pytest.fixture
def raw():
    """A service of raw sockets: `raw(serve)` gives its address; `serve(socket)` plays one connection."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    done = threading.Event()

    def start(serve):
        def accept():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=play, args=(connection,), daemon=True).start()

        def play(connection):
            with connection, contextlib.suppress(OSError):
                serve(connection, done)

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    done.set()
    listening.close()


QUICK = {"jwt": JWT, "timeout": 0.8, "attempts": 1}


# httpx2 leaves its innermost generator to the garbage collector, of which Trio warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_answer_that_trickles_is_given_up(over, raw):
    def trickle(connection, done):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b"x")

    with pytest.raises(Unreachable, match="has stalled"):
        over(greet, endpoint_url=raw(trickle), **QUICK)


def test_an_answer_that_is_slow_but_comes_is_awaited(over, raw):
    def slowly(connection, done):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 16000\r\n\r\n")
        words = b'{"message": "' + b"x" * 15985 + b'"}'
        for start in range(0, 16000, 400):
            connection.sendall(words[start : start + 400])
            done.wait(0.05)

    begun = time.monotonic()
    assert len(over(greet, endpoint_url=raw(slowly), **QUICK)) == 15985
    assert time.monotonic() - begun > 2 * QUICK["timeout"]


def test_an_upload_that_nobody_takes_in_is_given_up(over, raw):
    def deaf(connection, done):
        done.wait()

    async def body(pinata):
        await Pinata.upload(pinata, bytes(30_000_000))

    with pytest.raises(Unreachable, match="POST /v3/files"):
        over(body, endpoint_url=raw(deaf), **QUICK)


def test_an_upload_that_is_hardly_taken_in_is_given_up(over, raw):
    def sip(connection, done):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while not done.wait(0.1):
            connection.recv(40_000)

    async def body(pinata):
        await Pinata.upload(pinata, bytes(30_000_000))

    with pytest.raises(Unreachable):
        over(body, endpoint_url=raw(sip), min_speed=10_000_000, **QUICK)


def heads(raw, answer=b'HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"message":"hi"}'):
    """The address of a service that answers so, and what its requests look like."""
    seen = []

    def serve(connection, done):
        while head := connection.recv(65536):
            if b" HTTP/1.1\r\n" in head:  # and not a body that comes by itself
                seen.append(head)
                connection.sendall(answer)

    return raw(serve), seen


@pytest.mark.parametrize("proxied", [False, True], ids=["the short way", "the long way"])
def test_a_request_looks_the_same_whichever_way_it_goes(raw, over, monkeypatch, proxied):
    address, seen = heads(raw)
    if proxied:  # a proxy is named, though not for this machine
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def body(pinata):
        await pinata.wire.send(Call("POST", "/a", reads_json(str), query={"b": "c d/é", "e": True}))
        await pinata.wire.send(Call("GET", "/f", reads_json(str)))
        await pinata.wire.send(Call("PUT", "/g", reads_json(str), body=b"h", headers=JSON_TYPE))

    over(body, endpoint_url=f"{address}/under", **QUICK)
    host = address.removeprefix("http://")
    ours = {
        f"host: {host}",
        "accept: */*",
        "accept-encoding: identity",
        "connection: keep-alive",
        f"user-agent: pinatakit/{pinatakit.__version__}",
        f"authorization: Bearer {JWT}",
    }
    lines = [head.decode().partition("\r\n\r\n")[0].split("\r\n") for head in seen]
    first = [line[0] for line in lines]
    told = [
        {name.lower() + colon + value for name, colon, value in (one.partition(":") for one in line[1:])}
        for line in lines
    ]
    assert first == [
        "POST /under/a?b=c+d%2F%C3%A9&e=true HTTP/1.1",
        "GET /under/f HTTP/1.1",
        "PUT /under/g HTTP/1.1",
    ]
    assert told == [
        ours | {"content-length: 0"},
        ours,
        ours | {"content-length: 1", "content-type: application/json"},
    ]


def test_a_path_that_must_be_escaped_is(raw, over):
    address, seen = heads(raw)

    async def body(pinata):
        await pinata.wire.send(Call("GET", "/a b/é", reads_json(str)))

    over(body, endpoint_url=address, **QUICK)
    assert seen[0].startswith(b"GET /a%20b/%C3%A9 HTTP/1.1\r\n")


@pytest.mark.parametrize(("below", "told"), [("/a b", b"/a%20b"), ("/a%20b", b"/a%20b"), ("/é", b"/%C3%A9")])
def test_the_path_of_an_address_that_must_be_escaped_is(raw, over, below, told):
    address, seen = heads(raw)
    over(greet, endpoint_url=address + below, **QUICK)
    assert seen[0].startswith(b"GET %b/data/testAuthentication HTTP/1.1\r\n" % told)


def test_an_answer_is_decoded_although_it_was_asked_for_as_it_is(raw, over):
    packed = gzip.compress(b'{"message":"hi"}')
    answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    address, seen = heads(raw, answer + packed)
    assert over(greet, endpoint_url=address, **QUICK) == "hi"
    assert len(seen) == 1


def test_connections_are_used_again(raw, over):
    connections = []

    def serve(connection, done):
        connections.append(connection)
        while connection.recv(65536):
            connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"message":"hi"}')

    async def body(pinata):
        for _ in range(20):
            await greet(pinata)

    over(body, endpoint_url=raw(serve), **QUICK)
    assert len(connections) == 1


def test_waiting_for_a_connection_of_ones_own_is_no_silence(raw):
    def serve(connection, done):
        while connection.recv(65536):
            done.wait(0.8)
            connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{"message":"hi"}')

    async def main():
        client = AsyncPinata(JWT, endpoint_url=raw(serve), timeout=1.5, attempts=1)
        async with client as pinata, anyio.create_task_group() as tasks:
            for _ in range(300):  # of which 100 are asked at a time, so that the last wait for 1.6 seconds
                tasks.start_soon(pinata.account.test)

    anyio.run(main)


# Watching


def test_whoever_watches_is_told_of_each_request(over, waits):
    told = []
    service = Service(httpx.ReadError("cut"), said(503), said(200, {"x-request-id": "abc"}, message="hello"))
    over(greet, service.transport, jwt=JWT, watch=told.append)
    assert [(what.attempt, what.status, what.error, what.request_id) for what in told] == [
        (1, None, "ReadError", None),
        (2, 503, None, None),
        (3, 200, None, "abc"),
    ]
    assert {(what.method, what.url) for what in told} == {
        ("GET", "https://api.pinata.cloud/data/testAuthentication")
    }
    assert all(what.seconds >= 0 and what.started.tzinfo for what in told)
    with pytest.raises(AttributeError):
        told[0].status = 200


def test_a_download_is_told_of_when_it_has_ended(over):
    root = build_file([b"content"], PROFILES["v1"])
    told = []

    async def body(pinata):
        with pytest.raises(NotFound):
            async for _ in Pinata.read(pinata, root.cid):
                pass

    over(body, Service(said(404)).transport, jwt=JWT, watch=told.append)
    assert [(what.status, what.url) for what in told] == [
        (404, f"https://gateway.pinata.cloud/ipfs/{root.cid}")
    ]


def test_requests_are_logged_without_secrets(over, caplog, waits):
    service = Service(said(503), said(200, {"x-request-id": "abc"}, data={"id": "1", "cid": "pending"}))
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzZWNyZXQiOiJodXNoIn0.c2lnbmF0dXJl"

    async def body(pinata):
        await pinata.wire.ask(Call("GET", f"/v3/files/public/{jwt}", nothing, {"token": jwt}))

    with caplog.at_level(logging.DEBUG):
        over(body, service.transport, jwt=jwt)
    ours = [record.getMessage() for record in caplog.records if record.name == "pinatakit"]
    assert re.fullmatch(
        r"GET https://api.pinata.cloud/v3/files/public/\*\*\* 503 [\d.]+ ms attempt 1 request None", ours[0]
    )
    assert re.fullmatch(r"GET \S+ 200 [\d.]+ ms attempt 2 request abc", ours[1])
    assert jwt not in "".join(ours)


def test_the_http_library_logs_no_signed_address(caplog):
    address = "https://g.example/files/bafy?X-Algorithm=PINATA1&X-Signature=hush&pinataGatewayToken=hush"
    with caplog.at_level(logging.DEBUG), httpx.Client(transport=Service(GREETING).transport) as http:
        http.get(address)
    assert "X-Algorithm=PINATA1&X-Signature=***" in caplog.text
    assert "hush" not in caplog.text


def test_a_secret_address_in_an_answer_is_not_logged_either(settings, caplog):
    """Where an upload in chunks goes on is in a header, which the HTTP library logs."""
    with caplog.at_level(logging.DEBUG), Pinata(**settings) as pinata:
        url = pinata.links.upload()
        pinata.upload(b"in chunks", url=url, resumable=True)
    signature = re.search("X-Signature=([^&]+)", url)[1]
    told = [record.getMessage() for record in caplog.records if record.name.startswith("httpcore2")]
    assert any("X-Signature=***" in line for line in told)
    assert not any(signature in line for line in told)


def test_a_password_in_an_address_is_in_no_error(over):
    told = []
    url = "https://user:hush@uploads.example/v3/files/1?X-Signature=hush"

    async def body(pinata):
        with pytest.raises(
            Unreachable, match=r"^no answer to POST https://uploads.example/v3/files/1: "
        ) as caught:
            await Pinata.upload(pinata, b"x", url=url)
        assert "hush" not in "".join(traceback.format_exception(caught.value, chain=True)[-1:])

    over(body, Service(httpx.ConnectError("nobody there")).transport, attempts=1, watch=told.append)
    assert [what.url for what in told] == ["https://uploads.example/v3/files/1"]


@pytest.mark.parametrize("kind", [Pinata, AsyncPinata])
def test_who_watches_is_no_coroutine(kind):
    async def watch(_):
        pass

    with pytest.raises(InputError, match="watch is told and not awaited"):
        kind(JWT, watch=watch)


# The gateway's key, and staying at home


@pytest.mark.parametrize("place", ["https://elsewhere.example", "http://me.example"])
def test_the_key_of_a_gateway_goes_to_that_gateway_alone_and_not_in_clear(over, place):
    service = Service(httpx.Response(302, headers={"location": f"{place}/ipfs/x"}), said(404))

    async def body(pinata):
        with pytest.raises(NotFound):
            async for _ in Pinata.read(pinata, build_file([b"x"], PROFILES["v1"]).cid):
                pass
        await greet(pinata)

    service.answers.append(GREETING)
    over(body, service.transport, jwt=JWT, gateway_url="https://me.example", gateway_key="hush")
    keys = [
        (request.url.copy_with(path="/", query=None), request.headers.get("x-pinata-gateway-token"))
        for request in service.requests
    ]
    places = ["https://me.example", place, "https://api.pinata.cloud"]
    assert keys == [
        (httpx.URL(f"{one}/"), key) for one, key in zip(places, ["hush", None, None], strict=True)
    ]


def test_offline_nothing_is_asked_but_this_machine(over, monkeypatch, settings):
    monkeypatch.setenv("PINATA_OFFLINE", "1")
    service = Service(GREETING)
    with pytest.raises(SettingsError, match="stay offline"):
        over(greet, service.transport, jwt=JWT)
    assert service.requests == []
    assert over(greet, **settings)

"""One body, three wires: asking again, giving up, keeping secrets; and no operation without its test."""

from __future__ import annotations

import random
import traceback
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx2 as httpx
import pytest

from pinatakit import AsyncPinata, Permissions, Pinata
from pinatakit.client import _Pinata
from pinatakit.client._wire import iterate_now, operation, run_now, stream
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
from pinatakit.protocol.gateway import CAR_TYPE
from tests.content.vectors import Blocks, content

from .fakes import JWT, Pieces, Service, said, stored

GREETING = said(200, message="hello")
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
        if isinstance(value, operation | stream)
    }
    assert found == PLAYED


def test_every_operation_says_what_it_does():
    for room in ROOMS:
        for name, value in vars(room).items():
            if isinstance(value, operation | stream):
                assert value.__doc__, name
                assert getattr(room, name).__doc__ == value.__doc__


# Asking again


def test_a_busy_service_is_asked_again_after_the_time_it_names(over, waits):
    service = Service(BUSY, BUSY, GREETING)
    assert over(greet, service.transport, jwt=JWT) == "hello"
    assert len(service.requests) == 3
    assert waits == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_service_that_fails_for_the_moment_is_asked_again(over, waits, status):
    service = Service(said(status), GREETING)
    assert over(greet, service.transport, jwt=JWT) == "hello"
    assert len(service.requests) == 2
    assert waits == [(0, 0.5)]


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (404, NotFound), (500, ServiceFault), (507, ServiceFault)]
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


@pytest.mark.parametrize("told", ["", "soon", "Wed, 21 Oct 2037 07:28:00 GMT"])
def test_a_time_that_is_not_in_seconds_is_as_good_as_none(over, waits, told):
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
        listing = pinata.files.list()
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


def test_an_async_client_is_closed_at_the_end():
    async def main():
        async with AsyncPinata(JWT, transport=Service(GREETING).transport) as pinata:
            assert await pinata.account.test() == "hello"
        with pytest.raises(RuntimeError):
            await pinata.account.test()

    anyio.run(main)


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

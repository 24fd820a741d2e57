"""For all tests: slow ones wait to be asked for, and one body is played on three wires."""

from __future__ import annotations

import anyio
import httpx2 as httpx
import pytest
from hypothesis import settings as examples

from pinatakit import AsyncPinata, Pinata
from pinatakit.client._wire import run_now
from pinatakit.server import Server

pytest_plugins = ["pinatakit.pytest_plugin"]

# No deadlines: a machine that is shared keeps none. `make test` tries the same examples each time.
examples.register_profile("quick", max_examples=50, deadline=None, derandomize=True)
examples.register_profile("thorough", max_examples=1000, deadline=None)
examples.load_profile("quick")


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path_factory):
    """No test speaks for whoever runs it, or remembers anything beyond its end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    for name in ("PINATA_JWT", "PINATA_ENDPOINT_URL", "PINATA_GATEWAY_URL", "PINATA_GATEWAY_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["blocking", "asyncio", "trio"])
def wire(request):
    """The name of a wire."""
    return request.param


@pytest.fixture
def over(wire):
    """Play a body on a wire: `over(body, transport, **settings)`.

    The body is a coroutine function that takes a client. It names an operation by its class,
    as in ``await Files.get(pinata.files, id)``, which is the same coroutine on every wire.
    """

    def over(body, transport=None, **settings):
        if wire == "blocking":
            with Pinata(transport=transport, **settings) as pinata:
                return run_now(body(pinata))

        async def awaited():
            async with AsyncPinata(transport=transport, **settings) as pinata:
                return await body(pinata)

        return anyio.run(awaited, backend=wire)

    return over


@pytest.fixture(scope="module")
def server():
    """A local Pinata on a real port, shared by the tests of a module."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def settings(server):
    """What makes a client of the local Pinata."""
    return {"jwt": server.admin.jwt, "endpoint_url": server.url, "gateway_url": server.url}


@pytest.fixture(scope="module")
def janitor(settings):
    """Takes away all files and groups of the local Pinata."""
    with Pinata(**settings) as pinata:

        def janitor():
            for network in ("public", "private"):
                for file in pinata.files.list(network=network):
                    pinata.files.delete(file.id, network=network)
                for group in pinata.groups.list(network=network):
                    pinata.groups.delete(group.id, network=network)

        yield janitor


@pytest.fixture
def play(wire, over, settings, janitor):
    """Play a body on a wire against the local Pinata, which has no files and groups before and after."""

    def play(body, **others):
        # Reading certificates, which plain HTTP has no use for, would take longer than most tests.
        transport = httpx.HTTPTransport if wire == "blocking" else httpx.AsyncHTTPTransport
        return over(body, transport(verify=False), **settings | others)

    yield play
    janitor()

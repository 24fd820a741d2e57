"""For all tests: slow ones wait to be asked for, and one body is played on three wires."""

from __future__ import annotations

import os

import anyio
import httpx2 as httpx
import pytest
from hypothesis import settings as examples

from pinatakit import AsyncPinata, Pinata
from pinatakit.client._now import run_now
from pinatakit.server import Server

pytest_plugins = ["pinatakit.pytest_plugin"]

# No deadlines: a machine that is shared keeps none. `make test` tries the same examples each time.
examples.register_profile("quick", max_examples=50, deadline=None, derandomize=True)
examples.register_profile("thorough", max_examples=1000, deadline=None)
examples.register_profile("long", max_examples=5000, deadline=None, print_blob=True)
examples.load_profile("quick")

_OF_THE_USER = (
    "GATEWAY_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(autouse=True, scope="session")
def _nobody(tmp_path_factory):
    """No test speaks for whoever runs it, nor reads their files, nor asks through their proxy."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("PINATA_", "IPFS_")) or name.upper() in _OF_THE_USER:
                patch.delenv(name)
        home = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        yield


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch, tmp_path_factory):
    """No test remembers anything beyond its end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


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

"""pytest: a local Pinata for each test that asks for one.

    def test_my_upload(pinata):
        assert pinata.upload(b"hello").size == 5

The environment points at it meanwhile, so that code which makes its own client finds it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pinatakit.client import AsyncPinata
    from pinatakit.embedded import LocalPinata


@pytest.fixture
def pinata(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPinata]:
    """A client of a local Pinata that starts empty and is gone after the test."""
    from pinatakit.embedded import local  # noqa: PLC0415  (nothing is imported for tests that do not ask)

    with local() as client:
        _point_at(client, monkeypatch)
        yield client


@pytest.fixture
def async_pinata(pinata: LocalPinata) -> AsyncPinata:
    """An async client of the same local Pinata as `pinata`, for any event loop; nothing needs closing."""
    import httpx2 as httpx  # noqa: PLC0415

    from pinatakit.client import AsyncPinata  # noqa: PLC0415

    # A connection that is kept would outlive the loop of the test, which this fixture does not know.
    transport = httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
    return AsyncPinata(settings=pinata.settings, transport=transport)


@pytest.fixture
def faulty_pinata(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPinata]:
    """As `pinata`, and what its `faults` is told goes wrong on the way to it."""
    from pinatakit.embedded import local  # noqa: PLC0415

    with local(faults=True) as client:
        _point_at(client, monkeypatch)
        yield client


@pytest.fixture
def make_pinata() -> Iterator[Callable[..., LocalPinata]]:
    """Starts local Pinatas: `make_pinata(limits="free")`, with what `pinatakit.local` takes; all end after the test."""
    from pinatakit.embedded import local  # noqa: PLC0415

    with ExitStack() as started:

        def make(*data: Any, **options: Any) -> LocalPinata:
            return started.enter_context(local(*data, **options))

        yield make


def _point_at(client: LocalPinata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINATA_ENDPOINT_URL", client.url)
    monkeypatch.setenv("PINATA_GATEWAY_URL", client.url)
    monkeypatch.setenv("PINATA_JWT", client.jwt)

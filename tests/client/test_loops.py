"""A client outlives an event loop, and is whole in a process that was forked."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
import weakref

import anyio
import pytest

from pinatakit import AsyncPinata, Pinata
from pinatakit.content import PROFILES, build_file
from pinatakit.errors import InputError

COUNT = 25


def cid(data):
    return build_file([data], PROFILES["v1"]).cid


# A loop that is over leaves sockets behind that nobody can close in peace.
left_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collected():
    """What a test leaves behind is collected with it."""
    yield
    gc.collect()


@left_open
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_client_works_in_one_event_loop_after_the_other(backend, settings):
    pinata = AsyncPinata(**settings)

    async def main(number):
        data = b"loop %d" % number
        assert (await pinata.upload(data)).cid == cid(data)
        assert await pinata.read_bytes(cid(data)) == data

    for number in range(3):
        anyio.run(main, number, backend=backend)


def test_an_async_client_works_in_two_event_loops_at_once(settings):
    pinata = AsyncPinata(**settings)
    ended, failed = threading.Barrier(2), []

    async def main(name):
        for number in range(COUNT):
            data = b"%s %d" % (name, number)
            assert (await pinata.upload(data)).cid == cid(data)
        await asyncio.to_thread(ended.wait)
        await pinata.close()

    def run(name):
        try:
            asyncio.run(main(name))
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=run, args=(name,)) for name in (b"one", b"two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_client_that_is_closed_in_one_event_loop_is_closed_in_the_next(backend, settings):
    pinata = AsyncPinata(**settings)

    async def main():
        async with pinata:
            await pinata.account.test()

    anyio.run(main, backend=backend)
    with pytest.raises(InputError, match="the client is closed"):
        anyio.run(main, backend=backend)


@left_open
def test_of_an_event_loop_that_is_over_nothing_is_kept(settings):
    pinata = AsyncPinata(**settings)
    loops = []

    async def main():
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await pinata.account.test()

    for _ in range(3):
        asyncio.run(main())
        gc.collect()
    assert [loop() is None for loop in loops] == [True, True, False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_forked_process_has_connections_of_its_own(settings):
    with Pinata(**settings) as pinata:
        pinata.account.test()  # a connection that both would have
        reading, writing = multiprocessing.Pipe(duplex=False)

        def ask(name):
            return [
                pinata.upload(b"%s %d" % (name, number)).cid == cid(b"%s %d" % (name, number))
                for number in range(COUNT)
            ]

        child = multiprocessing.get_context("fork").Process(target=lambda: writing.send(ask(b"child")))
        child.start()
        assert all(ask(b"parent"))
        assert all(reading.recv())
        child.join()
        assert child.exitcode == 0
        reading.close()
        writing.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_process_that_was_forked_while_a_thread_took_its_turn_does_not_wait_for_it(settings):
    with Pinata(**settings) as pinata:
        taken, go_on = threading.Event(), threading.Event()

        def take():
            with pinata.wire._limits._lock:
                taken.set()
                go_on.wait(10)

        thread = threading.Thread(target=take)
        thread.start()
        assert taken.wait(10)
        child = multiprocessing.get_context("fork").Process(target=pinata.account.test)
        child.start()
        child.join(30)
        assert child.exitcode == 0
        go_on.set()
        thread.join()

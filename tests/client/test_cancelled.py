"""Tasks that are cancelled: nothing is left open, nothing goes on behind their back, and work is not lost."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import threading

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from pinatakit import AsyncPinata
from pinatakit.client.downloads import _Writer
from pinatakit.content import PROFILES, build_file
from pinatakit.targets import Target

SIZE = 3_000_001
DATA = random.Random("cancelled").randbytes(SIZE)
STEP = 400_000

WAYS = ["asyncio task", "asyncio scope", "trio scope"]


@pytest.fixture(params=WAYS)
def cancelled(request, settings):
    """Do something with an async client until it says that it is cancelled: `cancelled(start, then)`.

    `start(pinata, cancel)` is cancelled when it calls `cancel`; `then(pinata)` comes after it.
    """
    backend, way = request.param.split()

    async def one_task(pinata, start):
        task = asyncio.create_task(start(pinata, lambda: task.cancel()))  # noqa: PLW0108  (it is made here)
        with pytest.raises(asyncio.CancelledError):
            await task

    async def one_scope(pinata, start):
        with anyio.CancelScope() as scope:
            await start(pinata, scope.cancel)
        assert scope.cancelled_caught

    async def main(start, then):
        async with AsyncPinata(**settings) as pinata:
            await (one_task if way == "task" else one_scope)(pinata, start)
            await then(pinata)

    return lambda start, then: anyio.run(main, start, then, backend=backend)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """The files of this test that are open, be they removed already."""
    if sys.platform != "linux":
        pytest.skip("the open files are read out of /proc")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ours = (str(tmp_path), os.environ["XDG_STATE_HOME"])

    def opened():
        links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
        return [
            path for link in links if os.path.lexists(link) and (path := os.readlink(link)).startswith(ours)
        ]

    return opened


def after(sent, cancel):
    return lambda now, _: now >= sent and cancel()


@pytest.mark.parametrize("car", [False, True])
def test_an_upload_in_chunks_goes_on_in_the_same_process_where_it_was_cancelled(
    cancelled, opened, path, tmp_path, car
):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "data.bin").write_bytes(DATA)
    how = {"source": folder if car else path, "car": car, "resumable": True, "chunk_size": STEP}

    async def start(pinata, cancel):
        await pinata.upload(**how, progress=after(5 * STEP, cancel))

    async def then(pinata):
        assert opened() == []
        told = []
        await pinata.upload(**how, progress=lambda now, _: told.append(now))
        assert told[0] >= 4 * STEP

    cancelled(start, then)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("verify", [False, True])
def test_a_download_that_is_cancelled_leaves_nothing_but_what_it_may_go_on_with(
    cancelled, opened, tmp_path, resume, verify
):
    cids = []
    place = tmp_path / "place"

    async def start(pinata, cancel):
        cids.append((await pinata.upload(DATA)).cid)
        await pinata.download(
            cids[0], place, resume=resume, verify=verify, progress=lambda now, _: now and cancel()
        )

    async def then(pinata):
        assert opened() == []
        assert not place.exists()
        assert len(list(tmp_path.iterdir())) == (2 if resume else 0)
        await pinata.download(cids[0], place, resume=resume, verify=verify)
        assert place.read_bytes() == DATA
        assert list(tmp_path.iterdir()) == [place]

    cancelled(start, then)


@pytest.mark.parametrize("verify", [False, True])
def test_what_is_left_of_a_download_is_cleared_away_in_a_thread(cancelled, monkeypatch, tmp_path, verify):
    threads = []
    close = Target.close
    monkeypatch.setattr(Target, "close", lambda one: (threads.append(threading.current_thread()), close(one)))

    async def start(pinata, cancel):
        cid = (await pinata.upload(DATA)).cid
        await pinata.download(
            cid, tmp_path / "place", verify=verify, progress=lambda now, _: now and cancel()
        )

    async def then(_):
        assert len(threads) == 1
        assert threads[0] is not threading.current_thread()
        assert list(tmp_path.iterdir()) == []

    cancelled(start, then)


def test_a_form_that_is_cancelled_is_not_kept_and_its_connection_is_closed(cancelled, opened, path):
    async def start(pinata, cancel):
        await pinata.upload(path, name="cancelled", progress=after(1, cancel))

    async def then(pinata):
        assert opened() == []
        assert await pinata.files.list(name="cancelled") == []
        assert (await pinata.upload(path)).cid == build_file([DATA], PROFILES["v1"]).cid

    cancelled(start, then)


def test_a_list_that_is_cancelled_can_be_read_again(cancelled):
    async def start(pinata, cancel):
        for number in range(3):
            await pinata.upload(b"%d" % number)
        async for _ in pinata.files.list(page_size=1):
            cancel()
            await anyio.lowlevel.checkpoint()

    async def then(pinata):
        assert len(await pinata.files.list(page_size=1)) >= 3

    cancelled(start, then)


class Disk:
    """A target that writes what begins with ``1`` only when it is told to, or not at all."""

    files, size = 1, 0

    def __init__(self, error=None):
        self.go_on = threading.Event()
        self.written = []
        self.error = error

    def take(self, step):
        if step[:1] == b"1":
            assert self.go_on.wait(10)
            if self.error:
                raise self.error
        self.written.append(step[:1])

    def close(self):
        self.written.append("closed")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("error", [None, OSError("the disk is full")])
def test_what_is_kept_of_a_cancelled_download_is_in_order_and_ends_where_writing_failed(backend, error):
    disk = Disk(error)

    async def main():
        async with AsyncPinata("jwt", endpoint_url="http://127.0.0.1:1") as pinata:
            writer = _Writer(pinata.wire, disk, None, None)
            await writer.take(b"1" * (1 << 20))
            with anyio.CancelScope() as scope:
                scope.cancel()
                await writer.take(b"2" * (1 << 20))
            threading.Timer(0.05, disk.go_on.set).start()
            writer.abandon(kept=True)

    anyio.run(main, backend=backend)
    assert disk.written == (["closed"] if error else [b"1", b"2", "closed"])


class Opened:
    closed = False

    def close(self):
        self.closed = True


@pytest.mark.parametrize("gives", [Opened(), None, ValueError("it failed")])
def test_a_cancelled_task_waits_for_its_thread_and_closes_what_that_has_opened(gives):
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        assert go_on.wait(10)
        ended.append(True)
        if isinstance(gives, ValueError):
            raise gives
        return gives

    async def main():
        async with AsyncPinata("jwt", endpoint_url="http://127.0.0.1:1") as pinata:
            task = asyncio.create_task(pinata.wire.in_thread(work))
            assert await asyncio.to_thread(begun.wait, 10)
            task.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            assert not task.done()
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ended

    asyncio.run(main())
    if isinstance(gives, Opened):
        assert gives.closed


def test_what_no_thread_has_begun_when_its_task_is_cancelled_is_never_done():
    begun, go_on, done = threading.Event(), threading.Event(), []

    async def main():
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        async with AsyncPinata("jwt", endpoint_url="http://127.0.0.1:1") as pinata:
            first = asyncio.create_task(pinata.wire.in_thread(lambda: (begun.set(), go_on.wait(10))))
            while not begun.is_set():
                await asyncio.sleep(0)
            second = asyncio.create_task(pinata.wire.in_thread(done.append, True))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            go_on.set()
            await first
        assert done == []

    asyncio.run(main())

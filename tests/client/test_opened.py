"""Files open at a gateway: what is read is fetched, and no more."""

from __future__ import annotations

import io
import zipfile

import anyio
import httpx2 as httpx
import pytest

from pinatakit import AsyncPinata, Pinata
from pinatakit.content import PROFILES, build_file
from pinatakit.errors import BlockMismatch, InputError, NotFound
from tests.content.vectors import Blocks, content

from .fakes import JWT, Gateway
from .test_downloads import DATA, file, folder

MIB = 1 << 20
LARGE = b"".join(content("open", 5 * MIB))


@pytest.fixture
def large():
    blocks = Blocks()
    root = build_file([LARGE], PROFILES["v1"], blocks.take).cid
    return Gateway(root, blocks)


@pytest.fixture
def pinata(large):
    with Pinata(JWT, transport=large.transport) as pinata:
        yield pinata


def test_a_file_is_read_as_any_file(pinata, large):
    with pinata.open(large.root) as file:
        assert isinstance(file, io.BufferedReader)
        assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
        assert file.raw.size == len(LARGE)
        assert file.read(10) == LARGE[:10]
        assert file.seek(-10, io.SEEK_END) == len(LARGE) - 10
        assert file.read() == LARGE[-10:]
        assert file.read(1) == b""
        assert file.seek(3 * MIB) == file.tell() == 3 * MIB
        assert file.seek(5, io.SEEK_CUR) == 3 * MIB + 5
        assert file.read(MIB) == LARGE[3 * MIB + 5 : 4 * MIB + 5]
        file.seek(0)
        assert file.read() == LARGE
        assert file.seek(10 * MIB) == 10 * MIB
        assert file.read() == b""
        with pytest.raises(ValueError):
            file.seek(-1)
    with pytest.raises(ValueError):
        file.read()


def test_only_the_blocks_that_are_read_are_fetched_and_each_once(pinata, large):
    with pinata.open(large.root) as file:
        for at in (0, 4 * MIB, 100, 4 * MIB + 1000):
            file.seek(at)
            assert file.read(100) == LARGE[at : at + 100]
    assert large.cars == 0
    assert len(large.raws) == len(set(large.raws)) <= 5


def test_a_zip_is_looked_into_without_fetching_all_of_it():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in "abcd":
            archive.writestr(name, name.encode() * 2 * MIB)
    blocks = Blocks()
    root = build_file([packed.getvalue()], PROFILES["v1"], blocks.take).cid
    gateway = Gateway(root, blocks)
    with Pinata(JWT, transport=gateway.transport) as pinata, zipfile.ZipFile(pinata.open(root)) as archive:
        assert archive.namelist() == ["a", "b", "c", "d"]
        assert len(gateway.raws) < 4
        assert archive.read("c") == b"c" * 2 * MIB
    assert len(gateway.raws) < len(blocks)


def test_a_file_below_a_folder_is_opened_and_nothing_else_is():
    root, blocks = folder(links=[("link", "a.txt")])
    gateway = Gateway(root, blocks)
    with Pinata(JWT, transport=gateway.transport) as pinata:
        with pinata.open(root, path="sub/large") as file:
            assert file.read() == DATA
        with pinata.open(root, path="empty") as file:
            assert file.read() == b""
        for path in ("", "sub", "link"):
            with pytest.raises(InputError, match="not a file"):
                pinata.open(root, path=path)


def test_a_false_block_is_found_when_it_is_read(large):
    damaged = list(large.blocks)[10]
    large.blocks[damaged] = bytes(len(large.blocks[damaged]))
    with Pinata(JWT, transport=large.transport) as pinata, pinata.open(large.root) as file:
        assert file.read(10) == LARGE[:10]
        with pytest.raises(BlockMismatch):
            file.read()


def test_what_is_not_there_is_not_opened():
    root, blocks = file()
    gateway = Gateway(root, {})
    with Pinata(JWT, transport=gateway.transport) as pinata, pytest.raises(NotFound):
        pinata.open(root)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_file_is_awaited(backend, large):
    async def main():
        async with AsyncPinata(JWT, transport=large.transport) as pinata:
            async with await pinata.open(large.root) as file:
                assert file.size == len(LARGE)
                assert await file.read(10) == LARGE[:10]
                assert await file.seek(-10, 2) == file.tell() == len(LARGE) - 10
                assert await file.read() == LARGE[-10:]
                assert await file.read() == b""
                await file.seek(MIB)
                assert await file.read(2 * MIB) == LARGE[MIB : 3 * MIB]
                with pytest.raises(InputError):
                    await file.seek(-1)
            with pytest.raises(ValueError):
                await file.read()

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_blocks_are_fetched_several_at_a_time_but_not_too_many(backend, large):
    now, most = 0, 0

    async def slow(request):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await anyio.sleep(0.01)
        now -= 1
        return large(request)

    async def main():
        async with AsyncPinata(JWT, transport=httpx.MockTransport(slow)) as pinata:
            file = await pinata.open(large.root)
            assert await file.read() == LARGE

    anyio.run(main, backend=backend)
    assert 2 < most <= 8

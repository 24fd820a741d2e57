"""Where the local Pinata does not connect to, whoever asks it to."""

from __future__ import annotations

import socket

import anyio
import pytest

from pinatakit.content import CID, walk_blocks
from pinatakit.errors import BlockMismatch, Malformed
from pinatakit.server.fetch import Fetcher, Forbidden, Missing, may_connect

from .test_worker import dag


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111"])
@pytest.mark.parametrize("private", [True, False])
def test_public_addresses_are_connected_to(address, private):
    assert may_connect(address, private=private)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "fd00::1"],
)
def test_loopback_and_private_addresses_are_only_where_it_is_allowed(address):
    assert may_connect(address, private=True)
    assert not may_connect(address, private=False)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",  # where clouds tell their machines' secrets
        "::ffff:169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
@pytest.mark.parametrize("private", [True, False])
def test_some_addresses_are_never_connected_to(address, private):
    assert not may_connect(address, private=private)


def test_blocks_are_wanted_in_the_order_of_a_car_each_once():
    root, blocks = dag()
    missing = Missing(root)
    wanted = []
    while missing.wants:
        wanted.append(missing.wants)
        missing.feed(blocks[missing.wants])
    assert wanted == [block.cid for block in walk_blocks(root, blocks.__getitem__)]


def test_a_block_that_is_another_is_still_wanted():
    root, blocks = dag()
    missing = Missing(root)
    with pytest.raises(BlockMismatch):
        missing.feed(b"another")
    assert missing.wants == root
    missing.feed(blocks[root])
    assert missing.wants != root


def test_a_block_that_breaks_its_codec_is_malformed():
    junk = b"\xff\xff"
    missing = Missing(CID(1, 0x70, CID.of(junk).multihash))
    with pytest.raises(Malformed):
        missing.feed(junk)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["fd00::1"],
        ["::ffff:192.168.0.1"],
        ["1.1.1.1", "10.1.2.3"],
        ["2606:4700:4700::1111", "::1"],
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_with_one_address_that_is_private_is_not_connected_to(monkeypatch, addresses, scheme):
    async def resolve(_host, port, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    async def main():
        fetcher = Fetcher(private=False)
        try:
            await fetcher.block(f"{scheme}://public.example", CID.of(b"x"), 100)
        finally:
            await fetcher.close()

    monkeypatch.setattr(anyio, "getaddrinfo", resolve)
    with pytest.raises(Forbidden, match=r"public\.example is at a private or reserved address"):
        anyio.run(main)


def test_a_name_is_resolved_once_and_its_address_connected_to(monkeypatch):
    """So that a name which leads elsewhere at the second look (DNS rebinding) leads nowhere."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        async def resolve(host, port, **_options):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        async def main():
            fetcher = Fetcher(private=True)
            try:
                port = listening.getsockname()[1]
                with anyio.move_on_after(30):
                    await fetcher.block(f"http://rebinding.example:{port}", CID.of(b"x"), 100)
            finally:
                await fetcher.close()

        async def serve():
            def answer():
                connection, _ = listening.accept()
                with connection:
                    head = connection.recv(65536)
                    body = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx"
                    connection.sendall(body)
                return head

            heads.append(await anyio.to_thread.run_sync(answer))

        async def both():
            async with anyio.create_task_group() as group:
                group.start_soon(serve)
                await main()

        heads: list[bytes] = []
        monkeypatch.setattr(anyio, "getaddrinfo", resolve)
        anyio.run(both)
    assert asked == ["rebinding.example"]
    assert b"host: rebinding.example" in heads[0].lower()

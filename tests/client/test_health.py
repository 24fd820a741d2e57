"""Several gateways: one stands in for another, and one that lies is not asked again."""

from __future__ import annotations

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.content import CID, walk_blocks, write_car
from pinatakit.errors import BlockMismatch, NotFound, Unreachable
from pinatakit.settings import Settings

from .fakes import JWT, Gateway, Pieces
from .test_downloads import DATA, FOLDER, file, folder, on_disk, with_folders

URLS = ("https://one.example", "https://two.example", "https://three.example")


class Several:
    """Gateways of their own names; each is a `Gateway`, or answers each request alike."""

    def __init__(self, *gateways):
        self.gateways = dict(zip((url.removeprefix("https://") for url in URLS), gateways, strict=False))
        self.asked = []
        self.transport = httpx.MockTransport(self)

    def __call__(self, request):
        name = request.url.host.partition(".")[0]
        self.asked.append(name)
        gateway = self.gateways[request.url.host]
        if isinstance(gateway, Exception):
            raise gateway
        return gateway(request)

    def urls(self):
        return URLS[: len(self.gateways)]


class Forges(Gateway):
    """Every block has a byte more than it has."""

    def car(self, root):
        blocks = walk_blocks(root, self.blocks.__getitem__, dups=True)
        return write_car([root], (block._replace(data=bytes(block.data) + b"!") for block in blocks))

    def block(self, cid):
        return self.blocks[cid] + b"!"


def refuses(status):
    return lambda _: httpx.Response(status, text="no")


def playing(over, several, body, **settings):
    return over(body, several.transport, jwt=JWT, gateway_url=several.urls(), **{"attempts": 1} | settings)


@pytest.mark.parametrize(
    "first",
    [httpx.ConnectError("away"), refuses(404), refuses(403), refuses(500), refuses(503), refuses(406)],
    ids=["away", "404", "403", "500", "503", "406"],
)
def test_the_next_gateway_stands_in_for_one_that_does_not_serve(over, tmp_path, first):
    root, blocks = folder()
    several = Several(first, Gateway(root, blocks))

    async def body(pinata):
        await Pinata.download(pinata, root, tmp_path / "d")

    playing(over, several, body)
    assert on_disk(tmp_path / "d") == with_folders(FOLDER)
    assert several.asked == ["one", "two"]


def test_a_gateway_that_failed_is_asked_last_from_then_on(over):
    root, blocks = file()
    several = Several(httpx.ConnectError("away"), Gateway(root, blocks))

    async def body(pinata):
        for _ in range(3):
            assert await Pinata.read_bytes(pinata, root) == DATA

    playing(over, several, body)
    assert several.asked == ["one", "two", "two", "two"]


def test_a_gateway_that_lacks_something_is_asked_first_for_the_next(over):
    root, blocks = file()
    other, others = file(DATA[::-1])
    one = Gateway(other, others)
    several = Several(
        lambda r: one(r) if str(other) in str(r.url) else refuses(404)(r), Gateway(root, blocks)
    )

    async def body(pinata):
        assert await Pinata.read_bytes(pinata, root) == DATA
        assert await Pinata.read_bytes(pinata, other) == DATA[::-1]

    playing(over, several, body)
    assert several.asked == ["one", "two", "one"]


def test_a_gateway_that_lies_is_not_asked_again_and_the_next_one_serves(over, tmp_path):
    root, blocks = folder()
    several = Several(Forges(root, blocks), Gateway(root, blocks))

    async def body(pinata):
        await Pinata.download(pinata, root, tmp_path / "d")
        assert await Pinata.read_bytes(pinata, root, path="a.txt") == b"A"

    playing(over, several, body)
    assert on_disk(tmp_path / "d") == with_folders(FOLDER)
    assert several.asked.count("one") == 1


def test_a_gateway_that_lies_is_named(over):
    root, blocks = file()

    async def body(pinata):
        with pytest.raises(BlockMismatch, match=r"by https://one\.example for block") as caught:
            await Pinata.read_bytes(pinata, root)
        assert (caught.value.cid, caught.value.source) == (root, URLS[0])
        with pytest.raises(Unreachable, match=r"https://one\.example gave false blocks") as caught:
            await Pinata.read_bytes(pinata, root)
        assert caught.value.hint

    several = Several(Forges(root, blocks))
    playing(over, several, body)
    assert several.asked == ["one"]


def test_what_no_gateway_has_is_not_found(over):
    several = Several(refuses(404), refuses(404), refuses(404))

    async def body(pinata):
        with pytest.raises(NotFound):
            await Pinata.read_bytes(pinata, CID.of(b"nobody's"))

    playing(over, several, body)
    assert several.asked == ["one", "two", "three"]


def test_where_one_gateway_is_cut_another_goes_on(over):
    root, blocks = file()

    class Cut(Gateway):
        def car(self, root):
            return [b"".join(super().car(root))[:5000], httpx.ReadError("cut")]

        def block(self, cid):
            raise httpx.ConnectError("away")

    two = Gateway(root, blocks)
    several = Several(Cut(root, blocks), two)

    async def body(pinata):
        assert await Pinata.read_bytes(pinata, root) == DATA

    playing(over, several, body)
    assert 0 < len(two.raws) < len(blocks)
    assert two.cars == 0


def test_unverified_content_comes_from_the_gateway_that_serves(over, tmp_path):
    several = Several(
        httpx.ConnectError("away"), refuses(403), lambda _: httpx.Response(200, stream=Pieces(b"as is"))
    )

    async def body(pinata):
        assert await Pinata.read_bytes(pinata, CID.of(b"x"), verify=False) == b"as is"

    playing(over, several, body)
    assert several.asked == ["one", "two", "three"]


def test_gateways_are_named_in_a_list_or_with_commas_in_the_environment():
    environment = {"PINATA_GATEWAY_URL": "https://one.example, https://two.example/,"}
    assert Settings.read(environment=environment).gateway_urls == URLS[:2]
    settings = Settings.read(gateway_url=[*URLS, URLS[0]], environment=environment)
    assert (settings.gateway_urls, settings.gateway_url) == (URLS, URLS[0])

"""Links to private files, and what is read through them, on three wires."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.client.links import Links
from pinatakit.errors import ApiError, InputError, NotFound

from .fakes import JWT, Service, said

BIG = b"".join(i.to_bytes(4, "big") for i in range(256_000))  # four blocks and the node above them
CID = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"


def test_a_link_opens_what_it_says_and_nothing_else(play):
    async def body(pinata):
        cid = (await Pinata.upload(pinata, b"between us", network="private")).cid
        link = await Links.download(
            pinata.links, cid, expires=timedelta(minutes=1), options={"filename": "a b.txt", "download": True}
        )
        opened = httpx.get(link, trust_env=False)
        assert opened.content == b"between us"
        said = opened.headers["content-disposition"]
        assert said == """attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt"""
        assert httpx.get(link.replace("a%20b", "c"), trust_env=False).status_code == 403

    play(body)


def test_a_link_is_open_in_its_time(play):
    async def body(pinata):
        cid = (await Pinata.upload(pinata, b"late", network="private")).cid
        now = datetime.now(UTC)
        for date, status in ((now - timedelta(hours=1), 403), (now, 200), (now + timedelta(hours=1), 403)):
            link = await Links.download(pinata.links, cid, date=date, expires=1800)
            assert httpx.get(link, trust_env=False).status_code == status

    play(body)


def test_private_content_is_downloaded_and_checked(play, tmp_path):
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "big.bin").write_bytes(BIG)

    async def body(pinata):
        cid = (await Pinata.upload(pinata, BIG, network="private")).cid
        with pytest.raises(NotFound):
            await Pinata.download(pinata, cid, tmp_path / "public")
        done = await Pinata.download(pinata, cid, tmp_path / "private", network="private")
        assert (tmp_path / "private").read_bytes() == BIG
        assert done.size == len(BIG)
        read = [
            piece async for piece in Pinata.read(pinata, cid, network="private", start=262_140, stop=524_300)
        ]
        assert b"".join(read) == BIG[262_140:524_300]

    play(body)


def test_private_content_is_read_in_all_ways_that_public_content_is(play, tmp_path):
    async def body(pinata):
        cid = (await Pinata.upload(pinata, BIG, network="private")).cid
        for verify in (True, False):
            part = await Pinata.read_bytes(
                pinata, cid, network="private", start=262_140, stop=524_300, verify=verify
            )
            assert part == BIG[262_140:524_300]
            place = tmp_path / f"{verify}"
            await Pinata.download(pinata, cid, place, network="private", verify=verify, resume=True)
            assert place.read_bytes() == BIG

    play(body)


def test_a_private_file_is_open_for_reading(settings):
    with Pinata(**settings) as pinata:
        cid = pinata.upload(BIG, network="private").cid
        with pinata.open(cid, network="private") as file:
            file.seek(-4, 2)
            assert file.read() == BIG[-4:]


def test_a_link_is_made_for_each_gateway_that_is_asked(over):
    def signs(request):
        if request.method == "GET":
            return httpx.Response(404, json={})
        return httpx.Response(200, json={"data": json.loads(request.content)["url"] + "?X-Signature=1"})

    service = Service(signs)

    async def body(pinata):
        with pytest.raises(ApiError):
            await Pinata.read_bytes(pinata, CID, network="private", verify=False)

    urls = ("https://one.example", "https://two.example")
    over(body, service.transport, jwt=JWT, gateway_url=urls, attempts=1)
    signed = [json.loads(asked.content)["url"] for asked in service.requests if asked.method == "POST"]
    assert signed == [f"{url}/files/{CID}" for url in urls]
    read = [str(asked.url) for asked in service.requests if asked.method == "GET"]
    assert read == [f"{url}/files/{CID}?X-Signature=1" for url in urls]


@pytest.mark.parametrize("verify", [False, True])
def test_of_several_gateways_the_shared_one_is_not_asked_for_what_is_private(over, verify):
    service = Service(said(404, message="none"))

    async def body(pinata):
        with pytest.raises(ApiError):
            await Pinata.read_bytes(pinata, CID, network="private", verify=verify)

    urls = ("https://gateway.pinata.cloud", "https://one.example")
    over(body, service.transport, jwt=JWT, gateway_url=urls, attempts=1)
    assert service.requests
    for asked in service.requests:
        assert json.loads(asked.content)["url"].startswith("https://one.example/files/")


def test_the_shared_gateway_serves_nothing_private(over):
    async def body(pinata):
        with pytest.raises(InputError, match="serves nothing private") as caught:
            await Links.download(pinata.links, CID)
        assert "PINATA_GATEWAY_URL" in caught.value.hint
        with pytest.raises(InputError):
            async for _ in Pinata.read(pinata, CID, network="private"):
                pass

    service = Service()
    over(body, service.transport, jwt=JWT)
    assert service.requests == []


@pytest.mark.parametrize("expires", [0, -1, 0.5, timedelta(0)])
def test_a_link_is_open_for_a_while(play, expires):
    async def body(pinata):
        with pytest.raises(InputError, match="at least 1 second"):
            await Links.download(pinata.links, CID, expires=expires)

    play(body)


def test_the_link_is_to_the_gateway_that_is_named(over):
    def sign(request):
        return httpx.Response(200, json={"data": json.loads(request.content)["url"]})

    async def body(pinata):
        link = await Links.download(
            pinata.links, CID, path="a b/c", gateway_url="https://you.mypinata.cloud/"
        )
        assert link == f"https://you.mypinata.cloud/files/{CID}/a%20b/c"

    over(body, Service(sign).transport, jwt=JWT)

"""Gateways, on three wires."""

from __future__ import annotations

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.client.gateways import Gateways
from pinatakit.errors import ApiError, NotFound, Unauthorized

from .fakes import JWT, Service, said

HELLO = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"
NOBODY = "0195a5c4-242f-7c01-bee8-f34a9e8e804b"


def test_a_gateway_is_made_found_and_deleted(play, wire):
    async def body(pinata):
        assert not await Gateways.exists(pinata.gateways, wire)
        made = await Gateways.create(pinata.gateways, wire)
        assert made.domain == wire
        assert await Gateways.exists(pinata.gateways, wire)
        assert await Gateways.get(pinata.gateways, made.id) == made
        with pytest.raises(ApiError, match="taken") as caught:
            await Gateways.create(pinata.gateways, wire)
        assert caught.value.status == 409
        assert made.id in [gateway.id async for gateway in Gateways.list(pinata.gateways)]
        await Gateways.delete(pinata.gateways, made.id)
        with pytest.raises(NotFound):
            await Gateways.get(pinata.gateways, made.id)
        with pytest.raises(NotFound):
            await Gateways.delete(pinata.gateways, made.id)

    play(body)


def test_rules_come_and_go(play, wire):
    async def body(pinata):
        gateways = pinata.gateways
        id = (await Gateways.create(gateways, f"rules-{wire}")).id
        token = await Gateways.create_token(gateways, id)
        ip = await Gateways.allow_ip(gateways, id, "192.0.2.7")
        host = await Gateways.allow_host(gateways, id, "https://app.example.org")
        domain = await Gateways.add_domain(gateways, id, f"{wire}.example.org")
        assert await Gateways.get_domain(gateways, id, domain.id) == domain
        gateway = await Gateways.get(gateways, id)
        assert (gateway.access_tokens, gateway.ips, gateway.hosts) == ((token,), (ip,), (host,))
        assert gateway.custom_domains == (domain,)
        await Gateways.delete_token(gateways, id, token.id)
        await Gateways.remove_ip(gateways, id, ip.id)
        await Gateways.remove_host(gateways, id, host.id)
        await Gateways.remove_domain(gateways, id, domain.id)
        gateway = await Gateways.get(gateways, id)
        assert gateway.access_tokens == gateway.ips == gateway.hosts == gateway.custom_domains == ()
        for gone in (Gateways.delete_token, Gateways.remove_ip, Gateways.remove_host, Gateways.remove_domain):
            with pytest.raises(NotFound):
                await gone(gateways, id, NOBODY)
        await Gateways.delete(gateways, id)

    play(body)


@pytest.mark.parametrize("first", [0, 1])
def test_every_gateway_is_listed_once_whether_pages_count_from_0_or_1(over, first):
    rows = [{"id": f"id-{i}", "domain": f"d{i}"} for i in range(5)]

    def page(request):
        number = int(request.url.params.get("page", first)) - first
        assert request.url.params["pageSize"] == "2"
        shown = rows[max(number, 0) * 2 : max(number, 0) * 2 + 2]
        return httpx.Response(200, json={"data": {"count": 5, "rows": shown}})

    async def body(pinata):
        return [gateway.id async for gateway in Gateways.list(pinata.gateways, page_size=2)]

    assert over(body, Service(page).transport, jwt=JWT) == [row["id"] for row in rows]


def test_a_list_that_is_shorter_than_it_says_ends(over):
    service = Service(httpx.Response(200, json={"data": {"count": 9, "rows": [{"id": "1", "domain": "d"}]}}))

    async def body(pinata):
        return [gateway.id async for gateway in Gateways.list(pinata.gateways)]

    assert over(body, service.transport, jwt=JWT) == ["1"]
    assert len(service.requests) < 5


def test_content_is_read_through_a_gateway_with_its_key(play, server, wire):
    async def make(pinata):
        gateway = await Gateways.create(pinata.gateways, f"keyed-{wire}")
        token = await Gateways.create_token(pinata.gateways, gateway.id)
        return gateway, token.value

    gateway, key = play(make)

    async def read(pinata):
        cid = (await Pinata.upload(pinata, b"for who has the key")).cid
        return b"".join([piece async for piece in Pinata.read(pinata, cid)])

    url = server.url.replace("127.0.0.1", f"{gateway.domain}.localhost")
    with pytest.raises(Unauthorized, match="ERR_ID:00024"):
        play(read, gateway_url=url)
    assert play(read, gateway_url=url, gateway_key=key) == b"for who has the key"


def test_a_gateways_key_goes_to_it_and_nowhere_else(over):
    service = Service(said(302, {"location": "https://elsewhere.example/"}))

    async def body(pinata):
        for ask in (Gateways.exists(pinata.gateways, "x"), anext(Pinata.read(pinata, HELLO))):
            with pytest.raises(ApiError):
                await ask

    over(body, service.transport, jwt=JWT, gateway_key="gateway-key")
    api, *read = service.requests
    assert "gateway-key" not in str(api.headers.raw)
    assert {asked.headers["x-pinata-gateway-token"] for asked in read} == {"gateway-key"}
    assert {asked.url.host for asked in read} == {"gateway.pinata.cloud"}


def test_of_several_gateways_the_first_alone_is_told_the_key(over):
    service = Service(said(403))

    async def body(pinata):
        with pytest.raises(ApiError):
            await Pinata.read_bytes(pinata, HELLO, verify=False)

    urls = ("https://one.example", "https://two.example")
    over(body, service.transport, jwt=JWT, gateway_url=urls, gateway_key="gateway-key", attempts=1)
    assert [asked.headers.get("x-pinata-gateway-token") for asked in service.requests] == [
        "gateway-key",
        None,
    ]

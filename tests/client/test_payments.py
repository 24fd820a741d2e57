"""Payments, on three wires."""

from __future__ import annotations

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.client.payments import Payments
from pinatakit.errors import ApiError, BadRequest, NotFound, PaymentRequired, ServiceFault
from pinatakit.protocol import PaymentRequirement

from .fakes import JWT, Service, said

FEE = PaymentRequirement(
    asset="0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
    pay_to="0x" + "ab" * 20,
    network="base",
    amount="10000",
)
HELLO = "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"


def test_an_instruction_is_made_changed_and_deleted(play):
    async def body(pinata):
        payments = pinata.payments
        made = await Payments.create(payments, "PDF", [FEE], description="a document")
        assert (made.name, made.version, made.payment_requirements) == ("PDF", 1, (FEE,))
        assert await Payments.get(payments, made.id) == made
        changed = await Payments.update(payments, made.id, name="Paper")
        assert (changed.name, changed.version, changed.description) == ("Paper", 2, "a document")
        assert [one.id async for one in Payments.list(payments, name="Paper")] == [made.id]
        await Payments.delete(payments, made.id)
        with pytest.raises(NotFound):
            await Payments.get(payments, made.id)

    play(body)


def test_cids_are_put_behind_an_instruction(play):
    async def body(pinata):
        payments = pinata.payments
        cid = (await Pinata.upload(pinata, b"worth a cent", network="private")).cid
        made, other = [await Payments.create(payments, name, [FEE]) for name in ("made", "other")]
        paid = await Payments.add_cid(payments, made.id, cid)
        assert (paid.payment_instruction_id, paid.cid) == (made.id, cid)
        assert [found async for found in Payments.cids(payments, made.id)] == [cid]
        assert [found.id async for found in Payments.list(payments, cid=cid)] == [made.id]
        with pytest.raises(BadRequest, match="behind another"):
            await Payments.add_cid(payments, other.id, cid)
        with pytest.raises(ApiError) as caught:
            await Payments.delete(payments, made.id)
        assert caught.value.status == 409
        with pytest.raises(PaymentRequired) as caught:
            await Payments.read(payments, cid)
        (way,) = caught.value.accepts
        assert (way["maxAmountRequired"], way["payTo"], way["asset"]) == (FEE.amount, FEE.pay_to, FEE.asset)
        with pytest.raises(ServiceFault, match="no facilitator"):
            await Payments.read(payments, cid, "cGFpZA==")
        await Payments.remove_cid(payments, made.id, cid)
        for instruction in (made, other):
            await Payments.delete(payments, instruction.id)

    play(body)


def test_lists_go_over_all_pages_and_end_at_their_limit(play, wire):
    async def body(pinata):
        payments = pinata.payments
        made = [(await Payments.create(payments, f"page-{wire}", [FEE])).id for _ in range(103)]
        listed = [one.id async for one in Payments.list(payments, name=f"page-{wire}")]
        assert listed == made[::-1]
        assert [one.id async for one in Payments.list(payments, limit=2)] == listed[:2]
        for id in made:
            await Payments.delete(payments, id)

    play(body)


def test_without_an_account_storage_is_bought_once_it_is_paid(over):
    way = {"scheme": "exact", "network": "base", "maxAmountRequired": "1200"}

    def shop(request):
        assert "pinata_api_key" not in request.headers
        assert JWT not in str(request.headers.raw)
        if request.url.host == "mpp.pinata.cloud":
            if "authorization" not in request.headers:
                return httpx.Response(402, headers={"www-authenticate": "Payment id=1"})
            return httpx.Response(
                200, content=b'{"url": "https://u/1"}' if request.method == "POST" else b"file"
            )
        if "x-payment" not in request.headers:
            return said(402, x402Version=1, accepts=[way], error="X-PAYMENT header is required")(request)
        return said(200, url="https://u/1")(request)

    service = Service(shop)

    async def body(pinata):
        payments = pinata.payments
        for buy, what in ((Payments.pin, 10), (Payments.retrieve, HELLO)):
            with pytest.raises(PaymentRequired, match="X-PAYMENT header") as caught:
                await buy(payments, what)
            assert caught.value.accepts == [way]
            assert await buy(payments, what, "cGFpZA==") == "https://u/1"
        for buy, what, bought in ((Payments.mpp_pin, 10, "https://u/1"), (Payments.mpp_read, HELLO, b"file")):
            with pytest.raises(PaymentRequired) as caught:
                await buy(payments, what)
            assert caught.value.challenge == "Payment id=1"
            assert await buy(payments, what, "Payment abc") == bought

    over(body, service.transport, jwt=JWT)
    assert {request.url.host for request in service.requests} == {"402.pinata.cloud", "mpp.pinata.cloud"}

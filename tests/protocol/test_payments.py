"""Payments: as the OpenAPI file's samples show them; nothing is sent that the service would refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer, PaymentRequirement
from pinatakit.protocol import payments as calls

ID = "019a2b6a-0000-7000-8000-000000000000"
HELLO = CID.parse("bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny")
USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
FEE = PaymentRequirement(
    asset=USDC, pay_to="0x" + "ab" * 20, network="base", amount="10000", description="Access fee"
)
ROW = {
    "id": ID,
    "version": 1,
    "payment_requirements": [
        {
            "asset": USDC,
            "pay_to": "0x" + "ab" * 20,
            "network": "base",
            "amount": "10000",
            "description": "Access fee",
        }
    ],
    "name": "PDF",
    "description": "A document",
    "created_at": "2025-10-28T10:00:00.000Z",
}


def answer(body: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode(body), "https://api.pinata.cloud/v3/x402")


def test_an_instruction_is_read_and_written_as_the_service_does():
    instruction = calls.get_instruction(ID).read(answer({"data": ROW}))
    assert instruction.payment_requirements == (FEE,)
    assert instruction.created_at == datetime(2025, 10, 28, 10, tzinfo=UTC)
    assert instruction.to_json() == ROW


def test_a_page_without_token_is_the_last():
    for token in ({}, {"next_page_token": ""}, {"next_page_token": None}):
        page = calls.list_instructions().read(answer({"data": {"payment_instructions": [ROW], **token}}))
        assert (len(page.instructions), page.next_page_token) == (1, None)
        assert calls.list_cids(ID).read(answer({"data": {"cids": [str(HELLO)], **token}})) == ([HELLO], None)


def test_what_is_left_out_is_not_sent():
    body = json.loads(calls.create_instruction("PDF", [FEE]).body)
    assert body == {"name": "PDF", "payment_requirements": ROW["payment_requirements"]}
    assert json.loads(calls.update_instruction(ID, description="x").body) == {"description": "x"}
    with pytest.raises(InputError, match="nothing to change"):
        calls.update_instruction(ID)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"asset": "USDC"}, "asset is 0x"),
        ({"pay_to": "vitalik.eth"}, "pay_to is 0x"),
        ({"network": "ethereum"}, "unknown network 'ethereum'; one of base"),
        ({"amount": "0.01"}, "smallest units"),
        ({"amount": ""}, "smallest units"),
        ({"description": "x" * 256}, "at most 255"),
    ],
)
def test_a_way_to_pay_that_cannot_be_is_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        calls.create_instruction("PDF", [msgspec.structs.replace(FEE, **wrong)])


def test_an_instruction_has_a_name_and_a_way_to_pay():
    with pytest.raises(InputError, match="no way to pay"):
        calls.create_instruction("PDF", [])
    with pytest.raises(InputError, match="has a name"):
        calls.create_instruction("", [FEE])
    with pytest.raises(InputError, match="at most 255"):
        calls.create_instruction("PDF", [FEE], "x" * 256)


def test_what_needs_no_account_is_asked_of_hosts_of_its_own():
    pin = calls.pin_paid("private", 10, "cGFpZA==")
    assert (pin.host, pin.method, pin.path) == ("x402", "POST", "/v1/pin/private")
    assert json.loads(pin.body) == {"fileSize": 10}
    assert pin.headers["x-payment"] == "cGFpZA=="
    assert "x-payment" not in calls.pin_paid("public", 10, None).headers
    mpp = calls.mpp_pin(10, "Payment abc")
    assert (mpp.host, mpp.path, mpp.pairs(), mpp.body) == (
        "mpp",
        "/v1/pin/public",
        [("fileSize", "10")],
        None,
    )
    assert mpp.headers == {"authorization": "Payment abc"}
    for call in (pin, mpp, calls.retrieve_paid(HELLO, None)):
        assert call.read(answer({"url": "https://uploads.pinata.cloud/v3/files/x"})).startswith("https://")
        assert not call.repeatable  # nobody pays twice
    with pytest.raises(InputError, match="at least 1 byte"):
        calls.mpp_pin(0, None)

"""Payments: instructions, the CIDs behind them, and the gateway's demand to be paid.

Nothing is settled here: there is no facilitator that could check a payment.
"""

from __future__ import annotations

from typing import Any, Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.content import CID
from pinatakit.errors import InputError, InvalidCID, PinataError
from pinatakit.protocol._record import record
from pinatakit.protocol.payments import (
    PaymentInstruction,
    PaymentRequirement,
    check_description,
    check_requirements,
)
from pinatakit.protocol.shapes import is_array, is_text
from pinatakit.server.gateway import CORS
from pinatakit.server.refusal import Refusal, bad_request, not_found
from pinatakit.server.request import Asked, data, json, page_token, read_cid

_SECONDS: Final = 60  # in which a payment is to be made


async def list_instructions(asked: Asked) -> Response:
    """``GET /v3/x402/payment_instructions``."""
    query = asked.query
    limit = asked.number("limit", 10, 1, 1000)
    cid = str(read_cid(query["cid"], "cid")) if query.get("cid") else None
    name, id, after = query.get("name") or None, query.get("id") or None, asked.page_token()

    def find() -> dict[str, Any]:
        rows = asked.store.payments.list(name=name, id=id, cid=cid, limit=limit + 1, after=after)
        more = {"next_page_token": page_token(rows[limit - 1].id)} if len(rows) > limit else {}
        return {"payment_instructions": [row.to_json() for row in rows[:limit]], **more}

    return data(await anyio.to_thread.run_sync(find))


async def create(asked: Asked) -> Response:
    """``POST /v3/x402/payment_instructions``."""
    name, requirements, description = _read(asked)
    if name is None:
        raise bad_request('"name" is required')
    if requirements is None:
        raise bad_request('"payment_requirements" is required')
    made = asked.store.payments.create
    return data((await anyio.to_thread.run_sync(made, name, requirements, description)).to_json())


def get(asked: Asked) -> Response:
    """``GET /v3/x402/payment_instructions/{id}``."""
    return data(_found(asked).to_json())


async def update(asked: Asked) -> Response:
    """``PATCH /v3/x402/payment_instructions/{id}``."""
    before = _found(asked)
    name, requirements, description = _read(asked)
    changed = await anyio.to_thread.run_sync(
        asked.store.payments.update, before.id, name, requirements, description
    )
    return data(changed.to_json())


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/x402/payment_instructions/{id}``."""
    instruction = _found(asked)
    if not await anyio.to_thread.run_sync(asked.store.payments.delete, instruction.id):
        raise Refusal(409, "CONFLICT", "There are CIDs behind the instruction; remove them first.")
    return data({})


def list_cids(asked: Asked) -> Response:
    """``GET /v3/x402/payment_instructions/{id}/cids``."""
    instruction = _found(asked)
    limit = asked.number("limit", 20, 1, 1000)
    after = asked.page_token()
    rows = asked.store.payments.cids(instruction.id, limit=limit + 1, after=after)
    more = {"next_page_token": page_token(rows[limit - 1])} if len(rows) > limit else {}
    return data({"cids": rows[:limit], **more})


async def add_cid(asked: Asked) -> Response:
    """``PUT /v3/x402/payment_instructions/{id}/cids/{cid}``."""
    instruction, cid = _found(asked), read_cid(asked.path("cid"), "cid")
    if asked.store.files.uploaded("private", cid) is None:
        raise not_found(f"The account has no private file {cid}.")
    paid = await anyio.to_thread.run_sync(asked.store.payments.add_cid, instruction.id, cid)
    if paid is None:
        raise bad_request(f"{cid} is behind another payment instruction already.")
    return data(paid.to_json())


async def remove_cid(asked: Asked) -> Response:
    """``DELETE /v3/x402/payment_instructions/{id}/cids/{cid}``."""
    instruction, cid = _found(asked), read_cid(asked.path("cid"), "cid")
    if not await anyio.to_thread.run_sync(asked.store.payments.remove_cid, instruction.id, cid):
        raise not_found(f"{cid} is not behind this payment instruction.")
    return data({})


def demand(asked: Asked) -> Response:
    """``GET /x402/cid/{cid}`` of the gateway: what has to be paid. What is paid cannot be checked here.

    Source: x402.org, version 1 ("Payment required response").
    """
    try:
        cid = CID.parse(asked.path("cid"))
    except InvalidCID as error:
        raise Refusal(400, "ERR_ID:00004", f"{error.message} - ERR_ID:00004") from None
    found = asked.store.payments.list(name=None, id=None, cid=str(cid), limit=1, after=None)
    if not found or asked.store.files.uploaded("private", cid) is None:
        raise Refusal(404, "NOT_FOUND", f"{cid} is not to be had for payment here.")
    if "x-payment" in asked.request.headers:
        raise Refusal(
            500, "NO_FACILITATOR", "The local Pinata has no facilitator that could check a payment."
        )
    mime_type = asked.store.files.mime_type("private", cid)
    accepts = [
        {
            "scheme": "exact",
            "network": one.network,
            "maxAmountRequired": one.amount,
            "resource": str(asked.request.url),
            "description": one.description or found[0].description or "",
            "mimeType": mime_type or "",
            "payTo": one.pay_to,
            "maxTimeoutSeconds": _SECONDS,
            "asset": one.asset,
            "extra": {"name": "USD Coin", "version": "2"},
        }
        for one in found[0].payment_requirements
    ]
    response = json({"x402Version": 1, "accepts": accepts, "error": "X-PAYMENT header is required"}, 402)
    response.headers.update(CORS)
    return response


def _found(asked: Asked) -> PaymentInstruction:
    instruction = asked.store.payments.get(asked.path("id"))
    if instruction is None:
        raise not_found(f"There is no payment instruction with the id {asked.path('id')!r}.")
    return instruction


def _read(asked: Asked) -> tuple[str | None, list[PaymentRequirement] | None, str | None]:
    """Name, requirements and description of a body, as far as it has them."""
    body = asked.object()
    name, given, description = (body.get(key) for key in ("name", "payment_requirements", "description"))
    if name is not None and not is_text(name):
        raise bad_request('"name" must be a text')
    if description is not None and not isinstance(description, str):
        raise bad_request('"description" must be a text')
    requirements: list[PaymentRequirement] | None = None
    try:
        check_description(description)
        if given is not None:
            if not is_array(given):
                raise bad_request('"payment_requirements" must be a list')
            requirements = [record(one, PaymentRequirement) for one in given]
            check_requirements(requirements)
    except InputError as error:
        raise bad_request(error.message) from None
    except PinataError:
        raise bad_request('"payment_requirements" must have asset, pay_to, network and amount') from None
    return name, requirements, description

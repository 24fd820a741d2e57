"""Payments: what private content costs its readers, and services that cost you (x402, MPP).

Amounts are text: the asset's smallest units (USDC has six decimals: ``10000`` is one cent).
Sources: Pinata API, "x402"; x402.org, version 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import (
    JSON_TYPE,
    Answer,
    Call,
    Network,
    as_json,
    nothing,
    reads_data,
    reads_json,
)
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id
from pinatakit.protocol.shapes import is_text
from pinatakit.protocol.times import millis

NETWORKS: Final = ("base", "base-sepolia", "eip155:8453", "eip155:84532")
MAX_DESCRIPTION: Final = 255

_ADDRESS: Final = re.compile("0x[a-fA-F0-9]+")
_AMOUNT: Final = re.compile("[0-9]+")


class PaymentRequirement(Record, frozen=True, kw_only=True):
    """One way to pay.

    Attributes:
        asset: the contract of the currency; USDC on Base is
            ``0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913``.
        pay_to: your address.
        network: ``base``, ``base-sepolia``, ``eip155:8453`` or ``eip155:84532``.
        amount: in the asset's smallest units, as text.
        description: 255 letters at most.
    """

    asset: str
    pay_to: str
    network: str
    amount: str
    description: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        described = {} if self.description is None else {"description": self.description}
        plain = {"asset": self.asset, "pay_to": self.pay_to, "network": self.network, "amount": self.amount}
        return {**plain, **described}


class PaymentInstruction(Record, frozen=True, kw_only=True):
    """What must be paid to read the CIDs that are put behind it.

    Attributes:
        version: 1, and one more with each change.
    """

    id: str
    name: str = ""
    version: int = 1
    description: str | None = None
    payment_requirements: tuple[PaymentRequirement, ...] = ()
    created_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "id": self.id,
            "version": self.version,
            "payment_requirements": [one.to_json() for one in self.payment_requirements],
            "name": self.name,
            **({} if self.description is None else {"description": self.description}),
            "created_at": millis(self.created_at) if self.created_at else None,
        }


class PaidCID(Record, frozen=True, kw_only=True):
    """That a CID is behind an instruction."""

    payment_instruction_id: str
    cid: CID
    created_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "payment_instruction_id": self.payment_instruction_id,
            "cid": str(self.cid),
            "created_at": millis(self.created_at) if self.created_at else None,
        }


class InstructionPage(NamedTuple):
    """Some instructions, and where the next ones start, or `None`."""

    instructions: list[PaymentInstruction]
    next_page_token: str | None


class CIDPage(NamedTuple):
    """Some CIDs, and where the next ones start, or `None`."""

    cids: list[CID]
    next_page_token: str | None


_ROOT: Final = "/v3/x402/payment_instructions"


def list_instructions(
    *,
    name: str | None = None,
    cid: CID | None = None,
    id: str | None = None,
    limit: int | None = None,
    page_token: str | None = None,
) -> Call[InstructionPage]:
    """``GET /v3/x402/payment_instructions``."""

    def read(data: Any) -> InstructionPage:
        rows = [_instruction(row) for row in data.get("payment_instructions") or ()]
        return InstructionPage(rows, data.get("next_page_token") or None)

    query = {
        "limit": limit,
        "pageToken": page_token,
        "cid": str(cid) if cid else None,
        "name": name,
        "id": id,
    }
    return Call("GET", _ROOT, reads_data(read), query)


def create_instruction(
    name: str, requirements: Sequence[PaymentRequirement], description: str | None = None
) -> Call[PaymentInstruction]:
    """``POST /v3/x402/payment_instructions``."""
    body = _body(name, requirements, description)
    return Call("POST", _ROOT, reads_data(_instruction), body=body, headers=JSON_TYPE, repeatable=False)


def get_instruction(id: str) -> Call[PaymentInstruction]:
    """``GET /v3/x402/payment_instructions/{id}``."""
    return Call("GET", _path(id), reads_data(_instruction))


def update_instruction(
    id: str,
    *,
    name: str | None = None,
    requirements: Sequence[PaymentRequirement] | None = None,
    description: str | None = None,
) -> Call[PaymentInstruction]:
    """``PATCH /v3/x402/payment_instructions/{id}``."""
    if name is None and requirements is None and description is None:
        raise InputError("nothing to change", hint="give name=…, requirements=… or description=…")
    body = _body(name, requirements, description)
    return Call("PATCH", _path(id), reads_data(_instruction), body=body, headers=JSON_TYPE, repeatable=False)


def delete_instruction(id: str) -> Call[None]:
    """``DELETE /v3/x402/payment_instructions/{id}``."""
    return Call("DELETE", _path(id), nothing)


def list_cids(id: str, *, limit: int | None = None, page_token: str | None = None) -> Call[CIDPage]:
    """``GET /v3/x402/payment_instructions/{id}/cids``."""

    def read(data: Any) -> CIDPage:
        return CIDPage(
            [CID.parse(one) for one in data.get("cids") or ()], data.get("next_page_token") or None
        )

    query = {"limit": limit, "pageToken": page_token}
    return Call("GET", f"{_path(id)}/cids", reads_data(read), query)


def add_cid(id: str, cid: CID) -> Call[PaidCID]:
    """``PUT /v3/x402/payment_instructions/{id}/cids/{cid}``."""
    return Call("PUT", f"{_path(id)}/cids/{cid}", reads_data(lambda data: record(data, PaidCID)))


def remove_cid(id: str, cid: CID) -> Call[None]:
    """``DELETE /v3/x402/payment_instructions/{id}/cids/{cid}``."""
    return Call("DELETE", f"{_path(id)}/cids/{cid}", nothing)


def read_paid(cid: CID, payment: str | None) -> Call[bytes]:
    """``GET /x402/cid/{cid}`` of a gateway."""
    return Call("GET", f"/x402/cid/{cid}", _content, headers=_paid(payment), host="gateway", repeatable=False)


def pin_paid(network: Network, size: int, payment: str | None) -> Call[str]:
    """``POST /v1/pin/{network}`` of the x402 host: an address to upload to."""
    body = as_json({"fileSize": _size(size)})
    return Call(
        "POST",
        f"/v1/pin/{network}",
        reads_json(_url),
        body=body,
        headers={**JSON_TYPE, **_paid(payment)},
        host="x402",
        repeatable=False,
    )


def retrieve_paid(cid: CID, payment: str | None) -> Call[str]:
    """``GET /v1/retrieve/private/{cid}`` of the x402 host: an address to read from."""
    path = f"/v1/retrieve/private/{cid}"
    return Call("GET", path, reads_json(_url), headers=_paid(payment), host="x402", repeatable=False)


def mpp_pin(size: int, authorization: str | None) -> Call[str]:
    """``POST /v1/pin/public`` of the MPP host: an address to upload to."""
    return Call(
        "POST",
        "/v1/pin/public",
        reads_json(_url),
        {"fileSize": _size(size)},
        headers=_authorized(authorization),
        host="mpp",
        repeatable=False,
    )


def mpp_read(cid: CID, authorization: str | None) -> Call[bytes]:
    """``GET /v1/pin/public/{cid}`` of the MPP host."""
    path = f"/v1/pin/public/{cid}"
    return Call("GET", path, _content, headers=_authorized(authorization), host="mpp", repeatable=False)


def check_requirements(requirements: Sequence[PaymentRequirement]) -> Sequence[PaymentRequirement]:
    """The requirements, if they can be.

    Raises:
        InputError: there are none, or one has an address, network or amount that is none.
    """
    if not requirements:
        raise InputError("there is no way to pay", hint="give at least one PaymentRequirement")
    for one in requirements:
        for value, what in ((one.asset, "asset"), (one.pay_to, "pay_to")):
            if not _ADDRESS.fullmatch(value):
                raise InputError(f"{what} is 0x and hexadecimal digits, not {value!r}")
        if one.network not in NETWORKS:
            raise InputError(f"unknown network {one.network!r}; one of {', '.join(NETWORKS)}")
        if not _AMOUNT.fullmatch(one.amount):
            raise InputError(f"an amount is a whole number of smallest units as text, not {one.amount!r}")
        check_description(one.description)
    return requirements


def check_description(text: str | None) -> str | None:
    """The description, if it is short enough.

    Raises:
        InputError: it is not.
    """
    if text is not None and len(text) > MAX_DESCRIPTION:
        raise InputError(f"a description has at most {MAX_DESCRIPTION} letters, not {len(text)}")
    return text


def _body(
    name: str | None, requirements: Sequence[PaymentRequirement] | None, description: str | None
) -> bytes:
    body: dict[str, Any] = {}
    if name is not None:
        if not is_text(name):
            raise InputError("an instruction has a name")
        body["name"] = name
    if requirements is not None:
        body["payment_requirements"] = [one.to_json() for one in check_requirements(requirements)]
    if description is not None:
        body["description"] = check_description(description)
    return as_json(body)


def _path(id: str) -> str:
    return f"{_ROOT}/{check_id(id, 'a payment instruction')}"


def _instruction(data: Any) -> PaymentInstruction:
    return record(data, PaymentInstruction)


def _url(data: Any) -> str:
    return str(data.get("url", ""))


def _content(answer: Answer) -> bytes:
    return answer.body


def _paid(payment: str | None) -> dict[str, str]:
    return {} if payment is None else {"x-payment": payment}


def _authorized(authorization: str | None) -> dict[str, str]:
    return {} if authorization is None else {"authorization": authorization}


def _size(size: int) -> int:
    if size < 1:
        raise InputError(f"a file has at least 1 byte, not {size}")
    return size

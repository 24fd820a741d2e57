"""Signatures: one a CID, checked before it is kept."""

from __future__ import annotations

import anyio.to_thread
from starlette.responses import Response

from pinatakit.errors import InputError, PinataError
from pinatakit.protocol import signatures
from pinatakit.protocol.times import micros
from pinatakit.server.refusal import Refusal, bad_request, not_found
from pinatakit.server.request import Asked, data, read_cid


async def add(asked: Asked) -> Response:
    """``POST /v3/files/{network}/signature/{cid}``: the signer is recovered, and must be the address."""
    body, network, text = asked.object(), asked.network(), asked.path("cid")
    cid = read_cid(text, "cid")
    try:
        signature = signatures.check_signature(body.get("signature"))
        address = signatures.check_address(body.get("address"))
    except InputError as error:
        raise bad_request(error.message) from None
    uploaded = await anyio.to_thread.run_sync(asked.store.files.uploaded, network, cid)
    if uploaded is None:
        raise Refusal(
            403, "FORBIDDEN", f"The account has no {network} file {cid}; only its own can be signed."
        )
    try:
        signer = signatures.signer(signature, address=address, cid=text, date=micros(uploaded))
    except PinataError as error:
        raise Refusal(501, "NOT_IMPLEMENTED", str(error)) from None
    if signer is None or signer.lower() != address.lower():
        raise bad_request(
            f"The signature is not by {address} of the CID {text} and the date {micros(uploaded)}."
        )
    kept = await anyio.to_thread.run_sync(asked.store.signatures.add, network, cid, signature)
    if kept is None:
        raise Refusal(403, "FORBIDDEN", f"{cid} has a signature already; delete that one first.")
    return data(kept.to_json())


def get(asked: Asked) -> Response:
    """``GET /v3/files/{network}/signature/{cid}``."""
    found = asked.store.signatures.get(asked.network(), read_cid(asked.path("cid"), "cid"))
    if found is None:
        raise _missing(asked)
    return data(found.to_json())


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/files/{network}/signature/{cid}``."""
    network, cid = asked.network(), read_cid(asked.path("cid"), "cid")
    if not await anyio.to_thread.run_sync(asked.store.signatures.delete, network, cid):
        raise _missing(asked)
    return data(None)


def _missing(asked: Asked) -> Refusal:
    return not_found(f"The {asked.network()} CID {asked.path('cid')} has no signature.")

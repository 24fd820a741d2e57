"""Payments: let readers pay for private content, and pay for storage without an account (x402, MPP).

This package makes no payments. Where one is wanted, `PaymentRequired` tells what and how; a
wallet's library makes the proof, which is given to the same call as `payment`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pinatakit.client._listing import AsyncListing, listing, paged
from pinatakit.client._operation import Resource, W, operation
from pinatakit.content import CID
from pinatakit.protocol import Network
from pinatakit.protocol import payments as calls
from pinatakit.protocol._record import only
from pinatakit.protocol.payments import PaidCID, PaymentInstruction, PaymentRequirement


class Payments(Resource[W]):
    """Payment instructions of your account, and what can be bought without one."""

    @operation
    async def create(
        self, name: str, requirements: Sequence[PaymentRequirement], *, description: str | None = None
    ) -> PaymentInstruction:
        """Make an instruction; then put private CIDs behind it with `add_cid`.

        Raises:
            InputError: there is no way to pay, or one that cannot be.
        """
        return await self.wire.send(calls.create_instruction(name, requirements, description))

    @operation
    async def get(self, id: str) -> PaymentInstruction:
        """Look one up by its id.

        Raises:
            NotFound: the account has none with that id.
        """
        return await self.wire.send(calls.get_instruction(id))

    @listing
    def list(
        self,
        *,
        name: str | None = None,
        cid: CID | str | None = None,
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncListing[PaymentInstruction]:
        """Every instruction that matches, over all pages; of a CID there is at most one.

        The service filters. `fields` are the names of those wanted; the others are unset.

        Raises:
            InvalidCID: the text is no CID.
            InputError: a limit or field that cannot be.
        """
        wanted = CID.parse(cid) if cid else None

        async def fetch(size: int, token: str) -> tuple[Sequence[PaymentInstruction], str | None]:
            call = calls.list_instructions(name=name, cid=wanted, limit=size, page_token=token or None)
            return await self.wire.send(call)

        return paged(
            fetch, "", limit=limit, page_size=page_size, most=1000, show=only(PaymentInstruction, fields)
        )

    @operation
    async def update(
        self,
        id: str,
        *,
        name: str | None = None,
        requirements: Sequence[PaymentRequirement] | None = None,
        description: str | None = None,
    ) -> PaymentInstruction:
        """Change one; its version is one more than before.

        Raises:
            InputError: nothing to change, or something that cannot be.
            NotFound: the account has none with that id.
        """
        call = calls.update_instruction(id, name=name, requirements=requirements, description=description)
        return await self.wire.send(call)

    @operation
    async def delete(self, id: str) -> None:
        """Delete one that has no CIDs any more.

        Raises:
            ApiError: CIDs are behind it (status 409).
            NotFound: the account has none with that id.
        """
        await self.wire.send(calls.delete_instruction(id))

    @listing
    def cids(self, id: str, *, limit: int | None = None, page_size: int = 100) -> AsyncListing[CID]:
        """Every CID behind an instruction, over all pages.

        Raises:
            InputError: a limit that cannot be.
            NotFound: the account has none with that id; told when it is iterated.
        """

        async def fetch(size: int, token: str) -> tuple[Sequence[CID], str | None]:
            return await self.wire.send(calls.list_cids(id, limit=size, page_token=token or None))

        return paged(fetch, "", limit=limit, page_size=page_size, most=1000)

    @operation
    async def add_cid(self, id: str, cid: CID | str) -> PaidCID:
        """Put a private CID behind an instruction; it is then read at ``/x402/cid/{cid}``.

        Raises:
            BadRequest: it is behind another one.
            NotFound: there is no such instruction, or no such private file.
        """
        return await self.wire.send(calls.add_cid(id, CID.parse(cid)))

    @operation
    async def remove_cid(self, id: str, cid: CID | str) -> None:
        """Take a CID from behind an instruction.

        Raises:
            NotFound: it is not behind it.
        """
        await self.wire.send(calls.remove_cid(id, CID.parse(cid)))

    @operation
    async def read(self, cid: CID | str, payment: str | None = None) -> bytes:
        """Content that is paid for, from the gateway; held in memory, and not checked.

        `payment` is what goes into ``X-Payment``: a payment payload of x402 version 1 in base64.

        Raises:
            PaymentRequired: no payment was given; the error tells what is wanted.
            Forbidden: the payment is not good.
        """
        return await self.wire.send(calls.read_paid(CID.parse(cid), payment))

    @operation
    async def pin(self, size: int, payment: str | None = None, *, network: Network | None = None) -> str:
        """Buy 12 months of storage for a file of `size` bytes without an account (x402).

        Gives the address to which the file is uploaded. `payment` is as for `read`.

        Raises:
            PaymentRequired: no payment was given; the error tells what is wanted.
        """
        return await self.wire.send(calls.pin_paid(self.wire.network(network), size, payment))

    @operation
    async def retrieve(self, cid: CID | str, payment: str | None = None) -> str:
        """Buy an address under which a private file can be read for a time (x402).

        Raises:
            PaymentRequired: no payment was given; the error tells what is wanted.
        """
        return await self.wire.send(calls.retrieve_paid(CID.parse(cid), payment))

    @operation
    async def mpp_pin(self, size: int, authorization: str | None = None) -> str:
        """Buy 12 months of public storage by the Machine Payments Protocol, as `pin` does by x402.

        `authorization` is the whole header ``Authorization``; the address lives for 120 seconds.

        Raises:
            PaymentRequired: none was given; `challenge` of the error is what it must answer.
        """
        return await self.wire.send(calls.mpp_pin(size, authorization))

    @operation
    async def mpp_read(self, cid: CID | str, authorization: str | None = None) -> bytes:
        """Buy the content of a public file by the Machine Payments Protocol; held in memory, not checked.

        Raises:
            PaymentRequired: no authorization was given.
        """
        return await self.wire.send(calls.mpp_read(CID.parse(cid), authorization))

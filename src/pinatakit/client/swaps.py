"""Swaps: let gateways serve another CID in the place of one (v3)."""

from __future__ import annotations

from pinatakit.client._listing import AsyncListing, listing, whole
from pinatakit.client._operation import Resource, W, operation
from pinatakit.content import CID
from pinatakit.protocol import Network, Swap
from pinatakit.protocol import swaps as calls


class Swaps(Resource[W]):
    """The swaps of your account. They take the plugin Hot Swaps on a gateway.

    A swap is for browsers: `download` and `read` check what they get against the CID that was
    asked for, so they go on giving what that CID names.
    """

    @operation
    async def add(self, cid: CID | str, swap_cid: CID | str, *, network: Network | None = None) -> Swap:
        """From now on serve `swap_cid` where `cid` is asked for.

        Raises:
            NotFound: the account has not pinned `cid`.
        """
        return await self.wire.send(
            calls.add_swap(self.wire.network(network), CID.parse(cid), CID.parse(swap_cid))
        )

    @listing
    def history(
        self, cid: CID | str, domain: str, *, network: Network | None = None, limit: int | None = None
    ) -> AsyncListing[Swap]:
        """What a CID was swapped for on the gateway of that domain, newest first.

        Raises:
            NotFound: it never was; told when it is iterated.
        """
        call = calls.swap_history(self.wire.network(network), CID.parse(cid), domain)
        return whole(lambda: self.wire.send(call), limit=limit)

    @operation
    async def delete(self, cid: CID | str, *, network: Network | None = None) -> None:
        """From now on serve the CID itself; its history stays.

        Raises:
            NotFound: it is not swapped.
        """
        await self.wire.send(calls.delete_swap(self.wire.network(network), CID.parse(cid)))

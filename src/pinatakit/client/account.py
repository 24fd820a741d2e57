"""The account: is the credential good, how much is stored, and how much may be."""

from __future__ import annotations

from pinatakit.client._operation import Resource, W, operation
from pinatakit.protocol import Limits, Usage
from pinatakit.protocol import account as calls


class Account(Resource[W]):
    """Your account."""

    @operation
    async def test(self) -> str:
        """Ask whether the credential is known; the answer is the service's greeting.

        Any key that is not revoked passes, whatever it may do.

        Raises:
            Unauthorized: the credential is unknown, garbled or expired.
            Forbidden: it is revoked.
        """
        return await self.wire.send(calls.test())

    @operation
    async def usage(self) -> Usage:
        """How many pins there are, and how many bytes they take.

        Raises:
            Forbidden: the key may not ask for it.
        """
        return await self.wire.send(calls.usage())

    @operation
    async def limits(self) -> Limits:
        """What may be uploaded: how many files a folder may hold.

        Raises:
            Forbidden: the key may not ask for it.
        """
        return await self.wire.send(calls.limits())

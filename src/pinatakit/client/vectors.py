"""Vectors: find private files by what they say (v3, beta)."""

from __future__ import annotations

from pinatakit.client._listing import AsyncListing, listing, whole
from pinatakit.client._operation import Resource, W, operation
from pinatakit.protocol import vectors as calls
from pinatakit.protocol.vectors import Match


class Vectors(Resource[W]):
    """The vectors of your private files. Each group is an index of its own."""

    @operation
    async def add(self, file_id: str) -> None:
        """Let a private file, which must be in a group, be found by what it says.

        Raises:
            NotFound: the account has no such private file.
            BadRequest: it is in no group.
        """
        await self.wire.send(calls.vectorize_file(file_id))

    @operation
    async def delete(self, file_id: str) -> None:
        """Let a file be found no more; the file stays.

        Raises:
            NotFound: the account has no such private file.
        """
        await self.wire.send(calls.delete_vectors(file_id))

    @listing
    def query(self, group_id: str, text: str, *, limit: int | None = None) -> AsyncListing[Match]:
        """The files of a group that say something like `text`, the likest first, 20 at most.

        The service compares meanings. A local Pinata compares words and pairs of words: what
        says the same in other words is not found there.

        Raises:
            InputError: the text is empty, or the limit cannot be.
        """
        call = calls.query_vectors(group_id, text)
        return whole(lambda: self.wire.send(call), limit=limit)

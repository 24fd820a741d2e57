"""Pins: what is and was pinned, and the queue of what shall be (older API)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime
from typing import Literal

from pinatakit.client._wire import Resource, W, operation, stream
from pinatakit.content import CID
from pinatakit.protocol import Pin, PinJob, Where
from pinatakit.protocol import pins as calls
from pinatakit.protocol.metadata import Keyvalues


class Pins(Resource[W]):
    """The pins of your account, by CID."""

    @operation
    async def add(
        self,
        cid: CID | str,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        host_nodes: list[str] | None = None,
        group_id: str | None = None,
    ) -> calls.Queued:
        """Ask the service to fetch and pin content that is on IPFS already.

        `host_nodes` (5 at most) are multiaddrs of nodes that have it; `group_id` is the group it
        goes into. The answer comes at once; `jobs` tells how far it is.

        Raises:
            InvalidCID: the text is no CID.
            Forbidden: the account's plan does not include it.
            NotFound: there is no such group.
        """
        call = calls.pin_by_hash(
            CID.parse(cid), name=name, keyvalues=keyvalues, host_nodes=host_nodes, group_id=group_id
        )
        return await self.wire.send(call)

    @stream
    async def list(
        self,
        *,
        cid: CID | str | None = None,
        cid_contains: str | None = None,
        name: str | None = None,
        where: Iterable[Where] | Where = (),
        status: calls.Status = "pinned",
        pinned_after: datetime | None = None,
        pinned_before: datetime | None = None,
        unpinned_after: datetime | None = None,
        unpinned_before: datetime | None = None,
        min_size: int | None = None,
        max_size: int | None = None,
        group_id: str | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncGenerator[Pin, None]:
        """Every pin that matches, newest first, over all pages; filtered by the service.

        `where` are conditions on key-values that must all hold, made by `kv`:
        ``[kv("stage") == "prod", kv("score").between(1, 5)]``. Sizes are bytes of all
        blocks; a time without a zone is UTC. `limit` is how many at most; pages of
        `page_size` (1 to 1,000) are fetched as they are needed.
        """
        conditions = [where] if isinstance(where, Where) else list(where)
        only = CID.parse(cid) if cid else None
        given = 0
        while limit is None or given < limit:
            size = page_size if limit is None else min(page_size, limit - given)
            page = await self.wire.send(
                calls.list_pins(
                    cid=only,
                    cid_contains=cid_contains,
                    name=name,
                    where=conditions,
                    status=status,
                    pinned_after=pinned_after,
                    pinned_before=pinned_before,
                    unpinned_after=unpinned_after,
                    unpinned_before=unpinned_before,
                    min_size=min_size,
                    max_size=max_size,
                    group_id=group_id,
                    limit=size,
                    offset=given,
                )
            )
            for pin in page.rows[:size]:
                given += 1
                yield pin
            if len(page.rows) < size:
                return

    @stream
    async def jobs(
        self,
        *,
        status: str | None = None,
        cid: CID | str | None = None,
        sort: Literal["ASC", "DESC"] = "DESC",
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncGenerator[PinJob, None]:
        """Every CID that waits in the queue and matches, over all pages."""
        wanted = CID.parse(cid) if cid else None
        given = 0
        while limit is None or given < limit:
            size = page_size if limit is None else min(page_size, limit - given)
            call = calls.list_jobs(sort=sort, status=status, cid=wanted, limit=size, offset=given)
            page = await self.wire.send(call)
            for job in page.rows[:size]:
                given += 1
                yield job
            if len(page.rows) < size:
                return

    @operation
    async def update(
        self, cid: CID | str, *, name: str | None = None, keyvalues: Keyvalues | None = None
    ) -> None:
        """Change the name or key-values of a pin.

        Key-values are merged into those there are; a value of `None` takes its key away.

        Raises:
            InputError: nothing to change, or a key-value that cannot be.
            ApiError: the account has not pinned that CID (status 400 or 500).
        """
        await self.wire.send(calls.hash_metadata(CID.parse(cid), name=name, keyvalues=keyvalues))

    @operation
    async def remove(self, cid: CID | str) -> None:
        """Unpin: the service no longer promises to keep it.

        Raises:
            ApiError: the account has not pinned that CID (status 400 or 500).
        """
        await self.wire.send(calls.unpin(CID.parse(cid)))

"""Pins: what is and was pinned (older API), and the queue of what shall be (both APIs)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from pinatakit.client._wire import Resource, W, Wire, operation, stream
from pinatakit.content import CID
from pinatakit.errors import NotFound, PinFailed, PinPending
from pinatakit.protocol import File, Pin, PinJob, Where, files
from pinatakit.protocol import pins as calls
from pinatakit.protocol.metadata import Keyvalues

API: TypeAlias = Literal["v3", "older"]

_FIRST_PAUSE: Final = 0.25  # seconds
_LONGEST_PAUSE: Final = 30.0
_ABSENT: Final = 3  # times that a job may be neither queued nor pinned


class Pins(Resource[W]):
    """The pins of your account, by CID."""

    @operation
    async def add(
        self,
        cid: CID | str,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        host_nodes: Sequence[str] = (),
        group_id: str | None = None,
        api: API | None = None,
    ) -> PinJob:
        """Ask the service to fetch and pin content that is on IPFS already.

        `host_nodes` (5 at most) are multiaddrs of nodes that have it; a local Pinata fetches
        from those that speak HTTP, and takes their URLs too. `group_id` is the group it goes into. The answer comes at once: `wait`
        waits until it is pinned, `queue` tells how far it is.

        It goes over v3, unless v3 cannot take it: with a key pair in place of a JWT, or with
        key-values that are not text. `api` asks for one of them, ``"v3"`` or ``"older"``.

        Raises:
            InvalidCID: the text is no CID.
            Forbidden: the account's plan does not include it.
            NotFound: there is no such group.
        """
        v3 = api == "v3" or (api is None and self._v3(keyvalues))
        ask = calls.pin_by_cid if v3 else calls.pin_by_hash
        return await self.wire.send(
            ask(CID.parse(cid), name=name, keyvalues=keyvalues, host_nodes=host_nodes, group_id=group_id)
        )

    def _v3(self, keyvalues: Keyvalues | None = None) -> bool:
        """Whether v3 takes it."""
        text = all(isinstance(value, str | date) for value in (keyvalues or {}).values())
        return self.wire.settings.credential.jwt is not None and text

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
    async def queue(
        self,
        *,
        cid: CID | str | None = None,
        status: str | None = None,
        order: Literal["ASC", "DESC"] = "DESC",
        limit: int | None = None,
        page_size: int = 100,
        api: API | None = None,
    ) -> AsyncGenerator[PinJob, None]:
        """Every CID that waits in the queue, or has failed, and matches; over all pages.

        `order` is by the time queued, newest first unless told; `limit` is how many at most;
        pages of `page_size` (1 to 250) are fetched as they are needed. What is pinned is in
        the queue no more. Both APIs show the same queue: `api` is as for `add`.
        """
        wanted = CID.parse(cid) if cid else None
        v3 = api == "v3" or (api is None and self._v3())
        jobs = _queue(self.wire, v3, cid=wanted, status=status, order=order, limit=limit, page_size=page_size)
        async with aclosing(jobs):
            async for job in jobs:
                yield job

    @operation
    async def cancel(self, id: str) -> None:
        """Take a CID out of the queue, by the id of its job; over v3.

        Raises:
            NotFound: there is no such job, or it is pinned already.
        """
        await self.wire.send(calls.cancel(id))

    @operation
    async def wait(
        self,
        job: PinJob | CID | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> File:
        """Wait until the service has pinned what it was asked to; what it has become. Over v3.

        `job` is what `add` gave, or a CID. The queue is looked at after a quarter of a second
        and then less and less often, up to twice a minute. `timeout` is seconds to wait at
        most; the service goes on all the same.

        Raises:
            PinFailed: the service has given it up; the error tells why.
            PinPending: it is not pinned after `timeout`.
            NotFound: it is neither pinned nor in the queue.
        """
        id, cid = (job.id, job.cid) if isinstance(job, PinJob) else (None, CID.parse(job))
        waited, pause, absent = 0.0, _FIRST_PAUSE, 0
        while True:
            jobs = _queue(self.wire, True, cid=cid, status=None, order="DESC", limit=None, page_size=250)
            async with aclosing(jobs):
                queued = [one async for one in jobs if id in (None, one.id)]
            pending = [one for one in queued if not one.failed]
            if not pending:
                page = await self.wire.send(files.list_files("public", cid=cid, limit=1))
                if page.files:
                    return page.files[0]
                if queued:
                    raise PinFailed(cid, queued[0].status, queued[0].reason)
                absent += 1  # between the queue and the list of files it may be in neither
                if absent > _ABSENT:
                    raise NotFound(
                        f"{cid} is neither pinned nor in the queue",
                        status=404,
                        url=self.wire.settings.base("api") + calls.QUEUE,
                    )
            if timeout is not None and waited >= timeout:
                reason = pending[0] if pending else None
                raise PinPending(cid, reason.status if reason else "", reason.reason if reason else None)
            step = pause if timeout is None else min(pause, timeout - waited)
            await self.wire.sleep(step)
            waited += step
            pause = min(1.5 * pause, _LONGEST_PAUSE)

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


async def _queue(
    wire: Wire,
    v3: bool,
    *,
    cid: CID | None,
    status: str | None,
    order: Literal["ASC", "DESC"],
    limit: int | None,
    page_size: int,
) -> AsyncGenerator[PinJob, None]:
    """The queue, by pages that follow a token (v3) or an offset (older API)."""
    given = 0
    token: str | None = None
    while limit is None or given < limit:
        size = page_size if limit is None else min(page_size, limit - given)
        if v3:
            page = await wire.send(
                calls.list_queue(order=order, status=status, cid=cid, limit=size, page_token=token)
            )
            jobs, token = page.jobs, page.next_page_token
            more = token is not None
        else:
            call = calls.list_jobs(sort=order, status=status, cid=cid, limit=size, offset=given)
            jobs = (await wire.send(call)).rows
            more = len(jobs) >= size
        for job in jobs[:size]:
            given += 1
            yield job
        if not more or not jobs:
            return

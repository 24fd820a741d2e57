"""Pins: what is and was pinned (older API), and the queue of what shall be (both APIs)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Final, Literal, TypeAlias, get_args

from pinatakit.client._listing import AsyncListing, Fetch, listing, paged
from pinatakit.client._operation import Resource, W, operation
from pinatakit.client._wire import Wire
from pinatakit.content import CID
from pinatakit.errors import InputError, NotFound, PinFailed, PinPending
from pinatakit.protocol import File, Pin, PinJob, Where, files
from pinatakit.protocol import pins as calls
from pinatakit.protocol._record import only
from pinatakit.protocol.metadata import Keyvalues
from pinatakit.protocol.where import one_for_each_key

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
            InputError: there is no such API, or a text cannot be sent.
            Forbidden: the account's plan does not include it.
            NotFound: there is no such group.
        """
        ask = calls.pin_by_cid if self._v3(api, keyvalues) else calls.pin_by_hash
        return await self.wire.send(
            ask(CID.parse(cid), name=name, keyvalues=keyvalues, host_nodes=host_nodes, group_id=group_id)
        )

    def _v3(self, api: API | None, keyvalues: Keyvalues | None = None) -> bool:
        """Whether it goes over v3: as it is asked for, else if v3 takes it."""
        if api is not None:
            if api not in get_args(API):
                raise InputError(f"api is one of {', '.join(get_args(API))}, not {api!r}")
            return api == "v3"
        text = all(isinstance(value, str | date) for value in (keyvalues or {}).values())
        return self.wire.settings.credential.jwt is not None and text

    @listing
    def list(
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
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncListing[Pin]:
        """Every pin that matches, newest first, over all pages; filtered by the service.

        `where` are conditions on key-values that must all hold, made by `kv`:
        ``[kv("stage") == "prod", kv("score").between(1, 5)]``. The service takes one for each
        key; of several for one key it is told the first, and the others are held to here. Sizes
        are bytes of all blocks; a time without a zone is UTC. `fields` are the names of those
        wanted; the others are unset, though the service sends them. `limit` is how many at
        most; pages of `page_size` (1 to 1,000) are fetched as they are needed. The service counts
        pages by position: whoever unpins while iterating lets the rest move up and be passed over,
        so take the whole first, as ``list(pinata.pins.list())`` does.

        Raises:
            InvalidCID: the text is no CID.
            InputError: a condition, status, limit or field that cannot be.
        """
        told, conditions = one_for_each_key(where)
        only_cid = CID.parse(cid) if cid else None

        async def fetch(size: int, offset: int) -> tuple[Sequence[Pin], int | None]:
            call = calls.list_pins(
                cid=only_cid,
                cid_contains=cid_contains,
                name=name,
                where=told,
                status=status,
                pinned_after=pinned_after,
                pinned_before=pinned_before,
                unpinned_after=unpinned_after,
                unpinned_before=unpinned_before,
                min_size=min_size,
                max_size=max_size,
                group_id=group_id,
                limit=size,
                offset=offset,
            )
            rows = (await self.wire.send(call)).rows
            return rows, offset + len(rows) if len(rows) >= size else None

        return paged(
            fetch,
            0,
            limit=limit,
            page_size=page_size,
            most=1000,
            keep=(lambda pin: all(one.holds(pin.keyvalues) for one in conditions)) if conditions else None,
            show=only(Pin, fields),
        )

    @listing
    def queue(
        self,
        *,
        cid: CID | str | None = None,
        status: str | None = None,
        order: Literal["ASC", "DESC"] = "DESC",
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
        api: API | None = None,
    ) -> AsyncListing[PinJob]:
        """Every CID that waits in the queue, or has failed, and matches; over all pages.

        The service filters. `order` is by the time queued, newest first unless told; `fields`
        are the names of those wanted, the others are unset; `limit` is how many at most; pages
        of `page_size` (1 to 250, over the older API 1,000) are fetched as they are needed. What is pinned is in the queue
        no more. Both APIs show the same queue: `api` is as for `add`.

        Raises:
            InvalidCID: the text is no CID.
            InputError: a status, limit, field or API that cannot be.
        """
        wanted = CID.parse(cid) if cid else None
        if self._v3(api):
            return paged(
                _queue(self.wire, cid=wanted, status=status, order=order),
                "",
                limit=limit,
                page_size=page_size,
                most=250,
                show=only(PinJob, fields),
            )

        async def fetch(size: int, offset: int) -> tuple[Sequence[PinJob], int | None]:
            call = calls.list_jobs(sort=order, status=status, cid=wanted, limit=size, offset=offset)
            rows = (await self.wire.send(call)).rows
            return rows, offset + len(rows) if len(rows) >= size else None

        return paged(fetch, 0, limit=limit, page_size=page_size, most=1000, show=only(PinJob, fields))

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
            jobs = paged(_queue(self.wire, cid=cid), "", limit=None, page_size=250)
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


def _queue(
    wire: Wire, *, cid: CID | None, status: str | None = None, order: Literal["ASC", "DESC"] = "DESC"
) -> Fetch[str, PinJob]:
    """How a page of the queue is fetched over v3."""

    async def fetch(size: int, token: str) -> tuple[Sequence[PinJob], str | None]:
        call = calls.list_queue(order=order, status=status, cid=cid, limit=size, page_token=token or None)
        return await wire.send(call)

    return fetch

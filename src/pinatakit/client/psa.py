"""PSA: the IPFS Pinning Service API, at Pinata and at any other service that speaks it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Self

from pinatakit.client._listing import AsyncListing, listing, paged
from pinatakit.client._operation import Resource, W, operation
from pinatakit.client._wire import Awaiting, Blocking
from pinatakit.content import CID
from pinatakit.protocol import PinObject, PinStatus
from pinatakit.protocol import psa as calls
from pinatakit.protocol._record import only
from pinatakit.settings import Settings

_NEVER: Final = datetime.max.replace(tzinfo=UTC)  # before which everything was


class PinObjects(Resource[W]):
    """The pin objects of your account: each is a request to pin a CID, and how far it is."""

    @listing
    def list(
        self,
        *,
        cid: CID | str | Collection[CID | str] = (),
        name: str | None = None,
        match: calls.Match = "exact",
        status: calls.Status | Collection[calls.Status] = (),
        before: datetime | None = None,
        after: datetime | None = None,
        meta: Mapping[str, str] | None = None,
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncListing[PinStatus]:
        """Every pin object that matches, newest first, over all pages; filtered by the service.

        Without `status` a service gives only those that are pinned. `cid` is one, or up to
        10. `match` says how `name` is compared: ``exact``, ``iexact`` (whatever the case),
        ``partial``, ``ipartial``. `before` and `after` are when a pin was asked for; a time
        without a zone is UTC. All of `meta` must be equal. `fields` are the
        names of those wanted; the others are unset. `limit` is how many at most; pages of
        `page_size` (1 to 1,000) are fetched as they are needed.

        Raises:
            InvalidCID: the text is no CID.
            InputError: more than 10 CIDs, or a status, `match`, `meta`, limit or field that cannot be.
            BadRequest: the name has more than 255 letters.
        """
        cids = [CID.parse(one) for one in ([cid] if isinstance(cid, str | CID) else cid)]
        statuses = [status] if isinstance(status, str) else list(status)

        async def fetch(size: int, before: datetime) -> tuple[Sequence[PinStatus], datetime | None]:
            call = calls.list_pins(
                cids=cids,
                name=name,
                match=match if name is not None else None,
                statuses=statuses,
                before=None if before == _NEVER else before,
                after=after,
                limit=size,
                meta=meta,
            )
            page = await self.wire.send(call)
            newest_first = sorted(page.results, key=lambda pin: pin.created, reverse=True)
            return newest_first, newest_first[-1].created if page.total > len(newest_first) > 0 else None

        # Not every service keeps to the order, or to the limit, or leaves out `before` itself.
        return paged(
            fetch,
            before or _NEVER,
            limit=limit,
            page_size=page_size,
            most=1000,
            key=lambda pin: pin.requestid,
            show=only(PinStatus, fields),
        )

    @operation
    async def add(
        self,
        cid: CID | str,
        *,
        name: str | None = None,
        origins: Sequence[str] = (),
        meta: Mapping[str, str] | None = None,
    ) -> PinStatus:
        """Ask the service to fetch and pin a CID. The answer comes at once; `get` tells how far it is.

        `origins` (20 at most) are multiaddrs of nodes that have it. The same CID may be
        pinned again, with another name, where the service allows it; Pinata does not.

        Raises:
            InvalidCID: the text is no CID.
            InputError: a name above 255 letters, or `meta` that is not text.
        """
        pin = PinObject.of(CID.parse(cid), name, origins, meta)
        return await self.wire.send(calls.add_pin(pin))

    @operation
    async def get(self, requestid: str) -> PinStatus:
        """Look one up.

        Raises:
            NotFound: there is none, or it was replaced.
        """
        return await self.wire.send(calls.get_pin(requestid))

    @operation
    async def replace(
        self,
        requestid: str,
        cid: CID | str,
        *,
        name: str | None = None,
        origins: Sequence[str] = (),
        meta: Mapping[str, str] | None = None,
    ) -> PinStatus:
        """Put another pin object in the place of one: it has a new requestid, the old one is gone.

        Nothing of the old one is taken over. What both have in common need not be fetched
        again.

        Raises:
            NotFound: there is none to replace.
        """
        pin = PinObject.of(CID.parse(cid), name, origins, meta)
        return await self.wire.send(calls.replace_pin(requestid, pin))

    @operation
    async def delete(self, requestid: str) -> None:
        """Delete one: the service no longer promises to keep it.

        Raises:
            NotFound: there is none.
        """
        await self.wire.send(calls.delete_pin(requestid))


class PinningService(PinObjects[Blocking]):
    """A client of any pinning service, whose methods block until they are done.

    `endpoint` is the address under which the service has ``/pins``.

        with PinningService("https://api.pinata.cloud/psa", token) as service:
            service.add("bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4")
    """

    def __init__(self, endpoint: str, token: str, *, timeout: float = 60.0, attempts: int = 4) -> None:
        super().__init__(Blocking(_settings(endpoint, token, timeout, attempts)))

    def close(self) -> None:
        """Close the connections."""
        self.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncPinningService(PinObjects[Awaiting]):
    """A client of any pinning service, whose methods are awaited; else as `PinningService`."""

    def __init__(self, endpoint: str, token: str, *, timeout: float = 60.0, attempts: int = 4) -> None:
        super().__init__(Awaiting(_settings(endpoint, token, timeout, attempts)))

    async def close(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


def _settings(endpoint: str, token: str, timeout: float, attempts: int) -> Settings:
    return Settings.of_pinning_service(endpoint, token, timeout=timeout, attempts=attempts)

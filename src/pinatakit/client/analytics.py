"""Analytics: what was read from your gateways (v3)."""

from __future__ import annotations

from datetime import date

from pinatakit.client._listing import AsyncListing, listing, whole
from pinatakit.client._operation import Resource, W, operation
from pinatakit.content import CID
from pinatakit.protocol import analytics as calls
from pinatakit.protocol.analytics import Attribute, Interval, Measure, TimeSeries, Use


class Analytics(Resource[W]):
    """Requests and bytes of a gateway, from one day to another, both included (UTC).

    `gateway_domain` is the whole one, such as ``you.mypinata.cloud``. What else is named must
    be equal; `status` is that of HTTP. The service knows 200, 206, 301, 302, 304, 307, 308,
    404 and 499.
    """

    @listing
    def top(
        self,
        gateway_domain: str,
        by: Attribute,
        *,
        start: date,
        end: date,
        sort_by: Measure = "requests",
        ascending: bool = False,
        limit: int | None = None,
        cid: CID | str | None = None,
        file_name: str | None = None,
        user_agent: str | None = None,
        country: str | None = None,
        region: str | None = None,
        referer: str | None = None,
        status: int | None = None,
    ) -> AsyncListing[Use]:
        """The values of an attribute that were asked for most (the service gives 100, or `limit`).

        The most by `sort_by` come first, with `ascending` last.

        Raises:
            InputError: `end` is before `start`.
        """
        call = calls.top_usage(
            gateway_domain,
            by,
            sort_by=sort_by,
            start=start,
            end=end,
            ascending=ascending,
            limit=limit,
            cid=CID.parse(cid) if cid else None,
            file_name=file_name,
            user_agent=user_agent,
            country=country,
            region=region,
            referer=referer,
            status=status,
        )
        return whole(lambda: self.wire.send(call))

    @operation
    async def time_series(
        self,
        gateway_domain: str,
        interval: Interval = "day",
        *,
        start: date,
        end: date,
        sort_by: Measure | None = None,
        ascending: bool = False,
        limit: int | None = None,
        cid: CID | str | None = None,
        file_name: str | None = None,
        user_agent: str | None = None,
        country: str | None = None,
        region: str | None = None,
        referer: str | None = None,
        status: int | None = None,
    ) -> TimeSeries:
        """Requests and bytes in each day or week, newest first, or in order of `sort_by`.

        Raises:
            InputError: `end` is before `start`.
            BadRequest: `limit` is not one that the service takes.
        """
        call = calls.time_series(
            gateway_domain,
            interval,
            sort_by=sort_by,
            start=start,
            end=end,
            ascending=ascending,
            limit=limit,
            cid=CID.parse(cid) if cid else None,
            file_name=file_name,
            user_agent=user_agent,
            country=country,
            region=region,
            referer=referer,
            status=status,
        )
        return await self.wire.send(call)

"""Analytics: counting what is read from the gateways, and telling it.

Countries and regions are not known here, so nothing was ever read from any.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from pinatakit.errors import InputError
from pinatakit.protocol.analytics import ATTRIBUTES, STATUSES, Measure, Period, TimeSeries, Use, read_host
from pinatakit.server.refusal import bad_request
from pinatakit.server.request import Asked, data, host_of
from pinatakit.server.store import Store
from pinatakit.server.store.analytics import Read

_UNKNOWN: Final = ("country", "region")
_LONGEST: Final = 300  # letters of a header that are kept


def count(store: Store, request: Request, status: int, size: int) -> None:
    """Count a request for content, and the bytes of its answer, if its status is one that is told of."""
    _, _, cid, *path = (request.scope["path"].removeprefix("/x402") + "/").split("/")
    if not cid or status not in STATUSES:
        return
    headers = request.headers
    name = next((part for part in reversed(path) if part), "")
    read = Read(
        _full(host_of(request)),
        cid[:_LONGEST],
        name[:_LONGEST],
        headers.get("user-agent", "")[:_LONGEST],
        headers.get("referer", "")[:_LONGEST],
        status,
    )
    store.analytics.count(read, size)


async def top(asked: Asked) -> Response:
    """``GET /v3/analytics/gateways/top``, and its older path."""
    by = "referer" if asked.query.get("by") == "referrer" else asked.query.get("by")
    if by not in ATTRIBUTES:
        raise bad_request(f'"by" must be one of {", ".join(ATTRIBUTES)}')
    sort_by = _measure(asked)
    if sort_by is None:
        raise bad_request('"sort_by" must be requests or bandwidth')
    wanted, days = _wanted(asked), _days(asked)
    limit, ascending = asked.number("limit", 100, 1, 10_000), _ascending(asked)
    if wanted is None or by in _UNKNOWN:
        return data([])

    def find() -> list[Use]:
        analytics = asked.store.analytics
        return analytics.top(by, wanted, days, sort_by=sort_by, ascending=ascending, limit=limit)

    return data([use.to_dict() for use in await anyio.to_thread.run_sync(find)])


async def time_series(asked: Asked) -> Response:
    """``GET /v3/analytics/gateways/time_series``, and its older path; weeks begin on Monday."""
    interval = asked.query.get("date_interval") or asked.query.get("by")
    if interval not in ("day", "week"):
        raise bad_request('"date_interval" must be day or week')
    wanted, days, sort_by = _wanted(asked), _days(asked), _measure(asked)
    limit, ascending = asked.number("limit", 100, 1, 10_000), _ascending(asked)
    found: dict[date, tuple[int, int]] = {}
    if wanted is not None:
        found = await anyio.to_thread.run_sync(asked.store.analytics.days, wanted, days)
    periods: dict[date, tuple[int, int]] = {}
    for day, (requests, bandwidth) in found.items():
        start = day - timedelta(days=day.weekday()) if interval == "week" else day
        before = periods.get(start, (0, 0))
        periods[start] = (before[0] + requests, before[1] + bandwidth)
    rows = [
        Period(period_start_time=start, requests=requests, bandwidth=bandwidth)
        for start, (requests, bandwidth) in sorted(periods.items(), reverse=not ascending)
    ]
    if sort_by:
        rows.sort(
            key=lambda row: row.requests if sort_by == "requests" else row.bandwidth, reverse=not ascending
        )
    series = TimeSeries(
        total_requests=sum(row.requests for row in rows),
        total_bandwidth=sum(row.bandwidth for row in rows),
        time_periods=tuple(rows[:limit]),
    )
    return data(series.to_dict())


def _wanted(asked: Asked) -> dict[str, str] | None:
    """What requests must be like; `None` where none can be."""
    try:
        wanted = {"gateway": _full(read_host(asked.query.get("gateway_domain", "")))}
    except InputError:
        raise bad_request('"gateway_domain" is required, such as you.mypinata.cloud') from None
    if any(asked.query.get(name) for name in _UNKNOWN):
        return None
    for name in ("cid", "file_name", "user_agent", "referer"):
        if value := asked.query.get(name):
            wanted[name] = value
    if asked.query.get("http_status_code"):
        wanted["status"] = str(asked.number("http_status_code", 200, 100, 599))
    return wanted


def _days(asked: Asked) -> tuple[date, date]:
    days: list[date] = []
    for name in ("start_date", "end_date"):
        try:
            days.append(date.fromisoformat(asked.query.get(name, "")))
        except ValueError:
            raise bad_request(f'"{name}" is required, as YYYY-MM-DD') from None
    return days[0], days[1]


def _measure(asked: Asked) -> Measure | None:
    text = asked.query.get("sort_by")
    if text and text not in ("requests", "bandwidth"):
        raise bad_request('"sort_by" must be requests or bandwidth')
    return "requests" if text == "requests" else "bandwidth" if text == "bandwidth" else None


def _ascending(asked: Asked) -> bool:
    order = asked.query.get("sort_order", "desc").lower()
    if order not in ("asc", "desc"):
        raise bad_request('"sort_order" must be asc or desc')
    return order == "asc"


def _full(host: str) -> str:
    """A gateway's local host by its name at Pinata."""
    return host.removesuffix(".localhost") + ".mypinata.cloud" if host.endswith(".localhost") else host

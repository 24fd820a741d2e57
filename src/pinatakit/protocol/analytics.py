"""Analytics: what was read from a gateway, how often, and how many bytes it took.

Source: Pinata API v3, "Analytics".
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import Call, Query, reads_data
from pinatakit.protocol._record import Record, record

Attribute: TypeAlias = Literal["cid", "country", "region", "user_agent", "referer", "file_name"]
Measure: TypeAlias = Literal["requests", "bandwidth"]
Interval: TypeAlias = Literal["day", "week"]

STATUSES = (200, 206, 301, 302, 304, 307, 308, 404, 499)
ATTRIBUTES = ("cid", "country", "region", "user_agent", "referer", "file_name")


class Use(Record, frozen=True, kw_only=True):
    """How much one value of an attribute was asked for.

    Attributes:
        bandwidth: bytes.
    """

    value: str
    requests: int = 0
    bandwidth: int = 0


class Period(Record, frozen=True, kw_only=True):
    """How much was asked for in a day or week.

    Attributes:
        period_start_time: its first day.
        bandwidth: bytes.
    """

    period_start_time: date
    requests: int = 0
    bandwidth: int = 0


class TimeSeries(Record, frozen=True, kw_only=True):
    """How much was asked for over time.

    Attributes:
        total_bandwidth: bytes.
    """

    total_requests: int = 0
    total_bandwidth: int = 0
    time_periods: tuple[Period, ...] = ()


def top_usage(gateway_domain: str, by: Attribute, *, sort_by: Measure, **about: Any) -> Call[list[Use]]:
    """``GET /v3/analytics/gateways/top``."""
    query = {**_query(gateway_domain, **about), "by": by, "sort_by": sort_by}

    def uses(data: Any) -> list[Use]:
        return [record(one, Use) for one in data or ()]

    return Call("GET", "/v3/analytics/gateways/top", reads_data(uses), query)


def time_series(
    gateway_domain: str, interval: Interval, *, sort_by: Measure | None = None, **about: Any
) -> Call[TimeSeries]:
    """``GET /v3/analytics/gateways/time_series``."""
    query = {**_query(gateway_domain, **about), "date_interval": interval, "sort_by": sort_by}
    read = reads_data(lambda data: record(data, TimeSeries))
    return Call("GET", "/v3/analytics/gateways/time_series", read, query)


def _query(
    gateway_domain: str,
    *,
    start: date,
    end: date,
    cid: CID | None = None,
    file_name: str | None = None,
    user_agent: str | None = None,
    country: str | None = None,
    region: str | None = None,
    referer: str | None = None,
    status: int | None = None,
    limit: int | None = None,
    ascending: bool = False,
) -> Query:
    if end < start:
        raise InputError(f"{start} to {end} is no span of time", hint="give the first day, then the last")
    return {
        "gateway_domain": read_host(gateway_domain),
        "start_date": f"{start:%Y-%m-%d}",
        "end_date": f"{end:%Y-%m-%d}",
        "cid": str(cid) if cid else None,
        "file_name": file_name,
        "user_agent": user_agent,
        "country": country,
        "region": region,
        "referer": referer,
        "http_status_code": status,
        "limit": limit,
        "sort_order": "asc" if ascending else "desc",
    }


def read_host(text: str) -> str:
    """The host that a domain or an address names, without a port.

    Raises:
        InputError: it names none.
    """
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname
    except ValueError:
        host = None
    if not host:
        raise InputError(f"{text!r} is not the domain of a gateway", hint="give it like you.mypinata.cloud")
    return host

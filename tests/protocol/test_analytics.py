"""Analytics: queries by the OpenAPI file's names, answers as its samples show them."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Answer
from pinatakit.protocol.analytics import Period, Use, time_series, top_usage

SPAN = {"start": date(2024, 8, 14), "end": date(2024, 8, 15)}
HELLO = CID.parse("bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny")


def answer(data: object) -> Answer:
    return Answer(200, {}, msgspec.json.encode({"data": data}), "https://api.pinata.cloud/v3/analytics")


def test_a_top_list_is_asked_for_and_read():
    call = top_usage(
        "https://x.mypinata.cloud/", "cid", sort_by="bandwidth", cid=HELLO, status=206, limit=5, **SPAN
    )
    assert dict(call.pairs()) == {
        "gateway_domain": "x.mypinata.cloud",
        "start_date": "2024-08-14",
        "end_date": "2024-08-15",
        "cid": str(HELLO),
        "http_status_code": "206",
        "limit": "5",
        "sort_order": "desc",
        "by": "cid",
        "sort_by": "bandwidth",
    }
    row = {"value": "bafybei", "requests": 1341, "bandwidth": 287310699}
    assert call.read(answer([row])) == [Use(**row)]


def test_a_time_series_is_asked_for_and_read():
    call = time_series("x.mypinata.cloud", "week", ascending=True, **SPAN)
    assert dict(call.pairs())["date_interval"] == "week"
    assert dict(call.pairs())["sort_order"] == "asc"
    series = call.read(
        answer(
            {
                "total_requests": 209,
                "total_bandwidth": 131151812,
                "time_periods": [{"period_start_time": "2024-08-15", "requests": 100, "bandwidth": 75721161}],
            }
        )
    )
    assert (series.total_requests, series.total_bandwidth) == (209, 131151812)
    assert series.time_periods == (
        Period(period_start_time=date(2024, 8, 15), requests=100, bandwidth=75721161),
    )


def test_a_span_ends_after_it_begins():
    with pytest.raises(InputError, match="no span of time"):
        time_series("x.mypinata.cloud", "day", start=date(2024, 8, 15), end=date(2024, 8, 14))


@pytest.mark.parametrize("domain", ["", "https://", "https://["])
def test_a_gateway_is_named(domain):
    with pytest.raises(InputError, match="not the domain of a gateway"):
        time_series(domain, "day", **SPAN)

"""Analytics: what really happened at the gateway, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pinatakit.server import Server
from pinatakit.server.store.analytics import Read

from .conftest import client, pin, upload, v3_refusal

TOP = "/v3/analytics/gateways/top"
SERIES = "/v3/analytics/gateways/time_series"


def today() -> date:
    return datetime.now(UTC).date()


def ask(api, path: str, domain: str = "127.0.0.1", **query) -> object:
    days = {"start_date": str(today() - timedelta(days=1)), "end_date": str(today())}
    answer = api.get(path, params={"gateway_domain": domain, "sort_by": "requests", **days, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture(scope="module")
def happened(api, stranger) -> dict:
    """Three reads of one file, one of another, and one of nothing."""
    folder = pin(api, ("box/one.txt", b"1" * 1000), ("box/two.txt", b"2" * 3000))["IpfsHash"]
    agent = {"user-agent": "reader/1", "referer": "https://app.example.org/"}
    for _ in range(2):
        stranger.get(f"/ipfs/{folder}/one.txt", headers=agent)
    stranger.get(f"/ipfs/{folder}/one.txt", headers={**agent, "range": "bytes=0-9"})
    stranger.get(f"/ipfs/{folder}/two.txt", headers={"user-agent": "reader/2"})
    missing = stranger.get(f"/ipfs/{folder}/three.txt", headers={"user-agent": "reader/2"})
    return {"folder": folder, "missing": len(missing.content)}


@pytest.mark.parametrize("path", [TOP, "/v3/ipfs/gateway_analytics_top"])
def test_the_most_asked_for_is_first(api, happened, path):
    rows = ask(api, path, by="file_name", cid=happened["folder"])
    assert rows == [
        {"value": "one.txt", "requests": 3, "bandwidth": 2010},
        {"value": "three.txt", "requests": 1, "bandwidth": happened["missing"]},
        {"value": "two.txt", "requests": 1, "bandwidth": 3000},
    ]
    by_bytes = ask(api, path, by="file_name", cid=happened["folder"], sort_by="bandwidth", limit=2)
    assert [row["value"] for row in by_bytes] == ["two.txt", "one.txt"]
    upside_down = ask(
        api, path, by="file_name", cid=happened["folder"], sort_by="bandwidth", sort_order="asc"
    )
    assert [row["value"] for row in upside_down] == ["three.txt", "one.txt", "two.txt"]


def test_all_that_is_told_of_a_request_is_a_filter(api, happened):
    def requests(**query) -> int:
        return sum(row["requests"] for row in ask(api, TOP, by="cid", cid=happened["folder"], **query))

    assert requests() == 5
    assert requests(user_agent="reader/1") == 3
    assert requests(referer="https://app.example.org/") == 3
    assert requests(file_name="two.txt") == 1
    assert requests(http_status_code="206") == 1
    assert requests(http_status_code="404") == 1
    assert requests(country="us") == 0
    assert requests(region="us - TN") == 0


def test_requests_that_are_no_reads_are_not_counted(api, stranger):
    assert stranger.get("/ipfs/nonsense").status_code == 400
    assert ask(api, TOP, by="cid", cid="nonsense") == []


def test_nothing_is_told_of_countries_which_are_not_known(api, happened):
    assert ask(api, TOP, by="country") == []
    assert ask(api, TOP, by="region") == []


@pytest.mark.parametrize("name", ["referer", "referrer"])
def test_a_referer_may_be_spelt_both_ways(api, happened, name):
    (row,) = ask(api, TOP, by=name, cid=happened["folder"])
    assert (row["value"], row["requests"]) == ("https://app.example.org/", 3)


@pytest.mark.parametrize(
    ("path", "name"), [(SERIES, "date_interval"), ("/v3/ipfs/gateway_analytics_time_series", "by")]
)
@pytest.mark.parametrize("interval", ["day", "week"])
def test_a_time_series_has_totals_and_periods(api, happened, path, name, interval):
    series = ask(api, path, cid=happened["folder"], **{name: interval})
    start = today() - timedelta(days=today().weekday() if interval == "week" else 0)
    bandwidth = 5010 + happened["missing"]
    assert series == {
        "total_requests": 5,
        "total_bandwidth": bandwidth,
        "time_periods": [{"period_start_time": str(start), "requests": 5, "bandwidth": bandwidth}],
    }


def test_periods_are_in_the_order_that_is_asked_for():
    with Server() as server, client(server) as api:
        write = "INSERT INTO gateway_read VALUES (?, '127.0.0.1', 'c', '', '', '', 200, ?, ?)"
        days = [("2024-08-12", 1, 30), ("2024-08-18", 2, 20), ("2024-08-19", 3, 10)]
        server.store.records.write(lambda db: db.executemany(write, days)).result()

        def starts(**query) -> list[str]:
            span = {"gateway_domain": "127.0.0.1", "start_date": "2024-08-12", "end_date": "2024-08-31"}
            data = api.get(SERIES, params={**span, **query}).json()["data"]
            return [period["period_start_time"][-2:] for period in data["time_periods"]]

        assert starts(date_interval="day") == ["19", "18", "12"]
        assert starts(date_interval="day", sort_order="asc") == ["12", "18", "19"]
        assert starts(date_interval="day", sort_by="bandwidth") == ["12", "18", "19"]
        assert starts(date_interval="day", limit=1) == ["19"]
        assert starts(date_interval="week") == ["19", "12"]  # both Mondays
        assert starts(date_interval="day", start_date="2024-08-13", end_date="2024-08-18") == ["18"]


def test_a_gateway_is_counted_by_its_name_at_pinata(api, stranger):
    api.post("/v3/gateways", json={"domain": "counted"})
    cid = upload(api, b"counted")["cid"]
    stranger.get(f"/ipfs/{cid}", headers={"host": "counted.localhost:80"})
    for domain in ("counted.mypinata.cloud", "https://counted.mypinata.cloud/", "counted.localhost"):
        assert [row["value"] for row in ask(api, TOP, domain, by="cid")] == [cid]


@pytest.mark.parametrize(
    "wrong",
    [
        {"gateway_domain": ""},
        {"start_date": "yesterday"},
        {"end_date": ""},
        {"by": "name; DROP TABLE file"},
        {"by": ""},
        {"sort_by": "size"},
        {"sort_by": ""},
        {"sort_order": "up"},
        {"limit": "0"},
    ],
)
def test_what_cannot_be_asked_is_refused(api, wrong):
    good = {"gateway_domain": "x", "start_date": "2024-01-01", "end_date": "2024-01-02", "by": "cid"}
    answer = api.get(TOP, params={**good, "sort_by": "requests", **wrong})
    assert v3_refusal(answer)[0] == 400


@pytest.mark.parametrize(
    "wrong", [{"gateway_domain": ""}, {"start_date": ""}, {"date_interval": "year"}, {"limit": "x"}]
)
def test_a_time_series_that_cannot_be_is_refused(api, wrong):
    good = {
        "gateway_domain": "x",
        "start_date": "2024-01-01",
        "end_date": "2024-01-02",
        "date_interval": "day",
    }
    assert v3_refusal(api.get(SERIES, params={**good, **wrong}))[0] == 400


def test_counts_are_written_down_when_many_wait_and_when_it_stops(tmp_path):
    with Server(tmp_path) as server:
        analytics = server.store.analytics
        for i in range(1500):
            analytics.count(Read("gw", f"cid {i}", "", "", "", 200), 10)
    with Server(tmp_path) as server:
        span = (today() - timedelta(days=1), today())
        ((requests, bandwidth),) = server.store.analytics.days({"gateway": "gw"}, span).values()
    assert (requests, bandwidth) == (1500, 15_000)


@pytest.mark.parametrize("path", ["/ipfs/", "/ipns/", "/files/", "/x402/", "/x402/cid/"])
def test_what_names_no_content_is_answered_and_not_counted(api, stranger, path):
    assert stranger.get(path).status_code in (400, 404)
    assert "" not in [row["value"] for row in ask(api, TOP, by="cid")]

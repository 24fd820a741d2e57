"""Metrics as Prometheus reads them, and readiness."""

from __future__ import annotations

import re
import sqlite3

import httpx2
import pytest

from pinatakit.server import Server
from pinatakit.server.endpoints import ENDPOINTS, OPERATION

from .conftest import bearer, client, refusal, upload
from .test_auth import make, tree

_SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\})? (-?[0-9.e+]+)')


def samples(text: str) -> dict[tuple, float]:
    """Prometheus's text format 0.0.4, read strictly: each family once, described before its samples."""
    found: dict[tuple, float] = {}
    families: dict[str, str] = {}
    family = ""
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in families
        elif line.startswith("# TYPE "):
            _, _, name, families[family] = line.split()
            assert name == family
        else:
            name, labels, value = _SAMPLE.fullmatch(line).groups()
            ends = ("_bucket", "_sum", "_count") if families[family] == "histogram" else ("",)
            assert name in [family + end for end in ends]
            key = (name, *sorted(re.findall(r'([a-z]+)="([^"]*)"', labels or "")))
            assert key not in found
            found[key] = float(value)
    return found


def measured(api: httpx2.Client) -> dict[tuple, float]:
    answer = api.get("/-/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(answer.text)


@pytest.fixture
def fresh(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        yield api


def requests(found, method, route, status):
    return found.get(
        ("pinatakit_requests_total", ("method", method), ("route", route), ("status", str(status))), 0
    )


def test_requests_are_counted_by_route_and_status(fresh):
    file = upload(fresh, b"x" * 1000)
    for _ in range(3):
        fresh.get(f"/v3/files/public/{file['id']}")
    fresh.get("/v3/files/public/none")
    fresh.get("/nothing/at/all")
    found = measured(fresh)
    route = "/v3/files/{network}/{id}"
    assert requests(found, "POST", "/v3/files", 200) == 1
    assert requests(found, "GET", route, 200) == 3
    assert requests(found, "GET", route, 404) == 1
    assert requests(found, "GET", "", 404) == 1
    assert found["pinatakit_request_seconds_count", ("route", route)] == 4
    bounds = [
        value
        for key, value in found.items()
        if key[:1] == ("pinatakit_request_seconds_bucket",) and key[2] == ("route", route)
    ]
    assert bounds == sorted(bounds)
    assert bounds[-1] == 4
    assert 0 < found["pinatakit_request_seconds_sum", ("route", route)] < 60


def test_bytes_and_what_runs_are_counted(fresh):
    upload(fresh, b"x" * 100_000)
    found = measured(fresh)
    assert 100_000 < found["pinatakit_received_bytes_total",] < 110_000
    assert found["pinatakit_requests_running",] == 1  # the one that asks


def test_the_store_and_the_process_are_measured(fresh):
    upload(fresh, b"public")
    upload(fresh, b"private!", network="private")
    fresh.post(
        "/pinning/pinByHash",
        json={"hashToPin": "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"},
    )
    found = measured(fresh)
    assert found["pinatakit_files", ("network", "public")] == 1
    assert found["pinatakit_files_bytes", ("network", "private")] == 8
    assert sum(value for key, value in found.items() if key[0] == "pinatakit_jobs") == 1
    assert found["pinatakit_disk_free_bytes",] > 0
    assert found["process_cpu_seconds_total",] > 0
    assert found["process_start_time_seconds",] > 1_700_000_000


def test_counters_only_grow(fresh):
    first, second = measured(fresh), measured(fresh)
    assert all(second[key] >= value for key, value in first.items() if key[0].endswith("_total"))
    assert requests(second, "GET", "/-/metrics", 200) == requests(first, "GET", "/-/metrics", 200) + 1


def test_many_addresses_are_few_series(fresh):
    """What strangers ask for makes no series of its own."""
    before = len(measured(fresh))
    for number in range(50):
        fresh.get(f"/nothing/{number}")
        fresh.get(f"/v3/files/public/{number}")
    assert len(measured(fresh)) - before < 40


def test_metrics_are_for_keys_that_may_read_analytics(api, stranger):
    assert refusal(stranger.get("/-/metrics")) == (400, "KEYS_MUST_BE_STRINGS")
    powerless = bearer(make(api, tree())["JWT"])
    assert refusal(stranger.get("/-/metrics", headers=powerless)) == (403, "NO_SCOPES_FOUND")
    reader = bearer(make(api, {"resources": ["org:analytics:read"]})["JWT"])
    assert stranger.get("/-/metrics", headers=reader).status_code == 200


def test_a_server_that_answers_is_ready(stranger):
    answer = stranger.get("/-/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


def test_a_server_whose_store_takes_no_writes_is_not_ready(tmp_path, monkeypatch):
    monkeypatch.setattr("pinatakit.server.metrics._PATIENCE", 0.2)
    with Server(tmp_path) as server, sqlite3.connect(tmp_path / "records.db") as other:
        other.execute("BEGIN IMMEDIATE")
        answer = httpx2.get(f"{server.url}/-/ready")
        assert (answer.status_code, answer.json()["ready"]) == (503, False)
        other.rollback()
        assert httpx2.get(f"{server.url}/-/ready").status_code == 200
    other.close()


def test_probes_are_not_refused_for_asking_often(tmp_path):
    with Server(tmp_path, limits=2) as server:
        assert {httpx2.get(f"{server.url}/-/ready").status_code for _ in range(6)} == {200}


def test_pinata_has_no_such_paths():
    assert not any(endpoint.path.startswith("/-") for endpoint in ENDPOINTS)
    assert all(endpoint.path.startswith("/-/") for endpoint in OPERATION)

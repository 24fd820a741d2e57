"""Limits: the plans' rates and sizes, where they are switched on, told and refused as Pinata does."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx2
import pytest

import pinatakit
from pinatakit.errors import InputError, RateLimited
from pinatakit.protocol.limits import Rate
from pinatakit.server import Server, create_app, limits
from pinatakit.server.ingest import Sizes
from pinatakit.server.store import Store

from .conftest import bearer, client, send, upload, v3_refusal


@pytest.fixture
def limited():
    with Server(limits=40) as server:
        yield server


def test_without_limits_nothing_is_said_of_them(api):
    answer = api.get("/data/testAuthentication")
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


def test_lists_are_refused_after_30_a_minute_and_the_answers_count_down(limited):
    with client(limited) as api:
        answers = [api.get("/data/testAuthentication") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert left == [*range(29, -1, -1), 0]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"30"}
    assert 0 < int(answers[0].headers["x-ratelimit-reset"]) - time.time() <= 61
    assert 0 < int(answers[-1].headers["retry-after"]) <= 61
    assert answers[-1].json()["error"]["reason"] == "RATE_LIMITED"


def test_v3_refuses_in_its_own_words_and_tells_no_rate(limited):
    with client(limited) as api:
        answers = [api.get("/v3/files/public") for _ in range(41)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert not [name for answer in answers for name in answer.headers if name.startswith("x-ratelimit")]
    assert answers[-1].json()["error"]["code"] == 429
    assert 0 < int(answers[-1].headers["retry-after"]) <= 61


def test_keys_are_counted_apart_and_gateways_not_at_all(limited):
    with client(limited) as api:
        for _ in range(31):
            last = api.get("/data/testAuthentication")
        assert last.status_code == 429
        other = api.post(
            "/users/generateApiKey", json={"keyName": "other", "permissions": {"admin": True}}
        ).json()
        headers = bearer(other["JWT"])
        assert httpx2.get(limited.url + "/data/testAuthentication", headers=headers).status_code == 200
        for _ in range(60):
            for place in ("ipfs", "files"):
                path = f"/{place}/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
                assert httpx2.get(limited.url + path).status_code in (401, 403, 404)
            assert httpx2.options(limited.url + "/v3/files").status_code < 300


def test_a_window_ends(tmp_path):
    async def main(store):
        transport = httpx2.ASGITransport(create_app(store, rate=Rate(3, 0.5)))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            statuses = [(await http.get("/nothing")).status_code for _ in range(5)]
            await anyio.sleep(0.6)
            return [*statuses, (await http.get("/nothing")).status_code]

    store = Store(tmp_path)
    try:
        assert anyio.run(main, store) == [404, 404, 404, 429, 429, 404]
    finally:
        store.close()


def test_a_client_that_is_too_quick_waits_and_all_is_done():
    with pinatakit.local(limits="enterprise") as pinata, ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: list(pinata.files.list()), range(300)))
    assert done == [[]] * 300


def test_a_local_pinata_can_have_a_plan():
    with pinatakit.local(limits=2) as pinata:
        for _ in range(2):
            list(pinata.files.list())
        hasty = pinatakit.Pinata(pinata.jwt, endpoint_url=pinata.url, attempts=1)
        with hasty, pytest.raises(RateLimited) as caught:
            list(hasty.files.list())
    assert 0 < caught.value.retry_after <= 61


def test_a_plan_that_is_none_is_refused():
    with pytest.raises(InputError, match="a rate limit is not 'gold'"):
        pinatakit.local(limits="gold")


def test_the_sizes_are_pinatas():
    assert Sizes(100_000_000) == limits._V3
    assert Sizes(25_000_000_000, 30_000) == limits._OLDER


def test_a_form_of_v3_that_is_too_large_is_refused_and_nothing_of_it_is_left(limited, monkeypatch):
    monkeypatch.setattr(limits, "_V3", Sizes(1000))
    with client(limited) as api:
        answer = send(api, "/v3/files", ("a", bytes(1001)), network="public")
        assert v3_refusal(answer) == (413, "The upload has more than 1,000 bytes.")
        assert api.get("/v3/files/public").json()["data"]["files"] == []
        assert upload(api, bytes(1000))["size"] == 1000
        headers = {"upload-length": "1001", "tus-resumable": "1.0.0"}
        assert api.post("/v3/files", headers=headers).status_code == 201  # as which it may come


def test_a_presigned_url_that_allows_more_than_the_plan_does_not_help(limited, monkeypatch):
    monkeypatch.setattr(limits, "_V3", Sizes(1000))
    with client(limited) as api:
        for allowed, most in ((2000, 1000), (500, 500)):
            body = {"expires": 100, "max_file_size": allowed}
            url = api.post("/v3/files/sign", json=body).json()["data"]
            answer = send(api, url, ("a", bytes(most + 1)))
            assert v3_refusal(answer) == (413, f"The upload has more than {most:,} bytes.")


def test_a_folder_of_too_many_files_is_refused_and_nothing_of_it_is_left(limited, monkeypatch):
    monkeypatch.setattr(limits, "_OLDER", Sizes(None, 3))
    files = [(f"f/{i}", b"x") for i in range(4)]
    with client(limited) as api:
        answer = send(api, "/pinning/pinFileToIPFS", *files)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (413, "PAYLOAD_TOO_LARGE")
        assert send(api, "/pinning/pinFileToIPFS", *files[:3]).status_code == 200


def test_without_limits_there_is_no_size_that_is_too_large(api, monkeypatch):
    monkeypatch.setattr(limits, "_V3", Sizes(1000))
    assert upload(api, bytes(1001))["size"] == 1001

"""The queue of v3, ``/v3/files/public/pin_by_cid``, in each spelling that clients use."""

from __future__ import annotations

import re

import pytest

from pinatakit.content import CID
from pinatakit.server import Server

from .conftest import client, group, pin, until, upload, v3_refusal

QUEUE = "/v3/files/public/pin_by_cid"


def far(what) -> str:
    """A CID that nobody has."""
    return str(CID.of(str(what).encode()))


def ask(api, cid, **about):
    answer = api.post(QUEUE, json={"cid": cid, **about})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def jobs(api, **query):
    answer = api.get(QUEUE, params=query)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert set(data) == {"jobs", "next_page_token"}
    return data["jobs"]


@pytest.fixture(scope="module")
def fifteen():
    """A local Pinata with fifteen jobs, which are told oldest first."""
    with Server() as server, client(server) as api:
        made = [ask(api, far(i), name=f"job {i}")["id"] for i in range(15)]
        yield api, made


def test_a_request_has_the_fields_of_pinatas(api):
    about = {
        "name": "n",
        "group_id": group(api),
        "keyvalues": {"k": "v"},
        "host_nodes": ["/ip4/203.0.113.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"],
    }
    made = ask(api, far("fields"), **about)
    assert set(made) == {"id", "cid", "date_queued", "status", *about}
    assert {key: made[key] for key in about} == about
    assert (made["cid"], made["status"]) == (far("fields"), "prechecking")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", made["date_queued"])
    until(lambda: jobs(api, cid=far("fields"))[0]["status"] == "searching")
    (job,) = jobs(api, cid=far("fields"))
    assert {**job, "status": "prechecking"} == {
        **made,
        **({"reason": job["reason"]} if "reason" in job else {}),
    }


def test_what_is_not_given_is_null_and_the_name_is_the_cid(api):
    made = ask(api, far("bare"))
    assert (made["name"], made["keyvalues"], made["host_nodes"], made["group_id"]) == (
        far("bare"),
        None,
        None,
        None,
    )


def test_what_is_held_is_pinned_at_once(api):
    data = b"inside a folder"
    pin(api, ("box/inside.txt", data), ("box/other.txt", b"other"))
    id = group(api)
    made = ask(api, far("inside a folder"), name="copied", keyvalues={"k": "v"}, group_id=id)
    assert made["status"] == "prechecking"
    assert jobs(api, cid=made["cid"]) == []
    file = api.get(f"/v3/files/public/{made['id']}").json()["data"]
    assert (file["name"], file["keyvalues"], file["group_id"]) == ("copied", {"k": "v"}, id)


def test_what_is_pinned_stays_as_it_is(api):
    held = upload(api, b"pinned already", name="first.txt")
    assert ask(api, held["cid"], name="second")["id"] == held["id"]
    assert api.get(f"/v3/files/public/{held['id']}").json()["data"]["name"] == "first.txt"


def test_ten_of_the_newest_are_listed_unless_told(fifteen):
    api, made = fifteen
    assert [job["id"] for job in jobs(api)] == made[:4:-1]
    assert [job["id"] for job in jobs(api, limit=250)] == made[::-1]


@pytest.mark.parametrize(
    ("query", "ascending"),
    [
        ({"order": "ASC"}, True),
        ({"order": "DESC"}, False),
        ({"sort": "ASC", "includesCount": "false"}, True),
        ({"sort": "DSC", "includesCount": "false"}, False),  # as Pinata's SDK spells it
    ],
)
def test_the_order_is_by_the_time_queued(fifteen, query, ascending):
    api, made = fifteen
    assert [job["id"] for job in jobs(api, limit=15, **query)] == (made if ascending else made[::-1])


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_pages_follow_a_token_to_an_end(fifteen, order):
    api, made = fifteen
    seen, token = [], None
    while token != "":
        query = {"limit": 4, "order": order, **({"pageToken": token} if token else {})}
        data = api.get(QUEUE, params=query).json()["data"]
        seen += [job["id"] for job in data["jobs"]]
        token = data["next_page_token"]
    assert seen == (made if order == "ASC" else made[::-1])


def test_a_status_is_found_in_each_spelling(fifteen):
    api, _ = fifteen
    until(lambda: len(jobs(api, status="searching", limit=250)) == 15)
    for status in ("retrieving", "retreiving", "expired"):
        assert jobs(api, status=status) == []


def test_both_apis_show_one_queue(fifteen):
    api, made = fifteen
    older = api.get("/pinning/pinJobs", params={"limit": 1000}).json()
    assert (older["count"], [row["id"] for row in older["rows"]]) == (15, made[::-1])
    psa = api.get("/psa/pins", params={"status": "queued", "limit": 1000}).json()
    assert [one["requestid"] for one in psa["results"]] == made[::-1]


def test_a_cancelled_request_is_gone_everywhere(api):
    made = ask(api, far("cancelled"))
    answer = api.delete(f"{QUEUE}/{made['id']}")
    assert (answer.status_code, answer.json()) == (200, {"data": None})
    assert jobs(api, cid=made["cid"]) == []
    assert api.get("/pinning/pinJobs", params={"ipfs_pin_hash": made["cid"]}).json()["count"] == 0
    assert api.get(f"/psa/pins/{made['id']}").status_code == 404
    assert v3_refusal(api.delete(f"{QUEUE}/{made['id']}"))[0] == 404


def test_what_is_pinned_cannot_be_cancelled(api):
    held = upload(api, b"not to be cancelled")
    assert v3_refusal(api.delete(f"{QUEUE}/{held['id']}"))[0] == 404
    made = api.post("/psa/pins", json={"cid": held["cid"]}).json()
    assert v3_refusal(api.delete(f"{QUEUE}/{made['requestid']}"))[0] == 404
    assert api.get(f"/v3/files/public/{held['id']}").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"cid": "nonsense"},
        {"cid": 5},
        {"cid": far("x"), "name": 5},
        {"cid": far("x"), "keyvalues": {"n": 1}},
        {"cid": far("x"), "keyvalues": {str(i): "v" for i in range(11)}},
        {"cid": far("x"), "group_id": 5},
        {"cid": far("x"), "host_nodes": "/ip4/1.2.3.4"},
        {"cid": far("x"), "host_nodes": [5]},
        {"cid": far("x"), "host_nodes": ["x"] * 6},
    ],
)
def test_a_request_that_cannot_be_is_refused(api, body):
    assert v3_refusal(api.post(QUEUE, json=body))[0] == 400


@pytest.mark.parametrize(
    "query",
    [{"status": "lost"}, {"order": "UP"}, {"sort": "UP"}, {"limit": 0}, {"limit": 251}, {"pageToken": "%"}],
)
def test_a_filter_that_cannot_be_is_refused(api, query):
    assert v3_refusal(api.get(QUEUE, params=query))[0] == 400

"""Payment instructions, and the gateway that demands payment."""

from __future__ import annotations

import uuid

import pytest

from pinatakit.server import Server

from .conftest import client, upload, v3_refusal

ROOT = "/v3/x402/payment_instructions"
FEE = {
    "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
    "pay_to": "0x" + "ab" * 20,
    "network": "base",
    "amount": "10000",
}


def make(api, **about) -> dict:
    answer = api.post(ROOT, json={"name": "PDF", "payment_requirements": [FEE], **about})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def private(api) -> str:
    return upload(api, uuid.uuid4().hex.encode(), network="private")["cid"]


def test_an_instruction_is_answered_as_pinata_answers_it(api):
    made = make(api, description="a document")
    assert set(made) == {"id", "version", "payment_requirements", "name", "description", "created_at"}
    assert (made["version"], made["payment_requirements"]) == (1, [FEE])
    assert api.get(f"{ROOT}/{made['id']}").json() == {"data": made}


def test_a_change_counts_the_version_up_and_leaves_the_rest(api):
    made = make(api, description="a document")
    sepolia = {**FEE, "network": "eip155:84532", "description": "test money"}
    changed = api.patch(f"{ROOT}/{made['id']}", json={"payment_requirements": [sepolia]}).json()["data"]
    assert changed == {**made, "version": 2, "payment_requirements": [sepolia]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"name": ""},
        {"name": 5},
        {"description": 5},
        {"description": "x" * 256},
        {"payment_requirements": None},
        {"payment_requirements": []},
        {"payment_requirements": FEE},
        {"payment_requirements": ["free"]},
        {"payment_requirements": [{**FEE, "pay_to": "me"}]},
        {"payment_requirements": [{**FEE, "network": "solana"}]},
        {"payment_requirements": [{name: FEE[name] for name in ("asset", "pay_to", "network")}]},
        {"payment_requirements": [{**FEE, "amount": "1.5"}]},
    ],
)
def test_an_instruction_that_cannot_be_is_refused(api, wrong):
    body = {"name": "PDF", "payment_requirements": [FEE], **wrong}
    assert v3_refusal(api.post(ROOT, json=body))[0] == 400
    if None not in wrong.values():
        assert v3_refusal(api.patch(f"{ROOT}/{make(api)['id']}", json=wrong))[0] == 400


def test_lists_go_in_pages_newest_first(api):
    name = str(uuid.uuid4())
    made = [make(api, name=name)["id"] for _ in range(3)][::-1]
    first = api.get(ROOT, params={"name": name, "limit": 2}).json()["data"]
    assert [row["id"] for row in first["payment_instructions"]] == made[:2]
    rest = api.get(ROOT, params={"name": name, "limit": 2, "pageToken": first["next_page_token"]}).json()[
        "data"
    ]
    assert [row["id"] for row in rest["payment_instructions"]] == made[2:]
    assert not rest.get("next_page_token")
    (one,) = api.get(ROOT, params={"id": made[1]}).json()["data"]["payment_instructions"]
    assert one["id"] == made[1]


def test_cids_are_added_listed_in_pages_and_removed(api):
    made = make(api)["id"]
    cids = sorted(private(api) for _ in range(3))
    for cid in cids:
        for _ in range(2):  # a second time changes nothing
            data = api.put(f"{ROOT}/{made}/cids/{cid}").json()["data"]
            assert set(data) == {"payment_instruction_id", "cid", "created_at"}
            assert (data["payment_instruction_id"], data["cid"]) == (made, cid)
    first = api.get(f"{ROOT}/{made}/cids", params={"limit": 2}).json()["data"]
    token = first["next_page_token"]
    rest = api.get(f"{ROOT}/{made}/cids", params={"limit": 2, "pageToken": token}).json()["data"]
    assert (first["cids"], rest) == (cids[:2], {"cids": cids[2:]})
    (found,) = api.get(ROOT, params={"cid": cids[0]}).json()["data"]["payment_instructions"]
    assert found["id"] == made
    assert v3_refusal(api.delete(f"{ROOT}/{made}"))[0] == 409
    for cid in cids:
        assert api.delete(f"{ROOT}/{made}/cids/{cid}").json() == {"data": {}}
    assert v3_refusal(api.delete(f"{ROOT}/{made}/cids/{cids[0]}"))[0] == 404
    assert api.delete(f"{ROOT}/{made}").json() == {"data": {}}
    assert v3_refusal(api.get(f"{ROOT}/{made}"))[0] == 404


def test_only_private_files_of_the_account_are_put_behind_an_instruction(api):
    made = make(api)["id"]
    public = upload(api, b"public, so free")["cid"]
    assert v3_refusal(api.put(f"{ROOT}/{made}/cids/{public}"))[0] == 404
    assert v3_refusal(api.put(f"{ROOT}/{made}/cids/nonsense"))[0] == 400
    assert v3_refusal(api.put(f"{ROOT}/{uuid.uuid4()}/cids/{private(api)}"))[0] == 404


def test_the_gateway_demands_what_the_instruction_says(api, server, stranger):
    cid = private(api)
    assert stranger.get(f"/x402/cid/{cid}").status_code == 404
    api.put(f"{ROOT}/{make(api, description='worth it')['id']}/cids/{cid}")
    answer = stranger.get(f"/x402/cid/{cid}")
    assert answer.status_code == 402
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {
        "x402Version": 1,
        "accepts": [
            {
                "scheme": "exact",
                "network": "base",
                "maxAmountRequired": "10000",
                "resource": f"{server.url}/x402/cid/{cid}",
                "description": "worth it",
                "mimeType": "text/plain",
                "payTo": FEE["pay_to"],
                "maxTimeoutSeconds": 60,
                "asset": FEE["asset"],
                "extra": {"name": "USD Coin", "version": "2"},
            }
        ],
        "error": "X-PAYMENT header is required",
    }


def test_a_payment_is_not_taken_because_nobody_can_check_it(api, stranger):
    cid = private(api)
    api.put(f"{ROOT}/{make(api)['id']}/cids/{cid}")
    answer = stranger.get(f"/x402/cid/{cid}", headers={"x-payment": "cGFpZA=="})
    assert answer.status_code == 500
    assert "no facilitator" in answer.text


def test_what_is_not_to_be_had_for_payment_is_not_found(api, stranger):
    assert stranger.get("/x402/cid/nonsense").status_code == 400
    file = upload(api, uuid.uuid4().hex.encode(), network="private")
    api.put(f"{ROOT}/{make(api)['id']}/cids/{file['cid']}")
    api.delete(f"/v3/files/private/{file['id']}")
    assert stranger.get(f"/x402/cid/{file['cid']}").status_code == 404


def test_instructions_are_kept_across_restarts(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        made, cid = make(api), private(api)
        api.put(f"{ROOT}/{made['id']}/cids/{cid}")
    with Server(tmp_path) as server, client(server) as api:
        assert api.get(f"{ROOT}/{made['id']}").json()["data"] == made
        assert api.get(f"{ROOT}/{made['id']}/cids").json()["data"] == {"cids": [cid]}

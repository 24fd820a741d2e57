"""Where Pinata's clients and documentation disagree, both are served."""

from __future__ import annotations

import base64
import json
import time

import pytest

from pinatakit.content import CID

from .conftest import FORM, body, group, pin, send, upload

UNKNOWN = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("path", ["/data/testAuthentication", "/v3/data/testAuthentication"])
def test_a_key_is_tested_under_either_base(api, path):
    assert api.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "revoke"), [("/v3/pinata/keys", "PUT"), ("/v3/api_keys", "DELETE")], ids=["sdk", "openapi"]
)
def test_keys_are_made_paged_to_an_end_and_revoked(api, path, revoke):
    made = api.post(path, json={"keyName": "k", "permissions": {"admin": True}})
    assert made.status_code == 200, made.text
    key = made.json()["pinata_api_key"]
    assert key in [each["key"] for each in api.get(path).json()["keys"]]
    assert api.get(path, params={"offset": 1000}).json()["keys"] == []
    assert api.request(revoke, f"{path}/{key}").json() == "Revoked"


def test_signing_tells_an_upload_from_a_download_by_the_url(api, server):
    now = int(time.time())
    to_upload = api.post("/v3/files/sign", json={"date": now, "expires": 60, "network": "public"})
    assert "/v3/files/" in to_upload.json()["data"]
    cid = upload(api, b"private", network="private")["cid"]
    wanted = {"url": f"{server.url}/files/{cid}", "date": now, "expires": 60, "method": "GET"}
    for path in ("/v3/files/sign", "/v3/files/private/download_link", "/v3/files/download_link"):
        answer = api.post(path, json=wanted)
        assert answer.status_code == 200, answer.text
        assert api.get(answer.json()["data"]).content == b"private"


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/v3/ipfs/gateway_analytics_top", "by=cid"),
        ("/v3/analytics/gateways/top", "by=cid"),
        ("/v3/ipfs/gateway_analytics_time_series", "by=day"),
        ("/v3/analytics/gateways/time_series", "date_interval=day"),
    ],
)
def test_analytics_have_two_paths(api, path, unit):
    days = "gateway_domain=localhost&start_date=2026-01-01&end_date=2026-01-02"
    answer = api.get(f"{path}?{unit}&{days}&sort_by=requests")
    assert answer.status_code == 200, answer.text
    assert "data" in answer.json()


@pytest.mark.parametrize("field", ["swap_cid", "swapCid"])
@pytest.mark.parametrize(
    ("method", "path", "mapped"),
    [
        ("PUT", "/v3/files/public/swap", "mapped_cid"),
        ("PUT", "/v3/ipfs/swap", "mappedCid"),
        ("POST", "/v3/files/swap", "mapped_cid"),  # as a guide has it
    ],
)
def test_a_swap_is_asked_for_in_either_spelling(api, method, path, mapped, field):
    old, new = upload(api, b"old")["cid"], upload(api, b"new")["cid"]
    answer = api.request(method, f"{path}/{old}", json={field: new})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"][mapped] == new
    ended = api.delete(f"/v3/files/public/swap/{old}")
    assert (ended.status_code, ended.reason_phrase) == (200, "OK")


@pytest.mark.parametrize("path", ["//pinning/pinByHash", "/pinning/pinByHash"])
def test_older_clients_may_double_the_slash(api, server, path):
    answer = api.post(f"{server.url}{path}", json={"hashToPin": UNKNOWN})
    assert (answer.status_code, answer.json()["ipfsHash"]) == (200, UNKNOWN)


def test_pinatapy_adds_to_the_queue_by_the_name_of_2019(api):
    body = {"hashToPin": UNKNOWN, "host_nodes": [], "pinataMetadata": {"name": "old"}}
    told = api.post("/pinning/addHashToPinQueue", json=body)
    assert (told.status_code, told.json()["ipfsHash"], told.json()["name"]) == (200, UNKNOWN, "old")


@pytest.mark.parametrize("path", ["/pinning/pinJobs/", "/pinning/pinJobs", "/data/pinList?"])
def test_older_lists_may_end_with_nothing(api, path):
    answer = api.get(path)
    assert answer.status_code == 200
    assert "rows" in answer.json()


def test_a_pin_has_the_fields_that_the_newer_sdk_reads(api):
    made = pin(api, ("folder/a", b"a"), ("folder/b", b"b"))
    assert {"IpfsHash", "PinSize", "Timestamp", "ID", "Name", "NumberOfFiles", "MimeType", "GroupId"} <= set(
        made
    )
    assert (made["NumberOfFiles"], made["MimeType"]) == (2, "directory")


def test_a_resumable_upload_needs_no_tus_header_and_ends_with_its_cid(api):
    metadata = f"filename {b64('a.txt')},network {b64('public')}"
    begun = api.post("/v3/files", headers={"upload-length": "3", "upload-metadata": metadata})
    assert begun.status_code == 201, begun.text
    location = begun.headers["location"]
    assert location.startswith("http://")
    headers = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
    ended = api.patch(location, content=b"tus", headers=headers)
    assert ended.status_code == 204
    files = api.get("/v3/files/public", params={"cid": ended.headers["upload-cid"]}).json()["data"]["files"]
    assert [each["name"] for each in files] == ["a.txt"]


@pytest.mark.parametrize(
    ("said", "version"),
    [("{}", 0), ('{"cidVersion":0}', 0), ('{"cidVersion":"1"}', 1), ('{"cidVersion":1}', 1)],
)
def test_a_version_of_the_older_api_is_a_number_or_a_text(api, said, version):
    made = pin(api, ("a", f"version {said}".encode()), pinataOptions=said)
    assert CID.parse(made["IpfsHash"]).version == version


@pytest.mark.parametrize(
    ("fields", "version"), [({}, 1), ({"cid_version": "v0"}, 0), ({"cid_version": "v1"}, 1)]
)
def test_a_version_of_v3_is_a_word(api, fields, version):
    assert CID.parse(upload(api, f"v3 {fields}".encode(), **fields)["cid"]).version == version


@pytest.mark.parametrize("said", [{"env": "prod"}, {"keyvalues": {"env": "prod"}}], ids=["sdk", "docs"])
@pytest.mark.parametrize("field", ["group_id", "group"])
def test_key_values_and_groups_are_given_in_either_way(api, said, field):
    number = group(api)
    made = upload(api, f"{said}{field}".encode(), keyvalues=json.dumps(said), **{field: number})
    assert (made["keyvalues"], made["group_id"]) == ({"env": "prod"}, number)
    for name in ("keyvalues[env]", "metadata[env]"):
        files = api.get("/v3/files/public", params={name: "prod", "limit": 1000}).json()["data"]["files"]
        assert made["id"] in [each["id"] for each in files]


def test_an_upload_is_private_unless_told(api):
    assert send(api, "/v3/files", ("a", b"alone")).json()["data"]["network"] == "private"


def test_a_signature_wins_over_a_header_without_a_key(api, stranger):
    url = api.post("/v3/files/sign", json={"expires": 60, "network": "public"}).json()["data"]
    for headers in ({"authorization": "Bearer undefined"}, {}):
        answer = stranger.post(url, content=body(("a", b"signed")), headers=FORM | headers)
        assert answer.status_code == 200, answer.text


def test_a_request_without_a_name_gets_one(api):
    made = api.post("/v3/files/public/pin_by_cid", json={"cid": UNKNOWN}).json()["data"]
    assert made["name"] == UNKNOWN


def test_bare_json_is_pinned_as_the_compact_text_that_pinata_makes(api):
    bare = {"file": "output/ens_airdrop_Nov8th2021.json"}
    wrapped = {"pinataContent": bare, "pinataOptions": {"cidVersion": 1}}
    cid = api.post("/pinning/pinJSONToIPFS", json=wrapped).json()["IpfsHash"]
    assert cid == "bafkreid56by3qspgyxvppq3ggj2x4tec3akpnlffbhangjzzfc3lfh66yq"
    older = api.post("/pinning/pinJSONToIPFS", json=bare).json()["IpfsHash"]
    assert older.startswith("Qm")
    assert api.get(f"/ipfs/{older}").content == api.get(f"/ipfs/{cid}").content


def test_a_size_is_of_the_dag_in_the_older_api_and_of_the_content_in_v3(api):
    made = pin(api, ("a", b"sizes"), pinataOptions='{"cidVersion":0}')
    assert made["PinSize"] == 13
    files = api.get("/v3/files/public", params={"cid": made["IpfsHash"]}).json()["data"]["files"]
    assert files[0]["size"] == 5


def test_what_is_deleted_is_answered_with_ok(api):
    made, number = upload(api, b"deleted"), group(api)
    for method, path in (
        ("PUT", f"/v3/groups/public/{number}/ids/{made['id']}"),
        ("DELETE", f"/v3/groups/public/{number}/ids/{made['id']}"),
        ("DELETE", f"/v3/groups/public/{number}"),
        ("DELETE", f"/v3/files/public/{made['id']}"),
    ):
        answer = api.request(method, path)
        assert (answer.status_code, answer.reason_phrase) == (200, "OK")


def test_the_last_page_has_a_token_that_ends_clients(api):
    upload(api, b"last")
    assert not api.get("/v3/files/public", params={"limit": 1000}).json()["data"]["next_page_token"]


def test_files_of_no_group_are_found_by_null(api):
    alone, grouped = upload(api, b"no group"), upload(api, b"grouped", group_id=group(api))
    files = api.get("/v3/files/public", params={"group": "null", "limit": 1000}).json()["data"]["files"]
    ids = [each["id"] for each in files]
    assert alone["id"] in ids
    assert grouped["id"] not in ids


@pytest.mark.parametrize(
    "asked", ["sort=ASC", "sort=DSC", "order=ASC", "order=DESC", "sort=DSC&includesCount=false"]
)
def test_the_queue_is_sorted_by_either_word(api, asked):
    data = api.get(f"/v3/files/public/pin_by_cid?{asked}").json()["data"]
    assert data["jobs"] is not None


def test_vectors_are_made_with_both_words(api):
    made = upload(api, b"some text", network="private", group_id=group(api, network="private"))
    answer = api.post(f"/v3/vectorize/files/{made['id']}").json()
    assert (answer["status"], answer["success"]) == (True, True)
    assert api.delete(f"/v3/vectorize/files/{made['id']}").status_code == 200


@pytest.mark.parametrize("keyvalues", [{"a": "b"}, '{"a":"b"}'], ids=["object", "text"])
def test_key_values_of_the_older_api_are_an_object_or_its_text(api, keyvalues):
    cid = pin(api, ("a", f"metadata {keyvalues}".encode()))["IpfsHash"]
    changed = api.put("/pinning/hashMetadata", json={"ipfsPinHash": cid, "keyvalues": keyvalues})
    assert changed.status_code == 200, changed.text
    row = api.get("/data/pinList", params={"hashContains": cid, "includeCount": "false"}).json()["rows"][0]
    assert row["metadata"]["keyvalues"] == {"a": "b"}


@pytest.mark.parametrize("status", ["prechecking", "retrieving", "backfilled"])
def test_jobs_are_listed_by_every_status_and_a_thousand_at_once(api, status):
    assert api.get("/pinning/pinJobs", params={"status": status, "limit": 1000}).status_code == 200


def test_a_key_is_revoked_by_its_jwt_and_an_unknown_one_too(api):
    made = api.post("/users/generateApiKey", json={"keyName": "k", "permissions": {"admin": True}}).json()
    for key in (made["JWT"], "unknown"):
        answer = api.put("/users/revokeApiKey", json={"apiKey": key})
        assert (answer.status_code, answer.json()) == (200, "Revoked")


def test_a_queued_object_is_found_by_its_name_and_listed_ten_at_once(api, stranger):
    refused = stranger.get("/psa/pins")
    assert refused.status_code == 401
    assert set(refused.json()["error"]) == {"reason", "details"}
    for number in range(11):
        cid = upload(api, f"psa {number}".encode())["cid"]
        api.post("/psa/pins", json={"cid": cid, "name": "many"})
    made = api.post("/psa/pins", json={"cid": UNKNOWN[:-1] + "e", "name": "queued"})
    assert made.status_code == 202, made.text
    assert made.json()["delegates"]
    assert api.get("/psa/pins", params={"name": "queued"}).json()["count"] == 1
    listed = api.get("/psa/pins").json()
    assert len(listed["results"]) == 10
    assert listed["count"] > 10
    assert api.delete(f"/psa/pins/{made.json()['requestid']}").status_code == 202

"""Resumable uploads: TUS 1.0.0, as its clients and Pinata's own send it; what an offset tells is kept.

Expectations: tus.io/protocols/resumable-upload, and what Pinata's SDK and command line send and read.
"""

from __future__ import annotations

import base64
import random
import re
import socket
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
import pytest

from pinatakit.content import PROFILES, build_file
from pinatakit.server import Server, ingest
from pinatakit.server import tus as handlers

from .conftest import bearer, client, content_of, v3_refusal
from .test_crash import kill, start
from .test_uploads import left_over

CHUNK_TYPE = "application/offset+octet-stream"
SIZE = 1_000_003
DATA = random.Random("tus").randbytes(SIZE)
V1 = build_file([DATA], PROFILES["v1"]).cid


def metadata(**fields: str) -> str:
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}".strip() for name, value in fields.items()
    )


def create(api, length=SIZE, headers=None, params=None, **fields):
    about = {"upload-length": str(length), "upload-metadata": metadata(filename="data.bin", **fields)}
    return api.post("/v3/files", params=params, headers=about | (headers or {}))


def begin(api, length=SIZE, **fields) -> str:
    answer = create(api, length, **{"network": "public", **fields})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def send(api, location, at, data, **headers):
    about = {"content-type": CHUNK_TYPE, "upload-offset": str(at), **headers}
    return api.patch(location, content=data, headers=about)


def send_all(api, location, data=DATA, step=300_000):
    for at in range(0, len(data), step):
        answer = send(api, location, at, data[at : at + step])
        assert answer.status_code == 204, answer.text
    return answer


def offset(api, location) -> int:
    answer = api.head(location)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def id_of(location) -> str:
    return urlsplit(location).path.split("/")[-2]  # as Pinata's command line reads it


def row(server, location):
    return server.store.records.read_one("SELECT * FROM tus WHERE id = ?", (id_of(location),))


def change(server, location, assignment) -> None:
    sql = f"UPDATE tus SET {assignment} WHERE id = ?"
    server.store.records.write(lambda db: db.execute(sql, (id_of(location),))).result()


@pytest.fixture(autouse=True)
def _clean(request):
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        for found in server.store.records.read("SELECT id FROM tus"):
            server.store.resumables.drop(found["id"])
        for network in ("public", "private"):
            with client(server) as api:
                for file in api.get(f"/v3/files/{network}?limit=1000").json()["data"]["files"]:
                    api.delete(f"/v3/files/{network}/{file['id']}")
        assert left_over(server) == []


# The way of an upload


def test_an_upload_in_chunks_becomes_a_file_under_the_id_it_was_promised(server, api):
    answer = create(api, network="private", name="my file", keyvalues='{"stage":"prod"}', group_id="")
    assert (answer.status_code, answer.headers["tus-resumable"]) == (201, "1.0.0")
    location = answer.headers["location"]
    assert location.startswith(f"{server.url}/v3/files/")
    for at in (0, 300_000, 600_000):
        answer = send(api, location, at, DATA[at : at + 300_000])
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["upload-offset"] == str(at + 300_000)
        assert "upload-cid" not in answer.headers
    answer = send(api, location, 900_000, DATA[900_000:])
    assert (answer.status_code, answer.headers["upload-cid"]) == (204, str(V1))
    assert answer.headers["upload-offset"] == str(SIZE)
    file = api.get(f"/v3/files/private/{id_of(location)}").json()["data"]
    assert (file["cid"], file["size"], file["name"]) == (str(V1), SIZE, "my file")
    assert file["keyvalues"] == {"stage": "prod"}
    listed = api.get("/v3/files/private", params={"cid": str(V1)}).json()["data"]["files"]
    assert [one["id"] for one in listed] == [id_of(location)]
    (car,) = (server.data / "cars").glob("*.car")
    assert content_of(car.read_bytes()) == {"": DATA}
    assert left_over(server) == []


@pytest.mark.parametrize("version", ["v0", "v1", "unixfs-v1-2025"])
@pytest.mark.parametrize("way", ["metadata", "query"])
def test_a_cid_version_may_be_in_the_metadata_or_the_query(api, version, way):
    if way == "query":  # as Pinata's SDK adds it
        answer = create(api, network="public", params={"X-Upload-Option-Cid-Version": version})
        location = answer.headers["location"]
    else:
        location = begin(api, cid_version=version)
    cid = str(build_file([DATA], PROFILES[version]).cid)
    assert send_all(api, location).headers["upload-cid"] == cid
    assert api.get(f"/ipfs/{cid}").content == DATA


@pytest.mark.parametrize("step", [1, 100, 262_144, 262_145])
def test_chunks_may_be_of_any_size(api, step):
    data = DATA[: min(SIZE, step * 7 + 3)]
    location = begin(api, len(data))
    cid = build_file([data], PROFILES["v1"]).cid
    assert send_all(api, location, data, step).headers["upload-cid"] == str(cid)


def test_an_empty_file_is_whole_when_it_is_created(api):
    answer = create(api, 0, network="public")
    # The CID of nothing, as any importer with raw leaves gives it.
    assert answer.headers["upload-cid"] == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert offset(api, answer.headers["location"]) == 0


def test_the_name_may_be_as_a_browser_writes_it(api):
    about = {
        "upload-length": "1",
        "upload-metadata": f"filename {base64.b64encode('é.bin'.encode('latin-1')).decode()}",
    }
    location = api.post("/v3/files", headers=about).headers["location"]
    send(api, location, 0, b"x")
    assert api.get(f"/v3/files/private/{id_of(location)}").json()["data"]["name"] == "é.bin"


def test_head_tells_how_far_it_is_and_until_when_it_may_go_on(api):
    location = begin(api)
    send(api, location, 0, DATA[:1000])
    answer = api.head(location)
    assert (answer.status_code, answer.headers["upload-offset"]) == (200, "1000")
    assert (answer.headers["upload-length"], answer.headers["cache-control"]) == (str(SIZE), "no-store")
    left = parsedate_to_datetime(answer.headers["upload-expires"]).timestamp() - time.time()
    assert 23 * 3600 < left <= 24 * 3600


@pytest.mark.parametrize("said", ["filename ZGF0YS5iaW4=,is_confidential", "b eA==, filename eA==", ""])
def test_head_repeats_the_metadata_word_for_word(api, said):
    """TUS 1.0.0, "Upload-Metadata": answers to HEAD must have it as it was given."""
    about = {"upload-length": "5", **({"upload-metadata": said} if said else {})}
    location = api.post("/v3/files", headers=about).headers["location"]
    assert api.head(location).headers.get("upload-metadata") == (said or None)
    send(api, location, 0, b"12345")
    assert api.head(location).headers.get("upload-metadata") == (said or None)


def test_the_last_answer_may_be_asked_for_again(api):
    location = begin(api)
    send_all(api, location)
    answer = api.head(location)
    assert (answer.headers["upload-offset"], answer.headers["upload-cid"]) == (str(SIZE), str(V1))
    again = send(api, location, SIZE, b"")
    assert (again.status_code, again.headers["upload-cid"]) == (204, str(V1))


def test_content_that_is_there_already_is_not_kept_twice(server, api):
    first, second = begin(api), begin(api)
    send_all(api, first)
    assert send_all(api, second).headers["upload-cid"] == str(V1)
    files = api.get("/v3/files/public").json()["data"]["files"]
    assert [file["id"] for file in files] == [id_of(first)]


def test_what_is_served_of_tus_is_told_without_a_key(stranger):
    answer = stranger.options("/v3/files")
    assert answer.status_code == 204
    assert (answer.headers["tus-version"], answer.headers["tus-resumable"]) == ("1.0.0", "1.0.0")
    assert answer.headers["tus-extension"] == "creation,expiration,termination"
    assert answer.headers["tus-max-size"] == "25000000000"


def test_a_page_of_this_machine_may_read_the_headers(api):
    headers = {"origin": "http://localhost:3000", "access-control-request-method": "PATCH"}
    assert "PATCH" in api.options("/v3/files/x", headers=headers).headers["access-control-allow-methods"]
    answer = create(api, headers={"origin": "http://localhost:3000"})
    exposed = answer.headers["access-control-expose-headers"]
    assert {"Location", "Upload-Offset", "upload-cid"} <= set(re.split(", *", exposed))


# Termination and expiry


def test_nothing_is_left_of_an_upload_that_is_terminated(server, api):
    location = begin(api)
    send(api, location, 0, DATA[:500_000])
    assert api.delete(location).status_code == 204
    assert api.head(location).status_code == 404
    assert send(api, location, 500_000, b"x").status_code == 404
    assert left_over(server) == []


def test_the_file_stays_when_its_whole_upload_is_terminated(api):
    location = begin(api)
    send_all(api, location)
    assert api.delete(location).status_code == 204
    assert api.get(f"/ipfs/{V1}").content == DATA


def test_an_upload_that_has_expired_is_gone_and_then_unknown(server, api):
    location, other = begin(api), begin(api)
    send(api, location, 0, DATA[:500_000])
    change(server, location, "expires = 1 + expires - 86400000000")
    time.sleep(0.01)
    change(server, location, "expires = expires - 1000000")
    assert api.head(location).status_code == 410
    assert v3_refusal(send(api, location, 500_000, b"x"))[0] == 410
    change(server, location, "expires = 1")
    api.delete(begin(api))  # the next one that begins sweeps
    assert api.head(location).status_code == 404
    assert offset(api, other) == 0


# What is refused


def test_a_wrong_offset_is_a_conflict_that_changes_nothing(api):
    location = begin(api)
    send(api, location, 0, DATA[:1000])
    for at in (0, 999, 1001, SIZE):
        status, said = v3_refusal(send(api, location, at, b"x"))
        assert (status, "goes on at byte 1000" in said) == (409, True)
    assert offset(api, location) == 1000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"upload-offset": "-1"}, 400),
        ({"upload-offset": "x"}, 400),
        ({"upload-offset": ""}, 400),
        ({"tus-resumable": "0.2.2"}, 412),
    ],
)
def test_a_chunk_that_is_none_is_refused(api, headers, status):
    location = begin(api)
    answer = send(api, location, 0, b"x", **headers)
    assert answer.status_code == status
    assert answer.headers["tus-resumable"] == "1.0.0"  # TUS 1.0.0, "Tus-Resumable"
    assert answer.headers.get("tus-version") == ("1.0.0" if status == 412 else None)  # "Tus-Version"
    assert offset(api, location) == 0


def test_a_refusal_of_what_is_not_tus_says_nothing_of_it(api):
    assert "tus-resumable" not in api.post("/v3/files", content=b"").headers


def test_a_chunk_beyond_the_end_is_refused(api):
    location = begin(api, 10)
    assert v3_refusal(send(api, location, 0, b"x" * 11))[0] == 413
    assert v3_refusal(send(api, location, 0, iter([b"x" * 11])))[0] == 413  # its length is not told
    assert offset(api, location) == 0


@pytest.mark.parametrize(
    ("length", "fields", "status"),
    [
        ("", {}, 400),
        ("-1", {}, 400),
        ("x", {}, 400),
        ("25000000001", {}, 413),
        ("1", {"network": "secret"}, 400),
        ("1", {"cid_version": "v7"}, 400),
        ("1", {"keyvalues": '{"a":1}'}, 400),
        ("1", {"expires_at": "1"}, 400),
        ("1", {"streamable": "maybe"}, 400),
        ("1", {"car": "true", "network": "private"}, 400),
        ("1", {"group_id": "01919976-955f-7d06-bd59-72e80743fb95"}, 404),
    ],
)
def test_an_upload_that_cannot_be_is_refused_when_it_is_created(server, api, length, fields, status):
    assert v3_refusal(create(api, length, **fields))[0] == status
    assert server.store.records.read("SELECT * FROM tus") == []


@pytest.mark.parametrize("text", ["filename !!!", "a eA==,a eA==", "a eA==,,b eA=="])
def test_metadata_that_is_malformed_is_refused(api, text):
    answer = api.post("/v3/files", headers={"upload-length": "1", "upload-metadata": text})
    assert v3_refusal(answer)[0] == 400


def test_a_name_that_leads_out_is_refused(api):
    about = {"upload-length": "1", "upload-metadata": metadata(filename="../../x")}
    assert v3_refusal(api.post("/v3/files", headers=about))[0] == 400


def test_too_long_an_upload_is_refused_in_pinatas_words(api):
    assert v3_refusal(create(api, 25_000_000_001))[1] == "Upload-Length exceeds maximum upload size"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_an_upload_is_only_for_who_has_a_key(api, stranger, method):
    location = begin(api)
    headers = {"upload-offset": "0", "content-type": CHUNK_TYPE}
    assert stranger.request(method, location, headers=headers).status_code in (400, 401)
    assert stranger.request(method, location, headers=headers | bearer("x")).status_code == 401
    assert offset(api, location) == 0


# What an offset tells is kept


def connect(api, location, at, length):
    """A PATCH whose body is still to come."""
    parts = urlsplit(location)
    raw = socket.create_connection((parts.hostname, parts.port))
    head = (
        f"PATCH {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {CHUNK_TYPE}\r\n"
        f"Authorization: {api.headers['authorization']}\r\nUpload-Offset: {at}\r\nContent-Length: {length}\r\n\r\n"
    )
    raw.sendall(head.encode())
    return raw


def test_a_key_that_is_revoked_goes_on_with_nothing_and_another_key_does(api, server):
    made = api.post("/v3/pinata/keys", json={"keyName": "k", "permissions": {"admin": True}}).json()
    with httpx2.Client(base_url=server.url, headers=bearer(made["JWT"])) as theirs:
        location = begin(theirs)
        assert send(theirs, location, 0, DATA[:1000]).status_code == 204
        api.put(f"/v3/pinata/keys/{made['pinata_api_key']}")
        refused = send(theirs, location, 1000, DATA[1000:2000])
        assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "API_KEY_REVOKED")
        assert theirs.head(location).status_code == 403
    assert offset(api, location) == 1000
    assert send(api, location, 1000, DATA[1000:]).headers["upload-cid"] == str(V1)


def cut(api, location, at, data, after):
    """A PATCH that is cut before its last byte; what the server has not read by then may be lost."""
    with connect(api, location, at, len(data) + 1) as raw:
        raw.sendall(data)
        time.sleep(after)


@pytest.mark.parametrize("seed", range(5))
def test_what_came_before_a_connection_was_cut_is_kept(server, api, seed):
    rng = random.Random(seed)
    location = begin(api)
    at = 0
    for _ in range(6):
        more = DATA[at : at + rng.randint(1, 200_000)]
        after = rng.choice([0, 0.1])
        cut(api, location, at, more, after)
        told = offset(api, location)
        assert at <= told <= SIZE  # what was cut may be taken in behind the question, never lost again
        at = told
    assert 0 < at < SIZE
    answer = send(api, location, at, DATA[at:])
    while answer.status_code == 409:  # the last request that was cut was taken in behind the question
        at = offset(api, location)
        answer = send(api, location, at, DATA[at:])
    assert answer.headers["upload-cid"] == str(V1)
    assert api.get(f"/ipfs/{V1}").content == DATA


def test_a_newer_request_ends_an_older_one_whose_client_is_gone(api):
    location = begin(api)
    with connect(api, location, 0, SIZE) as silent:  # its connection is never closed, as after a lost network
        silent.sendall(DATA[:300_000])
        time.sleep(0.2)
        at = offset(api, location)
        assert at == 300_000
        assert send(api, location, at, DATA[at:]).headers["upload-cid"] == str(V1)
        assert b" 423 " in silent.recv(100)


def test_a_request_that_goes_on_for_long_is_made_safe_on_the_way(server, api, monkeypatch):
    monkeypatch.setattr(handlers, "_CHECKPOINT", 300_000)
    location = begin(api)
    with connect(api, location, 0, SIZE) as raw:
        raw.sendall(DATA[:900_000])
        until = time.monotonic() + 10
        while row(server, location)["offset"] == 0 and time.monotonic() < until:
            time.sleep(0.01)
        assert 300_000 <= row(server, location)["offset"] <= 900_000
    assert send_rest(api, location) == str(V1)


def send_rest(api, location) -> str:
    at = offset(api, location)
    return send(api, location, at, DATA[at:]).headers["upload-cid"]


def test_a_full_disk_takes_nothing_away_from_what_was_told(server, api, monkeypatch):
    location = begin(api)
    send(api, location, 0, DATA[:300_000])

    def full(self):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ingest.Ingest, "checkpoint", full)
        assert v3_refusal(send(api, location, 300_000, DATA[300_000:700_000]))[0] == 507
    assert offset(api, location) == 300_000
    assert send_rest(api, location) == str(V1)
    (car,) = (server.data / "cars").glob("*.car")
    assert content_of(car.read_bytes()) == {"": DATA}


def test_uploads_go_on_when_the_server_was_stopped(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        path = urlsplit(begin(api)).path
        send(api, path, 0, DATA[:700_001])
    with Server(tmp_path) as server, client(server) as api:
        assert offset(api, path) == 700_001
        assert send_rest(api, path) == str(V1)
        assert api.head(path).headers["upload-cid"] == str(V1)
    with Server(tmp_path) as server, client(server) as api:
        assert api.head(path).headers["upload-cid"] == str(V1)
        assert api.get(f"/ipfs/{V1}").content == DATA


@pytest.mark.parametrize("killed", ["before the record", "with its file lost"])
def test_an_upload_killed_at_its_end_is_gone_on_with(tmp_path, killed):
    with Server(tmp_path) as server, client(server) as api:
        path = urlsplit(begin(api)).path
        send(api, path, 0, DATA[:700_001])
    (car,) = (tmp_path / "cars" / "incoming").iterdir()
    if killed == "before the record":  # the CAR is whole and has its name, and nobody knows
        car.replace(tmp_path / "cars" / f"{V1}.{car.name}")
    else:
        car.unlink()
    with Server(tmp_path) as server, client(server) as api:
        if killed == "before the record":
            assert offset(api, path) == 700_001
            assert send_rest(api, path) == str(V1)
            assert api.get(f"/ipfs/{V1}").content == DATA
        else:
            assert api.head(path).status_code == 404
        assert left_over(server) == []


def test_what_an_offset_told_is_there_after_the_server_was_killed(tmp_path):
    rng = random.Random(7)
    told = kills = 0
    process, about = start(tmp_path)
    try:
        with httpx2.Client(headers=bearer(about["jwt"])) as api:
            path = urlsplit(create(api_at(api, about), network="public").headers["location"]).path
        while told < SIZE and kills < 6:
            with httpx2.Client(headers=bearer(about["jwt"]), base_url=about["url"]) as api:
                assert offset(api, path) == told
                for _ in range(rng.randint(0, 2)):
                    size = rng.randint(1, 150_000)
                    answer = send(api, path, told, DATA[told : told + size])
                    told = int(answer.headers["upload-offset"])
                with connect(api, about["url"] + path, told, SIZE - told) as raw:
                    raw.sendall(DATA[told : told + rng.randint(1, 200_000)])
                    kill(process)
                    kills += 1
            process, about = start(tmp_path)
        with httpx2.Client(headers=bearer(about["jwt"]), base_url=about["url"]) as api:
            assert send_rest(api, path) == str(V1)
        (car,) = (tmp_path / "cars").glob("*.car")
        assert content_of(car.read_bytes()) == {"": DATA}
        assert list((tmp_path / "cars" / "incoming").iterdir()) == []
    finally:
        kill(process)
    assert kills >= 4


def api_at(api, about):
    api.base_url = about["url"]
    return api

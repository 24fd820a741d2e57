"""Presigned upload URLs: the signature covers everything, and nothing else of a request counts."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from .conftest import FORM, bearer, body, v3_refusal
from .test_tus import metadata

PNG = b"\x89PNG\r\n\x1a\n" + bytes(3_000)


def sign(api, **wanted) -> str:
    answer = api.post("/v3/files/sign", json={"date": int(time.time()), "expires": 60, **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def post(api, url, *files, **fields):
    return api.post(url, content=body(*files, **fields), headers=FORM)


def test_the_url_has_pinatas_parts(server, api):
    url = sign(api, network="public")
    assert url.startswith(f"{server.url}/v3/files/")
    query = parse_qs(urlsplit(url).query)
    assert query["X-Algorithm"] == ["PINATA2"]
    assert query["X-Method"] == ['["HEAD","PATCH","POST"]']
    assert query["X-Expires"] == ["60"]
    assert query["X-User-ID"] == [server.store.keys.user_id]
    assert set(query) == {"X-Algorithm", "X-Date", "X-Expires", "X-Method", "X-User-ID", "X-Signature"}


def test_the_date_may_be_left_out(api, stranger):
    url = api.post("/v3/files/sign", json={"expires": 60}).json()["data"]
    assert post(stranger, url, ("a.txt", b"no date")).status_code == 200


@pytest.mark.parametrize(
    "name", ["X-Algorithm", "X-Date", "X-Expires", "X-Method", "X-User-ID", "X-Signature"]
)
@pytest.mark.parametrize("value", ["", "0", "9999999999", "é"])
def test_nothing_of_the_url_can_be_changed(api, stranger, name, value):
    parts = urlsplit(sign(api))
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    changed = f"{parts.path}?{urlencode(query | {name: value})}"
    assert v3_refusal(post(stranger, changed, ("a.txt", b"x")))[0] == 401


def test_the_signature_of_one_url_is_none_of_another(api, stranger):
    one, other = urlsplit(sign(api)), urlsplit(sign(api))
    assert v3_refusal(post(stranger, f"{one.path}?{other.query}", ("a.txt", b"x")))[0] == 401
    unknown = "/v3/files/00000000-0000-7000-8000-000000000000"
    assert v3_refusal(post(stranger, f"{unknown}?{one.query}", ("a.txt", b"x")))[0] == 401


def test_the_signature_wins_over_the_header_that_pinatas_sdk_sends(api, stranger):
    url = sign(api)
    headers = FORM | bearer("undefined")
    answer = stranger.post(url, content=body(("a.txt", b"undefined")), headers=headers)
    assert answer.status_code == 200, answer.text


def test_fields_of_the_form_do_not_override_what_was_signed(api, stranger):
    url = sign(api, network="private", keyvalues={"a": "b"}, cid_version="v0")
    fields = {"network": "public", "keyvalues": '{"c":"d"}', "cid_version": "v1", "name": "mine"}
    made = post(stranger, url, ("a.txt", b"Hello World!"), **fields).json()["data"]
    # The CIDv0 of the fact sheet's section 1.8.
    assert made["cid"] == "Qmf1rtki74jvYmGeqaaV51hzeiaa6DyWc98fzDiuPatzyy"
    assert (made["network"], made["keyvalues"], made["name"]) == ("private", {"a": "b"}, "mine")
    assert made["id"] in url
    api.delete(f"/v3/files/private/{made['id']}")


@pytest.mark.parametrize(
    ("allow", "status"), [(["directory"], 200), (["image/*"], 400), (["inode/directory"], 400), ([], 200)]
)
def test_a_folder_must_be_allowed_by_its_literal_name(api, stranger, allow, status):
    url = sign(api, allow_mime_types=allow)
    answer = post(stranger, url, ("box/a.txt", b"a"), ("box/b.png", PNG + str(allow).encode()))
    assert answer.status_code == status
    if status == 400:
        assert v3_refusal(answer)[1].endswith(
            "does not grant permissions to upload detected MIME type: directory"
        )


@pytest.mark.parametrize(("most", "status"), [(3_008, 200), (3_007, 413)])
def test_the_size_is_that_of_the_content(api, stranger, most, status):
    assert post(stranger, sign(api, max_file_size=most), ("a.png", PNG)).status_code == status
    answer = stranger.post(sign(api, max_file_size=most), headers={"upload-length": str(len(PNG))})
    assert answer.status_code == (201 if status == 200 else 413)
    if status == 413:
        assert v3_refusal(answer)[1] == "Upload-Length exceeds maximum upload size"


def test_a_resumable_upload_by_a_link_carries_the_signature(api, stranger):
    url = sign(api, network="public", filename="signed.png")
    about = {"upload-length": str(len(PNG)), "upload-metadata": metadata(filename="x", network="private")}
    location = stranger.post(url, headers=about).headers["location"]
    assert urlsplit(location).query == urlsplit(url).query
    chunk = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    bare = location.partition("?")[0]
    assert stranger.patch(bare, content=PNG, headers=chunk).status_code in (400, 401)
    assert stranger.patch(location, content=PNG[:1000], headers=chunk).status_code == 204
    assert stranger.head(location).headers["upload-offset"] == "1000"
    last = stranger.patch(location, content=PNG[1000:], headers=chunk | {"upload-offset": "1000"})
    file = api.get("/v3/files/public", params={"cid": last.headers["upload-cid"]}).json()["data"]["files"][0]
    assert (file["name"], file["size"]) == ("signed.png", len(PNG))
    assert file["id"] in url


def test_a_link_opens_no_upload_that_was_begun_with_a_key(api, stranger):
    location = api.post("/v3/files", headers={"upload-length": "5"}).headers["location"]
    link = urlsplit(sign(api))
    assert stranger.head(f"{urlsplit(location).path}?{link.query}").status_code == 401
    api.delete(location)


def test_nothing_begins_after_a_url_has_expired_or_before_its_date(api, stranger):
    now = int(time.time())
    for date, why in (
        (now - 100, "expired"),
        (now + 1000, "not valid yet"),
        (now * 1000 - 100_000, "expired"),
    ):
        url = sign(api, date=date, expires=50)
        for answer in (
            post(stranger, url, ("a.txt", b"late")),
            stranger.post(url, headers={"upload-length": "5"}),
        ):
            status, words = v3_refusal(answer)
            assert (status, why in words) == (403, True)
    assert post(stranger, sign(api, date=now * 1000, expires=50), ("a.txt", b"in time")).status_code == 200


def test_a_wrong_type_is_told_with_the_first_bytes_of_a_large_upload(api, stranger):
    url = sign(api, allow_mime_types=["video/*"])
    location = stranger.post(url, headers={"upload-length": "1000000"}).headers["location"]
    chunk = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
    assert v3_refusal(stranger.patch(location, content=PNG, headers=chunk))[0] == 400
    assert stranger.head(location).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires": 0},
        {"expires": "60"},
        {"date": -1},
        {"date": True},
        {"network": "secret"},
        {"allow_mime_types": "image/*"},
        {"allow_mime_types": [1]},
        {"max_file_size": -1},
        {"keyvalues": {"a": 1}},
        {"keyvalues": [1]},
        {"cid_version": "v9"},
        {"filename": 5},
        {"url": "https://x.test/files/y"},
    ],
)
def test_a_link_that_cannot_be_is_refused(api, wrong):
    assert v3_refusal(api.post("/v3/files/sign", json={"expires": 60, **wrong}))[0] == 400


def test_a_post_to_an_upload_without_a_signature_is_refused(api, stranger):
    path = "/v3/files/00000000-0000-7000-8000-000000000000"
    assert post(stranger, path, ("a", b"x")).status_code in (400, 401)
    assert v3_refusal(post(api, path, ("a", b"x")))[0] == 400

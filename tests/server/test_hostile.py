"""Hostile requests: nothing deep, and no name, leads anywhere but to a refusal."""

from __future__ import annotations

import re

import pytest

from pinatakit.content import CID, car_header, car_section
from pinatakit.server.endpoints import ENDPOINTS

from .conftest import send

SECRET = "admin.json"
ABOUT = ["pinataMetadata", "pinataOptions"]
UP = [f"../{SECRET}", f"../../{SECRET}", f"a/../../{SECRET}", f"..%2f{SECRET}", f"%2e%2e/{SECRET}"]


@pytest.mark.parametrize("deep", ["[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000])
@pytest.mark.parametrize("path", ["/pinning/pinJSONToIPFS", "/v3/groups/public", "/psa/pins"])
def test_deep_json_is_refused(api, path, deep):
    answer = api.post(path, content=deep, headers={"content-type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("depth", [100, 400, 900])
def test_json_that_is_not_too_deep_to_read_is_stored_or_refused(api, depth):
    answer = api.post("/pinning/pinJSONToIPFS", content="[" * depth + "]" * depth)
    assert answer.status_code in (200, 400)


def test_a_deep_field_of_a_form_is_refused(api):
    answer = send(api, "/v3/files", ("a", b"a"), network="public", keyvalues='{"a":' * 10_000)
    assert answer.status_code == 400


LISTS = "[" + "[]," * 350_000 + "[]]"


@pytest.mark.parametrize(
    "endpoint",
    [one for one in ENDPOINTS if one.takes_json is True],
    ids=lambda one: f"{one.methods[0]} {one.path}",
)
def test_a_json_body_has_at_most_a_mebibyte_unless_it_is_content(api, endpoint):
    path = re.sub(r"\{.*?\}", "public", endpoint.path)
    answer = api.request(endpoint.methods[0], path, content=LISTS)
    assert (answer.status_code, "1,048,576" in answer.text) == (413, True)


@pytest.mark.parametrize(
    ("path", "field"), [("/v3/files", "keyvalues"), *(("/pinning/pinFileToIPFS", name) for name in ABOUT)]
)
def test_a_json_field_of_a_form_has_at_most_64_kib(api, path, field):
    answer = send(api, path, ("a", b"a"), **{field: f'{{"a":{LISTS[:70_000]}'})
    assert (answer.status_code, field in answer.text) == (413, True)


@pytest.mark.parametrize("name", [f"../{SECRET}", "a/../../b", "/../x", "..", "a/.."])
@pytest.mark.parametrize("path", ["/v3/files", "/pinning/pinFileToIPFS"])
def test_no_name_of_a_file_leads_out(api, path, name):
    assert send(api, path, (name, b"a"), network="public").status_code == 400


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("at", ["/ipfs/", "/files/", "/v3/files/public/", "/v3/groups/public/"])
def test_no_path_leads_to_a_file_of_the_data_folder(server, api, at, up):
    answer = api.get(f"{at}{up}")
    assert answer.status_code in (400, 401, 403, 404, 405)
    assert server.admin.api_secret not in answer.text


@pytest.mark.parametrize("id", ["../../admin.json", "..%2f..%2fadmin.json", "0", "x" * 1000])
def test_no_id_of_an_upload_leads_anywhere(api, id):
    assert api.head(f"/v3/files/{id}/upload", headers={"tus-resumable": "1.0.0"}).status_code in (
        400,
        404,
        405,
    )


@pytest.mark.parametrize("depth", [257, 10_000])
def test_deep_cbor_in_a_car_is_refused(api, depth):
    block = b"\x81" * depth + b"\x80"
    root = CID.of(block, codec=0x71)
    car = car_header([root]) + car_section(root, len(block)) + block
    answer = send(api, "/v3/files", ("a.car", car), network="public", car="true")
    assert answer.status_code == 400

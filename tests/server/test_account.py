"""The account: is the credential good, and how much is stored."""

from __future__ import annotations

from pinatakit.content import Profile, build_file
from pinatakit.server import Server

from .conftest import client, pin, upload


def test_a_good_credential_is_congratulated(api):
    answer = api.get("/data/testAuthentication")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"message": "Congratulations! You are communicating with the Pinata API!"}


def test_totals_count_pins_and_the_bytes_of_all_their_blocks():
    data = bytes(300_000)
    root = build_file([data], Profile.named("v1"))
    with Server() as server, client(server) as api:
        usage = "/data/userPinnedDataTotal"
        nothing = {"pin_count": 0, "pin_size_total": 0, "pin_size_with_replications_total": 0}
        assert api.get(usage).json() == nothing
        upload(api, b"Hello World")
        pinned = pin(api, ("zeros.bin", data))
        assert pinned["PinSize"] == root.dag_size > 300_000
        size = 11 + root.dag_size
        assert api.get(usage).json() == {
            "pin_count": 2,
            "pin_size_total": size,
            "pin_size_with_replications_total": size,
        }
        assert api.delete(f"/pinning/unpin/{pinned['IpfsHash']}").status_code == 200
        assert api.get(usage).json()["pin_size_total"] == 11


def test_upload_limits_are_told_as_pinata_tells_them(api):
    assert api.get("/v3/files/limits").json() == {"data": {"folder_max_files": 30_000}}

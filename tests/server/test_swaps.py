"""Swaps: begun, ended and told by both paths, and served."""

from __future__ import annotations

import re

import pytest

from pinatakit.server import Server

from .conftest import client, pin, upload, v3_refusal


@pytest.fixture
def two(api, request) -> tuple[str, str]:
    return tuple(upload(api, f"{request.node.name} {age}".encode())["cid"] for age in ("old", "new"))


@pytest.mark.parametrize("name", ["swapCid", "swap_cid"])
def test_a_swap_is_answered_with_what_is_served_now(api, two, name):
    old, new = two
    answer = api.put(f"/v3/files/public/swap/{old}", json={name: new})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert set(data) == {"mapped_cid", "created_at"}
    assert data["mapped_cid"] == new
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", data["created_at"])


def test_the_older_path_answers_in_camel_case(api, two):
    old, new = two
    path = f"/v3/ipfs/swap/{old}"
    data = api.put(path, json={"swapCid": new}).json()["data"]
    assert set(data) == {"mappedCid", "createdAt"}
    assert api.get(path, params={"domain": "x.mypinata.cloud"}).json()["data"] == [data]
    (same,) = api.get(f"/v3/files/public/swap/{old}", params={"domain": "x"}).json()["data"]
    assert same == {"mapped_cid": new, "created_at": data["createdAt"]}
    assert api.delete(path).json() == {"data": None}


def test_history_is_newest_first_and_an_end_has_no_cid(api, two):
    old, new = two
    path = f"/v3/files/public/swap/{old}"
    api.put(path, json={"swapCid": new})
    api.put(path, json={"swapCid": old})
    api.delete(path)
    rows = api.get(path, params={"domain": "x"}).json()["data"]
    assert [row["mapped_cid"] for row in rows] == [None, old, new]


def test_the_gateway_serves_what_a_cid_is_swapped_for_until_that_ends(api, stranger, two):
    old, new = two
    before = stranger.get(f"/ipfs/{old}")
    api.put(f"/v3/files/public/swap/{old}", json={"swapCid": new})
    swapped = stranger.get(f"/ipfs/{old}")
    assert swapped.content == stranger.get(f"/ipfs/{new}").content != before.content
    assert swapped.headers["etag"] == f'"{new}"'
    assert "immutable" not in swapped.headers["cache-control"]
    assert swapped.headers["x-ipfs-path"] == f"/ipfs/{old}"
    api.delete(f"/v3/files/public/swap/{old}")
    assert stranger.get(f"/ipfs/{old}").content == before.content


def test_a_path_leads_into_what_a_folder_is_swapped_for(api, stranger):
    old = pin(api, ("site/index.html", b"<html>old"), ("site/a/b.txt", b"old"))["IpfsHash"]
    new = pin(api, ("site/index.html", b"<html>new"), ("site/a/b.txt", b"new"))["IpfsHash"]
    api.put(f"/v3/files/public/swap/{old}", json={"swapCid": new})
    assert stranger.get(f"/ipfs/{old}/a/b.txt").content == b"new"
    assert stranger.get(f"/ipfs/{old}/").content == b"<html>new"


@pytest.mark.parametrize("form", ["raw", "car"])
def test_blocks_are_never_swapped(api, stranger, two, form):
    old, new = two
    before = stranger.get(f"/ipfs/{old}", params={"format": form}).content
    api.put(f"/v3/files/public/swap/{old}", json={"swapCid": new})
    assert stranger.get(f"/ipfs/{old}", params={"format": form}).content == before


def test_what_cannot_be_swapped_is_refused(api, two):
    old, new = two
    path = f"/v3/files/public/swap/{old}"
    assert v3_refusal(api.put(path, json={}))[0] == 400
    assert v3_refusal(api.put(path, json={"swapCid": "nonsense"}))[0] == 400
    assert v3_refusal(api.put("/v3/files/public/swap/nonsense", json={"swapCid": new}))[0] == 400
    assert v3_refusal(api.put(f"/v3/files/private/swap/{old}", json={"swapCid": new}))[0] == 404
    assert v3_refusal(api.get(path, params={"domain": "x"}))[0] == 404
    assert v3_refusal(api.delete(path))[0] == 404
    api.put(path, json={"swapCid": new})
    assert v3_refusal(api.get(path))[0] == 400


def test_a_swap_is_kept_across_restarts(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        old, new = [upload(api, data)["cid"] for data in (b"old", b"new")]
        api.put(f"/v3/files/public/swap/{old}", json={"swapCid": new})
    with Server(tmp_path) as server, client(server) as api:
        assert api.get(f"/ipfs/{old}").content == b"new"

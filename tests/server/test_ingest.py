"""CARs that are uploaded: each block is hashed, the DAG must be whole, and nothing of a bad one is kept."""

from __future__ import annotations

import random

import pytest

from pinatakit.content import (
    CID,
    PROFILES,
    Block,
    FolderBuilder,
    build_file,
    read_car,
    walk_blocks,
    write_car,
)
from pinatakit.content.multiformats import DAG_CBOR
from tests.content.vectors import Blocks

from .conftest import content_of, send, upload, v3_refusal
from .test_tus import begin, offset, send_all
from .test_tus import send as send_chunk
from .test_uploads import left_over

DATA = random.Random("car").randbytes(1_500_000)


def file_car(data=DATA, profile="v1"):
    """A file as a CAR: its root, its blocks in order, and the bytes."""
    blocks = Blocks()
    root = build_file([data], PROFILES[profile], blocks.take)
    ordered = list(walk_blocks(root.cid, blocks.__getitem__))
    return root.cid, ordered, b"".join(write_car([root.cid], ordered))


def folder_car():
    blocks = Blocks()
    folder = FolderBuilder(PROFILES["v1"], blocks.take)
    folder.add("hello.txt", build_file([b"hello"], PROFILES["v1"], blocks.take))
    folder.add("sub/world.txt", build_file([b"world"], PROFILES["v1"], blocks.take))
    root = folder.finish()
    ordered = list(walk_blocks(root.cid, blocks.__getitem__))
    return root.cid, ordered, b"".join(write_car([root.cid], ordered))


@pytest.mark.parametrize("fields_last", [False, True])
@pytest.mark.parametrize("profile", ["v0", "v1", "unixfs-v1-2025"])
def test_a_car_keeps_its_cids_whatever_made_it(server, api, profile, fields_last):
    cid, _, car = file_car(DATA + profile.encode() + bytes([fields_last]), profile)
    made = upload(api, car, "data.car", car="true", fields_last=fields_last)
    assert (made["cid"], made["name"], made["size"]) == (str(cid), "data.car", len(DATA) + len(profile) + 1)
    assert (made["number_of_files"], made["mime_type"]) == (1, "application/octet-stream")
    (stored,) = (server.data / "cars").glob(f"{cid.to_v1()}.*.car")
    assert read_car(stored.read_bytes())[0] == [cid]
    assert content_of(stored.read_bytes())[""].startswith(DATA)
    assert left_over(server) == []


@pytest.mark.parametrize("step", [100, 333_333])
def test_a_car_may_come_in_chunks(server, api, step):
    cid, _, car = folder_car() if step == 100 else file_car(b"chunks" + DATA)
    location = begin(api, len(car), car="true")
    assert send_all(api, location, car, step).headers["upload-cid"] == str(cid)
    if step == 100:
        assert api.get(f"/ipfs/{cid}/sub/world.txt").content == b"world"
        file = api.get("/v3/files/public", params={"cid": str(cid)}).json()["data"]["files"][0]
        assert (file["mime_type"], file["number_of_files"], file["size"]) == ("directory", 2, 10)
    assert left_over(server) == []


def test_without_the_word_a_car_is_a_file_like_any_other(api):
    _, _, car = file_car(b"plain")
    assert upload(api, car, "data.car")["cid"] == str(build_file([car], PROFILES["v1"]).cid)


def test_blocks_may_come_in_any_order_and_twice(server, api):
    cid, blocks, _ = file_car(b"order" + DATA)
    car = b"".join(write_car([cid], [*reversed(blocks), *blocks[:2]]))
    assert upload(api, car, "data.car", car="true")["cid"] == str(cid)


def test_a_dag_of_another_codec_is_kept_whole(api):
    leaf = Block(CID.of(b"leaf", version=1), b"leaf")
    data = b"\xa1\x61a\xd8\x2a\x58\x25\x00" + bytes(leaf.cid)  # {"a": link} (DAG-CBOR, tag 42)
    top = Block(CID.of(data, DAG_CBOR), data)
    car = b"".join(write_car([top.cid], [top, leaf]))
    assert upload(api, car, "data.car", car="true")["cid"] == str(top.cid)
    cut = b"".join(write_car([top.cid], [top]))
    answer = send(api, "/v3/files", ("x.car", cut), network="public", car="true")
    assert v3_refusal(answer) == (400, f"The CAR is incomplete: block {leaf.cid} is missing.")


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_an_incomplete_dag_is_refused_and_the_missing_block_named(server, api, missing):
    cid, blocks, _ = file_car(b"missing" + DATA)
    gone = blocks[missing]
    car = b"".join(write_car([cid], [block for block in blocks if block != gone]))
    answer = send(api, "/v3/files", ("x.car", car), network="public", car="true")
    assert v3_refusal(answer) == (400, f"The CAR is incomplete: block {gone.cid} is missing.")
    location = begin(api, len(car), car="true")
    assert v3_refusal(send_chunk(api, location, 0, car)) == v3_refusal(answer)
    assert api.head(location).status_code == 404
    assert left_over(server) == []


def test_a_forged_block_is_refused(server, api):
    cid, blocks, _ = file_car(b"forged" + DATA)
    forged = [*blocks[:-1], Block(blocks[-1].cid, b"forged")]
    car = b"".join(write_car([cid], forged))
    status, said = v3_refusal(send(api, "/v3/files", ("x.car", car), network="public", car="true"))
    assert (status, str(blocks[-1].cid) in said) == (400, True)
    assert left_over(server) == []


@pytest.mark.parametrize("cut", [1, 10, 70, 100_000])
def test_a_car_that_is_cut_short_is_refused(server, api, cut):
    car = file_car(b"cut" + DATA)[2][:-cut]
    status, said = v3_refusal(send(api, "/v3/files", ("x.car", car), network="public", car="true"))
    assert (status, said) == (400, "The CAR is not valid: the CAR is cut short")
    assert left_over(server) == []


@pytest.mark.parametrize("roots", [0, 2])
def test_a_car_has_one_root(server, api, roots):
    cid, blocks, _ = file_car(b"roots")
    car = b"".join(write_car([cid] * roots, blocks))
    status, said = v3_refusal(send(api, "/v3/files", ("x.car", car), network="public", car="true"))
    assert (status, f"has {roots} roots" in said) == (400, True)
    assert left_over(server) == []


@pytest.mark.parametrize("data", [b"", b"no car at all", bytes(100)])
def test_what_is_no_car_is_refused(server, api, data):
    assert v3_refusal(send(api, "/v3/files", ("x.car", data), network="public", car="true"))[0] == 400
    assert left_over(server) == []


def test_a_car_is_public_and_by_itself(server, api):
    car = file_car(b"alone")[2]
    assert v3_refusal(send(api, "/v3/files", ("x.car", car), network="private", car="true"))[0] == 400
    two = send(api, "/v3/files", ("x.car", car), ("y.car", car), network="public", car="true")
    assert v3_refusal(two)[0] == 400
    assert left_over(server) == []


def test_a_chunk_that_is_refused_for_good_ends_the_upload(server, api):
    location = begin(api, 1000, car="true")
    assert v3_refusal(send_chunk(api, location, 0, bytes(500)))[0] == 400
    assert api.head(location).status_code == 404
    assert left_over(server) == []
    other = begin(api, 1000)
    send_chunk(api, other, 0, bytes(500))
    assert offset(api, other) == 500
    api.delete(other)

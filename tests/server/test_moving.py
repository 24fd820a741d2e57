"""Export and import: a store moves with its content, names, key-values and groups."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.server import Busy, Server, Store
from pinatakit.server.store import beside
from pinatakit.server.store.moving import Moved, export, take_over

from .conftest import client, content_of, group, pin, upload
from .test_verify import DATA, change, flip, found, places


def exported(folder, to) -> Moved:
    with beside(folder) as cars:
        return export(cars, to)


def imported(folder, source):
    refused = []
    with closing(Store(folder)) as store:
        going = take_over(store, source)
        while True:
            try:
                refused.append(next(going))
            except StopIteration as end:
                return refused, end.value


@pytest.fixture
def made(tmp_path):
    """A store with files of all kinds, exported while it runs; what its lists show."""
    with Server(tmp_path / "data") as server, client(server) as api:
        own = group(api, "holidays")
        other = group(api, "secret", "private")
        upload(api, DATA, "a.bin", group_id=own, keyvalues='{"k":"v","n":"1"}')
        upload(api, DATA, "private too", network="private", group_id=other)
        upload(api, b"ends", "ends", expires_at="4000000000")
        pin(api, ("site/a.txt", b"a"), ("site/b/c.txt", b"c"))
        pin(api, ("v0", b"version 0"), pinataOptions='{"cidVersion":0}')
        gone = upload(api, b"gone")
        api.delete(f"/v3/files/public/{gone['id']}")
        shown = lists(api)
        assert exported(tmp_path / "data", tmp_path / "export") == Moved(2, 5)
    return shown


def lists(api) -> list:
    return [
        api.get(f"/v3/{what}/{network}").json()["data"]
        for what in ("files", "groups")
        for network in ("public", "private")
    ]


def manifest(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def change_manifest(folder, change) -> None:
    lines = [change(line) for line in manifest(folder)]
    (folder / "manifest.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_what_was_moved_is_listed_and_served_as_before(tmp_path, made):
    assert imported(tmp_path / "new", tmp_path / "export") == ([], Moved(2, 5, 0))
    assert found(tmp_path / "new")[0] == []
    with Server(tmp_path / "new") as server, client(server) as api:
        assert lists(api) == made
        for file in made[0]["files"]:
            assert api.get(f"/ipfs/{file['cid']}", follow_redirects=True).status_code == 200
        (kept,) = api.get("/v3/files/public", params={"metadata[k]": "v"}).json()["data"]["files"]
        assert kept["name"] == "a.bin"


def test_an_export_is_cars_and_lines_of_json(tmp_path, made):
    lines = manifest(tmp_path / "export")
    assert [line["kind"] for line in lines] == ["export", *["group"] * 2, *["file"] * 5, "end"]
    assert lines[-1] == {"kind": "end", "groups": 2, "files": 5}
    for line in lines[3:-1]:
        car = (tmp_path / "export" / line["car"]).read_bytes()
        assert content_of(car)
    assert len(list((tmp_path / "export" / "cars").iterdir())) == 4  # one is public and private


def test_importing_again_changes_nothing(tmp_path, made):
    imported(tmp_path / "new", tmp_path / "export")
    assert imported(tmp_path / "new", tmp_path / "export") == ([], Moved(0, 0, 5))
    with Server(tmp_path / "new") as server, client(server) as api:
        assert lists(api) == made


def test_what_is_damaged_is_refused_and_the_rest_comes_over(tmp_path, made):
    line = next(line for line in manifest(tmp_path / "export") if line.get("name") == "site")
    car = tmp_path / "export" / line["car"]
    flip(car, places(car)[0][0])
    (refused,), moved = imported(tmp_path / "new", tmp_path / "export")
    assert (refused.what, moved) == (line["cid"], Moved(2, 4, 0))
    assert found(tmp_path / "new")[0] == []


def test_an_import_heals_what_verify_found(tmp_path, made):
    (car, *_) = sorted((tmp_path / "data" / "cars").glob("*.car"), key=lambda path: -path.stat().st_size)
    flip(car, places(car)[1][0])
    assert found(tmp_path / "data")[0]
    assert imported(tmp_path / "data", tmp_path / "export") == ([], Moved(0, 0, 5))
    assert found(tmp_path / "data")[0] == []


@pytest.mark.parametrize("path", ["../../secret.car", "/etc/x.car", "cars/../../secret.car", "cars/a/b.car"])
def test_no_line_leads_out_of_the_export(tmp_path, made, path):
    (tmp_path / "secret.car").write_bytes(next((tmp_path / "export" / "cars").iterdir()).read_bytes())
    change_manifest(tmp_path / "export", lambda line: line | ({"car": path} if "car" in line else {}))
    refused, moved = imported(tmp_path / "new", tmp_path / "export")
    assert (len(refused), moved.files) == (5, 0)
    assert all("is no CAR of an export" in one.words for one in refused)


def test_a_car_of_another_root_is_refused(tmp_path, made):
    other = str(CID.of(b"another"))
    change_manifest(tmp_path / "export", lambda line: line | ({"cid": other} if "cid" in line else {}))
    refused, _ = imported(tmp_path / "new", tmp_path / "export")
    assert len(refused) == 5


def test_a_dag_that_lacks_a_block_is_refused(tmp_path, made):
    for car in (tmp_path / "export" / "cars").iterdir():
        at, size, _ = places(car)[0]
        data = car.read_bytes()
        car.write_bytes(data[: at + size])
    refused, moved = imported(tmp_path / "new", tmp_path / "export")
    assert moved.files == 5 - len(refused)
    assert len(refused) == 3  # the large file twice, and the folder


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: lines[:3] + lines[4:],
        lambda lines: [lines[0].replace('"version":1', '"version":2'), *lines[1:]],
        lambda lines: [*lines[:2], "nonsense\n", *lines[2:]],
        lambda lines: [],
    ],
)
def test_a_manifest_that_is_not_whole_is_refused_before_anything_is_taken(tmp_path, made, spoil):
    path = tmp_path / "export" / "manifest.jsonl"
    path.write_text("".join(spoil(path.read_text().splitlines(keepends=True))))
    with pytest.raises(InputError, match=r"manifest\.jsonl"):
        imported(tmp_path / "new", tmp_path / "export")
    with Server(tmp_path / "new") as server, client(server) as api:
        assert lists(api)[0]["files"] == lists(api)[2]["groups"] == []


def test_a_file_whose_group_went_meanwhile_comes_without_it(tmp_path, made):
    change_manifest(
        tmp_path / "export", lambda line: line | ({"group_id": "x"} if line["kind"] == "file" else {})
    )
    assert imported(tmp_path / "new", tmp_path / "export") == ([], Moved(2, 5, 0))


def test_an_id_that_another_file_has_is_not_taken_from_it(tmp_path, made):
    with Server(tmp_path / "new") as server, client(server) as api:
        mine = upload(api, b"mine")
    (line,) = (line for line in manifest(tmp_path / "export") if line.get("name") == "site")
    change_manifest(
        tmp_path / "export", lambda each: each | ({"id": mine["id"]} if each.get("id") == line["id"] else {})
    )
    assert imported(tmp_path / "new", tmp_path / "export") == ([], Moved(2, 5, 0))
    with Server(tmp_path / "new") as server, client(server) as api:
        ids = [file["id"] for file in api.get("/v3/files/public").json()["data"]["files"]]
        assert api.get(f"/v3/files/public/{mine['id']}").json()["data"]["cid"] == mine["cid"]
    assert len(set(ids)) == len(ids) == 5


def test_nothing_is_imported_into_a_store_that_is_served(tmp_path, made):
    with Server(tmp_path / "new"), pytest.raises(Busy):
        imported(tmp_path / "new", tmp_path / "export")


def test_an_export_needs_no_index_and_overwrites_nothing(tmp_path, made):
    change(tmp_path / "data", "DELETE FROM block")
    assert exported(tmp_path / "data", tmp_path / "again").files == 5
    with pytest.raises(InputError, match="there already"):
        exported(tmp_path / "data", tmp_path / "again")
    assert imported(tmp_path / "new", tmp_path / "again") == ([], Moved(2, 5, 0))

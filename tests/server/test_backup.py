"""Backup: a folder of one moment, made while the server works, that can be served as it is."""

from __future__ import annotations

import itertools
import os
import threading

import pytest

from pinatakit import local
from pinatakit.errors import InputError
from pinatakit.protocol import tus as protocol
from pinatakit.server import Server
from pinatakit.server.store import beside
from pinatakit.server.store.backup import back_up

from .conftest import bearer, client, upload
from .test_verify import DATA, found


def backup(folder, to, **options):
    with beside(folder) as cars:
        return back_up(cars, to, **options)


@pytest.mark.parametrize("link", [True, False])
def test_a_backup_has_all_content_records_and_the_key(tmp_path, link):
    with Server(tmp_path / "data") as server, client(server) as api:
        group = api.post("/v3/groups/public", json={"name": "g"}).json()["data"]["id"]
        file = upload(api, DATA, "a.bin", group_id=group, keyvalues='{"k":"v"}')
        copied = backup(tmp_path / "data", tmp_path / "copy", link=link)
        assert (copied.cars, copied.linked) == (1, int(link))
        api.delete(f"/v3/files/public/{file['id']}")
        jwt = server.admin.jwt
    assert found(tmp_path / "copy")[0] == []
    with Server(tmp_path / "copy") as server, client(server) as api:
        assert server.admin.jwt == jwt
        assert api.get(f"/ipfs/{file['cid']}").content == DATA
        (kept,) = api.get("/v3/files/public").json()["data"]["files"]
        assert (kept["id"], kept["group_id"], kept["keyvalues"]) == (file["id"], group, {"k": "v"})


def test_a_copy_shares_no_file_with_its_store(tmp_path):
    with Server(tmp_path / "data") as server, client(server) as api:
        upload(api, DATA)
        backup(tmp_path / "data", tmp_path / "copy", link=False)
        backup(tmp_path / "data", tmp_path / "linked")
    (car,) = (tmp_path / "data" / "cars").glob("*.car")
    assert not car.samefile(tmp_path / "copy" / "cars" / car.name)
    assert car.samefile(tmp_path / "linked" / "cars" / car.name)


def test_what_is_done_to_a_backup_does_not_reach_the_store(tmp_path):
    """An upload under way goes on in both, each for itself."""
    half = len(DATA) // 2
    head = {"tus-resumable": "1.0.0", "content-type": protocol.CHUNK_TYPE}

    def go_on(server, at, data):
        with client(server) as api:
            return api.patch(path, headers={**head, "upload-offset": str(at)}, content=data)

    with Server(tmp_path / "data") as server, client(server) as api:
        about = {
            "tus-resumable": "1.0.0",
            "upload-length": str(len(DATA)),
            "upload-metadata": "network cHVibGlj",
        }
        path = "/v3" + api.post("/v3/files", headers=about).headers["location"].partition("/v3")[2]
        assert go_on(server, 0, DATA[:half]).status_code == 204
        backup(tmp_path / "data", tmp_path / "copy")
        assert go_on(server, half, DATA[half:]).status_code == 204
        with Server(tmp_path / "copy") as other:
            with client(other) as asking:
                assert asking.head(path, headers=head).headers["upload-offset"] == str(half)
            changed = go_on(other, half, DATA[half:][::-1])
            assert changed.status_code == 204
            with client(other) as asking:
                assert (
                    asking.get(f"/ipfs/{changed.headers['upload-cid']}").content
                    == DATA[:half] + DATA[half:][::-1]
                )
    assert found(tmp_path / "data")[0] == found(tmp_path / "copy")[0] == []


def test_backups_made_while_uploads_and_deletes_go_on_are_each_of_one_moment(tmp_path):
    stop, begun = threading.Event(), threading.Barrier(4)
    with local(tmp_path / "data") as pinata:

        def work(worker):
            with client_of(pinata) as api:
                kept = []
                for number in itertools.count():
                    if number == 2:
                        begun.wait()
                    if stop.is_set():
                        return
                    kept.append(upload(api, f"{worker} {number} ".encode() * 20_000)["id"])
                    if len(kept) > 2:
                        assert api.delete(f"/v3/files/public/{kept.pop()}").status_code == 200

        workers = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
        for worker in workers:
            worker.start()
        begun.wait()
        try:
            for number in range(6):
                backup(tmp_path / "data", tmp_path / f"copy{number}")
        finally:
            stop.set()
            for worker in workers:
                worker.join()
    for number in range(6):
        findings, seen = found(tmp_path / f"copy{number}")
        assert findings == []
    assert seen.cars > 3


def client_of(pinata):
    import httpx2

    return httpx2.Client(base_url=pinata.url, headers=bearer(pinata.jwt))


def test_nothing_is_overwritten(tmp_path):
    with Server(tmp_path / "data"):
        (tmp_path / "there").mkdir()
        with pytest.raises(InputError, match="there already"):
            backup(tmp_path / "data", tmp_path / "there")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_backup_is_its_users_alone(tmp_path):
    with Server(tmp_path / "data", tls=True):
        backup(tmp_path / "data", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "copy" / "admin.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "copy" / "tls" / "server.pem").stat().st_mode & 0o777 == 0o600


def test_where_no_store_is_there_is_nothing_to_back_up_and_none_is_made(tmp_path):
    with pytest.raises(InputError, match="no data folder"):
        backup(tmp_path / "none", tmp_path / "copy")
    assert not list(tmp_path.iterdir())

"""The store keeps what was acknowledged, sweeps what was not, and is readable by any IPFS tool."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from pinatakit.content import CID, Profile, Root, Walk, build_file, car_header, walk_steps
from pinatakit.errors import BlockMismatch, PinataError
from pinatakit.server import Busy, Server, Store
from pinatakit.server.ingest import Ingest
from pinatakit.server.store.files import Kept

from .conftest import client, content_of, pin, upload
from .test_verify import flip

V1 = Profile.named("v1")
DATA = b"".join(i.to_bytes(4, "big") for i in range(250_000))  # a million bytes


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


KEPT = Kept(Root(CID.of(b""), 0, 0), None, "", 0, "public")


def add(store: Store, data: bytes, name: str = "a.bin", network: str = "public") -> CID:
    """Keep a file, without the network in between."""
    ingest = begin(store, data, name)
    return ingest.keep(KEPT._replace(network=network)).result().cid


def begin(store: Store, data: bytes, name: str = "a.bin") -> Ingest:
    ingest = Ingest(store, V1)
    ingest.begin(name)
    ingest.feed(data)
    ingest.end()
    return ingest


def cars(folder: Path) -> list[str]:
    """The roots by which CARs are named, without the number that keeps their names apart."""
    return sorted(path.name.partition(".")[0] for path in (folder / "cars").glob("*.*.car"))


def whole(folder: Path, cid: CID | str) -> dict[str, bytes]:
    """The files of a CAR on disk, every block checked."""
    (path,) = (folder / "cars").glob(f"{CID.parse(cid).to_v1()}.*.car")
    found = content_of(path.read_bytes())
    with path.open("rb") as car:
        assert car.read(len(car_header([CID.parse(cid)]))) == car_header([CID.parse(cid)])
    return found


def test_a_restart_keeps_everything(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        file = upload(api, DATA, "data.bin", keyvalues='{"a":"b"}')
        folder = pin(api, ("box/a.txt", b"a"), ("box/b.bin", DATA), pinataOptions='{"cidVersion":0}')
        secret = upload(api, b"private", network="private")
        job = api.post(
            "/pinning/pinByHash", json={"hashToPin": "QmVLwvmGehsrNEvhcCnnsw5RQNseohgEkFNN1848zNzdng"}
        )
        gone = pin(api, ("gone.txt", b"gone"))
        api.delete(f"/pinning/unpin/{gone['IpfsHash']}")
        asked = [
            "/data/pinList",
            "/data/pinList?status=unpinned",
            "/data/userPinnedDataTotal",
            "/pinning/pinJobs",
            "/v3/files/public",
            f"/v3/files/private/{secret['id']}",
        ]
        before = [api.get(path).json() for path in asked]
    with Server(tmp_path) as server, client(server) as api:
        assert [api.get(path).json() for path in asked] == before
        assert before[3]["rows"][0]["id"] == job.json()["id"]
        assert api.get(f"/ipfs/{file['cid']}").content == DATA
        assert api.get(f"/ipfs/{folder['IpfsHash']}/b.bin").content == DATA
        assert pin(api, ("data.bin", DATA))["isDuplicate"] is True


def test_cars_on_disk_are_read_by_any_reader_of_cars(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        made = upload(api, DATA)
        older = pin(api, ("box/a.txt", b"a"), ("box/sub/b.bin", DATA), pinataOptions='{"cidVersion":0}')
        empty = upload(api, b"")
    assert whole(tmp_path, made["cid"]) == {"": DATA}
    assert whole(tmp_path, older["IpfsHash"]) == {"a.txt": b"a", "sub/b.bin": DATA}
    assert whole(tmp_path, empty["cid"]) == {"": b""}
    assert len(cars(tmp_path)) == 3
    assert list((tmp_path / "cars" / "incoming").iterdir()) == []


def test_content_that_repeats_is_on_disk_once(tmp_path, store):
    cid = add(store, bytes(20_000_000))
    (car,) = (tmp_path / "cars").glob(f"{cid}.*.car")
    assert car.stat().st_size < 500_000
    assert whole(tmp_path, cid) == {"": bytes(20_000_000)}


def test_a_start_sweeps_what_a_crash_has_left(tmp_path, monkeypatch):
    store = Store(tmp_path)
    kept, gone = add(store, b"kept"), add(store, b"gone")
    begin(store, DATA)._car.close()  # half written
    named = begin(store, b"named, but the record was not committed")
    number = named._car.begin()
    named._car.settle(named._roots[0])
    named._car._path(number).replace(store.cars.path(named._roots[0].cid, number))
    monkeypatch.setattr(store.cars, "remove", lambda _: None)
    assert store.files.delete("public", cid=gone)  # committed, but the CAR is still there
    store.close()
    (tmp_path / "cars" / "incoming" / "999.car").write_bytes(b"half")
    assert len(list((tmp_path / "cars").glob("*.car"))) == 3
    store = Store(tmp_path)
    try:
        assert cars(tmp_path) == [str(kept)]
        assert list((tmp_path / "cars" / "incoming").iterdir()) == []
        assert [row[0] for row in store.records.read("SELECT root FROM car")] == [str(kept)]
        assert len(store.records.read("SELECT * FROM block")) == 1
        assert store.records.read("SELECT * FROM leaving") == []
    finally:
        store.close()
    assert whole(tmp_path, kept) == {"": b"kept"}


def test_a_start_sweeps_small_content_that_was_written_and_not_recorded(tmp_path):
    store = Store(tmp_path)
    kept = add(store, b"kept")
    listed = (tmp_path / "cars" / "arriving").read_text()  # as it is before the commit
    store.close()
    assert not (tmp_path / "cars" / "arriving").exists()
    (car,) = (tmp_path / "cars").glob("*.car")
    lost = car.with_name(f"{CID.of(b'lost')}.77.car")
    for path in (lost, car.with_name(f"{CID.of(b'old')}.78.car")):
        path.write_bytes(b"")
    (tmp_path / "cars" / "arriving").write_text(f"{listed}{lost.name}\n{CID.of(b'cut')}.78.c")
    Store(tmp_path).close()
    assert cars(tmp_path) == sorted([str(kept), str(CID.of(b"old"))])  # what is not listed is left to gc
    assert not (tmp_path / "cars" / "arriving").exists()


def test_what_is_being_written_is_dropped_whole(tmp_path, store):
    begin(store, DATA).drop()
    assert list((tmp_path / "cars" / "incoming").iterdir()) == []
    for table in ("car", "block", "file"):
        assert store.records.read(f"SELECT * FROM {table}") == []


def test_a_second_store_on_the_same_folder_is_refused(tmp_path, store):
    with pytest.raises(Busy, match="another local Pinata") as caught:
        Store(tmp_path)
    assert "another folder" in str(caught.value)


def test_a_closed_store_lets_go_of_its_folder(tmp_path):
    for _ in range(3):
        Store(tmp_path).close()


def test_a_store_of_another_version_is_not_touched(tmp_path):
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / "records.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(PinataError, match="of version 99"):
        Store(tmp_path)


def test_unpinning_takes_the_car_away(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        made = pin(api, ("a.bin", DATA))
        assert api.get(f"/ipfs/{made['IpfsHash']}").content == DATA  # so that its CAR is open
        assert cars(tmp_path) == [made["IpfsHash"]]
        api.delete(f"/pinning/unpin/{made['IpfsHash']}")
        assert cars(tmp_path) == []
        assert api.get(f"/ipfs/{made['IpfsHash']}").status_code == 404
        assert pin(api, ("a.bin", DATA))["IpfsHash"] == made["IpfsHash"]
        assert api.get(f"/ipfs/{made['IpfsHash']}").content == DATA


@pytest.mark.parametrize("first", ["public", "private"])
def test_content_that_is_public_and_private_stays_until_both_are_gone(tmp_path, first):
    with Server(tmp_path) as server, client(server) as api:
        made = {network: upload(api, DATA, network=network) for network in ("public", "private")}
        assert made["public"]["cid"] == made["private"]["cid"]
        car = made["public"]["cid"]
        assert cars(tmp_path) == [car]
        second = {"public": "private", "private": "public"}[first]
        assert api.delete(f"/v3/files/{first}/{made[first]['id']}").status_code == 200
        assert cars(tmp_path) == [car]
        served = api.get(f"/ipfs/{made['public']['cid']}").status_code
        assert served == (200 if second == "public" else 404)
        assert whole(tmp_path, made["public"]["cid"]) == {"": DATA}
        assert api.delete(f"/v3/files/{second}/{made[second]['id']}").status_code == 200
        assert cars(tmp_path) == []


def test_two_uploads_of_the_same_content_at_once_make_one(tmp_path, store):
    first, second = begin(store, DATA), begin(store, DATA)
    kept = Kept(Root(CID.of(b""), 0, 0), None, "", 0)
    made = [ingest.keep(kept).result() for ingest in (first, second)]
    assert [one.is_duplicate for one in made] == [False, True]
    assert made[0].id == made[1].id
    assert len(cars(tmp_path)) == 1
    assert list((tmp_path / "cars" / "incoming").iterdir()) == []
    assert whole(tmp_path, made[0].cid) == {"": DATA}


def test_many_cars_are_read_with_few_files_open(tmp_path):
    with Server(tmp_path) as server:
        store = server.store
        made = [add(store, b"content %d" % i) for i in range(100)]
        for cid in made + made[::-1]:
            number = store.cars.find(cid, among="file.network = 'public'")
            cid.verify(store.cars.getter(number)(cid))
        opened = [file.resolve().suffix for file in Path("/proc/self/fd").glob("*")]  # Linux; else none
        assert opened.count(".car") <= 64


def test_a_car_that_was_cut_is_told_and_not_served_as_whole(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        cid = pin(api, ("a.bin", b"soon to be damaged"))["IpfsHash"]
        (path,) = (tmp_path / "cars").glob(f"{cid}.*.car")
        os.truncate(path, path.stat().st_size - 5)
        assert api.get(f"/ipfs/{cid}").status_code == 500


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("read_before", [False, True])
def test_a_large_file_that_was_cut_is_not_served_as_whole(tmp_path, version, read_before):
    data = random.Random(0).randbytes(3_000_000)
    with Server(tmp_path) as server, client(server) as api:
        made = upload(api, data, cid_version=f"v{version}")
        root_first = api.get(f"/ipfs/{made['cid']}?format=car").content
        api.delete(f"/v3/files/public/{made['id']}")
        cid = upload(api, root_first, car="true")["cid"]
        if read_before:
            assert api.get(f"/ipfs/{cid}").content == data
        (path,) = (tmp_path / "cars").glob("*.car")
        os.truncate(path, 2_000_000)
        with pytest.raises(httpx2.RemoteProtocolError):
            api.get(f"/ipfs/{cid}")
        assert api.get(f"/ipfs/{cid}", headers={"range": "bytes=5-999999"}).content == data[5:1_000_000]


def test_a_large_file_that_was_changed_is_served_up_to_the_change(tmp_path):
    data = random.Random(0).randbytes(3_000_000)
    got = bytearray()

    def read() -> None:
        with api.stream("GET", f"/ipfs/{cid}") as answer:
            for piece in answer.iter_bytes():
                got.extend(piece)

    with Server(tmp_path) as server, client(server) as api:
        cid = pin(api, ("a.bin", data))["IpfsHash"]
        (path,) = (tmp_path / "cars").glob(f"{cid}.*.car")
        flip(path, 2_000_000)
        with pytest.raises(httpx2.RemoteProtocolError):
            read()
    assert data.startswith(got)
    assert len(got) < 2_000_000


def test_a_write_that_fails_takes_nothing_else_with_it(store):
    def fail(db):
        db.execute("INSERT INTO setting VALUES ('half', 'done')")
        raise RuntimeError("on purpose")

    def put(name):
        return lambda db: db.execute("INSERT INTO setting VALUES (?, 'x')", (name,)).rowcount

    futures = [store.records.write(work) for work in (put("one"), fail, put("two"))]
    assert futures[0].result() == futures[2].result() == 1
    with pytest.raises(RuntimeError, match="on purpose"):
        futures[1].result()
    names = {row[0] for row in store.records.read("SELECT name FROM setting")}
    assert {"one", "two"} <= names
    assert "half" not in names


def test_those_that_are_written_with_one_that_fails_are_committed_together(store):
    made = []
    store.records.write(lambda db: time.sleep(0.2))  # the others wait for it, and are then one batch

    def put(db):
        return store.records.after_commit(lambda: made.append("committed"))

    def fail(db):
        raise RuntimeError("on purpose")

    futures = [store.records.write(work) for work in (put, put, fail, put, fail, put, put)]
    assert [type(future.exception()) for future in futures] == [
        type(None),
        type(None),
        RuntimeError,
        type(None),
        RuntimeError,
        type(None),
        type(None),
    ]
    assert made == ["committed"] * 5


def test_what_goes_wrong_after_a_commit_keeps_nobody_waiting(store):
    def fail():
        raise sqlite3.OperationalError("unable to open database file")

    store.records.write(lambda db: store.records.after_commit(fail)).result(10)
    assert store.records.write(lambda db: 1).result(10) == 1


def test_content_that_comes_again_after_a_full_disk_is_not_taken_away_with_what_had_failed(
    tmp_path, store, monkeypatch
):
    def full(file, pieces):
        raise OSError(errno.ENOSPC, "No space left on device")

    small = begin(store, b"twice")
    with monkeypatch.context() as patch:
        patch.setattr("pinatakit.server.store.cars.write_all", full)
        with pytest.raises(OSError, match="No space"):
            small.keep(KEPT).result()
    assert cars(tmp_path) == []
    large = begin(store, b"twice")
    large.open()  # as what comes in chunks, or by its CID
    cid = large.keep(KEPT).result().cid
    assert whole(tmp_path, cid)[""] == b"twice"


def test_content_is_small_only_if_it_is_so_with_its_folders(store):
    assert begin(store, bytes(60_000)).is_small
    ingest = begin(store, bytes(65_416))
    assert not ingest.is_small  # a folder around it makes more than 64 KiB of it
    assert ingest.wants_file(100)
    ingest.open()
    assert not ingest.wants_file(100)


def test_a_file_that_the_records_do_not_know_makes_way(tmp_path):
    Store(tmp_path).close()
    older = (tmp_path / "records.db").read_bytes()
    store = Store(tmp_path)
    cid = add(store, b"one")
    store.close()
    (tmp_path / "records.db").write_bytes(older)
    (left,) = (tmp_path / "cars").glob("*.car")
    left.write_bytes(b"of before")
    store = Store(tmp_path)
    try:
        assert add(store, b"one") == cid
        assert whole(tmp_path, cid)[""] == b"one"
    finally:
        store.close()


def test_a_pin_job_lets_go_of_a_car_that_could_not_be_begun(store, monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    car = store.cars.write_known(CID.of(b"job"))
    monkeypatch.setattr(car, "begin", full)
    with pytest.raises(OSError, match="No space"):
        store.jobs.leave("job", car)
    assert store.records.write(lambda db: 1).result(10) == 1


def test_files_that_are_removed_beside_a_write_that_fails_are_leaving_no_more(store):
    def fail(db):
        raise RuntimeError("on purpose")

    for data in (b"one", b"two", b"three"):
        add(store, data)
    pins = [row["id"] for row in store.records.read("SELECT id FROM file")]
    store.files.delete("public", id=pins[0])
    store.records.write(lambda db: time.sleep(0.2))
    with ThreadPoolExecutor(2) as threads:
        deleting = threads.submit(store.files.delete, "public", id=pins[1])
        time.sleep(0.05)
        failing = store.records.write(fail)
        deleting.result()
    assert isinstance(failing.exception(), RuntimeError)
    store.files.delete("public", id=pins[2])
    assert len(store.records.read("SELECT name FROM leaving")) == 1  # the last, until there is another


def test_a_closed_store_takes_no_writes(tmp_path):
    store = Store(tmp_path)
    store.close()
    with pytest.raises(PinataError, match="closed"):
        store.records.write(lambda db: None).result()


def test_the_size_of_a_pin_is_the_bytes_of_all_its_blocks(store):
    add(store, DATA)
    usage = store.files.usage()
    assert usage.pin_size_total == build_file([DATA], V1).dag_size


def test_the_two_names_of_a_block_have_a_car_each(store):
    ingest = Ingest(store, Profile.named("v0"))
    ingest.begin("a.bin")
    ingest.feed(DATA)
    ingest.end()
    v0 = ingest.keep(Kept(Root(CID.of(b""), 0, 0), None, "", 0)).result().cid
    assert store.files.pin_held(v0.to_v1(), None, {}, None)
    assert store.files.delete("public", cid=v0.to_v1())
    number = store.cars.find(v0, among="1")
    assert number is not None
    walk = Walk(v0)
    assert (
        b"".join(step for step in walk_steps(walk, store.cars.getter(number)) if isinstance(step, bytes))
        == DATA
    )


def test_content_unpinned_and_uploaded_in_one_breath_is_there(store):
    cid = add(store, DATA)
    again = begin(store, DATA)
    root = again._whole().root
    again._car.settle(root)
    gate = threading.Event()
    store.records.write(lambda db: gate.wait(10))
    with ThreadPoolExecutor(2) as pool:  # both wait for the writer, and are then written together
        gone = pool.submit(store.files.delete, "public", cid=cid)
        time.sleep(0.05)
        kept = store.files.add(Kept(root, None, "", 1), again._car)
        time.sleep(0.05)
        gate.set()
        assert gone.result(10)
        assert not kept.result(10).is_duplicate
    assert b"".join(whole(store.folder, cid).values()) == DATA


def test_a_full_disk_under_the_database_is_told_and_the_next_write_is_done(store):
    def fill(db: sqlite3.Connection) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        db.execute("CREATE TABLE filling (data BLOB)")
        db.execute("INSERT INTO filling VALUES (zeroblob(10000000))")

    with pytest.raises(OSError, match="no room"):
        store.records.write(fill).result(10)
    store.records.write(lambda db: db.execute("PRAGMA max_page_count = 4294967294").fetchone()).result(10)
    assert whole(store.folder, add(store, DATA))


def test_what_has_expired_is_unpinned_and_goes(store):
    ingest = begin(store, DATA)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    cid = ingest.keep(Kept(Root(CID.of(b""), 0, 0), None, "", 0, expires_at=soon)).result().cid
    store.files.expire()
    assert store.files.usage().pin_count == 1
    time.sleep(max(0, (soon - datetime.now(UTC)).total_seconds()) + 0.01)
    store.files.expire()
    assert store.files.usage().pin_count == 0
    assert store.cars.find(cid, among="1") is None
    assert cars(store.folder) == []


def test_a_block_is_hashed_until_it_was_sound_once_in_each_car_for_itself(store):
    cid = CID.of(b"sound")
    check = store.cars.read(1).check
    with pytest.raises(BlockMismatch):
        check(cid, b"damaged")
    with pytest.raises(BlockMismatch):
        check(cid, b"damaged")
    check(cid, b"sound")
    check(cid, b"which is not looked at again")
    with pytest.raises(BlockMismatch):
        store.cars.read(2).check(cid, b"damaged")


@pytest.mark.parametrize("data", [DATA, b"small"])
def test_nothing_stays_of_an_upload_whose_record_could_not_be_kept(store, monkeypatch, data):
    ingest = begin(store, data)
    add(store, b"one before")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pinatakit.server.store.cars.sync_folder", full)
    with pytest.raises(OSError, match="No space"):
        ingest.keep(Kept(Root(CID.of(b""), 0, 0), None, "", 0)).result()
    monkeypatch.undo()
    ingest.drop()
    add(store, b"another")
    assert len(cars(store.folder)) == 2


def test_a_block_is_found_without_looking_at_every_file(store):
    columns = "id, cid, network, size, dag_size, number_of_files, keyvalues, created"
    others = [(f"id{n}", f"cid{n}", "public", 1, 1, 1, "{}", 0) for n in range(1000)]
    sql = f"INSERT INTO file ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    store.records.write(lambda db: db.executemany(sql, others)).result()
    cid = add(store, b"the last and largest of them")
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with store.records.unchanging() as reader:  # the next one too, for nobody else reads
        reader.set_progress_handler(step, 1)
    assert store.cars.find(cid, among="file.network = 'public'")
    assert 0 < steps < 1000

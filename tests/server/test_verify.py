"""Verify and gc: damage planted in a data folder is found, told, and mended where that can be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pinatakit.content import CID, CarReader, Profile, Root, car_header, car_section
from pinatakit.server import Server, Store
from pinatakit.server.ingest import Ingest
from pinatakit.server.store import beside
from pinatakit.server.store.files import Kept
from pinatakit.server.store.gc import collect
from pinatakit.server.store.verify import Finding, Seen, verify

from .conftest import client, pin, upload

V1 = Profile.named("v1")
DATA = b"".join(i.to_bytes(4, "big") for i in range(250_000))  # a million bytes: four chunks and a root


def add(folder: Path, data: bytes, name: str = "a.bin") -> CID:
    """Keep a file in a store that is closed again."""
    store = Store(folder)
    try:
        ingest = Ingest(store, V1)
        ingest.begin(name)
        ingest.feed(data)
        ingest.end()
        return ingest.keep(Kept(Root(CID.of(b""), 0, 0), None, "", 0)).result().cid
    finally:
        store.close()


def car(folder: Path, cid: CID) -> Path:
    (path,) = (folder / "cars").glob(f"{cid.to_v1()}.*.car")
    return path


def found(folder: Path) -> tuple[list[Finding], Seen]:
    findings = []
    with beside(folder) as cars:
        going = verify(cars)
        while True:
            try:
                findings.append(next(going))
            except StopIteration as end:
                return findings, end.value


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def places(path: Path) -> list[tuple[int, int, CID]]:
    """Where the blocks of a CAR are."""
    return [(at, size, block.cid) for at, size, block in CarReader().feed_placed(path.read_bytes())]


def change(folder: Path, sql: str, *values) -> None:
    with closing(sqlite3.connect(folder / "records.db")) as db, db:
        db.execute(sql, values)


def read(folder: Path, cid: CID) -> bytes | None:
    """What the gateway serves after a restart, if anything whole."""
    with Server(folder) as server, client(server) as api:
        try:
            answer = api.get(f"/ipfs/{cid}")
        except Exception:  # noqa: BLE001  (it is cut where a block is damaged)
            return None
        return answer.content if answer.status_code == 200 else None


def test_of_a_sound_store_there_is_nothing_to_tell(tmp_path):
    cid = add(tmp_path, DATA)
    size = car(tmp_path, cid).stat().st_size
    assert found(tmp_path) == ([], Seen(1, 5, size))


@pytest.mark.parametrize("block", range(5))
def test_one_bit_anywhere_in_a_block_is_found(tmp_path, block):
    cid = add(tmp_path, DATA)
    at, size, damaged = places(car(tmp_path, cid))[block]
    flip(car(tmp_path, cid), at + size // 2)
    (finding,), _ = found(tmp_path)
    assert (finding.kind, finding.what, finding.mended) == ("damaged", str(cid), False)
    assert str(damaged) in finding.words


def test_damage_that_was_told_is_told_again_until_the_content_comes_again(tmp_path):
    cid = add(tmp_path, DATA)
    flip(car(tmp_path, cid), places(car(tmp_path, cid))[1][0])
    assert [finding.mended for finding in found(tmp_path)[0]] == [False]
    assert [finding.mended for finding in found(tmp_path)[0]] == [False]
    assert read(tmp_path, cid) is None
    assert add(tmp_path, DATA) == cid
    assert found(tmp_path)[0] == []
    assert read(tmp_path, cid) == DATA


def test_a_car_that_is_gone_is_missing_until_the_content_comes_again(tmp_path):
    cid = add(tmp_path, DATA)
    car(tmp_path, cid).unlink()
    (finding,), _ = found(tmp_path)
    assert (finding.kind, finding.what, finding.mended) == ("missing", str(cid), False)
    add(tmp_path, DATA)
    assert found(tmp_path)[0] == []
    assert read(tmp_path, cid) == DATA


def test_a_car_that_was_cut_is_found(tmp_path):
    cid = add(tmp_path, DATA)
    path = car(tmp_path, cid)
    path.write_bytes(path.read_bytes()[:-100])
    (finding,), _ = found(tmp_path)
    assert (finding.kind, finding.what, finding.mended) == ("damaged", str(cid), False)
    add(tmp_path, DATA)
    assert found(tmp_path)[0] == []


def test_damage_is_mended_from_another_car_with_the_same_blocks(tmp_path):
    whole, part = add(tmp_path, DATA), add(tmp_path, DATA[: 1 << 18])
    flip(car(tmp_path, part), places(car(tmp_path, part))[0][0])
    flip(car(tmp_path, whole), places(car(tmp_path, whole))[0][0])
    assert {finding.mended for finding in found(tmp_path)[0]} == {False}  # both have lost the one block
    add(tmp_path, DATA[: 1 << 18])
    (finding,), _ = found(tmp_path)
    assert (finding.what, finding.mended) == (str(whole), True)
    assert found(tmp_path)[0] == []
    assert read(tmp_path, whole) == DATA


def test_a_broken_frame_around_good_blocks_is_made_again(tmp_path):
    """What stands between the blocks, and the header, can be told from the index."""
    cid = add(tmp_path, DATA)
    at, _, second = places(car(tmp_path, cid))[1]
    flip(car(tmp_path, cid), at - len(bytes(second)) - 1)  # the size of the section
    assert [(finding.kind, finding.mended) for finding in found(tmp_path)[0]] == [("damaged", True)]
    flip(car(tmp_path, cid), len(car_header([cid])) - 1)  # the last byte of the root in the header
    assert [(finding.kind, finding.mended) for finding in found(tmp_path)[0]] == [("damaged", True)]
    assert found(tmp_path)[0] == []
    assert read(tmp_path, cid) == DATA


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM block",
        "UPDATE block SET at = at + 1",
        "UPDATE block SET size = 3",
        "UPDATE block SET at = 1000000000000",
        "INSERT INTO block SELECT zeroblob(34), n, 100, 100 FROM car",
    ],
)
def test_the_index_is_made_right(tmp_path, sql):
    cid = add(tmp_path, DATA)
    change(tmp_path, sql)
    (finding,), _ = found(tmp_path)
    assert (finding.kind, finding.what, finding.mended) == ("index", str(cid), True)
    assert found(tmp_path)[0] == []
    assert read(tmp_path, cid) == DATA


def test_a_file_that_no_record_knows_is_an_orphan_and_gc_takes_it(tmp_path):
    cid = add(tmp_path, DATA)
    orphan = tmp_path / "cars" / f"{CID.of(b'x')}.77.car"
    orphan.write_bytes(b"x" * 1000)
    half = tmp_path / "cars" / "incoming" / "78.car"
    half.write_bytes(b"x" * 500)
    told = {finding.what for finding in found(tmp_path)[0] if finding.kind == "orphan" and not finding.mended}
    assert told == {f"cars/{orphan.name}", "cars/incoming/78.car"}
    with beside(tmp_path) as cars:
        assert collect(cars)[:2] == (2, 1500)
        assert collect(cars) == (0, 0, 0)
    assert not orphan.exists()
    assert not half.exists()
    assert read(tmp_path, cid) == DATA


def test_a_car_whose_record_is_lost_is_taken_in_again(tmp_path):
    cid = add(tmp_path, DATA)
    change(tmp_path, "DELETE FROM block")
    change(tmp_path, "DELETE FROM car")
    (finding,), _ = found(tmp_path)
    assert (finding.kind, finding.mended) == ("orphan", True)
    with beside(tmp_path) as cars:
        collect(cars)
    assert found(tmp_path)[0] == []
    assert read(tmp_path, cid) == DATA


def test_what_is_pinned_and_has_no_car_is_missing(tmp_path):
    cid = add(tmp_path, DATA)
    change(tmp_path, "DELETE FROM block")
    change(tmp_path, "DELETE FROM car")
    (tmp_path / "cars").joinpath(car(tmp_path, cid).name).unlink()
    (finding,), _ = found(tmp_path)
    assert (finding.kind, finding.what, finding.mended) == ("missing", str(cid), False)


def test_gc_frees_what_has_expired_and_entries_that_lead_nowhere(tmp_path):
    cid = add(tmp_path, DATA)
    size = car(tmp_path, cid).stat().st_size
    change(tmp_path, "UPDATE file SET expires = 1")
    change(tmp_path, "INSERT INTO block SELECT zeroblob(30), 99, 1, 1")
    with beside(tmp_path) as cars:
        assert collect(cars) == (1, size, 1)
    assert not list((tmp_path / "cars").glob("*.car"))
    assert found(tmp_path) == ([], Seen(0, 0, 0))


def test_folders_and_uploaded_cars_are_sound(tmp_path):
    with Server(tmp_path) as server, client(server) as api:
        pin(api, ("site/a.txt", b"a"), ("site/b/c.txt", b"c"), ("site/empty", b""))
        block = b"alone"
        extra = car_section(CID.of(b"extra"), 5) + b"extra"
        root = CID.of(block)
        upload(api, car_header([root]) + car_section(root, 5) + block + extra, car="true")
        assert found(tmp_path)[0] == []


def test_a_server_that_runs_is_not_disturbed(tmp_path):
    """While it takes uploads and deletes, nothing is told of what is under way, and nothing of it goes."""
    from concurrent.futures import ThreadPoolExecutor

    with Server(tmp_path) as server, client(server) as api:
        kept = [upload(api, DATA[: 1000 * number + 500_000], f"{number}") for number in range(4)]

        def busy(worker: int) -> list[dict]:
            made = []
            with client(server) as own:
                for number in range(15):
                    data = f"{worker} {number} ".encode() * 30_000
                    file = upload(own, data, f"{worker}-{number}")
                    if number % 2:
                        assert own.delete(f"/v3/files/public/{file['id']}").status_code == 200
                    else:
                        made.append({**file, "data": data})
            return made

        with ThreadPoolExecutor(3) as pool:
            working = [pool.submit(busy, worker) for worker in range(3)]
            rounds = 0
            while rounds < 3 or not all(work.done() for work in working):
                rounds += 1
                assert found(tmp_path)[0] == []
                with beside(tmp_path) as cars:
                    collect(cars)
            made = [file for work in working for file in work.result()]
        for file in made:
            assert api.get(f"/ipfs/{file['cid']}").content == file["data"]
        assert all(api.get(f"/ipfs/{file['cid']}").status_code == 200 for file in kept)
        assert found(tmp_path)[0] == []

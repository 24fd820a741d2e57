"""``store``: what it tells of a data folder, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

from .processes import HELLO, HELLO_V1, serving


def test_verify_of_a_sound_store_ends_with_0_and_of_a_damaged_one_with_7(run, tmp_path):
    data = tmp_path / "data"
    with serving(tmp_path, "--data", data) as served:
        served.client.upload(HELLO, name="hello")
        ran = run("store", "verify", "--data", data)  # while it runs
        assert (ran.code, ran.out) == (0, "")
        assert "1 CAR with 1 block, " in ran.err
        assert "all is there" in ran.err
    (car,) = (data / "cars").glob("*.car")
    car.write_bytes(car.read_bytes()[:-1] + b"!")
    ran = run("store", "verify", "--data", data)
    assert ran.code == 7
    assert ran.out.startswith(f"damaged: {HELLO_V1}: 1 of its blocks are damaged, first {HELLO_V1}")
    assert "1 lost" in ran.err
    ran = run("store", "verify", "--data", data, "--json")
    finding, total = map(json.loads, ran.lines)
    assert (ran.code, finding["kind"], finding["what"], finding["mended"]) == (7, "damaged", HELLO_V1, False)
    assert (total["cars"], total["found"], total["lost"]) == (1, 1, 1)
    run("upload", f"--local={data}", "-", "--name", "hello", input=HELLO)
    assert run("store", "verify", "--data", data).code == 0


def test_gc_frees_what_a_crash_has_left(run, tmp_path):
    data = tmp_path / "data"
    with serving(tmp_path, "--data", data) as served:
        served.client.upload(HELLO, name="hello")
        (data / "cars" / f"{HELLO_V1}.99.car").write_bytes(b"x" * 100)
        assert run("store", "gc", "--data", data, "--json").json == {"cars": 1, "bytes": 100, "entries": 0}
        assert "0 B of 0 files" in run("store", "gc", "--data", data).err
        assert served.client.read_bytes(HELLO_V1) == HELLO


def test_a_backup_can_be_served(run, tmp_path):
    with serving(tmp_path, "--data", tmp_path / "data") as served:
        served.client.upload(HELLO, name="hello")
        ran = run("store", "backup", "--data", tmp_path / "data", "copy", "--json")
        assert (ran.code, ran.json["cars"], ran.json["linked"]) == (0, 1, 1)
        assert run("store", "backup", "--data", tmp_path / "data", "copy").failed(2)
    with serving(tmp_path, "--data", tmp_path / "copy") as served:
        assert served.client.read_bytes(HELLO_V1) == HELLO


def test_a_store_is_moved_by_export_and_import(run, tmp_path):
    with serving(tmp_path, "--data", tmp_path / "data") as served:
        served.client.upload(HELLO, name="hello", keyvalues={"k": "v"})
        assert run("store", "export", "--data", tmp_path / "data", "out", "--json").json == {
            "groups": 0,
            "files": 1,
        }
        assert run("store", "import", "--data", tmp_path / "data", "out").failed(1)  # it is served
    ran = run("store", "import", "--data", tmp_path / "new", "out", "--json")
    assert (ran.code, ran.json) == (0, {"groups": 0, "files": 1, "there": 0, "refused": 0})
    (car,) = (tmp_path / "out" / "cars").iterdir()
    car.write_bytes(car.read_bytes()[:-1])
    ran = run("store", "import", "--data", tmp_path / "other", "out")
    assert ran.code == 7
    assert f"refused: {HELLO_V1}" in ran.err
    with serving(tmp_path, "--data", tmp_path / "new") as served:
        (file,) = served.client.files.list()
        assert (file.name, file.keyvalues) == ("hello", {"k": "v"})
        assert served.client.read_bytes(HELLO_V1) == HELLO


def test_without_a_store_nothing_is_made(run, tmp_path, home):
    for command in (("verify",), ("gc",), ("backup", "copy"), ("export", "out")):
        assert run("store", *command).failed(2)
    assert not (Path(home) / "data" / "pinatakit").exists()


def test_what_is_done_to_a_store_is_printed_in_any_format(run, tmp_path):
    with serving(tmp_path, "--data", tmp_path / "data") as served:
        served.client.upload(HELLO, name="hello")
    data = ("--data", tmp_path / "data")
    assert run("store", "gc", *data, "--format", "csv").lines == ["cars,bytes,entries", "0,0,0"]
    assert run("store", "export", *data, "out", "--fields", "files", "--json").json == {"files": 1}
    (car,) = (tmp_path / "data" / "cars").glob("*.car")
    car.write_bytes(car.read_bytes()[:-1] + b"!")
    ran = run("store", "verify", *data, "-q")
    assert (ran.code, ran.lines) == (7, [HELLO_V1])

"""One thread writes, whatever becomes of those who asked; readers are lent connections."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pinatakit.errors import PinataError
from pinatakit.server.store import Records


@pytest.fixture
def records(tmp_path):
    records = Records(tmp_path / "records.db")
    yield records
    records.close()


def test_a_write_that_was_given_up_is_not_done_and_the_next_one_is(records):
    gate = threading.Event()
    running = records.write(lambda db: gate.wait(10))
    given_up = records.write(lambda db: db.execute("INSERT INTO setting VALUES ('given', 'up')"))
    assert given_up.cancel()
    gate.set()
    assert running.result(10)
    assert records.write(lambda db: 1).result(10) == 1
    assert records.read_one("SELECT 1 FROM setting WHERE name = 'given'") is None


def test_threads_that_come_and_go_share_their_connections(records):
    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: records.read("SELECT 1"), range(40)))
    assert records._readers.qsize() <= 4


def test_a_write_that_fails_takes_no_other_with_it(records):
    gate = threading.Event()
    records.write(lambda db: gate.wait(10))
    good = records.write(lambda db: db.execute("INSERT INTO setting VALUES ('good', '')"))
    bad = records.write(lambda db: {}["nothing"])
    gate.set()
    good.result(10)
    with pytest.raises(KeyError):
        bad.result(10)
    assert records.read_one("SELECT 1 FROM setting WHERE name = 'good'")


def test_a_damaged_database_is_told_by_name(tmp_path):
    (tmp_path / "records.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(PinataError, match=r"records\.db"):
        Records(tmp_path / "records.db")


def test_after_the_end_a_write_is_refused(tmp_path):
    records = Records(tmp_path / "records.db")
    records.close()
    with pytest.raises(PinataError, match="closed"):
        records.write(lambda db: None).result(10)

"""One thread writes, whatever becomes of those who asked; readers are lent connections."""

from __future__ import annotations

import asyncio
import os
import sqlite3
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
    assert len(records._readers) <= 4


def test_a_write_that_fails_takes_no_other_with_it(records):
    gate = threading.Event()
    records.write(lambda db: gate.wait(10))
    good = records.write(lambda db: db.execute("INSERT INTO setting VALUES ('good', '')"))
    bad = records.write(lambda db: {db.execute("INSERT INTO setting VALUES ('bad', '')"): 1}["nothing"])
    better = records.write(lambda db: db.execute("INSERT INTO setting VALUES ('better', '')"))
    gate.set()
    good.result(10)
    better.result(10)
    with pytest.raises(KeyError):
        bad.result(10)
    assert [row[0] for row in records.read("SELECT name FROM setting")] == ["better", "good"]


def test_whoever_wrote_sees_it_whatever_others_looked_at_before(records):
    def write_and_look(who):
        for number in range(200):
            records.write(
                lambda db, n=number: db.execute("REPLACE INTO setting VALUES (?, ?)", (who, str(n)))
            ).result()
            assert records.read_one("SELECT value FROM setting WHERE name = ?", (who,))["value"] == str(
                number
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_and_look, "abcd"))


def test_what_is_read_between_two_writes_keeps_the_log_from_no_new_start(records, tmp_path):
    """SQLite starts its log anew where nobody looks at it, which is else as long as all that was written."""
    for number in range(400):
        text = f"{number}" * 10_000
        records.write(
            lambda db, text=text: db.execute("REPLACE INTO setting VALUES ('a', ?)", (text,))
        ).result()
        assert records.read_one("SELECT value FROM setting")["value"] == text
    assert number * len(text) > 10_000_000 > (tmp_path / "records.db-wal").stat().st_size


def test_what_another_process_writes_is_seen_and_its_log_starts_anew(records, tmp_path):
    """`store verify` and `store gc` write beside a server, which may do nothing but read for as long."""
    assert records.read_one("SELECT value FROM setting") is None
    beside = Records(tmp_path / "records.db")
    for number in range(400):
        text = f"{number}" * 10_000
        beside.write(
            lambda db, text=text: db.execute("REPLACE INTO setting VALUES ('a', ?)", (text,))
        ).result()
    beside.close()
    assert number * len(text) > 10_000_000 > (tmp_path / "records.db-wal").stat().st_size
    assert records.read_one("SELECT value FROM setting")["value"] == text


def test_a_turn_of_the_loop_looks_at_one_moment_and_the_next_sees_what_was_written(records, tmp_path):
    beside = Records(tmp_path / "records.db")

    async def main():
        for number in range(50):
            by = (records, beside)[number % 2]  # the server itself, or another process
            written = by.write(lambda db, n=number: db.execute("REPLACE INTO setting VALUES ('a', ?)", (n,)))
            await asyncio.wrap_future(written)
            for _ in range(3):
                assert records.glance("SELECT value FROM setting")["value"] == str(number)

    asyncio.run(main())
    beside.close()


def test_a_glance_that_fails_keeps_no_other_from_looking(records):
    async def main():
        with pytest.raises(sqlite3.OperationalError):
            records.glance("SELECT nothing FROM nowhere")
        assert records.glance("SELECT 1")[0] == 1
        await asyncio.sleep(0)
        assert records.glance("SELECT 2")[0] == 2

    asyncio.run(main())


def test_a_look_that_sqlite_ended_itself_costs_no_connection(records):
    """As it does where the disk fails: https://www.sqlite.org/lang_transaction.html, section 3."""

    async def main():
        for number in range(3):
            assert records.glance("SELECT ?", (number,))[0] == number
            records._glancing.execute("ROLLBACK")
            await asyncio.sleep(0)

    asyncio.run(main())
    assert len(records._readers) == 1


def test_a_moment_can_be_looked_at_while_all_goes_on(records):
    records.write(lambda db: db.execute("INSERT INTO setting VALUES ('a', '')")).result()
    for _ in range(2):
        assert records.read_one("SELECT count(*) FROM setting")[0] == 1
        with records.unchanging() as reader:
            assert reader.execute("SELECT count(*) FROM setting").fetchone()[0] == 1
            records.write(lambda db: db.execute("REPLACE INTO setting VALUES ('b', '')")).result()
            assert reader.execute("SELECT count(*) FROM setting").fetchone()[0] == 1
        assert records.read_one("SELECT count(*) FROM setting")[0] == 2
        records.write(lambda db: db.execute("DELETE FROM setting WHERE name = 'b'")).result()


def test_a_damaged_database_is_told_by_name(tmp_path):
    (tmp_path / "records.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(PinataError, match=r"records\.db"):
        Records(tmp_path / "records.db")


def test_where_no_more_files_can_be_opened_a_database_is_not_or_takes_writes(tmp_path):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    Records(tmp_path / "records.db").close()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(free := os.dup(0))
    refused: list[str] = []
    try:
        for more in range(20):
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, limits[1]))
            try:
                records = Records(tmp_path / "records.db")
            except PinataError as error:
                refused.append(error.message)
                continue
            assert records.write(lambda db: 1).result(10) == 1
            records.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert 1 < len(refused) < 20
    assert all("cannot be opened" in message for message in refused)


def test_after_the_end_a_write_is_refused(tmp_path):
    records = Records(tmp_path / "records.db")
    records.close()
    with pytest.raises(PinataError, match="closed"):
        records.write(lambda db: None).result(10)


def test_what_is_due_before_a_commit_is_done_once_for_all_that_it_commits(records):
    gate, seen = threading.Event(), []
    records.write(lambda db: gate.wait(10))

    def sync(names):
        seen.append((names, records.read_one("SELECT 1 FROM setting")))

    def write(name):
        def work(db):
            db.execute("INSERT INTO setting VALUES (?, '')", (name,))
            records.before_commit(sync, name)

        return records.write(work)

    written = [write(name) for name in "abc"]
    gate.set()
    for one in written:
        one.result(10)
    assert seen == [(["a", "b", "c"], None)]  # once, and nothing of it was committed yet


def test_what_cannot_be_done_before_a_commit_undoes_all_of_it(records):
    gate = threading.Event()
    records.write(lambda db: gate.wait(10))

    def sync(_):
        raise OSError(28, "No space left on device")

    good = records.write(lambda db: db.execute("INSERT INTO setting VALUES ('good', '')"))
    bad = records.write(lambda db: records.before_commit(sync, None))
    gate.set()
    for one in (good, bad):
        with pytest.raises(OSError, match="No space left"):
            one.result(10)
    assert records.read("SELECT * FROM setting") == []
    assert records.write(lambda db: 1).result(10) == 1

"""Records: what the local Pinata knows, in SQLite.

One thread writes. It takes all that waits and commits it together, so that many uploads share
one sync to disk; where one of them fails, each is done again by itself. Whoever waits for a write
goes on when it is on disk (WAL, synchronous=FULL). Readers never wait for the writer.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import queue
import re
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pinatakit.errors import PinataError

_log = logging.getLogger("pinatakit.store")

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], T]
"""What is done in a transaction. It may be done twice: what it does besides must bear that."""

VERSION: Final = 6
_BATCH: Final = 256
_CACHE: Final = 2048  # KiB of pages that who writes keeps, and the first who reads
_SMALL_CACHE: Final = 256  # KiB that the others keep: 40 of them, perhaps

SCHEMA: Final = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE key (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE, secret TEXT NOT NULL,
    scopes TEXT NOT NULL, max_uses INTEGER, uses INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, updated INTEGER NOT NULL
) STRICT;

-- A file or folder that is or was pinned. Times are microseconds since 1970.
CREATE TABLE file (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cid TEXT NOT NULL, network TEXT NOT NULL,
    name TEXT, size INTEGER NOT NULL, dag_size INTEGER NOT NULL, mime_type TEXT,
    number_of_files INTEGER NOT NULL, group_id TEXT, keyvalues TEXT NOT NULL,
    created INTEGER NOT NULL, unpinned INTEGER, expires INTEGER
) STRICT;
CREATE UNIQUE INDEX file_pinned ON file (cid, network) WHERE unpinned IS NULL;
CREATE INDEX file_was_pinned ON file (cid) WHERE unpinned IS NOT NULL;
CREATE INDEX file_listed ON file (network, created, n) WHERE unpinned IS NULL;
CREATE INDEX file_past ON file (network, created, n) WHERE unpinned IS NOT NULL;
CREATE INDEX file_all ON file (network, created, n);
CREATE INDEX file_unpinned ON file (unpinned) WHERE unpinned IS NOT NULL;
CREATE INDEX file_grouped ON file (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX file_typed ON file (mime_type);
CREATE INDEX file_sized ON file (network, dag_size) WHERE unpinned IS NULL;
CREATE INDEX file_was_sized ON file (network, dag_size) WHERE unpinned IS NOT NULL;
CREATE INDEX file_expires ON file (expires) WHERE unpinned IS NULL AND expires IS NOT NULL;

-- How many files are pinned (1) and were (0), and their bytes, by the magnitude of these: the number of
-- digits and the first two of them, so that 1234 is among 412.
CREATE TABLE tally (
    network TEXT NOT NULL, pinned INTEGER NOT NULL, magnitude INTEGER NOT NULL,
    files INTEGER NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (network, pinned, magnitude)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER file_tallied AFTER INSERT ON file
BEGIN
    INSERT INTO tally VALUES (
        NEW.network, NEW.unpinned IS NULL, length(NEW.dag_size) * 100 + substr(NEW.dag_size, 1, 2), 1, NEW.dag_size
    ) ON CONFLICT DO UPDATE SET files = files + 1, size = size + excluded.size;
END;
CREATE TRIGGER file_tallied_again AFTER UPDATE OF unpinned ON file
WHEN (OLD.unpinned IS NULL) <> (NEW.unpinned IS NULL)
BEGIN
    UPDATE tally SET files = files - 1, size = size - OLD.dag_size
    WHERE network = OLD.network AND pinned = (OLD.unpinned IS NULL)
    AND magnitude = length(OLD.dag_size) * 100 + substr(OLD.dag_size, 1, 2);
    INSERT INTO tally VALUES (
        NEW.network, NEW.unpinned IS NULL, length(NEW.dag_size) * 100 + substr(NEW.dag_size, 1, 2), 1, NEW.dag_size
    ) ON CONFLICT DO UPDATE SET files = files + 1, size = size + excluded.size;
    UPDATE keyvalue SET state = state / 2 * 2 + (NEW.unpinned IS NOT NULL) WHERE n = NEW.n;
END;

-- Each three letters of the names, and below of the texts of key-values, to find parts by. A line ends each,
-- so that each two letters begin three.
CREATE VIRTUAL TABLE file_name USING fts5 (
    name, content = '', columnsize = 0, detail = none, tokenize = trigram
);
CREATE VIRTUAL TABLE file_name_term USING fts5vocab (file_name, row);
CREATE TRIGGER file_named AFTER INSERT ON file WHEN NEW.name IS NOT NULL
BEGIN INSERT INTO file_name (rowid, name) VALUES (NEW.n, NEW.name || char(10)); END;
CREATE TRIGGER file_renamed AFTER UPDATE OF name ON file WHEN OLD.name IS NOT NEW.name
BEGIN
    INSERT INTO file_name (file_name, rowid, name)
    SELECT 'delete', OLD.n, OLD.name || char(10) WHERE OLD.name IS NOT NULL;
    INSERT INTO file_name (rowid, name) SELECT NEW.n, NEW.name || char(10) WHERE NEW.name IS NOT NULL;
END;

-- The first two of each three letters of the CIDs, as words.
CREATE VIRTUAL TABLE file_cid USING fts5 (
    pieces, content = '', columnsize = 0, detail = none, tokenize = ascii
);

-- The key-values again, to be searched. The state is that of the file, so that counting looks at no file:
-- 0 where it is public, 2 where it is private, and 1 more where it was unpinned.
CREATE TABLE keyvalue (
    n INTEGER NOT NULL REFERENCES file (n), key TEXT NOT NULL, state INTEGER NOT NULL,
    text TEXT NOT NULL, number REAL,
    PRIMARY KEY (n, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX keyvalue_text ON keyvalue (key, state, text, number, n);
CREATE INDEX keyvalue_number ON keyvalue (key, state, number, n) WHERE number IS NOT NULL;

-- How many key-values there are of a key, with a state, that are numbers (1) and are not (0).
CREATE TABLE key_tally (
    key TEXT NOT NULL, state INTEGER NOT NULL, numbers INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (key, state, numbers)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER key_forgotten AFTER UPDATE OF count ON key_tally WHEN NEW.count = 0
BEGIN DELETE FROM key_tally WHERE key = NEW.key AND state = NEW.state AND numbers = NEW.numbers; END;
CREATE TRIGGER keyvalue_tallied AFTER INSERT ON keyvalue
BEGIN
    INSERT INTO key_tally VALUES (NEW.key, NEW.state, NEW.number IS NOT NULL, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER keyvalue_gone AFTER DELETE ON keyvalue
BEGIN
    UPDATE key_tally SET count = count - 1
    WHERE key = OLD.key AND state = OLD.state AND numbers = (OLD.number IS NOT NULL);
END;
CREATE TRIGGER keyvalue_tallied_again AFTER UPDATE OF state ON keyvalue
BEGIN
    UPDATE key_tally SET count = count - 1
    WHERE key = OLD.key AND state = OLD.state AND numbers = (OLD.number IS NOT NULL);
    INSERT INTO key_tally VALUES (NEW.key, NEW.state, NEW.number IS NOT NULL, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE VIRTUAL TABLE keyvalue_words USING fts5 (
    words, content = '', columnsize = 0, detail = none, tokenize = trigram
);
CREATE VIRTUAL TABLE keyvalue_words_term USING fts5vocab (keyvalue_words, row);

-- Ids are UUIDs of version 7, so their order is that of time.
CREATE TABLE file_group (
    id TEXT PRIMARY KEY, network TEXT NOT NULL, name TEXT NOT NULL,
    is_public INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A CID that shall be pinned. What the pinning service API asked for stays when it is pinned, as
-- status 'pinned', and as 'replaced' until what takes its place is pinned too. The file that a job
-- makes has the job's id. `car` is what has been fetched so far.
CREATE TABLE job (
    id TEXT PRIMARY KEY, cid TEXT NOT NULL, name TEXT, keyvalues TEXT, host_nodes TEXT,
    group_id TEXT, status TEXT NOT NULL, queued INTEGER NOT NULL UNIQUE,
    psa INTEGER NOT NULL DEFAULT 0, reason TEXT, car INTEGER, replaced_by TEXT
) STRICT;
CREATE INDEX job_status ON job (status, queued);
CREATE INDEX job_cid ON job (cid);
CREATE INDEX job_replaced_by ON job (replaced_by) WHERE replaced_by IS NOT NULL;
CREATE TRIGGER job_unpinned AFTER UPDATE OF unpinned ON file
WHEN NEW.unpinned IS NOT NULL AND NEW.network = 'public'
BEGIN DELETE FROM job WHERE cid = NEW.cid AND status IN ('pinned', 'replaced'); END;

-- What a CID is swapped for since when; nothing where that ended.
CREATE TABLE swap (
    n INTEGER PRIMARY KEY, cid TEXT NOT NULL, network TEXT NOT NULL, mapped TEXT, created INTEGER NOT NULL
) STRICT;
CREATE INDEX swap_of ON swap (cid, network, n);

CREATE TABLE gateway (id TEXT PRIMARY KEY, domain TEXT NOT NULL UNIQUE, created INTEGER NOT NULL) STRICT;
-- Who may read from a gateway (tokens, IPs, hosts), and its custom domains.
CREATE TABLE gateway_rule (
    id TEXT PRIMARY KEY, gateway TEXT NOT NULL REFERENCES gateway (id) ON DELETE CASCADE,
    kind TEXT NOT NULL, value TEXT NOT NULL, created INTEGER NOT NULL, UNIQUE (gateway, kind, value)
) STRICT;
CREATE UNIQUE INDEX gateway_domain ON gateway_rule (value) WHERE kind = 'domain';
CREATE TABLE gateway_plugin (
    gateway TEXT NOT NULL REFERENCES gateway (id) ON DELETE CASCADE, plugin INTEGER NOT NULL,
    PRIMARY KEY (gateway, plugin)
) STRICT, WITHOUT ROWID;

-- What was read from the gateways in a day; bandwidth is bytes.
CREATE TABLE gateway_read (
    day TEXT NOT NULL, gateway TEXT NOT NULL, cid TEXT NOT NULL, file_name TEXT NOT NULL,
    user_agent TEXT NOT NULL, referer TEXT NOT NULL, status INTEGER NOT NULL,
    requests INTEGER NOT NULL, bandwidth INTEGER NOT NULL,
    PRIMARY KEY (day, gateway, cid, file_name, user_agent, referer, status)
) STRICT, WITHOUT ROWID;

-- What texts say: each dimension of a file's vector that is not 0.
CREATE TABLE vector (
    dimension INTEGER NOT NULL, n INTEGER NOT NULL REFERENCES file (n), weight REAL NOT NULL,
    PRIMARY KEY (dimension, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX vector_of ON vector (n);

CREATE TABLE instruction (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, description TEXT,
    requirements TEXT NOT NULL, created INTEGER NOT NULL, deleted INTEGER
) STRICT;
CREATE TABLE paid (
    cid TEXT PRIMARY KEY, instruction TEXT NOT NULL REFERENCES instruction (id), created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX paid_of ON paid (instruction, cid);

CREATE TABLE signature (
    cid TEXT NOT NULL, network TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (cid, network)
) STRICT, WITHOUT ROWID;

-- A CAR that is whole has the root it is named by; one that is being written has none yet.
CREATE TABLE car (n INTEGER PRIMARY KEY AUTOINCREMENT, root TEXT UNIQUE) STRICT;
CREATE INDEX car_unnamed ON car (n) WHERE root IS NULL;
-- Files of CARs that are to be removed, or were just now.
CREATE TABLE leaving (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE block (
    multihash BLOB NOT NULL, car INTEGER NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (multihash, car)
) STRICT, WITHOUT ROWID;
CREATE INDEX block_of_car ON block (car);
-- CARs of which verify found that blocks are gone; the next of the same root takes their place.
CREATE TABLE damaged (car INTEGER PRIMARY KEY REFERENCES car (n) ON DELETE CASCADE) STRICT;

-- A resumable upload: its CAR goes on at `at` and its content at `offset`, from `state`; when it is
-- whole, it has a CID. Presigned ones are marked.
CREATE TABLE tus (
    id TEXT PRIMARY KEY, length INTEGER NOT NULL, fields TEXT NOT NULL, presigned INTEGER NOT NULL,
    offset INTEGER NOT NULL, car INTEGER NOT NULL, at INTEGER NOT NULL, state BLOB NOT NULL,
    expires INTEGER NOT NULL, cid TEXT
) STRICT;

-- A presigned upload URL, and what it allows.
CREATE TABLE link (id TEXT PRIMARY KEY, allowed TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
"""


class Records:
    """The database of one store."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._readers: deque[sqlite3.Connection] = deque()
        self._waiting: queue.SimpleQueue[tuple[Write[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._before: dict[Callable[[list[Any]], object], list[Any]] = {}
        self._after: list[Callable[[], object]] = []
        self._undo: list[Callable[[], object]] = []
        self._closed = False
        self._glancing: sqlite3.Connection | None = None  # lent to the turn of the event loop
        try:
            self._first = self._connect()
            self._readers.append(self._first)
            try:
                self._prepare(self._first)
                writer = self._connect()
            except BaseException:
                self._first.close()
                raise
        except sqlite3.OperationalError as error:
            raise PinataError(
                f"{str(path)!r} cannot be opened: {error}",
                hint="see whether the disk has room, and this process may open more files",
            ) from None
        except sqlite3.DatabaseError as error:
            raise PinataError(
                f"{str(path)!r} is damaged, or no database: {error}",
                hint="restore it from a backup, or use another folder",
            ) from None
        self._thread = threading.Thread(
            target=self._run, args=(writer,), name="pinatakit-records", daemon=True
        )
        self._thread.start()

    def write(self, work: Write[T]) -> Future[T]:
        """Do this in a transaction; the future is done when it is on disk."""
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(PinataError("the store is closed"))
        else:
            self._waiting.put((work, future))
        return future

    def before_commit(self, work: Callable[[list[T]], object], item: T) -> None:
        """From within a write: do this before it is committed, once with the items of all that are with it.

        Where it raises OSError, none of them is.
        """
        self._before.setdefault(work, []).append(item)

    def after_commit(self, work: Callable[[], object]) -> None:
        """From within a write: do this once it is on disk, before the next write begins."""
        self._after.append(work)

    def after_rollback(self, work: Callable[[], object]) -> None:
        """From within a write, or before its commit: do this if it is undone, before the next write begins."""
        self._undo.append(work)

    def read(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query, as of the last commit."""
        reader = self._take()
        try:
            return reader.execute(sql, values).fetchall()
        finally:
            self._give(reader)

    def read_one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """The first row of a query, if any."""
        reader = self._take()
        try:
            row: sqlite3.Row | None = reader.execute(sql, values).fetchone()
            return row
        finally:
            self._give(reader)

    def glance(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """The first row of a query, if any, on an event loop: what is asked in one turn of it takes one lock."""
        reader = self._glancing
        if reader is None:
            asyncio.get_running_loop().call_soon(self._look_up)
            self._glancing = reader = self._take()
            reader.execute("BEGIN").close()
        row: sqlite3.Row | None = reader.execute(sql, values).fetchone()
        return row

    def _look_up(self) -> None:
        """The turn is over: the next one sees what has been written since."""
        reader, self._glancing = self._glancing, None
        if reader:
            if reader.in_transaction:  # which SQLite ends itself where the disk fails
                reader.execute("ROLLBACK").close()
            self._give(reader)

    @contextmanager
    def unchanging(self) -> Generator[sqlite3.Connection]:
        """A connection to read with, for which everything stays as of one moment."""
        reader = self._take()
        try:
            reader.execute("BEGIN").close()
            try:
                yield reader
            finally:
                reader.execute("ROLLBACK").close()
        finally:
            self._give(reader)

    def close(self) -> None:
        """Finish what waits, then close."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            self._thread.join()
            while self._readers:
                self._readers.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            self._set_up(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @staticmethod
    def _set_up(connection: sqlite3.Connection) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size=-{_CACHE}"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.create_function("matches", 3, _matches, deterministic=True)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version={VERSION}; COMMIT;")
        elif version != VERSION:
            raise PinataError(
                f"the store at {str(self._path.parent)!r} is of version {version}; this pinatakit knows {VERSION}",
                hint="start a server with it once, which brings it to that version"
                if version < VERSION
                else "use the pinatakit that made it, or another folder",
            )

    def _take(self) -> sqlite3.Connection:
        """A connection to read with, to be given back; as many are open as were ever in use at once."""
        try:
            return self._readers.pop()
        except IndexError:
            reader = self._connect()
            reader.execute(f"PRAGMA cache_size=-{_SMALL_CACHE}").close()
            return reader

    def _give(self, reader: sqlite3.Connection) -> None:
        """It comes back; the first of them, which has the large cache, is the next to be taken."""
        if reader is self._first:
            self._readers.append(reader)
        else:
            self._readers.appendleft(reader)

    def _run(self, connection: sqlite3.Connection) -> None:
        try:
            stop = False
            while not stop:
                batch = [self._waiting.get()]
                while len(batch) < _BATCH and not self._waiting.empty():
                    batch.append(self._waiting.get())
                stop = None in batch
                # A request that was given up takes its write with it, unless that has begun.
                wanted = [item for item in batch if item and item[1].set_running_or_notify_cancel()]
                if wanted:
                    self._write_all(connection, wanted)
        finally:
            connection.close()

    def _write_all(self, connection: sqlite3.Connection, batch: list[tuple[Write[Any], Future[Any]]]) -> None:
        """Do all of a batch or, when the database fails, none of it; whoever waits is told either way.

        Where one fails by itself, those before it are done again together, and then those behind it.
        Savepoints would keep them, and write aside every page that is changed, for each of them anew.
        """
        done: list[tuple[Future[Any], Any]] = []
        self._before, self._after, self._undo = {}, [], []
        database_failed = True
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, future in batch:
                try:
                    value = work(connection)
                except sqlite3.OperationalError:  # a full disk, say
                    raise
                except Exception:
                    database_failed = False
                    raise
                if isinstance(value, sqlite3.Cursor):  # it must not end in another thread
                    value.close()
                    value = None
                done.append((future, value))
            for work_before, items in self._before.items():
                work_before(items)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  (whoever asked for the write is told)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._do_after(self._undo)
            if database_failed:
                failed = _told(error)
                for _, future in batch:
                    future.set_exception(failed)
                return
            batch[len(done)][1].set_exception(error)
            for others in (batch[: len(done)], batch[len(done) + 1 :]):
                if others:
                    self._write_all(connection, others)
            return
        self._do_after(self._after)
        for future, value in done:
            future.set_result(value)

    def _do_after(self, works: list[Callable[[], object]]) -> None:
        for work in works:
            try:
                work()
            except Exception as error:  # noqa: BLE001  (the write itself is over; the next start sweeps what is left)
                _log.warning("after a write: %s", error)


def _told(error: Exception) -> Exception:
    """What whoever waits is told of a database that failed."""
    if not isinstance(error, sqlite3.Error):
        return error
    if "full" in str(error):
        return OSError(errno.ENOSPC, "the database of the store has no room")
    return OSError(errno.EIO, f"the database of the store failed: {error}")


@lru_cache(maxsize=64)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE if ignore_case else 0)


def _matches(pattern: str, ignore_case: int, text: str) -> bool:
    return _pattern(pattern, bool(ignore_case)).search(text) is not None

"""API keys as they are kept: of their secrets, only salted hashes.

Each request asks for its key, so what a credential was found to be is held in memory, by its hash, until a key changes.
"""

from __future__ import annotations

import builtins
import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeVar

from pinatakit.protocol import Key
from pinatakit.server.store.records import Records, Write
from pinatakit.server.store.values import from_micros, now_micros

T = TypeVar("T")

_HELD: Final = 1024  # credentials


class KeyFilter(NamedTuple):
    """Which keys are asked for; what is `None` does not matter."""

    name: str | None = None
    revoked: bool | None = None
    limited: bool | None = None
    exhausted: bool | None = None


class Keys:
    """The keys of one store, and the secrets that sign its JWTs and names its one user."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.signing_key = self._setting("signing_key", secrets.token_hex(32))
        self.user_id = self._setting("user_id", str(uuid.uuid4()))
        self._uses: Counter[str] = Counter()
        self._uses_lock = threading.Lock()
        self._good: dict[bytes, Key] = {}  # by the hash of a credential; a new one when a key changes

    def create(
        self, name: str, scopes: dict[str, Any], max_uses: int | None, pair: tuple[str, str] | None = None
    ) -> tuple[str, str]:
        """A new key and its secret, random ones unless told; the secret is told now and never again."""
        key, secret = pair or (secrets.token_hex(10), secrets.token_hex(32))
        now = now_micros()
        values = (
            str(uuid.uuid4()),
            name,
            key,
            _hash(secret, secrets.token_hex(16)),
            json.dumps(scopes),
            max_uses,
        )
        sql = (
            "INSERT INTO key (id, name, key, secret, scopes, max_uses, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        self._change(lambda db: db.execute(sql, (*values, now, now))).result()
        return key, secret

    def find(self, key: str, secret: str) -> Key | None:
        """The key, if there is one with this secret."""
        row = self._records.read_one("SELECT * FROM key WHERE key = ?", (key,))
        if row is None:
            return None
        hashed: str = row["secret"]
        known = hmac.compare_digest(hashed, _hash(secret, hashed.partition(":")[0]))
        return self._key(row) if known else None

    def recall(self, credential: str, find: Callable[[], Key | None]) -> Key | None:
        """The key of a credential; `find` is asked for it only where it has found none since a key was last changed."""
        good, hashed = self._good, hashlib.sha256(credential.encode()).digest()
        key = good.get(hashed)
        if key is None and (key := find()):
            if len(good) >= _HELD:
                good.clear()
            good[hashed] = key
        return key

    def use(self, key: Key) -> Future[bool] | None:
        """Count a use; for a key with a limit, whether there was one left."""
        if key.max_uses is None:
            with self._uses_lock:
                self._uses[key.key] += 1
            return None

        def count(db: sqlite3.Connection) -> bool:
            sql = (
                "UPDATE key SET uses = uses + 1, revoked = uses + 1 >= max_uses, updated = ?"
                " WHERE key = ? AND uses < max_uses AND NOT revoked"
            )
            return db.execute(sql, (now_micros(), key.key)).rowcount == 1

        return self._change(count)

    def list(self) -> list[tuple[Key, str]]:
        """Every key, newest first, with the salted hash of its secret."""
        self._count_uses()
        rows = self._records.read("SELECT * FROM key ORDER BY created DESC, id DESC")
        return [(self._key(row), row["secret"]) for row in rows]

    def page(self, wanted: KeyFilter, *, limit: int, offset: int) -> builtins.list[Key]:
        """Some keys, newest first."""
        self._count_uses()
        matching, values = _matching(wanted)
        sql = f"SELECT * {matching} ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
        return [self._key(row) for row in self._records.read(sql, (*values, limit, offset))]

    def count(self, wanted: KeyFilter) -> int:
        """How many keys there are."""
        matching, values = _matching(wanted)
        count: int = self._records.read(f"SELECT count(*) {matching}", values)[0][0]
        return count

    def revoke(self, key: str) -> None:
        """Refuse a key from now on; one that there is not is refused already."""
        sql = "UPDATE key SET revoked = 1, updated = ? WHERE key = ? AND NOT revoked"
        self._change(lambda db: db.execute(sql, (now_micros(), key))).result()

    def close(self) -> None:
        """Write down the uses that were only counted."""
        self._count_uses()

    def _count_uses(self) -> None:
        with self._uses_lock:
            counted, self._uses = self._uses, Counter()
        if counted:
            pairs = [(count, key) for key, count in counted.items()]
            sql = "UPDATE key SET uses = uses + ? WHERE key = ?"
            self._records.write(lambda db: db.executemany(sql, pairs)).result()

    def _change(self, work: Write[T]) -> Future[T]:
        """Change keys; who asks for one after that finds it as it is then."""

        def forget() -> None:
            self._good = {}

        def change(db: sqlite3.Connection) -> T:
            self._records.after_commit(forget)
            return work(db)

        return self._records.write(change)

    def _key(self, row: sqlite3.Row) -> Key:
        return Key(
            id=row["id"],
            name=row["name"],
            key=row["key"],
            max_uses=row["max_uses"],
            uses=row["uses"],
            user_id=self.user_id,
            scopes=json.loads(row["scopes"]),
            revoked=bool(row["revoked"]),
            created_at=from_micros(row["created"]),
            updated_at=from_micros(row["updated"]),
        )

    def _setting(self, name: str, default: str) -> str:
        """A value that is made at the first start and kept."""

        def get(db: sqlite3.Connection) -> str:
            db.execute("INSERT OR IGNORE INTO setting (name, value) VALUES (?, ?)", (name, default))
            value: str = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()[0]
            return value

        return self._records.write(get).result()


def _matching(wanted: KeyFilter) -> tuple[str, list[Any]]:
    """A filter as SQL."""
    conditions = {
        "instr(lower(name), lower(?)) > 0": wanted.name,
        "revoked = ?": wanted.revoked,
        "(max_uses IS NOT NULL) = ?": wanted.limited,
        "(uses >= max_uses) = ?": wanted.exhausted,
    }
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    return f"FROM key WHERE {' AND '.join(asked) or '1'}", list(asked.values())


def _hash(secret: str, salt: str) -> str:
    """Salt and hash. The secret is 256 random bits, so a slow hash would protect nothing more."""
    return f"{salt}:{hashlib.sha256(f'{salt}{secret}'.encode()).hexdigest()}"

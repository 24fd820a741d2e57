"""Gateways as they are kept: their names, domains, rules and plugins.

Each read of content asks which gateway's host it came to, so what hosts there are is held in
memory, and read again after each change.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from pinatakit.protocol.gateways import AccessToken, Allowed, CustomDomain, Gateway
from pinatakit.server.store.records import Records
from pinatakit.server.store.values import from_micros, new_id, now_micros

T = TypeVar("T")
Kind: TypeAlias = Literal["token", "ip", "host", "domain"]
Rule: TypeAlias = AccessToken | Allowed | CustomDomain
Pairs: TypeAlias = list[tuple[str, int]]
Page: TypeAlias = tuple[int, list[Gateway]]

_SUFFIXES: Final = (".localhost", ".mypinata.cloud")


class Served(NamedTuple):
    """A gateway, as a request comes to it."""

    gateway: Gateway
    plugins: frozenset[int]
    custom: bool  # under a domain of the user's own


class Gateways:
    """The gateways of one store."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._hosts: Mapping[str, Served] = {}
        self._looking = threading.Lock()
        self._look()

    def at(self, host: str) -> Served | None:
        """The gateway that answers at a host (without port, in lower case), if one does."""
        return self._hosts.get(host)

    def list(self, *, limit: int, offset: int) -> Page:
        """How many there are, and some of them, newest first."""
        count: int = self._records.read("SELECT count(*) FROM gateway")[0][0]
        rows = self._records.read(f"{_NEWEST} LIMIT ? OFFSET ?", (limit, offset))
        return count, [_gateway(self._records, row) for row in rows]

    def get(self, id: str) -> Gateway | None:
        """One gateway."""
        row = self._records.read_one("SELECT * FROM gateway WHERE id = ?", (id,))
        return _gateway(self._records, row) if row else None

    def exists(self, domain: str) -> bool:
        """Whether a bare name is taken."""
        return self._records.read_one("SELECT 1 FROM gateway WHERE domain = ?", (domain,)) is not None

    def create(self, domain: str) -> Gateway | None:
        """A new gateway; `None` where the name is taken."""
        sql = "INSERT OR IGNORE INTO gateway (id, domain, created) VALUES (?, ?, ?)"
        id = new_id()
        made = self._write(lambda db: db.execute(sql, (id, domain, now_micros())).rowcount == 1)
        return self.get(id) if made else None

    def delete(self, id: str) -> bool:
        """Drop one and all that belongs to it; whether there was one."""
        return self._write(lambda db: db.execute("DELETE FROM gateway WHERE id = ?", (id,)).rowcount == 1)

    def add(self, id: str, kind: Kind, value: str = "") -> Rule | None:
        """A new domain or rule of a gateway; `None` where a domain is another gateway's, or there is none."""
        rule = new_id()
        value = secrets.token_urlsafe(48) if kind == "token" else value
        sql = (
            "INSERT OR IGNORE INTO gateway_rule (id, gateway, kind, value, created)"
            " SELECT ?, id, ?, ?, ? FROM gateway WHERE id = ?"
        )
        values = (rule, kind, value, now_micros(), id)
        self._write(lambda db: db.execute(sql, values).rowcount == 1)
        return self.find(id, kind, rule)

    def find(self, id: str, kind: Kind, rule: str) -> Rule | None:
        """One domain or rule of a gateway."""
        sql = "SELECT * FROM gateway_rule WHERE id = ? AND gateway = ? AND kind = ?"
        row = self._records.read_one(sql, (rule, id, kind))
        return _rule(row) if row else None

    def remove(self, id: str, kind: Kind, rule: str) -> bool:
        """Drop a domain or rule of a gateway; whether there was one."""
        sql = "DELETE FROM gateway_rule WHERE id = ? AND gateway = ? AND kind = ?"
        return self._write(lambda db: db.execute(sql, (rule, id, kind)).rowcount == 1)

    def plugins(self, id: str | None = None) -> Pairs:
        """Which gateways have which plugins: all, or those of one."""
        sql = "SELECT gateway, plugin FROM gateway_plugin WHERE ? IS NULL OR gateway = ? ORDER BY gateway, plugin"
        return [(row["gateway"], row["plugin"]) for row in self._records.read(sql, (id, id))]

    def install(self, id: str, plugin: int) -> None:
        """Give a gateway a plugin; it may have it already."""
        sql = "INSERT OR IGNORE INTO gateway_plugin (gateway, plugin) VALUES (?, ?)"
        self._write(lambda db: db.execute(sql, (id, plugin)).rowcount)

    def uninstall(self, id: str, plugin: int) -> bool:
        """Take a plugin from a gateway; whether it had it."""
        sql = "DELETE FROM gateway_plugin WHERE gateway = ? AND plugin = ?"
        return self._write(lambda db: db.execute(sql, (id, plugin)).rowcount == 1)

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        done = self._records.write(work).result()
        self._look()
        return done

    def _look(self) -> None:
        """See which hosts there are; whoever changed something last, looks last."""
        with self._looking:
            self._hosts = self._found()

    def _found(self) -> Mapping[str, Served]:
        hosts: dict[str, Served] = {}
        for row in self._records.read(_NEWEST):
            gateway = _gateway(self._records, row)
            plugins = frozenset(plugin for _, plugin in self.plugins(gateway.id))
            for suffix in _SUFFIXES:
                hosts[gateway.domain + suffix] = Served(gateway, plugins, custom=False)
            for custom in gateway.custom_domains:
                hosts[custom.domain] = Served(gateway, plugins, custom=True)
        return hosts


_NEWEST: Final = "SELECT * FROM gateway ORDER BY created DESC, id DESC"


def _gateway(records: Records, row: sqlite3.Row) -> Gateway:
    found: dict[str, list[sqlite3.Row]] = {"token": [], "ip": [], "host": [], "domain": []}
    for rule in records.read("SELECT * FROM gateway_rule WHERE gateway = ? ORDER BY id", (row["id"],)):
        found[rule["kind"]].append(rule)
    return Gateway(
        id=row["id"],
        domain=row["domain"],
        created_at=from_micros(row["created"]),
        custom_domains=tuple(_domain(rule) for rule in found["domain"]),
        access_tokens=tuple(_token(rule) for rule in found["token"]),
        hosts=tuple(_allowed(rule) for rule in found["host"]),
        ips=tuple(_allowed(rule) for rule in found["ip"]),
    )


def _rule(row: sqlite3.Row) -> Rule:
    return (
        _domain(row) if row["kind"] == "domain" else _token(row) if row["kind"] == "token" else _allowed(row)
    )


def _domain(row: sqlite3.Row) -> CustomDomain:
    """Here there is nothing to validate: it is served from now on."""
    return CustomDomain(
        id=row["id"],
        domain=row["value"],
        domain_validation_status="active",
        ssl_validation_status="active",
    )


def _token(row: sqlite3.Row) -> AccessToken:
    return AccessToken(id=row["id"], value=row["value"], created_at=from_micros(row["created"]))


def _allowed(row: sqlite3.Row) -> Allowed:
    return Allowed(id=row["id"], value=row["value"], created_at=from_micros(row["created"]))

"""Load: 200 upload and 500 read at once, for five minutes.

    python benchmarks/load.py --seconds 300

Each of the uploaders sends one form after another (1 KiB to 256 KiB, with key-values), each of the
readers reads what was acknowledged, whole or a range of it, from the gateway, and now and then a page of
a list; each on a connection of its own. What is read is compared with what was sent. At the end the
server is stopped, started again and asked for everything it lists. Told are errors of any kind, pins that
are not listed, and the server's memory, minute by minute. Exit status 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pinatakit import Pinata
from upload import serving

PATIENCE = 60  # seconds that an answer may take


class Answer(NamedTuple):
    status: int
    body: bytes


class Connection:
    """One kept-alive connection, opened again when the server has closed it."""

    def __init__(self, about: dict[str, str]) -> None:
        self._at = urlsplit(about["url"])
        self._jwt = about["jwt"]
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._at.hostname, self._at.port)
        reader, writer = self._streams
        head = {"host": self._at.netloc, "authorization": f"Bearer {self._jwt}"} | headers
        head |= {"content-length": str(len(body))} if body else {}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        size = next(int(line.partition(":")[2]) for line in told if line.startswith("content-length:"))
        answer = Answer(int(told[0].split()[1]), await reader.readexactly(size))
        if "connection: close" in told:
            self.close()
        return answer

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Load:
    def __init__(self, about: dict[str, str], until: float) -> None:
        self.about = about
        self.until = until
        self.pinned: list[tuple[int, str]] = []
        self.done: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.slowest = 0.0
        self._next = 0

    async def work(self, kind: str) -> None:
        connection = Connection(self.about)
        rng = random.Random(f"{kind}{id(connection)}")
        while time.monotonic() < self.until:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    await (self._upload(connection) if kind == "upload" else self._read(connection, rng))
            except (OSError, EOFError, TimeoutError) as error:
                self.errors[f"{kind}: {error!r}"] += 1
                connection.close()
            self.slowest = max(self.slowest, time.monotonic() - begun)
        connection.close()

    async def _upload(self, connection: Connection) -> None:
        self._next += 1
        number = self._next
        fields = {
            "network": "public",
            "name": f"n{number}",
            "keyvalues": json.dumps({"n": str(number), "color": f"c{number % 10}"}),
        }
        parts = [
            f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append('--edge\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
        body = "".join(parts).encode() + content(number) + b"\r\n--edge--\r\n"
        kind = "multipart/form-data; boundary=edge"
        answer = await connection.ask("POST", "/v3/files", {"content-type": kind}, body)
        if answer.status == 200:
            self.pinned.append((number, json.loads(answer.body)["data"]["cid"]))
            self.done["uploads"] += 1
        else:
            self.errors[f"upload: {answer.status} {answer.body[:200]!r}"] += 1

    async def _read(self, connection: Connection, rng: random.Random) -> None:
        if not self.pinned:
            await asyncio.sleep(0.1)
            return
        number, cid = rng.choice(self.pinned)
        expected, status, headers = content(number), 200, {}
        if (what := rng.random()) < 0.1:
            path = f"/v3/files/public?keyvalues%5Bn%5D={number}"
        else:
            path = f"/ipfs/{cid}"
            if what < 0.4:
                at = rng.randrange(len(expected))
                expected, status, headers = (
                    expected[at : at + 4096],
                    206,
                    {"range": f"bytes={at}-{at + 4095}"},
                )
        answer = await connection.ask("GET", path, headers)
        if path.startswith("/v3/"):
            good = answer.status == 200 and [
                one["cid"] for one in json.loads(answer.body)["data"]["files"]
            ] == [cid]
            self.done["lists"] += 1
        else:
            good = answer == (status, expected)
            self.done["reads"] += 1
        if not good:
            self.errors[f"{path[:10]}: {answer.status} {answer.body[:100]!r}"] += 1


def content(number: int) -> bytes:
    rng = random.Random(number)
    return rng.randbytes(1024 << rng.choice((0, 0, 1, 2, 2, 3, 4, 8)))


async def run(about: dict[str, str], server: int, given: argparse.Namespace) -> tuple[Load, list[int]]:
    load = Load(about, time.monotonic() + given.seconds)
    memory: list[int] = []
    work = [load.work("upload") for _ in range(given.uploads)] + [
        load.work("read") for _ in range(given.readers)
    ]
    tasks = asyncio.gather(*work)
    while not tasks.done():
        memory.append(resident(server))
        await asyncio.wait([tasks], timeout=1)
    await tasks
    return load, memory


def resident(pid: int) -> int:
    """MiB of memory that a process has now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) >> 10


def listed(about: dict[str, str]) -> set[str]:
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        return {str(file.cid) for file in pinata.files.list(network="public", page_size=1000)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--uploads", type=int, default=200, help="at once (200)")
    parser.add_argument("--readers", type=int, default=500, help="at once (500)")
    parser.add_argument("--seconds", type=float, default=300)
    given: Any = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pinatakit-load-") as folder:
        data = Path(folder) / "data"
        with serving(data) as (about, server):
            load, memory = asyncio.run(run(about, server, given))
        with serving(data) as (about, _):
            lost = {cid for _, cid in load.pinned} - listed(about)
    done = ", ".join(f"{count:,} {what}" for what, count in load.done.items())
    print(
        f"{given.uploads} upload, {given.readers} read, {given.seconds:.0f} s: {done}; slowest {load.slowest:.1f} s"
    )
    print(f"errors {load.errors.total()}, pins lost {len(lost)}")
    minutes = [statistics.median(memory[at : at + 60]) for at in range(0, len(memory), 60)]
    print("server's memory, MiB, median of each minute: " + ", ".join(f"{one:.0f}" for one in minutes))
    for error, count in load.errors.most_common(5):
        print(f"{count} times {error}", file=sys.stderr)
    return 1 if load.errors or lost else 0


if __name__ == "__main__":
    sys.exit(main())

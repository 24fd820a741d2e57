"""A large upload whose process is killed at random, and continued each time by a new one.

    python benchmarks/resume.py --size 2GiB --kills 5

Between client and local Pinata stands a proxy that counts what is sent. Whatever a killed process
had sent and the service had not read is sent again; everything else must not be: the bytes sent in
total, heads of requests included, may be at most 1.1 of the file. Then the CID is compared with
that of the file on disk. Exit status 1 where either is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from pinatakit import Pinata, cid_of

UNITS = {"MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}
SERVE = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data"]
UPLOAD = """
import sys
from pinatakit import Pinata

with Pinata() as pinata:
    made = pinata.upload(sys.argv[1], progress=lambda sent, _: print(sent, flush=True))
    print(made.cid, made.id)
"""


class Counter:
    """A proxy that passes bytes on and counts those that go to the service."""

    def __init__(self, url: str) -> None:
        self.sent = 0
        self._far = urlsplit(url)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self._listening.accept()
            far = socket.create_connection((str(self._far.hostname), int(self._far.port or 0)))
            for come, go, counts in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(come, go, counts), daemon=True).start()

    def _pump(self, come: socket.socket, go: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while data := come.recv(1 << 18):
                go.sendall(data)
                self.sent += len(data) if counts else 0
        with contextlib.suppress(OSError):
            go.shutdown(socket.SHUT_WR)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=read_size, default=2 << 30)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", default="1", help="of the moments (1)")
    parser.add_argument(
        "--folder", type=Path, help="where to put the file and the data; else a temporary one"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        file = make(folder / "content", given.size)
        with subprocess.Popen([*SERVE, str(folder / "data")], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            about = json.loads(server.stdout.readline())
            try:
                return run(folder, file, about, server.pid, given)
            finally:
                server.terminate()


def run(folder: Path, file: Path, about: dict[str, str], server: int, given: argparse.Namespace) -> int:
    counter = Counter(about["url"])
    where = {"PINATA_JWT": about["jwt"], "PINATA_ENDPOINT_URL": counter.url, "XDG_STATE_HOME": str(folder)}
    rng = random.Random(given.seed)
    marks = sorted(rng.randrange(given.size) for _ in range(given.kills))
    begun = time.perf_counter()
    went_on: list[int] = []
    last = ""
    for mark in [*marks, None]:
        with subprocess.Popen(
            [sys.executable, "-c", UPLOAD, str(file)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **where},
        ) as client:
            assert client.stdout
            for number, line in enumerate(client.stdout):
                last = line.strip()
                if number == 0 and last.isdigit():
                    went_on.append(int(last))
                if mark is not None and last.isdigit() and int(last) >= mark:
                    client.kill()
                    break
    took = time.perf_counter() - begun
    cid, _, id = last.partition(" ")
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        found = pinata.files.get(id)
    right = cid == str(cid_of(file)) == str(found.cid)
    ratio = counter.sent / given.size
    print(f"{given.size:,} bytes, {given.kills} kills at {', '.join(f'{mark:,}' for mark in marks)}")
    print(f"first told by each process: {', '.join(f'{at:,}' for at in went_on)}")
    print(
        f"sent {counter.sent:,} bytes, {ratio:.4f} of the file, in {took:.1f} s; CID {'right' if right else 'WRONG'}"
    )
    print(f"peak memory of the server: {peak(server)} MiB")
    return 0 if right and ratio <= 1.1 else 1


def peak(pid: int) -> str:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return "not known here, in"
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return f"{int(line.split()[1]) / 1024:.0f}"


def make(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        for number in range(-(-size // (1 << 20))):
            piece = random.Random(number).randbytes(1 << 20)
            file.write(piece[: size - number * (1 << 20)])
    return path


def read_size(text: str) -> int:
    number, unit = next((text[: -len(unit)], factor) for unit, factor in UNITS.items() if text.endswith(unit))
    return int(float(number) * unit)


if __name__ == "__main__":
    sys.exit(main())

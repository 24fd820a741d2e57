"""Upload of a large file: pinatakit against ``curl -F``, to the same local Pinata.

Pairs in turn, A B A B …, and the ratio pair by pair, because these machines are shared. curl
and pinatakit each send one request, and pinatakit also chunks that can be resumed; it verifies
the CID each time. The content is pinned anew: it is deleted after every run. Then the peak memory
of client and server at several sizes, a server of its own for each.

    python benchmarks/upload.py --pairs 5 --size 1GiB
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pinatakit import Pinata

SYNC = """
import sys
from pinatakit import Pinata
with Pinata() as pinata:
    pinata.upload(sys.argv[1], resumable=sys.argv[2] == "resumable")
"""
ASYNC = """
import asyncio, sys
from pinatakit import AsyncPinata
async def main():
    async with AsyncPinata() as pinata:
        await pinata.upload(sys.argv[1], resumable=sys.argv[2] == "resumable")
asyncio.run(main())
"""
WAYS = {
    "sync": (SYNC, "one request"),
    "async": (ASYNC, "one request"),
    "sync, resumable": (SYNC, "resumable"),
    "async, resumable": (ASYNC, "resumable"),
}
UNITS = {"MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--size", type=read_size, default=1 << 30)
    parser.add_argument("--memory", type=read_size, nargs="*", default=[100 * 10**6, 4 * 10**9])
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument(
        "--folder", type=Path, help="where to put files and data; the default is a temporary folder"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
        if given.pairs:
            compare(folder, given.size, given.pairs, given.ways)
        for size in given.memory:
            measure_memory(folder, size, given.ways)


def compare(folder: Path, size: int, pairs: int, ways: list[str]) -> None:
    file = make(folder / "content", size)
    with serving(folder / "data") as (about, _):
        curl = ["curl", "-sS", "-o", os.devnull, "-H", f"Authorization: Bearer {about['jwt']}"]
        curl += ["-F", 'pinataOptions={"cidVersion":1}', "-F", f"file=@{file}"]
        curl += [f"{about['url']}/pinning/pinFileToIPFS"]
        for way in ways:
            ratios: list[float] = []
            base: list[float] = []
            for turn in range(-1, pairs):
                ours = timed(command(way, file), about)
                theirs = timed(curl, about)
                if turn >= 0:
                    ratios.append(ours / theirs)
                    base.append(theirs)
            print(f"{way:<17} / curl, {size / 1e6:,.0f} MB: {show(ratios)}; curl {show(base)} s", flush=True)
    file.unlink()


def measure_memory(folder: Path, size: int, ways: list[str]) -> None:
    file = make(folder / "content", size)
    with serving(folder / f"data-{size}") as (about, server):
        for way in ways:
            client = subprocess.Popen(command(way, file), env=environment(about))
            _, status, usage = os.wait4(client.pid, 0)
            client.returncode = os.waitstatus_to_exitcode(status)
            assert client.returncode == 0
            forget(about)
            print(
                f"peak memory, {way}, {size / 1e6:,.0f} MB: client {usage.ru_maxrss / 1024:.0f} MiB",
                flush=True,
            )
        print(f"peak memory of the server, all of these: {peak(server)} MiB")
    file.unlink()


def command(way: str, file: Path) -> list[str]:
    program, sent = WAYS[way]
    return [sys.executable, "-c", program, str(file), sent]


def timed(what: list[str], about: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(what, env=environment(about), check=True)
    took = time.perf_counter() - begun
    assert forget(about) == 1
    return took


def forget(about: dict[str, str]) -> int:
    """Delete what was uploaded; how much that was."""
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        files = list(pinata.files.list())
        for file in files:
            pinata.files.delete(file.id)
        return len(files)


def peak(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return f"{int(next(line for line in lines if line.startswith('VmHWM')).split()[1]) / 1024:.0f}"


@contextmanager
def serving(data: Path) -> Generator[tuple[dict[str, str], int]]:
    command = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline()), process.pid
        finally:
            process.terminate()
            process.wait()


def environment(about: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PINATA_JWT": about["jwt"], "PINATA_ENDPOINT_URL": about["url"]}


def make(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        for at in range(0, size, 1 << 20):  # no two chunks alike
            file.write(os.urandom(min(1 << 20, size - at)))
    return path


def show(values: list[float]) -> str:
    return f"median {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def read_size(text: str) -> int:
    number, unit = next((text[: -len(unit)], factor) for unit, factor in UNITS.items() if text.endswith(unit))
    return int(float(number) * unit)


if __name__ == "__main__":
    main()

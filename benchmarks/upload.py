"""Upload of a large file: ``pinatakit upload`` against ``curl -F``, to the same local Pinata.

Pairs in turn, A B A B …, and the ratio pair by pair, because these machines are shared. The
content is pinned anew each time: it is deleted after every run. Then the peak memory of client
and server at several sizes, a server of its own for each.

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

UNITS = {"MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--size", type=read_size, default=1 << 30)
    parser.add_argument("--memory", type=read_size, nargs="*", default=[100 * 10**6, 4 * 10**9])
    parser.add_argument(
        "--folder", type=Path, help="where to put files and data; the default is a temporary folder"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
        compare(folder, given.size, given.pairs)
        for size in given.memory:
            measure_memory(folder, size)


def compare(folder: Path, size: int, pairs: int) -> None:
    file = make(folder / "content", size)
    with serving(folder / "data") as (about, _):
        ours = [sys.executable, "-m", "pinatakit", "upload", str(file), "--json"]
        curl = [
            "curl",
            "-sS",
            "-H",
            f"Authorization: Bearer {about['jwt']}",
            "-F",
            'pinataOptions={"cidVersion":1}',
        ]
        curl += ["-F", f"file=@{file}", f"{about['url']}/pinning/pinFileToIPFS"]
        times: dict[str, list[float]] = {"pinatakit": [], "curl": []}
        for turn in range(-1, pairs):
            for who, command in (("pinatakit", ours), ("curl", curl)):
                begun = time.perf_counter()
                run(command, about)
                took = time.perf_counter() - begun
                with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
                    for pin in pinata.pins.list():
                        pinata.pins.remove(pin.cid)
                if turn >= 0:
                    times[who].append(took)
    ratios = [a / b for a, b in zip(times["pinatakit"], times["curl"], strict=True)]
    for who, taken in times.items():
        print(f"{who:<10} {size / 1e6:,.0f} MB: {show(taken)} s")
    print(f"ratio pinatakit / curl, pair by pair: {show(ratios)}")
    file.unlink()


def measure_memory(folder: Path, size: int) -> None:
    file = make(folder / "content", size)
    with serving(folder / f"data-{size}") as (about, server):
        client = subprocess.Popen(
            [sys.executable, "-m", "pinatakit", "upload", str(file)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(about),
        )
        _, status, usage = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
        assert client.returncode == 0
        print(
            f"peak memory at {size / 1e6:,.0f} MB: client {usage.ru_maxrss / 1024:.0f} MiB, server {peak(server)} MiB"
        )
    file.unlink()


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


def run(command: list[str], about: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment(about), capture_output=True, text=True, check=True)
    assert "baf" in done.stdout, done.stdout


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

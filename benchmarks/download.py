"""Download of a large file: pinatakit against ``curl -o``, from the same local Pinata.

Pairs in turn, A B A B …, and the ratio pair by pair, because these machines are shared. curl
takes the file as the gateway serves it; pinatakit does that too (unverified), and takes it as
blocks that it checks (verified). Then the peak memory of the client at several sizes.

    python benchmarks/download.py --pairs 5 --size 1GiB --folder /dev/shm
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pinatakit import Pinata
from upload import make, peak, read_size, serving, show

SYNC = """
import sys
from pinatakit import Pinata
with Pinata(gateway_url=sys.argv[1]) as pinata:
    pinata.download(sys.argv[2], sys.argv[3], verify=sys.argv[4] == "verified")
"""
ASYNC = """
import asyncio, sys
from pinatakit import AsyncPinata
async def main():
    async with AsyncPinata(gateway_url=sys.argv[1]) as pinata:
        await pinata.download(sys.argv[2], sys.argv[3], verify=sys.argv[4] == "verified")
asyncio.run(main())
"""
WAYS = {
    "verified sync": (SYNC, "verified"),
    "unverified sync": (SYNC, "unverified"),
    "verified async": (ASYNC, "verified"),
    "unverified async": (ASYNC, "unverified"),
}


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


def upload(folder: Path, about: dict[str, str], size: int) -> str:
    file = make(folder / "content", size)
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        cid = str(pinata.upload(file).cid)
    file.unlink()
    return cid


def compare(folder: Path, size: int, pairs: int, ways: list[str]) -> None:
    to = folder / "got"
    with serving(folder / "data") as (about, _):
        cid = upload(folder, about, size)
        curl = ["curl", "-sS", "-o", str(to), f"{about['url']}/ipfs/{cid}"]
        for way in ways:
            ratios: list[float] = []
            base: list[float] = []
            for turn in range(-1, pairs):
                ours = timed(command(way, about, cid, to), to, size)
                theirs = timed(curl, to, size)
                if turn >= 0:
                    ratios.append(ours / theirs)
                    base.append(theirs)
            print(f"{way:<17} / curl, {size / 1e6:,.0f} MB: {show(ratios)}; curl {show(base)} s", flush=True)


def measure_memory(folder: Path, size: int, ways: list[str]) -> None:
    to = folder / "got"
    with serving(folder / f"data-{size}") as (about, server):
        cid = upload(folder, about, size)
        for way in ways:
            client = subprocess.Popen(command(way, about, cid, to))
            _, status, usage = os.wait4(client.pid, 0)
            client.returncode = os.waitstatus_to_exitcode(status)
            assert client.returncode == 0
            assert to.stat().st_size == size
            to.unlink()
            print(
                f"peak memory, {way}, {size / 1e6:,.0f} MB: client {usage.ru_maxrss / 1024:.0f} MiB",
                flush=True,
            )
        print(f"peak memory of the server, upload and all of these: {peak(server)} MiB")


def command(way: str, about: dict[str, str], cid: str, to: Path) -> list[str]:
    program, verified = WAYS[way]
    return [sys.executable, "-c", program, about["url"], cid, str(to), verified]


def timed(what: list[str], to: Path, size: int) -> float:
    begun = time.perf_counter()
    subprocess.run(what, check=True)
    took = time.perf_counter() - begun
    assert to.stat().st_size == size
    to.unlink()
    return took


if __name__ == "__main__":
    main()

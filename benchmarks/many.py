"""Many small things: pinatakit with 16 at once against pinatapy, which its users run one by one.

2,000 JSON pins and 2,000 small files go to the same local Pinata, in turns, each in a process of its
own; the rate is that of the whole process. Then a folder of 20,000 files is uploaded, as a form and as a
CAR, by both clients: their open descriptors are watched, and the memory of client and server.
With --turns 0 that alone.

    pip install pinatapy-vourhey
    python benchmarks/many.py --turns 5
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
from pathlib import Path

from pinatakit import Permissions, Pinata
from upload import environment, peak, serving, show

OURS_JSON = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pinatakit import Pinata
turn, count = sys.argv[1], int(sys.argv[2])
def pin(number):
    return pinata.upload_json({"turn": turn, "number": number}, name=f"{number}.json")
with Pinata() as pinata, ThreadPoolExecutor(16) as threads:
    assert len({str(done.cid) for done in threads.map(pin, range(count))}) == count
"""
OURS_JSON_ASYNC = """
import asyncio, sys
from pinatakit import AsyncPinata
turn, count = sys.argv[1], int(sys.argv[2])
async def main():
    numbers, cids = iter(range(count)), set()
    async def work():
        for number in numbers:
            done = await pinata.upload_json({"turn": turn, "number": number}, name=f"{number}.json")
            cids.add(str(done.cid))
    async with AsyncPinata() as pinata, asyncio.TaskGroup() as tasks:
        for _ in range(16):
            tasks.create_task(work())
    assert len(cids) == count
asyncio.run(main())
"""
OURS_FILES = """
import pathlib, sys
from concurrent.futures import ThreadPoolExecutor
from pinatakit import Pinata
files = list(pathlib.Path(sys.argv[3]).iterdir())
with Pinata() as pinata, ThreadPoolExecutor(16) as threads:
    assert len({str(done.cid) for done in threads.map(pinata.upload, files)}) == len(files)
"""
THEIRS = """
import json, os, pathlib, sys
import pinatapy
pinatapy.API_ENDPOINT = os.environ["PINATA_ENDPOINT_URL"] + "/"
pinata = pinatapy.PinataPy(os.environ["KEY"], os.environ["SECRET"])
what, turn, count = sys.argv[4], sys.argv[1], int(sys.argv[2])
if what == "json":
    done = [pinata.pin_json_to_ipfs({"turn": turn, "number": number}) for number in range(count)]
else:
    done = [pinata.pin_file_to_ipfs(str(file)) for file in pathlib.Path(sys.argv[3]).iterdir()]
assert len({one["IpfsHash"] for one in done}) == count, done[0]
"""
FOLDER = """
import asyncio, os, sys, threading
from pinatakit import AsyncPinata, Pinata
most, done = 0, threading.Event()
def watch():
    global most
    while not done.wait(0.005):
        most = max(most, len(os.listdir("/proc/self/fd")))
watcher = threading.Thread(target=watch)
watcher.start()
folder, client, car = sys.argv[1], sys.argv[2], sys.argv[3] == "car"
async def main():
    async with AsyncPinata() as pinata:
        await pinata.upload(folder, car=car)
if client == "async":
    asyncio.run(main())
else:
    with Pinata() as pinata:
        pinata.upload(folder, car=car)
done.set()
watcher.join()
print(most)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--folder", type=int, default=20_000, help="files of the folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
        if given.turns:
            compare(Path(name), given.turns, given.count)
        measure_folder(Path(name), given.folder)


def compare(folder: Path, turns: int, count: int) -> None:
    with serving(folder / "data") as (about, _):
        with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
            key = pinata.keys.create("benchmark", Permissions.ADMIN)
        env = {**environment(about), "KEY": key.pinata_api_key, "SECRET": key.pinata_api_secret}
        for title, ours, what in (
            ("JSON pins, threads", OURS_JSON, "json"),
            ("JSON pins, async", OURS_JSON_ASYNC, "json"),
            ("small files, threads", OURS_FILES, "files"),
        ):
            rates: dict[str, list[float]] = {"ours": [], "theirs": []}
            for turn in range(-1, turns):
                for who, program in (("ours", ours), ("theirs", THEIRS)):
                    files = small_files(folder / f"{title}-{turn}-{who}", count)
                    label = f"{title}-{turn}-{who}"
                    begun = time.perf_counter()
                    command = [sys.executable, "-c", program, label, str(count), str(files), what]
                    subprocess.run(command, env=env, check=True)
                    if turn >= 0:
                        rates[who].append(count / (time.perf_counter() - begun))
            ratios = [a / b for a, b in zip(rates["ours"], rates["theirs"], strict=True)]
            both = ", ".join(f"{who} {statistics.median(each):.0f} a second" for who, each in rates.items())
            print(f"{title:<22} {count:,}: ratio {show(ratios)}; {both}", flush=True)


def measure_folder(folder: Path, count: int) -> None:
    files = small_files(folder / "many", count)
    for way in ("form", "car"):
        for which in ("blocking", "async"):
            with serving(folder / f"data-{way}-{which}") as (about, server):
                descriptors, memory = watched([sys.executable, "-c", FOLDER, str(files), which, way], about)
                print(
                    f"a folder of {count:,} files, {way}, {which}: at most {descriptors} open descriptors, "
                    f"peak memory {memory:.0f} MiB, of the server {peak(server)} MiB",
                    flush=True,
                )


def watched(command: list[str], about: dict[str, str]) -> tuple[int, float]:
    """Run what prints its open descriptors: these, and its peak memory in MiB."""
    with subprocess.Popen(command, env=environment(about), stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout
        descriptors = int(client.stdout.read())
        _, status, usage = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
        assert client.returncode == 0
    return descriptors, usage.ru_maxrss / 1024


def small_files(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05}.txt").write_text(json.dumps([str(folder), number]))
    return folder


if __name__ == "__main__":
    main()

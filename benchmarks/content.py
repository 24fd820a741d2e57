"""CIDs and CAR files against the hash itself, in turns, as ratios of one run.

The base is one thread of `hashlib.sha256` over the same bytes; the ceiling is two threads that
hash half of them each; pipes are filled by ``cat``, which needs a core too, so that the bare pipe
is the ceiling there; ``cp`` is what writing alone costs on this disk. Each turn runs all of
them, each in a process of its own, and ratios are taken within the turn. Peers are measured
where they are installed: `aleph-cid` beside pinatakit, `ipfs-unixfs-importer` in a folder given
by ``--js`` (``npm install ipfs-unixfs-importer blockstore-core``).

    python benchmarks/content.py --turns 5
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

GIB = 1 << 30
PIECE = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--size", type=int, default=GIB, help="bytes of the large file")
    parser.add_argument("--memory", type=int, nargs="*", default=[100 * 10**6, 8 * 10**9])
    parser.add_argument("--only", nargs="*", default=["file", "car", "small", "blocks", "memory"])
    parser.add_argument("--js", type=Path, help="folder with node_modules of the JavaScript importer")
    parser.add_argument("--folder", type=Path, help="where to put files; the default is a temporary folder")
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        run_task(*given.task)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
        for part in given.only:
            PARTS[part](folder, given)


def compare_file(folder: Path, given: argparse.Namespace) -> None:
    file = make(folder / "content", given.size)
    peers: dict[str, list[str]] = {}
    if importlib.util.find_spec("aleph_cid"):
        peers["aleph-cid"] = ["aleph", str(file)]
    if given.js:
        peers["ipfs-unixfs-importer"] = ["js", str(file), str(given.js)]
    tasks = {"ceiling": ["ceiling", str(file)], "pinatakit": ["cid", str(file)]}
    tasks |= {"pipe, read and hashed bare": ["bare-pipe", str(file)]}
    tasks |= {"pinatakit, from a pipe": ["pipe", str(file)], **peers}
    turns(f"CID of {given.size:,} bytes", given.turns, ["base", str(file)], tasks, beside="ceiling")
    file.unlink()


def compare_car(folder: Path, given: argparse.Namespace) -> None:
    file = make(folder / "alone" / "content", given.size)
    car, out = folder / "content.car", folder / "out"
    run(["stream", str(file), str(car)])
    tasks = {
        "cp": ["cp", str(file), str(out)],
        "written, root put in at the end": ["stream", str(file), str(out)],
        "written depth first": ["dfs", str(file), str(out)],
        "verified": ["verify", str(car)],
        "unpacked, every block verified": ["unpack", str(car), str(out)],
    }
    if importlib.util.find_spec("aleph_cid"):
        tasks["aleph-cid write_folder_car"] = ["aleph-car", str(file.parent), str(out)]
    turns(f"CAR of {given.size:,} bytes", given.turns, ["base", str(file)], tasks, beside="cp", target=out)
    shutil.rmtree(file.parent)
    car.unlink()


def compare_small(folder: Path, given: argparse.Namespace) -> None:
    for title, folders, count, size in (
        ("10,000 files of 4 KiB in 100 folders", 100, 100, 4096),
        ("100,000 files of 64 bytes in one folder", 1, 100_000, 64),
    ):
        top = folder / "small"
        for outer in range(folders):
            below = top / f"folder-{outer:03}"
            below.mkdir(parents=True)
            for inner in range(count):
                (below / f"file-{inner:06}").write_bytes(os.urandom(size))
        tasks = {"pinatakit": ["cid", str(top)]}
        if importlib.util.find_spec("aleph_cid"):
            tasks["aleph-cid"] = ["aleph-folder", str(top)]
        turns(title, given.turns, ["plain", str(top)], tasks)
        shutil.rmtree(top)


def compare_blocks(folder: Path, given: argparse.Namespace) -> None:
    """Small blocks: the cost of each above its hash, in microseconds."""
    car = folder / "blocks.car"
    run(["make-blocks", str(car)])
    print("\na CAR of 10,000 blocks of 1 KiB, microseconds a block above the hash alone")
    for title, task in (("read and verified", "read-blocks"), ("verify_car()", "verify")):
        costs: list[float] = []
        for _ in range(given.turns):
            base = run(["hash-blocks", str(car)])
            ours = run([task, str(car)])
            costs.append((ours["wall"] - base["wall"]) / 10_000 * 1e6)
        print(f"  {title:<34} {spread(costs)}")
    car.unlink()


def measure_memory(folder: Path, given: argparse.Namespace) -> None:
    print("\npeak memory above the bare interpreter, MB")
    bare = run(["nothing"])["peak"]
    for size in given.memory:
        file = make(folder / "content", size)
        for task in ("cid", "pipe"):
            print(f"  {task:<5} {size:>14,} bytes  {(run([task, str(file)])['peak'] - bare) / 1e6:.1f}")
        file.unlink()
    top = folder / "many"
    top.mkdir()
    for number in range(100_000):
        (top / f"file-{number:06}").write_bytes(b"%d" % number)
    print(f"  cid   a folder of 100,000 files  {(run(['cid', str(top)])['peak'] - bare) / 1e6:.1f}")
    shutil.rmtree(top)


PARTS = {
    "file": compare_file,
    "car": compare_car,
    "small": compare_small,
    "blocks": compare_blocks,
    "memory": measure_memory,
}


def turns(
    title: str,
    count: int,
    base: list[str],
    tasks: dict[str, list[str]],
    *,
    beside: str | None = None,
    target: Path | None = None,
) -> None:
    """Run base and tasks in turns, the first not counted, and print the ratios."""
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in tasks}
    seconds: list[float] = []
    for turn in range(-1, count):
        measured_base = run(base)
        measured: dict[str, dict[str, float]] = {}
        for name, task in tasks.items():
            if target:
                warm(target, os.path.getsize(base[1]))
            measured[name] = run(task)
            if target:
                target.unlink(missing_ok=True)
        if turn < 0:
            continue
        seconds.append(measured_base["wall"])
        for name, one in measured.items():
            other = measured[beside]["wall"] if beside else measured_base["wall"]
            figures[name].append(
                (one["wall"] / measured_base["wall"], one["wall"] / other, one["cpu"] / measured_base["cpu"])
            )
    print(f"\n{title}; base {spread(seconds)} s")
    for name, rows in figures.items():
        wall, against, cpu = (spread([row[place] for row in rows]) for place in range(3))
        beyond = f"  x {beside} {against}" if beside and name != beside else ""
        print(f"  {name:<34} wall {wall}  CPU {cpu}{beyond}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def run(task: list[str]) -> dict[str, float]:
    """Seconds and peak memory (bytes) of a task in a process of its own, its start not counted."""
    command = [sys.executable, __file__, "--task", *task]
    if task[0].endswith("pipe"):
        with subprocess.Popen(["cat", task[1]], stdout=subprocess.PIPE) as cat:
            done = subprocess.run(command, stdin=cat.stdout, capture_output=True, check=True)
    else:
        done = subprocess.run(command, capture_output=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def run_task(name: str, *args: str) -> None:
    work = TASKS[name](*args)
    wall, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    wall = time.perf_counter() - wall
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": int(peak[1]) * 1024 if peak else 0}))


Task: TypeAlias = Callable[..., Callable[[], object]]


def base_task(path: str) -> Callable[[], object]:
    import hashlib

    def work() -> None:
        hashed, buffer = hashlib.sha256(), bytearray(PIECE)
        with open(path, "rb", buffering=0) as file:
            while count := file.readinto(buffer):
                hashed.update(memoryview(buffer)[:count])

    return work


def ceiling_task(path: str) -> Callable[[], object]:
    import hashlib
    import threading

    def half(at: int, end: int) -> None:
        hashed, buffer = hashlib.sha256(), bytearray(PIECE)
        with open(path, "rb", buffering=0) as file:
            file.seek(at)
            while at < end and (count := file.readinto(buffer)):
                hashed.update(memoryview(buffer)[:count])
                at += count

    def work() -> None:
        size = os.path.getsize(path)
        threads = [threading.Thread(target=half, args=ends) for ends in ((0, size // 2), (size // 2, size))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return work


def bare_pipe_task(_path: str) -> Callable[[], object]:
    """The least that a pipe costs: one thread reads into buffers that two others hash, and no more."""
    import fcntl
    import hashlib
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    def work() -> None:
        fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, PIECE)
        buffers, hashing = deque(bytearray(PIECE) for _ in range(5)), deque[Future[Any]]()
        with ThreadPoolExecutor(2) as threads:
            while True:
                buffer, filled = memoryview(buffers[0]), 0
                buffers.rotate()
                while filled < PIECE and (count := os.readv(0, [buffer[filled : filled + PIECE // 4]])):
                    filled += count
                if not filled:
                    return
                hashing.append(threads.submit(hashlib.sha256, buffer[:filled]))
                if len(hashing) == len(buffers):
                    hashing.popleft().result()

    return work


def plain_task(top: str) -> Callable[[], object]:
    import hashlib

    def work() -> None:
        for folder, _, names in os.walk(top):
            for name in names:
                with open(f"{folder}/{name}", "rb") as file:
                    hashlib.sha256(file.read()).digest()

    return work


def cp_task(path: str, to: str) -> Callable[[], object]:
    return lambda: subprocess.run(["cp", path, to], check=True)


def cid_task(path: str) -> Callable[[], object]:
    from pinatakit import cid_of

    return lambda: cid_of(path)


def pipe_task(_path: str) -> Callable[[], object]:
    from pinatakit import cid_of

    return lambda: cid_of(sys.stdin.buffer)


def stream_task(path: str, to: str) -> Callable[[], object]:
    from pinatakit import pack

    return lambda: pack(path, to)


def dfs_task(path: str, to: str) -> Callable[[], object]:
    from pinatakit import pack

    return lambda: pack(path, to, order="dfs")


def verify_task(car: str) -> Callable[[], object]:
    from pinatakit import verify_car

    return lambda: verify_car(car)


def unpack_task(car: str, to: str) -> Callable[[], object]:
    from pinatakit import unpack

    return lambda: unpack(car, to)


def make_blocks_task(car: str) -> Callable[[], object]:
    from pinatakit.content import CID, Block, write_car

    def work() -> None:
        blocks = [Block(CID.of(data), data) for data in (os.urandom(1024) for _ in range(10_000))]
        with open(car, "wb") as file:
            file.writelines(write_car([blocks[0].cid], blocks))

    return work


def read_blocks_task(car: str) -> Callable[[], object]:
    from pinatakit import read_car

    def work() -> None:
        with open(car, "rb") as file:
            for cid, data in read_car(file)[1]:
                cid.verify(data)

    return work


def hash_blocks_task(car: str) -> Callable[[], object]:
    import hashlib

    with open(car, "rb") as file:
        data = memoryview(file.read())[:10_240_000]

    def work() -> None:
        for at in range(0, len(data), 1024):
            hashlib.sha256(data[at : at + 1024]).digest()

    return work


def aleph_task(path: str) -> Callable[[], object]:
    aleph_cid: Any = importlib.import_module("aleph_cid")

    def work() -> None:
        hasher = aleph_cid.CidHasher.for_ipfs_v1_raw_leaves()
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(PIECE):
                hasher.update(piece)
        hasher.finalize()

    return work


def aleph_folder_task(path: str) -> Callable[[], object]:
    aleph_cid: Any = importlib.import_module("aleph_cid")

    return lambda: aleph_cid.hash_folder(path)


def aleph_car_task(path: str, to: str) -> Callable[[], object]:
    aleph_cid: Any = importlib.import_module("aleph_cid")

    return lambda: aleph_cid.write_folder_car(path, to)


JS = """
import { createReadStream } from 'node:fs'
import { importer } from 'ipfs-unixfs-importer'
import { MemoryBlockstore } from 'blockstore-core/memory'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
class Nowhere extends MemoryBlockstore { put (cid) { return cid } }
const options = { cidVersion: 1, rawLeaves: true, chunker: fixedSize({ chunkSize: 262144 }) }
const source = [{ path: 'content', content: createReadStream(process.argv[2], { highWaterMark: 1048576 }) }]
for await (const entry of importer(source, new Nowhere(), options)) console.log(entry.cid.toString())
"""


def js_task(path: str, folder: str) -> Callable[[], object]:
    script = Path(folder, "cid.mjs")
    script.write_text(JS)
    return lambda: subprocess.run(["node", script, path], check=True, stdout=subprocess.PIPE)


TASKS: dict[str, Task] = {
    "nothing": lambda: lambda: None,
    "base": base_task,
    "ceiling": ceiling_task,
    "plain": plain_task,
    "cp": cp_task,
    "cid": cid_task,
    "pipe": pipe_task,
    "bare-pipe": bare_pipe_task,
    "stream": stream_task,
    "dfs": dfs_task,
    "verify": verify_task,
    "unpack": unpack_task,
    "make-blocks": make_blocks_task,
    "read-blocks": read_blocks_task,
    "hash-blocks": hash_blocks_task,
    "aleph": aleph_task,
    "aleph-folder": aleph_folder_task,
    "aleph-car": aleph_car_task,
    "js": js_task,
}


def warm(path: Path, size: int) -> None:
    """Have the memory that a file of this size takes in the page cache at hand.

    A virtual machine gives free memory back to its host, and whoever writes next pays for its return.
    """
    piece = bytes(PIECE)
    with path.open("wb") as file:
        for _ in range(0, size, PIECE):
            file.write(piece)
    path.unlink()


def make(path: Path, size: int) -> Path:
    """A file of random bytes, no two chunks alike, in the page cache."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for at in range(0, size, PIECE):
            file.write(os.urandom(min(PIECE, size - at)))
    os.sync()
    return path


if __name__ == "__main__":
    main()

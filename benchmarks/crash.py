"""Kill the local Pinata at random moments, and compare what it has with what it acknowledged.

    python benchmarks/crash.py --kills 300 --seconds 1800

Three threads upload (forms of both APIs, folders, JSON, CARs, in chunks, through presigned URLs), pin
by CID what is held already, change names, key-values and groups, and delete, while `store gc` runs beside
the server, again and again; both are killed (SIGKILL) while they do, the server is started again on
the same folder, and asked for everything it lists, on both networks. What was acknowledged must be there as it was acknowledged, what was deleted must be gone,
and what was under way is one or the other. All that is listed must be whole: its CAR is read and each
block hashed again on a walk from the root. Uploads in chunks that were cut go on after the start,
and their CIDs are checked. Exit status 1 where anything was lost, damaged or half-made.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pinatakit import File, Pinata, Upload
from pinatakit.cars import pack
from pinatakit.content import CID, Walk, read_car
from pinatakit.errors import PinataError
from pinatakit.protocol import Network

SERVE = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data"]
THREADS = 3


COLLECT = """  # what `store gc` does, again and again, a dot for each time
import sys
import time
from pathlib import Path
from pinatakit.server.store import beside
from pinatakit.server.store.gc import collect
while True:
    with beside(Path(sys.argv[1])) as cars:
        collect(cars)
    print(end=".", flush=True)
    time.sleep(0.05)
"""


class State(NamedTuple):
    """What a file is listed with."""

    name: str | None
    keyvalues: frozenset[tuple[str, str]]
    group: str | None


Key: TypeAlias = tuple[Network, str]
Listed: TypeAlias = dict[Key, tuple[str, State]]
Expected: TypeAlias = dict[Key, set[State | None]]
"""What may be listed of a CID, where `None` is nothing: one state, or two while one is being changed."""


class User(threading.Thread):
    """Does one thing after another until the server is gone, and keeps what may be there then."""

    def __init__(
        self,
        about: dict[str, str],
        seed: str,
        scratch: Path,
        mine: Listed,
        groups: list[str],
        begun: list[Path],
    ) -> None:
        super().__init__(daemon=True)
        self.expected: Expected = {key: {state} for key, (_, state) in mine.items()}
        self.begun = begun
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._ids = {key: id for key, (id, _) in mine.items()}
        self._inside: list[CID] = []
        self._groups = groups
        self._about = about
        self._rng = random.Random(seed)
        self._scratch = scratch / seed
        self._scratch.mkdir(parents=True)

    def run(self) -> None:
        url, jwt = self._about["url"], self._about["jwt"]
        with Pinata(jwt, endpoint_url=url, gateway_url=url, attempts=1) as pinata:
            try:
                for path in list(self.begun):
                    self._added("go on", "public", pinata.upload(path, resumable=True))
                    self.begun.remove(path)
                    path.unlink()
                while True:
                    self._act(pinata)
            except PinataError as error:
                if "CID" in str(error):  # not that the server is gone
                    self.wrong.append(str(error))
            finally:
                shutil.rmtree(self._scratch)

    def _act(self, pinata: Pinata) -> None:
        what = self._rng.random()
        known = [key for key, states in self.expected.items() if key in self._ids and None not in states]
        if what < 0.6 or len(known) < 5:
            self._upload(pinata)
        elif what < 0.85:
            self._edit(pinata, self._rng.choice(known))
        else:
            self._remove(pinata, self._rng.choice(known))

    def _upload(self, pinata: Pinata) -> None:
        rng = self._rng
        version = rng.randint(0, 1)
        name, keyvalues = f"n{rng.random()}", {"round": str(rng.random())}
        network: Network = rng.choice(["public", "private"])
        match rng.randrange(8):
            case 0:
                folder = self._scratch / str(rng.random())
                for i in range(rng.randint(1, 8)):
                    file = folder / f"sub-{i % 3}" / f"file-{i}.bin"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(self._bytes(200_000))
                self._added("folder", "public", pinata.upload(folder, cid_version=version))
            case 1:
                self._added("JSON", "public", pinata.upload_json({"n": rng.random()}, cid_version=version))
            case 2:
                self._added(
                    "large", network, pinata.upload(self._bytes(6_000_000), name=name, network=network)
                )
            case 3:
                car = io.BytesIO()
                self._inside.append(pack(self._bytes(900_000), car).cid)
                sent = pinata.upload(car.getvalue(), name=name, car=True, network=network)
                self._added("CAR", network, sent)
            case 4:
                path = self._scratch.with_name(f"{rng.random()}.bin")
                path.write_bytes(self._bytes(8_000_000))
                self.begun.append(path)
                self._added("chunks", "public", pinata.upload(path, resumable=True, chunk_size=1 << 20))
                self.begun.remove(path)
                path.unlink()
            case 5:
                url = pinata.links.upload(name=name, keyvalues=keyvalues, network=network)
                self._added("presigned", network, pinata.upload(self._bytes(50_000), url=url))
            case 6 if self._inside:
                pinata.pins.add(cid := self._inside.pop(), name=name, api=rng.choice(["v3", "older"]))
                self.done["pin by CID"] += 1
                key: Key = ("public", str(cid))
                self.expected.setdefault(key, {State(name, frozenset(), None)})
            case _:
                sent = pinata.upload(self._bytes(30_000), keyvalues=keyvalues, network=network)
                self._added("file", network, sent)

    def _added(self, how: str, network: Network, upload: Upload) -> None:
        self.done[how] += 1
        key: Key = (network, str(upload.cid))
        self.expected[key] = {_state(upload)}
        if upload.id:
            self._ids[key] = upload.id

    def _edit(self, pinata: Pinata, key: Key) -> None:
        rng, (network, cid) = self._rng, key
        (state,) = self.expected[key]
        assert state
        name, value = f"e{rng.random()}", str(rng.random())
        new = state._replace(name=name, keyvalues=frozenset({**dict(state.keyvalues), "edit": value}.items()))
        group = rng.choice(self._groups)
        puts = network == "public" and rng.random() < 0.3
        if puts:
            new = state._replace(group=group)
        self.expected[key] = {state, new}
        if puts:
            pinata.groups.add(group, self._ids[key], network=network)
        elif network == "public" and rng.random() < 0.5:
            pinata.pins.update(cid, name=name, keyvalues={"edit": value})
        else:
            pinata.files.update(self._ids[key], name=name, keyvalues={"edit": value}, network=network)
        self.expected[key] = {new}
        self.done["edit"] += 1

    def _remove(self, pinata: Pinata, key: Key) -> None:
        network, cid = key
        self.expected[key] |= {None}
        if network == "public" and self._rng.random() < 0.5:
            pinata.pins.remove(cid)
        else:
            pinata.files.delete(self._ids[key], network=network)
        self.expected[key] = {None}
        self.done["delete"] += 1

    def _bytes(self, most: int) -> bytes:
        return self._rng.randbytes(self._rng.randint(16, most))


def start(folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A server on that folder, once it answers, and how to reach it."""
    process = subprocess.Popen([*SERVE, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, json.loads(process.stdout.readline())


def start_gc(folder: Path) -> subprocess.Popen[str]:
    """A process that collects beside the server until it is killed."""
    return subprocess.Popen([sys.executable, "-c", COLLECT, str(folder)], stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> str:
    """Kill it; what it had printed."""
    process.kill()
    printed, _ = process.communicate()
    return printed


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has taken, which other work on the machine touches less."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def all_listed(about: dict[str, str]) -> Listed:
    listed: Listed = {}
    networks: tuple[Network, ...] = ("public", "private")
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        for network in networks:
            for file in pinata.files.list(network=network, page_size=1000):
                listed[network, str(file.cid)] = (file.id, _state(file))
    return listed


def _state(file: File | Upload) -> State:
    return State(file.name, frozenset((file.keyvalues or {}).items()), file.group_id)


def damage(folder: Path, cid: CID) -> str | None:
    """What is wrong with the CAR of a pin, if anything is."""
    try:
        (path,) = (folder / "cars").glob(f"{cid.to_v1()}.*.car")
        with path.open("rb") as car:
            roots, blocks = read_car(car)
            held = {block.cid: bytes(block.data) for block in blocks}
        if roots != [cid]:
            return f"its CAR is of {roots}"
        walk = Walk(cid)
        while walk.wants:
            walk.feed(held[walk.wants])
    except (OSError, ValueError, PinataError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def unfinished(folder: Path) -> int:
    """How many uploads in chunks wait to be gone on with."""
    with sqlite3.connect(folder / "records.db") as db:
        count: int = db.execute("SELECT count(*) FROM tus WHERE cid IS NULL").fetchone()[0]
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how often (50)")
    parser.add_argument("--seconds", type=float, default=600, help="stop after so many seconds at most (600)")
    parser.add_argument("--seed", default="1", help="of moments, sizes and contents (1)")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    top = Path(tempfile.mkdtemp(prefix="pinatakit-crash-"))
    os.environ["XDG_STATE_HOME"] = str(top / "state")
    folder = top / "data"
    done: Counter[str] = Counter()
    wrong: list[str] = []
    starts: list[float] = []
    cpu: list[float] = []
    listed: Listed = {}
    whole: set[Key] = set()
    begun: list[list[Path]] = [[] for _ in range(THREADS)]
    left = kills = collections = 0
    until = time.monotonic() + given.seconds
    process, about = start(folder)
    gc = start_gc(folder)
    try:
        with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
            groups = [pinata.groups.create(f"group {i}", network="public").id for i in range(3)]
        while kills < given.kills and time.monotonic() < until:
            # What may still be gone on with is left to the one who does.
            names = {path.name for paths in begun for path in paths}
            keys = sorted(key for key, (_, state) in listed.items() if state.name not in names)
            users = [
                User(
                    about,
                    f"{given.seed}-{kills}-{i}",
                    top,
                    {key: listed[key] for key in keys[i::THREADS]},
                    groups,
                    begun[i],
                )
                for i in range(THREADS)
            ]
            for user in users:
                user.start()
            time.sleep(rng.uniform(0.02, 1.5))
            collects_on = rng.random() < 0.5  # while the server starts again, and for a while beside it
            for one in [process] if collects_on else rng.sample([process, gc], 2):
                collections += kill(one).count(".")
            kills += 1
            expected: Expected = {}
            for user in users:
                user.join()
                expected |= user.expected
                done += user.done
                wrong += user.wrong
            if gc.poll() not in (None, -9):
                wrong.append(f"after kill {kills}: gc ended with {gc.returncode}")
            before = time.monotonic()
            process, about = start(folder)
            starts.append(time.monotonic() - before)
            cpu.append(cpu_of(process.pid))
            left += len(list((folder / "cars" / "incoming").iterdir())) - unfinished(folder)
            listed = all_listed(about)
            for key, states in expected.items():
                now = listed.get(key, ("", None))[1]
                if now not in states:
                    wrong.append(f"after kill {kills}: {key} is {now}, not one of {states}")
            last = kills == given.kills
            unproven = set(listed) if last or kills % 50 == 0 else set(listed) - whole
            for key in unproven:
                if why := damage(folder, CID.parse(key[1])):
                    wrong.append(f"after kill {kills}: {key} {why}")
            whole = set(listed)
            for line in wrong:
                print(line, file=sys.stderr)
            if wrong:
                break
            if gc.poll() is not None:
                gc = start_gc(folder)
    finally:
        kill(process)
        collections += kill(gc).count(".")
        shutil.rmtree(top, ignore_errors=True)
    print(f"kills {kills}, acknowledged {done.total()}: {', '.join(f'{n} {how}' for how, n in done.items())}")
    print(f"gc ran {collections} times to its end")
    print(f"listed at the end {len(listed)}, lost, wrong or damaged {len(wrong)}, left in incoming {left}")
    for what, took in (("wall", starts), ("CPU", cpu)):
        print(f"restart, {what}: median {statistics.median(took):.2f} s, longest {max(took):.2f} s")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())

"""Kill the local Pinata at random moments, and count what was acknowledged and is not there.

    python benchmarks/crash.py --kills 50 --seconds 600

Two threads upload files, folders and JSON; the server is killed (SIGKILL) while they do, started
again on the same folder, and asked. Every acknowledged CID must be listed as pinned, and every
listed pin must be whole: its CAR is read and each block hashed again on a walk from the root.
Exit status 1 where anything was lost or damaged.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pinatakit import Pinata
from pinatakit.content import CID, Walk, read_car
from pinatakit.errors import PinataError
from pinatakit.protocol import Network

SERVE = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data"]
THREADS = 2


class Uploader(threading.Thread):
    """Uploads one thing after another until the server is gone; `acknowledged` are the answers."""

    def __init__(self, about: dict[str, str], seed: str, scratch: Path) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self._about = about
        self._rng = random.Random(seed)
        self._scratch = scratch / seed

    def run(self) -> None:
        url, jwt = self._about["url"], self._about["jwt"]
        with Pinata(jwt, endpoint_url=url, gateway_url=url, attempts=1) as pinata:
            try:
                while True:
                    self.acknowledged.append(str(self._upload(pinata)))
            except PinataError:
                return  # killed

    def _upload(self, pinata: Pinata) -> CID:
        rng = self._rng
        version = rng.randint(0, 1)
        match rng.randrange(6):
            case 0:
                folder = self._scratch / str(rng.random())
                for i in range(rng.randint(1, 8)):
                    file = folder / f"sub-{i % 3}" / f"file-{i}.bin"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(self._bytes(200_000))
                return pinata.upload(folder, cid_version=version).cid
            case 1:
                return pinata.upload_json({"n": rng.random()}, cid_version=version).cid
            case 2:
                return pinata.upload(self._bytes(4_000_000), cid_version=version).cid
            case _:
                network: Network = "private" if rng.random() < 0.1 else "public"
                upload = pinata.upload(self._bytes(30_000), network=network, cid_version=version)
                if network == "private":
                    return pinata.upload(self._bytes(1_000)).cid  # pins are public: ask for one that is
                return upload.cid

    def _bytes(self, most: int) -> bytes:
        return self._rng.randbytes(self._rng.randint(0, most))


def start(folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A server on that folder, once it answers, and how to reach it."""
    process = subprocess.Popen([*SERVE, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, json.loads(process.stdout.readline())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


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
    except (OSError, PinataError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="how often (50)")
    parser.add_argument("--seconds", type=float, default=600, help="stop after so many seconds at most (600)")
    parser.add_argument("--seed", default="1", help="of moments, sizes and contents (1)")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    top = Path(tempfile.mkdtemp(prefix="pinatakit-crash-"))
    folder = top / "data"
    acknowledged: set[str] = set()
    lost: set[str] = set()
    damaged: dict[str, str] = {}
    left = listed = kills = 0
    until = time.monotonic() + given.seconds
    process, about = start(folder)
    try:
        while kills < given.kills and time.monotonic() < until:
            uploaders = [Uploader(about, f"{given.seed}-{kills}-{i}", top) for i in range(THREADS)]
            for uploader in uploaders:
                uploader.start()
            time.sleep(rng.uniform(0.02, 0.6))
            kill(process)
            kills += 1
            for uploader in uploaders:
                uploader.join()
                acknowledged |= set(uploader.acknowledged)
            process, about = start(folder)
            left += len(list((folder / "cars" / "incoming").iterdir()))
            with Pinata(about["jwt"], endpoint_url=about["url"], gateway_url=about["url"]) as pinata:
                pins = {pin.cid for pin in pinata.pins.list(page_size=1000)}
            listed = len(pins)
            lost |= acknowledged - {str(cid) for cid in pins}
            damaged |= {str(cid): why for cid in pins if (why := damage(folder, cid))}
            for cid in lost | set(damaged):
                print(f"after kill {kills}: {cid} {damaged.get(cid, 'is not listed')}", file=sys.stderr)
    finally:
        kill(process)
        shutil.rmtree(top, ignore_errors=True)
    print(
        f"kills {kills}, acknowledged {len(acknowledged)}, listed {listed}, "
        f"lost {len(lost)}, damaged {len(damaged)}, left in incoming {left}"
    )
    return 1 if lost or damaged or left else 0


if __name__ == "__main__":
    sys.exit(main())

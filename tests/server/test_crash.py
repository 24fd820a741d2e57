"""Killed in the middle of uploads, the server comes back with all it acknowledged.

`benchmarks/crash.py` does the same with more kills and more kinds of content.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from pinatakit.content import CID

from .conftest import FORM, bearer, body, content_of


def start(folder):
    command = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    return process, json.loads(process.stdout.readline())


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def keep_uploading(about, rng, acknowledged):
    """Upload files and folders until the server is gone; note what it has acknowledged."""
    with httpx2.Client(base_url=about["url"], headers=bearer(about["jwt"])) as api:
        for i in itertools.count():
            size = rng.choice([0, 1_000, 30_000, 300_000, 3_000_000])
            files = [(f"box/{n}.bin", rng.randbytes(size // 3)) for n in range(3)]
            try:
                answer = api.post(
                    "/pinning/pinFileToIPFS",
                    content=body(*(files if i % 2 else [("f.bin", files[0][1])])),
                    headers=FORM,
                )
            except httpx2.TransportError:
                return
            acknowledged.append(answer.json()["IpfsHash"])


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_is_there_and_whole_after_a_kill(tmp_path, seed):
    rng = random.Random(seed)
    acknowledged: list[str] = []
    process, about = start(tmp_path)
    try:
        for round_ in range(3):
            threads = [
                threading.Thread(
                    target=keep_uploading, args=(about, random.Random(f"{seed} {round_} {i}"), acknowledged)
                )
                for i in range(2)
            ]
            before = len(acknowledged)
            for thread in threads:
                thread.start()
            until = time.monotonic() + 5
            while len(acknowledged) == before and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.3))
            kill(process)
            for thread in threads:
                thread.join()
            process, about = start(tmp_path)
            assert list((tmp_path / "cars" / "incoming").iterdir()) == []
            answer = httpx2.get(
                f"{about['url']}/data/pinList",
                params={"status": "pinned", "pageLimit": 1000},
                headers=bearer(about["jwt"]),
            )
            pinned = {row["ipfs_pin_hash"] for row in answer.json()["rows"]}
            assert set(acknowledged) <= pinned
            for cid in pinned:
                content_of(next((tmp_path / "cars").glob(f"{CID.parse(cid).to_v1()}.*.car")).read_bytes())
            assert len(list((tmp_path / "cars").glob("*.car"))) == len(pinned)
    finally:
        kill(process)
    assert len(acknowledged) >= 3

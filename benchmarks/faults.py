"""Upload and download through a network that fails, and count what ends wrong.

    python benchmarks/faults.py --uploads 200 --downloads 200

A proxy before a local Pinata cuts connections at random bytes of request or answer, resets them,
stalls, trickles, truncates, refuses (429 with and without Retry-After, 500, 503), answers uploads
with wrong CIDs and changes bytes of downloads. Half of the work is done by threads on the blocking
client, half by tasks on the async one. Each upload and download must end right, or with an error
that is declared; none may hang; no byte may be wrong; and the store may hold nothing but what was
uploaded, whole. Exit status 1 otherwise.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio

from pinatakit import CID, AsyncPinata, Pinata, cid_of
from pinatakit.errors import (
    BlockMismatch,
    CIDMismatch,
    ContentError,
    PinataError,
    RateLimited,
    ServiceFault,
    Unreachable,
)
from pinatakit.server import Change, Cut, Fault, Faults, Refuse, Server, Slow, Stall

WORKERS = 8
SIZES = (0, 1, 1_000, 50_000, 262_144, 262_145, 1_000_000, 4_000_000, 12_000_000)
ELSEWHERE = b"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"  # the CID of nothing here
SENT = (Unreachable, RateLimited, ServiceFault, CIDMismatch)
FETCHED = (Unreachable, RateLimited, ServiceFault, BlockMismatch, ContentError)


@dataclass
class Report:
    """How it all ended."""

    uploads: Counter[str] = field(default_factory=Counter[str])
    downloads: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    slowest: float = 0.0
    seconds: float = 0.0
    bytes: int = 0


def trouble(seed: str, share: float) -> Callable[[str, str], Fault | None]:
    """What befalls requests: something, for that share of them."""
    rng = random.Random(seed)

    def somewhere() -> int:
        return int(10 ** rng.uniform(0, 7))

    def choose(method: str, path: str) -> Fault | None:
        if rng.random() >= share:
            return None
        common: list[Fault] = [
            Refuse(429),
            Refuse(429, {"retry-after": "0.2"}),
            Refuse(500),
            Refuse(503),
            Cut(answer=somewhere(), reset=True),
            Cut(answer=somewhere(), reset=False),
            Stall(answer=somewhere()),
            Slow(rng.choice([300, 3_000_000])),
        ]
        sent: list[Fault] = [
            Cut(request=somewhere(), reset=True),
            Cut(request=somewhere(), reset=False),
            Stall(request=somewhere()),
            Cut(answer=rng.randrange(200)),
            Change(partial(_other_cid)),
        ]
        fetched: list[Fault] = [Change(partial(_other_bytes, rng.randrange(100_000)))]
        del path
        return rng.choice(common + (sent if method == "POST" else fetched))

    return choose


def _other_cid(piece: bytes) -> bytes:
    start = piece.find(b'"cid":"baf')
    return piece if start < 0 else piece[: start + 7] + ELSEWHERE + piece[start + 7 + len(ELSEWHERE) :]


def _other_bytes(at: int, piece: bytes) -> bytes:
    if not piece:
        return piece
    at %= len(piece)
    return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]


def run(uploads: int, downloads: int, *, seed: str = "1", share: float = 0.3, timeout: float = 1.0) -> Report:
    """Do it, and report."""
    report = Report()
    rng = random.Random(seed)
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="pinatakit-faults-") as scratch,
        Server() as server,
        Faults(server.url, trouble(seed, share)) as faults,
    ):
        contents = [rng.randbytes(rng.choice(SIZES) + rng.choice((0, 0, 7))) for _ in range(uploads)]
        straight: dict[str, Any] = {"jwt": server.admin.jwt, "endpoint_url": server.url}
        crooked: dict[str, Any] = {
            "jwt": server.admin.jwt,
            "endpoint_url": faults.url,
            "timeout": timeout,
            "min_speed": 1000,
        }
        _send(report, crooked, contents)
        with Pinata(**straight) as pinata:
            _check_store(report, pinata, contents)
            held = [(pinata.upload(content).cid, content) for content in contents[:40]]
        wanted = [rng.choice(held) for _ in range(downloads)]
        _fetch(report, crooked, wanted, Path(scratch))
        report.faults.update(_named(fault) for fault, _ in faults.met)
    report.seconds = time.monotonic() - begun
    return report


def _named(fault: Fault) -> str:
    if isinstance(fault, Refuse):
        return f"{fault.status}{' with Retry-After' if fault.headers else ''}"
    if isinstance(fault, Cut):
        where = "request" if fault.request is not None else "answer"
        return f"{where} {'reset' if fault.reset else 'cut short'}"
    if isinstance(fault, Stall):
        return f"{'request' if fault.request is not None else 'answer'} stalled"
    return "slow answer" if isinstance(fault, Slow) else "changed"


def _send(report: Report, crooked: dict[str, Any], contents: Sequence[bytes]) -> None:
    def ended(content: bytes, began: float, cid: CID | None, error: Exception | None) -> None:
        report.slowest = max(report.slowest, time.monotonic() - began)
        report.uploads[type(error).__name__ if error else "right"] += 1
        if error and not isinstance(error, SENT):
            report.wrong.append(f"an upload of {len(content)} bytes ended with {error!r}")
        if cid and cid != cid_of(content):
            report.wrong.append(f"an upload of {len(content)} bytes was given the CID {cid}")
        report.bytes += 0 if error else len(content)

    half = len(contents) // 2
    with Pinata(**crooked) as pinata, ThreadPoolExecutor(WORKERS) as pool:

        def send(content: bytes) -> None:
            began = time.monotonic()
            try:
                ended(content, began, pinata.upload(content).cid, None)
            except PinataError as error:
                ended(content, began, None, error)

        list(pool.map(send, contents[:half]))

    async def main() -> None:
        places = anyio.CapacityLimiter(WORKERS)

        async def send(content: bytes) -> None:
            async with places:
                began = time.monotonic()
                try:
                    ended(content, began, (await waiting.upload(content)).cid, None)
                except PinataError as error:
                    ended(content, began, None, error)

        async with AsyncPinata(**crooked) as waiting, anyio.create_task_group() as tasks:
            for content in contents[half:]:
                tasks.start_soon(send, content)

    anyio.run(main)


def _check_store(report: Report, pinata: Pinata, contents: Sequence[bytes]) -> None:
    """Everything listed is one of the contents, and whole."""
    by_cid = {cid_of(content): content for content in contents}
    for file in pinata.files.list():
        assert file.cid
        if by_cid.get(file.cid) != b"".join(pinata.read(file.cid)):
            report.wrong.append(f"the store lists {file.cid}, which is nothing that was uploaded")


def _fetch(
    report: Report, crooked: dict[str, Any], wanted: Sequence[tuple[CID, bytes]], scratch: Path
) -> None:
    number = count()

    def ended(content: bytes, began: float, place: Path, error: Exception | None) -> None:
        report.slowest = max(report.slowest, time.monotonic() - began)
        report.downloads[type(error).__name__ if error else "right"] += 1
        if error and not isinstance(error, FETCHED):
            report.wrong.append(f"a download of {len(content)} bytes ended with {error!r}")
        if error and place.exists():
            report.wrong.append(f"a download of {len(content)} bytes failed and left something")
        if not error and place.read_bytes() != content:
            report.wrong.append(f"a download of {len(content)} bytes has other bytes")
        report.bytes += 0 if error else len(content)
        place.unlink(missing_ok=True)

    # A client asks no gateway again that gave it a false block, and there is one: each download has its own.
    half = len(wanted) // 2
    with ThreadPoolExecutor(WORKERS) as pool:

        def fetch(what: tuple[CID, bytes]) -> None:
            (cid, content), place, began = what, scratch / str(next(number)), time.monotonic()
            try:
                with Pinata(**crooked) as pinata:
                    pinata.download(cid, place)
                ended(content, began, place, None)
            except PinataError as error:
                ended(content, began, place, error)

        list(pool.map(fetch, wanted[:half]))

    async def main() -> None:
        places = anyio.CapacityLimiter(WORKERS)

        async def fetch(cid: CID, content: bytes) -> None:
            place = scratch / str(next(number))
            async with places:
                began = time.monotonic()
                try:
                    async with AsyncPinata(**crooked) as waiting:
                        await waiting.download(cid, place)
                    ended(content, began, place, None)
                except PinataError as error:
                    ended(content, began, place, error)

        async with anyio.create_task_group() as tasks:
            for cid, content in wanted[half:]:
                tasks.start_soon(fetch, cid, content)

    anyio.run(main)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--uploads", type=int, default=200, help="how many (200)")
    parser.add_argument("--downloads", type=int, default=200, help="how many (200)")
    parser.add_argument("--share", type=float, default=0.3, help="of requests that meet a fault (0.3)")
    parser.add_argument("--seed", default="1", help="of contents and faults (1)")
    parser.add_argument("--seconds", type=float, default=900, help="after which it hangs (900)")
    given = parser.parse_args()
    faulthandler.dump_traceback_later(given.seconds, exit=True)
    report = run(given.uploads, given.downloads, seed=given.seed, share=given.share)
    faulthandler.cancel_dump_traceback_later()
    for what, told in (
        ("uploads", report.uploads),
        ("downloads", report.downloads),
        ("faults", report.faults),
    ):
        print(f"{what}: {told.total()}: " + ", ".join(f"{n} {name}" for name, n in told.most_common()))
    print(
        f"{report.bytes / 1e6:.0f} MB in {report.seconds:.0f} s, slowest {report.slowest:.1f} s, wrong {len(report.wrong)}"
    )
    for line in report.wrong:
        print(line, file=sys.stderr)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""A million pins: how long the local Pinata takes for a page of each list, and how large its database is.

    python benchmarks/records.py --pins 10000 100000 1000000

The folder is filled by the store's own functions, many pins a transaction, with the rows that uploads
make (three key-values a pin; only the CAR files are left out); of every hundred pins one is in a group,
two are unpinned again and ten are private. At each size a server is started on the folder and every filter is
asked for over one connection, in turns, each with fresh values; the time is that of the whole request
on the client's side, the median of the turns. `common` is what one in ten pins or more match, `some`
one in a thousand, `rare` ten pins, `none` none. Then pins are made, one after another, through the API.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from pinatakit.content import CID, Root
from pinatakit.protocol import Network
from pinatakit.server.store import Store, Writing
from pinatakit.server.store.files import Kept

SERVE = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data"]
BATCH = 25_000
PINNED = "SELECT n FROM file WHERE cid = ? AND unpinned IS NULL"
WORDS = (
    "harbour",
    "lantern",
    "meadow",
    "orchard",
    "pebble",
    "quarry",
    "river",
    "summit",
    "thicket",
    "valley",
)
KINDS = ("image/png", "image/jpeg", "application/json", "text/plain", "video/mp4")
Query = Callable[[random.Random, int], str]


class Car:
    """Stands for the CAR of an upload: its rows without its file."""

    def __init__(self, size: int) -> None:
        self._size = size

    def keep(self, db: sqlite3.Connection, root: CID) -> None:
        number = db.execute("INSERT INTO car (root) VALUES (?)", (str(root),)).lastrowid
        db.execute("INSERT INTO block VALUES (?, ?, 97, ?)", (root.multihash, number, self._size))


def cid_of_number(i: int) -> CID:
    return CID(1, 0x55, b"\x12\x20" + hashlib.sha256(i.to_bytes(8, "big")).digest())


def fill(store: Store, begin: int, end: int) -> None:
    """Pins from one number up to another, by the store's own functions."""
    store.records.write(lambda db: db.execute("PRAGMA cache_size = -500000")).result()
    groups = [group.id for group in store.groups.page("public", limit=100)]
    groups += [store.groups.create("public", f"group {i}").id for i in range(len(groups), 100)]
    for start in range(begin, end, BATCH):
        numbers = range(start, min(start + BATCH, end))

        def batch(db: sqlite3.Connection, numbers: range = numbers) -> None:
            for i in numbers:
                kept, size = made(i, groups)
                store.files.record(db, kept, cast("Writing", Car(size)))
                if i % 50 == 7:  # of those unpinned, history is all that stays
                    row = db.execute(PINNED, (str(kept.root.cid),)).fetchone()
                    store.files.unpin(db, row[0])

        store.records.write(batch).result()


def made(i: int, groups: list[str]) -> tuple[Kept, int]:
    rng = random.Random(i)
    size = int(rng.paretovariate(0.6) * 100) % 10_000_000
    network: Network = "private" if i % 10 == 3 else "public"
    keyvalues: dict[str, Any] = {
        "color": WORDS[rng.randrange(10)],
        "user": f"user-{rng.randrange(1_000_000) // 10:06d}",
        "score": rng.randrange(1_000_000) if i % 2 else str(rng.randrange(1_000_000)),
    }
    kind = "application/x-rare" if i % 10_000 == 5 else KINDS[rng.randrange(5)]
    root = Root(cid_of_number(i), size, size + 14)
    name = f"{rng.choice(WORDS)}-{rng.randrange(1 << 32):08x}.{kind[-3:]}"
    group = groups[i // 100 % 100] if i % 100 == 10 else None
    return Kept(root, name, kind, 1, network, keyvalues, group), size


def pin_list(**given: str) -> str:
    return f"/data/pinList?{urlencode(given)}"


def where(key: str, op: str, value: Any, second: Any = None) -> str:
    asked = {"value": value, "op": op} | ({} if second is None else {"secondValue": second})
    return pin_list(status="pinned", **{"metadata[keyvalues]": json.dumps({key: asked})})


def user(rng: random.Random) -> str:
    return f"user-{rng.randrange(100_000):06d}"


def at(rng: random.Random, pins: int) -> str:
    """The name of some pin, of 17 letters or so."""
    kept, _ = made(rng.randrange(pins), ["x"] * 100)
    return str(kept.name)


FILTERS: dict[str, Query] = {
    "pinList": lambda _, __: pin_list(),
    "pinList, status pinned": lambda _, __: pin_list(status="pinned"),
    "pinList, status unpinned": lambda _, __: pin_list(status="unpinned"),
    "pinList, name, common": lambda r, _: pin_list(**{"metadata[name]": r.choice(WORDS)}),
    "pinList, name, some": lambda r, _: pin_list(**{"metadata[name]": f"{r.randrange(4096):03x}."}),
    "pinList, name, one": lambda r, n: pin_list(**{"metadata[name]": at(r, n)}),
    "pinList, name, none": lambda r, _: pin_list(**{"metadata[name]": f"zq{r.randrange(10**9)}"}),
    "pinList, name, two letters": lambda r, _: pin_list(**{"metadata[name]": f"{r.randrange(256):02x}"}),
    "pinList, cid": lambda r, n: pin_list(cid=str(cid_of_number(r.randrange(n)))),
    "pinList, hashContains, whole": lambda r, n: pin_list(hashContains=str(cid_of_number(r.randrange(n)))),
    "pinList, hashContains, part": lambda r, n: pin_list(
        hashContains=str(cid_of_number(r.randrange(n)))[20:32]
    ),
    "pinList, groupId": lambda r, _: pin_list(groupId=GROUPS[r.randrange(100)]),
    "pinList, pinStart": lambda r, _: pin_list(pinStart=moment(r)),
    "pinList, pinEnd": lambda r, _: pin_list(pinEnd=moment(r)),
    "pinList, unpinStart, unpinEnd": lambda r, _: pin_list(unpinStart=moment(r), unpinEnd=moment(r)),
    "pinList, pinSizeMin, common": lambda r, _: pin_list(pinSizeMin=str(100 + r.randrange(1000))),
    "pinList, pinSizeMin, rare": lambda r, _: pin_list(pinSizeMin=str(9_990_000 + r.randrange(9_000))),
    "pinList, pinSizeMax, none": lambda r, _: pin_list(pinSizeMax=str(r.randrange(100))),
    "eq, common": lambda r, _: where("color", "eq", r.choice(WORDS)),
    "eq, rare": lambda r, _: where("user", "eq", user(r)),
    "eq, number": lambda r, _: where("score", "eq", r.randrange(1_000_000)),
    "eq, none": lambda r, _: where("user", "eq", f"nobody-{r.random()}"),
    "ne": lambda r, _: where("color", "ne", r.choice(WORDS)),
    "gt, common": lambda r, _: where("score", "gt", r.randrange(500_000)),
    "gt, rare": lambda r, _: where("score", "gt", 999_970 + r.randrange(30)),
    "gte, text, some": lambda r, _: where("user", "gte", f"user-0999{r.randrange(100):02d}"),
    "lt, some": lambda r, _: where("score", "lt", 1_000 + r.randrange(1000)),
    "lte, rare": lambda r, _: where("score", "lte", r.randrange(30)),
    "between, common": lambda r, _: where("score", "between", 1_000, 100_000 + r.randrange(100_000)),
    "between, some": lambda r, _: where("score", "between", a := r.randrange(900_000), a + 2_000),
    "between, rare": lambda r, _: where("score", "between", a := r.randrange(900_000), a + 20),
    "notBetween": lambda r, _: where("score", "notBetween", a := r.randrange(900_000), a + 2_000),
    "like, common": lambda r, _: where("color", "like", f"{r.choice(WORDS)[:3]}%"),
    "like, a start, rare": lambda r, _: where("user", "like", f"{user(r)}%"),
    "like, a part, some": lambda r, _: where("user", "like", f"%{r.randrange(1000):03d}"),
    "like, a part, none": lambda r, _: where("user", "like", f"%x{r.randrange(1000)}%"),
    "notLike": lambda r, _: where("user", "notLike", f"%{r.randrange(1000):03d}"),
    "iLike, rare": lambda r, _: where("user", "iLike", f"{user(r).upper()}"),
    "iLike, a part, some": lambda r, _: where("user", "iLike", f"%R-{r.randrange(1000):03d}%"),
    "notILike": lambda r, _: where("user", "notILike", f"%{r.randrange(1000):03d}"),
    "regexp, common": lambda r, _: where("color", "regexp", f"^{r.choice(WORDS)[:2]}.*e"),
    "regexp, some": lambda r, _: where("user", "regexp", f"{r.randrange(1000):03d}$"),
    "regexp, none": lambda r, _: where("user", "regexp", f"x{r.randrange(1000)}$"),
    "iRegexp, some": lambda r, _: where("user", "iRegexp", f"R-.*{r.randrange(1000):03d}$"),
    "two key-values": lambda r, _: pin_list(
        status="pinned",
        **{
            "metadata[keyvalues]": json.dumps(
                {
                    "color": {"value": r.choice(WORDS), "op": "eq"},
                    "score": {"value": r.randrange(990_000), "op": "gt"},
                }
            )
        },
    ),
    "pinList without count": lambda _, __: pin_list(status="pinned", includeCount="false"),
    "eq, common, without count": lambda r, _: where("color", "eq", r.choice(WORDS)) + "&includeCount=false",
    "pinList, page at 0.9 of all": lambda _, n: pin_list(status="pinned", pageOffset=str(int(n * 0.75))),
    "v3 files": lambda _, __: "/v3/files/public",
    "v3 files, private": lambda _, __: "/v3/files/private",
    "v3 files, ASC": lambda _, __: "/v3/files/public?order=ASC",
    "v3 files, name, common": lambda r, _: f"/v3/files/public?name={r.choice(WORDS)}",
    "v3 files, name, some": lambda r, _: f"/v3/files/public?name={r.randrange(4096):03x}.",
    "v3 files, name, one": lambda r, n: f"/v3/files/public?name={at(r, n)}",
    "v3 files, name, none": lambda r, _: f"/v3/files/public?name=zq{r.randrange(10**9)}",
    "v3 files, cid": lambda r, n: f"/v3/files/public?cid={cid_of_number(r.randrange(n))}",
    "v3 files, group": lambda r, _: f"/v3/files/public?group={GROUPS[r.randrange(100)]}",
    "v3 files, group null": lambda _, __: "/v3/files/public?group=null",
    "v3 files, mimeType, common": lambda r, _: f"/v3/files/public?mimeType={r.choice(KINDS)}",
    "v3 files, mimeType, rare": lambda _, __: "/v3/files/public?mimeType=application/x-rare",
    "v3 files, mimeType, none": lambda r, _: f"/v3/files/public?mimeType=application/x-{r.random()}",
    "v3 files, keyvalues, common": lambda r, _: f"/v3/files/public?keyvalues[color]={r.choice(WORDS)}",
    "v3 files, keyvalues, rare": lambda r, _: f"/v3/files/public?metadata[user]={user(r)}",
    "v3 files, pageToken, deep": lambda _, __: f"/v3/files/public?pageToken={quote(TOKEN[0])}",
    "PSA": lambda _, __: "/psa/pins",
    "PSA, cid": lambda r, n: f"/psa/pins?cid={cid_of_number(r.randrange(n))}",
    "PSA, name, exact": lambda r, n: f"/psa/pins?name={at(r, n)}",
    "PSA, name, iexact": lambda r, n: f"/psa/pins?match=iexact&name={at(r, n).upper()}",
    "PSA, name, partial": lambda r, _: f"/psa/pins?match=partial&name={r.randrange(4096):03x}.",
    "PSA, name, ipartial": lambda r, _: f"/psa/pins?match=ipartial&name={r.randrange(4096):03X}.",
    "PSA, status failed": lambda _, __: "/psa/pins?status=failed",
    "PSA, before": lambda r, _: f"/psa/pins?before={moment(r)}",
    "PSA, after": lambda r, _: f"/psa/pins?after={moment(r)}",
    "PSA, meta, common": lambda r, _: f"/psa/pins?meta={quote(json.dumps({'color': r.choice(WORDS)}))}",
    "PSA, meta, rare": lambda r, _: f"/psa/pins?meta={quote(json.dumps({'user': user(r)}))}",
    "totals": lambda _, __: "/data/userPinnedDataTotal",
}
GROUPS: list[str] = []
TIMES: list[int] = []
TOKEN: list[str] = []


def moment(rng: random.Random) -> str:
    """Some time between the first pin and the last."""
    micros = rng.randint(TIMES[0], TIMES[-1])
    return (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(micros // 1_000_000)) + f".{micros % 1_000_000:06d}Z"
    )


def ask(server: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> tuple[float, bytes]:
    begun = time.perf_counter()
    server.request("GET", path.replace(" ", "%20").replace("[", "%5B").replace("]", "%5D"), headers=headers)
    answer = server.getresponse()
    body = answer.read()
    took = time.perf_counter() - begun
    assert answer.status == 200, (path, answer.status, body[:300])
    return took * 1000, body


def measure(folder: Path, pins: int, turns: int, only: str) -> dict[str, float]:
    begun = time.perf_counter()
    process = subprocess.Popen([*SERVE, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    about = json.loads(process.stdout.readline())
    found = {"start of the server": (time.perf_counter() - begun) * 1000}
    headers = {"Authorization": f"Bearer {about['jwt']}"}
    server = http.client.HTTPConnection(urlsplit(str(about["url"])).netloc)
    try:
        with sqlite3.connect(folder / "records.db") as db:
            TIMES[:] = db.execute("SELECT min(created), max(created) FROM file").fetchone()
            GROUPS[:] = [row[0] for row in db.execute("SELECT id FROM file_group")]
        taken: dict[str, list[float]] = {}
        rng = random.Random(pins)
        page = ask(
            server, pin_list(status="pinned", pageOffset=str(int(pins * 0.75)), pageLimit="1"), headers
        )
        TOKEN[:] = [base64_of(json.loads(page[1])["rows"][0]["id"])]
        for turn in range(turns + 1):
            for name, query in FILTERS.items():
                if only in name and (turn < 4 or statistics.median(taken[name]) < 200):
                    took, _ = ask(server, query(rng, pins), headers)
                    taken.setdefault(name, []).extend([took] if turn else [])
        found |= {name: statistics.median(times) for name, times in taken.items()}
        if not only:
            found["a pin is made"] = statistics.median(upload(server, headers) for _ in range(turns * 4))
        found["server's peak memory, MB"] = peak(process.pid)
    finally:
        process.terminate()
        process.wait()
    return found


def base64_of(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def upload(server: http.client.HTTPConnection, headers: dict[str, str]) -> float:
    body = {
        "pinataContent": {"n": random.random()},
        "pinataMetadata": {"keyvalues": {"color": "river", "a": 1}},
    }
    begun = time.perf_counter()
    server.request("POST", "/pinning/pinJSONToIPFS", json.dumps(body), headers)
    answer = server.getresponse()
    answer.read()
    assert answer.status == 200
    return (time.perf_counter() - begun) * 1000


def peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pins", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument(
        "--folder", type=Path, help="where the data is kept and filled up; a temporary one else"
    )
    parser.add_argument("--only", default="", help="filters whose name holds this")
    given = parser.parse_args()
    top = given.folder or Path(tempfile.mkdtemp(prefix="pinatakit-records-"))
    found: dict[int, dict[str, float]] = {}
    try:
        for pins in sorted(given.pins):
            store = Store(top)
            have = store.records.read("SELECT count(*) FROM file")[0][0]
            begun = time.perf_counter()
            if have < pins:
                fill(store, have, pins)
            took = time.perf_counter() - begun
            store.close()
            size = (top / "records.db").stat().st_size
            print(f"{pins:,} pins: filled in {took:.0f} s, {size / pins:.0f} bytes a pin", flush=True)
            found[pins] = measure(top, pins, given.turns, given.only) | {"bytes a pin": size / pins}
    finally:
        if not given.folder:
            shutil.rmtree(top)
    print(f"load {os.getloadavg()[0]:.1f}; medians of {given.turns}, ms")
    sizes = sorted(found)
    print("| | " + " | ".join(f"{pins:,}" for pins in sizes) + " |\n| --- |" + " ---: |" * len(sizes))
    for name in found[sizes[-1]]:
        print(f"| {name} | " + " | ".join(f"{found[pins][name]:.1f}" for pins in sizes) + " |")


if __name__ == "__main__":
    main()

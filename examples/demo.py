"""The main job on a local Pinata: upload, prove, list, change, unpin, fetch, compare.

It starts ``pinatakit serve`` as a process of its own, over a temporary folder, and ends it.
"""

from __future__ import annotations

import email
import filecmp
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from pinatakit import CID, Pinata, kv
from pinatakit.roots import root_of

MB = 1_000_000
BIG = 256 * MB


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="pinatakit-demo-") as name:
        scratch = Path(name)
        with (
            serving(scratch / "pinata") as about,
            Pinata(about["jwt"], endpoint_url=about["url"], gateway_url=about["url"]) as pinata,
        ):
            run(pinata, scratch)
        say("the server is stopped, and its folder removed")
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    server = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 1024 if sys.platform != "darwin" else 1
    say(f"peak memory: client {mine * unit / MB:.0f} MB, server {server * unit / MB:.0f} MB")


def run(pinata: Pinata, scratch: Path) -> None:
    say("1. upload real folders, with all that is nested in them, and a file of 256 MB")
    folders = {module.__name__: Path(module.__path__[0]) for module in (email, json)}
    cids = {name: prove(pinata, folder, {"demo": "folder"}) for name, folder in folders.items()}
    big = scratch / "big.bin"
    write_big(big)
    prove(pinata, big, {"demo": "file"}, scratch / "again.bin")
    document = pinata.upload_json({"name": "demo", "sizes": [1, 2.5, 1e21], "text": "ü"}, name="value.json")
    say(f"   a JSON value            {document.cid}")

    say("2. list with a filter, and change metadata")
    found = list(pinata.pins.list(where=kv("demo") == "folder"))
    say(f"   demo = folder: {', '.join(str(pin.name) for pin in found)}")
    assert {pin.cid for pin in found} == set(cids.values())
    pinata.pins.update(cids["json"], name="renamed", keyvalues={"demo": None, "score": 5})
    assert [pin.name for pin in pinata.pins.list(where=kv("score").between(1, 5))] == ["renamed"]
    say("   json is now called renamed, and found by its score")

    say("3. unpin one")
    pinata.pins.remove(document.cid)
    assert document.cid not in [pin.cid for pin in pinata.pins.list()]
    say(f"   {document.cid} is no longer listed; {pinata.account.usage().pin_count} pins are left")

    say("4. fetch the folders back, and compare byte for byte")
    for name, cid in cids.items():
        done = pinata.download(cid, scratch / name)
        same(folders[name], scratch / name)
        say(f"   {name}: {done.files} files, {done.size:,} bytes, all the same")


def prove(pinata: Pinata, path: Path, keyvalues: dict[str, str], to: Path | None = None) -> CID:
    """Upload, and show that three who never spoke to each other name the same content."""
    expected = root_of(path)
    begun = time.perf_counter()
    uploaded = pinata.upload(path, keyvalues=keyvalues)
    took = time.perf_counter() - begun
    assert uploaded.cid == expected.cid
    say(f"   {path.name:<10} {expected.size / MB:8.1f} MB   {uploaded.cid}")
    say(f"   {'':<10} computed here = stored there; {took:.2f} s, {expected.size / MB / took:,.0f} MB/s")
    if to:
        begun = time.perf_counter()
        pinata.download(uploaded.cid, to)
        took = time.perf_counter() - begun
        assert root_of(to).cid == uploaded.cid
        assert filecmp.cmp(path, to, shallow=False)
        say(
            f"   {'':<10} = downloaded again, byte for byte; {took:.2f} s, {expected.size / MB / took:,.0f} MB/s"
        )
    return uploaded.cid


def write_big(path: Path) -> None:
    """256 MB that no one can compress, the same on every machine."""
    with path.open("wb") as file:
        for number in range(BIG // MB):
            file.write(hashlib.shake_256(f"pinatakit demo {number}".encode()).digest(MB))


def same(one: Path, other: Path) -> None:
    """Check that two folders hold the same files, hidden ones aside."""
    names = [sorted(str(path.relative_to(top)) for path in visible(top)) for top in (one, other)]
    assert names[0] == names[1]
    for name in names[0]:
        assert filecmp.cmp(one / name, other / name, shallow=False), name


def visible(top: Path) -> Iterator[Path]:
    for path in top.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(top).parts):
            yield path


@contextmanager
def serving(data: Path) -> Generator[dict[str, str]]:
    """A local Pinata in a process of its own."""
    command = [sys.executable, "-m", "pinatakit", "serve", "--json", "--port", "0", "--data", str(data)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            about = json.loads(process.stdout.readline())
            say(f"a local Pinata answers at {about['url']}")
            yield about
        finally:
            process.terminate()
            process.wait(30)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()

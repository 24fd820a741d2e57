"""Peak memory of the local Pinata, for each way that content comes to it and goes from it.

    python benchmarks/memory.py --size 1GiB

A server of its own for each way, so that no way hides behind another; its memory before, and the most it
ever had (VmHWM of Linux), in bytes. Exit status 1 where one had more than 80,000,000 bytes. Of JSON
the service takes 10 MB at most; these values are about that large, and as bad as can be.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from pinatakit import Pinata
from pinatakit.cars import pack
from upload import make, read_size, serving

BOUND = 80_000_000
MOST_JSON = 9_900_000
SMALL = 20_000  # bytes of a file in a folder


class Content:
    """What is sent: a file, a folder of about as many bytes in small files and one large, and a CAR."""

    def __init__(self, top: Path, size: int) -> None:
        self.file = make(top / "content", size)
        self.folder = top / "folder"
        self.folder.mkdir()
        make(self.folder / "large", size // 2)
        for i in range(size // 2 // SMALL):
            below = self.folder / f"sub-{i % 100}"
            below.mkdir(exist_ok=True)
            make(below / f"{i}", SMALL)
        self.car = top / "content.car"
        pack(self.folder, self.car)
        self.records = [{"name": f"token {i}", "traits": [i, str(i), None]} for i in range(150_000)]
        self.lists: list[list[int]] = [[] for _ in range(MOST_JSON // 3 - 10)]
        self.members = {f"{i:05x}": 0 for i in range(MOST_JSON // 10 - 10)}
        self.text = "\N{BUTTERFLY}" + "a" * (MOST_JSON - 100)

    @property
    def json_sizes(self) -> str:
        """Bytes of the JSON values, as they are sent."""
        values = (self.records, self.lists, self.members, self.text)
        return ", ".join(f"{len(json.dumps(value, separators=(',', ':'))):,}" for value in values)


Way = Callable[[Pinata, Content], object]
WAYS: dict[str, Way] = {
    "form": lambda pinata, content: _form(pinata, content.file, f"{pinata.settings.endpoint_url}/v3/files"),
    "presigned form": lambda pinata, content: _form(pinata, content.file, pinata.links.upload()),
    "form of the older API": lambda pinata, content: pinata.upload(content.file, resumable=False),
    "form, version 0": lambda pinata, content: pinata.upload(content.file, resumable=False, cid_version=0),
    "TUS": lambda pinata, content: pinata.upload(content.file, resumable=True),
    "folder": lambda pinata, content: pinata.upload(content.folder),
    "folder as a CAR": lambda pinata, content: pinata.upload(content.folder, car=True),
    "CAR": lambda pinata, content: _form(
        pinata, content.car, f"{pinata.settings.endpoint_url}/v3/files", "-F", "car=true"
    ),
    "CAR by TUS": lambda pinata, content: pinata.upload(content.car, car=True, resumable=True),
    "presigned TUS": lambda pinata, content: pinata.upload(
        content.file, url=pinata.links.upload(), resumable=True
    ),
    "JSON, records": lambda pinata, content: pinata.upload_json(content.records),
    "JSON, empty lists": lambda pinata, content: pinata.upload_json(content.lists),
    "JSON, members": lambda pinata, content: pinata.upload_json(content.members),
    "JSON, a text": lambda pinata, content: pinata.upload_json(content.text),
    "download": lambda pinata, content: _read(pinata, content, ""),
    "download of a CAR": lambda pinata, content: _read(pinata, content, "?format=car"),
    "download of an archive": lambda pinata, content: _read(pinata, content, "?format=tar"),
}


def _form(pinata: Pinata, file: Path, url: str, *fields: str) -> None:
    """By curl, since our client sends no form of v3 above what Pinata takes."""
    jwt = pinata.settings.credential.jwt
    command = [
        "curl",
        "-sSf",
        "-o",
        "/dev/null",
        "-H",
        f"Authorization: Bearer {jwt}",
        "-F",
        "network=public",
    ]
    subprocess.run([*command, *fields, "-F", f"file=@{file}", url], check=True)


def _read(pinata: Pinata, content: Content, query: str) -> None:
    cid = pinata.upload(content.file if not query else content.folder).cid
    with urlopen(f"{pinata.settings.gateway_urls[0]}/ipfs/{cid}{query}") as answer:
        while answer.read(1 << 20):
            pass


def memory(pid: int, what: str) -> int:
    """Bytes of memory of a process: ``VmRSS``, now, or ``VmHWM``, at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) << 10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("ways", nargs="*", choices=[*WAYS, []], help="which; all of them unless told")
    parser.add_argument("--size", type=read_size, default=1 << 30, help="of what is sent (1GiB)")
    parser.add_argument("--folder", type=Path, help="where it is made, and the servers' data")
    given = parser.parse_args()
    above = False
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        content = Content(Path(name), given.size)
        print(f"JSON: {content.json_sizes} bytes")
        print("| way | seconds | before, MB | at most, MB |\n| --- | ---: | ---: | ---: |", flush=True)
        for way in given.ways or WAYS:
            with (
                tempfile.TemporaryDirectory(dir=given.folder) as data,
                serving(Path(data)) as (about, pid),
                Pinata(about["jwt"], endpoint_url=about["url"], gateway_url=about["url"]) as pinata,
            ):
                before, begun = memory(pid, "VmRSS"), time.monotonic()
                WAYS[way](pinata, content)
                most = memory(pid, "VmHWM")
                took = time.monotonic() - begun
            above |= most > BOUND
            print(f"| {way} | {took:.1f} | {before / 1e6:.1f} | {most / 1e6:.1f} |", flush=True)
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())

"""What goes through the local Pinata, against plain tools, in turns.

    python benchmarks/transfer.py --pairs 5 --size 1GiB --nginx /usr/sbin/nginx

An upload by curl (a form, and in chunks by TUS that were cut before), hashed and synced, against `cp`,
`openssl dgst -sha256` and `sync` of the same file; a download from the gateway against nginx serving
the file, both by curl to nowhere, whole and a range of 1 MiB from the middle. With each the CPU time
of the server, which the machine's other work touches less; then the server's peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from pinatakit import Pinata
from upload import make, peak, read_size, serving, show

CHUNK = 32 << 20
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log /dev/null;
events {{}}
http {{ access_log off; sendfile on; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--size", type=read_size, default=1 << 30)
    parser.add_argument("--nginx", help="the program; downloads are not compared without it")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        file = make(folder / "content", given.size)
        with serving(folder / "data") as (about, server):
            ingest(about, server, file, given.pairs)
            print(f"server's peak memory after uploads: {peak(server)} MiB")
            if given.nginx:
                download(about, server, file, given.pairs, given.nginx)
                print(f"server's peak memory after downloads: {peak(server)} MiB")


def ingest(about: dict[str, str], server: int, file: Path, pairs: int) -> None:
    url, curl = about["url"], ["-sSf", "-o", "/dev/null", "-H", f"Authorization: Bearer {about['jwt']}"]
    parts = cut(file)

    def tools() -> None:
        copy = file.with_name("copy")
        run("cp", str(file), str(copy))
        run("openssl", "dgst", "-sha256", str(file))
        run("sync", str(copy))

    def form() -> None:
        run("curl", *curl, "-F", "network=public", "-F", f"file=@{file}", f"{url}/v3/files")

    def chunks() -> None:
        about_file = {"filename": "content", "network": "public"}
        told = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in about_file.items())
        headers = {"Upload-Length": str(file.stat().st_size), "Upload-Metadata": told}
        headers["Authorization"] = f"Bearer {about['jwt']}"
        with urlopen(Request(f"{url}/v3/files", headers=headers, method="POST")) as begun:
            location = begun.headers["Location"]
        sent = [*curl, "-X", "PATCH", "-H", "Content-Type: application/offset+octet-stream"]
        requests: list[str] = []  # of one process, on one connection
        for at, part in parts.items():
            requests += ["--next", *sent, "-H", f"Upload-Offset: {at}", "-T", str(part), location]
        run("curl", *requests[1:])

    tasks = {"tools": tools, "form": form, "chunks": chunks}
    compare(pairs, tasks, server, lambda: clean(about, file))
    for part in parts.values():
        part.unlink()


def cut(file: Path) -> dict[int, Path]:
    """The chunks of a file, as files, by where they begin."""
    parts: dict[int, Path] = {}
    with file.open("rb") as whole:
        for at in range(0, file.stat().st_size, CHUNK):
            parts[at] = file.with_name(f"chunk{at}")
            parts[at].write_bytes(whole.read(CHUNK))
    return parts


def clean(about: dict[str, str], file: Path) -> None:
    file.with_name("copy").unlink(missing_ok=True)
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        for pin in pinata.pins.list():
            pinata.pins.remove(pin.cid)
    os.sync()


def download(about: dict[str, str], server: int, file: Path, pairs: int, nginx: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = file.with_name("nginx.conf")
    settings.write_text(NGINX.format(folder=file.parent, port=port))
    with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
        ours = f"{about['url']}/ipfs/{pinata.upload(file).cid}"
    theirs = f"http://127.0.0.1:{port}/content"
    middle = file.stat().st_size // 2
    part = ("-r", f"{middle}-{middle + (1 << 20) - 1}")
    with subprocess.Popen([nginx, "-c", str(settings)]) as process:
        try:
            time.sleep(0.5)
            fetch = ("curl", "-sSf", "-o", "/dev/null")
            whole = {"nginx": lambda: run(*fetch, theirs), "gateway": lambda: run(*fetch, ours)}
            compare(pairs, whole, server)
            compare(
                pairs,
                {
                    "nginx, 1 MiB": lambda: run(*fetch, *part, theirs),
                    "gateway, 1 MiB": lambda: run(*fetch, *part, ours),
                },
                server,
            )
        finally:
            process.terminate()
            process.wait()


def compare(
    pairs: int,
    tasks: dict[str, Callable[[], None]],
    server: int,
    after: Callable[[], None] | None = None,
) -> None:
    """Each in turn; the first is what the others are measured against."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    worked: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(-1, pairs):
        for name, task in tasks.items():
            begun, idle = time.perf_counter(), processor(server)
            task()
            took, busy = time.perf_counter() - begun, processor(server) - idle
            if after:
                after()
            if turn >= 0:
                times[name].append(took)
                worked[name].append(busy)
    base = next(iter(tasks))
    for name, taken in times.items():
        ratios = [one / other for one, other in zip(taken, times[base], strict=True)]
        busy = statistics.median(worked[name])
        print(
            f"{name:<16} {statistics.median(taken):8.3f} s, of {base}: {show(ratios)}; server {busy:.2f} s of CPU",
            flush=True,
        )


def processor(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (json.dumps(command[:1]), done.stderr[:500])


if __name__ == "__main__":
    main()

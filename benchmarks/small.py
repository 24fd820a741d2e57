"""Small JSON requests: the local Pinata against a bare Starlette that answers the same bytes.

    python benchmarks/small.py --turns 5 --wrk /usr/bin/wrk

Both run under the same uvicorn with the same protocol, one process each; wrk, with 16 connections, asks
one and then the other. Each request is one with a key: the file with an id (a query of its own besides
the key's), and whether the key is known. Ratios of the rates, turn by turn.
"""

from __future__ import annotations

import argparse
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from pinatakit import Pinata
from upload import serving, show

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def answer(request):
    return Response(sys.argv[2].encode(), media_type="application/json")
paths = ("/v3/files/{network}/{id}", "/data/testAuthentication")
app = Starlette(routes=[Route(path, answer) for path in paths])
uvicorn.run(app, port=int(sys.argv[1]), http="httptools", ws="none", log_config=None, access_log=False,
            server_header=False)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each turn")
    parser.add_argument("--wrk", default="wrk", help="the program")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serving(Path(name) / "data") as (about, _):
        with Pinata(about["jwt"], endpoint_url=about["url"]) as pinata:
            id = pinata.upload_json({"a": 1}, name="a.json", keyvalues={"color": "river"}).id
        for title, path in (
            ("a file by its id", f"/v3/files/public/{id}"),
            ("testAuthentication", "/data/testAuthentication"),
        ):
            body = urlopen(Request(about["url"] + path, headers=authorized(about))).read().decode()
            with bare(body) as url:
                rates: dict[str, list[float]] = {"ours": [], "bare": []}
                for turn in range(-1, given.turns):
                    for who, base in (("ours", about["url"]), ("bare", url)):
                        found = rate(given.wrk, base + path, about, given.seconds if turn >= 0 else 1)
                        rates[who] += [found] if turn >= 0 else []
            ratios = [ours / other for ours, other in zip(*rates.values(), strict=True)]
            both = ", ".join(f"{who} {statistics.median(each):,.0f}" for who, each in rates.items())
            print(f"{title:<20} of the rate of bare: {show(ratios)}; {both} a second", flush=True)


def rate(wrk: str, url: str, about: dict[str, str], seconds: int) -> float:
    """Requests a second; all must be answered well."""
    (header,) = (f"{name}: {value}" for name, value in authorized(about).items())
    command = [wrk, "-t1", "-c16", f"-d{seconds}s", "-H", header, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert not re.search("Non-2xx|Socket errors", said), said
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def authorized(about: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {about['jwt']}"}


@contextmanager
def bare(body: str) -> Generator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", BARE, str(port), body]) as process:
        try:
            while process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()

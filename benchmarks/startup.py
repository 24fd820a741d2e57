"""How long it takes to begin: `import pinatakit`, `pinatakit --help`, and `pinatakit ls` on a running local Pinata.

    python benchmarks/startup.py [--rounds 21]

Each is a process of its own, in turns with `python -c pass` and with importing the HTTP library alone; its CPU (user
and system) is divided by that of `python -c pass` of the same round. Printed are medians with the middle half.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from pinatakit.server import Server

BOUNDS = {"import pinatakit": 3.0, "pinatakit --help": 6.0, "pinatakit ls": 15.0}


def cpu(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds of processor that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    python = sys.executable
    commands = {
        "python -c pass": [python, "-c", "pass"],
        "import pinatakit": [python, "-c", "import pinatakit"],
        "pinatakit --help": [python, "-m", "pinatakit", "--help"],
        "import httpx2": [python, "-c", "import httpx2"],
        "pinatakit ls": [python, "-m", "pinatakit", "ls"],
    }
    with tempfile.TemporaryDirectory() as home, Server() as server:
        environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("PINATA_", "IPFS_"))
            },
            "HOME": home,
            "PINATA_JWT": server.admin.jwt,
            "PINATA_ENDPOINT_URL": server.url,
        }
        for command in commands.values():
            cpu(command, environment)  # so that everything is compiled and cached
        turns = [[cpu(command, environment) for command in commands.values()] for _ in range(rounds)]
    took = dict(zip(commands, zip(*turns, strict=True), strict=True))
    base = took.pop("python -c pass")
    print(f"python -c pass: {statistics.median(base) * 1000:.1f} ms of CPU, {rounds} rounds")
    for name, times in took.items():
        ratios = [one / other for one, other in zip(times, base, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        bound = f"  bound {BOUNDS[name]:.0f}" if name in BOUNDS else ""
        print(f"{name:18} {middle:5.1f} ({low:.1f} to {high:.1f}){bound}")


if __name__ == "__main__":
    main()

"""Fuzz every parser of foreign bytes, one process each, one after the other.

    python -m fuzz                             a million inputs for each parser
    python -m fuzz --inputs 50000 car hamt     fewer, for some of them

The same seed gives the same inputs. With atheris (`pip install --group fuzz`) libFuzzer makes
half of them, guided by the lines they reach; without, or with `--plain`, our own damage does.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NoReturn

from fuzz.engine import Found, Parser, Result, Trial, try_crafted, try_guided, try_many, watch

_GUIDES = {
    "car": ("content.car", "content.dagcbor"),
    "hamt": ("content.walk", "content.hamt"),
    "walk": ("content.walk",),
    "reprint": ("server.store.reprint", "protocol.stringify"),
}
"""Modules whose lines guide libFuzzer, where what they use has a run of its own."""

_MEMORY = 256 << 20  # bytes a process may map beyond what it has before the first input


def main() -> int:
    """Run what the command line asks for; 1 when a case was found."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parser", nargs="*", help="names of parsers; all of them unless told")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without libFuzzer")
    parser.add_argument("--as", dest="mode", choices=("crafted", "plain", "guided"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.mode:
        _run_here(given.parser[0], given.inputs, given.seed, given.mode)
    names = [one.name for one in _load()]
    if unknown := set(given.parser) - set(names):
        parser.error(f"no parser {', '.join(unknown)}; there are {', '.join(names)}")
    mode = "plain" if given.plain or importlib.util.find_spec("atheris") is None else "guided"
    engine = {"plain": "damaged seeds", "guided": "libFuzzer (atheris)"}[mode]
    print(f"{engine} and forged inputs, seed {given.seed}, Python {sys.version.split()[0]}", flush=True)
    print("| parser | inputs | accepted | refused | slowest, ms | peak memory, MB | inputs/s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    failed = 0
    for name in given.parser or names:
        crafted = _run(name, given.inputs, given.seed, "crafted")
        tried = _run(name, given.inputs, given.seed, mode)
        failed |= not (crafted and tried)
        if crafted and tried:
            print(_row(crafted, tried), flush=True)
    return int(failed)


def _run(name: str, inputs: int, seed: int, mode: str) -> Result | None:
    """Run one parser in a process of its own; tell of a case that it finds."""
    command = [sys.executable, "-m", "fuzz", name, f"--inputs={inputs}", f"--seed={seed}", f"--as={mode}"]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout.splitlines()[-1:]
    if not told or not told[0].startswith("{"):
        print(f"{name}: ended with {done.returncode}\n{done.stderr}", flush=True)
        return None
    answer: dict[str, Any] = json.loads(told[0])
    if why := answer.pop("why", None):
        data: str = answer.pop("data")
        shown = data if len(data) <= 4000 else f"{data[:200]}… ({len(data) // 2:,} bytes)"
        print(f"{name}: {why}\ninput {answer['inputs']:,}: {shown}\n", flush=True)
        return None
    return Result(**answer)


def _row(crafted: Result, tried: Result) -> str:
    slowest, memory = max(crafted.slowest, tried.slowest), max(crafted.memory, tried.memory)
    inputs, accepted = crafted.inputs + tried.inputs, crafted.accepted + tried.accepted
    return (
        f"| {tried.parser} | {inputs:,} | {accepted:,} | {inputs - accepted:,} "
        f"| {slowest * 1000:,.0f} | {memory / 1e6:,.0f} | {tried.inputs / tried.seconds:,.0f} |"
    )


def _run_here(name: str, inputs: int, seed: int, mode: str) -> NoReturn:
    """Run one parser in this process, and print its result as JSON."""
    os.nice(10)
    trial = Trial(next(one for one in _load(name if mode == "guided" else None) if one.name == name))

    def end(found: Found | None) -> NoReturn:
        answer = dataclasses.asdict(trial.result())
        if found:
            answer |= {"why": found.why, "data": found.data.hex()}
        print(json.dumps(answer), flush=True)
        os._exit(1 if found else 0)  # libFuzzer would run what Python leaves to be run at the end

    _limit_memory()
    watch(trial)
    try:
        match mode:
            case "crafted":
                try_crafted(trial)
            case "guided":
                with tempfile.TemporaryDirectory() as corpus:
                    try_guided(trial, inputs, seed, Path(corpus), end)
            case _:
                try_many(trial, inputs, seed)
    except Found as found:
        end(found)
    end(None)


def _load(guided: str | None = None) -> list[Parser[Any]]:
    """All parsers; with the lines counted that guide libFuzzer through one of them."""
    instrumented = nullcontext()
    if guided:
        atheris: Any = importlib.import_module("atheris")
        modules = [f"pinatakit.{module}" for module in _GUIDES.get(guided, ())]
        instrumented = atheris.instrument_imports(
            include=modules or ["pinatakit.content"], enable_loader_override=False
        )
    with instrumented:
        module = importlib.import_module("fuzz.parsers")
    parsers: list[Parser[Any]] = module.parsers()
    return parsers


def _limit_memory() -> None:
    """A fence around the machine: what would map far more fails. What is judged is the peak."""
    if sys.platform == "linux":
        import resource

        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + _MEMORY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.exit(main())

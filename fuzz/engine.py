"""Tries inputs on a parser, and counts what becomes of them.

Two sources of inputs: our own (`try_many`), which needs nothing and is the same everywhere,
and libFuzzer (`try_guided`, through atheris), which keeps each input that reaches a new line.
Both mix damaged seeds with forged inputs, about half and half.
"""

from __future__ import annotations

import importlib
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, Final, Generic, NoReturn, TypeVar

from pinatakit.errors import ContentError

T = TypeVar("T")

MAX_SECONDS: Final = 1.0
MAX_MEMORY: Final = 200 * 10**6
_HANG: Final = 10  # seconds
_SCALE: Final = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@dataclass(frozen=True)
class Parser(Generic[T]):
    """What is fuzzed.

    Attributes:
        parse: raises `ContentError` and nothing else.
        holds: asserts what must be true of an input that was accepted.
        seeds: inputs that are accepted.
        forge: makes an input of the parser's own structure, right or nearly so.
        crafted: inputs as large as they may be, made to be slow or to grow; tried first.
        size: bytes of the largest input made by libFuzzer.
        refusal: what `parse` raises.
    """

    name: str
    parse: Callable[[bytes], T]
    holds: Callable[[bytes, T], object]
    seeds: list[bytes]
    forge: Callable[[Random], bytes]
    crafted: Callable[[], Iterable[bytes]] = tuple
    size: int = 4096
    refusal: type[Exception] = ContentError


@dataclass(frozen=True)
class Result:
    """What a run of one parser came to; `slowest` is in seconds, `memory` in bytes."""

    parser: str
    inputs: int
    accepted: int
    refused: int
    slowest: float
    memory: int
    seconds: float


class Found(Exception):
    """A case: an input that breaks a promise of its parser."""

    def __init__(self, parser: str, data: bytes, why: str) -> None:
        super().__init__(f"{parser}: {why}")
        self.data = data
        self.why = why


class Trial:
    """Tries one input after the other on a parser.

    Raises:
        Found: another error than the declared ones, a property that does not hold, or too
            much time or memory.
    """

    def __init__(self, parser: Parser[Any], *, memory: int | None = MAX_MEMORY) -> None:
        self.parser = parser
        self.inputs = self.accepted = 0
        self._most = memory
        self._slowest = 0.0
        self._begun = time.perf_counter()

    def __call__(self, data: bytes, *, large: bool = False) -> None:
        """Try one; of a large one only time and memory are looked at, for the property has its own."""
        self.inputs += 1
        try:
            took, accepted = self._once(data, large=large)
            if took > MAX_SECONDS:  # the machine may have been busy with something else
                took = self._once(data, large=large, clock=time.process_time)[0]
        except Exception as error:
            raise Found(self.parser.name, data, traceback.format_exc()) from error
        self.accepted += accepted
        self._slowest = max(self._slowest, took)
        if took > MAX_SECONDS:
            raise Found(self.parser.name, data, f"took {took:.1f} s")
        if self._most and peak() > self._most:
            raise Found(self.parser.name, data, f"memory is at {peak() / 1e6:.0f} MB")

    def _once(
        self, data: bytes, *, large: bool, clock: Callable[[], float] = time.perf_counter
    ) -> tuple[float, bool]:
        begun = clock()
        try:
            value = self.parser.parse(data)
        except self.parser.refusal:
            return clock() - begun, False
        took = clock() - begun
        if not large:
            self.parser.holds(data, value)
        return took, True

    def result(self) -> Result:
        """What it has come to so far."""
        return Result(
            self.parser.name,
            self.inputs,
            self.accepted,
            self.inputs - self.accepted,
            self._slowest,
            peak(),
            time.perf_counter() - self._begun,
        )


def peak() -> int:
    """The most memory this process has ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _SCALE


def damage(data: bytes, rng: Random) -> bytes:
    """A copy with some bytes changed, lost, doubled, moved or made up."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        at = rng.randrange(len(out) + 1)
        length = rng.choice((1, 1, 2, 4, 8, 32))
        match rng.randrange(7):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                del out[at : at + length]
            case 3:
                out[at:at] = rng.choice((b"\0", b"\x7f", b"\x80", b"\xff" * 8, rng.randbytes(length)))
            case 4:
                there = rng.randrange(len(out) + 1)
                out[there:there] = out[at : at + length]
            case 5:
                del out[at:]
            case _:
                out[at : at + length] = out[: rng.randint(0, length)]
    return bytes(out)


def try_crafted(trial: Trial) -> None:
    """Try the seeds, which are accepted, and the large inputs made to be slow."""
    for data in trial.parser.seeds:
        trial(data)
    if trial.accepted < trial.inputs:
        raise Found(trial.parser.name, b"", "a seed is refused")
    for data in trial.parser.crafted():
        trial(data, large=True)


def try_many(trial: Trial, inputs: int, seed: int) -> None:
    """Try so many inputs; the same seed gives the same ones."""
    parser = trial.parser
    rng = Random(seed)
    while trial.inputs < inputs:
        data = parser.forge(rng) if rng.random() < 0.5 else rng.choice(parser.seeds)
        trial(damage(data, rng) if rng.random() < 0.6 else data)


def try_guided(
    trial: Trial, inputs: int, seed: int, corpus: Path, end: Callable[[Found | None], NoReturn]
) -> NoReturn:
    """Try so many inputs under libFuzzer, which never comes back: `end` must end the process.

    `corpus` is a folder for the inputs to start from. The parser must have been imported
    under `atheris.instrument_imports`.
    """
    atheris: Any = importlib.import_module("atheris")
    parser = trial.parser
    rng = Random(seed)
    for number, data in enumerate(parser.seeds):
        (corpus / f"{number:06}").write_bytes(data)

    def mutate(data: bytes, most: int, _: int) -> bytes:
        if rng.random() < 0.6:
            return bytes(atheris.Mutate(data, most))
        forged = parser.forge(rng)
        return (damage(forged, rng) if rng.random() < 0.5 else forged)[:most]

    def once(data: bytes) -> None:
        try:
            trial(data)
        except Found as found:
            end(found)
        if trial.inputs >= inputs:
            end(None)

    options = [f"-seed={seed}", f"-max_len={parser.size}", "-len_control=0", "-mutate_depth=2"]
    options += ["-reload=0", "-handle_alrm=0", "-verbosity=0", "-print_final_stats=0", "-rss_limit_mb=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], once, custom_mutator=mutate)
    atheris.Fuzz()
    raise AssertionError("libFuzzer came back")


def watch(trial: Trial) -> None:
    """Break an input off that takes more than ten seconds, which is then a case."""
    seen = -1

    def look(_number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        if trial.inputs == seen:
            raise TimeoutError(f"the same input for {_HANG} s")
        seen = trial.inputs

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _HANG, _HANG)

"""A short run of the fuzzer, so that it keeps working; the long one is ``python -m fuzz``."""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("resource", reason="the fuzzer measures memory as Unix does")

from fuzz.engine import Found, Parser, Trial, try_many  # noqa: E402
from fuzz.parsers import parsers  # noqa: E402

from pinatakit.errors import Malformed  # noqa: E402

PARSERS = parsers()


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_inputs_are_read_as_they_were_written_or_refused(parser):
    trial = Trial(parser, memory=None)
    for seed in parser.seeds:
        trial(seed)
    assert trial.accepted == len(parser.seeds)
    try_many(trial, 2000, seed=42)
    assert trial.inputs >= 2000
    assert trial.accepted > len(parser.seeds)
    assert trial.inputs - trial.accepted > 100


def test_the_same_seed_gives_the_same_inputs():
    def inputs(seed: int) -> list[bytes]:
        tried: list[bytes] = []
        car = next(parser for parser in PARSERS if parser.name == "car")
        spy = dataclasses.replace(car, parse=tried.append, holds=lambda *_: None)
        try_many(Trial(spy, memory=None), 100, seed)
        return tried

    assert inputs(1) == inputs(1) != inputs(2)


def fails(data: bytes) -> bytes:
    if data.startswith(b"bad"):
        raise KeyError("undeclared")
    if data.startswith(b"no"):
        raise Malformed("declared")
    return data


def never(data: bytes, _: object) -> None:
    assert data != b"wrong"


@pytest.mark.parametrize(("data", "why"), [(b"bad", "KeyError: 'undeclared'"), (b"wrong", "AssertionError")])
def test_an_undeclared_error_and_a_broken_property_are_cases(data, why):
    trial = Trial(Parser("one", fails, never, [], lambda _: b""), memory=None)
    trial(b"no")
    trial(b"good")
    assert (trial.inputs, trial.accepted) == (2, 1)
    with pytest.raises(Found) as found:
        trial(data)
    assert found.value.data == data
    assert why in found.value.why


def test_too_much_time_or_memory_is_a_case(monkeypatch):
    trial = Trial(Parser("one", fails, never, [], lambda _: b""), memory=1)
    with pytest.raises(Found, match="memory is at"):
        trial(b"good")
    monkeypatch.setattr("fuzz.engine.MAX_SECONDS", -1.0)
    with pytest.raises(Found, match="took"):
        Trial(trial.parser, memory=None)(b"good")

"""The tree of errors is the one that is drawn, and each says what happened and what to do."""

from __future__ import annotations

import inspect
import pickle
import re
from pathlib import Path

import pytest

from pinatakit import errors
from pinatakit.content import CID
from pinatakit.protocol import Answer
from pinatakit.protocol.refusals import refused

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception)
}


def drawn():
    """The tree in the docstring: each name with the name above it."""
    above = {}
    line_of = []
    for line in errors.__doc__.splitlines():
        if found := re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line):
            depth = len(found[1]) // 4
            line_of[depth:] = [found[2]]
            above[found[2]] = line_of[depth - 1] if depth else "Exception"
    return above


def test_the_tree_that_is_drawn_is_the_tree_there_is():
    assert drawn() == {name: value.__bases__[0].__name__ for name, value in CLASSES.items()}
    assert set(errors.__all__) == set(CLASSES)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_each_error_says_when_it_is_met(kind):
    assert kind.__doc__
    assert kind.__doc__.splitlines()[0].endswith(".")


def made(kind):
    cid = CID.of(b"x")
    if issubclass(kind, errors.ApiError):
        return kind(
            "the details", status=418, url="http://x/y", reason="WHY", request_id="r1", hint="do this"
        )
    if kind is errors.NoSuchPath:
        return kind(cid, "a/b", at="b")
    if kind in (errors.BlockMismatch, errors.MissingBlock):
        return kind(cid)
    if kind in (errors.PinFailed, errors.PinPending):
        return kind(cid, "expired", "nobody has it")
    if kind is errors.CIDMismatch:
        return kind(cid, CID.of(b"y"))
    if kind is errors.AlreadyThere:
        return kind(Path("there"))
    return kind("what happened", hint="do this")


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_each_error_has_a_message_and_its_hint_behind(kind):
    error = made(kind)
    assert error.message
    assert isinstance(error, errors.PinataError)
    assert str(error) == (f"{error.message}\nhint: {error.hint}" if error.hint else error.message)
    assert error.args


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_an_error_comes_whole_out_of_another_process(kind):
    error = made(kind)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_what_an_error_was_told_later_comes_along():
    error = made(errors.RateLimited)
    error.retry_after = 5.0
    assert pickle.loads(pickle.dumps(error)).retry_after == 5.0


def test_an_error_without_a_hint_is_its_message():
    assert str(errors.PinataError("what happened")) == "what happened"


def test_what_you_did_wrong_is_a_value_error():
    for kind in (errors.InputError, errors.ContentError, errors.InvalidCID, errors.Malformed):
        assert issubclass(kind, ValueError)
    for kind in (errors.ApiError, errors.Unreachable, errors.CIDMismatch):
        assert not issubclass(kind, ValueError)


def test_an_error_has_for_a_program_what_it_has_for_a_person():
    cid, other = CID.of(b"x"), CID.of(b"y")
    error = errors.CIDMismatch(cid, other)
    assert (error.expected, error.got) == (cid, other)
    assert str(cid) in str(error)
    assert str(other) in str(error)
    assert errors.BlockMismatch(cid).cid == errors.MissingBlock(cid).cid == cid
    path = errors.NoSuchPath(cid, "a/b", at="b")
    assert (path.root, path.path) == (cid, "a/b")
    assert "'a/b'" in path.message
    error = made(errors.NotFound)
    assert (error.status, error.reason, error.details) == (418, "WHY", "the details")
    assert (error.url, error.request_id) == ("http://x/y", "r1")
    assert error.message == "WHY: the details (HTTP 418 from http://x/y, request r1)"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, errors.BadRequest),
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (402, errors.PaymentRequired),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (413, errors.TooLarge),
        (429, errors.RateLimited),
        (500, errors.ServiceFault),
        (599, errors.ServiceFault),
    ],
)
def test_each_status_has_its_error(status, kind):
    error = refused(Answer(status, {}, b"no", "http://x"))
    assert type(error) is kind
    assert error.status == status
    assert error.message == f"no (HTTP {status} from http://x)"

"""What is type-checked is the whole surface: each operation of both clients stands in `typing/surface.py`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pinatakit import Pinata
from pinatakit.client._listing import listing
from pinatakit.client._operation import Resource, operation, stream

SURFACE = Path(__file__).parent / "typing" / "surface.py"


def operations(resource, prefix=""):
    """The operations below a resource, by the names that lead to them."""
    for kind in type(resource).__mro__:
        for name, value in vars(kind).items():
            if isinstance(value, operation | stream | listing):
                yield prefix + name
    for name in dir(resource):
        if isinstance(value := getattr(resource, name), Resource):
            yield from operations(value, f"{prefix}{name}.")


@pytest.mark.parametrize("function", ["blocking", "awaited"])
def test_every_operation_is_type_checked_on_both_wires(function):
    body = {one.name: one for one in ast.parse(SURFACE.read_text("utf-8")).body if hasattr(one, "name")}[
        function
    ]
    called = {
        ast.unparse(node.func).removeprefix("pinata.")
        for node in ast.walk(body)
        if isinstance(node, ast.Call)
    }
    with Pinata("eyJ.a.b") as pinata:
        there = set(operations(pinata))
    assert len(there) > 80
    assert there - called == set()


def test_of_every_resource_a_mistake_is_planted():
    text = SURFACE.read_text("utf-8")
    planted = set(re.findall(r"pinata\.([a-z_.]+)\.\w+\(.*# type: ignore\[", text))
    with Pinata("eyJ.a.b") as pinata:
        there = {name.rpartition(".")[0] for name in operations(pinata)} - {""}
    assert len(there) > 14
    assert there - planted == set()


def test_every_mistake_that_is_planted_is_marked():
    text = SURFACE.read_text("utf-8").splitlines()
    found = [line for line in text if "# type: ignore[" in line]
    assert len(found) == 50
    assert "# pyright: reportUnnecessaryTypeIgnoreComment=true" in text

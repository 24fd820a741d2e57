"""What is type-checked is the whole surface: each operation of both clients stands in `typing/surface.py`."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import typing
from operator import attrgetter
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


def test_every_operation_tells_its_errors_or_which_other_one_does():
    with Pinata("eyJ.a.b") as pinata:
        told = {name: attrgetter(name)(pinata).__doc__ for name in operations(pinata)}
    assert [name for name, doc in told.items() if "Raises:" not in doc and "; else as `" not in doc] == []


def test_a_program_can_evaluate_the_types_of_every_operation():
    with Pinata("eyJ.a.b") as pinata:
        for name in set(operations(pinata)):
            way, _, method = name.rpartition(".")
            resource = attrgetter(way)(pinata) if way else pinata
            for found in (getattr(type(resource), method), getattr(resource, method)):
                assert "return" in typing.get_type_hints(found)


@pytest.mark.parametrize(
    ("method", "name", "kind"),
    [
        ("Pinata.__init__", "transport", "httpx2.BaseTransport | None"),
        ("AsyncPinata.__init__", "transport", "httpx2.AsyncBaseTransport | None"),
        ("Pinata.open", "return", "<class '_io.BufferedReader'>"),
        ("AsyncPinata.open", "return", "<class 'pinatakit.client.opened.AsyncFile'>"),
    ],
)
def test_it_can_for_what_is_no_operation_and_nothing_is_loaded_before(method, name, kind):
    asked = f"""
import pinatakit.client, sys, typing
print("httpx2" in sys.modules or "pinatakit.client.opened" in sys.modules)
print(typing.get_type_hints(pinatakit.client.{method})[{name!r}])
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", kind]


@pytest.mark.parametrize("name", ["upload", "upload_json", "download", "read"])
@pytest.mark.parametrize("client", ["pinatakit.Pinata", "pinatakit.Pinata('eyJ.a.b')"])
def test_it_can_before_anything_was_uploaded_or_downloaded(client, name):
    asked = f"import pinatakit, typing; print(typing.get_type_hints({client}.{name})['network'])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "typing.Optional[typing.Literal['public', 'private']]"

"""The front door: each name is there, and none costs anything before it is used."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pinatakit

from .subprocesses import unmeasured

ROOMS = (
    "cars",
    "client",
    "content",
    "embedded",
    "errors",
    "functions",
    "patterns",
    "protocol",
    "recipes",
    "roots",
)
HEAVY = ("anyio", "asyncio", "click", "httpx2", "jwt", "msgspec", "rich", "sqlite3", "starlette", "uvicorn")
TRANSFERS = {
    "client.downloads",
    "client.feeds",
    "client.tus",
    "client.uploads",
    "packed",
    "sources",
    "targets",
}
NETWORK = ("anyio", "asyncio", "http.client", "httpcore2", "httpx2", "socket", "ssl")


@pytest.mark.parametrize("name", pinatakit.__all__)
def test_each_name_can_be_got_and_is_its_modules_own(name):
    value = getattr(pinatakit, name)
    homes = [
        room
        for room in ROOMS
        if name in (module := importlib.import_module(f"pinatakit.{room}")).__all__
        and getattr(module, name) is value
    ]
    assert homes


def test_names_are_sorted_and_stand_once():
    assert len(set(pinatakit.__all__)) == len(pinatakit.__all__)
    assert set(pinatakit.__all__) <= set(dir(pinatakit))
    assert "__version__" in dir(pinatakit)


def test_every_error_is_at_the_front_door():
    from pinatakit import errors

    assert set(errors.__all__) <= set(pinatakit.__all__)


def test_a_name_that_there_is_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pinatakit.nothing
    with pytest.raises(ImportError):
        exec("from pinatakit import nothing")


@pytest.mark.parametrize(
    "room", ["client", "content", "embedded", "errors", "functions", "protocol", "server"]
)
def test_each_room_names_what_it_has(room):
    module = importlib.import_module(f"pinatakit.{room}")
    for name in module.__all__:
        assert hasattr(module, name)


def test_all_is_imported_with_a_star():
    names = {}
    exec("from pinatakit import *", names)
    assert set(pinatakit.__all__) <= set(names)


@pytest.mark.parametrize(
    "statement",
    [
        "import pinatakit",
        "import pinatakit, sys; dir(pinatakit); pinatakit.__version__",
    ],
)
def test_importing_costs_nothing(statement):
    assert loaded(statement) & set(HEAVY) == set()


def test_importing_loads_no_module_but_what_loads_them():
    assert {name for name in loaded("import pinatakit") if name.startswith("pinatakit.")} == {
        "pinatakit._lazy"
    }


@pytest.mark.parametrize(
    "room", ["pinatakit", *(f"pinatakit.{room}" for room in ("client", "content", "protocol"))]
)
def test_names_are_loaded_from_where_type_checkers_see_them(room):
    module = importlib.import_module(room)
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    seen = {
        alias.name: imported.module
        for imported in ast.walk(tree)
        if isinstance(imported, ast.ImportFrom)
        for alias in imported.names
        if alias.name in module.__all__
    }
    assert set(seen) | {name for name in module.__all__ if name in vars(module)} == set(module.__all__)
    for name, home in seen.items():
        assert getattr(module, name) is getattr(importlib.import_module(home), name)
        assert name in dir(module)


def test_a_client_loads_only_what_it_is_asked_for():
    made = "import pinatakit; pinata = pinatakit.Pinata('a.b.c')"
    assert rooms_of(f"{made}; pinata.files.list()") & TRANSFERS == set()
    assert rooms_of(f"{made}; pinata.files.list()") & {"client.groups", "protocol.groups"} == set()
    assert rooms_of(f"{made}; pinata.groups.list()") >= {"client.groups", "protocol.groups"}


def test_what_a_client_has_is_listed_before_it_is_loaded():
    with pinatakit.Pinata("a.b.c") as pinata:
        assert {"files", "groups", "upload"} <= set(dir(pinata))
        assert pinata.files is pinata.files
        with pytest.raises(AttributeError, match="'Pinata' object has no attribute 'fils'"):
            _ = pinata.fils


def test_an_error_or_a_cid_loads_no_network():
    assert loaded("from pinatakit import NotFound") & set(HEAVY) == set()
    assert loaded("from pinatakit import CID, cid_of") & set(NETWORK) == set()


def test_the_help_of_the_command_loads_its_parser_alone():
    asked = "import sys; sys.argv[1:] = ['--help']; from pinatakit.cli import main\ntry: main()\nexcept SystemExit: pass"
    found = loaded(asked)
    assert "click" in found
    assert found & {*HEAVY, *NETWORK} == {"click"}
    rooms = {name.split(".")[1] for name in found if name.startswith("pinatakit.")}
    assert rooms == {"_lazy", "cli"}


def test_a_list_loads_no_more_of_the_network_than_the_wire_needs():
    asked = "import sys; sys.argv[1:] = ['ls']; from pinatakit.cli import main\ntry: main()\nexcept SystemExit: pass"
    found = loaded(asked)
    assert "pinatakit.cli.files" in found
    assert found & {"asyncio", "html.entities", "jwt", "rich", "sqlite3", "starlette", "uvicorn"} == set()
    assert {name for name in found if name.startswith("pinatakit.server")} == set()


def rooms_of(program):
    """The modules of this package that are there after a program, by their names within it."""
    return {name.removeprefix("pinatakit.") for name in loaded(program)}


def loaded(program):
    """The modules that are there after a program, of which at least one is this package."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print('loaded:', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env=unmeasured(),
    )
    found = set(done.stdout.rpartition("loaded:")[2].split())
    assert "pinatakit" in found
    return found

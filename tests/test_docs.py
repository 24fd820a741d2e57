"""The documentation: what stands on its pages is run, in order, against a local Pinata.

A page is a program: its ``python`` blocks share their names, its ``console`` blocks share a shell's
variables, both share a folder. A line behind ``# ->`` is what a ``print`` shows; what stands below a ``$``
line is what the command shows (nothing below it: it is run, and must succeed; ``error:`` first: it must
fail). ``…`` stands for what differs from run to run. HTML comments, which do not show, steer:
``<!-- not run: why -->`` above a block, ``<!-- tests -->`` above one that pytest runs, and
``<!-- before: … -->`` for Python that a page needs and does not show.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import pinatakit
from pinatakit.content import read_car

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]
    if page.parent.name != "reference" and page.read_text().count("```")
)
BLOCK = re.compile(
    r"(?:^[ ]*<!-- (?P<note>(?:not run|tests)[^>]*) -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$"
    r"|<!-- before:\n(?P<before>.*?)-->",
    re.DOTALL | re.MULTILINE,
)
STATE = ".state.sh"


def blocks(page: str):
    """The blocks of a page: what kind, what steers it, its text, and the line it stands on."""
    text = (ROOT / page).read_text()
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["before"] is not None:
            yield "python", "", textwrap.dedent(found["before"]), line
        else:
            yield found["kind"], found["note"] or "", textwrap.dedent(found["text"]), line


def matches(expected: str, shown: str) -> bool:
    """Whether what was shown is what is expected, where ``…`` stands for anything."""
    pattern = ".*?".join(map(re.escape, expected.rstrip().split("…")))
    return re.fullmatch(pattern, shown.rstrip(), re.DOTALL) is not None


def run_python(text: str, names: dict, where: str):
    """Run a block; what it prints is what its ``# ->`` lines say, where it has any."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, where, "exec"), names)
    if claims := re.findall(r"# -> (.*)$", text, re.MULTILINE):
        assert matches("\n".join(claims), printed.getvalue()), f"{where} prints:\n{printed.getvalue()}"


def commands(text: str):
    """The commands of a console block, each with what is shown below it."""
    command, shown = "", []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(shown)
            command, shown = line[2:], []
        elif command.endswith("\\"):
            command += "\n" + line.removeprefix("> ")
        else:
            shown.append(line)
    assert command, f"a console block has commands behind `$ `: {text}"
    yield command, "\n".join(shown)


def run_console(text: str, where: str):
    """Run the commands of a block, each in a shell that has the variables of the ones before."""
    for command, expected in commands(text):
        script = (
            f"set -a; [ -f {STATE} ] && . ./{STATE}\n{command}\nstatus=$?; export -p > {STATE}; exit $status"
        )
        done = subprocess.run(
            ["bash", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=120,
        )
        said = f"{where}: $ {command}\nended with {done.returncode} and shows:\n{done.stdout}"
        assert bool(done.returncode) == expected.startswith("error:"), said
        if expected.strip():
            assert matches(expected, done.stdout), said


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with what the pages speak of, and a local Pinata that every client finds."""
    home = tmp_path / "home"
    work = home / "work"
    (work / "site" / "images").mkdir(parents=True)
    (work / "site" / "index.html").write_text("<h1>Hello</h1>\n")
    (work / "site" / "images" / "logo.png").write_bytes(bytes(range(200)))
    (work / "photo.jpg").write_bytes(b"\xff\xd8" + bytes(1000))
    (work / "report.pdf").write_bytes(b"%PDF" + bytes(range(256)) * 20)
    (home / "bin").mkdir()
    for name, module in {"pinatakit": "-m pinatakit", "python": "", "pytest": "-m pytest"}.items():
        script = home / "bin" / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    for name in [name for name in os.environ if name.startswith(("PINATA_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("PATH", f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(work)
    with pinatakit.local(home / "data" / "pinatakit") as pinata:
        monkeypatch.setenv("PINATA_JWT", pinata.jwt)
        monkeypatch.setenv("PINATA_ENDPOINT_URL", pinata.url)
        monkeypatch.setenv("PINATA_GATEWAY_URL", pinata.url)
        yield work


@pytest.mark.filterwarnings("ignore:unclosed file")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page, place):
    names = {"__name__": "page"}
    if page == "docs/content.md":
        names["fetch"] = lambda cid: next(
            bytes(block.data) for block in read_car((place / "site.car").read_bytes())[1] if block.cid == cid
        )
    for kind, note, text, line in blocks(page):
        where = f"{page}:{line}"
        if note.startswith("not run"):
            assert re.fullmatch(r"not run: \S.{9,}", note, re.DOTALL), f"{where} has no reason"
        elif note.startswith("tests"):
            (place / "test_page.py").write_text(text)
            ran = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
            done = subprocess.run(
                [sys.executable, *ran, "test_page.py"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"{where}\n{done.stdout}"
        elif kind == "python":
            run_python(text, names, where)
        elif kind == "console":
            run_console(text, where)
        else:
            assert kind in {"text", "toml", "yaml", "javascript", ""}, (
                f"{where}: {kind} is not run by anything"
            )
            assert kind != "javascript", f"{where}: say why it is not run"


def test_pictures_are_of_the_figures_on_their_page(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import pictures

    monkeypatch.setattr(pictures, "OUT", tmp_path)
    pictures.main()
    drawn = {picture.name: picture.read_text() for picture in tmp_path.iterdir()}
    assert drawn == {picture.name: picture.read_text() for picture in (DOCS / "pictures").iterdir()}


def test_every_public_name_is_in_the_reference(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import reference

    monkeypatch.setattr(reference, "OUT", tmp_path)
    reference.main()
    written = "\n".join(page.read_text() for page in tmp_path.iterdir())
    assert [name for name in pinatakit.__all__ if f"::: pinatakit.{name}\n" not in written] == []
    assert "pinatakit upload" in (tmp_path / "cli.md").read_text()

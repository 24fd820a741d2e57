"""Commands run for a test: by nobody, or by somebody who has an account at a served local Pinata."""

from __future__ import annotations

import pytest

from pinatakit.cli import main

from . import processes


@pytest.fixture
def home(tmp_path):
    """Where the commands keep what is nobody's."""
    return tmp_path / "home"


@pytest.fixture
def run(tmp_path, home):
    """Run a command in `tmp_path`, with no credential: `run("cid", "-", input=b"")`."""

    def run(*args, input=b"", env=None, python=()):
        around = processes.environment(home, **env or {})
        return processes.run(*args, cwd=tmp_path, env=around, input=input, python=python)

    return run


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A local Pinata in a process of its own, shared by the tests of a module."""
    folder = tmp_path_factory.mktemp("served")
    with processes.serving(folder, "--data", folder / "data") as served:
        yield served


@pytest.fixture
def ask(run, served):
    """Run a command with the credential of the served local Pinata."""

    def ask(*args, input=b"", env=None):
        return run(*args, input=input, env=served.env | (env or {}))

    return ask


@pytest.fixture
def look(tmp_path, home, served):
    """Run a command as `ask` does, on a terminal."""

    def look(*args, env=None, **terminal):
        around = processes.environment(home, **{"TERM": "xterm"} | served.env | (env or {}))
        return processes.on_terminal(*args, cwd=tmp_path, env=around, **terminal)

    return look


@pytest.fixture(scope="module")
def service():
    """A service that answers as it is told."""
    service = processes.Service()
    yield service
    service.close()


@pytest.fixture
def here(tmp_path, home, monkeypatch, capfdbinary):
    """Run a command in this process, which is quicker: for many cases of one kind."""

    def here(*args, env=None):
        capfdbinary.readouterr()
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            for name, value in (
                {
                    "HOME": str(home),
                    "XDG_CONFIG_HOME": str(home / ".config"),
                    "XDG_DATA_HOME": str(home / "data"),
                    "PINATA_OFFLINE": "",  # which --offline sets
                }
                | (env or {})
            ).items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as end:
                main([str(arg) for arg in args])
        out, err = capfdbinary.readouterr()
        return processes.Ran(end.value.code, out, err.decode())

    return here


@pytest.fixture
def ask_here(here, served):
    """Run a command as `ask` does, in this process."""
    return lambda *args: here(*args, env=served.env)

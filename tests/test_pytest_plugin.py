"""The pytest plugin, here and in a session of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pinatakit

from .subprocesses import unmeasured

SUITE = """
import os, pathlib, pinatakit, pytest

WHERE = pathlib.Path(__file__).with_name("where")

def test_a_local_pinata_is_there(pinata):
    WHERE.write_text(f"{pinata.url} {pinata.data}")
    upload = pinata.upload(b"hello")
    with pinatakit.Pinata() as mine:
        assert mine.files.get(upload.id).size == 5
        assert b"".join(mine.read(upload.cid)) == b"hello"

def test_it_starts_empty_and_the_last_one_is_gone(pinata):
    url, data = WHERE.read_text().split()
    assert list(pinata.files.list()) == []
    assert pinata.url != url
    assert not os.path.exists(data)

def test_who_does_not_ask_has_none():
    assert "PINATA_ENDPOINT_URL" not in os.environ
    with pytest.raises(pinatakit.SettingsError), pinatakit.Pinata() as mine:
        mine.account.test()
"""


def run(folder, *arguments):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PINATA_", "PYTEST_"))
    }
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def test_whoever_installs_the_package_has_the_fixture(tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE)
    done = run(tmp_path, "-q", "-W", "error")
    assert "3 passed" in done.stdout, done.stdout


def test_the_fixture_is_listed_with_what_it_is(tmp_path):
    done = run(tmp_path, "--fixtures")
    assert "A client of a local Pinata that starts empty" in done.stdout


def test_loading_the_plugin_costs_nothing():
    program = "import sys, pinatakit.pytest_plugin; print('httpx2' in sys.modules, 'sqlite3' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=unmeasured()
    )
    assert done.stdout.split() == ["False", "False"]


def test_the_fixture_is_a_client_and_the_environment_points_at_it(pinata):
    assert pinata.upload(b"hello").size == 5
    assert os.environ["PINATA_ENDPOINT_URL"] == os.environ["PINATA_GATEWAY_URL"] == pinata.url
    assert os.environ["PINATA_JWT"] == pinata.jwt
    assert isinstance(pinata, pinatakit.Pinata)

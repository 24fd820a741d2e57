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

ASYNC = """
import anyio, pytest
from pinatakit.embedded import Stored
from pinatakit.content import CID as _CID
from pinatakit.server import Refuse

# The CID that `ipfs add --cid-version=1` gives "hello".
CID = _CID.parse("bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq")

@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_client_shares_the_local_pinata(pinata, async_pinata, backend):
    async def main():
        upload = await async_pinata.upload(b"hello", name="a.txt", keyvalues={"a": "b"})
        return upload.cid, await async_pinata.read_bytes(upload.cid)

    assert anyio.run(main, backend=backend) == (CID, b"hello")
    assert pinata.snapshot() == [Stored("a.txt", CID, 5, {"a": "b"}, "public")]

def test_several_are_apart_and_fail_as_they_are_told(make_pinata):
    first, second = make_pinata(), make_pinata(gateways=[], faults=True)
    assert first.url != second.url
    assert first.jwt == second.jwt
    second.faults.add(Refuse(503))
    second.upload(b"once more", name="second.txt")
    assert len(second.faults.met) == 1
    second.faults.add(Refuse(500))
    assert [stored.name for stored in second.snapshot()] == ["second.txt"]
    assert first.snapshot() == []

def test_one_that_keeps_can_be_made(make_pinata, tmp_path):
    made = make_pinata(tmp_path)
    assert made.data == tmp_path
    made.upload(b"kept", name="kept", network="private")
    assert [(stored.name, stored.network) for stored in made.snapshot()] == [("kept", "private")]
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


def test_whoever_installs_the_package_has_async_clients_and_a_factory(tmp_path):
    (tmp_path / "test_suite.py").write_text(ASYNC)
    done = run(tmp_path, "-q", "-W", "error")
    assert "4 passed" in done.stdout, done.stdout


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

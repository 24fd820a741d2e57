"""npm: packages at exact versions in a folder that is kept between runs, and scripts that use them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_ENVIRONMENT = dict(os.environ)  # before the tests hide the home of whoever runs them, whose npm is asked
_PATIENCE = 300  # seconds


class Node:
    """A folder with packages of npm."""

    def __init__(self, folder: Path):
        self.folder = folder

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("node") or "node", *command],
            cwd=self.folder,
            env=_ENVIRONMENT | environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )

    def play(self, script: str, **about) -> dict[str, str | None]:
        """What became of each test of a script, by its name: nothing, or why it failed."""
        for file in HERE.glob("*.mjs"):
            shutil.copy(file, self.folder)
        done = self.run("--test-reporter=junit", script, LOCAL=json.dumps(about))
        assert "<testsuites" in done.stdout, done.stdout + done.stderr
        cases = ET.fromstring(done.stdout[done.stdout.index("<testsuites") :]).iter("testcase")
        return {
            case.attrib["name"]: None if (failure := case.find("failure")) is None else failure.text
            for case in cases
        }


def names(script: str) -> list[str]:
    """The names of a script's tests."""
    return re.findall(r'^test\("(.+?)", ', (HERE / script).read_text(encoding="utf-8"), re.MULTILINE)


def whole(played: dict[str, str | None], name: str) -> None:
    """Fail as a script's test has failed."""
    assert name in played, f"{name!r} was not played"
    if played[name] is not None:
        pytest.fail(played[name], pytrace=False)


@pytest.fixture(scope="module")
def install(request):
    """Install packages of npm, once: `install("name@1.2.3")`."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs Node.js with npm, which is not installed here")

    def install(*packages: str) -> Node:
        digest = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
        folder = request.config.cache.mkdir("npm") / digest
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "package.json").write_text('{"private": true}')
            quiet = ["--no-package-lock", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
            done = subprocess.run(
                [shutil.which("npm") or "npm", "install", *quiet, *packages],
                cwd=folder,
                env=_ENVIRONMENT,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
            if done.returncode and re.search(
                "ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|network", done.stderr
            ):
                pytest.skip("npm reaches no registry")
            assert done.returncode == 0, done.stderr
            (folder / "whole").touch()
        return Node(folder)

    return install

"""The compliance suite of the IPFS Pinning Service API, against the local Pinata."""

from __future__ import annotations

import re

from pinatakit import local

SUITE = "@ipfs-shipyard/pinning-service-compliance@1.8.1"


def test_the_compliance_suite_finds_nothing_wrong(install):
    """It asks once a second, so it takes three quarters of a minute."""
    with local() as pinata:
        done = install(SUITE).run(
            "node_modules/.bin/pinning-service-compliance", "-s", f"{pinata.url}/psa", pinata.jwt
        )
        assert done.returncode == 0, done.stdout + done.stderr
        summary = re.search(r"Summary \((\d+)/(\d+) successful\)", done.stdout)
        assert summary, done.stdout
        assert summary[1] == summary[2] == "5", done.stdout
        assert "🟢" in done.stdout
        assert not re.search("🔴|❌", done.stdout), done.stdout
        assert list(pinata.psa.list(status="pinned")) == []

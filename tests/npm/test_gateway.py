"""Clients of IPFS gateways for JavaScript, against the local Pinata's."""

from __future__ import annotations

import pytest

from pinatakit import local

from .conftest import names, whole

PACKAGES = (  # the last ones that need no newer Node.js than 20
    "@helia/verified-fetch@3.2.3",
    "@helia/http@2.2.1",
    "@helia/block-brokers@4.2.4",
    "@helia/routers@3.1.3",
    "ipfs-car@3.1.0",
)


@pytest.fixture(scope="module")
def played(install, tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "docs").mkdir()
    (site / "docs" / "hello.txt").write_text("hello")
    (site / "index.html").write_text("<h1>Hello</h1>")
    (site / "data.json").write_text('{"a":1}')
    large = bytes(range(251)) * 10_000
    with local() as pinata:
        about = {
            "url": pinata.url,
            "jwt": pinata.jwt,
            "folder": str(pinata.upload(site).cid),
            "large": str(pinata.upload(large, name="large.bin").cid),
            "largeSize": len(large),
        }
        yield install(*PACKAGES).play("gateway.mjs", **about)


@pytest.mark.parametrize("name", names("gateway.mjs"))
def test_the_gateway(played, name):
    whole(played, name)

"""Pinata's own SDKs for JavaScript, unchanged, against the local Pinata."""

from __future__ import annotations

import base64
import io
import uuid

import httpx2
import pytest

from pinatakit import Permissions, cid_of, local
from pinatakit.content import CID, Block, Profile, write_car
from pinatakit.protocol.signatures import sign

from .conftest import names, whole

PILLOW = pytest.importorskip("PIL.Image", reason="needs Pillow")


@pytest.fixture(scope="module")
def given():
    """A local Pinata with what the scripts speak of; it fetches from another one."""
    with local() as elsewhere, local(gateways=[elsewhere.url]) as pinata:
        picture = io.BytesIO()
        PILLOW.new("RGB", (8, 8), "red").save(picture, "PNG")
        block = Block(CID.of(b"in a CAR"), b"in a CAR")
        file = pinata.upload(b"signed", name="signed.txt")
        bearer = {"authorization": f"Bearer {pinata.jwt}"}
        record = httpx2.get(f"{pinata.url}/v3/files/public/{file.id}", headers=bearer).json()["data"]
        made = sign("0x" + "46" * 32, cid=record["cid"], date=record["created_at"])
        readme = pinata.upload(b"Read me.", name="readme.txt").cid
        domain = pinata.gateways.create("npm").domain
        for _ in range(3):
            host = {"host": f"{domain}.localhost", "user-agent": "of the tests"}
            assert httpx2.get(f"{pinata.url}/ipfs/{readme}", headers=host).status_code == 200
        yield {
            "url": pinata.url,
            "jwt": pinata.jwt,
            "given": {
                "readme": str(readme),
                "image": str(pinata.upload(picture.getvalue(), name="red.png").cid),
                "picture": base64.b64encode(picture.getvalue()).decode(),
                "elsewhere": str(elsewhere.upload(b"elsewhere", name="e.txt").cid),
                "nowhere": str(CID.of(uuid.uuid4().bytes)),
                "nowhere2": str(CID.of(uuid.uuid4().bytes)),
                "car": base64.b64encode(b"".join(write_car([block.cid], [block]))).decode(),
                "carRoot": str(block.cid),
                "zeros": str(cid_of(bytes(94371841), Profile.named("v1-raw-256k"))),
                "domain": f"{domain}.mypinata.cloud",
                "signed": {"cid": str(file.cid), "signature": made.signature, "address": made.address},
            },
        }


@pytest.fixture(scope="module")
def pinata(install, given):
    return install("pinata@2.5.6").play("pinata.mjs", **given)


@pytest.fixture(scope="module")
def older(install, given):
    with local() as pinata:
        key = pinata.keys.create("older", Permissions.ADMIN)
        about = {
            "url": pinata.url,
            "jwt": pinata.jwt,
            "key": key.pinata_api_key,
            "secret": key.pinata_api_secret,
        }
        return install("@pinata/sdk@2.1.0").play("older.mjs", **about, given=given["given"])


@pytest.mark.parametrize("name", names("pinata.mjs"))
def test_the_sdk(pinata, name):
    whole(pinata, name)


@pytest.mark.parametrize("name", names("older.mjs"))
def test_the_older_sdk(older, name):
    whole(older, name)

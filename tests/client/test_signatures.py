"""Signatures, on three wires."""

from __future__ import annotations

import pytest

from pinatakit import Pinata
from pinatakit.client.files import Files
from pinatakit.client.signatures import Signatures
from pinatakit.errors import BadRequest, Forbidden, InputError, NotFound
from pinatakit.protocol.signatures import sign
from pinatakit.protocol.times import micros

KEY = "0x" + "46" * 32
OTHER = "0x" + "47" * 32


def test_a_signature_is_kept_until_it_is_deleted(play):
    async def body(pinata):
        cid = (await Pinata.upload(pinata, b"signed")).cid
        made = await Signatures.sign(pinata.signatures, cid, KEY)
        assert made.cid == cid
        assert await Signatures.get(pinata.signatures, str(cid)) == made
        with pytest.raises(Forbidden, match="has a signature already"):
            await Signatures.sign(pinata.signatures, cid, OTHER)
        await Signatures.delete(pinata.signatures, cid)
        with pytest.raises(NotFound):
            await Signatures.get(pinata.signatures, cid)
        with pytest.raises(NotFound):
            await Signatures.delete(pinata.signatures, cid)

    play(body)


def test_a_signature_made_elsewhere_is_added_when_it_is_the_addresss(play):
    async def body(pinata):
        upload = await Pinata.upload(pinata, b"signed by a wallet", network="private")
        file = await Files.get(pinata.files, upload.id, network="private")
        made = sign(KEY, cid=str(upload.cid), date=micros(file.created_at))
        foreign = sign(OTHER, cid=str(upload.cid), date=micros(file.created_at))
        with pytest.raises(BadRequest, match="not by 0x9d8A"):
            await Signatures.add(
                pinata.signatures, upload.cid, foreign.signature, made.address, network="private"
            )
        kept = await Signatures.add(pinata.signatures, upload.cid, *made, network="private")
        assert kept.signature == made.signature
        assert await Signatures.get(pinata.signatures, upload.cid, network="private") == kept
        await Signatures.delete(pinata.signatures, upload.cid, network="private")

    play(body)


def test_only_what_you_uploaded_can_be_signed(play):
    async def body(pinata):
        unknown = "bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"
        with pytest.raises(InputError, match="no public file bafkreih5"):
            await Signatures.sign(pinata.signatures, unknown, KEY)
        made = sign(KEY, cid=unknown, date="2024-01-01T00:00:00Z")
        with pytest.raises(Forbidden, match="only its own"):
            await Signatures.add(pinata.signatures, unknown, *made)

    play(body)

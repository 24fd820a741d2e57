"""Signatures: EIP-712 as eth-account 0.13 computes it, and what is no signature."""

from __future__ import annotations

import sys

import pytest

from pinatakit.errors import InputError, PinataError
from pinatakit.protocol.signatures import add_signature, check_address, sign, signer

# Made with eth_account.Account.sign_message(encode_typed_data(…)); the key and its address are those of EIP-155.
KEY = "0x" + "46" * 32
ADDRESS = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"
CID = "bafkreid7qoywk77r7rj3slobqfekdvs57qwuwh5d2z3sqsw52iabe3mqne"
DATE = "2024-08-27T14:57:51.485934Z"
SIGNATURE = (
    "0xd0fc887702d921b140a6cb176c8b708877178e9c7ccb869c07d204cd87595c3a"
    "62ff061d24e0e693e56b77b0015571ab684555ecf115bff51898188d88d193d71c"
)


def test_a_signature_is_the_one_eth_account_makes():
    assert sign(KEY, cid=CID, date=DATE) == (SIGNATURE, ADDRESS)
    assert sign(b"\x46" * 32, cid=CID, date=DATE) == (SIGNATURE, ADDRESS)


def test_the_signer_is_recovered_from_a_signature():
    assert signer(SIGNATURE, address=ADDRESS, cid=CID, date=DATE) == ADDRESS
    assert signer(SIGNATURE, address=ADDRESS.lower(), cid=CID, date=DATE) == ADDRESS


def test_a_parity_may_be_written_as_0_and_1_too():
    assert signer(SIGNATURE[:-2] + "01", address=ADDRESS, cid=CID, date=DATE) == ADDRESS


@pytest.mark.parametrize(
    "changed", [{"cid": CID[:-1] + "f"}, {"date": DATE[:-1] + "1Z"}, {"address": "0x" + "00" * 20}]
)
def test_a_signature_of_other_data_is_another_signers(changed):
    assert signer(SIGNATURE, **{"address": ADDRESS, "cid": CID, "date": DATE, **changed}) != ADDRESS


@pytest.mark.parametrize("made", ["0x" + "00" * 65, "0x" + "ff" * 65, SIGNATURE[:-2] + "1d"])
def test_what_no_key_can_have_signed_has_no_signer(made):
    assert signer(made, address=ADDRESS, cid=CID, date=DATE) is None


@pytest.mark.parametrize("wrong", ["", "0x", SIGNATURE[2:], SIGNATURE + "00", SIGNATURE[:-1] + "g", None, 5])
def test_what_has_not_the_shape_of_a_signature_is_refused(wrong):
    with pytest.raises(InputError, match="65 bytes"):
        signer(wrong, address=ADDRESS, cid=CID, date=DATE)


@pytest.mark.parametrize("wrong", ["", ADDRESS[2:], ADDRESS + "0", "vitalik.eth", None])
def test_what_has_not_the_shape_of_an_address_is_refused(wrong):
    with pytest.raises(InputError, match="40 hexadecimal digits"):
        check_address(wrong)
    with pytest.raises(InputError):
        add_signature("public", CID, SIGNATURE, wrong)


@pytest.mark.parametrize(
    "wrong", ["", "0x46", "secret words", b"\x46" * 31, "0x" + "00" * 32, "0x" + "ff" * 32]
)
def test_what_is_no_private_key_is_refused_and_not_repeated(wrong):
    with pytest.raises(InputError, match="a private key is 32 bytes") as caught:
        sign(wrong, cid=CID, date=DATE)
    assert not wrong or str(wrong) not in str(caught.value)


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "coincurve", None)
    with pytest.raises(PinataError, match=r'pip install "pinatakit\[sign\]"'):
        sign(KEY, cid=CID, date=DATE)

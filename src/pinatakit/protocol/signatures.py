"""Signatures: who vouches for a CID, by an Ethereum key (Content Addressable Attestation).

What is signed is typed data (EIP-712): the signer's address, the CID, and the moment the file
was uploaded, as the service writes it. Making and checking signatures takes the extra ``sign``.
Source: Pinata API v3, "Signatures"; eips.ethereum.org/EIPS/eip-712.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from pinatakit.content import CID
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol._call import JSON_TYPE, Call, Network, as_json, nothing, reads_data
from pinatakit.protocol._record import Record, record

_DOMAIN: Final = "EIP712Domain(string name,string version,uint256 chainId)"
_SIGN: Final = "Sign(address address,string cid,string date)"
_SIGNATURE: Final = re.compile("0x[0-9a-fA-F]{130}")
_ADDRESS: Final = re.compile("0x[0-9a-fA-F]{40}")


class Signature(Record, frozen=True, kw_only=True):
    """The signature of a CID: ``0x`` and 65 bytes in hex."""

    cid: CID
    signature: str

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {"cid": str(self.cid), "signature": self.signature}


class Signed(NamedTuple):
    """A signature just made, and the address of the key that made it."""

    signature: str
    address: str


def add_signature(network: Network, cid: CID, signature: str, address: str) -> Call[Signature]:
    """``POST /v3/files/{network}/signature/{cid}``."""
    body = {"signature": check_signature(signature), "address": check_address(address)}
    return Call(
        "POST",
        _path(network, cid),
        reads_data(_read),
        body=as_json(body),
        headers=JSON_TYPE,
        repeatable=False,
    )


def get_signature(network: Network, cid: CID) -> Call[Signature]:
    """``GET /v3/files/{network}/signature/{cid}``."""
    return Call("GET", _path(network, cid), reads_data(_read))


def delete_signature(network: Network, cid: CID) -> Call[None]:
    """``DELETE /v3/files/{network}/signature/{cid}``."""
    return Call("DELETE", _path(network, cid), nothing)


def _path(network: Network, cid: CID) -> str:
    return f"/v3/files/{network}/signature/{cid}"


def _read(data: Any) -> Signature:
    return record(data, Signature)


def check_signature(text: object) -> str:
    """The signature, if it has the shape of one.

    Raises:
        InputError: it has not.
    """
    if not isinstance(text, str) or not _SIGNATURE.fullmatch(text):
        raise InputError("a signature is 0x and 130 hexadecimal digits (65 bytes)")
    return text


def check_address(text: object) -> str:
    """The address, if it has the shape of one.

    Raises:
        InputError: it has not.
    """
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text):
        raise InputError(f"an address is 0x and 40 hexadecimal digits, not {text!r}")
    return text


def sign(private_key: str | bytes, *, cid: str, date: str) -> Signed:
    """Sign a CID; `date` is when the file was uploaded, as the service writes it.

    Raises:
        InputError: that is no private key (no letter of it is repeated).
        PinataError: the extra ``sign`` is not installed.
    """
    curve, _ = _extra()
    try:
        secret = (
            bytes.fromhex(private_key.removeprefix("0x")) if isinstance(private_key, str) else private_key
        )
        if len(secret) != 32:
            raise ValueError
        key = curve.PrivateKey(secret)
    except ValueError:
        raise InputError("a private key is 32 bytes, or 0x and 64 hexadecimal digits") from None
    address = _address(key.public_key.format(compressed=False))
    made = key.sign_recoverable(_digest(address, cid, date), hasher=None)
    return Signed(f"0x{made[:64].hex()}{27 + made[64]:02x}", address)


def signer(signature: str, *, address: str, cid: str, date: str) -> str | None:
    """The address of the key that made the signature of this typed data, if any did.

    Raises:
        InputError: the signature or the address has not the shape of one.
        PinataError: the extra ``sign`` is not installed.
    """
    curve, _ = _extra()
    made = bytes.fromhex(check_signature(signature)[2:])
    parity = made[64] - 27 if made[64] >= 27 else made[64]
    if parity not in (0, 1):
        return None
    digest = _digest(check_address(address), cid, date)
    try:
        key = curve.PublicKey.from_signature_and_message(made[:64] + bytes([parity]), digest, hasher=None)
    except Exception:  # noqa: BLE001  (the library raises plain Exception where no key fits)
        return None
    return _address(key.format(compressed=False))


def _digest(address: str, cid: str, date: str) -> bytes:
    """What is signed (EIP-712, "Specification")."""
    domain = _keccak(_DOMAIN.encode()) + _hashed("Sign Content") + _hashed("1.0.0") + (1).to_bytes(32)
    message = _keccak(_SIGN.encode()) + bytes(12) + bytes.fromhex(address[2:]) + _hashed(cid) + _hashed(date)
    return _keccak(b"\x19\x01" + _keccak(domain) + _keccak(message))


def _hashed(text: str) -> bytes:
    return _keccak(text.encode())


def _address(public_key: bytes) -> str:
    """The address of an uncompressed public key, with the capitals of EIP-55."""
    plain = _keccak(public_key[1:])[12:].hex()
    capitals = _keccak(plain.encode()).hex()
    return "0x" + "".join(
        sign.upper() if int(by, 16) > 7 else sign for sign, by in zip(plain, capitals, strict=False)
    )


def _keccak(data: bytes) -> bytes:
    _, keccak = _extra()
    return bytes(keccak.new(digest_bits=256, data=data).digest())


def _extra() -> tuple[Any, Any]:
    try:
        import coincurve  # noqa: PLC0415
        from Crypto.Hash import keccak  # noqa: PLC0415
    except ImportError:
        raise PinataError(
            "making and checking signatures takes libraries that are not installed",
            hint='pip install "pinatakit[sign]"',
        ) from None
    return coincurve, keccak

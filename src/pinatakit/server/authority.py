"""An authority that vouches for one certificate; it is made of the package cryptography, an extra."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Collection
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME: Final = dt.timedelta(days=820)  # Apple's systems take no more than 825
_RENEW: Final = dt.timedelta(days=30)


def is_good(certificate: bytes, names: Collection[str]) -> bool:
    """Whether a certificate is for all of these names, and not about to end."""
    try:
        read = x509.load_pem_x509_certificate(certificate)
        named = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    known = {*named.get_values_for_type(x509.DNSName), *map(str, named.get_values_for_type(x509.IPAddress))}
    return known >= set(names) and read.not_valid_after_utc - _RENEW > dt.datetime.now(dt.UTC)


def make(names: Collection[str]) -> tuple[bytes, bytes]:
    """An authority, and a certificate with its key that it has signed, in PEM; its own key is gone."""
    signing, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = dt.datetime.now(dt.UTC)
    issuer = _named(
        f"local Pinata of {now:%Y-%m-%d %H:%M}"
    )  # two of one name confuse who looks them up by it
    known = x509.SubjectKeyIdentifier.from_public_key(signing.public_key())

    def begin(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))  # clocks differ
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(by, critical=False)
        )

    authority = (
        begin(issuer, signing.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )
    certificate = (
        begin(_named("localhost"), key.public_key())
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in sorted(names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = certificate.sign(signing, hashes.SHA256()).public_bytes(Encoding.PEM)
    return authority.sign(signing, hashes.SHA256()).public_bytes(Encoding.PEM), chain + secret


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

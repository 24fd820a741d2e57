"""``sign``: vouch for a CID with an Ethereum key."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, as_network, asks, network_option
from pinatakit.cli._completion import of_files
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata

_cid = click.argument("cid", shell_complete=of_files)


@click.group(cls=Group)
def sign() -> None:
    """Vouch for a CID with an Ethereum key. Takes the extra sign: pip install "pinatakit[sign]".

    \b
    Examples:
      pinatakit sign create bafkrei… --key-file wallet.key
      pinatakit sign get bafkrei…
    """


@sign.command()
@_cid
@click.option(
    "--key-file", type=click.File(), help="Where the private key is, as hexadecimal digits; - is stdin."
)
@network_option
@asks
def create(pinata: Pinata, out: Output, cid: str, key_file: Any, network: str | None) -> None:
    """Sign a file of yours, and attach the signature.

    The private key is read from a file, or asked for without being shown. It stays here.

    \b
    Examples:
      pinatakit sign create bafkrei… --key-file wallet.key
    """
    if key_file is None and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for the private key on; name a --key-file")
    key: str = key_file.read() if key_file else click.prompt("Private key", hide_input=True, err=True)
    made = pinata.signatures.sign(cid, key.strip(), network=as_network(network))
    out.one(made, "cid signature", _fields())


@sign.command()
@_cid
@click.argument("signature")
@click.argument("address")
@network_option
@asks
def add(pinata: Pinata, out: Output, cid: str, signature: str, address: str, network: str | None) -> None:
    """Attach a signature made elsewhere, by the key of ADDRESS.

    \b
    Examples:
      pinatakit sign add bafkrei… 0x5f3c… 0x9d8a…
    """
    out.one(
        pinata.signatures.add(cid, signature, address, network=as_network(network)),
        "cid signature",
        _fields(),
    )


@sign.command()
@_cid
@network_option
@asks
def get(pinata: Pinata, out: Output, cid: str, network: str | None) -> None:
    """Show the signature of a CID.

    \b
    Examples:
      pinatakit sign get bafkrei… --json
    """
    out.one(pinata.signatures.get(cid, network=as_network(network)), "cid signature", _fields())


@sign.command()
@_cid
@network_option
@asks
def delete(pinata: Pinata, out: Output, cid: str, network: str | None) -> None:
    """Take the signature of a CID away.

    \b
    Examples:
      pinatakit sign delete bafkrei…
    """
    pinata.signatures.delete(cid, network=as_network(network))
    out.done(f"deleted the signature of {cid}", {"cid": cid, "deleted": True}, "cid deleted")


def _fields() -> list[str]:
    from pinatakit.protocol import Signature

    return fields_of(Signature)

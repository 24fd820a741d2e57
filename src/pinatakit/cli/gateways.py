"""``gateways``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pinatakit.cli._commands import Group
from pinatakit.cli._common import Output, agreed, asks, destroys
from pinatakit.cli._completion import of_gateways
from pinatakit.cli._output import fields_of

if TYPE_CHECKING:
    from pinatakit.client import Pinata

_COLUMNS = "id domain restrict created_at"

_gateway = click.argument("id", metavar="GATEWAY", shell_complete=of_gateways)


@click.group(cls=Group)
def gateways() -> None:
    """Gateways of your own: make them, give them domains, say who may read. One is named by its id.

    \b
    Examples:
      pinatakit gateways create mine
      pinatakit gateways create-token 0195a5c4-242f-7c01-bee8-f34a9e8e804b
    """


@gateways.command("list")
@asks
def list_(pinata: Pinata, out: Output) -> None:
    """List your gateways.

    \b
    Examples:
      pinatakit gateways list
    """
    out.rows(pinata.gateways.list(), _COLUMNS, _fields())


@gateways.command()
@_gateway
@asks
def get(pinata: Pinata, out: Output, id: str) -> None:
    """Show a gateway, with who may read. The values of its tokens are shown by --json alone.

    \b
    Examples:
      pinatakit gateways get 0195a5c4-242f-7c01-bee8-f34a9e8e804b
    """
    gateway = pinata.gateways.get(id)
    if not out.for_people:
        out.one(gateway, _COLUMNS, _fields())
        return
    shown = {
        "id": gateway.id,
        "domain": gateway.domain,
        "created_at": gateway.created_at,
        "domains": [one.domain for one in gateway.custom_domains],
        "tokens": [one.id for one in gateway.access_tokens],
        "ips": [one.value for one in gateway.ips],
        "hosts": [one.value for one in gateway.hosts],
    }
    out.one(shown, " ".join(shown))


@gateways.command()
@click.argument("domain")
@asks
def create(pinata: Pinata, out: Output, domain: str) -> None:
    """Make a gateway; DOMAIN is its bare name, the part before .mypinata.cloud.

    \b
    Examples:
      pinatakit gateways create mine
    """
    out.one(pinata.gateways.create(domain), _COLUMNS, _fields())


@gateways.command()
@_gateway
@destroys
@asks
def delete(pinata: Pinata, out: Output, id: str, yes: bool, dry_run: bool) -> None:
    """Delete a gateway, with all its rules. Asks first; without a terminal --yes is needed.

    \b
    Examples:
      pinatakit gateways delete 0195a5c4-242f-7c01-bee8-f34a9e8e804b
    """
    gateway = pinata.gateways.get(id)
    if dry_run:
        out.rows([gateway], _COLUMNS, _fields())
    elif agreed(f"Delete the gateway {gateway.domain}?", yes=yes):
        pinata.gateways.delete(id)
        out.done(f"deleted {gateway.domain}", {"id": id, "deleted": True}, "id deleted")


@gateways.command()
@_gateway
@click.argument("domain")
@asks
def add_domain(pinata: Pinata, out: Output, id: str, domain: str) -> None:
    """Let a gateway answer under a domain of yours.

    \b
    Examples:
      pinatakit gateways add-domain 0195a5c4-242f-7c01-bee8-f34a9e8e804b files.example.org
    """
    from pinatakit.protocol import CustomDomain

    made = pinata.gateways.add_domain(id, domain)
    out.one(made, "id domain domain_validation_status ssl_validation_status", fields_of(CustomDomain))


@gateways.command()
@_gateway
@click.argument("domain_id", metavar="ID")
@asks
def remove_domain(pinata: Pinata, out: Output, id: str, domain_id: str) -> None:
    """Take a custom domain away, by its id.

    \b
    Examples:
      pinatakit gateways remove-domain 0195a5c4-242f-7c01-bee8-f34a9e8e804b 7
    """
    pinata.gateways.remove_domain(id, domain_id)
    out.done(f"removed domain {domain_id}", {"id": domain_id, "removed": True}, "id removed")


@gateways.command()
@_gateway
@asks
def create_token(pinata: Pinata, out: Output, id: str) -> None:
    """Make an access token; --quiet prints its value alone. Treat it as a secret.

    \b
    Examples:
      export PINATA_GATEWAY_KEY=$(pinatakit gateways create-token 0195a5c4-242f-7c01-bee8-f34a9e8e804b -q)
    """
    from pinatakit.protocol import AccessToken

    out.one(pinata.gateways.create_token(id), "value id created_at", fields_of(AccessToken))


@gateways.command()
@_gateway
@click.argument("token_id", metavar="ID")
@asks
def delete_token(pinata: Pinata, out: Output, id: str, token_id: str) -> None:
    """Revoke an access token, by its id.

    \b
    Examples:
      pinatakit gateways delete-token 0195a5c4-242f-7c01-bee8-f34a9e8e804b 7
    """
    pinata.gateways.delete_token(id, token_id)
    out.done(f"deleted token {token_id}", {"id": token_id, "deleted": True}, "id deleted")


@gateways.command()
@_gateway
@click.argument("ip")
@asks
def allow_ip(pinata: Pinata, out: Output, id: str, ip: str) -> None:
    """Let an IP address read.

    \b
    Examples:
      pinatakit gateways allow-ip 0195a5c4-242f-7c01-bee8-f34a9e8e804b 192.0.2.7
    """
    from pinatakit.protocol import Allowed

    out.one(pinata.gateways.allow_ip(id, ip), "id value created_at", fields_of(Allowed))


@gateways.command()
@_gateway
@click.argument("ip_id", metavar="ID")
@asks
def remove_ip(pinata: Pinata, out: Output, id: str, ip_id: str) -> None:
    """Take an IP address away, by its id.

    \b
    Examples:
      pinatakit gateways remove-ip 0195a5c4-242f-7c01-bee8-f34a9e8e804b 7
    """
    pinata.gateways.remove_ip(id, ip_id)
    out.done(f"removed IP {ip_id}", {"id": ip_id, "removed": True}, "id removed")


@gateways.command()
@_gateway
@click.argument("host")
@asks
def allow_host(pinata: Pinata, out: Output, id: str, host: str) -> None:
    """Let the pages of a host read.

    \b
    Examples:
      pinatakit gateways allow-host 0195a5c4-242f-7c01-bee8-f34a9e8e804b https://app.example.org
    """
    from pinatakit.protocol import Allowed

    out.one(pinata.gateways.allow_host(id, host), "id value created_at", fields_of(Allowed))


@gateways.command()
@_gateway
@click.argument("host_id", metavar="ID")
@asks
def remove_host(pinata: Pinata, out: Output, id: str, host_id: str) -> None:
    """Take a host away, by its id.

    \b
    Examples:
      pinatakit gateways remove-host 0195a5c4-242f-7c01-bee8-f34a9e8e804b 7
    """
    pinata.gateways.remove_host(id, host_id)
    out.done(f"removed host {host_id}", {"id": host_id, "removed": True}, "id removed")


def _fields() -> list[str]:
    from pinatakit.protocol import Gateway

    return fields_of(Gateway)

"""Gateways: the account's own ones, their domains, and who may read from them.

Source: Pinata API v3, "Gateways".
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, as_json, nothing, reads_data
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id
from pinatakit.protocol.shapes import as_object, is_text
from pinatakit.protocol.times import micros

MAX_IPS = 100


class AccessToken(Record, frozen=True, kw_only=True):
    """A key of a gateway: who sends its `value` may read."""

    SECRET = ("value",)

    id: str
    value: str
    created_at: datetime | None = msgspec.field(default=None, name="createdAt")


class Allowed(Record, frozen=True, kw_only=True):
    """An IP address or a host (``https://app.example.org``) from which a gateway may be read."""

    id: str
    value: str
    created_at: datetime | None = msgspec.field(default=None, name="createdAt")


class CustomDomain(Record, frozen=True, kw_only=True):
    """A domain of your own under which a gateway answers."""

    id: str = msgspec.field(name="custom_domain_id")
    domain: str
    domain_validation_status: str | None = None
    ssl_validation_status: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "domain": self.domain,
            "domain_validation_status": self.domain_validation_status,
            "custom_domain_id": self.id,
            "ssl_validation_status": self.ssl_validation_status,
        }


class Gateway(Record, frozen=True, kw_only=True):
    """A dedicated gateway.

    Where there are tokens, hosts or IPs, every request must satisfy one of them.

    Attributes:
        domain: the bare name; Pinata's answers at ``{domain}.mypinata.cloud``, a local one's
            at ``{domain}.localhost``.
        restrict: a flag of the service, whose meaning is not documented.
        access_tokens: told by `get` and `create`, as are `hosts` and `ips`; empty in a list.
        hosts: pages from which it may be read.
        ips: addresses from which it may be read.
    """

    id: str
    domain: str
    created_at: datetime | None = None
    restrict: bool = False
    custom_domains: tuple[CustomDomain, ...] = ()
    access_tokens: tuple[AccessToken, ...] = ()
    hosts: tuple[Allowed, ...] = ()
    ips: tuple[Allowed, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> Gateway:
        """Read one as the service writes it."""
        policies = as_object(as_object(data.get("settings")).get("restriction_policies"))
        return record(
            {
                **data,
                "custom_domains": data.get("custom_domains") or (),
                "access_tokens": policies.get("accessTokens") or (),
                "hosts": policies.get("allowedHosts") or (),
                "ips": policies.get("allowedIPAddresses") or (),
            },
            cls,
        )

    def to_json(self, *, settings: bool) -> dict[str, Any]:
        """Write one as the service does: a list leaves the settings out."""
        policies = {
            "accessTokens": [to_json(one) for one in self.access_tokens],
            "allowedHosts": [to_json(one) for one in self.hosts],
            "allowedIPAddresses": [to_json(one) for one in self.ips],
        }
        return {
            "id": self.id,
            "created_at": micros(self.created_at) if self.created_at else None,
            "domain": self.domain,
            "restrict": self.restrict,
            "custom_domains": [domain.to_json() for domain in self.custom_domains],
            **({"settings": {"restriction_policies": policies}} if settings else {}),
        }


def to_json(rule: AccessToken | Allowed) -> dict[str, Any]:
    """Write a token or what is allowed as the service does."""
    moment = micros(rule.created_at) if rule.created_at else None
    return {"id": rule.id, "value": rule.value, "createdAt": moment}


class GatewayPage(NamedTuple):
    """Some gateways, and how many there are."""

    total: int
    gateways: list[Gateway]


def list_gateways(*, page: int | None = None, page_size: int | None = None) -> Call[GatewayPage]:
    """``GET /v3/gateways``."""

    def read(data: Any) -> GatewayPage:
        rows = [Gateway.from_json(row) for row in data.get("rows") or ()]
        return GatewayPage(int(data.get("count") or len(rows)), rows)

    return Call("GET", "/v3/gateways", reads_data(read), {"pageSize": page_size, "page": page})


def create_gateway(domain: str) -> Call[Gateway]:
    """``POST /v3/gateways``."""
    return _post("/v3/gateways", {"domain": check_label(domain)}, Gateway.from_json)


def get_gateway(id: str) -> Call[Gateway]:
    """``GET /v3/gateways/{id}``."""
    return Call("GET", _path(id), reads_data(Gateway.from_json))


def delete_gateway(id: str) -> Call[None]:
    """``DELETE /v3/gateways/{id}``."""
    return Call("DELETE", _path(id), nothing)


def gateway_exists(domain: str) -> Call[bool]:
    """``GET /v3/gateways/exists/{domain}``."""
    path = f"/v3/gateways/exists/{quote(check_label(domain), safe='')}"
    return Call("GET", path, reads_data(lambda data: data.get("exists") is True))


def add_domain(id: str, domain: str) -> Call[CustomDomain]:
    """``POST /v3/gateways/{id}/custom_domain``."""
    return _post(f"{_path(id)}/custom_domain", {"domain": check_domain(domain)}, _custom_domain)


def get_domain(id: str, domain_id: str) -> Call[CustomDomain]:
    """``GET /v3/gateways/{id}/custom_domain/{custom_domain_id}``."""
    return Call("GET", _path(id, "custom_domain", domain_id), reads_data(_custom_domain))


def delete_domain(id: str, domain_id: str) -> Call[None]:
    """``DELETE /v3/gateways/{id}/custom_domain/{custom_domain_id}``."""
    return Call("DELETE", _path(id, "custom_domain", domain_id), nothing)


def create_token(id: str) -> Call[AccessToken]:
    """``POST /v3/gateways/{id}/access_tokens``."""
    read = reads_data(lambda data: record(data, AccessToken))
    return Call("POST", f"{_path(id)}/access_tokens", read, repeatable=False)


def delete_token(id: str, token_id: str) -> Call[None]:
    """``DELETE /v3/gateways/{id}/access_tokens/{access_token_id}``."""
    return Call("DELETE", _path(id, "access_tokens", token_id), nothing)


def allow_ip(id: str, ip: str) -> Call[Allowed]:
    """``POST /v3/gateways/{id}/ips``."""
    return _post(f"{_path(id)}/ips", {"ip": check_ip(ip)}, _allowed)


def delete_ip(id: str, ip_id: str) -> Call[None]:
    """``DELETE /v3/gateways/{id}/ips/{ip_id}``."""
    return Call("DELETE", _path(id, "ips", ip_id), nothing)


def allow_host(id: str, host: str) -> Call[Allowed]:
    """``POST /v3/gateways/{id}/hosts``."""
    return _post(f"{_path(id)}/hosts", {"host": check_host(host)}, _allowed)


def delete_host(id: str, host_id: str) -> Call[None]:
    """``DELETE /v3/gateways/{id}/hosts/{host_id}``."""
    return Call("DELETE", _path(id, "hosts", host_id), nothing)


def _path(id: str, *below: str) -> str:
    path = f"/v3/gateways/{check_id(id, 'a gateway')}"
    if below:
        kind, inner = below
        path += f"/{kind}/{check_id(inner, 'one of a gateway')}"
    return path


def _post(path: str, body: dict[str, str], read: Any) -> Call[Any]:
    content = as_json(body)
    return Call("POST", path, reads_data(read), body=content, headers=JSON_TYPE, repeatable=False)


def _custom_domain(data: Any) -> CustomDomain:
    return record(data, CustomDomain)


def _allowed(data: Any) -> Allowed:
    return record(data, Allowed)


def check_label(text: object) -> str:
    """The bare name of a gateway, in lower case (RFC 1123, 2.1).

    Raises:
        InputError: it cannot be one.
    """
    name = text.lower() if is_text(text) else ""
    letters = name.replace("-", "")
    if not (letters.isalnum() and letters.isascii()) or len(name) > 63 or name != name.strip("-"):
        raise InputError(
            f"{text!r} is not the name of a gateway",
            hint="give the part before .mypinata.cloud: letters, digits and hyphens",
        )
    return name


def check_domain(text: object) -> str:
    """A domain, in lower case.

    Raises:
        InputError: it cannot be one.
    """
    labels = text.split(".") if is_text(text) and len(text) < 254 else []
    if len(labels) < 2:
        raise InputError(f"{text!r} is not a domain", hint="give it like ipfs.example.org")
    return ".".join(check_label(label) for label in labels)


def check_ip(text: object) -> str:
    """An IP address.

    Raises:
        InputError: it is none.
    """
    try:
        return str(ip_address(text if isinstance(text, str) else ""))
    except ValueError:
        raise InputError(f"{text!r} is not an IP address", hint="give a single one, like 192.0.2.7") from None


def check_host(text: object) -> str:
    """A host as it stands in ``Origin``: with its scheme, without a slash at its end.

    Raises:
        InputError: it is none.
    """
    try:
        parts = urlsplit(text if isinstance(text, str) else "")
        good = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and not (parts.path.strip("/") or parts.query)
        )
    except ValueError:
        good = False
    if not good:
        raise InputError(f"{text!r} is not a host", hint="give it like https://app.example.org")
    return str(text).lower().rstrip("/")

"""Multiaddrs that lead to an HTTP gateway, and back.

    /dns4/gateway.example/tcp/443/https       https://gateway.example
    /ip4/127.0.0.1/tcp/5011/http/p2p/12D3Koo… http://127.0.0.1:5011

Sources: multiformats.io/multiaddr; github.com/libp2p/specs, addressing and http.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from pinatakit.errors import InputError

_NAMES: Final = ("dns", "dns4", "dns6", "dnsaddr")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?", re.IGNORECASE)
_WITH_VALUE: Final = ("ip4", "ip6", *_NAMES, "tcp", "udp", "sni", "p2p", "ipfs", "certhash", "http-path")
_WITHOUT: Final = (
    *("http", "https", "tls", "ws", "wss", "quic", "quic-v1", "webtransport", "webrtc-direct"),
    *("p2p-circuit", "noise"),
)
_PORTS: Final = {"http": 80, "https": 443}


def to_url(text: str) -> str | None:
    """The address of the gateway that a multiaddr or URL names; `None` where it speaks no HTTP.

    Raises:
        InputError: it is neither a multiaddr nor an http or https URL.
    """
    if not text.startswith("/"):
        return _checked_url(text)
    parts = dict(_parts(text))
    host = next((parts[kind] for kind in ("ip4", "ip6", *_NAMES) if kind in parts), None)
    secure = "https" in parts or "tls" in parts
    speaks = ("http" in parts or "https" in parts) and not {"udp", "ws", "p2p-circuit"} & set(parts)
    if host is None or not speaks:
        return None
    scheme = "https" if secure else "http"
    port = int(parts.get("tcp", _PORTS[scheme]))
    shown = f"[{host}]" if ":" in host else host
    path = unquote(parts.get("http-path", "")).strip("/")
    return f"{scheme}://{shown}{'' if port == _PORTS[scheme] else f':{port}'}" + (f"/{path}" if path else "")


def from_url(url: str) -> str:
    """The multiaddr of what answers at a URL."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        kind = f"ip{ipaddress.ip_address(host).version}"
    except ValueError:
        kind = "dns"
    return f"/{kind}/{host}/tcp/{parts.port or _PORTS[parts.scheme]}/{parts.scheme}"


def _checked_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = (
            parts.scheme in _PORTS
            and parts.port != 0
            and bool(parts.hostname)
            and not (parts.username or parts.password or parts.query or parts.fragment)
        )
    except ValueError:
        good = False
    if not good:
        raise InputError(
            "this is neither a multiaddr nor an http address"  # it may hold a password, so it is not repeated
        )
    return text.rstrip("/")


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The protocols of a multiaddr, each with its value."""
    words = iter(text.split("/")[1:])
    for kind in words:
        if kind in _WITHOUT:
            yield kind, ""
        elif kind in _WITH_VALUE:
            value = next(words, "")
            if not _holds(kind, value):
                raise InputError(f"{text!r} is no multiaddr: {kind} {value!r}")
            yield kind, value
        else:
            raise InputError(f"{text!r} is no multiaddr: there is no protocol {kind!r}")


def _holds(kind: str, value: str) -> bool:
    if kind in ("ip4", "ip6"):
        try:
            return ipaddress.ip_address(value).version == int(kind[2])
        except ValueError:
            return False
    if kind in ("tcp", "udp"):
        return value.isdecimal() and 0 < int(value) < 1 << 16
    return bool(value) and (kind not in _NAMES or _NAME.fullmatch(value) is not None)

"""Plugins: what a gateway can do besides serving files.

Source: Pinata API v3, "Gateway plugins".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from pinatakit.protocol._call import JSON_TYPE, Call, as_json, nothing, reads_data
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id

R = TypeVar("R", bound=Record)

ATTESTATION: Final = 1
HOT_SWAPS: Final = 2


class Plugin(Record, frozen=True, kw_only=True):
    """A plugin that gateways can have: 1 shows signatures, 2 serves swaps."""

    id: int
    name: str = ""
    description: str = ""
    image: str = ""
    tags: tuple[str, ...] = ()


class InstalledPlugin(Record, frozen=True, kw_only=True):
    """That a gateway has a plugin."""

    gateway_id: str
    plugin_id: int


def list_plugins() -> Call[list[Plugin]]:
    """``GET /v3/gateways/plugins/marketplace``."""
    return Call("GET", "/v3/gateways/plugins/marketplace", reads_data(_all(Plugin)))


def get_plugin(id: int) -> Call[Plugin]:
    """``GET /v3/gateways/plugins/marketplace/{id}``."""
    read = reads_data(lambda data: record(data, Plugin))
    return Call("GET", f"/v3/gateways/plugins/marketplace/{int(id)}", read)


def install_plugin(gateway_id: str, plugin_id: int) -> Call[InstalledPlugin]:
    """``POST /v3/gateways/plugins/{gateway_id}``."""
    body = as_json({"plugin_id": plugin_id})
    read = reads_data(lambda data: record(data, InstalledPlugin))
    return Call("POST", _path(gateway_id), read, body=body, headers=JSON_TYPE)


def installed_plugins(gateway_id: str | None = None) -> Call[list[InstalledPlugin]]:
    """``GET /v3/gateways/plugins`` and ``GET /v3/gateways/plugins/{gateway_id}``."""
    path = _path(gateway_id) if gateway_id else "/v3/gateways/plugins"
    return Call("GET", path, reads_data(_all(InstalledPlugin)))


def uninstall_plugin(gateway_id: str, plugin_id: int) -> Call[None]:
    """``DELETE /v3/gateways/plugins/{gateway_id}/plugin/{plugin_id}``."""
    return Call("DELETE", f"{_path(gateway_id)}/plugin/{int(plugin_id)}", nothing)


def _path(gateway_id: str) -> str:
    return f"/v3/gateways/plugins/{check_id(gateway_id, 'a gateway')}"


def _all(kind: type[R]) -> Callable[[Any], list[R]]:
    def read(data: Any) -> list[R]:
        return [record(one, kind) for one in data or ()]

    return read

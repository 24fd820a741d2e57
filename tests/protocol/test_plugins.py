"""Plugins: as the documentation's samples show them."""

from __future__ import annotations

import json

import msgspec

from pinatakit.protocol import Answer
from pinatakit.protocol import plugins as calls
from pinatakit.protocol.plugins import InstalledPlugin, Plugin

ID = "2bfa0000-0000-7000-8000-000000000000"


def answer(data: object) -> Answer:
    return Answer(
        200, {}, msgspec.json.encode({"data": data}), "https://api.pinata.cloud/v3/gateways/plugins"
    )


def test_a_marketplace_is_read():
    row = {"id": 2, "name": "Hot Swaps", "description": "…", "image": "https://a.b/c", "tags": ["files"]}
    assert calls.list_plugins().read(answer([row])) == [
        Plugin(id=2, name="Hot Swaps", description="…", image="https://a.b/c", tags=("files",))
    ]


def test_what_is_installed_is_asked_of_one_gateway_or_of_all():
    one, every = calls.installed_plugins(ID), calls.installed_plugins()
    assert (one.path, every.path) == (f"/v3/gateways/plugins/{ID}", "/v3/gateways/plugins")
    rows = [{"gateway_id": ID, "plugin_id": 1}]
    assert every.read(answer(rows)) == [InstalledPlugin(gateway_id=ID, plugin_id=1)]
    assert every.read(answer(None)) == []


def test_a_plugin_is_installed_by_its_number():
    assert json.loads(calls.install_plugin(ID, 1).body) == {"plugin_id": 1}

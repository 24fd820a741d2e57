"""Plugins, on three wires."""

from __future__ import annotations

import pytest

from pinatakit.client.gateways import Gateways
from pinatakit.client.plugins import Plugins
from pinatakit.errors import NotFound


def test_a_plugin_is_installed_and_uninstalled(play, wire):
    async def body(pinata):
        names = {plugin.id: plugin.name for plugin in await Plugins.list(pinata.plugins)}
        assert names == {1: "Content Addressable Attestation", 2: "Hot Swaps"}
        assert (await Plugins.get(pinata.plugins, 2)).tags == ("files",)
        with pytest.raises(NotFound):
            await Plugins.get(pinata.plugins, 3)
        id = (await Gateways.create(pinata.gateways, f"plugins-{wire}")).id
        installed = await Plugins.install(pinata.plugins, id, 2)
        assert (installed.gateway_id, installed.plugin_id) == (id, 2)
        assert await Plugins.installed(pinata.plugins, id) == [installed]
        assert installed in await Plugins.installed(pinata.plugins)
        await Plugins.uninstall(pinata.plugins, id, 2)
        assert await Plugins.installed(pinata.plugins, id) == []
        with pytest.raises(NotFound, match="has not the plugin"):
            await Plugins.uninstall(pinata.plugins, id, 2)
        await Gateways.delete(pinata.gateways, id)

    play(body)

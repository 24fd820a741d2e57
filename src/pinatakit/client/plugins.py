"""Plugins: what gateways can do besides serving files (v3)."""

from __future__ import annotations

from pinatakit.client._listing import AsyncListing, listing, whole
from pinatakit.client._operation import Resource, W, operation
from pinatakit.protocol import plugins as calls
from pinatakit.protocol.plugins import InstalledPlugin, Plugin


class Plugins(Resource[W]):
    """The plugins there are, and those of your gateways."""

    @listing
    def list(self) -> AsyncListing[Plugin]:
        """Every plugin there is.

        Raises:
            Forbidden: the key may not ask for it; told when it is iterated.
        """
        return whole(lambda: self.wire.send(calls.list_plugins()))

    @operation
    async def get(self, id: int) -> Plugin:
        """One plugin.

        Raises:
            NotFound: there is none with that number.
        """
        return await self.wire.send(calls.get_plugin(id))

    @listing
    def installed(self, gateway_id: str | None = None) -> AsyncListing[InstalledPlugin]:
        """Which plugins a gateway has, or all of your gateways.

        Raises:
            NotFound: the account has no such gateway.
        """
        call = calls.installed_plugins(gateway_id)
        return whole(lambda: self.wire.send(call))

    @operation
    async def install(self, gateway_id: str, plugin_id: int) -> InstalledPlugin:
        """Give a gateway a plugin.

        Raises:
            NotFound: there is no such gateway or plugin.
        """
        return await self.wire.send(calls.install_plugin(gateway_id, plugin_id))

    @operation
    async def uninstall(self, gateway_id: str, plugin_id: int) -> None:
        """Take a plugin from a gateway.

        Raises:
            NotFound: the gateway has it not.
        """
        await self.wire.send(calls.uninstall_plugin(gateway_id, plugin_id))

"""Keys: make, list and revoke API keys. Takes an admin key."""

from __future__ import annotations

import builtins
from collections.abc import Collection

from pinatakit.client._wire import Resource, W, operation
from pinatakit.protocol import Key, NewKey, permissions
from pinatakit.protocol import keys as calls


class Keys(Resource[W]):
    """The API keys of your account."""

    @operation
    async def create(
        self,
        name: str,
        *,
        admin: bool = False,
        endpoints: Collection[str] = (),
        resources: Collection[str] = (),
        max_uses: int | None = None,
    ) -> NewKey:
        """Make a key that may do what is named, and nothing else.

        `endpoints` are of the older API (``pinFileToIPFS``, ``pinList``, …), `resources` of
        v3 (``org:files:write``, …). Its secret and JWT are told now and never again.

        Raises:
            InputError: an unknown name, or a key that may do nothing.
        """
        tree = permissions(admin=admin, endpoints=endpoints, resources=resources)
        return await self.wire.send(calls.create_key(name, tree, max_uses))

    @operation
    async def list(self) -> builtins.list[Key]:
        """Every key, the revoked ones too."""
        return await self.wire.send(calls.list_keys())

    @operation
    async def revoke(self, key: str) -> None:
        """Revoke a key, named by its public half or its JWT. It is refused from then on."""
        await self.wire.send(calls.revoke_key(key))

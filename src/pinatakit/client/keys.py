"""Keys: make, list and revoke API keys (v3). Takes an admin key, or one that may write all of v3."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pinatakit.client._listing import AsyncListing, listing, paged, whole
from pinatakit.client._operation import Resource, W, operation
from pinatakit.protocol import Key, NewKey, Permissions
from pinatakit.protocol import keys as calls
from pinatakit.protocol._record import only


class Keys(Resource[W]):
    """The API keys of your account.

    Attributes:
        older: the same keys over the older API, which takes a key pair as credential too.
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self.older: OlderKeys[W] = OlderKeys(wire)

    @operation
    async def create(self, name: str, permissions: Permissions, *, max_uses: int | None = None) -> NewKey:
        """Make a key that may do what is named, and nothing else.

        ``Permissions.ADMIN``, ``.READ_ONLY`` and ``.UPLOADS_ONLY`` are ready-made. `max_uses`
        is how many calls it may make. Its secret and JWT are told now and never again.

        Raises:
            InputError: the name is empty, or the key may do nothing.
        """
        return await self.wire.send(calls.create_key(name, permissions, max_uses))

    @listing
    def list(
        self,
        *,
        name: str | None = None,
        revoked: bool | None = None,
        limited_use: bool | None = None,
        exhausted: bool | None = None,
        offset: int = 0,
        fields: Collection[str] | None = None,
        limit: int | None = None,
    ) -> AsyncListing[Key]:
        """Every key that matches, the revoked ones too, over all pages; filtered by the service.

        `name` is a part of the name, whatever its case. `limited_use` asks for keys with
        `max_uses`, `exhausted` for those of them that have none left. `offset` is how many
        to pass over, `limit` how many to give at most. `fields` are the names of those wanted;
        the others are unset.

        Raises:
            InputError: `exhausted` together with ``limited_use=False``.
        """

        async def fetch(_size: int, offset: int) -> tuple[Sequence[Key], int | None]:
            call = calls.list_keys(
                name=name, revoked=revoked, limited_use=limited_use, exhausted=exhausted, offset=offset
            )
            page = await self.wire.send(call)
            return page, offset + len(page)

        # A service that reads over the offset would never come to an empty page.
        return paged(fetch, offset, limit=limit, key=lambda key: key.key, show=only(Key, fields))

    @operation
    async def revoke(self, key: str) -> None:
        """Revoke a key, named by its public half or its JWT. It is refused from then on.

        Raises:
            InputError: the text is neither.
        """
        await self.wire.send(calls.revoke_key(key))


class OlderKeys(Resource[W]):
    """The API keys of your account over the older API."""

    @operation
    async def create(self, name: str, permissions: Permissions, *, max_uses: int | None = None) -> NewKey:
        """Make a key that may do what is named, and nothing else.

        Raises:
            InputError: the name is empty, or the key may do nothing.
        """
        return await self.wire.send(calls.create_older_key(name, permissions, max_uses))

    @listing
    def list(self, *, fields: Collection[str] | None = None, limit: int | None = None) -> AsyncListing[Key]:
        """Every key, the revoked ones too, in one answer; else as `Keys.list`."""
        return whole(lambda: self.wire.send(calls.list_older_keys()), limit=limit, show=only(Key, fields))

    @operation
    async def revoke(self, key: str) -> None:
        """Revoke a key, named by its public half or its JWT. It is refused from then on.

        Raises:
            InputError: the text is empty.
        """
        await self.wire.send(calls.revoke_older_key(key))

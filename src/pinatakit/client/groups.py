"""Groups: make them, and put files into them (v3); by CID over the older API."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Sequence

from pinatakit.client._listing import AsyncListing, listing, paged
from pinatakit.client._operation import Resource, W, operation
from pinatakit.content import CID
from pinatakit.protocol import Group, Network
from pinatakit.protocol import groups as calls
from pinatakit.protocol._record import only


class Groups(Resource[W]):
    """The groups of your account, each of one network; a file is in one of them at most.

    Attributes:
        older: the same public groups over the older API.
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self.older: OlderGroups[W] = OlderGroups(wire)

    @operation
    async def create(self, name: str, *, is_public: bool = False, network: Network | None = None) -> Group:
        """Make one; it is empty.

        Raises:
            InputError: the name is empty.
        """
        return await self.wire.send(calls.create_group(self.wire.network(network), name, is_public=is_public))

    @operation
    async def get(self, id: str, *, network: Network | None = None) -> Group:
        """Look one up by its id. What is in it, ``files.list(group=id)`` tells.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        return await self.wire.send(calls.get_group(self.wire.network(network), id))

    @listing
    def list(
        self,
        *,
        name: str | None = None,
        is_public: bool | None = None,
        network: Network | None = None,
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncListing[Group]:
        """Every group that matches, newest first, over all pages; filtered by the service.

        `name` is a part of the name. `fields` are the names of those wanted; the others are
        unset. `limit` is how many at most; pages of `page_size` (1 to 1,000) are fetched as
        they are needed.

        Raises:
            InputError: a limit or field that cannot be.
        """
        where = self.wire.network(network)

        async def fetch(size: int, token: str) -> tuple[Sequence[Group], str | None]:
            call = calls.list_groups(
                where, name=name, is_public=is_public, limit=size, page_token=token or None
            )
            return await self.wire.send(call)

        return paged(fetch, "", limit=limit, page_size=page_size, most=1000, show=only(Group, fields))

    @operation
    async def update(
        self,
        id: str,
        *,
        name: str | None = None,
        is_public: bool | None = None,
        network: Network | None = None,
    ) -> Group:
        """Rename one, or change its mark. What is in it stays.

        Raises:
            InputError: nothing to change, or the name is empty.
            NotFound: the account has none with that id on that network.
        """
        return await self.wire.send(
            calls.update_group(self.wire.network(network), id, name=name, is_public=is_public)
        )

    @operation
    async def delete(self, id: str, *, network: Network | None = None) -> None:
        """Delete one. Its files stay, in no group.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        await self.wire.send(calls.delete_group(self.wire.network(network), id))

    @operation
    async def add(self, id: str, *file_ids: str, network: Network | None = None) -> None:
        """Put files into a group, and so out of any other.

        They go one by one, in this order: after an error, those before it are in.

        Raises:
            NotFound: the account has no such group or file on that network.
        """
        where = self.wire.network(network)
        for call in [calls.add_file(where, id, file_id) for file_id in file_ids]:
            await self.wire.send(call)

    @operation
    async def remove(self, id: str, *file_ids: str, network: Network | None = None) -> None:
        """Take files out of a group, one by one; they stay pinned.

        Raises:
            NotFound: the account has no such group or file on that network.
        """
        where = self.wire.network(network)
        for call in [calls.remove_file(where, id, file_id) for file_id in file_ids]:
            await self.wire.send(call)


class OlderGroups(Resource[W]):
    """The public groups of your account over the older API, which knows files by their CIDs."""

    @operation
    async def create(self, name: str) -> Group:
        """Make one; it is empty.

        Raises:
            InputError: the name is empty.
        """
        return await self.wire.send(calls.create_older_group(name))

    @operation
    async def get(self, id: str) -> Group:
        """Look one up by its id.

        Raises:
            NotFound: the account has none with that id.
        """
        return await self.wire.send(calls.get_older_group(id))

    @listing
    def list(
        self,
        *,
        name: str | None = None,
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncListing[Group]:
        """Every group whose name has `name` in it, newest first, over all pages; else as `Groups.list`."""

        async def fetch(size: int, offset: int) -> tuple[Sequence[Group], int | None]:
            page = await self.wire.send(calls.list_older_groups(name=name, limit=size, offset=offset))
            return page, offset + len(page)  # the service may give fewer than it was asked for

        return paged(fetch, 0, limit=limit, page_size=page_size, show=only(Group, fields))

    @operation
    async def update(self, id: str, *, name: str) -> Group:
        """Rename one.

        Raises:
            InputError: the name is empty.
            NotFound: the account has none with that id.
        """
        return await self.wire.send(calls.update_older_group(id, name))

    @operation
    async def delete(self, id: str) -> None:
        """Delete one. Its files stay, in no group.

        Raises:
            NotFound: the account has none with that id.
        """
        await self.wire.send(calls.delete_older_group(id))

    @operation
    async def add(self, id: str, *cids: CID | str) -> None:
        """Put pinned content into a group, and so out of any other: all of it, or after an error none.

        Raises:
            NotFound: the account has no such group, or has not pinned one of the CIDs.
        """
        await self.wire.send(calls.add_cids(id, _parsed(cids)))

    @operation
    async def remove(self, id: str, *cids: CID | str) -> None:
        """Take content out of a group: all of it, or after an error none. It stays pinned.

        Raises:
            NotFound: the account has no such group, or has not pinned one of the CIDs.
        """
        await self.wire.send(calls.remove_cids(id, _parsed(cids)))


def _parsed(cids: tuple[CID | str, ...]) -> builtins.list[CID]:
    return [CID.parse(cid) for cid in cids]

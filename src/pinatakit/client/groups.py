"""Groups: make them, and put files into them (v3); by CID over the older API."""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator

from pinatakit.client._wire import Resource, W, operation, stream
from pinatakit.content import CID
from pinatakit.protocol import Group, Network
from pinatakit.protocol import groups as calls


class Groups(Resource[W]):
    """The groups of your account, each of one network; a file is in one of them at most.

    Attributes:
        older: the same public groups over the older API.
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self.older: OlderGroups[W] = OlderGroups(wire)

    @operation
    async def create(self, name: str, *, is_public: bool = False, network: Network = "public") -> Group:
        """Make one; it is empty.

        Raises:
            InputError: the name is empty.
        """
        return await self.wire.send(calls.create_group(network, name, is_public=is_public))

    @operation
    async def get(self, id: str, *, network: Network = "public") -> Group:
        """Look one up by its id. What is in it, ``files.list(group=id)`` tells.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        return await self.wire.send(calls.get_group(network, id))

    @stream
    async def list(
        self,
        *,
        name: str | None = None,
        is_public: bool | None = None,
        network: Network = "public",
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncGenerator[Group, None]:
        """Every group that matches, newest first, over all pages; filtered by the service.

        `name` is a part of the name. `limit` is how many at most; pages of `page_size`
        (1 to 1,000) are fetched as they are needed.
        """
        token: str | None = None
        given = 0
        while limit is None or given < limit:
            size = page_size if limit is None else min(page_size, limit - given)
            call = calls.list_groups(network, name=name, is_public=is_public, limit=size, page_token=token)
            page = await self.wire.send(call)
            for group in page.groups[:size]:
                given += 1
                yield group
            if not (token := page.next_page_token) or not page.groups:
                return

    @operation
    async def update(
        self, id: str, *, name: str | None = None, is_public: bool | None = None, network: Network = "public"
    ) -> Group:
        """Rename one, or change its mark. What is in it stays.

        Raises:
            InputError: nothing to change, or the name is empty.
            NotFound: the account has none with that id on that network.
        """
        return await self.wire.send(calls.update_group(network, id, name=name, is_public=is_public))

    @operation
    async def delete(self, id: str, *, network: Network = "public") -> None:
        """Delete one. Its files stay, in no group.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        await self.wire.send(calls.delete_group(network, id))

    @operation
    async def add(self, id: str, *file_ids: str, network: Network = "public") -> None:
        """Put files into a group, and so out of any other.

        They go one by one, in this order: after an error, those before it are in.

        Raises:
            NotFound: the account has no such group or file on that network.
        """
        for call in [calls.add_file(network, id, file_id) for file_id in file_ids]:
            await self.wire.send(call)

    @operation
    async def remove(self, id: str, *file_ids: str, network: Network = "public") -> None:
        """Take files out of a group, one by one; they stay pinned.

        Raises:
            NotFound: the account has no such group or file on that network.
        """
        for call in [calls.remove_file(network, id, file_id) for file_id in file_ids]:
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

    @stream
    async def list(
        self, *, name: str | None = None, limit: int | None = None, page_size: int = 100
    ) -> AsyncGenerator[Group, None]:
        """Every group whose name has `name` in it, newest first, over all pages."""
        given = 0
        while limit is None or given < limit:
            size = page_size if limit is None else min(page_size, limit - given)
            page = await self.wire.send(calls.list_older_groups(name=name, limit=size, offset=given))
            if not page:  # the service may give fewer than it was asked for
                return
            for group in page[:size]:
                given += 1
                yield group

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
            NotFound: the account has no such group.
            BadRequest: the account has not pinned one of the CIDs.
        """
        await self.wire.send(calls.add_cids(id, _parsed(cids)))

    @operation
    async def remove(self, id: str, *cids: CID | str) -> None:
        """Take content out of a group: all of it, or after an error none. It stays pinned.

        Raises:
            NotFound: the account has no such group.
            BadRequest: the account has not pinned one of the CIDs.
        """
        await self.wire.send(calls.remove_cids(id, _parsed(cids)))


def _parsed(cids: tuple[CID | str, ...]) -> builtins.list[CID]:
    return [CID.parse(cid) for cid in cids]

"""Files: look up, list, rename, delete (v3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Literal

from pinatakit.client._wire import Resource, W, operation, stream
from pinatakit.content import CID
from pinatakit.protocol import File, Network
from pinatakit.protocol import files as calls
from pinatakit.protocol.metadata import Keyvalues


class Files(Resource[W]):
    """The files and folders of your account."""

    @operation
    async def get(self, id: str, *, network: Network | None = None) -> File:
        """Look one up by its id.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        return await self.wire.send(calls.get_file(network or self.wire.settings.network, id))

    @stream
    async def list(
        self,
        *,
        name: str | None = None,
        cid: CID | str | None = None,
        group: str | None = None,
        mime_type: str | None = None,
        keyvalues: Mapping[str, str] | None = None,
        network: Network | None = None,
        order: Literal["ASC", "DESC"] = "DESC",
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncGenerator[File, None]:
        """Everything that matches, newest first, over all pages.

        `name` is a part of the name; `group` is a group's id, or ``null`` for what is in
        none; `keyvalues` must all be equal. `limit` is how many at most; pages of
        `page_size` (1 to 1,000) are fetched as they are needed.
        """
        wanted = CID.parse(cid) if cid else None
        token: str | None = None
        given = 0
        while limit is None or given < limit:
            size = page_size if limit is None else min(page_size, limit - given)
            page = await self.wire.send(
                calls.list_files(
                    network or self.wire.settings.network,
                    name=name,
                    cid=wanted,
                    group=group,
                    mime_type=mime_type,
                    keyvalues=keyvalues,
                    order=order,
                    limit=size,
                    page_token=token,
                )
            )
            for file in page.files[:size]:
                given += 1
                yield file
            if not (token := page.next_page_token) or not page.files:
                return

    @operation
    async def update(
        self,
        id: str,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        expires_at: datetime | None = None,
        network: Network | None = None,
    ) -> File:
        """Change the name, key-values or expiry of one.

        Key-values are merged into those there are; a value of `None` takes its key away.
        Values are text.

        Raises:
            InputError: nothing to change, or a key-value that cannot be.
            NotFound: the account has none with that id on that network.
        """
        where = network or self.wire.settings.network
        call = calls.update_file(where, id, name=name, keyvalues=keyvalues, expires_at=expires_at)
        return await self.wire.send(call)

    @operation
    async def delete(self, id: str, *, network: Network | None = None) -> None:
        """Delete one; what it holds is no longer pinned.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        await self.wire.send(calls.delete_file(network or self.wire.settings.network, id))

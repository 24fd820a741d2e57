"""Files: look up, list, rename, delete (v3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pinatakit.client._listing import AsyncListing, listing, paged
from pinatakit.client._operation import Resource, W, operation
from pinatakit.content import CID
from pinatakit.protocol import File, Network, Where
from pinatakit.protocol import files as calls
from pinatakit.protocol._record import only
from pinatakit.protocol.metadata import Keyvalues
from pinatakit.protocol.where import equalities


class Files(Resource[W]):
    """The files and folders of your account."""

    @operation
    async def get(self, id: str, *, network: Network | None = None) -> File:
        """Look one up by its id.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        return await self.wire.send(calls.get_file(self.wire.network(network), id))

    @listing
    def list(
        self,
        *,
        name: str | None = None,
        cid: CID | str | None = None,
        group: str | None = None,
        mime_type: str | None = None,
        keyvalues: Mapping[str, str] | None = None,
        where: Iterable[Where] | Where = (),
        network: Network | None = None,
        order: Literal["ASC", "DESC"] = "DESC",
        fields: Collection[str] | None = None,
        limit: int | None = None,
        page_size: int = 100,
    ) -> AsyncListing[File]:
        """Everything that matches, newest first, over all pages.

        `name` is a part of the name; `group` is a group's id, or ``null`` for what is in
        none; `keyvalues` must all be equal: by these the service filters. `where` are
        conditions on key-values, made by `kv`, that must all hold too. The service is asked
        for what equals a text; the rest is filtered here, from all that the service gives. As
        v3 keeps text alone, what reads as a number is compared with numbers as one.
        `fields` are the names of those wanted; the others are unset, though the service sends
        them. `limit` is how many at most; pages of `page_size` (1 to 1,000) are fetched as
        they are needed.

        Raises:
            InvalidCID: the text is no CID.
            InputError: a condition, limit or field that cannot be.
        """
        where_at = self.wire.network(network)
        wanted = CID.parse(cid) if cid else None
        equal, conditions = equalities(where, keyvalues)

        async def fetch(size: int, token: str) -> tuple[Sequence[File], str | None]:
            call = calls.list_files(
                where_at,
                name=name,
                cid=wanted,
                group=group,
                mime_type=mime_type,
                keyvalues=equal,
                order=order,
                limit=size,
                page_token=token or None,
            )
            return await self.wire.send(call)

        def kept(file: File) -> bool:
            return all(one.holds(file.keyvalues, text_alone=True) for one in conditions)

        return paged(
            fetch,
            "",
            limit=limit,
            page_size=page_size,
            most=1000,
            keep=kept if conditions else None,
            show=only(File, fields),
        )

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
        where = self.wire.network(network)
        call = calls.update_file(where, id, name=name, keyvalues=keyvalues, expires_at=expires_at)
        return await self.wire.send(call)

    @operation
    async def delete(self, id: str, *, network: Network | None = None) -> None:
        """Delete one; what it holds is no longer pinned.

        Raises:
            NotFound: the account has none with that id on that network.
        """
        await self.wire.send(calls.delete_file(self.wire.network(network), id))

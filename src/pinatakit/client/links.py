"""Links: presigned upload URLs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pinatakit.client._wire import Resource, W, operation
from pinatakit.protocol import Network
from pinatakit.protocol import links as calls
from pinatakit.protocol.metadata import Keyvalues


class Links(Resource[W]):
    """Links that let somebody without a key do one thing for a time."""

    @operation
    async def upload(
        self,
        *,
        expires: int = 3600,
        network: Network = "public",
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        group_id: str | None = None,
        cid_version: int | str | None = None,
        streamable: bool = False,
        max_size: int | None = None,
        mime_types: Sequence[str] = (),
    ) -> str:
        """A URL to which one file can be uploaded: ``upload(…, url=…)``, on any client.

        It is good for `expires` seconds. What is given here is what the file will be; whoever
        uploads cannot change it. `max_size` is in bytes. `mime_types` are those allowed, as the
        service finds them by looking at the bytes; ``image/*`` allows all images. The URL is as
        good as a key for that one upload: treat it as a secret.

        Raises:
            InputError: the metadata or a limit cannot be; nothing was sent.
        """
        call = calls.sign_upload(
            date=datetime.now(UTC),
            expires=expires,
            network=network,
            name=name,
            keyvalues=keyvalues,
            group_id=group_id,
            max_size=max_size,
            mime_types=mime_types,
            cid_version=cid_version,
            streamable=streamable,
        )
        return await self.wire.send(call)

"""Links: addresses that let whoever has them do one thing for a time: read a private file, upload one (v3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from pinatakit.client._operation import Resource, W, operation
from pinatakit.client._wire import Wire
from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Call, Network, presigned
from pinatakit.protocol import links as calls
from pinatakit.protocol.metadata import Keyvalues
from pinatakit.protocol.times import unix

T = TypeVar("T")

_SHARED: Final = "gateway.pinata.cloud"
_OWN_USE: Final = 300  # seconds in which a link made on the way is used


class Links(Resource[W]):
    """Signed addresses."""

    @operation
    async def download(
        self,
        cid: CID | str,
        *,
        path: str = "",
        expires: timedelta | float = 3600,
        date: datetime | None = None,
        options: Mapping[str, str | int | float | bool] | None = None,
        gateway_url: str | None = None,
    ) -> str:
        """An address under which a private file can be read, from `date` (now) for `expires` (seconds).

        `options` are the gateway's own, such as ``filename``, ``download`` and ``img-width``;
        the signature covers them, so nothing can be changed afterwards. The key must be allowed
        to write files. Who has the address needs nothing else: treat it as a secret.

        Raises:
            InputError: a time that is none, or a gateway that serves nothing private.
        """
        seconds = expires.total_seconds() if isinstance(expires, timedelta) else expires
        if seconds < 1:
            raise InputError(f"a link is open for at least 1 second, not {seconds:g}")
        where = f"/ipfs/{CID.parse(cid)}" + "".join(
            f"/{quote(name, safe='')}" for name in path.split("/") if name
        )
        query = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in (options or {}).items()
        }
        return await _link(self.wire, where, query, date or datetime.now(UTC), int(seconds), gateway_url)

    @operation
    async def upload(
        self,
        *,
        expires: int = 3600,
        network: Network | None = None,
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
        call = presigned.sign_upload(
            date=datetime.now(UTC),
            expires=expires,
            network=self.wire.network(network),
            name=name,
            keyvalues=keyvalues,
            group_id=group_id,
            max_size=max_size,
            mime_types=mime_types,
            cid_version=cid_version,
            streamable=streamable,
        )
        return await self.wire.send(call)


def is_shared(gateway_url: str) -> bool:
    """Whether a gateway is that of all accounts, which serves nothing private."""
    return urlsplit(gateway_url).hostname == _SHARED


async def signed(wire: Wire, call: Call[T]) -> Call[T]:
    """A gateway's call for public content as one for private content, its link made now."""
    link = await _link(wire, call.path, dict(call.pairs()), datetime.now(UTC), _OWN_USE, call.base)
    return calls.read_private(link, call)


async def _link(
    wire: Wire, path: str, query: Mapping[str, str], date: datetime, seconds: int, gateway_url: str | None
) -> str:
    base = (gateway_url or wire.settings.base("gateway")).rstrip("/")
    if is_shared(base):
        raise InputError(
            f"{_SHARED} serves nothing private",
            hint="set PINATA_GATEWAY_URL to a gateway of yours, such as https://you.mypinata.cloud",
        )
    url = f"{base}/files/{path.removeprefix('/ipfs/')}"
    if query:
        url += f"?{urlencode(query, quote_via=quote)}"
    return await wire.send(calls.download_link(url, date=unix(date, "date"), expires=seconds))

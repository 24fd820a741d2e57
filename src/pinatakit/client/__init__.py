"""The client: `Pinata` blocks, `AsyncPinata` is awaited; both have the same methods."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx

from pinatakit.client import downloads, uploads
from pinatakit.client._wire import Awaiting, Blocking, Resource, W, operation, stream
from pinatakit.client.account import Account
from pinatakit.client.analytics import Analytics
from pinatakit.client.downloads import Download
from pinatakit.client.files import Files
from pinatakit.client.gateways import Gateways
from pinatakit.client.groups import Groups
from pinatakit.client.keys import Keys
from pinatakit.client.links import Links
from pinatakit.client.payments import Payments
from pinatakit.client.pins import Pins
from pinatakit.client.plugins import Plugins
from pinatakit.client.psa import AsyncPinningService, PinningService, PinObjects
from pinatakit.client.signatures import Signatures
from pinatakit.client.swaps import Swaps
from pinatakit.client.uploads import Progress
from pinatakit.client.vectors import Vectors
from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol import Network, Upload
from pinatakit.protocol.metadata import Keyvalues, check_name
from pinatakit.settings import Settings
from pinatakit.sources import Uploadable, gather, read_source

__all__ = [
    "AsyncPinata",
    "AsyncPinningService",
    "Download",
    "Pinata",
    "PinningService",
    "Progress",
    "Uploadable",
]


class _Pinata(Resource[W]):
    """What both clients can do."""

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self.settings: Settings = wire.settings
        self.files: Files[W] = Files(wire)
        self.groups: Groups[W] = Groups(wire)
        self.pins: Pins[W] = Pins(wire)
        self.psa: PinObjects[W] = PinObjects(wire)
        self.keys: Keys[W] = Keys(wire)
        self.account: Account[W] = Account(wire)
        self.payments: Payments[W] = Payments(wire)
        self.vectors: Vectors[W] = Vectors(wire)
        self.analytics: Analytics[W] = Analytics(wire)
        self.plugins: Plugins[W] = Plugins(wire)
        self.gateways: Gateways[W] = Gateways(wire)
        self.links: Links[W] = Links(wire)
        self.swaps: Swaps[W] = Swaps(wire)
        self.signatures: Signatures[W] = Signatures(wire)

    @operation
    async def upload(
        self,
        source: Uploadable,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        network: Network = "public",
        group_id: str | None = None,
        cid_version: int | str = 1,
        hidden: bool = False,
        progress: Progress | None = None,
        verify: bool = True,
    ) -> Upload:
        """Upload a file or a folder, and check that the service stored these very bytes.

        `source` is the path of a file or folder, bytes, or a file open in binary mode. It is
        read once, in pieces of 1 MiB; memory stays the same at any size. Of a folder go the
        files, sorted, under the folder's name; symlinks are followed, hidden files go only
        with `hidden`, empty folders cannot go. `name` is what the service lists it as, else
        the file's or folder's own. `progress` is told after each piece how many bytes of
        content have gone and how many there are.

        Raises:
            InputError: the source or the metadata cannot be sent; nothing was.
            CIDMismatch: the service stored something else, unless `verify` is off.
            ApiError: the service said no.
            Unreachable: no answer came, whether or not the upload was stored.
        """
        name = check_name(name)
        what = await self.wire.in_thread(read_source, source, name=_root_name(source, name), hidden=hidden)
        return await uploads.upload(
            self.wire,
            what,
            name=name,
            keyvalues=keyvalues,
            network=network,
            group_id=group_id,
            cid_version=cid_version,
            progress=progress,
            verify=verify,
        )

    @operation
    async def upload_files(
        self,
        paths: Iterable[str | os.PathLike[str]],
        *,
        name: str,
        keyvalues: Keyvalues | None = None,
        group_id: str | None = None,
        cid_version: int | str = 1,
        progress: Progress | None = None,
        verify: bool = True,
    ) -> Upload:
        """Upload several files as one public folder called `name`; else as `upload`."""
        return await uploads.upload(
            self.wire,
            await self.wire.in_thread(gather, paths, check_name(name) or "folder"),
            name=name,
            keyvalues=keyvalues,
            network="public",
            group_id=group_id,
            cid_version=cid_version,
            progress=progress,
            verify=verify,
        )

    @operation
    async def upload_json(
        self,
        value: Any,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        group_id: str | None = None,
        cid_version: int | str = 1,
        verify: bool = True,
    ) -> Upload:
        """Upload a JSON value, and check that the service stored it as JavaScript prints it.

        Raises:
            InputError: JSON or JavaScript cannot hold the value, or it is above 10 MB.
            CIDMismatch: the service stored something else, unless `verify` is off.
        """
        return await uploads.upload_json(
            self.wire,
            value,
            name=name,
            keyvalues=keyvalues,
            group_id=group_id,
            cid_version=cid_version,
            verify=verify,
        )

    @operation
    async def download(
        self,
        cid: CID | str,
        to: str | os.PathLike[str],
        *,
        path: str = "",
        network: Network = "public",
        progress: Progress | None = None,
    ) -> Download:
        """Fetch a file or folder from the gateway to `to`, checking every block.

        A file goes to the path `to`, or into the folder `to`; a folder becomes `to`, which
        must not be there or be empty. `path` leads to something below the root. What is private
        comes through a signed link made on the way. Everything is written aside and moved into place when whole; after an error nothing is left.

        Raises:
            BlockMismatch: the gateway gave other bytes than the CID names.
            NoSuchPath: nothing is at that path.
            NotFound: the gateway does not have the content.
            InputError: it cannot be written there.
        """
        where = Path(to)
        return await downloads.download(
            self.wire, CID.parse(cid), where, path=path, network=network, progress=progress
        )

    @stream
    async def read(
        self,
        cid: CID | str,
        *,
        path: str = "",
        network: Network = "public",
        start: int = 0,
        stop: int | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a file, in order and in pieces, each checked; or those from `start` to `stop`.

        What is private comes through a signed link made on the way.

        Raises:
            BlockMismatch: the gateway gave other bytes than the CID names.
            NoSuchPath: nothing is at that path.
            NotFound: the gateway does not have the content.
        """
        if start < 0 or (stop is not None and stop < start):
            raise InputError(
                f"bytes {start} to {stop} are not a range", hint="start at 0 or above, stop behind it"
            )
        pieces = downloads.read(self.wire, CID.parse(cid), path=path, network=network, start=start, stop=stop)
        async for piece in pieces:
            yield piece


def _root_name(source: Uploadable, name: str | None) -> str | None:
    """What the content is called on the wire: a path has a name of its own."""
    return None if isinstance(source, str | os.PathLike) else name


class Pinata(_Pinata[Blocking]):
    """A client of Pinata whose methods block until they are done. Safe to share between threads.

    Arguments left out are read from the environment: ``PINATA_JWT``,
    ``PINATA_ENDPOINT_URL``, ``PINATA_GATEWAY_URL``, ``PINATA_GATEWAY_KEY``. `timeout` is seconds
    of silence.

        with Pinata() as pinata:
            print(pinata.upload("photo.jpg").cid)
    """

    def __init__(
        self,
        jwt: str | None = None,
        *,
        api_key: str | None = None,
        api_secret: str | None = None,
        endpoint_url: str | None = None,
        gateway_url: str | None = None,
        gateway_key: str | None = None,
        timeout: float = 60.0,
        attempts: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        settings = Settings.read(
            jwt=jwt,
            api_key=api_key,
            api_secret=api_secret,
            endpoint_url=endpoint_url,
            gateway_url=gateway_url,
            gateway_key=gateway_key,
            timeout=timeout,
            attempts=attempts,
        )
        super().__init__(Blocking(settings, transport))

    def close(self) -> None:
        """Close the connections."""
        self.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncPinata(_Pinata[Awaiting]):
    """A client of Pinata whose methods are awaited, under asyncio or Trio; else as `Pinata`.

    async with AsyncPinata() as pinata:
        print((await pinata.upload("photo.jpg")).cid)
    """

    def __init__(
        self,
        jwt: str | None = None,
        *,
        api_key: str | None = None,
        api_secret: str | None = None,
        endpoint_url: str | None = None,
        gateway_url: str | None = None,
        gateway_key: str | None = None,
        timeout: float = 60.0,
        attempts: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        settings = Settings.read(
            jwt=jwt,
            api_key=api_key,
            api_secret=api_secret,
            endpoint_url=endpoint_url,
            gateway_url=gateway_url,
            gateway_key=gateway_key,
            timeout=timeout,
            attempts=attempts,
        )
        super().__init__(Awaiting(settings, transport))

    async def close(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

"""The client: `Pinata` blocks, `AsyncPinata` is awaited; both have the same methods."""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from pinatakit._lazy import Later, lazily
from pinatakit.client._listing import AsyncListing, Listing
from pinatakit.client._operation import Resource, W, operation, stream
from pinatakit.client._pace import Progress
from pinatakit.client._wire import Awaiting, Blocking, Watch, Wire
from pinatakit.content import CID
from pinatakit.errors import CIDMismatch, InputError
from pinatakit.patterns import ALL, Patterns
from pinatakit.protocol import Network
from pinatakit.protocol.metadata import Keyvalues, check_name
from pinatakit.protocol.tus import CHUNK
from pinatakit.settings import Settings

if TYPE_CHECKING:
    import httpx2 as httpx

    from pinatakit.client import opened
    from pinatakit.client.account import Account
    from pinatakit.client.analytics import Analytics
    from pinatakit.client.downloads import Download
    from pinatakit.client.feeds import Sendable
    from pinatakit.client.files import Files
    from pinatakit.client.gateways import Gateways
    from pinatakit.client.groups import Groups
    from pinatakit.client.keys import Keys
    from pinatakit.client.links import Links
    from pinatakit.client.opened import AsyncFile
    from pinatakit.client.payments import Payments
    from pinatakit.client.pins import Pins
    from pinatakit.client.plugins import Plugins
    from pinatakit.client.psa import AsyncPinningService, PinningService, PinObjects
    from pinatakit.client.signatures import Signatures
    from pinatakit.client.swaps import Swaps
    from pinatakit.client.vectors import Vectors
    from pinatakit.protocol import Upload
    from pinatakit.protocol.gateway import ImageOptions
    from pinatakit.sources import Symlinks, Uploadable
__all__ = [
    "AsyncFile",
    "AsyncListing",
    "AsyncPinata",
    "AsyncPinningService",
    "Download",
    "ImageOptions",
    "Listing",
    "Pinata",
    "PinningService",
    "Progress",
    "Uploadable",
]


if not TYPE_CHECKING:
    httpx = Later("httpx2")
    opened = Later("pinatakit.client.opened")
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "downloads": "Download ImageOptions",
            "feeds": "Sendable",
            "opened": "AsyncFile",
            "psa": "AsyncPinningService PinningService",
            ".protocol": "Upload",
            ".sources": "Symlinks Uploadable",
        },
    )

RESOURCES: Final = {
    "files": "Files",
    "groups": "Groups",
    "pins": "Pins",
    "psa": "PinObjects",
    "keys": "Keys",
    "account": "Account",
    "payments": "Payments",
    "vectors": "Vectors",
    "analytics": "Analytics",
    "plugins": "Plugins",
    "gateways": "Gateways",
    "links": "Links",
    "swaps": "Swaps",
    "signatures": "Signatures",
}
"""What a client has beside its own methods: each in the module of its name, loaded when it is first used."""


class _Pinata(Resource[W]):
    """What both clients can do."""

    files: Files[W]
    groups: Groups[W]
    pins: Pins[W]
    psa: PinObjects[W]
    keys: Keys[W]
    account: Account[W]
    payments: Payments[W]
    vectors: Vectors[W]
    analytics: Analytics[W]
    plugins: Plugins[W]
    gateways: Gateways[W]
    links: Links[W]
    swaps: Swaps[W]
    signatures: Signatures[W]

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self.settings: Settings = wire.settings

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name not in RESOURCES:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            module = importlib.import_module(f"{__name__}.{name}")
            resource = getattr(module, RESOURCES[name])(self.wire)
            setattr(self, name, resource)
            return resource

        def __dir__(self) -> list[str]:
            return sorted({*super().__dir__(), *RESOURCES})

    @operation
    async def upload(
        self,
        source: Sendable,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        network: Network | None = None,
        group_id: str | None = None,
        cid_version: int | str = 1,
        expires_at: datetime | None = None,
        streamable: bool = False,
        car: bool = False,
        wrap: bool = False,
        url: str | None = None,
        resumable: bool | None = None,
        chunk_size: int = CHUNK,
        hidden: bool = False,
        symlinks: Symlinks = "follow",
        empty_folders: bool = False,
        patterns: Patterns = ALL,
        skip_existing: bool = False,
        progress: Progress | None = None,
        verify: bool = True,
    ) -> Upload:
        """Upload a file or a folder, and check that the service stored these very bytes.

        `source` is the path of a file or folder, bytes, a file open in binary mode, an iterator of
        bytes (with `AsyncPinata` also an async one), a ``data:`` URL, as base64 is written, or an
        ``https://`` or ``http://`` URL, whose content is passed on as it comes and stored nowhere. It is
        read once, in pieces of 1 MiB; memory stays the same at any size. An iterator goes as it comes
        and is never sent twice: when a connection is cut after bytes have left, the upload fails. Where
        its size must be known beforehand (all that only v3 knows) or it must be read twice (`car`,
        `skip_existing`), it goes into a temporary file first, as what is at a URL does there. A URL is
        asked without any credential of the account; it is followed to where it leads, and gone on with
        after a cut where its host tells that the content is the same. Of a folder go the
        files, sorted, under the folder's name; hidden files go only with `hidden`; `patterns`
        leave files out. `symlinks` are followed, skipped or refused, empty folders left out; what is left
        out is logged as a warning, and not part of the CID. Nothing of that can be kept, unless the folder
        goes as a CAR. A text with stars, such as
        ``data/*.csv``, is the folder with the files that match. `name` is what the service lists it as, else
        the file's or folder's own. `progress` is told after each piece how many bytes of
        content the service has been given and how many there are.

        A file above 90 MiB goes in chunks of `chunk_size` bytes (below 50 MB) and, after a
        fault, on from the last byte the service has; so it does in a new process, where
        `source` is a path, nothing about it has changed, and no `url` is given. `resumable`
        asks for that at any size, or for one request. What the service answers then tells not
        whether the content was a duplicate; `id` is `None` where the file is not listed
        within a minute.

        `cid_version` is 0, 1 or ``unixfs-v1-2025``. The service removes the file at
        `expires_at` (UTC where it names no zone). `streamable` prepares video and audio for
        streaming. With `car` the source is a CAR with one root: it is sent as it is, after its
        blocks were found whole; it keeps its CIDs, whatever `cid_version` says. Or it is a folder, which
        goes as one CAR, made while it is sent, after a pass that tells the root: over v3, in chunks and on
        after a fault as a file does, with ``symlinks="keep"`` and `empty_folders` kept where asked for.
        CARs are public, and need a paid plan. `wrap` puts a
        single file into a folder, so that its name is part of the content. `url` is a
        presigned one, of `links.upload`, for which no credential is needed; `cid_version` is
        then that which was signed, and a folder goes to it as one form of up to 100 MB, privately too
        if that was signed, or as a CAR. `skip_existing` reads the source once more, asks whether the
        account has that CID on the network already, and if so sends nothing: what it answers
        is the newest of those records, with `is_duplicate`. Folders, `wrap`, and key-values that are not text go by the
        older API, which does not know `expires_at`, `streamable`, `car`, `url`, chunks, or the
        private network; only a folder may go to a `url`.

        Raises:
            InputError: the source, the metadata or these options together cannot be sent;
                nothing was. Or the source changed or was cut while it was read; nothing is kept.
            ContentError: the CAR is none, or its DAG is not whole; nothing was sent.
            CIDMismatch: the service stored something else, unless `verify` is off. It tells which
                recipe gives the service's CID, if a known one does (up to 1 GB of content).
            ApiError: the service said no.
            Unreachable: no answer came, whether or not the upload was stored.
        """
        from pinatakit.client import uploads
        from pinatakit.client.feeds import look
        from pinatakit.content import Profile
        from pinatakit.protocol.uploads import profile_name

        name = check_name(name)
        options = uploads.Options(
            name=name,
            keyvalues=keyvalues,
            network=self.wire.network(network),
            group_id=group_id,
            cid_version=cid_version,
            expires_at=expires_at,
            streamable=streamable,
            car=car,
            wrap=wrap,
            url=url,
            resumable=resumable,
            chunk_size=chunk_size,
            skip_existing=skip_existing,
            progress=progress,
            verify=verify,
        )
        looking = look(
            self.wire,
            source,
            name=_root_name(source, name),
            profile=Profile.named(profile_name(cid_version)) if car else None,
            hidden=hidden,
            symlinks=symlinks,
            empty_folders=empty_folders,
            patterns=patterns,
        )
        async with looking as what:
            try:
                return await uploads.upload(self.wire, what, options)
            except CIDMismatch as error:
                raise await self.wire.in_thread(uploads.with_reason, error, source, what, options) from None

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
        from pinatakit.client import uploads
        from pinatakit.sources import gather

        _check_public(self.settings, "a folder")
        options = uploads.Options(
            name=name,
            keyvalues=keyvalues,
            group_id=group_id,
            cid_version=cid_version,
            progress=progress,
            verify=verify,
        )
        what = await self.wire.in_thread(gather, paths, check_name(name) or "folder")
        return await uploads.upload(self.wire, what, options)

    @operation
    async def upload_json(
        self,
        value: Any,
        *,
        name: str | None = None,
        keyvalues: Keyvalues | None = None,
        network: Network | None = None,
        group_id: str | None = None,
        cid_version: int | str = 1,
        expires_at: datetime | None = None,
        url: str | None = None,
        verify: bool = True,
    ) -> Upload:
        """Upload a JSON value, and check that the service stored it as JavaScript prints it.

        It goes by ``pinJSONToIPFS``. What that does not know, the private network, `expires_at`,
        ``unixfs-v1-2025`` and a presigned `url`, goes over v3, as a file of the same bytes and so the
        same CID, called ``data.json`` where it has no `name`.

        Raises:
            InputError: JSON or JavaScript cannot hold the value, or it is above 10 MB.
            CIDMismatch: the service stored something else, unless `verify` is off.
        """
        from pinatakit.client import uploads

        options = uploads.Options(
            name=name,
            keyvalues=keyvalues,
            network=self.wire.network(network),
            group_id=group_id,
            cid_version=cid_version,
            expires_at=expires_at,
            url=url,
            verify=verify,
        )
        return await uploads.upload_json(self.wire, value, options)

    @operation
    async def download(
        self,
        cid: CID | str,
        to: str | os.PathLike[str],
        *,
        path: str = "",
        network: Network | None = None,
        resume: bool = False,
        overwrite: bool = True,
        verify: bool = True,
        image: ImageOptions | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """Fetch a file or folder from the gateway to `to`, checking every block.

        A file goes to the path `to`, or into the folder `to`, and takes the place of a file there, unless
        `overwrite` is off; a folder becomes `to`, which must not be there or be empty. `path` leads to something below the root. What is private
        comes through signed links made on the way. Everything is written aside and moved into
        place when whole; after an error nothing is left.

        With `resume`, what was checked and written stays beside `to` after an error, with a
        journal of it, and the next download of the same to the same place, by any process,
        asks only for what is missing.

        Without `verify` a file is taken as the gateway serves it; a folder cannot be. The
        `image` options change an image on the way, so they take the place of `verify`.

        Raises:
            BlockMismatch: a gateway gave other bytes than the CID names, and no other is left.
            NoSuchPath: nothing is at that path.
            NotFound: no gateway has the content.
            AlreadyThere: a folder that is not empty is there, or, without `overwrite`, a file. It stays.
            InputError: it cannot be written there.
            Unreachable: no gateway answers, or answers in a way that can be verified.
        """
        from pinatakit.client import downloads

        root, where = CID.parse(cid), Path(to)
        network = self.wire.network(network)
        if verify and image is None:
            return await downloads.download(
                self.wire,
                root,
                where,
                path=path,
                network=network,
                progress=progress,
                resume=resume,
                overwrite=overwrite,
            )
        return await downloads.download_unverified(
            self.wire,
            root,
            where,
            path=path,
            network=network,
            image=image,
            progress=progress,
            resume=resume,
            overwrite=overwrite,
        )

    @stream
    async def read(
        self,
        cid: CID | str,
        *,
        path: str = "",
        network: Network | None = None,
        start: int = 0,
        stop: int | None = None,
        verify: bool = True,
        image: ImageOptions | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a file, in order and in pieces, each checked; or those from `start` to `stop`.

        A `start` below 0 counts from the end, and goes without `stop`. Of a range only the blocks that
        hold it are fetched; where it ends behind the file, it ends with it. What is private comes through a
        signed link made on the way. Without `verify`, or with `image` options, the bytes are as
        the gateway serves them.

        Raises:
            BlockMismatch: a gateway gave other bytes than the CID names, and no other is left.
            NoSuchPath: nothing is at that path.
            NotFound: no gateway has the content.
            InputError: it is no file, or `start` and `stop` are no range.
            Unreachable: no gateway answers, or answers in a way that can be verified.
        """
        pieces = _read(self.wire, cid, path, network, start, stop, verify=verify, image=image)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    @operation
    async def read_bytes(
        self,
        cid: CID | str,
        *,
        path: str = "",
        network: Network | None = None,
        start: int = 0,
        stop: int | None = None,
        verify: bool = True,
        image: ImageOptions | None = None,
    ) -> bytes:
        """The bytes of a file, all at once; else as `read`."""
        pieces = _read(self.wire, cid, path, network, start, stop, verify=verify, image=image)
        async with aclosing(pieces):
            return b"".join([piece async for piece in pieces])


def _read(
    wire: Wire,
    cid: CID | str,
    path: str,
    network: Network | None,
    start: int,
    stop: int | None,
    *,
    verify: bool,
    image: ImageOptions | None,
) -> AsyncGenerator[bytes, None]:
    from pinatakit.client import downloads

    if stop is not None and not 0 <= start <= stop:
        raise InputError(
            f"bytes {start} to {stop} are not a range",
            hint="start at 0 or above and stop behind it; or start below 0, without a stop, to count from the end",
        )
    root = CID.parse(cid)
    network = wire.network(network)
    if verify and image is None:
        return downloads.read(wire, root, path=path, network=network, start=start, stop=stop)
    return downloads.read_unverified(
        wire, root, path=path, network=network, image=image, start=start, stop=stop
    )


def _check_public(settings: Settings, what: str) -> None:
    """What can only be public is not uploaded where the settings say private."""
    if settings.network == "private":
        raise InputError(
            f"{what} can only be uploaded publicly, and the settings say private",
            hint="upload files one by one, or set PINATA_NETWORK=public for this",
        )


def _root_name(source: Sendable, name: str | None) -> str | None:
    """What the content is called on the wire: a path has a name of its own."""
    from pinatakit.sources import path_of

    return None if path_of(source) else name


class Pinata(_Pinata[Blocking]):
    """A client of Pinata whose methods block until they are done.

    Threads may share it, and a process that is forked has connections of its own.

    Arguments left out are read from the environment (``PINATA_JWT``, ``PINATA_ENDPOINT_URL``,
    ``PINATA_GATEWAY_URL``, …) and from files, as `pinatakit.settings` tells; `profile` chooses
    one of the user's. `settings` takes the place of all of that. Of several gateways the first
    that serves is used, and one that gives false blocks not again.

    `timeout` is seconds of silence, or of fewer than `min_speed` bytes a second, after which a
    request is given up; `attempts` how often it is sent at most. `rate_limit` is the account's
    plan (``"free"``, ``"picnic"``, ``"fiesta"``, ``"enterprise"``) or requests a minute: all
    threads then stay below it together; else the service's answers tell. `watch` is called with
    an `Exchange` after each request, in the thread or task that sent it.

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
        gateway_url: str | Sequence[str] | None = None,
        gateway_key: str | None = None,
        profile: str | None = None,
        timeout: float | None = None,
        attempts: int | None = None,
        rate_limit: str | int | None = None,
        min_speed: float | None = None,
        settings: Settings | None = None,
        watch: Watch | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        settings = settings or Settings.read(
            jwt=jwt,
            api_key=api_key,
            api_secret=api_secret,
            endpoint_url=endpoint_url,
            gateway_url=gateway_url,
            gateway_key=gateway_key,
            profile=profile,
            timeout=timeout,
            attempts=attempts,
            rate_limit=rate_limit,
            min_speed=min_speed,
        )
        super().__init__(Blocking(settings, transport, watch))

    def open(self, cid: CID | str, *, path: str = "", network: Network | None = None) -> io.BufferedReader:
        """A file at the gateway, open for reading: what is read is fetched then, and checked.

        It can be sought in, so zipfile, pandas or PIL read only the parts they need; the last
        8 MiB of blocks are kept.

        Raises:
            BlockMismatch, NoSuchPath, NotFound: as of `read`; also while it is read.
            InputError: it is no file.
        """
        from pinatakit.client.opened import BUFFER, RawFile

        return io.BufferedReader(RawFile(self.wire, CID.parse(cid), path, self.wire.network(network)), BUFFER)

    def close(self) -> None:
        """Close the connections; who asks afterwards is refused (`InputError`)."""
        self.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncPinata(_Pinata[Awaiting]):
    """A client of Pinata whose methods are awaited, under asyncio or Trio; else as `Pinata`.

    Each event loop has connections of its own, so it also works in one loop after another.

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
        gateway_url: str | Sequence[str] | None = None,
        gateway_key: str | None = None,
        profile: str | None = None,
        timeout: float | None = None,
        attempts: int | None = None,
        rate_limit: str | int | None = None,
        min_speed: float | None = None,
        settings: Settings | None = None,
        watch: Watch | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        settings = settings or Settings.read(
            jwt=jwt,
            api_key=api_key,
            api_secret=api_secret,
            endpoint_url=endpoint_url,
            gateway_url=gateway_url,
            gateway_key=gateway_key,
            profile=profile,
            timeout=timeout,
            attempts=attempts,
            rate_limit=rate_limit,
            min_speed=min_speed,
        )
        super().__init__(Awaiting(settings, transport, watch))

    async def open(
        self, cid: CID | str, *, path: str = "", network: Network | None = None
    ) -> opened.AsyncFile:
        """As `Pinata.open`; `read` and `seek` of the file are awaited.

        async with await pinata.open(cid) as file:
            await file.seek(-100, 2)
            end = await file.read()
        """
        return await opened.AsyncFile.open(self.wire, CID.parse(cid), path, self.wire.network(network))

    async def close(self) -> None:
        """Close the connections of this event loop; who asks afterwards, on any, is refused (`InputError`)."""
        await self.wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

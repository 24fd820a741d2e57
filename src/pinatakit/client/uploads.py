"""Uploads: bytes go out once, and their CID is computed as they go.

What the service answers is compared with that CID. A file goes to v3, in one request or, above
90 MiB, in chunks that go on where they were cut. A folder, key-values that are not text, and
what has no known length go to the older API, as one form.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple, Unpack, cast

import msgspec

from pinatakit.client import tus
from pinatakit.client._pace import Progress
from pinatakit.client._wire import Wire
from pinatakit.client.feeds import Sendable, at_hand, folder_of, open_feed
from pinatakit.content import (
    CID,
    CarReader,
    FileBuilder,
    FolderBuilder,
    Profile,
    Root,
    build_file,
    links_of,
)
from pinatakit.content.multiformats import RAW
from pinatakit.errors import CIDMismatch, InputError, MissingBlock
from pinatakit.packed import Taken, packed
from pinatakit.protocol import Body, Call, Network, Upload, account, files, form
from pinatakit.protocol import uploads as calls
from pinatakit.protocol._call import Once
from pinatakit.protocol.limits import UPLOAD_LIMIT
from pinatakit.protocol.metadata import Keyvalues, check_keyvalues, check_name
from pinatakit.protocol.stringify import stringify
from pinatakit.protocol.times import unix
from pinatakit.protocol.tus import CHUNK, RESUMABLE_ABOVE, check_chunk_size
from pinatakit.recipes import explain
from pinatakit.sources import PIECE, Folder, Reader, Source, Uploadable, plain, read_source, total_size

__all__ = ["Options", "upload", "upload_json"]


_PRIVATE: Final = 'network="private"'
_AS_CAR: Final = "upload it as one CAR, with car=True (on paid plans), or leave that out"
_TOGETHER: Final = 64 << 10  # bytes that go out at once, however small their pieces
_TRIED: Final = 1_000_000_000  # bytes of content above which no other recipes are tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How something is uploaded; `Pinata.upload` explains each."""

    name: str | None = None
    keyvalues: Keyvalues | None = None
    network: Network = "public"
    group_id: str | None = None
    cid_version: int | str = 1
    expires_at: datetime | None = None
    streamable: bool = False
    car: bool = False
    wrap: bool = False
    url: str | None = None
    resumable: bool | None = None
    chunk_size: int = CHUNK
    skip_existing: bool = False
    progress: Progress | None = None
    verify: bool = True


class Sending:
    """A form that is being sent: its body can be started afresh, and ends with a root.

    `wrap` puts a single file into a folder; without a profile nothing is hashed.
    """

    def __init__(
        self,
        wire: Wire,
        what: Source | Folder,
        fields: dict[str, str],
        profile: Profile | None,
        progress: Progress | None,
        *,
        wrap: bool = False,
    ) -> None:
        self.root: Root | None = None
        self._wire = wire
        self._what = what
        self._profile = profile
        self._wrap = wrap
        self._progress = progress
        boundary = secrets.token_hex(16)
        self._head = b"".join(form.field(boundary, name, value) for name, value in fields.items())
        self._end = form.end(boundary)
        files = what.files if isinstance(what, Folder) else [what]
        heads = (form.file_head(boundary, _in_form(what, file, wrap), file.media_type) for file in files)
        self._parts = list(zip(heads, files, strict=True))
        self.total = total_size(files)
        self.headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        if self.total is not None:
            around = sum(len(head) + len(form.FILE_END) for head, _ in self._parts)
            self.headers["content-length"] = str(len(self._head) + around + self.total + len(self._end))

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The form's bytes, small pieces of it together: each that goes out alone costs as much as a large one."""
        small: list[bytes] = []
        size = 0
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                size += len(piece)
                if size > _TOGETHER:
                    if small:
                        yield b"".join(small)
                    small, size = [], 0
                    if len(piece) > _TOGETHER:
                        yield piece
                        continue
                    size = len(piece)
                small.append(piece)
        yield b"".join(small)

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        """The form's pieces; hashing goes on in threads meanwhile."""
        folder = FolderBuilder(self._profile) if self._profile else None
        sent = 0
        yield self._head
        for head, file in self._parts:
            yield head
            hashing = _Hashing(self._profile, file.size)
            feed = open_feed(self._wire, file)
            try:
                while piece := await feed.piece(PIECE, hashing.take):
                    yield piece
                    sent += len(piece)
                    if self._progress:
                        self._progress(sent, self.total)
                    if hashing.over:
                        break
            finally:
                await feed.close()
            if folder:
                self.root = hashing.root
                if self.root is None:  # of no known size
                    self.root = await self._wire.in_thread(hashing.finish)
                folder.add(file.name, self.root)
            yield form.FILE_END
        if folder and (self._wrap or isinstance(self._what, Folder)):
            self.root = await self._wire.in_thread(folder.finish)
        yield self._end


class _Hashing:
    """Hashes a file on its way, in the thread that reads it; where its size is known, to the end."""

    def __init__(self, profile: Profile | None, size: int | None) -> None:
        # One thread hashes faster than any network sends; more would take the core that sends.
        self._builder = FileBuilder(profile, threads=1) if profile else None
        self._left = size
        self.over = False
        self.root: Root | None = None

    def take(self, piece: bytes) -> None:
        """The next bytes."""
        if self._builder:
            self._builder.feed(piece)
        if self._left is not None:
            self._left -= len(piece)
            self.over = not self._left
            if self.over and self._builder:
                self.finish()

    def finish(self) -> Root:
        """All is read: it has a root."""
        assert self._builder, "without a profile nothing is hashed"
        self.root = self._builder.finish()
        return self.root


def _in_form(what: Source | Folder, file: Source, wrap: bool) -> str:
    """What a file is called in a form, whose heads hold no line break."""
    if isinstance(what, Folder):
        return f"{what.name}/{file.name}"
    return file.name if wrap else plain(_readable(file.name))  # what it is listed as is a field besides


def _readable(name: str) -> str:
    """A name as UTF-8, whatever bytes a disk may call a file."""
    return name.encode("utf-8", "replace").decode()


class Plan(NamedTuple):
    """What an upload would send: its name, the CID it would have, bytes of content, and files."""

    name: str
    cid: CID
    size: int
    number_of_files: int


def plan(given: Uploadable, options: Options, **take: Unpack[Taken]) -> Plan:
    """What an upload would send, found out without a network; what would be refused is refused.

    Raises:
        InputError: it cannot be read, or not be sent so.
        ContentError: the CAR is none, or its DAG is not whole.
    """
    keyvalues = check_keyvalues(options.keyvalues)
    profile = Profile.named(calls.profile_name(options.cid_version))
    if options.car and (folder := folder_of(given, take)):
        with packed(folder, profile, [], **take) as made:
            _check(made, options, keyvalues)
            assert made.root, "what is packed has a root"
            return Plan(check_name(options.name or made.name) or made.name, made.root, made.size or 0, 1)
    what = read_source(given, name=options.name, **take)
    _check(what, options, keyvalues)
    name = check_name(options.name or what.name) or what.name
    if options.car and isinstance(what, Source):
        return Plan(name, prove_car(what), what.size or 0, 1)
    root = _root_of(what, profile, options.wrap)
    return Plan(name, root.cid, root.size, len(what.files) if isinstance(what, Folder) else 1)


async def send(
    wire: Wire,
    what: Source | Folder,
    *,
    call: Callable[[Body, dict[str, str]], Call[Upload]],
    fields: dict[str, str],
    profile: Profile | None,
    progress: Progress | None,
    wrap: bool = False,
) -> tuple[Sending, Call[Upload]]:
    """The form of an upload, and the call that carries it.

    Raises:
        InputError: it is more than one upload may have.
    """
    check_size(what)
    sending = Sending(wire, what, fields, profile, progress, wrap=wrap)
    again = isinstance(what, Folder) or what.again
    return sending, call(sending.body if again else Once(sending.body, what.name), sending.headers)


def check(root: Root, got: CID) -> None:
    """Compare what was sent with what the service says it has stored.

    Raises:
        CIDMismatch: they differ.
    """
    if root.cid != got:
        raise CIDMismatch(root.cid, got)


def with_reason(error: CIDMismatch, source: Sendable, what: Source | Folder, options: Options) -> CIDMismatch:
    """The same error, with the recipe that gives the service's CID for this content, if a known one does.

    Each recipe takes a pass over the content, so that of large content none is tried.
    """
    files = what.files if isinstance(what, Folder) else [what]
    size = total_size(files)
    if (
        options.car
        or size is None
        or size > _TRIED
        or not all(file.again and not file.arriving for file in files)
    ):
        return error
    with contextlib.suppress(InputError):  # it is gone, or changed: then the error stands as it is
        found = explain(error.expected, error.got, cast("Uploadable", source))
        if found.a and found.b:
            return CIDMismatch(error.expected, error.got, found.differences)
    return error


async def upload(wire: Wire, what: Source | Folder, options: Options) -> Upload:
    """Send a file or folder by the way that can take it, and check the answer."""
    keyvalues = check_keyvalues(options.keyvalues)
    older = _check(what, options, keyvalues)
    if isinstance(what, Source) and _to_be_held(what, options, older):
        async with at_hand(wire, what) as held:
            return await _upload(wire, held, options, keyvalues, older)
    return await _upload(wire, what, options, keyvalues, older)


def _to_be_held(what: Source, options: Options, older: bool) -> bool:
    """Whether a source must be read before it is sent, and cannot be read twice; v3 is told its size."""
    if options.car or options.skip_existing:
        return what.arriving is not None or not what.again
    return what.size is None and not older


async def _upload(
    wire: Wire, what: Source | Folder, options: Options, keyvalues: dict[str, Any], older: bool
) -> Upload:
    name = check_name(options.name or what.name)
    profile = None if options.car else Profile.named(calls.profile_name(options.cid_version))
    if older:
        assert profile, "a CAR goes to v3"
        version = profile.cid_version
        fields = calls.older_fields(name, options.keyvalues, version, options.group_id, wrap=options.wrap)
    else:
        fields = calls.v3_fields(
            options.network,
            name,
            keyvalues,
            options.cid_version,
            options.group_id,
            expires_at=options.expires_at,
            streamable=options.streamable,
            car=options.car,
        )
    proven: CID | None = None
    if options.car and isinstance(what, Source):
        proven = what.root or await wire.in_thread(prove_car, what)
    if options.skip_existing:
        found = await _existing(wire, what, options, profile, proven)
        if found:
            return found
    if not older and isinstance(what, Source) and _in_chunks(what, options):
        return await _resumable(wire, what, options, fields, profile, proven)
    sending, call = await send(
        wire,
        what,
        call=calls.pin_file if older else partial(calls.upload_file, url=options.url),
        fields=fields,
        profile=profile,
        progress=options.progress,
        wrap=options.wrap,
    )
    if sending.total is None or sending.total > calls.V3_LIMIT:
        await wire.send(account.test())  # a wrong credential is told before gigabytes go out
    return _checked(await wire.send(call), sending.root, proven, options.verify)


async def _existing(
    wire: Wire, what: Source | Folder, options: Options, profile: Profile | None, proven: CID | None
) -> Upload | None:
    """The newest record of this very content on the network, if there is one."""
    cid = proven or (await wire.in_thread(_root_of, what, profile, options.wrap)).cid
    page = await wire.send(files.list_files(options.network, cid=cid, limit=1))
    if not page.files or page.files[0].cid != cid:
        return None
    told = page.files[0]
    return Upload(
        cid=cid,
        id=told.id,
        name=told.name,
        size=told.size,
        number_of_files=told.number_of_files,
        mime_type=told.mime_type,
        group_id=told.group_id,
        keyvalues=told.keyvalues,
        network=options.network,
        created_at=told.created_at,
        is_duplicate=True,
        extra=told.extra,
    )


def _root_of(what: Source | Folder, profile: Profile | None, wrap: bool) -> Root:
    """The root that the content will have."""
    assert profile, "a CAR is proven"
    folder = FolderBuilder(profile)
    root: Root | None = None
    for file in what.files if isinstance(what, Folder) else [what]:
        builder, reader = FileBuilder(profile), Reader(file)
        try:
            while piece := reader.piece():
                builder.feed(piece)
        finally:
            reader.close()
        root = builder.finish()
        folder.add(file.name, root)
    if wrap or isinstance(what, Folder):
        return folder.finish()
    assert root, "a source is one file"
    return root


async def _resumable(
    wire: Wire,
    what: Source,
    options: Options,
    fields: dict[str, str],
    profile: Profile | None,
    proven: CID | None,
) -> Upload:
    """Send a file in chunks, and find the record that it has become."""
    kind = {"filetype": what.media_type} if what.media_type else {}
    fields = {"filename": _readable(what.name), **kind, **fields}
    sent = await tus.send(
        wire, what, fields, profile, proven, options.url, options.chunk_size, options.progress
    )
    root, cid = sent.root, sent.cid
    expected = proven or (root.cid if root else None)
    if cid is None:
        assert expected is not None, "a CAR is proven, and anything else hashed"
        cid = expected
    elif options.verify and expected is not None and expected != cid:
        raise CIDMismatch(expected, cid)
    size = root.size if root else what.size or 0
    about = Upload(cid=cid, name=fields.get("name"), size=size, network=options.network)
    if options.url:
        return about  # whoever has no key cannot ask for the record
    found = await tus.find(wire, options.network, cid, about.name, sent.file_id)
    if found is None:
        return about
    return msgspec.structs.replace(
        about,
        id=found.id,
        name=found.name,
        size=root.size if root else found.size,
        number_of_files=found.number_of_files,
        mime_type=found.mime_type,
        group_id=found.group_id,
        keyvalues=found.keyvalues,
        created_at=found.created_at,
    )


def _checked(answer: Upload, root: Root | None, proven: CID | None, verify: bool) -> Upload:
    expected = proven or (root.cid if root else None)
    assert expected is not None, "an upload is answered after its last byte"
    if verify and expected != answer.cid:
        raise CIDMismatch(expected, answer.cid)
    return msgspec.structs.replace(answer, size=root.size) if root else answer


def _check(what: Source | Folder, options: Options, keyvalues: dict[str, Any]) -> bool:
    """Whether only the older API takes this; before a byte is sent it is known that one does.

    Raises:
        InputError: no way takes it so; it tells why.
    """
    check_chunk_size(options.chunk_size)
    check_size(what)
    _check_alone(what, options)
    older = _only_older(what, options, keyvalues)
    newer = _only_v3(options)
    if isinstance(what, Source) and what.size is None and not newer:
        return True  # v3 would have to be told its size
    if older and newer:
        how = "privately" if newer == _PRIVATE else f"with {newer}"
        raise InputError(
            f"{what.name!r} cannot be uploaded {how}: {older}, and the older API, which takes that, cannot",
            hint=_way_out(what, options, private=newer == _PRIVATE),
        )
    return bool(older)


def _way_out(what: Source | Folder, options: Options, *, private: bool) -> str:
    """What can be done where neither API takes all of it."""
    if private or not (options.wrap or isinstance(what, Folder)):
        return "upload single files with text key-values, or leave that out"
    return _AS_CAR if isinstance(what, Folder) else f"put the file into a folder of its own, and {_AS_CAR}"


def check_size(what: Source | Folder) -> None:
    """See that it is not more than one upload may have.

    Raises:
        InputError: it is.
    """
    size = total_size(what.files) if isinstance(what, Folder) else what.size
    if size is not None and size > UPLOAD_LIMIT:
        raise InputError(
            f"{what.name!r} has {size:,} bytes; Pinata takes at most {UPLOAD_LIMIT:,} at once",
            hint="split it into several uploads",
        )


def _check_alone(what: Source | Folder, options: Options) -> None:
    """Options that contradict each other, whatever takes them."""
    if options.wrap and isinstance(what, Folder):
        raise InputError(f"{what.name!r} is a folder already; wrap puts a single file into one")
    if options.expires_at and unix(options.expires_at, "expires_at") <= unix(datetime.now(UTC), "now"):
        raise InputError(
            f"expires_at is {options.expires_at.isoformat()}, which is over",
            hint="give a moment to come; without a zone it is UTC",
        )
    if options.car and options.network == "private":
        raise InputError("a CAR can be uploaded to the public network only", hint='use network="public"')
    if options.url:
        _check_folder_by_url(what, options)
        given = {
            "keyvalues": options.keyvalues,
            "group_id": options.group_id,
            "expires_at": options.expires_at,
            "streamable": options.streamable,
        }
        named = [name for name, value in given.items() if value]
        if named:
            raise InputError(
                f"{', '.join(named)} cannot be given with url: whoever signed it has decided that",
                hint="have a URL signed that says so: pinata.links.upload()",
            )


def _check_folder_by_url(what: Source | Folder, options: Options) -> None:
    """A folder goes to a presigned URL as one form, which v3 bounds and cannot go on with."""
    if not isinstance(what, Folder):
        return
    if options.resumable:
        raise InputError(f"{what.name!r} is a folder; as a form it cannot go in chunks", hint=_AS_CAR)
    size = total_size(what.files)
    if size is not None and size > calls.V3_LIMIT:
        raise InputError(
            f"{what.name!r} has {size:,} bytes; a presigned URL takes a folder of at most {calls.V3_LIMIT:,}",
            hint="upload it as one CAR, with car=True, for a URL that was signed for the public network",
        )


def _only_older(what: Source | Folder, options: Options, keyvalues: dict[str, Any]) -> str | None:
    """Why v3 cannot take this, if it cannot."""
    if isinstance(what, Folder):
        return None if options.url else "it is a folder"
    if options.wrap:
        return "it is to be wrapped in a folder"
    if not all(isinstance(value, str) for value in keyvalues.values()):
        return "it has key-values that are not text"
    if options.resumable is False and what.size is not None and what.size > calls.V3_LIMIT:
        return f"it has more than {calls.V3_LIMIT:,} bytes in one request"
    return None


def _only_v3(options: Options) -> str | None:
    """The first option that only v3 knows."""
    known = {
        "url": options.url,
        _PRIVATE: options.network == "private",
        "expires_at": options.expires_at,
        "streamable": options.streamable,
        "car": options.car,
        f"cid_version={calls.UNIXFS_2025!r}": options.cid_version == calls.UNIXFS_2025,
        "resumable=True": options.resumable,
    }
    return next((name for name, value in known.items() if value), None)


def _in_chunks(what: Source, options: Options) -> bool:
    if options.resumable is None:
        return what.size is not None and what.size > RESUMABLE_ABOVE and what.again
    return options.resumable


def prove_car(what: Source) -> CID:
    """The root of a CAR, after every block was hashed and found to belong to a whole DAG.

    Memory holds the CIDs.

    Raises:
        InputError: it has no single root, or the file changed meanwhile.
        ContentError: it is no CAR, or a block of it is forged or missing.
    """
    reader, car = Reader(what), CarReader()
    held: set[CID] = set()
    below: dict[CID, list[CID]] = {}
    try:
        while piece := reader.piece(PIECE):
            for cid, block in car.feed(piece):
                cid.verify(block)
                held.add(cid)
                if cid.codec != RAW:
                    below[cid] = links_of(cid, bytes(block))
    finally:
        reader.close()
    car.finish()
    if not car.roots or len(car.roots) != 1:
        raise InputError(f"the CAR {what.name!r} has {len(car.roots or ())} roots; Pinata takes one")
    root = car.roots[0]
    waiting, seen = [root], {root}
    while waiting:
        cid = waiting.pop()
        if cid.inlined is not None:
            linked = links_of(cid, cid.inlined)
        elif cid in held:
            linked = below.get(cid, [])
        else:
            raise MissingBlock(cid, f"the CAR {what.name!r} is incomplete: block {cid} is missing")
        waiting += [one for one in linked if one not in seen]
        seen.update(linked)
    return root


async def upload_json(wire: Wire, value: Any, options: Options) -> Upload:
    """Send a JSON value, and check the answer; by v3 as a file, where the older API cannot take it so."""
    newer = options.url or options.expires_at or options.cid_version == calls.UNIXFS_2025
    if newer or options.network == "private":
        file = read_source(stringify(value), name=check_name(options.name) or "data.json")
        assert isinstance(file, Source), "bytes are one file"
        return await upload(wire, replace(file, media_type="application/json"), options)
    version = options.cid_version
    call = calls.pin_json(
        value,
        name=options.name,
        keyvalues=options.keyvalues,
        cid_version=version,
        group_id=options.group_id,
    )
    return _checked(await wire.send(call), json_root(value, version), None, options.verify)


def json_root(value: Any, cid_version: int | str) -> Root:
    """The root of a JSON value as the service stores it."""
    return build_file([stringify(value)], Profile.for_version(int(cid_version)))

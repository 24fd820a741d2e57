"""Uploads: bytes go out once, and their CID is computed as they go.

What the service answers is compared with that CID. A file goes to v3, or, where v3 cannot
take it in one request (above 100 MB, key-values that are not text), to the older API; a
folder always to the older API, as one form.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeAlias

import msgspec

from pinatakit.client._wire import Wire
from pinatakit.content import CID, FileBuilder, FolderBuilder, Profile, Root, build_file
from pinatakit.errors import CIDMismatch, InputError
from pinatakit.protocol import Body, Call, Network, Upload, account, form
from pinatakit.protocol import uploads as calls
from pinatakit.protocol.metadata import Keyvalues, check_keyvalues, check_name
from pinatakit.protocol.stringify import stringify
from pinatakit.sources import Folder, Reader, Source, total_size

Progress: TypeAlias = Callable[[int, int | None], object]
"""Told after each piece: bytes of content sent so far, and in all where that is known.

A retry starts again from nothing.
"""


class Sending:
    """A form that is being sent: its body can be started afresh, and ends with a root."""

    def __init__(
        self,
        wire: Wire,
        what: Source | Folder,
        fields: dict[str, str],
        profile: Profile,
        progress: Progress | None,
    ) -> None:
        self.root: Root | None = None
        self._wire = wire
        self._what = what
        self._profile = profile
        self._progress = progress
        boundary = secrets.token_hex(16)
        self._head = b"".join(form.field(boundary, name, value) for name, value in fields.items())
        self._end = form.end(boundary)
        files = what.files if isinstance(what, Folder) else [what]
        above = f"{what.name}/" if isinstance(what, Folder) else ""
        self._parts = [(form.file_head(boundary, above + file.name), file) for file in files]
        self.total = total_size(files)
        self.headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
        if self.total is not None:
            around = sum(len(head) + len(form.FILE_END) for head, _ in self._parts)
            self.headers["content-length"] = str(len(self._head) + around + self.total + len(self._end))

    async def body(self) -> AsyncGenerator[bytes, None]:
        """The form's bytes; hashing goes on in threads meanwhile."""
        folder = FolderBuilder(self._profile)
        root: Root | None = None
        sent = 0
        yield self._head
        for head, file in self._parts:
            yield head
            # One thread hashes faster than any network sends; more would take the core that sends.
            builder = FileBuilder(self._profile, threads=1)
            reader = await self._wire.in_thread(Reader, file)
            try:
                while piece := await self._wire.in_thread(_next, reader, builder):
                    yield piece
                    sent += len(piece)
                    if self._progress:
                        self._progress(sent, self.total)
            finally:
                reader.close()
            root = await self._wire.in_thread(builder.finish)
            if isinstance(self._what, Folder):
                folder.add(file.name, root)
            yield form.FILE_END
        self.root = await self._wire.in_thread(folder.finish) if isinstance(self._what, Folder) else root
        yield self._end


def _next(reader: Reader, builder: FileBuilder) -> bytes:
    """The next piece, on its way to be hashed."""
    piece = reader.piece()
    builder.feed(piece)
    return piece


async def send(
    wire: Wire,
    what: Source | Folder,
    *,
    call: Callable[[Body, dict[str, str]], Call[Upload]],
    fields: dict[str, str],
    cid_version: int,
    progress: Progress | None,
) -> tuple[Sending, Call[Upload]]:
    """The form of an upload, and the call that carries it."""
    sending = Sending(wire, what, fields, Profile.for_version(cid_version), progress)
    if sending.total is not None and sending.total > calls.UPLOAD_LIMIT:
        raise InputError(
            f"{what.name!r} has {sending.total:,} bytes; Pinata takes at most {calls.UPLOAD_LIMIT:,} at once",
            hint="split it into several uploads",
        )
    return sending, call(_once(sending, what), sending.headers)


def _once(sending: Sending, what: Source | Folder) -> Callable[[], AsyncGenerator[bytes, None]]:
    """The body, which refuses to start a second time where the source can be read only once."""
    if isinstance(what, Folder) or what.again:
        return sending.body
    started = False

    def body() -> AsyncGenerator[bytes, None]:
        nonlocal started
        if started:
            raise InputError(
                f"the upload of {what.name!r} was cut, and its source cannot be read again",
                hint="give a path, bytes, or a file that can be rewound",
            )
        started = True
        return sending.body()

    return body


def check(root: Root, got: CID) -> None:
    """Compare what was sent with what the service says it has stored.

    Raises:
        CIDMismatch: they differ.
    """
    if root.cid != got:
        raise CIDMismatch(root.cid, got)


async def upload(
    wire: Wire,
    what: Source | Folder,
    *,
    name: str | None,
    keyvalues: Keyvalues | None,
    network: Network,
    group_id: str | None,
    cid_version: int | str,
    progress: Progress | None,
    verify: bool,
) -> Upload:
    """Send a file or folder by the way that can take it, and check the answer."""
    version = calls.check_cid_version(cid_version)
    name = check_name(name or what.name)
    checked = check_keyvalues(keyvalues)
    reason = _not_v3(what, checked)
    if reason and network == "private":
        raise InputError(
            f"{what.name!r} cannot be uploaded privately: {reason}, and only v3's single request is private",
            hint='upload it with network="public", or in smaller files with text key-values',
        )
    if reason:
        fields = calls.older_fields(name, keyvalues, version, group_id)
        make = calls.pin_file
    else:
        fields = calls.v3_fields(network, name, checked, version, group_id)
        make = calls.upload_file
    sending, call = await send(wire, what, call=make, fields=fields, cid_version=version, progress=progress)
    if sending.total is None or sending.total > calls.V3_LIMIT:
        await wire.send(account.test())  # a wrong credential is told before gigabytes go out
    return _checked(await wire.send(call), sending.root, verify)


def _checked(answer: Upload, root: Root | None, verify: bool) -> Upload:
    assert root is not None, "an upload is answered after its last byte"
    if verify:
        check(root, answer.cid)
    return msgspec.structs.replace(answer, size=root.size)


def _not_v3(what: Source | Folder, keyvalues: dict[str, Any]) -> str | None:
    """Why v3 cannot take this in one request, if it cannot."""
    if isinstance(what, Folder):
        return "it is a folder"
    if what.size is None or what.size > calls.V3_LIMIT:
        return f"it has more than {calls.V3_LIMIT:,} bytes" if what.size else "its size is not known"
    if not all(isinstance(value, str) for value in keyvalues.values()):
        return "it has key-values that are not text"
    return None


async def upload_json(
    wire: Wire,
    value: Any,
    *,
    name: str | None,
    keyvalues: Keyvalues | None,
    group_id: str | None,
    cid_version: int | str,
    verify: bool,
) -> Upload:
    """Send a JSON value, and check the answer."""
    call = calls.pin_json(value, name=name, keyvalues=keyvalues, cid_version=cid_version, group_id=group_id)
    return _checked(await wire.send(call), json_root(value, cid_version), verify)


def json_root(value: Any, cid_version: int | str) -> Root:
    """The root of a JSON value as the service stores it."""
    return build_file([stringify(value)], Profile.for_version(int(cid_version)))

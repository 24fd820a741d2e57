"""The eleven functions: Pinata's older API as plain calls.

`cred` is a JWT, as the text; a mapping or pair with API key and secret will do too. Each
function gives a `Response`, whatever its status, and prints nothing. They ask Pinata, or
whatever ``PINATA_ENDPOINT_URL`` names.

Wrong input raises before anything is sent; no answer at all raises `Unreachable`; an upload
stored under another CID than its bytes have raises `CIDMismatch`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from pinatakit.client import uploads
from pinatakit.client._now import run_now
from pinatakit.client._wire import Blocking
from pinatakit.content import CID, Profile, Root
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol import Answer, Call, Permissions, nothing
from pinatakit.protocol import account as account_calls
from pinatakit.protocol import keys as key_calls
from pinatakit.protocol import pins as pin_calls
from pinatakit.protocol import uploads as upload_calls
from pinatakit.protocol.metadata import Keyvalues, check_name
from pinatakit.protocol.permissions import ENDPOINTS
from pinatakit.settings import Settings
from pinatakit.sources import Folder, Source, explained, gather, read_source

__all__ = [
    "Response",
    "edit_metadata",
    "generate_apikey",
    "get_datausage",
    "get_pinned_files",
    "get_pinned_jobs",
    "list_apikeys",
    "pin",
    "revoke_apikey",
    "unpin",
    "upload_file",
    "upload_jsonfile",
]

Cred: TypeAlias = str | tuple[str, str] | Mapping[str, str]
Paths: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class Response:
    """What the service answered.

    Attributes:
        status_code: the HTTP status.
        headers: names in lower case.
        content: the body's bytes.
    """

    def __init__(self, answer: Answer) -> None:
        self.status_code = answer.status
        self.headers = answer.headers
        self.content = answer.body
        self.url = answer.url

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


def generate_apikey(
    cred: Cred,
    key_name: str,
    pinlist: bool = False,
    userPinnedDataTotal: bool = False,  # noqa: N803  (the service's own words)
    hashMetadata: bool = True,  # noqa: N803
    hashPinPolicy: bool = False,  # noqa: N803
    pinByHash: bool = True,  # noqa: N803
    pinFileToIPFS: bool = True,  # noqa: N803
    pinJSONToIPFS: bool = True,  # noqa: N803
    pinJobs: bool = True,  # noqa: N803
    unpin: bool = True,
    userPinPolicy: bool = True,  # noqa: N803
) -> Response:
    """Make an API key. Takes an admin key.

    Args:
        cred: the credential that asks.
        key_name: what the new key is called.
        pinlist: it may list pins (`get_pinned_files`).
        userPinnedDataTotal: it may ask for totals (`get_datausage`).
        hashMetadata: it may change metadata (`edit_metadata`).
        hashPinPolicy: a right whose endpoint Pinata removed in 2022.
        pinByHash: it may pin by CID (`pin`).
        pinFileToIPFS: it may upload files (`upload_file`).
        pinJSONToIPFS: it may upload JSON (`upload_jsonfile`).
        pinJobs: it may list the queue (`get_pinned_jobs`).
        unpin: it may unpin (`unpin`).
        userPinPolicy: a right whose endpoint Pinata removed in 2022.

    Returns:
        200 and ``{"pinata_api_key", "pinata_api_secret", "JWT"}``: the public key, its secret
        and the JWT of both. Secret and JWT are told now and never again.
    """
    rights = {
        "pinList": pinlist,
        "userPinnedDataTotal": userPinnedDataTotal,
        "hashMetadata": hashMetadata,
        "hashPinPolicy": hashPinPolicy,
        "pinByHash": pinByHash,
        "pinFileToIPFS": pinFileToIPFS,
        "pinJSONToIPFS": pinJSONToIPFS,
        "pinJobs": pinJobs,
        "unpin": unpin,
        "userPinPolicy": userPinPolicy,
    }
    allowed = Permissions(endpoints=[name for name in ENDPOINTS if rights[name]])
    return _ask(cred, key_calls.create_older_key(key_name, allowed))


def list_apikeys(cred: Cred) -> Response:
    """List the account's API keys, the revoked ones too. Takes an admin key.

    Returns:
        200 and ``{"keys": [{"id", "name", "key", "secret", "max_uses", "uses", "user_id",
        "scopes", "revoked", "createdAt", "updatedAt"}], "count"}``; ``secret`` is enciphered,
        ``max_uses`` null where there is no limit, times are ISO 8601 in UTC.
    """
    return _ask(cred, key_calls.list_older_keys())


def revoke_apikey(cred: Cred, revoke_apikey: str) -> Response:
    """Revoke an API key. Takes an admin key.

    Args:
        cred: the credential that asks.
        revoke_apikey: the public key, or the JWT of the key.

    Returns:
        200 and the JSON text ``"Revoked"``, also for a key that there is not.
    """
    return _ask(cred, key_calls.revoke_older_key(revoke_apikey))


def upload_file(
    cred: Cred,
    name: str,
    fpaths: Paths,
    metadata: Keyvalues | None,
    cid_version: int | str = "1",
    directory: bool = False,
) -> Response:
    """Upload a file, or a folder, and pin it. Read in pieces, so its size does not matter.

    Args:
        cred: the credential that asks.
        name: what the pin is called in lists, and what a folder of several files is called.
        fpaths: a path, or a list of paths.
        metadata: at most 10 key-values: text, numbers, true or false, dates.
        cid_version: 0 or 1, as a number or text. 0 makes ``Qm…``, 1 ``bafy…`` or ``bafk…``.
        directory: upload a folder with all that is in it (hidden files are left out), or
            several files as one folder.

    Returns:
        200 and ``{"IpfsHash", "PinSize", "Timestamp", …}``: the CID, the bytes of all blocks,
        and when it was pinned, ISO 8601 in UTC; with ``"isDuplicate": true`` where it was
        pinned before, which is then the time told.

    Raises:
        ValueError: several files without `directory`, no path at all, a folder without
            `directory`, metadata or a version that cannot be.
        CIDMismatch: the service stored something else.
    """
    check_name(name)
    what = _what(fpaths, name, directory)
    version = upload_calls.check_cid_version(cid_version)
    fields = upload_calls.older_fields(name, metadata, version, None)
    wire = _wire(cred)
    try:
        sending, call = run_now(
            uploads.send(
                wire,
                what,
                call=upload_calls.pin_file,
                fields=fields,
                profile=Profile.for_version(version),
                progress=None,
            )
        )
        answer = run_now(wire.ask(call))
        _check(answer, sending.root)
        return Response(answer)
    finally:
        wire.close()


def upload_jsonfile(
    cred: Cred,
    name: str,
    fpaths: Paths,
    metadata: Keyvalues | None,
    cid_version: int | str,
    directory: bool = False,
) -> Response:
    """Pin the value that a JSON file holds; Pinata stores it compact, as JavaScript prints it.

    Args:
        cred: the credential that asks.
        name: what the pin is called in lists.
        fpaths: the path of the file, or a list of one path.
        metadata: at most 10 key-values: text, numbers, true or false, dates.
        cid_version: 0 or 1, as a number or text.
        directory: must be false; a folder of JSON files goes with `upload_file`.

    Returns:
        200 and ``{"IpfsHash", "PinSize", "Timestamp", …}``, as of `upload_file`.

    Raises:
        ValueError: it is not JSON (file, line and column are told), JavaScript cannot hold it
            without loss, or it is not one file.
        CIDMismatch: the service stored something else.
    """
    if directory:
        raise InputError(
            "upload_jsonfile takes one file", hint="upload_file(…, directory=True) takes folders"
        )
    what = read_source(fpaths[0] if isinstance(fpaths, list) and len(fpaths) == 1 else fpaths)  # pyright: ignore[reportArgumentType]
    if isinstance(what, Folder) or not what.path:
        raise InputError("upload_jsonfile takes the path of one file", hint="call it for each file")
    try:
        with explained(what.path):
            value = json.loads(what.path.read_bytes(), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{str(what.path)!r} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            hint="mend the file; nothing was sent",
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{str(what.path)!r} is not JSON: {error}", hint="mend the file; nothing was sent"
        ) from None
    version = upload_calls.check_cid_version(cid_version)
    call = upload_calls.pin_json(value, name=name, keyvalues=metadata, cid_version=version, group_id=None)
    response = _ask(cred, call)
    if response.ok:
        _compare(response.content, uploads.json_root(value, version))
    return response


def pin(cred: Cred, cid: str, fn: str | None = None, pinataMetadata: Keyvalues | None = None) -> Response:  # noqa: N803
    """Ask the service to fetch and pin content that is on IPFS already.

    Args:
        cred: the credential that asks.
        cid: the root to pin.
        fn: what the pin is called in lists.
        pinataMetadata: at most 10 key-values.

    Returns:
        200 and ``{"id", "ipfsHash", "status", "name"}``; `get_pinned_jobs` tells how far it is.

    Raises:
        ValueError: `cid` is no CID.
    """
    return _ask(cred, pin_calls.pin_by_hash(CID.parse(cid), name=fn, keyvalues=pinataMetadata))


def unpin(cred: Cred, cid: str) -> Response:
    """Unpin content: the service no longer promises to keep it.

    Returns:
        200 and the text ``OK``; 500 when the CID is not pinned (Pinata itself answered 400
        with ``CURRENT_USER_HAS_NOT_PINNED_CID`` in later years).

    Raises:
        ValueError: `cid` is no CID.
    """
    return _ask(cred, pin_calls.unpin(CID.parse(cid)))


def edit_metadata(cred: Cred, cid: str, name: str, metadata: Keyvalues | None = None) -> Response:
    """Change the name and key-values of a pin.

    Args:
        cred: the credential that asks.
        cid: the pinned root.
        name: its new name.
        metadata: key-values to merge into those there are; `None` as a value takes its key
            away. At most 10 are left.

    Returns:
        200 and the text ``OK``; 500 when the CID is not pinned.

    Raises:
        ValueError: `cid` is no CID, or a key-value cannot be.
    """
    return _ask(cred, pin_calls.hash_metadata(CID.parse(cid), name=name, keyvalues=metadata))


def get_pinned_jobs(cred: Cred, params: Mapping[str, Any] | None = None) -> Response:
    """List the queue of CIDs that wait to be fetched and pinned.

    Args:
        cred: the credential that asks.
        params: filters, by these names.

            - ``sort``: ``ASC`` or ``DESC``, by the date queued.
            - ``status``: ``prechecking``, ``searching``, ``retrieving``, ``expired`` (not found
              within a day), ``over_free_limit``, ``over_max_size``, ``invalid_object``,
              ``bad_host_node`` or ``backfilled`` (250 others come first).
            - ``ipfs_pin_hash``: the jobs of this CID.
            - ``limit``: 1 to 1,000 rows; 5 unless told. ``offset``: rows to pass over.

    Returns:
        200 and ``{"count", "rows": [{"id", "ipfs_pin_hash", "date_queued", "name", "status",
        "keyvalues", "host_nodes", "pin_policy"}]}``.
    """
    return _list(cred, "/pinning/pinJobs", params, ("sort", "status", "ipfs_pin_hash", "limit", "offset"))


def get_pinned_files(cred: Cred, params: Mapping[str, Any] | None = None) -> Response:
    """List what is and was pinned, newest first.

    Args:
        cred: the credential that asks.
        params: filters, by these names.

            - ``hashContains``: letters that the CID has in it. ``cid``: the whole CID.
            - ``pinStart``, ``pinEnd``, ``unpinStart``, ``unpinEnd``: ISO 8601; pinned (or
              unpinned) not before, or not after.
            - ``pinSizeMin``, ``pinSizeMax``: bytes of all blocks.
            - ``status``: ``all`` (as unless told), ``pinned`` or ``unpinned``.
            - ``pageLimit``: 1 to 1,000 rows; 10 unless told. ``pageOffset``: rows to pass over.
            - ``groupId``: the pins of this group.
            - ``metadata[name]``: letters that the name has in it.
            - ``metadata[keyvalues]``: ``{key: {"value": …, "op": …, "secondValue": …}}``, as a
              mapping or JSON text; `op` is one of eq, ne, gt, gte, lt, lte, between,
              notBetween (these two take secondValue), like, notLike, iLike, notILike
              (``%`` stands for any letters), regexp, iRegexp. All must hold.
            - ``metadata``: ``{"name": …, "keyvalues": {…}}``, both of them at once.
            - ``includeCount``: ``False`` leaves the count away, which is faster.

    Returns:
        200 and ``{"count", "rows": [{"id", "ipfs_pin_hash", "size", "user_id", "date_pinned",
        "date_unpinned", "metadata": {"name", "keyvalues"}, "regions", "mime_type",
        "number_of_files"}]}``; ``size`` is bytes of all blocks, ``date_unpinned`` null while
        it is pinned.
    """
    known = (
        "hashContains",
        "cid",
        "pinStart",
        "pinEnd",
        "unpinStart",
        "unpinEnd",
        "pinSizeMin",
        "pinSizeMax",
        "status",
        "pageLimit",
        "pageOffset",
        "groupId",
        "metadata",
        "metadata[name]",
        "metadata[keyvalues]",
        "includeCount",
    )
    return _list(cred, "/data/pinList", params, known)


def get_datausage(cred: Cred, params: Mapping[str, Any] | None = None) -> Response:
    """Ask how much is pinned.

    Args:
        cred: the credential that asks.
        params: the service knows none.

    Returns:
        200 and ``{"pin_count", "pin_size_total", "pin_size_with_replications_total"}``: pins,
        bytes of their blocks, and the same with each copy counted.
    """
    return _list(cred, account_calls.usage().path, params, ())


def _wire(cred: Cred) -> Blocking:
    match cred:
        case str():
            settings = Settings.read(jwt=cred)
        case (str(key), str(secret)):
            settings = Settings.read(api_key=key, api_secret=secret)
        case {"JWT": str(jwt)}:
            settings = Settings.read(jwt=jwt)
        case {"pinata_api_key": str(key), "pinata_api_secret": str(secret)}:
            settings = Settings.read(api_key=key, api_secret=secret)
        case _:
            raise InputError(
                f"a credential is a JWT, not {type(cred).__name__}",
                hint="give the JWT's text, or what generate_apikey() answered",
            )
    return Blocking(settings)


def _ask(cred: Cred, call: Call[Any]) -> Response:
    wire = _wire(cred)
    try:
        return Response(run_now(wire.ask(call)))
    finally:
        wire.close()


def _list(cred: Cred, path: str, params: Mapping[str, Any] | None, known: Iterable[str]) -> Response:
    query: dict[str, str | int | bool | None] = {}
    for name, value in (params or {}).items():
        if name not in known and not name.startswith("metadata[keyvalues]["):
            names = ", ".join(known) or "none"
            raise InputError(f"unknown filter {name!r}", hint=f"filters here: {names}")
        query[name] = msgspec.json.encode(value).decode() if isinstance(value, Mapping) else value
    return _ask(cred, Call("GET", path, nothing, query))


def _what(fpaths: Paths, name: str, directory: bool) -> Source | Folder:
    if isinstance(fpaths, str | os.PathLike):
        what = read_source(fpaths)
        if isinstance(what, Folder) and not directory:
            raise InputError(f"{os.fspath(fpaths)!r} is a folder", hint="upload it with directory=True")
        return gather([fpaths], name) if isinstance(what, Source) and directory else what
    try:
        paths = [Path(path) for path in fpaths]
    except TypeError:
        raise InputError(f"{fpaths!r} names no file", hint="give a path, or a list of paths") from None
    if not paths:
        raise InputError("the list of paths is empty", hint="give at least one path")
    if len(paths) == 1:
        return _what(paths[0], name, directory)
    if not directory:
        raise InputError(
            f"{len(paths)} files without directory=True",
            hint="upload them one by one, or with directory=True as one folder",
        )
    return gather(paths, name)


def _check(answer: Answer, root: Root | None) -> None:
    if answer.ok and root:
        _compare(answer.body, root)


def _compare(body: bytes, root: Root) -> None:
    try:
        got = CID.parse(json.loads(body)["IpfsHash"])
    except (ValueError, KeyError, TypeError):
        raise PinataError(
            "the service answered the upload without a CID", hint="check the endpoint"
        ) from None
    uploads.check(root, got)


def _no_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which JSON cannot hold")

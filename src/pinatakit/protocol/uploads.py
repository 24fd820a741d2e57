"""Uploads: the three ways bytes come in, and what each answers.

- ``POST /v3/files``: one file, public or private, up to 100 MB in one request.
- ``POST /pinning/pinFileToIPFS``: one file or one folder, public, up to 25 GB.
- ``POST /pinning/pinJSONToIPFS``: a JSON value, public, up to 10 MB.

A file also goes in chunks (see `tus`).

Source: Pinata API v3, "Upload a file"; older API, "Pin file to IPFS", "Pin JSON to IPFS".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Body, Call, Network, as_json, reads_data, reads_json
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id, pending
from pinatakit.protocol.metadata import Keyvalues
from pinatakit.protocol.pins import metadata
from pinatakit.protocol.stringify import stringify
from pinatakit.protocol.times import micros, millis, unix

MB: Final = 1_000_000
V3_LIMIT: Final = 100 * MB
"""Bytes of content that v3 takes in one request (documentation, "Limits", read 2026-06)."""
JSON_LIMIT: Final = 10 * MB
"""Bytes of body that pinJSONToIPFS takes."""
UNIXFS_2025: Final = "unixfs-v1-2025"
"""The CID version that v3 knows besides 0 and 1."""


class Upload(Record, frozen=True, kw_only=True):
    """What an upload has become.

    Attributes:
        cid: the root the service has stored; it was checked against the bytes sent.
        id: its record's UUID, or `None` where the older API does not tell it.
        size: bytes of content; `dag_size` bytes of all blocks, which only the older API tells.
        is_duplicate: it was there already; id, name and time are of that earlier upload.
        created_at: aware, UTC.
    """

    cid: CID
    id: str | None = None
    name: str | None = None
    size: int = 0
    dag_size: int | None = None
    number_of_files: int = 1
    mime_type: str | None = None
    group_id: str | None = None
    keyvalues: dict[str, Any] | None = None
    network: Network = "public"
    created_at: datetime | None = None
    is_duplicate: bool = False

    @classmethod
    def from_v3(cls, data: Any) -> Upload:
        """Read one as v3 writes it."""
        if pending(data):
            raise InputError(
                f"the service has not computed the CID of {data.get('id')} yet", hint="ask files.get()"
            )
        return record(data, cls)

    @classmethod
    def from_older(cls, data: dict[str, Any]) -> Upload:
        """Read one as the older API writes it, which does not tell the bytes of content."""
        names = {
            "IpfsHash": "cid",
            "PinSize": "dag_size",
            "Timestamp": "created_at",
            "isDuplicate": "is_duplicate",
            "ID": "id",
            "Name": "name",
            "NumberOfFiles": "number_of_files",
            "MimeType": "mime_type",
            "GroupId": "group_id",
            "Keyvalues": "keyvalues",
        }
        return record({names.get(key, key): value for key, value in data.items()}, cls)

    def to_v3(self, *, user_id: str) -> dict[str, Any]:
        """Write one as v3 does."""
        assert self.created_at
        return {
            "id": self.id,
            "user_id": user_id,
            "group_id": self.group_id,
            "name": self.name,
            "cid": str(self.cid),
            "created_at": micros(self.created_at),
            "size": self.size,
            "number_of_files": self.number_of_files,
            "mime_type": self.mime_type,
            "keyvalues": self.keyvalues or {},
            "vectorized": False,
            "network": self.network,
            **({"is_duplicate": True} if self.is_duplicate else {}),
        }

    def to_older(self) -> dict[str, Any]:
        """Write one as the older API does."""
        assert self.created_at
        return {
            "IpfsHash": str(self.cid),
            "PinSize": self.dag_size,
            "Timestamp": millis(self.created_at),
            "ID": self.id,
            "Name": self.name,
            "NumberOfFiles": self.number_of_files,
            "MimeType": self.mime_type,
            "GroupId": self.group_id,
            "Keyvalues": self.keyvalues or None,
            **({"isDuplicate": True} if self.is_duplicate else {}),
        }


def older_fields(
    name: str | None,
    keyvalues: Keyvalues | None,
    cid_version: int | str,
    group_id: str | None,
    *,
    wrap: bool = False,
) -> dict[str, str]:
    """The form fields of ``pinFileToIPFS`` besides its files."""
    options: dict[str, Any] = {"cidVersion": check_cid_version(cid_version)}
    if group_id is not None:
        options["groupId"] = check_id(group_id, "a group")
    if wrap:
        options["wrapWithDirectory"] = True
    return {
        "pinataOptions": as_json(options).decode(),
        "pinataMetadata": as_json(metadata(name, keyvalues)).decode(),
    }


def v3_fields(
    network: Network,
    name: str | None,
    keyvalues: dict[str, str],
    cid_version: int | str,
    group_id: str | None,
    *,
    expires_at: datetime | None = None,
    streamable: bool = False,
    car: bool = False,
) -> dict[str, str]:
    """The form fields of ``POST /v3/files`` besides its file; a CAR has its CID version already."""
    fields = {"network": network, **({"car": "true"} if car else {"cid_version": profile_name(cid_version)})}
    if name is not None:
        fields["name"] = name
    if keyvalues:
        fields["keyvalues"] = as_json(keyvalues).decode()
    if group_id is not None:
        fields["group_id"] = check_id(group_id, "a group")
    if expires_at is not None:
        fields["expires_at"] = str(unix(expires_at, "expires_at"))
    if streamable:
        fields["streamable"] = "true"
    return fields


def upload_file(body: Body, headers: dict[str, str], url: str | None = None) -> Call[Upload]:
    """``POST /v3/files``, or ``POST /v3/files/{upload_id}`` where that is presigned."""
    read = reads_data(Upload.from_v3)
    if url:
        return Call("POST", url, read, body=body, headers=headers, host="signed")
    return Call("POST", "/v3/files", read, body=body, headers=headers, host="uploads")


def pin_file(body: Body, headers: dict[str, str]) -> Call[Upload]:
    """``POST /pinning/pinFileToIPFS``."""
    return Call("POST", "/pinning/pinFileToIPFS", reads_json(Upload.from_older), body=body, headers=headers)


def pin_json(
    value: Any, *, name: str | None, keyvalues: Keyvalues | None, cid_version: int | str, group_id: str | None
) -> Call[Upload]:
    """``POST /pinning/pinJSONToIPFS``."""
    options: dict[str, Any] = {"cidVersion": check_cid_version(cid_version)}
    if group_id is not None:
        options["groupId"] = check_id(group_id, "a group")
    about = {"pinataMetadata": metadata(name, keyvalues), "pinataOptions": options}
    body = as_json({"pinataContent": msgspec.Raw(stringify(value)), **about})
    if len(body) > JSON_LIMIT:
        raise InputError(
            f"the JSON has {len(body):,} bytes; pinJSONToIPFS takes at most {JSON_LIMIT:,}",
            hint="upload it as a file",
        )
    return Call("POST", "/pinning/pinJSONToIPFS", reads_json(Upload.from_older), body=body, headers=JSON_TYPE)


def check_cid_version(version: object) -> int:
    """0 or 1, which may be given as text.

    Raises:
        InputError: it is neither.
    """
    if isinstance(version, bool) or version not in (0, 1, "0", "1"):
        raise InputError(f"cid_version is 0 or 1, not {version!r}")
    return 1 if version in (1, "1") else 0


def profile_name(version: object) -> str:
    """What v3 calls a CID version: ``v0``, ``v1``, or ``unixfs-v1-2025``, which only v3 knows.

    Raises:
        InputError: it is none of them.
    """
    if isinstance(version, str) and version in ("v0", "v1", UNIXFS_2025):
        return version
    try:
        return f"v{check_cid_version(version)}"
    except InputError:
        raise InputError(f"cid_version is 0, 1 or {UNIXFS_2025!r}, not {version!r}") from None

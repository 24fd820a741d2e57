"""Pins: the records of what is and was pinned, their filters, and the queue of what shall be.

Source: Pinata API, "Pinning" and "Data" (older API); v3, "Pin by CID".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, as_json, nothing, reads_data, reads_json
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.files import check_id
from pinatakit.protocol.metadata import Keyvalues, check_keyvalues, check_name
from pinatakit.protocol.shapes import as_object
from pinatakit.protocol.times import micros, millis
from pinatakit.protocol.where import Where

Status: TypeAlias = Literal["all", "pinned", "unpinned"]
STATUSES: Final = ("all", "pinned", "unpinned")

JOB_STATUSES: Final = (
    "prechecking",
    "searching",
    "retrieving",
    "expired",
    "over_free_limit",
    "over_max_size",
    "invalid_object",
    "bad_host_node",
    "backfilled",
)
FAILED: Final = ("expired", "over_free_limit", "over_max_size", "invalid_object", "bad_host_node")
"""Statuses of a job that has ended, and not well."""

MAX_HOST_NODES: Final = 5
QUEUE: Final = "/v3/files/public/pin_by_cid"


class Region(Record, frozen=True, kw_only=True):
    """How often a region keeps a pin, and how often it should."""

    region_id: str = msgspec.field(default="", name="regionId")
    current: int = msgspec.field(default=0, name="currentReplicationCount")
    desired: int = msgspec.field(default=0, name="desiredReplicationCount")

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "regionId": self.region_id,
            "currentReplicationCount": self.current,
            "desiredReplicationCount": self.desired,
        }


class Pin(Record, frozen=True, kw_only=True):
    """One time that content was pinned; pinned, unpinned and pinned again makes two.

    Attributes:
        cid: the root.
        size: bytes of all blocks below it.
        date_pinned: aware, UTC.
        date_unpinned: aware, UTC; `None` while it is pinned.
    """

    id: str
    cid: CID = msgspec.field(name="ipfs_pin_hash")
    size: int = 0
    user_id: str | None = None
    date_pinned: datetime | None = None
    date_unpinned: datetime | None = None
    name: str | None = None
    keyvalues: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    regions: tuple[Region, ...] = ()
    mime_type: str | None = None
    number_of_files: int = 1

    @classmethod
    def from_json(cls, data: Any) -> Pin:
        """Read one as the service writes it: name and key-values stand under ``metadata``."""
        metadata = as_object(data.get("metadata"))
        flat: dict[str, Any] = {"name": metadata.get("name"), "keyvalues": metadata.get("keyvalues") or {}}
        flat["regions"] = tuple(record(region, Region) for region in data.get("regions") or ())
        return record({**data, **flat}, cls, told={"metadata"})

    def to_json(self) -> dict[str, Any]:
        """Write one as the service does."""
        return {
            "id": self.id,
            "ipfs_pin_hash": str(self.cid),
            "size": self.size,
            "user_id": self.user_id,
            "date_pinned": millis(self.date_pinned) if self.date_pinned else None,
            "date_unpinned": millis(self.date_unpinned) if self.date_unpinned else None,
            "metadata": {"name": self.name, "keyvalues": self.keyvalues or None},
            "regions": [region.to_json() for region in self.regions],
            "mime_type": self.mime_type,
            "number_of_files": self.number_of_files,
        }


class PinJob(Record, frozen=True, kw_only=True):
    """A CID that waits to be fetched and pinned, or could not be.

    Attributes:
        status: one of `JOB_STATUSES`: ``prechecking``, ``searching`` and ``retrieving`` follow
            each other, ``backfilled`` waits until fewer than 250 others do, and the rest are
            the ways to fail. One that is pinned is a job no more.
        reason: why it is not further, in words, where the service tells.
    """

    id: str
    cid: CID = msgspec.field(name="ipfs_pin_hash")
    date_queued: datetime | None = None
    name: str | None = None
    status: str = ""
    keyvalues: dict[str, Any] | None = None
    host_nodes: list[str] | None = None
    group_id: str | None = None
    reason: str | None = None
    pin_policy: dict[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether the service has given it up."""
        return self.status in FAILED

    @classmethod
    def from_v3(cls, data: Any) -> PinJob:
        """Read one as v3 writes it."""
        return record({"ipfs_pin_hash": data.get("cid"), **data}, cls, told={"cid"})

    @classmethod
    def from_older_answer(cls, data: Any) -> PinJob:
        """Read what the older API answers to a request to pin."""
        return record({**data, "ipfs_pin_hash": data.get("ipfsHash")}, cls, told={"ipfsHash"})

    def to_v3(self) -> dict[str, Any]:
        """Write one as v3 does."""
        return {
            "id": self.id,
            "cid": str(self.cid),
            "name": self.name,
            "status": self.status,
            "keyvalues": self.keyvalues,
            "host_nodes": self.host_nodes,
            "group_id": self.group_id,
            "date_queued": micros(self.date_queued) if self.date_queued else None,
            **({"reason": self.reason} if self.reason else {}),  # no field of Pinata's
        }

    def to_json(self) -> dict[str, Any]:
        """Write one as the older API does."""
        return {
            "id": self.id,
            "ipfs_pin_hash": str(self.cid),
            "date_queued": millis(self.date_queued) if self.date_queued else None,
            "name": self.name,
            "status": self.status,
            "keyvalues": self.keyvalues,
            "host_nodes": self.host_nodes,
            "pin_policy": self.pin_policy,
        }


class Pins(NamedTuple):
    """Some pins, and how many there are in all, where that was asked."""

    rows: list[Pin]
    total: int | None


def list_pins(
    *,
    cid: CID | None = None,
    cid_contains: str | None = None,
    name: str | None = None,
    where: Iterable[Where] = (),
    status: Status = "pinned",
    pinned_after: datetime | None = None,
    pinned_before: datetime | None = None,
    unpinned_after: datetime | None = None,
    unpinned_before: datetime | None = None,
    min_size: int | None = None,
    max_size: int | None = None,
    group_id: str | None = None,
    count: bool = False,
    limit: int | None = None,
    offset: int | None = None,
) -> Call[Pins]:
    """``GET /data/pinList``."""
    if status not in STATUSES:
        raise InputError(f"status is one of {', '.join(STATUSES)}, not {status!r}")
    conditions: dict[str, Any] = {}
    for one in where:
        if one.key in conditions:
            raise InputError(
                f"two conditions on the key-value {one.key!r}; the service takes one for each",
                hint="use between(), or filter the rest yourself",
            )
        conditions[one.key] = one.to_json()
    query: dict[str, str | int | bool | None] = {
        "cid": str(cid) if cid else None,
        "hashContains": cid_contains,
        "metadata[name]": name,
        "metadata[keyvalues]": as_json(conditions).decode() if conditions else None,
        "status": status,
        "pinStart": _moment(pinned_after),
        "pinEnd": _moment(pinned_before),
        "unpinStart": _moment(unpinned_after),
        "unpinEnd": _moment(unpinned_before),
        "pinSizeMin": min_size,
        "pinSizeMax": max_size,
        "groupId": group_id,
        "includeCount": count,
        "pageLimit": limit,
        "pageOffset": offset,
    }

    def pins(data: Any) -> Pins:
        return Pins([Pin.from_json(row) for row in data.get("rows") or ()], data.get("count"))

    return Call("GET", "/data/pinList", reads_json(pins), query)


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return millis(moment)


class PinJobs(NamedTuple):
    """Some jobs of the queue, and how many there are in all."""

    rows: list[PinJob]
    total: int


def list_jobs(
    *,
    sort: Literal["ASC", "DESC"] | None = None,
    status: str | None = None,
    cid: CID | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> Call[PinJobs]:
    """``GET /pinning/pinJobs``."""
    query: dict[str, str | int | bool | None] = {
        "sort": sort,
        "status": _job_status(status),
        "ipfs_pin_hash": str(cid) if cid else None,
        "limit": limit,
        "offset": offset,
    }

    def jobs(data: Any) -> PinJobs:
        rows = [record(row, PinJob) for row in data.get("rows") or ()]
        return PinJobs(rows, int(data.get("count") or 0))

    return Call("GET", "/pinning/pinJobs", reads_json(jobs), query)


def pin_by_hash(
    cid: CID,
    *,
    name: str | None,
    keyvalues: Keyvalues | None,
    host_nodes: Sequence[str] = (),
    group_id: str | None = None,
) -> Call[PinJob]:
    """``POST /pinning/pinByHash``."""
    body: dict[str, Any] = {"hashToPin": str(cid), "pinataMetadata": metadata(name, keyvalues)}
    options: dict[str, Any] = {}
    if host_nodes:
        options["hostNodes"] = check_host_nodes(host_nodes)
    if group_id is not None:
        options["groupId"] = group_id
    if options:
        body["pinataOptions"] = options
    return Call(
        "POST",
        "/pinning/pinByHash",
        reads_json(PinJob.from_older_answer),
        body=as_json(body),
        headers=JSON_TYPE,
        repeatable=False,
    )


def _job_status(status: str | None) -> str | None:
    if status is not None and status not in JOB_STATUSES:
        raise InputError(f"a job's status is one of {', '.join(JOB_STATUSES)}, not {status!r}")
    return status


def check_host_nodes(host_nodes: Sequence[object]) -> list[str]:
    """The host nodes, if the service takes them.

    Raises:
        InputError: they are more than 5, or no list of text.
    """
    nodes = [node for node in host_nodes if isinstance(node, str)]
    if isinstance(host_nodes, str) or len(nodes) < len(host_nodes):
        raise InputError(f"host nodes are a list of multiaddrs, not {host_nodes!r}")
    if len(host_nodes) > MAX_HOST_NODES:
        raise InputError(f"{len(host_nodes)} host nodes; Pinata takes at most {MAX_HOST_NODES}")
    return nodes


def pin_by_cid(
    cid: CID,
    *,
    name: str | None,
    keyvalues: Keyvalues | None,
    host_nodes: Sequence[str] = (),
    group_id: str | None = None,
) -> Call[PinJob]:
    """``POST /v3/files/public/pin_by_cid``."""
    body: dict[str, Any] = {"cid": str(cid)}
    if name is not None:
        body["name"] = check_name(name)
    if checked := check_keyvalues(keyvalues, text_only=True):
        body["keyvalues"] = checked
    if host_nodes:
        body["host_nodes"] = check_host_nodes(host_nodes)
    if group_id is not None:
        body["group_id"] = group_id
    return Call(
        "POST",
        QUEUE,
        reads_data(PinJob.from_v3),
        body=as_json(body),
        headers=JSON_TYPE,
        repeatable=False,
    )


class Queue(NamedTuple):
    """Some jobs of the queue, and where the next ones start, or `None`."""

    jobs: list[PinJob]
    next_page_token: str | None


def list_queue(
    *,
    order: Literal["ASC", "DESC"] | None = None,
    status: str | None = None,
    cid: CID | None = None,
    limit: int | None = None,
    page_token: str | None = None,
) -> Call[Queue]:
    """``GET /v3/files/public/pin_by_cid``."""
    query: dict[str, str | int | bool | None] = {
        "order": order,
        "status": _job_status(status),
        "cid": str(cid) if cid else None,
        "limit": limit,
        "pageToken": page_token,
    }

    def queue(data: Any) -> Queue:
        jobs = [PinJob.from_v3(job) for job in data.get("jobs") or ()]
        return Queue(jobs, data.get("next_page_token") or None)

    return Call("GET", QUEUE, reads_data(queue), query)


def cancel(id: str) -> Call[None]:
    """``DELETE /v3/files/public/pin_by_cid/{id}``."""
    return Call("DELETE", f"{QUEUE}/{check_id(id)}", nothing)


def metadata(name: str | None, keyvalues: Keyvalues | None) -> dict[str, Any]:
    """Name and key-values as the older API takes them."""
    body: dict[str, Any] = {}
    if name is not None:
        body["name"] = check_name(name)
    if checked := check_keyvalues(keyvalues):
        body["keyvalues"] = checked
    return body


def hash_metadata(cid: CID, *, name: str | None, keyvalues: Keyvalues | None) -> Call[None]:
    """``PUT /pinning/hashMetadata``."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = check_name(name)
    if keyvalues is not None:
        changes["keyvalues"] = check_keyvalues(keyvalues, removing=True)
    if not changes:
        raise InputError("nothing to change", hint="give name=… or keyvalues=…")
    body = as_json({"ipfsPinHash": str(cid), **changes})
    return Call("PUT", "/pinning/hashMetadata", nothing, body=body, headers=JSON_TYPE)


def unpin(cid: CID) -> Call[None]:
    """``DELETE /pinning/unpin/{cid}``."""
    return Call("DELETE", f"/pinning/unpin/{cid}", nothing)

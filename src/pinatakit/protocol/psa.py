"""PSA: the IPFS Pinning Service API, which Pinata and others speak.

Pinata speaks it under ``/psa``. Where it answers otherwise than the specification says (200
for 202, ``OK`` for no body, all results whatever the limit), both are read.

Source: IPFS Pinning Service API 1.0.0, ipfs.github.io/pinning-services-api-spec.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast
from urllib.parse import quote

import msgspec

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.protocol._call import JSON_TYPE, Call, as_json, nothing, reads_json
from pinatakit.protocol._record import Record, record
from pinatakit.protocol.metadata import check_name
from pinatakit.protocol.pins import FAILED
from pinatakit.protocol.shapes import as_object, is_object, is_text
from pinatakit.protocol.times import micros

Status: TypeAlias = Literal["queued", "pinning", "pinned", "failed"]
Match: TypeAlias = Literal["exact", "iexact", "partial", "ipartial"]
STATUSES: Final = ("queued", "pinning", "pinned", "failed")
MATCHES: Final = ("exact", "iexact", "partial", "ipartial")
MAX_NAME: Final = 255
MAX_ORIGINS: Final = 20
MAX_CIDS: Final = 10
MAX_LIMIT: Final = 1000


class PinObject(Record, frozen=True, kw_only=True):
    """What shall be pinned.

    Attributes:
        name: what it is called, 255 letters at most.
        origins: multiaddrs of nodes that have it, 20 at most.
        meta: more about it, text by text.
    """

    cid: CID
    name: str | None = None
    origins: list[str] = msgspec.field(default_factory=list[str])
    meta: dict[str, str] = msgspec.field(default_factory=dict[str, str])

    @classmethod
    def of(
        cls, cid: CID, name: str | None, origins: Sequence[str] = (), meta: Mapping[str, str] | None = None
    ) -> PinObject:
        """One whose parts are within the bounds of the specification.

        Raises:
            InputError: one of them is not.
        """
        if len(check_name(name) or "") > MAX_NAME:
            raise InputError(f"the name has {len(name or '')} letters; at most {MAX_NAME} are taken")
        if isinstance(origins, str) or not all(is_text(origin) for origin in origins):
            raise InputError(f"origins are a list of multiaddrs, not {origins!r}")
        if len(origins) > MAX_ORIGINS:
            raise InputError(f"{len(origins)} origins; at most {MAX_ORIGINS} are taken")
        return cls(cid=cid, name=name, origins=list(origins), meta=check_meta(meta))

    def to_json(self) -> dict[str, Any]:
        """Write one as the specification says; what is not given is left out."""
        return {
            "cid": str(self.cid),
            **({"name": self.name} if self.name is not None else {}),
            "origins": self.origins,
            "meta": self.meta,
        }


class PinStatus(Record, frozen=True, kw_only=True):
    """A pin object, and how far it is.

    Attributes:
        requestid: its name at the service; the same CID pinned again has another.
        status: ``queued``, ``pinning``, ``pinned`` or ``failed``.
        created: when it was asked for: aware, UTC.
        delegates: multiaddrs of the service's nodes, to connect to.
        info: more that the service tells; ``status_details`` is why it is not further.
    """

    requestid: str
    status: str
    created: datetime
    pin: PinObject
    delegates: list[str] = msgspec.field(default_factory=list[str])
    info: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])

    @property
    def cid(self) -> CID:
        """What is pinned."""
        return self.pin.cid

    @classmethod
    def from_json(cls, data: Any) -> PinStatus:
        """Read one; what is ``null`` is as good as left out."""
        told = as_object(data)
        pin = {key: value for key, value in as_object(told.get("pin")).items() if value is not None}
        rest = {key: value for key, value in told.items() if value is not None}
        return record({**rest, "pin": record(pin, PinObject)}, cls)

    def to_json(self) -> dict[str, Any]:
        """Write one as the specification says."""
        return {
            "requestid": self.requestid,
            "status": self.status,
            "created": micros(self.created),
            "pin": self.pin.to_json(),
            "delegates": self.delegates,
            "info": self.info,
        }


class PinResults(NamedTuple):
    """Some pin objects, newest first, and how many match in all."""

    results: list[PinStatus]
    total: int


def status_of(job_status: str) -> str:
    """The status of a pin object whose job has this one, as recorded of Pinata."""
    if job_status == "pinned":
        return "pinned"
    if job_status == "retrieving":
        return "pinning"
    return "failed" if job_status in FAILED else "queued"


def check_meta(meta: object) -> dict[str, str]:
    """The metadata of a pin object, if it can be one's.

    Raises:
        InputError: it is no mapping of text to text.
    """
    if meta is None:
        return {}
    if not is_object(meta) or not all(isinstance(each, str) for pair in meta.items() for each in pair):
        raise InputError(f"meta is a mapping of text to text, not {meta!r}")
    return cast(dict[str, str], dict(meta))


def list_pins(
    *,
    cids: Sequence[CID] = (),
    name: str | None = None,
    match: str | None = None,
    statuses: Collection[str] = (),
    before: datetime | None = None,
    after: datetime | None = None,
    limit: int | None = None,
    meta: Mapping[str, str] | None = None,
) -> Call[PinResults]:
    """``GET /pins``."""
    if len(cids) > MAX_CIDS:
        raise InputError(f"{len(cids)} CIDs; at most {MAX_CIDS} can be asked for at once")
    if match is not None and match not in MATCHES:
        raise InputError(f"match is one of {', '.join(MATCHES)}, not {match!r}")
    if unknown := [status for status in statuses if status not in STATUSES]:
        raise InputError(f"a status is one of {', '.join(STATUSES)}, not {unknown[0]!r}")
    query: dict[str, str | int | bool | None] = {
        "cid": ",".join(str(cid) for cid in cids) or None,
        "name": name,
        "match": match,
        "status": ",".join(statuses) or None,
        "before": _moment(before),
        "after": _moment(after),
        "limit": limit,
        "meta": as_json(check_meta(meta)).decode() if meta else None,
    }

    def results(data: Any) -> PinResults:
        found = [PinStatus.from_json(one) for one in data.get("results") or ()]
        return PinResults(found, int(data.get("count") or 0))

    return Call("GET", "/pins", reads_json(results), query, host="psa")


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return micros(moment)


def add_pin(pin: PinObject) -> Call[PinStatus]:
    """``POST /pins``."""
    return _post("/pins", pin)


def get_pin(requestid: str) -> Call[PinStatus]:
    """``GET /pins/{requestid}``."""
    return Call("GET", _path(requestid), reads_json(PinStatus.from_json), host="psa")


def replace_pin(requestid: str, pin: PinObject) -> Call[PinStatus]:
    """``POST /pins/{requestid}``."""
    return _post(_path(requestid), pin)


def delete_pin(requestid: str) -> Call[None]:
    """``DELETE /pins/{requestid}``."""
    return Call("DELETE", _path(requestid), nothing, host="psa")


def _post(path: str, pin: PinObject) -> Call[PinStatus]:
    return Call(
        "POST",
        path,
        reads_json(PinStatus.from_json),
        body=as_json(pin.to_json()),
        headers=JSON_TYPE,
        host="psa",
        repeatable=False,
    )


def _path(requestid: str) -> str:
    """The path of a pin object, whose id is any text that its service has chosen."""
    if not is_text(requestid) or requestid in (".", ".."):
        raise InputError(f"{requestid!r} is not the requestid of a pin object", hint="list() gives them")
    return f"/pins/{quote(requestid, safe='')}"

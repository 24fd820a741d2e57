"""Forms: as what content is asked for, by ``format`` in the query or by ``Accept``.

Sources: specs.ipfs.tech/http-gateways, path gateway ("Accept", "format", "Content-Location") and
trustless gateway ("CAR format signaling in Request"); IPIP-0523 (the query counts more).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from pinatakit.content.multiformats import DAG_CBOR, DAG_JSON, JSON
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE
from pinatakit.server.refusal import Refusal

CBOR: Final = 0x51
TAR_TYPE: Final = "application/x-tar"
CODED: Final = {  # by form: its media type, and the codecs that are of that form as they are
    "dag-json": ("application/vnd.ipld.dag-json", (DAG_JSON,)),
    "dag-cbor": ("application/vnd.ipld.dag-cbor", (DAG_CBOR,)),
    "json": ("application/json", (JSON, DAG_JSON)),
    "cbor": ("application/cbor", (CBOR, DAG_CBOR)),
}
_RECORD: Final = "ipns-record"
_FORMS: Final = {
    RAW_TYPE: "raw",
    CAR_TYPE: "car",
    TAR_TYPE: "tar",
    f"application/vnd.ipfs.{_RECORD}": _RECORD,
} | {kind: form for form, (kind, _) in CODED.items()}
_OF_CAR: Final = {"version": ("1",), "order": ("dfs", "unk"), "dups": ("y", "n")}


class Form(NamedTuple):
    """What is asked for.

    Attributes:
        name: of the form; `None` is content as it is.
        dups: of a CAR, whether blocks come as often as they are linked.
        location: the query under which this form has an address of its own, where the address
            that was asked for leads to others as well.
    """

    name: str | None
    dups: bool = False
    location: str | None = None


def read_form(query: QueryParams, accept: str) -> Form:
    """The form that a request asks for.

    Raises:
        Refusal: it is not served, or the parameters of a CAR are not.
    """
    accepted = _accepted(accept)
    name = query.get("format") or (accepted[0][0] if accepted else None)
    if name is None:
        return Form(None)
    if name == _RECORD:
        raise Refusal(400, "ERR_FORMAT", "An IPNS record is of a name under /ipns/; this is content.")
    if name not in _FORMS.values():
        raise Refusal(
            406, "ERR_FORMAT", f"Format {name!r} is not served here; {', '.join(_FORMS.values())} are."
        )
    told = _parameters(query, accepted) if name == "car" else {}
    shown = {"format": name} | {f"car-{key}": value for key, value in told.items()}
    moved = any(query.get(key) != value for key, value in _as_query(accepted).items())
    kept = [(key, value) for key, value in query.multi_items() if key not in shown]
    location = urlencode([*kept, *shown.items()], quote_via=quote) if moved else None
    return Form(name, told.get("dups") == "y", location)


def _parameters(query: QueryParams, accepted: list[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """The parameters of a CAR: those of the query, else those of the first media type that can be served."""
    for key, known in _OF_CAR.items():
        if (given := query.get(f"car-{key}")) is not None and given not in known:
            raise Refusal(400, "ERR_FORMAT", f'"car-{key}" is {" or ".join(known)}, not {given!r}')
    kinds = [parameters for form, parameters in accepted if form == "car"]
    served = [
        kind for kind in kinds if all(kind.get(key, known[0]) in known for key, known in _OF_CAR.items())
    ]
    if kinds and not served and "format" not in query:
        raise Refusal(406, "ERR_FORMAT", "CARs are of version 1 here, in the order dfs, with dups y or n.")
    liked: Mapping[str, str] = served[0] if served else {}
    both = {key: query.get(f"car-{key}", liked.get(key)) for key in _OF_CAR}
    return {key: value for key, value in both.items() if value is not None}


def _as_query(accepted: list[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """What ``Accept`` likes best, as the query says it."""
    if not accepted:
        return {}
    form, parameters = accepted[0]
    return {"format": form} | {f"car-{key}": parameters[key] for key in _OF_CAR if key in parameters}


def _accepted(accept: str) -> list[tuple[str, Mapping[str, str]]]:
    """The forms that an ``Accept`` header names and their parameters, what it likes best first."""
    liked: list[tuple[float, str, Mapping[str, str]]] = []
    for part in accept.lower().split(","):
        kind, *texts = (piece.strip() for piece in part.split(";"))
        if form := _FORMS.get(kind):
            pairs = (text.partition("=") for text in texts)
            parameters = {key.strip(): value.strip() for key, _, value in pairs}
            try:
                quality = float(parameters.get("q", "1"))
            except ValueError:
                quality = 0.0
            liked.append((quality, form, parameters))
    liked.sort(key=lambda one: -one[0])
    return [(form, parameters) for quality, form, parameters in liked if quality > 0]

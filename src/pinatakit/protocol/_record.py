"""Record: a thing the service tells of, as an immutable value."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec

from pinatakit.content import CID
from pinatakit.errors import PinataError
from pinatakit.protocol.shapes import is_array, is_object
from pinatakit.protocol.times import micros


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A thing the service tells of: immutable, read tolerantly.

    Fields the service leaves out have their defaults; those this version does not know are
    kept in `extra`, as the service wrote them.
    """

    extra: dict[str, Any] = msgspec.field(default_factory=dict[str, Any], name=" extra")

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON can hold them: CIDs and times are text, `extra` stands beside the others."""
        known = {name: _plain(getattr(self, name)) for name in self.__struct_fields__ if name != "extra"}
        return {**self.extra, **known}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self._told())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        """A table of two columns, for notebooks."""
        rows = "".join(
            f"<tr><th>{name}</th><td>{html.escape(_text(value))}</td></tr>" for name, value in self._told()
        )
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"

    def _told(self) -> list[tuple[str, Any]]:
        """The fields that are not empty."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "extra")
        return [(name, value) for name, value in values if value is not None and value not in ({}, ())]


R = TypeVar("R", bound=Record)


def record(data: Any, kind: type[R], *, told: Collection[str] = ()) -> R:
    """A record out of decoded JSON; what is in `told` is neither read nor kept.

    Raises:
        PinataError: it is of another shape.
    """
    if not is_object(data):
        raise PinataError(f"the service's answer is not a {kind.__name__}, but {type(data).__name__}")
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    extra = {name: value for name, value in data.items() if name not in known and name not in told}
    try:
        return msgspec.convert({**data, " extra": extra}, kind, strict=False, dec_hook=_read_value)
    except msgspec.ValidationError as error:
        raise PinataError(
            f"the service's answer is not a {kind.__name__}: {error}",
            hint="the service may have changed; a newer pinatakit may know how",
        ) from None


def _read_value(kind: type[Any], value: Any) -> Any:
    assert kind is CID, "no record has a field of another kind that msgspec does not know"
    return CID.parse(value)


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, tuple) or is_array(value):
        return [_plain(one) for one in cast(Sequence[Any], value)]
    if is_object(value):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, datetime):
        return micros(value)
    return str(value) if isinstance(value, CID) else value


def _text(value: Any) -> str:
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _short(value: Any) -> str:
    return _text(value) if isinstance(value, CID | datetime) else repr(value)

"""Record: a thing the service tells of, as an immutable value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from functools import cache
from threading import Lock
from typing import Any, ClassVar, Final, TypeVar, cast, get_args

import msgspec

from pinatakit.content import CID
from pinatakit.errors import InputError, PinataError
from pinatakit.protocol.shapes import is_array, is_object
from pinatakit.protocol.times import micros


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A thing the service tells of: immutable, read tolerantly.

    Fields the service leaves out have their defaults; those this version does not know are
    kept in `extra`, as the service wrote them. Records are equal where all their fields are, and may
    stand in sets and be keys of dicts.
    """

    SECRET: ClassVar[Collection[str]] = ()
    """The fields that are never shown."""

    extra: dict[str, Any] = msgspec.field(default_factory=dict[str, Any], name=" extra")

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON can hold them: CIDs and times are text, `extra` stands beside the others.

        Fields that a list was not asked for (``fields=``) are left out.
        """
        values = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "extra")
        known = {name: _plain(value) for name, value in values if value is not msgspec.UNSET}
        return {**self.extra, **known}

    def __hash__(self) -> int:
        # Of what cannot change: a dict or list in it has no hash. Records that are equal have equal hashes.
        values = (getattr(self, name) for name in self.__struct_fields__)
        return hash((type(self), *(value for value in values if not isinstance(value, dict | list))))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self.told())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        """A table of two columns, for notebooks."""
        rows = "".join(f"<tr><th>{name}</th><td>{_escaped(value)}</td></tr>" for name, value in self.told())
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"

    def told(self) -> list[tuple[str, Any]]:
        """The fields that are not empty, as they may be shown."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "extra")
        shown = [(name, value) for name, value in values if value not in _EMPTY]
        return [(name, "***" if name in self.SECRET else value) for name, value in shown]


_EMPTY: Final[tuple[Any, ...]] = (None, msgspec.UNSET, {}, ())

R = TypeVar("R", bound=Record)
T = TypeVar("T")


def record(data: Any, kind: type[R], *, told: Collection[str] = ()) -> R:
    """A record out of decoded JSON; what is in `told` is neither read nor kept.

    What is ``null`` is as good as left out; a time without a zone is UTC.

    Raises:
        PinataError: it is of another shape.
    """
    if not is_object(data):
        raise PinataError(f"the service's answer is not a {kind.__name__}, but {type(data).__name__}")
    known, moments = _fields(kind)
    extra = {name: value for name, value in data.items() if name not in known and name not in told}
    given = {name: value for name, value in data.items() if value is not None}
    try:
        made = msgspec.convert({**given, " extra": extra}, kind, strict=False, dec_hook=_read_value)
    except msgspec.ValidationError as error:
        raise PinataError(
            f"the service's answer is not a {kind.__name__}: {error}",
            hint="the service may have changed; a newer pinatakit may know how",
        ) from None
    for name in moments:
        moment: datetime | None = getattr(made, name)
        if moment and moment.tzinfo is None:
            msgspec.structs.force_setattr(made, name, moment.replace(tzinfo=UTC))
    return made


_met: Final = Lock()
"""Kinds are met one at a time: msgspec works out a kind when it first sees it, and where two threads are
at it one of them reads what is half worked out, and the process ends with SIGSEGV."""


@cache
def _fields(kind: type[Record]) -> tuple[frozenset[str], list[str]]:
    """What the fields of a record are called by the service, and which of them are times."""
    with _met:
        msgspec.json.Decoder(kind)
        fields = msgspec.structs.fields(kind)
    moments = [field.name for field in fields if datetime in (field.type, *get_args(field.type))]
    return frozenset(field.encode_name for field in fields), moments


def only(kind: type[R], fields: Collection[str] | None) -> Callable[[R], R] | None:
    """What leaves a record with these fields alone: the others are `msgspec.UNSET`, `extra` is empty.

    Raises:
        InputError: such records have no field of that name.
    """
    if fields is None:
        return None
    known = [name for name in kind.__struct_fields__ if name != "extra"]
    wanted = {fields} if isinstance(fields, str) else set(fields)
    if unknown := wanted.difference(known):
        raise InputError(
            f"a {kind.__name__} has no field {', '.join(sorted(unknown))}", hint=f"it has {', '.join(known)}"
        )
    others: dict[str, Any] = {name: msgspec.UNSET for name in known if name not in wanted}
    return lambda one: msgspec.structs.replace(one, extra={}, **others)


class Rows(list[T]):
    """A list that notebooks show as a table."""

    SHOWN: Final = 20

    def _repr_html_(self) -> str:
        return self.table()

    def table(self, *, whole: bool = True) -> str:
        """A table of the first rows in HTML; `whole` tells whether there are more than are here."""
        rows = [dict(one.told()) if isinstance(one, Record) else {"": one} for one in self[: self.SHOWN]]
        named = dict.fromkeys(name for one in self[:1] for name in getattr(one, "__struct_fields__", ("",)))
        columns = [name for name in named if any(name in row for row in rows)]
        head = "".join(f"<th>{name}</th>" for name in columns)
        cells = [[_escaped(row.get(name, "")) for name in columns] for row in rows]
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells)
        more = len(self) - len(rows)
        least = "" if whole else "at least "
        told = f"{least}{more:,} more" if more or not whole else f"{len(rows)} in all"
        return f"<table><caption>{told}</caption><tr>{head}</tr>{body}</table>"


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
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, CID) else value


def _text(value: Any) -> str:
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _escaped(value: Any) -> str:
    """A value in HTML."""
    from html import escape  # noqa: PLC0415  (notebooks alone need it)

    return escape(_text(value))


def _short(value: Any) -> str:
    return _text(value) if isinstance(value, CID | datetime) else repr(value)

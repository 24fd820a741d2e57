"""Call and Answer: one request and the reader of what comes back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec

from pinatakit.errors import InputError, PinataError

T = TypeVar("T")

Host: TypeAlias = Literal["api", "uploads", "gateway", "signed", "x402", "mpp", "psa", "web"]
"""Where a call goes; ``signed``: its path is a whole URL, whose signature takes the credential's place;
``web``: any other host, which is told nothing of the account."""
Network: TypeAlias = Literal["public", "private"]
NETWORKS: Final[tuple[Network, ...]] = ("public", "private")
Query: TypeAlias = Mapping[str, str | int | bool | None]
Body: TypeAlias = bytes | Callable[[], AsyncGenerator[bytes, None]] | None
"""Bytes, or a function that starts the body afresh, so that a retry can send it again."""


class Once(msgspec.Struct):
    """A body that can be started only once, and then is `started`; `name` is what it is of."""

    start: Callable[[], AsyncGenerator[bytes, None]]
    name: str
    started: bool = False

    def __call__(self) -> AsyncGenerator[bytes, None]:
        """Start it.

        Raises:
            InputError: it was started before.
        """
        if self.started:
            raise InputError(
                f"the upload of {self.name!r} was cut, and its source cannot be read again",
                hint="give a path, bytes, or a file that can be rewound",
            )
        self.started = True
        return self.start()


class Answer(NamedTuple):
    """What came back, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Call(msgspec.Struct, Generic[T], frozen=True):
    """One request, and the reader of its answer: all there is to an endpoint but the sending.

    Query values of `None` are left out; booleans are written ``true`` and ``false``. A call that
    is not `repeatable` makes something anew each time it is executed, so it is sent again only
    when it certainly was not. `base` is an address that takes the place of the host's own.
    """

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Query = msgspec.field(default_factory=dict[str, "str | int | bool | None"])
    body: Body = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    host: Host = "api"
    repeatable: bool = True
    base: str | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The query as it is sent.

        Raises:
            InputError: a text of it is not UTF-8.
        """
        pairs = [
            (name, str(value).lower() if isinstance(value, bool) else str(value))
            for name, value in self.query.items()
            if value is not None
        ]
        try:
            "".join(map("".join, pairs)).encode()
        except UnicodeEncodeError as error:
            raise _not_utf8(error) from None
        return pairs


JSON_TYPE = {"content-type": "application/json"}


def as_json(value: object) -> bytes:
    """A value as JSON in a request.

    Raises:
        InputError: a text in it is not UTF-8.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise _not_utf8(error) from None


def _not_utf8(error: UnicodeEncodeError) -> InputError:
    around = error.object[max(0, error.start - 20) : error.end + 20]
    return InputError(f"{around!r} has half a pair of surrogates, which is no letter: it cannot be sent")


def reads_json(read: Callable[[Any], T]) -> Callable[[Answer], T]:
    """Read an answer whose whole body is the value (the older API)."""
    return lambda answer: read(_json(answer))


def reads_data(read: Callable[[Any], T]) -> Callable[[Answer], T]:
    """Read an answer of ``{"data": value}`` (v3)."""

    def data(answer: Answer) -> T:
        value = _json(answer)
        if not isinstance(value, dict) or "data" not in value:
            raise PinataError(f"{answer.url} answered without data: {_shown(answer)}")
        return read(value["data"])

    return data


def nothing(_: Answer) -> None:
    """Read an answer that says only that it is done."""


def _json(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        raise PinataError(
            f"{answer.url} answered something that is not JSON: {_shown(answer)}",
            hint="check that the endpoint is Pinata's, or a local Pinata's",
        ) from None


def _shown(answer: Answer) -> str:
    return repr(answer.body[:80].decode("utf-8", "replace"))

"""What a handler is given, and the common ways to read a request and to answer it."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pinatakit.content import CID
from pinatakit.errors import InputError, InvalidCID
from pinatakit.protocol import Key, Network
from pinatakit.protocol.metadata import check_keyvalues, check_name
from pinatakit.protocol.shapes import is_object
from pinatakit.server.refusal import TOO_LARGE, Refusal, bad_request, not_found
from pinatakit.server.store import Store
from pinatakit.server.store.values import from_micros, now_micros

Handler: TypeAlias = Callable[["Asked"], Response | Awaitable[Response]]
"""What answers: a coroutine, or a function that waits for nothing."""

MAX_ABOUT: Final = 1 << 16  # bytes, or letters, of what is said of content
_MAX_CONTENT: Final = 10_000_000  # bytes of JSON that is content itself
_MAX_JSON: Final = 1 << 20  # bytes of any other, in whose reading nobody is answered: 80 ms for empty lists


class Allowed(NamedTuple):
    """What a presigned URL lets somebody upload.

    Attributes:
        id: of the file it will be.
        fields: what was signed of it, as the fields of a form say it.
        max_size: bytes it may have.
        mime_types: which it may be of, if not any.
        expired: the time is over in which an upload may begin.
    """

    id: str
    fields: Mapping[str, str]
    max_size: int | None
    mime_types: Sequence[str]
    expired: bool

    def rule(self, given: Mapping[str, str]) -> dict[str, str]:
        """The fields that count: those signed, a name where none was, and whether the bytes are a CAR."""
        return {"name": given.get("name", ""), "car": given.get("car", ""), **self.fields}


class Asked(NamedTuple):
    """A request that may be answered: its key is known and allowed.

    `body` is the decoded JSON, or its text, `None` on routes that take none. `allowed` is what a presigned
    URL allows, which then takes the key's place.
    """

    request: Request
    store: Store
    key: Key | None
    body: Any = None
    allowed: Allowed | None = None

    @property
    def query(self) -> Mapping[str, str]:
        """The query, decoded; of a name that stands twice, the last."""
        return self.request.query_params

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def network(self) -> Network:
        """The network a v3 path names."""
        network = as_network(self.path("network"))
        if network is None:
            raise not_found(f"There is no network {self.path('network')!r}; there are public and private.")
        return network

    def object(self) -> dict[str, Any]:
        """The JSON body, which must be an object."""
        if not is_object(self.body):
            raise bad_request("The request's body must be a JSON object.")
        return self.body

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query, within its bounds."""
        text = self.query.get(name, "")
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            raise bad_request(f'"{name}" must be a number, not {text!r}') from None
        if not least <= value <= most:
            raise bad_request(f'"{name}" must be {least} to {most}, not {value}')
        return value

    def flag(self, name: str) -> bool | None:
        """A yes or no of the query, where it is there."""
        text = self.query.get(name, "").lower()
        if text not in ("", "true", "false"):
            raise bad_request(f'"{name}" must be true or false, not {text!r}')
        return text == "true" if text else None

    def page_token(self) -> str | None:
        """The id behind which the page that is asked for starts."""
        token = self.query.get("pageToken")
        try:
            return base64.b64decode(token, validate=True).decode() if token else None
        except ValueError:  # of which binascii.Error and UnicodeDecodeError are kinds
            raise bad_request(f'"pageToken" {token!r} is none of this service\'s') from None


def page_token(id: str) -> str:
    """Where the next page starts: the last id shown, in base64, as Pinata's tokens are."""
    return base64.b64encode(id.encode()).decode()


def host_of(request: Request) -> str:
    """The name a request calls, in lower case and without port."""
    return name_of(request.headers.get("host"))


def name_of(host: str | None) -> str:
    """The name in a ``Host`` header, in lower case and without port."""
    name, colon, port = (host or "").lower().rpartition(":")
    return name if colon and port.isdecimal() else f"{name}{colon}{port}"


def as_network(name: str) -> Network | None:
    """The network of that name, if there is one."""
    return "public" if name == "public" else "private" if name == "private" else None


async def read_json(request: Request, kind: Any = Any) -> Any:
    """The JSON a request's body holds, whatever media type it claims: its value, or its text (`msgspec.Raw`).

    Raises:
        Refusal: it is not JSON (400), or too large (413): a value beyond 1 MiB, a text beyond 10 MB.
    """
    most = _MAX_CONTENT if kind is msgspec.Raw else _MAX_JSON
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise Refusal(413, TOO_LARGE, f"The request has more than {most:,} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:  # of which msgspec's and Unicode's errors are kinds
        raise bad_request(f"The request's body is not JSON: {error}") from None


class _JSON(Response):
    """What Starlette makes of bytes, a status and a media type; there are no other headers to look at."""

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


def json(value: Any, status: int = 200) -> Response:
    """An answer that is a JSON value."""
    return _JSON(msgspec.json.encode(value), status)


def data(value: Any) -> Response:
    """An answer as v3 wraps it."""
    return json({"data": value})


def ok() -> Response:
    """An answer that says only that it is done."""
    return PlainTextResponse("OK")


def read_cid(text: object, name: str) -> CID:
    """A CID that a request names.

    Raises:
        Refusal: it is none.
    """
    try:
        return CID.parse(text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    except InvalidCID as error:
        raise bad_request(f'"{name}" is not a valid CID: {error.message}') from None


def read_object(values: Mapping[str, str], name: str) -> dict[str, Any]:
    """The JSON object that a field of a form or query holds; an empty one where it holds nothing.

    Raises:
        Refusal: it is none (400), or too large (413).
    """
    text = values.get(name)
    if not text:
        return {}
    if len(text) > MAX_ABOUT:
        raise Refusal(413, TOO_LARGE, f'"{name}" has more than {MAX_ABOUT:,} letters.')
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise bad_request(f'"{name}" is not JSON: {error}') from None
    if not is_object(value):
        raise bad_request(f'"{name}" must be a JSON object')
    return value


def read_group(options: Mapping[str, Any]) -> str | None:
    """The group that options name.

    Raises:
        Refusal: it is no text.
    """
    group = options.get("groupId")
    if not isinstance(group, str | None):
        raise bad_request('"pinataOptions.groupId" must be the id of a group')
    return group


def read_about(body: Mapping[str, Any]) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
    """Name, key-values and options that a request of the older API carries.

    Raises:
        Refusal: one of them cannot be.
    """
    metadata: Any = body.get("pinataMetadata") or {}
    options: Any = body.get("pinataOptions") or {}
    if not is_object(metadata) or not is_object(options):
        raise bad_request('"pinataMetadata" and "pinataOptions" must be JSON objects')
    try:
        return check_name(metadata.get("name")), check_keyvalues(metadata.get("keyvalues")), options
    except InputError as error:
        raise bad_request(error.message) from None


def read_expiry(value: object) -> datetime | None:
    """When a file expires: unix seconds, in the future.

    Raises:
        Refusal: it is not.
    """
    if value is None:
        return None
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or not now_micros() < value * 1_000_000 < 1 << 57
    ):
        raise bad_request(f'"expires_at" must be unix seconds in the future, not {value!r}')
    return from_micros(value * 1_000_000)

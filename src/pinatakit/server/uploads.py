"""Uploads: forms of v3 and of the older API, and JSON."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Final

import anyio.to_thread
import msgspec
from starlette.responses import Response

from pinatakit.content import CID, Profile, Root
from pinatakit.errors import InputError
from pinatakit.protocol import Upload
from pinatakit.protocol.metadata import check_keyvalues, check_name
from pinatakit.protocol.shapes import is_object
from pinatakit.protocol.uploads import check_cid_version
from pinatakit.server.ingest import ANY_SIZE, Form, Ingest, Recipe, RecipeOf, Sizes, receive
from pinatakit.server.refusal import TOO_LARGE, Refusal, bad_request
from pinatakit.server.request import (
    MAX_ABOUT,
    Asked,
    as_network,
    data,
    json,
    read_about,
    read_expiry,
    read_group,
    read_object,
)
from pinatakit.server.store.files import Kept
from pinatakit.server.store.reprint import reprint

_V3_PROFILES = {"v0": "v0", "v1": "v1", "unixfs-v1-2025": "unixfs-v1-2025"}
_NOTHING = msgspec.Raw()
_AT_ONCE: Final = 1 << 13  # bytes of JSON that are not worth a thread
_UNKNOWN = Root(CID(1, 0x55, b"\0\0"), 0, 0)  # stands in until the content is whole


async def pin_file(asked: Asked) -> Response:
    """``POST /pinning/pinFileToIPFS``."""
    arrived = await _receive(asked, _older_profile, Profile.for_version(0))

    def keep() -> Future[Upload]:
        about = {name: read_object(arrived.fields, name) for name in ("pinataMetadata", "pinataOptions")}
        name, keyvalues, options = read_about(about)
        kept = Kept(_UNKNOWN, name, "", 0, "public", keyvalues, read_group(options))
        return arrived.ingest.keep(kept, wrap=options.get("wrapWithDirectory") is True)

    return json((await _keep(arrived.ingest, keep)).to_older())


class _PinJSON(msgspec.Struct):
    """The body of ``POST /pinning/pinJSONToIPFS``, its members as text; a body without content is the content."""

    content: msgspec.Raw = msgspec.field(name="pinataContent", default=_NOTHING)
    metadata: msgspec.Raw = msgspec.field(name="pinataMetadata", default=_NOTHING)
    options: msgspec.Raw = msgspec.field(name="pinataOptions", default=_NOTHING)

    def about(self) -> dict[str, Any]:
        """What is said of the content."""
        given = {"pinataMetadata": self.metadata, "pinataOptions": self.options}
        if sum(len(memoryview(text)) for text in given.values()) > MAX_ABOUT:
            raise Refusal(413, TOO_LARGE, f"The metadata and options have more than {MAX_ABOUT:,} bytes.")
        return {name: msgspec.json.decode(text) for name, text in given.items() if memoryview(text)}


async def pin_json(asked: Asked) -> Response:
    """``POST /pinning/pinJSONToIPFS``: stored as JavaScript prints it."""
    text = memoryview(asked.body)
    about: dict[str, Any] = {}
    try:
        if text[0] == ord("{"):
            body = msgspec.json.decode(text, type=_PinJSON)
            if content := memoryview(body.content):
                text, about = content, body.about()
    except (ValueError, RecursionError) as error:
        raise bad_request(f"The request's body is not JSON: {error}") from None
    name, keyvalues, options = read_about(about)
    profile = Profile.for_version(_cid_version(options.get("cidVersion")) or 0)
    ingest = Ingest(asked.store, profile)

    def keep() -> Future[Upload]:
        ingest.begin("")
        try:
            for piece in reprint(text):
                ingest.feed(piece)
        except InputError as error:
            raise bad_request(error.message) from None
        ingest.end()
        kept = Kept(_UNKNOWN, name, "", 0, "public", keyvalues, read_group(options))
        return ingest.keep(kept, mime_type="application/json")

    return json((await _keep(ingest, keep, at_once=len(text) <= _AT_ONCE)).to_older())


async def upload(asked: Asked) -> Response:
    """``POST /v3/files``."""
    allowed = asked.allowed

    def recipe_of(fields: Mapping[str, str]) -> Recipe | None:
        return v3_recipe(allowed.rule(fields) if allowed else fields)

    arrived = await _receive(asked, recipe_of, Profile.for_version(1))

    def keep() -> Future[Upload]:
        kept = v3_kept(allowed.rule(arrived.fields) if allowed else arrived.fields)
        if allowed is None:
            return arrived.ingest.keep(kept)
        return arrived.ingest.keep(kept._replace(id=allowed.id), allow=allowed.mime_types)

    kept = await _keep(arrived.ingest, keep)
    return data(kept.to_v3(user_id=asked.store.keys.user_id))


def v3_kept(fields: Mapping[str, str]) -> Kept:
    """What the fields of v3 say of a file.

    Raises:
        Refusal: one of them cannot be.
    """
    network = as_network(fields.get("network") or "private")
    if network is None:
        raise bad_request(f'"network" must be public or private, not {fields["network"]!r}')
    try:
        name = check_name(fields.get("name") or None)
        keyvalues = check_keyvalues(_keyvalues(fields), text_only=True)
    except InputError as error:
        raise bad_request(error.message) from None
    group_id = fields.get("group_id") or fields.get("group") or None
    if _yes(fields, "car") and network == "private":
        raise bad_request("A CAR can be uploaded to the public network only.")
    _yes(fields, "streamable")  # what that prepares at Pinata, the gateway here does with any video
    return Kept(_UNKNOWN, name, "", 0, network, keyvalues, group_id, _expires(fields.get("expires_at")))


async def _receive(asked: Asked, recipe_of: RecipeOf, default: Profile) -> Form:
    content_type = asked.request.headers.get("content-type", "")
    most: Sizes = asked.request.scope.get("sizes", ANY_SIZE)  # of the plan
    if asked.allowed and asked.allowed.max_size is not None:
        content = (asked.allowed.max_size, most.content)
        most = most._replace(content=min(size for size in content if size is not None))
    return await receive(asked.store, content_type, asked.request.stream(), recipe_of, default, most=most)


async def _keep(ingest: Ingest, keep: Callable[[], Future[Upload]], *, at_once: bool | None = None) -> Upload:
    """Keep what has arrived, or leave nothing of it; what is small is done at once, and else in a thread."""

    def keep_or_drop() -> Upload:
        try:
            return keep().result()
        except BaseException:
            ingest.drop()
            raise

    if not (ingest.is_small if at_once is None else at_once):
        return await anyio.to_thread.run_sync(keep_or_drop)
    try:
        kept = asyncio.wrap_future(keep())
        await asyncio.wait([kept])  # kept, even where the request is given up
        return kept.result()
    except Exception:
        await anyio.to_thread.run_sync(ingest.drop)
        raise


def _older_profile(fields: Mapping[str, str]) -> Profile | None:
    version = _cid_version(read_object(fields, "pinataOptions").get("cidVersion"))
    return None if version is None else Profile.for_version(version)


def v3_recipe(fields: Mapping[str, str]) -> Recipe | None:
    """What the fields of v3 want made of the bytes, or `None` where they say nothing of it.

    Raises:
        Refusal: there is no such version.
    """
    if _yes(fields, "car"):
        return "car"
    version = fields.get("cid_version")
    if not version:
        return None
    if version not in _V3_PROFILES:
        raise bad_request(f'"cid_version" must be one of {", ".join(_V3_PROFILES)}, not {version!r}')
    return Profile.named(_V3_PROFILES[version])


def _cid_version(given: object) -> int | None:
    if given is None:
        return None
    try:
        return check_cid_version(given)
    except InputError:
        raise bad_request(f'"pinataOptions.cidVersion" must be 0 or 1, not {given!r}') from None


def _keyvalues(fields: Mapping[str, str]) -> dict[str, Any]:
    """Key-values of v3, also as the guides write them: once more inside ``keyvalues``."""
    given = read_object(fields, "keyvalues")
    inner = given.get("keyvalues")
    return inner if len(given) == 1 and is_object(inner) else given


def _yes(fields: Mapping[str, str], name: str) -> bool:
    text = fields.get(name) or "false"
    if text.lower() not in ("true", "false"):
        raise bad_request(f'"{name}" must be true or false, not {text!r}')
    return text.lower() == "true"


def _expires(text: str | None) -> datetime | None:
    if not text:
        return None
    return read_expiry(int(text) if re.fullmatch(r"[0-9]{1,15}", text) else text)

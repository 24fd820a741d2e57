"""Vectors: which files of a group say something like a text.

Pinata compares meanings, by a language model. Here words are compared, which is the same on
every machine, takes no model, and claims nothing more: a text's vector has a dimension for
each word and each pair of words that follow each other, weighed by how often it occurs
(1 + ln n); two texts are as alike as the cosine between their vectors.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from itertools import pairwise
from typing import Final

import anyio.to_thread
from starlette.responses import Response

from pinatakit.content import Walk, walk_steps
from pinatakit.protocol import File
from pinatakit.protocol.vectors import MAX_MATCHES
from pinatakit.server.media import DIRECTORY
from pinatakit.server.refusal import bad_request, not_found
from pinatakit.server.request import Asked, data, json
from pinatakit.server.store import Store

_READ: Final = 1 << 18  # bytes of a file that are looked at
_WORD: Final = re.compile(r"\w+")
_ASKED: Final = 1000  # dimensions of a question that are looked at, the weightiest


_DONE: Final = {"success": True, "status": True}  # the documentation's word, and the official SDK's


async def vectorize(asked: Asked) -> Response:
    """``POST /v3/vectorize/files/{file_id}``."""
    file = _file(asked)
    if not file.group_id:
        raise bad_request("A file must be in a group to be vectorized.")
    text = None if file.mime_type == DIRECTORY else await anyio.to_thread.run_sync(_text, asked.store, file)
    if text is None:
        raise bad_request("The local Pinata vectorizes text alone, in UTF-8.")
    vector = await anyio.to_thread.run_sync(embed, text)
    await anyio.to_thread.run_sync(asked.store.vectors.put, file.id, vector)
    return json(_DONE)


async def delete(asked: Asked) -> Response:
    """``DELETE /v3/vectorize/files/{file_id}``."""
    await anyio.to_thread.run_sync(asked.store.vectors.delete, _file(asked).id)
    return json(_DONE)


async def query(asked: Asked) -> Response:
    """``POST /v3/vectorize/groups/{group_id}/query``."""
    text = asked.object().get("text")
    if not isinstance(text, str) or not text:
        raise bad_request('"text" is required')
    vector = await anyio.to_thread.run_sync(embed, text[:_READ])
    weightiest = dict(sorted(vector.items(), key=lambda item: -item[1])[:_ASKED])
    found = asked.store.vectors.nearest
    matches = await anyio.to_thread.run_sync(found, asked.path("group_id"), weightiest, MAX_MATCHES)
    return data({"count": len(matches), "matches": [match.to_json() for match in matches]})


def _file(asked: Asked) -> File:
    file = asked.store.files.get("private", asked.path("file_id"))
    if file is None:
        raise not_found(f"There is no private file with the id {asked.path('file_id')!r}.")
    return file


def _text(store: Store, file: File) -> str | None:
    """The first of what a file says, if it is text."""
    assert file.cid is not None
    car = store.cars.find(file.cid, among="file.network = 'private'")
    walk = Walk(file.cid, stop=min(file.size, _READ))
    steps = walk_steps(walk, store.cars.getter(car or 0))
    content = b"".join(step for step in steps if isinstance(step, bytes))
    for cut in range(4):  # a letter of up to four bytes may be cut at the end
        try:
            text = content[: len(content) - cut].decode()
        except UnicodeDecodeError:
            if file.size <= _READ:
                return None
            continue
        return None if "\0" in text else text
    return None


def embed(text: str) -> dict[int, float]:
    """The vector of a text, of length 1: the dimensions that are not 0."""
    words = _WORD.findall(text.casefold())
    counted = Counter(words) + Counter(f"{one} {next}" for one, next in pairwise(words))
    weights = {_dimension(gram): 1 + math.log(count) for gram, count in counted.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {dimension: weight / length for dimension, weight in weights.items()}


def _dimension(gram: str) -> int:
    return int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=6).digest())

"""What users write, as type checkers see it; it is checked and never run."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from pinatakit import AsyncPinata, Download, File, ImageOptions, NewKey, Pin, Pinata, Upload, Usage, kv


def blocking(pinata: Pinata) -> None:
    assert_type(pinata.upload("photo.jpg"), Upload)
    assert_type(pinata.upload_json({"a": [1, 2.5, None]}), Upload)
    assert_type(pinata.files.get("id"), File)
    assert_type(pinata.files.list(name="x"), Iterator[File])
    assert_type(pinata.pins.list(where=[kv("stage") == "prod", kv("score").between(1, 5)]), Iterator[Pin])
    assert_type(pinata.account.usage(), Usage)
    assert_type(pinata.keys.create("ci", endpoints=["pinList"]), NewKey)
    assert_type(pinata.download("bafy", "to"), Download)
    assert_type(pinata.read("bafy", start=1), Iterator[bytes])
    assert_type(pinata.read_bytes("bafy", image=ImageOptions(width=100)), bytes)
    assert_type(pinata.open("bafy"), io.BufferedReader)


async def awaited(pinata: AsyncPinata) -> None:
    assert_type(await pinata.upload(b"bytes"), Upload)
    assert_type(await pinata.files.get("id"), File)
    assert_type(pinata.files.list(), AsyncIterator[File])
    assert_type(pinata.pins.list(), AsyncIterator[Pin])
    assert_type(await pinata.account.usage(), Usage)
    assert_type(pinata.read("bafy"), AsyncIterator[bytes])
    assert_type(await pinata.read_bytes("bafy"), bytes)
    assert_type(await (await pinata.open("bafy")).read(), bytes)

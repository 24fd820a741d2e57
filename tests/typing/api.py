"""What users write, as type checkers see it; it is checked and never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from pinatakit import (
    AsyncPinata,
    AsyncPinningService,
    Download,
    File,
    NewKey,
    Pin,
    Pinata,
    PinJob,
    PinningService,
    PinStatus,
    Upload,
    Usage,
    kv,
)


def blocking(pinata: Pinata) -> None:
    assert_type(pinata.upload("photo.jpg"), Upload)
    assert_type(pinata.upload_json({"a": [1, 2.5, None]}), Upload)
    assert_type(pinata.files.get("id"), File)
    assert_type(pinata.files.list(name="x"), Iterator[File])
    assert_type(pinata.pins.list(where=[kv("stage") == "prod", kv("score").between(1, 5)]), Iterator[Pin])
    assert_type(pinata.pins.queue(status="searching", api="older"), Iterator[PinJob])
    assert_type(pinata.pins.wait(pinata.pins.add("bafy"), timeout=60), File)
    assert_type(pinata.psa.list(status=["queued", "pinning"], match="ipartial"), Iterator[PinStatus])
    assert_type(pinata.account.usage(), Usage)
    assert_type(pinata.keys.create("ci", endpoints=["pinList"]), NewKey)
    assert_type(pinata.download("bafy", "to"), Download)
    assert_type(pinata.read("bafy", start=1), Iterator[bytes])


async def awaited(pinata: AsyncPinata) -> None:
    assert_type(await pinata.upload(b"bytes"), Upload)
    assert_type(await pinata.files.get("id"), File)
    assert_type(pinata.files.list(), AsyncIterator[File])
    assert_type(pinata.pins.list(), AsyncIterator[Pin])
    assert_type(await pinata.pins.add("bafy"), PinJob)
    assert_type(await pinata.psa.get("id"), PinStatus)
    assert_type(await pinata.account.usage(), Usage)
    assert_type(pinata.read("bafy"), AsyncIterator[bytes])


def service(service: PinningService) -> None:
    assert_type(service.add("bafy", origins=["/p2p/Qm"]), PinStatus)


async def async_service(service: AsyncPinningService) -> None:
    assert_type(service.list(), AsyncIterator[PinStatus])

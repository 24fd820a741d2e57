"""What users write, as type checkers see it; it is checked and never run."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from pinatakit import (
    AccessToken,
    AsyncListing,
    AsyncPinata,
    AsyncPinningService,
    Download,
    File,
    Gateway,
    Group,
    ImageOptions,
    Key,
    Limits,
    Listing,
    Match,
    NewKey,
    PaymentInstruction,
    Permissions,
    Pin,
    Pinata,
    PinJob,
    PinningService,
    PinStatus,
    Signature,
    Swap,
    Upload,
    Usage,
    kv,
)


def blocking(pinata: Pinata) -> None:
    assert_type(pinata.upload("photo.jpg"), Upload)
    assert_type(pinata.upload(iter([b"pieces"])), Upload)
    assert_type(pinata.upload_json({"a": [1, 2.5, None]}), Upload)
    assert_type(pinata.files.get("id"), File)
    assert_type(pinata.files.list(name="x"), Listing[File])
    assert_type(pinata.pins.list(where=[kv("stage") == "prod", kv("score").between(1, 5)]), Listing[Pin])
    assert_type(pinata.pins.queue(status="searching", api="older"), Listing[PinJob])
    assert_type(pinata.pins.wait(pinata.pins.add("bafy"), timeout=60), File)
    assert_type(pinata.psa.list(status=["queued", "pinning"], match="ipartial"), Listing[PinStatus])
    assert_type(pinata.account.usage(), Usage)
    assert_type(pinata.account.limits(), Limits)
    assert_type(pinata.keys.create("ci", Permissions(files="write", endpoints=["pinList"])), NewKey)
    assert_type(pinata.keys.create("ro", Permissions.READ_ONLY | Permissions(groups="write")), NewKey)
    assert_type(pinata.keys.list(revoked=False), Listing[Key])
    assert_type(pinata.keys.older.list(), Listing[Key])
    assert_type(pinata.groups.create("g", network="private"), Group)
    assert_type(pinata.groups.list(name="g"), Listing[Group])
    assert_type(pinata.groups.older.list(), Listing[Group])
    Permissions(files="wirte")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Permissions(endpoints=["pinlist"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert_type(pinata.download("bafy", "to"), Download)
    assert_type(pinata.read("bafy", start=1), Iterator[bytes])
    assert_type(pinata.read_bytes("bafy", image=ImageOptions(width=100)), bytes)
    assert_type(pinata.open("bafy"), io.BufferedReader)
    assert_type(pinata.links.download("bafy", expires=60), str)
    assert_type(pinata.signatures.sign("bafy", "0x46"), Signature)
    assert_type(pinata.swaps.history("bafy", "you.mypinata.cloud"), Listing[Swap])
    assert_type(pinata.gateways.list(), Listing[Gateway])
    assert_type(pinata.gateways.create_token("id"), AccessToken)
    assert_type(pinata.vectors.query("id", "text"), Listing[Match])
    assert_type(pinata.payments.list(), Listing[PaymentInstruction])


async def awaited(pinata: AsyncPinata) -> None:
    assert_type(await pinata.upload(b"bytes"), Upload)
    assert_type(await pinata.upload(pinata.read("bafy")), Upload)
    assert_type(await pinata.files.get("id"), File)
    assert_type(pinata.files.list(), AsyncListing[File])
    assert_type(pinata.pins.list(), AsyncListing[Pin])
    assert_type(await pinata.pins.add("bafy"), PinJob)
    assert_type(await pinata.psa.get("id"), PinStatus)
    assert_type(await pinata.account.usage(), Usage)
    assert_type(pinata.keys.list(), AsyncListing[Key])
    assert_type(await pinata.groups.get("id"), Group)
    assert_type(await pinata.groups.add("id", "file", "other"), None)
    assert_type(await pinata.groups.older.get("id"), Group)
    assert_type(pinata.read("bafy"), AsyncIterator[bytes])
    assert_type(await pinata.read_bytes("bafy"), bytes)
    assert_type(await (await pinata.open("bafy")).read(), bytes)
    assert_type(await pinata.links.download("bafy", expires=60), str)
    assert_type(pinata.gateways.list(), AsyncListing[Gateway])
    assert_type(await pinata.payments.get("id"), PaymentInstruction)


def service(service: PinningService) -> None:
    assert_type(service.add("bafy", origins=["/p2p/Qm"]), PinStatus)


async def async_service(service: AsyncPinningService) -> None:
    assert_type(service.list(), AsyncListing[PinStatus])

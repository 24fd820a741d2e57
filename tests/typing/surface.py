"""Every operation of both clients as a user calls it, and mistakes that type checkers must find.

It is checked and never run. An ignored error that is none is an error of both checkers, so a mistake that one of
them no longer finds is told.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import assert_type

from pinatakit import (
    CID,
    AccessToken,
    Allowed,
    AsyncListing,
    AsyncPinata,
    CustomDomain,
    Download,
    File,
    Gateway,
    Group,
    ImageOptions,
    InstalledPlugin,
    Key,
    Limits,
    Listing,
    Match,
    NewKey,
    PaidCID,
    PaymentInstruction,
    Permissions,
    Pin,
    Pinata,
    PinJob,
    PinStatus,
    Plugin,
    Rows,
    Signature,
    Swap,
    TimeSeries,
    Upload,
    Usage,
    Use,
    Where,
    kv,
)

DAY = date(2026, 1, 1)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def blocking(pinata: Pinata) -> None:
    assert_type(
        pinata.upload("photo.jpg", keyvalues={"a": date(2026, 1, 1)}, cid_version="v1", resumable=True),
        Upload,
    )
    assert_type(
        pinata.upload(b"bytes", name="b", network="private", expires_at=MOMENT, skip_existing=True), Upload
    )
    assert_type(pinata.upload_files(["a.txt", Path("b.txt")], name="folder"), Upload)
    assert_type(pinata.upload_json({"a": [1, 2.5, None]}, keyvalues={"n": 1}), Upload)
    assert_type(pinata.upload_json([1], network="private", expires_at=MOMENT), Upload)
    assert_type(pinata.upload_json([1], url="https://uploads.pinata.cloud/v3/files/1"), Upload)
    assert_type(pinata.download("bafy", Path("to"), path="a/b", resume=True, verify=False), Download)
    assert_type(
        pinata.read_bytes("bafy", start=1, stop=2, image=ImageOptions(width=100, fit="cover", format="webp")),
        bytes,
    )
    assert_type(pinata.files.get("id", network="private"), File)
    assert_type(pinata.files.list(where=kv("score") > 1, fields=["cid"], order="ASC", limit=1), Listing[File])
    assert_type(pinata.files.update("id", keyvalues={"a": None}, expires_at=MOMENT), File)
    pinata.files.delete("id")
    assert_type(pinata.groups.create("g", is_public=True), Group)
    assert_type(pinata.groups.get("id"), Group)
    assert_type(pinata.groups.list(is_public=True, fields={"name"}), Listing[Group])
    assert_type(pinata.groups.update("id", name="g"), Group)
    pinata.groups.delete("id")
    pinata.groups.add("id", "file", "other")
    pinata.groups.remove("id", "file", network="public")
    assert_type(pinata.groups.older.create("g"), Group)
    assert_type(pinata.groups.older.get("id"), Group)
    assert_type(pinata.groups.older.list(name="g", limit=5), Listing[Group])
    assert_type(pinata.groups.older.update("id", name="g"), Group)
    pinata.groups.older.delete("id")
    pinata.groups.older.add("id", "bafy", CID.parse("bafy"))
    pinata.groups.older.remove("id", "bafy")
    assert_type(pinata.pins.add("bafy", host_nodes=["/ip4/1.2.3.4/tcp/4001/p2p/Qm"], api="v3"), PinJob)
    assert_type(
        pinata.pins.list(where=[kv("a") == "b", kv("c").matches("^d")], status="all", pinned_after=MOMENT),
        Listing[Pin],
    )
    assert_type(pinata.pins.queue(order="ASC", api="older", fields=["status"]), Listing[PinJob])
    pinata.pins.cancel("id")
    assert_type(pinata.pins.wait(CID.parse("bafy"), timeout=60), File)
    pinata.pins.update("bafy", keyvalues={"n": 1.5})
    pinata.pins.remove("bafy")
    assert_type(
        pinata.psa.list(cid=["bafy"], status={"queued", "failed"}, match="iexact", meta={"a": "b"}),
        Listing[PinStatus],
    )
    assert_type(pinata.psa.add("bafy", origins=["/p2p/Qm"], meta={"a": "b"}), PinStatus)
    assert_type(pinata.psa.get("id"), PinStatus)
    assert_type(pinata.psa.replace("id", "bafy"), PinStatus)
    pinata.psa.delete("id")
    assert_type(pinata.keys.create("k", Permissions.UPLOADS_ONLY, max_uses=5), NewKey)
    assert_type(pinata.keys.list(limited_use=True, exhausted=False, offset=10), Listing[Key])
    pinata.keys.revoke("key")
    assert_type(pinata.keys.older.create("k", Permissions(endpoints=["unpin"])), NewKey)
    assert_type(pinata.keys.older.list(limit=1), Listing[Key])
    pinata.keys.older.revoke("key")
    assert_type(pinata.account.test(), str)
    assert_type(pinata.account.usage(), Usage)
    assert_type(pinata.account.limits(), Limits)
    assert_type(pinata.payments.create("p", []), PaymentInstruction)
    assert_type(pinata.payments.get("id"), PaymentInstruction)
    assert_type(pinata.payments.list(cid="bafy", fields=("id", "name")), Listing[PaymentInstruction])
    assert_type(pinata.payments.update("id", description="d"), PaymentInstruction)
    pinata.payments.delete("id")
    assert_type(pinata.payments.cids("id", limit=5), Listing[CID])
    assert_type(pinata.payments.add_cid("id", "bafy"), PaidCID)
    pinata.payments.remove_cid("id", "bafy")
    assert_type(pinata.payments.read("bafy", "payment"), bytes)
    assert_type(pinata.payments.pin(5, network="private"), str)
    assert_type(pinata.payments.retrieve("bafy"), str)
    assert_type(pinata.payments.mpp_pin(5), str)
    assert_type(pinata.payments.mpp_read("bafy", "Payment x"), bytes)
    pinata.vectors.add("id")
    pinata.vectors.delete("id")
    assert_type(pinata.vectors.query("id", "text", limit=3), Listing[Match])
    assert_type(
        pinata.analytics.top("you.mypinata.cloud", "cid", start=DAY, end=DAY, sort_by="bandwidth"),
        Listing[Use],
    )
    assert_type(pinata.analytics.time_series("you.mypinata.cloud", "week", start=DAY, end=DAY), TimeSeries)
    assert_type(pinata.plugins.list(), Listing[Plugin])
    assert_type(pinata.plugins.get(1), Plugin)
    assert_type(pinata.plugins.installed("id"), Listing[InstalledPlugin])
    assert_type(pinata.plugins.install("id", 1), InstalledPlugin)
    pinata.plugins.uninstall("id", 1)
    assert_type(pinata.gateways.list(limit=1), Listing[Gateway])
    assert_type(pinata.gateways.get("id"), Gateway)
    assert_type(pinata.gateways.create("you"), Gateway)
    pinata.gateways.delete("id")
    assert_type(pinata.gateways.exists("you"), bool)
    assert_type(pinata.gateways.add_domain("id", "ipfs.example.org"), CustomDomain)
    assert_type(pinata.gateways.get_domain("id", "domain"), CustomDomain)
    pinata.gateways.remove_domain("id", "domain")
    assert_type(pinata.gateways.create_token("id"), AccessToken)
    pinata.gateways.delete_token("id", "token")
    assert_type(pinata.gateways.allow_ip("id", "192.0.2.1"), Allowed)
    pinata.gateways.remove_ip("id", "ip")
    assert_type(pinata.gateways.allow_host("id", "https://example.org"), Allowed)
    pinata.gateways.remove_host("id", "host")
    assert_type(pinata.links.download("bafy", expires=60), str)
    assert_type(pinata.links.upload(expires=60), str)
    assert_type(pinata.swaps.add("bafy", "bafz"), Swap)
    assert_type(pinata.swaps.history("bafy", "you.mypinata.cloud", limit=1), Listing[Swap])
    pinata.swaps.delete("bafy")
    assert_type(pinata.signatures.sign("bafy", b"key"), Signature)
    assert_type(pinata.signatures.add("bafy", "0x", "0x"), Signature)
    assert_type(pinata.signatures.get("bafy"), Signature)
    pinata.signatures.delete("bafy", network="private")
    assert_type(pinata.read("bafy", start=1), Iterator[bytes])


async def awaited(pinata: AsyncPinata) -> None:
    assert_type(
        await pinata.upload("photo.jpg", keyvalues={"a": date(2026, 1, 1)}, cid_version="v1", resumable=True),
        Upload,
    )
    assert_type(
        await pinata.upload(b"bytes", name="b", network="private", expires_at=MOMENT, skip_existing=True),
        Upload,
    )
    assert_type(await pinata.upload_files(["a.txt", Path("b.txt")], name="folder"), Upload)
    assert_type(await pinata.upload_json({"a": [1, 2.5, None]}, keyvalues={"n": 1}), Upload)
    assert_type(await pinata.download("bafy", Path("to"), path="a/b", resume=True, verify=False), Download)
    assert_type(
        await pinata.read_bytes(
            "bafy", start=1, stop=2, image=ImageOptions(width=100, fit="cover", format="webp")
        ),
        bytes,
    )
    assert_type(await pinata.files.get("id", network="private"), File)
    assert_type(
        pinata.files.list(where=kv("score") > 1, fields=["cid"], order="ASC", limit=1), AsyncListing[File]
    )
    assert_type(await pinata.files.update("id", keyvalues={"a": None}, expires_at=MOMENT), File)
    await pinata.files.delete("id")
    assert_type(await pinata.groups.create("g", is_public=True), Group)
    assert_type(await pinata.groups.get("id"), Group)
    assert_type(pinata.groups.list(is_public=True, fields={"name"}), AsyncListing[Group])
    assert_type(await pinata.groups.update("id", name="g"), Group)
    await pinata.groups.delete("id")
    await pinata.groups.add("id", "file", "other")
    await pinata.groups.remove("id", "file", network="public")
    assert_type(await pinata.groups.older.create("g"), Group)
    assert_type(await pinata.groups.older.get("id"), Group)
    assert_type(pinata.groups.older.list(name="g", limit=5), AsyncListing[Group])
    assert_type(await pinata.groups.older.update("id", name="g"), Group)
    await pinata.groups.older.delete("id")
    await pinata.groups.older.add("id", "bafy", CID.parse("bafy"))
    await pinata.groups.older.remove("id", "bafy")
    assert_type(await pinata.pins.add("bafy", host_nodes=["/ip4/1.2.3.4/tcp/4001/p2p/Qm"], api="v3"), PinJob)
    assert_type(
        pinata.pins.list(where=[kv("a") == "b", kv("c").matches("^d")], status="all", pinned_after=MOMENT),
        AsyncListing[Pin],
    )
    assert_type(pinata.pins.queue(order="ASC", api="older", fields=["status"]), AsyncListing[PinJob])
    await pinata.pins.cancel("id")
    assert_type(await pinata.pins.wait(CID.parse("bafy"), timeout=60), File)
    await pinata.pins.update("bafy", keyvalues={"n": 1.5})
    await pinata.pins.remove("bafy")
    assert_type(
        pinata.psa.list(cid=["bafy"], status={"queued", "failed"}, match="iexact", meta={"a": "b"}),
        AsyncListing[PinStatus],
    )
    assert_type(await pinata.psa.add("bafy", origins=["/p2p/Qm"], meta={"a": "b"}), PinStatus)
    assert_type(await pinata.psa.get("id"), PinStatus)
    assert_type(await pinata.psa.replace("id", "bafy"), PinStatus)
    await pinata.psa.delete("id")
    assert_type(await pinata.keys.create("k", Permissions.UPLOADS_ONLY, max_uses=5), NewKey)
    assert_type(pinata.keys.list(limited_use=True, exhausted=False, offset=10), AsyncListing[Key])
    await pinata.keys.revoke("key")
    assert_type(await pinata.keys.older.create("k", Permissions(endpoints=["unpin"])), NewKey)
    assert_type(pinata.keys.older.list(limit=1), AsyncListing[Key])
    await pinata.keys.older.revoke("key")
    assert_type(await pinata.account.test(), str)
    assert_type(await pinata.account.usage(), Usage)
    assert_type(await pinata.account.limits(), Limits)
    assert_type(await pinata.payments.create("p", []), PaymentInstruction)
    assert_type(await pinata.payments.get("id"), PaymentInstruction)
    assert_type(pinata.payments.list(cid="bafy", fields=("id", "name")), AsyncListing[PaymentInstruction])
    assert_type(await pinata.payments.update("id", description="d"), PaymentInstruction)
    await pinata.payments.delete("id")
    assert_type(pinata.payments.cids("id", limit=5), AsyncListing[CID])
    assert_type(await pinata.payments.add_cid("id", "bafy"), PaidCID)
    await pinata.payments.remove_cid("id", "bafy")
    assert_type(await pinata.payments.read("bafy", "payment"), bytes)
    assert_type(await pinata.payments.pin(5, network="private"), str)
    assert_type(await pinata.payments.retrieve("bafy"), str)
    assert_type(await pinata.payments.mpp_pin(5), str)
    assert_type(await pinata.payments.mpp_read("bafy", "Payment x"), bytes)
    await pinata.vectors.add("id")
    await pinata.vectors.delete("id")
    assert_type(pinata.vectors.query("id", "text", limit=3), AsyncListing[Match])
    assert_type(
        pinata.analytics.top("you.mypinata.cloud", "cid", start=DAY, end=DAY, sort_by="bandwidth"),
        AsyncListing[Use],
    )
    assert_type(
        await pinata.analytics.time_series("you.mypinata.cloud", "week", start=DAY, end=DAY), TimeSeries
    )
    assert_type(pinata.plugins.list(), AsyncListing[Plugin])
    assert_type(await pinata.plugins.get(1), Plugin)
    assert_type(pinata.plugins.installed("id"), AsyncListing[InstalledPlugin])
    assert_type(await pinata.plugins.install("id", 1), InstalledPlugin)
    await pinata.plugins.uninstall("id", 1)
    assert_type(pinata.gateways.list(limit=1), AsyncListing[Gateway])
    assert_type(await pinata.gateways.get("id"), Gateway)
    assert_type(await pinata.gateways.create("you"), Gateway)
    await pinata.gateways.delete("id")
    assert_type(await pinata.gateways.exists("you"), bool)
    assert_type(await pinata.gateways.add_domain("id", "ipfs.example.org"), CustomDomain)
    assert_type(await pinata.gateways.get_domain("id", "domain"), CustomDomain)
    await pinata.gateways.remove_domain("id", "domain")
    assert_type(await pinata.gateways.create_token("id"), AccessToken)
    await pinata.gateways.delete_token("id", "token")
    assert_type(await pinata.gateways.allow_ip("id", "192.0.2.1"), Allowed)
    await pinata.gateways.remove_ip("id", "ip")
    assert_type(await pinata.gateways.allow_host("id", "https://example.org"), Allowed)
    await pinata.gateways.remove_host("id", "host")
    assert_type(await pinata.links.download("bafy", expires=60), str)
    assert_type(await pinata.links.upload(expires=60), str)
    assert_type(await pinata.swaps.add("bafy", "bafz"), Swap)
    assert_type(pinata.swaps.history("bafy", "you.mypinata.cloud", limit=1), AsyncListing[Swap])
    await pinata.swaps.delete("bafy")
    assert_type(await pinata.signatures.sign("bafy", b"key"), Signature)
    assert_type(await pinata.signatures.add("bafy", "0x", "0x"), Signature)
    assert_type(await pinata.signatures.get("bafy"), Signature)
    await pinata.signatures.delete("bafy", network="private")
    assert_type(pinata.read("bafy", start=1), AsyncIterator[bytes])


def lists(pinata: Pinata) -> None:
    for file in pinata.files.list():
        assert_type(file, File)
    assert_type(list(pinata.pins.list()), list[Pin])
    assert_type(pinata.keys.list().first(), Key | None)


async def async_lists(pinata: AsyncPinata) -> None:
    async for file in pinata.files.list():
        assert_type(file, File)
    assert_type(await pinata.pins.list(), Rows[Pin])
    assert_type(await pinata.keys.list().first(), Key | None)
    assert_type([cid async for cid in pinata.payments.cids("id")], list[CID])


def conditions() -> None:
    score = kv("score")
    assert_type(score == 1, Where)
    assert_type(score != DAY, Where)
    assert_type(score > 1.5, Where)
    assert_type(score >= "a", Where)
    assert_type(score < MOMENT, Where)
    assert_type(score <= 1, Where)
    assert_type(score.between(1, 5), Where)
    assert_type(score.not_between(DAY, MOMENT), Where)
    assert_type(score.like("a%", ignore_case=True), Where)
    assert_type(score.not_like("a%"), Where)
    assert_type(score.matches("^a"), Where)


def mistakes(pinata: Pinata) -> None:
    pinata.upload(5)  # type: ignore[arg-type]
    pinata.upload("a", network="secret")  # type: ignore[arg-type]
    pinata.upload("a", nmae="b")  # type: ignore[call-arg]
    pinata.upload_json({}, keyvalues={"a": [1]})  # type: ignore[dict-item]
    pinata.download("bafy")  # type: ignore[call-arg]
    pinata.read_bytes(5)  # type: ignore[arg-type]
    ImageOptions(fit="wide")  # type: ignore[arg-type]
    pinata.files.get()  # type: ignore[call-arg]
    pinata.files.list(order="newest")  # type: ignore[arg-type]
    pinata.files.list(where="stage = prod")  # type: ignore[arg-type]
    pinata.files.list(keyvalues={"a": 1})  # type: ignore[dict-item]
    pinata.files.list(fields=5)  # type: ignore[arg-type]
    pinata.files.list(limit="5")  # type: ignore[arg-type]
    next(pinata.files.list())  # type: ignore[call-overload]
    len(pinata.files.list())  # type: ignore[arg-type]
    for file in pinata.files.list():
        file.colour  # type: ignore[attr-defined]
    file_of_pin: Listing[File] = pinata.pins.list()  # type: ignore[assignment]
    pinata.pins.list(status="gone")  # type: ignore[arg-type]
    pinata.pins.add("bafy", api="v2")  # type: ignore[arg-type]
    pinata.pins.wait(5)  # type: ignore[arg-type]
    pinata.psa.list(match="fuzzy")  # type: ignore[arg-type]
    pinata.psa.add("bafy", meta={"a": 1})  # type: ignore[dict-item]
    pinata.groups.add("id", 5)  # type: ignore[arg-type]
    pinata.groups.older.create("g", network="private")  # type: ignore[call-arg]
    pinata.keys.create("k", "admin")  # type: ignore[arg-type]
    Permissions(files="wirte")  # type: ignore[arg-type]
    pinata.analytics.top("you", "colour", start=DAY, end=DAY)  # type: ignore[arg-type]
    pinata.analytics.time_series("you", "hour", start=DAY, end=DAY)  # type: ignore[arg-type]
    pinata.gateways.allow_ip("id")  # type: ignore[call-arg]
    pinata.plugins.get("one")  # type: ignore[arg-type]
    pinata.payments.pin("5")  # type: ignore[arg-type]
    pinata.swaps.add("bafy")  # type: ignore[call-arg]
    pinata.signatures.sign("bafy", 5)  # type: ignore[arg-type]
    pinata.links.download("bafy", expires="soon")  # type: ignore[arg-type]
    pinata.account.usage(network="public")  # type: ignore[call-arg]
    limits: Usage = pinata.account.limits()  # type: ignore[assignment]
    pinata.vectors.query("id", 5)  # type: ignore[arg-type]
    pinata.keys.older.create("k", "admin")  # type: ignore[arg-type]
    pinata.files.get("id").size.upper()  # type: ignore[attr-defined]
    pinata.upload("a").cid.upper()  # type: ignore[attr-defined]
    kv("a") > [1]  # type: ignore[operator]
    kv("a").between(1)  # type: ignore[call-arg]
    kv("a").like(5)  # type: ignore[arg-type]
    kv(5)  # type: ignore[arg-type]


async def async_mistakes(pinata: AsyncPinata) -> None:
    upload: Upload = pinata.upload("a")  # type: ignore[assignment]
    await pinata.files.update("id", name=5)  # type: ignore[arg-type]
    for _ in pinata.files.list():  # type: ignore[attr-defined]
        pass
    pins: Rows[Pin] = await pinata.files.list()  # type: ignore[assignment]
    await pinata.nothing()  # type: ignore[attr-defined]
    await pinata.pins.queue(status=5)  # type: ignore[arg-type]

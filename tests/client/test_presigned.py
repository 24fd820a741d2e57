"""Presigned upload URLs, on three wires: whoever has one uploads without a key."""

from __future__ import annotations

import time

import httpx2 as httpx
import pytest

from pinatakit import Pinata, cid_of, pack
from pinatakit.client.files import Files
from pinatakit.client.links import Links
from pinatakit.content import PROFILES, build_file
from pinatakit.errors import BadRequest, Forbidden, InputError, TooLarge, Unauthorized, Unreachable

from .fakes import JWT, Service, said

PNG = b"\x89PNG\r\n\x1a\n" + bytes(3_000)


def nobody(settings):
    """A client without a key."""
    return Pinata(endpoint_url=settings["endpoint_url"], gateway_url=settings["gateway_url"])


@pytest.mark.parametrize("resumable", [False, True])
@pytest.mark.parametrize("version", [None, 0, "unixfs-v1-2025"])
def test_what_was_signed_is_what_the_file_becomes(play, settings, resumable, version):
    data = PNG * 500

    async def body(pinata):
        url = await Links.upload(
            pinata.links,
            network="private",
            name="avatar.png",
            keyvalues={"user": "7"},
            cid_version=version,
            mime_types=["image/*"],
            max_size=len(data),
        )
        with nobody(settings) as other:
            made = other.upload(
                data,
                url=url,
                network="private",
                name="mine.png",
                resumable=resumable,
                chunk_size=300_000,
                cid_version=1 if version is None else version,
            )
        profile = {None: "v1", 0: "v0"}.get(version, version)
        assert made.cid == build_file([data], PROFILES[profile]).cid
        (file,) = [file async for file in Files.list(pinata.files, network="private")]
        assert (file.cid, file.name, file.keyvalues) == (made.cid, "avatar.png", {"user": "7"})
        assert file.mime_type == "image/png"
        assert made.id == (None if resumable else file.id)
        assert file.id in url  # the id in the URL becomes the file's

    play(body)


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "a.txt").write_text("a")
    (top / "sub" / "b.txt").write_text("b")
    return top


@pytest.mark.parametrize("network", ["public", "private"])
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_folder_goes_to_a_presigned_url_as_one_form(play, settings, folder, network, version):
    async def body(pinata):
        url = await Links.upload(
            pinata.links, network=network, name="site", mime_types=["directory"], cid_version=version
        )
        with nobody(settings) as other:
            made = other.upload(folder, url=url, network=network, cid_version=version)
        assert made.cid == cid_of(folder, version)
        (file,) = [file async for file in Files.list(pinata.files, network=network)]
        assert (file.cid, file.name, file.mime_type) == (made.cid, "site", "directory")
        assert (file.id, file.number_of_files) == (made.id, 2)

    play(body)


@pytest.mark.parametrize("resumable", [False, True])
def test_a_folder_goes_to_a_presigned_url_as_one_car(play, settings, folder, resumable):
    (folder / "empty").mkdir()

    async def body(pinata):
        url = await Links.upload(pinata.links, network="public", mime_types=["directory"])
        with nobody(settings) as other:
            made = other.upload(
                folder, url=url, car=True, empty_folders=True, resumable=resumable, chunk_size=256
            )
        assert made.cid == cid_of(folder, empty_folders=True)
        (file,) = [file async for file in Files.list(pinata.files)]
        assert (file.cid, file.name, file.mime_type) == (made.cid, "top", "directory")

    play(body)


@pytest.mark.parametrize("resumable", [False, True])
def test_a_car_goes_to_a_presigned_url_and_is_what_it_holds(play, settings, tmp_path, resumable):
    (tmp_path / "picture").write_bytes(PNG)
    root = pack(tmp_path / "picture", tmp_path / "picture.car").cid

    async def body(pinata):
        pictures = await Links.upload(pinata.links, network="public", mime_types=["image/*"])
        texts = await Links.upload(pinata.links, network="public", mime_types=["text/*"])
        with nobody(settings) as other:
            made = other.upload(tmp_path / "picture.car", url=pictures, car=True, resumable=resumable)
            with pytest.raises(BadRequest, match="detected MIME type: image/png"):
                other.upload(tmp_path / "picture.car", url=texts, car=True, resumable=resumable)
        assert made.cid == root
        (file,) = [file async for file in Files.list(pinata.files)]
        assert (file.cid, file.size, file.mime_type) == (root, len(PNG), "image/png")

    play(body)


def test_a_json_value_goes_to_a_presigned_url(play, settings):
    value = {"b": 1.0, "a": ["é", None]}

    async def body(pinata):
        url = await Links.upload(pinata.links, network="private", mime_types=["application/json"])
        with nobody(settings) as other:
            made = other.upload_json(value, url=url, network="private")
        assert made.cid == build_file([b'{"b":1,"a":["\xc3\xa9",null]}'], PROFILES["v1"]).cid
        (file,) = [file async for file in Files.list(pinata.files, network="private")]
        assert (file.cid, file.name, file.mime_type) == (made.cid, "data.json", "application/json")

    play(body)


def test_a_car_for_an_address_signed_privately_is_refused_by_the_service(play, settings, folder):
    async def body(pinata):
        url = await Links.upload(pinata.links, network="private")
        with nobody(settings) as other, pytest.raises(BadRequest, match="public network only"):
            other.upload(folder, url=url, car=True)

    play(body)


def test_a_folder_that_may_not_go_by_the_address_is_refused(play, settings, folder):
    async def body(pinata):
        pictures = await Links.upload(pinata.links, mime_types=["image/*"])
        small = await Links.upload(pinata.links, max_size=1)
        with nobody(settings) as other:
            with pytest.raises(BadRequest, match="detected MIME type: directory"):
                other.upload(folder, url=pictures)
            with pytest.raises(TooLarge):
                other.upload(folder, url=small)

    play(body)


@pytest.mark.parametrize(
    ("options", "why", "hint"),
    [
        ({"resumable": True}, "cannot go in chunks", "car=True"),
        ({"car": True, "network": "private"}, "public network only", "public"),
        ({"car": True, "group_id": "g"}, "group_id cannot be given with url", "links.upload"),
        ({"wrap": True}, "folder already", None),
    ],
)
def test_what_a_presigned_url_cannot_take_of_a_folder_is_refused_before_a_byte(
    over, folder, options, why, hint
):
    service = Service(None)

    async def body(pinata):
        with pytest.raises(InputError, match=why) as caught:
            await Pinata.upload(pinata, folder, url="https://up.test/v3/files/1?X-Signature=abc", **options)
        assert hint is None or hint in caught.value.hint

    over(body, service.transport)
    assert service.requests == []


def test_a_folder_above_what_one_form_takes_is_refused_with_the_way_out(over, folder):
    with (folder / "large").open("wb") as file:
        file.truncate(100_000_001)
    service = Service(None)

    async def body(pinata):
        with pytest.raises(InputError, match="a folder of at most 100,000,000") as caught:
            await Pinata.upload(pinata, folder, url="https://up.test/v3/files/1?X-Signature=abc")
        assert "car=True" in caught.value.hint

    over(body, service.transport)
    assert service.requests == []


def test_a_wire_of_its_own_uploads_by_a_link(play):
    async def body(pinata):
        url = await Links.upload(pinata.links, network="public")
        made = await Pinata.upload(pinata, PNG, url=url, resumable=True)
        assert [file.cid async for file in Files.list(pinata.files)] == [made.cid]

    play(body)


@pytest.mark.parametrize("resumable", [False, True])
def test_what_was_not_signed_is_refused(play, settings, resumable):
    async def body(pinata):
        small = await Links.upload(pinata.links, max_size=2_999)
        text = await Links.upload(pinata.links, mime_types=["text/plain", "video/*"])
        with nobody(settings) as other:
            with pytest.raises(TooLarge):
                other.upload(PNG, url=small, resumable=resumable)
            with pytest.raises(
                BadRequest, match="does not grant permissions to upload detected MIME type: image/png"
            ):
                other.upload(PNG, url=text, resumable=resumable)
            with pytest.raises(Unauthorized, match="not valid"):
                other.upload(
                    PNG, url=small.replace("X-Expires=3600", "X-Expires=9999999"), resumable=resumable
                )

    play(body)


def test_a_link_that_has_expired_is_refused(play, settings, server, monkeypatch):
    async def body(pinata):
        url = await Links.upload(pinata.links, expires=30)
        later = 40_000_000 + time.time_ns() // 1000
        monkeypatch.setattr("pinatakit.server.links.now_micros", lambda: later)
        with nobody(settings) as other:
            for resumable in (False, True):
                with pytest.raises(Forbidden, match="expired"):
                    other.upload(PNG, url=url, resumable=resumable)

    play(body)


def test_no_credential_goes_to_a_presigned_url_and_its_query_arrives(over):
    service = Service(said(200, data={"id": "1", "cid": str(build_file([b"x"], PROFILES["v1"]).cid)}))

    async def body(pinata):
        await Pinata.upload(pinata, b"x", url="https://up.test/v3/files/1?X-Signature=abc&X-Date=1")

    over(body, service.transport, jwt=JWT)
    (request,) = service.requests
    assert "authorization" not in request.headers
    assert str(request.url) == "https://up.test/v3/files/1?X-Signature=abc&X-Date=1"


def test_a_presigned_url_stands_in_no_error(over):
    def gone(_):
        raise httpx.ConnectError("no")

    async def body(pinata):
        with pytest.raises(Unreachable) as caught:
            await Pinata.upload(pinata, b"x", url="https://up.test/v3/files/1?X-Signature=abc")
        assert "abc" not in str(caught.value)

    over(body, Service(gone).transport, attempts=1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"expires": 0}, "at least 1 second"),
        ({"max_size": -1}, "bytes, not -1"),
        ({"mime_types": "image/*"}, "a list of media types"),
        ({"keyvalues": {"n": 1}}, "every value is text"),
        ({"cid_version": 7}, "not 7"),
    ],
)
def test_a_link_that_cannot_be_is_refused_before_it_is_asked_for(over, wrong, said):
    service = Service(None)

    async def body(pinata):
        with pytest.raises(InputError, match=said):
            await Links.upload(pinata.links, **wrong)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []

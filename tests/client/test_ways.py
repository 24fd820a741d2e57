"""Every option of an upload on every way there is: it arrives, or is refused before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pinatakit import Pinata, cid_of
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups
from pinatakit.client.links import Links
from pinatakit.errors import InputError

DATA = bytes(range(256)) * 12
VALUE = {"b": 1, "a": [1.5, "é"]}
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)

OPTIONS = {
    "name": {"name": "called"},
    "text": {"keyvalues": {"stage": "prod"}},
    "number": {"keyvalues": {"score": 7}},
    "group": {"group_id": "…"},
    "private": {"network": "private"},
    "private group": {"network": "private", "group_id": "…"},
    "v0": {"cid_version": 0},
    "2025": {"cid_version": "unixfs-v1-2025"},
    "expires": {"expires_at": SOON},
    "streamable": {"streamable": True},
    "wrap": {"wrap": True},
    "skip": {"skip_existing": True},
}
SIGNED = {"number", "text", "group", "private group", "expires", "streamable", "wrap"}
REFUSED = {
    "one request": set(),
    "resumable": {"number", "wrap"},
    "presigned": SIGNED,
    "presigned, resumable": SIGNED,
    "folder": {"private", "private group", "2025", "expires", "streamable", "wrap"},
    "folder as CAR": {"number", "private", "private group", "wrap"},
    "iterator": set(),
    "data URL": set(),
    "JSON": set(),
}
UNKNOWN = {("JSON", "streamable"), ("JSON", "wrap"), ("JSON", "skip")}


async def sent(pinata, way, options, folder):
    """An upload by a way."""
    if way == "JSON":
        return await Pinata.upload_json(pinata, VALUE, **options)
    if way.startswith("presigned"):
        signed = {name: options[name] for name in ("network", "cid_version") if name in options}
        options["url"] = await Links.upload(pinata.links, **signed)
    source = {
        "folder": folder,
        "folder as CAR": folder,
        "iterator": iter([DATA[:700], DATA[700:]]),
        "data URL": "data:application/octet-stream," + "".join(f"%{byte:02x}" for byte in DATA),
    }.get(way, folder / "a.bin")
    if way == "folder as CAR":
        options["car"] = True
    if way.endswith("resumable"):
        options["resumable"] = True
    return await Pinata.upload(pinata, source, **options)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("way", REFUSED)
def test_an_option_arrives_or_is_refused_before_anything_is_sent(play, tmp_path, way, option):
    if (way, option) in UNKNOWN:
        pytest.skip("it has no such option")
    folder = tmp_path / "top"
    folder.mkdir()
    (folder / "a.bin").write_bytes(DATA)

    async def body(pinata):
        options = dict(OPTIONS[option])
        network = options.get("network", "public")
        if "group_id" in options:
            made = await Groups.create(pinata.groups, "of this", network=network)
            options["group_id"] = made.id
        told = dict(options)
        if option in REFUSED[way]:
            with pytest.raises(InputError) as caught:
                await sent(pinata, way, options, folder)
            assert caught.value.hint or "wrap" in str(caught.value)
            for place in ("public", "private"):
                assert [file async for file in Files.list(pinata.files, network=place)] == []
            return
        upload = await sent(pinata, way, options, folder)
        (file,) = [file async for file in Files.list(pinata.files, network=network)]
        assert (file.cid, upload.network) == (upload.cid, network)
        assert file.name == told.get("name", file.name)
        assert file.keyvalues == told.get("keyvalues", {})
        assert file.group_id == told.get("group_id")
        assert getattr(file, "expires_at", None) == told.get("expires_at")
        assert upload.is_duplicate is False
        if way != "JSON" and option != "wrap":
            profile = {0: "v0"}.get(told.get("cid_version"), str(told.get("cid_version", "v1")))
            assert upload.cid == cid_of(folder if way.startswith("folder") else DATA, profile)
        if option == "wrap":
            name = {"iterator": "file", "data URL": "file"}.get(way, "a.bin")
            got = await Pinata.read_bytes(pinata, upload.cid, path=name)
            assert got == DATA

    play(body)


@pytest.mark.parametrize("options", [{"network": "private"}, {"expires_at": SOON}])
def test_json_that_the_older_api_cannot_take_has_the_same_cid_over_v3(play, options):
    async def body(pinata):
        one = await Pinata.upload_json(pinata, VALUE)
        other = await Pinata.upload_json(pinata, VALUE, **options)
        assert other.cid == one.cid
        network = options.get("network", "public")
        got = await Pinata.read_bytes(pinata, other.cid, network=network)
        assert got == '{"b":1,"a":[1.5,"é"]}'.encode()

    play(body)


def test_private_json_is_a_file_with_a_name_and_a_type(play):
    async def body(pinata):
        upload = await Pinata.upload_json(pinata, VALUE, network="private")
        file = await Files.get(pinata.files, upload.id, network="private")
        assert (file.name, file.mime_type) == ("data.json", "application/json")

    play(body)


def test_private_json_with_a_number_among_its_key_values_is_refused(play):
    async def body(pinata):
        with pytest.raises(InputError, match="privately: it has key-values that are not text"):
            await Pinata.upload_json(pinata, VALUE, keyvalues={"score": 7}, network="private")
        assert [file async for file in Files.list(pinata.files, network="private")] == []

    play(body)

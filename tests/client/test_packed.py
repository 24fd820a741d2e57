"""Folders that go as one CAR, and what of a folder a form cannot carry."""

from __future__ import annotations

import logging
import os
from functools import partial

import pytest

from pinatakit import Pinata, cid_of, pack
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups
from pinatakit.content import Profile
from pinatakit.errors import CIDMismatch, InputError
from pinatakit.packed import packed
from pinatakit.sources import Reader

from .fakes import JWT, Service, said, stored
from .proxies import Proxy

MIB = 1 << 20


@pytest.fixture
def top(tmp_path):
    """A folder with files of all sizes, one of them twice, symlinks, and empty folders."""
    top = tmp_path / "top"
    (top / "sub/deep").mkdir(parents=True)
    (top / "empty/empty").mkdir(parents=True)
    (top / "nothing").write_bytes(b"")
    (top / "small").write_bytes(b"small")
    (top / "sub/large").write_bytes(os.urandom(3 * MIB + 5))
    (top / "sub/deep/again").write_bytes((top / "sub/large").read_bytes())
    (top / "link").symlink_to("sub/deep")
    (top / "sub/file link").symlink_to("../small")
    return top


KEPT = {"symlinks": "keep", "empty_folders": True}


# As one CAR


@pytest.mark.parametrize("version", ["v0", "v1", "unixfs-v1-2025"])
@pytest.mark.parametrize("kept", [{}, {"symlinks": "skip"}, KEPT])
@pytest.mark.parametrize("resumable", [False, True])
def test_a_folder_goes_as_one_car_over_v3(play, top, version, kept, resumable):
    async def body(pinata):
        group = await Groups.create(pinata.groups, "g", network="public")
        upload = await Pinata.upload(
            pinata,
            top,
            car=True,
            cid_version=version,
            group_id=group.id,
            keyvalues={"a": "b"},
            resumable=resumable,
            chunk_size=MIB,
            **kept,
        )
        assert upload.cid == cid_of(top, version, **kept)
        assert (upload.name, upload.mime_type, upload.keyvalues) == ("top", "directory", {"a": "b"})
        assert (upload.group_id, upload.network) == (group.id, "public")
        assert (await Files.get(pinata.files, upload.id)).cid == upload.cid

    play(body)


def test_symlinks_and_empty_folders_survive_and_come_back(play, top, tmp_path):
    async def body(pinata):
        upload = await Pinata.upload(pinata, top, car=True, **KEPT)
        await Pinata.download(pinata, upload.cid, tmp_path / "copy")

    play(body)
    copy = tmp_path / "copy"
    assert (copy / "empty/empty").is_dir()
    assert (copy / "sub/file link").readlink().as_posix() == "../small"
    assert (copy / "link").readlink().as_posix() == "sub/deep"
    assert cid_of(copy, **KEPT) == cid_of(top, **KEPT)


def test_what_is_read_is_the_car_that_pack_writes(top, tmp_path):
    pack(top, tmp_path / "car", order="dfs", symlinks="keep", empty_folders=True)
    car = (tmp_path / "car").read_bytes()
    with packed(top, Profile.named("v1"), [], **KEPT) as source:
        assert (source.size, source.name, source.root) == (len(car), "top", cid_of(top, **KEPT))
        reader = Reader(source)
        for at in (0, 1, 57, 58, 59, MIB, len(car) - 1, len(car), 100, 3):
            reader.seek(at)
            read = b""
            while piece := reader.piece(70_001):
                read += piece
            assert read == car[at:]
        reader.close()


def test_a_folder_that_changes_while_it_is_sent_is_noticed(play, top):
    large = top / "sub/large"
    changed = []

    def change(how, *_):
        if how in changed:
            return
        changed.append(how)
        status = large.stat()
        if how == "content":  # nothing but the content tells
            large.write_bytes(os.urandom(status.st_size))
            os.utime(large, ns=(status.st_atime_ns, status.st_mtime_ns))
        elif how == "shorter":
            large.write_bytes(b"short")
        else:
            large.unlink()

    async def body(pinata):
        for how in ("content", "shorter", "gone"):
            large.write_bytes(os.urandom(3 * MIB + 5))
            (top / "sub/deep/again").unlink(missing_ok=True)
            with pytest.raises(InputError, match="large' (changed|does not exist)"):
                await Pinata.upload(
                    pinata, top, car=True, resumable=True, chunk_size=50, progress=partial(change, how)
                )
        assert [file async for file in Files.list(pinata.files)] == []

    play(body)


def test_a_folder_goes_on_where_it_was_cut_also_in_another_client(play, server, top):
    class Stopped(Exception):
        pass

    def stop(at, of):
        if at > 2 * MIB:
            raise Stopped

    async def begin(pinata):
        with pytest.raises(Stopped):
            await Pinata.upload(pinata, top, car=True, resumable=True, chunk_size=MIB, progress=stop)

    async def go_on(pinata):
        upload = await Pinata.upload(pinata, top, car=True, resumable=True, chunk_size=MIB)
        assert upload.cid == cid_of(top)

    with Proxy(server.url) as proxy:
        play(begin, endpoint_url=proxy.url)
        sent = proxy.sent
        play(go_on, endpoint_url=proxy.url)
        assert proxy.sent - sent < 2 * MIB


def test_another_root_than_was_packed_is_told(over, top):
    async def body(pinata):
        with pytest.raises(CIDMismatch) as caught:
            await Pinata.upload(pinata, top, car=True)
        assert caught.value.expected == cid_of(top)

    over(body, Service(stored(cid_of(b"other"))).transport, jwt=JWT)


def test_a_folder_that_is_there_already_is_not_packed_again(play, top):
    async def body(pinata):
        first = await Pinata.upload(pinata, top, car=True)
        again = await Pinata.upload(pinata, top, car=True, skip_existing=True)
        assert (again.id, again.is_duplicate) == (first.id, True)

    play(body)


def test_a_path_with_stars_goes_as_one_car_too(play, top):
    async def body(pinata):
        upload = await Pinata.upload(pinata, f"{top}/s*ll", car=True)
        assert upload.cid == cid_of(f"{top}/s*ll")
        assert upload.number_of_files == 1

    play(body)


@pytest.mark.parametrize(
    "option", [{"resumable": True}, {"cid_version": "unixfs-v1-2025"}, {"streamable": True}]
)
def test_what_a_form_of_files_cannot_do_says_how_it_can_be_done(over, top, option):
    service = Service(said(500))

    async def body(pinata):
        with pytest.raises(InputError, match="it is a folder") as caught:
            await Pinata.upload(pinata, top, **option)
        assert "car=True" in caught.value.hint

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


def test_a_private_folder_is_refused_as_a_car_too(over, top):
    service = Service(said(500))

    async def body(pinata):
        with pytest.raises(InputError, match="public network only"):
            await Pinata.upload(pinata, top, car=True, network="private")
        with pytest.raises(InputError, match="cannot be uploaded privately") as caught:
            await Pinata.upload(pinata, top, network="private")
        assert "car" not in caught.value.hint

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


# As a form of files


@pytest.mark.parametrize("symlinks", ["follow", "skip"])
@pytest.mark.parametrize("car", [False, True])
def test_what_does_not_go_along_is_told_and_not_in_the_cid(play, top, caplog, symlinks, car):
    async def body(pinata):
        upload = await Pinata.upload(pinata, top, symlinks=symlinks, car=car)
        assert upload.cid == cid_of(top, symlinks=symlinks)

    with caplog.at_level(logging.WARNING, "pinatakit"):
        play(body)
    (told,) = caplog.messages
    links = "'link', 'sub/file link'" if symlinks == "skip" else ""
    assert told.startswith(
        "of 'top' these symlinks, and folders in which nothing is to be taken, are left out: 'empty/empty/'"
    )
    assert links in told


@pytest.mark.parametrize("car", [False, True])
def test_symlinks_can_be_refused(over, top, car):
    service = Service(said(500))

    async def body(pinata):
        with pytest.raises(InputError, match="link' is a symlink"):
            await Pinata.upload(pinata, top, symlinks="refuse", car=car)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


@pytest.mark.parametrize(
    ("kept", "said_so"),
    [
        ({"symlinks": "keep"}, "link' is a symlink, for which"),
        ({"empty_folders": True}, "'empty/empty/' would be an empty folder"),
    ],
)
def test_a_form_refuses_what_it_cannot_keep(over, top, kept, said_so):
    service = Service(said(500))

    async def body(pinata):
        with pytest.raises(InputError, match=said_so) as caught:
            await Pinata.upload(pinata, top, **kept)
        assert "car=True" in caught.value.hint

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


@pytest.mark.parametrize("car", [False, True])
def test_a_word_for_symlinks_that_says_nothing_is_refused_even_where_there_are_none(over, top, car):
    service = Service(said(500))

    async def body(pinata):
        with pytest.raises(InputError, match="symlinks='copy' says nothing") as caught:
            await Pinata.upload(pinata, top / "sub", symlinks="copy", car=car)  # type: ignore[arg-type]
        assert caught.value.hint == "one of follow, keep, skip, refuse"

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


def test_nothing_is_told_where_nothing_is_left_out(play, top, caplog):
    async def body(pinata):
        await Pinata.upload(pinata, top, car=True, **KEPT)
        await Pinata.upload(pinata, top / "sub")

    with caplog.at_level(logging.WARNING, "pinatakit"):
        play(body)
    assert caplog.messages == []

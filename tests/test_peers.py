"""What other clients of Pinata and of IPFS have been seen to do wrong, and this one does not."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import resource
import subprocess
import sys
import tracemalloc

import httpx2 as httpx
import pytest

from pinatakit import Pinata, cid_of, kv
from pinatakit.client.login import log_in
from pinatakit.content import CID, PROFILES, Block, FolderBuilder, build_file, write_car
from pinatakit.errors import BlockMismatch, Forbidden, InputError, PinataError, Unauthorized
from pinatakit.protocol import pins as calls
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE

from .client.fakes import Gateway, Pieces, Service, said
from .content.vectors import Blocks


@pytest.fixture
def tree(tmp_path):
    """A folder of folders, with names that other clients stumble over."""
    top = tmp_path / "home" / "me" / "with space"
    for name in (
        "a.txt",
        "deep/er/b.txt",
        'deep/quo"te.txt',
        "deep/50%.txt",
        "ünïcode/naïve — file.txt",
        "deep/empty",
    ):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"" if name.endswith("empty") else name.encode())
    return top


def test_no_local_path_goes_out(tree):
    """pinatapy sends the names of all folders above; they stay public for ever."""
    service = Service(httpx.Response(500, text="enough"))
    with Pinata("jwt", transport=service.transport, attempts=1) as pinata, pytest.raises(PinataError):
        pinata.upload(tree)
    body = service.requests[0].read()
    assert b'filename="with space/deep/er/b.txt"' in body
    assert b"home" not in body
    assert str(tree).encode() not in body


def test_of_an_open_file_the_bytes_are_stored(settings):
    """pinata 0.0.1 stored the text "5" in place of b"hello", and said that it was well."""
    with Pinata(**settings) as pinata:
        upload = pinata.upload(io.BytesIO(b"hello"), name="hello")
        assert b"".join(pinata.read(upload.cid)) == b"hello"


def test_a_folder_of_folders_has_the_cid_that_was_told_before_and_comes_back(tree, settings, tmp_path):
    """pinata-python, ipfspy and @pinata/sdk 2.1 fail at the first folder in a folder, one of them for ever."""
    with Pinata(**settings) as pinata:
        upload = pinata.upload(tree)
        assert upload.cid == cid_of(tree)
        pinata.download(upload.cid, tmp_path / "copy")
    assert cid_of(tmp_path / "copy") == upload.cid


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_two_thousand_files_need_no_more_open_files_than_one(tmp_path, settings):
    """pinatapy and pinata-python open all of them at once."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(2000):
        (folder / f"{number}.txt").write_text(str(number))
    script = (
        "import sys; from pinatakit import Pinata\n"
        "pinata = Pinata(sys.argv[2], endpoint_url=sys.argv[3], gateway_url=sys.argv[3])\n"
        "print(pinata.upload(sys.argv[1]).cid)"
    )

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), settings["jwt"], settings["endpoint_url"]],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == str(cid_of(folder)), done.stderr


@pytest.mark.parametrize("name", ['quo"te.txt', "50%22.txt", "naïve — ☃.txt", "back\\slash", "a&b=c d.txt"])
def test_a_name_arrives_as_it_is(name, settings):
    """requests sends quo%22te.txt; a changed name is a changed CID of its folder."""
    with Pinata(**settings) as pinata:
        upload = pinata.upload(name.encode(), name=name)
        assert pinata.files.get(upload.id).name == name
        assert [file.name for file in pinata.files.list(name=name)] == [name]


def test_a_query_is_escaped():
    """The official command line puts names into the address as they are."""
    service = Service(said(200, data={"files": []}))
    with Pinata("jwt", transport=service.transport) as pinata:
        list(pinata.files.list(name="a&limit=1 b#c"))
    assert service.requests[0].url.params["name"] == "a&limit=1 b#c"


def test_key_values_go_out_with_value_and_operator():
    """pinatapy 2 sends ``metadata[keyvalues]=a`` for a whole filter."""
    query = calls.list_pins(where=[kv("a") == "b", kv("n") > 3]).query
    sent = json.loads(str(query["metadata[keyvalues]"]))
    assert sent == {"a": {"value": "b", "op": "eq"}, "n": {"value": 3, "op": "gt"}}


def test_no_header_of_one_request_sticks_to_the_next(settings):
    """pinatapy 1 changes the headers it shares."""
    service = Service(said(200, rows=[], count=0))
    with Pinata("jwt", transport=service.transport) as pinata:
        pinata.pins.update(cid_of(b"x"), name="y")
        list(pinata.pins.list())
    assert "content-type" in service.requests[0].headers
    assert "content-type" not in service.requests[1].headers


def test_a_gateway_that_gives_other_bytes_is_found_out():
    """ipfsspec 0.6 gives them to the caller as if they were the content."""
    wanted = CID.of(b"the truth")
    forged = b"".join(write_car([wanted], [Block(wanted, b"not the truth")]))

    def lie(request):
        as_car = request.url.params["format"] == "car"
        body, kind = (forged, CAR_TYPE) if as_car else (b"not the truth", RAW_TYPE)
        return httpx.Response(200, headers={"content-type": kind}, stream=Pieces(body))

    gateway = httpx.MockTransport(lie)
    with (
        Pinata("jwt", gateway_url="http://liar.test", transport=gateway) as pinata,
        pytest.raises(BlockMismatch),
    ):
        list(pinata.read(wanted))


def test_a_range_costs_what_the_range_costs(settings):
    """ipfsspec 0.6 fetches 100 MiB for each ten bytes of it."""
    received = 0

    class Counting(httpx.HTTPTransport):
        def handle_request(self, request):
            response = super().handle_request(request)
            inner = response.stream

            class Stream(httpx.SyncByteStream):
                def __iter__(self):
                    nonlocal received
                    for piece in inner:
                        received += len(piece)
                        yield piece

                def close(self):
                    inner.close()

            response.stream = Stream()
            return response

    content = bytes(range(256)) * 4096 * 20  # 20 MiB
    with Pinata(**settings, transport=Counting()) as pinata:
        upload = pinata.upload(content, name="large")
        received = 0
        assert (
            b"".join(pinata.read(upload.cid, start=5_000_000, stop=5_000_010)) == content[5_000_000:5_000_010]
        )
    assert received < 2 << 20


def test_one_address_serves_every_call(settings):
    """The official clients expect three differently shaped ones."""
    with Pinata(**settings) as pinata:
        assert pinata.account.test().startswith("Congratulations")
        assert pinata.account.usage().pin_count >= 0
        upload = pinata.upload(b"one address")
        assert upload.cid in [file.cid for file in pinata.files.list()]
        assert upload.cid in [pin.cid for pin in pinata.pins.list()]
        assert b"".join(pinata.read(upload.cid)) == b"one address"


def test_a_name_in_any_script_goes_in_chunks_too(settings):
    """@pinata/sdk gives the name to btoa(), which fails above 90 MiB with an InvalidCharacterError."""
    with Pinata(**settings) as pinata:
        upload = pinata.upload(b"x" * 3_000, name="写真 — ☃.png", resumable=True, chunk_size=1_000)
        assert upload.cid == cid_of(io.BytesIO(b"x" * 3_000))
        assert pinata.files.get(upload.id).name == "写真 — ☃.png"


def test_several_files_are_several_files(tree, settings):
    """ipfspy says ``fpaths:list`` and takes a single path."""
    paths = [tree / "a.txt", tree / "deep/50%.txt"]
    with Pinata(**settings) as pinata:
        upload = pinata.upload_files(paths, name="two")
        assert upload.number_of_files == 2
        for path in paths:
            assert pinata.read_bytes(upload.cid, path=path.name) == path.read_bytes()


def test_a_change_of_nothing_is_refused_in_words(settings):
    """ipfspy's edit_metadata() ends in a TypeError when it is called as it stands."""
    with Pinata(**settings) as pinata:
        upload = pinata.upload(b"x", name="x")
        for change in (lambda: pinata.pins.update(upload.cid), lambda: pinata.files.update(upload.id)):
            with pytest.raises(InputError, match="nothing to change"):
                change()


@pytest.mark.parametrize("name", ["nil", "null", "None", "undefined", "-"])
def test_no_name_is_taken_for_no_name(name, settings):
    """The official command line has ``nil`` for a name that was not given."""
    with Pinata(**settings) as pinata:
        upload = pinata.upload(f"is called {name}".encode(), name=name)
        assert pinata.files.get(upload.id).name == name


@pytest.mark.parametrize("how", [{}, {"car": True}])
def test_a_folder_needs_no_memory_of_its_size(how, tmp_path):
    """The official command line holds all of a folder in memory before it sends it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(4):
        (folder / str(number)).write_bytes(os.urandom(16 << 20))
    largest = sent = 0

    class Taking(httpx.BaseTransport):
        def handle_request(self, request):
            nonlocal largest, sent
            for piece in request.stream:
                sent += len(piece)
                largest = max(largest, tracemalloc.get_traced_memory()[0])
            return httpx.Response(500, text="enough")

    with Pinata("jwt", transport=Taking(), attempts=1) as pinata:
        tracemalloc.start()
        try:
            with pytest.raises(PinataError):
                pinata.upload(folder, **how)
        finally:
            tracemalloc.stop()
    assert sent > 64 << 20
    assert largest < 32 << 20


def test_a_status_after_the_last_byte_counts():
    """The official command line says that all is well whatever its last chunk was answered."""
    begun = httpx.Response(201, headers={"location": "https://uploads.pinata.cloud/v3/files/1/upload"})
    service = Service(begun, httpx.Response(403, text="no"))
    with Pinata("jwt", transport=service.transport) as pinata, pytest.raises(Forbidden):
        pinata.upload(b"x" * 10, name="x", resumable=True)
    assert [request.method for request in service.requests] == ["POST", "PATCH"]


def test_a_credential_is_asked_about_before_it_is_kept(settings, tmp_path):
    """The official command line writes down whatever it is given, and asks then."""
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(Unauthorized):
        log_in("not.a.credential", endpoint_url=settings["endpoint_url"], environment=home)
    assert list(tmp_path.rglob("*")) == []
    kept = log_in(settings["jwt"], endpoint_url=settings["endpoint_url"], environment=home)
    assert settings["jwt"] in kept.read_text()


def test_a_sharded_folder_is_read(tmp_path):
    """ipfsspec 0.6 knows no directory that is larger than a block."""
    blocks = Blocks()
    profile = dataclasses.replace(PROFILES["v1"], shard_above=0)
    folder = FolderBuilder(profile, blocks.take)
    names = [f"{number}.txt" for number in range(300)]
    for name in names:
        folder.add(name, build_file([name.encode()], profile, blocks.take))
    gateway = Gateway(root := folder.finish().cid, blocks)
    with Pinata("jwt", gateway_url="http://gateway.test", transport=gateway.transport) as pinata:
        pinata.download(root, tmp_path / "copy")
    assert {path.name: path.read_text() for path in (tmp_path / "copy").iterdir()} == {n: n for n in names}

"""What other clients of Pinata and of IPFS have been seen to do wrong, and this one does not."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys

import httpx2 as httpx
import pytest

from pinatakit import Pinata, cid_of, kv
from pinatakit.content import CID, Block, write_car
from pinatakit.errors import BlockMismatch, PinataError
from pinatakit.protocol import pins as calls
from pinatakit.protocol.gateway import CAR_TYPE, RAW_TYPE

from .client.fakes import Pieces, Service, said


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

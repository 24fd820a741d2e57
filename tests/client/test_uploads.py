"""Uploads on three wires: what is sent, what is told meanwhile, and that the answer is believed only if it fits."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, date, datetime

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.client.account import Account
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups
from pinatakit.client.pins import Pins
from pinatakit.content import CID, PROFILES, FolderBuilder, build_file
from pinatakit.errors import CIDMismatch, InputError, TooLarge, Unauthorized

from .fakes import JWT, Service, said, stored

V1 = PROFILES["v1"]
MIB = 1 << 20

# pinata-api.md, 1.8: recorded at Pinata, and computed by Kubo. CIDv0, bytes of its blocks, CIDv1.
KNOWN = [
    (
        b"Hello World",
        "QmUXTtySmd7LD4p6RG6rZW6RuUuPZXTtNMmRQ6DSQo3aMw",
        19,
        "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny",
    ),
    (
        b"Hello World!",
        "Qmf1rtki74jvYmGeqaaV51hzeiaa6DyWc98fzDiuPatzyy",
        20,
        "bafkreid7qoywk77r7rj3slobqfekdvs57qwuwh5d2z3sqsw52iabe3mqne",
    ),
    (
        b"hello",
        "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX",
        13,
        "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq",
    ),
]
FOLDER = {
    0: "QmdEGnkPtV2tHox8zrjgHybAExpje1M4rCzr4CQTSDQjNo",
    1: "bafybeigwhfqvjnsnmnzfwszxquufsahvmstytmuei4bw65gbgqzuyz6nva",
}
SEED_JSON = {"file": "output/ens_airdrop_Nov8th2021.json"}
SEED_JSON_CID = "bafkreid56by3qspgyxvppq3ggj2x4tec3akpnlffbhangjzzfc3lfh66yq"


@pytest.fixture
def folder(tmp_path):
    """The two-file tree of pinata-api.md, 1.8, and what is left out of it."""
    top = tmp_path / "folder"
    (top / "sub").mkdir(parents=True)
    (top / "hello.txt").write_bytes(b"hello")
    (top / "sub/world.txt").write_bytes(b"world")
    (top / "empty").mkdir()
    (top / ".hidden").write_bytes(b"hidden")
    (top / ".git").mkdir()
    (top / ".git/config").write_bytes(b"hidden too")
    return top


async def content(pinata, cid, **how):
    return b"".join([piece async for piece in Pinata.read(pinata, cid, **how)])


async def nothing_is_pinned(pinata):
    return (await Account.usage(pinata.account)).pin_count == 0


# Each kind of source


@pytest.mark.parametrize(("data", "v0", "size", "v1"), KNOWN)
def test_a_known_file_has_its_known_name(play, data, v0, size, v1):
    async def body(pinata):
        for version, cid in ((0, v0), ("0", v0), (1, v1), ("1", v1)):
            upload = await Pinata.upload(pinata, data, cid_version=version)
            assert str(upload.cid) == cid
            assert upload.size == len(data)
        usage = await Account.usage(pinata.account)
        assert usage.pin_size_total == size + len(data)

    play(body)


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 3 * MIB + 1])
def test_a_file_of_any_size_goes_and_comes_back(play, tmp_path, size):
    data = os.urandom(size)
    path = tmp_path / "some name, é.bin"
    path.write_bytes(data)

    async def body(pinata):
        for source in (path, str(path)):
            upload = await Pinata.upload(pinata, source)
            assert (upload.cid, upload.name) == (build_file([data], V1).cid, "some name, é.bin")
            assert upload.size == size
            assert (upload.network, upload.number_of_files) == ("public", 1)
        assert await content(pinata, upload.cid) == data

    play(body)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind_go(play, kind):
    async def body(pinata):
        upload = await Pinata.upload(pinata, kind(b"hello"), name="hi.txt")
        assert (str(upload.cid), upload.name) == (KNOWN[2][3], "hi.txt")

    play(body)


def test_an_open_file_goes_from_where_it_stands_and_stays_open(play, tmp_path):
    path = tmp_path / "open.txt"
    path.write_bytes(b"not this: hello")

    async def body(pinata):
        with path.open("rb") as file:
            file.seek(10)
            upload = await Pinata.upload(pinata, file)
            assert (str(upload.cid), upload.name) == (KNOWN[2][3], "open.txt")
            assert not file.closed
        upload = await Pinata.upload(pinata, io.BytesIO(b"Hello World"))
        assert (str(upload.cid), upload.name) == (KNOWN[0][3], "file")

    play(body)


def test_a_stream_that_cannot_be_rewound_goes_too(play):
    data = os.urandom(2 * MIB + 5)
    told = []

    async def body(pinata):
        read, write = os.pipe()
        os.write(write, data[:5000])
        os.close(write)
        with os.fdopen(read, "rb") as stream:
            upload = await Pinata.upload(pinata, stream, name="piped", progress=lambda *now: told.append(now))
        assert (upload.cid, upload.name) == (build_file([data[:5000]], V1).cid, "piped")
        assert upload.size == 5000

    play(body)
    assert told[-1] == (5000, None)


def test_a_folder_goes_with_what_is_below_it_but_what_is_hidden(play, folder):
    async def body(pinata):
        for version in (0, 1):
            upload = await Pinata.upload(pinata, folder, cid_version=version)
            assert (str(upload.cid), upload.name) == (FOLDER[version], "folder")
            assert (upload.size, upload.number_of_files, upload.mime_type) == (10, 2, "directory")
        assert await content(pinata, upload.cid, path="sub/world.txt") == b"world"

    play(body)


def test_a_folder_goes_with_what_is_hidden_if_it_shall(play, folder):
    expected = FolderBuilder(V1)
    for name, data in (
        (".git/config", b"hidden too"),
        (".hidden", b"hidden"),
        ("hello.txt", b"hello"),
        ("sub/world.txt", b"world"),
    ):
        expected.add(name, build_file([data], V1))
    root = expected.finish()

    async def body(pinata):
        upload = await Pinata.upload(pinata, str(folder) + "/", hidden=True, name="all of it")
        assert (upload.cid, upload.name, upload.number_of_files) == (root.cid, "all of it", 4)

    play(body)


def test_a_folder_of_one_file_is_a_folder(play, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one/hello.txt").write_bytes(b"hello")

    async def body(pinata):
        upload = await Pinata.upload(pinata, tmp_path / "one")
        assert await content(pinata, upload.cid, path="hello.txt") == b"hello"

    play(body)


def test_names_of_any_letters_arrive_as_they_are(play, tmp_path):
    names = [
        'quo"te',
        "back\\slash",
        "semi;colon",
        "per%20cent",
        " space ",
        "é",
        "e\u0301",
        "日本",
        "😀",
        os.fsdecode(b"\xff"),
    ]
    top = tmp_path / "names"
    top.mkdir()
    expected = FolderBuilder(V1)
    for name in names:
        (top / name).write_text("x")
        expected.add(name, build_file([b"x"], V1))
    root = expected.finish()

    async def body(pinata):
        assert (await Pinata.upload(pinata, top)).cid == root.cid

    play(body)


def test_a_name_with_a_line_break_is_refused(play, tmp_path):
    (tmp_path / "line\nbreak").write_text("x")

    async def body(pinata):
        with pytest.raises(InputError, match=r"line\\nbreak.*has a line break"):
            await Pinata.upload(pinata, tmp_path)
        assert await nothing_is_pinned(pinata)

    play(body)


def test_several_files_go_as_one_folder(play, tmp_path):
    paths = []
    for where, data in (("x/b.txt", b"B"), ("y/a.txt", b"A")):
        path = tmp_path / where
        path.parent.mkdir()
        path.write_bytes(data)
        paths.append(path)
    expected = FolderBuilder(V1)
    expected.add("a.txt", build_file([b"A"], V1))
    expected.add("b.txt", build_file([b"B"], V1))
    root = expected.finish()
    told = []

    async def body(pinata):
        upload = await Pinata.upload_files(
            pinata, map(str, paths), name="both", keyvalues={"n": 1}, progress=lambda *now: told.append(now)
        )
        assert (upload.cid, upload.name, upload.number_of_files, upload.size) == (root.cid, "both", 2, 2)
        (pin,) = [pin async for pin in Pins.list(pinata.pins)]
        assert (pin.name, pin.keyvalues) == ("both", {"n": 1})

    play(body)
    assert told == [(1, 2), (2, 2)]


def test_json_is_stored_as_javascript_prints_it(play):
    async def body(pinata):
        upload = await Pinata.upload_json(pinata, SEED_JSON, name="airdrop", keyvalues={"n": 1})
        assert (str(upload.cid), upload.size, upload.name) == (SEED_JSON_CID, 45, "airdrop")
        value = {"b": [1.0, 1e21, None, True], "10": "é", "2": {}}
        upload = await Pinata.upload_json(pinata, value, cid_version=0)
        stored = await content(pinata, upload.cid)
        assert stored.decode() == '{"2":{},"10":"é","b":[1,1e+21,null,true]}'
        for one in (None, False, 0, "", [], {}):
            upload = await Pinata.upload_json(pinata, one)
            assert json.loads(await content(pinata, upload.cid)) == one

    play(body)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [1, {1, 2}]}, r"at \$\.a\[1\] is of type set"),
        ({1: 2}, "the key 1"),
        (float("nan"), "nan"),
        ([2**53], "9007199254740992"),
        ("x" * 10_000_001, "at most 10,000,000"),
    ],
)
def test_a_value_that_json_cannot_hold_is_refused(play, value, said):
    async def body(pinata):
        with pytest.raises(InputError, match=said):
            await Pinata.upload_json(pinata, value)
        assert await nothing_is_pinned(pinata)

    play(body)


# What goes along


def test_a_file_carries_its_name_keyvalues_group_and_network(play):
    async def body(pinata):
        for network in ("public", "private"):
            group = await Groups.create(pinata.groups, "g", network=network)
            upload = await Pinata.upload(
                pinata, b"x", name="n", keyvalues={"k": "v"}, group_id=group.id, network=network
            )
            file = await Files.get(pinata.files, upload.id, network=network)
            assert (file.name, file.keyvalues, file.group_id) == ("n", {"k": "v"}, group.id)
            assert upload.network == network

    play(body)


def test_keyvalues_that_are_not_text_go_through_the_older_api(play):
    async def body(pinata):
        upload = await Pinata.upload(
            pinata,
            b"x",
            keyvalues={
                "n": 1,
                "f": 1.5,
                "b": True,
                "d": date(2024, 2, 29),
                "t": datetime(2024, 1, 1, tzinfo=UTC),
            },
        )
        assert upload.size == 1
        (pin,) = [pin async for pin in Pins.list(pinata.pins)]
        assert pin.keyvalues == {
            "n": 1,
            "f": 1.5,
            "b": True,
            "d": "2024-02-29",
            "t": "2024-01-01T00:00:00.000Z",
        }

    play(body)


@pytest.mark.parametrize(
    ("keyvalues", "path"),
    [
        (None, "/v3/files"),
        ({"a": "text"}, "/v3/files"),
        ({"a": date(2024, 1, 1)}, "/v3/files"),
        ({"a": 1}, "/pinning/pinFileToIPFS"),
        ({"a": "text", "b": False}, "/pinning/pinFileToIPFS"),
    ],
)
def test_keyvalues_choose_the_api(over, keyvalues, path):
    service = Service(stored(build_file([b"x"], V1).cid))

    async def body(pinata):
        await Pinata.upload(pinata, b"x", keyvalues=keyvalues)

    over(body, service.transport, jwt=JWT)
    assert service.paths == [path]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"keyvalues": {str(i): "x" for i in range(11)}}, "11 key-values; Pinata takes at most 10"),
        ({"keyvalues": {"key": None}}, "'key' is None, of type NoneType"),
        ({"keyvalues": {"key": [1]}}, r"'key' is \[1\], of type list"),
        ({"keyvalues": {"key": float("inf")}}, "'key' is inf"),
        ({"keyvalues": {5: "x"}}, "not 5"),
        ({"keyvalues": {"": "x"}}, "not ''"),
        ({"keyvalues": [("a", "b")]}, "not list"),
        ({"name": 5}, "a name is text, not int 5"),
        ({"name": "\ud800"}, "is not UTF-8"),
        ({"cid_version": 2}, "cid_version is 0 or 1, not 2"),
        ({"cid_version": True}, "not True"),
        ({"cid_version": "v1"}, "not 'v1'"),
        ({"network": "private", "keyvalues": {"n": 1}}, "cannot be uploaded privately: it has key-values"),
    ],
)
def test_what_cannot_go_along_is_refused_before_a_byte_is_sent(over, tmp_path, wrong, said):
    service = Service(said_nothing())
    path = tmp_path / "x"
    path.write_bytes(b"x")

    async def body(pinata):
        with pytest.raises(InputError, match=said):
            await Pinata.upload(pinata, path, **wrong)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


def said_nothing():
    return said(500, error="nothing should have been asked")


def test_a_folder_cannot_be_private(over, folder):
    service = Service(said_nothing())

    async def body(pinata):
        with pytest.raises(
            InputError, match="'folder' cannot be uploaded privately: it is a folder"
        ) as caught:
            await Pinata.upload(pinata, folder, network="private")
        assert caught.value.hint

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (io.StringIO("text"), "open as text"),
        ("", "empty path"),
        ("/nowhere/at/all", "does not exist"),
        (5, "int cannot be uploaded"),
        (None, "NoneType cannot be uploaded"),
        (["a", "b"], "list cannot be uploaded"),
    ],
)
def test_what_is_no_source_is_refused(over, source, said):
    service = Service(said_nothing())

    async def body(pinata):
        with pytest.raises(InputError, match=said):
            await Pinata.upload(pinata, source)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


def test_a_file_open_as_text_is_refused(over, tmp_path):
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerow(["a", "b"])

    async def body(pinata):
        with path.open() as file, pytest.raises(InputError, match="open as text") as caught:
            await Pinata.upload(pinata, file)
        assert "'rb'" in caught.value.hint

    over(body, Service(said_nothing()).transport, jwt=JWT)


def test_no_local_path_is_ever_sent(over, folder, tmp_path):
    (tmp_path / "alone.bin").write_bytes(b"alone")
    root = build_file([b"alone"], V1)

    async def body(pinata):
        await Pinata.upload(pinata, tmp_path / "alone.bin", verify=False)
        with (tmp_path / "alone.bin").open("rb") as file:
            await Pinata.upload(pinata, file, verify=False)
        await Pinata.upload(pinata, tmp_path / "alone.bin", keyvalues={"n": 1}, verify=False)
        await Pinata.upload(pinata, folder, verify=False)
        await Pinata.upload_files(pinata, [tmp_path / "alone.bin"], name="some", verify=False)

    service = Service(stored(root.cid))
    over(body, service.transport, jwt=JWT)
    assert len(service.requests) == 5
    for request in service.requests:
        sent = request.content + str(request.url).encode() + str(request.headers.raw).encode()
        for part in tmp_path.parts[1:]:
            assert part == "tmp" or part.encode() not in sent
        assert str(tmp_path).encode() not in sent
    assert b'filename="folder/sub/world.txt"' in service.requests[3].content
    assert b'filename="some/alone.bin"' in service.requests[4].content


# Meanwhile


def test_progress_is_told_and_only_grows(play, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(2 * MIB + 7))
    told = []

    async def body(pinata):
        await Pinata.upload(pinata, path, progress=lambda *now: told.append(now))

    play(body)
    assert told == [(MIB, 2 * MIB + 7), (2 * MIB, 2 * MIB + 7), (2 * MIB + 7, 2 * MIB + 7)]


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written over"])
def test_a_file_that_changes_while_it_is_read_is_not_pinned(play, tmp_path, change):
    path = tmp_path / "busy.log"
    path.write_bytes(bytes(2 * MIB))

    def meanwhile(sent, _):
        if sent == MIB:
            with path.open("r+b") as file:
                if change == "shrinks":
                    file.truncate(MIB + 5)
                else:
                    file.seek(0, os.SEEK_END if change == "grows" else os.SEEK_SET)
                    file.write(b"more")
            os.utime(path, ns=(1, 1))

    async def body(pinata):
        with pytest.raises(InputError, match="'busy.log' changed while it was read") as caught:
            await Pinata.upload(pinata, path, progress=meanwhile)
        assert caught.value.hint
        assert await nothing_is_pinned(pinata)

    play(body)


def test_a_file_that_vanishes_while_a_folder_is_sent_is_told(play, tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)

    async def body(pinata):
        with pytest.raises(InputError, match="does not exist"):
            await Pinata.upload(pinata, tmp_path, progress=lambda *_: (tmp_path / "b").unlink())
        assert await nothing_is_pinned(pinata)

    play(body)


def test_what_progress_raises_comes_through_and_nothing_is_pinned(play):
    class Enough(Exception):
        pass

    def enough(*_):
        raise Enough

    async def body(pinata):
        with pytest.raises(Enough):
            await Pinata.upload(pinata, b"x" * 100, progress=enough)
        assert await nothing_is_pinned(pinata)

    play(body)


# What the service answers


@pytest.mark.parametrize("keyvalues", [None, {"older": 1}])
def test_a_service_that_names_other_content_is_not_believed(over, keyvalues):
    other = CID.of(b"something else")

    async def body(pinata):
        with pytest.raises(CIDMismatch) as caught:
            await Pinata.upload(pinata, b"mine", keyvalues=keyvalues)
        assert (caught.value.expected, caught.value.got) == (build_file([b"mine"], V1).cid, other)
        assert str(other) in str(caught.value)
        assert "hint:" in str(caught.value)
        upload = await Pinata.upload(pinata, b"mine", keyvalues=keyvalues, verify=False)
        assert upload.cid == other

    over(body, Service(stored(other)).transport, jwt=JWT)


def test_a_service_that_stores_other_json_is_not_believed(over):
    other = CID.of(b'{"file": "output/ens_airdrop_Nov8th2021.json"}')

    async def body(pinata):
        with pytest.raises(CIDMismatch):
            await Pinata.upload_json(pinata, SEED_JSON)
        assert (await Pinata.upload_json(pinata, SEED_JSON, verify=False)).cid == other

    over(body, Service(stored(other)).transport, jwt=JWT)


def test_the_same_content_again_is_a_duplicate(play):
    async def body(pinata):
        first = await Pinata.upload(pinata, b"twice", name="first")
        again = await Pinata.upload(pinata, b"twice", name="again")
        assert (first.is_duplicate, again.is_duplicate) == (False, True)
        assert (again.cid, again.id, again.name) == (first.cid, first.id, "first")

    play(body)


def test_a_cid_that_is_not_known_yet_is_told(over):
    service = Service(said(200, data={"id": "7", "cid": "pending"}))

    async def body(pinata):
        with pytest.raises(InputError, match="not computed the CID of 7"):
            await Pinata.upload(pinata, b"x")

    over(body, service.transport, jwt=JWT)


# Sizes. Nobody reads these bodies: the files are holes.


class Refuses(httpx.BaseTransport):
    """Says no to any upload without reading it."""

    def __init__(self):
        self.paths = []

    def handle_request(self, request):
        self.paths.append(request.url.path)
        if request.url.path == "/data/testAuthentication":
            return httpx.Response(200, json={"message": "hello"})
        self.length = request.headers.get("content-length")
        return httpx.Response(413, json={"error": "too large"})


def hole(path, size):
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize(
    ("size", "api"), [(100_000_000, "/v3/files"), (100_000_001, "/pinning/pinFileToIPFS")]
)
def test_above_100_mb_a_file_goes_through_the_older_api(tmp_path, size, api):
    transport = Refuses()
    with Pinata(JWT, transport=transport) as pinata, pytest.raises(TooLarge, match=api):
        pinata.upload(hole(tmp_path / "hole", size))
    assert transport.paths[-1] == api
    assert size < int(transport.length) < size + 1000


def test_above_100_mb_a_file_cannot_be_private(tmp_path):
    transport = Refuses()
    with (
        Pinata(JWT, transport=transport) as pinata,
        pytest.raises(InputError, match="more than 100,000,000 bytes"),
    ):
        pinata.upload(hole(tmp_path / "hole", 100_000_001), network="private")
    assert transport.paths == []


def test_above_25_gb_nothing_goes(tmp_path):
    transport = Refuses()
    with (
        Pinata(JWT, transport=transport) as pinata,
        pytest.raises(InputError, match="at most 25,000,000,000"),
    ):
        pinata.upload(hole(tmp_path / "hole", 25_000_000_001))
    assert transport.paths == []


def test_a_wrong_credential_is_told_before_a_large_upload_begins(over, tmp_path):
    service = Service(said(401, error={"reason": "INVALID_CREDENTIALS", "details": "no"}))
    path = hole(tmp_path / "hole", 100_000_001)

    async def body(pinata):
        with pytest.raises(Unauthorized):
            await Pinata.upload(pinata, path)

    over(body, service.transport, jwt=JWT)
    assert service.paths == ["/data/testAuthentication"]

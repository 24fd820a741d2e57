"""Uploads on three wires: what is sent, what is told meanwhile, and that the answer is believed only if it fits."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, date, datetime

import httpx2 as httpx
import pytest

from pinatakit import Patterns, Pinata, cid_of
from pinatakit.cars import pack
from pinatakit.client.account import Account
from pinatakit.client.files import Files
from pinatakit.client.groups import Groups
from pinatakit.client.links import Links
from pinatakit.client.pins import Pins
from pinatakit.content import CID, PROFILES, Block, FolderBuilder, build_file, read_car, write_car
from pinatakit.errors import (
    BlockMismatch,
    CIDMismatch,
    InputError,
    Malformed,
    MissingBlock,
    TooLarge,
    Unauthorized,
)

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
SOON = datetime(2100, 1, 1, tzinfo=UTC)
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


class Once(io.BytesIO):
    """What can be read only once."""

    def seekable(self):
        return False

    def tell(self):
        raise io.UnsupportedOperation("tell")

    seek = tell


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


def test_in_a_folder_a_name_with_a_line_break_is_refused_unless_it_goes_as_a_car(play, tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    (top / "line\nbreak").write_text("x")

    async def body(pinata):
        with pytest.raises(InputError, match=r"line\\nbreak.*has a line break.*\n.*car=True"):
            await Pinata.upload(pinata, top)
        with pytest.raises(InputError, match="has a line break"):
            await Pinata.upload(pinata, top / "line\nbreak", wrap=True)
        assert await nothing_is_pinned(pinata)
        made = await Pinata.upload(pinata, top, car=True)
        assert await content(pinata, made.cid, path="line\nbreak") == b"x"

    play(body)


ONE = {
    "form": {},
    "chunks": {"resumable": True},
    "older": {"keyvalues": {"number": 1}},
    "presigned": {"url": True},
    "presigned, chunks": {"url": True, "resumable": True},
}


@pytest.mark.parametrize("way", ONE.values(), ids=ONE)
def test_a_single_file_goes_under_any_name_that_a_disk_knows(play, tmp_path, way):
    broken = tmp_path / "line\nbreak"
    broken.write_text("x")
    latin = tmp_path / os.fsdecode(b"caf\xe9")
    latin.write_text("y")

    async def body(pinata):
        for path, name in ((broken, None), (latin, "café")):
            how = dict(way)
            if "url" in how:
                how["url"] = await Links.upload(pinata.links)
            made = await Pinata.upload(pinata, path, name=name, **how)
            assert made.name == (name or path.name)

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
        ({"a": ["\ud800"]}, "half a pair of surrogates"),
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
        ({"network": "secret"}, "network is public or private, not 'secret'"),
        ({"group_id": 3}, "3 is not the id of a group"),
        ({"group_id": "my group"}, "'my group' is not the id of a group"),
        ({"group_id": "my group", "wrap": True}, "'my group' is not the id of a group"),
        ({"expires_at": date(2030, 1, 1)}, "expires_at is a datetime, not datetime.date"),
        (
            {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
            "expires_at is 2020-01-01T00:00:00.*, which is over",
        ),
        ({"cid_version": 2}, "cid_version is 0, 1 or 'unixfs-v1-2025', not 2"),
        ({"cid_version": True}, "not True"),
        ({"cid_version": "v2"}, "not 'v2'"),
        ({"network": "private", "keyvalues": {"n": 1}}, "cannot be uploaded privately: it has key-values"),
        ({"network": "private", "wrap": True}, "cannot be uploaded privately: it is to be wrapped"),
        ({"expires_at": SOON, "wrap": True}, "with expires_at: it is to be wrapped"),
        ({"streamable": True, "wrap": True}, "with streamable"),
        ({"url": "https://x.test/1", "wrap": True}, "with url"),
        ({"car": True, "keyvalues": {"n": 1}}, "with car: it has key-values"),
        ({"car": True, "network": "private"}, "public network only"),
        ({"cid_version": "unixfs-v1-2025", "keyvalues": {"n": 1}}, "with cid_version='unixfs-v1-2025'"),
        ({"resumable": True, "keyvalues": {"n": 1}}, "with resumable=True"),
        (
            {"url": "https://x.test/1", "group_id": "g", "streamable": True},
            "group_id, streamable cannot be given",
        ),
        ({"chunk_size": 0}, "chunk_size is 1 to 49,999,999 bytes, not 0"),
        ({"chunk_size": 1.5}, "chunk_size is a whole number of bytes, not 1.5"),
        ({"chunk_size": 50_000_000}, "not 50,000,000"),
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


# Options


@pytest.mark.parametrize("version", ["v0", "v1", "unixfs-v1-2025"])
def test_v3_knows_its_versions_by_name(play, version):
    data = os.urandom(MIB + 1)

    async def body(pinata):
        upload = await Pinata.upload(pinata, data, cid_version=version)
        assert upload.cid == build_file([data], PROFILES[version]).cid

    play(body)


@pytest.mark.parametrize("resumable", [False, True])
def test_a_file_may_expire_and_be_streamable(play, resumable):
    async def body(pinata):
        upload = await Pinata.upload(
            pinata, b"short-lived", expires_at=SOON, streamable=True, resumable=resumable
        )
        assert (await Files.get(pinata.files, upload.id)).expires_at == SOON

    play(body)


@pytest.mark.parametrize("version", [0, 1])
def test_a_single_file_may_be_wrapped_so_that_its_name_is_content(play, tmp_path, version):
    path = tmp_path / "hello.txt"
    path.write_bytes(b"hello")
    profile = PROFILES[f"v{version}"]
    folder = FolderBuilder(profile)
    folder.add("hello.txt", build_file([b"hello"], profile))
    expected = folder.finish().cid

    async def body(pinata):
        upload = await Pinata.upload(pinata, path, wrap=True, cid_version=version)
        assert upload.cid == expected
        assert (
            b"".join([piece async for piece in Pinata.read(pinata, upload.cid, path="hello.txt")]) == b"hello"
        )

    play(body)


@pytest.mark.parametrize("options", [{"resumable": True}, {"streamable": True}])
def test_what_cannot_be_wrapped_says_how_it_can_be(over, tmp_path, options):
    (tmp_path / "a.bin").write_bytes(b"x")
    service = Service(said_nothing())

    async def body(pinata):
        with pytest.raises(InputError, match="it is to be wrapped in a folder") as caught:
            await Pinata.upload(pinata, tmp_path / "a.bin", wrap=True, **options)
        assert (
            "put the file into a folder of its own, and upload it as one CAR, with car=True"
            in caught.value.hint
        )

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


def test_a_folder_is_not_wrapped_again(over, folder):
    service = Service(said_nothing())

    async def body(pinata):
        with pytest.raises(InputError, match="'folder' is a folder already"):
            await Pinata.upload(pinata, folder, wrap=True)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


@pytest.fixture
def car(folder, tmp_path):
    """The tree of pinata-api.md, 1.8, as a CAR."""
    return tmp_path / "folder.car", pack(folder, tmp_path / "folder.car", empty_folders=False).cid


@pytest.mark.parametrize("resumable", [False, True])
def test_a_car_is_sent_as_it_is_and_keeps_its_root(play, car, resumable):
    path, root = car

    async def body(pinata):
        upload = await Pinata.upload(pinata, path, car=True, resumable=resumable, chunk_size=100)
        assert (str(upload.cid), upload.cid) == (FOLDER[1], root)
        assert (upload.mime_type, upload.number_of_files, upload.size) == ("directory", 2, 10)
        assert upload.id
        assert (
            b"".join([piece async for piece in Pinata.read(pinata, upload.cid, path="sub/world.txt")])
            == b"world"
        )

    play(body)


def test_a_car_whose_root_the_service_does_not_name_is_told(over, car):
    service = Service(stored(build_file([b"other"], V1).cid))

    async def body(pinata):
        with pytest.raises(CIDMismatch):
            await Pinata.upload(pinata, car[0], car=True)

    over(body, service.transport, jwt=JWT)


def damaged(car, how):
    roots, blocks = read_car(car[0].read_bytes())
    held = list(blocks)
    match how:
        case "incomplete":
            held = [block for block in held if block.data != b"world"]
        case "forged":
            held = [block if block.data != b"world" else Block(block.cid, b"w0rld") for block in held]
        case "two roots":
            roots = [roots[0], held[0].cid]
    return b"".join(write_car(roots, held))[: -1 if how == "cut" else None]


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("incomplete", MissingBlock, r"incomplete: block bafkrei\w+ is missing"),
        ("forged", BlockMismatch, "hash to something else"),
        ("two roots", InputError, "has 2 roots"),
        ("cut", Malformed, "cut short"),
    ],
)
def test_a_bad_car_is_refused_before_a_byte_is_sent(over, car, how, kind, said):
    service = Service(said_nothing())

    async def body(pinata):
        with pytest.raises(kind, match=said):
            await Pinata.upload(pinata, damaged(car, how), car=True)

    over(body, service.transport, jwt=JWT)
    assert service.requests == []


def test_a_car_that_can_be_read_only_once_goes_too(play, car):
    async def body(pinata):
        upload = await Pinata.upload(pinata, Once(car[0].read_bytes()), car=True)
        assert (upload.cid, upload.mime_type) == (car[1], "directory")
        with pytest.raises(MissingBlock):
            await Pinata.upload(pinata, iter([damaged(car, "incomplete")]), car=True)

    play(body)


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
    ("size", "resumable", "api", "sent"),
    [
        (94_371_840, None, "/v3/files", 94_371_840),
        (94_371_841, None, "/v3/files", 0),  # in chunks: the first request has no body
        (1, True, "/v3/files", 0),
        (94_371_841, False, "/v3/files", 94_371_841),
        (100_000_000, False, "/v3/files", 100_000_000),
        (100_000_001, False, "/pinning/pinFileToIPFS", 100_000_001),
    ],
)
def test_the_size_chooses_the_way_unless_it_is_told(tmp_path, size, resumable, api, sent):
    transport = Refuses()
    with Pinata(JWT, transport=transport) as pinata, pytest.raises(TooLarge, match=api):
        pinata.upload(hole(tmp_path / "hole", size), resumable=resumable)
    assert transport.paths[-1] == api
    assert sent <= int(transport.length) < sent + 1000


def test_above_100_mb_nothing_private_goes_in_one_request(tmp_path):
    transport = Refuses()
    with (
        Pinata(JWT, transport=transport) as pinata,
        pytest.raises(InputError, match="more than 100,000,000 bytes in one request"),
    ):
        pinata.upload(hole(tmp_path / "hole", 100_000_001), network="private", resumable=False)
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
    assert service.paths == ["/v3/files"]
    assert service.requests[0].content == b""


def test_a_mismatch_tells_by_which_recipe_the_service_stored_it(over, tmp_path):
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 8192)
    other = cid_of(tmp_path / "big.bin", "unixfs-v1-2025")

    async def body(pinata):
        with pytest.raises(CIDMismatch, match="the same content by another recipe") as caught:
            await Pinata.upload(pinata, str(tmp_path / "big.bin"))
        assert caught.value.got == other
        assert caught.value.differences == ["chunks of 262,144 against 1,048,576 bytes"]

    over(body, Service(stored(other)).transport, jwt=JWT)


def test_a_mismatch_that_no_recipe_explains_says_so(over, tmp_path):
    async def body(pinata):
        with pytest.raises(CIDMismatch, match="a recipe that is not known here") as caught:
            await Pinata.upload(pinata, b"these bytes")
        assert caught.value.differences == []

    over(body, Service(stored(cid_of(b"other bytes"))).transport, jwt=JWT)


def test_patterns_leave_files_of_a_folder_out(play, tmp_path):
    for name in ("a.txt", "b.log", "deep/c.log", "deep/d.txt"):
        (tmp_path / "top" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "top" / name).write_text(name)

    async def body(pinata):
        patterns = Patterns(exclude=["*.log"])
        upload = await Pinata.upload(pinata, tmp_path / "top", patterns=patterns)
        assert upload.cid == cid_of(tmp_path / "top", patterns=patterns)
        assert upload.number_of_files == 2
        upload = await Pinata.upload(pinata, f"{tmp_path}/top/**/*.log")
        assert upload.cid == cid_of(f"{tmp_path}/top/**/*.log")

    play(body)


@pytest.mark.parametrize("network", ["public", "private"])
def test_what_is_there_already_is_not_sent_again(play, tmp_path, network):
    (tmp_path / "a.txt").write_bytes(b"once" * 100_000)

    async def body(pinata):
        told = []
        options = {"network": network, "skip_existing": True, "progress": lambda *given: told.append(given)}
        first = await Pinata.upload(pinata, tmp_path / "a.txt", keyvalues={"n": "1"}, **options)
        assert not first.is_duplicate
        assert told
        told.clear()
        second = await Pinata.upload(pinata, tmp_path / "a.txt", **options)
        assert (second.cid, second.id, second.keyvalues) == (first.cid, first.id, {"n": "1"})
        assert second.is_duplicate
        assert told == []

    play(body)


def test_a_folder_that_is_there_already_is_not_sent_again(play, tmp_path):
    (tmp_path / "top" / "deep").mkdir(parents=True)
    (tmp_path / "top" / "deep" / "a.txt").write_text("a")

    async def body(pinata):
        first = await Pinata.upload(pinata, tmp_path / "top", skip_existing=True)
        second = await Pinata.upload(pinata, tmp_path / "top", skip_existing=True)
        assert (second.cid, first.is_duplicate, second.is_duplicate) == (first.cid, False, True)

    play(body)


def test_what_can_be_read_only_once_is_looked_up_before(play):
    async def body(pinata):
        first = await Pinata.upload(pinata, Once(b"once"), name="once", skip_existing=True)
        second = await Pinata.upload(pinata, iter([b"on", b"ce"]), name="once", skip_existing=True)
        assert (second.cid, first.is_duplicate, second.is_duplicate) == (first.cid, False, True)

    play(body)

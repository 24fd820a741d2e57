"""dag-pb and UnixFS nodes. Fixtures are those of js-dag-pb and go-codec-dagpb (ipld/codec-fixtures)."""

from __future__ import annotations

import contextlib

import pytest

from pinatakit.content import CID, MAX_BLOCK, Kind, build_directory, build_file, dagpb
from pinatakit.content.dagpb import Link, Node, UnixFS
from pinatakit.content.multiformats import write_varint as varint
from pinatakit.content.profile import PROFILES, Profile
from pinatakit.errors import ContentError, Malformed

from .vectors import Blocks, content, damaged

ACID = CID.from_bytes(bytes.fromhex("015500050001020304"))

# name: bytes, node
FIXTURES = {
    "empty": ("", Node([], b"")),
    "Data zero": ("0a00", Node([], b"")),
    "Data some": ("0a050001020304", Node([], b"\0\1\2\3\4")),
    "Links Hash some": ("120b0a09015500050001020304", Node([Link(ACID, "", 0)], b"")),
    "Links Hash some Name zero": ("120d0a090155000500010203041200", Node([Link(ACID, "", 0)], b"")),
    "Links Hash some Name some": (
        "12160a090155000500010203041209736f6d65206e616d65",
        Node([Link(ACID, "some name", 0)], b""),
    ),
    "Links Hash some Tsize zero": ("120d0a090155000500010203041800", Node([Link(ACID, "", 0)], b"")),
    "Links Hash some Tsize some": (
        "12140a0901550005000102030418ffffffffffffff0f",
        Node([Link(ACID, "", 9007199254740991)], b""),
    ),
}

MALFORMED_NODES = {
    "Links zero": "1200",
    "Links Name some": "120b1209736f6d65206e616d65",
    "Links Tsize some": "120318f207",
    "Links Hash zero": "12020a00",
    "data cut short": "0a0500",
    "data of a huge length": "0affffffffffffffff7f",
    "a key cut short": "8a",
    "an overlong key": "8a0000",
    "an overlong length": "0a8000",
    "a varint of ten bytes": "0affffffffffffffffff01",
    "data as a number": "0801",
    "data twice": "0a000a00",
    "data between links": ("120b0a09015500050001020304" + "0a00" + "120b0a09015500050001020304"),
    "a link as a number": "1001",
    "a field 3": "1a00",
    "a field 0": "0200",
    "a fixed 64-bit number": "09" + "00" * 8,
    "a fixed 32-bit number": "0d" + "00" * 4,
    "a group": "0b0c",
    "wire type 6": "0e",
    "wire type 7": "0f",
    "a CID as a number": "12020801",
    "a name as a number": "120d0a09015500050001020304" + "1001",
    "a size as bytes": "120d0a09015500050001020304" + "1a00",
    "a name before the CID": "120d" + "1200" + "0a09015500050001020304",
    "a size before the name": "120f0a09015500050001020304" + "1800" + "1200",
    "a name twice": "120f0a09015500050001020304" + "1200" + "1200",
    "a field 4 in a link": "120d0a09015500050001020304" + "2001",
    "bytes behind the CID": "120c0a0a01550005000102030400",
    "a link cut short": "12ff0a09015500050001020304",
}

MALFORMED_UNIXFS = {
    "no type": "",
    "no type but data": "1200",
    "type 6": "0806",
    "a type as bytes": "0a00",
    "data as a number": "08021001",
    "data cut short": "08021205",
    "a file size as bytes": "08021a00",
    "a hash as bytes": "08052a00",
    "a fanout as bytes": "08053200",
    "packed sizes cut short": "0802220180",
    "a field 9": "08024801",
    "an overlong type": "088200",
    "a huge length": "080212ffffffffffffffff7f",
    "a fixed 32-bit number": "08021d00000000",
}


def test_fixed_nodes_have_their_known_names():
    assert str(CID.of(b"", 0x70, version=0)) == "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"
    empty_folder = dagpb.encode_node([], dagpb.DIRECTORY_DATA)
    assert empty_folder.hex() == "0a020801"
    assert str(CID.of(empty_folder, 0x70, version=0)) == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


@pytest.mark.parametrize(("data", "node"), FIXTURES.values(), ids=FIXTURES)
def test_a_node_is_read_as_other_codecs_read_it(data, node):
    data = bytes.fromhex(data)
    assert dagpb.decode_node(data) == dagpb.decode_node(memoryview(data)) == node


@pytest.mark.parametrize("data", MALFORMED_NODES.values(), ids=MALFORMED_NODES)
def test_a_malformed_node_is_refused(data):
    with pytest.raises(Malformed):
        dagpb.decode_node(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("read", "data"),
    [(dagpb.decode_node, data) for data in MALFORMED_NODES.values()]
    + [(dagpb.decode_unixfs, data) for data in MALFORMED_UNIXFS.values()],
)
def test_an_error_names_no_place_in_memory(read, data):
    with pytest.raises(Malformed) as caught:
        read(bytes.fromhex(data))
    assert "0x" not in caught.value.message
    assert "object" not in caught.value.message


def test_a_node_cut_inside_a_field_is_refused():
    link = dagpb.encode_link(bytes(ACID), b"a", 5)
    node = dagpb.encode_node([link], b"\x08\x01")
    for end in set(range(1, len(node))) - {len(link)}:
        with pytest.raises(Malformed):
            dagpb.decode_node(node[:end])


def test_links_are_written_before_data():
    node = dagpb.encode_node([dagpb.encode_link(bytes(ACID), b"a", 5)], b"\x08\x01")
    assert node.hex() == "12100a0901550005000102030412016118050a020801"
    assert dagpb.decode_node(node) == Node([Link(ACID, "a", 5)], b"\x08\x01")


def test_data_before_links_is_read_too():
    # ipld.io/specs/codecs/dag-pb: written links first, read in either order
    node = dagpb.decode_node(bytes.fromhex("0a0208011210" + "0a09015500050001020304120161" + "1805"))
    assert node == Node([Link(ACID, "a", 5)], b"\x08\x01")


def test_a_name_that_is_not_utf8_comes_back():
    link = dagpb.encode_link(bytes(ACID), b"caf\xe9", 0)
    (read,) = dagpb.decode_node(dagpb.encode_node([link], b"")).links
    assert read.name.encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_a_node_has_at_most_65536_links():
    link = b"\x12\x06\x0a\x04\x01\x55\0\0"
    assert len(dagpb.decode_node(link * 65_536).links) == 65_536
    with pytest.raises(Malformed, match="65,536"):
        dagpb.decode_node(link * 65_537)


def test_the_largest_block_of_links_with_hashes_of_32_bytes_is_read():
    link = dagpb.encode_link(bytes(CID.of(b"")), b"", 0)
    count = MAX_BLOCK // len(link)
    assert len(dagpb.decode_node(link * count).links) == count


def test_a_file_node_has_at_most_65536_sizes():
    for sizes in (b"\x20\x01" * 65_536, b"\x22" + varint(65_537) + b"\1" * 65_537):
        with pytest.raises(Malformed, match="65,536"):
            dagpb.decode_unixfs(b"\x08\x02" + sizes)


@pytest.mark.parametrize("field", ["0802", "1200", "1801", "2200", "3801", "4200"])
def test_a_million_fields_that_say_nothing_are_not_read_to_the_end(field):
    with pytest.raises(Malformed, match="65,536"):
        dagpb.decode_unixfs(b"\x08\x02" + bytes.fromhex(field) * 1_000_000)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0801", UnixFS(Kind.DIRECTORY)),
        ("08021800", UnixFS(Kind.FILE, size=0)),
        ("0800120161", UnixFS(Kind.RAW, b"a")),
        ("080212016118012001", UnixFS(Kind.FILE, b"a", 1, (1,))),
        ("0802180620012005", UnixFS(Kind.FILE, size=6, sizes=(1, 5))),
        ("0802180622020105", UnixFS(Kind.FILE, size=6, sizes=(1, 5))),  # packed
        ("0802188002208002", UnixFS(Kind.FILE, size=256, sizes=(256,))),
        ("0804120174", UnixFS(Kind.SYMLINK, b"t")),
        ("08051201012822308002", UnixFS(Kind.SHARD, b"\x01", hash_code=0x22, fanout=256)),
        ("0803", UnixFS(Kind.METADATA)),
        ("080138a4034205088091bc06", UnixFS(Kind.DIRECTORY)),  # UnixFS 1.5: mode and mtime
    ],
)
def test_unixfs_data_is_read(data, expected):
    assert dagpb.decode_unixfs(bytes.fromhex(data)) == expected


@pytest.mark.parametrize("data", MALFORMED_UNIXFS.values(), ids=MALFORMED_UNIXFS)
def test_malformed_unixfs_data_is_refused(data):
    with pytest.raises(Malformed):
        dagpb.decode_unixfs(bytes.fromhex(data))


def _sound() -> list[bytes]:
    """Blocks of every kind: files, folders, shards."""
    blocks = Blocks()
    deep = Profile("deep", 1, raw_leaves=False, chunk_size=40, width=4, shard_above=100)
    entries = {f"name {i}": build_file(content(f"f{i}", 300), deep, blocks.take) for i in range(5)}
    build_directory(entries, deep, blocks.take)
    build_directory(entries, PROFILES["v0"], blocks.take)
    by_kind = {dagpb.decode_unixfs(dagpb.decode_node(block).data)[0:1]: block for block in blocks.values()}
    return [*by_kind.values(), dagpb.encode_symlink(b"target")]


def test_damaged_blocks_raise_only_content_errors():
    kinds = set()
    for block in _sound():
        sound = dagpb.decode_node(block)
        kinds.add(dagpb.decode_unixfs(sound.data).kind)
        for data in damaged(block):
            with contextlib.suppress(ContentError):
                dagpb.decode_unixfs(dagpb.decode_node(data).data)
        for data in damaged(sound.data):
            with contextlib.suppress(ContentError):
                dagpb.decode_unixfs(data)
    assert kinds == {Kind.FILE, Kind.DIRECTORY, Kind.SHARD, Kind.SYMLINK}

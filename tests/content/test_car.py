"""CARs, written and read. Bytes are from the fixture of the specification of version 1."""

from __future__ import annotations

import contextlib
import io

import pytest

from pinatakit.content import (
    CID,
    MAX_BLOCK,
    PROFILES,
    Block,
    CarReader,
    build_file,
    car_header,
    car_section,
    read_car,
    walk_blocks,
    write_car,
)
from pinatakit.content import multiformats as mf
from pinatakit.errors import ContentError, Malformed

from .vectors import Blocks, content, damaged

# ipld.io/specs/transport/car/carv2: a CARv1 header that says 2 and names no roots
PRAGMA = bytes.fromhex("0aa16776657273696f6e02")

# ipld.io/specs/transport/car/fixture/carv1-basic: its roots, header and raw blocks
ROOTS = [
    CID.parse("bafyreihyrpefhacm6kkp4ql6j6udakdit7g3dmkzfriqfykhjw6cad5lrm"),
    CID.parse("bafyreidj5idub6mapiupjwjsyyxhyhedxycv4vihfsicm2vt46o7morwlm"),
]
HEADER = bytes.fromhex(
    "63a265726f6f747382d82a58250001711220f88bc853804cf294fe417e4fa83028689fcdb1b1592c5102e1474dbc200fab8b"
    "d82a5825000171122069ea0740f9807a28f4d932c62e7c1c83be055e55072c90266ab3e79df63a365b6776657273696f6e01"
)
SECTIONS = [
    bytes.fromhex("280155122061be55a8e2f6b4e172338bddf184d6dbee29c98853e0a0485ecee7f27b9af0b461616161"),
    bytes.fromhex("280155122081cc5b17018674b401b42f35ba07bb79e211239c23bffe658da1577e3e64687762626262"),
    bytes.fromhex("2801551220b6fbd675f98e2abd22d4ed29fdc83150fedc48597e92dd1a7a24381d44a2745163636363"),
]
BLOCKS = [Block(CID.of(data), data) for data in (b"aaaa", b"bbbb", b"cccc")]
CAR = HEADER + b"".join(SECTIONS)

MALFORMED = {
    "a header of no bytes": "00",
    "a header larger than 32 KiB": "818002",
    "a header of a huge size": "ffffffffffffffff7f",
    "an overlong size": "8100",
    "a size of ten bytes": "ffffffffffffffffff01",
    "a header that is no CBOR": "01ff",
    "a header that is a number": "0101",
    "a header without a version": "08a165726f6f747380",
    "a header without roots": "0aa16776657273696f6e01",
    "version 2": "0aa16776657273696f6e02",
    "version true": "11a265726f6f7473806776657273696f6ef5",
    "roots that are no CIDs": "12a265726f6f747381016776657273696f6e01",
    "roots that are no list": "11a265726f6f7473016776657273696f6e01",
    "a root that is a broken CID": "18a265726f6f747381d82a4400015500" + "6776657273696f6e01",
}


def read(data: bytes, step: int) -> tuple[list[CID] | None, list[Block]]:
    reader = CarReader()
    blocks: list[Block] = []
    for at in range(0, len(data), step):
        blocks += reader.feed(data[at : at + step])
    reader.finish()
    return reader.roots, blocks


def test_a_car_is_written_as_the_specification_says():
    assert car_header(ROOTS) == HEADER
    for block, section in zip(BLOCKS, SECTIONS, strict=True):
        assert car_section(block.cid, len(block.data)) + block.data == section
    assert b"".join(write_car(ROOTS, BLOCKS)) == CAR


@pytest.mark.parametrize("step", [1, 2, 7, 100, 1000])
def test_a_car_is_read_the_same_however_it_is_cut(step):
    assert read(CAR, step) == (ROOTS, BLOCKS)


@pytest.mark.parametrize("more", [b"\x65roots\x80", b"\x61a\x01"])
def test_a_header_of_version_2_that_says_more_is_refused(more):
    first = b"\xa2" + (more + PRAGMA[2:] if more[0] < 0x67 else PRAGMA[2:] + more)
    for behind in (b"", bytes(20), bytes(40), bytes(100)):
        with pytest.raises(Malformed, match="no version and roots"):
            CarReader().feed(bytes([len(first)]) + first + behind)


def test_another_reader_may_go_on_at_any_byte():
    for at in range(len(CAR) + 1):
        first = CarReader()
        found = first.feed_placed(CAR[:at])
        second = CarReader(first.state())
        found += second.feed_placed(CAR[at:])
        second.finish()
        assert (second.roots, [one.block for one in found]) == (ROOTS, BLOCKS)
        assert all(CAR[at : at + size] == block.data for at, size, block in found)


def test_roots_are_known_as_soon_as_the_header_was_fed():
    reader = CarReader()
    assert reader.feed(HEADER[:-1]) == []
    assert reader.roots is None
    assert reader.feed(HEADER[-1:] + SECTIONS[0][:-1]) == []
    assert reader.roots == ROOTS
    assert reader.feed(SECTIONS[0][-1:]) == BLOCKS[:1]


def test_feeding_nothing_gives_nothing():
    reader = CarReader()
    assert reader.feed(b"") == []
    assert reader.roots is None
    with pytest.raises(Malformed, match="cut short"):
        reader.finish()


@pytest.mark.parametrize(
    "source",
    [
        CAR,
        io.BytesIO(CAR),
        [CAR[:5], b"", CAR[5:]],
        (CAR[at : at + 1] for at in range(len(CAR))),
    ],
    ids=["bytes", "file", "list", "generator"],
)
def test_a_car_is_read_from_any_source(source):
    roots, blocks = read_car(source)
    assert roots == ROOTS
    assert list(blocks) == BLOCKS


def test_blocks_are_read_only_when_asked_for():
    asked = []

    def pieces():
        for piece in (HEADER, *SECTIONS):
            asked.append(piece)
            yield piece

    _, blocks = read_car(pieces())
    assert len(asked) == 1
    assert next(blocks) == BLOCKS[0]
    assert len(asked) == 2


@pytest.mark.parametrize("source", [b"", io.BytesIO(), [], [b""], HEADER[:-1]])
def test_a_car_without_a_whole_header_is_cut_short(source):
    with pytest.raises(Malformed, match="cut short"):
        read_car(source)


def test_a_car_cut_anywhere_is_refused():
    whole = {len(HEADER), len(HEADER) + len(SECTIONS[0]), len(HEADER) + len(SECTIONS[0]) * 2}
    for end in set(range(len(CAR))) - whole:
        with pytest.raises(Malformed, match="cut short"):
            list(read_car(CAR[:end])[1])
    for end in whole:
        assert read(CAR[:end], 1)[0] == ROOTS


@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_header_is_refused(data, step):
    with pytest.raises(Malformed):
        read(bytes.fromhex(data) + bytes(100), step)


@pytest.mark.parametrize(
    "section",
    [
        "00",
        "818080808080",
        "ffffffffffffffff7f",
        "ffffffffffffffffff01",
        "8000",
        "0101",
        "03" + "015500",
        "28" + "025512" + "20" * 37,
        "05" + "0155122061",
        "28" + "1220" + "00" * 30,
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_a_malformed_section_is_refused(section, step):
    with pytest.raises(Malformed):
        read(HEADER + bytes.fromhex(section), step)


@pytest.mark.parametrize("data", [*MALFORMED.values(), HEADER.hex() + "00", HEADER.hex() + "03015500"])
def test_a_reader_that_found_an_error_finds_it_again(data):
    reader = CarReader()
    for piece in (bytes.fromhex(data) + bytes(100), b"", SECTIONS[0], b"\xff" * 20, CAR):
        with pytest.raises(Malformed):
            reader.feed(piece)


def test_a_block_of_2_mib_is_taken_and_a_larger_one_is_not():
    data = bytes(MAX_BLOCK)
    cid = CID.of(data)
    assert read(b"".join(write_car([cid], [Block(cid, data)])), 1 << 16) == ([cid], [Block(cid, data)])
    with pytest.raises(Malformed, match="at most"):  # said before any of it was fed
        CarReader().feed(car_header([cid]) + car_section(cid, MAX_BLOCK + 257))


def test_a_header_has_the_same_length_for_cids_of_the_same_kind():
    for version in (0, 1):
        lengths = {len(car_header([CID.of(bytes([i]), mf.DAG_PB, version=version)])) for i in range(9)}
        assert len(lengths) == 1


def test_a_car_may_have_no_roots_and_no_blocks():
    assert read(car_header([]), 1) == ([], [])


def test_blocks_of_any_hash_and_version_come_back():
    blocks = [
        Block(CID.of(b"x", mf.DAG_PB, version=0), b"x"),
        Block(CID(1, mf.DAG_CBOR, b"\x13\x40" + mf.digest(0x13, b"y")), b"y"),
        Block(CID(1, mf.RAW, b"\x00\x01z"), b"z"),
        Block(CID.of(b""), b""),
    ]
    assert read(b"".join(write_car([blocks[0].cid], blocks)), 3) == ([blocks[0].cid], blocks)


def test_a_block_is_read_though_it_is_forged():
    forged = Block(BLOCKS[0].cid, b"bbbb")
    assert read(b"".join(write_car(ROOTS, [forged])), 1)[1] == [forged]


@pytest.mark.parametrize("profile", ["v0", "v1"])
def test_a_file_goes_through_a_car_and_back(profile):
    blocks = Blocks()
    root = build_file(content("car", 700_000), PROFILES[profile], blocks.take)
    car = b"".join(write_car([root.cid], walk_blocks(root.cid, blocks.__getitem__)))
    roots, got = read_car(io.BytesIO(car))
    assert roots == [root.cid]
    assert dict(got) == blocks


@pytest.mark.parametrize("step", [1, 1000])
def test_a_damaged_car_raises_only_content_errors(step):
    for data in damaged(CAR, times=400 if step == 1 else 3000):
        with contextlib.suppress(ContentError):
            read(data, step)


# Version 2


def v2(
    data: bytes = CAR,
    *,
    padding: int = 0,
    index: bytes = b"",
    offset: int | None = None,
    size: int | None = None,
) -> bytes:
    """A CARv2: characteristics, then where the CARv1 is, how long, and where its index is."""
    begin = 51 + padding
    header = bytes(16) + (begin if offset is None else offset).to_bytes(8, "little")
    header += (len(data) if size is None else size).to_bytes(8, "little")
    header += ((begin + len(data)) if index else 0).to_bytes(8, "little")
    return PRAGMA + header + bytes(padding) + data + index


V2 = {
    "bare": v2(),
    "padded": v2(padding=13),
    "padded much": v2(padding=1413),
}
INDEXED = {
    "with an index": v2(index=b"\x80\x08" + bytes(40)),
    "padded, with an index": v2(padding=5, index=SECTIONS[0]),
    "an index that looks like a broken section": v2(index=b"\xff" * 300),
}


@pytest.mark.parametrize("step", [1, 2, 7, 51, 100, 10_000])
@pytest.mark.parametrize("data", (V2 | INDEXED).values(), ids=V2 | INDEXED)
def test_a_car_of_version_2_is_read_the_same_however_it_is_cut(data, step):
    assert read(data, step) == (ROOTS, BLOCKS)


@pytest.mark.parametrize("data", INDEXED.values(), ids=INDEXED)
def test_an_index_is_passed_over(data):
    assert read(data, len(data)) == (ROOTS, BLOCKS)


def test_the_version_is_told():
    for data, version in ((CAR, 1), (v2(), 2)):
        reader = CarReader()
        reader.feed(data)
        assert reader.version == version


def test_the_roots_of_version_2_are_those_of_the_car_in_it():
    reader = CarReader()
    whole = v2(padding=3)
    start = 51 + 3 + len(HEADER)
    assert reader.feed(whole[: start - 1]) == []
    assert reader.roots is None
    assert reader.feed(whole[start - 1 : start]) == []
    assert reader.roots == ROOTS


@pytest.mark.parametrize("padding", [0, 13])
def test_a_car_of_version_2_cut_anywhere_before_its_index_is_refused(padding):
    whole = v2(padding=padding)
    for end in range(len(whole)):
        for step in (1, len(whole)):
            with pytest.raises(Malformed, match="cut short"):
                read(whole[:end], step)


@pytest.mark.parametrize(
    ("offset", "size"),
    [
        (0, len(CAR)),
        (11, len(CAR)),
        (50, len(CAR)),
        ((1 << 62) + 1, 1),
        ((1 << 64) - 1, len(CAR)),
        (51, 0),
        (51, 1 << 62),
        (51, (1 << 64) - 1),
    ],
)
@pytest.mark.parametrize("step", [1, 10_000])
def test_a_place_of_blocks_that_cannot_be_is_refused(offset, size, step):
    with pytest.raises(Malformed, match="says that its blocks start at byte"):
        read(v2(offset=offset, size=size), step)


@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize("given", [{"offset": 1 << 62}, {"offset": 60_000}, {"size": len(CAR) + 1}])
def test_blocks_that_are_said_to_go_on_behind_the_end_are_cut_short(given, step):
    with pytest.raises(Malformed, match="cut short"):
        read(v2(**given), step)


@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize("less", [1, 20, len(SECTIONS[2]) - 1, len(CAR) - 1])
def test_a_section_that_goes_beyond_the_end_is_refused(less, step):
    with pytest.raises(Malformed, match="goes beyond its end"):
        read(v2(size=len(CAR) - less), step)


def test_blocks_end_where_the_header_says():
    assert read(v2(size=len(CAR) - len(SECTIONS[2])), 1) == (ROOTS, BLOCKS[:2])


@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize("inner", [PRAGMA, v2()], ids=["the first bytes", "all of it"])
def test_a_car_of_version_2_in_another_is_refused(inner, step):
    with pytest.raises(Malformed):
        read(v2(inner), step)


@pytest.mark.parametrize("version", [0, 3, 4])
def test_a_version_that_does_not_exist_is_told(version):
    with pytest.raises(Malformed, match=f"CAR version {version} does not exist"):
        read(PRAGMA[:-1] + bytes([version]) + bytes(100), 1000)


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize("data", [CAR, *V2.values()], ids=["version 1", *V2])
def test_each_block_is_given_with_its_place(data, step):
    reader = CarReader()
    placed = [item for at in range(0, len(data), step) for item in reader.feed_placed(data[at : at + step])]
    reader.finish()
    assert [one.block for one in placed] == BLOCKS
    for at, size, block in placed:
        assert data[at : at + size] == block.data


@pytest.mark.parametrize("step", [1, 7, 60, 10_000])
@pytest.mark.parametrize("data", [CAR, *V2.values()], ids=["version 1", *V2])
def test_places_are_told_without_the_contents_being_fed(data, step):
    whole = CarReader().feed_placed(data)
    reader = CarReader(contents=False)
    placed = []
    at = 0
    while at < len(data):
        placed += reader.feed_placed(data[at : at + step])
        at = min(at + step, len(data))
        at += reader.skip(len(data) - at)
    reader.finish()
    assert [(one.at, one.size, one.block.cid) for one in placed] == [
        (one.at, one.size, one.block.cid) for one in whole
    ]


def test_what_is_skipped_must_be_there():
    reader = CarReader(contents=False)
    large = b"".join(write_car([], [Block(CID.of(bytes(5000)), bytes(5000))]))
    reader.feed_placed(large[:300])
    assert reader.skip(1000) == 1000
    with pytest.raises(Malformed, match="cut short"):
        reader.finish()


@pytest.mark.parametrize("step", [1, 10_000])
def test_a_damaged_car_of_version_2_raises_only_content_errors(step):
    for data in damaged(INDEXED["padded, with an index"], times=200 if step == 1 else 2000):
        with contextlib.suppress(ContentError):
            read(data, step)

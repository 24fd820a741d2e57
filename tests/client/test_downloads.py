"""Downloads on three wires: every byte is checked, and after an error nothing is left."""

from __future__ import annotations

import dataclasses

import httpx2 as httpx
import pytest

from pinatakit import Pinata
from pinatakit.content import (
    CID,
    PROFILES,
    FolderBuilder,
    Profile,
    build_file,
    build_symlink,
    dagpb,
    walk_blocks,
    write_car,
)
from pinatakit.content import multiformats as mf
from pinatakit.errors import (
    AlreadyThere,
    BlockMismatch,
    InputError,
    InvalidCID,
    Malformed,
    MissingBlock,
    NoSuchPath,
    NotFound,
    PinataError,
    Unreachable,
)
from tests.content.vectors import Blocks, content

from .fakes import JWT, Gateway, Service

MIB = 1 << 20
SMALL = Profile("small", 1, raw_leaves=True, chunk_size=1000, width=4)
SHARDED = dataclasses.replace(SMALL, shard_above=0)
DATA = b"".join(content("download", 9_500))

FOLDER = {"a.txt": b"A", "empty": b"", "sub/deep/é": b"deep", "sub/large": DATA, "sub/same": DATA}


def folder(profile=SMALL, files=FOLDER, links=(), folders=()):
    """A gateway that has a folder."""
    blocks = Blocks()
    builder = FolderBuilder(profile, blocks.take)
    for path, data in files.items():
        builder.add(path, build_file([data], profile, blocks.take))
    for path, target in links:
        builder.add(path, build_symlink(target, profile, blocks.take))
    for path in folders:
        builder.add_folder(path)
    return builder.finish().cid, blocks


def file(data=DATA):
    blocks = Blocks()
    return build_file([data], SMALL, blocks.take).cid, blocks


def on_disk(top):
    """What is at each path below: bytes, or where a symlink leads, or `None` for a folder."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = path.relative_to(top).as_posix()
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = None if path.is_dir() else path.read_bytes()
    return found


def with_folders(files):
    above = {"/".join(path.split("/")[:i]) for path in files for i in range(1, path.count("/") + 1)}
    return dict.fromkeys(above) | files


def downloading(gateway, *args, **how):
    async def body(pinata):
        return await Pinata.download(pinata, *args, **how)

    return lambda over, **settings: over(body, gateway.transport, jwt=JWT, **settings)


def reading(gateway, *args, **how):
    async def body(pinata):
        return b"".join([piece async for piece in Pinata.read(pinata, *args, **how)])

    return lambda over, **settings: over(body, gateway.transport, jwt=JWT, **settings)


# From a local Pinata


def test_a_file_is_written_to_a_path(play, tmp_path):
    async def body(pinata):
        upload = await Pinata.upload(pinata, DATA, name="large")
        got = await Pinata.download(pinata, upload.cid, tmp_path / "here")
        assert got == (upload.cid, tmp_path / "here", len(DATA), 1)
        got = await Pinata.download(pinata, str(upload.cid), str(tmp_path / "here too"))
        assert got.path == tmp_path / "here too"

    play(body)
    assert on_disk(tmp_path) == {"here": DATA, "here too": DATA}


def test_a_folder_comes_back_as_it_went(play, tmp_path):
    there = tmp_path / "there"
    for path, data in FOLDER.items():
        (there / path).parent.mkdir(parents=True, exist_ok=True)
        (there / path).write_bytes(data)

    async def body(pinata):
        upload = await Pinata.upload(pinata, there)
        return await Pinata.download(pinata, upload.cid, tmp_path / "back")

    got = play(body)
    assert (got.files, got.size) == (5, 2 * len(DATA) + 5)
    assert on_disk(tmp_path / "back") == on_disk(there)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "there"]


def test_bytes_are_read_whole_or_in_part(play):
    data = b"".join(content("ranges", 600_000))

    async def body(pinata):
        upload = await Pinata.upload(pinata, data)

        async def read(**how):
            return b"".join([piece async for piece in Pinata.read(pinata, upload.cid, **how)])

        assert await read() == data
        for start, stop in (
            (0, 0),
            (0, 1),
            (262_143, 262_145),
            (599_999, None),
            (5, 600_005),
            (600_000, None),
        ):
            assert await read(start=start, stop=stop) == data[start:stop]
        for last in (1, 262_145, 600_000, 600_001):
            assert await read(start=-last) == data[-last:]
            assert await read(start=-last, verify=False) == data[-last:]
        with pytest.raises(InputError, match="are not a range"):
            await read(start=-2, stop=-1)

    play(body)


def test_what_the_gateway_has_not_is_not_found(play, tmp_path):
    async def body(pinata):
        private = await Pinata.upload(pinata, b"mine alone", network="private")
        for cid in (private.cid, CID.of(b"nobody's")):
            with pytest.raises(NotFound):
                await Pinata.download(pinata, cid, tmp_path / "x")

    play(body)
    assert on_disk(tmp_path) == {}


# Where it is put


def test_a_file_goes_into_a_folder_under_its_name(over, tmp_path):
    root, blocks = folder()
    gateway = Gateway(root, blocks)
    assert downloading(gateway, root, tmp_path, path="sub/large")(over).path == tmp_path / "large"
    assert downloading(gateway, root, tmp_path, path="/a.txt/")(over).path == tmp_path / "a.txt"
    cid, blocks = file()
    assert downloading(Gateway(cid, blocks), cid, tmp_path)(over).path == tmp_path / str(cid)
    assert on_disk(tmp_path) == {"large": DATA, "a.txt": b"A", str(cid): DATA}


def test_a_file_takes_the_place_of_another(over, tmp_path):
    cid, blocks = file()
    (tmp_path / "old").write_bytes(b"old")
    downloading(Gateway(cid, blocks), cid, tmp_path / "old")(over)
    assert on_disk(tmp_path) == {"old": DATA}


def test_what_a_file_would_take_the_place_of_can_stay(play, tmp_path):
    (tmp_path / "hello.txt").write_bytes(b"mine")

    async def body(pinata):
        upload = await Pinata.upload(pinata, b"theirs")
        for how in ({}, {"resume": True}, {"verify": False}):
            with pytest.raises(AlreadyThere, match="'.*hello.txt' is there already") as caught:
                await Pinata.download(pinata, upload.cid, tmp_path / "hello.txt", overwrite=False, **how)
            assert caught.value.path == tmp_path / "hello.txt"
        assert on_disk(tmp_path) == {"hello.txt": b"mine"}

        def meanwhile(done, _):
            (tmp_path / "new.txt").write_bytes(b"mine")

        with pytest.raises(AlreadyThere):
            await Pinata.download(
                pinata, upload.cid, tmp_path / "new.txt", overwrite=False, progress=meanwhile
            )
        assert on_disk(tmp_path) == {"hello.txt": b"mine", "new.txt": b"mine"}
        (tmp_path / "new.txt").unlink()

    play(body)


@pytest.mark.parametrize("profile", [SMALL, SHARDED], ids=["plain", "sharded"])
def test_a_folder_goes_to_a_new_or_an_empty_place(over, tmp_path, profile):
    root, blocks = folder(profile, folders=["empty folder"])
    (tmp_path / "empty").mkdir()
    for place in ("new", "empty"):
        got = downloading(Gateway(root, blocks), root, tmp_path / place)(over)
        assert got == (root, tmp_path / place, 2 * len(DATA) + 5, 5)
        assert on_disk(tmp_path / place) == with_folders(FOLDER) | {"empty folder": None}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


def test_a_folder_below_the_root_is_taken_alone(over, tmp_path):
    root, blocks = folder()
    got = downloading(Gateway(root, blocks), root, tmp_path / "x", path="sub/deep")(over)
    assert (got.cid, got.files) == (root, 1)
    assert on_disk(tmp_path) == {"x": None, "x/é": b"deep"}


@pytest.mark.parametrize("taken", ["full", "file"])
def test_a_folder_does_not_go_where_something_is(over, tmp_path, taken):
    root, blocks = folder()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_bytes(b"mine")
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(InputError, match="is there already") as caught:
        downloading(Gateway(root, blocks), root, tmp_path / taken)(over)
    assert caught.value.hint
    assert on_disk(tmp_path) == {"full": None, "full/mine": b"mine", "file": b"mine"}


def test_nothing_goes_where_no_folder_is(over, tmp_path):
    for root, blocks in (file(), folder()):
        with pytest.raises(InputError, match="there is no folder"):
            downloading(Gateway(root, blocks), root, tmp_path / "no/where")(over)
    assert on_disk(tmp_path) == {}


@pytest.mark.parametrize(("path", "at"), [("nothing", "nothing"), ("a.txt/x", "x"), ("sub/deep/e", "e")])
def test_a_path_that_leads_nowhere_says_so(over, tmp_path, path, at):
    root, blocks = folder()
    with pytest.raises(NoSuchPath, match=f"nothing is called {at!r}"):
        downloading(Gateway(root, blocks), root, tmp_path / "x", path=path)(over)
    with pytest.raises(NoSuchPath, match=f"nothing is called {at!r}"):
        reading(Gateway(root, blocks), root, path=path)(over)
    assert on_disk(tmp_path) == {}


def test_what_is_no_cid_is_not_asked_for(over, tmp_path):
    root, blocks = file()
    gateway = Gateway(root, blocks)
    with pytest.raises(InvalidCID):
        downloading(gateway, f"ipfs://{root}", tmp_path / "x")(over)
    with pytest.raises(InvalidCID):
        reading(gateway, "../../data/pinList")(over)
    assert (gateway.cars, gateway.raws) == (0, [])


# Progress, ranges, kinds


def test_progress_only_grows(over, tmp_path):
    told = []
    cid, blocks = file()
    downloading(Gateway(cid, blocks), cid, tmp_path / "f", progress=lambda *now: told.append(now))(over)
    assert told[0] == (0, len(DATA))
    assert told[-1] == (len(DATA), len(DATA))
    assert told == sorted(told)
    told.clear()
    cid, blocks = folder()
    downloading(Gateway(cid, blocks), cid, tmp_path / "d", progress=lambda *now: told.append(now))(over)
    assert told[-1] == (2 * len(DATA) + 5, None)
    assert told == sorted(told, key=lambda now: now[0])


def test_what_progress_raises_comes_through_and_nothing_is_left(over, tmp_path):
    class Enough(Exception):
        pass

    def enough(size, _):
        if size > 3000:
            raise Enough

    for place, (root, blocks) in {"f": file(), "d": folder()}.items():
        with pytest.raises(Enough):
            downloading(Gateway(root, blocks), root, tmp_path / place, progress=enough)(over)
    assert on_disk(tmp_path) == {}


def test_a_range_is_read_from_any_gateway(over):
    cid, blocks = file()
    for start, stop in ((0, 1), (999, 1001), (3500, 7600), (9499, None), (100, 10**9), (9500, None), (7, 7)):
        assert reading(Gateway(cid, blocks), cid, start=start, stop=stop)(over) == DATA[start:stop]


def test_a_file_below_a_path_is_read(over):
    root, blocks = folder()
    gateway = Gateway(root, blocks)
    assert reading(gateway, root, path="sub/large", start=10, stop=20)(over) == DATA[10:20]
    assert reading(gateway, root, path="empty")(over) == b""


def test_only_a_file_is_read(over):
    root, blocks = folder(links=[("link", "a.txt")])
    for path, kind in (("", "directory"), ("sub", "directory"), ("link", "symlink")):
        with pytest.raises(InputError, match=f"is a {kind}, not a file"):
            reading(Gateway(root, blocks), root, path=path)(over)


# Symlinks


def test_symlinks_that_stay_inside_are_made(over, tmp_path):
    links = [
        ("to a", "a.txt"),
        ("sub/up", "../a.txt"),
        ("sub/deep/far", "../../sub/large"),
        ("dangles", "no"),
    ]
    root, blocks = folder(links=links)
    downloading(Gateway(root, blocks), root, tmp_path / "d")(over)
    assert on_disk(tmp_path / "d") == with_folders(FOLDER) | dict(links)
    assert (tmp_path / "d/sub/deep/far").read_bytes() == DATA


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("out", "/etc/passwd"),
        ("out", ".."),
        ("out", "../secret"),
        ("sub/out", "../../secret"),
        ("sub/out", "deep/../../../secret"),
        ("sub/out", "./.././../x"),
        ("sub/out", "up/../../secret"),  # which is out, because sub/up leads to the root
    ],
)
def test_a_symlink_that_leads_out_is_refused(over, tmp_path, name, target):
    root, blocks = folder(links=[("sub/up", ".."), (name, target)])
    with pytest.raises(InputError, match=f"{name}' leads out .*, to {target!r}"):
        downloading(Gateway(root, blocks), root, tmp_path / "d")(over)
    assert on_disk(tmp_path) == {}


def test_a_symlink_alone_is_refused(over, tmp_path):
    root, blocks = folder(links=[("link", "a.txt")])
    with pytest.raises(InputError, match="symlink"):
        downloading(Gateway(root, blocks), root, tmp_path / "d", path="link")(over)
    assert on_disk(tmp_path) == {}


# Gateways that lie, and gateways that fail


class FlipsABit(Gateway):
    """One block is not what it was; which, is chosen."""

    damaged: CID

    def car(self, root):
        blocks = walk_blocks(root, self.blocks.__getitem__, dups=True)
        return write_car([root], map(self.damage, blocks))

    def damage(self, block):
        if block.cid != self.damaged:
            return block
        data = bytes(block.data)
        return block._replace(data=bytes([data[0] ^ 1]) + data[1:] if data else b"x")


@pytest.mark.parametrize("shape", ["file", "folder"])
def test_a_flipped_bit_in_any_block_is_found_and_nothing_is_left(over, tmp_path, shape):
    root, blocks = file() if shape == "file" else folder()
    for cid in blocks:
        gateway = FlipsABit(root, blocks)
        gateway.damaged = cid
        with pytest.raises(BlockMismatch) as caught:
            downloading(gateway, root, tmp_path / "x")(over)
        assert caught.value.cid == cid
        assert on_disk(tmp_path) == {}


def test_only_checked_bytes_are_read(over):
    root, blocks = file()
    for cid in blocks:
        gateway = FlipsABit(root, blocks)
        gateway.damaged = cid
        got = bytearray()

        async def body(pinata, got=got):
            async for piece in Pinata.read(pinata, root):
                got.extend(piece)

        with pytest.raises(BlockMismatch):
            over(body, gateway.transport, jwt=JWT)
        assert DATA.startswith(got)


class CutsTheCar(Gateway):
    """The connection is cut after some bytes."""

    after: int

    def car(self, root):
        return [b"".join(super().car(root))[: self.after], httpx.ReadError("cut")]


@pytest.mark.parametrize("after", [MIB, MIB + 5000, 2 * MIB, 3 * MIB - 1])
def test_a_car_that_is_cut_is_completed_block_by_block(over, tmp_path, after):
    data = b"".join(content("cut", 3 * MIB))
    blocks = Blocks()
    root = build_file([data], PROFILES["v1"], blocks.take).cid
    gateway = CutsTheCar(root, blocks)
    gateway.after = after
    downloading(gateway, root, tmp_path / "f")(over)
    assert on_disk(tmp_path) == {"f": data}
    assert gateway.cars == 1
    assert len(gateway.raws) == len(set(gateway.raws)) < 12  # leaves of 256 KiB


def test_a_car_that_is_cut_before_it_began_is_replaced_by_its_blocks(over, tmp_path):
    root, blocks = file()
    gateway = CutsTheCar(root, blocks)
    gateway.after = 20
    downloading(gateway, root, tmp_path / "f")(over)
    assert on_disk(tmp_path) == {"f": DATA}
    assert set(gateway.raws) == set(blocks)


class EndsEarly(Gateway):
    """The CAR ends, without an error, after its header; there are more blocks to be had, but not all."""

    missing: CID | None = None

    def car(self, root):
        return write_car([root], [])

    def block(self, cid):
        return None if cid == self.missing else super().block(cid)


def test_blocks_that_a_car_leaves_out_are_asked_for(over, tmp_path):
    root, blocks = folder()
    gateway = EndsEarly(root, blocks)
    downloading(gateway, root, tmp_path / "d")(over)
    assert on_disk(tmp_path / "d") == with_folders(FOLDER)
    assert set(gateway.raws) == set(blocks)


def test_a_block_that_is_nowhere_is_not_found_and_nothing_is_left(over, tmp_path):
    root, blocks = folder()
    for cid in blocks:
        gateway = EndsEarly(root, blocks)
        gateway.missing = cid
        with pytest.raises((NotFound, MissingBlock)):
            downloading(gateway, root, tmp_path / "d")(over)
        assert on_disk(tmp_path) == {}


class ForgesRaw(EndsEarly):
    def block(self, cid):
        return super().block(cid) + b"\0"


def test_a_raw_block_is_checked_too(over, tmp_path):
    for root, blocks in (file(), folder()):
        with pytest.raises(BlockMismatch):
            downloading(ForgesRaw(root, blocks), root, tmp_path / "x")(over)
    assert on_disk(tmp_path) == {}


class WithoutDups(Gateway):
    def car(self, root):
        return write_car([root], walk_blocks(root, self.blocks.__getitem__))


@pytest.mark.parametrize("data", [bytes(9_500), bytes(3000) + DATA + bytes(3000), DATA * 2])
def test_a_gateway_may_leave_out_blocks_it_has_given_before(over, tmp_path, data):
    root, blocks = folder(files={"a": data, "b": data, "c": b"c"})
    downloading(WithoutDups(root, blocks), root, tmp_path / "d")(over)
    assert on_disk(tmp_path / "d") == {"a": data, "b": data, "c": b"c"}


class Chatty(Gateway):
    """Sends blocks that nobody wants, too."""

    def car(self, root):
        other = Blocks()
        build_file(content("other", 5000), SMALL, other.take)
        mixed = []
        for block in walk_blocks(root, self.blocks.__getitem__, dups=True):
            mixed += [block._replace(cid=cid, data=data) for cid, data in other.items()]
            mixed.append(block)
        return write_car([root], mixed)


def test_a_block_that_nobody_wants_is_passed_over(over):
    root, blocks = file()
    gateway = Chatty(root, blocks)
    assert reading(gateway, root)(over) == DATA
    assert gateway.raws == []


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "application/octet-stream", "", "application/json"]
)
def test_a_gateway_that_serves_pages_is_told_with_a_hint(over, tmp_path, kind):
    service = Service(lambda _: httpx.Response(200, headers={"content-type": kind}, content=b"<html>"))
    with pytest.raises(Unreachable, match=kind.partition(";")[0] or "no media type") as caught:
        downloading(service, CID.of(b"x"), tmp_path / "x")(over)
    assert "PINATA_GATEWAY_URL" in caught.value.hint
    assert on_disk(tmp_path) == {}
    assert len(service.requests) == 1


@pytest.mark.parametrize("car", [b"<html>" * 20, b"\x00", b"\xff" * 20, b"\x01\xf6"])
def test_a_car_that_is_none_is_malformed(over, tmp_path, car):
    class NoCar(Gateway):
        def car(self, _):
            return [car]

    root, blocks = file()
    with pytest.raises(Malformed):
        downloading(NoCar(root, blocks), root, tmp_path / "x")(over)
    assert on_disk(tmp_path) == {}


def test_a_car_that_turns_to_rubbish_is_completed_block_by_block(over):
    class Rubbish(Gateway):
        def car(self, root):
            return [b"".join(super().car(root))[:2500], b"\xff" * 40]

    root, blocks = file()
    assert reading(Rubbish(root, blocks), root)(over) == DATA


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (500, PinataError), (301, PinataError)])
def test_what_a_gateway_refuses_is_told(over, tmp_path, status, kind):
    service = Service(lambda _: httpx.Response(status, text="no, because"))
    with pytest.raises(kind, match=r"no, because \(HTTP"):
        downloading(service, CID.of(b"x"), tmp_path / "x")(over)
    assert on_disk(tmp_path) == {}


def test_a_gateway_that_is_away_is_unreachable(over, tmp_path):
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(Unreachable, match="refused"):
        downloading(service, CID.of(b"x"), tmp_path / "x")(over, attempts=1)
    assert on_disk(tmp_path) == {}


def test_a_root_that_is_no_file_or_folder_is_malformed(over, tmp_path):
    cid = CID.of(b"\xa0", 0x72)
    gateway = EndsEarly(cid, {cid: b"\xa0"})
    with pytest.raises(Malformed, match="0x72, not a file or a folder"):
        downloading(gateway, cid, tmp_path / "x")(over)
    assert on_disk(tmp_path) == {}


@pytest.mark.parametrize("name", ["..", "a/b", ".", "/etc/x"])
def test_a_name_that_leads_out_is_malformed(over, tmp_path, name):
    blocks = Blocks()
    leaf = build_file([b"evil"], SMALL, blocks.take).cid
    node = dagpb.encode_node([dagpb.encode_link(bytes(leaf), name.encode(), 4)], dagpb.DIRECTORY_DATA)
    root = CID.of(node, mf.DAG_PB)
    gateway = EndsEarly(root, {**blocks, root: node})
    with pytest.raises(Malformed, match="entry named"):
        downloading(gateway, root, tmp_path / "x")(over)
    assert on_disk(tmp_path) == {}

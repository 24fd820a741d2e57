"""FileBuilder: the same bytes give the same root, however they come."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys

import pytest

from pinatakit.content import PROFILES, Block, FileBuilder, Profile, Root, build_file
from pinatakit.errors import Malformed

from .vectors import Blocks, content

SMALL = Profile("small", 1, raw_leaves=True, chunk_size=10, width=3)
WRAPPED = Profile("wrapped", 0, raw_leaves=False, chunk_size=10, width=3)

# The empty file, and "hello world" (IPIP-499), as any Kubo names them.
KNOWN = [
    (b"", "unixfs-v0-2015", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
    (b"", "v1-raw-256k", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
    (b"", "v1-dagpb-256k", "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y"),
    (b"hello world", "unixfs-v0-2015", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"),
    (b"hello world", "unixfs-v1-2025", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    (b"Hello World", "v1-raw-256k", "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny"),
]


@pytest.mark.parametrize(("data", "profile", "cid"), KNOWN)
def test_a_known_file_has_its_known_name(data, profile, cid):
    root = build_file([data], PROFILES[profile])
    assert str(root.cid) == cid
    assert root.size == len(data)


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 29, 30, 31, 90, 91, 1000])
def test_the_root_is_the_same_however_the_content_is_cut(profile, size):
    data = b"".join(content("cut", size))
    whole = build_file([data], profile)
    assert build_file((data[at : at + 1] for at in range(size)), profile) == whole
    rng = random.Random(size)
    for _ in range(10):
        cuts = sorted(rng.choices(range(size + 1), k=rng.randint(0, 12)))
        pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
        assert build_file(pieces, profile) == whole


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
def test_another_builder_may_go_on_at_any_byte(profile):
    data = b"".join(content("rest", 333))
    blocks = Blocks()
    whole = build_file([data], profile, blocks.take)
    for at in range(0, 334, 7):
        again = Blocks()
        first = FileBuilder(profile, again.take)
        first.feed(data[:at])
        state = first.state()
        second = FileBuilder(profile, again.take, state=state)
        second.feed(data[at:])
        assert (second.finish(), again) == (whole, blocks)
        first.feed(data[at:])  # which does not disturb the first one
        assert first.finish() == whole


@pytest.mark.parametrize("profile", ["v0", "v1"])
def test_the_root_is_the_same_when_large_feeds_are_cut_across_chunks(profile):
    size = 3_333_333
    data = b"".join(content("large", size))
    whole = build_file([data], PROFILES[profile])
    for step in (262_143, 262_144, 262_145, 1_000_003, 2_097_152):
        assert build_file((data[at : at + step] for at in range(0, size, step)), PROFILES[profile]) == whole


@pytest.mark.parametrize(
    ("profile", "size"),
    [
        *((SMALL, size) for size in (0, 1, 10, 1000, 100_000)),
        *((PROFILES["v1-raw-256k"], size) for size in (0, 1, 1 << 20, (1 << 20) + 1, 3_000_000)),
    ],
)
@pytest.mark.parametrize("most", [999, 1 << 30])
def test_what_is_drained_has_the_root_of_what_is_fed(profile, size, most):
    data = b"".join(content("drained", size))
    rest = io.BytesIO(data)
    blocks = Blocks()
    builder = FileBuilder(profile, blocks.take)
    assert builder.drain(lambda buffer: rest.readinto(buffer[:most])) == size
    expected: dict = {}
    assert builder.finish() == build_file([data], profile, lambda b: expected.update({b.cid: bytes(b.data)}))
    assert blocks == expected


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("size", [1, 1 << 20, (16 << 20) - 1, 40_000_001])  # from one run of one job to many
def test_what_the_threads_read_themselves_has_the_root_of_what_is_fed(size, kept):
    profile = PROFILES["v1-raw-256k"]
    data = memoryview(random.Random(size).randbytes(size))

    def read(buffer: memoryview, at: int) -> int:
        part = data[at : at + min(len(buffer), 777_777)]  # less than is asked for
        buffer[: len(part)] = part
        return len(part)

    def root(size: int) -> Root:
        builder = FileBuilder(profile, Blocks().take if kept else None)
        builder.pull(size, read)
        return builder.finish()

    assert root(size) == build_file([data], profile)
    with pytest.raises(Malformed, match="bytes are missing"):
        root(size + 1)


def test_any_bytes_like_feed_is_taken():
    expected = build_file([b"0123456789" * 3], SMALL)
    assert build_file([bytearray(b"0123456789" * 3)], SMALL) == expected
    assert build_file([memoryview(b"0123456789" * 3)], SMALL) == expected
    assert build_file([b"", b"0123456789" * 3, b""], SMALL) == expected


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
def test_without_a_sink_the_root_is_the_same(profile):
    data = list(content("sink", 1000))
    assert build_file(data, profile) == build_file(data, profile, Blocks().take)


@pytest.mark.parametrize("profile", [SMALL, WRAPPED], ids=lambda profile: profile.name)
def test_blocks_come_leaves_first_and_the_root_last(profile):
    blocks: list[Block] = []
    root = build_file(content("order", 95), profile, blocks.append)
    assert blocks[-1].cid == root.cid
    assert len(blocks) == 10 + 4 + 2 + 1
    for block in blocks:
        block.cid.verify(block.data)
        assert block.cid.version == profile.cid_version
    assert root.dag_size == sum(len(block.data) for block in blocks)


def test_a_file_of_one_chunk_is_its_leaf():
    blocks: list[Block] = []
    root = build_file([b"0123456789"], SMALL, blocks.append)
    assert [(block.cid, bytes(block.data)) for block in blocks] == [(root.cid, b"0123456789")]


def test_a_builder_tells_its_profile():
    assert FileBuilder(SMALL).profile is SMALL


@pytest.mark.skipif(not hasattr(os, "fork"), reason="systems that fork")
def test_a_child_of_a_fork_hashes_too():
    program = """
import os, signal
from pinatakit.content import Profile, build_file
data = [bytes(1 << 20)] * 8
want = build_file(data, Profile.named("v1"))
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(0 if build_file(data, Profile.named("v1")) == want else 1)
print(os.waitpid(child, 0)[1])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"

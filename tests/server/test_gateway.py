"""The gateway: files for people, blocks for programs, and nothing that is private or unknown.

Sources: specs.ipfs.tech/http-gateways (path and trustless gateway); RFC 9110 (ranges, conditions).
"""

from __future__ import annotations

import email.message
import email.policy

import pytest

from pinatakit.content import CID, Walk, dagcbor, dagjson, read_car
from pinatakit.content import multiformats as mf
from pinatakit.server import Server

from .conftest import client, content_of, pin, upload

RAW = "application/vnd.ipld.raw"
CAR = "application/vnd.ipld.car"
UNKNOWN = "bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"
BIG = b"".join(i.to_bytes(4, "big") for i in range(256_000))  # four blocks and the node above them


@pytest.fixture(scope="module")
def big(api) -> str:
    return pin(api, ("big.bin", BIG))["IpfsHash"]


@pytest.fixture(scope="module")
def folder(api) -> str:
    """A folder with a page, a file that stands in it twice, and names that need quoting."""
    return pin(
        api,
        ("site/sub/index.html", b"<!doctype html><p>home"),
        ("site/twice/one.bin", BIG),
        ("site/twice/two.bin", BIG),
        ("site/ü & <b>/a b.txt", b"quoted"),
        ("site/plain.txt", b"plain"),
    )["IpfsHash"]


def test_a_file_is_served_whole(stranger, big):
    answer = stranger.get(f"/ipfs/{big}")
    assert answer.status_code == 200
    assert answer.content == BIG
    headers = answer.headers
    assert headers["content-length"] == "1024000"
    assert headers["content-type"] == "application/octet-stream"
    assert headers["etag"] == f'"{big}"'
    assert headers["accept-ranges"] == "bytes"
    assert "immutable" in headers["cache-control"]
    assert headers["x-ipfs-path"] == f"/ipfs/{big}"
    assert headers["access-control-allow-origin"] == "*"


def test_head_tells_all_but_the_bytes(stranger, big, folder):
    for path in (big, f"{folder}/", f"{folder}/plain.txt"):
        for query in ("", "?format=raw", "?format=car"):
            got, told = (stranger.request(method, f"/ipfs/{path}{query}") for method in ("GET", "HEAD"))
            assert told.status_code == 200
            assert told.content == b""
            for name in ("content-type", "etag", "cache-control"):
                assert told.headers[name] == got.headers[name]
    assert stranger.head(f"/ipfs/{big}").headers["content-length"] == "1024000"


@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car", "?format=tar", "?format=dag-json"])
def test_head_says_no_other_length_than_get(stranger, big, folder, query):
    """RFC 9110, 8.6: of a length that GET does not tell, HEAD tells none."""
    for path in (big, f"{folder}/sub/", f"{folder}/twice/"):
        got, told = (stranger.request(method, f"/ipfs/{path}{query}") for method in ("GET", "HEAD"))
        assert got.status_code == told.status_code == 200
        assert told.headers.get("content-length") == got.headers.get("content-length")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-5", 5, 6),
        ("bytes=262140-262150", 262_140, 262_151),
        ("bytes=1023990-", 1_023_990, 1_024_000),
        ("bytes=0-", 0, 1_024_000),
        ("bytes=-10", 1_023_990, 1_024_000),
        ("bytes=-9999999", 0, 1_024_000),
        ("bytes=1023999-9999999", 1_023_999, 1_024_000),
    ],
)
def test_a_range_is_served_alone(stranger, big, asked, start, stop):
    answer = stranger.get(f"/ipfs/{big}", headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == BIG[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/1024000"
    assert answer.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=1024000-", "bytes=2000000-3000000", "bytes=-0"])
def test_a_range_that_holds_nothing_is_416(stranger, big, asked):
    answer = stranger.get(f"/ipfs/{big}", headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */1024000"


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-1,a", "x"])
def test_a_range_that_is_none_is_passed_over(stranger, big, asked):
    answer = stranger.get(f"/ipfs/{big}", headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, BIG)


def parts_of(answer):
    """The parts of a multipart answer: what they say they are, and their bytes."""
    text = f"content-type: {answer.headers['content-type']}\r\n\r\n".encode() + answer.content
    message = email.message_from_bytes(text, policy=email.policy.HTTP)
    assert message.is_multipart()
    return [
        (part["content-range"], part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_parts()
    ]


def test_several_ranges_come_in_one_answer(stranger, folder):
    wanted = {"range": "bytes=0-1, 2-2,-1,99-"}
    answer = stranger.get(f"/ipfs/{folder}/plain.txt", headers=wanted)
    assert answer.status_code == 206
    assert "content-range" not in answer.headers
    assert parts_of(answer) == [
        ("bytes 0-1/5", "text/plain", b"pl"),
        ("bytes 2-2/5", "text/plain", b"a"),
        ("bytes 4-4/5", "text/plain", b"n"),
    ]
    head = stranger.head(f"/ipfs/{folder}/plain.txt", headers=wanted)
    assert head.headers["content-length"] == answer.headers["content-length"] == str(len(answer.content))


def test_several_ranges_of_a_large_file_are_exact(stranger, big):
    answer = stranger.get(f"/ipfs/{big}", headers={"range": "bytes=262140-262150,0-300000,1023999-"})
    body = answer.content
    assert len(body) == int(answer.headers["content-length"])
    for start, stop in ((262_140, 262_151), (0, 300_001), (1_023_999, 1_024_000)):
        head = f"content-range: bytes {start}-{stop - 1}/1024000\r\n\r\n".encode()
        at = body.index(head) + len(head)
        assert body[at : at + stop - start + 4] == BIG[start:stop] + b"\r\n--"


@pytest.mark.parametrize(
    "asked", ["bytes=" + ",".join(["0-0"] * 33), "bytes=0-,0-", "bytes=0-900000,0-900000"]
)
def test_ranges_that_ask_for_too_much_are_passed_over(stranger, big, asked):
    answer = stranger.get(f"/ipfs/{big}", headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, BIG)


def test_a_range_of_other_content_is_passed_over(stranger, big):
    wanted = {"range": "bytes=0-9"}
    assert stranger.get(f"/ipfs/{big}", headers={**wanted, "if-range": f'"{big}"'}).status_code == 206
    assert stranger.get(f"/ipfs/{big}", headers={**wanted, "if-range": '"other"'}).status_code == 200


@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car", "?format=car&dag-scope=block"])
@pytest.mark.parametrize("spelling", ["{}", "W/{}", '"other", {}', "*"])
def test_what_is_held_already_is_not_sent_again(stranger, big, query, spelling):
    etag = stranger.head(f"/ipfs/{big}{query}").headers["etag"]
    answer = stranger.get(f"/ipfs/{big}{query}", headers={"if-none-match": spelling.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag


def test_each_form_of_content_has_a_tag_of_its_own(stranger, folder):
    queries = ["", "?format=raw", "?format=car", "?format=car&dag-scope=block", "?format=car&car-dups=y"]
    tags = {stranger.head(f"/ipfs/{folder}/{query}").headers["etag"] for query in queries}
    assert len(tags) == len(queries)
    assert stranger.get(f"/ipfs/{folder}/", headers={"if-none-match": '"other"'}).status_code == 200


def test_a_path_leads_into_a_folder(stranger, folder):
    answer = stranger.get(f"/ipfs/{folder}/plain.txt")
    assert (answer.status_code, answer.text) == (200, "plain")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-ipfs-path"] == f"/ipfs/{folder}/plain.txt"
    assert stranger.get(f"/ipfs/{folder}/%C3%BC%20%26%20%3Cb%3E/a%20b.txt").text == "quoted"


@pytest.mark.parametrize("path", ["none.txt", "plain.txt/below", "sub/none/index.html"])
@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car"])
def test_a_path_that_leads_nowhere_is_404(stranger, folder, path, query):
    assert stranger.get(f"/ipfs/{folder}/{path}{query}").status_code == 404


def test_a_folder_is_redirected_to_its_slash(stranger, folder):
    answer = stranger.get(f"/ipfs/{folder}?filename=a%20b")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/ipfs/{folder}/?filename=a%20b"
    answer = stranger.get(f"/ipfs/{folder}/%C3%BC%20%26%20%3Cb%3E")
    assert stranger.get(answer.headers["location"]).status_code == 200


def test_a_folder_with_a_page_is_that_page(stranger, folder):
    answer = stranger.get(f"/ipfs/{folder}/sub/")
    assert (answer.status_code, answer.text) == (200, "<!doctype html><p>home")
    assert answer.headers["content-type"].startswith("text/html")
    assert stranger.get(f"/ipfs/{folder}/sub/", headers={"range": "bytes=0-8"}).text == "<!doctype"


def test_a_folder_without_a_page_is_a_list_that_can_be_followed(stranger, folder):
    answer = stranger.get(f"/ipfs/{folder}/")
    assert answer.headers["content-type"].startswith("text/html")
    for name in ("sub", "twice", "plain.txt"):
        assert f'<a href="{name}">{name}</a>' in answer.text
    assert '<a href="%C3%BC%20%26%20%3Cb%3E">ü &amp; &lt;b&gt;</a>' in answer.text
    assert "<b>" not in answer.text


def test_a_folder_of_thousands_of_names_is_served(api, stranger):
    files = [(f"many/file-{i:05}.txt", b"%d" % i) for i in range(6000)]
    cid = pin(api, *files)["IpfsHash"]
    blocks = 0
    entity = stranger.get(f"/ipfs/{cid}?format=car&dag-scope=entity").content
    held = {block.cid: bytes(block.data) for block in read_car(entity)[1]}
    assert len(held) > 100  # sharded
    walk = Walk(CID.parse(cid), shallow=True)
    while walk.wants:
        walk.feed(held[walk.wants])
        blocks += 1
    assert blocks == len(held)
    assert sorted(link.name for link in walk.below) == [f"file-{i:05}.txt" for i in range(6000)]
    assert stranger.get(f"/ipfs/{cid}/file-04711.txt").text == "4711"
    assert stranger.get(f"/ipfs/{cid}/").text.count("<tr>") == 6000
    one = stranger.get(f"/ipfs/{cid}/file-04711.txt?format=car").content
    (root,), got = read_car(one)
    walk = Walk(root, "file-04711.txt")
    for block in got:
        assert block.cid == walk.wants
        walk.feed(bytes(block.data))
    assert walk.wants is None


@pytest.mark.parametrize("by", ["query", "accept"])
def test_a_raw_block_is_the_bytes_its_cid_names(stranger, big, folder, by):
    ask = {"params": {"format": "raw"}} if by == "query" else {"headers": {"accept": RAW}}
    for cid in (big, folder):
        answer = stranger.get(f"/ipfs/{cid}", **ask)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == RAW
        assert answer.headers["x-content-type-options"] == "nosniff"
        CID.parse(cid).verify(answer.content)
    answer = stranger.get(f"/ipfs/{folder}/twice/one.bin", **ask)
    CID.parse(big).verify(answer.content)


def test_every_block_of_a_file_can_be_fetched_by_itself(stranger, big):
    walk, data = Walk(CID.parse(big)), b""
    while walk.wants:
        block = stranger.get(f"/ipfs/{walk.wants}", headers={"accept": RAW}).content
        data += b"".join(step for step in walk.feed(block) if isinstance(step, bytes))
    assert data == BIG


@pytest.mark.parametrize("ask", [{"params": {"format": "car"}}, {"headers": {"accept": f"{CAR}; version=1"}}])
def test_a_car_holds_every_block_and_each_is_what_its_cid_names(stranger, folder, ask):
    answer = stranger.get(f"/ipfs/{folder}", **ask)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(f"{CAR}; version=1; order=dfs; dups=n")
    assert content_of(answer.content) == {
        "plain.txt": b"plain",
        "sub/index.html": b"<!doctype html><p>home",
        "twice/one.bin": BIG,
        "twice/two.bin": BIG,
        "ü & <b>/a b.txt": b"quoted",
    }


def in_order(car: bytes) -> list[CID]:
    """The blocks of a CAR, each checked."""
    blocks = []
    for block in read_car(car)[1]:
        block.cid.verify(bytes(block.data))
        blocks.append(block.cid)
    return blocks


def test_blocks_come_once_or_as_often_as_they_are_linked(stranger, folder):
    once = in_order(stranger.get(f"/ipfs/{folder}?format=car&car-dups=n").content)
    often = in_order(stranger.get(f"/ipfs/{folder}?format=car&car-dups=y").content)
    assert len(once) == len(set(once))
    assert len(often) > len(once)
    assert list(dict.fromkeys(often)) == once
    accepted = stranger.get(f"/ipfs/{folder}", headers={"accept": f"{CAR}; version=1; order=dfs; dups=y"})
    assert in_order(accepted.content) == often
    assert "dups=y" in accepted.headers["content-type"]


def test_blocks_with_duplicates_come_in_the_order_a_walk_wants_them(stranger, folder):
    walk = Walk(CID.parse(folder))
    for block in read_car(stranger.get(f"/ipfs/{folder}?format=car&car-dups=y").content)[1]:
        assert block.cid == walk.wants
        walk.feed(bytes(block.data))
    assert walk.wants is None


def test_the_scope_of_a_car_is_a_block_an_entity_or_all(stranger, big, folder):
    def blocks(path, scope):
        return in_order(stranger.get(f"/ipfs/{path}?format=car&dag-scope={scope}").content)

    root = CID.parse(folder)
    assert blocks(folder, "block") == [root]
    assert blocks(folder, "entity") == [root]
    assert len(blocks(folder, "all")) == 12
    assert blocks(big, "block") == [CID.parse(big)]
    assert len(blocks(big, "entity")) == len(blocks(big, "all")) == 5
    way = blocks(f"{folder}/twice/one.bin", "block")
    assert (way[0], way[-1], len(way)) == (root, CID.parse(big), 3)
    assert len(blocks(f"{folder}/twice/one.bin", "entity")) == 2 + 5


def test_a_scope_there_is_not_is_refused(stranger, big):
    assert stranger.get(f"/ipfs/{big}?format=car&dag-scope=some").status_code == 400
    assert stranger.get(f"/ipfs/{big}?format=zip").status_code == 406


def test_a_browsers_accept_gets_the_file(stranger, big):
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert stranger.get(f"/ipfs/{big}", headers={"accept": accept}).content == BIG


def test_a_file_is_saved_under_the_name_asked_for(stranger, big, folder):
    def disposition(path):
        return stranger.head(f"/ipfs/{path}").headers.get("content-disposition")

    assert disposition(big) is None
    assert disposition(f"{big}?filename=a%20%C3%BC.bin") == (
        "inline; filename=\"a _.bin\"; filename*=UTF-8''a%20%C3%BC.bin"
    )
    assert disposition(f"{big}?filename=x.bin&download=true") == (
        "attachment; filename=\"x.bin\"; filename*=UTF-8''x.bin"
    )
    assert disposition(f"{folder}/plain.txt?download=true") == (
        "attachment; filename=\"plain.txt\"; filename*=UTF-8''plain.txt"
    )


def test_an_empty_file_is_served(api, stranger):
    made = upload(api, b"")
    answer = stranger.get(f"/ipfs/{made['cid']}")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_a_cid_may_be_written_in_any_base(api, stranger):
    cid = CID.parse(upload(api, b"one file, one block")["cid"])
    for base in ("base32", "base36", "base58btc", "base16"):
        assert stranger.get(f"/ipfs/{cid.encode(base)}").content == b"one file, one block"


@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car"])
def test_private_content_is_not_served(api, stranger, query):
    made = upload(api, b"for nobody's eyes", network="private")
    answer = stranger.get(f"/ipfs/{made['cid']}{query}")
    assert answer.status_code == 404
    assert answer.text.endswith(" - ERR_ID:00006")


def test_what_is_no_cid_is_400(stranger):
    for text in ("nonsense", "Qm", "bafy", UNKNOWN[:-1], UNKNOWN.upper()[:20] + UNKNOWN[20:]):
        answer = stranger.get(f"/ipfs/{text}")
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.endswith(" - ERR_ID:00004")


def test_what_is_not_pinned_is_404(api, stranger):
    made = pin(api, ("gone.txt", b"soon gone"))
    assert stranger.get(f"/ipfs/{made['IpfsHash']}").text == "soon gone"
    api.delete(f"/pinning/unpin/{made['IpfsHash']}")
    for cid in (UNKNOWN, made["IpfsHash"]):
        answer = stranger.get(f"/ipfs/{cid}")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.endswith(" - ERR_ID:00006")


@pytest.mark.parametrize("version", [0, 1])
def test_a_large_file_comes_in_one_piece_and_in_any_range(tmp_path, version):
    data = b"".join(i.to_bytes(8, "big") for i in range(1 << 20))  # 8 MiB
    with Server(tmp_path) as server, client(server) as api:
        cid = pin(api, ("large.bin", data), pinataOptions=f'{{"cidVersion":{version}}}')["IpfsHash"]
        assert api.get(f"/ipfs/{cid}").content == data
        for start in range(0, len(data), 1_999_999):
            answer = api.get(f"/ipfs/{cid}", headers={"range": f"bytes={start}-{start + 300_000}"})
            assert answer.content == data[start : start + 300_001]


# Parts of a file as a CAR


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0:*", 0, 1_024_000),
        ("0:0", 0, 1),
        ("262144:262144", 262_144, 262_145),
        ("300000:600000", 300_000, 600_001),
        ("-1:*", 1_023_999, 1_024_000),
        ("-300000:-200000", 724_000, 824_001),
        ("5:-1", 5, 1_024_000),
        ("0:99999999", 0, 1_024_000),
    ],
)
@pytest.mark.parametrize("below", ["", "/twice/one.bin"])
def test_a_car_of_a_part_has_the_blocks_that_hold_it_and_no_more(
    stranger, big, folder, asked, start, stop, below
):
    root = folder if below else big
    answer = stranger.get(f"/ipfs/{root}{below}?format=car&dag-scope=entity&entity-bytes={asked}&car-dups=y")
    assert answer.status_code == 200
    walk = Walk(CID.parse(root), below, start=start, stop=stop)
    got = b""
    for block in read_car(answer.content)[1]:
        assert block.cid == walk.wants
        got += b"".join(step for step in walk.feed(bytes(block.data)) if isinstance(step, bytes))
    assert walk.wants is None
    assert got == BIG[start:stop]


def test_a_part_beyond_the_end_or_of_a_folder_is_no_error(stranger, big, folder):
    assert in_order(stranger.get(f"/ipfs/{big}?format=car&entity-bytes=2000000:*").content) == [
        CID.parse(big)
    ]
    of_folder = stranger.get(f"/ipfs/{folder}?format=car&dag-scope=entity&entity-bytes=0:10").content
    assert in_order(of_folder) == [CID.parse(folder)]


@pytest.mark.parametrize("asked", ["", "5", "a:b", "0-10", "*:5", ":"])
def test_a_part_that_cannot_be_is_refused(stranger, big, asked):
    assert stranger.get(f"/ipfs/{big}?format=car&entity-bytes={asked}").status_code == 400


@pytest.mark.parametrize("query", ["car-order=bfs", "car-version=2"])
def test_a_car_of_another_order_or_version_is_refused(stranger, big, query):
    assert stranger.get(f"/ipfs/{big}?format=car&{query}").status_code == 400
    assert stranger.get(f"/ipfs/{big}?format=car&car-order=unk&car-version=1").status_code == 200


# Other codecs


def test_a_node_is_told_as_dag_json_and_dag_cbor(stranger, folder):
    answer = stranger.get(f"/ipfs/{folder}?format=dag-json")
    assert answer.headers["content-type"] == "application/vnd.ipld.dag-json"
    value = answer.json()
    assert value["Data"] == {"/": {"bytes": "CAE"}}
    assert [link["Name"] for link in value["Links"]] == ["plain.txt", "sub", "twice", "ü & <b>"]
    assert set(value["Links"][0]) == {"Hash", "Name", "Tsize"}
    accepted = stranger.get(f"/ipfs/{folder}", headers={"accept": "application/vnd.ipld.dag-cbor"})
    assert accepted.headers["content-type"] == "application/vnd.ipld.dag-cbor"
    assert dagcbor.decode(accepted.content) == dagjson.decode(answer.content)
    etag = stranger.head(f"/ipfs/{folder}?format=dag-json").headers["etag"]
    assert stranger.get(f"/ipfs/{folder}?format=dag-json", headers={"if-none-match": etag}).status_code == 304


VALUE = {"a": [-2, 1.5, None, "é"], "b": b"\x01\x02", "link": CID.parse(UNKNOWN)}
AS_JSON = f'{{"a":[-2,1.5,null,"é"],"b":{{"/":{{"bytes":"AQI"}}}},"link":{{"/":"{UNKNOWN}"}}}}'


def inlined(codec, block):
    """A CID that holds its block, so that any gateway has it."""
    return CID(1, codec, b"\0" + mf.write_varint(len(block)) + block)


def test_dag_cbor_becomes_dag_json_and_back(stranger):
    cbor = dagcbor.encode(VALUE)
    as_cbor, as_json = inlined(mf.DAG_CBOR, cbor), inlined(mf.DAG_JSON, AS_JSON.encode())
    for cid, form, body in (
        (as_cbor, "dag-cbor", cbor),
        (as_cbor, "cbor", cbor),
        (as_cbor, "dag-json", AS_JSON.encode()),
        (as_cbor, "json", AS_JSON.encode()),
        (as_json, "dag-json", AS_JSON.encode()),
        (as_json, "json", AS_JSON.encode()),
        (as_json, "dag-cbor", cbor),
        (as_cbor, "raw", cbor),
    ):
        answer = stranger.get(f"/ipfs/{cid.encode('base36')}?format={form}")
        assert (answer.status_code, answer.content) == (200, body)


def test_a_block_of_json_or_cbor_is_served_as_that(stranger):
    for codec, block, kind in (
        (mf.DAG_CBOR, dagcbor.encode(VALUE), "application/vnd.ipld.dag-cbor"),
        (mf.DAG_JSON, AS_JSON.encode(), "application/vnd.ipld.dag-json"),
        (mf.JSON, b"[1]", "application/json"),
    ):
        answer = stranger.get(f"/ipfs/{inlined(codec, block)}")
        assert (answer.content, answer.headers["content-type"]) == (block, kind)


def test_accept_is_weighed(stranger, folder):
    for accept, kind in (
        (f"{RAW};q=0.5, {CAR};q=0.9", CAR),
        (f"text/html, {RAW}", RAW),
        (f"{RAW};q=0, text/html", "text/html"),
        ("application/json, */*", "text/html"),
    ):
        answer = stranger.get(f"/ipfs/{folder}/", headers={"accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == kind


# Pages of folders, and hosts of their own


def test_a_listing_tells_names_sizes_and_the_way_up(stranger, folder):
    page = stranger.get(f"/ipfs/{folder}/").text
    assert "4 entries" in page
    assert '<a href="plain.txt">plain.txt</a>' in page
    assert "ü &amp; &lt;b&gt;" in page
    assert "<b>" not in page
    assert 'href="../"' not in page.partition("<table>")[2]
    below = stranger.get(f"/ipfs/{folder}/twice/")
    assert '<a href="../">..</a>' in below.text
    assert "1.0 MB" in below.text
    assert "immutable" not in below.headers["cache-control"]


def test_a_root_has_a_host_of_its_own(stranger, folder, big):
    def get(path, root=folder):
        return stranger.get(path, headers={"host": f"{root}.ipfs.localhost:5011"})

    assert get("/plain.txt").text == "plain"
    assert get("/sub/").text == "<!doctype html><p>home"
    assert "plain.txt" in get("/").text
    assert get("/", big).content == BIG
    moved = get("/twice?x=1")
    assert (moved.status_code, moved.headers["location"]) == (301, "/twice/?x=1")
    assert get("/data/testAuthentication").status_code == 404
    assert get("/", "nonsense").text.endswith("ERR_ID:00004")

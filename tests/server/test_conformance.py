"""The gateway, clause by clause of the specifications of IPFS HTTP gateways.

Sources: specs.ipfs.tech/http-gateways, whose sections stand above the tests of them: path gateway,
trustless gateway, subdomain gateway; IPIP-0288 (TAR), IPIP-0412 (order and duplicates), IPIP-0523
(the query counts more than ``Accept``), IPIP-0524 (JSON that is a file), IPIP-0548 (``Ipfs-Uri``).
``_redirects`` is in test_redirects.py; docs/gateway.md says which groups of cases there are no
answers to here, and why.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile

import pytest

from pinatakit.content import (
    CID,
    PROFILES,
    Block,
    Walk,
    build_directory,
    build_file,
    build_symlink,
    dagcbor,
    dagpb,
    read_car,
    write_car,
)
from pinatakit.content import multiformats as mf
from pinatakit.content.hamt import slot_of

from .conftest import exchange, pin, upload

RAW = "application/vnd.ipld.raw"
CAR = "application/vnd.ipld.car"
FOREVER = "public, max-age=29030400, immutable"
UNKNOWN = "bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"
V1 = PROFILES["v1"]
SHARDED = dataclasses.replace(V1, shard_above=0)
PAGE = b"<!doctype html><p>home"
META = b'{"name":"token 1"}'


def imported(api, *blocks: Block) -> str:
    """Upload blocks as a CAR whose root is the last; its CID."""
    car = b"".join(write_car([blocks[-1].cid], reversed(blocks)))
    return upload(api, car, "blocks.car", car="true")["cid"]


def block(data: bytes, codec: int) -> Block:
    return Block(CID.of(data, codec), data)


def inlined(codec: int, data: bytes) -> CID:
    """A CID that holds its block, so that any gateway has it."""
    return CID(1, codec, b"\0" + mf.write_varint(len(data)) + data)


@pytest.fixture(scope="module")
def site(api) -> str:
    """A folder with folders: a page, a file of JSON, names of many letters, a folder called ``ipfs``."""
    return pin(
        api,
        ("site/root2/root3/root4/index.html", PAGE),
        ("site/root2/root3/a.txt", b"a"),
        ("site/meta.json", META),
        ("site/plain.txt", b"plain text\n"),
        ("site/a#b?c.txt", b"delimiters"),
        ("site/Portugal%2C+España=Peninsula Ibérica.txt", b"percent"),
        ("site/ipfs/file.txt", b"I am a txt file\n"),
    )["IpfsHash"]


@pytest.fixture(scope="module")
def below(site, stranger):
    """The CID of what a path of the site leads to."""

    def below(path: str) -> str:
        car = stranger.get(f"/ipfs/{site}/{path}?format=car&dag-scope=block").content
        return str([found.cid for found in read_car(car)[1]][-1])

    return below


@pytest.fixture(scope="module")
def data(api) -> dict[str, str]:
    """Blocks of dag-cbor and dag-json that link to one another, and to a file."""
    leaf = block(b"a leaf", mf.RAW)
    inner = block(dagcbor.encode({"bar": {"hello": "this is not a link"}, "leaf": leaf.cid}), mf.DAG_CBOR)
    text = f'{{"foo":{{"list":[1,{{"/":"{inner.cid}"}}]}},"plain":"text"}}'
    outer = block(text.encode(), mf.DAG_JSON)
    linked = dagpb.encode_link(bytes(outer.cid), b"document", len(outer.data))
    folder = block(dagpb.encode_node([linked], dagpb.DIRECTORY_DATA), mf.DAG_PB)
    imported(api, leaf, inner, outer, folder)
    imported(api, leaf, inner, outer)
    imported(api, leaf, inner)
    return {
        "leaf": str(leaf.cid),
        "inner": str(inner.cid),
        "outer": str(outer.cid),
        "folder": str(folder.cid),
    }


# Path gateway, "Cache-Control (request header): only-if-cached"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "?format=raw", "?format=car"])
def test_what_is_not_here_fails_the_condition_that_it_is(stranger, site, method, query):
    headers = {"cache-control": "only-if-cached"}
    answer = stranger.request(method, f"/ipfs/{UNKNOWN}{query}", headers=headers)
    assert (answer.status_code, answer.content) == (412, b"")
    assert stranger.request(method, f"/ipfs/{site}/{query}", headers=headers).status_code == 200


# Path gateway, "Service-Worker (request header)"


def test_a_service_worker_is_of_a_site_alone(stranger, site):
    headers = {"service-worker": "script"}
    assert stranger.get(f"/ipfs/{site}", headers=headers).status_code == 400
    assert stranger.get("/ipfs/bafkqaaa", headers=headers).status_code == 400
    assert stranger.get(f"/ipfs/{site}/plain.txt", headers=headers).status_code == 200


# Path gateway, "format (request query parameter)" and "Content-Location (response header)"


def test_the_query_counts_more_than_accept(stranger, site):
    answer = stranger.get(f"/ipfs/{site}?format=raw", headers={"accept": CAR})
    assert answer.headers["content-type"] == RAW
    assert answer.headers["content-location"] == f"/ipfs/{site}?format=raw"


@pytest.mark.parametrize(
    ("asked", "accept", "location"),
    [
        ("", RAW, "?format=raw"),
        ("?filename=a%20b", RAW, "?filename=a%20b&format=raw"),
        ("?format=raw", RAW, None),
        ("?format=raw", "*/*", None),
        ("", "application/vnd.ipld.dag-json", "?format=dag-json"),
        ("", CAR, "?format=car"),
        ("", f"{CAR}; order=dfs; dups=y", "?format=car&car-order=dfs&car-dups=y"),
        ("?format=car&car-dups=n", f"{CAR};dups=y", "?format=car&car-dups=n"),
        ("", "text/html,*/*", None),
        ("", f"{RAW};q=much", None),
    ],
)
def test_what_accept_asked_for_has_an_address_too(stranger, site, asked, accept, location):
    answer = stranger.get(f"/ipfs/{site}/{asked}", headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers.get("content-location") == (location and f"/ipfs/{site}/{location}")
    if location:
        same = stranger.get(answer.headers["content-location"])
        assert (same.content, same.headers["etag"]) == (answer.content, answer.headers["etag"])


def test_a_record_of_a_name_is_no_form_of_content(stranger, site):
    assert stranger.get(f"/ipfs/{site}?format=ipns-record").status_code == 400
    headers = {"accept": "application/vnd.ipfs.ipns-record"}
    assert stranger.get(f"/ipfs/{site}", headers=headers).status_code == 400


# Path gateway, "Etag", "Cache-Control", "X-Ipfs-Path", "X-Ipfs-Roots" (response headers)


@pytest.mark.parametrize("path", ["root2/root3/", "root2/root3/root4/", "root2/root3/root4/index.html"])
def test_the_roots_are_those_of_each_name_of_the_path(stranger, site, below, path):
    answer = stranger.get(f"/ipfs/{site}/{path}")
    names = path.strip("/").split("/")
    on_the_way = [below("/".join(names[:place])) for place in range(1, len(names) + 1)]
    assert answer.headers["x-ipfs-roots"].split(",") == [site, *on_the_way]
    assert answer.headers["x-ipfs-path"] == f"/ipfs/{site}/{path}"


def test_roots_are_logical_so_that_shards_are_none(api, stranger):
    blocks: list[Block] = []
    roots = {f"file-{i:03}.txt": build_file([b"%d" % i], V1, blocks.append) for i in range(200)}
    folder = build_directory(roots, SHARDED, blocks.append)
    cid = imported(api, *blocks)
    assert (str(folder.cid), len(blocks) > 230) == (cid, True)
    for i in range(0, 200, 50):
        answer = stranger.get(f"/ipfs/{cid}/file-{i:03}.txt")
        assert answer.headers["x-ipfs-roots"] == f"{cid},{roots[f'file-{i:03}.txt'].cid}"


def test_a_folder_that_is_called_as_a_page_is_none(api, stranger):
    cid = pin(api, ("f/index.html/a.txt", b"a"))["IpfsHash"]
    answer = stranger.get(f"/ipfs/{cid}/")
    assert '<a href="index.html">' in answer.text
    same = stranger.get(f"/ipfs/{cid}/", headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304


def test_a_page_in_a_folder_has_the_tag_of_the_folder(stranger, site, below):
    folder = below("root2/root3/root4")
    answer = stranger.get(f"/ipfs/{site}/root2/root3/root4/")
    assert answer.content == PAGE
    assert (answer.headers["etag"], answer.headers["cache-control"]) == (f'"{folder}"', FOREVER)
    same = stranger.get(f"/ipfs/{site}/root2/root3/root4/", headers={"if-none-match": f'"{folder}"'})
    assert same.status_code == 304


def test_a_listing_has_a_tag_of_its_making_and_is_not_for_ever(stranger, site, below):
    answer = stranger.get(f"/ipfs/{site}/root2/root3/")
    start, _, cid = answer.headers["etag"].strip('"').partition("_CID-")
    assert start.removeprefix("DirIndex-") not in ("", start)
    assert cid == below("root2/root3")
    assert answer.headers["cache-control"] == "public, max-age=604800, stale-while-revalidate=2678400"


# Path gateway, "Ipfs-Uri" and "X-Ipfs-Path" (IPIP-0548)


@pytest.mark.parametrize(
    ("asked", "uri", "path"),
    [
        ("plain.txt", "plain.txt", "plain.txt"),
        ("plain.txt?filename=x.txt&format=json", "plain.txt", "plain.txt"),
        ("a%23b%3Fc.txt", "a%23b%3Fc.txt", "a#b?c.txt"),
        ("root2/../plain%2Etxt", "plain.txt", "plain.txt"),
        ("root2%2F..%2Fplain%2Etxt", "plain.txt", "plain.txt"),
        ("../../plain.txt", "plain.txt", "plain.txt"),
        ("root2%2Froot3/", "root2/root3/", "root2/root3/"),
        *(
            (name, "Portugal%252C%2BEspa%C3%B1a%3DPeninsula%20Ib%C3%A9rica.txt", None)
            for name in (
                "Portugal%252C%2BEspa%C3%B1a%3DPeninsula%20Ib%C3%A9rica.txt",
                "Portugal%252C+Espa%C3%B1a=Peninsula%20Ib%C3%A9rica.txt",
                "Portugal%252C%2bEspa%c3%b1a%3dPeninsula%20Ib%c3%a9rica%2etxt",
            )
        ),
    ],
)
def test_content_has_one_address_however_it_is_asked_for(server, site, asked, uri, path):
    head = exchange(server, f"GET /ipfs/{site}/{asked} HTTP/1.1")
    assert head["status"] == "200"
    assert head["ipfs-uri"] == f"ipfs://{site}/{uri}"
    assert head.get("x-ipfs-path") == (path and f"/ipfs/{site}/{path}")


def test_the_address_of_a_version_0_is_that_of_version_1(api, stranger):
    cid = pin(api, ("x.txt", b"version 0"), pinataOptions='{"cidVersion":0}')["IpfsHash"]
    assert stranger.get(f"/ipfs/{cid}").headers["ipfs-uri"] == f"ipfs://{CID.parse(cid).to_v1()}"


def test_a_redirect_says_what_was_asked_for(stranger, site):
    answer = stranger.get(f"/ipfs/{site}")
    assert (answer.status_code, answer.headers["location"]) == (301, f"/ipfs/{site}/")
    assert answer.headers["ipfs-uri"] == f"ipfs://{site}"


# Path gateway, "Content-Disposition (response header)"


def test_a_name_is_told_in_both_spellings(stranger, site):
    def told(query: str) -> str:
        return stranger.head(f"/ipfs/{site}/plain.txt?{query}").headers["content-disposition"]

    both = "filename=\"test____.pdf\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.pdf"
    assert told("filename=testтест.pdf") == f"inline; {both}"
    assert told("filename=testтест.pdf&download=true") == f"attachment; {both}"
    assert told("filename=testтест.pdf&download=false") == f"inline; {both}"
    assert told('filename=a"b%0d%0ac').startswith('inline; filename="a_b__c"; ')


@pytest.mark.parametrize("form", ["raw", "car", "tar"])
def test_what_a_browser_cannot_show_is_saved_under_the_name_asked_for(stranger, site, form):
    answer = stranger.head(f"/ipfs/{site}?format={form}&filename=foobar.bin")
    assert answer.headers["content-disposition"].startswith('attachment; filename="foobar.bin"; ')
    assert answer.headers["x-content-type-options"] == "nosniff"


# Path gateway, "Range (request header)", of blocks


def test_a_raw_block_is_served_in_ranges(stranger, site):
    whole = stranger.get(f"/ipfs/{site}?format=raw")
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-length"] == str(len(whole.content))
    part = stranger.get(f"/ipfs/{site}?format=raw", headers={"range": "bytes=6-16"})
    assert (part.status_code, part.content) == (206, whole.content[6:17])
    assert part.headers["content-range"] == f"bytes 6-16/{len(whole.content)}"
    assert part.headers["content-type"] == RAW
    several = stranger.get(f"/ipfs/{site}?format=raw", headers={"range": "bytes=6-16,0-4"})
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges")
    assert f"content-range: bytes 0-4/{len(whole.content)}".encode() in several.content
    beyond = stranger.get(f"/ipfs/{site}?format=raw", headers={"range": "bytes=999999-"})
    assert beyond.status_code == 416


# Path gateway, "Response Payload", and "application/json" of "Accept (request header)" (IPIP-0524)


@pytest.mark.parametrize(
    "accept",
    ["application/json", "application/json, text/plain, */*", "application/cbor", "application/json;q=0.5"],
)
@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("meta.json", "application/json", META),
        ("plain.txt", "text/plain; charset=utf-8", b"plain text\n"),
        ("root2/root3/root4/", "text/html; charset=utf-8", PAGE),
    ],
)
def test_a_file_is_that_file_whoever_would_like_json(stranger, site, accept, path, kind, content):
    """As axios and many others ask for anything."""
    answer = stranger.get(f"/ipfs/{site}/{path}", headers={"accept": accept})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, kind)
    form = accept[len("application/") :][:4]
    assert stranger.get(f"/ipfs/{site}/{path}?format={form}").content == content


@pytest.mark.parametrize(
    ("codec", "body", "form", "kind", "how"),
    [
        (mf.DAG_JSON, b'{"a":1}', "dag-json", "application/vnd.ipld.dag-json", "inline"),
        (mf.DAG_CBOR, dagcbor.encode({"a": 1}), "dag-cbor", "application/vnd.ipld.dag-cbor", "attachment"),
        (mf.JSON, b'{"a": 1}', "json", "application/json", "inline"),
        (0x51, b"\xa1\x61a\x01", "cbor", "application/cbor", "attachment"),
    ],
)
def test_a_block_of_data_is_served_as_it_is(api, stranger, codec, body, form, kind, how):
    cid = imported(api, block(body, codec)) if codec != 0x51 else inlined(codec, body)
    ending = form.removeprefix("dag-")
    for query, accept in (("", "*/*"), (f"?format={form}", "*/*"), ("", kind)):
        answer = stranger.get(f"/ipfs/{cid}{query}", headers={"accept": accept})
        assert (answer.status_code, answer.content) == (200, body)
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-length"] == str(len(body))
        assert answer.headers["content-disposition"].startswith(f'{how}; filename="{cid}.{ending}"')
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == FOREVER
    part = stranger.get(f"/ipfs/{cid}", headers={"range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, body[1:3])
    saved = stranger.head(f"/ipfs/{cid}?format={form}&filename=foobar.x&download=true")
    assert saved.headers["content-disposition"].startswith('attachment; filename="foobar.x"')
    assert f'{cid}.{form}"' in saved.headers["etag"]


def test_data_is_served_by_the_plain_media_type_too(data, stranger):
    for accept in ("application/json", "application/vnd.ipld.dag-json"):
        answer = stranger.get(f"/ipfs/{data['outer']}", headers={"accept": accept})
        assert answer.headers["content-type"] == accept
        assert answer.json()["plain"] == "text"


@pytest.mark.parametrize("name", ["inner", "outer"])
def test_a_browser_gets_a_page_of_data(data, stranger, name):
    headers = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = stranger.get(f"/ipfs/{data[name]}", headers=headers)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["etag"].startswith('"DagIndex-')
    assert "content-disposition" not in answer.headers
    assert "cache-control" not in answer.headers
    for form in ("dag-json", "dag-cbor"):
        assert f'href="?format={form}"' in answer.text
    part = stranger.get(f"/ipfs/{data[name]}", headers={**headers, "range": "bytes=0-8"})
    assert (part.status_code, part.text) == (206, answer.text[:9])


def test_a_page_of_data_holds_no_markup_of_its_content(api, stranger):
    cid = imported(api, block(b'{"x":"<script>1</script>"}', mf.DAG_JSON))
    assert "<script>" not in stranger.get(f"/ipfs/{cid}", headers={"accept": "text/html"}).text


# Path gateway, "Traversing through DAG-JSON and DAG-CBOR" and "Handling traversal errors"


def test_a_path_leads_through_the_links_of_data(data, stranger):
    assert stranger.get(f"/ipfs/{data['inner']}/leaf").content == b"a leaf"
    for path in (f"{data['outer']}/foo/list/1", f"{data['folder']}/document/foo/list/1"):
        answer = stranger.get(f"/ipfs/{path}?format=dag-json")
        assert answer.json()["bar"] == {"hello": "this is not a link"}
        assert stranger.get(f"/ipfs/{path}/leaf").content == b"a leaf"
    roots = stranger.get(f"/ipfs/{data['folder']}/document/foo/list/1/leaf").headers["x-ipfs-roots"]
    assert roots.split(",") == [data[name] for name in ("folder", "outer", "inner", "leaf")]


@pytest.mark.parametrize("query", ["", "?format=dag-json", "?format=car"])
def test_a_path_to_a_value_in_a_block_is_not_implemented(data, stranger, query):
    for path in ("plain", "foo", "foo/list/0", "foo/list/1/bar/hello"):
        answer = stranger.get(f"/ipfs/{data['outer']}/{path}{query}")
        assert answer.status_code == 501
        assert "no link" in answer.text


@pytest.mark.parametrize(
    "path", ["none", "foo/none", "foo/list/2", "foo/list/01", "foo/list/x", "plain/below"]
)
def test_a_path_that_data_does_not_have_is_404_and_told(data, stranger, path):
    answer = stranger.get(f"/ipfs/{data['outer']}/{path}")
    assert answer.status_code == 404
    assert repr(path.rpartition("/")[2]) in answer.text


def test_what_is_of_no_known_codec_is_a_block_alone(stranger):
    strange = inlined(0x78, b"strange")  # git-raw
    assert stranger.get(f"/ipfs/{strange}?format=raw").content == b"strange"
    assert stranger.get(f"/ipfs/{strange}").status_code == 501
    assert stranger.get(f"/ipfs/{strange}?format=dag-json").status_code == 406
    linked = dagpb.encode_link(bytes(strange), b"strange", 7)
    folder = inlined(mf.DAG_PB, dagpb.encode_node([linked], dagpb.DIRECTORY_DATA))
    assert stranger.get(f"/ipfs/{folder}/strange").status_code == 400
    assert stranger.get(f"/ipfs/{folder}/strange/below").status_code == 400


def test_a_file_that_is_inlined_in_its_folder_is_served(api, stranger):
    hello = inlined(mf.RAW, b"hello")
    linked = dagpb.encode_link(bytes(hello), b"hello.txt", 5)
    folder = block(dagpb.encode_node([linked], dagpb.DIRECTORY_DATA), mf.DAG_PB)
    cid = imported(api, folder)
    answer = stranger.get(f"/ipfs/{cid}/hello.txt")
    assert (answer.text, answer.headers["etag"]) == ("hello", f'"{hello}"')
    assert stranger.get(f"/ipfs/{cid}/hello.txt?format=raw").content == b"hello"
    for scope in ("block", "entity", "all"):
        car = stranger.get(f"/ipfs/{cid}/hello.txt?format=car&dag-scope={scope}&car-dups=y").content
        assert [found.cid for found in read_car(car)[1]] == [folder.cid]


def test_a_large_file_may_have_leaves_that_are_inlined_among_others(api, stranger):
    leaves = [block(bytes([letter]) * 200_000, mf.RAW) for letter in b"ab"]
    parts = [(leaves[0].cid, leaves[0].data), (inlined(mf.RAW, b"between"), b"between")]
    parts += [(leaves[1].cid, leaves[1].data), (inlined(mf.RAW, b"end"), b"end"), parts[0]]
    links = [dagpb.encode_link(bytes(cid), b"", len(data)) for cid, data in parts]
    file = block(dagpb.encode_node(links, dagpb.encode_file(len(data) for _, data in parts)), mf.DAG_PB)
    cid, whole = imported(api, *leaves, file), b"".join(data for _, data in parts)
    assert stranger.get(f"/ipfs/{cid}").content == whole
    for start, stop in ((5, 199_999), (200_003, 500_000), (400_008, 400_009), (400_009, 600_010)):
        answer = stranger.get(f"/ipfs/{cid}", headers={"range": f"bytes={start}-{stop - 1}"})
        assert answer.content == whole[start:stop]


@pytest.mark.parametrize("codec", [mf.RAW, mf.DAG_CBOR])
def test_a_block_comes_by_the_cid_that_links_to_it_whichever_it_was_uploaded_by(api, stranger, codec):
    leaves = [bytes([letter]) * 200_000 for letter in b"cd"]
    links = [dagpb.encode_link(bytes(CID.of(leaf)), b"", len(leaf)) for leaf in leaves]
    file = block(dagpb.encode_node(links, dagpb.encode_file(map(len, leaves))), mf.DAG_PB)
    cid = imported(api, *(block(leaf, codec) for leaf in leaves), file)
    _, blocks = read_car(stranger.get(f"/ipfs/{cid}?format=car").content)
    assert list(blocks) == [file, *(block(leaf, mf.RAW) for leaf in leaves)]
    assert stranger.get(f"/ipfs/{cid}").content == b"".join(leaves)


def test_a_symlink_is_served_as_where_it_leads(api, stranger):
    blocks: list[Block] = []
    link = build_symlink("foo", V1, blocks.append)
    folder = build_directory({"bar": link}, V1, blocks.append)
    cid = imported(api, *blocks)
    assert str(folder.cid) == cid
    answer = stranger.get(f"/ipfs/{cid}/bar")
    assert (answer.status_code, answer.text) == (200, "foo")
    assert answer.headers["content-type"] == "inode/symlink"


@pytest.mark.parametrize("kind", ["folder", "shard"])
@pytest.mark.parametrize("data_first", [True, False])
def test_a_node_may_hold_its_data_before_its_links(api, stranger, kind, data_first):
    """Both orders are of the format (ipld.io/specs/codecs/dag-pb); the second is the usual one."""
    leaf = block(b"hello\n", mf.RAW)
    name, data = b"hello.txt", dagpb.DIRECTORY_DATA
    if kind == "shard":
        slot = slot_of("hello.txt", 0)
        name, data = b"%02X" % slot + name, dagpb.encode_shard(1 << slot)
    usual = dagpb.encode_node([dagpb.encode_link(bytes(leaf.cid), name, 6)], data)
    own = dagpb.encode_node([], data)
    links = usual.removesuffix(own)
    assert links + own == usual
    node = own + links if data_first else usual
    cid = imported(api, leaf, block(node, mf.DAG_PB))
    assert stranger.get(f"/ipfs/{cid}/hello.txt").content == b"hello\n"
    assert stranger.get(f"/ipfs/{cid}?format=raw").content == node


def test_a_name_may_hold_whatever_a_name_may_hold(api, stranger):
    leaf = block(b"two lines", mf.RAW)
    linked = dagpb.encode_link(bytes(leaf.cid), b"a\nb.txt", 9)
    cid = imported(api, leaf, block(dagpb.encode_node([linked], dagpb.DIRECTORY_DATA), mf.DAG_PB))
    assert stranger.get(f"/ipfs/{cid}/a%0Ab.txt").content == b"two lines"


# Path gateway, "application/x-tar" (IPIP-0288)


def unpacked(answer) -> dict[str, bytes | str | None]:
    """What an archive holds, by name: the bytes of a file, where a symlink leads, `None` for a folder."""
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        return {
            member.name: member.linkname or None
            if not member.isfile()
            else archive.extractfile(member).read()
            for member in archive
        }


@pytest.mark.parametrize("by", ["query", "accept"])
def test_a_folder_is_served_as_an_archive(stranger, site, by):
    ask = {"params": {"format": "tar"}} if by == "query" else {"headers": {"accept": "application/x-tar"}}
    answer = stranger.get(f"/ipfs/{site}", **ask)
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["etag"] == f'W/"{site}.x-tar"'
    assert answer.headers["content-disposition"].startswith("attachment; ")
    got = unpacked(answer)
    assert got[site] is None
    assert got[f"{site}/root2/root3"] is None
    assert got[f"{site}/root2/root3/root4/index.html"] == PAGE
    assert got[f"{site}/Portugal%2C+España=Peninsula Ibérica.txt"] == b"percent"
    assert len(got) == 12
    same = stranger.get(f"/ipfs/{site}?format=tar", headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304


def test_an_archive_of_what_a_path_leads_to_is_called_as_its_last_name(api, stranger, site):
    assert unpacked(stranger.get(f"/ipfs/{site}/root2/root3/a.txt?format=tar")) == {"a.txt": b"a"}
    assert set(unpacked(stranger.get(f"/ipfs/{site}/root2/root3/root4/?format=tar"))) == {
        "root4",
        "root4/index.html",
    }
    large = bytes(range(256)) * 5000
    long = "n" * 180 + ".bin"
    cid = pin(api, (f"f/{long}", large), ("f/empty", b""))["IpfsHash"]
    assert unpacked(stranger.get(f"/ipfs/{cid}?format=tar")) == {
        cid: None,
        f"{cid}/empty": b"",
        f"{cid}/{long}": large,
    }


def test_an_archive_is_of_files_and_folders_alone(data, stranger):
    assert stranger.get(f"/ipfs/{data['inner']}?format=tar").status_code == 400


def test_no_name_in_an_archive_leads_out_of_it(stranger):
    linked = dagpb.encode_link(bytes(inlined(mf.RAW, b"x")), b"../../outside", 1)
    folder = inlined(mf.DAG_PB, dagpb.encode_node([linked], dagpb.DIRECTORY_DATA))
    answer = stranger.get(f"/ipfs/{folder}?format=tar")
    assert answer.status_code == 400
    assert b"outside" not in answer.content


# Trustless gateway, "Dedicated Probe Paths"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("by", ["query", "accept"])
def test_the_probe_is_answered(stranger, method, by):
    for form, kind in (("raw", RAW), ("car", CAR)):
        ask = {"params": {"format": form}} if by == "query" else {"headers": {"accept": kind}}
        answer = stranger.request(method, "/ipfs/bafkqaaa", **ask)
        assert answer.status_code == 200
        if form == "car" and method == "GET":
            roots, blocks = read_car(answer.content)
            assert ([str(root) for root in roots], list(blocks)) == (["bafkqaaa"], [])
        else:
            assert answer.content == b""


# Trustless gateway, "dag-scope" and "entity-bytes" (request query parameters), of data


def test_an_entity_of_data_is_its_block_alone(data, stranger):
    def cids(query: str) -> list[str]:
        car = stranger.get(f"/ipfs/{data['folder']}/document?format=car&{query}").content
        return [str(found.cid) for found in read_car(car)[1]]

    assert cids("dag-scope=entity") == cids("dag-scope=block") == [data["folder"], data["outer"]]
    assert cids("entity-bytes=0:3") == [data["folder"], data["outer"]]
    assert cids("dag-scope=all") == [data[name] for name in ("folder", "outer", "inner", "leaf")]


def test_a_car_holds_the_blocks_that_a_path_through_data_needs(data, stranger):
    car = stranger.get(f"/ipfs/{data['outer']}/foo/list/1/leaf?format=car").content
    (root,), blocks = read_car(car)
    walk = Walk(root, "foo/list/1/leaf")
    got = b""
    for found in blocks:
        assert found.cid == walk.wants
        got += b"".join(step for step in walk.feed(bytes(found.data)) if isinstance(step, bytes))
    assert (got, walk.wants) == (b"a leaf", None)


# Trustless gateway, "CAR format parameters and determinism"


@pytest.mark.parametrize(
    ("accept", "dups"),
    [
        (CAR, "n"),
        (f"{CAR};version=1;order=unk", "n"),
        (f"{CAR}; order=foo, {CAR};order=dfs;dups=y;q=0.5", "y"),
        (f"{CAR};dups=n;q=0.4, {CAR};dups=y;q=0.6", "y"),
        (f"{CAR};version=2, {CAR};version=1;dups=y", "y"),
    ],
)
def test_of_several_kinds_of_cars_the_best_that_is_served_comes(stranger, site, accept, dups):
    answer = stranger.get(f"/ipfs/{site}", headers={"accept": accept})
    assert answer.headers["content-type"] == f"{CAR}; version=1; order=dfs; dups={dups}"


@pytest.mark.parametrize("parameters", ["order=foo", "version=2", "dups=maybe"])
def test_a_car_that_is_not_served_is_not_acceptable(stranger, site, parameters):
    answer = stranger.get(f"/ipfs/{site}", headers={"accept": f"{CAR};{parameters}"})
    assert answer.status_code == 406


def test_the_query_counts_more_than_the_parameters_of_accept(stranger, site):
    answer = stranger.get(f"/ipfs/{site}?format=car&car-dups=n", headers={"accept": f"{CAR};dups=y"})
    assert answer.headers["content-type"].endswith("dups=n")
    answer = stranger.get(f"/ipfs/{site}?format=car", headers={"accept": f"{CAR};dups=y"})
    assert answer.headers["content-type"].endswith("dups=y")
    assert answer.headers["content-location"] == f"/ipfs/{site}?format=car&car-dups=y"
    assert stranger.get(f"/ipfs/{site}?format=car&car-dups=maybe").status_code == 400


# Subdomain gateway, "Host (request header)" and "DNS label limits"


def at(stranger, cid: str, path: str):
    return stranger.get(path, headers={"host": f"{cid}.ipfs.localhost:8080"})


def test_the_path_of_a_root_with_its_own_host_is_of_its_folder_alone(stranger, site):
    assert at(stranger, site, "/ipfs/file.txt").content == b"I am a txt file\n"
    assert at(stranger, site, f"/ipfs/{site}").status_code == 404
    assert at(stranger, site.upper(), "/plain.txt").content == b"plain text\n"
    assert at(stranger, CID.parse(site).encode("base36"), "/plain.txt").content == b"plain text\n"
    redirect = at(stranger, site, "/root2")
    assert (redirect.status_code, redirect.headers["location"]) == (301, "/root2/")


def test_a_location_is_one_of_that_host(stranger, site):
    headers = {"host": f"{site}.ipfs.localhost", "accept": RAW}
    assert stranger.get("/plain.txt", headers=headers).headers["content-location"] == "/plain.txt?format=raw"


def test_a_cid_that_no_host_has_room_for_is_400(api, stranger):
    data = b"sixty-four bytes of hash"
    cid = CID(1, mf.RAW, b"\x13\x40" + hashlib.sha512(data).digest())
    imported(api, Block(cid, data))
    assert stranger.get(f"/ipfs/{cid}").content == data
    answer = at(stranger, str(cid), "/")
    assert answer.status_code == 400
    assert "longer" in answer.text


def test_a_request_may_name_its_host_in_its_line(server, site):
    """As clients of proxies write it (RFC 9112, 3.2.2)."""
    host = f"{site}.ipfs.localhost"
    head = exchange(server, f"GET http://{host}/ipfs/file.txt HTTP/1.1", host)
    assert (head["status"], head["content-type"]) == ("200", "text/plain; charset=utf-8")


# Subdomain gateway, "URI router"


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        (f"/ipfs/?uri=ipfs%3A%2F%2F{UNKNOWN}", f"/ipfs/{UNKNOWN}"),
        (
            f"/ipfs/?uri=ipfs%3A%2F%2F{UNKNOWN}%2Fwiki%2FA%2520b.html%3Fx%3D1",
            f"/ipfs/{UNKNOWN}/wiki/A%20b.html?x=1",
        ),
        ("/ipns/?uri=ipns%3A%2F%2Fen.wikipedia-on-ipfs.org%2Fwiki", "/ipns/en.wikipedia-on-ipfs.org/wiki"),
    ],
)
def test_an_address_of_another_scheme_is_redirected(stranger, asked, location):
    answer = stranger.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (301, location)


@pytest.mark.parametrize("uri", ["", "https://elsewhere.example/x", "ipfs:", "ipfs://", "ipfs://[", "//x"])
def test_an_address_that_is_none_of_content_is_400(stranger, uri):
    assert stranger.get("/ipfs/", params={"uri": uri}).status_code == 400


# IPNS and DNSLink: names are not resolved here


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_name_is_said_not_to_be_resolved(stranger, method):
    for name in (
        "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8",
        "en.wikipedia-on-ipfs.org",
    ):
        for path in (f"/ipns/{name}", f"/ipns/{name}/wiki/"):
            answer = stranger.request(method, path)
            assert answer.status_code == 501
            assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/", "/wiki/", "/v3/files/public"])
def test_the_host_of_a_name_serves_nothing_but_its_content(stranger, path):
    for name in (
        "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8",
        "en-wikipedia--on--ipfs-org",
    ):
        assert stranger.get(path, headers={"host": f"{name}.ipns.localhost"}).status_code == 501


# CORS: content may be read from any page


@pytest.mark.parametrize("origin", [None, "https://elsewhere.example", "http://localhost:3000"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_any_page_may_read_content_and_what_is_said_of_it(stranger, site, origin, method):
    headers = {"origin": origin, "access-control-request-method": "GET"} if origin else {}
    for path in (f"/ipfs/{site}", f"/ipfs/{site}/", f"/ipfs/{site}/meta.json", f"/ipfs/{UNKNOWN}"):
        told = stranger.request(method, path, headers=headers).headers
        assert told["access-control-allow-origin"] == "*"
        assert {"GET", "HEAD", "OPTIONS"} <= set(told["access-control-allow-methods"].split(", "))
        allowed = set(told["access-control-allow-headers"].split(", "))
        assert {
            "Content-Type",
            "Range",
            "User-Agent",
            "X-Requested-With",
            "X-Pinata-Gateway-Token",
        } <= allowed
        exposed = set(told["access-control-expose-headers"].split(", "))
        assert {"Content-Range", "Content-Length", "X-Ipfs-Path", "X-Ipfs-Roots", "Ipfs-Uri"} <= exposed
        assert "access-control-allow-credentials" not in told


def test_a_preflight_is_answered_for_private_content_too(stranger):
    answer = stranger.options(
        f"/files/{UNKNOWN}", headers={"origin": "https://app.example", "access-control-request-method": "GET"}
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_answer_of_a_json_file_is_json(stranger, site):
    answer = stranger.get(f"/ipfs/{site}/meta.json")
    assert json.loads(answer.content) == answer.json() == {"name": "token 1"}


def test_what_depends_on_accept_says_so(stranger, api):
    cid = upload(api, b"in several forms")["cid"]
    for query in ("", "?format=raw", "?format=car"):
        assert stranger.get(f"/ipfs/{cid}{query}").headers["vary"] == "Accept"


def test_pages_may_pay(stranger):
    """x402: the payment is a header, which a browser asks about beforehand."""
    headers = {"origin": "http://localhost:3000", "access-control-request-headers": "x-payment"}
    answer = stranger.options("/x402/cid/bafkqaaa", headers=headers)
    assert "X-Payment" in answer.headers["access-control-allow-headers"].split(", ")

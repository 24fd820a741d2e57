"""Uploads: the CIDs that Pinata published, whatever the order of a form, and nothing left of a failure.

The CIDs are those of the fact sheet's section 1.8: published by Pinata or its users, or computed by
other implementations with the settings that give the published ones.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from pinatakit.content import FolderBuilder, Profile, build_file
from pinatakit.protocol import form
from pinatakit.server import Server

from .conftest import BOUNDARY, FORM, bearer, body, client, group, pin, refusal, send, upload, v3_refusal

OLDER = "/pinning/pinFileToIPFS"
HELLO = b"Hello World!"
HELLO_V0 = "Qmf1rtki74jvYmGeqaaV51hzeiaa6DyWc98fzDiuPatzyy"
HELLO_V1 = "bafkreid7qoywk77r7rj3slobqfekdvs57qwuwh5d2z3sqsw52iabe3mqne"
TREE = [("folder/hello.txt", b"hello"), ("folder/sub/world.txt", b"world")]
TREE_V0 = "QmdEGnkPtV2tHox8zrjgHybAExpje1M4rCzr4CQTSDQjNo"
TREE_V1 = "bafybeigwhfqvjnsnmnzfwszxquufsahvmstytmuei4bw65gbgqzuyz6nva"
EMPTY_V0 = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
EMPTY_V1 = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def options(**given) -> str:
    return json.dumps(given)


DATA_IN_MEMORY = 1 << 20  # of this no file is made while it comes


def left_over(server: Server) -> list[str]:
    """What there is of uploads that are not kept: files, and CARs without a root in the records."""
    rows = server.store.records.read("SELECT n FROM car WHERE root IS NULL")
    blocks = server.store.records.read("SELECT car FROM block WHERE car NOT IN (SELECT n FROM car)")
    incoming = list(server.store.cars.incoming.iterdir())
    return [path.name for path in incoming] + [str(tuple(row)) for row in [*rows, *blocks]]


@pytest.mark.parametrize("fields_last", [False, True])
@pytest.mark.parametrize(
    ("content", "version", "cid", "size"),
    [
        (HELLO, 0, HELLO_V0, 20),
        (HELLO, 1, HELLO_V1, 12),
        (b"Hello World", 0, "QmUXTtySmd7LD4p6RG6rZW6RuUuPZXTtNMmRQ6DSQo3aMw", 19),
        (b"Hello World", "1", "bafkreiffsgtnic7uebaeuaixgph3pmmq2ywglpylzwrswv5so7m23hyuny", 11),
        (b"hello", "0", "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX", 13),
        (b"hello", 1, "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq", 5),
        (b"", 0, EMPTY_V0, 6),
        (b"", 1, EMPTY_V1, 0),
    ],
)
def test_a_file_has_the_cid_that_pinata_gives_it(server, api, fields_last, content, version, cid, size):
    answer = send(
        api, OLDER, ("f.txt", content), fields_last=fields_last, pinataOptions=options(cidVersion=version)
    )
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["IpfsHash"], made["PinSize"]) == (cid, size)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["Timestamp"])
    assert left_over(server) == []
    assert api.get(f"/ipfs/{cid}").content == content


@pytest.mark.parametrize("fields_last", [False, True])
@pytest.mark.parametrize(("version", "cid"), [(0, TREE_V0), (1, TREE_V1)])
def test_a_folder_has_the_cid_that_the_importer_gives_it(server, api, fields_last, version, cid):
    answer = send(api, OLDER, *TREE, fields_last=fields_last, pinataOptions=options(cidVersion=version))
    made = answer.json()
    assert made["IpfsHash"] == cid
    assert (made["Name"], made["NumberOfFiles"], made["MimeType"]) == ("folder", 2, "directory")
    assert api.get(f"/ipfs/{cid}/sub/world.txt").content == b"world"
    assert left_over(server) == []


@pytest.mark.parametrize("fields_last", [False, True])
@pytest.mark.parametrize(("version", "cid"), [("v0", HELLO_V0), ("v1", HELLO_V1), (None, HELLO_V1)])
def test_a_file_of_v3_has_the_cid_that_pinata_gives_it(server, api, fields_last, version, cid):
    fields = {"cid_version": version} if version else {}
    made = upload(api, HELLO, fields_last=fields_last, **fields)
    assert (made["cid"], made["size"], made["mime_type"]) == (cid, 12, "text/plain")
    assert left_over(server) == []


def test_the_older_api_makes_version_0_where_nothing_is_said(api):
    assert send(api, OLDER, ("f.txt", HELLO)).json()["IpfsHash"] == HELLO_V0


@pytest.mark.parametrize("fields_last", [False, True])
@pytest.mark.parametrize("version", [0, 1])
def test_a_file_of_many_blocks_is_the_same_in_any_order_of_the_form(server, api, fields_last, version):
    data = b"".join(i.to_bytes(4, "big") for i in range(700_000))  # 2.8 MB
    root = build_file([data], Profile.for_version(version))
    answer = send(
        api, OLDER, ("many.bin", data), fields_last=fields_last, pinataOptions=options(cidVersion=version)
    )
    made = answer.json()
    assert (made["IpfsHash"], made["PinSize"]) == (str(root.cid), root.dag_size)
    assert made["MimeType"] == "application/octet-stream"
    assert api.get(f"/ipfs/{root.cid}").content == data
    assert left_over(server) == []


def test_an_answer_of_the_older_api_has_pinatas_fields(api):
    metadata = json.dumps({"name": "named", "keyvalues": {"n": 1, "b": True}})
    made = pin(api, ("own.txt", b"answered in full"), pinataMetadata=metadata)
    assert set(made) == {
        "IpfsHash",
        "PinSize",
        "Timestamp",
        "ID",
        "Name",
        "NumberOfFiles",
        "MimeType",
        "GroupId",
        "Keyvalues",
    }
    assert (made["Name"], made["Keyvalues"], made["GroupId"]) == ("named", {"n": 1, "b": True}, None)


@pytest.mark.parametrize("path", ["/v3/files", OLDER])
def test_a_name_may_be_as_long_as_a_path(api, path):
    name = "/".join(["n" * 240] * 136)  # 32,775 bytes
    assert send(api, path, (name.replace("/", "-"), path.encode())).status_code == 200
    assert send(api, path, ("a" * 70_000, b"too long")).status_code == 400


def test_a_duplicate_is_told_with_the_first_ones_time(api):
    first = pin(api, ("first.txt", b"a duplicate"))
    time.sleep(0.005)
    again = pin(api, ("second.txt", b"a duplicate"))
    assert "isDuplicate" not in first
    assert again == {**first, "isDuplicate": True}


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt",
        'we"ird.txt',
        "back\\slash.txt",
        "ümläut 😀.txt",
        "100%.txt",
        "a%22b%2Fc.txt",
        "semi; filename=evil.txt",
        " spaces .txt",
        "a,b=c&d?e#f.txt",
    ],
)
def test_a_name_is_kept_as_it_is(api, name):
    data = f"the file called {name}".encode()
    assert upload(api, data, name)["name"] == name
    made = pin(api, (f"dir of {name}/{name}", data))
    assert made["Name"] == f"dir of {name}"
    profile = Profile.named("v1")
    folder = FolderBuilder(profile)
    folder.add(name, build_file([data], profile))
    assert made["IpfsHash"] == str(folder.finish().cid)


def test_the_name_given_goes_before_the_files_own(api):
    answer = send(api, "/v3/files", ("b.txt", b"called a"), network="public", name="a")
    assert answer.json()["data"]["name"] == "a"


def test_wrapping_puts_one_more_folder_around(api):
    profile = Profile.named("v1")
    wrapped = FolderBuilder(profile)
    wrapped.add("f.txt", build_file([b"wrapped"], profile))
    made = pin(api, ("f.txt", b"wrapped"), pinataOptions=options(cidVersion=1, wrapWithDirectory=True))
    assert made["IpfsHash"] == str(wrapped.finish().cid)
    assert made["MimeType"] == "directory"
    assert api.get(f"/ipfs/{made['IpfsHash']}/f.txt").content == b"wrapped"
    made = pin(api, *TREE, pinataOptions=options(cidVersion=1, wrapWithDirectory=True))
    assert api.get(f"/ipfs/{made['IpfsHash']}/folder/sub/world.txt").content == b"world"


def test_a_v3_name_with_a_slash_makes_a_folder(api):
    made = upload(api, b"hello", "folder/hello.txt")
    assert (made["mime_type"], made["number_of_files"]) == ("directory", 1)
    assert api.get(f"/ipfs/{made['cid']}/hello.txt").content == b"hello"


@pytest.mark.parametrize(
    "files",
    [
        [("a.txt", b"a"), ("b.txt", b"b")],
        [("x/a.txt", b"a"), ("y/b.txt", b"b")],
        [("x/a.txt", b"a"), ("b.txt", b"b")],
    ],
)
def test_several_roots_are_refused_and_leave_nothing(server, api, files):
    answer = send(api, OLDER, *files)
    assert refusal(answer)[0] == 400
    assert "More than one file and/or directory was provided for pinning" in answer.json()["error"]["details"]
    assert left_over(server) == []


@pytest.mark.parametrize(
    "files",
    [
        [("../evil.txt", b"a")],
        [("x/../../evil.txt", b"a")],
        [("", b"a")],
        [("/", b"a")],
        [("x/a", b"a"), ("x/a", b"b")],
        [("x/a", b"a"), ("x/a/b", b"b")],
    ],
)
def test_names_that_make_no_tree_are_refused_and_leave_nothing(server, api, files):
    assert refusal(send(api, OLDER, *files))[0] == 400
    assert left_over(server) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"keyvalues": '{"env":"prod","n":"1"}'},
        {"keyvalues": '{"keyvalues":{"env":"prod","n":"1"}}'},
    ],
)
def test_key_values_may_be_nested_once(api, fields):
    made = upload(api, json.dumps(fields).encode(), **fields)
    assert made["keyvalues"] == {"env": "prod", "n": "1"}


def test_a_group_is_named_as_the_api_or_as_the_guides_do(api):
    id = group(api)
    assert upload(api, b"group_id", group_id=id)["group_id"] == id
    assert upload(api, b"group", group=id)["group_id"] == id


def test_v3_keeps_private_what_does_not_say_public(api):
    answer = send(api, "/v3/files", ("a.txt", b"private by default"))
    assert answer.json()["data"]["network"] == "private"


@pytest.mark.parametrize(
    "fields",
    [
        {"keyvalues": json.dumps({str(i): "v" for i in range(11)})},
        {"keyvalues": '{"n":1}'},
        {"keyvalues": "[]"},
        {"keyvalues": "{"},
        {"network": "elsewhere"},
        {"cid_version": "v99"},
        {"cid_version": "1"},
        {"expires_at": "1"},
        {"expires_at": "soon"},
    ],
)
@pytest.mark.parametrize("fields_last", [False, True])
def test_fields_of_v3_that_cannot_be_are_refused_and_leave_nothing(server, api, fields, fields_last):
    assert v3_refusal(send(api, "/v3/files", ("a.txt", b"a"), fields_last=fields_last, **fields))[0] == 400
    assert left_over(server) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"pinataMetadata": json.dumps({"keyvalues": {str(i): 1 for i in range(11)}})},
        {"pinataMetadata": '{"keyvalues":{"a":[]}}'},
        {"pinataMetadata": '{"name":5}'},
        {"pinataMetadata": "no json"},
        {"pinataOptions": options(cidVersion=99)},
        {"pinataOptions": options(cidVersion="v1")},
        {"pinataOptions": options(cidVersion=True)},
        {"pinataOptions": "[1]"},
    ],
)
@pytest.mark.parametrize("fields_last", [False, True])
def test_fields_of_the_older_api_that_cannot_be_are_refused_and_leave_nothing(
    server, api, fields, fields_last
):
    assert refusal(send(api, OLDER, ("a.txt", b"a"), fields_last=fields_last, **fields))[0] == 400
    assert left_over(server) == []


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"", FORM),
        (b"no form", FORM),
        (body(name="only a field"), FORM),
        (body(("a.txt", b"a")), {"content-type": "multipart/form-data"}),
        (body(("a.txt", b"a")), {"content-type": "application/json"}),
        (body(("a.txt", b"a")), {}),
        (body(("a.txt", b"a")), {"content-type": "multipart/form-data; boundary=another"}),
        (body(("a.txt", b"a" * 1000)).rpartition(b"\r\n--")[0], FORM),
        (form.file_head(BOUNDARY, "a.txt"), FORM),
        (form.field(BOUNDARY, "name", "x").replace(b"x", b"\xff") + body(("a.txt", b"a")), FORM),
    ],
)
def test_what_is_no_whole_form_is_refused_and_leaves_nothing(server, api, content, headers, caplog):
    assert v3_refusal(api.post("/v3/files", content=content, headers=headers))[0] == 400
    assert refusal(api.post(OLDER, content=content, headers=headers))[0] == 400
    assert left_over(server) == []
    assert [record.name for record in caplog.records if "multipart" in record.name] == []


def test_fields_too_large_are_refused_and_leave_nothing(server, api):
    answer = send(api, "/v3/files", ("a.txt", b"a"), fields_last=True, name="x" * 2_000_000)
    assert v3_refusal(answer)[0] == 413
    assert left_over(server) == []


@pytest.mark.parametrize("size", [1000, 3_000_000])
def test_an_upload_cut_short_leaves_nothing(server, api, size):
    before = api.get("/data/pinList").json()["count"]
    address = urlsplit(server.url)
    head = (
        f"POST /v3/files HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {server.admin.jwt}\r\n"
        f"content-type: {FORM['content-type']}\r\ncontent-length: 9000000\r\n\r\n"
    ).encode()
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head + body(("a.bin", os.urandom(size)), network="public")[: size + 200])
        until = time.monotonic() + 5
        while size > DATA_IN_MEMORY and not list(server.store.cars.incoming.iterdir()):
            assert time.monotonic() < until
            time.sleep(0.005)
    while left_over(server):
        assert time.monotonic() < until
        time.sleep(0.005)
    assert api.get("/data/pinList").json()["count"] == before


JSON_RECORDED = {"file": "output/ens_airdrop_Nov8th2021.json"}
JSON_V1 = "bafkreid56by3qspgyxvppq3ggj2x4tec3akpnlffbhangjzzfc3lfh66yq"


def pin_json(api, value) -> httpx2.Response:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return api.post("/pinning/pinJSONToIPFS", content=content, headers={"content-type": "application/json"})


def test_json_is_stored_as_javascript_prints_it(api):
    """Recorded by the seed at Pinata."""
    answer = pin_json(api, {"pinataContent": JSON_RECORDED, "pinataOptions": {"cidVersion": 1}})
    made = answer.json()
    assert (made["IpfsHash"], made["PinSize"], made["MimeType"]) == (JSON_V1, 45, "application/json")
    assert api.get(f"/ipfs/{JSON_V1}").content == b'{"file":"output/ens_airdrop_Nov8th2021.json"}'


def test_json_of_which_too_much_is_said_is_refused(api):
    about = {"pinataContent": 1, "pinataMetadata": {"name": "a", "more": "b" * 70_000}}
    assert pin_json(api, about).status_code == 413
    assert pin_json(api, b'{"pinataContent":1,"pinataMetadata":{"name":"\xff"}}').status_code == 400


def test_large_json_is_stored_as_javascript_prints_it(api):
    value = b'{"pinataContent": {"b": [' + b"1.0, " * 50_000 + b'1], "1": 1e5}}'
    made = pin_json(api, value).json()
    assert api.get(f"/ipfs/{made['IpfsHash']}").content == b'{"1":100000,"b":[' + b"1," * 50_000 + b"1]}"


def test_a_body_without_content_is_the_content(api):
    bare = pin_json(api, b'{ "b": 1.0, "10": [ "\\u00fc" ], "2": null }').json()
    assert api.get(f"/ipfs/{bare['IpfsHash']}").text == '{"2":null,"10":["ü"],"b":1}'  # Node.js 20
    wrapped = pin_json(api, {"pinataContent": {"2": None, "10": ["ü"], "b": 1}}).json()
    assert wrapped["IpfsHash"] == bare["IpfsHash"]
    assert wrapped["isDuplicate"] is True


@pytest.mark.parametrize("value", [b"null", b"[]", b'"text"', b"5", b"{}", b"[1e21,-0,9007199254740993]"])
def test_any_json_value_can_be_stored(api, value):
    printed = {b"[1e21,-0,9007199254740993]": b"[1e+21,0,9007199254740992]"}.get(value, value)  # Node.js 20
    made = pin_json(api, value).json()
    assert api.get(f"/ipfs/{made['IpfsHash']}").content == printed


def test_json_has_a_name_key_values_and_a_group(api):
    about, id = {"name": "n", "keyvalues": {"k": 1.5}}, group(api)
    body = {
        "pinataContent": "about",
        "pinataMetadata": about,
        "pinataOptions": {"groupId": id, "cidVersion": "0"},
    }
    made = pin_json(api, body).json()
    assert (made["Name"], made["Keyvalues"], made["GroupId"]) == ("n", {"k": 1.5}, id)
    assert made["IpfsHash"].startswith("Qm")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"{'a':1}",
        b"\xff",
        b"[1,]",
        {"pinataContent": 1, "pinataOptions": {"cidVersion": 99}},
        {"pinataContent": 1, "pinataOptions": ["a"]},
        {"pinataContent": 1, "pinataMetadata": {"keyvalues": {str(i): 1 for i in range(11)}}},
        {"pinataContent": 1, "pinataMetadata": {"name": 5}},
    ],
)
def test_json_that_cannot_be_is_refused_and_leaves_nothing(server, api, body):
    assert refusal(pin_json(api, body))[0] == 400
    assert left_over(server) == []


def test_json_above_ten_megabytes_is_refused(api):
    assert refusal(pin_json(api, b'"' + b"x" * 10_000_000 + b'"'))[0] == 413


FULL = textwrap.dedent("""
    import json, logging, resource, sys
    from pathlib import Path
    from pinatakit.server import Server
    server = Server(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    print(json.dumps(server.about()), flush=True)
    server.run()
""")


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX does")
def test_a_full_disk_is_told_and_the_server_lives_on(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", FULL, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        about = json.loads(process.stdout.readline())
        with httpx2.Client(base_url=about["url"], headers=bearer(about["jwt"])) as api:
            large = ("large.bin", os.urandom(3_000_000))
            for _ in range(2):
                assert v3_refusal(send(api, "/v3/files", large, network="public"))[0] == 507
                assert refusal(send(api, OLDER, large)) == (507, "INSUFFICIENT_STORAGE")
                assert refusal(send(api, OLDER, large, fields_last=True, pinataOptions="{}"))[0] == 507
                assert refusal(pin_json(api, b'"%b"' % os.urandom(1_500_000).hex().encode()))[0] == 507
            small = upload(api, b"there is room for this")
            assert api.get(f"/ipfs/{small['cid']}").content == b"there is room for this"
            assert api.get("/data/pinList").json()["count"] == 1
            assert list((tmp_path / "cars" / "incoming").iterdir()) == []
            kept = [path.name.partition(".")[0] for path in (tmp_path / "cars").glob("*.car")]
            assert kept == [small["cid"]]
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with Server(tmp_path) as server, client(server) as api:
        assert api.get(f"/ipfs/{small['cid']}").content == b"there is room for this"

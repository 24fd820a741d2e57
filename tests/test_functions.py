"""The eleven functions, as their documentation tells them, against a local Pinata in another process."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest

import pinatakit
from pinatakit import functions
from pinatakit.content import CID, PROFILES, build_file
from pinatakit.errors import CIDMismatch, InputError, InvalidCID, PinataError, SettingsError, Unreachable
from tests.serving import QuietServer

SERVE = """
import json, sys
from pathlib import Path
from pinatakit.server import Server
server = Server(Path(sys.argv[1]))
print(json.dumps(server.about()), flush=True)
server.run()
"""

SIGNATURES = """
generate_apikey(cred, key_name, pinlist=False, userPinnedDataTotal=False, hashMetadata=True, hashPinPolicy=False, pinByHash=True, pinFileToIPFS=True, pinJSONToIPFS=True, pinJobs=True, unpin=True, userPinPolicy=True)
list_apikeys(cred)
revoke_apikey(cred, revoke_apikey)
upload_file(cred, name, fpaths, metadata, cid_version="1", directory=False)
upload_jsonfile(cred, name, fpaths, metadata, cid_version, directory=False)
pin(cred, cid, fn=None, pinataMetadata=None)
unpin(cred, cid)
edit_metadata(cred, cid, name, metadata=None)
get_pinned_jobs(cred, params=None)
get_pinned_files(cred, params=None)
get_datausage(cred, params=None)
""".strip().splitlines()

HELLO = (
    "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX",
    "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq",
)
FOLDER = (
    "QmdEGnkPtV2tHox8zrjgHybAExpje1M4rCzr4CQTSDQjNo",
    "bafybeigwhfqvjnsnmnzfwszxquufsahvmstytmuei4bw65gbgqzuyz6nva",
)
SEED_JSON = '{\n  "file": "output/ens_airdrop_Nov8th2021.json"\n}\n'
SEED_JSON_CID = "bafkreid56by3qspgyxvppq3ggj2x4tec3akpnlffbhangjzzfc3lfh66yq"
NOBODYS = str(CID.of(b"nobody has this"))
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def about(tmp_path_factory):
    """A local Pinata in a process of its own."""
    command = [sys.executable, "-c", SERVE, str(tmp_path_factory.mktemp("pinata"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def cred(about, monkeypatch):
    monkeypatch.setenv("PINATA_ENDPOINT_URL", about["url"])
    return about["jwt"]


@pytest.fixture(autouse=True)
def _silent(capfd):
    """None of them ever prints."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def hello(tmp_path):
    path = tmp_path / "hello.txt"
    path.write_bytes(b"hello")
    return str(path)


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "folder"
    (top / "sub").mkdir(parents=True)
    (top / "hello.txt").write_bytes(b"hello")
    (top / "sub/world.txt").write_bytes(b"world")
    (top / ".hidden").write_bytes(b"hidden")
    return top


def unique(path, text):
    """A file that no other test has pinned."""
    path.write_text(f"{text} {path}")
    return str(path)


def rows(cred, **params):
    response = functions.get_pinned_files(cred, params)
    assert response.status_code == 200
    return response.json()["rows"]


def test_the_signatures_are_these():
    for text in SIGNATURES:
        function = getattr(functions, text.partition("(")[0])
        signature = inspect.signature(function)
        bare = signature.replace(
            parameters=[
                one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()
            ],
            return_annotation=inspect.Signature.empty,
        )
        assert function.__name__ + str(bare).replace("'", '"') == text
        assert getattr(pinatakit, function.__name__) is function


def test_there_are_eleven_and_each_says_what_it_gives():
    names = {text.partition("(")[0] for text in SIGNATURES}
    assert set(functions.__all__) == names | {"Response"}
    for name in names:
        assert "Returns:\n        200 and" in inspect.getdoc(getattr(functions, name)).replace(
            "\n    ", "\n        "
        )


# Keys


def test_a_key_may_do_what_was_ticked_and_nothing_else(cred, hello):
    response = functions.generate_apikey(cred, "defaults")
    assert response.status_code == 200
    key = response.json()
    assert set(key) == {"pinata_api_key", "pinata_api_secret", "JWT"}
    assert functions.upload_file(key["JWT"], "hello", hello, None).status_code == 200
    assert functions.get_pinned_jobs(key["JWT"]).status_code == 200
    assert functions.get_pinned_files(key["JWT"]).status_code == 403
    assert functions.get_datausage(key["JWT"]).status_code == 403
    assert functions.list_apikeys(key["JWT"]).status_code == 403
    assert functions.generate_apikey(key["JWT"], "more").status_code == 403
    assert functions.revoke_apikey(key["JWT"], key["JWT"]).status_code == 403


def test_what_was_ticked_is_what_the_key_has(cred):
    key = functions.generate_apikey(
        cred, "some", pinlist=True, userPinnedDataTotal=True, unpin=False, userPinPolicy=False
    ).json()
    (listed,) = (
        one for one in functions.list_apikeys(cred).json()["keys"] if one["key"] == key["pinata_api_key"]
    )
    endpoints = listed["scopes"]["endpoints"]
    assert endpoints["data"] == {"pinList": True, "userPinnedDataTotal": True}
    ticked = {"hashMetadata", "pinByHash", "pinFileToIPFS", "pinJSONToIPFS", "pinJobs"}
    assert {name for name, allowed in endpoints["pinning"].items() if allowed} == ticked
    assert functions.get_datausage(key["JWT"]).status_code == 200


def test_each_form_of_a_credential_will_do(cred):
    key = functions.generate_apikey(cred, "forms", pinlist=True).json()
    pair = (key["pinata_api_key"], key["pinata_api_secret"])
    mapping = {"pinata_api_key": pair[0], "pinata_api_secret": pair[1]}
    for form in (key, key["JWT"], pair, mapping, {"JWT": key["JWT"]}):
        assert functions.get_pinned_files(form).status_code == 200


@pytest.mark.parametrize("form", [5, ("only one",), {}, {"jwt": "x"}, b"bytes", None])
def test_what_is_no_credential_is_refused(cred, form):
    with pytest.raises(InputError, match=f"a credential is a JWT, not {type(form).__name__}"):
        functions.list_apikeys(form)


def test_an_empty_credential_is_none(cred):
    with pytest.raises(SettingsError):
        functions.list_apikeys("")


def test_keys_are_listed_without_their_secrets(cred):
    key = functions.generate_apikey(cred, "listed").json()
    response = functions.list_apikeys(cred)
    assert response.status_code == 200
    assert key["pinata_api_secret"] not in response.text
    listed = response.json()
    assert listed["count"] == len(listed["keys"])
    one = next(one for one in listed["keys"] if one["key"] == key["pinata_api_key"])
    fields = [
        "id",
        "name",
        "key",
        "secret",
        "max_uses",
        "uses",
        "user_id",
        "scopes",
        "revoked",
        "createdAt",
        "updatedAt",
    ]
    assert list(one) == fields
    assert (one["name"], one["revoked"], one["max_uses"], one["uses"]) == ("listed", False, None, 0)
    assert ISO.fullmatch(one["createdAt"])


@pytest.mark.parametrize("by", ["pinata_api_key", "JWT"])
def test_a_revoked_key_is_refused(cred, by):
    key = functions.generate_apikey(cred, "short-lived").json()
    for _ in range(2):
        response = functions.revoke_apikey(cred, key[by])
        assert (response.status_code, response.text, response.json()) == (200, '"Revoked"', "Revoked")
    assert functions.get_pinned_jobs(key["JWT"]).status_code == 403


def test_a_key_that_there_is_not_is_revoked_all_the_same(cred):
    assert functions.revoke_apikey(cred, "there is none").text == '"Revoked"'


# Uploads


@pytest.mark.parametrize("version", [0, 1, "0", "1"])
def test_a_file_is_pinned_under_its_known_cid(cred, hello, version):
    response = functions.upload_file(cred, "hi", hello, {"n": 1}, version)
    assert (response.status_code, response.ok) == (200, True)
    answer = response.json()
    assert answer["IpfsHash"] == HELLO[int(version)]
    assert answer["PinSize"] == (13, 5)[int(version)]
    assert ISO.fullmatch(answer["Timestamp"])
    datetime.fromisoformat(answer["Timestamp"])
    again = functions.upload_file(cred, "hi again", [hello], None, version).json()
    assert again["isDuplicate"] is True
    assert again["Timestamp"] == answer["Timestamp"]


def test_without_a_word_the_version_is_1(cred, hello):
    assert functions.upload_file(cred, "hi", hello, None).json()["IpfsHash"] == HELLO[1]


@pytest.mark.parametrize("version", [2, "v1", None, True, 1.5, ""])
def test_another_version_is_refused(cred, hello, tmp_path, version):
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ValueError, match="cid_version is 0 or 1"):
        functions.upload_file(cred, "hi", hello, None, version)
    with pytest.raises(ValueError, match="cid_version is 0 or 1"):
        functions.upload_jsonfile(cred, "hi", str(tmp_path / "a.json"), None, version)


@pytest.mark.parametrize("version", [0, 1])
def test_a_folder_is_pinned_under_its_known_cid(cred, folder, version):
    for given in (folder, [str(folder)]):
        answer = functions.upload_file(cred, "tree", given, None, version, directory=True).json()
        assert answer["IpfsHash"] == FOLDER[version]


def test_several_files_are_one_folder_with_directory(cred, folder, tmp_path):
    unique(tmp_path / "b", "b")
    paths = [tmp_path / "b", str(folder / "hello.txt")]
    answer = functions.upload_file(cred, "several", paths, {"k": "v"}, directory=True).json()
    (row,) = rows(cred, cid=answer["IpfsHash"])
    assert (row["number_of_files"], row["metadata"]) == (2, {"name": "several", "keyvalues": {"k": "v"}})


def test_several_files_without_directory_are_refused_and_told_what_to_do(cred, hello, folder):
    with pytest.raises(ValueError, match="2 files without directory=True") as caught:
        functions.upload_file(cred, "x", [hello, str(folder / "sub/world.txt")], None)
    assert "one by one, or with directory=True" in caught.value.hint


@pytest.mark.parametrize(
    ("paths", "directory", "said"),
    [
        ([], False, "the list of paths is empty"),
        ([], True, "the list of paths is empty"),
        ("", False, "an empty path"),
        ("/nowhere/at/all", False, "does not exist"),
        (["/nowhere/a", "/nowhere/b"], True, "does not exist"),
    ],
)
def test_paths_that_lead_nowhere_are_refused(cred, paths, directory, said):
    with pytest.raises(ValueError, match=said):
        functions.upload_file(cred, "x", paths, None, directory=directory)


def test_a_folder_without_directory_is_refused(cred, folder):
    with pytest.raises(ValueError, match="is a folder") as caught:
        functions.upload_file(cred, "x", str(folder), None)
    assert "directory=True" in caught.value.hint


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({str(i): i for i in range(11)}, "11 key-values; Pinata takes at most 10"),
        ({"key": [1]}, "'key' is"),
        ("text", "not str"),
    ],
)
def test_metadata_that_cannot_be_is_refused(cred, hello, metadata, said):
    with pytest.raises(ValueError, match=said):
        functions.upload_file(cred, "x", hello, metadata)
    with pytest.raises(ValueError, match=said):
        functions.edit_metadata(cred, HELLO[1], "x", metadata)


def test_json_is_pinned_as_javascript_prints_it(cred, tmp_path):
    path = tmp_path / "airdrop.json"
    path.write_text(SEED_JSON)
    for given in (str(path), [path]):
        answer = functions.upload_jsonfile(cred, "airdrop", given, {"n": 1}, "1").json()
        assert (answer["IpfsHash"], answer["PinSize"]) == (SEED_JSON_CID, 45)
    expected = build_file([b'{"file":"output/ens_airdrop_Nov8th2021.json"}'], PROFILES["v0"]).cid
    assert functions.upload_jsonfile(cred, "airdrop", path, None, 0).json()["IpfsHash"] == str(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n  "b": }', "bad.json' is not JSON: Expecting value at line 2, column 8"),
        ("", "at line 1, column 1"),
        ("{'a': 1}", "at line 1, column 2"),
        ("[1] [2]", "Extra data at line 1, column 5"),
        ("[NaN]", "NaN, which JSON cannot hold"),
        ("[1e999]", "inf"),
        ("[9007199254740993]", "9007199254740993"),
        ("[" * 100_000, "is not JSON"),
        ('"\udcff"', "bad.json' is not JSON"),
    ],
)
def test_what_is_no_json_is_refused_and_nothing_is_sent(cred, tmp_path, text, said, monkeypatch):
    monkeypatch.setenv("PINATA_ENDPOINT_URL", "http://127.0.0.1:1")
    (tmp_path / "bad.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=said):
        functions.upload_jsonfile(cred, "x", str(tmp_path / "bad.json"), None, 1)


def test_one_json_file_is_taken_and_no_folder(cred, tmp_path, folder):
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in paths:
        path.write_text("{}")
    with pytest.raises(ValueError, match="one file"):
        functions.upload_jsonfile(cred, "x", paths, None, 1, directory=True)
    for given in (paths, str(folder), [], "/nowhere"):
        with pytest.raises(ValueError):
            functions.upload_jsonfile(cred, "x", given, None, 1)


# Pins


def test_a_cid_is_queued_and_its_job_is_listed(cred):
    response = functions.pin(cred, NOBODYS, "far", {"k": "v"})
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {"id", "ipfsHash", "status", "name"}
    assert (answer["ipfsHash"], answer["name"]) == (NOBODYS, "far")
    jobs = functions.get_pinned_jobs(cred, {"ipfs_pin_hash": NOBODYS, "sort": "ASC", "limit": 1})
    assert jobs.json()["count"] == 1
    (job,) = jobs.json()["rows"]
    assert set(job) == {
        "id",
        "ipfs_pin_hash",
        "date_queued",
        "name",
        "status",
        "keyvalues",
        "host_nodes",
        "pin_policy",
    }
    assert (job["id"], job["name"], job["keyvalues"]) == (answer["id"], "far", {"k": "v"})
    assert functions.get_pinned_jobs(cred, {"status": "expired"}).json() == {"count": 0, "rows": []}
    assert functions.pin(cred, NOBODYS).status_code == 200


def test_an_unpinned_cid_is_listed_as_history(cred, tmp_path):
    cid = functions.upload_file(cred, "was", unique(tmp_path / "f", "unpin"), None).json()["IpfsHash"]
    response = functions.unpin(cred, cid)
    assert (response.status_code, response.text) == (200, "OK")
    (row,) = rows(cred, cid=cid)
    assert row["date_unpinned"]
    assert rows(cred, cid=cid, status="pinned") == []
    assert functions.unpin(cred, cid).status_code == 500


def test_metadata_is_merged(cred, tmp_path):
    cid = functions.upload_file(cred, "old", unique(tmp_path / "f", "edit"), {"a": 1, "b": 2}).json()[
        "IpfsHash"
    ]
    response = functions.edit_metadata(cred, cid, "new", {"a": None, "c": "3"})
    assert (response.status_code, response.text) == (200, "OK")
    assert rows(cred, cid=cid)[0]["metadata"] == {"name": "new", "keyvalues": {"b": 2, "c": "3"}}
    assert functions.edit_metadata(cred, cid, "newer").text == "OK"
    assert rows(cred, cid=cid)[0]["metadata"] == {"name": "newer", "keyvalues": {"b": 2, "c": "3"}}


def test_what_is_not_pinned_is_answered_with_500(cred):
    for response in (functions.unpin(cred, NOBODYS), functions.edit_metadata(cred, NOBODYS, "x", {"k": "v"})):
        assert (response.status_code, response.ok, repr(response)) == (500, False, "<Response [500]>")
        assert response.json()["error"]["reason"] == "CURRENT_USER_HAS_NOT_PINNED_CID"


@pytest.mark.parametrize("cid", ["", "x", f"ipfs://{NOBODYS}", "../../users/apiKeys"])
def test_what_is_no_cid_is_refused(cred, cid):
    for ask in (functions.pin, functions.unpin, lambda cred, cid: functions.edit_metadata(cred, cid, "x")):
        with pytest.raises(InvalidCID, match="is not a CID"):
            ask(cred, cid)
    assert issubclass(InvalidCID, ValueError)


def test_pins_are_listed_and_filtered(cred, tmp_path):
    cids = [
        functions.upload_file(
            cred, f"filter {i}", unique(tmp_path / str(i), "filter"), {"score": i, "test": "filters"}
        ).json()["IpfsHash"]
        for i in range(3)
    ]
    mine = {"test": {"value": "filters", "op": "eq"}}

    def found(**params):
        return [row["ipfs_pin_hash"] for row in rows(cred, **params)]

    scored = {**mine, "score": {"value": 1, "op": "gte"}}
    between = {**mine, "score": {"value": 0, "op": "between", "secondValue": 1}}
    assert found(**{"metadata[keyvalues]": mine}) == cids[::-1]
    assert found(**{"metadata[keyvalues]": json.dumps(scored)}) == cids[:0:-1]
    assert found(**{"metadata[keyvalues]": between}) == cids[1::-1]
    assert (
        found(**{"metadata[keyvalues][score]": {"value": 2, "op": "eq"}, "metadata[name]": "filter"})
        == cids[2:]
    )
    assert found(metadata={"name": "filter 1", "keyvalues": mine}) == cids[1:2]
    assert found(**{"metadata[keyvalues]": mine, "pageLimit": 1, "pageOffset": 1}) == cids[1:2]
    assert found(**{"metadata[keyvalues]": mine, "pinStart": "2100-01-01T00:00:00Z"}) == []
    assert found(**{"metadata[keyvalues]": mine, "pinSizeMax": 1}) == []
    assert found(hashContains=cids[0][10:40]) == cids[:1]
    answer = functions.get_pinned_files(cred, {"metadata[keyvalues]": mine}).json()
    assert answer["count"] == 3
    fields = {
        "id",
        "ipfs_pin_hash",
        "size",
        "user_id",
        "date_pinned",
        "date_unpinned",
        "metadata",
        "regions",
        "mime_type",
        "number_of_files",
    }
    assert set(answer["rows"][0]) == fields
    assert answer["rows"][0]["date_unpinned"] is None
    assert "count" not in functions.get_pinned_files(cred, {"includeCount": False}).json()


def test_an_unknown_filter_is_refused_and_the_known_are_told(cred):
    for ask, hint in (
        (functions.get_pinned_files, "hashContains, cid, pinStart"),
        (functions.get_pinned_jobs, "sort, status, ipfs_pin_hash, limit, offset"),
        (functions.get_datausage, "filters here: none"),
    ):
        with pytest.raises(ValueError, match="unknown filter 'pagelimit'") as caught:
            ask(cred, {"pagelimit": 5})
        assert hint in caught.value.hint


def test_a_filter_the_service_refuses_is_an_answer(cred):
    assert functions.get_pinned_files(cred, {"status": "gone"}).status_code == 400
    assert functions.get_pinned_jobs(cred, {"limit": "many"}).status_code == 400


def test_data_usage_counts(cred, tmp_path):
    before = functions.get_datausage(cred).json()
    assert set(before) == {"pin_count", "pin_size_total", "pin_size_with_replications_total"}
    path = unique(tmp_path / "f", "usage")
    functions.upload_file(cred, "counted", path, None)
    after = functions.get_datausage(cred).json()
    assert after["pin_count"] == before["pin_count"] + 1
    assert after["pin_size_total"] == before["pin_size_total"] + len((tmp_path / "f").read_bytes())


# Statuses are answers, silence is not


def test_a_wrong_jwt_is_answered_with_401_by_each(cred, hello, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    wrong = "wrong"
    for response in (
        functions.generate_apikey(wrong, "x"),
        functions.list_apikeys(wrong),
        functions.revoke_apikey(wrong, "x"),
        functions.upload_file(wrong, "x", hello, None),
        functions.upload_jsonfile(wrong, "x", str(tmp_path / "a.json"), None, 1),
        functions.pin(wrong, NOBODYS),
        functions.unpin(wrong, NOBODYS),
        functions.edit_metadata(wrong, NOBODYS, "x"),
        functions.get_pinned_jobs(wrong),
        functions.get_pinned_files(wrong),
        functions.get_datausage(wrong),
    ):
        assert repr(response) == "<Response [401]>"
        assert (response.status_code, response.ok) == (401, False)
        assert response.json()["error"]["reason"] == "INVALID_CREDENTIALS"
        assert response.headers["content-type"].startswith("application/json")


def test_no_answer_at_all_is_unreachable(monkeypatch):
    monkeypatch.setenv("PINATA_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("random.uniform", lambda low, high: low)
    with pytest.raises(Unreachable):
        functions.list_apikeys("jwt")


def test_a_response_is_read_as_text_bytes_and_json(cred, tmp_path):
    response = functions.get_pinned_jobs(cred, {"limit": 1})
    assert json.loads(response.content) == json.loads(response.text) == response.json()
    assert response.url.endswith("/pinning/pinJobs")
    cid = functions.upload_file(cred, "x", unique(tmp_path / "f", "text"), None).json()["IpfsHash"]
    with pytest.raises(ValueError, match="Expecting value"):
        functions.unpin(cred, cid).json()


def lying(body):
    """A service that answers every upload with this."""

    class Lies(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):  # noqa: N802
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return QuietServer(("127.0.0.1", 0), Lies)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps({"IpfsHash": NOBODYS}), CIDMismatch),
        ("{}", PinataError),
        ("[]", PinataError),
        ("<html>", PinataError),
    ],
)
def test_an_upload_stored_under_another_cid_is_told(monkeypatch, hello, tmp_path, body, kind):
    (tmp_path / "a.json").write_text("{}")
    with lying(body.encode()) as service:
        thread = Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("PINATA_ENDPOINT_URL", f"http://127.0.0.1:{service.server_port}")
        with pytest.raises(kind):
            functions.upload_file("jwt", "x", hello, None)
        with pytest.raises(kind):
            functions.upload_jsonfile("jwt", "x", str(tmp_path / "a.json"), None, 1)
        service.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["a/b", "..", ""])
def test_one_file_as_a_folder_of_any_name_is_what_it_says(cred, tmp_path, name):
    (tmp_path / "f.txt").write_text("in a folder")
    response = functions.upload_file(cred, name, tmp_path / "f.txt", {}, directory=True)
    assert response.ok
    assert response.json()["NumberOfFiles"] == 1


@pytest.mark.parametrize("paths", [None, [1], b"abc"])
def test_what_is_no_path_is_refused(cred, paths):
    with pytest.raises(ValueError, match="path"):
        functions.upload_file(cred, "n", paths, None)

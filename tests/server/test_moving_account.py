"""The account of an export: what is not content moves too, where that is asked for."""

from __future__ import annotations

import base64
import json
import os
from contextlib import closing
from urllib.parse import urlsplit

import httpx2
import pytest

from pinatakit.content import CID
from pinatakit.errors import InputError
from pinatakit.server import Server, Store
from pinatakit.server.store import beside
from pinatakit.server.store.moving import export, take_over
from pinatakit.server.worker import Fetching

from .conftest import bearer, client, group, pin, send, upload
from .test_payments import make as instruct

WAITING = Fetching(at_once=0)  # what is queued stays as it is
MISSING = CID.of(b"nobody has this")
PINS = "/psa/pins?status=queued,pinning,pinned,failed"
SHOWN = (
    "/v3/api_keys",
    "/v3/gateways",
    "/v3/gateways/plugins",
    "/v3/files/public",
    "/v3/files/private",
    "/v3/files/public/pin_by_cid",
    "/pinning/pinJobs",
    PINS,
    "/v3/x402/payment_instructions",
    "/data/pinList?status=unpinned",
    '/data/pinList?status=all&metadata[keyvalues]={"k":{"value":"gone","op":"eq"}}',
    "/data/userPinnedDataTotal",
)


def shown(api) -> dict:
    answers = {}
    for path in SHOWN:
        answer = api.get(path)
        assert answer.status_code == 200, answer.text
        answers[path] = answer.json()
    for key in answers["/v3/api_keys"]["keys"]:
        del key["uses"]  # asking counts
    for each in answers[PINS]["results"]:
        del each["delegates"]  # the port
    return answers


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A store with something of everything, exported; what it shows, its key, and a link to a private file."""
    folder = tmp_path_factory.mktemp("moved")
    with Server(folder / "data", fetching=WAITING) as server, client(server) as api:
        old, new = (upload(api, data)["cid"] for data in (b"old", b"new"))
        api.put(f"/v3/files/public/swap/{old}", json={"swapCid": new})
        gone = pin(api, ("gone.txt", b"gone"), pinataMetadata='{"keyvalues":{"k":"gone"}}')
        assert api.delete(f"/pinning/unpin/{gone['IpfsHash']}").status_code == 200
        own = group(api, "own", "private")
        private = upload(api, b"words to be found", network="private", group_id=own)
        assert api.post(f"/v3/vectorize/files/{private['id']}").status_code == 200
        paid = instruct(api)
        api.put(f"/v3/x402/payment_instructions/{paid['id']}/cids/{private['cid']}")
        made = api.post("/v3/gateways", json={"domain": "moving"}).json()["data"]
        api.post(f"/v3/gateways/{made['id']}/access_tokens")
        api.post(f"/v3/gateways/{made['id']}/ips", json={"ip": "10.0.0.1"})
        api.post("/psa/pins", json={"cid": str(MISSING), "name": "queued"})
        api.post("/psa/pins", json={"cid": new, "name": "held"})
        server.store.signatures.add("public", CID.parse(new), "0x" + "ab" * 65)
        body = {"permissions": {"endpoints": {"data": {"pinList": True}}}, "keyName": "lists"}
        other = api.post("/users/generateApiKey", json=body).json()["JWT"]
        link = api.post(
            "/v3/files/private/download_link",
            json={"url": f"{server.url}/files/{private['cid']}", "date": 1_700_000_000, "expires": 10**9},
        ).json()["data"]
        signed = api.post("/v3/files/sign", json={"expires": 10**6}).json()["data"]
        told = shown(api)
        with beside(folder / "data") as cars:
            export(cars, folder / "export")
    return folder / "export", told, (server.admin.jwt, other), (link, signed), (old, new, own)


def imported(folder, source) -> None:
    with closing(Store(folder)) as store:
        assert list(take_over(store, source, with_account=True)) == []


def there(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


def test_a_move_loses_nothing(tmp_path, moved):
    source, told, (admin, other), (link, signed), (old, new, own) = moved
    imported(tmp_path / "new", source)
    with Server(tmp_path / "new", fetching=WAITING) as server:
        with httpx2.Client(base_url=server.url, headers=bearer(admin)) as api:
            found = shown(api)
            fresh = found["/v3/api_keys"]["keys"].pop(0)  # the new machine's own
            assert (fresh["name"], fresh["key"]) == ("admin", server.admin.api_key)
            found["/v3/api_keys"]["count"] -= 1
            assert found == told
            (swap,) = api.get(f"/v3/files/public/swap/{old}", params={"domain": "x"}).json()["data"]
            assert swap["mapped_cid"] == new
            signature = api.get(f"/v3/files/public/signature/{new}").json()["data"]["signature"]
            assert signature == "0x" + "ab" * 65
            query = api.post(f"/v3/vectorize/groups/{own}/query", json={"text": "found words"}).json()
            assert query["data"]["count"] == 1
            assert api.get(there(link)).content == b"words to be found"
        with httpx2.Client(base_url=server.url, headers=bearer(other)) as api:
            assert api.get("/data/pinList").status_code == 200
            assert api.get("/v3/api_keys").status_code == 403
        with httpx2.Client(base_url=server.url) as stranger:
            assert send(stranger, there(signed), ("a.txt", b"through the old URL")).status_code == 200


def test_without_being_asked_for_no_key_comes_over(tmp_path, moved):
    source, _, (admin, _), *_ = moved
    with closing(Store(tmp_path / "new")) as store:
        list(take_over(store, source))
    with Server(tmp_path / "new") as server, httpx2.Client(base_url=server.url) as api:
        assert api.get("/data/testAuthentication", headers=bearer(admin)).status_code == 401


def test_a_store_with_keys_takes_no_account_and_nothing_else_then(tmp_path, moved):
    with Server(tmp_path / "new"):
        pass
    with pytest.raises(InputError, match="keys of its own"):
        imported(tmp_path / "new", moved[0])
    with Server(tmp_path / "new") as server, client(server) as api:
        assert api.get("/v3/files/public").json()["data"]["files"] == []


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_the_account_is_readable_by_its_user_alone_and_has_no_secret_of_a_key(moved):
    path = moved[0] / "account.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    for jwt in moved[2]:
        secret = json.loads(base64.urlsafe_b64decode(f"{jwt.split('.')[1]}=="))["scopedKeySecret"]
        assert secret not in path.read_text()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: lines[:3] + lines[4:],
        lambda lines: [],
        lambda lines: ["nonsense", *lines],
        lambda lines: [line.replace('"setting"', '"sqlite_master"') for line in lines],
        lambda lines: [line.replace('"name":', '"n) VALUES (1); --":') for line in lines],
        lambda lines: [line for line in lines for _ in range(2)],
    ],
)
def test_an_account_that_is_not_whole_is_refused_and_nothing_is_taken(tmp_path, moved, spoil):
    source = tmp_path / "export"
    source.mkdir()
    for name in ("cars", "manifest.jsonl"):
        (source / name).symlink_to(moved[0] / name)
    lines = (moved[0] / "account.jsonl").read_text().splitlines()
    (source / "account.jsonl").write_text("".join(f"{line}\n" for line in spoil(lines)))
    with pytest.raises(InputError, match=r"account\.jsonl"):
        imported(tmp_path / "new", source)
    with Server(tmp_path / "new") as server, client(server) as api:
        assert api.get("/v3/files/public").json()["data"]["files"] == []


def test_an_account_that_contradicts_itself_is_refused_whole(tmp_path, moved):
    source = tmp_path / "export"
    source.mkdir()
    for name in ("cars", "manifest.jsonl"):
        (source / name).symlink_to(moved[0] / name)
    first, *rows, last = (moved[0] / "account.jsonl").read_text().splitlines()
    twice = next(row for row in rows if '"key"' in row)
    counted = last.replace(str(len(rows)), str(len(rows) + 1))
    (source / "account.jsonl").write_text("\n".join([first, *rows, twice, counted]))
    with pytest.raises(InputError, match="cannot be of an export"):
        imported(tmp_path / "new", source)
    with beside(tmp_path / "new") as cars:
        assert cars.records.read_one("SELECT 1 FROM gateway") is None

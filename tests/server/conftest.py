"""A local Pinata on a real port, and short ways to ask it."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import httpx2
import pytest

from pinatakit.content import CID, Walk, read_car
from pinatakit.protocol import form
from pinatakit.server import Server

BOUNDARY = "0123456789abcdef"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture(scope="module")
def server():
    """A local Pinata that starts empty and serves the tests of one file."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def api(server):
    """What asks it, with its admin key."""
    with client(server) as api:
        yield api


@pytest.fixture(scope="module")
def stranger(server):
    """What asks it without any credential."""
    with httpx2.Client(base_url=server.url) as stranger:
        yield stranger


def client(server: Server) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers=bearer(server.admin.jwt))


def bearer(jwt: str) -> dict[str, str]:
    return {"authorization": f"Bearer {jwt}"}


def body(*files: tuple[str, bytes], fields_last: bool = False, **fields: str) -> bytes:
    """A whole form."""
    plain = b"".join(form.field(BOUNDARY, name, value) for name, value in fields.items())
    parts = b"".join(form.file_head(BOUNDARY, name) + data + form.FILE_END for name, data in files)
    return (parts + plain if fields_last else plain + parts) + form.end(BOUNDARY)


def until(true, seconds: float = 10):
    """Wait until something is true, and give it."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
    return value


def send(api: httpx2.Client, path: str, *files: tuple[str, bytes], **fields) -> httpx2.Response:
    return api.post(path, content=body(*files, **fields), headers=FORM)


def upload(api: httpx2.Client, data: bytes, name: str = "file.txt", **fields) -> dict:
    """Upload a file to v3, public; what it has become."""
    answer = send(api, "/v3/files", (name, data), **{"network": "public", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def group(api: httpx2.Client, name: str = "g", network: str = "public") -> str:
    """Make a group; its id."""
    answer = api.post(f"/v3/groups/{network}", json={"name": name})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["id"]


def pin(api: httpx2.Client, *files: tuple[str, bytes], **fields) -> dict:
    """Pin files by the older API, as CIDv1; what they have become."""
    fields = {"pinataOptions": '{"cidVersion":1}', **fields}
    answer = send(api, "/pinning/pinFileToIPFS", *files, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the reason of a refusal of the older API."""
    error = answer.json()["error"]
    assert set(error) == {"reason", "details"}
    assert isinstance(error["details"], str)
    return answer.status_code, error["reason"]


def v3_refusal(answer: httpx2.Response) -> tuple[int, str]:
    """The status and the words of a refusal of v3."""
    error = answer.json()["error"]
    assert set(error) == {"code", "status", "request", "message", "details"}
    assert (error["code"], error["details"]) == (answer.status_code, [])
    assert error["request"] == answer.headers["x-request-id"]
    return answer.status_code, error["message"]


def content_of(car: bytes) -> dict[str, bytes]:
    """The files of a CAR by path, every block checked; the CAR holds one root and nothing else."""
    (root,), blocks = read_car(car)
    held = {block.cid: bytes(block.data) for block in blocks}
    found: dict[str, bytes] = {}
    used = set()
    path = ""
    walk = Walk(root)
    while walk.wants:
        used.add(walk.wants)
        for step in walk.feed(held[walk.wants]):
            if isinstance(step, bytes):
                found[path] += step
            elif step.kind.name != "DIRECTORY":
                path = step.path
                found[path] = b""
    assert used == set(held)
    return found


def exchange(server, line: str, host: str = "127.0.0.1") -> dict[str, str]:
    """The head of an answer to a request that no client has put into another shape."""
    url = urlsplit(server.url)
    with socket.create_connection((url.hostname, url.port)) as link:
        link.sendall(f"{line}\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        head = link.makefile("rb").read().partition(b"\r\n\r\n")[0].decode().split("\r\n")
    fields = (field.split(": ", 1) for field in head[1:])
    return {"status": head[0].split(" ")[1], **{name.lower(): value for name, value in fields}}


def cid_of(answer: dict) -> CID:
    return CID.parse(answer.get("cid") or answer["IpfsHash"])

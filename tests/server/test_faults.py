"""Faults: what is asked for happens, once, and only then; and what it does to whoever meets it."""

from __future__ import annotations

import time

import httpx2
import pytest

import pinatakit
from pinatakit.content import CID
from pinatakit.errors import CIDMismatch, ContentError, InputError, RateLimited, Unreachable
from pinatakit.server import Change, Cut, Faults, Refuse, Slow, Stall

from .conftest import client

PATH = "/data/testAuthentication"


@pytest.fixture
def faults(server):
    with Faults(server.url) as faults:
        yield faults


@pytest.fixture
def ask(server, faults):
    headers = {"authorization": f"Bearer {server.admin.jwt}"}
    with httpx2.Client(base_url=faults.url, headers=headers, timeout=0.5) as http:
        yield lambda **more: http.get(PATH, **more)


def test_without_a_fault_everything_passes(ask, faults, server):
    with client(server) as api:
        straight = api.get(PATH)
    answer = ask()
    assert (answer.status_code, answer.content) == (200, straight.content)
    assert faults.met == []


def test_faults_befall_the_next_requests_in_order(ask, faults):
    faults.add(Refuse(503), None, Refuse(429, {"retry-after": "60"}))
    answers = [ask() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 200, 429, 200]
    assert answers[2].headers["retry-after"] == "60"
    assert [line for _, line in faults.met] == [f"GET {PATH} HTTP/1.1"] * 2


def test_faults_can_be_chosen_by_request(ask, faults):
    faults.choose = lambda method, path: Refuse(500) if (method, path) == ("GET", PATH) else None
    assert ask().status_code == 500


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Cut(answer=5), httpx2.ReadError),
        (Cut(answer=5, reset=False), httpx2.RemoteProtocolError),
        (Stall(answer=5), httpx2.ReadTimeout),
        (Slow(20), httpx2.TransportError),
    ],
)
def test_an_answer_breaks_as_it_is_told(ask, faults, fault, error):
    faults.add(fault)
    begun = time.monotonic()
    if isinstance(fault, Slow):
        assert ask().status_code == 200  # each byte comes in time
        assert time.monotonic() - begun > 1
    else:
        with pytest.raises(error):
            ask()
    assert ask().status_code == 200


@pytest.mark.parametrize("fault", [Cut(request=1000), Cut(request=1000, reset=False), Stall(request=1000)])
def test_an_upload_that_breaks_is_not_stored_and_is_sent_again(fault):
    with pinatakit.local(faults=True) as pinata:
        pinata.faults.add(fault)
        with pinatakit.Pinata(pinata.jwt, endpoint_url=pinata.url, timeout=0.5) as hasty:
            upload = hasty.upload(bytes(50_000_000))
        assert [file.cid for file in pinata.files.list()] == [upload.cid]
        assert pinata.faults.met[0][0] is fault


def test_a_wrong_cid_is_noticed(faulty_pinata):
    other = CID.parse("bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy")
    cid = pinatakit.cid_of(b"mine")
    faulty_pinata.faults.add(Change(lambda data: data.replace(str(cid).encode(), str(other).encode())))
    with pytest.raises(CIDMismatch) as caught:
        faulty_pinata.upload(b"mine")
    assert (caught.value.expected, caught.value.got) == (cid, other)


def test_a_changed_byte_is_noticed(faulty_pinata):
    cid = faulty_pinata.upload(b"mine").cid
    faulty_pinata.faults.add(Change(lambda data: data.replace(b"mine", b"mime")))
    with pytest.raises(ContentError):
        b"".join(faulty_pinata.read(cid))
    with pinatakit.Pinata() as other:  # the first asks no more where it was given false blocks
        assert b"".join(other.read(cid)) == b"mine"


def test_the_fixture_points_the_environment_at_what_fails(faulty_pinata):
    faulty_pinata.faults.add(Refuse(429, {"retry-after": "500"}), Cut(answer=0))
    with pinatakit.Pinata(attempts=1) as mine:
        with pytest.raises(RateLimited):
            mine.account.test()
        with pytest.raises(Unreachable):
            mine.account.test()


def test_where_nothing_goes_wrong_there_is_nothing_to_tell(pinata):
    with pytest.raises(InputError, match="faults=True"):
        pinata.faults.add(Refuse(500))


def test_it_lets_go_of_what_stalls(server):
    with Faults(server.url) as faults, httpx2.Client(timeout=0.2) as http:
        faults.add(Stall(answer=0))
        with pytest.raises(httpx2.ReadTimeout):
            http.get(faults.url + PATH)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5

"""``verify``: whether what is pinned is what is here."""

from __future__ import annotations

import pytest

from .processes import HELLO, HELLO_V0, HELLO_V1, UNKNOWN_CID

FIELDS = {
    "path",
    "verified",
    "cid",
    "size",
    "pinned",
    "id",
    "name",
    "network",
    "fetched",
    "reason",
}


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<h1>verified</h1>")
    return tmp_path / "site"


def test_what_is_pinned_and_unchanged_is_verified(ask_here, site):
    cid = ask_here("upload", "site", "-q").lines[0]
    ran = ask_here("verify", "site")
    assert (ran.code, ran.out, ran.err) == (0, "site  17 B  verified\n", "")
    told = ask_here("verify", "site", "--fetch", "--json").json
    assert set(told) == FIELDS
    assert (told["verified"], told["fetched"], told["cid"], told["pinned"]) == (True, True, cid, cid)
    assert (told["name"], told["network"], told["reason"]) == ("site", "public", None)


def test_what_was_changed_since_ends_with_7(ask_here, site):
    old = ask_here("upload", "site", "--name", "site", "-q").lines[0]
    (site / "index.html").write_text("<h1>edited</h1>")
    ran = ask_here("verify", "site")
    assert ran.code == 7
    assert ran.out.startswith("site  15 B  differs  no known recipe gives ")
    told = ask_here("verify", "site", "--json").json
    assert (told["verified"], told["pinned"]) == (False, old)


def test_what_is_not_pinned_ends_with_3(ask_here, tmp_path):
    (tmp_path / "nowhere.txt").write_text("nobody has pinned this")
    ran = ask_here("verify", "nowhere.txt")
    assert ran.code == 3
    assert "not pinned" in ran.out
    (tmp_path / "there.txt").write_text("this is there")
    ask_here("upload", "there.txt")
    assert ask_here("verify", "nowhere.txt", "there.txt").code == 8
    assert ask_here("verify", "there.txt", "missing.txt").code == 8
    assert ask_here("verify", "missing.txt").failed(2)


def test_the_same_content_under_another_recipe_is_verified_and_the_recipe_told(ask_here, site):
    pinned = ask_here("upload", "site", "--name", "site", "--cid-version", "0", "-q").lines[0]
    (site / "index.html").write_text("<h1>another recipe</h1>")
    pinned = ask_here("upload", "site", "--name", "site", "--cid-version", "0", "-q").lines[0]
    told = ask_here("verify", "site", "--json").json
    assert (told["verified"], told["pinned"]) == (True, pinned)
    assert "CID version 1 against 0" in told["reason"]


def test_against_a_cid_nobody_is_asked(here, service, tmp_path):
    service.requests.clear()
    (tmp_path / "hello.txt").write_bytes(HELLO)

    def compare(cid, *options):
        return here("verify", "hello.txt", "--cid", cid, *options, env=service.env)

    assert compare(HELLO_V1).code == 0
    assert compare(HELLO_V0).code == 0
    assert compare(HELLO_V0, "--cid-profile", "v0", "-q").lines == ["hello.txt"]
    ran = compare(UNKNOWN_CID)
    assert ran.code == 7
    assert f"no known recipe gives {UNKNOWN_CID} for this content; here it is {HELLO_V1}" in ran.out
    assert compare("nonsense").failed(2)
    assert here("verify", "a", "b", "--cid", HELLO_V1).failed(2)
    assert service.requests == []


def test_what_is_pinned_and_cannot_be_fetched_is_told(ask_here, run, served, tmp_path, service):
    (tmp_path / "gone.txt").write_text("pinned, not there")
    ask_here("upload", "gone.txt")
    service.answer = (404, {}, b"{}")
    elsewhere = served.env | {"PINATA_GATEWAY_URL": service.env["PINATA_ENDPOINT_URL"]}
    ran = run("verify", "gone.txt", "--fetch", env=elsewhere)
    assert ran.failed(3)

"""``keys``: made for just enough, listed and revoked."""

from __future__ import annotations

import pytest


def test_a_key_may_do_what_it_was_made_for_and_nothing_else(ask, ask_here):
    ran = ask_here("keys", "create", "reader", "--scope", "org:files:read", "-q")
    assert (ran.code, ran.err, len(ran.lines)) == (0, "", 1)
    jwt = {"PINATA_JWT": ran.lines[0]}
    assert ask("ls", "--limit", "1", env=jwt).code == 0
    ran = ask("groups", "create", "forbidden", env=jwt)
    assert ran.failed(4)
    assert "keys.create" in ran.err


@pytest.mark.parametrize("ready", ["--admin", "--read-only", "--uploads-only"])
def test_a_key_is_told_whole_and_once(ask_here, ready):
    made = ask_here("keys", "create", f"made {ready}", ready, "--max-uses", "3", "--json").json
    [listed] = ask_here("keys", "list", "--name", f"made {ready}", "--json").json
    assert listed["key"] == made["pinata_api_key"]
    assert listed["max_uses"] == 3
    assert made["pinata_api_secret"] not in str(listed)


def test_a_key_that_may_do_nothing_is_not_made(ask_here):
    ran = ask_here("keys", "create", "idle")
    assert ran.failed(2)
    assert "--read-only" in ran.err


def test_a_revoked_key_is_refused(ask, ask_here):
    made = ask_here("keys", "create", "gone soon", "--admin", "--json").json
    key = made["pinata_api_key"]
    assert ask_here("keys", "revoke", key, "--dry-run", "-q").lines == [key]
    assert ask("keys", "revoke", key).failed(2)
    assert ask_here("keys", "revoke", key, "--yes").err == f"revoked {key}\n"
    assert ask("auth", "status", env={"PINATA_JWT": made["JWT"]}).failed(4)
    assert key in ask_here("keys", "list", "--revoked", "-q").lines
    assert key not in ask_here("keys", "list", "--active", "-q").lines

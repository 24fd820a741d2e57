"""``auth status``: which credential is used, and whether it is good."""

from __future__ import annotations

import pytest

from pinatakit import Permissions


@pytest.fixture
def secrets(served):
    return [served.about["jwt"], served.about["jwt"].rpartition(".")[2], served.about["api_secret"]]


def test_a_good_credential_is_told_and_not_shown(ask, served, secrets):
    ran = ask("auth", "status")
    assert (ran.code, ran.err) == (0, "")
    shown = dict(line.split(maxsplit=1) for line in ran.lines)
    assert shown["authenticated"] == "yes"
    assert shown["endpoint"] == shown["gateway"] == served.url
    assert not any(secret in ran.out for secret in secrets)


def test_as_json_it_is_one_object(ask, served, secrets):
    ran = ask("auth", "status", "--json", env={"PINATA_GATEWAY_URL": "https://you.mypinata.cloud/"})
    assert ran.out.count("\n") == 1
    assert ran.json["authenticated"] is True
    assert (ran.json["endpoint"], ran.json["gateway"]) == (served.url, "https://you.mypinata.cloud")
    assert not any(secret in ran.out for secret in secrets)


def test_on_the_local_pinata_everybody_is_known(run):
    ran = run("auth", "status", "--local", "--json")
    assert ran.code == 0
    assert ran.json["authenticated"] is True
    assert ran.json["endpoint"].startswith("http://127.0.0.1:")


def test_a_garbled_credential_is_refused_without_being_repeated(ask):
    ran = ask("auth", "status", env={"PINATA_JWT": "not.a.secret"})
    assert ran.failed(4)
    assert "HTTP 401" in ran.err
    assert "hint: check PINATA_JWT" in ran.err
    assert "not.a.secret" not in ran.err


def test_a_revoked_key_is_not_allowed(ask, served):
    key = served.client.keys.create("of the tests", Permissions.ADMIN)
    jwt = {"PINATA_JWT": key.JWT}
    assert ask("auth", "status", env=jwt).code == 0
    served.client.keys.revoke(key.pinata_api_key)
    ran = ask("auth", "status", env=jwt)
    assert ran.failed(4)
    assert jwt["PINATA_JWT"] not in ran.err


def test_auth_alone_shows_what_there_is(run):
    ran = run("auth")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: pinatakit auth")
    assert "error:" not in ran.err
    assert "status" in ran.err


def test_each_setting_tells_where_it_is_from(ask, served):
    ran = ask("auth", "status", "--json", env={"PINATA_TIMEOUT": "30"})
    assert ran.json["origins"] == {
        "credential": "PINATA_JWT",
        "endpoint_url": "PINATA_ENDPOINT_URL",
        "timeout": "PINATA_TIMEOUT",
    } | ({"gateway_url": "PINATA_GATEWAY_URL"} if "PINATA_GATEWAY_URL" in served.env else {})
    assert ran.json["profile"] == "default"
    assert "origins credential    PINATA_JWT" in ask("auth", "status").out


def test_a_credential_that_was_kept_is_used(run, home, served):
    endpoint = {"PINATA_ENDPOINT_URL": served.url}
    ran = run("auth", "login", "--profile", "work", input=served.about["jwt"].encode() + b"\n", env=endpoint)
    assert (ran.code, ran.out) == (0, "")
    assert served.about["jwt"] not in ran.err
    assert (home / ".config/pinatakit/config.toml").stat().st_mode & 0o077 == 0
    assert run("auth", "status", env=endpoint).failed(4)
    ran = run("auth", "status", "--json", env=endpoint | {"PINATA_PROFILE": "work"})
    assert ran.json["origins"]["credential"].endswith("[profiles.work]")


def test_a_credential_that_is_unknown_is_not_kept(run, home, served):
    ran = run("auth", "login", input=b"a.b.c", env={"PINATA_ENDPOINT_URL": served.url})
    assert ran.failed(4)
    assert not (home / ".config").exists()


def test_each_request_is_told_on_request(ask, served):
    for words, told in ((("-v",), {}), (("--verbose",), {"PINATA_DEBUG": "1"}), ((), {"PINATA_DEBUG": "1"})):
        ran = ask("auth", "status", *words, env=told)
        assert ran.code == 0
        assert ran.err.count(f"GET {served.url}/data/testAuthentication 200") == 1
        assert served.about["jwt"] not in ran.err


def login(run, served, profile, *options):
    endpoint = {"PINATA_ENDPOINT_URL": served.url}
    assert (
        run(
            "auth", "login", "--profile", profile, *options, input=served.about["jwt"].encode(), env=endpoint
        ).code
        == 0
    )


def test_the_profile_that_was_switched_to_is_used(run, here, served):
    login(run, served, "work", "--endpoint-url", served.url)
    login(run, served, "home")
    assert here("auth", "status").failed(4)
    ran = here("auth", "switch", "work")
    assert (ran.code, ran.out) == (0, "")
    assert here("auth", "status", "--json").json["profile"] == "work"
    here("auth", "switch", "home")
    assert here("auth", "status", "--profile", "work", "--json").json["endpoint"] == served.url
    ran = here("auth", "switch", "wrok")
    assert ran.failed(4)
    assert "there are work, home" in ran.err
    assert here("ls", "--profile", "wrok").failed(4)


def test_a_credential_that_was_forgotten_is_used_no_more(run, here, home, served):
    login(run, served, "work", "--endpoint-url", served.url, "--gateway-url", served.url)
    assert here("auth", "status", "--profile", "work").code == 0
    assert here("auth", "logout", "--profile", "work").code == 0
    kept = (home / ".config/pinatakit/config.toml").read_text()
    assert served.about["jwt"] not in kept
    assert served.url in kept
    assert here("auth", "status", "--profile", "work").failed(4)
    assert here("auth", "logout", "--profile", "work").failed(4)


def test_the_keyring_keeps_what_the_settings_then_do_not(run, home, served):
    """A real back end, which writes a file: keep, use, switch, forget."""
    pytest.importorskip("keyrings.alt")
    ring = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    jwt = served.about["jwt"].encode()
    for profile in ("home", "work"):
        options = ("--keyring", "--profile", profile, "--endpoint-url", served.url)
        ran = run("auth", "login", *options, input=jwt, env=ring)
        assert (ran.code, ran.err) == (0, f"kept in the keyring, profile {profile}\n")
    assert served.about["jwt"] not in (home / ".config/pinatakit/config.toml").read_text()
    assert run("auth", "switch", "work", env=ring).code == 0
    ran = run("auth", "status", "--json", env=ring)
    assert (ran.json["profile"], ran.json["origins"]["credential"]) == ("work", "keyring")
    assert run("ls", "--limit", "1", env=ring).code == 0
    ran = run("auth", "logout", env=ring)
    assert (ran.code, ran.err) == (0, "forgotten in the keyring\n")
    assert run("ls", env=ring).failed(4)
    assert run("auth", "logout", env=ring).failed(4)
    assert run("ls", "--limit", "1", "--profile", "home", env=ring).code == 0


def test_a_keyring_that_cannot_be_used_is_told(run, home, served):
    ring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    options = ("--keyring", "--endpoint-url", served.url)
    ran = run("auth", "login", *options, input=served.about["jwt"].encode(), env=ring)
    assert ran.failed(4)
    assert "the keyring cannot be used" in ran.err
    assert "hint: keep it in the file" in ran.err
    assert not (home / ".config/pinatakit/config.toml").exists()


def test_a_credential_that_is_still_found_is_told(run, here, served):
    login(run, served, "work", "--endpoint-url", served.url)
    ran = here("auth", "logout", "--profile", "work", env=served.env)
    assert "hint: a credential is still found in PINATA_JWT" in ran.err


def test_a_jwt_is_read_from_a_file(here, served, tmp_path):
    (tmp_path / "jwt.txt").write_text(f"{served.about['jwt']}\n")
    assert here("auth", "login", "--jwt-file", "jwt.txt", "--endpoint-url", served.url).code == 0
    assert here("auth", "status").code == 0


def test_profile_and_local_exclude_each_other(here):
    assert here("ls", "--local", "--profile", "work").failed(2)

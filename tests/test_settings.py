"""Settings: an argument beats the environment, the environment beats the default."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pinatakit import Pinata
from pinatakit.errors import SettingsError
from pinatakit.settings import Credential, Secret, Settings, state_folder

ENVIRONMENT = {
    "PINATA_JWT": "from-the-environment",
    "PINATA_ENDPOINT_URL": "http://endpoint.example",
    "PINATA_GATEWAY_URL": "https://gateway.example",
    "PINATA_GATEWAY_KEY": "gateway-key",
}


def test_without_a_word_pinata_itself_is_meant():
    settings = Settings.read(environment={})
    assert settings == Settings()
    assert [settings.base(host) for host in ("api", "uploads", "gateway")] == [
        "https://api.pinata.cloud",
        "https://uploads.pinata.cloud",
        "https://gateway.pinata.cloud",
    ]


def test_the_environment_is_read():
    settings = Settings.read(environment=ENVIRONMENT)
    assert settings.credential.headers() == {"authorization": "Bearer from-the-environment"}
    assert settings.base("api") == settings.base("uploads") == "http://endpoint.example"
    assert settings.base("gateway") == "https://gateway.example"
    assert settings.gateway_key == "gateway-key"
    assert "gateway-key" not in repr(settings)


def test_an_argument_beats_the_environment():
    settings = Settings.read(
        jwt="given", endpoint_url="http://e", gateway_url="http://g", environment=ENVIRONMENT
    )
    assert settings.credential.jwt == "given"
    assert (settings.endpoint_url, settings.gateway_url) == ("http://e", "http://g")


def test_a_client_reads_the_environment_of_the_process(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with Pinata() as pinata:
        assert pinata.settings == Settings.read(environment=ENVIRONMENT)


def test_an_endpoint_is_a_gateway_too_unless_one_is_named():
    settings = Settings.read(environment={"PINATA_ENDPOINT_URL": "http://127.0.0.1:5011"})
    assert settings.base("gateway") == "http://127.0.0.1:5011"


def test_a_slash_at_the_end_makes_no_difference():
    settings = Settings.read(endpoint_url="http://e/", gateway_url="http://g/below//", environment={})
    assert (settings.endpoint_url, settings.gateway_url) == ("http://e", "http://g/below")


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_an_empty_variable_is_none(name):
    assert Settings.read(environment={name: ""}) == Settings()


def test_white_space_around_a_jwt_in_the_environment_is_not_of_it():
    assert Settings.read(environment={"PINATA_JWT": " abc\n"}).credential.jwt == "abc"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:5011",
        "ftp://x",
        "http://",
        "//x",
        "x",
        "http://me@x",
        "http://x?a=b",
        "http://x#a",
        "http://[::1",
        "http://x:port",
        "http://x:99999",
    ],
)
@pytest.mark.parametrize("which", ["endpoint_url", "gateway_url"])
def test_what_is_no_address_is_refused(url, which):
    with pytest.raises(SettingsError, match="is not an address") as caught:
        Settings.read(**{which: url}, environment={})
    assert "http://127.0.0.1:5011" in caught.value.hint


@pytest.mark.parametrize("secret", ["hush hush", "hush\n", "hush\0", "hush ü"])
def test_a_secret_that_no_header_can_carry_is_refused_and_not_repeated(secret):
    for given in ({"jwt": secret}, {"api_key": "key", "api_secret": secret}):
        with pytest.raises(SettingsError, match="copy it again") as caught:
            Settings.read(**given, environment={})
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize("half", [{"api_key": "key"}, {"api_secret": "secret"}])
def test_half_a_key_pair_is_refused(half):
    with pytest.raises(SettingsError, match="an API key needs its secret"):
        Settings.read(**half, environment=ENVIRONMENT)


def test_a_key_pair_beats_a_jwt_in_the_environment():
    credential = Settings.read(api_key="key", api_secret="secret", environment=ENVIRONMENT).credential
    assert credential.headers() == {"pinata_api_key": "key", "pinata_secret_api_key": "secret"}


def test_without_credentials_it_is_said_what_to_do():
    with pytest.raises(SettingsError, match="no credentials") as caught:
        Credential().headers()
    assert "set PINATA_JWT" in caught.value.hint
    assert "pinatakit.local()" in caught.value.hint


def test_a_secret_is_not_shown():
    jwt = Settings.read(jwt="hush-jwt", environment={})
    pair = Settings.read(api_key="key", api_secret="hush-pair", environment={})
    for shown in (repr(jwt), str(jwt), f"{jwt}", repr(pair), f"{pair.credential!r}", repr([Secret("hush")])):
        assert "hush" not in shown
        assert "***" in shown
    assert Secret("hush") == "hush"


@pytest.mark.parametrize(
    "address", ["https://g.example/?pinataGatewayToken=SECRET", "http://user:SECRET@h", "http://:SECRET@h"]
)
def test_an_address_that_is_refused_is_not_repeated(address):
    with pytest.raises(SettingsError) as told:
        Settings.read(jwt="a.b.c", gateway_url=address, environment={})
    assert "SECRET" not in str(told.value)


def test_an_empty_credential_is_no_leave_to_use_another():
    with pytest.raises(SettingsError):
        Settings.read(jwt="", environment={"PINATA_JWT": "a.b.c"})


def jwt_of(user, secret):
    payload = base64.urlsafe_b64encode(
        json.dumps({"userInformation": {"id": user}, "secret": secret}).encode()
    )
    return Secret(f"e30.{payload.decode().rstrip('=')}.{secret}")


def test_an_account_is_the_user_whom_a_jwt_names_and_else_a_digest():
    assert Credential(jwt_of("user-1", "a")).account == "user-1"
    assert Credential(jwt_of("user-1", "b")).account == "user-1"
    others = [
        Credential(Secret("x")),
        Credential(Secret("a.b.c")),
        Credential(Secret("e30.e30.e30")),
        Credential(None, "key", Secret("secret")),
        Credential(None, "key", Secret("other")),
        Credential(),
    ]
    accounts = [other.account for other in others]
    assert len(set(accounts)) == len(others)
    assert all(len(account) == 64 for account in accounts)


def test_the_state_folder_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "pinatakit"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert state_folder().name == "pinatakit"
    assert state_folder().is_relative_to(Path.home())

"""Settings: an argument beats the environment, the environment beats the default."""

from __future__ import annotations

import base64
import json
import sys
import types
from pathlib import Path

import pytest

from pinatakit import Pinata, config
from pinatakit.client.login import log_in
from pinatakit.errors import InputError, SettingsError, Unauthorized
from pinatakit.settings import Credential, Secret, Settings, is_loopback, masked, state_folder

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


# The environment, all of it


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("PINATA_GATEWAY_KEY", "key", "gateway_key", "key"),
        ("GATEWAY_URL", "you.mypinata.cloud", "gateway_url", "https://you.mypinata.cloud"),
        ("GATEWAY_URL", "https://you.mypinata.cloud/", "gateway_url", "https://you.mypinata.cloud"),
        ("PINATA_API_HOST", "api.example", "api_url", "https://api.example"),
        ("PINATA_UPLOADS_HOST", "up.example", "uploads_url", "https://up.example"),
        ("IPFS_GATEWAY", "http://127.0.0.1:8080", "gateway_url", "http://127.0.0.1:8080"),
        ("PINATA_NETWORK", "private", "network", "private"),
        ("PINATA_TIMEOUT", "2.5", "timeout", 2.5),
        ("PINATA_MAX_RETRIES", "0", "attempts", 1),
        ("PINATA_RATE_LIMIT", "fiesta", "rate_limit", "fiesta"),
        *(("PINATA_OFFLINE", text, "offline", True) for text in ("1", "on", "YES", "true")),
        *(("PINATA_OFFLINE", text, "offline", False) for text in ("0", "off", "no", "false", "")),
        ("PINATA_DEBUG", "1", "debug", True),
    ],
)
def test_each_variable_says_what_it_is_documented_to_say(variable, text, name, value):
    assert getattr(Settings.read(environment={variable: text}), name) == value


@pytest.mark.parametrize("name", ["PINATA_API_SECRET", "PINATA_SECRET_API_KEY"])
def test_the_older_pair_is_read_under_both_names(name):
    settings = Settings.read(environment={"PINATA_API_KEY": "k", name: "s"})
    assert settings.credential.headers() == {"pinata_api_key": "k", "pinata_secret_api_key": "s"}
    both = Settings.read(environment={"PINATA_API_KEY": "k", name: "s", "PINATA_JWT": "j"})
    assert both.credential.headers() == {"authorization": "Bearer j"}


def test_half_a_pair_in_the_environment_is_refused():
    with pytest.raises(SettingsError, match=r"needs its secret.*\(PINATA_API_KEY\)"):
        Settings.read(environment={"PINATA_API_KEY": "k"})


@pytest.mark.parametrize(
    "environment",
    [
        {"PINATA_TIMEOUT": "soon"},
        {"PINATA_TIMEOUT": "0"},
        {"PINATA_TIMEOUT": "inf"},
        {"PINATA_MAX_RETRIES": "-1"},
        {"PINATA_MAX_RETRIES": "2.5"},
        {"PINATA_RATE_LIMIT": "gold"},
        {"PINATA_NETWORK": "both"},
        {"PINATA_OFFLINE": "maybe"},
    ],
)
def test_a_value_that_is_none_is_told_with_where_it_is_from(environment):
    (name,) = environment
    with pytest.raises(SettingsError, match=name):
        Settings.read(environment=environment)


def test_the_endpoint_takes_the_place_of_single_hosts():
    environment = {"PINATA_API_HOST": "api.example", "PINATA_ENDPOINT_URL": "http://127.0.0.1:1"}
    settings = Settings.read(environment=environment)
    assert settings.base("api") == settings.base("uploads") == "http://127.0.0.1:1"
    settings = Settings.read(environment={"PINATA_API_HOST": "api.example"})
    assert (settings.base("api"), settings.base("uploads")) == (
        "https://api.example",
        "https://uploads.pinata.cloud",
    )


# Files, and which of all places wins


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def write(home):
    """Write a file below the home, for its user alone."""

    def write(name, text, mode=0o600):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def read(home, tmp_path):
    """Settings as they are read in a project below `tmp_path`."""
    folder = tmp_path / "project" / "src"
    folder.mkdir(parents=True)

    def read(**given):
        environment = {"HOME": str(home)} | given.pop("environment", {})
        return Settings.read(environment=environment, folder=folder, **given)

    return read


CONFIG = ".config/pinatakit/config.toml"


def test_the_first_place_that_says_something_wins(read, write, tmp_path, monkeypatch):
    keyring = types.ModuleType("keyring")
    keyring.get_password = lambda service, profile: f"from-{service}-{profile}"
    keyring.errors = types.ModuleType("keyring.errors")
    keyring.errors.KeyringError = keyring.errors.NoKeyringError = RuntimeError
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", keyring.errors)

    def seen():
        settings = read()
        return settings.credential.jwt, settings.origins["credential"]

    assert seen() == ("from-pinatakit-default", "keyring")
    official = write(".pinata-files-cli", "from-the-official\n")
    assert seen() == ("from-the-official", str(official))
    own = write(CONFIG, '[profiles.default]\njwt = "from-the-user"\ntimeout = 5\n')
    assert seen() == ("from-the-user", f"{own} [profiles.default]")
    project = tmp_path / "project" / "pyproject.toml"
    project.write_text("[tool.pinatakit]\ntimeout = 6\n")
    assert (read().timeout, read().origins["timeout"]) == (6, str(project))
    settings = read(environment={"PINATA_JWT": "from-the-environment", "PINATA_TIMEOUT": "7"})
    assert (settings.credential.jwt, settings.timeout) == ("from-the-environment", 7)
    assert settings.origins == {"credential": "PINATA_JWT", "timeout": "PINATA_TIMEOUT"}
    settings = read(jwt="given", timeout=8, environment={"PINATA_JWT": "x", "PINATA_TIMEOUT": "7"})
    assert (settings.credential.jwt, settings.timeout) == ("given", 8)
    assert settings.origins == {"credential": "argument", "timeout": "argument"}


PROFILES = """profile = "home"

[profiles.home]
jwt = "at-home"

[profiles.work]
jwt = "at-work"
gateway_url = "https://work.mypinata.cloud"
gateway_key = "key-of-work"
"""


def test_a_profile_is_chosen_by_argument_environment_project_or_the_file_itself(read, write, tmp_path):
    write(CONFIG, PROFILES)
    assert (read().credential.jwt, read().profile) == ("at-home", "home")
    (tmp_path / "project" / "pyproject.toml").write_text('[tool.pinatakit]\nprofile = "work"\n')
    assert read().credential.jwt == "at-work"
    assert read(environment={"PINATA_PROFILE": "home"}).credential.jwt == "at-home"
    settings = read(profile="work", environment={"PINATA_PROFILE": "home"})
    assert (settings.gateway_url, settings.gateway_key) == ("https://work.mypinata.cloud", "key-of-work")


def test_a_profile_that_is_named_as_an_argument_beats_the_environment(read, write):
    write(CONFIG, PROFILES)
    environment = {"PINATA_JWT": "from-the-environment"}
    assert read(environment=environment).credential.jwt == "from-the-environment"
    assert read(profile="work", environment=environment).credential.jwt == "at-work"


def test_a_profile_that_is_not_there_is_told_with_those_that_are(read, write):
    write(CONFIG, PROFILES)
    with pytest.raises(SettingsError, match="no profile 'play'") as caught:
        read(profile="play")
    assert caught.value.hint == "there are home, work"


def test_the_file_can_be_elsewhere(read, write):
    elsewhere = write("elsewhere.toml", '[profiles.default]\njwt = "elsewhere"\n')
    assert read(environment={"PINATA_CONFIG": str(elsewhere)}).credential.jwt == "elsewhere"
    assert config.user_file({"XDG_CONFIG_HOME": "/c"}).as_posix() == "/c/pinatakit/config.toml"


@pytest.mark.parametrize("name", [CONFIG, ".pinata-files-cli"])
def test_a_secret_that_others_can_read_is_refused(read, write, name):
    text = '[profiles.default]\njwt = "hush"\n' if name == CONFIG else "hush"
    path = write(name, text, mode=0o644)
    with pytest.raises(SettingsError, match="others can read") as caught:
        read()
    assert f"chmod 600 {path}" in caught.value.hint
    assert "hush" not in str(caught.value)


def test_settings_without_secrets_may_be_read_by_others(read, write):
    write(CONFIG, "[profiles.default]\ntimeout = 9\n", mode=0o644)
    assert read().timeout == 9


@pytest.mark.parametrize("secret", sorted(config.SECRETS))
def test_a_project_may_hold_no_secret(read, tmp_path, secret):
    (tmp_path / "project" / "pyproject.toml").write_text(f'[tool.pinatakit]\n{secret} = "hush"\n')
    with pytest.raises(SettingsError, match=f"holds {secret}") as caught:
        read()
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", ["endpoint_url", "api_url", "uploads_url"])
def test_a_project_may_not_send_credentials_to_a_stranger(read, tmp_path, name):
    path = tmp_path / "project" / "pyproject.toml"
    path.write_text(f'[tool.pinatakit]\n{name} = "https://evil.example"\n')
    with pytest.raises(SettingsError, match="would have your credential sent"):
        read()
    for good in ("http://127.0.0.1:5011", "https://api.pinata.cloud"):
        path.write_text(f'[tool.pinatakit]\n{name} = "{good}"\n')
        assert getattr(read(), name) == good


def test_a_project_may_name_any_gateway_but_not_for_your_key(read, tmp_path):
    path = tmp_path / "project" / "pyproject.toml"
    path.write_text('[tool.pinatakit]\ngateway_url = "https://theirs.example"\n')
    assert read().gateway_url == "https://theirs.example"
    with pytest.raises(SettingsError, match="would have your credential sent"):
        read(gateway_key="key")
    assert read(gateway_key="key", gateway_url="https://mine.example").gateway_key == "key"


def test_a_file_that_says_something_unknown_is_told(read, write, tmp_path):
    write(CONFIG, '[profiles.default]\nendpoint = "http://x"\n')
    with pytest.raises(SettingsError, match="something unknown: endpoint") as caught:
        read()
    assert "endpoint_url" in caught.value.hint


@pytest.mark.parametrize("text", ["jwt = hush", "[profiles", "profiles = 3", "[profiles]\ndefault = 3"])
def test_a_file_that_cannot_be_read_is_told_without_what_it_holds(read, write, text):
    write(CONFIG, text)
    with pytest.raises(SettingsError, match=r"config.toml") as caught:
        read()
    assert "hush" not in str(caught.value)


def test_a_project_that_is_not_of_python_has_a_file_of_its_own(read, tmp_path):
    path = tmp_path / "project" / ".pinata.toml"
    path.write_text("timeout = 9\n")
    (tmp_path / "project" / "pyproject.toml").write_text("[tool.pinatakit]\ntimeout = 6\n")
    assert (read().timeout, read().origins["timeout"]) == (9, str(path))
    path.write_text('jwt = "hush"\n')
    with pytest.raises(SettingsError, match=r"\.pinata\.toml holds jwt"):
        read()
    path.write_text('endpoint_url = "https://evil.example"\n')
    with pytest.raises(SettingsError, match="would have your credential sent"):
        read()


def test_a_project_that_says_nothing_of_us_may_be_written_as_it_likes(read, tmp_path):
    (tmp_path / "project" / "pyproject.toml").write_text("this is no TOML")
    assert read() == Settings()


def test_in_a_folder_that_was_removed_there_is_no_project(home, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Settings.read(environment={"HOME": str(home)}) == Settings()


def test_a_folder_in_the_place_of_the_file_says_nothing(read, home):
    (home / CONFIG).mkdir(parents=True)
    assert read() == Settings()


def test_the_files_of_the_official_cli_are_read_and_left_alone(read, write, home):
    write(".pinata-files-cli", "jwt-of-the-cli\n")
    write(".pinata-files-cli-gateway", "you.mypinata.cloud")
    write(".pinata-files-cli-network", "private\n")
    before = {path: path.stat().st_mtime_ns for path in home.iterdir()}
    settings = read()
    assert settings.credential.jwt == "jwt-of-the-cli"
    assert (settings.gateway_url, settings.network) == ("https://you.mypinata.cloud", "private")
    assert {path: path.stat().st_mtime_ns for path in home.iterdir()} == before


def test_the_gateway_of_the_machine_comes_last(read, write):
    write(".ipfs/gateway", "http://127.0.0.1:8080\n")
    assert read().gateway_url == "http://127.0.0.1:8080"
    assert read(endpoint_url="http://127.0.0.1:1").gateway_url == "http://127.0.0.1:1"


def test_a_machine_without_a_keyring_has_no_credential_there(read, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keyring = pytest.importorskip("keyring")
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    assert read().credential == Credential()


# Keeping


def test_a_credential_is_kept_when_the_service_knows_it(server, home, monkeypatch):
    environment = {"HOME": str(home)}
    path = log_in(server.admin.jwt, endpoint_url=server.url, profile="local", environment=environment)
    assert path == home / CONFIG
    assert path.stat().st_mode & 0o777 == 0o600
    settings = Settings.read(profile="local", environment=environment, folder=home)
    assert (settings.credential.jwt, settings.endpoint_url) == (server.admin.jwt, server.url)


def test_a_credential_that_nobody_knows_is_not_kept(server, home):
    with pytest.raises(Unauthorized):
        log_in("a.b.c", endpoint_url=server.url, environment={"HOME": str(home)})
    with pytest.raises(SettingsError):
        log_in(endpoint_url=server.url, environment={"HOME": str(home)})
    assert list(home.iterdir()) == []


def test_what_else_is_in_the_file_stays_as_it_is(home):
    path = home / "config.toml"
    before = '# mine\nprofile = "work"\n\n[profiles.work]\n# of 2025\napi_key = "k"\napi_secret = "s"\ntimeout = 5\n\n[profiles.other]\njwt = "o"\n'
    path.write_text(before)
    config.keep(path, "work", {"jwt": "new", "api_key": None, "api_secret": None})
    assert path.read_text() == (
        '# mine\nprofile = "work"\n\n[profiles.work]\njwt = "new"\n# of 2025\ntimeout = 5\n\n[profiles.other]\njwt = "o"\n'
    )
    config.keep(path, "third", {"jwt": 'quo"te\\'})
    _, profiles = config.read_user(path)
    assert profiles["third"] == {"jwt": 'quo"te\\'}
    assert [entry.name for entry in home.iterdir()] == ["config.toml"]


def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone(home):
    path = home / "config.toml"
    path.write_text('[profiles]\nwork = { jwt = "old" }\n')
    with pytest.raises(SettingsError, match="cannot be changed here"):
        config.keep(path, "work", {"jwt": "new"})
    assert path.read_text() == '[profiles]\nwork = { jwt = "old" }\n'
    with pytest.raises(SettingsError, match="is not called"):
        config.keep(path, "a b", {"jwt": "new"})


# What is not shown, and what is of this machine


def test_the_public_half_of_a_key_is_read_out_of_its_jwt():
    payload = (
        base64.urlsafe_b64encode(json.dumps({"scopedKeyKey": "5d2ae9c1f0b34a7788aa"}).encode())
        .rstrip(b"=")
        .decode()
    )
    assert Credential(Secret(f"x.{payload}.y")).public_key == "5d2ae9c1f0b34a7788aa"
    assert Credential(None, "public", Secret("s")).public_key == "public"
    for garbled in ("a.b.c", "a", "a.e30.c", "x.YWJj.y"):
        assert Credential(Secret(garbled)).public_key is None


def test_what_looks_like_a_secret_is_masked():
    assert masked("to eyJhbGciOi.eyJzY29w-_.c2ln and") == "to *** and"
    assert masked("secret " + "0a" * 32) == "secret ***"
    assert masked("f01551220" + "0a" * 32) == "f01551220" + "0a" * 32  # a CID in base 16


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:5011", True),
        ("http://127.1.2.3", True),
        ("http://localhost", True),
        ("http://x.localhost:1", True),
        ("http://[::1]:1", True),
        ("http://127.0.0.1.evil.example", False),
        ("https://api.pinata.cloud", False),
    ],
)
def test_what_is_of_this_machine_is_known(url, here):
    assert is_loopback(url) is here


# The network that the settings name


def test_what_is_uploaded_goes_to_the_network_of_the_settings(server, monkeypatch):
    monkeypatch.setenv("PINATA_NETWORK", "private")
    with Pinata(server.admin.jwt, endpoint_url=server.url) as pinata:
        upload = pinata.upload(b"mine alone")
        assert upload.network == "private"
        assert [file.id for file in pinata.files.list()] == [upload.id]
        assert list(pinata.files.list(network="public")) == []
        json = pinata.upload_json({})
        assert json.network == "private"
        with pytest.raises(InputError, match="the settings say private"):
            pinata.upload_files([], name="x")
        assert {file.id for file in pinata.files.list()} == {upload.id, json.id}
        pinata.files.delete(upload.id)
        pinata.files.delete(json.id)

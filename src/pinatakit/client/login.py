"""Log in: a credential is kept when the service knows it, and not before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pinatakit import config
from pinatakit.client._now import run_now
from pinatakit.client._wire import Blocking
from pinatakit.errors import SettingsError
from pinatakit.protocol import account
from pinatakit.settings import Settings, forget_in_keyring, keep_in_keyring


def log_in(
    jwt: str | None = None,
    *,
    api_key: str | None = None,
    api_secret: str | None = None,
    endpoint_url: str | None = None,
    gateway_url: str | None = None,
    gateway_key: str | None = None,
    profile: str = "default",
    keyring: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Ask the service whether it knows the credential, then keep it; gives the file it is kept in.

    Only what is given is kept, in the profile of that name, which is made or changed. The file is
    the user's own (`pinatakit.config.user_file`), and readable by them alone. With `keyring` the JWT
    is kept in the system's keyring, and all else in the file.

    Raises:
        Unauthorized: the service does not know it; nothing was kept. So with every other error.
        SettingsError: the file cannot be changed.
    """
    environment = os.environ if environment is None else environment
    values = {
        "jwt": jwt,
        "api_key": api_key,
        "api_secret": api_secret,
        "endpoint_url": endpoint_url,
        "gateway_url": gateway_url,
        "gateway_key": gateway_key,
    }
    # Read without the profile, which may hold a credential that is no longer good.
    settings = Settings.read(
        jwt=jwt,
        api_key=api_key,
        api_secret=api_secret,
        endpoint_url=endpoint_url,
        gateway_url=gateway_url,
        gateway_key=gateway_key,
        environment={name: text for name, text in environment.items() if name != "PINATA_PROFILE"},
    )
    wire = Blocking(settings)
    try:
        settings.credential.headers()
        run_now(wire.send(account.test()))
    finally:
        wire.close()
    if keyring and jwt:
        keep_in_keyring(profile, jwt)
        values["jwt"] = None
    path = config.user_file(environment)
    replaced = ("jwt", "api_key", "api_secret")  # a JWT and a pair are not kept beside each other
    config.keep(
        path,
        profile,
        {name: value for name, value in values.items() if value is not None or name in replaced},
    )
    return path


def log_out(profile: str | None = None, *, environment: Mapping[str, str] | None = None) -> list[str]:
    """Forget the secrets of a profile, else of the one that is used; gives where they were.

    Raises:
        SettingsError: it holds none.
    """
    environment = os.environ if environment is None else environment
    profile = profile or Settings.read(environment=environment).profile
    path = config.user_file(environment)
    _, profiles = config.read_user(path)
    places = ["the keyring"] if forget_in_keyring(profile) else []
    if config.SECRETS & profiles.get(profile, {}).keys():
        config.keep(path, profile, dict.fromkeys(sorted(config.SECRETS)))
        places.append(str(path))
    if not places:
        raise SettingsError(f"the profile {profile!r} in {path} holds no credential")
    return places

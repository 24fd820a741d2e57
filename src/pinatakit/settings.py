"""Settings: who you are and where Pinata is. The only reader of the environment.

An argument beats the environment, the environment beats the default.

    PINATA_JWT            the credential
    PINATA_ENDPOINT_URL   one address for everything: a local Pinata
    PINATA_GATEWAY_URL    where content is read, such as https://you.mypinata.cloud; several, with
                          commas between them, stand in for each other
    PINATA_GATEWAY_KEY    an access token of that gateway, of several the first, where it wants one
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pinatakit.errors import SettingsError
from pinatakit.protocol import Host
from pinatakit.protocol.keys import public_key

_HOSTS: Final[dict[Host, str]] = {
    "signed": "",
    "api": "https://api.pinata.cloud",
    "uploads": "https://uploads.pinata.cloud",
    "gateway": "https://gateway.pinata.cloud",
    "psa": "https://api.pinata.cloud/psa",
    "x402": "https://402.pinata.cloud",
    "mpp": "https://mpp.pinata.cloud",
}

_TOKEN: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[\w.:%-]+")

NO_CREDENTIALS_HINT: Final = (
    "make a key at app.pinata.cloud under API Keys and set PINATA_JWT, "
    "or work without an account: pinatakit.local(), on the command line --local"
)


class Secret(str):
    """Text that does not show itself: its repr is stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


@dataclass(frozen=True, slots=True)
class Credential:
    """A JWT, or the older pair of API key and secret.

    The pair is for the older API alone; v3 wants a JWT.
    """

    jwt: Secret | None = None
    api_key: str | None = None
    api_secret: Secret | None = None

    @property
    def public_key(self) -> str | None:
        """The half of the key that is no secret; of a JWT, the one inside."""
        return self.api_key or (public_key(self.jwt) if self.jwt else None)

    def headers(self) -> dict[str, str]:
        """What says who asks.

        Raises:
            SettingsError: there is neither.
        """
        if self.jwt:
            return {"authorization": f"Bearer {self.jwt}"}
        if self.api_key and self.api_secret:
            return {"pinata_api_key": self.api_key, "pinata_secret_api_key": str(self.api_secret)}
        raise SettingsError("there are no credentials for Pinata", hint=NO_CREDENTIALS_HINT)

    @property
    def account(self) -> str:
        """What tells accounts apart and is no secret: the user whom a JWT names, else a digest."""
        try:
            _, payload, _ = (self.jwt or "").split(".")
            return str(json.loads(base64.urlsafe_b64decode(payload + "=="))["userInformation"]["id"])
        except (ValueError, KeyError, TypeError):
            secret = f"{self.jwt or ''} {self.api_key or ''} {self.api_secret or ''}"
            return hashlib.sha256(f"pinatakit account {secret}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a client has to be told.

    Attributes:
        endpoint_url: the address that takes the place of all of Pinata's, if any.
        gateway_urls: where content is read; the first is asked first, the others stand in for it.
        psa_url: where the pinning service API is spoken; Pinata's own unless it is another service.
        gateway_key: an access token of the first gateway, which no other is told.
        timeout: seconds of silence after which a request is given up; a transfer that
            moves is never too long.
        attempts: how often a request is sent at most, the first time included.
    """

    credential: Credential = field(default_factory=Credential)
    endpoint_url: str | None = None
    gateway_urls: tuple[str, ...] = (_HOSTS["gateway"],)
    timeout: float = 60.0
    attempts: int = 4
    gateway_key: Secret | None = None
    psa_url: str | None = None

    @classmethod
    def of_pinning_service(cls, endpoint: str, token: str, *, timeout: float, attempts: int) -> Settings:
        """What a client of a pinning service other than Pinata has to be told.

        Raises:
            SettingsError: the endpoint is no address, or the token none.
        """
        settings = cls.read(jwt=token, timeout=timeout, attempts=attempts, environment={})
        return replace(settings, psa_url=_address(endpoint, "the endpoint of the pinning service"))

    @classmethod
    def read(
        cls,
        *,
        jwt: str | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        endpoint_url: str | None = None,
        gateway_url: str | Sequence[str] | None = None,
        gateway_key: str | None = None,
        timeout: float = 60.0,
        attempts: int = 4,
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """Arguments, filled up from the environment.

        Raises:
            SettingsError: an address is none, or half a key pair is missing.
        """
        environment = os.environ if environment is None else environment
        if (api_key is None) != (api_secret is None):
            raise SettingsError("an API key needs its secret, and a secret its key")
        if attempts < 1:
            raise SettingsError(f"attempts is at least 1, not {attempts}")
        if jwt is None and api_key is None:
            jwt = environment.get("PINATA_JWT", "").strip() or None
        if jwt == "":
            raise SettingsError("the JWT is empty", hint=NO_CREDENTIALS_HINT)
        gateway_key = gateway_key or environment.get("PINATA_GATEWAY_KEY", "").strip() or None
        secrets = (
            (jwt, "the JWT"),
            (api_key, "the API key"),
            (api_secret, "the API secret"),
            (gateway_key, "the gateway's key"),
        )
        for value, what in secrets:
            if value is not None and not _TOKEN.fullmatch(value):
                raise SettingsError(  # and not a letter of it is repeated
                    f"{what} has a space, a line break or a letter in it that no credential has",
                    hint="copy it again, as one line",
                )
        endpoint = _address(endpoint_url or environment.get("PINATA_ENDPOINT_URL"), "the endpoint")
        named = gateway_url or environment.get("PINATA_GATEWAY_URL", "").split(",")
        named = [named] if isinstance(named, str) else named
        gateways = [url for text in named if (url := _address(text.strip(), "the gateway"))]
        return cls(
            Credential(Secret(jwt) if jwt else None, api_key, Secret(api_secret) if api_secret else None),
            endpoint,
            tuple(dict.fromkeys(gateways)) or (endpoint or _HOSTS["gateway"],),
            timeout,
            attempts,
            Secret(gateway_key) if gateway_key else None,
        )

    @property
    def gateway_url(self) -> str:
        """The gateway that is asked first."""
        return self.gateway_urls[0]

    def base(self, host: Host) -> str:
        """Where calls to this host go; no slash at the end."""
        if host == "signed":
            return ""
        if host == "gateway":
            return self.gateway_url
        if host == "psa":
            return self.psa_url or (f"{self.endpoint_url}/psa" if self.endpoint_url else _HOSTS["psa"])
        return self.endpoint_url or _HOSTS[host]


def state_folder() -> Path:
    """Where the user's programs remember what they were about."""
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "pinatakit"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "pinatakit"
    return Path.home() / ".local" / "state" / "pinatakit"


def _address(text: str | None, what: str) -> str | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        good = (
            parts.scheme in ("http", "https")
            and parts.port != 0
            and _HOST.fullmatch(parts.hostname or "") is not None
            and not (parts.username or parts.password or parts.query or parts.fragment)
        )
    except ValueError:
        good = False
    if not good:
        raise SettingsError(  # the text may hold a password or a token, so it is not repeated
            f"{what} is not an address, or has more in it than one",
            hint="write it like http://127.0.0.1:5011, without user, password, query or fragment",
        )
    return text.rstrip("/")

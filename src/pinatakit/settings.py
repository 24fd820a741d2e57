"""Settings: who you are and where Pinata is. The only reader of the environment.

The first that says something wins: an argument, the environment, the project's
``pyproject.toml`` or ``.pinata.toml``, the user's own file, the official CLI's files, the keyring, the default.
A profile that is named as an argument comes before the environment. `Settings.origins` tells
where each value is from.

    PINATA_JWT                  the credential
    PINATA_API_KEY              or the older pair, with PINATA_API_SECRET
                                (or PINATA_SECRET_API_KEY)
    PINATA_ENDPOINT_URL         one address for everything: a local Pinata
    PINATA_API_HOST             the API's host alone, PINATA_UPLOADS_HOST that of uploads
    PINATA_GATEWAY_URL          where content is read, such as https://you.mypinata.cloud
                                (or GATEWAY_URL, and last of all IPFS_GATEWAY); several, with
                                commas between them, stand in for each other
    PINATA_GATEWAY_KEY          an access token of that gateway, of several the first
    PINATA_NETWORK              public or private
    PINATA_PROFILE              which profile of the user's file; PINATA_CONFIG is that file
    PINATA_TIMEOUT              seconds of silence after which a request is given up
    PINATA_MAX_RETRIES          how often a request is sent again at most
    PINATA_RATE_LIMIT           the plan's name, requests a minute, or none
    PINATA_OFFLINE              1, on, yes or true: nothing is asked but this machine
    PINATA_DEBUG                the command line then tells each request
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from pinatakit import config
from pinatakit.errors import InputError, SettingsError
from pinatakit.protocol import Host, Network
from pinatakit.protocol.limits import read_rate

_HOSTS: Final[dict[Host, str]] = {
    "signed": "",
    "web": "",
    "api": "https://api.pinata.cloud",
    "uploads": "https://uploads.pinata.cloud",
    "gateway": "https://gateway.pinata.cloud",
    "psa": "https://api.pinata.cloud/psa",
    "x402": "https://402.pinata.cloud",
    "mpp": "https://mpp.pinata.cloud",
}

_VARIABLES: Final = {
    "jwt": ("PINATA_JWT",),
    "api_key": ("PINATA_API_KEY",),
    "api_secret": ("PINATA_API_SECRET", "PINATA_SECRET_API_KEY"),
    "endpoint_url": ("PINATA_ENDPOINT_URL",),
    "api_url": ("PINATA_API_HOST",),
    "uploads_url": ("PINATA_UPLOADS_HOST",),
    "gateway_url": ("PINATA_GATEWAY_URL", "GATEWAY_URL"),
    "gateway_key": ("PINATA_GATEWAY_KEY",),
    "network": ("PINATA_NETWORK",),
    "profile": ("PINATA_PROFILE",),
    "timeout": ("PINATA_TIMEOUT",),
    "max_retries": ("PINATA_MAX_RETRIES",),
    "rate_limit": ("PINATA_RATE_LIMIT",),
    "offline": ("PINATA_OFFLINE",),
    "debug": ("PINATA_DEBUG",),
}
"""What each variable says; of several for one thing, the first that is set."""

_HOST_ALONE: Final = ("PINATA_API_HOST", "PINATA_UPLOADS_HOST", "GATEWAY_URL")  # written without https://

_TOKEN: Final = re.compile(r"[!-~]+")
_HOST: Final = re.compile(r"[\w.:%-]+")
_JWT_OR_SECRET: Final = re.compile(r"eyJ[\w-]*\.[\w-]+\.[\w-]+|\b[0-9a-f]{64}\b")

NO_CREDENTIALS_HINT: Final = (
    "make a key at app.pinata.cloud under API Keys and set PINATA_JWT, or keep it with `pinatakit auth login`; "
    "or work without an account: pinatakit.local(), on the command line --local"
)


class Secret(str):
    """Text that does not show itself: its repr is stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Credential(msgspec.Struct, frozen=True):
    """A JWT, or the older pair of API key and secret.

    The pair is for the older API alone; v3 wants a JWT.
    """

    jwt: Secret | None = None
    api_key: str | None = None
    api_secret: Secret | None = None

    @property
    def public_key(self) -> str | None:
        """The half of the key that is no secret; of a JWT, the one inside."""
        from pinatakit.protocol.keys import public_key  # noqa: PLC0415  (a refusal alone names it)

        if not self.jwt:
            return self.api_key
        return public_key(self.jwt) if "." in self.jwt else None  # else it may be a secret

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
        endpoint_url: the address that takes the place of all of Pinata's, if any; `api_url`
            and `uploads_url` those of one of its hosts.
        gateway_urls: where content is read; the first is asked first, the others stand in for it.
        psa_url: where the pinning service API is spoken; Pinata's own unless it is another service.
        gateway_key: an access token of the first gateway, which no other is told.
        network: the one that an operation means where it is not told.
        timeout: seconds of silence after which a request is given up; a transfer that
            moves is never too long.
        min_speed: bytes a second below which, for `timeout` seconds, a transfer does not move.
        attempts: how often a request is sent at most, the first time included.
        rate_limit: the plan's name, or requests a minute; `None` is learned from answers.
        offline: nothing is asked but this machine.
        profile: the profile of the user's settings that was read.
        origins: where each value is from that is not the default.
    """

    credential: Credential = field(default_factory=Credential)
    endpoint_url: str | None = None
    gateway_urls: tuple[str, ...] = (_HOSTS["gateway"],)
    timeout: float = 60.0
    attempts: int = 4
    api_url: str | None = None
    uploads_url: str | None = None
    gateway_key: Secret | None = None
    network: Network = "public"
    min_speed: float = 1024.0
    rate_limit: str | int | None = None
    offline: bool = False
    debug: bool = False
    profile: str = field(default="default", compare=False)
    origins: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    psa_url: str | None = None

    @classmethod
    def of_pinning_service(cls, endpoint: str, token: str, *, timeout: float, attempts: int) -> Settings:
        """What a client of a pinning service other than Pinata has to be told.

        Raises:
            SettingsError: the endpoint is no address, or the token none.
        """
        return cls(
            Credential(_secret(token, "the token")),
            timeout=timeout,
            attempts=attempts,
            psa_url=_address(endpoint, "the endpoint of the pinning service"),
        )

    @classmethod
    def of_local(cls, *, url: str, jwt: str) -> Settings:
        """What a client of a local Pinata is told: what the user has set is for Pinata, not for this one.

        PINATA_OFFLINE alone counts, for an upload may name an address of the web.

        Raises:
            SettingsError: PINATA_OFFLINE is neither on nor off.
        """
        offline = _switch("offline", os.environ.get("PINATA_OFFLINE"), "PINATA_OFFLINE")
        return cls(Credential(Secret(jwt)), url, (url,), offline=offline)

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
        profile: str | None = None,
        timeout: float | None = None,
        attempts: int | None = None,
        rate_limit: str | int | None = None,
        min_speed: float | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Settings:
        """Arguments, filled up from everything else that says something.

        `folder` is where the search for the project's file begins: the current one.

        Raises:
            SettingsError: a value is none, half a key pair is missing, a file holds what it
                may not, or there is no such profile.
        """
        if (api_key is None) != (api_secret is None):
            raise SettingsError("an API key needs its secret, and a secret its key")
        if attempts is not None and attempts < 1:
            raise SettingsError(f"attempts is at least 1, not {attempts}")
        if jwt == "":
            raise SettingsError("the JWT is empty", hint=NO_CREDENTIALS_HINT)
        arguments: dict[str, Any] = {
            "jwt": jwt,
            "api_key": api_key,
            "api_secret": api_secret,
            "endpoint_url": endpoint_url or None,
            "gateway_url": gateway_url or None,
            "gateway_key": gateway_key,
            "timeout": timeout,
            "max_retries": None if attempts is None else attempts - 1,
            "rate_limit": rate_limit,
            "min_speed": min_speed,
        }
        environment = os.environ if environment is None else environment
        found = _Found(arguments, profile, environment, folder)
        credential = found.credential()
        endpoint = found.address("endpoint_url")
        gateways = found.addresses("gateway_url") or (endpoint or found.ipfs_gateway() or _HOSTS["gateway"],)
        key = found.secret("gateway_key")
        settings = cls(
            credential,
            endpoint,
            gateways,
            found.number("timeout", cls().timeout, least=0.001),
            1 + found.count("max_retries", cls().attempts - 1),
            found.address("api_url"),
            found.address("uploads_url"),
            key,
            found.network(),
            found.number("min_speed", cls().min_speed, least=0),
            found.rate(),
            found.switch("offline"),
            found.switch("debug"),
            found.profile,
            found.origins,
        )
        found.check_project(key)
        return settings

    @property
    def gateway_url(self) -> str:
        """The gateway that is asked first."""
        return self.gateway_urls[0]

    def base(self, host: Host) -> str:
        """Where calls to this host go; no slash at the end."""
        if host in ("signed", "web"):
            return ""
        if host == "gateway":
            return self.gateway_url
        if host == "psa":
            return self.psa_url or (f"{self.endpoint_url}/psa" if self.endpoint_url else _HOSTS["psa"])
        own = {"api": self.api_url, "uploads": self.uploads_url}.get(host)
        return self.endpoint_url or own or _HOSTS[host]


class _Found:
    """What each place says, the strongest first; every value that is taken leaves its origin."""

    def __init__(
        self,
        arguments: Mapping[str, Any],
        profile: str | None,
        environment: Mapping[str, str],
        folder: Path | None,
    ) -> None:
        self.origins: dict[str, str] = {}
        self._environment = environment
        set_here = {
            name: (variable, text)
            for name, variables in _VARIABLES.items()
            for variable in reversed(variables)
            if (text := environment.get(variable, "").strip())
        }
        project = config.read_project(folder or _current_folder())
        path = config.user_file(environment)
        chosen, profiles = config.read_user(path)
        named = profile or set_here.get("profile", ("", ""))[1] or (project and project[1].get("profile"))
        self.profile = str(named or chosen or "default")
        if self.profile not in profiles and (named or chosen):
            raise SettingsError(
                f"there is no profile {self.profile!r} in {path}",
                hint=f"there are {', '.join(profiles)}" if profiles else "pinatakit auth login makes one",
            )
        self._project = {} if project is None else project[1]
        self._project_origin = "" if project is None else str(project[0])
        user = self._all(profiles.get(self.profile, {}), f"{path} [profiles.{self.profile}]")
        self._places = [
            self._all(arguments, "argument"),
            *([user] if profile else []),
            set_here,
            self._all(self._project, self._project_origin),
            *([] if profile else [user]),
        ]
        official, said = config.read_official(environment)
        self._places.append({name: (_official(official, name), value) for name, value in said.items()})

    @staticmethod
    def _all(values: Mapping[str, Any], origin: str) -> dict[str, tuple[str, Any]]:
        return {name: (origin, value) for name, value in values.items() if value is not None}

    def _take(self, name: str) -> Any:
        for place in self._places:
            if name in place:
                self.origins[name], value = place[name]
                return value
        return None

    def credential(self) -> Credential:
        """That of the first place that has any; a JWT where a place has both."""
        for place in self._places:
            if "jwt" in place:
                self.origins["credential"], jwt = place["jwt"]
                return Credential(_secret(jwt, "the JWT"))
            if "api_key" in place or "api_secret" in place:
                if "api_key" not in place or "api_secret" not in place:
                    (origin, _), *_rest = (place[n] for n in ("api_key", "api_secret") if n in place)
                    raise SettingsError(f"an API key needs its secret, and a secret its key ({origin})")
                self.origins["credential"], key = place["api_key"]
                secret = _secret(place["api_secret"][1], "the API secret")
                return Credential(None, str(_secret(key, "the API key")), secret)
        jwt = _from_keyring(self.profile)
        if jwt is None:
            return Credential()
        self.origins["credential"] = "keyring"
        return Credential(_secret(jwt, "the JWT"))

    def secret(self, name: str) -> Secret | None:
        value = self._take(name)
        return None if value is None else _secret(value, "the gateway's key")

    def address(self, name: str) -> str | None:
        return self._address(name, self._take(name))

    def addresses(self, name: str) -> tuple[str, ...]:
        """Several, where there are: with commas between them, or as a list."""
        value = self._take(name)
        each = value.split(",") if isinstance(value, str) else value or ()
        found = [url for text in each if (url := self._address(name, str(text).strip()))]
        return tuple(dict.fromkeys(found))

    def _address(self, name: str, value: Any) -> str | None:
        what = {"endpoint_url": "the endpoint", "gateway_url": "the gateway"}.get(name, name)
        alone = self.origins.get(name) in _HOST_ALONE or ".pinata-files-cli" in self.origins.get(name, "")
        return _address(f"https://{value}" if value and alone and "://" not in value else value, what)

    def ipfs_gateway(self) -> str | None:
        found = _address(config.read_ipfs_gateway(self._environment), "the IPFS gateway")
        if found:
            self.origins["gateway_url"] = (
                "IPFS_GATEWAY" if self._environment.get("IPFS_GATEWAY") else "~/.ipfs/gateway"
            )
        return found

    def number(self, name: str, default: float, *, least: float) -> float:
        value = self._take(name)
        try:
            number = default if value is None else float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not least <= number < float("inf"):
            raise SettingsError(
                f"{name} is a number of {least:g} or more, not {value!r} ({self.origins[name]})"
            )
        return number

    def count(self, name: str, default: int) -> int:
        number = self.number(name, default, least=0)
        if number != int(number):
            raise SettingsError(f"{name} is a whole number, not {number:g} ({self.origins[name]})")
        return int(number)

    def network(self) -> Network:
        value = self._take("network")
        if value not in (None, "public", "private"):
            raise SettingsError(f"network is public or private, not {value!r} ({self.origins['network']})")
        return "private" if value == "private" else "public"

    def rate(self) -> str | int | None:
        value: str | int | None = self._take("rate_limit")
        try:
            if value is not None:
                read_rate(value)
        except InputError as error:
            raise SettingsError(f"{error.message} ({self.origins['rate_limit']})", hint=error.hint) from None
        return value

    def switch(self, name: str) -> bool:
        return _switch(name, self._take(name), self.origins.get(name))

    def check_project(self, key: Secret | None) -> None:
        """A project's file comes with the project: it may not send credentials to a stranger.

        Raises:
            SettingsError: it would.
        """
        names = ["endpoint_url", "api_url", "uploads_url", *(["gateway_url"] if key else [])]
        named = [self._project[name] for name in names if self.origins.get(name) == self._project_origin]
        for url in (url.strip() for text in named for url in str(text).split(",")):
            if not is_loopback(url) and not _is_pinatas(url):
                raise SettingsError(
                    f"{self._project_origin} would have your credential sent to an address "
                    "that is neither Pinata's nor of this machine",
                    hint="if you mean it, say so yourself: PINATA_ENDPOINT_URL, PINATA_GATEWAY_URL",
                )


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed under us, so it belongs to no project
        return Path("/")


def _official(path: Path, name: str) -> str:
    return str(path) + {"jwt": "", "gateway_url": "-gateway", "network": "-network"}[name]


def _from_keyring(profile: str) -> str | None:
    """The JWT in the system's keyring, where the package keyring is installed and there is one."""
    try:
        import keyring  # noqa: PLC0415  (an extra)
        from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return keyring.get_password("pinatakit", profile)
    except NoKeyringError:
        return None
    except KeyringError as error:
        raise SettingsError(
            f"the keyring cannot be read: {error}", hint="unlock it, or set PINATA_JWT"
        ) from error


def keep_in_keyring(profile: str, jwt: str) -> None:
    """Put a JWT into the system's keyring.

    Raises:
        SettingsError: there is none, or it cannot be opened.
    """
    try:
        import keyring  # noqa: PLC0415  (an extra)
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "the package keyring is not installed", hint='pip install "pinatakit[keyring]"'
        ) from None
    try:
        keyring.set_password("pinatakit", profile, jwt)
    except KeyringError as error:
        raise SettingsError(f"the keyring cannot be used: {error}", hint="keep it in the file") from error


def forget_in_keyring(profile: str) -> bool:
    """Take the JWT of a profile out of the system's keyring; whether one was there."""
    if _from_keyring(profile) is None:
        return False
    import keyring  # noqa: PLC0415  (an extra)

    keyring.delete_password("pinatakit", profile)
    return True


def _switch(name: str, value: object, origin: str | None) -> bool:
    text = str(value or "").strip().lower()
    if text not in ("", "1", "on", "yes", "true", "0", "off", "no", "false"):
        raise SettingsError(f"{name} is on or off, not {text!r} ({origin})")
    return text in ("1", "on", "yes", "true")


def _secret(value: object, what: str) -> Secret:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise SettingsError(  # and not a letter of it is repeated
            f"{what} has a space, a line break or a letter in it that no credential has",
            hint="copy it again, as one line",
        )
    return Secret(value)


def masked(text: str) -> str:
    """Text without what looks like a JWT or a secret."""
    return _JWT_OR_SECRET.sub("***", text)


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine."""
    host = (urlsplit(url).hostname or "").lower()
    return (
        host in ("localhost", "::1")
        or host.endswith(".localhost")
        or bool(re.fullmatch(r"127(\.\d+){3}", host))
    )


def _is_pinatas(url: str) -> bool:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return parts.scheme == "https" and host.endswith((".pinata.cloud", ".mypinata.cloud"))


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

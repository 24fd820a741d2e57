"""``env``: what a report of a mistake should tell."""

from __future__ import annotations

import os
import platform
import sys

import click

from pinatakit.cli._common import Output, output_options

_LIBRARIES = ("anyio", "click", "httpx2", "msgspec", "starlette", "uvicorn")


@click.command()
@click.option("--profile", "profile", metavar="NAME", help="Tell of this profile.")
@output_options
def env(out: Output, profile: str | None) -> None:
    """Show versions, settings and where they are from, for a report. Secrets are masked.

    \b
    Examples:
      pinatakit env
      pinatakit env --json
    """
    from pinatakit import __version__
    from pinatakit.config import user_file
    from pinatakit.datafolder import default_folder

    told = {
        "pinatakit": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "executable": sys.executable,
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "settings_file": str(user_file(os.environ)),
        "data_folder": str(default_folder()),
        "settings": _settings(profile),
        "environment": {name: _masked(name) for name in sorted(os.environ) if _told(name)},
    }
    out.one(told, " ".join(told))


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _told(name: str) -> bool:
    return name.startswith("PINATA_") or name in (
        "GATEWAY_URL",
        "IPFS_GATEWAY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
    )


def _masked(name: str) -> str:
    """A variable's value; of what is or may hold a secret only that it is set."""
    open_names = ("PROFILE", "CONFIG", "NETWORK", "TIMEOUT", "MAX_RETRIES", "RATE_LIMIT", "OFFLINE", "DEBUG")
    return os.environ[name] if name.removeprefix("PINATA_") in open_names else "***"


def _settings(profile: str | None) -> dict[str, object]:
    from pinatakit.errors import SettingsError
    from pinatakit.settings import Settings

    try:
        read = Settings.read(profile=profile)
    except SettingsError as error:
        return {"error": error.message}
    return {
        "profile": read.profile,
        "endpoint": read.base("api"),
        "gateways": list(read.gateway_urls),
        "network": read.network,
        "timeout": read.timeout,
        "attempts": read.attempts,
        "rate_limit": read.rate_limit,
        "offline": read.offline,
        **{f"{name} from": origin for name, origin in read.origins.items()},
    }

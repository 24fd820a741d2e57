"""Files that hold settings: a project's, the user's with its profiles, and the official CLI's.

    pyproject.toml, [tool.pinatakit]        a project's; no secrets, and no strangers' addresses
    .pinata.toml                            the same, where the project is not of Python
    ~/.config/pinatakit/config.toml         the user's own: a table [profiles.NAME] for each profile
    ~/.pinata-files-cli, -gateway, -network the official CLI's; read, never written
    ~/.ipfs/gateway                         where content is read on this machine (IPIP-280)

A file that holds a secret and that others can read is refused.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pinatakit.errors import SettingsError
from pinatakit.protocol.shapes import is_object

SECRETS: Final = frozenset({"jwt", "api_key", "api_secret", "gateway_key"})
NAMES: Final = SECRETS | {
    "endpoint_url",
    "api_url",
    "uploads_url",
    "gateway_url",
    "network",
    "timeout",
    "max_retries",
    "rate_limit",
    "min_speed",
    "offline",
    "debug",
}
"""What a profile may say."""

_PROFILE: Final = re.compile(r"[A-Za-z0-9_-]+")


def user_file(environment: Mapping[str, str]) -> Path:
    """Where the user's settings are."""
    if told := environment.get("PINATA_CONFIG"):
        return Path(told)
    if base := environment.get("XDG_CONFIG_HOME"):
        return Path(base) / "pinatakit" / "config.toml"
    if os.name == "nt":
        return Path(environment.get("APPDATA") or home(environment)) / "pinatakit" / "config.toml"
    return home(environment) / ".config" / "pinatakit" / "config.toml"


def home(environment: Mapping[str, str]) -> Path:
    """The user's home."""
    return Path(environment.get("HOME") or Path.home())


def read_project(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The nearest file of a project that says something, from a folder upwards.

    It is a ``.pinata.toml``, or a ``pyproject.toml`` with a table ``[tool.pinatakit]``.

    Raises:
        SettingsError: it holds a secret, or says something unknown.
    """
    for place in (folder, *folder.parents):
        found = _own_file(place / ".pinata.toml") or _table_of_ours(place / "pyproject.toml")
        if found is None:
            continue
        path, table = found
        kept = sorted(SECRETS & table.keys())
        if kept:
            raise SettingsError(
                f"{path} holds {', '.join(kept)}; a project's file is shared, so it may hold no secrets",
                hint="take it out, make a new key, and keep that with `pinatakit auth login`",
            )
        _check_names(table, NAMES - SECRETS | {"profile"}, path)
        return found
    return None


def _own_file(path: Path) -> tuple[Path, dict[str, Any]] | None:
    return (path, _load(path)) if os.path.isfile(path) else None  # noqa: PTH113  (no error where none may look)


def _table_of_ours(path: Path) -> tuple[Path, dict[str, Any]] | None:
    try:
        if b"pinatakit" not in path.read_bytes():
            return None
    except OSError:  # none there, or none of ours to read
        return None
    table = _table(_load(path).get("tool", {}), "pinatakit", path)
    return None if table is None else (path, table)


def read_user(path: Path) -> tuple[str | None, dict[str, dict[str, Any]]]:
    """The user's settings: which profile they use, if they say so, and all profiles by name.

    Raises:
        SettingsError: others can read its secrets, or it says something unknown.
    """
    if not path.is_file():
        return None, {}
    value = _load(path)
    _check_names(value, {"profile", "profiles"}, path)
    tables: dict[str, Any] = _table(value, "profiles", path) or {}
    profiles = {name: _table(tables, name, path) or {} for name in tables}
    for profile in profiles.values():
        _check_names(profile, NAMES, path)
    if any(SECRETS & profile.keys() for profile in profiles.values()):
        _check_private(path)
    return value.get("profile"), profiles


def read_official(environment: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """What the official CLI has kept, and where."""
    base = home(environment) / ".pinata-files-cli"
    found = {
        name: text
        for name, suffix in (("jwt", ""), ("gateway_url", "-gateway"), ("network", "-network"))
        if (text := _text(base.with_name(base.name + suffix)))
    }
    if "jwt" in found:
        _check_private(base)
    return base, found


def read_ipfs_gateway(environment: Mapping[str, str]) -> str | None:
    """The gateway of this machine, as IPIP-280 names it: IPFS_GATEWAY, or a file."""
    return environment.get("IPFS_GATEWAY") or _text(home(environment) / ".ipfs" / "gateway")


def keep(path: Path, profile: str, values: Mapping[str, str | None]) -> None:
    """Write values into a profile of the user's settings; `None` takes one away, all else stays as it is.

    The file is written whole or not at all, and is readable by its user alone.

    Raises:
        SettingsError: the file is written in a way that cannot be changed line by line.
    """
    if not _PROFILE.fullmatch(profile):
        raise SettingsError(f"a profile is not called {profile!r}", hint="use letters, digits, - and _")
    old = path.read_text("utf-8") if path.exists() else ""
    expected = _load(path) if old else {}
    table: dict[str, Any] = expected.setdefault("profiles", {}).setdefault(profile, {})
    for name, value in values.items():
        table.pop(name, None)
        if value is not None:
            table[name] = value
    new = _changed(old, profile, values)
    if not _says(new, expected):
        raise SettingsError(
            f"{path} is written in a way that cannot be changed here",
            hint=f"write [profiles.{profile}] as a table of its own, a line for each value",
        )
    _write(path, new)


def choose(path: Path, profile: str) -> None:
    """Make a profile of the user's settings the one that is used where none is named.

    Raises:
        SettingsError: there is no such profile, or the file cannot be changed line by line.
    """
    _, profiles = read_user(path)
    if profile not in profiles:
        raise SettingsError(
            f"there is no profile {profile!r} in {path}",
            hint=f"there are {', '.join(profiles)}" if profiles else "pinatakit auth login makes one",
        )
    lines = path.read_text("utf-8").splitlines()
    head = next(i for i, line in enumerate([*lines, "["]) if line.lstrip().startswith("["))
    stays = [line for line in lines[:head] if line.partition("=")[0].strip() != "profile"]
    new = (
        "\n".join([f"profile = {_quoted(profile)}", *stays, *([""] if not stays else []), *lines[head:]])
        + "\n"
    )
    if not _says(new, {**_load(path), "profile": profile}):
        raise SettingsError(
            f"{path} is written in a way that cannot be changed here",
            hint=f'write profile = "{profile}" into it, as its first line',
        )
    _write(path, new)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, readable by the user alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    aside.replace(path)


def _changed(text: str, profile: str, values: Mapping[str, str | None]) -> str:
    lines = text.splitlines()
    head = f"[profiles.{profile}]"
    if head not in lines:
        lines += [*([""] if lines else []), head]
    start = lines.index(head) + 1
    end = next((i for i in range(start, len(lines)) if lines[i].lstrip().startswith("[")), len(lines))
    stays = [line for line in lines[start:end] if line.partition("=")[0].strip() not in values]
    added = [f"{name} = {_quoted(value)}" for name, value in values.items() if value is not None]
    return "\n".join([*lines[:start], *added, *stays, *lines[end:]]) + "\n"


def _says(text: str, value: dict[str, Any]) -> bool:
    try:
        return _parsed(text) == value
    except ValueError:
        return False


def _quoted(text: str) -> str:
    """A basic string of TOML; credentials and addresses have nothing to escape but these."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(path: Path) -> str | None:
    return path.read_text("utf-8").strip() or None if path.is_file() else None


def _load(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        where = re.search(r"\(at .*\)", str(error))  # the rest may hold what it could not read
        raise SettingsError(f"{path} is not TOML {where[0] if where else ''}".rstrip()) from None


def _parsed(text: str) -> dict[str, Any]:
    """What TOML says; a ValueError where it is none."""
    import tomllib  # noqa: PLC0415  (there is seldom such a file)

    return tomllib.loads(text)


def _table(value: Any, name: str, path: Path) -> dict[str, Any] | None:
    found: object = value.get(name)
    if found is None or is_object(found):
        return found
    raise SettingsError(f"{name} in {path} is a table, not {type(found).__name__}")


def _check_names(table: Mapping[str, Any], known: frozenset[str] | set[str], path: Path) -> None:
    unknown = sorted(table.keys() - known)
    if unknown:
        raise SettingsError(
            f"{path} says something unknown: {', '.join(unknown)}",
            hint=f"known are {', '.join(sorted(known))}",
        )


def _check_private(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"others can read {path}, which holds a secret", hint=f"chmod 600 {path}, and make a new key"
        )

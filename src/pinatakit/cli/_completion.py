"""Completion: for shells what can stand next; ids, CIDs and groups are asked of the service while somebody types."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    PowerShellComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

if TYPE_CHECKING:
    from pinatakit.client import Pinata

_MANY: Final = 100  # what is looked through for one completion

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def of_files(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """CIDs of files; ids where one is begun."""
    network = ctx.params.get("network")

    def found(pinata: Pinata) -> Iterable[tuple[str, str]]:
        for file in pinata.files.list(network=network, limit=_MANY):
            for value in (str(file.cid), file.id):
                yield value, file.name or ""

    return _asked(ctx, typed, found)


def of_groups(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Ids of groups."""
    network = ctx.params.get("network")
    return _asked(
        ctx,
        typed,
        lambda pinata: ((one.id, one.name) for one in pinata.groups.list(network=network, limit=_MANY)),
    )


def of_private_files(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """CIDs of private files."""
    return _asked(
        ctx,
        typed,
        lambda pinata: (
            (str(file.cid), file.name or "") for file in pinata.files.list(network="private", limit=_MANY)
        ),
    )


def of_jobs(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """CIDs that wait to be pinned, and ids of their jobs."""

    def found(pinata: Pinata) -> Iterable[tuple[str, str]]:
        for job in pinata.pins.queue(limit=_MANY):
            for value in (str(job.cid), job.id):
                yield value, job.status

    return _asked(ctx, typed, found)


def of_keys(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Public halves of keys that are not revoked."""
    return _asked(
        ctx,
        typed,
        lambda pinata: ((key.key, key.name) for key in pinata.keys.list(revoked=False, limit=_MANY)),
    )


def of_gateways(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Ids of gateways."""
    return _asked(ctx, typed, lambda pinata: ((one.id, one.domain) for one in pinata.gateways.list()))


def of_profiles(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Names of the user's profiles."""
    from pinatakit import config
    from pinatakit.errors import PinataError

    try:
        _, profiles = config.read_user(config.user_file(os.environ))
    except PinataError:  # it is told when the command runs
        return []
    return [CompletionItem(name) for name in profiles if name.startswith(typed)]


def _asked(
    ctx: click.Context, typed: str, found: Callable[[Pinata], Iterable[tuple[str, str]]]
) -> list[CompletionItem]:
    """What the service has that begins so. Where it cannot be asked there is nothing to complete."""
    from pinatakit.cli._common import client
    from pinatakit.errors import PinataError

    try:
        with client(ctx.params.get("local"), ctx.params.get("settings_profile")) as pinata:
            pairs = list(found(pinata))
    except (PinataError, OSError, click.ClickException):  # nobody is there to be told
        return []
    return [CompletionItem(value, help=name) for value, name in pairs if value.startswith(typed)]


# ── shells ──────────────────────────────────────────────────────────────────

SHELLS: Final = ("bash", "zsh", "fish", "powershell")
VARIABLE: Final = "_PINATAKIT_COMPLETE"
"""The environment variable by which a shell asks what can stand next."""


class _Words(ShellComplete):
    """The words before the one that is completed, as the command itself reads them."""

    def get_completion_args(self) -> tuple[list[str], str]:
        from pinatakit.cli import local_alone

        words, begun = super().get_completion_args()
        return local_alone(words), begun


class _Bash(_Words, BashComplete):
    @staticmethod
    def _check_version() -> None:
        """Every bash of the last ten years can do it, and starting one to ask takes time."""


class _Zsh(_Words, ZshComplete):
    pass


class _Fish(_Words, FishComplete):
    pass


class _PowerShell(_Words, PowerShellComplete):
    pass


def script(shell: str) -> str:
    """What a shell runs to complete the words of the command."""
    from pinatakit.cli import cli

    kind = _SHELLS[shell]
    return kind(cli, {}, "pinatakit", VARIABLE).source()


_SHELLS: Final[dict[str, type[ShellComplete]]] = {
    "bash": _Bash,
    "zsh": _Zsh,
    "fish": _Fish,
    "powershell": _PowerShell,
}


def register() -> None:
    """Let the command answer shells."""
    for name, kind in _SHELLS.items():
        add_completion_class(kind, name)

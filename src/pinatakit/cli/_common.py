"""What the commands share: a client, questions, progress."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from pinatakit.cli._commands import offline_option
from pinatakit.cli._completion import of_profiles
from pinatakit.cli._output import (
    Output,
    Row,
    bold,
    output_options,
    plain,
    show_json,
    show_json_array,
    show_pairs,
    show_table,
    size,
)

if TYPE_CHECKING:
    from pinatakit.client import Pinata, Progress
    from pinatakit.protocol import File, Network

__all__ = [
    "Output",
    "Row",
    "agreed",
    "as_network",
    "asks",
    "asks_plainly",
    "bold",
    "client",
    "destroys",
    "each",
    "find_file",
    "network_option",
    "output_options",
    "plain",
    "progress",
    "read_keyvalues",
    "service_options",
    "show_json",
    "show_json_array",
    "show_pairs",
    "show_table",
    "size",
]

Command: TypeAlias = Callable[..., Any]


def asks(command: Command) -> Command:
    """For a command that asks a service: it is given the client `pinata`, and `out` to print with.

    ``--local`` and ``--profile`` say which service, and the options of `output_options` how to print.
    """
    return asks_plainly(output_options(command))


def asks_plainly(command: Command) -> Command:
    """As `asks`, for a command that prints by itself."""

    @wraps(command)
    def run(*args: Any, local: str | None, settings_profile: str | None, **rest: Any) -> Any:
        with client(local, settings_profile) as pinata:
            return command(*args, pinata=pinata, **rest)

    return service_options(run)


def service_options(command: Command) -> Command:
    """``--local``, ``--profile``, ``--offline`` and ``-v``, for a command that makes its `client` itself, or none."""
    for option in (
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=_verbose,
            help="Tell each request on stderr, without secrets.",
        ),
        click.option(
            "--profile",
            "settings_profile",
            metavar="NAME",
            shell_complete=of_profiles,
            help="Use the credential and settings of this profile.",
        ),
    ):
        command = option(command)
    return _local_option(offline_option(command))


def _verbose(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        _tell_requests()


def _local_option(command: Command) -> Command:
    return click.option(
        "--local",
        metavar="[=PATH]",
        help="Use the local Pinata, which keeps its data in PATH, or in your data folder.",
    )(command)


network_option = click.option(
    "--network", type=click.Choice(["public", "private"]), help="Else as the settings say: public."
)


@contextmanager
def client(local: str | None, profile: str | None = None) -> Generator[Pinata]:
    """The client a command uses: of Pinata, or of the local Pinata, which is started if it does not run.

    Raises:
        UsageError: both are named.
    """
    if local is not None and profile is not None:
        raise click.UsageError("--local has no profiles")
    if local is None:
        from pinatakit.client import Pinata

        with Pinata(profile=profile) as pinata:
            if pinata.settings.debug:
                _tell_requests()
            yield pinata
        return
    from pinatakit.datafolder import default_folder

    with _local(Path(local) if local else default_folder()) as pinata:
        yield pinata


@contextmanager
def _local(folder: Path) -> Generator[Pinata]:
    """A client of the folder's local Pinata. Where one runs, no server is loaded."""
    from pinatakit.datafolder import join

    if joined := join(folder):
        from pinatakit.client import Pinata
        from pinatakit.settings import Settings

        guest, where = joined
        try:
            if "ca" not in where:  # else it takes more to trust it
                with Pinata(settings=Settings.of_local(**where)) as pinata:
                    yield pinata
                return
        finally:
            guest.close()
    from pinatakit.embedded import local

    with local(folder) as pinata:
        yield pinata


def _tell_requests() -> None:
    """A line a request on stderr (``--verbose``, PINATA_DEBUG)."""
    logger = logging.getLogger("pinatakit")
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.DEBUG)


def as_network(name: str | None) -> Network | None:
    """A network by its name."""
    return None if name is None else "private" if name == "private" else "public"


def find_file(pinata: Pinata, what: str, network: str | None) -> File:
    """The file that a CID or an id names; of several with one CID the newest.

    Raises:
        NotFound: there is none on that network.
    """
    from pinatakit.content import CID
    from pinatakit.errors import InvalidCID, NotFound

    try:
        cid = CID.parse(what)
    except InvalidCID:
        return pinata.files.get(what, network=as_network(network))
    for file in pinata.files.list(cid=cid, network=as_network(network), limit=1):
        return file
    raise NotFound(
        f"nothing on the {network or pinata.settings.network} network has CID {cid}",
        status=404,
        url=pinata.settings.base("api"),
    )


# ── several things, and things that are lost ────────────────────────────────


def each(what: Sequence[str], act: Callable[[str], object]) -> int:
    """Do something with each; where one fails the others are done all the same. Gives the exit code."""
    from pinatakit.cli._errors import explain

    failed = False
    for one in what:
        try:
            act(one)
        except Exception as error:
            said = explain(error)
            if said is None or len(what) == 1:
                raise
            click.echo(said, err=True)
            failed = True
    return 8 if failed else 0


def destroys(command: Command) -> Command:
    """``--yes`` and ``--dry-run``, for a command that asks `agreed` before it does what cannot be undone."""
    command = click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and do nothing.")(
        command
    )
    return click.option("-y", "--yes", is_flag=True, help="Do not ask.")(command)


def agreed(question: str, *, yes: bool) -> bool:
    """Whether the user agrees to what cannot be undone.

    Raises:
        UsageError: there is no terminal to ask on, and ``--yes`` was not said.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; say --yes")
    return click.confirm(question, err=True)


# ── progress ────────────────────────────────────────────────────────────────


@contextmanager
def progress(what: str, *, draw: bool = True) -> Generator[Progress | None]:
    """A bar on stderr where it is a terminal, else nothing."""
    from pinatakit.cli._bars import bars, on_terminal

    if not (draw and on_terminal()):
        yield None
        return
    with bars() as drawn:
        bar = drawn.add_task(plain(what), total=None)

        def tell(done: int, total: int | None) -> None:
            drawn.update(bar, completed=done, total=total)

        yield tell


def read_keyvalues(pairs: Iterable[str], option: str = "--kv") -> dict[str, str]:
    """``key=value`` arguments."""
    keyvalues: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"{pair!r} is not of the form key=value", param_hint=option)
        keyvalues[key] = value
    return keyvalues

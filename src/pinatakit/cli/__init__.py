"""The command ``pinatakit``: its commands, loaded when they are called, and its exit codes.

0    done
1    failed
2    used wrongly, or given something that cannot be sent
3    there is no such thing
4    not authenticated, or not allowed
5    no answer, or the service failed: trying again may help
6    a rate or plan limit
7    verification failed: the content is not what its CID says
8    some items failed
130  interrupted
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Final

import click

from pinatakit import __version__
from pinatakit.cli._commands import Interrupted, LazyGroup, offline_option

_LOOKED_THROUGH: Final = 100_000
"""New objects after which garbage is looked for: what is imported is none, and to look through it takes a
twentieth of a short command's time."""

COMMANDS: Final = {
    "api": ("api:api", "Send any request with your credential."),
    "auth": ("auth:auth", "Keep and choose credentials, and see whether one is good."),
    "car": ("content:car", "Pack, unpack, list and verify CAR files; nothing is sent."),
    "cat": ("transfer:cat", "Print files, checking every block."),
    "cid": ("content:cid", "Compute the CID of files and folders; nothing is sent."),
    "completion": ("completion:completion", "Print what completes words in your shell."),
    "download": ("transfer:download", "Fetch a file or folder, checking every block."),
    "du": ("account:du", "Show how much your files take, by type, group or time."),
    "env": ("env:env", "Show versions and settings for a report, secrets masked."),
    "find": ("files:find", "Find files and folders by conditions."),
    "gateways": ("gateways:gateways", "Gateways of your own, and who may read."),
    "groups": ("groups:groups", "Put files into groups."),
    "keys": ("keys:keys", "Make, list and revoke API keys."),
    "limits": ("account:limits", "Show what may be uploaded."),
    "link": ("links:link", "Make addresses that open one thing for a time."),
    "ls": ("files:ls", "List what you have uploaded, newest first."),
    "mv": ("files:mv", "Rename a file or folder."),
    "pin": ("pins:pin", "Have content pinned that is on IPFS already."),
    "rm": ("files:rm", "Delete files and folders by CID or id."),
    "serve": ("serve:serve", "Run the local Pinata."),
    "sign": ("signatures:sign", "Vouch for a CID with an Ethereum key."),
    "stat": ("files:stat", "Show one file or folder by CID or id."),
    "store": ("store:store", "Verify, back up and move what the local Pinata keeps."),
    "swap": ("swaps:swap", "Have gateways serve another CID in the place of one."),
    "tag": ("files:tag", "Set and take away key-values."),
    "upload": ("transfer:upload", "Upload files and folders, checking their CIDs."),
    "usage": ("account:usage", "Show how much is pinned, or was read from a gateway."),
    "verify": ("verify:verify", "See whether what is pinned is what you have."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@offline_option
@click.version_option(__version__, "-V", "--version", prog_name="pinatakit", message="%(prog)s %(version)s")
def cli() -> None:
    """Pinata, verified: upload, list and fetch content; or do it all on a local Pinata.

    The credential is read from PINATA_JWT, or kept by `pinatakit auth login`. Without an account,
    put --local on any command that would ask Pinata.

    \b
    Examples:
      pinatakit upload photo.jpg
      pinatakit upload --local site/
      pinatakit ls --name photo --json
      pinatakit cid data/ --profile unixfs-v1-2025
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line, and end the process with its exit code."""
    gc.set_threshold(_LOOKED_THROUGH, *gc.get_threshold()[1:])
    given = list(sys.argv[1:] if args is None else args)
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no error
    if "_PINATAKIT_COMPLETE" in os.environ:
        from pinatakit.cli._completion import register

        register()
    try:
        # Letters alone or more is decided where they are printed, and data keeps what is in it.
        code = cli.main(local_alone(given), prog_name="pinatakit", standalone_mode=False, color=True)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        from pinatakit.cli._errors import explain_usage

        click.echo(explain_usage(error), err=True)
        sys.exit(error.exit_code)
    except Interrupted as told:
        click.echo(str(told), err=True)
        sys.exit(130)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except Exception as error:
        from pinatakit.cli._errors import exit_code, explain

        if (said := explain(error)) is None:
            raise
        click.echo(said, err=True)
        sys.exit(exit_code(error))


def local_alone(args: list[str]) -> list[str]:
    """``--local`` takes a folder only behind ``=``, so that what follows it stays an argument."""
    end = args.index("--") if "--" in args else len(args)
    return ["--local=" if place < end and arg == "--local" else arg for place, arg in enumerate(args)]

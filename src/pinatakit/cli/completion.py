"""``completion``: scripts for shells."""

from __future__ import annotations

import click

from pinatakit.cli._completion import SHELLS, script


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options, CIDs, ids, groups and profiles in a shell.

    What is yours is asked of the service while you press Tab, with the credential that is set.

    \b
    Examples:
      pinatakit completion bash > ~/.local/share/bash-completion/completions/pinatakit
      pinatakit completion zsh > ~/.zfunc/_pinatakit
      pinatakit completion fish > ~/.config/fish/completions/pinatakit.fish
      pinatakit completion powershell >> $PROFILE
    """
    click.echo(script(shell), nl=False)

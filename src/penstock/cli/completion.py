"""`penstock completion`: what a shell needs to complete words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from penstock.cli import output
from penstock.cli.app import COMPLETION, root


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of SHELL.

    For bash: eval "$(penstock completion bash)" in ~/.bashrc.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # the three that Choice lets through are click's own
    output.result(kind(root, {}, "penstock", COMPLETION).source() + "\n")

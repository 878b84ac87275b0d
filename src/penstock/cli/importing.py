"""`penstock import`: a definition as a program."""

from __future__ import annotations

import click

from penstock.api import Machine
from penstock.cli import output
from penstock.cli.options import machine_option
from penstock.errors import UsageError
from penstock.targets import open_target


@click.command("import")
@click.argument("definition")
@machine_option
@click.option(
    "--as",
    "style",
    type=click.Choice(["sfn", "script"]),
    default="sfn",
    show_default=True,
    help="sfn: objects that compose it. Scripts come with a later version.",
)
@click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of to stdout.")
def command(definition: str, machine: str | None, style: str, file: str | None) -> None:
    """Write DEFINITION (a States Language file, or any TARGET) as a Python program that makes it.

    Compiling the program gives the definition back: `penstock compile FILE.py:machine`.
    """
    if style == "script":
        raise UsageError("Importing to scripts comes with a later version of Penstock; --as sfn writes objects.")
    from penstock.sfn.importing import write_program

    opened = open_target(definition)
    loaded = Machine(opened, opened.machine(machine))
    text = write_program(loaded.definition, name=loaded.name, source=loaded.origin)
    if file:
        output.write_file(file, text)
    else:
        output.result(text)

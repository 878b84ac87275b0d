"""`penstock graph`: the picture of a machine."""

from __future__ import annotations

from typing import Literal, cast

import click

from penstock.api import load
from penstock.cli import output
from penstock.cli.options import machine_option, parameter_option, parse_parameters, read_history

_BY_ENDING = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command("graph")
@click.argument("target")
@machine_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["mermaid", "dot", "svg"]),
    help="What to draw; by default what the ending of -o says, else mermaid.",
)
@click.option(
    "--history", metavar="FILE", help="Colour what a run did: the file that run --history wrote, or AWS's answer."
)
@click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of to stdout.")
@parameter_option
def command(
    target: str,
    machine: str | None,
    style: str | None,
    history: str | None,
    file: str | None,
    parameters: tuple[str, ...],
) -> None:
    """Draw TARGET as a Mermaid flowchart, for Graphviz, or as SVG."""
    loaded = load(target, machine, parameters=parse_parameters(parameters))
    if style is None:
        endings = (kind for ending, kind in _BY_ENDING.items() if (file or "").lower().endswith(ending))
        style = next(endings, "mermaid")
    events = read_history(history) if history else None
    text = loaded.graph(cast(Literal["mermaid", "dot", "svg"], style), history=events)
    if file:
        output.write_file(file, text)
    else:
        output.result(text)

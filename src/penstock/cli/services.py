"""`penstock services`: typed tasks for AWS services as a module."""

from __future__ import annotations

import click

from penstock.cli import output


@click.command("services")
@click.argument("services", metavar="SERVICE...", nargs=-1, required=True)
@click.option("-o", "--output", "file", metavar="FILE", help="Write there instead of to stdout.")
def command(services: tuple[str, ...], file: str | None) -> None:
    """Write typed tasks for AWS services as a Python module, for editors and type checkers.

    SERVICE is botocore's or Step Functions' name (s3), or one action of it (dynamodb:query).
    """
    from penstock.sfn.generating import write_services

    text = write_services(services)
    if file:
        output.write_file(file, text)
    else:
        output.result(text)

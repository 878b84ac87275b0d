"""`penstock check`: every problem of every target, at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from penstock.api import Machine
from penstock.cli import output
from penstock.cli.options import machine_option, parameter_option, parse_parameters
from penstock.diagnostics import Diagnostic, render_github, render_json, render_sarif
from penstock.errors import InvalidDefinition, PenstockError, UsageError
from penstock.targets import open_target


@click.command("check")
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@machine_option
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "sarif", "github"]), default="text", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--severity",
    type=click.Choice(["error", "warning"], case_sensitive=False),
    default="warning",
    show_default=True,
    help="The least that is reported.",
)
@click.option(
    "--select", metavar="CODES", multiple=True, help="Only these codes, or codes that begin so: PS2,MISSING_END_STATE."
)
@click.option("--ignore", metavar="CODES", multiple=True, help="Not these codes, or codes that begin so.")
@click.option(
    "--type",
    "kind",
    type=click.Choice(["standard", "express"], case_sensitive=False),
    help="standard without it, or what a template or a construct says.",
)
@click.option("--static", is_flag=True, help="Run no code: refuse targets such as file.py:name.")
@parameter_option
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    machine: str | None,
    style: str,
    as_json: bool,
    severity: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    kind: str | None,
    static: bool,
    parameters: tuple[str, ...],
) -> None:
    """Report every problem of each TARGET, all machines of it.

    Exit code 1 where errors were found, 3 where a target cannot be read at all.
    """
    if "-" in targets and len(targets) > 1:
        raise UsageError("- (stdin) cannot be checked together with other targets.")
    given = parse_parameters(parameters)
    wanted, unwanted = _codes(select, "--select"), _codes(ignore, "--ignore")
    reported: list[Diagnostic] = []
    names: dict[int, str] = {}
    failures: list[PenstockError] = []
    for target in targets:
        try:
            found = check_target(target, machine=machine, kind=kind, static=static, parameters=given)
        except InvalidDefinition as error:
            failures.append(error)
            found = error.diagnostics
        except PenstockError as error:
            failures.append(error)
            continue
        chosen = [each for each in found if _is_wanted(each, severity, wanted, unwanted)]
        names.update((id(each), target) for each in chosen)
        reported += chosen
    _report(reported, "json" if as_json else style, names)
    for failure in failures:
        if not isinstance(failure, InvalidDefinition) or not any(each.is_error for each in failure.diagnostics):
            output.problem(str(failure))
    if style == "text" and not as_json and (reported or not failures):
        output.note(output.summary(reported))
    if failures:
        ctx.exit(max(failure.exit_code for failure in failures))
    ctx.exit(1 if any(each.is_error for each in reported) else 0)


def check_target(
    target: str,
    *,
    machine: str | None,
    kind: str | None,
    static: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> list[Diagnostic]:
    """The problems of all machines of a target, or of one, each once. `static`: no code of the user's is run."""
    opened = open_target(target, static=static, parameters=parameters)
    loaded = [opened.machine(machine)] if machine else list(opened.machines.values())
    found: dict[Diagnostic, None] = dict.fromkeys(opened.diagnostics if opened.kind != "definition" else ())
    for each in loaded:
        found.update(dict.fromkeys(Machine(opened, each).check(type=kind)))  # type: ignore[arg-type]  # upper-cased there
    return list(found)


def _report(found: Sequence[Diagnostic], style: str, names: Mapping[int, str]) -> None:
    if style == "json":
        output.result_json(render_json(found))
    elif style == "sarif":
        from penstock._version import __version__

        output.result_json(render_sarif(found, version=__version__))
    elif style == "github":
        output.result("".join(f"{output.clean(render_github(each))}\n" for each in found))
    else:
        coloured = output.colour(sys.stdout)
        for each in found:
            # What has no place in the file is at least told with the file's name.
            name = "" if each.span else f"{output.clean(names[id(each)])}: "
            output.result(f"{name}{output.diagnostic_text(each, coloured=coloured)}\n")


def _codes(texts: tuple[str, ...], flag: str) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for text in texts for code in text.split(",") if code.strip())
    if texts and not codes:
        raise UsageError(f"{flag} takes codes, separated by commas.")
    return codes


def _is_wanted(diagnostic: Diagnostic, severity: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> bool:
    if severity.lower() == "error" and not diagnostic.is_error:
        return False
    if wanted and not diagnostic.code.startswith(wanted):
        return False
    return not (unwanted and diagnostic.code.startswith(unwanted))

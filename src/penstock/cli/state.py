"""`penstock state`: one state alone, as AWS's TestState runs it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal, cast

import click

from penstock.api import Machine, load
from penstock.cli import output
from penstock.cli.options import (
    machine_option,
    parameter_option,
    parse_parameters,
    parse_variables,
    read_json_argument,
    var_option,
)
from penstock.errors import ServiceError, TargetNotFound, UsageError
from penstock.one_state import test_state


@click.command("state")
@click.argument("target")
@click.argument("state")
@click.option("--input", "text", metavar="JSON|@FILE|-", help="The state's input; {} without it.")
@click.option(
    "--mock",
    metavar="JSON|@FILE",
    help='What the state\'s task or iterations give, in TestState\'s form: {"result": …} or {"errorOutput": {"error": …}}.',
)
@click.option("--inspect", is_flag=True, help="Show the data at every step (inspectionLevel TRACE).")
@click.option("--variables", "assigned", metavar="JSON|@FILE", help="The workflow's variables that the state sees.")
@click.option("--context", metavar="JSON|@FILE", help="The context object; goes with --mock.")
@click.option(
    "--configuration", metavar="JSON|@FILE", help='TestState\'s stateConfiguration, such as {"retrierRetryCount": 1}.'
)
@machine_option
@var_option
@parameter_option
@click.option(
    "--time",
    "pace",
    type=click.Choice(["real", "skip"]),
    default="skip",
    envvar="PENSTOCK_TIME",
    show_envvar=True,
    show_default=True,
    help="skip: a Wait takes no real time.",
)
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    state: str,
    text: str | None,
    mock: str | None,
    inspect: bool,
    assigned: str | None,
    context: str | None,
    configuration: str | None,
    machine: str | None,
    variables: tuple[str, ...],
    parameters: tuple[str, ...],
    pace: str,
) -> None:
    """Run STATE of TARGET alone, and show TestState's response.

    Exit code 1 where the state fails (FAILED, RETRIABLE).
    """
    if [target, text, mock, assigned, context, configuration].count("-") > 1:
        raise UsageError("Only one thing can come from stdin; give the others as files.")
    given: dict[str, Any] = {}
    for name, flag, value in (
        ("input", "--input", text),
        ("mock", "--mock", mock),
        ("variables", "--variables", assigned),
        ("context", "--context", context),
        ("stateConfiguration", "--configuration", configuration),
    ):
        if value is not None:
            given[name] = read_json_argument(value, flag)
    if isinstance(given.get("input"), str):
        given["input"] = output.json_text(given["input"])  # the API takes text, and this is a value
    loaded = load(target, machine, parameters=parse_parameters(parameters))
    _check_name(loaded, state)
    try:
        response = test_state(
            loaded,
            **given,
            stateName=state,
            inspectionLevel="TRACE" if inspect else "INFO",
            substitutions=parse_variables(variables),
            time=cast(Literal["real", "skip"], pace),
            log=_log,
        )
    except ServiceError as error:
        raise UsageError(f"{error.code}: {error}") from None
    output.result_json(response)
    ctx.exit(0 if response["status"] in ("SUCCEEDED", "CAUGHT_ERROR") else 1)


def _check_name(machine: Machine, name: str) -> None:
    names = [state.name for _, state in machine.definition.walk()]
    if name not in names:
        close = get_close_matches(name, names, 1)
        listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        hint = f"did you mean {close[0]!r}?" if close else f"it has {listed}."
        raise TargetNotFound(f"{machine.origin} has no state {name!r}; {hint}", target=name)


def _log(task: str, text: str) -> None:
    for line in text.splitlines():
        output.note(f"{task}: {line}")

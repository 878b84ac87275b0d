"""`penstock state`: one state alone, as AWS's TestState runs it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal, cast

import click

from penstock.api import Machine, load
from penstock.asl.model import Map, Parallel
from penstock.cli import output
from penstock.cli.options import (
    LOCAL_SERVER,
    endpoint_options,
    machine_option,
    parameter_option,
    parse_parameters,
    parse_variables,
    read_json_argument,
    refusals_are_wrong_use,
    var_option,
)
from penstock.errors import ServiceError, TargetNotFound, UsageError
from penstock.jsontools import loads
from penstock.one_state import test_state
from penstock.runs.endpoint import Endpoint

_TEXTS = frozenset({"input", "variables", "context", "result", "mapItemReaderData"})


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
@endpoint_options
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
    endpoint: str | None,
    token: str | None,
) -> None:
    """Run STATE of TARGET alone, and show TestState's response.

    With --endpoint a server runs it, with its own functions, and TARGET may be the ARN of one of its state machines. Exit code
    1 where the state fails (FAILED, RETRIABLE).
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
    given |= {"stateName": state, "inspectionLevel": "TRACE" if inspect else "INFO"}
    server = None if endpoint is None else Endpoint(endpoint, token=token)
    if ":stateMachine:" in target:
        if server is None:
            raise UsageError(
                f"{target} is a state machine of a server; say which with --endpoint, such as {LOCAL_SERVER}."
            )
        with refusals_are_wrong_use():
            answer = server.call("DescribeStateMachine", stateMachineArn=target)
        loaded = load(cast(dict[str, Any], loads(answer["definition"], what=target)))
    else:
        loaded = load(target, machine, parameters=parse_parameters(parameters))
    _check_state(loaded, state, target, mocked=mock is not None)
    substitutions = parse_variables(variables)
    if server is not None:
        with refusals_are_wrong_use():
            response = server.call("TestState", **_as_texts(given), **_definition(loaded, substitutions))
    else:
        try:
            response = test_state(
                loaded,
                **given,
                substitutions=substitutions,
                time=cast(Literal["real", "skip"], pace),
                log=_log,
            )
        except ServiceError as error:
            raise UsageError(f"{error.code}: {error}") from None
    output.result_json(response)
    ctx.exit(0 if response["status"] in ("SUCCEEDED", "CAUGHT_ERROR") else 1)


def _definition(machine: Machine, substitutions: dict[str, str]) -> dict[str, Any]:
    """What a request says of the machine."""
    from penstock.asl.write import write

    definition, _ = machine.prepare(substitutions=substitutions)
    role = f"arn:aws:iam::{machine.settings.aws.account}:role/penstock"  # the API wants one, and nobody looks at it
    return {"definition": write(definition, indent=None), "roleArn": role}


def _as_texts(given: dict[str, Any]) -> dict[str, Any]:
    """The request's members as the API has them: JSON as text."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in _TEXTS and not isinstance(value, str):
            value = output.json_text(value, indent=None)
        elif isinstance(value, dict):
            value = _as_texts(value)
        values[name] = value
    return values


def _check_state(machine: Machine, name: str, origin: str, *, mocked: bool) -> None:
    states = {state.name: state for _, state in machine.definition.walk()}
    names = list(states)
    if name not in states:
        close = get_close_matches(name, names, 1)
        listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        hint = f"did you mean {close[0]!r}?" if close else f"it has {listed}."
        raise TargetNotFound(f"{origin} has no state {name!r}; {hint}", target=name)
    if isinstance(states[name], Map | Parallel) and not mocked:
        raise UsageError(
            f"TestState runs no {states[name].type} without a mock: say what the state {name!r} gives with --mock "
            "'{\"result\": …}'."
        )


def _log(task: str, text: str) -> None:
    for line in text.splitlines():
        output.note(f"{task}: {line}")

"""`penstock run`: a workflow, here and now."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, cast

import click

from penstock.api import Machine, check_input, load, run, run_many
from penstock.cli import output
from penstock.cli.options import (
    machine_option,
    parameter_option,
    parse_parameters,
    parse_variables,
    read_bytes,
    read_json_argument,
    var_option,
)
from penstock.clock import Clock, SystemClock, VirtualClock
from penstock.diagnostics import Diagnostic
from penstock.errors import InvalidInput, JsonError, UsageError
from penstock.jsontools import Json, loads
from penstock.options import MachineType, Observer
from penstock.results import RunResult


@click.command("run")
@click.argument("target")
@click.option("--input", "text", metavar="JSON|@FILE|-", help="The execution's input; {} without it.")
@machine_option
@click.option(
    "--time",
    "pace",
    type=click.Choice(["real", "skip"]),
    default="real",
    envvar="PENSTOCK_TIME",
    show_envvar=True,
    show_default=True,
    help="skip: waits, retries and timeouts take no real time.",
)
@click.option("--mock", "mocks", metavar="FILE[#CASE]", help="Answers for tasks, in AWS's MockConfigFile form.")
@click.option("--name", metavar="NAME", help="The execution's name; made up without it.")
@click.option("--history", metavar="FILE", help="Write what happened, as GetExecutionHistory answers.")
@var_option
@parameter_option
@click.option(
    "--type",
    "kind",
    type=click.Choice(["standard", "express"], case_sensitive=False),
    envvar="PENSTOCK_TYPE",
    show_envvar=True,
    help="standard without it, or what a template says.",
)
@click.option(
    "--map-inputs", metavar="FILE.jsonl", help="One execution for each line; results as JSON lines, in order."
)
@click.option("--json", "as_json", is_flag=True, help="Status, error and times as JSON, not the output alone.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; problems only.")
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    text: str | None,
    machine: str | None,
    pace: str,
    mocks: str | None,
    name: str | None,
    history: str | None,
    variables: tuple[str, ...],
    parameters: tuple[str, ...],
    kind: str | None,
    map_inputs: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run TARGET on this machine.

    The output goes to stdout as JSON. Exit code 1 where the execution does not succeed.
    """
    if target == "-" and text == "-":
        raise UsageError("Target and input cannot both come from stdin; give one of them as a file.")
    if map_inputs and (text is not None or history):
        raise UsageError("--map-inputs goes with neither --input nor --history.")
    if history:
        output.check_writable(history)
    substitutions = parse_variables(variables)
    inputs = _read_lines(map_inputs) if map_inputs else []
    value = check_input({} if text is None else read_json_argument(text, "--input"), what="--input")
    loaded = load(target, machine, parameters=parse_parameters(parameters))
    options: dict[str, Any] = {
        "mocks": mocks,
        "time": cast(Literal["real", "skip"], pace),
        "type": loaded.type if kind is None else cast(MachineType, kind.upper()),
        "substitutions": substitutions,
        "log": _unheard if quiet else _log,
    }
    if map_inputs:
        ctx.exit(_many(run_many(loaded, inputs, name=name, **options), quiet=quiet))
    clock: Clock = VirtualClock() if pace == "skip" else SystemClock()
    loaded.prepare(type=options["type"], substitutions=substitutions)  # what is wrong is said before a tree is drawn
    with _progress(loaded, name, clock, quiet=quiet) as observer:
        result = run(loaded, value, name=name, observer=observer, clock=clock, **options)
    if history:
        output.write_file(history, output.json_text({"events": result.history}, default=_date) + "\n")
    if as_json:
        output.result_json(describe(result))
    elif result.succeeded:
        output.result_json(result.output)
    _conclude(result, virtual=pace == "skip", quiet=quiet)
    ctx.exit(0 if result.succeeded else 1)


@contextmanager
def _progress(machine: Machine, name: str | None, clock: Clock, *, quiet: bool) -> Iterator[Observer | None]:
    if quiet or not output.is_terminal(sys.stderr):
        yield None
        return
    from penstock.cli.live import LiveTree

    title = f"{machine.name} {name}" if name else machine.name
    running = clock if isinstance(clock, SystemClock) else None
    with LiveTree(title, machine=machine.definition, clock=running) as tree:
        yield tree.observe


def describe(result: RunResult) -> dict[str, Any]:
    """The stable machine form of a result."""
    span = result.failed_span
    return {
        "status": result.status,
        "output": result.output,
        "error": result.error,
        "cause": result.cause,
        "name": result.name,
        "execution_arn": result.execution_arn,
        "start_date": result.start_date.isoformat(),
        "stop_date": result.stop_date.isoformat(),
        "failed_state": result.failed_state,
        "failed_at": {"file": span.source.name, "line": span.line, "column": span.column} if span else None,
    }


def _conclude(result: RunResult, *, virtual: bool, quiet: bool) -> None:
    from penstock.cli.duration import duration

    if result.succeeded:
        if not quiet:
            took = duration((result.stop_date - result.start_date).total_seconds())
            states = sum(1 for _ in result.visits.walk())
            unit = "state" if states == 1 else "states"
            output.note(f"SUCCEEDED in {took}{' of virtual time' if virtual else ''}, {states} {unit}")
        return
    state = result.failed_state
    where = f" in the state {state!r}" if state else ""
    output.note(f"{result.status}{where}")
    error, cause, trace = result.error or result.status, *_readable(result.cause)
    output.diagnostics([Diagnostic(error, cause or "no cause was given", span=result.failed_span, label=_label(state))])
    for line in trace:
        output.note(f"      {line}")


def _label(state: str | None) -> str:
    return f"the state {state!r}" if state else ""


def _readable(cause: str | None) -> tuple[str, list[str]]:
    """A Lambda function's error is JSON text: its message, and the lines of its stack."""
    if not cause:
        return "", []
    try:
        value = loads(cause) if cause.startswith("{") else None
    except JsonError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("errorMessage"), str):
        return cause, []
    stack = value.get("stackTrace")
    lines = (
        [line for each in stack if isinstance(each, str) for line in each.rstrip().splitlines()]
        if isinstance(stack, list)
        else []
    )
    return value["errorMessage"], lines


def _many(results: Iterator[RunResult], *, quiet: bool) -> int:
    total = failed = 0
    for result in results:
        total += 1
        output.result_json(describe(result), indent=None)
        failed += not result.succeeded
    if not quiet:
        output.note(f"{total} executions, {total - failed} succeeded, {failed} did not")
    return 1 if failed else 0


def _read_lines(file: str) -> list[Json]:
    """Every line is read and checked before anything runs, so a mistake in the last one costs nothing."""
    inputs: list[Json] = []
    for number, line in enumerate(read_bytes(file, "--map-inputs").splitlines(), 1):
        if line.strip():
            what = f"{file} line {number}"
            try:
                inputs.append(check_input(loads(line, what=what), what=what))
            except JsonError as error:
                raise InvalidInput(str(error)) from None
    if not inputs:
        raise InvalidInput(f"--map-inputs: {file} holds no line with an input.")
    return inputs


def _log(task: str, text: str) -> None:
    """What a task printed, to stderr; above the tree, where there is one."""
    for line in text.splitlines():
        output.note(f"{task}: {line}")


def _unheard(task: str, text: str) -> None:
    return None


def _date(value: Any) -> str:
    assert isinstance(value, datetime)  # all that a history holds besides JSON
    return value.isoformat()

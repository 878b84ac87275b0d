"""How runs are shown: the tree while they go on, the result, what a failure was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from penstock.asl.model import StateMachine
from penstock.cli import output
from penstock.clock import Clock, SystemClock
from penstock.diagnostics import Diagnostic, Span
from penstock.errors import JsonError
from penstock.jsontools import loads
from penstock.options import Observer
from penstock.results import RunResult


@contextmanager
def progress(title: str, machine: StateMachine | None, clock: Clock, *, quiet: bool) -> Iterator[Observer | None]:
    """The live tree, for a person who watches: what is to hear of the run's events."""
    if quiet or not output.is_terminal(sys.stderr):
        yield None
        return
    from penstock.cli.live import LiveTree

    running = clock if isinstance(clock, SystemClock) else None
    with LiveTree(title, machine=machine, clock=running) as tree:
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


def show(result: RunResult, *, history: str | None, as_json: bool, virtual: bool, quiet: bool) -> int:
    """The result to stdout, its story to stderr, its history to a file; the exit code."""
    if history:
        output.write_file(history, output.json_text({"events": result.history}, default=date_text) + "\n")
    if as_json:
        output.result_json(describe(result))
    elif result.succeeded:
        output.result_json(result.output)
    if not result.succeeded:
        failure(result.status, result.error, result.cause, state=result.failed_state, span=result.failed_span)
    elif not quiet:
        from penstock.cli.duration import duration

        took = duration((result.stop_date - result.start_date).total_seconds())
        states = sum(1 for _ in result.visits.walk())
        unit = "state" if states == 1 else "states"
        output.note(f"SUCCEEDED in {took}{' of virtual time' if virtual else ''}, {states} {unit}")
    return 0 if result.succeeded else 1


def failure(status: str, error: str | None, cause: str | None, *, state: str | None, span: Span | None) -> None:
    """Why an execution did not succeed, and where that was written."""
    where = f" in the state {state!r}" if state else ""
    output.note(f"{status}{where}")
    cause, trace = _readable(cause)
    output.diagnostics([Diagnostic(error or status, cause or "no cause was given", span=span, label=_label(state))])
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


def many(results: Iterator[RunResult], *, quiet: bool) -> int:
    total = failed = 0
    for result in results:
        total += 1
        output.result_json(describe(result), indent=None)
        failed += not result.succeeded
    if not quiet:
        output.note(f"{total} executions, {total - failed} succeeded, {failed} did not")
    return 1 if failed else 0


def log(task: str, text: str) -> None:
    """What a task printed, to stderr; above the tree, where there is one."""
    for line in text.splitlines():
        output.note(f"{task}: {line}")


def unheard(task: str, text: str) -> None:
    return None


def date_text(value: Any) -> str:
    assert isinstance(value, datetime)  # all that a history holds besides JSON
    return value.isoformat()

"""New executions in a file, under StartExecution's rules for names."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from penstock.asl.equality import equal
from penstock.durable.code import tell_changed
from penstock.durable.results import result_in_file
from penstock.durable.taking_up import take_up
from penstock.durable.words import pasted
from penstock.engine.history import instant
from penstock.engine.recovery import begun_by_run
from penstock.errors import UsageError
from penstock.jsontools import Json
from penstock.options import MachineType, Observer
from penstock.results import RunResult
from penstock.store import Summary

if TYPE_CHECKING:
    from penstock.calls import Call
    from penstock.engine.running import Running


def start_in_file(
    call: Call, value: Json, *, name: str | None, kind: MachineType, observer: Observer | None, sync: bool
) -> Running:
    """A new execution, or the one of this name and input that was interrupted. Raises UsageError for a name that is taken."""
    assert call.journal is not None
    known = None
    if name is not None and kind == "STANDARD":
        known = call.journal.store.find(_arn(call, name))
    if known is not None:
        _not_again(known, value, call.journal.database.path)
        tell_changed(call, known)
    going = take_up(call, [] if known is None else [known], observer)
    if known is not None:
        return going[known.arn]
    return call.driver.start(
        call.program, value, name=name, type=kind, machine_arn=call.arn, observer=observer, sync=sync
    )


def run_many_in_file(
    call: Call, inputs: Iterable[Json], *, kind: MachineType, name: str | None, at_once: int
) -> Iterator[RunResult]:
    """NAME-1, NAME-2, …: what has ended in an earlier call is told again, what was interrupted goes on, the rest is begun.

    Ends early where `call.driver.leave` says so. Raises UsageError, before anything runs, where one of the names was used
    for another input.
    """
    from penstock.api import check_input

    assert call.journal is not None
    store, file = call.journal.store, call.journal.database.path
    if name is None or kind == "EXPRESS":
        raise UsageError(
            "Many executions in a database file need a name (theirs are NAME-1, NAME-2, …), and the type STANDARD: else it could "
            "not be told which of them have run already."
        )
    values = [(f"{name}-{number}", check_input(value)) for number, value in enumerate(inputs, 1)]
    known: dict[str, Summary] = {}
    for each, value in values:
        summary = store.find(_arn(call, each))
        if summary is not None:
            if not equal(json.loads(summary.input), value) or not begun_by_run(summary):
                raise UsageError(
                    f"The execution {each} in {file} was begun with another input. Give these another name."
                )
            known[each] = summary
    interrupted = [summary for summary in known.values() if summary.status == "RUNNING"]
    if interrupted:
        tell_changed(call, interrupted[0])
    running = take_up(call, interrupted)
    waiting: deque[Running | Summary] = deque()
    for each, value in values:
        summary = known.get(each)
        if summary is None:
            begun = call.driver.start(call.program, value, name=each, type=kind, machine_arn=call.arn)
            waiting.append(begun)
        else:
            waiting.append(running.get(summary.arn, summary))
        if len(waiting) >= at_once and (result := _next(call, waiting.popleft())) is not None:
            yield result
        if call.driver.left:
            return
    while waiting and not call.driver.left:
        if (result := _next(call, waiting.popleft())) is not None:
            yield result


def _next(call: Call, waiting: Running | Summary) -> RunResult | None:
    if isinstance(waiting, Summary):
        return result_in_file(call, waiting.arn)
    call.driver.run(waiting)
    return call.result(waiting) if call.driver.has_ended(waiting) else None


def _arn(call: Call, name: str) -> str:
    return f"{call.arn.replace(':stateMachine:', ':execution:')}:{name}"


def _not_again(summary: Summary, value: Json, file: Path) -> None:
    """Raises UsageError where StartExecution would say ExecutionAlreadyExists: the same name and input again while it runs is
    the same execution (API reference)."""
    name = summary.name
    if summary.status != "RUNNING":
        ended = f"{summary.status}, {instant(summary.stopped or 0.0):%Y-%m-%d %H:%M:%S} UTC"
        raise UsageError(
            f"The execution {name} in {file} has ended already ({ended}). Give this one another name, or look at that one: "
            f"penstock runs show --db {quote(str(file))} {pasted(name)}"
        )
    if not begun_by_run(summary):
        raise UsageError(
            f"The execution {name} in {file} was begun by a server, which goes on with it: penstock server --db {quote(str(file))}. Give "
            "this one another name."
        )
    if not equal(json.loads(summary.input), value):
        raise UsageError(
            f"The execution {name} in {file} was begun with another input. Give this one another name, or go on with that "
            f"one: penstock resume --db {quote(str(file))} {pasted(name)}"
        )

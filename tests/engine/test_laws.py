"""Laws of the core, on machines of every kind.

1. The same events at the same times give the same commands and the same history.
2. History ids have no gap, every event follows an earlier one, and exactly the last closes the execution.
3. An execution written down between any two events and picked up again goes on as if nothing had been.
4. Whatever a machine does, it ends in a status, not in an exception.
5. No state goes over AWS's 25,000 events.
"""

from __future__ import annotations

import json
from heapq import heappop, heappush
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.generated import INPUTS, answer, documents
from tests.engine.support import START, Scripted, go, machine
from tests.strategies import json_values, machines

from penstock.asl.model import StateMachine
from penstock.asl.read import read_document
from penstock.engine import core, limits, messages
from penstock.engine.execution import Execution
from penstock.engine.history import Record, events
from penstock.engine.program import Program, compile_program
from penstock.engine.snapshot import from_data, to_data
from penstock.errors import InvalidDefinition, PenstockError

LAW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def compiled(document: dict[str, Any]) -> Program:
    reading = read_document(document)
    assert reading.machine is not None, reading.diagnostics
    return compile_program(reading.machine)


def drive(program: Program, value: Any, *, write_down: bool = False) -> tuple[Execution, list[Record], list[Any]]:
    """A driver of a dozen lines: tasks answer at once, time jumps. With `write_down`, the execution goes through JSON
    text before every event."""
    execution = Execution(
        program,
        value,
        arn="arn:aws:states:us-east-1:1:execution:m:n",
        name="n",
        machine_arn="arn:aws:states:us-east-1:1:stateMachine:m",
        machine_name="m",
        role_arn="r",
        type="STANDARD",
        seed="seed",
        limit=2_000,
    )
    records: list[Record] = []
    log: list[Any] = []
    timers: list[tuple[float, int]] = []
    now = START
    waiting: list[messages.Event] = [messages.Started()]
    while execution.status == "RUNNING":
        if execution.ready:
            event = messages.Continued()
        elif waiting:
            event = waiting.pop(0)
        else:
            now, timer = heappop(timers)
            event = messages.TimersFired([timer])
        if write_down:
            execution = from_data(program, json.loads(json.dumps(to_data(execution))))
        commands = core.advance(execution, event, now)
        records += execution.take()
        log.append((event, commands))
        for command in commands:
            if isinstance(command, messages.StartTask):
                waiting.append(messages.TaskReported(command.attempt, answer(command.request)))
            elif isinstance(command, messages.SetTimer):
                heappush(timers, (command.at, command.timer))
    return execution, records, log


@LAW
@given(documents(), INPUTS)
def test_the_core_is_a_function_of_its_events(document: dict[str, Any], value: Any) -> None:
    program = compiled(document)
    one, two = drive(program, value), drive(compiled(document), value)
    assert one[1] == two[1]
    assert one[2] == two[2]


@LAW
@given(documents(), INPUTS)
def test_an_execution_can_be_written_down_and_picked_up_anywhere(document: dict[str, Any], value: Any) -> None:
    program = compiled(document)
    whole, pieces = drive(program, value), drive(program, value, write_down=True)
    assert pieces[1] == whole[1]
    assert pieces[2] == whole[2]
    assert (pieces[0].status, pieces[0].output, pieces[0].error) == (whole[0].status, whole[0].output, whole[0].error)


@settings(LAW, max_examples=25)
@given(documents(), INPUTS)
def test_where_a_turn_is_cut_makes_no_difference(document: dict[str, Any], value: Any) -> None:
    program = compiled(document)
    whole = drive(program, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "STEPS", 0)  # every turn ends as soon as it has recorded something
        pieces = drive(program, value, write_down=True)
    assert pieces[1] == whole[1]


@LAW
@given(documents(), INPUTS)
def test_histories_are_whole(document: dict[str, Any], value: Any) -> None:
    execution, records, _ = drive(compiled(document), value)
    history = events(records)
    assert [e["id"] for e in history] == list(range(1, len(history) + 1))
    assert all(0 <= e["previousEventId"] < e["id"] for e in history)
    closing = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}
    assert [e["type"] for e in history if e["type"] in closing] == [history[-1]["type"]]
    assert (
        history[-1]["type"] == f"Execution{execution.status.title().replace('_', '').replace('Timedout', 'TimedOut')}"
    )
    assert len(history) <= 2_000
    assert not execution.timers
    assert not execution.attempts
    # What is entered is left, aborted or failed: never left twice.
    entered = sum(e["type"].endswith("StateEntered") for e in history)
    assert sum(e["type"].endswith("StateExited") for e in history) <= entered
    for event in history:
        for key, details in event.items():
            if key.endswith("Details") and isinstance(details, dict):
                for text in (details.get("input"), details.get("output")):
                    assert text is None or json.loads(text) is not ...


@settings(LAW, max_examples=20)
@given(documents(), INPUTS)
def test_the_driver_tells_the_same_story_as_the_core_alone(document: dict[str, Any], value: Any) -> None:
    program = compiled(document)
    one, two = (go(program, value, Scripted(answer)) for _ in range(2))
    assert one.history == two.history
    assert one.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")


@settings(LAW, max_examples=50)
@given(machines(), st.one_of(INPUTS, json_values))
def test_any_machine_that_checks_runs_to_an_end_or_is_refused_in_words(target: StateMachine, value: Any) -> None:
    try:
        result = go(compile_program(target), value, Scripted(answer))
    except PenstockError:
        return
    assert result.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")
    assert result.history[-1]["type"].startswith("Execution")


@settings(LAW, max_examples=30)
@given(documents())
def test_a_definition_with_a_broken_link_is_refused_in_words(document: dict[str, Any]) -> None:
    document["States"][document["StartAt"]] |= {"Type": "Pass", "Next": "nowhere", "End": False}
    reading = read_document(document)
    assert reading.machine is not None
    with pytest.raises(InvalidDefinition, match="nowhere"):
        compile_program(reading.machine)


def test_the_last_of_25000_events_says_so() -> None:
    program = machine(
        {
            "Loop": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.spin", "BooleanEquals": True, "Next": "Loop"}],
                "Default": "D",
            },
            "D": {"Type": "Succeed"},
        }
    )
    result = go(program, {"spin": True})
    history = result.history
    # Measured (floci-io/floci#2734).
    assert len(history) == 25_000
    assert (history[-2]["type"], history[-1]["type"]) == ("ChoiceStateExited", "ExecutionFailed")
    assert history[-1]["previousEventId"] == 24_999
    assert result.error == "States.Runtime"
    assert result.cause == "The execution reached the maximum number of history events (25000)."
    assert go(program, {"spin": True}, type="EXPRESS").error == "States.Runtime"


@pytest.mark.parametrize(("states", "status"), [(12_499, "SUCCEEDED"), (12_500, "FAILED")])
def test_the_limit_counts_every_event(states: int, status: str) -> None:
    chain: dict[str, Any] = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(states)}
    chain[f"S{states - 1}"] = {"Type": "Pass", "End": True}
    result = go(machine(chain))  # Started, two events a state, Succeeded
    assert (result.status, len(result.history)) == (status, 25_000)


def test_huge_maps_and_long_chains_need_no_stack() -> None:
    item = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    program = machine(
        {"M": {"Type": "Map", "ItemProcessor": item, "ResultPath": None, "OutputPath": None, "End": True}}
    )
    assert go(program, [0] * 100_000, type="EXPRESS").status == "SUCCEEDED"
    nested: dict[str, Any] = item
    for depth in range(20):
        nested = {
            "StartAt": f"P{depth}",
            "States": {f"P{depth}": {"Type": "Parallel", "Branches": [nested], "End": True}},
        }
    assert go(compiled(nested), {}).status == "SUCCEEDED"
    chain = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(10_000)} | {"S10000": {"Type": "Succeed"}}
    assert go(machine(chain), {}).status == "SUCCEEDED"


def test_late_and_foreign_events_change_nothing() -> None:
    program = machine({"W": {"Type": "Wait", "Seconds": 5, "End": True}})
    execution, records, _ = drive(program, {})
    assert core.advance(execution, messages.Started(), START) == []
    assert core.advance(execution, messages.TimersFired([1, 2, 3]), START) == []
    assert execution.take() == []
    assert len(records) == 4

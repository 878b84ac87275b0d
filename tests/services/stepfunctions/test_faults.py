"""A fault of the engine ends its execution with an event that says so, in memory and in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import Broken, create, machine, service, start, status, until

from penstock.engine.commands import Commands
from penstock.engine.journal import Journal
from penstock.engine.states.distributed import DistributedMap
from penstock.engine.states.passing import Pass
from penstock.services.stepfunctions import StepFunctions

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
DISTRIBUTED = machine(
    M={
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "C",
            "States": {
                "C": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "P"}],
                    "Default": "W",
                },
                "P": {"Type": "Pass", "End": True},
                "W": {"Type": "Wait", "Seconds": 9999, "End": True},
            },
        },
        "End": True,
    }
)
TWO = machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "End": True})
LATER = machine(W={"Type": "Wait", "Seconds": 0, "Next": "B"}, B={"Type": "Pass", "End": True})


@pytest.fixture(params=["file", "memory"])
def kept(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def serve(kept: str, folder: Path, **options: Any) -> AbstractContextManager[StepFunctions]:
    return service(folder / "wf.db", **options) if kept == "file" else closing(StepFunctions(**options))


def broken(target: StepFunctions, arn: str, fault: str) -> list[str]:
    """Its events' types, when it has ended as a fault ends it."""
    until(lambda: status(target, arn) != "RUNNING")
    found = target.call("DescribeExecution", {"executionArn": arn})
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert found["cause"].startswith("A fault of the engine ended the execution: ")
    assert fault in found["cause"]
    events = target.call("GetExecutionHistory", {"executionArn": arn})["events"]
    assert [each["id"] for each in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "ExecutionStarted"
    last = events[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionFailed", len(events) - 1)
    assert last["executionFailedEventDetails"] == {"error": found["error"], "cause": found["cause"]}
    assert last["timestamp"] == found["stopDate"]
    newest = target.call("GetExecutionHistory", {"executionArn": arn, "reverseOrder": True, "maxResults": 1})
    assert newest["events"] == [last]
    return [each["type"] for each in events]


@pytest.fixture
def faulty(kept: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The state `B` cannot be entered."""
    enter = Pass.enter

    def fail(state: Pass, turn: Any, frame: Any) -> Any:
        if state.name in ("B", "P"):
            if kept == "file":
                turn.record((0, 0, turn.now, b"", b""))  # a half of a turn has been recorded
            raise ZeroDivisionError("a fault of ours")
        return enter(state, turn, frame)

    with monkeypatch.context() as patch:
        patch.setattr(Pass, "enter", fail)
        yield patch


@pytest.mark.parametrize("definition", [TWO, LATER], ids=["in its first turn", "in a later turn"])
def test_a_fault_within_a_turn(definition: str, kept: str, tmp_path: Path, faulty: pytest.MonkeyPatch) -> None:
    with serve(kept, tmp_path) as target:
        arn = start(target, create(target, "m", definition), "x")
        types = broken(target, arn, "ZeroDivisionError: a fault of ours")
        if kept == "file" and definition is TWO:
            assert types == ["ExecutionStarted", "ExecutionFailed"]  # nothing of the half turn
    if kept == "memory":
        return
    with service(tmp_path / "wf.db") as target:  # the file says the same
        assert broken(target, arn, "a fault of ours") == types
        faulty.undo()
        target.call("RedriveExecution", {"executionArn": arn})
        until(lambda: status(target, arn) == "SUCCEEDED")
        after = target.call("GetExecutionHistory", {"executionArn": arn})["events"]
        assert [each["type"] for each in after][: len(types) + 1] == [*types, "ExecutionRedriven"]


def test_a_fault_while_commands_are_carried_out(kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    with serve(kept, tmp_path) as target:
        arn = create(target, "m", machine(W={"Type": "Wait", "Seconds": 9, "End": True}))
        with monkeypatch.context() as patch:
            patch.setattr(Commands, "carry_out", carry_out)
            arn = start(target, arn, "x")
            types = broken(target, arn, "a fault of ours")
        assert types == ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]
        assert target.load().running == 0


def test_a_fault_while_a_turn_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.engine import journal

    pack = journal.pack_records

    def fail(records: Any) -> bytes:
        if len(records) > 2:
            raise ZeroDivisionError("a fault of ours")
        return pack(records)

    monkeypatch.setattr(journal, "pack_records", fail)
    with service(tmp_path / "wf.db") as target:
        arn = start(target, create(target, "m", TWO), "x")
        assert broken(target, arn, "a fault of ours") == ["ExecutionStarted", "ExecutionFailed"]
    with service(tmp_path / "wf.db") as target:
        assert broken(target, arn, "a fault of ours") == ["ExecutionStarted", "ExecutionFailed"]


@pytest.mark.parametrize("how", ["start", "wake"])
def test_a_fault_of_a_handler(how: str, kept: str, tmp_path: Path) -> None:
    task = machine(T={"Type": "Task", "Resource": FUNCTION, "End": True})
    with serve(kept, tmp_path, handlers=[Broken(how)]) as target:
        arn = start(target, create(target, "m", task), "x")
        until(lambda: status(target, arn) == "FAILED")
        events = target.call("GetExecutionHistory", {"executionArn": arn})["events"]
        assert events[-1]["type"] == "ExecutionFailed"
        assert ("moon" if how == "start" else "asleep") in events[-1]["executionFailedEventDetails"]["cause"]


def test_what_a_broken_execution_had_begun_ends_with_it(
    kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(DistributedMap, "child_closed", fail)
    with serve(kept, tmp_path) as target:
        arn = start(target, create(target, "m", DISTRIBUTED), "x", [0, 1, 2])
        broken(target, arn, "a fault of ours")
        run = target.call("ListMapRuns", {"executionArn": arn})["mapRuns"][0]["mapRunArn"]
        children = {"mapRunArn": run}
        until(
            lambda: (
                sorted(each["status"] for each in target.call("ListExecutions", children)["executions"])
                == ["ABORTED", "ABORTED", "SUCCEEDED"]
            )
        )
        assert target.load().running == 0


def test_a_broken_child_fails_its_map(kept: str, tmp_path: Path, faulty: pytest.MonkeyPatch) -> None:
    with serve(kept, tmp_path) as target:
        arn = start(target, create(target, "m", DISTRIBUTED), "x", [1])
        until(lambda: status(target, arn) == "FAILED")
        run = target.call("ListMapRuns", {"executionArn": arn})["mapRuns"][0]["mapRunArn"]
        child = target.call("ListExecutions", {"mapRunArn": run})["executions"][0]["executionArn"]
        broken(target, child, "a fault of ours")


def test_a_fault_after_the_end_changes_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written down as its end stays its end."""
    told = Journal.turn

    def turn(journal: Journal, running: Any, *given: Any) -> Any:
        records = told(journal, running, *given)
        if running.closed:
            raise ZeroDivisionError("a fault of ours")
        return records

    monkeypatch.setattr(Journal, "turn", turn)
    with service(tmp_path / "wf.db") as target:
        arn = start(target, create(target, "m", TWO), "x")
        until(lambda: status(target, arn) != "RUNNING")
        assert status(target, arn) == "SUCCEEDED"
        events = target.call("GetExecutionHistory", {"executionArn": arn})["events"]
        assert events[-1]["type"] == "ExecutionSucceeded"
        assert target.load().running == 0


def test_an_express_execution_leaves_nothing_in_the_file(tmp_path: Path, faulty: pytest.MonkeyPatch) -> None:
    with service(tmp_path / "wf.db") as target:
        given = {"name": "e", "definition": LATER, "roleArn": "arn:aws:iam::123456789012:role/r", "type": "EXPRESS"}
        arn = target.call("CreateStateMachine", given)["stateMachineArn"]
        found = target.call("StartSyncExecution", {"stateMachineArn": arn})
        assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
        target.call("StartExecution", {"stateMachineArn": arn})
        until(lambda: target.load().running == 0)
        database = target._state.stored.database  # type: ignore[union-attr]
        with database.read() as connection:
            until(lambda: connection.execute("SELECT count(*) FROM executions").fetchone() == (0,))

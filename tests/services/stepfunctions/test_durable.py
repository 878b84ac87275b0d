"""The service on a file: retention, faults of ours and of handlers, clocks that are set, many that wait."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.engine.journaling import Process
from tests.store.files import in_another_process

from penstock.clock import SystemClock
from penstock.engine.tasks.handler import Cancel, Later, Reporter, Succeeded, TaskRequest
from penstock.errors import MissingRequirement, ServiceError, StoreInUse
from penstock.failpoints import VARIABLE
from penstock.services.stepfunctions import StepFunctions
from penstock.store import Database
from penstock.store.purging import purge

ROLE = "arn:aws:iam::123456789012:role/r"
STATES = "arn:aws:states:us-east-1:123456789012"
DAY = 86_400.0


def machine(**states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.005)


@contextmanager
def service(file: Path, **options: Any) -> Iterator[StepFunctions]:
    database = Database(file, synchronous="NORMAL")
    made = StepFunctions(database=database, **options)
    try:
        yield made
    finally:
        made.close()
        database.close()


def create(target: StepFunctions, name: str, definition: str) -> str:
    return str(
        target.call("CreateStateMachine", {"name": name, "definition": definition, "roleArn": ROLE})["stateMachineArn"]
    )


def start(target: StepFunctions, arn: str, name: str, value: Any = None) -> str:
    given = {"stateMachineArn": arn, "name": name, "input": json.dumps({} if value is None else value)}
    return str(target.call("StartExecution", given)["executionArn"])


def status(target: StepFunctions, arn: str) -> str:
    return str(target.call("DescribeExecution", {"executionArn": arn})["status"])


# ---- retention

EACH = {
    "Type": "Map",
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    },
}
MAP = machine(M={**EACH, "End": True})


def test_what_was_kept_long_enough_goes_and_its_name_is_free(tmp_path: Path) -> None:
    clock = Offset()
    inner = machine(W={"Type": "Wait", "Seconds": 200 * DAY, "End": True})
    outer = machine(
        M={**EACH, "ResultPath": None, "Next": "N"},
        N={
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution",
            "Parameters": {"StateMachineArn": f"{STATES}:stateMachine:inner", "Name": "left", "Input": {}},
            "End": True,
        },
    )
    with service(tmp_path / "wf.db", clock=clock) as first:
        create(first, "inner", inner)
        arn = start(first, create(first, "outer", outer), "x", [1, 2, 3])
        until(lambda: status(first, arn) == "SUCCEEDED")
        assert status(first, f"{STATES}:execution:inner:left") == "RUNNING"
    clock.by += 89 * DAY
    with service(tmp_path / "wf.db", clock=clock) as second:
        assert status(second, arn) == "SUCCEEDED"
    clock.by += 2 * DAY
    with service(tmp_path / "wf.db", clock=clock) as third:
        with pytest.raises(ServiceError, match="Execution Does Not Exist"):
            until(lambda: status(third, arn) != "SUCCEEDED")
        # What a Task started and left runs on, on its own.
        assert status(third, f"{STATES}:execution:inner:left") == "RUNNING"
        with Database(tmp_path / "wf.db", read_only=True).read() as connection:
            assert connection.execute("SELECT name FROM executions").fetchall() == [("left",)]
            assert connection.execute("SELECT count(DISTINCT execution) FROM journal").fetchone() == (1,)
            assert connection.execute("SELECT count(*) FROM map_runs").fetchone() == (0,)
        create(third, "pass", machine(P={"Type": "Pass", "End": True}))
        assert start(third, f"{STATES}:stateMachine:outer", "x", []) == arn


def test_a_process_that_dies_while_it_deletes_has_deleted_nothing(tmp_path: Path) -> None:
    with service(tmp_path / "wf.db") as target:
        arn = start(target, create(target, "p", machine(P={"Type": "Pass", "End": True})), "x")
        until(lambda: status(target, arn) == "SUCCEEDED")
    program = (
        "import sys, time; from penstock.store import Database; from penstock.services.stepfunctions import StepFunctions\n"
        "StepFunctions(database=Database(sys.argv[1]), retention_days=0); time.sleep(30)"
    )
    said = in_another_process(program, tmp_path / "wf.db", environ={**os.environ, VARIABLE: "purge.inside=kill"})
    assert said.startswith("-9: ")
    with service(tmp_path / "wf.db") as target:
        assert len(target.call("GetExecutionHistory", {"executionArn": arn})["events"]) == 4


@pytest.mark.parametrize("visit", [1, 2, 5, 9])
@pytest.mark.parametrize("place", ["inside", "between"])
def test_a_process_that_dies_between_two_parts_of_a_deletion_leaves_nothing_wrong(
    place: str, visit: int, tmp_path: Path
) -> None:
    with service(tmp_path / "wf.db") as target:
        arn = start(target, create(target, "m", MAP), "x", list(range(40)))
        until(lambda: status(target, arn) == "SUCCEEDED")
        run = target.call("ListMapRuns", {"executionArn": arn})["mapRuns"][0]["mapRunArn"]
    program = (
        "import sys, time; from penstock.store import Database, purging\n"
        "purging.purge.__kwdefaults__['rows'] = 8\n"
        "from penstock.services.stepfunctions import StepFunctions\n"
        "StepFunctions(database=Database(sys.argv[1]), retention_days=0); time.sleep(30)"
    )
    said = in_another_process(
        program, tmp_path / "wf.db", environ={**os.environ, VARIABLE: f"purge.{place}=kill@{visit}"}
    )
    assert said.startswith("-9: ")
    with service(tmp_path / "wf.db") as target:  # which keeps for 90 days
        if (place, visit) == ("inside", 1):
            assert len(target.call("GetExecutionHistory", {"executionArn": arn})["events"]) == 8
            assert len(target.call("ListExecutions", {"mapRunArn": run})["executions"]) == 40
            return
        with pytest.raises(ServiceError, match="Execution Does Not Exist"):
            status(target, arn)
        with pytest.raises(ServiceError, match="Map Run Does Not Exist"):
            target.call("DescribeMapRun", {"mapRunArn": run})
        assert start(target, f"{STATES}:stateMachine:m", "x", [1]) == arn  # its name is free
        until(lambda: status(target, arn) == "SUCCEEDED")
        until(lambda: _rows(tmp_path / "wf.db", "SELECT count(*) FROM executions") == [(2,)])
        assert _rows(tmp_path / "wf.db", "SELECT count(DISTINCT execution) FROM journal") == [(2,)]


def _rows(file: Path, query: str) -> list[Any]:
    database = Database(file, read_only=True, check=False)
    try:
        with database.read() as connection:
            return connection.execute(query).fetchall()
    finally:
        database.close()


def test_definitions_go_with_the_last_execution_of_them(tmp_path: Path) -> None:
    clock = Offset()
    waits = machine(W={"Type": "Wait", "Seconds": 300 * DAY, "End": True})
    with service(tmp_path / "wf.db", clock=clock) as target:
        for name, definition in {
            "old": machine(A={"Type": "Pass", "End": True}),
            "waits": waits,
            "map": MAP,
        }.items():
            arn = start(target, create(target, name, definition), "x", [1])
            until(lambda arn=arn, name=name: name == "waits" or status(target, arn) == "SUCCEEDED")
    clock.by += 60 * DAY
    with service(tmp_path / "wf.db", clock=clock) as target:
        assert len(_rows(tmp_path / "wf.db", "SELECT id FROM definitions")) == 3
        arn = start(target, f"{STATES}:stateMachine:map", "y", [1])
        until(lambda: status(target, arn) == "SUCCEEDED")
    clock.by += 60 * DAY
    with service(tmp_path / "wf.db", clock=clock) as target:
        until(lambda: len(_rows(tmp_path / "wf.db", "SELECT id FROM definitions")) == 2)
        for name in ("old", "map", "waits"):  # and each begins as before, whether its text is there or not
            arn = start(target, f"{STATES}:stateMachine:{name}", "z", [1])
            until(lambda arn=arn, name=name: name == "waits" or status(target, arn) == "SUCCEEDED")
            assert target.call("DescribeStateMachineForExecution", {"executionArn": arn})["definition"]
        assert len(_rows(tmp_path / "wf.db", "SELECT id FROM definitions")) == 3
    with service(tmp_path / "wf.db", clock=clock) as target:
        assert target.recovered is not None
        assert not target.recovered.parked
        assert len(target.recovered.running) == 2


def test_a_definition_stays_for_an_execution_that_begins_while_it_would_go(tmp_path: Path) -> None:
    """Its last execution has just been deleted, and the next is taken in and not yet written down."""
    document = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    with Process(tmp_path / "wf.db") as process:
        process.start(document, 1, "first")
        process.finish()
        second = process.start({**document, "Comment": "another"}, 1, "other")
        process.finish()
        assert second.closed
        assert purge(process.database, float("inf")) > 0
        process.start(document, 2, "second")
        assert process.journal.drop_definitions() == 1
        process.finish()
        assert process.closed("second").status == "SUCCEEDED"
        third = process.start({**document, "Comment": "another"}, 3, "third")
        process.finish()
        assert third.entry is not None
        assert '"another"' in process.journal.store.definition(third.entry.definition)
        assert process.journal.drop_definitions() == 0


# ---- faults


class Broken:
    """A handler that fails in a way that none should."""

    def __init__(self, how: str) -> None:
        self._how = how

    def handles(self, resource: str) -> bool:
        return resource.endswith(":function:f")

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        if self._how == "start":
            raise MissingRequirement("The moon is not installed.", requirement="moon")

        def wake() -> None:
            raise RuntimeError("asleep")

        report(Later(0.0, wake))
        return lambda: None

    def close(self) -> None:
        pass


@pytest.mark.parametrize("how", ["start", "wake"])
def test_a_broken_handler_fails_its_execution_and_no_other(how: str, tmp_path: Path) -> None:
    task = machine(T={"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True})
    with service(tmp_path / "wf.db", handlers=[Broken(how)]) as target:
        arn = start(target, create(target, "t", task), "broken")
        until(lambda: status(target, arn) == "FAILED")
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert ("moon" if how == "start" else "asleep") in found["cause"]
        other = start(target, create(target, "p", machine(P={"Type": "Pass", "End": True})), "fine")
        until(lambda: status(target, other) == "SUCCEEDED")
    with service(tmp_path / "wf.db") as target:
        assert status(target, arn) == "FAILED"


def test_a_fault_of_the_loop_is_told_to_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    with service(tmp_path / "wf.db", on_fault=lambda: ended.append(True)) as target:
        arn = create(target, "p", machine(P={"Type": "Pass", "End": True}))

        def commit(self: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr("penstock.engine.journal.Journal.commit", commit)
            for name in ("one", "two"):  # nobody waits for ever, now or later
                with pytest.raises(ServiceError, match=r"The executions have stopped .*a fault of ours") as told:
                    start(target, arn, name)
                assert told.value.code == "ServiceUnavailable"
        assert ended == [True]
    with service(tmp_path / "wf.db") as target:
        with pytest.raises(ServiceError, match="Does Not Exist"):
            status(target, f"{STATES}:execution:p:one")
        assert start(target, arn, "one")


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("a fault of ours"), StoreInUse("taken over")], ids=["ours", "fence"]
)
def test_a_fault_of_the_commit_is_told_to_who_waits_for_it(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service(tmp_path / "wf.db", on_fault=lambda: None) as target:
        loop = target._state.loop
        journal = loop.driver.journal
        assert journal is not None

        def commit(self: object) -> None:
            raise fault

        monkeypatch.setattr("penstock.engine.journal.Journal.commit", commit)
        asked = loop.ask(lambda: journal.forget(10**6), durable=True)
        with pytest.raises(ServiceError, match="The executions have stopped"):
            asked.result(timeout=5)


def test_what_is_asked_while_the_loop_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with service(tmp_path / "wf.db") as target:
        loop = target._state.loop
        asked: list[Future[None]] = []
        close = loop.driver.close

        def close_late(**how: bool) -> None:
            close(**how)
            monkeypatch.setattr(loop, "_ended", False)  # as a thread found it that was held up before it asked
            asked.append(loop.ask(lambda: None, durable=True))
            monkeypatch.setattr(loop, "_ended", True)

        monkeypatch.setattr(loop.driver, "close", close_late)
    monkeypatch.setattr(loop, "_ended", False)
    asked.append(loop.ask(lambda: None, durable=True))
    for each in asked:
        with pytest.raises(ServiceError, match="The service ends"):
            each.result(timeout=5)


def test_what_was_left_alone_can_be_stopped(tmp_path: Path) -> None:
    with service(tmp_path / "wf.db") as target:
        arn = start(target, create(target, "w", machine(W={"Type": "Wait", "Seconds": 9999, "End": True})), "x")
    database = Database(tmp_path / "wf.db")
    with database.write() as connection:
        connection.execute("UPDATE journal SET turn = 7")
    database.close()
    with service(tmp_path / "wf.db") as target:
        assert target.recovered is not None
        assert "has a gap" in target.recovered.parked[arn]
        assert status(target, arn) == "RUNNING"
        for reverse, expected in ((False, [1, 2]), (True, [2, 1])):
            given = {"executionArn": arn, "reverseOrder": reverse}
            assert [e["id"] for e in target.call("GetExecutionHistory", given)["events"]] == expected
        target.call("StopExecution", {"executionArn": arn, "error": "Given up"})
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert (found["status"], found["error"]) == ("ABORTED", "Given up")
        assert [e["type"] for e in target.call("GetExecutionHistory", {"executionArn": arn})["events"]] == [
            "ExecutionStarted",
            "WaitStateEntered",
        ]


# ---- clocks that are set


class Offset(SystemClock):
    """The machine's clock, which somebody sets."""

    def __init__(self) -> None:
        self.by = 0.0

    def now(self) -> float:
        return super().now() + self.by


class Answers:
    def handles(self, resource: str) -> bool:
        return resource.endswith(":function:f")

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        report(Succeeded(request.arguments))
        return lambda: None

    def close(self) -> None:
        pass


def _instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def test_a_clock_that_is_set_back_makes_waits_no_longer(tmp_path: Path) -> None:
    clock = Offset()
    with service(tmp_path / "wf.db", clock=clock) as target:
        for name, state in {
            "seconds": {"Type": "Wait", "Seconds": 1},
            "instant": {"Type": "Wait", "Timestamp": _instant(clock.now() + 2)},
        }.items():
            create(target, name, machine(W={**state, "End": True}))
            start(target, f"{STATES}:stateMachine:{name}", "x")
        clock.by = -DAY
        until(lambda: status(target, f"{STATES}:execution:seconds:x") == "SUCCEEDED", 10)
        time.sleep(1.5)
        assert status(target, f"{STATES}:execution:instant:x") == "RUNNING"  # its instant comes a day later now
        events = target.call("GetExecutionHistory", {"executionArn": f"{STATES}:execution:seconds:x"})["events"]
        times = [event["timestamp"] for event in events]
        assert times == sorted(times)  # and no history goes back
        clock.by = 0.0
        start(target, f"{STATES}:stateMachine:seconds", "y")  # which wakes the loop, as anything does
        until(lambda: status(target, f"{STATES}:execution:instant:x") == "SUCCEEDED", 10)


def test_a_clock_that_was_set_back_while_no_process_looked(tmp_path: Path) -> None:
    clock = Offset()
    with service(tmp_path / "wf.db", clock=clock) as target:
        create(target, "w", machine(W={"Type": "Wait", "Seconds": 2, "End": True}))
        arn = start(target, f"{STATES}:stateMachine:w", "x")
    clock.by = -DAY
    with service(tmp_path / "wf.db", clock=clock) as target:
        until(lambda: status(target, arn) == "SUCCEEDED", 10)


def test_a_clock_that_is_set_forward_fires_each_timer_once_in_their_order(tmp_path: Path) -> None:
    clock = Offset()
    with service(tmp_path / "wf.db", clock=clock) as target:
        arns = []
        for hours in (7, 3, 5, 1):
            create(target, f"w{hours}", machine(W={"Type": "Wait", "Seconds": hours * 3600, "End": True}))
            arns.append(start(target, f"{STATES}:stateMachine:w{hours}", "x"))
        clock.by = DAY
        status(target, arns[0])  # wakes the loop, as anything does; else it looks once a minute
        until(lambda: all(status(target, arn) == "SUCCEEDED" for arn in arns))
        with Database(tmp_path / "wf.db", read_only=True).read() as connection:
            order = connection.execute(
                "SELECT e.arn FROM journal j JOIN executions e ON e.id = j.execution WHERE CAST(j.event AS TEXT) LIKE '[\"timers\"%' ORDER BY seq"
            ).fetchall()
        assert [arn for (arn,) in order] == [arns[3], arns[1], arns[2], arns[0]]


def test_a_token_is_not_said_to_be_over_by_a_service_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is told ServiceUnavailable tries again, and the next process takes it; "does not exist" would end it."""
    waits = machine(
        A={"Type": "Task", "Resource": f"{STATES}:activity:work", "TimeoutSeconds": 3600, "End": True},
    )
    with service(tmp_path / "wf.db", on_fault=lambda: None) as target:
        target.call("CreateActivity", {"name": "work"})
        arn = start(target, create(target, "a", waits), "x")
        task = target.call("GetActivityTask", {"activityArn": f"{STATES}:activity:work"})
        answer = {"taskToken": task["taskToken"], "output": "1"}

        def commit(self: object) -> None:
            raise ZeroDivisionError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr("penstock.engine.journal.Journal.commit", commit)
            for _ in range(3):
                with pytest.raises(ServiceError) as told:
                    target.call("SendTaskSuccess", answer)
                assert told.value.code == "ServiceUnavailable"
    with service(tmp_path / "wf.db") as target:
        assert target.call("SendTaskSuccess", answer) == {}
        until(lambda: status(target, arn) == "SUCCEEDED")

"""A time in which nothing can be written down: nobody is told what a `kill -9` would undo, and what was refused can be asked
for again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import ROLE, STATES, create, machine, service, start, status, until
from tests.store.files import Disk

from penstock.engine.driver import Driver
from penstock.engine.messages import Redriven
from penstock.engine.running import Running
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Submitted, Succeeded, TaskRequest
from penstock.errors import ServiceError, StoreUnavailable
from penstock.services.stepfunctions import StepFunctions
from penstock.services.stepfunctions.loop import Loop

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
TASK = machine(T={"Type": "Task", "Resource": FUNCTION, "End": True})
CALLBACK = machine(
    T={
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": FUNCTION, "Payload": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
)
PASS = machine(P={"Type": "Pass", "End": True})
WAIT = machine(W={"Type": "Wait", "Seconds": 9999, "End": True})


class Hand:
    """A handler that reports when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[TaskRequest, Reporter]] = []
        self.cancelled = 0

    def handles(self, resource: str) -> bool:
        return ":function:f" in resource or "lambda:invoke" in resource

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        self.asked.append((request, report))
        return self._cancel

    def _cancel(self) -> None:
        self.cancelled += 1

    def close(self) -> None:
        pass


@contextmanager
def on_disk(file: Path, **options: Any) -> Iterator[tuple[StepFunctions, Disk]]:
    with service(file, **options) as target:
        database = target._state.stored.database  # type: ignore[union-attr]
        disk = Disk(database._connection)
        database._connection = disk  # type: ignore[assignment]
        try:
            yield target, disk
        finally:
            disk.full = False


def at_standstill(target: StepFunctions) -> None:
    until(lambda: target._state.loop.driver.failing is not None)


def going_on(target: StepFunctions, disk: Disk) -> None:
    disk.full = False
    until(lambda: target._state.loop.driver.failing is None)


@contextmanager
def after_a_kill(target: StepFunctions, file: Path, **options: Any) -> Iterator[StepFunctions]:
    """The next process, as it would find the file if this one were killed now."""
    copy = file.with_name("killed.db")
    target._state.loop.call(lambda: copied(file, copy))  # nothing is written meanwhile
    with service(copy, **options) as next_process:
        yield next_process


def copied(file: Path, copy: Path) -> None:
    for suffix in ("", "-wal"):
        shutil.copy(f"{file}{suffix}", f"{copy}{suffix}")


def in_thread(call: Callable[[], Any]) -> Future[Any]:
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ServiceError) as told:
        in_thread(call).result(timeout=10)
    assert told.value.code == "ServiceUnavailable"


@pytest.fixture
def hand() -> Hand:
    return Hand()


def ended_unwritten(target: StepFunctions, disk: Disk, hand: Hand) -> str:
    """An execution whose end cannot be written down."""
    arn = start(target, create(target, "m", TASK), "x", {"a": 1})
    until(lambda: hand.asked)
    disk.full = True
    hand.asked[0][1](Succeeded("done"))
    at_standstill(target)
    return arn


def test_an_end_is_told_when_it_is_written_down(tmp_path: Path, hand: Hand) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = ended_unwritten(target, disk, hand)
        assert status(target, arn) == "RUNNING"
        listed = target.call("ListExecutions", {"stateMachineArn": f"{STATES}:stateMachine:m"})["executions"]
        assert [each["status"] for each in listed] == ["RUNNING"]
        for reverse in (False, True):
            events = target.call("GetExecutionHistory", {"executionArn": arn, "reverseOrder": reverse})["events"]
            assert sorted(each["id"] for each in events) == [1, 2, 3, 4]
        # That it exists already would say that it has ended.
        refused(lambda: start(target, f"{STATES}:stateMachine:m", "x", {"a": 1}))
        refused(lambda: target.call("StopExecution", {"executionArn": arn}))
        with after_a_kill(target, tmp_path / "wf.db", handlers=[Hand()]) as next_process:
            assert status(next_process, arn) == "RUNNING"
        going_on(target, disk)
        until(lambda: status(target, arn) == "SUCCEEDED")
        with pytest.raises(ServiceError, match="Execution Already Exists"):
            start(target, f"{STATES}:stateMachine:m", "x", {"a": 1})


def test_who_waits_for_an_end_waits_for_it_to_be_written_down(tmp_path: Path, hand: Hand) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        running = target._state.loop.driver.find(arn)
        assert running is not None
        disk.full = True
        hand.asked[0][1](Succeeded("done"))
        at_standstill(target)
        assert running.closed
        waiting = target._state.loop.closed(running)
        target._state.loop.call(lambda: None)
        assert not waiting.done()
        going_on(target, disk)
        waiting.result(timeout=10)


def test_a_stop_that_cannot_be_written_down_is_refused_and_can_be_asked_for_again(tmp_path: Path) -> None:
    with on_disk(tmp_path / "wf.db") as (target, disk):
        arn = start(target, create(target, "m", WAIT), "x")
        disk.full = True
        refused(lambda: target.call("StopExecution", {"executionArn": arn, "error": "E"}))
        refused(lambda: target.call("StopExecution", {"executionArn": arn, "error": "E"}))
        assert status(target, arn) == "RUNNING"
        going_on(target, disk)
        assert target.call("StopExecution", {"executionArn": arn, "error": "E"})["stopDate"]
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert (found["status"], found["error"]) == ("ABORTED", "E")


def test_what_could_not_be_begun_cannot_be_stopped(tmp_path: Path) -> None:
    """Whoever asked for that had found it before."""
    with on_disk(tmp_path / "wf.db") as (target, disk):
        loop, begun = target._state.loop, list[Running]()
        take = loop.take

        def taken(running: Running) -> None:
            take(running)
            begun.append(running)

        loop.take = taken  # type: ignore[method-assign]
        arn = create(target, "m", WAIT)
        disk.full = True
        refused(lambda: start(target, arn, "x"))
        going_on(target, disk)
        with pytest.raises(ServiceError, match="Execution Does Not Exist"):
            loop.stop(begun[0], None, None).result(timeout=10)
        loop.driver.stop(begun[0])
        loop.call(lambda: None, durable=True)
        assert not begun[0].closed
        assert start(target, arn, "x")


def test_a_stop_that_finds_an_end_that_is_not_written_down_is_refused(tmp_path: Path, hand: Hand) -> None:
    """It was looked for before that end, and asks after it."""
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        found = target._state.found
        began = threading.Event()

        def found_early(text: str) -> Any:
            result = found(text)
            if not began.is_set():
                began.set()
                disk.full = True
                hand.asked[0][1](Succeeded("done"))
                until(lambda: result.running.closed)
            return result

        target._state.found = found_early  # type: ignore[method-assign]
        refused(lambda: target.call("StopExecution", {"executionArn": arn}))
        going_on(target, disk)
        until(lambda: status(target, arn) == "SUCCEEDED")


def test_a_redrive_that_cannot_be_written_down_is_refused_and_can_be_asked_for_again(
    tmp_path: Path, hand: Hand
) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        hand.asked[0][1](Failed("E", "c"))
        until(lambda: status(target, arn) == "FAILED")
        given = {"executionArn": arn, "clientToken": "t"}
        disk.full = True
        refused(lambda: target.call("RedriveExecution", given))
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert (found["status"], found["redriveCount"], found["error"]) == ("FAILED", 0, "E")
        with after_a_kill(target, tmp_path / "wf.db") as next_process:
            assert target.call("DescribeExecution", {"executionArn": arn})["status"] == "FAILED"
            assert next_process.call("DescribeExecution", {"executionArn": arn})["status"] == "FAILED"
        refused(lambda: target.call("RedriveExecution", given))
        going_on(target, disk)
        until(lambda: status(target, arn) == "RUNNING")
        date = target.call("RedriveExecution", given)["redriveDate"]  # an SDK's retry has the same token
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert (found["redriveCount"], found["redriveDate"]) == (1, date)
        with pytest.raises(ServiceError, match="RUNNING"):
            target.call("RedriveExecution", {**given, "clientToken": "u"})
        until(lambda: len(hand.asked) == 2)


def test_what_is_to_be_stopped_goes_on_until_that_is_written_down(tmp_path: Path, hand: Hand) -> None:
    """A process that is killed before is followed by one that goes on with it."""
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        disk.full = True
        refused(lambda: target.call("StopExecution", {"executionArn": arn}))
        target._state.loop.call(lambda: None)
        assert hand.cancelled == 0
        going_on(target, disk)
        until(lambda: status(target, arn) == "ABORTED")
        assert hand.cancelled == 1


def test_a_handler_that_cannot_stop_breaks_no_other_execution(tmp_path: Path, hand: Hand) -> None:
    def fail() -> None:
        raise ZeroDivisionError("it does not stop")

    hand._cancel = fail  # type: ignore[method-assign]
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, _):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        target.call("StopExecution", {"executionArn": arn})
        assert status(target, arn) == "ABORTED"
        other = start(target, f"{STATES}:stateMachine:m", "y")
        until(lambda: len(hand.asked) == 2)
        hand.asked[1][1](Succeeded(1))
        until(lambda: status(target, other) == "SUCCEEDED")
        assert target.load().running == 0


def test_a_handler_that_cannot_stop_keeps_no_process_from_ending_in_good_order(tmp_path: Path, hand: Hand) -> None:
    stopped: list[int] = []

    def fail() -> None:
        stopped.append(1)
        raise ZeroDivisionError("it does not stop")

    hand._cancel = fail  # type: ignore[method-assign]
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, _):
        arn = create(target, "m", TASK)
        for name in ("x", "y"):
            start(target, arn, name)
        until(lambda: len(hand.asked) == 2)
        target.close()
        database = target._state.stored.database  # type: ignore[union-attr]
        assert (len(stopped), database.value("clean")) == (2, 1)


def test_what_is_to_be_stopped_is_when_the_end_writes_it_down(tmp_path: Path, hand: Hand) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        disk.full = True
        refused(lambda: target.call("StopExecution", {"executionArn": arn}))
        assert hand.cancelled == 0
        end = target._state.loop.driver._end

        def end_with_room(*, torn: bool) -> None:
            assert hand.cancelled == 0
            disk.full = False
            end(torn=torn)

        target._state.loop.driver._end = end_with_room  # type: ignore[method-assign]
        target.close()
        assert hand.cancelled == 1
    with service(tmp_path / "wf.db") as target:
        assert status(target, arn) == "ABORTED"


def test_what_was_to_be_stopped_does_not_outlast_an_end_that_cannot_write_it_down(tmp_path: Path, hand: Hand) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = create(target, "m", TASK)
        first = start(target, arn, "x")
        start(target, arn, "y")
        until(lambda: len(hand.asked) == 2)
        disk.full = True
        refused(lambda: target.call("StopExecution", {"executionArn": first}))
        assert hand.cancelled == 0
        target.close()
        assert hand.cancelled == 2


def test_a_job_that_outlasts_the_process_is_not_stopped_where_that_cannot_be_written_down(
    tmp_path: Path, hand: Hand
) -> None:
    hand.resume = lambda request, report, taken: hand.start(request, report)  # type: ignore[attr-defined]
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        hand.asked[0][1](Submitted({"JobId": "1"}))
        driver = target._state.loop.driver
        until(lambda: target._state.loop.call(lambda: driver.find(arn).entry.left))  # type: ignore[union-attr]
        disk.full = True
        refused(lambda: target.call("StopExecution", {"executionArn": arn}))
        target.close()
        assert hand.cancelled == 0


def test_what_a_stopped_task_waits_for_is_stopped_with_it_whenever_the_process_is_killed(
    tmp_path: Path, hand: Hand
) -> None:
    def starting(arn: str) -> str:
        given = {"StateMachineArn": arn, "Name": "x"}
        resource = "arn:aws:states:::states:startExecution.sync:2"
        return machine(T={"Type": "Task", "Resource": resource, "Parameters": given, "End": True})

    file, copy = tmp_path / "wf.db", tmp_path / "killed.db"
    with service(file, handlers=[hand]) as target:
        inner = create(target, "inner", TASK)
        middle = create(target, "middle", starting(inner))
        outer = start(target, create(target, "outer", starting(middle)), "x")
        until(lambda: hand.asked)
        driver = target._state.loop.driver
        settled = driver.settled

        def kill(call: Callable[[], None]) -> None:
            driver.settled = settled  # type: ignore[method-assign]
            copied(file, copy)
            settled(call)

        driver.settled = kill  # type: ignore[method-assign]
        target.call("StopExecution", {"executionArn": outer})
        arns = [outer, *(f"{arn.replace(':stateMachine:', ':execution:')}:x" for arn in (middle, inner))]
        until(lambda: [status(target, arn) for arn in arns] == ["ABORTED"] * 3)
        until(lambda: hand.cancelled == 1)
    with service(copy, handlers=[hand]) as target:
        assert [status(target, arn) for arn in arns] == ["ABORTED"] * 3


def test_news_in_an_outage_writes_nothing_before_the_next_try(
    tmp_path: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each of many reports would write again all that has gathered."""
    monkeypatch.setattr("penstock.engine.committing_loop.RETRY_SECONDS", 1000.0)
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        ended_unwritten(target, disk, hand)
        refused = disk.refused
        for _ in range(20):
            target._state.loop.call(lambda: None)
        assert disk.refused == refused


def test_an_outage_that_is_over_while_it_is_told_is_told_whole() -> None:
    class Ending:
        """What a request's thread may see of a driver."""

        def __init__(self) -> None:
            self._failing: list[StoreUnavailable | None] = [StoreUnavailable("The disk is full."), None]

        @property
        def failing(self) -> StoreUnavailable | None:
            return self._failing.pop(0)

    with pytest.raises(ServiceError, match="The disk is full"):
        Loop.check_written(SimpleNamespace(driver=Ending()))  # type: ignore[arg-type]


def test_an_activity_is_seen_when_it_is_written_down(tmp_path: Path, hand: Hand) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        seen: list[Any] = []

        def look(sql: str) -> None:
            if sql.startswith("COMMIT"):
                seen.extend(target.call("ListActivities", {})["activities"])

        disk.before = look
        target.call("CreateActivity", {"name": "work"})
        assert not seen
        disk.full = True
        refused(lambda: target.call("CreateActivity", {"name": "other"}))
        assert [each["name"] for each in target.call("ListActivities", {})["activities"]] == ["work"]


# ---- results by task token


def sent(kind: str, token: str, value: str) -> tuple[str, dict[str, str]]:
    if kind == "success":
        return "SendTaskSuccess", {"taskToken": token, "output": json.dumps(value)}
    return "SendTaskFailure", {"taskToken": token, "error": value, "cause": "c"}


@pytest.mark.parametrize("kind", ["success", "failure"])
def test_a_result_that_cannot_be_written_down_is_refused_and_can_be_sent_again(
    kind: str, tmp_path: Path, hand: Hand
) -> None:
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", CALLBACK), "x")
        until(lambda: hand.asked)
        token = hand.asked[0][0].token
        assert token is not None
        disk.full = True
        for value in ("a", "a", "b"):
            refused(lambda value=value: target.call(*sent(kind, token, value)))
        with after_a_kill(target, tmp_path / "wf.db", handlers=[Hand()]) as next_process:
            next_process.call(*sent(kind, token, "a"))
            until(lambda: status(next_process, arn) == ("SUCCEEDED" if kind == "success" else "FAILED"))
        going_on(target, disk)
        assert target.call(*sent(kind, token, "a")) == {}  # an SDK's retry: the first counts
        until(lambda: status(target, arn) == ("SUCCEEDED" if kind == "success" else "FAILED"))
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert (found["output"] if kind == "success" else found["error"]) == ('"a"' if kind == "success" else "a")
        for other in (sent(kind, token, "b"), sent("failure" if kind == "success" else "success", token, "a")):
            with pytest.raises(ServiceError) as told:
                target.call(*other)
            assert told.value.code == "TaskTimedOut"


def test_a_task_that_is_taken_at_the_beginning_of_an_outage_is_not_lost(tmp_path: Path) -> None:
    """The worker has it; the next process, which does not know that, gives it to another under the same token."""
    activity = f"{STATES}:activity:work"
    definition = machine(T={"Type": "Task", "Resource": activity, "End": True})
    with on_disk(tmp_path / "wf.db") as (target, disk):
        target.call("CreateActivity", {"name": "work"})
        arn = start(target, create(target, "m", definition), "x", {"a": 1})
        take = target._state.callbacks.get_activity_task

        def take_when_full(*given: Any, **more: Any) -> Any:
            disk.full = True
            return take(*given, **more)

        target._state.callbacks.get_activity_task = take_when_full  # type: ignore[method-assign]
        task = target.call("GetActivityTask", {"activityArn": activity})
        assert json.loads(task["input"]) == {"a": 1}
        refused(lambda: target.call("GetActivityTask", {"activityArn": activity}))
        with after_a_kill(target, tmp_path / "wf.db") as next_process:
            assert next_process.call("GetActivityTask", {"activityArn": activity}) == task
        going_on(target, disk)
        target.call("SendTaskSuccess", {"taskToken": task["taskToken"], "output": "1"})
        until(lambda: status(target, arn) == "SUCCEEDED")


# ---- Express executions, of which nothing is written down, tell what others are told


def express(target: StepFunctions, name: str, definition: str) -> str:
    given = {"name": name, "definition": definition, "roleArn": ROLE, "type": "EXPRESS"}
    return str(target.call("CreateStateMachine", given)["stateMachineArn"])


def test_what_an_express_execution_sent_is_written_down_when_its_end_is_told(tmp_path: Path, hand: Hand) -> None:
    send = machine(
        T={"Type": "Task", "Resource": FUNCTION, "Next": "S"},
        S={
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
            "Parameters": {"TaskToken.$": "$$.Execution.Input.token", "Output": "1"},
            "End": True,
        },
    )
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", CALLBACK), "x")
        until(lambda: hand.asked)
        sender = express(target, "e", send)
        given = {"stateMachineArn": sender, "input": json.dumps({"token": hand.asked[0][0].token})}
        told = in_thread(lambda: target.call("StartSyncExecution", given))
        until(lambda: len(hand.asked) == 2)
        disk.full = True
        hand.asked[1][1](Succeeded(1))
        at_standstill(target)
        target._state.loop.call(lambda: None)
        assert not told.done()
        going_on(target, disk)
        assert told.result(timeout=10)["status"] == "SUCCEEDED"
        assert status(target, arn) == "SUCCEEDED"


@pytest.mark.parametrize("resource", ["states:startExecution", "aws-sdk:sfn:startExecution"])
def test_what_an_express_execution_could_not_start_it_has_not_started(
    resource: str, tmp_path: Path, hand: Hand
) -> None:
    begins = machine(
        T={"Type": "Task", "Resource": FUNCTION, "Next": "S"},
        S={
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "Parameters": {"StateMachineArn": f"{STATES}:stateMachine:m", "Name": "x", "Input": "{}"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}]
            if resource.startswith("aws")
            else [],
            "End": True,
        },
    )
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        create(target, "m", PASS)
        beginner = express(target, "e", begins)
        told = in_thread(lambda: target.call("StartSyncExecution", {"stateMachineArn": beginner}))
        until(lambda: hand.asked)
        disk.full = True
        hand.asked[0][1](Succeeded(1))
        until(lambda: disk.refused)
        going_on(target, disk)
        found = told.result(timeout=10)
        with_retry = resource.startswith("aws")
        assert found["status"] == ("SUCCEEDED" if with_retry else "FAILED")
        if with_retry:
            until(lambda: status(target, f"{STATES}:execution:m:x") == "SUCCEEDED")
        else:
            assert found["error"] == "StepFunctions.ServiceUnavailableException"
            with pytest.raises(ServiceError, match="Execution Does Not Exist"):
                status(target, f"{STATES}:execution:m:x")


# ---- Map Runs


def test_a_map_run_is_told_as_it_is_written_down(tmp_path: Path, hand: Hand) -> None:
    definition = machine(
        M={
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                **json.loads(TASK),
            },
            "End": True,
        }
    )
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        arn = start(target, create(target, "m", definition), "x", [1, 2])
        until(lambda: len(hand.asked) == 2)
        run = target.call("ListMapRuns", {"executionArn": arn})["mapRuns"][0]["mapRunArn"]
        disk.full = True
        hand.asked[0][1](Succeeded(1))
        at_standstill(target)
        counts = target.call("DescribeMapRun", {"mapRunArn": run})["executionCounts"]
        assert counts["succeeded"] == 0
        listed = target.call("ListExecutions", {"mapRunArn": run})["executions"]
        assert [each["status"] for each in listed] == ["RUNNING", "RUNNING"]
        refused(lambda: target.call("UpdateMapRun", {"mapRunArn": run, "maxConcurrency": 1}))
        going_on(target, disk)
        until(
            lambda: target.call("DescribeMapRun", {"mapRunArn": run})["executionCounts"]["succeeded"] == 1,
        )
        hand.asked[1][1](Succeeded(1))
        until(lambda: status(target, arn) == "SUCCEEDED")


# ---- what no later try would mend


def test_a_step_that_is_too_large_for_the_file_fails_its_execution_and_no_other(tmp_path: Path, hand: Hand) -> None:
    """SQLite takes a row of 1 GB; here, of 100 kB."""
    states = {f"P{number}": {"Type": "Pass", "Next": f"P{number + 1}"} for number in range(20)}
    big = machine(
        S={"Type": "Task", "Resource": FUNCTION, "Next": "P0"},
        **states,
        P20={"Type": "Task", "Resource": FUNCTION, "End": True},
    )
    both = json.dumps(
        {
            "StartAt": "B",
            "States": {
                "B": {"Type": "Parallel", "Branches": [json.loads(TASK), json.loads(big)], "End": True},
            },
        }
    )
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        disk.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100_000)
        target._state.stored.database.largest = 100_000  # type: ignore[union-attr]
        small = start(target, create(target, "small", TASK), "x")
        until(lambda: len(hand.asked) == 1)
        arn = start(target, create(target, "big", both), "x")
        until(lambda: len(hand.asked) == 3)
        next(report for request, report in hand.asked if request.state_name == "S")(Succeeded("y" * 10_000))
        until(lambda: status(target, arn) != "RUNNING")
        found = target.call("DescribeExecution", {"executionArn": arn})
        assert (found["status"], found["error"]) == ("FAILED", "States.DataLimitExceeded")
        assert found["cause"].startswith("One step of the execution has ")
        events = target.call("GetExecutionHistory", {"executionArn": arn})["events"]
        assert events[-1]["executionFailedEventDetails"] == {"error": found["error"], "cause": found["cause"]}
        assert "PassStateEntered" not in {each["type"] for each in events}
        hand.asked[0][1](Succeeded(1))
        until(lambda: status(target, small) == "SUCCEEDED")
        assert target.load().running == 0
        assert target.load().tasks == 0
    with service(tmp_path / "wf.db", handlers=[hand]) as target:
        assert target.call("DescribeExecution", {"executionArn": arn})["cause"] == found["cause"]
        assert target.call("GetExecutionHistory", {"executionArn": arn})["events"] == events
        target.call("RedriveExecution", {"executionArn": arn})
        until(lambda: status(target, arn) == "RUNNING")


def test_a_record_that_is_too_large_for_the_file_is_refused_as_what_it_is(tmp_path: Path) -> None:
    with on_disk(tmp_path / "wf.db") as (target, disk):
        disk.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100_000)
        big = machine(P={"Type": "Pass", "Comment": "c" * 200_000, "End": True})
        with pytest.raises(ServiceError) as told:
            create(target, "big", big)
        assert told.value.code == "ValidationException"
        assert "string or blob too big" in str(told.value)
        arn = start(target, create(target, "m", PASS), "x")
        until(lambda: status(target, arn) == "SUCCEEDED")


def test_a_fault_of_a_redrive_is_one_of_the_loop(tmp_path: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes on from the midst of its turn, and the next process does as if it had not been asked for."""
    ended: list[bool] = []
    with service(tmp_path / "wf.db", handlers=[hand], on_fault=lambda: ended.append(True)) as target:
        arn = start(target, create(target, "m", TASK), "x")
        until(lambda: hand.asked)
        hand.asked[0][1](Failed("E", "c"))
        until(lambda: status(target, arn) == "FAILED")

        def reopen(driver: Driver, running: Running, *, now: bool = False) -> None:
            driver.tell(running, Redriven())
            raise ZeroDivisionError("a fault of ours")

        with monkeypatch.context() as patch:
            patch.setattr(Driver, "reopen", reopen)
            with pytest.raises((ServiceError, ZeroDivisionError), match="a fault of ours"):
                target.call("RedriveExecution", {"executionArn": arn})
            until(lambda: ended)
        with pytest.raises(ServiceError, match="The executions have stopped"):
            start(target, f"{STATES}:stateMachine:m", "y")
    with service(tmp_path / "wf.db", handlers=[hand]) as target:
        assert status(target, arn) == "FAILED"
        target.call("RedriveExecution", {"executionArn": arn})
        assert status(target, arn) == "RUNNING"

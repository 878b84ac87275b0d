"""Runs in a database file, from Python: what goes on, what is refused, and who has to give what again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.store.files import Disk

import penstock
from penstock.api import open_run, run_many
from penstock.clock import VirtualClock
from penstock.durable import stop_in_file
from penstock.errors import InvalidInput, PenstockError, StoreInUse, TargetNotFound, UsageError
from penstock.runs.file import FileRuns
from penstock.store import Database
from penstock.store.executions import Executions

INNER = "arn:aws:states:us-east-1:123456789012:stateMachine:inner"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
WAIT = {"Type": "Wait", "Seconds": 600, "End": True}
MACHINE = {
    "StartAt": "T",
    "States": {"T": {"Type": "Task", "Resource": ARN, "ResultPath": "$.t", "Next": "W"}, "W": WAIT},
}


class Slow(VirtualClock):
    """Virtual time that never jumps, so that a wait is still going on when it is left."""

    def advance_to(self, instant: float) -> None:
        threading.Event().wait(0.01)


class Counted:
    def __init__(self) -> None:
        self.calls = 0
        self.reached = threading.Event()

    def __call__(self, event: Any, context: Any) -> int:
        self.calls += 1
        return self.calls


def left_in_its_wait(db: Path, function: Counted, **options: Any) -> None:
    """Begins MACHINE and leaves it in W."""
    reached = threading.Event()

    def observe(event: Any) -> None:
        if event["type"] == "WaitStateEntered":
            reached.set()

    with penstock.start(MACHINE, {"a": 1}, db=db, functions={"f": function}, observer=observe, **options):
        assert reached.wait(10)


def test_a_run_in_a_file_tells_what_one_in_memory_tells(tmp_path: Path) -> None:
    here = penstock.run(MACHINE, {"a": 1}, functions={"f": Counted()}, time="skip", name="x")
    there = penstock.run(MACHINE, {"a": 1}, functions={"f": Counted()}, time="skip", name="x", db=tmp_path / "r.db")
    assert (there.status, there.output, there.name) == (here.status, here.output, here.name)
    assert [e["type"] for e in there.history] == [e["type"] for e in here.history]
    assert (there.stop_date - there.start_date).total_seconds() >= 600
    assert [e["detail"]["status"] for e in there.status_changes()] == ["RUNNING", "SUCCEEDED"]
    assert len(there.log_events()) == len(here.log_events())
    assert there.map_runs == []


def test_what_was_left_goes_on(tmp_path: Path) -> None:
    function = Counted()
    left_in_its_wait(tmp_path / "r.db", function, name="x", time="skip", clock=Slow())
    seen: list[Any] = []
    result = penstock.resume(tmp_path / "r.db", "x", functions={"f": function}, observer=seen.append)
    assert (result.status, result.output) == ("SUCCEEDED", {"a": 1, "t": 1})
    assert function.calls == 1
    assert [e["id"] for e in seen] == [e["id"] for e in result.history] == list(range(1, len(seen) + 1))
    assert (result.stop_date - result.start_date).total_seconds() >= 600


def test_what_only_a_program_can_give_is_asked_for(tmp_path: Path) -> None:
    left_in_its_wait(tmp_path / "r.db", Counted(), name="x")
    with pytest.raises(InvalidInput, match=r"penstock\.resume\(db, name, functions=…\)"):
        penstock.resume(tmp_path / "r.db", "x")


def test_names_follow_start_executions_rules(tmp_path: Path) -> None:
    db, function = tmp_path / "r.db", Counted()
    left_in_its_wait(db, function, name="x", time="skip", clock=Slow())
    with pytest.raises(UsageError, match="was begun with another input"):
        penstock.run(MACHINE, {"a": 2}, db=db, name="x", functions={"f": function}, time="skip")
    assert penstock.run(MACHINE, {"a": 1}, db=db, name="x", functions={"f": function}, time="skip").succeeded
    assert function.calls == 1
    with pytest.raises(UsageError, match="has ended already"):
        penstock.run(MACHINE, {"a": 1}, db=db, name="x", functions={"f": function}, time="skip")
    with pytest.raises(UsageError, match="was not interrupted"):
        penstock.resume(db, "x", functions={"f": function})
    with pytest.raises(UsageError, match="has no execution 'y'"):
        penstock.resume(db, "y")
    with pytest.raises(UsageError, match="There is no database"):
        penstock.resume(tmp_path / "none.db", "y")
    assert not (tmp_path / "none.db").exists()


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with (
        penstock.start({"StartAt": "W", "States": {"W": WAIT}}, db=tmp_path / "r.db"),
        pytest.raises(StoreInUse, match="is in use by the process"),
    ):
        penstock.run(MACHINE, db=tmp_path / "r.db", functions={"f": Counted()})


def test_an_exception_of_the_observer_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    function = Counted()

    def observe(event: Any) -> None:
        if event["type"] == "TaskStateExited":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        penstock.run(
            MACHINE, {}, db=tmp_path / "r.db", name="x", functions={"f": function}, observer=observe, time="skip"
        )
    assert penstock.resume(tmp_path / "r.db", "x", functions={"f": function}).succeeded
    assert function.calls == 1


def test_many_runs_of_which_some_are_over(tmp_path: Path) -> None:
    db, function = tmp_path / "r.db", Counted()
    options: dict[str, Any] = {"functions": {"f": function}, "time": "skip", "name": "b", "db": db}
    inputs = [{"n": n} for n in range(5)]
    some = run_many(MACHINE, inputs, at_once=2, **options)
    first = [next(some), next(some)]
    some.close()  # type: ignore[attr-defined]
    results = list(run_many(MACHINE, inputs, at_once=2, **options))
    assert [r.name for r in results] == [f"b-{n}" for n in range(1, 6)]
    assert [r.output for r in results[:2]] == [r.output for r in first]
    assert function.calls == 5
    assert len(results[0].history) == len(results[4].history)
    with pytest.raises(UsageError, match="need a name"):
        next(run_many(MACHINE, inputs, db=db, functions={"f": function}))


def test_nested_executions_go_on_with_their_run(tmp_path: Path) -> None:
    inner = {"StartAt": "I", "States": {"I": WAIT}}
    start = "arn:aws:states:::states:startExecution.sync:2"
    outer = {
        "StartAt": "N",
        "States": {
            "N": {
                "Type": "Task",
                "Resource": start,
                "Parameters": {"StateMachineArn": INNER, "Input": {"n": 1}, "Name": "child"},
                "ResultSelector": {"status.$": "$.Status"},
                "End": True,
            }
        },
    }
    begun = threading.Event()
    db = tmp_path / "r.db"

    def observe(event: Any) -> None:
        if event["type"] == "TaskSubmitted":
            begun.set()

    clock = Slow()
    with penstock.start(
        outer, {}, db=db, name="x", machines={"inner": inner}, observer=observe, time="skip", clock=clock
    ):
        assert begun.wait(10)
    with pytest.raises(UsageError, match="was started by another one, and goes on with it"):
        penstock.resume(db, "child", machines={"inner": inner})
    result = penstock.resume(db, "x", machines={"inner": inner})
    assert result.output == {"status": "SUCCEEDED"}
    database = Database(db, read_only=True)
    assert [each.status for each in Executions(database).of(None)] == ["SUCCEEDED", "SUCCEEDED"]
    database.close()


def nested(resource: str, then: str | None = None) -> dict[str, Any]:
    task = {
        "Type": "Task",
        "Resource": resource,
        "Parameters": {"StateMachineArn": INNER, "Input": {}, "Name": "child"},
    }
    states: dict[str, Any] = {"N": {**task, "Next": "W"}, "W": WAIT}
    return {"StartAt": "N", "States": states}


@pytest.mark.parametrize(
    ("resource", "event", "child"),
    [
        ("arn:aws:states:::states:startExecution.sync", "TaskSubmitted", "ABORTED"),
        ("arn:aws:states:::states:startExecution", "WaitStateEntered", "RUNNING"),
    ],
)
@pytest.mark.parametrize("by", ["the file", "a service"])
def test_what_a_stopped_run_waits_for_ends_with_it(
    tmp_path: Path, resource: str, event: str, child: str, by: str
) -> None:
    db, inner = tmp_path / "r.db", {"StartAt": "I", "States": {"I": WAIT}}
    reached = threading.Event()

    def observe(seen: Any) -> None:
        if seen["type"] == event:
            reached.set()

    with penstock.start(nested(resource), {}, db=db, name="x", machines={"inner": inner}, observer=observe):
        assert reached.wait(10)
    arn = "arn:aws:states:us-east-1:123456789012:execution:StateMachine:x"
    if by == "the file":
        assert stop_in_file(db, "x", "Enough", "for today") == arn
    else:
        with penstock.Client(db=db) as client:
            assert client.describe_execution(executionArn=arn)["status"] == "RUNNING"
            stopped = client.stop_execution(executionArn=arn, error="Enough", cause="for today")
            described = client.describe_execution(executionArn=arn)
            assert (described["status"], described["stopDate"]) == ("ABORTED", stopped["stopDate"])
    runs = FileRuns(db)
    found = runs.execution("x")
    assert (found.described["status"], found.described["error"]) == ("ABORTED", "Enough")
    assert [each["type"] for each in runs.history("x")][-1] == "ExecutionAborted"
    assert [each["status"] for each in found.started] == [child]
    runs.close()
    if child == "RUNNING":  # nobody waits for it, and it goes on by itself
        ended = penstock.resume(db, "x", machines={"inner": inner}, clock=VirtualClock())
        assert ended.status == "ABORTED"
        runs = FileRuns(db)
        assert [each["status"] for each in runs.list()] == ["SUCCEEDED", "ABORTED"]
        runs.close()


def test_redriving_what_failed(tmp_path: Path) -> None:
    answers: list[Any] = [ValueError("no"), 5]

    def function(event: Any, context: Any) -> Any:
        value = answers.pop(0)
        if isinstance(value, Exception):
            raise value
        return value

    db = tmp_path / "r.db"
    one = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": ARN, "End": True}}}
    failed = penstock.run(one, {}, db=db, name="x", functions={"f": function})
    assert (failed.status, failed.failed_state) == ("FAILED", "T")
    again = penstock.redrive(db, "x", functions={"f": function})
    assert (again.status, again.output) == ("SUCCEEDED", 5)
    assert [e["type"] for e in again.history].count("ExecutionRedriven") == 1


def test_where_the_target_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder; with its placeholders; and with its mocks."""
    (tmp_path / ".git").mkdir()
    machine = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "${Fn}", "Next": "W"}, "W": WAIT}}
    (tmp_path / "m.asl.json").write_text(json.dumps(machine))
    mocks = {
        "StateMachines": {"m": {"TestCases": {"Good": {"T": "Yes"}}}},
        "MockedResponses": {"Yes": {"0": {"Return": 5}}},
    }
    (tmp_path / "mocks.json").write_text(json.dumps(mocks))
    monkeypatch.chdir(tmp_path)
    reached = threading.Event()

    def observe(event: Any) -> None:
        if event["type"] == "WaitStateEntered":
            reached.set()

    options: dict[str, Any] = {
        "mocks": "mocks.json#Good",
        "substitutions": {"Fn": ARN},
        "clock": Slow(),
        "time": "skip",
    }
    with penstock.start("m.asl.json", {}, db="r.db", name="x", observer=observe, **options):
        assert reached.wait(10)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert penstock.resume(tmp_path / "r.db", "x").output == 5


def test_a_script_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project.py").write_text(
        "from penstock.script import wait\n\n\ndef main(data):\n    wait(seconds=600)\n"
    )
    with penstock.start("project.py", {}, db="r.db", name="x", time="skip", clock=Slow()):
        pass
    (tmp_path / "project.py").rename(tmp_path / "other.py")
    with pytest.raises(TargetNotFound, match="give its new place"):
        penstock.resume("r.db", "x")
    assert penstock.resume("r.db", "x", target="other.py").succeeded


def test_an_option_that_is_none() -> None:
    with pytest.raises(TypeError, match="There is no option 'function'; did you mean 'functions'"):
        penstock.run(MACHINE, function={})  # type: ignore[call-arg]


def test_an_express_run_begins_anew(tmp_path: Path) -> None:
    db, function, reached = tmp_path / "r.db", Counted(), threading.Event()

    def observe(event: Any) -> None:
        if event["type"] == "WaitStateEntered":
            reached.set()

    options: dict[str, Any] = {"functions": {"f": function}, "type": "EXPRESS", "name": "x", "db": db}
    short = {**MACHINE, "States": {**MACHINE["States"], "W": {**WAIT, "Seconds": 200}}}  # type: ignore[dict-item]
    with penstock.start(short, {"a": 1}, observer=observe, time="skip", clock=Slow(), **options):
        assert reached.wait(10)
    result = penstock.resume(db, "x", functions={"f": function})
    assert (result.status, result.output, function.calls) == ("SUCCEEDED", {"a": 1, "t": 2}, 2)
    assert result.history[-1]["type"] == "ExecutionSucceeded"
    runs = FileRuns(db)
    assert list(runs.list()) == []  # nobody can ask after one that has ended
    runs.close()


def test_a_child_that_cannot_be_taken_up_keeps_its_parent_from_waiting_for_ever(tmp_path: Path) -> None:
    db, inner, reached = tmp_path / "r.db", {"StartAt": "I", "States": {"I": WAIT}}, threading.Event()

    def observe(seen: Any) -> None:
        if seen["type"] == "TaskSubmitted":
            reached.set()

    outer = nested("arn:aws:states:::states:startExecution.sync")
    with penstock.start(outer, {}, db=db, name="x", machines={"inner": inner}, observer=observe):
        assert reached.wait(10)
    database = Database(db)
    with database.write() as connection:
        connection.execute("UPDATE journal SET records = x'90' WHERE turn = 1 AND execution = 2")
    database.close()
    with pytest.raises(
        PenstockError, match=r"goes on otherwise .* of the execution arn:.*:inner:child that it started"
    ):
        penstock.resume(db, "x", machines={"inner": inner})
    stop_in_file(db, "x")
    runs = FileRuns(db)
    assert [each["status"] for each in runs.list()] == ["ABORTED", "ABORTED"]
    runs.close()


def test_an_end_that_is_not_written_down_is_no_result_of_a_run_that_is_left(tmp_path: Path) -> None:
    """It was RUNNING again after a kill, and is told to go on."""
    file = tmp_path / "r.db"
    machine = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": ARN, "End": True}}}
    disks: list[Disk] = []

    def fill(event: Any, context: Any) -> int:
        disks[0].full = True
        return 1

    handle = open_run(machine, {}, {"db": file, "functions": {"f": fill}, "name": "x"})
    database = handle._call._database
    assert database is not None
    disks.append(Disk(database._connection))
    database._connection = disks[0]  # type: ignore[assignment]
    leave = threading.Thread(target=lambda: (_until(lambda: handle._call.driver.failing), handle.leave()))
    leave.start()
    assert handle.run_until_left() is None
    leave.join()
    result = penstock.resume(file, "x", functions={"f": Counted()})
    assert (result.status, result.output) == ("SUCCEEDED", 1)


def test_whoever_is_left_waits_for_a_round_that_another_thread_makes(tmp_path: Path) -> None:
    """An execution that ends in it has no end in the file until that is committed."""
    machine = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    with open_run(machine, {}, {"db": tmp_path / "r.db"}) as handle:
        driver, running, journal = handle._call.driver, handle._running, handle._call.journal
        assert journal is not None
        disk = Disk(journal.database._connection)
        journal.database._connection = disk  # type: ignore[assignment]
        seen: list[tuple[bool, str]] = []

        def look() -> None:
            ended, found = driver.has_ended(running), journal.find(handle.execution_arn)
            seen.append((ended, "" if found is None else found.status))

        looking = threading.Thread(target=look)

        def before(sql: str) -> None:
            if sql == "COMMIT" and running.closed and looking.ident is None:
                looking.start()
                looking.join(0.2)  # it has looked by then, unless it waits

        disk.before = before
        driver.finish()
        looking.join()
        assert seen == [(True, "SUCCEEDED")]


def _until(true: Callable[[], Any]) -> None:
    for _ in range(2000):
        if true():
            return
        threading.Event().wait(0.005)

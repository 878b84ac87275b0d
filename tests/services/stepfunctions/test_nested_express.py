"""Express machines that a state starts: in memory, in a file, over a restart."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import ROLE, STATES, service, status, until
from tests.store.files import in_another_process

from penstock.engine.tasks.handler import Cancel, Reporter, Succeeded, TaskRequest
from penstock.errors import ServiceError
from penstock.failpoints import VARIABLE
from penstock.services.stepfunctions import StepFunctions
from penstock.store import Database

CHILD = f"{STATES}:stateMachine:child"
SHOW = "arn:aws:lambda:us-east-1:123456789012:function:show"
TELLS = {
    "Type": "Task",
    "Resource": SHOW,
    "Parameters": {"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name", "input.$": "$"},
    "End": True,
}
START = "arn:aws:states:::states:startExecution"
SDK = "arn:aws:states:::aws-sdk:sfn:startExecution"


class Seen:
    """Answers every function; while `held`, not before it is let go."""

    def __init__(self, held: bool = False) -> None:
        self.arguments: list[Any] = []
        self.go = threading.Event()
        if not held:
            self.go.set()

    def handles(self, resource: str) -> bool:
        return ":function:" in resource

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        self.arguments.append(request.arguments)

        def answer() -> None:
            self.go.wait(20)
            report(Succeeded(request.arguments))

        threading.Thread(target=answer, daemon=True).start()
        return lambda: None

    def close(self) -> None:
        self.go.set()


def create(target: StepFunctions, name: str, states: dict[str, Any], kind: str = "STANDARD") -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    given = {"name": name, "definition": definition, "roleArn": ROLE, "type": kind}
    return str(target.call("CreateStateMachine", given)["stateMachineArn"])


def starts(resource: str, then: str | None = None) -> dict[str, Any]:
    arguments: dict[str, Any] = {"StateMachineArn": CHILD, "Name": "n", "Input": {"v": 1}}
    if resource != START and resource.startswith(SDK[: SDK.rindex(":")]):
        arguments["Input"] = '{"v":1}'
    after = {"End": True} if then is None else {"Next": then}
    return {"Type": "Task", "Resource": resource, "Parameters": arguments, **after}


def begin(target: StepFunctions, arn: str) -> str:
    return str(target.call("StartExecution", {"stateMachineArn": arn})["executionArn"])


def ended(target: StepFunctions, arn: str) -> dict[str, Any]:
    until(lambda: status(target, arn) != "RUNNING")
    return target.call("DescribeExecution", {"executionArn": arn})


def refusal(target: StepFunctions, operation: str, **given: Any) -> str:
    with pytest.raises(ServiceError) as refused:
        target.call(operation, given)
    return f"{refused.value.code}: {refused.value}"


@pytest.fixture(params=["in memory", "in a file"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database | None]:
    database = Database(tmp_path / "wf.db", synchronous="NORMAL") if request.param == "in a file" else None
    yield database
    if database is not None:
        database.close()


@pytest.mark.parametrize("resource", [START, SDK])
def test_they_run_as_those_that_a_request_starts(resource: str, kept: Database | None) -> None:
    seen = Seen()
    target = StepFunctions(database=kept, handlers=[seen])
    create(target, "child", {"T": TELLS}, "EXPRESS")
    parent = create(target, "parent", {"S": starts(resource)})
    # A name runs as often as it is asked to (states-language-facts.md, 12).
    answers = [json.loads(ended(target, begin(target, parent))["output"]) for _ in range(2)]
    arns = [answer["ExecutionArn"] for answer in answers]
    until(lambda: len(seen.arguments) == 2)
    assert seen.arguments == [{"id": arn, "name": "n", "input": {"v": 1}} for arn in arns]
    asked = str(target.call("StartExecution", {"stateMachineArn": CHILD, "name": "n"})["executionArn"])
    for arn in (*arns, asked):
        head, _, last = arn.rpartition(":")
        assert (head, len(last)) == (f"{STATES}:express:child:n", 36)
        for operation in ("DescribeExecution", "GetExecutionHistory", "StopExecution"):
            said = refusal(target, operation, executionArn=arn)
            assert said == "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
    said = refusal(target, "ListExecutions", stateMachineArn=CHILD)
    assert said == "StateMachineTypeNotSupported: This operation is not supported by this type of state machine"
    assert len(set(arns)) == 2
    target.close()


def test_they_end_after_five_minutes() -> None:
    target = StepFunctions(skip_time=True, handlers=[seen := Seen()])
    create(target, "child", {"W": {"Type": "Wait", "Seconds": 301, "Next": "T"}, "T": TELLS}, "EXPRESS")
    wait = {"Type": "Wait", "Seconds": 400, "End": True}
    parent = create(target, "parent", {"S": starts(START, "W"), "W": wait})
    assert ended(target, begin(target, parent))["status"] == "SUCCEEDED"
    assert seen.arguments == []
    target.close()


@pytest.mark.parametrize("resource", [f"{START}.sync", f"{START}.sync:2"])
def test_nobody_can_wait_for_their_end(resource: str, kept: Database | None) -> None:
    seen = Seen()
    target = StepFunctions(database=kept, handlers=[seen])
    create(target, "child", {"T": TELLS}, "EXPRESS")
    arn = begin(target, create(target, "parent", {"S": starts(resource)}))
    found = ended(target, arn)
    assert (found["status"], found["error"]) == ("FAILED", "StepFunctions.InvalidArnException")
    assert found["cause"].startswith(
        "Invalid Arn: 'Resource type not valid in this context: express' (Service: AWSStep"
    )
    events = target.call("GetExecutionHistory", {"executionArn": arn})["events"]
    assert [each["type"] for each in events][2:] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskFailed",
        "ExecutionFailed",
    ]
    until(lambda: len(seen.arguments) == 1)  # it runs all the same
    target.close()


def test_they_send_the_token_that_their_parent_waits_for(kept: Database | None) -> None:
    target = StepFunctions(database=kept)
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.token", "Output": "[1]"},
        "End": True,
    }
    create(target, "child", {"T": send}, "EXPRESS")
    task = starts(f"{START}.waitForTaskToken")
    task["Parameters"]["Input"] = {"token.$": "$$.Task.Token"}
    assert ended(target, begin(target, create(target, "parent", {"S": task})))["output"] == "[1]"
    target.close()


# ---- startSyncExecution

SYNC = "arn:aws:states:::aws-sdk:sfn:startSyncExecution"


def test_start_sync_execution_is_answered_at_their_end(kept: Database | None) -> None:
    target = StepFunctions(database=kept, skip_time=True)
    wait = {"Type": "Wait", "Seconds": 42, "Next": "P"}
    # No RedriveCount, as a request's (recorded: express.json, test_query_runtime_memory).
    tell = {"Type": "Pass", "Parameters": {"in.$": "$", "context.$": "$$.Execution"}, "End": True}
    create(target, "child", {"W": wait, "P": tell}, "EXPRESS")
    found = ended(target, begin(target, create(target, "parent", {"S": starts(SYNC)})))
    answer = json.loads(found["output"])
    assert list(answer) == sorted(answer)
    assert answer["BillingDetails"] == {"BilledDurationInMilliseconds": 42_000, "BilledMemoryUsedInMb": 64}
    assert (answer["Name"], answer["StateMachineArn"], answer["Status"]) == ("n", CHILD, "SUCCEEDED")
    assert (json.loads(answer["Input"]), answer["OutputDetails"]) == ({"v": 1}, {"Included": True})
    output = json.loads(answer["Output"])
    assert (output["in"], output["context"]["Id"]) == ({"v": 1}, answer["ExecutionArn"])
    assert "RedriveCount" not in output["context"]
    target.close()


@pytest.mark.parametrize(
    ("state", "status", "error"),
    [
        ({"Type": "Fail", "Error": "Own"}, "FAILED", "Own"),
        ({"Type": "Wait", "Seconds": 301, "End": True}, "TIMED_OUT", None),
    ],
)
def test_the_call_succeeds_whatever_comes_of_them(state: Any, status: str, error: str | None) -> None:
    # API reference, StartSyncExecution: 200 OK even if the execution fails.
    target = StepFunctions(skip_time=True)
    create(target, "child", {"S": state}, "EXPRESS")
    found = ended(target, begin(target, create(target, "parent", {"S": starts(SYNC)})))
    answer = json.loads(found["output"])
    assert (found["status"], answer["Status"], answer.get("Error")) == ("SUCCEEDED", status, error)
    assert "Output" not in answer
    target.close()


def test_start_sync_execution_of_a_standard_machine_is_refused() -> None:
    target = StepFunctions()
    create(target, "child", {"P": {"Type": "Pass", "End": True}})
    found = ended(target, begin(target, create(target, "parent", {"S": starts(SYNC)})))
    assert found["error"] == "Sfn.StateMachineTypeNotSupportedException"
    assert found["cause"].startswith(
        "This operation is not supported by this type of state machine (Service: Sfn, Status"
    )
    target.close()


def test_a_synchronous_one_that_was_cut_off_is_lost_and_its_task_begins_another(tmp_path: Path) -> None:
    seen, again = Seen(held=True), Seen()
    with service(tmp_path / "wf.db", handlers=[seen]) as first:
        create(first, "child", {"T": TELLS}, "EXPRESS")
        parent = begin(first, create(first, "parent", {"S": starts(SYNC)}))
        until(lambda: len(seen.arguments) == 1)
    seen.close()
    assert [kind for kind, _ in rows(tmp_path / "wf.db")] == ["STANDARD"]
    with service(tmp_path / "wf.db", handlers=[again]) as second:
        answer = json.loads(ended(second, parent)["output"])
        assert [each["id"] for each in again.arguments] == [answer["ExecutionArn"]]
        assert answer["ExecutionArn"] != seen.arguments[0]["id"]


# ---- over a restart


def rows(file: Path) -> Sequence[tuple[str, str]]:
    database = Database(file, read_only=True)
    with database.read() as connection:
        found: Sequence[tuple[str, str]] = connection.execute(
            "SELECT type, name FROM executions ORDER BY id"
        ).fetchall()
    database.close()
    return found


def test_one_that_was_cut_off_begins_anew_under_its_arn_and_its_parent_stays_over(tmp_path: Path) -> None:
    # Developer Guide, "Execution guarantees": at least once; as one that a request started.
    seen = Seen(held=True)
    with service(tmp_path / "wf.db", handlers=[seen]) as first:
        create(first, "child", {"T": TELLS}, "EXPRESS")
        parent = begin(first, create(first, "parent", {"S": starts(START)}))
        answer = json.loads(ended(first, parent)["output"])
        asked = first.call("StartExecution", {"stateMachineArn": CHILD, "name": "m"})["executionArn"]
        until(lambda: len(seen.arguments) == 2)
    seen.close()
    assert [kind for kind, _ in rows(tmp_path / "wf.db")] == ["STANDARD", "EXPRESS", "EXPRESS"]
    again = Seen()
    with service(tmp_path / "wf.db", handlers=[again]) as second:
        until(lambda: len(again.arguments) == 2)
        assert {each["id"] for each in again.arguments} == {answer["ExecutionArn"], asked}
        assert json.loads(ended(second, parent)["output"]) == answer
        until(lambda: [kind for kind, _ in rows(tmp_path / "wf.db")] == ["STANDARD"])
    third = Seen()
    with service(tmp_path / "wf.db", handlers=[third]):
        pass
    assert third.arguments == []


@pytest.mark.parametrize("resource", [START, f"{START}.sync", f"{START}.waitForTaskToken"])
@pytest.mark.parametrize("place", ["task.after_start=kill", *(f"commit.before=kill@{n}" for n in range(1, 7))])
def test_a_parent_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path: Path, resource: str, place: str) -> None:
    file = tmp_path / "wf.db"
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.token", "Output": "[1]"},
        "End": True,
    }
    task = starts(resource)
    task["Parameters"]["Input"] = {"token.$": "$$.Task.Token"} if resource.endswith("Token") else {}
    child = {"T": send} if resource.endswith("Token") else {"P": {"Type": "Pass", "End": True}}
    with service(file) as first:
        create(first, "child", child, "EXPRESS")
        parent = create(first, "parent", {"S": task})
    program = (
        "import sys, time; from penstock.store import Database; from penstock.services.stepfunctions import StepFunctions\n"
        "service = StepFunctions(database=Database(sys.argv[1]))\n"
        f"service.call('StartExecution', {{'stateMachineArn': {parent!r}, 'name': 'x'}}); time.sleep(1)\n"
        "service.close()"
    )
    in_another_process(program, file, environ={**os.environ, VARIABLE: place})
    with service(file) as second:
        arn = f"{STATES}:execution:parent:x"
        if not second.call("ListExecutions", {"stateMachineArn": parent})["executions"]:
            arn = str(second.call("StartExecution", {"stateMachineArn": parent, "name": "x"})["executionArn"])
        found = ended(second, arn)
        events = second.call("GetExecutionHistory", {"executionArn": arn})["events"]
        if resource == START:
            assert json.loads(found["output"])["ExecutionArn"].startswith(f"{STATES}:express:child:n:")
        elif resource.endswith("Token"):
            assert found["output"] == "[1]"
        else:
            assert found["error"] == "StepFunctions.InvalidArnException"
        assert [each["id"] for each in events] == list(range(1, len(events) + 1))
        assert sum(each["type"] in ("TaskSucceeded", "TaskFailed") for each in events) == 1
        until(lambda: [kind for kind, _ in rows(file)] == ["STANDARD"])

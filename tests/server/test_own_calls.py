"""States that call Step Functions by `aws-sdk:sfn:…`: the server that runs them answers, without a setting."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from tests.server.asking import client_of
from tests.server.test_server import ROLE

from penstock.engine.tasks.handler import TaskRequest
from penstock.services.stepfunctions import StepFunctions
from penstock.services.stepfunctions.sdk import SfnSdkTasks

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}


def machine(client: Any, name: str, definition: dict[str, Any]) -> str:
    made = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


def calling(action: str, **parameters: Any) -> dict[str, Any]:
    resource = f"arn:aws:states:::aws-sdk:sfn:{action}"
    return {
        "StartAt": "C",
        "States": {"C": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
    }


def end_of(client: Any, arn: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.01)
    return dict(found)


def test_a_state_lists_describes_and_stops_executions(url: str) -> None:
    client = client_of(url)
    waiting = machine(client, "own-waiting", WAIT)
    one = client.start_execution(stateMachineArn=waiting, name="one", input='{"a":1}')["executionArn"]

    def called(name: str, action: str, **parameters: Any) -> Any:
        made = machine(client, f"own-{name}", calling(action, **parameters))
        found = end_of(client, client.start_execution(stateMachineArn=made)["executionArn"])
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    listed = called("list", "listExecutions", StateMachineArn=waiting, StatusFilter="RUNNING")["Executions"]
    assert [(each["Name"], each["Status"]) for each in listed] == [("one", "RUNNING")]
    described = called("describe", "describeExecution", ExecutionArn=one)
    assert (described["Input"], described["StartDate"][-1]) == ('{"a":1}', "Z")
    assert "StopDate" in called("stop", "stopExecution", ExecutionArn=one, Error="E")
    assert end_of(client, one)["error"] == "E"
    assert called("start", "startExecution", StateMachineArn=waiting)["ExecutionArn"].startswith(
        waiting.replace(":stateMachine:", ":execution:")
    )


@pytest.mark.parametrize(
    ("action", "parameters", "error"),
    [
        ("describeExecution", {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:no:no"}, "ExecutionDoesNotExist"),
        ("startExecution", {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:no"}, "StateMachineDoesNotExist"),
        ("listExecutions", {"StateMachineArn": "no"}, "InvalidArn"),
    ],
)  # fmt: skip
def test_refusals_have_the_names_of_the_sdk(url: str, action: str, parameters: dict[str, str], error: str) -> None:
    client = client_of(url)
    made = machine(client, f"own-refused-{action}", calling(action, **parameters))
    found = end_of(client, client.start_execution(stateMachineArn=made)["executionArn"])
    assert (found["status"], found["error"]) == ("FAILED", f"Sfn.{error}Exception")


def test_with_aws_elsewhere_only_calls_that_name_a_machine_of_ours_are_ours() -> None:
    service = StepFunctions()
    try:
        ours = machine_of(service)
        tasks = SfnSdkTasks(alone=False, region="us-east-1", account="123456789012")
        assert not tasks.answers(request("describeExecution", ExecutionArn=ours))  # nobody is there yet
        tasks.meet(service._state)
        for name, arn, expected in [
            ("StateMachineArn", ours, True),
            ("StateMachineArn", f"{ours}:PROD", True),
            ("ExecutionArn", f"{ours.replace(':stateMachine:', ':execution:')}:one", True),
            ("MapRunArn", f"{ours.replace(':stateMachine:', ':mapRun:')}/Label:1", True),
            ("StateMachineArn", f"{ours}x", False),
            ("StateMachineArn", "no", False),
            ("Name", ours, False),
        ]:
            assert tasks.answers(request("any", **{name: arn})) == expected, (name, arn)
        assert not tasks.answers(request("startExecution", StateMachineArn=ours))  # the engine's own
        assert not tasks.handles("arn:aws:states:::aws-sdk:sfn:sendTaskSuccess")
        tasks.close()
    finally:
        service.close()


def machine_of(service: StepFunctions) -> str:
    given = {"name": "ours", "definition": json.dumps(WAIT), "roleArn": ROLE}
    return str(service.call("CreateStateMachine", given)["stateMachineArn"])


def request(action: str, **arguments: Any) -> TaskRequest:
    return TaskRequest(
        resource=f"arn:aws:states:::aws-sdk:sfn:{action}",
        arguments=arguments,
        state_name="C",
        execution_arn="",
        execution_name="",
        machine_arn="",
        machine_name="",
        entered_time="",
    )

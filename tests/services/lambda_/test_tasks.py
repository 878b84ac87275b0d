"""State machines that call the functions of a service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.services.lambda_.functions import PREFIX, folder_function, service

import penstock
from penstock.config import Settings
from penstock.local import lambda_handlers
from penstock.services.lambda_ import Lambda

CODE = """
import time

def handler(event, context):
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    if isinstance(event, dict) and "sleep" in event:
        time.sleep(event["sleep"])
    return {"event": event, "arn": context.invoked_function_arn, "version": context.function_version}
"""


@pytest.fixture
def lambda_(tmp_path: Path) -> Iterator[Lambda]:
    with service(folder_function(tmp_path, CODE, aliases=("live",), timeout=2)) as opened:
        yield opened


def run(
    lambda_: Lambda, resource: str, parameters: dict[str, Any] | None = None, given: Any = None, **more: Any
) -> Any:
    state = {"Type": "Task", "Resource": resource, "End": True, **more}
    if parameters is not None:
        state["Parameters"] = parameters
    handlers = lambda_handlers(lambda_, Settings(), clock=None, entropy=None)
    result = penstock.run(
        {"StartAt": "T", "States": {"T": state}}, given if given is not None else {}, handlers=handlers
    )
    for handler in handlers:
        handler.close()
    return result


def test_a_functions_own_arn_gives_what_it_returns(lambda_: Lambda) -> None:
    result = run(lambda_, f"{PREFIX}:f", given={"a": 1})
    assert result.output == {"event": {"a": 1}, "arn": f"{PREFIX}:f", "version": "$LATEST"}


@pytest.mark.parametrize(
    ("name", "more", "version"),
    [("f", {}, "$LATEST"), ("f:live", {}, "1"), (f"{PREFIX}:f:1", {}, "1"), ("f", {"Qualifier": "live"}, "1")],
)
def test_lambda_invoke_gives_the_envelope(lambda_: Lambda, name: str, more: dict[str, str], version: str) -> None:
    result = run(lambda_, "arn:aws:states:::lambda:invoke", {"FunctionName": name, "Payload": [1], **more})
    assert result.output["Payload"]["event"] == [1]
    assert result.output["Payload"]["version"] == result.output["ExecutedVersion"] == version
    assert result.output["StatusCode"] == 200


def test_a_definition_may_hold_the_arn_of_the_account_it_is_deployed_to(lambda_: Lambda) -> None:
    arn = "arn:aws:lambda:eu-west-3:999999999999:function:f"
    assert run(lambda_, arn).output["arn"] == arn


def test_a_failing_function_fails_the_task_with_its_error(lambda_: Lambda) -> None:
    result = run(lambda_, f"{PREFIX}:f", given={"fail": "no"})
    assert (result.status, result.error) == ("FAILED", "ValueError")
    assert json.loads(result.cause)["errorMessage"] == "no"
    assert json.loads(result.cause)["stackTrace"]


def test_the_functions_own_timeout_counts_and_the_states_too(lambda_: Lambda) -> None:
    own = run(lambda_, f"{PREFIX}:f", given={"sleep": 60})
    assert (own.error, json.loads(own.cause)["errorMessage"][-35:]) == (
        "Sandbox.Timedout",
        " Error: Task timed out after 2.00 seconds"[-35:],
    )
    assert run(lambda_, f"{PREFIX}:f", given={"sleep": 60}, TimeoutSeconds=1).error == "States.Timeout"


@pytest.mark.parametrize("name", ["g", "f:nope", f"{PREFIX}:f:9"])
def test_a_function_that_is_not_there_is_told_as_lambda_tells_it(lambda_: Lambda, name: str) -> None:
    result = run(lambda_, "arn:aws:states:::lambda:invoke", {"FunctionName": name})
    assert result.error == "Lambda.ResourceNotFoundException"
    assert "Function not found: arn:aws:lambda:us-east-1:123456789012:function:" in result.cause


def test_a_call_that_does_not_wait_answers_at_once(lambda_: Lambda) -> None:
    given = {"FunctionName": "f", "InvocationType": "Event", "Payload": {"sleep": 1}}
    result = run(lambda_, "arn:aws:states:::lambda:invoke", given)
    assert result.output["StatusCode"] == 202
    assert "Payload" not in result.output
    assert (
        run(lambda_, "arn:aws:states:::lambda:invoke", {**given, "InvocationType": "Later"}).error
        == "Lambda.ValidationException"
    )


def test_a_function_that_cannot_run_here_fails_the_task_and_says_why(tmp_path: Path) -> None:
    function = folder_function(tmp_path, "", problem="This function's runtime is nodejs22.x.")
    with service(function) as opened:
        result = run(opened, f"{PREFIX}:f")
    assert result.error == "Lambda.InvalidRuntimeException"
    assert result.cause.startswith("This function's runtime is nodejs22.x. (Service: Lambda, Status Code: 502, ")


def test_the_service_answers_its_sdk_integrations(lambda_: Lambda) -> None:
    sdk = "arn:aws:states:::aws-sdk:lambda"
    assert run(lambda_, f"{sdk}:getFunctionConfiguration", {"FunctionName": "f"}).output["FunctionArn"] == f"{PREFIX}:f"
    assert [f["FunctionName"] for f in run(lambda_, f"{sdk}:listFunctions", {}).output["Functions"]] == ["f"]
    invoked = run(lambda_, f"{sdk}:invoke", {"FunctionName": "f", "Payload": {"a": 1}}).output
    assert json.loads(invoked["Payload"])["event"] == {"a": 1}
    missing = run(lambda_, f"{sdk}:getFunction", {"FunctionName": "g"})
    assert missing.error == "Lambda.ResourceNotFoundException"
    assert f"Function not found: {PREFIX}:g" in missing.cause


def test_an_endpoint_elsewhere_has_the_functions_that_are_not_here(lambda_: Lambda) -> None:
    handlers = lambda_handlers(lambda_, Settings(), clock=None, entropy=None)
    from penstock.config import AwsSettings

    elsewhere = lambda_handlers(lambda_, Settings(aws=AwsSettings(endpoint_url="moto")), clock=None, entropy=None)
    from penstock.engine.tasks.handler import TaskRequest, select

    def request(name: str) -> TaskRequest:
        return TaskRequest(
            resource="arn:aws:states:::aws-sdk:lambda:getFunction",
            arguments={"FunctionName": name},
            state_name="T",
            execution_arn="",
            execution_name="",
            machine_arn="",
            machine_name="",
            entered_time="",
        )

    assert select(handlers, request("g")) is not None
    assert select(elsewhere, request("f")) is not None
    assert select(elsewhere, request("g")) is None

"""Requests that AWS does not take, and what it says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock
from penstock.errors import InvalidDefinition, PenstockError, ServiceError

PASS = {"Type": "Pass", "End": True}
TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
    "End": True,
}
PARAMETERS = {"QueueUrl": "q", "MessageBody": "m", "JobName": "j", "JobQueue": "q", "JobDefinition": "d"}
PARALLEL = {
    "Type": "Parallel",
    "Branches": [{"StartAt": name, "States": {name: PASS}} for name in ("B1", "B2")],
    "End": True,
}
MAP = {"Type": "Map", "ItemProcessor": {"StartAt": "Each", "States": {"Each": PASS}}, "End": True}
RESULT = {"result": {}}


def refused(definition: Any, given: Any = None, **params: Any) -> tuple[str, str]:
    with pytest.raises((ServiceError, InvalidDefinition)) as caught:
        penstock.test_state(definition, given, **params)
    return caught.value.code, str(caught.value)


VALIDATION = [
    (PASS, {"mock": RESULT}, "State type 'Pass' is not supported when a mock is specified"),
    (
        TASK,
        {"mock": RESULT, "revealSecrets": True},
        "TestState does not support RevealSecrets when a mock is specified.",
    ),
    (
        TASK,
        {"mock": {"result": {}, "errorOutput": {"error": "E"}}},
        "A test mock should have only one of the following fields: [result, errorOutput].",
    ),
    (TASK, {"mock": {"result": "{"}}, "Mocked result must be valid JSON"),
    (PARALLEL, {"mock": RESULT}, "Mocked result must be an array."),
    (
        PARALLEL,
        {"mock": {"result": [1]}},
        "Mocked result must contain the same number of items as number of Parallel branches.",
    ),
    (MAP, {"mock": RESULT}, "Mocked result must be an array."),
    (
        MAP,
        {"stateConfiguration": {"mapIterationFailureCount": 0}},
        "TestState does not support MapIterationFailureCount when a mock is not specified.",
    ),
    (
        MAP,
        {"mock": {"result": [1]}, "stateConfiguration": {"mapIterationFailureCount": 2}},
        "Map iteration failure count must be less than or equal to the number of Map iterations",
    ),
    (
        MAP,
        {"mock": {"errorOutput": {"error": "E"}}, "stateConfiguration": {"mapIterationFailureCount": 2}},
        "Map iteration failure count must be less than or equal to the number of Map iterations",
    ),
    (
        TASK,
        {"mock": RESULT, "context": {"State": {"RetryCount": "1"}}},
        "Invalid Context object provided: State.RetryCount must be a number",
    ),
    (
        TASK,
        {"mock": RESULT, "context": {"Map": {"Item": {"Nr": 1}}}},
        "Invalid Context object provided: Field 'Map.Item.Nr' is not allowed",
    ),
    (
        TASK,
        {"mock": RESULT, "context": {"State": {"RetryCount": True}}},
        "Invalid Context object provided: State.RetryCount must be a number",
    ),
    (TASK, {"mock": {"errorOutput": {"cause": "c"}}}, "An error was not specified in the mocked error output."),
    ({"StartAt": "A", "States": {"A": PASS}}, {"stateName": "B"}, "State not found in definition"),
]


@pytest.mark.parametrize(("definition", "params", "message"), VALIDATION)
def test_validation_exceptions(definition: Any, params: dict[str, Any], message: str) -> None:
    assert refused(definition, [1], **params) == ("ValidationException", message)


def test_a_parameter_of_the_wrong_kind_is_told_as_botocore_tells_it() -> None:
    code, message = refused(PASS, stateName="", inspectionlevel="INFO", mock={"errorOutput": {"error": 1}})
    assert code == "ParamValidationError"
    assert message.splitlines()[0] == "Parameter validation failed:"
    assert 'Unknown parameter in input: "inspectionlevel", must be one of: definition, roleArn, ' in message
    assert "Invalid length for parameter stateName, value: 0, valid min length: 1" in message
    assert "Invalid type for parameter mock.errorOutput.error, value: 1, type: <class 'int'>" in message
    count = "parameter stateConfiguration.mapIterationFailureCount, value: "
    for value, problem in (
        (-1, "Invalid value for {}-1, valid min value: 0"),
        (True, "Invalid type for {}True, type:"),
    ):
        _, message = refused(MAP, stateConfiguration={"mapIterationFailureCount": value})
        assert problem.format(count) in message


def test_what_the_service_itself_refuses() -> None:
    assert refused(PASS, inspectionLevel="ALL") == (
        "ValidationException",
        "1 validation error detected: Value 'ALL' at 'inspectionLevel' failed to satisfy constraint: Member must satisfy "
        "enum value set: [INFO, DEBUG, TRACE]",
    )
    assert penstock.test_state(PASS, json.dumps("x" * 262_142))["status"] == "SUCCEEDED"
    assert "less than or equal to 262144" in refused(PASS, json.dumps("x" * 262_143))[1]
    assert refused(PASS, "{")[0] == "InvalidExecutionInput"


def test_a_state_is_checked_as_one_called_statename() -> None:
    message = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at "
    assert refused({**PARALLEL, "Branches": []}) == (
        "InvalidDefinition",
        f"{message}/States/StateName/Branches'",
    )


def test_targets_are_only_looked_for_inside_the_state() -> None:
    assert penstock.test_state({"Type": "Pass", "Next": "Elsewhere"})["nextState"] == "Elsewhere"
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "Nowhere"}}}
    code, message = refused({**PARALLEL, "Branches": [inner]}, mock={"result": [1]})
    assert code == "InvalidDefinition"
    assert "Missing 'Next' target: Nowhere at /States/StateName/Branches[0]/States/B/Next" in message


def test_some_states_need_a_mock() -> None:
    sentence = (
        "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, "
        "Fail, Choice]"
    )
    assert refused(MAP, []) == ("InvalidDefinition", sentence)
    for resource in (
        "arn:aws:states:us-east-1:123456789012:activity:a",
        "arn:aws:states:::batch:submitJob.sync",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    ):
        code, message = refused({**TASK, "Parameters": PARAMETERS, "Resource": resource})
        assert code == "InvalidDefinition"
        assert message.endswith("unless a mock is specified.")
        assert penstock.test_state(
            {**TASK, "Parameters": PARAMETERS, "Resource": resource}, mock={"result": {}, "fieldValidationMode": "NONE"}
        )


def test_a_role_is_asked_for_only_where_the_caller_wants_it() -> None:
    assert refused(TASK, require_role=True) == (
        "ValidationException",
        "RoleArn must be specified when testing a Task state",
    )
    assert penstock.test_state(TASK, mock=RESULT, require_role=True, time="skip")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "inspectionLevel": st.sampled_from(["INFO", "DEBUG", "TRACE", "X"]) | JSON,
        "mock": st.fixed_dictionaries({}, optional={"result": JSON, "errorOutput": JSON, "fieldValidationMode": JSON})
        | JSON,
        "context": JSON,
        "variables": JSON,
        "stateName": JSON,
        "stateConfiguration": st.fixed_dictionaries(
            {}, optional={"retrierRetryCount": JSON, "mapIterationFailureCount": JSON, "mapItemReaderData": JSON}
        )
        | JSON,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([PASS, TASK, PARALLEL, MAP]) | JSON, JSON, PARAMS)
def test_any_request_is_answered_or_refused(definition: Any, value: Any, params: dict[str, Any]) -> None:
    try:
        response = penstock.test_state(definition, value, **params)
    except PenstockError:
        return
    assert response["status"] in ("SUCCEEDED", "FAILED", "CAUGHT_ERROR", "RETRIABLE")

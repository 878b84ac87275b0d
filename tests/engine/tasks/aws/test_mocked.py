"""Mocked results against the models of services. AWS's sentences are recorded (test_field_validation_mode*)."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from penstock.engine.resources import parse_resource
from penstock.engine.tasks.aws import mocked
from penstock.engine.tasks.aws.mocked import check_result
from penstock.errors import MissingRequirement, ServiceError

PREFIX = "arn:aws:states:::"


def told(resource: str, result: Any, *, strict: bool = True) -> str | None:
    try:
        check_result(parse_resource(resource), result, strict=strict)
    except ServiceError as error:
        return str(error).removeprefix("Mock result schema validation error: ")
    return None


@pytest.mark.parametrize(
    ("action", "result", "problem"),
    [
        ("events:putEvents", {"Entries": {}}, "Field 'Entries' must be an array"),
        ("events:putEvents", {"Entries": [{"EventId": 1}]}, "Field 'EventId' must be a string"),
        ("events:putEvents", {"FailedEntryCount": True}, "Field 'FailedEntryCount' must be a number"),
        ("dynamodb:getItem", {"Item": {"id": {"S": 1}}}, "Field 'S' must be a string"),
        ("dynamodb:getItem", {"Item": {"id": {"BOOL": "true"}}}, "Field 'BOOL' must be a boolean"),
        ("dynamodb:getItem", {"Item": []}, "Field 'Item' must be an object"),
        ("aws-sdk:s3:getObject", {"StorageClass": "Papyrus"}, "Field 'StorageClass' is not an expected value"),
        ("aws-sdk:rds:createDBInstance", {"DbInstance": 1}, "Field 'DbInstance' must be an object"),
        ("aws-sdk:lambda:invoke", {"Payload": {}}, "Field 'Payload' must be a string"),
        ("states:startExecution", [], "Mocked result must be a JSON object."),
        ("states:startExecution.sync", {"Output": {}}, "Required field 'ExecutionArn' is missing"),
        ("aws-sdk:nosuchservice:doIt", {"x": 1}, None),
        ("aws-sdk:s3:noSuchAction", {"x": 1}, None),
        ("apigateway:invoke", {"approval": True}, None),
        ("sqs:sendMessage.waitForTaskToken", "whatever", None),
        ("lambda:invoke", {"Payload": {"any": ["thing"]}}, None),
        ("lambda:invoke.waitForTaskToken", {"Input": 1}, None),
        ("elasticmapreduce:addStep", {"StepId": "s-1"}, None),
        ("elasticmapreduce:createCluster", {"ClusterArn": 1}, "Field 'ClusterArn' must be a string"),
        ("eks:createCluster.sync", {"Cluster": {"Name": 1}}, "Field 'Name' must be a string"),
        ("aws-sdk:lambda:getFunction", {"Configuration": {"MemorySize": 128}}, None),
        ("aws-sdk:lambda:getFunction", {"Configuration": {"MemorySize": 10240}}, None),
        (
            "aws-sdk:lambda:getFunction",
            {"Configuration": {"MemorySize": 10241}},
            "Field 'MemorySize' exceeds the maximum value",
        ),
        ("aws-sdk:kms:encrypt", {"CiphertextBlob": "x" * 6144}, None),
        (
            "aws-sdk:kms:encrypt",
            {"CiphertextBlob": "x" * 6145},
            "Field 'CiphertextBlob' exceeds the maximum length",
        ),
        ("eks:call", {"x": 1}, None),
    ],
)
def test_what_is_said(action: str, result: Any, problem: str | None) -> None:
    assert told(PREFIX + action, result) == problem


def test_a_function_or_an_activity_gives_anything() -> None:
    assert told("arn:aws:lambda:us-east-1:123456789012:function:f", "text") is None
    assert told("arn:aws:states:us-east-1:123456789012:activity:a", [1]) is None


def test_refusals_have_the_code_of_the_api() -> None:
    with pytest.raises(ServiceError) as caught:
        check_result(parse_resource(PREFIX + "events:putEvents"), {"Entries": 1}, strict=False)
    assert caught.value.code == "ValidationException"


def test_present_does_not_ask_for_what_is_not_there() -> None:
    resource = PREFIX + "states:startExecution"
    assert told(resource, {}) == "Required field 'ExecutionArn' is missing"
    assert told(resource, {}, strict=False) is None
    assert told(resource, {"StartDate": True}, strict=False) == "Field 'StartDate' must be a string"


def test_a_nested_execution_with_sync_2_has_json_for_output() -> None:
    described = {
        "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:m:e",
        "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "Status": "SUCCEEDED",
        "StartDate": "2026-11-22T05:54:39Z",
    }
    assert told(PREFIX + "states:startExecution.sync:2", {**described, "Output": {"a": 1}}) is None
    assert told(PREFIX + "states:startExecution.sync", {**described, "Output": {"a": 1}}) == (
        "Field 'Output' must be a string"
    )


def test_a_job_is_mocked_as_it_is_described() -> None:
    resource = PREFIX + "batch:submitJob.sync"
    job = {"JobName": "n", "JobId": "i", "JobQueue": "q", "Status": "SUCCEEDED", "StartedAt": 1, "JobDefinition": "d"}
    assert told(resource, job) is None
    assert told(resource, {**job, "Status": "DONE"}) == "Field 'Status' is not an expected value"
    assert told(resource, {}) == "Required field 'JobName' is missing"


def test_without_boto3_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    mocked._model.cache_clear()
    for name in ("botocore.loaders", "botocore.model", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingRequirement, match=r"pip install 'penstock\[aws\]'") as caught:
        told(PREFIX + "events:putEvents", {})
    assert caught.value.requirement == "boto3"

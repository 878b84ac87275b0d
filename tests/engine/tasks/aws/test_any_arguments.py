"""Whatever a state passes to a service ends in a result or an error that Step Functions has a form for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import penstock

pytest.importorskip("moto")

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**40)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CALLS = {
    "dynamodb:putItem": ["TableName", "Item", "ConditionExpression", "ReturnValues"],
    "sqs:sendMessage": ["QueueUrl", "MessageBody", "DelaySeconds", "MessageAttributes"],
    "sns:publish": ["TopicArn", "Message", "Subject", "MessageAttributes", "PhoneNumber"],
    "events:putEvents": ["Entries", "EndpointId"],
    "batch:submitJob.sync": ["JobName", "JobQueue", "JobDefinition", "ContainerOverrides", "Timeout"],
    "ecs:runTask.sync": ["Cluster", "TaskDefinition", "Overrides", "Count"],
    "elasticmapreduce:addStep.sync": ["ClusterId", "Step"],
    "apigateway:invoke": ["Method", "Headers", "QueryParameters", "RequestBody", "Path", "Stage"],
    "aws-sdk:s3:putObject": ["Bucket", "Key", "Body", "Metadata", "Expires", "ContentLength"],
    "aws-sdk:ec2:runInstances": ["ImageId", "MinCount", "MaxCount", "BlockDeviceMappings"],
    "aws-sdk:sfn:startExecution": ["StateMachineArn", "Input", "Name"],
}


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    resource = draw(st.sampled_from(sorted(CALLS)))
    fields = st.sampled_from(CALLS[resource]) | st.text(max_size=6)
    return resource, draw(st.dictionaries(fields, values, max_size=5))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls())
def test_any_arguments(call: tuple[str, dict[str, Any]]) -> None:
    resource, arguments = call
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "QueryLanguage": "JSONata",
        "Arguments": "{% $states.input %}",
        "TimeoutSeconds": 600,
        "End": True,
    }
    machine = {"StartAt": "T", "States": {"T": task}}
    result = penstock.run(machine, arguments, aws={"endpoint_url": "moto"}, time="skip")
    if result.status == "SUCCEEDED":
        assert isinstance(result.output, dict)
    else:
        assert result.status == "FAILED"
        assert "." in str(result.error)
        assert result.cause or str(result.error) == "States.Timeout"
        assert "could not be carried out" not in str(result.cause), result.cause

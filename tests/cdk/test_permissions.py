"""What a machine's role must be allowed to do."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from penstock.asl.read import read_document
from penstock.cdk.permissions import Statement, statements


class Here:
    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:here:1:{resource}"


def of(resource: str, parameters: dict[str, Any] | None = None, **fields: Any) -> list[Statement]:
    state = {"Type": "Task", "Resource": resource, "Parameters": parameters or {}, "End": True, **fields}
    machine = read_document({"StartAt": "t", "States": {"t": state}}).machine
    assert machine is not None
    return statements(machine, Here())


RULE = "arn:aws:events:here:1:rule/StepFunctionsGetEventsFor{}Rule"
RULES = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


@pytest.mark.parametrize(
    ("resource", "parameters", "expected"),
    [
        ("lambda:invoke", {"FunctionName": "f"}, [(("lambda:InvokeFunction",), ("arn:aws:lambda:here:1:function:f", "arn:aws:lambda:here:1:function:f:*"))]),
        ("lambda:invoke", {"FunctionName.$": "$.f"}, [(("lambda:InvokeFunction",), ("*",))]),
        ("sqs:sendMessage", {"QueueUrl": "https://sqs.x.amazonaws.com/1/q"}, [(("sqs:SendMessage",), ("arn:aws:sqs:here:1:q",))]),
        ("sns:publish", {"TopicArn": "arn:t"}, [(("sns:Publish",), ("arn:t",))]),
        ("dynamodb:getItem", {"TableName": "t"}, [(("dynamodb:GetItem",), ("arn:aws:dynamodb:here:1:table/t",))]),
        ("dynamodb:updateItem", {"TableName.$": "$.t"}, [(("dynamodb:UpdateItem",), ("*",))]),
        ("events:putEvents", {"Entries": [{"EventBusName": "b"}, {}]}, [
            (("events:PutEvents",), ("arn:aws:events:here:1:event-bus/b", "arn:aws:events:here:1:event-bus/default"))]),
        ("batch:submitJob.sync", {}, [
            (("batch:SubmitJob",), ("*",)), (("batch:DescribeJobs", "batch:TerminateJob"), ("*",)),
            (RULES, (RULE.format("BatchJobs"),))]),
        ("states:startExecution.sync:2", {"StateMachineArn": "arn:m"}, [
            (("states:StartExecution",), ("arn:m",)), (("states:DescribeExecution", "states:StopExecution"), ("*",)),
            (RULES, (RULE.format("StepFunctionsExecution"),))]),
        ("elasticmapreduce:addStep", {}, [(("elasticmapreduce:AddJobFlowSteps",), ("*",))]),
        ("aws-sdk:s3:listObjectsV2", {}, [(("s3:ListBucket",), ("*",))]),
        ("aws-sdk:sfn:listExecutions", {}, [(("states:ListExecutions",), ("*",))]),
        ("aws-sdk:rekognition:detectLabels", {}, [(("rekognition:DetectLabels",), ("*",))]),
        ("aws-sdk:cloudwatchlogs:putLogEvents", {}, [(("logs:PutLogEvents",), ("*",))]),
        ("apigateway:invoke", {}, []),
        ("apigateway:invoke", {"AuthType": "IAM_ROLE"}, [(("execute-api:Invoke",), ("arn:aws:execute-api:here:1:*",))]),
    ],
)  # fmt: skip
def test_integrations(resource: str, parameters: dict[str, Any], expected: list[Any]) -> None:
    assert [(each.actions, each.resources) for each in of(f"arn:aws:states:::{resource}", parameters)] == expected


def test_a_function_by_its_arn_and_another_role() -> None:
    found = of("arn:aws:lambda:a:1:function:f", Credentials={"RoleArn": "arn:role"})
    assert [each.actions for each in found] == [("sts:AssumeRole",), ("lambda:InvokeFunction",)]
    assert found[0].resources == ("arn:role",)
    assert of("arn:aws:states:a:1:activity:x") == []


def test_without_aws_cdk_lib_it_is_told_what_is_missing() -> None:
    program = (
        "import sys; sys.modules['aws_cdk'] = None\n"
        "from penstock.errors import MissingRequirement\n"
        "try:\n    from penstock.cdk import Workflow\n"
        "except MissingRequirement as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "install penstock[cdk]" in done.stdout

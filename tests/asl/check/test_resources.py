"""Resources: which are recognised, what they need, and what Express workflows may not have."""

from typing import Any

import pytest
from tests.asl.check.support import SCHEMA, found, mapped, one, task

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:a"
NOT_AN_ARN = (SCHEMA, "Value is not a valid resource ARN", "/States/X/Resource")


def unrecognised(resource: str) -> tuple[str, str, str]:
    words = "The value is not a valid resource ARN, or the resource is not available in this region."
    return (SCHEMA, f"The resource provided {resource} is not recognized. {words}", "/States/X/Resource")


def resource(text: str, **fields: Any) -> dict[str, Any]:
    return one({"Type": "Task", "Resource": text, "Parameters": {"x": 1}, "End": True, **fields})


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
        "arn:aws:lambda:us-east-1:123456789012:function:f:live",
        "arn:aws-cn:states:::aws-sdk:s3:getObject",
        "arn:aws:states:::aws-sdk:dynamodb:putItem.waitForTaskToken",
        "arn:aws:states:us-east-1:776177632559:aws-sdk:s3:putObject",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::batch:submitJob.sync",
        "arn:aws:states:::http:invoke",
        ACTIVITY,
    ],
)
def test_resources_aws_knows(text: str) -> None:
    state = resource(text, Parameters={"StateMachineArn": "x"})
    assert found(state) == found(state, aws_resources=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::lamda:invoke",
        "arn:aws:states:::lambda:call",
        "arn:aws:states:::dynamodb:putItem.waitForTaskToken",
        "arn:aws:states:::glue:startJobRun.sync:2",
        "arn:aws:states:::aws-sdk:s3:getObject.sync",
        "arn:aws:states:::aws-sdk:s3",
        "arn:aws:lambda:us-east-1:123456789012:function:f:",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$*#$7485",
        "arn:aws:states:::",
        "arn:aws",
    ],
)
def test_arns_aws_does_not_know(text: str) -> None:
    assert found(resource(text)) == found(resource(text), aws_resources=True) == [unrecognised(text)]


@pytest.mark.parametrize("text", ["foo:bar", "local:greet", "https://example.com/x"])
def test_a_uri_may_be_a_function_here_though_not_on_aws(text: str) -> None:
    assert found(resource(text)) == []
    assert found(resource(text), aws_resources=True) == [NOT_AN_ARN]


@pytest.mark.parametrize("text", ["greet", "", "two words", "${Open", "lambda/f"])
def test_what_is_no_uri_is_no_resource(text: str) -> None:
    assert found(resource(text)) == [NOT_AN_ARN]


@pytest.mark.parametrize("text", ["${FunctionArn}", "arn:${AWS::Partition}:states:::sns:publish", "${A}.sync"])
def test_substitutions_are_left_to_deployment(text: str) -> None:
    assert found(resource(text)) == []
    assert found(resource(text), aws_resources=True) != []


def test_integrations_need_their_parameters() -> None:
    bare = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    words = "field is required for resource ARN: arn:aws:states:::sqs:sendMessage"
    assert found(one(bare)) == [(SCHEMA, f"Parameters {words}", "/States/X")]
    assert found(one(bare, QueryLanguage="JSONata")) == [(SCHEMA, f"Arguments {words}", "/States/X")]
    assert found(one({**bare, "Parameters": {"QueueUrl.$": "$.q"}})) == [
        (SCHEMA, "The field 'MessageBody' is required but was missing", "/States/X/Parameters")
    ]
    assert found(one({**bare, "Arguments": "{% $states.input %}"}, QueryLanguage="JSONata")) == []


def test_activities_take_no_credentials() -> None:
    state = task(Resource=ACTIVITY, Credentials={"RoleArn": "r"})
    words = "The field 'Credentials' is not supported for activities"
    assert found(one(state)) == [(SCHEMA, words, "/States/X/Credentials")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "arn:aws:states:::states:startExecution.sync",
            "Express state machine does not support '.sync' service integration",
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            "Express state machine does not support '.sync' service integration",
        ),
        (
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Express state machine does not support '.waitForTaskToken' service integration ",
        ),
        (ACTIVITY, "Express state machine does not support Activity ARN"),
        ("${Job}.sync", "Express state machine does not support '.sync' service integration"),
    ],
)
def test_express_limits(text: str, message: str) -> None:
    given = {"StateMachineArn": "x", "QueueUrl": "q", "MessageBody": "b"}
    definition = resource(text, Parameters=given)
    assert found(definition) == []
    assert found(definition, type="EXPRESS") == [(SCHEMA, message, "/States/X/Resource")]


def test_an_express_workflow_has_no_distributed_map() -> None:
    words = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
    assert found(one(mapped()), type="EXPRESS") == [(SCHEMA, words, "/States/X/ItemProcessor/ProcessorConfig/Mode")]
    assert found(one(mapped(distributed=False)), type="EXPRESS") == []


def test_express_children_of_a_distributed_map_have_the_same_limits() -> None:
    state = mapped()
    state["ItemProcessor"]["States"]["I"] = task(Resource=ACTIVITY)
    assert found(one(state)) == []
    state["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    assert [message for _, message, _ in found(one(state))] == ["Express state machine does not support Activity ARN"]

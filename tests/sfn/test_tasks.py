"""Typed tasks: each integration has one, and what each gives the service is what its API takes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sfn.support import codes, problems, state
from tests.sfn.task_samples import SAMPLES as SOME
from tests.sfn.task_samples_more import MORE

from penstock import sfn as sf
from penstock.asl.check.resources import _INTEGRATIONS
from penstock.sfn import services, tasks
from penstock.sfn.states.task import ServiceTask

CLASSES = {
    name: value
    for name in dir(tasks)
    if isinstance(value := getattr(tasks, name), type) and issubclass(value, ServiceTask) and name != "CallAwsService"
}


@pytest.mark.parametrize(
    "integration",
    [
        f"{service}:{action}"
        for service, known in _INTEGRATIONS.items()
        for action in sorted(known.actions)
        if service != "aws-sdk"
    ],
)
def test_every_optimised_integration_has_a_task_with_its_patterns(integration: str) -> None:
    made = [each for each in CLASSES.values() if integration == each.SERVICE]
    assert made, f"no task calls {integration}"
    patterns = _INTEGRATIONS[integration.partition(":")[0]].patterns
    for each in made:
        assert each.JOB is None or each.JOB.lstrip(".") in patterns
        assert not each.TOKEN or "waitForTaskToken" in patterns


_MODELS = {
    "elasticmapreduce:addStep": {"ClusterId", "Step", "ExecutionRoleArn"},
    "elasticmapreduce:cancelStep": {"ClusterId", "StepId"},
    "elasticmapreduce:terminateCluster": {"ClusterId"},
    "elasticmapreduce:setClusterTerminationProtection": {"ClusterId", "TerminationProtected"},
    "elasticmapreduce:modifyInstanceFleetByName": {"ClusterId", "InstanceFleetName", "InstanceFleet"},
    "elasticmapreduce:modifyInstanceGroupByName": {"ClusterId", "InstanceGroupName", "InstanceGroup"},
}
"""Integrations whose parameters are Step Functions' own (Developer Guide, EMR)."""

_OPERATIONS = {
    "elasticmapreduce:createCluster": ("emr", "runJobFlow"),
    "bedrock:invokeModel": ("bedrockruntime", "invokeModel"),
    "states:startExecution": ("sfn", "startExecution"),
}

SAMPLES = {**SOME, **MORE}


def test_every_task_has_a_sample() -> None:
    aliases = {"CallApiGatewayRestApiEndpoint", "CallApiGatewayHttpApiEndpoint"}
    assert set(CLASSES) - aliases == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_task_gives_its_service(name: str) -> None:
    given, expected = SAMPLES[name]
    task = CLASSES[name]("x", **given)
    assert state(task)["Parameters"] == expected
    assert [each for each in problems(task) if each.is_error] == []


_OF_NO_SDK = ("http:", "apigateway:", "eks:call", "eks:runJob")


@pytest.mark.parametrize("name", [each for each in SAMPLES if not CLASSES[each].SERVICE.startswith(_OF_NO_SDK)])
def test_the_parameters_are_those_of_the_service(name: str) -> None:
    task = CLASSES[name]
    own = _MODELS.get(task.SERVICE)
    sent = {key.removesuffix(".$") for key in SAMPLES[name][1]}
    if own is None:
        *_, service, action = task.SERVICE.split(":")
        if task.SERVICE in _OPERATIONS:
            service, action = _OPERATIONS[task.SERVICE]
        model = services.service_model(service) or services.service_model(service.replace("-", ""))
        assert model is not None, service
        called = services.operation(model, action)
        assert called is not None, action
        shape = called.input_shape
        assert shape is not None
        own = {key[:1].upper() + key[1:] for key in shape.members} | (
            {"Input", "Output"} if "bedrock" in service else set()
        )
    assert sent <= own


@pytest.mark.parametrize(
    ("task", "resource"),
    [
        (lambda p: tasks.EmrTerminateCluster("t", cluster_id="c"), "elasticmapreduce:terminateCluster.sync"),
        (
            lambda p: tasks.EmrTerminateCluster("t", cluster_id="c", integration_pattern=p.REQUEST_RESPONSE),
            "elasticmapreduce:terminateCluster",
        ),
        (
            lambda p: tasks.StepFunctionsStartExecution("t", state_machine="arn:x", integration_pattern=p.RUN_JOB),
            "states:startExecution.sync:2",
        ),
        (
            lambda p: tasks.SqsSendMessage(
                "t",
                queue="https://q",
                message_body=sf.TaskInput.from_object({"t": sf.JsonPath.task_token}),
                integration_pattern=p.WAIT_FOR_TASK_TOKEN,
            ),
            "sqs:sendMessage.waitForTaskToken",
        ),
    ],
)
def test_the_pattern_is_in_the_resource(task: Any, resource: str) -> None:
    assert state(task(sf.IntegrationPattern))["Resource"] == f"arn:aws:states:::{resource}"


def test_a_pattern_that_is_not_offered_and_a_token_for_nobody() -> None:
    body = sf.TaskInput.from_text("hi")
    job = tasks.SqsSendMessage("send", queue="q", message_body=body, integration_pattern=sf.IntegrationPattern.RUN_JOB)
    assert codes(job) == ["PS727"]
    token = tasks.SqsSendMessage(
        "send", queue="q", message_body=body, integration_pattern=sf.IntegrationPattern.WAIT_FOR_TASK_TOKEN
    )
    assert codes(token) == ["PS728"]


def test_what_a_service_takes_beyond_a_task_s_arguments() -> None:
    task = tasks.SqsSendMessage(
        "send", queue="q", message_body=sf.TaskInput.from_text("hi"), additional_parameters={"MessageAttributes": {}}
    )
    assert state(task)["Parameters"] == {"QueueUrl": "q", "MessageBody": "hi", "MessageAttributes": {}}


def test_any_service_by_name() -> None:
    task = tasks.CallAwsService(
        "read",
        service="S3",
        action="getObject",
        parameters={"Bucket": "b", "Key": sf.JsonPath.string_at("$.key")},
        iam_resources=["*"],
    )
    assert state(task) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    }


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ({"service": "s4", "action": "getObject"}, "PS730", "no AWS service 's4'"),
        ({"service": "s3", "action": "getObjct"}, "PS730", "did you mean getObject?"),
        ({"service": "s3", "action": "GetObject"}, "PS730", "did you mean getObject?"),
        (
            {"service": "s3", "action": "getObject", "parameters": {"Bucket": "b", "Keey": "k"}},
            "PS730",
            "did you mean Key?",
        ),
        ({"service": "s3", "action": "getObject", "parameters": {"Bucket": "b"}}, "PS731", "needs the parameter 'Key'"),
        ({"service": "stepfunctions", "action": "listExecutions"}, "PS730", "calls the service 'sfn'"),
    ],
)
def test_what_a_service_does_not_have(call: dict[str, Any], code: str, words: str) -> None:
    found = problems(tasks.CallAwsService("call", iam_resources=["*"], **call))
    assert code in [each.code for each in found]
    assert any(words in f"{each.message} {each.help}" for each in found)


def test_services_as_attributes() -> None:
    from penstock.sfn import aws

    task = aws.s3.get_object("read", Bucket="b", Key=sf.JsonPath.string_at("$.key"), result_path="$.object")
    assert state(task) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        "ResultPath": "$.object",
    }
    assert state(aws.cognito_idp.list_users("users", UserPoolId="p"))["Resource"].endswith(
        ":aws-sdk:cognitoidentityprovider:listUsers"
    )
    assert "get_object" in dir(aws.s3)
    assert "dynamodb" in dir(aws)


def test_a_function_of_the_program_answers_for_itself() -> None:
    import penstock

    def double(event: Any, context: Any) -> Any:
        return event["n"] * 2

    task = tasks.LambdaInvoke("double", lambda_function=double, output_path="$.Payload")
    assert state(task)["Parameters"]["FunctionName"] == "double"
    assert penstock.run(sf.StateMachine("m", definition=task), {"n": 4}).output == 8
    bare = tasks.LambdaInvoke("double", lambda_function=double, payload_response_only=True)
    assert penstock.run(sf.StateMachine("m", definition=bare), {"n": 4}).output == 8


def test_a_response_alone_needs_the_functions_arn() -> None:
    by_name = tasks.LambdaInvoke("double", lambda_function="double", payload_response_only=True)
    (found,) = problems(by_name)
    assert found.code == "PS720"
    assert "give the ARN" in (found.help or "")

"""Tasks that call services, run as a user runs them, against moto in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.engine.tasks.aws.conftest import Run, kinds, run_task

import penstock
from penstock.engine.tasks.aws import Clients, client
from penstock.errors import InvalidInput, MissingRequirement

ITEM = {"id": {"S": "1"}, "n": {"N": "5"}}


def table(clients: Clients) -> None:
    clients.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_without_an_endpoint_a_call_is_refused_with_what_to_do(clients: Clients) -> None:
    result = run_task("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "x"}, None, Catch=[CATCH_ALL])
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert result.cause is not None
    assert "endpoint_url" in result.cause
    assert "'T' calls sqs:sendMessage" in result.cause


CATCH_ALL = {"ErrorEquals": ["States.ALL"], "Next": "T"}


def test_without_boto3_it_is_said_what_to_install(call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingRequirement, match=r"pip install 'penstock\[aws\]'") as caught:
        call("aws-sdk:s3:listBuckets", {})
    assert caught.value.requirement == "boto3"


@pytest.mark.parametrize("prefix", ["dynamodb", "aws-sdk:dynamodb"])
def test_items_come_back(call: Run, clients: Clients, prefix: str) -> None:
    table(clients)
    put = call(f"{prefix}:putItem", {"TableName": "orders", "Item": ITEM})
    got = call(f"{prefix}:getItem", {"TableName": "orders", "Key": {"id": {"S": "1"}}})
    assert put.status == "SUCCEEDED"
    assert isinstance(got.output, dict)
    assert got.output["Item"] == ITEM
    assert ("SdkHttpMetadata" in got.output) is (prefix == "dynamodb")


def test_errors_are_named_by_the_way_they_came(call: Run) -> None:
    given: dict[str, Any] = {"TableName": "orders", "Item": ITEM}
    optimised, sdk = call("dynamodb:putItem", given), call("aws-sdk:dynamodb:putItem", given)
    assert optimised.error == "DynamoDB.ResourceNotFoundException"
    assert sdk.error == "DynamoDb.ResourceNotFoundException"
    words = "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException;"
    assert str(optimised.cause).startswith(words)
    assert str(sdk.cause).startswith("Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: ")


def test_an_error_without_an_exception_of_its_own(call: Run, clients: Clients) -> None:
    table(clients)
    given = {"TableName": "orders", "Item": {"other": {"S": "1"}}}
    assert call("aws-sdk:dynamodb:putItem", given).error == "DynamoDb.DynamoDbException"
    assert call("dynamodb:putItem", given).error == "DynamoDB.AmazonDynamoDBException"


def test_members_with_capitals_go_by_their_java_names(call: Run) -> None:
    wanted = {
        "DbInstanceIdentifier": "orders",
        "DbInstanceClass": "db.t3.small",
        "Engine": "postgres",
        "AllocatedStorage": 20,
    }
    created = call("aws-sdk:rds:createDBInstance", wanted)
    assert isinstance(created.output, dict)
    assert created.output["DbInstance"]["DbInstanceIdentifier"] == "orders"
    missing = call("aws-sdk:rds:describeDBInstances", {"DbInstanceIdentifier": "other"})
    assert missing.error == "Rds.DbInstanceNotFoundException"


def test_a_field_that_the_api_does_not_have(call: Run) -> None:
    result = call("aws-sdk:s3:getObject", {"Bucket": "b", "Kex": "k"}, Catch=[CATCH_ALL])
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert result.cause is not None
    assert kinds(result)[-1] == "ExecutionFailed"
    assert "TaskFailed" not in kinds(result)
    assert result.cause == (
        "An error occurred while executing the state 'T' (entered at the event id #2). "
        'The Parameters \'{"Bucket":"b","Kex":"k"}\' could not be used to start the Task: '
        '[The field "Kex" is not supported by Step Functions]'
    )


def test_a_message_that_is_an_object_arrives_as_its_text(call: Run, clients: Clients) -> None:
    sqs = clients.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sent = call("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"n": 1}})
    assert sent.status == "SUCCEEDED"
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"n": 1}


def test_a_token_goes_out_with_the_message_and_the_task_waits(call: Run, clients: Clients) -> None:
    sqs = clients.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    given = {"QueueUrl": url, "MessageBody": {"Token.$": "$$.Task.Token"}}
    result = call("sqs:sendMessage.waitForTaskToken", given, HeartbeatSeconds=60)
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert kinds(result)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"]
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["Token"]


def test_events_name_their_execution_and_fail_together(call: Run, clients: Clients) -> None:
    sqs, events = clients.client("sqs"), clients.client("events")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["app"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"}])
    good = {"Source": "app", "DetailType": "t", "Detail": {"n": 1}, "Resources": ["mine"]}
    assert call("events:putEvents", {"Entries": [good]}).status == "SUCCEEDED"
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    machine, execution = json.loads(message["Body"])["resources"][1:]
    assert ":stateMachine:" in machine
    assert execution.endswith(":run-1")
    failed = call("events:putEvents", {"Entries": [good, {**good, "Detail": "[]"}]})
    assert failed.error == "EventBridge.FailedEntry"
    assert json.loads(str(failed.cause))["FailedEntryCount"] == 1


def test_a_job_is_followed_to_its_end(call: Run, clients: Clients) -> None:
    clients.client("glue").create_job(Name="etl", Role="r", Command={"Name": "glueetl"})
    result = call("glue:startJobRun.sync", {"JobName": "etl", "Arguments": {"--day": "1"}})
    assert result.status == "SUCCEEDED"
    assert isinstance(result.output, dict)
    assert result.output["JobRunState"] == "SUCCEEDED"
    assert isinstance(result.output["StartedOn"], int)
    assert "TaskSubmitted" in kinds(result)


def test_without_sync_the_starting_call_is_the_result(call: Run, clients: Clients) -> None:
    clients.client("glue").create_job(Name="etl", Role="r", Command={"Name": "glueetl"})
    result = call("glue:startJobRun", {"JobName": "etl"})
    assert isinstance(result.output, dict)
    assert str(result.output["JobRunId"]).startswith("jr_")
    assert "TaskSubmitted" not in kinds(result)


def test_a_cluster_and_its_steps_go_by_the_integrations_own_names(call: Run) -> None:
    made = call(
        "elasticmapreduce:createCluster.sync",
        {
            "Name": "c",
            "Instances": {
                "InstanceGroups": [
                    {"Name": "main", "InstanceRole": "MASTER", "InstanceType": "m5.large", "InstanceCount": 1}
                ],
                "KeepJobFlowAliveWhenNoSteps": True,
            },
            "JobFlowRole": "x",
            "ServiceRole": "y",
        },
    )
    assert isinstance(made.output, dict), made.cause
    cluster = made.output["ClusterId"]
    step = {"Name": "s", "HadoopJarStep": {"Jar": "command-runner.jar"}}
    added = call("elasticmapreduce:addStep", {"ClusterId": cluster, "Step": step})
    assert isinstance(added.output, dict)
    assert str(added.output["StepId"]).startswith("s-")
    resized = call(
        "elasticmapreduce:modifyInstanceGroupByName",
        {"ClusterId": cluster, "InstanceGroupName": "main", "InstanceGroup": {"InstanceCount": 1}},
    )
    assert resized.status == "SUCCEEDED", resized.cause
    ended = call("elasticmapreduce:terminateCluster.sync", {"ClusterId": cluster})
    assert isinstance(ended.output, dict), ended.cause
    assert ended.output["Cluster"]["Status"]["State"] == "TERMINATED"


@pytest.mark.parametrize(
    ("resource", "given", "error"),
    [
        ("batch:submitJob.sync", {"JobName": "j", "JobQueue": "none", "JobDefinition": "none"}, "Batch."),
        ("ecs:runTask.sync", {"Cluster": "none", "TaskDefinition": "none"}, "ECS."),
        ("codebuild:startBuild.sync", {"ProjectName": "none"}, "CodeBuild.ResourceNotFoundException"),
        ("sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "x"}, "SNS.NotFoundException"),
        (
            "aws-sdk:sqs:sendMessage",
            {"QueueUrl": "https://x/1/q", "MessageBody": "x"},
            "Sqs.QueueDoesNotExistException",
        ),
        ("sqs:sendMessage", {"QueueUrl": "https://x/1/q", "MessageBody": "x"}, "SQS.QueueDoesNotExistException"),
        ("aws-sdk:sfn:describeExecution", {"ExecutionArn": "arn:aws:states:us-east-1:1:execution:m:e"}, "Sfn."),
        (
            "aws-sdk:cloudwatchlogs:describeLogStreams",
            {"LogGroupName": "g"},
            "CloudWatchLogs.ResourceNotFoundException",
        ),
        ("aws-sdk:s3:headBucket", {"Bucket": "none-of-this-name"}, "S3.NoSuchBucketException"),
        ("aws-sdk:secretsmanager:createSecret", {"Name": "a b"}, "SecretsManager.SecretsManagerException"),
        ("sns:publish", {"TopicArn": "t", "Message": "x"}, "SNS.InvalidParameterException"),
        ("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": ""}, "SQS.AmazonSQSException"),
        ("emr-serverless:startJobRun", {"ApplicationId": "none", "ExecutionRoleArn": "r"}, "EmrServerless."),
        ("aws-sdk:bedrockruntime:invokeModel", {"ModelId": "m"}, "BedrockRuntime.SdkClientException"),
        ("aws-sdk:iam:getRole", {"RoleName": "none"}, "Iam.NoSuchEntityException"),
        ("aws-sdk:s3:nothingLikeThis", {}, "S3.SdkClientException"),
        ("aws-sdk:nosuchservice:get", {}, "nosuchservice.SdkClientException"),
    ],
)
def test_failures(call: Run, resource: str, given: dict[str, Any], error: str) -> None:
    result = call(resource, given, Catch=[])
    assert result.status == "FAILED"
    assert str(result.error).startswith(error), (result.error, result.cause)


def test_parameters_nested_beyond_any_use_end_in_an_error(clients: Clients) -> None:
    nested: Any = {"S": "x"}
    for _ in range(120):
        nested = {"L": [{"M": {"k": nested}}]}
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": "orders", "Item.$": "$"},
        "End": True,
    }
    result = penstock.run({"StartAt": "T", "States": {"T": put}}, {"id": nested}, aws={"endpoint_url": "moto"})
    assert result.status == "FAILED"


def test_a_models_prompt_and_answer_by_way_of_s3(call: Run, clients: Clients) -> None:
    s3 = clients.client("s3")
    s3.create_bucket(Bucket="prompts")
    s3.put_object(Bucket="prompts", Key="in.json", Body=b'{"prompt": "x"}')
    given = {
        "ModelId": "m",
        "Input": {"S3Uri": "s3://prompts/in.json"},
        "Output": {"S3Uri": "s3://prompts/out.json"},
    }
    result = call("bedrock:invokeModel", given)
    assert isinstance(result.output, dict), result.cause
    assert result.output["Body"] == "s3://prompts/out.json"
    assert s3.get_object(Bucket="prompts", Key="out.json")["Body"].read() == b"{}"  # moto's model has no more to say
    direct = call("bedrock:invokeModel", {"ModelId": "m", "Body": {"prompt": "x"}})
    assert isinstance(direct.output, dict), direct.cause
    assert direct.output["Body"] == {}
    wrong = call("bedrock:invokeModel", {"ModelId": "m", "Input": {"S3Uri": "in.json"}})
    assert wrong.error == "States.Runtime"


def test_streams_of_events_are_refused(call: Run) -> None:
    result = call("aws-sdk:s3:selectObjectContent", {"Bucket": "b", "Key": "k"})
    assert (result.error, "stream" in str(result.cause)) == ("States.Runtime", True)


def test_what_moto_does_not_have_is_not_asked_of_amazon(call: Run) -> None:
    result = call("aws-sdk:outposts:listOutposts", {})
    assert result.error == "Outposts.SdkClientException"
    assert "moto" in str(result.cause)


def test_a_role_is_taken_on(call: Run) -> None:
    result = call("aws-sdk:sts:getCallerIdentity", {}, Credentials={"RoleArn": "arn:aws:iam::222222222222:role/other"})
    assert isinstance(result.output, dict), result.cause
    assert result.output["Account"] == "222222222222"


def test_the_rest_of_the_process_is_left_alone(call: Run) -> None:
    import os

    from moto.core.models import botocore_stubber

    before = dict(os.environ)
    assert call("aws-sdk:s3:listBuckets", {}).status == "SUCCEEDED"
    assert not botocore_stubber.enabled
    assert dict(os.environ) == before


def test_an_api_behind_moto(call: Run) -> None:
    result = call(
        "apigateway:invoke",
        {"ApiEndpoint": "abc123.execute-api.us-east-1.amazonaws.com", "Method": "GET", "Stage": "s", "Path": "p"},
    )
    assert result.status == "FAILED"
    assert str(result.error).startswith("ApiGateway.")


@pytest.mark.parametrize("value", [{"endpoint_url": "localhost"}, {"endpoint": "moto"}, {"endpoint_url": 5}])
def test_settings_of_one_run_are_checked(value: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        penstock.run({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, {}, aws=value)

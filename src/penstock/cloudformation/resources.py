"""What Ref and Fn::GetAtt give: the names and ARNs that resources have, by their types.

Source: the "Return values" of each type in the CloudFormation and SAM references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SERVERLESS_FUNCTION: Final = "AWS::Serverless::Function"
FUNCTION: Final = "AWS::Lambda::Function"
SERVERLESS_MACHINE: Final = "AWS::Serverless::StateMachine"
MACHINE: Final = "AWS::StepFunctions::StateMachine"
SERVERLESS_LAYER: Final = "AWS::Serverless::LayerVersion"
LAYER: Final = "AWS::Lambda::LayerVersion"
LAMBDA_VERSION: Final = "AWS::Lambda::Version"
LAMBDA_ALIAS: Final = "AWS::Lambda::Alias"
MACHINE_VERSION: Final = "AWS::StepFunctions::StateMachineVersion"
MACHINE_ALIAS: Final = "AWS::StepFunctions::StateMachineAlias"

FUNCTIONS: Final = frozenset({FUNCTION, SERVERLESS_FUNCTION})
MACHINES: Final = frozenset({MACHINE, SERVERLESS_MACHINE})
LAYERS: Final = frozenset({LAYER, SERVERLESS_LAYER})


@dataclass(frozen=True, slots=True)
class Kind:
    """`name`: the property that gives the physical name. `ref`, `arn`, `attributes`: texts with {name}, {region}, {account},
    {partition}, {arn} to be filled in; `arn` is what the attribute Arn gives too."""

    name: str = ""
    ref: str = "{name}"
    arn: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def _regional(service: str, rest: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


_ARN: Final = "{arn}"
_LAMBDA: Final = Kind("FunctionName", arn=_regional("lambda", "function:{name}"))
_TABLE: Final = Kind(
    "TableName",
    arn=_regional("dynamodb", "table/{name}"),
    attributes={"StreamArn": _regional("dynamodb", "table/{name}/stream/2020-01-01T00:00:00.000")},
)
_LAYER: Final = Kind("LayerName", _ARN, _regional("lambda", "layer:{name}:1"))

KINDS: Final[Mapping[str, Kind]] = {
    FUNCTION: _LAMBDA,
    SERVERLESS_FUNCTION: _LAMBDA,
    LAYER: _LAYER,
    SERVERLESS_LAYER: _LAYER,
    MACHINE: Kind("StateMachineName", _ARN, _regional("states", "stateMachine:{name}"), {"Name": "{name}"}),
    SERVERLESS_MACHINE: Kind("Name", _ARN, _regional("states", "stateMachine:{name}"), {"Name": "{name}"}),
    "AWS::StepFunctions::Activity": Kind("Name", _ARN, _regional("states", "activity:{name}"), {"Name": "{name}"}),
    "AWS::Athena::WorkGroup": Kind("Name"),
    "AWS::Batch::ComputeEnvironment": Kind(
        "ComputeEnvironmentName", _ARN, _regional("batch", "compute-environment/{name}")
    ),
    "AWS::Batch::JobDefinition": Kind("JobDefinitionName", _ARN, _regional("batch", "job-definition/{name}:1")),
    "AWS::Batch::JobQueue": Kind("JobQueueName", _ARN, _regional("batch", "job-queue/{name}")),
    "AWS::CodeBuild::Project": Kind("Name", arn=_regional("codebuild", "project/{name}")),
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::Serverless::SimpleTable": _TABLE,
    "AWS::ECS::Cluster": Kind("ClusterName", arn=_regional("ecs", "cluster/{name}")),
    "AWS::ECS::TaskDefinition": Kind(
        "Family", _ARN, _regional("ecs", "task-definition/{name}:1"), {"TaskDefinitionArn": "{arn}"}
    ),
    "AWS::Events::Connection": Kind("Name", arn=_regional("events", "connection/{name}")),
    "AWS::Events::EventBus": Kind("Name", arn=_regional("events", "event-bus/{name}"), attributes={"Name": "{name}"}),
    "AWS::Events::Rule": Kind("Name", arn=_regional("events", "rule/{name}")),
    "AWS::Glue::Crawler": Kind("Name"),
    "AWS::Glue::Database": Kind(),
    "AWS::Glue::Job": Kind("Name"),
    "AWS::IAM::ManagedPolicy": Kind("ManagedPolicyName", _ARN, "arn:{partition}:iam::{account}:policy/{name}"),
    "AWS::IAM::Role": Kind("RoleName", arn="arn:{partition}:iam::{account}:role/{name}"),
    "AWS::Kinesis::Stream": Kind("Name", arn=_regional("kinesis", "stream/{name}")),
    "AWS::KinesisFirehose::DeliveryStream": Kind(
        "DeliveryStreamName", arn=_regional("firehose", "deliverystream/{name}")
    ),
    "AWS::KMS::Alias": Kind("AliasName"),
    "AWS::KMS::Key": Kind(arn=_regional("kms", "key/{name}"), attributes={"KeyId": "{name}"}),
    "AWS::Logs::LogGroup": Kind("LogGroupName", arn=_regional("logs", "log-group:{name}:*")),
    "AWS::S3::Bucket": Kind(
        "BucketName",
        arn="arn:{partition}:s3:::{name}",
        attributes={
            "DomainName": "{name}.s3.amazonaws.com",
            "RegionalDomainName": "{name}.s3.{region}.amazonaws.com",
        },
    ),
    "AWS::SecretsManager::Secret": Kind("Name", _ARN, _regional("secretsmanager", "secret:{name}"), {"Id": "{arn}"}),
    "AWS::SNS::Topic": Kind(
        "TopicName", _ARN, _regional("sns", "{name}"), {"TopicArn": "{arn}", "TopicName": "{name}"}
    ),
    "AWS::SQS::Queue": Kind(
        "QueueName",
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        _regional("sqs", "{name}"),
        {"QueueName": "{name}", "QueueUrl": "https://sqs.{region}.amazonaws.com/{account}/{name}"},
    ),
    "AWS::SSM::Parameter": Kind("Name"),
}

OTHER: Final = Kind()
"""A type that is not listed: Ref gives its logical ID, and no attribute is known."""

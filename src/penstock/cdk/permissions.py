"""What the role of a state machine must be allowed to do, found by walking the whole of it.

Pure data: statements of IAM, with resources as texts. `Where` makes ARNs, with the app's own region and account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from penstock.asl.model import UNSET, Map, StateMachine, Task


class Where(Protocol):
    """Makes ARNs of names."""

    def arn(self, service: str, resource: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Statement:
    """Allow these actions on these resources."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Any] = field(default_factory=dict, hash=False)


_RULES = ("events:PutTargets", "events:PutRule", "events:DescribeRule")

_JOBS: Mapping[str, tuple[tuple[str, ...], str | None]] = {
    "batch:submitJob": (("batch:DescribeJobs", "batch:TerminateJob"), "StepFunctionsGetEventsForBatchJobsRule"),
    "ecs:runTask": (("ecs:StopTask", "ecs:DescribeTasks"), "StepFunctionsGetEventsForECSTaskRule"),
    "glue:startJobRun": (("glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"), None),
    "codebuild:startBuild": (
        ("codebuild:StopBuild", "codebuild:BatchGetBuilds"),
        "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ),
    "codebuild:startBuildBatch": (
        ("codebuild:StopBuildBatch", "codebuild:BatchGetBuildBatches"),
        "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
    ),
    "athena:startQueryExecution": (("athena:StopQueryExecution", "athena:GetQueryExecution"), None),
    "databrew:startJobRun": (("databrew:StopJobRun", "databrew:ListJobRuns"), None),
    "elasticmapreduce:addStep": (
        ("elasticmapreduce:DescribeStep", "elasticmapreduce:CancelSteps"),
        "StepFunctionsGetEventForEMRAddJobFlowStepsRule",
    ),
    "elasticmapreduce:createCluster": (
        ("elasticmapreduce:DescribeCluster", "elasticmapreduce:TerminateJobFlows"),
        "StepFunctionsGetEventForEMRRunJobFlowRule",
    ),
    "elasticmapreduce:terminateCluster": (
        ("elasticmapreduce:DescribeCluster",),
        "StepFunctionsGetEventForEMRTerminateJobFlowsRule",
    ),
    "emr-containers:startJobRun": (("emr-containers:DescribeJobRun", "emr-containers:CancelJobRun"), None),
    "emr-serverless:startJobRun": (
        ("emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"),
        "StepFunctionsGetEventsForEMRServerlessJobRule",
    ),
    "mediaconvert:createJob": (
        ("mediaconvert:GetJob", "mediaconvert:CancelJob"),
        "StepFunctionsGetEventsForMediaConvertJobRule",
    ),
    "sagemaker:createTrainingJob": (
        ("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
        "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    ),
    "sagemaker:createTransformJob": (
        ("sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"),
        "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    ),
    "states:startExecution": (
        ("states:DescribeExecution", "states:StopExecution"),
        "StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ),
}
"""What waiting for a job takes beside starting it, and the rule by which its end is told (Developer Guide, IAM policies of the
integrated services)."""

_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "elasticmapreduce:addStep": ("elasticmapreduce:AddJobFlowSteps",),
    "elasticmapreduce:cancelStep": ("elasticmapreduce:CancelSteps",),
    "elasticmapreduce:createCluster": ("elasticmapreduce:RunJobFlow",),
    "elasticmapreduce:terminateCluster": ("elasticmapreduce:TerminateJobFlows",),
    "elasticmapreduce:setClusterTerminationProtection": ("elasticmapreduce:SetTerminationProtection",),
    "elasticmapreduce:modifyInstanceFleetByName": (
        "elasticmapreduce:ModifyInstanceFleet",
        "elasticmapreduce:ListInstanceFleets",
    ),
    "elasticmapreduce:modifyInstanceGroupByName": (
        "elasticmapreduce:ModifyInstanceGroups",
        "elasticmapreduce:ListInstanceGroups",
    ),
}

_ROLES = frozenset(
    {
        "ecs:runTask",
        "elasticmapreduce:createCluster",
        "mediaconvert:createJob",
        "bedrock:createModelCustomizationJob",
        "eks:createCluster",
        "eks:createNodegroup",
        "emr-serverless:startJobRun",
        "sagemaker:createTrainingJob",
        "sagemaker:createModel",
        "sagemaker:createProcessingJob",
        "sagemaker:createHyperParameterTuningJob",
        "sagemaker:createLabelingJob",
    }
)
"""Integrations that hand a role on to the service."""

_PREFIXES = {"cloudwatch": "cloudwatch", "sfn": "states", "sesv2": "ses", "ses": "ses", "eventbridge": "events"}
"""IAM's names of services where botocore's signing names differ."""

_SDK_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "s3:listObjectsV2": ("s3:ListBucket",),
    "s3:listObjects": ("s3:ListBucket",),
    "s3:headObject": ("s3:GetObject",),
    "s3:headBucket": ("s3:ListBucket",),
    "s3:listBuckets": ("s3:ListAllMyBuckets",),
    "s3:copyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:deleteObjects": ("s3:DeleteObject",),
    "s3:createMultipartUpload": ("s3:PutObject",),
    "s3:getObjectAttributes": ("s3:GetObject", "s3:GetObjectAttributes"),
    "lambda:invoke": ("lambda:InvokeFunction",),
    "dynamodb:transactWriteItems": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "dynamodb:transactGetItems": ("dynamodb:GetItem",),
    "dynamodb:executeStatement": ("dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
}
"""Actions that IAM knows by other names (Service Authorization Reference)."""


def statements(machine: StateMachine, where: Where) -> list[Statement]:
    """Every permission the machine's role needs, each once. (What a distributed Map needs on its own machine is apart.)"""
    found: dict[Statement, None] = {}
    for _, state in machine.walk():
        if isinstance(state, Task):
            found.update(dict.fromkeys(_of_task(state, where)))
        elif isinstance(state, Map):
            found.update(dict.fromkeys(_of_map(state, where)))
    return list(found)


def has_distributed_map(machine: StateMachine) -> bool:
    return any(isinstance(state, Map) and state.is_distributed for _, state in machine.walk())


def _of_task(task: Task, where: Where) -> Iterator[Statement]:
    resource = str(task.resource)
    given = task.arguments if task.arguments is not UNSET else task.parameters
    arguments: Mapping[str, Any] = given if isinstance(given, dict) else {}
    if task.credentials is not UNSET and isinstance(task.credentials, dict):
        role = task.credentials.get("RoleArn")
        yield Statement(("sts:AssumeRole",), (role if _is_fixed(role) else "*",))
    if ":::" not in resource:
        if ":activity:" not in resource:
            yield Statement(("lambda:InvokeFunction",), (resource, f"{resource}:*"))
        return
    rest = resource.split(":::", 1)[1]
    name, waits = rest, False
    for ending in (".sync:2", ".sync"):
        if rest.endswith(ending):
            name, waits = rest.removesuffix(ending), True
    name = name.removesuffix(".waitForTaskToken")
    if name.startswith("aws-sdk:"):
        yield from _of_any_service(name)
        return
    special = _SPECIAL.get(name)
    if special is not None:
        yield from special(arguments, where)
    else:
        service, _, action = name.partition(":")
        yield Statement(_OPERATIONS.get(name, (f"{service}:{action[:1].upper()}{action[1:]}",)), ("*",))
    if waits and name in _JOBS:
        actions, rule = _JOBS[name]
        yield Statement(actions, ("*",))
        if rule is not None:
            yield Statement(_RULES, (where.arn("events", f"rule/{rule}"),))
    if name in _ROLES:
        yield Statement(("iam:PassRole",), ("*",))


def _is_fixed(value: object) -> TypeGuard[str]:
    # A path stands behind a key with `.$`, so under the plain key is no path; `${…}` is the app's, known when it is deployed.
    return isinstance(value, str) and not value.startswith("{%")


def _one(arguments: Mapping[str, Any], key: str) -> str | None:
    value = arguments.get(key)
    return value if isinstance(value, str) and _is_fixed(value) else None


def _lambda(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    name = _one(arguments, "FunctionName")
    if name is None:
        yield Statement(("lambda:InvokeFunction",), ("*",))
        return
    arn = name if ":" in name or "${" in name else where.arn("lambda", f"function:{name}")
    yield Statement(("lambda:InvokeFunction",), (arn, f"{arn}:*"))


def _sqs(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    url = _one(arguments, "QueueUrl") or ""
    plain = url.startswith("https://") and "${" not in url
    resource = where.arn("sqs", url.rsplit("/", 1)[-1]) if plain else "*"
    yield Statement(("sqs:SendMessage",), (resource,))


def _sns(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    yield Statement(("sns:Publish",), (_one(arguments, "TopicArn") or "*",))


def _table(action: str) -> Callable[[Mapping[str, Any], Where], Iterator[Statement]]:
    def statement(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
        name = _one(arguments, "TableName")
        arn = "*" if name is None else name if name.startswith("arn:") else where.arn("dynamodb", f"table/{name}")
        yield Statement((f"dynamodb:{action}",), (arn,))

    return statement


def _execution(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    yield Statement(("states:StartExecution",), (_one(arguments, "StateMachineArn") or "*",))


def _events(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    entries = arguments.get("Entries")
    buses: list[str] = []
    for entry in entries if isinstance(entries, list) else [{}]:
        bus = entry.get("EventBusName", "default") if isinstance(entry, dict) else "*"
        if (isinstance(entry, dict) and "EventBusName.$" in entry) or not _is_fixed(bus):
            bus = "*"
        buses.append(
            bus if bus == "*" or bus.startswith("arn:") or "${" in bus else where.arn("events", f"event-bus/{bus}")
        )
    yield Statement(("events:PutEvents",), tuple(dict.fromkeys(buses)))


def _http(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    authentication = arguments.get("Authentication")
    connection = authentication.get("ConnectionArn") if isinstance(authentication, dict) else None
    yield Statement(("states:InvokeHTTPEndpoint",), ("*",))
    yield Statement(("events:RetrieveConnectionCredentials",), (connection if _is_fixed(connection) else "*",))
    secrets = where.arn("secretsmanager", "secret:events!connection/*")
    yield Statement(("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"), (secrets,))


def _gateway(arguments: Mapping[str, Any], where: Where) -> Iterator[Statement]:
    if arguments.get("AuthType", "NO_AUTH") != "NO_AUTH":
        yield Statement(("execute-api:Invoke",), (where.arn("execute-api", "*"),))


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any], Where], Iterator[Statement]]] = {
    "lambda:invoke": _lambda,
    "sqs:sendMessage": _sqs,
    "sns:publish": _sns,
    "states:startExecution": _execution,
    "events:putEvents": _events,
    "http:invoke": _http,
    "apigateway:invoke": _gateway,
    **{
        f"dynamodb:{action}": _table(f"{action[:1].upper()}{action[1:]}")
        for action in ("getItem", "putItem", "updateItem", "deleteItem")
    },
}


def _of_any_service(name: str) -> Iterator[Statement]:
    _, service, action = name.split(":", 2)
    known = _SDK_ACTIONS.get(f"{service}:{action}")
    if known is not None:
        yield Statement(known, ("*",))
        return
    from penstock.sfn.services import service_model

    model = service_model(service)
    prefix = _PREFIXES.get(service) or (str(model.signing_name) if model is not None else service)
    yield Statement((f"{prefix}:{action[:1].upper()}{action[1:]}",), ("*",))


def _of_map(state: Map, where: Where) -> Iterator[Statement]:
    if state.item_reader is not UNSET:
        reader = state.item_reader
        bucket = _bucket(reader.parameters if reader.parameters is not UNSET else reader.arguments)
        if str(reader.resource).endswith("listObjectsV2"):
            yield Statement(("s3:ListBucket",), (bucket,))
            if reader.reader_config is not UNSET and reader.reader_config.transformation == "LOAD_AND_FLATTEN":
                yield Statement(("s3:GetObject",), (f"{bucket}/*" if bucket != "*" else "*",))
        else:
            yield Statement(("s3:GetObject",), (f"{bucket}/*" if bucket != "*" else "*",))
    if state.result_writer is not UNSET:
        writer = state.result_writer
        place = writer.parameters if writer.parameters is not UNSET else writer.arguments
        if place is not UNSET:
            bucket = _bucket(place)
            actions = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
            yield Statement(actions, (f"{bucket}/*" if bucket != "*" else "*",))


def _bucket(place: Any) -> str:
    name = place.get("Bucket") if isinstance(place, dict) else None
    return f"arn:aws:s3:::{name}" if _is_fixed(name) else "*"

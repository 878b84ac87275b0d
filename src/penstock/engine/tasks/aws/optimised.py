"""The optimised integrations, `arn:aws:states:::SERVICE:ACTION`: which operation each calls, and what each does besides.

Tables and rules are those of the Developer Guide's pages ("Integrate SERVICE with Step Functions"); answers and errors follow
the recordings of services.json where there are some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from penstock.engine.tasks.aws.calling import Service
from penstock.engine.tasks.aws.errors import Version1
from penstock.engine.tasks.aws.jobs import JOBS, Job
from penstock.engine.tasks.handler import TaskRequest

Arguments: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """`service` is botocore's name, `operation` the action's; `prepare` makes the operation's arguments of the task's,
    `finish` its result (members named as Java does) of the answer's."""

    service: str
    operation: str
    names: Version1
    prepare: Callable[[Arguments, TaskRequest], Arguments] | None = None
    resolve: Callable[[Service, Arguments], Arguments] | None = None
    """As `prepare`, with a question to the service."""
    finish: Callable[[Arguments], Arguments] | None = None
    unfinish: Callable[[Arguments], Arguments] | None = None
    """Of a result of `finish`, what a job's ids are taken from: the members that `finish` renamed."""
    metadata: bool = True
    job: Job | None = None


def _started_by(arguments: Arguments, request: TaskRequest) -> Arguments:
    return {"StartedBy": "AWS Step Functions", **arguments}


def _managed(arguments: Arguments, request: TaskRequest) -> Arguments:
    # Batch shows it in every job of a workflow (Developer Guide, Batch: "MANAGED_BY_AWS").
    overrides = arguments.get("ContainerOverrides") or {}
    if not isinstance(overrides, dict):
        return arguments
    environment = overrides.get("Environment") or []
    if not isinstance(environment, list):
        return arguments
    mark = {"Name": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
    return {**arguments, "ContainerOverrides": {**overrides, "Environment": [*environment, mark]}}


def _traced_entries(arguments: Arguments, request: TaskRequest) -> Arguments:
    """Every event names the machine and the execution it comes from (recorded: test_put_events_base)."""
    entries = arguments.get("Entries")
    if not isinstance(entries, list):
        return arguments
    sources = [request.machine_arn, request.execution_arn]

    def traced(entry: Any) -> Any:
        if not isinstance(entry, dict):
            return entry
        given = entry.get("Resources")
        return {**entry, "Resources": [*(given if isinstance(given, list) else ()), *sources]}

    return {**arguments, "Entries": [traced(entry) for entry in entries]}


def _step(arguments: Arguments, request: TaskRequest) -> Arguments:
    rest = {key: value for key, value in arguments.items() if key not in ("ClusterId", "Step")}
    return {"JobFlowId": arguments.get("ClusterId"), "Steps": [arguments.get("Step")], **rest}


def _job_flows(arguments: Arguments, request: TaskRequest) -> Arguments:
    rest = {key: value for key, value in arguments.items() if key != "ClusterId"}
    return {"JobFlowIds": [arguments.get("ClusterId")], **rest}


def _cancelled_step(arguments: Arguments, request: TaskRequest) -> Arguments:
    rest = {key: value for key, value in arguments.items() if key != "StepId"}
    return {"StepIds": [arguments.get("StepId")], **rest}


def _fleet_by_name(service: Service, arguments: Arguments) -> Arguments:
    rest = {key: value for key, value in arguments.items() if key != "InstanceFleetName"}
    found = _named(service, "ListInstanceFleets", "InstanceFleets", arguments, "InstanceFleetName")
    fleet = arguments.get("InstanceFleet")
    return {**rest, "InstanceFleet": {**(fleet if isinstance(fleet, dict) else {}), "InstanceFleetId": found}}


def _group_by_name(service: Service, arguments: Arguments) -> Arguments:
    rest = {key: value for key, value in arguments.items() if key not in ("InstanceGroupName", "InstanceGroup")}
    found = _named(service, "ListInstanceGroups", "InstanceGroups", arguments, "InstanceGroupName")
    group = arguments.get("InstanceGroup")
    return {**rest, "InstanceGroups": [{**(group if isinstance(group, dict) else {}), "InstanceGroupId": found}]}


def _named(service: Service, action: str, member: str, arguments: Arguments, key: str) -> str | None:
    listed = service.call(service.operation(action), {"ClusterId": arguments.get("ClusterId")})
    return next((each.get("Id") for each in listed.get(member, ()) if each.get("Name") == arguments.get(key)), None)


def _created_cluster(answer: Arguments) -> Arguments:
    renamed = {"ClusterId": answer.get("JobFlowId")}
    return {**renamed, **{key: value for key, value in answer.items() if key != "JobFlowId"}}


def _cluster_as_created(result: Arguments) -> Arguments:
    return {"JobFlowId": result.get("ClusterId")}


def _added_step(answer: Arguments) -> Arguments:
    return {"StepId": (answer.get("StepIds") or [None])[0]}


def _step_as_added(result: Arguments) -> Arguments:
    return {"StepIds": [result.get("StepId")]}


def _step_cancellation(answer: Arguments) -> Arguments:
    return {"CancelStepsInfo": (answer.get("CancelStepsInfoList") or [None])[0]}


_DYNAMODB: Final = Version1("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException")
_SQS: Final = Version1("SQS", "AmazonSQS", "AmazonSQSException")
_SNS: Final = Version1("SNS", "AmazonSNS", "AmazonSNSException")
_EVENTS: Final = Version1("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException")
_BATCH: Final = Version1("Batch", "AWSBatch", "AWSBatchException")
_ECS: Final = Version1("ECS", "AmazonECS", "AmazonECSException")
_GLUE: Final = Version1("Glue", "AWSGlue", "AWSGlueException")
_CODEBUILD: Final = Version1("CodeBuild", "AWSCodeBuild", "AWSCodeBuildException")
_EMR: Final = Version1("ElasticMapReduce", "AmazonElasticMapReduce", "AmazonElasticMapReduceException")
_SAGEMAKER: Final = Version1("SageMaker", "AmazonSageMaker", "AmazonSageMakerException")
_ATHENA: Final = Version1("Athena", "AmazonAthena", "AmazonAthenaException")
_DATABREW: Final = Version1("DataBrew", "AWSGlueDataBrew", "AWSGlueDataBrewException")
_EMR_CONTAINERS: Final = Version1("EMRContainers", "AmazonEMRContainers", "AmazonEMRContainersException")
_EMR_SERVERLESS: Final = Version1("EmrServerless", "EmrServerless", "EmrServerlessException")
_EKS: Final = Version1("EKS", "AmazonEKS", "AmazonEKSException")
_MEDIACONVERT: Final = Version1("MediaConvert", "AWSMediaConvert", "AWSMediaConvertException")
_BEDROCK: Final = Version1("Bedrock", "Bedrock", "BedrockException")
_BEDROCK_RUNTIME: Final = Version1("BedrockRuntime", "BedrockRuntime", "BedrockRuntimeException")

_PLAIN: Final[tuple[tuple[str, str, Version1, str], ...]] = (
    ("athena", "athena", _ATHENA, "startQueryExecution stopQueryExecution getQueryExecution getQueryResults"),
    ("bedrock", "bedrock", _BEDROCK, "createModelCustomizationJob"),
    ("codebuild", "codebuild", _CODEBUILD, "startBuild stopBuild startBuildBatch batchDeleteBuilds batchGetReports"),
    ("databrew", "databrew", _DATABREW, "startJobRun"),
    ("dynamodb", "dynamodb", _DYNAMODB, "getItem putItem updateItem deleteItem"),
    (
        "eks",
        "eks",
        _EKS,
        "createCluster deleteCluster createNodegroup deleteNodegroup createFargateProfile deleteFargateProfile",
    ),
    ("emr-containers", "emr-containers", _EMR_CONTAINERS, "createVirtualCluster deleteVirtualCluster startJobRun"),
    (
        "emr-serverless",
        "emr-serverless",
        _EMR_SERVERLESS,
        "createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun",
    ),
    ("glue", "glue", _GLUE, "startJobRun"),
    ("mediaconvert", "mediaconvert", _MEDIACONVERT, "createJob"),
    (
        "sagemaker",
        "sagemaker",
        _SAGEMAKER,
        "createEndpoint createEndpointConfig createHyperParameterTuningJob createLabelingJob createModel "
        "createProcessingJob createTrainingJob createTransformJob updateEndpoint",
    ),
    ("sns", "sns", _SNS, "publish"),
    ("sqs", "sqs", _SQS, "sendMessage"),
)


def _emr(operation: str, action: str, **more: Any) -> Integration:
    return Integration(
        service="emr", operation=operation, names=_EMR, job=JOBS.get(f"elasticmapreduce:{action}"), **more
    )


INTEGRATIONS: Final[Mapping[str, Integration]] = {
    **{
        f"{service}:{action}": Integration(
            service=name, operation=action, names=names, job=JOBS.get(f"{service}:{action}")
        )
        for service, name, names, actions in _PLAIN
        for action in actions.split()
    },
    "batch:submitJob": Integration(
        service="batch", operation="submitJob", names=_BATCH, prepare=_managed, job=JOBS["batch:submitJob"]
    ),
    "bedrock:invokeModel": Integration(
        service="bedrock-runtime", operation="invokeModel", names=_BEDROCK_RUNTIME, metadata=False
    ),
    "ecs:runTask": Integration(
        service="ecs", operation="runTask", names=_ECS, prepare=_started_by, job=JOBS["ecs:runTask"]
    ),
    "elasticmapreduce:addStep": _emr(
        "addJobFlowSteps", "addStep", prepare=_step, finish=_added_step, unfinish=_step_as_added
    ),
    "elasticmapreduce:cancelStep": _emr(
        "cancelSteps", "cancelStep", prepare=_cancelled_step, finish=_step_cancellation
    ),
    "elasticmapreduce:createCluster": _emr(
        "runJobFlow", "createCluster", finish=_created_cluster, unfinish=_cluster_as_created
    ),
    "elasticmapreduce:setClusterTerminationProtection": _emr("setTerminationProtection", "", prepare=_job_flows),
    "elasticmapreduce:terminateCluster": _emr("terminateJobFlows", "terminateCluster", prepare=_job_flows),
    "elasticmapreduce:modifyInstanceFleetByName": _emr("modifyInstanceFleet", "", resolve=_fleet_by_name),
    "elasticmapreduce:modifyInstanceGroupByName": _emr("modifyInstanceGroups", "", resolve=_group_by_name),
    "events:putEvents": Integration(
        service="events", operation="putEvents", names=_EVENTS, prepare=_traced_entries, metadata=False
    ),
}
"""By `service:action` of the Resource. `apigateway:invoke` is `apigateway.py`'s, nested executions the driver's, and
`eks:call` and `eks:runJob`, which speak to Kubernetes, have no local answer."""

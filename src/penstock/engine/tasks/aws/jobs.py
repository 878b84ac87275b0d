"""The jobs that `.sync` waits for: how each is asked after, when it has ended, how it is stopped.

The result is the describing call's, its members as Java names them; a failed job is States.TaskFailed with the same as the cause
(Developer Guide, "Run a Job"; recorded for nested executions).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from penstock.engine.tasks.aws.calling import Service

Parsed: TypeAlias = Mapping[str, Any]
Ask: TypeAlias = Callable[[Parsed, Parsed], dict[str, Any]]
"""The starting call's answer and its parameters, both in botocore's spelling → parameters of another call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`path` leads from the answer of `describe` to the description, `status` from there to its state. `wrap` is the
    member that the description is given in; `gone` is the error that means the job is done (a thing that is deleted)."""

    describe: str
    ask: Ask
    path: tuple[str | int, ...] = ()
    status: tuple[str, ...]
    succeeded: frozenset[str]
    failed: frozenset[str] = frozenset()
    wrap: str | None = None
    stop: tuple[str, Ask] | None = None
    gone: str | None = None
    failing: Callable[[Service, Parsed], bool] | None = None
    """Whether a description whose status says done is one of a failure."""
    add: Ask | None = None
    """Members of the result beside the description."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _ecs_failed(service: Service, task: Parsed) -> bool:
    """Whether an essential container did not end well, or none began. What a sidecar ends with does not count."""
    if task.get("stopCode") in ("TaskFailedToStart", "UserInitiated", "SpotInterruption", "TerminationNotice"):
        return True
    containers = task.get("containers", ())
    bad = {container.get("name") for container in containers if container.get("exitCode") != 0}
    if not bad or len(containers) == 1:
        return bool(bad)
    asked = {"taskDefinition": task["taskDefinitionArn"]}
    definition = service.call(service.operation("describeTaskDefinition"), asked)["taskDefinition"]
    sidecars = {each["name"] for each in definition["containerDefinitions"] if each.get("essential") is False}
    return bool(bad - sidecars)


def _sagemaker(kind: str) -> Job:
    name = f"{kind}Name"
    return Job(
        describe=f"Describe{kind}",
        ask=lambda answer, given: {name: given[name]},
        status=(f"{kind}Status",),
        succeeded=_words("Completed"),
        failed=_words("Failed Stopped"),
        stop=(f"Stop{kind}", lambda answer, given: {name: given[name]}),
    )


def _eks(describe: str, wrap: str, *names: str, failed: str, deleted: bool = False) -> Job:
    return Job(
        describe=describe,
        ask=lambda answer, given: {name: given[name] for name in names},
        path=(wrap,),
        status=("status",),
        succeeded=frozenset() if deleted else _words("ACTIVE"),
        failed=_words(failed),
        wrap=wrap,
        gone="ResourceNotFoundException" if deleted else None,
    )


def _emr_application(*done: str) -> Job:
    return Job(
        describe="GetApplication",
        ask=lambda answer, given: {"applicationId": answer.get("applicationId") or given["applicationId"]},
        path=("application",),
        status=("state",),
        succeeded=frozenset(done),
        failed=_words("TERMINATED") - frozenset(done),
        wrap="application",
    )


def _cluster(answer: Parsed, given: Parsed) -> dict[str, Any]:
    return {"ClusterId": answer["JobFlowId"]}


def _glue(answer: Parsed, given: Parsed) -> dict[str, Any]:
    return {"JobName": given["JobName"], "RunId": answer["JobRunId"]}


def _emr_job(answer: Parsed, given: Parsed) -> dict[str, Any]:
    return {"applicationId": given["applicationId"], "jobRunId": answer.get("jobRunId") or given["jobRunId"]}


def _build(kind: str, describe: str, stop: str) -> Job:
    return Job(
        describe=describe,
        ask=lambda answer, given: {"ids": [answer[kind]["id"]]},
        path=(f"{kind}s" if kind == "build" else "buildBatches", 0),
        status=(f"{kind}Status",),
        succeeded=_words("SUCCEEDED"),
        failed=_words("FAILED FAULT TIMED_OUT STOPPED"),
        wrap=kind,
        stop=(stop, lambda answer, given: {"id": answer[kind]["id"]}),
    )


JOBS: Final[Mapping[str, Job]] = {
    "athena:startQueryExecution": Job(
        describe="GetQueryExecution",
        ask=lambda answer, given: {"QueryExecutionId": answer["QueryExecutionId"]},
        path=("QueryExecution",),
        status=("Status", "State"),
        succeeded=_words("SUCCEEDED"),
        failed=_words("FAILED CANCELLED"),
        wrap="QueryExecution",
        stop=("StopQueryExecution", lambda answer, given: {"QueryExecutionId": answer["QueryExecutionId"]}),
    ),
    "batch:submitJob": Job(
        describe="DescribeJobs",
        ask=lambda answer, given: {"jobs": [answer["jobId"]]},
        path=("jobs", 0),
        status=("status",),
        succeeded=_words("SUCCEEDED"),
        failed=_words("FAILED"),
        stop=("TerminateJob", lambda answer, given: {"jobId": answer["jobId"], "reason": "{reason}"}),
    ),
    "bedrock:createModelCustomizationJob": Job(
        describe="GetModelCustomizationJob",
        ask=lambda answer, given: {"jobIdentifier": answer["jobArn"]},
        status=("status",),
        succeeded=_words("Completed"),
        failed=_words("Failed Stopped"),
        stop=("StopModelCustomizationJob", lambda answer, given: {"jobIdentifier": answer["jobArn"]}),
    ),
    "codebuild:startBuild": _build("build", "BatchGetBuilds", "StopBuild"),
    "codebuild:startBuildBatch": _build("buildBatch", "BatchGetBuildBatches", "StopBuildBatch"),
    "databrew:startJobRun": Job(
        describe="DescribeJobRun",
        ask=lambda answer, given: {"Name": given["Name"], "RunId": answer["RunId"]},
        status=("State",),
        succeeded=_words("SUCCEEDED"),
        failed=_words("FAILED STOPPED TIMEOUT"),
        stop=("StopJobRun", lambda answer, given: {"Name": given["Name"], "RunId": answer["RunId"]}),
    ),
    "ecs:runTask": Job(
        describe="DescribeTasks",
        ask=lambda answer, given: {
            "cluster": answer["tasks"][0].get("clusterArn", "default"),
            "tasks": [answer["tasks"][0]["taskArn"]],
        },
        path=("tasks", 0),
        status=("lastStatus",),
        succeeded=_words("STOPPED"),
        failing=_ecs_failed,
        stop=(
            "StopTask",
            lambda answer, given: {
                "cluster": answer["tasks"][0].get("clusterArn", "default"),
                "task": answer["tasks"][0]["taskArn"],
                "reason": "{reason}",
            },
        ),
    ),
    "eks:createCluster": _eks("DescribeCluster", "cluster", "name", failed="FAILED"),
    "eks:createFargateProfile": _eks(
        "DescribeFargateProfile", "fargateProfile", "clusterName", "fargateProfileName", failed="CREATE_FAILED"
    ),
    "eks:createNodegroup": _eks(
        "DescribeNodegroup", "nodegroup", "clusterName", "nodegroupName", failed="CREATE_FAILED"
    ),
    "eks:deleteCluster": _eks("DescribeCluster", "cluster", "name", failed="FAILED", deleted=True),
    "eks:deleteFargateProfile": _eks(
        "DescribeFargateProfile",
        "fargateProfile",
        "clusterName",
        "fargateProfileName",
        failed="DELETE_FAILED",
        deleted=True,
    ),
    "eks:deleteNodegroup": _eks(
        "DescribeNodegroup", "nodegroup", "clusterName", "nodegroupName", failed="DELETE_FAILED", deleted=True
    ),
    "elasticmapreduce:addStep": Job(
        describe="DescribeStep",
        ask=lambda answer, given: {"ClusterId": given["JobFlowId"], "StepId": answer["StepIds"][0]},
        path=("Step",),
        status=("Status", "State"),
        succeeded=_words("COMPLETED"),
        failed=_words("CANCELLED FAILED INTERRUPTED"),
        wrap="Step",
        stop=(
            "CancelSteps",
            lambda answer, given: {"ClusterId": given["JobFlowId"], "StepIds": answer["StepIds"]},
        ),
    ),
    "elasticmapreduce:createCluster": Job(
        describe="DescribeCluster",
        ask=_cluster,
        path=("Cluster",),
        status=("Status", "State"),
        succeeded=_words("WAITING TERMINATED"),
        failed=_words("TERMINATED_WITH_ERRORS"),
        wrap="Cluster",
        stop=("TerminateJobFlows", lambda answer, given: {"JobFlowIds": [answer["JobFlowId"]]}),
        add=_cluster,
    ),
    "elasticmapreduce:terminateCluster": Job(
        describe="DescribeCluster",
        ask=lambda answer, given: {"ClusterId": given["JobFlowIds"][0]},
        path=("Cluster",),
        status=("Status", "State"),
        succeeded=_words("TERMINATED TERMINATED_WITH_ERRORS"),
        wrap="Cluster",
    ),
    "emr-containers:startJobRun": Job(
        describe="DescribeJobRun",
        ask=lambda answer, given: {"virtualClusterId": answer["virtualClusterId"], "id": answer["id"]},
        path=("jobRun",),
        status=("state",),
        succeeded=_words("COMPLETED"),
        failed=_words("FAILED CANCELLED"),
        wrap="jobRun",
        stop=(
            "CancelJobRun",
            lambda answer, given: {"virtualClusterId": answer["virtualClusterId"], "id": answer["id"]},
        ),
    ),
    "emr-containers:deleteVirtualCluster": Job(
        describe="DescribeVirtualCluster",
        ask=lambda answer, given: {"id": given["id"]},
        path=("virtualCluster",),
        status=("state",),
        succeeded=_words("TERMINATED"),
        failed=_words("ARRESTED"),
        wrap="virtualCluster",
        gone="ResourceNotFoundException",
    ),
    "emr-serverless:createApplication": _emr_application("CREATED", "STARTED"),
    "emr-serverless:deleteApplication": _emr_application("TERMINATED"),
    "emr-serverless:startApplication": _emr_application("STARTED"),
    "emr-serverless:stopApplication": _emr_application("STOPPED"),
    "emr-serverless:startJobRun": Job(
        describe="GetJobRun",
        ask=_emr_job,
        path=("jobRun",),
        status=("state",),
        succeeded=_words("SUCCESS"),
        failed=_words("FAILED CANCELLED"),
        wrap="jobRun",
        stop=("CancelJobRun", _emr_job),
    ),
    "emr-serverless:cancelJobRun": Job(
        describe="GetJobRun",
        ask=_emr_job,
        path=("jobRun",),
        status=("state",),
        succeeded=_words("SUCCESS FAILED CANCELLED"),
        wrap="jobRun",
    ),
    "glue:startJobRun": Job(
        describe="GetJobRun",
        ask=_glue,
        path=("JobRun",),
        status=("JobRunState",),
        succeeded=_words("SUCCEEDED"),
        failed=_words("FAILED ERROR TIMEOUT STOPPED EXPIRED"),
        stop=(
            "BatchStopJobRun",
            lambda answer, given: {"JobName": given["JobName"], "JobRunIds": [answer["JobRunId"]]},
        ),
    ),
    "mediaconvert:createJob": Job(
        describe="GetJob",
        ask=lambda answer, given: {"Id": answer["Job"]["Id"]},
        path=("Job",),
        status=("Status",),
        succeeded=_words("COMPLETE"),
        failed=_words("ERROR CANCELED"),
        wrap="Job",
        stop=("CancelJob", lambda answer, given: {"Id": answer["Job"]["Id"]}),
    ),
    **{
        f"sagemaker:create{kind}": _sagemaker(kind)
        for kind in ("LabelingJob", "ProcessingJob", "TrainingJob", "TransformJob")
    },
    "sagemaker:createHyperParameterTuningJob": _sagemaker("HyperParameterTuningJob"),
}
"""By `service:action` of the Resource."""

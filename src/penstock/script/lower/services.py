"""The Task state of every service: Resource and Parameters, and the `${…}` names a deployment fills in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from penstock.asl import model
from penstock.script.lower.values import Const, NotPayload, Ref, Value, field

if TYPE_CHECKING:
    from penstock.script.model import TaskClass

# The metadata of an attempt comes from the context object: plain input needs no tracing key in it.
_METADATA: Final = {
    "SFN_EXECUTION_NAME": "$$.Execution.Name",
    "SFN_STATE_NAME": "$$.State.Name",
    "SFN_STATE_MACHINE_NAME": "$$.StateMachine.Name",
    "TRACE_ID": "$$.Execution.Id",
    "TRACE_SOURCE": "$$.StateMachine.Id",
}

LAMBDA_RETRY: Final = model.Retrier(
    error_equals=("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
    interval_seconds=2,
    max_attempts=6,
    backoff_rate=2,
)
"""AWS's advice for every Lambda task, always before the user's own retriers."""


def is_lambda(task: TaskClass) -> bool:
    return task.service.startswith("lambda")


def substitutions(task: TaskClass) -> tuple[str, ...]:
    """The names inside `${…}` in the task's states."""
    name = task.name
    match task.service:
        case "lambda" | "lambda:container":
            return (f"LambdaFunction{name}",)
        case "lambda:pexpm-runner":
            return (f"LambdaFunction{name}", f"PackageName{name}", f"PackageVersion{name}")
        case "ecs":
            return ("ECSClusterArn", f"ECSTaskDefinition{name}", "ECSSecurityGroups", "ECSSubnets")
        case "ecs:worker":
            return (f"QueueUrl{name}",)
        case "codebuild":
            return (f"CodeBuildProjectName{name}",)
        case "batch":
            return (f"BatchJobDefinition{name}", "BatchJobQueue")


def task_fields(
    task: TaskClass, value: Value, *, in_map: bool, env: dict[str, Value] | None, build_args: dict[str, Any] | None
) -> dict[str, Any]:
    """`resource` and `parameters` of a state that runs `task` on `value`. Raises NotPayload."""
    name = task.name
    match task.service:
        case "lambda" | "lambda:container":
            meta = {f"{key.lower()}.$": path for key, path in _METADATA.items()}
            return {"resource": f"${{LambdaFunction{name}}}", "parameters": {"meta": meta, **field("data", value)}}
        case "lambda:pexpm-runner":
            environment = {f"{key}.$": path for key, path in _METADATA.items()}
            return {
                "resource": f"${{LambdaFunction{name}}}",
                "parameters": {
                    "package_name": f"${{PackageName{name}}}",
                    "package_version": f"${{PackageVersion{name}}}",
                    "command": [f"${{PackageName{name}}}", "run"],
                    "include_parent_environment": True,
                    "return_stdout": True,
                    "environment": {**environment, **field("SFN_INPUT_VALUE", value)},
                },
            }
        case "ecs":
            return {"resource": "arn:aws:states:::ecs:runTask.sync", "parameters": _ecs(name, value)}
        case "ecs:worker":
            return {
                "resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "parameters": _worker(name, value, in_map),
            }
        case "codebuild":
            return {
                "resource": "arn:aws:states:::codebuild:startBuild.sync",
                "parameters": _codebuild(name, env, build_args),
            }
        case "batch":
            return {
                "resource": "arn:aws:states:::batch:submitJob.sync",
                "parameters": {
                    "JobName": name,
                    "JobDefinition": f"${{BatchJobDefinition{name}}}",
                    "JobQueue": "${BatchJobQueue}",
                    "ContainerOverrides": {"Environment": _environment(value)},
                },
            }


def _environment(value: Value) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = [{"Name": key, "Value.$": path} for key, path in _METADATA.items()]
    if isinstance(value, Ref) and value.path == "$":
        return result
    if isinstance(value, Const):
        constant = value.value
        text = constant if isinstance(constant, str) else json.dumps(constant, ensure_ascii=False)
        return [*result, {"Name": "SFN_INPUT_VALUE", "Value": text}]
    written = field("Value", value)
    if "Value" in written:
        raise NotPayload("an environment variable is text, and this dict is computed")
    return [*result, {"Name": "SFN_INPUT_VALUE", **written}]


def _ecs(name: str, value: Value) -> dict[str, Any]:
    # Lists of any length: a deployment puts `a","b` in place of each name (Fn::Join with '","').
    network = {"AssignPublicIp": "DISABLED", "SecurityGroups": ["${ECSSecurityGroups}"], "Subnets": ["${ECSSubnets}"]}
    return {
        "LaunchType": "FARGATE",
        "Cluster": "${ECSClusterArn}",
        "TaskDefinition": f"${{ECSTaskDefinition{name}}}",
        "NetworkConfiguration": {"AwsvpcConfiguration": network},
        "Overrides": {"ContainerOverrides": [{"Name": name, "Environment": _environment(value)}]},
    }


def _worker(name: str, value: Value, in_map: bool) -> dict[str, Any]:
    # One message group an iteration, so that workers take the items of one map side by side.
    group = "States.Format('{}_{}', $$.Execution.Name, $$.State.EnteredTime)"
    if in_map:
        group = "States.Format('{}_{}_{}', $$.Execution.Name, $$.State.EnteredTime, $.context_index)"
    return {
        "QueueUrl": f"${{QueueUrl{name}}}",
        "MessageGroupId.$": group,
        "MessageAttributes": {key: {"DataType": "String", "StringValue.$": path} for key, path in _METADATA.items()},
        "MessageBody": {**field("Input", value), "TaskToken.$": "$$.Task.Token"},
    }


def _codebuild(name: str, env: dict[str, Value] | None, build_args: dict[str, Any] | None) -> dict[str, Any]:
    variables: list[dict[str, Any]] = []
    for key, value in (env or {}).items():
        written = field("Value", value)
        if not isinstance(written.get("Value", ""), str):
            raise NotPayload(f"the environment variable {key!r} is not text")
        variables.append({"Name": key, **written})
    if build_args is not None:
        variables.append({"Name": "BUILD_ARG_VARS", "Value": json.dumps(build_args)})
    return {
        "ProjectName": f"${{CodeBuildProjectName{name}}}",
        "SourceVersion.$": "$.source_version",
        "EnvironmentVariablesOverride": variables,
    }

"""What ECS, Batch, SQS and CodeBuild answer, for tasks of theirs that run on this machine.

The fields are those of DescribeTasks, DescribeJobs, SendMessage and BatchGetBuilds in the spelling of Step Functions; instants are epoch
milliseconds. What no local run has (networks, images) is left out.
"""

from __future__ import annotations

import json
from typing import Any

from penstock.clock import Clock, Entropy
from penstock.engine.tasks.handler import TaskRequest
from penstock.engine.tasks.lambdas import sdk_metadata
from penstock.jsontools import Json, dumps


class EcsTask:
    """One run of a container. `started` is the answer of RunTask, `stopped` that of the last DescribeTasks."""

    def __init__(self, request: TaskRequest, name: str, *, clock: Clock, entropy: Entropy) -> None:
        arguments: dict[str, Any] = request.arguments if isinstance(request.arguments, dict) else {}
        self._clock = clock
        self._entropy = entropy
        self._created = _milliseconds(clock)
        cluster = str(arguments.get("Cluster", "default"))
        where = f"arn:aws:ecs:{request.region}:{account_of(request)}"
        number = entropy.hex(32)
        self._task = {
            "ClusterArn": cluster if cluster.startswith("arn:") else f"{where}:cluster/{cluster}",
            "CreatedAt": self._created,
            "DesiredStatus": "RUNNING",
            "Group": f"family:{name}",
            "LastStatus": "PROVISIONING",
            "LaunchType": arguments.get("LaunchType", "FARGATE"),
            "Overrides": arguments.get("Overrides", {}),
            "StartedBy": "AWS Step Functions",
            "Tags": [],
            "TaskArn": f"{where}:task/{cluster.rpartition('/')[2]}/{number}",
            "TaskDefinitionArn": arguments.get("TaskDefinition"),
            "Version": 1,
        }
        self._name = name

    def started(self) -> Json:
        answer = {"Failures": [], "Tasks": [{**self._task, "Containers": [self._container("PENDING")]}]}
        return {**answer, **sdk_metadata(len(dumps(answer)), clock=self._clock, entropy=self._entropy)}

    def stopped(self, exit_code: int, reason: str | None = None) -> dict[str, Json]:
        now = _milliseconds(self._clock)
        container = {**self._container("STOPPED"), "ExitCode": exit_code}
        if reason is not None:
            container["Reason"] = reason
        return {
            **self._task,
            "Containers": [container],
            "DesiredStatus": "STOPPED",
            "ExecutionStoppedAt": now,
            "LastStatus": "STOPPED",
            "StartedAt": self._created,
            "StopCode": "EssentialContainerExited",
            "StoppedAt": now,
            "StoppedReason": "Essential container in task exited",
            "StoppingAt": now,
            "Version": 5,
        }

    def _container(self, status: str) -> dict[str, Json]:
        task = str(self._task["TaskArn"])
        return {
            "ContainerArn": f"{task.replace(':task/', ':container/')}/{self._name}",
            "LastStatus": status,
            "Name": self._name,
            "TaskArn": task,
        }


def sent_message(request: TaskRequest, *, clock: Clock, entropy: Entropy) -> Json:
    """The answer of SendMessage."""
    import hashlib

    body = request.arguments.get("MessageBody") if isinstance(request.arguments, dict) else None
    text = body.encode(errors="surrogatepass") if isinstance(body, str) else dumps(body)
    answer = {
        "MD5OfMessageBody": hashlib.md5(text, usedforsecurity=False).hexdigest(),
        "MessageId": entropy.uuid4(),
    }
    return {**answer, **sdk_metadata(len(dumps(answer)), clock=clock, entropy=entropy)}


class Build:
    """One CodeBuild build."""

    def __init__(self, request: TaskRequest, name: str, *, clock: Clock, entropy: Entropy) -> None:
        arguments: dict[str, Any] = request.arguments if isinstance(request.arguments, dict) else {}
        self._clock = clock
        self._entropy = entropy
        number = f"{name}:{entropy.uuid4()}"
        self._build: dict[str, Json] = {
            "Arn": f"arn:aws:codebuild:{request.region}:{account_of(request)}:build/{number}",
            "BuildComplete": False,
            "BuildStatus": "IN_PROGRESS",
            "Environment": {"EnvironmentVariables": arguments.get("EnvironmentVariablesOverride", [])},
            "Id": number,
            "Initiator": "states",
            "ProjectName": name,
            "StartTime": _milliseconds(clock),
        }
        if "SourceVersion" in arguments:
            self._build["SourceVersion"] = arguments["SourceVersion"]

    def started(self) -> Json:
        answer: dict[str, Json] = {"Build": self._build}
        return {**answer, **sdk_metadata(len(dumps(answer)), clock=self._clock, entropy=self._entropy)}

    def ended(self, status: str) -> dict[str, Json]:
        return {
            "Build": {
                **self._build,
                "BuildComplete": True,
                "BuildStatus": status,
                "CurrentPhase": "COMPLETED",
                "EndTime": _milliseconds(self._clock),
            }
        }


class Job:
    """One job of AWS Batch."""

    def __init__(self, request: TaskRequest, name: str, *, clock: Clock, entropy: Entropy) -> None:
        arguments: dict[str, Any] = request.arguments if isinstance(request.arguments, dict) else {}
        self._clock = clock
        self._entropy = entropy
        number = entropy.uuid4()
        overrides = arguments.get("ContainerOverrides")
        self._environment = overrides.get("Environment", []) if isinstance(overrides, dict) else []
        self._submitted: dict[str, Json] = {
            "JobArn": f"arn:aws:batch:{request.region}:{account_of(request)}:job/{number}",
            "JobId": number,
            "JobName": arguments.get("JobName", name),
        }
        self._job: dict[str, Json] = {
            **self._submitted,
            "CreatedAt": _milliseconds(clock),
            "JobDefinition": arguments.get("JobDefinition"),
            "JobQueue": arguments.get("JobQueue"),
            "Parameters": arguments.get("Parameters", {}),
        }

    def started(self) -> Json:
        metadata = sdk_metadata(len(dumps(self._submitted)), clock=self._clock, entropy=self._entropy)
        return {**self._submitted, **metadata}

    def ended(self, exit_code: int, reason: str | None = None) -> dict[str, Json]:
        container: dict[str, Json] = {"Environment": self._environment, "ExitCode": exit_code}
        if reason is not None:
            container["Reason"] = reason
        return {
            **self._job,
            "Container": container,
            "StartedAt": self._job["CreatedAt"],
            "Status": "FAILED" if exit_code else "SUCCEEDED",
            "StatusReason": "Essential container in task exited",
            "StoppedAt": _milliseconds(self._clock),
        }


def account_of(request: TaskRequest) -> str:
    parts = request.execution_arn.split(":")
    return parts[4] if len(parts) > 4 and parts[4] else "123456789012"


def cause(value: Json) -> str:
    """A description as the text of a Cause."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _milliseconds(clock: Clock) -> int:
    return int(clock.now() * 1000)

"""AWS CodeBuild, AWS Elemental MediaConvert and Amazon EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.durations import DurationLike
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import minutes, named
from penstock.sfn.values import REFERENCES, compact


class BuildEnvironmentVariableType(Enum):
    PLAINTEXT = "PLAINTEXT"
    PARAMETER_STORE = "PARAMETER_STORE"
    SECRETS_MANAGER = "SECRETS_MANAGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildEnvironmentVariable:
    value: Any
    type: BuildEnvironmentVariableType = BuildEnvironmentVariableType.PLAINTEXT


def _variables(given: Mapping[str, BuildEnvironmentVariable] | None) -> Any:
    if given is None or isinstance(given, REFERENCES):
        return given
    return [{"Name": name, "Type": each.type, "Value": each.value} for name, each in given.items()]


class CodeBuildStartBuild(ServiceTask):
    """Starts a build of a project, by name; RUN_JOB waits for its end."""

    SERVICE = "codebuild:startBuild"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        project: object,
        environment_variables_override: Mapping[str, BuildEnvironmentVariable] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ProjectName": named(project, "project", "project_name"),
                "EnvironmentVariablesOverride": _variables(environment_variables_override),
            },
        )


class CodeBuildStartBuildBatch(ServiceTask):
    """Starts a batch build of a project, by name; RUN_JOB waits for its end."""

    SERVICE = "codebuild:startBuildBatch"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        project: object,
        environment_variables_override: Mapping[str, BuildEnvironmentVariable] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ProjectName": named(project, "project", "project_name"),
                "EnvironmentVariablesOverride": _variables(environment_variables_override),
            },
        )


class CodeBuildStopBuild(ServiceTask):
    """Stops a build, by its id."""

    SERVICE = "codebuild:stopBuild"

    def __init__(self, id: str, *, build_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"Id": build_id})


class CodeBuildBatchDeleteBuilds(ServiceTask):
    """Deletes builds, by their ids."""

    SERVICE = "codebuild:batchDeleteBuilds"

    def __init__(self, id: str, *, build_ids: Sequence[str], **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"Ids": build_ids})


class CodeBuildBatchGetReports(ServiceTask):
    """Reads reports, by their ARNs."""

    SERVICE = "codebuild:batchGetReports"

    def __init__(self, id: str, *, report_arns: Sequence[str], **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"ReportArns": report_arns})


class MediaConvertCreateJob(ServiceTask):
    """Creates a job; `create_job_request` is the API's object. RUN_JOB waits for its end."""

    SERVICE = "mediaconvert:createJob"
    JOB = ".sync"

    def __init__(self, id: str, *, create_job_request: Mapping[str, Any], **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, dict(create_job_request))


class ActionAfterCompletion(Enum):
    NONE = "NONE"
    DELETE = "DELETE"


class Schedule:
    """When a schedule fires: `rate(Duration.hours(1))`, `cron(hour="8")`, `one_time(datetime(…))`."""

    def __init__(self, expression_string: str) -> None:
        self.expression_string = expression_string

    def _payload(self) -> str:
        return self.expression_string

    @classmethod
    def rate(cls, duration: DurationLike) -> Schedule:
        made = minutes(duration, "duration")
        count = made.make() if made is not None else 0
        for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
            if count % size == 0:
                amount = count // size
                return cls(f"rate({amount} {unit}{'' if amount == 1 else 's'})")
        raise AssertionError  # a minute divides every count

    @classmethod
    def cron(
        cls,
        *,
        minute: str = "*",
        hour: str = "*",
        day: str | None = None,
        month: str = "*",
        week_day: str | None = None,
        year: str = "*",
    ) -> Schedule:
        # EventBridge wants a ? in one of the two (Scheduler user guide, "Cron-based schedules").
        days = (day or "*", "?") if week_day is None else ("?" if day is None else day, week_day)
        return cls(f"cron({minute} {hour} {days[0]} {month} {days[1]} {year})")

    @classmethod
    def one_time(cls, time: datetime) -> Schedule:
        return cls(f"at({_instant(time)[:19]})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    maximum_retry_attempts: int
    maximum_event_age: DurationLike

    def _payload(self) -> dict[str, Any]:
        return {
            "MaximumEventAgeInSeconds": self.maximum_event_age,
            "MaximumRetryAttempts": self.maximum_retry_attempts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBridgeSchedulerTarget:
    """What a schedule calls, by ARN, and the role it does so with."""

    arn: str
    role: object
    input: str | None = None
    retry_policy: RetryPolicy | None = None
    dead_letter_queue: object | None = None

    def _payload(self) -> dict[str, Any]:
        queue = named(self.dead_letter_queue, "dead_letter_queue", "queue_arn")
        return compact(
            Arn=self.arn,
            RoleArn=named(self.role, "role", "role_arn"),
            Input=self.input,
            RetryPolicy=self.retry_policy,
            DeadLetterConfig=None if queue is None else {"Arn": queue},
        )


class EventBridgeSchedulerCreateScheduleTask(ServiceTask):
    """Makes a schedule."""

    SERVICE = "aws-sdk:scheduler:createSchedule"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        schedule_name: str,
        schedule: Schedule,
        target: EventBridgeSchedulerTarget,
        action_after_completion: ActionAfterCompletion = ActionAfterCompletion.NONE,
        client_token: str | None = None,
        description: str | None = None,
        enabled: bool = True,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        flexible_time_window: DurationLike | None = None,
        group_name: str | None = None,
        kms_key: object | None = None,
        timezone: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        window: dict[str, Any] = {"Mode": "OFF"}
        if flexible_time_window is not None:
            size = minutes(flexible_time_window, "flexible_time_window")
            window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": size}
        super().__init__(
            id,
            options,
            {
                "ActionAfterCompletion": action_after_completion,
                "ClientToken": client_token,
                "Description": description,
                "EndDate": None if end_date is None else _instant(end_date),
                "FlexibleTimeWindow": window,
                "GroupName": group_name,
                "KmsKeyArn": named(kms_key, "kms_key", "key_arn"),
                "Name": schedule_name,
                "ScheduleExpression": schedule,
                "ScheduleExpressionTimezone": timezone,
                "StartDate": None if start_date is None else _instant(start_date),
                "State": "ENABLED" if enabled else "DISABLED",
                "Target": target,
            },
        )


def _instant(value: datetime) -> str:
    """In UTC, to the millisecond; a time without a zone is taken for UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Amazon Athena, AWS Glue and AWS Glue DataBrew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.durations import DurationLike, Timeout
from penstock.sfn.inputs import TaskInput
from penstock.sfn.problems import Wrong
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import Later, minutes, named
from penstock.sfn.values import NumberReference, compact


class EncryptionOption(Enum):
    S3_MANAGED = "SSE_S3"
    KMS = "SSE_KMS"
    CLIENT_SIDE_KMS = "CSE_KMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionConfiguration:
    encryption_option: EncryptionOption
    encryption_key: object | None = None

    def _payload(self) -> dict[str, Any]:
        key = named(self.encryption_key, "encryption_key", "key_arn")
        return compact(EncryptionOption=self.encryption_option, KmsKey=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryExecutionContext:
    catalog_name: str | None = None
    database_name: str | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(Catalog=self.catalog_name, Database=self.database_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An object or a prefix in a bucket."""

    bucket_name: str
    object_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultConfiguration:
    """Where the results of a query go: a Location, or a whole s3:// URI."""

    output_location: Location | str | None = None
    encryption_configuration: EncryptionConfiguration | None = None

    def _payload(self) -> dict[str, Any]:
        where = self.output_location
        if isinstance(where, Location):
            where = f"s3://{where.bucket_name}/{where.object_key}/"
        return compact(EncryptionConfiguration=self.encryption_configuration, OutputLocation=where)


class AthenaStartQueryExecution(ServiceTask):
    """Starts a query; RUN_JOB waits for its end."""

    SERVICE = "athena:startQueryExecution"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        query_string: str,
        client_request_token: str | None = None,
        execution_parameters: Sequence[str] | None = None,
        query_execution_context: QueryExecutionContext | None = None,
        result_configuration: ResultConfiguration | None = None,
        result_reuse_configuration_max_age: DurationLike | None = None,
        work_group: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        age = minutes(result_reuse_configuration_max_age, "result_reuse_configuration_max_age")
        reuse = None if age is None else {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": age}}
        super().__init__(
            id,
            options,
            {
                "QueryString": query_string,
                "ClientRequestToken": client_request_token,
                "QueryExecutionContext": query_execution_context,
                "ResultConfiguration": result_configuration or {},
                "WorkGroup": work_group,
                "ExecutionParameters": execution_parameters,
                "ResultReuseConfiguration": reuse,
            },
        )


class AthenaStopQueryExecution(ServiceTask):
    """Stops a query."""

    SERVICE = "athena:stopQueryExecution"

    def __init__(self, id: str, *, query_execution_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"QueryExecutionId": query_execution_id})


class AthenaGetQueryExecution(ServiceTask):
    """Tells how a query stands."""

    SERVICE = "athena:getQueryExecution"

    def __init__(self, id: str, *, query_execution_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"QueryExecutionId": query_execution_id})


class AthenaGetQueryResults(ServiceTask):
    """Reads a page of a query's results."""

    SERVICE = "athena:getQueryResults"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        query_execution_id: str,
        max_results: int | None = None,
        next_token: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {"QueryExecutionId": query_execution_id, "NextToken": next_token, "MaxResults": max_results},
        )


class WorkerType(Enum):
    STANDARD = "Standard"
    G_025X = "G.025X"
    G_1X = "G.1X"
    G_2X = "G.2X"
    G_4X = "G.4X"
    G_8X = "G.8X"
    Z_2X = "Z.2X"


class ExecutionClass(Enum):
    FLEX = "FLEX"
    STANDARD = "STANDARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfigurationProperty:
    """How many workers of which type; a type that is not in WorkerType as text."""

    number_of_workers: int
    worker_type: WorkerType | str | None = None


class GlueStartJobRun(ServiceTask):
    """Starts a run of a Glue job; RUN_JOB waits for its end. The timeout is Glue's own, in whole minutes."""

    SERVICE = "glue:startJobRun"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        glue_job_name: str,
        arguments: TaskInput | None = None,
        execution_class: ExecutionClass | None = None,
        notify_delay_after: DurationLike | None = None,
        security_configuration: str | None = None,
        worker_configuration: WorkerConfigurationProperty | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        timeout: Any = minutes(options.pop("timeout", None), "timeout")
        dynamic = options.pop("task_timeout", None)
        if isinstance(dynamic, Timeout):
            timeout = NumberReference(dynamic.path) if dynamic.path is not None else _in_minutes(dynamic.seconds)
        delay = minutes(notify_delay_after, "notify_delay_after")
        super().__init__(
            id,
            options,
            {
                "JobName": glue_job_name,
                "Arguments": arguments,
                "Timeout": timeout,
                "SecurityConfiguration": security_configuration,
                "NotificationProperty": None if delay is None else {"NotifyDelayAfter": delay},
                "WorkerType": None if worker_configuration is None else worker_configuration.worker_type,
                "NumberOfWorkers": None if worker_configuration is None else worker_configuration.number_of_workers,
                "ExecutionClass": execution_class,
            },
        )


def _in_minutes(seconds: int | str | None) -> Any:
    def make() -> Any:
        if isinstance(seconds, int) and seconds % 60:
            raise Wrong("PS720", f"`task_timeout` is {seconds} s, and Glue counts in minutes", help="round it")
        return seconds // 60 if isinstance(seconds, int) else seconds

    return Later(make)


class GlueStartCrawlerRun(ServiceTask):
    """Starts a crawler."""

    SERVICE = "aws-sdk:glue:startCrawler"

    def __init__(self, id: str, *, crawler_name: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"Name": crawler_name})


class GlueDataBrewStartJobRun(ServiceTask):
    """Starts a run of a DataBrew job; RUN_JOB waits for its end."""

    SERVICE = "databrew:startJobRun"
    JOB = ".sync"

    def __init__(self, id: str, *, name: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"Name": name})

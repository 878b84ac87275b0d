"""Amazon EMR on EKS and Amazon EMR Serverless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from penstock.sfn.inputs import JsonPath, TaskInput
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import named, s3_uri
from penstock.sfn.values import JSONATA, Struct, compact
from penstock.sfn.words import IntegrationPattern


class EmrContainersCreateVirtualCluster(ServiceTask):
    """Makes a virtual cluster of a namespace of an EKS cluster (by name)."""

    SERVICE = "emr-containers:createVirtualCluster"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        eks_cluster: object,
        eks_namespace: str = "default",
        virtual_cluster_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        cluster = (
            eks_cluster if isinstance(eks_cluster, TaskInput) else named(eks_cluster, "eks_cluster", "cluster_name")
        )
        provider = {"Id": cluster, "Info": {"EksInfo": {"Namespace": eks_namespace}}, "Type": "EKS"}
        super().__init__(id, options, {"Name": virtual_cluster_name, "ContainerProvider": provider, "Tags": tags})

    def payload(self, language: str) -> dict[str, Any]:
        if "Name" not in self.arguments:
            name = JsonPath.format("{}/{}", JsonPath.execution_name, JsonPath.state_name)
            if language == JSONATA:
                name = "{% $states.context.Execution.Name & '/' & $states.context.State.Name %}"
            self.arguments["Name"] = name
        return super().payload(language)


class EmrContainersDeleteVirtualCluster(ServiceTask):
    """Deletes a virtual cluster; RUN_JOB waits until it is gone."""

    SERVICE = "emr-containers:deleteVirtualCluster"
    JOB = ".sync"

    def __init__(self, id: str, *, virtual_cluster_id: TaskInput | str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"Id": virtual_cluster_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSubmitJobDriver(Struct):
    entry_point: TaskInput
    entry_point_arguments: TaskInput | None = None
    spark_submit_parameters: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDriver(Struct):
    spark_submit_job_driver: SparkSubmitJobDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationConfiguration:
    """One classification (`spark-defaults`), its properties, and configurations in it."""

    classification: str
    properties: Mapping[str, str] | None = None
    nested_config: Sequence[ApplicationConfiguration] | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            Classification=self.classification, Properties=self.properties, Configurations=self.nested_config
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """Where a run's logs go; buckets and log groups by name."""

    log_bucket: object | None = None
    log_group: object | None = None
    log_stream_name_prefix: str | None = None
    persistent_app_ui: bool = True

    def _payload(self) -> dict[str, Any]:
        group = named(self.log_group, "log_group", "log_group_name")
        watch = None
        if group is not None:
            watch = compact(LogGroupName=group, LogStreamNamePrefix=self.log_stream_name_prefix)
        return compact(
            CloudWatchMonitoringConfiguration=watch,
            PersistentAppUI="ENABLED" if self.persistent_app_ui else "DISABLED",
            S3MonitoringConfiguration=None if self.log_bucket is None else {"LogUri": s3_uri(self.log_bucket)},
        )


class EmrContainersStartJobRun(ServiceTask):
    """Starts a Spark job on a virtual cluster, and waits for its end unless told otherwise."""

    SERVICE = "emr-containers:startJobRun"
    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        virtual_cluster: str | TaskInput,
        release_label: str,
        job_driver: JobDriver,
        execution_role: object,
        job_name: str | None = None,
        application_config: Sequence[ApplicationConfiguration] | None = None,
        monitoring: Monitoring | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        overrides = compact(
            ApplicationConfiguration=application_config, MonitoringConfiguration=monitoring or Monitoring()
        )
        super().__init__(
            id,
            options,
            {
                "VirtualClusterId": virtual_cluster,
                "Name": job_name,
                "ExecutionRoleArn": named(execution_role, "execution_role", "role_arn"),
                "ReleaseLabel": release_label,
                "JobDriver": job_driver,
                "ConfigurationOverrides": overrides,
                "Tags": tags,
            },
        )


class EmrServerlessCreateApplication(ServiceTask):
    """Makes an application (`type`: SPARK or HIVE); RUN_JOB waits until it is there."""

    SERVICE = "emr-serverless:createApplication"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        release_label: str,
        type: str,  # noqa: A002 -- the API's name
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(id, options, {"Name": name, "ReleaseLabel": release_label, "Type": type, "Tags": tags})


class _OfApplication(ServiceTask):
    JOB = ".sync"

    def __init__(self, id: str, *, application_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"ApplicationId": application_id})


class EmrServerlessStartApplication(_OfApplication):
    """Starts an application; RUN_JOB waits until it has started."""

    SERVICE = "emr-serverless:startApplication"


class EmrServerlessStopApplication(_OfApplication):
    """Stops an application; RUN_JOB waits until it has stopped."""

    SERVICE = "emr-serverless:stopApplication"


class EmrServerlessDeleteApplication(_OfApplication):
    """Deletes an application; RUN_JOB waits until it is gone."""

    SERVICE = "emr-serverless:deleteApplication"


class EmrServerlessStartJobRun(ServiceTask):
    """Starts a job run; RUN_JOB waits for its end. `job_driver` and `configuration_overrides` are the API's objects."""

    SERVICE = "emr-serverless:startJobRun"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        application_id: str,
        execution_role: object,
        job_driver: Mapping[str, Any],
        configuration_overrides: Mapping[str, Any] | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ApplicationId": application_id,
                "ExecutionRoleArn": named(execution_role, "execution_role", "role_arn"),
                "JobDriver": job_driver,
                "ConfigurationOverrides": configuration_overrides,
                "Name": name,
                "Tags": tags,
            },
        )


class EmrServerlessCancelJobRun(ServiceTask):
    """Cancels a job run; RUN_JOB waits until it is cancelled."""

    SERVICE = "emr-serverless:cancelJobRun"
    JOB = ".sync"

    def __init__(self, id: str, *, application_id: str, job_run_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"ApplicationId": application_id, "JobRunId": job_run_id})

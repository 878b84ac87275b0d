"""AWS Batch, Amazon ECS and Amazon EKS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Unpack

from penstock.sfn.durations import Timeout
from penstock.sfn.inputs import TaskInput
from penstock.sfn.resources import name_of
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import Later, SizeLike, mebibytes, named, pairs
from penstock.sfn.values import NumberReference, Struct, compact
from penstock.sfn.words import IntegrationPattern


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchContainerOverrides:
    """What a job changes of its definition; `memory` in MiB."""

    command: Sequence[str] | None = None
    environment: Mapping[str, str] | None = None
    gpu_count: int | None = None
    instance_type: str | None = None
    memory: SizeLike | None = None
    vcpus: int | None = None

    def _payload(self) -> dict[str, Any]:
        needs = (("GPU", self.gpu_count), ("MEMORY", mebibytes(self.memory)), ("VCPU", self.vcpus))
        resources = [{"Type": kind, "Value": f"{amount}"} for kind, amount in needs if amount]
        return compact(
            Command=self.command,
            Environment=pairs(self.environment),
            InstanceType=self.instance_type,
            ResourceRequirements=resources or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJobDependency(Struct):
    job_id: str | None = None
    type: str | None = None


class BatchSubmitJob(ServiceTask):
    """Submits a job, and waits for its end unless told otherwise. The timeout is Batch's own, an attempt's."""

    SERVICE = "batch:submitJob"
    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        job_definition_arn: str,
        job_name: str,
        job_queue_arn: str,
        payload: TaskInput | None = None,
        array_size: int | None = None,
        attempts: int | None = None,
        container_overrides: BatchContainerOverrides | None = None,
        depends_on: Sequence[BatchJobDependency] | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        timeout = options.pop("timeout", None)
        dynamic = options.pop("task_timeout", None)
        seconds: Any = timeout
        if isinstance(dynamic, Timeout):
            seconds = NumberReference(dynamic.path) if dynamic.path is not None else dynamic.seconds
        super().__init__(
            id,
            options,
            {
                "JobDefinition": job_definition_arn,
                "JobName": job_name,
                "JobQueue": job_queue_arn,
                "Parameters": payload,
                "ArrayProperties": None if array_size is None else {"Size": array_size},
                "ContainerOverrides": container_overrides,
                "DependsOn": depends_on,
                "RetryStrategy": None if attempts is None else {"Attempts": attempts},
                "Tags": tags,
                "Timeout": None if seconds is None else {"AttemptDurationSeconds": seconds},
            },
        )


class FargatePlatformVersion(Enum):
    LATEST = "LATEST"
    VERSION1_4 = "1.4.0"
    VERSION1_3 = "1.3.0"


class LaunchTarget(Protocol):
    """Where an ECS task runs."""

    def parameters(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsFargateLaunchTarget:
    """On Fargate."""

    platform_version: FargatePlatformVersion | str = FargatePlatformVersion.LATEST
    capacity_provider_strategy: Sequence[Mapping[str, Any]] | None = None

    def parameters(self) -> dict[str, Any]:
        if self.capacity_provider_strategy is not None:
            strategy = list(self.capacity_provider_strategy)
            return {"CapacityProviderStrategy": strategy, "PlatformVersion": self.platform_version}
        return {"LaunchType": "FARGATE", "PlatformVersion": self.platform_version}


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsEc2LaunchTarget:
    """On the cluster's EC2 instances. Constraints and strategies are the API's objects."""

    placement_constraints: Sequence[Mapping[str, Any]] | None = None
    placement_strategies: Sequence[Mapping[str, Any]] | None = None
    capacity_provider_strategy: Sequence[Mapping[str, Any]] | None = None

    def parameters(self) -> dict[str, Any]:
        where: dict[str, Any] = {"LaunchType": "EC2"}
        if self.capacity_provider_strategy is not None:
            where = {"CapacityProviderStrategy": list(self.capacity_provider_strategy)}
        return {
            **where,
            **compact(PlacementConstraints=self.placement_constraints, PlacementStrategy=self.placement_strategies),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnvironmentVariable(Struct):
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOverride:
    """What a task changes of one container, by the container's name (`container_definition`); memory in MiB."""

    container_definition: object
    command: Sequence[str] | None = None
    cpu: int | None = None
    environment: Sequence[TaskEnvironmentVariable] | None = None
    memory_limit: int | None = None
    memory_reservation: int | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            Command=self.command,
            Cpu=self.cpu,
            Environment=self.environment,
            Memory=self.memory_limit,
            MemoryReservation=self.memory_reservation,
            Name=name_of(self.container_definition, "container_definition", "container_name"),
        )


class EcsRunTask(ServiceTask):
    """Runs a task: `task_definition` is a family or an ARN, `subnets` and `security_groups` are ids."""

    SERVICE = "ecs:runTask"
    JOB = ".sync"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster: object,
        task_definition: object,
        launch_target: LaunchTarget,
        container_overrides: Sequence[ContainerOverride] | None = None,
        assign_public_ip: bool | None = None,
        subnets: Sequence[str] | None = None,
        security_groups: Sequence[str] | None = None,
        cpu: str | None = None,
        memory_mib: str | None = None,
        enable_execute_command: bool | None = None,
        propagated_tag_source: str | None = None,
        revision_number: int | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        definition = Later(
            lambda: _with_revision(name_of(task_definition, "task_definition", "family"), revision_number)
        )
        network = compact(
            AssignPublicIp=None if assign_public_ip is None else "ENABLED" if assign_public_ip else "DISABLED",
            Subnets=subnets,
            SecurityGroups=security_groups,
        )
        overrides = compact(Cpu=cpu, Memory=memory_mib, ContainerOverrides=container_overrides)
        super().__init__(
            id,
            options,
            {
                "Cluster": named(cluster, "cluster", "cluster_arn"),
                "TaskDefinition": definition,
                "NetworkConfiguration": {"AwsvpcConfiguration": network} if network else None,
                "Overrides": overrides or None,
                "PropagateTags": propagated_tag_source,
                **launch_target.parameters(),
                "EnableExecuteCommand": enable_execute_command,
            },
        )


def _with_revision(family: Any, revision: int | None) -> Any:
    return family if revision is None else f"{family}:{revision}"


class HttpMethods(Enum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    PATCH = "PATCH"
    HEAD = "HEAD"


class EksCall(ServiceTask):
    """Calls a cluster's Kubernetes API."""

    SERVICE = "eks:call"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster: object,
        certificate_authority: str,
        endpoint: str,
        http_method: HttpMethods,
        http_path: str,
        query_parameters: Mapping[str, Sequence[str]] | None = None,
        request_body: TaskInput | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ClusterName": named(cluster, "cluster", "cluster_name"),
                "CertificateAuthority": certificate_authority,
                "Endpoint": endpoint,
                "Method": http_method,
                "Path": http_path,
                "QueryParameters": query_parameters,
                "RequestBody": request_body,
            },
        )


class EksRunJob(ServiceTask):
    """Runs a Kubernetes job, and waits for its end unless told otherwise; `job` is the Kubernetes object."""

    SERVICE = "eks:runJob"
    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster: object,
        certificate_authority: str,
        endpoint: str,
        job: Mapping[str, Any],
        namespace: str | None = None,
        log_options: Mapping[str, Any] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ClusterName": named(cluster, "cluster", "cluster_name"),
                "CertificateAuthority": certificate_authority,
                "Endpoint": endpoint,
                "Namespace": namespace,
                "LogOptions": log_options,
                "Job": job,
            },
        )


class EksCreateCluster(ServiceTask):
    """Creates a cluster; RUN_JOB waits until it is there. `resources_vpc_config` is the API's object."""

    SERVICE = "eks:createCluster"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        name: str,
        role: object,
        resources_vpc_config: Mapping[str, Any],
        version: str | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "Name": name,
                "RoleArn": named(role, "role", "role_arn"),
                "ResourcesVpcConfig": resources_vpc_config,
                "Version": version,
                "Tags": tags,
            },
        )


class EksDeleteCluster(ServiceTask):
    """Deletes a cluster, by name; RUN_JOB waits until it is gone."""

    SERVICE = "eks:deleteCluster"
    JOB = ".sync"

    def __init__(self, id: str, *, name: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"Name": name})


class EksCreateNodegroup(ServiceTask):
    """Adds a node group to a cluster; RUN_JOB waits until it is there. `scaling_config` is the API's object."""

    SERVICE = "eks:createNodegroup"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster: object,
        nodegroup_name: str,
        node_role: object,
        subnets: Sequence[str],
        scaling_config: Mapping[str, Any] | None = None,
        instance_types: Sequence[str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ClusterName": named(cluster, "cluster", "cluster_name"),
                "NodegroupName": nodegroup_name,
                "NodeRole": named(node_role, "node_role", "role_arn"),
                "Subnets": subnets,
                "ScalingConfig": scaling_config,
                "InstanceTypes": instance_types,
            },
        )


class EksDeleteNodegroup(ServiceTask):
    """Deletes a node group; RUN_JOB waits until it is gone."""

    SERVICE = "eks:deleteNodegroup"
    JOB = ".sync"

    def __init__(self, id: str, *, cluster: object, nodegroup_name: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        name = named(cluster, "cluster", "cluster_name")
        super().__init__(id, options, {"ClusterName": name, "NodegroupName": nodegroup_name})


class EksCreateFargateProfile(ServiceTask):
    """Makes a Fargate profile; RUN_JOB waits until it is there. `selectors` are the API's objects."""

    SERVICE = "eks:createFargateProfile"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster: object,
        fargate_profile_name: str,
        pod_execution_role: object,
        subnets: Sequence[str] | None = None,
        selectors: Sequence[Mapping[str, Any]] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ClusterName": named(cluster, "cluster", "cluster_name"),
                "FargateProfileName": fargate_profile_name,
                "PodExecutionRoleArn": named(pod_execution_role, "pod_execution_role", "role_arn"),
                "Subnets": subnets,
                "Selectors": selectors,
            },
        )


class EksDeleteFargateProfile(ServiceTask):
    """Deletes a Fargate profile; RUN_JOB waits until it is gone."""

    SERVICE = "eks:deleteFargateProfile"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster: object,
        fargate_profile_name: str,
        **options: Unpack[ServiceOptions],
    ) -> None:
        name = named(cluster, "cluster", "cluster_name")
        super().__init__(id, options, {"ClusterName": name, "FargateProfileName": fargate_profile_name})

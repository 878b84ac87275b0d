"""Amazon EMR: clusters and their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Unpack

from penstock.sfn.durations import DurationLike
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks import emr_structs as structs
from penstock.sfn.tasks.common import Later, SizeLike, gibibytes, named, pairs
from penstock.sfn.values import struct_entries
from penstock.sfn.words import IntegrationPattern


class ActionOnFailure(Enum):
    TERMINATE_CLUSTER = "TERMINATE_CLUSTER"
    CANCEL_AND_WAIT = "CANCEL_AND_WAIT"
    CONTINUE = "CONTINUE"


class EmrAddStep(ServiceTask):
    """Adds a step to a cluster, and waits for its end unless told otherwise. `args` may be a path:
    `args=JsonPath.list_at("$.arguments.Payload")`."""

    SERVICE = "elasticmapreduce:addStep"
    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster_id: str,
        name: str,
        jar: str,
        main_class: str | None = None,
        args: Sequence[str] | None = None,
        properties: Mapping[str, str] | None = None,
        action_on_failure: ActionOnFailure = ActionOnFailure.CONTINUE,
        execution_role_arn: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        jar_step = {
            "Jar": jar,
            "MainClass": main_class,
            "Args": args,
            "Properties": pairs(properties, "Key"),
        }
        super().__init__(
            id,
            options,
            {
                "ClusterId": cluster_id,
                "ExecutionRoleArn": execution_role_arn,
                "Step": {
                    "Name": name,
                    "ActionOnFailure": action_on_failure,
                    "HadoopJarStep": {key: value for key, value in jar_step.items() if value is not None},
                },
            },
        )


class EmrCancelStep(ServiceTask):
    """Cancels a step."""

    SERVICE = "elasticmapreduce:cancelStep"

    def __init__(self, id: str, *, cluster_id: str, step_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"ClusterId": cluster_id, "StepId": step_id})


class EmrSetClusterTerminationProtection(ServiceTask):
    """Protects a cluster from being terminated, or no longer."""

    SERVICE = "elasticmapreduce:setClusterTerminationProtection"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster_id: str,
        termination_protected: bool,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(id, options, {"ClusterId": cluster_id, "TerminationProtected": termination_protected})


class EmrTerminateCluster(ServiceTask):
    """Terminates a cluster, and waits for it unless told otherwise."""

    SERVICE = "elasticmapreduce:terminateCluster"
    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    def __init__(self, id: str, *, cluster_id: str, **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, {"ClusterId": cluster_id})


class EmrModifyInstanceFleetByName(ServiceTask):
    """Changes the capacity of an instance fleet."""

    SERVICE = "elasticmapreduce:modifyInstanceFleetByName"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster_id: str,
        instance_fleet_name: str,
        target_on_demand_capacity: int,
        target_spot_capacity: int,
        **options: Unpack[ServiceOptions],
    ) -> None:
        fleet = {"TargetOnDemandCapacity": target_on_demand_capacity, "TargetSpotCapacity": target_spot_capacity}
        super().__init__(
            id,
            options,
            {"ClusterId": cluster_id, "InstanceFleetName": instance_fleet_name, "InstanceFleet": fleet},
        )


class EmrModifyInstanceGroupByName(ServiceTask):
    """Changes an instance group."""

    SERVICE = "elasticmapreduce:modifyInstanceGroupByName"

    InstanceGroupModifyConfigProperty = structs.InstanceGroupModifyConfigProperty
    InstanceResizePolicyProperty = structs.InstanceResizePolicyProperty
    ShrinkPolicyProperty = structs.ShrinkPolicyProperty

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        cluster_id: str,
        instance_group_name: str,
        instance_group: structs.InstanceGroupModifyConfigProperty,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {"ClusterId": cluster_id, "InstanceGroupName": instance_group_name, "InstanceGroup": instance_group},
        )


class EmrCreateCluster(ServiceTask):
    """Creates a cluster, and waits until it is ready unless told otherwise. Roles are names or ARNs."""

    SERVICE = "elasticmapreduce:createCluster"
    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    ApplicationConfigProperty = structs.ApplicationConfigProperty
    AutoScalingPolicyProperty = structs.AutoScalingPolicyProperty
    BootstrapActionConfigProperty = structs.BootstrapActionConfigProperty
    CloudWatchAlarmComparisonOperator = structs.CloudWatchAlarmComparisonOperator
    CloudWatchAlarmDefinitionProperty = structs.CloudWatchAlarmDefinitionProperty
    CloudWatchAlarmStatistic = structs.CloudWatchAlarmStatistic
    CloudWatchAlarmUnit = structs.CloudWatchAlarmUnit
    ComputeLimitsUnitType = structs.ComputeLimitsUnitType
    ConfigurationProperty = structs.ConfigurationProperty
    EbsBlockDeviceConfigProperty = structs.EbsBlockDeviceConfigProperty
    EbsBlockDeviceVolumeType = structs.EbsBlockDeviceVolumeType
    EbsConfigurationProperty = structs.EbsConfigurationProperty
    EmrClusterScaleDownBehavior = structs.EmrClusterScaleDownBehavior
    InstanceFleetConfigProperty = structs.InstanceFleetConfigProperty
    InstanceFleetProvisioningSpecificationsProperty = structs.InstanceFleetProvisioningSpecificationsProperty
    InstanceGroupConfigProperty = structs.InstanceGroupConfigProperty
    InstanceMarket = structs.InstanceMarket
    InstanceRoleType = structs.InstanceRoleType
    InstanceTypeConfigProperty = structs.InstanceTypeConfigProperty
    InstancesConfigProperty = structs.InstancesConfigProperty
    KerberosAttributesProperty = structs.KerberosAttributesProperty
    ManagedScalingComputeLimitsProperty = structs.ManagedScalingComputeLimitsProperty
    ManagedScalingPolicyProperty = structs.ManagedScalingPolicyProperty
    MetricDimensionProperty = structs.MetricDimensionProperty
    OnDemandAllocationStrategy = structs.OnDemandAllocationStrategy
    OnDemandProvisioningSpecificationProperty = structs.OnDemandProvisioningSpecificationProperty
    PlacementTypeProperty = structs.PlacementTypeProperty
    ScalingActionProperty = structs.ScalingActionProperty
    ScalingAdjustmentType = structs.ScalingAdjustmentType
    ScalingConstraintsProperty = structs.ScalingConstraintsProperty
    ScalingRuleProperty = structs.ScalingRuleProperty
    ScalingTriggerProperty = structs.ScalingTriggerProperty
    ScriptBootstrapActionConfigProperty = structs.ScriptBootstrapActionConfigProperty
    SimpleScalingPolicyConfigurationProperty = structs.SimpleScalingPolicyConfigurationProperty
    SpotAllocationStrategy = structs.SpotAllocationStrategy
    SpotProvisioningSpecificationProperty = structs.SpotProvisioningSpecificationProperty
    SpotTimeoutAction = structs.SpotTimeoutAction
    VolumeSpecificationProperty = structs.VolumeSpecificationProperty

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        name: str,
        instances: structs.InstancesConfigProperty,
        additional_info: str | None = None,
        applications: Sequence[structs.ApplicationConfigProperty] | None = None,
        auto_scaling_role: object | None = None,
        auto_termination_policy_idle_timeout: DurationLike | None = None,
        bootstrap_actions: Sequence[structs.BootstrapActionConfigProperty] | None = None,
        cluster_role: object | None = None,
        configurations: Sequence[structs.ConfigurationProperty] | None = None,
        custom_ami_id: str | None = None,
        ebs_root_volume_iops: int | None = None,
        ebs_root_volume_size: SizeLike | None = None,
        ebs_root_volume_throughput: int | None = None,
        kerberos_attributes: structs.KerberosAttributesProperty | None = None,
        log_uri: str | None = None,
        managed_scaling_policy: structs.ManagedScalingPolicyProperty | None = None,
        release_label: str | None = None,
        scale_down_behavior: structs.EmrClusterScaleDownBehavior | None = None,
        security_configuration: str | None = None,
        service_role: object | None = None,
        step_concurrency_level: int | None = None,
        tags: Mapping[str, str] | None = None,
        visible_to_all_users: bool = True,
        **options: Unpack[ServiceOptions],
    ) -> None:
        idle = auto_termination_policy_idle_timeout
        super().__init__(
            id,
            options,
            {
                "Instances": Later(lambda: {**struct_entries(instances), "KeepJobFlowAliveWhenNoSteps": True}),
                "JobFlowRole": named(cluster_role, "cluster_role", "role_name"),
                "Name": name,
                "ServiceRole": named(service_role, "service_role", "role_name"),
                "AdditionalInfo": additional_info,
                "Applications": applications,
                "AutoScalingRole": named(auto_scaling_role, "auto_scaling_role", "role_name"),
                "AutoTerminationPolicy": None if idle is None else {"IdleTimeout": idle},
                "BootstrapActions": bootstrap_actions,
                "Configurations": configurations,
                "CustomAmiId": custom_ami_id,
                "EbsRootVolumeSize": gibibytes(ebs_root_volume_size),
                "EbsRootVolumeIops": ebs_root_volume_iops,
                "EbsRootVolumeThroughput": ebs_root_volume_throughput,
                "KerberosAttributes": kerberos_attributes,
                "LogUri": log_uri,
                "ManagedScalingPolicy": managed_scaling_policy,
                "ReleaseLabel": release_label,
                "ScaleDownBehavior": scale_down_behavior,
                "SecurityConfiguration": security_configuration,
                "StepConcurrencyLevel": step_concurrency_level,
                "Tags": pairs(tags, "Key"),
                "VisibleToAllUsers": visible_to_all_users,
            },
        )

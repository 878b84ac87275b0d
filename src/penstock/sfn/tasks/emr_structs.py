"""The objects of EMR's API that EmrCreateCluster and EmrModifyInstanceGroupByName take, in snake case.

Their names are the construct library's; they are also attributes of the task classes: `EmrCreateCluster.InstancesConfigProperty`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from penstock.sfn.durations import DurationLike
from penstock.sfn.tasks.common import SizeLike, gibibytes, minutes
from penstock.sfn.values import Struct


class CloudWatchAlarmComparisonOperator(Enum):
    GREATER_THAN_OR_EQUAL = "GREATER_THAN_OR_EQUAL"
    GREATER_THAN = "GREATER_THAN"
    LESS_THAN = "LESS_THAN"
    LESS_THAN_OR_EQUAL = "LESS_THAN_OR_EQUAL"


class CloudWatchAlarmStatistic(Enum):
    SAMPLE_COUNT = "SAMPLE_COUNT"
    AVERAGE = "AVERAGE"
    SUM = "SUM"
    MINIMUM = "MINIMUM"
    MAXIMUM = "MAXIMUM"


class CloudWatchAlarmUnit(Enum):
    NONE = "NONE"
    SECONDS = "SECONDS"
    MICRO_SECONDS = "MICRO_SECONDS"
    MILLI_SECONDS = "MILLI_SECONDS"
    BYTES = "BYTES"
    KILO_BYTES = "KILO_BYTES"
    MEGA_BYTES = "MEGA_BYTES"
    GIGA_BYTES = "GIGA_BYTES"
    TERA_BYTES = "TERA_BYTES"
    BITS = "BITS"
    KILO_BITS = "KILO_BITS"
    MEGA_BITS = "MEGA_BITS"
    GIGA_BITS = "GIGA_BITS"
    TERA_BITS = "TERA_BITS"
    PERCENT = "PERCENT"
    COUNT = "COUNT"
    BYTES_PER_SECOND = "BYTES_PER_SECOND"
    KILO_BYTES_PER_SECOND = "KILO_BYTES_PER_SECOND"
    MEGA_BYTES_PER_SECOND = "MEGA_BYTES_PER_SECOND"
    GIGA_BYTES_PER_SECOND = "GIGA_BYTES_PER_SECOND"
    TERA_BYTES_PER_SECOND = "TERA_BYTES_PER_SECOND"
    BITS_PER_SECOND = "BITS_PER_SECOND"
    KILO_BITS_PER_SECOND = "KILO_BITS_PER_SECOND"
    MEGA_BITS_PER_SECOND = "MEGA_BITS_PER_SECOND"
    GIGA_BITS_PER_SECOND = "GIGA_BITS_PER_SECOND"
    TERA_BITS_PER_SECOND = "TERA_BITS_PER_SECOND"
    COUNT_PER_SECOND = "COUNT_PER_SECOND"


class ComputeLimitsUnitType(Enum):
    INSTANCE_FLEET_UNITS = "InstanceFleetUnits"
    INSTANCES = "Instances"
    VCPU = "VCPU"


class EbsBlockDeviceVolumeType(Enum):
    GP3 = "gp3"
    GP2 = "gp2"
    IO1 = "io1"
    ST1 = "st1"
    SC1 = "sc1"
    STANDARD = "standard"


class EmrClusterScaleDownBehavior(Enum):
    TERMINATE_AT_INSTANCE_HOUR = "TERMINATE_AT_INSTANCE_HOUR"
    TERMINATE_AT_TASK_COMPLETION = "TERMINATE_AT_TASK_COMPLETION"


class InstanceMarket(Enum):
    ON_DEMAND = "ON_DEMAND"
    SPOT = "SPOT"


class InstanceRoleType(Enum):
    MASTER = "MASTER"
    CORE = "CORE"
    TASK = "TASK"


class OnDemandAllocationStrategy(Enum):
    LOWEST_PRICE = "lowest-price"
    PRIORITIZED = "prioritized"


class ScalingAdjustmentType(Enum):
    CHANGE_IN_CAPACITY = "CHANGE_IN_CAPACITY"
    PERCENT_CHANGE_IN_CAPACITY = "PERCENT_CHANGE_IN_CAPACITY"
    EXACT_CAPACITY = "EXACT_CAPACITY"


class SpotAllocationStrategy(Enum):
    CAPACITY_OPTIMIZED = "capacity-optimized"
    PRICE_CAPACITY_OPTIMIZED = "price-capacity-optimized"
    LOWEST_PRICE = "lowest-price"
    DIVERSIFIED = "diversified"


class SpotTimeoutAction(Enum):
    SWITCH_TO_ON_DEMAND = "SWITCH_TO_ON_DEMAND"
    TERMINATE_CLUSTER = "TERMINATE_CLUSTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationConfigProperty(Struct):
    name: str
    additional_info: Mapping[str, str] | None = None
    args: Sequence[str] | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoScalingPolicyProperty(Struct):
    constraints: ScalingConstraintsProperty
    rules: Sequence[ScalingRuleProperty]


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapActionConfigProperty(Struct):
    name: str
    script_bootstrap_action: ScriptBootstrapActionConfigProperty


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchAlarmDefinitionProperty(Struct):
    comparison_operator: CloudWatchAlarmComparisonOperator
    metric_name: str
    period: DurationLike
    dimensions: Sequence[MetricDimensionProperty] | None = None
    evaluation_periods: int | None = None
    namespace: str | None = None
    statistic: CloudWatchAlarmStatistic | None = None
    threshold: int | None = None
    unit: CloudWatchAlarmUnit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationProperty(Struct):
    classification: str | None = None
    configurations: Sequence[ConfigurationProperty] | None = None
    properties: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EbsBlockDeviceConfigProperty(Struct):
    volume_specification: VolumeSpecificationProperty
    volumes_per_instance: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EbsConfigurationProperty(Struct):
    ebs_block_device_configs: Sequence[EbsBlockDeviceConfigProperty] | None = None
    ebs_optimized: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFleetConfigProperty(Struct):
    instance_fleet_type: InstanceRoleType
    instance_type_configs: Sequence[InstanceTypeConfigProperty] | None = None
    launch_specifications: InstanceFleetProvisioningSpecificationsProperty | None = None
    name: str | None = None
    target_on_demand_capacity: int | None = None
    target_spot_capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFleetProvisioningSpecificationsProperty(Struct):
    on_demand_specification: OnDemandProvisioningSpecificationProperty | None = None
    spot_specification: SpotProvisioningSpecificationProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGroupConfigProperty(Struct):
    instance_count: int
    instance_role: InstanceRoleType
    instance_type: str
    auto_scaling_policy: AutoScalingPolicyProperty | None = None
    bid_price: str | None = None
    configurations: Sequence[ConfigurationProperty] | None = None
    ebs_configuration: EbsConfigurationProperty | None = None
    market: InstanceMarket | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGroupModifyConfigProperty(Struct):
    configurations: Sequence[ConfigurationProperty] | None = None
    ec2_instance_ids_to_terminate: Sequence[str] | None = field(
        default=None, metadata={"api": "EC2InstanceIdsToTerminate"}
    )
    instance_count: int | None = None
    shrink_policy: ShrinkPolicyProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceResizePolicyProperty(Struct):
    instances_to_protect: Sequence[str] | None = None
    instances_to_terminate: Sequence[str] | None = None
    instance_termination_timeout: DurationLike | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTypeConfigProperty(Struct):
    instance_type: str
    bid_price: str | None = None
    bid_price_as_percentage_of_on_demand_price: int | None = None
    configurations: Sequence[ConfigurationProperty] | None = None
    ebs_configuration: EbsConfigurationProperty | None = None
    priority: int | None = None
    weighted_capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesConfigProperty(Struct):
    additional_master_security_groups: Sequence[str] | None = None
    additional_slave_security_groups: Sequence[str] | None = None
    ec2_key_name: str | None = None
    ec2_subnet_id: str | None = None
    ec2_subnet_ids: Sequence[str] | None = None
    emr_managed_master_security_group: str | None = None
    emr_managed_slave_security_group: str | None = None
    hadoop_version: str | None = None
    instance_count: int | None = None
    instance_fleets: Sequence[InstanceFleetConfigProperty] | None = None
    instance_groups: Sequence[InstanceGroupConfigProperty] | None = None
    master_instance_type: str | None = None
    placement: PlacementTypeProperty | None = None
    service_access_security_group: str | None = None
    slave_instance_type: str | None = None
    termination_protected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KerberosAttributesProperty(Struct):
    realm: str
    ad_domain_join_password: str | None = field(default=None, metadata={"api": "ADDomainJoinPassword"})
    ad_domain_join_user: str | None = field(default=None, metadata={"api": "ADDomainJoinUser"})
    cross_realm_trust_principal_password: str | None = None
    kdc_admin_password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedScalingComputeLimitsProperty(Struct):
    maximum_capacity_units: int
    minimum_capacity_units: int
    unit_type: ComputeLimitsUnitType
    maximum_core_capacity_units: int | None = None
    maximum_on_demand_capacity_units: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedScalingPolicyProperty(Struct):
    compute_limits: ManagedScalingComputeLimitsProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDimensionProperty(Struct):
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemandProvisioningSpecificationProperty(Struct):
    allocation_strategy: OnDemandAllocationStrategy


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementTypeProperty(Struct):
    availability_zone: str | None = None
    availability_zones: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingActionProperty(Struct):
    simple_scaling_policy_configuration: SimpleScalingPolicyConfigurationProperty
    market: InstanceMarket | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingConstraintsProperty(Struct):
    max_capacity: int
    min_capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingRuleProperty(Struct):
    action: ScalingActionProperty
    name: str
    trigger: ScalingTriggerProperty
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingTriggerProperty(Struct):
    cloud_watch_alarm_definition: CloudWatchAlarmDefinitionProperty


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptBootstrapActionConfigProperty(Struct):
    path: str
    args: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkPolicyProperty(Struct):
    decommission_timeout: DurationLike | None = None
    instance_resize_policy: InstanceResizePolicyProperty | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleScalingPolicyConfigurationProperty(Struct):
    scaling_adjustment: int
    adjustment_type: ScalingAdjustmentType | None = None
    cool_down: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotProvisioningSpecificationProperty(Struct):
    timeout_action: SpotTimeoutAction
    allocation_strategy: SpotAllocationStrategy | None = None
    block_duration_minutes: int | None = None
    timeout: DurationLike | None = field(
        default=None, metadata={"api": "TimeoutDurationMinutes", "make": lambda value: minutes(value, "timeout")}
    )
    timeout_duration_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSpecificationProperty(Struct):
    volume_size: SizeLike = field(metadata={"api": "SizeInGB", "make": gibibytes})
    volume_type: EbsBlockDeviceVolumeType
    iops: int | None = None

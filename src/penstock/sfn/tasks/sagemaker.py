"""Amazon SageMaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.durations import DurationLike
from penstock.sfn.inputs import TaskInput
from penstock.sfn.problems import Wrong
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import Later, SizeLike, gibibytes, mebibytes, named, pairs, s3_uri
from penstock.sfn.values import Struct, TextReference, compact, is_expression
from penstock.sfn.words import IntegrationPattern


class InputMode(Enum):
    PIPE = "Pipe"
    FILE = "File"
    FAST_FILE = "FastFile"


class CompressionType(Enum):
    NONE = "None"
    GZIP = "Gzip"


class RecordWrapperType(Enum):
    NONE = "None"
    RECORD_IO = "RecordIO"


class S3DataType(Enum):
    MANIFEST_FILE = "ManifestFile"
    S3_PREFIX = "S3Prefix"
    AUGMENTED_MANIFEST_FILE = "AugmentedManifestFile"


class S3DataDistributionType(Enum):
    FULLY_REPLICATED = "FullyReplicated"
    SHARDED_BY_S3_KEY = "ShardedByS3Key"


class SplitType(Enum):
    NONE = "None"
    LINE = "Line"
    RECORD_IO = "RecordIO"
    TF_RECORD = "TFRecord"


class AssembleWith(Enum):
    NONE = "None"
    LINE = "Line"


class BatchStrategy(Enum):
    MULTI_RECORD = "MultiRecord"
    SINGLE_RECORD = "SingleRecord"


class Mode(Enum):
    SINGLE_MODEL = "SingleModel"
    MULTI_MODEL = "MultiModel"


class S3Location:
    """A place in a bucket, or a URI that the data holds."""

    def __init__(self, uri: Any) -> None:
        self.uri = uri

    def _payload(self) -> Any:
        return self.uri

    @classmethod
    def from_bucket(cls, bucket: object, key_prefix: str) -> S3Location:
        return cls(s3_uri(bucket, key_prefix))

    @classmethod
    def from_json_expression(cls, expression: str) -> S3Location:
        return cls(expression if is_expression(expression) else TextReference(expression))


class DockerImage:
    """A container image, by its URI."""

    def __init__(self, uri: Any) -> None:
        self.uri = uri

    def _payload(self) -> Any:
        return self.uri

    @classmethod
    def from_registry(cls, image_uri: str) -> DockerImage:
        return cls(image_uri)

    @classmethod
    def from_json_expression(cls, expression: str) -> DockerImage:
        return cls(expression if is_expression(expression) else TextReference(expression))


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDefinition(Struct):
    name: str
    regex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmSpecification(Struct):
    algorithm_name: str | None = None
    metric_definitions: Sequence[MetricDefinition] | None = None
    training_image: DockerImage | str | None = None
    training_input_mode: InputMode = InputMode.FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class S3DataSource(Struct):
    s3_location: S3Location | str = field(metadata={"api": "S3Uri"})
    attribute_names: Sequence[str] | None = None
    s3_data_distribution_type: S3DataDistributionType | None = None
    s3_data_type: S3DataType = S3DataType.S3_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource(Struct):
    s3_data_source: S3DataSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuffleConfig(Struct):
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Struct):
    channel_name: str
    data_source: DataSource
    compression_type: CompressionType | None = None
    content_type: str | None = None
    input_mode: InputMode | None = None
    record_wrapper_type: RecordWrapperType | None = None
    shuffle_config: ShuffleConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDataConfig:
    s3_output_location: S3Location | str
    encryption_key: object | None = None

    def _payload(self) -> dict[str, Any]:
        key = named(self.encryption_key, "encryption_key", "key_arn")
        return compact(S3OutputPath=self.s3_output_location, KmsKeyId=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceConfig:
    """What a training job runs on; `volume_size` in GiB, `instance_type` as `m5.xlarge` or `ml.m5.xlarge`."""

    instance_count: int
    instance_type: str
    volume_size: SizeLike
    volume_encryption_key: object | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            InstanceCount=self.instance_count,
            InstanceType=_instance_type(self.instance_type),
            VolumeSizeInGB=gibibytes(self.volume_size),
            VolumeKmsKeyId=named(self.volume_encryption_key, "volume_encryption_key", "key_arn"),
        )


def _instance_type(name: object) -> Any:
    if isinstance(name, TextReference) or is_expression(name) or str(name).startswith("ml."):
        return name
    return f"ml.{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppingCondition(Struct):
    max_runtime: DurationLike | None = field(default=None, metadata={"api": "MaxRuntimeInSeconds"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcConfig(Struct):
    """Networks by their ids."""

    subnets: Sequence[str]
    security_group_ids: Sequence[str] | None = None


class SageMakerCreateTrainingJob(ServiceTask):
    """Trains a model; RUN_JOB waits for the end."""

    SERVICE = "sagemaker:createTrainingJob"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        training_job_name: str,
        algorithm_specification: AlgorithmSpecification,
        output_data_config: OutputDataConfig,
        role: object,
        resource_config: ResourceConfig,
        stopping_condition: StoppingCondition,
        input_data_config: Sequence[Channel] | None = None,
        enable_network_isolation: bool | None = None,
        environment: Mapping[str, str] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        vpc_config: VpcConfig | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "TrainingJobName": training_job_name,
                "EnableNetworkIsolation": enable_network_isolation,
                "RoleArn": named(role, "role", "role_arn"),
                "AlgorithmSpecification": algorithm_specification,
                "InputDataConfig": input_data_config,
                "OutputDataConfig": output_data_config,
                "ResourceConfig": resource_config,
                "StoppingCondition": stopping_condition,
                "HyperParameters": hyperparameters,
                "Tags": pairs(tags, "Key"),
                "VpcConfig": vpc_config,
                "Environment": environment,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformS3DataSource(Struct):
    s3_uri: str
    s3_data_type: S3DataType = S3DataType.S3_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformDataSource(Struct):
    s3_data_source: TransformS3DataSource


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformInput:
    transform_data_source: TransformDataSource
    compression_type: CompressionType | None = None
    content_type: str | None = None
    split_type: SplitType | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            DataSource=self.transform_data_source,
            CompressionType=self.compression_type,
            ContentType=self.content_type,
            SplitType=self.split_type,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformOutput:
    s3_output_path: str
    accept: str | None = None
    assemble_with: AssembleWith | None = None
    encryption_key: object | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            S3OutputPath=self.s3_output_path,
            Accept=self.accept,
            AssembleWith=self.assemble_with,
            KmsKeyId=named(self.encryption_key, "encryption_key", "key_arn"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformResources:
    instance_count: int
    instance_type: str
    volume_encryption_key: object | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            InstanceCount=self.instance_count,
            InstanceType=_instance_type(self.instance_type),
            VolumeKmsKeyId=named(self.volume_encryption_key, "volume_encryption_key", "key_arn"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelClientOptions(Struct):
    invocations_max_retries: int | None = None
    invocations_timeout: DurationLike | None = field(default=None, metadata={"api": "InvocationsTimeoutInSeconds"})


class SageMakerCreateTransformJob(ServiceTask):
    """Transforms data with a model; RUN_JOB waits for the end."""

    SERVICE = "sagemaker:createTransformJob"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        transform_job_name: str,
        model_name: str,
        transform_input: TransformInput,
        transform_output: TransformOutput,
        transform_resources: TransformResources | None = None,
        batch_strategy: BatchStrategy | None = None,
        environment: Mapping[str, str] | None = None,
        max_concurrent_transforms: int | None = None,
        max_payload: SizeLike | None = None,
        model_client_options: ModelClientOptions | None = None,
        tags: Mapping[str, str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        resources = transform_resources or TransformResources(instance_count=1, instance_type="m4.xlarge")
        super().__init__(
            id,
            options,
            {
                "BatchStrategy": batch_strategy,
                "Environment": environment,
                "MaxConcurrentTransforms": max_concurrent_transforms,
                "MaxPayloadInMB": mebibytes(max_payload),
                "ModelClientConfig": model_client_options,
                "ModelName": model_name,
                "Tags": pairs(tags, "Key"),
                "TransformInput": transform_input,
                "TransformJobName": transform_job_name,
                "TransformOutput": transform_output,
                "TransformResources": resources,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerDefinition:
    """A model's container."""

    image: DockerImage | str | None = None
    model_s3_location: S3Location | str | None = None
    model_package_name: str | None = None
    container_host_name: str | None = None
    environment_variables: TaskInput | None = None
    mode: Mode | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            ContainerHostname=self.container_host_name,
            Image=self.image,
            Mode=self.mode,
            ModelDataUrl=self.model_s3_location,
            ModelPackageName=self.model_package_name,
            Environment=self.environment_variables,
        )


class SageMakerCreateModel(ServiceTask):
    """Makes a model."""

    SERVICE = "sagemaker:createModel"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        model_name: str,
        primary_container: ContainerDefinition,
        role: object,
        containers: Sequence[ContainerDefinition] | None = None,
        enable_network_isolation: bool | None = None,
        vpc_config: VpcConfig | None = None,
        tags: TaskInput | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "EnableNetworkIsolation": enable_network_isolation,
                "ExecutionRoleArn": named(role, "role", "role_arn"),
                "ModelName": model_name,
                "Tags": tags,
                "PrimaryContainer": primary_container,
                "Containers": containers,
                "VpcConfig": vpc_config,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionVariant:
    """A model behind an endpoint, and what it runs on."""

    model_name: str
    variant_name: str
    instance_type: str
    initial_instance_count: int = 1
    initial_variant_weight: float | None = None
    accelerator_type: str | None = None

    def _payload(self) -> dict[str, Any]:
        return compact(
            InitialInstanceCount=self.initial_instance_count,
            InstanceType=_instance_type(self.instance_type),
            ModelName=self.model_name,
            VariantName=self.variant_name,
            AcceleratorType=self.accelerator_type,
            InitialVariantWeight=self.initial_variant_weight,
        )


class SageMakerCreateEndpointConfig(ServiceTask):
    """Makes a configuration for endpoints, of one to ten variants."""

    SERVICE = "sagemaker:createEndpointConfig"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        endpoint_config_name: str,
        production_variants: Sequence[ProductionVariant],
        kms_key: object | None = None,
        tags: TaskInput | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "EndpointConfigName": endpoint_config_name,
                "Tags": tags,
                "KmsKeyId": named(kms_key, "kms_key", "key_id"),
                "ProductionVariants": Later(lambda: _variants(production_variants)),
            },
        )


def _variants(given: Sequence[ProductionVariant]) -> list[ProductionVariant]:
    if not 1 <= len(given) <= 10:
        raise Wrong("PS720", f"an endpoint has 1 to 10 production variants, not {len(given)}")
    return list(given)


class SageMakerCreateEndpoint(ServiceTask):
    """Makes an endpoint; RUN_JOB waits until it serves."""

    SERVICE = "sagemaker:createEndpoint"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        endpoint_name: str,
        endpoint_config_name: str,
        tags: TaskInput | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id, options, {"EndpointConfigName": endpoint_config_name, "EndpointName": endpoint_name, "Tags": tags}
        )


class SageMakerUpdateEndpoint(ServiceTask):
    """Gives an endpoint another configuration; RUN_JOB waits until it serves."""

    SERVICE = "sagemaker:updateEndpoint"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        endpoint_name: str,
        endpoint_config_name: str,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(id, options, {"EndpointConfigName": endpoint_config_name, "EndpointName": endpoint_name})


class _Requesting(ServiceTask):
    """A job whose whole request is the API's own object."""

    JOB = ".sync"
    DEFAULT = IntegrationPattern.RUN_JOB

    def __init__(self, id: str, *, request: Mapping[str, Any], **options: Unpack[ServiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options, dict(request))


class SageMakerCreateProcessingJob(_Requesting):
    """Processes data, and waits for the end unless told otherwise."""

    SERVICE = "sagemaker:createProcessingJob"


class SageMakerCreateHyperParameterTuningJob(_Requesting):
    """Tunes hyperparameters, and waits for the end unless told otherwise."""

    SERVICE = "sagemaker:createHyperParameterTuningJob"


class SageMakerCreateLabelingJob(_Requesting):
    """Has data labelled, and waits for the end unless told otherwise."""

    SERVICE = "sagemaker:createLabelingJob"

"""Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.inputs import TaskInput
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import named, pairs, s3_uri
from penstock.sfn.values import compact


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockInvokeModelInputProps:
    """The prompt in S3."""

    s3_input_uri: str

    def _payload(self) -> dict[str, Any]:
        return {"S3Uri": self.s3_input_uri}


@dataclass(frozen=True, slots=True, kw_only=True)
class BedrockInvokeModelOutputProps:
    """Where in S3 the answer goes."""

    s3_output_uri: str

    def _payload(self) -> dict[str, Any]:
        return {"S3Uri": self.s3_output_uri}


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A guardrail, by its id or ARN, in a version."""

    guardrail_identifier: str
    guardrail_version: str

    @classmethod
    def enable(cls, identifier: str, version: int) -> Guardrail:
        return cls(identifier, str(version))

    @classmethod
    def enable_draft(cls, identifier: str) -> Guardrail:
        return cls(identifier, "DRAFT")


class BedrockInvokeModel(ServiceTask):
    """Asks a model (by id or ARN): `body` is the model's own request."""

    SERVICE = "bedrock:invokeModel"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        model: object,
        body: TaskInput | None = None,
        input: BedrockInvokeModelInputProps | None = None,  # noqa: A002 -- the construct library's name
        output: BedrockInvokeModelOutputProps | None = None,
        accept: str | None = None,
        content_type: str | None = None,
        guardrail: Guardrail | None = None,
        trace_enabled: bool | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "ModelId": named(model, "model", "model_arn"),
                "Accept": accept,
                "ContentType": content_type,
                "Body": body,
                "Input": input,
                "Output": output,
                "GuardrailIdentifier": guardrail and guardrail.guardrail_identifier,
                "GuardrailVersion": guardrail and guardrail.guardrail_version,
                "Trace": None if trace_enabled is None else "ENABLED" if trace_enabled else "DISABLED",
            },
        )
        if body is None and input is None:
            self.tell("PS722", f"{self.id!r} asks the model nothing", help="give `body`, or `input` in S3")
        elif body is not None and input is not None:
            self.tell("PS720", f"{self.id!r} has both `body` and `input`", help="give one of the two")


class CustomizationType(Enum):
    FINE_TUNING = "FINE_TUNING"
    CONTINUED_PRE_TRAINING = "CONTINUED_PRE_TRAINING"
    DISTILLATION = "DISTILLATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketConfiguration:
    """A place in a bucket."""

    bucket: object
    path: str | None = None

    def _payload(self) -> dict[str, Any]:
        return {"S3Uri": s3_uri(self.bucket, self.path)}


OutputBucketConfiguration = TrainingBucketConfiguration = ValidationBucketConfiguration = BucketConfiguration


class BedrockCreateModelCustomizationJob(ServiceTask):
    """Customises a model; RUN_JOB waits for the end."""

    SERVICE = "bedrock:createModelCustomizationJob"
    JOB = ".sync"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        base_model: object,
        custom_model_name: str,
        job_name: str,
        role: object,
        training_data: BucketConfiguration,
        output_data: BucketConfiguration,
        validation_data: Sequence[BucketConfiguration] | None = None,
        client_request_token: str | None = None,
        customization_type: CustomizationType | None = None,
        custom_model_kms_key: object | None = None,
        custom_model_tags: Mapping[str, str] | None = None,
        hyper_parameters: Mapping[str, str] | None = None,
        job_tags: Mapping[str, str] | None = None,
        security_group_ids: Sequence[str] | None = None,
        subnet_ids: Sequence[str] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        network = compact(SecurityGroupIds=security_group_ids, SubnetIds=subnet_ids)
        super().__init__(
            id,
            options,
            {
                "BaseModelIdentifier": named(base_model, "base_model", "model_arn"),
                "ClientRequestToken": client_request_token,
                "CustomizationType": customization_type,
                "CustomModelKmsKeyId": named(custom_model_kms_key, "custom_model_kms_key", "key_arn"),
                "CustomModelName": custom_model_name,
                "CustomModelTags": pairs(custom_model_tags, "Key"),
                "HyperParameters": hyper_parameters,
                "JobName": job_name,
                "JobTags": pairs(job_tags, "Key"),
                "OutputDataConfig": output_data,
                "RoleArn": named(role, "role", "role_arn"),
                "TrainingDataConfig": training_data,
                "ValidationDataConfig": None if validation_data is None else {"Validators": validation_data},
                "VpcConfig": network or None,
            },
        )

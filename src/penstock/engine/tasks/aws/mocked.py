"""Whether a mocked result could be an integration's answer, by botocore's model of it.

STRICT asks for the members that the model requires, PRESENT only judges those that are there; members that the model does
not know pass (recorded: test_field_validation_mode*). What is not an answer of a service passes as it is: functions,
activities, HTTP, and what is sent back with a task token.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from penstock.asl.aws_names import capitalised, member_name
from penstock.engine.resources import Kind, Pattern, Resource
from penstock.engine.tasks.aws.client import UnknownService, botocore_name
from penstock.engine.tasks.aws.optimised import INTEGRATIONS
from penstock.errors import MissingRequirement, ServiceError
from penstock.jsontools import Json

_OWN: Final = {"lambda:invoke": ("lambda", "Invoke"), "states:startExecution": ("stepfunctions", "StartExecution")}
"""Optimised integrations that the AWS handler leaves to others."""
_CODE: Final = "ValidationException"
_NUMBERS: Final = frozenset(("integer", "long", "float", "double"))
_AS_TEXT: Final = frozenset(("string", "character", "blob", "timestamp"))

_RECORDED: Final = {"MemorySize": {"min": 128, "max": 10_240}}
"""Limits that AWS was recorded to hold mocks against where botocore's model has moved on (Lambda's memory)."""


def check_result(resource: Resource, result: Json, *, strict: bool) -> None:
    """Raises ServiceError with AWS's sentence for the first member that does not fit, MissingRequirement where the
    models are not installed."""
    if resource.kind is not Kind.SERVICE or resource.pattern is Pattern.CALLBACK:
        return
    try:
        found = _shape(resource)
    except ImportError:
        raise MissingRequirement(
            "To hold a mocked result against the service's model, Penstock needs the package boto3: pip install "
            "'penstock[aws]'; or mock with fieldValidationMode NONE.",
            requirement="boto3",
        ) from None
    if found is None:
        return
    shape, free = found
    if not isinstance(result, dict):
        raise ServiceError("Mocked result must be a JSON object.", code=_CODE)
    _Judge(resource.type.startswith("aws-sdk:"), strict, free).structure(result, shape)


@cache
def _model(service: str) -> Any:
    import botocore.loaders
    import botocore.model

    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(service, "service-2"), service)


def _operation(service: str, action: str) -> Any:
    model = _model(service)
    name = next((each for each in model.operation_names if each.lower() == action.lower()), None)
    return None if name is None else model.operation_model(name).output_shape


def _shape(resource: Resource) -> tuple[Any, frozenset[str]] | None:
    """The shape of the result, and its members that may be any JSON; None where there is no model of it."""
    action, _, pattern = resource.name.partition(".")
    none: frozenset[str] = frozenset()
    if resource.type.startswith("aws-sdk:"):
        try:
            shape = _operation(botocore_name(resource.type.removeprefix("aws-sdk:")), action)
        except UnknownService:
            return None
        return None if shape is None else (shape, none)
    name = f"{resource.type}:{action}"
    if name in _OWN:
        if pattern:
            # The mock of a job is what its polling call answers; with .sync:2 input and output are JSON, not text.
            free = frozenset(("Input", "Output")) if pattern == "sync:2" else none
            return _operation("stepfunctions", "DescribeExecution"), free
        return _operation(*_OWN[name]), frozenset(("Payload",)) if name == "lambda:invoke" else none
    integration = INTEGRATIONS.get(name)
    if integration is None:
        return None
    if not pattern:
        shape = _operation(integration.service, integration.operation)
        return None if shape is None else (shape, none)
    job = integration.job
    shape = None if job is None else _operation(integration.service, job.describe)
    if job is None or shape is None:
        return None
    if job.wrap is None:
        for step in job.path:
            shape = shape.member if isinstance(step, int) else shape.members[step]
    return shape, none


class _Judge:
    def __init__(self, sdk: bool, strict: bool, free: frozenset[str]) -> None:
        self.sdk = sdk
        self.strict = strict
        self.free = free

    def name(self, member: str) -> str:
        return member_name(member) if self.sdk else capitalised(member)

    def structure(self, value: dict[str, Json], shape: Any) -> None:
        members = {self.name(name): member for name, member in shape.members.items()}
        if self.strict:
            for required in shape.required_members:
                if self.name(required) not in value:
                    raise _wrong(f"Required field '{self.name(required)}' is missing")
        for name, content in value.items():
            if name in members and name not in self.free:
                self.member(content, members[name], name)

    def member(self, value: Json, shape: Any, name: str) -> None:
        kind = shape.type_name
        if kind == "structure":
            if getattr(shape, "is_document_type", False):
                return
            if not isinstance(value, dict):
                raise _wrong(f"Field '{name}' must be an object")
            self.structure(value, shape)
        elif kind == "map":
            if not isinstance(value, dict):
                raise _wrong(f"Field '{name}' must be an object")
            for key, content in value.items():
                self.member(content, shape.value, key)
        elif kind == "list":
            if not isinstance(value, list):
                raise _wrong(f"Field '{name}' must be an array")
            for content in value:
                self.member(content, shape.member, name)
        elif kind == "boolean":
            if not isinstance(value, bool):
                raise _wrong(f"Field '{name}' must be a boolean")
        elif kind in _NUMBERS:
            _number(value, _RECORDED.get(shape.name, shape.metadata), name)
        elif kind in _AS_TEXT:
            _string(value, shape, name)


def _number(value: Json, limits: dict[str, Any], name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"Field '{name}' must be a number")
    if "min" in limits and value < limits["min"]:
        raise _wrong(f"Field '{name}' is less than the minimum value")
    if "max" in limits and value > limits["max"]:
        raise _wrong(f"Field '{name}' exceeds the maximum value")


def _string(value: Json, shape: Any, name: str) -> None:
    limits = shape.metadata
    if not isinstance(value, str):
        raise _wrong(f"Field '{name}' must be a string")
    if "min" in limits and len(value) < limits["min"]:
        raise _wrong(f"Field '{name}' is smaller than the minimum length")
    if "max" in limits and len(value) > limits["max"]:
        raise _wrong(f"Field '{name}' exceeds the maximum length")
    if limits.get("enum") and value not in limits["enum"]:
        raise _wrong(f"Field '{name}' is not an expected value")


def _wrong(text: str) -> ServiceError:
    return ServiceError(f"Mock result schema validation error: {text}", code=_CODE)

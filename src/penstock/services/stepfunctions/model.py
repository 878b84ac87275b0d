"""The API as botocore's service model describes it, read when it is first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from penstock.errors import MissingRequirement

TARGET_PREFIX = "AWSStepFunctions"
"""Before the operation's name in `X-Amz-Target`."""


@cache
def service_model() -> Any:
    """botocore's ServiceModel of `stepfunctions`. Raises MissingRequirement where botocore is not installed."""
    try:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel
    except ImportError:
        raise MissingRequirement(
            "The Step Functions API needs botocore: pip install 'penstock[server]'.", requirement="botocore"
        ) from None
    return ServiceModel(Loader().load_service_model("stepfunctions", "service-2"), "stepfunctions")


@cache
def input_shape(operation: str) -> Any:
    """The shape of an operation's parameters. Raises KeyError for an operation that there is not."""
    if operation not in operations():
        raise KeyError(operation)
    return service_model().operation_model(operation).input_shape


@cache
def operations() -> frozenset[str]:
    """The names of all operations, as the API spells them."""
    return frozenset(service_model().operation_names)


@cache
def method_names() -> dict[str, str]:
    """boto3's name of each operation → the API's."""
    from botocore import xform_name

    return {xform_name(name): name for name in operations()}


@cache
def error_names() -> frozenset[str]:
    """The errors that the model lists, by their codes."""
    return frozenset(shape.name for shape in service_model().error_shapes)

"""The API as botocore's service model describes it, read when it is first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from penstock.errors import MissingRequirement


@cache
def service_model() -> Any:
    """botocore's ServiceModel of `lambda`. Raises MissingRequirement where botocore is not installed."""
    try:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel
    except ImportError:
        raise MissingRequirement(
            "The Lambda API needs botocore: pip install 'penstock[server]'.", requirement="botocore"
        ) from None
    return ServiceModel(Loader().load_service_model("lambda", "service-2"), "lambda")


@cache
def operation_model(operation: str) -> Any:
    """botocore's OperationModel. Raises KeyError for an operation that there is not."""
    if operation not in operations():
        raise KeyError(operation)
    return service_model().operation_model(operation)


@cache
def operations() -> frozenset[str]:
    """The names of all operations, as the API spells them."""
    return frozenset(service_model().operation_names)


@cache
def error_status() -> dict[str, int]:
    """HTTP status of each error that the model lists, by its code."""
    return {
        shape.name: shape.metadata.get("error", {}).get("httpStatusCode", 400) for shape in service_model().error_shapes
    }

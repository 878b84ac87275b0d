"""What is checked of a request before its operation sees it: by the client (botocore), and by the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.errors import ServiceError
from penstock.services.shapes import check_shape
from penstock.services.stepfunctions.model import input_shape


def check_as_client(operation: str, parameters: Mapping[str, Any]) -> None:
    """What boto3 refuses before it sends anything. Raises ServiceError ParamValidationError, in botocore's words."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(dict(parameters), input_shape(operation))
    if report.has_errors():
        message = f"Parameter validation failed:\n{report.generate_report()}"
        raise ServiceError(message, code="ParamValidationError")


def check(operation: str, parameters: Any) -> dict[str, Any]:
    """The parameters that the operation has, members that are null left out.

    Raises ServiceError: SerializationException for a value of the wrong kind, ValidationException for one that its
    shape does not allow.
    """
    return check_shape(parameters, input_shape(operation))

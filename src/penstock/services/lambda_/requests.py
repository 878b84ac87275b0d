"""What is checked of a request before its operation sees it, with the model and in the words of AWS's request framework."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from penstock.errors import ServiceError
from penstock.services.lambda_.model import operation_model
from penstock.services.shapes import check_shape

_PLACE = re.compile(r"at '([^']*)' failed")


def check(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the operation has, members that are null left out.

    Raises ServiceError: SerializationException for a value of the wrong kind, ValidationException for one that its
    shape does not allow.
    """
    shape = operation_model(operation).input_shape
    if shape is None:
        return {}
    try:
        return check_shape(parameters, shape)
    except ServiceError as error:
        # Lambda's messages begin a member's name with a small letter, where the model does not.
        message = _PLACE.sub(lambda found: f"at '{_small(found[1])}' failed", str(error))
        raise ServiceError(message, code=error.code) from None


def _small(path: str) -> str:
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))

"""One call of a service: parameters in, answer or failure out. Blocks; runs in a thread of the handler."""

from __future__ import annotations

import uuid
from typing import Any, Final

from penstock.asl.aws_names import client_name
from penstock.clock import Entropy
from penstock.engine.tasks.aws import payload, validation
from penstock.engine.tasks.aws.client import Clients, operation_of
from penstock.engine.tasks.aws.errors import (
    Fault,
    Refused,
    Version1,
    failed_on_the_way,
    failed_optimised,
    failed_sdk,
    fault_of,
    is_passing,
)
from penstock.engine.tasks.handler import Failed, NotStarted, TaskRequest
from penstock.jsontools import Json, dumps_text

_ATTEMPTS: Final = uuid.UUID("5f2a3a0e-6f0c-4a5e-9d0b-6c1d3c7f2b10")
"""The namespace of the tokens of attempts."""


class CallFailed(Exception):
    """Carries what the attempt reports. `passing`: the same call may well succeed later."""

    def __init__(self, failed: Failed | NotStarted, *, passing: bool = False) -> None:
        super().__init__(failed.cause)
        self.failed = failed
        self.passing = passing


class Service:
    """A service as one attempt sees it: its client, and how its errors are told (`names` for an optimised integration)."""

    def __init__(
        self, clients: Clients, name: str, request: TaskRequest, entropy: Entropy, names: Version1 | None = None
    ) -> None:
        self._clients = clients
        self._names = names
        self._entropy = entropy
        self._prefix = names.prefix if names is not None else name
        role = request.credentials.get("RoleArn") if isinstance(request.credentials, dict) else None
        self.client: Any = None
        try:
            self.client = clients.client(name, region=request.region, role=role if isinstance(role, str) else None)
        except Exception as error:
            raise self._failed(error) from error
        if names is None:
            self._prefix = client_name(self.client.meta.service_model.service_id)

    def operation(self, action: str) -> Any:
        """Raises CallFailed for one that botocore does not know."""
        try:
            return operation_of(self.client, action)
        except Exception as error:
            raise self._failed(error) from error

    def parameters(self, operation: Any, arguments: Json) -> dict[str, Any]:
        """`arguments` in botocore's spelling. Raises CallFailed as AWS does for what does not fit the API."""
        if operation.input_shape is None:
            return {}
        try:
            found: dict[str, Any] = payload.to_request({} if arguments is None else arguments, operation.input_shape)
        except payload.Unfit as error:
            raise CallFailed(unfit(arguments, error.problem)) from None
        return found

    def call(self, operation: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        """botocore's parsed answer. Raises CallFailed."""
        fault = validation.refuse(parameters, operation.input_shape)
        if fault is not None:
            raise CallFailed(self.refused(fault))
        try:
            parameters = validation.without_nulls(parameters)
            if self._clients.is_moto:
                from penstock.engine.tasks.aws import moto_gaps

                return moto_gaps.call(self.client, operation, parameters)
            answer: dict[str, Any] = self.client._make_api_call(operation.name, parameters)
            return answer
        except Exception as error:
            raise self._failed(error) from error

    def refused(self, fault: Fault) -> Failed:
        if self._names is None:
            return failed_sdk(self.client, fault, self._entropy)
        return failed_optimised(self.client, fault, self._names, self._entropy)

    def _failed(self, error: Exception) -> CallFailed:
        return CallFailed(self._told(error), passing=is_passing(self.client, error))

    def _told(self, error: Exception) -> Failed:
        # botocore, urllib3 and moto raise whatever goes wrong in them; whatever it is, the attempt has failed, and says why.
        if hasattr(error, "response") and isinstance(getattr(error, "response", None), dict):
            return self.refused(fault_of(error))
        if isinstance(error, Refused):
            return self.refused(error.fault)
        return failed_on_the_way(self._prefix, error)


def once(parameters: dict[str, Any], operation: Any, request: TaskRequest) -> dict[str, Any]:
    """`parameters` with the attempt's own token where the API takes one and none is given; the SDKs would give a random one.
    So an attempt that was cut off before its answer was written down, and is made again, is the same request to the service.
    """
    shape = operation.input_shape
    if shape is None:
        return parameters
    wanted = [
        member
        for member, inner in shape.members.items()
        if inner.metadata.get("idempotencyToken") and parameters.get(member) is None
    ]
    if not wanted:
        return parameters
    # An execution's name may be used again, and is another execution's then; that one has entered its state at another time.
    token = str(uuid.uuid5(_ATTEMPTS, f"{request.execution_arn} {request.entered_time} {request.number}"))
    return {**parameters, **dict.fromkeys(wanted, token)}


def unfit(arguments: Json, problem: str) -> NotStarted:
    """Parameters that Step Functions itself refuses."""
    return NotStarted(f"The Parameters '{dumps_text(arguments)}' could not be used to start the Task: [{problem}]")

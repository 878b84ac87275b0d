"""The AWS side of a task's context: state data in DynamoDB, StopExecution through Step Functions.

Clients are made when first needed, so a task that uses neither never loads boto3.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from penstock.runtime.context import Metadata, TaskContext
from penstock.runtime.state_data import StateDataClient
from penstock.runtime.stores import DynamoDBStore

TABLE_VARIABLE = "PENSTOCK_STATE_DATA_TABLE"


class Aws:
    """Makes task contexts and clients. `client(service)` is `boto3.client`, `resource(service)` is `boto3.resource`."""

    def __init__(self, *, client: Any = None, resource: Any = None, environment: Mapping[str, str] | None = None):
        self._make_client = client
        self._resource = resource
        self._environment = os.environ if environment is None else environment
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make = self._make_client
            if make is None:
                import boto3

                make = boto3.client
            self._clients[service] = make(service)
        return self._clients[service]

    def state_data_client(self, execution: str) -> StateDataClient:
        table_name = self._environment.get(TABLE_VARIABLE)
        if not table_name:
            raise RuntimeError(f"{TABLE_VARIABLE} is not set: this task has no table for state data")
        resource = self._resource("dynamodb") if self._resource is not None else None
        return StateDataClient(DynamoDBStore(resource), table_name=table_name, execution=execution)

    def context(self, metadata: Metadata, *, task_name: str = "", lambda_context: Any = None) -> TaskContext:
        metadata = self._located(metadata, lambda_context)

        def stop(error: str | None, cause: str | None) -> None:
            if not metadata.execution_arn:
                raise RuntimeError("stop_execution: the task does not know the execution it belongs to")
            detail = {"error": error, "cause": cause}
            self.client("stepfunctions").stop_execution(
                executionArn=self._arn(metadata), **{name: value for name, value in detail.items() if value is not None}
            )

        return TaskContext(
            metadata,
            stop=stop,
            state_data_client=lambda: self.state_data_client(metadata.execution_arn or metadata.execution_name),
            task_name=task_name,
            lambda_context=lambda_context,
        )

    def _located(self, metadata: Metadata, lambda_context: Any) -> Metadata:
        """With the execution's ARN worked out, where the task was only told names."""
        if metadata.execution_arn or not (metadata.execution_name and metadata.state_machine_name):
            return metadata
        here = getattr(lambda_context, "invoked_function_arn", "").split(":")
        if len(here) > 4:
            where = f"arn:{here[1]}:states:{here[3]}:{here[4]}"
        else:
            region = self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION", "")
            where = f"arn:aws:states:{region}:"
        arn = f"{where}:execution:{metadata.state_machine_name}:{metadata.execution_name}"
        return replace(metadata, execution_arn=arn)

    def _arn(self, metadata: Metadata) -> str:
        # A container knows its region but not its account; it asks only when it must.
        parts = metadata.execution_arn.split(":")
        if parts[4] == "":
            parts[4] = self.client("sts").get_caller_identity()["Account"]
        return ":".join(parts)

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import penstock
from penstock.engine.tasks.aws import Clients, shared_clients

Run = Callable[..., penstock.RunResult]


@pytest.fixture
def clients() -> Iterator[Clients]:
    """moto, empty."""
    base_backend = pytest.importorskip("moto.core.base_backend")
    base_backend.BackendDict.reset()
    yield shared_clients("moto", "us-east-1", "123456789012")
    base_backend.BackendDict.reset()


@pytest.fixture
def call(clients: Clients) -> Run:
    """Runs one task against moto: its resource after `arn:aws:states:::`, its parameters, more fields of the state."""

    def run(resource: str, parameters: dict[str, Any], **fields: Any) -> penstock.RunResult:
        return run_task(resource, parameters, "moto", **fields)

    return run


def run_task(
    resource: str, parameters: dict[str, Any], endpoint_url: str | None, *, time: str = "skip", **fields: Any
) -> penstock.RunResult:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **fields}
    return penstock.run(
        {"StartAt": "T", "States": {"T": task}},
        {},
        aws={"endpoint_url": endpoint_url},
        time=time,  # type: ignore[arg-type]  # one of its two words
        name="run-1",
    )


def kinds(result: penstock.RunResult) -> list[str]:
    return [event["type"] for event in result.history]

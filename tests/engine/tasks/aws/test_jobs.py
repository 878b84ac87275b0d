"""When an ECS task has failed: by its essential containers."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.engine.tasks.aws.jobs import JOBS


class Ecs:
    """Knows one task definition: `app` is essential, `log` is not."""

    def operation(self, name: str) -> str:
        return name

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        assert (operation, parameters) == ("describeTaskDefinition", {"taskDefinition": "arn:td"})
        return {"taskDefinition": {"containerDefinitions": [{"name": "app"}, {"name": "log", "essential": False}]}}


@pytest.mark.parametrize(
    ("stop_code", "codes", "failed"),
    [
        ("EssentialContainerExited", {"app": 0}, False),
        ("EssentialContainerExited", {"app": 1}, True),
        ("EssentialContainerExited", {"app": None}, True),
        ("EssentialContainerExited", {"app": 0, "log": 137}, False),
        ("EssentialContainerExited", {"app": 1, "log": 0}, True),
        ("TaskFailedToStart", {}, True),
        ("UserInitiated", {"app": 0}, True),
    ],
)
def test_ecs(stop_code: str, codes: dict[str, int | None], failed: bool) -> None:
    containers = [{"name": name} if code is None else {"name": name, "exitCode": code} for name, code in codes.items()]
    task = {"stopCode": stop_code, "containers": containers, "taskDefinitionArn": "arn:td"}
    failing: Any = JOBS["ecs:runTask"].failing
    assert failing(Ecs(), task) is failed

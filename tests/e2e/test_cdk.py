"""The machine of a template that the CDK synthesised, made and run through the API as a deployment would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.clients import Background, Boto3, ended
from tests.server.process import Server, started

TEMPLATE = json.loads((Path(__file__).parent / "data" / "cdk" / "orders.template.json").read_text(encoding="utf-8"))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that knows the template's functions by their names."""
    folder = tmp_path_factory.mktemp("cdk")
    settings = ["[functions]"]
    for name, function in of_type("AWS::Lambda::Function").items():
        (folder / f"{name.lower()}.py").write_text(function["Code"]["ZipFile"], encoding="utf-8")
        settings.append(f'{name} = "{name.lower()}:{function["Handler"].partition(".")[2]}"')
    (folder / "penstock.toml").write_text("\n".join(settings), encoding="utf-8")
    with started(folder) as server:
        yield server


def resolved(value: Any, activities: dict[str, str]) -> str:
    """A text with CloudFormation's functions in it, as CloudFormation would hand it on."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(resolved(part, activities) for part in argument[1])
    if function == "Fn::GetAtt":
        return f"arn:aws:lambda:us-east-1:123456789012:function:{argument[0]}"
    return activities.get(argument) or {"AWS::Partition": "aws"}[argument]


def test_a_template_of_the_cdk_runs(server: Server) -> None:
    client = Boto3(server.environment)
    activities = {
        name: client("create_activity", name=name)["activityArn"] for name in of_type("AWS::StepFunctions::Activity")
    }
    ((name, machine),) = of_type("AWS::StepFunctions::StateMachine").items()
    arn = client(
        "create_state_machine",
        name=name,
        definition=resolved(machine["DefinitionString"], activities),
        roleArn="arn:aws:iam::123456789012:role/OrderMachineRole",
    )["stateMachineArn"]

    def run(count: int) -> str:
        lines = [{"count": count, "price": 10}, {"count": 1, "price": 5}]
        started = client("start_execution", stateMachineArn=arn, input=json.dumps({"lines": lines}))
        execution: str = started["executionArn"]
        return execution

    small = ended(client, run(1))
    assert (small["status"], json.loads(small["output"])) == ("SUCCEEDED", {"total": 15})

    (activity,) = activities.values()
    worker = Background(lambda: client("get_activity_task", activityArn=activity))
    large = run(50)
    task = worker.answer()
    assert json.loads(task["input"]) == {"total": 505}
    client("send_task_success", taskToken=task["taskToken"], output='"fine"')
    assert json.loads(ended(client, large)["output"]) == {"total": 505}

    worker = Background(lambda: client("get_activity_task", activityArn=activity))
    large = run(60)
    client("send_task_failure", taskToken=worker.answer()["taskToken"], error="TooMuch")
    rejected = ended(client, large)
    assert (rejected["status"], rejected["error"]) == ("FAILED", "Rejected")

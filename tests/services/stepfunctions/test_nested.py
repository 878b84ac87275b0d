"""Executions that a state of another machine starts, as the API shows them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from penstock.services.stepfunctions import StepFunctions
from penstock.store import Database

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = {
    "StartAt": "P",
    "States": {"P": {"Type": "Pass", "Parameters": {"name.$": "$$.StateMachine.Name"}, "End": True}},
}


def _create(target: StepFunctions, name: str, definition: Any, **more: Any) -> dict[str, Any]:
    given = {"name": name, "definition": json.dumps(definition), "roleArn": ROLE, **more}
    return target.call("CreateStateMachine", given)


def _run(target: StepFunctions, machine: str) -> dict[str, Any]:
    arn = target.call("StartExecution", {"stateMachineArn": machine})["executionArn"]
    for _ in range(2000):
        answer = target.call("DescribeExecution", {"executionArn": arn})
        if answer["status"] != "RUNNING":
            return answer
        time.sleep(0.005)
    raise AssertionError("it does not end")


@pytest.mark.parametrize("kept", ["in memory", "in a file"])
@pytest.mark.parametrize("which", ["alias", "version"])
def test_of_an_alias_or_a_version_they_are_the_machines(which: str, kept: str, tmp_path: Path) -> None:
    # API reference, StartExecution and ListExecutions: the ARN has the machine's name; they are listed by either.
    database = Database(tmp_path / "wf.db", synchronous="NORMAL") if kept == "in a file" else None
    target = StepFunctions(database=database)
    made = _create(target, "child", PASS, publish=True)
    machine, asked = made["stateMachineArn"], made["stateMachineVersionArn"]
    if which == "alias":
        routes = [{"stateMachineVersionArn": asked, "weight": 100}]
        given = {"name": "live", "routingConfiguration": routes}
        asked = target.call("CreateStateMachineAlias", given)["stateMachineAliasArn"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": asked, "Name": "n", "Input": {}},
        "End": True,
    }
    parent = _create(target, "parent", {"StartAt": "T", "States": {"T": task}})["stateMachineArn"]
    output = json.loads(_run(target, parent)["output"])
    arn = machine.replace("stateMachine", "execution") + ":n"
    assert (output["ExecutionArn"], output["Output"]) == (arn, {"name": "child"})
    described = target.call("DescribeExecution", {"executionArn": arn})
    assert described["stateMachineArn"] == machine
    key = "stateMachineAliasArn" if which == "alias" else "stateMachineVersionArn"
    for each in (machine, asked):
        listed = target.call("ListExecutions", {"stateMachineArn": each})["executions"]
        assert [(one["executionArn"], one["stateMachineArn"], one[key]) for one in listed] == [(arn, machine, asked)]
    assert _run(target, parent)["status"] == "FAILED"  # its name is taken
    target.close()
    if database is not None:
        database.close()

"""Executions that a state of another machine starts, as the API shows them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import until

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


def _released(target: StepFunctions, kind: str, definition: Any) -> tuple[str, str]:
    """A machine `child` with one version, which the alias `live` routes to, and a newer revision; the ARN of `kind`."""
    made = _create(target, "child", definition, publish=True)
    version = made["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = target.call("CreateStateMachineAlias", {"name": "live", "routingConfiguration": routes})
    newer = {"stateMachineArn": made["stateMachineArn"], "definition": json.dumps(PASS), "roleArn": f"{ROLE}2"}
    target.call("UpdateStateMachine", newer)
    asked = {"alias": alias["stateMachineAliasArn"], "version": version, "machine": made["stateMachineArn"]}
    return made["stateMachineArn"], asked[kind]


def _starting(machine: str) -> dict[str, Any]:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": machine, "Name": "n", "Input": {}},
        "OutputPath": "$.Output",
        "End": True,
    }
    return {"StartAt": "T", "States": {"T": task}}


OVER_ITEMS = {
    "StartAt": "M",
    "States": {
        "M": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "P",
                "States": {"P": {"Type": "Pass", "End": True}},
            },
            "ItemsPath": "$$.Execution.Input.items",
            "ItemSelector": {"id.$": "$$.StateMachine.Id", "name.$": "$$.StateMachine.Name"},
            "Label": "over",
            "End": True,
        }
    },
}


@pytest.mark.parametrize("by", ["a request", "a state"])
@pytest.mark.parametrize("kind", ["alias", "version"])
@pytest.mark.parametrize("kept", ["in memory", "in a file"])
def test_a_map_run_has_the_name_of_the_machine_alone(by: str, kind: str, kept: str, tmp_path: Path) -> None:
    # Recorded Map Runs of executions that a request starts: mapRun:NAME/LABEL:UUID (base_map.json and others).
    database = Database(tmp_path / "wf.db", synchronous="NORMAL") if kept == "in a file" else None
    target = StepFunctions(database=database)
    machine, asked = _released(target, kind, OVER_ITEMS)
    items = {"items": [1]}
    if by == "a request":
        given = {"stateMachineArn": asked, "name": "n", "input": json.dumps(items)}
        arn = target.call("StartExecution", given)["executionArn"]
        until(lambda: target.call("DescribeExecution", {"executionArn": arn})["status"] != "RUNNING")
        output = json.loads(target.call("DescribeExecution", {"executionArn": arn})["output"])
    else:
        definition = _starting(asked)
        definition["States"]["T"]["Parameters"]["Input"] = items
        output = json.loads(_run(target, _create(target, "parent", definition)["stateMachineArn"])["output"])
        arn = machine.replace("stateMachine", "execution") + ":n"
    assert output == [{"id": machine, "name": "child"}]
    (run,) = target.call("ListMapRuns", {"executionArn": arn})["mapRuns"]
    assert run["mapRunArn"].rpartition(":")[0] == machine.replace("stateMachine", "mapRun") + "/over"
    assert run["stateMachineArn"] == f"{machine}/over"
    described = target.call("DescribeMapRun", {"mapRunArn": run["mapRunArn"]})
    assert (described["executionArn"], described["status"]) == (arn, "SUCCEEDED")
    (child,) = target.call("ListExecutions", {"mapRunArn": run["mapRunArn"]})["executions"]
    assert child["executionArn"].rpartition(":")[0] == machine.replace("stateMachine", "execution") + "/over"
    assert child["stateMachineArn"] == f"{machine}/over"
    for each in (arn, child["executionArn"]):  # a Map Run's child runs what its parent runs
        shown = target.call("DescribeStateMachineForExecution", {"executionArn": each})
        assert (json.loads(shown["definition"]), shown["roleArn"]) == (OVER_ITEMS, ROLE)
    target.close()
    if database is not None:
        database.close()


@pytest.mark.parametrize("kind", ["alias", "version", "machine"])
@pytest.mark.parametrize("kept", ["in memory", "in a file"])
def test_what_an_execution_runs_is_what_its_alias_routed_to(kind: str, kept: str, tmp_path: Path) -> None:
    file = tmp_path / "wf.db"
    database = Database(file, synchronous="NORMAL") if kept == "in a file" else None
    target = StepFunctions(database=database)
    first = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": True}}}
    machine, asked = _released(target, kind, first)
    assert _run(target, _create(target, "parent", _starting(asked))["stateMachineArn"])["status"] == "SUCCEEDED"
    third = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 3, "End": True}}}
    target.call("UpdateStateMachine", {"stateMachineArn": machine, "definition": json.dumps(third)})
    arn = machine.replace("stateMachine", "execution") + ":n"
    shown = [target.call("DescribeStateMachineForExecution", {"executionArn": arn})]
    if database is not None:
        target.close()
        database.close()
        database = Database(file, synchronous="NORMAL")
        target = StepFunctions(database=database)
        shown.append(target.call("DescribeStateMachineForExecution", {"executionArn": arn}))
    ran, role = (PASS, f"{ROLE}2") if kind == "machine" else (first, ROLE)
    for each in shown:
        assert (json.loads(each["definition"]), each["roleArn"], each["name"]) == (ran, role, "child")
        assert each["stateMachineArn"] == machine
        assert ("revisionId" in each) == (kind == "machine")
    target.close()
    if database is not None:
        database.close()

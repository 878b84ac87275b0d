"""ListExecutions of a file, by all that it can be asked by."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import STATES, create, machine, service, start, status, until
from tests.store.files import of_format_1

from penstock.clock import SystemClock
from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions

MACHINE = f"{STATES}:stateMachine:m"


class Then(SystemClock):
    """The days in which the file of the first format was written."""

    def now(self) -> float:
        return 1_796_025_000.0 + time.monotonic() % 1000


def names(target: StepFunctions, **given: Any) -> list[str]:
    found, more = [], dict(given)
    while True:
        page = target.call("ListExecutions", {"stateMachineArn": MACHINE, "maxResults": 2, **more})
        found += [each["name"] for each in page["executions"]]
        if "nextToken" not in page:
            return found
        more["nextToken"] = page["nextToken"]


FOUND: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["waiting", "redriven", "alias", "version", "plain"]),
    ({"statusFilter": "FAILED"}, ["redriven", "alias"]),
    ({"statusFilter": "RUNNING"}, ["waiting"]),
    ({"statusFilter": "SUCCEEDED"}, ["version", "plain"]),
    ({"statusFilter": "PENDING_REDRIVE"}, []),
    ({"redriveFilter": "REDRIVEN"}, ["redriven"]),
    ({"redriveFilter": "NOT_REDRIVEN", "statusFilter": "FAILED"}, ["alias"]),
    ({"stateMachineArn": f"{MACHINE}:1"}, ["waiting", "alias", "version"]),
    ({"stateMachineArn": f"{MACHINE}:live"}, ["waiting", "alias"]),
    ({"stateMachineArn": f"{MACHINE}:live", "statusFilter": "FAILED"}, ["alias"]),
]


def test_executions_of_an_older_file_are_found_as_those_of_a_new_one(tmp_path: Path) -> None:
    with service(of_format_1(tmp_path / "wf.db"), clock=Then()) as target:
        assert [names(target, **given) for given, _ in FOUND] == [expected for _, expected in FOUND]


@pytest.mark.parametrize("kept", ["file", "memory"])
def test_executions_are_found_by_each_filter(kept: str, tmp_path: Path) -> None:
    fork = machine(
        C={
            "Type": "Choice",
            "Choices": [
                {"Variable": "$", "StringEquals": "fail", "Next": "F"},
                {"Variable": "$", "StringEquals": "wait", "Next": "W"},
            ],
            "Default": "P",
        },
        F={"Type": "Fail", "Error": "No"},
        W={"Type": "Wait", "Seconds": 9999, "Next": "P"},
        P={"Type": "Pass", "End": True},
    )

    def run(arn: str, name: str, value: str) -> str:
        begun = start(target, arn, name, value)
        until(lambda: value == "wait" or status(target, begun) != "RUNNING")
        return begun

    with service(tmp_path / "wf.db") if kept == "file" else _in_memory() as target:
        create(target, "m", fork)
        run(MACHINE, "earlier", "pass")
        target.call("DeleteStateMachine", {"stateMachineArn": MACHINE})
        with pytest.raises(ServiceError, match="State Machine Does Not Exist"):
            names(target)
        create(target, "m", fork)
        target.call("PublishStateMachineVersion", {"stateMachineArn": MACHINE})
        routes = [{"stateMachineVersionArn": f"{MACHINE}:1", "weight": 100}]
        target.call("CreateStateMachineAlias", {"name": "live", "routingConfiguration": routes})
        run(MACHINE, "plain", "pass")
        run(f"{MACHINE}:1", "version", "pass")
        run(f"{MACHINE}:live", "alias", "fail")
        redriven = run(MACHINE, "redriven", "fail")
        target.call("RedriveExecution", {"executionArn": redriven})
        until(lambda: status(target, redriven) == "FAILED")
        run(f"{MACHINE}:live", "waiting", "wait")
        assert [names(target, **given) for given, _ in FOUND] == [expected for _, expected in FOUND]


def _in_memory() -> Any:
    from contextlib import closing

    return closing(StepFunctions())


def test_what_a_state_starts_by_an_alias_is_found_by_it(tmp_path: Path) -> None:
    with service(tmp_path / "wf.db") as target:
        create(target, "m", machine(P={"Type": "Pass", "End": True}))
        target.call("PublishStateMachineVersion", {"stateMachineArn": MACHINE})
        parent = machine(
            N={
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {"StateMachineArn": f"{MACHINE}:1", "Name": "inner", "Input": {}},
                "End": True,
            }
        )
        arn = start(target, create(target, "outer", parent), "x")
        until(lambda: status(target, arn) == "SUCCEEDED")
        assert names(target, stateMachineArn=f"{MACHINE}:1") == ["inner"]
        assert json.loads(target.call("DescribeExecution", {"executionArn": arn})["output"])["Name"] == "inner"

"""A Map Run whose execution is stopped: what DescribeMapRun and the lists say of it afterwards, and in the next process."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.services.stepfunctions.test_durable import create, machine, service, start, status, until

from penstock.services.stepfunctions import StepFunctions

WAITING = machine(
    M={
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "W",
            "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}},
        },
        "End": True,
    }
)


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "in a file"])
def test_children_that_ended_with_the_run_are_counted_as_aborted(tmp_path: Path, kept: bool) -> None:
    if not kept:
        target = StepFunctions()
        try:
            run = _stopped(target)
            _check(target, run)
        finally:
            target.close()
        return
    with service(tmp_path / "runs.db") as target:
        run = _stopped(target)
        _check(target, run)
    with service(tmp_path / "runs.db") as target:
        _check(target, run)


def _stopped(target: StepFunctions) -> str:
    execution = start(target, create(target, "m", WAITING), "one", [1, 2, 3])

    def runs() -> list[dict[str, str]]:
        return list(target.call("ListMapRuns", {"executionArn": execution})["mapRuns"])

    until(lambda: runs() and len(_children(target, runs()[0]["mapRunArn"])) == 3)
    target.call("StopExecution", {"executionArn": execution})
    assert status(target, execution) == "ABORTED"
    return runs()[0]["mapRunArn"]


def _children(target: StepFunctions, run: str) -> list[str]:
    return [each["status"] for each in target.call("ListExecutions", {"mapRunArn": run})["executions"]]


def _check(target: StepFunctions, run: str) -> None:
    described = target.call("DescribeMapRun", {"mapRunArn": run})
    assert described["status"] == "ABORTED"
    assert _children(target, run) == ["ABORTED"] * 3
    for counts in (described["itemCounts"], described["executionCounts"]):
        assert {name: count for name, count in counts.items() if count} == {"aborted": 3, "total": 3}

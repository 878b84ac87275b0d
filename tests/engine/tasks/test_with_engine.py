"""Handlers under the driver: what a task's end makes of the execution."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.tasks.helpers import FUNCTION
from tests.engine.tasks.script_tasks import NAMES, SCRIPT
from tests.engine.tasks.test_workers import Logged, gone_within

from penstock.asl.read import read_document
from penstock.engine.driver import run
from penstock.engine.program import compile_program
from penstock.engine.tasks.functions import FunctionHandler
from penstock.engine.tasks.mocks import MockHandler
from penstock.engine.tasks.workers import WorkerHandler, WorkerTask


def program(name: str, **fields: Any) -> Any:
    state = {"Type": "Task", "Resource": FUNCTION + name, "End": True, **fields}
    machine = read_document({"StartAt": "S", "States": {"S": state}}).machine
    assert machine is not None
    return compile_program(machine)


@pytest.fixture
def workers() -> Iterator[WorkerHandler]:
    tasks = {name: WorkerTask(name=name, text=SCRIPT) for name in NAMES}
    handler = WorkerHandler.for_tasks(tasks, log=Logged())
    yield handler
    handler.close()


def test_a_hanging_task_times_out_and_is_gone(workers: WorkerHandler, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    result = run(program("Hangs", TimeoutSeconds=1), str(pid), handlers=[workers])
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert gone_within([int(pid.read_text())])


def test_a_failure_is_caught_by_its_class(workers: WorkerHandler) -> None:
    state = {"Type": "Task", "Resource": FUNCTION + "Raises", "Catch": [{"ErrorEquals": ["KeyError"], "Next": "T"}]}
    machine = read_document({"StartAt": "S", "States": {"S": {**state, "End": True}, "T": {"Type": "Succeed"}}}).machine
    assert machine is not None
    result = run(compile_program(machine), {}, handlers=[workers])
    assert result.status == "SUCCEEDED"
    assert isinstance(result.output, dict)
    assert result.output["Error"] == "KeyError"


def test_stop_execution_aborts(workers: WorkerHandler) -> None:
    result = run(program("Stops"), "plain", handlers=[workers])
    assert (result.status, result.error, result.cause) == ("ABORTED", "Off", "by flag")


def test_a_result_over_the_payload_quota(workers: WorkerHandler) -> None:
    result = run(program("Big"), 5_000_000, handlers=[workers])
    assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")


def test_mocks_come_before_functions_and_functions_before_workers(workers: WorkerHandler) -> None:
    mocks = {
        "StateMachines": {"M": {"TestCases": {"C": {"S": "R"}, "Empty": {}}}},
        "MockedResponses": {"R": {"0": {"Return": "mock"}}},
    }
    functions = FunctionHandler({"Plain": lambda event, context: "function"}, only_known=True)
    last = FunctionHandler({})

    def output(name: str, case: str) -> Any:
        handlers = [MockHandler.from_config(mocks, "M", case), functions, workers, last]
        result = run(program(name), 1, handlers=handlers)
        return result.output if result.status == "SUCCEEDED" else result.error

    assert output("Echo", "C") == "mock"
    assert output("Plain", "Empty") == "function"
    assert output("Echo", "Empty") == 1
    assert output("Nobody", "Empty") == "Lambda.ResourceNotFoundException"
    functions.close()
    last.close()

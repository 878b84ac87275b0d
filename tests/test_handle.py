"""Executions in the background: waiting, stopping, redriving."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import penstock
from penstock.errors import InvalidDefinition, MissingRequirement, ServiceError

WAIT = {
    "StartAt": "W",
    "States": {"W": {"Type": "Wait", "Seconds": 600, "Next": "P"}, "P": {"Type": "Pass", "End": True}},
}
CALL = {
    "StartAt": "T",
    "States": {"T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "End": True}},
}


def test_a_result() -> None:
    with penstock.start(CALL, 7, functions={"f": lambda event, context: event + 1}, name="one") as handle:
        assert handle.name == "one"
        assert handle.execution_arn.endswith(":one")
        assert handle.result().output == 8
        assert handle.wait(0)


def test_stopping() -> None:
    with penstock.start(WAIT) as handle:
        assert not handle.wait(0.1)
        with pytest.raises(ServiceError, match="Execution is RUNNING and cannot be redriven"):
            handle.redrive()
        handle.stop("Enough", "for today")
        result = handle.result()
        assert (result.status, result.error, result.cause) == ("ABORTED", "Enough", "for today")
        assert [e["type"] for e in result.history] == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
        handle.stop()
        handle.redrive()
        assert not handle.wait(0.1)
        handle.stop()
        assert handle.result().history[3]["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_redriving() -> None:
    answers: list[Any] = [ValueError("first"), ValueError("second"), "third"]

    def function(event: Any, context: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with penstock.start(CALL, {}, functions={"f": function}) as handle:
        assert handle.result().error == "ValueError"
        handle.redrive()
        assert handle.result().status == "FAILED"
        handle.redrive()
        assert handle.result().output == "third"
        with pytest.raises(ServiceError, match="SUCCEEDED"):
            handle.redrive()


def test_closing_cuts_off_what_runs() -> None:
    before = set(threading.enumerate())
    handle = penstock.start(WAIT)
    assert set(threading.enumerate()) > before & set(threading.enumerate())
    handle.close()
    assert handle.wait(0)
    assert set(threading.enumerate()) <= before  # other tests' threads may end meanwhile


def test_closing_takes_tokens_and_activities_tasks_back() -> None:
    callbacks = penstock.Callbacks()
    arn = callbacks.create_activity("Pack").arn
    machine = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": arn, "End": True}}}
    with penstock.start(machine, {}, callbacks=callbacks):
        task = callbacks.get_activity_task(arn, wait=5)
        assert task is not None
        assert callbacks.waits_for(task.token)
    with pytest.raises(ServiceError, match="Task Timed Out"):
        callbacks.send_task_success(task.token, 1)
    with penstock.start(machine, {}, callbacks=callbacks) as handle:
        handle.wait(0.1)
    assert callbacks.get_activity_task(arn, wait=0) is None


def test_what_is_wrong_is_said_at_once_or_with_the_result() -> None:
    with pytest.raises(InvalidDefinition):
        penstock.start({"StartAt": "X", "States": {}})

    class Lacking:
        def handles(self, resource: str) -> bool:
            return True

        def start(self, request: Any, report: Any) -> Any:
            raise MissingRequirement("no such thing", requirement="thing")

        def close(self) -> None:
            pass

    with penstock.start(CALL, {}, handlers=[Lacking()]) as handle, pytest.raises(MissingRequirement):
        handle.result()


def test_a_token_from_another_thread() -> None:
    callbacks = penstock.Callbacks()
    sent = threading.Event()

    def function(event: Any, context: Any) -> None:
        def answer() -> None:
            sent.wait(5)
            callbacks.send_task_success(event["token"], "done")

        threading.Thread(target=answer).start()

    machine = {
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
                "End": True,
            }
        },
    }
    with penstock.start(machine, {}, functions={"f": function}, callbacks=callbacks) as handle:
        assert not handle.wait(0.2)
        sent.set()
        assert handle.result().output == "done"

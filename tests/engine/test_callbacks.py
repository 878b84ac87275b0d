"""Task tokens and activities, as workers outside a run see them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import penstock
from penstock.engine.driver import Driver
from penstock.engine.program import compile_program
from penstock.errors import ServiceError

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:Pack"
INVOKE = "arn:aws:states:::lambda:invoke.waitForTaskToken"


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True, **fields}}}


def waiting(**fields: Any) -> dict[str, Any]:
    payload = {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}
    return task(INVOKE, Parameters=payload, **fields)


def types(result: penstock.RunResult) -> list[str]:
    return [event["type"] for event in result.history]


def test_a_token_goes_out_and_comes_back() -> None:
    callbacks = penstock.Callbacks()
    asked: list[str] = []

    def answer(event: dict[str, Any]) -> None:
        if event["type"] == "TaskSubmitted":
            callbacks.send_task_heartbeat(asked[0])
            callbacks.send_task_success(asked[0], {"approved": True})
            for send in (callbacks.send_task_success, callbacks.send_task_failure):
                with pytest.raises(ServiceError, match="Task Timed Out") as caught:
                    send(asked[0], None)
                assert caught.value.code == "TaskTimedOut"

    result = penstock.run(
        waiting(),
        {},
        functions={"ask": lambda event, context: asked.append(event["token"])},
        callbacks=callbacks,
        observer=answer,
    )
    assert result.output == {"approved": True}
    assert types(result)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert not callbacks.waits_for(asked[0])


@pytest.mark.parametrize("token", ["", "x", "0" * 127, "g" * 128, "\ud800", "A" * 128])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ServiceError, match="Invalid Token: 'Invalid token'") as caught:
        penstock.Callbacks().send_task_heartbeat(token)
    assert caught.value.code == "InvalidToken"


def test_a_token_that_expired() -> None:
    callbacks = penstock.Callbacks()
    asked: list[str] = []
    result = penstock.run(
        waiting(HeartbeatSeconds=30),
        {},
        functions={"ask": lambda event, context: asked.append(event["token"])},
        callbacks=callbacks,
        time="skip",
    )
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    with pytest.raises(ServiceError) as caught:
        callbacks.send_task_success(asked[0], 1)
    assert caught.value.code == "TaskTimedOut"


def test_an_output_that_is_too_large_leaves_the_task_waiting() -> None:
    callbacks = penstock.Callbacks()
    ends: list[Any] = []
    callbacks.expect("0" * 128, ends.append)
    with pytest.raises(ServiceError) as caught:
        callbacks.send_task_success("0" * 128, "x" * 262_143)
    assert caught.value.code == "InvalidOutput"
    assert callbacks.waits_for("0" * 128)
    callbacks.send_task_success("0" * 128, "x" * 262_142)
    assert len(ends) == 1


def test_workers_of_an_activity_are_served_in_turn() -> None:
    callbacks = penstock.Callbacks()
    arn = callbacks.create_activity("Pack").arn
    assert arn == ACTIVITY

    def work(name: str) -> None:
        while (job := callbacks.get_activity_task(arn, worker=name, wait=1)) is not None:
            if job.input["n"] == 2:
                callbacks.send_task_failure(job.token, "Broken", f"by {name}")
            else:
                callbacks.send_task_success(job.token, job.input["n"] * 10)

    workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(3)]
    for worker in workers:
        worker.start()
    catch = [{"ErrorEquals": ["Broken"], "Next": "Caught"}]
    inner = task(arn, Catch=catch)
    inner["States"]["Caught"] = {"Type": "Pass", "OutputPath": "$.Error", "End": True}
    machine = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    result = penstock.run(machine, [{"n": n} for n in range(6)], callbacks=callbacks)
    for worker in workers:
        worker.join()
    assert result.output == [0, 10, "Broken", 30, 40, 50]
    names = {e["activityStartedEventDetails"]["workerName"] for e in result.history if e["type"] == "ActivityStarted"}
    assert names <= {"w0", "w1", "w2"}


def test_an_activity_that_is_not_there() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "T"}]
    for callbacks in (None, penstock.Callbacks()):
        result = penstock.run(task(ACTIVITY, Catch=catch), {}, callbacks=callbacks)
        assert (result.status, result.error) == ("FAILED", "States.Runtime")
        assert types(result)[-3:] == ["ActivityScheduled", "ActivityScheduleFailed", "ExecutionFailed"]
    with pytest.raises(ServiceError, match="Activity Does Not Exist: 'arn:") as caught:
        penstock.Callbacks().get_activity_task(ACTIVITY, wait=0)
    assert caught.value.code == "ActivityDoesNotExist"
    with pytest.raises(ServiceError, match="Invalid ARN prefix: Pack"):
        penstock.Callbacks().delete_activity("Pack")
    with pytest.raises(ServiceError, match="Invalid Name: 'a b'"):
        penstock.Callbacks().create_activity("a b")


def test_deleting_an_activity_fails_what_nobody_took() -> None:
    callbacks = penstock.Callbacks()
    callbacks.create_activity("Pack")

    def delete(event: dict[str, Any]) -> None:
        if event["type"] == "ActivityScheduled":
            callbacks.delete_activity(ACTIVITY)
            callbacks.delete_activity(ACTIVITY)

    result = penstock.run(task(ACTIVITY), {}, callbacks=callbacks, observer=delete)
    assert (result.error, result.cause) == ("States.Runtime", f"The activity {ACTIVITY} does not exist.")
    assert callbacks.list_activities() == []


def test_a_task_that_timed_out_is_not_given_to_a_worker() -> None:
    callbacks = penstock.Callbacks()
    callbacks.create_activity("Pack")
    result = penstock.run(task(ACTIVITY, TimeoutSeconds=1), {}, callbacks=callbacks)
    assert (result.status, result.error) == ("FAILED", "States.Timeout")
    assert callbacks.get_activity_task(ACTIVITY, wait=0) is None


def test_an_activity_shows_no_token_in_its_context() -> None:
    callbacks = penstock.Callbacks()
    callbacks.create_activity("Pack")

    def work(event: dict[str, Any]) -> None:
        if event["type"] == "ActivityScheduled":
            job = callbacks.get_activity_task(ACTIVITY, wait=0)
            assert job is not None
            callbacks.send_task_success(job.token, job.input)

    machine = task(ACTIVITY, Parameters={"context.$": "$$"})
    assert "Task" not in penstock.run(machine, {}, callbacks=callbacks, observer=work).output["context"]


def test_stopping_from_another_thread() -> None:
    driver = Driver()
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
    program = compile_program(penstock.load(wait).definition)
    running = driver.start(program, {})
    stopper = threading.Timer(0.2, driver.stop, (running, "Enough", "of this"))
    stopper.start()
    result = driver.run(running)
    assert (result.status, result.error, result.cause) == ("ABORTED", "Enough", "of this")


def test_nothing_is_kept_of_activities_that_are_gone() -> None:
    callbacks = penstock.Callbacks()
    for number in range(3):
        arn = callbacks.create_activity(f"a{number}").arn
        waiting = threading.Thread(target=lambda arn=arn: _polls(callbacks, arn))
        waiting.start()
        while arn not in callbacks._pollers:
            threading.Event().wait(0.001)
        assert callbacks.get_activity_task(arn, wait=0.0) is None  # behind the other, whose line stays
        assert arn in callbacks._pollers
        callbacks.delete_activity(arn)
        waiting.join()
    assert not callbacks._pollers
    assert not callbacks._queues


def _polls(callbacks: penstock.Callbacks, arn: str) -> None:
    with pytest.raises(ServiceError, match="Activity Does Not Exist"):
        callbacks.get_activity_task(arn, wait=30.0)

"""Task attempts: what is asked, what is recorded, and that a late, missed or cut-off attempt is really stopped."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.support import FUNCTION, INVOKE, Later, Scripted, go, machine, seconds, types

from penstock.clock import SystemClock
from penstock.engine.driver import Driver
from penstock.engine.tasks.handler import Failed, Heartbeat, Stopped, Submitted, Succeeded, TaskRequest

ECHO = {"Type": "Task", "Resource": FUNCTION, "End": True}
CALLBACK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}


def events(result: Any, type_: str) -> list[Any]:
    return [
        next((v for k, v in e.items() if k.endswith("Details")), None) for e in result.history if e["type"] == type_
    ]


def test_the_request_says_what_is_asked_and_by_whom() -> None:
    handler = Scripted()
    program = machine({"T": {**ECHO, "TimeoutSeconds": 9, "HeartbeatSeconds": 3, "Parameters": {"a": 1}}})
    go(program, {}, handler, name="n", machine_arn="arn:aws:states:eu-west-1:1:stateMachine:m")
    assert handler.requests == [
        TaskRequest(
            resource=FUNCTION,
            arguments={"a": 1},
            state_name="T",
            execution_arn="arn:aws:states:eu-west-1:1:execution:m:n",
            execution_name="n",
            machine_arn="arn:aws:states:eu-west-1:1:stateMachine:m",
            machine_name="m",
            entered_time="2023-11-14T22:13:20.000Z",
            timeout=9,
            heartbeat=3,
            region="eu-west-1",
            number=2,
        )
    ]


def test_the_events_of_a_service() -> None:
    program = machine({"T": {**ECHO, "Resource": INVOKE, "TimeoutSeconds": 5, "Parameters": {"FunctionName": "f"}}})
    result = go(program, {}, Scripted(lambda request: Succeeded({"Payload": 1})))
    assert events(result, "TaskScheduled") == [
        {
            "resourceType": "lambda",
            "resource": "invoke",
            "region": "us-east-1",
            "parameters": '{"FunctionName":"f"}',
            "timeoutInSeconds": 5,
        }
    ]
    assert events(result, "TaskStarted") == [{"resourceType": "lambda", "resource": "invoke"}]
    assert events(result, "TaskSucceeded") == [
        {
            "resourceType": "lambda",
            "resource": "invoke",
            "output": '{"Payload":1}',
            "outputDetails": {"truncated": False},
        }
    ]


def test_a_timeout_stops_the_attempt_and_can_be_caught() -> None:
    handler = Later(30)
    catch = [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.e", "Next": "S"}]
    program = machine({"T": {**ECHO, "TimeoutSeconds": 1, "Catch": catch}, "S": {"Type": "Succeed"}})
    clock = SystemClock()
    began = clock.monotonic()
    result = go(program, {}, handler)
    assert handler.cancelled == ["T"]
    assert result.output == {"e": {"Error": "States.Timeout", "Cause": ""}}
    assert types(result)[2:6] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionTimedOut",
        "TaskStateExited",
    ]
    assert seconds(result)[4] >= 1
    assert clock.monotonic() - began > 0.9  # while a task runs, virtual time moves at real speed


@pytest.mark.parametrize("listed", ["States.HeartbeatTimeout", "States.Timeout", "States.ALL"])
def test_a_missed_heartbeat_is_a_timeout_by_either_name(listed: str) -> None:
    catch = [{"ErrorEquals": [listed], "ResultPath": "$.e", "Next": "S"}]
    program = machine({"T": {**CALLBACK, "HeartbeatSeconds": 1, "Catch": catch}, "S": {"Type": "Succeed"}})
    handler = Scripted(lambda request: Submitted({"MessageId": "1"}))
    result = go(program, {}, handler)
    assert result.output == {"e": {"Error": "States.Timeout", "Cause": ""}}
    assert types(result)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"]
    assert handler.cancelled == ["T"]


def test_heartbeats_keep_a_task_alive() -> None:
    class Beating(Scripted):
        def start(self, request: TaskRequest, report: Any) -> Any:
            import threading

            def beat() -> None:
                for _ in range(5):
                    wait.wait(0.4)
                    report(Heartbeat())
                report(Succeeded("done"))

            wait = threading.Event()
            threading.Thread(target=beat, daemon=True).start()
            return super().start(request, lambda news: None)

    program = machine({"T": {**CALLBACK, "HeartbeatSeconds": 1}})
    assert go(program, {}, Beating()).output == "done"


def test_a_callback_has_a_token_of_its_own_for_every_attempt() -> None:
    tokens = []

    def answer(request: TaskRequest) -> Failed | Succeeded:
        assert request.arguments == {"t": request.token}
        tokens.append(request.token)
        return Failed("E") if len(tokens) < 3 else Succeeded(None)

    task = {**CALLBACK, "Parameters": {"t.$": "$$.Task.Token"}, "Retry": [{"ErrorEquals": ["E"]}]}
    assert go(machine({"T": task}), {}, Scripted(answer)).status == "SUCCEEDED"
    assert len(set(tokens)) == 3


def test_a_token_nobody_sends_back_does_not_hold_virtual_time() -> None:
    result = go(machine({"T": CALLBACK}), {}, Scripted(lambda request: Submitted({})))
    assert result.status == "TIMED_OUT"  # after a year


def test_a_token_can_be_sent_back_from_outside() -> None:
    handler = Scripted(lambda request: Submitted({}))
    driver = Driver(handlers=[handler])
    running = driver.start(machine({"T": {**CALLBACK, "TimeoutSeconds": 20}}), {})
    driver.turn()
    token = handler.requests[0].token
    assert token is not None
    assert not driver.send("no such token", Succeeded(1))
    assert driver.send(token, Heartbeat())
    assert driver.send(token, Succeeded("thanks"))
    assert driver.run(running).output == "thanks"
    assert not driver.send(token, Succeeded(2))


def test_reports_after_the_end_change_nothing() -> None:
    class Twice(Scripted):
        def start(self, request: TaskRequest, report: Any) -> Any:
            for news in (Succeeded(1), Succeeded(2), Failed("late"), Heartbeat()):
                report(news)
            return lambda: None

    result = go(machine({"T": ECHO}), {}, Twice())
    assert result.output == 1
    assert types(result).count("LambdaFunctionSucceeded") == 1


def test_nobody_to_answer_is_one_clear_message() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "S"}]
    retry = [{"ErrorEquals": ["States.ALL"]}]
    program = machine({"T": {**ECHO, "Retry": retry, "Catch": catch}, "S": {"Type": "Succeed"}})
    result = go(program, {})
    assert result.status == "FAILED"
    assert result.cause is not None
    assert FUNCTION in result.cause
    assert "'T'" in result.cause
    assert types(result).count("LambdaFunctionScheduled") == 1


def test_a_handler_that_breaks_fails_the_task() -> None:
    class Broken(Scripted):
        def start(self, request: TaskRequest, report: Any) -> Any:
            raise KeyError("x")

    result = go(machine({"T": ECHO}), {}, Broken())
    assert (result.status, result.error) == ("FAILED", "KeyError")


def test_a_result_that_json_cannot_hold_fails_the_task() -> None:
    result = go(machine({"T": ECHO}), {}, Scripted(lambda request: Succeeded(object())))  # type: ignore[arg-type]
    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")


def test_a_task_can_stop_the_execution() -> None:
    result = go(machine({"T": ECHO}), {}, Scripted(lambda request: Stopped("Enough", "for today")))
    assert (result.status, result.error, result.cause) == ("ABORTED", "Enough", "for today")
    assert result.history[-1]["type"] == "ExecutionAborted"


def test_the_end_of_the_execution_stops_its_attempts() -> None:
    handler = Scripted(lambda request: None)
    result = go(machine({"T": ECHO}, TimeoutSeconds=1), {}, handler)
    assert result.status == "TIMED_OUT"
    assert handler.cancelled == ["T"]
    assert (result.error, result.cause) == (None, None)
    last = result.history[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionTimedOut", 0)
    assert last["executionTimedOutEventDetails"] == {"error": "States.Timeout"}


def test_an_activity_starts_when_a_worker_takes_it() -> None:
    from penstock.engine.tasks.handler import Started

    class Worker(Scripted):
        def start(self, request: TaskRequest, report: Any) -> Any:
            report(Started("me"))
            report(Succeeded("done"))
            return lambda: None

    arn = "arn:aws:states:us-east-1:123456789012:activity:A"
    result = go(machine({"T": {**ECHO, "Resource": arn}}), {}, Worker())
    assert types(result)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events(result, "ActivityStarted") == [{"workerName": "me"}]


@pytest.mark.parametrize(
    ("fields", "value", "message"),
    [
        ({"TimeoutSecondsPath": "$.t"}, {}, "The TimeoutSecondsPath parameter does not reference an input value: $.t"),
        ({"TimeoutSecondsPath": "$.t"}, {"t": 1.5}, "cannot be parsed as a long value: $.t == 1.5"),
        ({"HeartbeatSecondsPath": "$.t"}, {"t": "x"}, "cannot be parsed as a long value: $.t == x"),
    ],
)
def test_timeouts_from_the_input_must_be_numbers(fields: Any, value: Any, message: str) -> None:
    result = go(machine({"T": {**ECHO, **fields}}), value, Scripted())
    assert result.error == "States.Runtime"
    assert result.cause is not None
    assert message in result.cause

"""Many executions in one loop, nested ones, stopping; what `run` accepts and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.support import FUNCTION, START, Later, Scripted, go, known, machine, types

from penstock.clock import Entropy, SystemClock, VirtualClock
from penstock.engine.driver import Driver
from penstock.engine.tasks.handler import Succeeded, TaskRequest
from penstock.errors import InvalidInput, JsonError, UsageError

WAIT = machine({"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}})
TASK = machine({"T": {"Type": "Task", "Resource": FUNCTION, "End": True}})
CHILD = "arn:aws:states:us-east-1:123456789012:stateMachine:child"


UUID = {"Type": "Pass", "Parameters": {"u.$": "States.UUID()"}}


NESTED = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Parameters": {"StateMachineArn": CHILD, "Input": {}},
    "End": True,
}


def nested(pattern: str = "") -> Any:
    return machine(
        {
            "N": {
                "Type": "Task",
                "Resource": f"arn:aws:states:::states:startExecution{pattern}",
                "Parameters": {"StateMachineArn": CHILD, "Input.$": "$", "Name": "kid"},
                "End": True,
            }
        }
    )


def test_executions_share_the_loop_and_the_time() -> None:
    driver = Driver(skip_time=True, clock=VirtualClock(START))
    running = [driver.start(WAIT, {"s": n}) for n in range(500)]
    results = driver.run_all(running)
    assert [r.status for r in results] == ["SUCCEEDED"] * 500
    assert [(r.stop_date - r.start_date).total_seconds() for r in results] == list(range(500))


def test_tasks_of_many_executions_run_at_once() -> None:
    before = SystemClock().monotonic()
    driver = Driver(handlers=[Later(0.5, lambda request: Succeeded(request.arguments))])
    results = driver.run_all([driver.start(TASK, n) for n in range(50)])
    assert [r.output for r in results] == list(range(50))
    assert SystemClock().monotonic() - before < 10


def test_an_endless_loop_does_not_stall_the_others() -> None:
    endless = machine(
        {
            "L": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "L"}], "Default": "S"},
            "S": {"Type": "Succeed"},
        }
    )
    driver = Driver(skip_time=True)
    loop = driver.start(endless, {"x": 1}, type="EXPRESS")
    other = driver.start(machine({"P": {"Type": "Pass", "End": True}}), {})
    assert driver.run(other).status == "SUCCEEDED"
    assert loop.result.status == "RUNNING"
    driver.stop(loop, "Enough")
    assert driver.run(loop).status == "ABORTED"


def test_stopping_cancels_what_runs() -> None:
    handler = Scripted(lambda request: None)
    driver = Driver(handlers=[handler], skip_time=True)
    running = driver.start(TASK, {})
    driver.turn()
    driver.stop(running, "E", "C")
    result = driver.run(running)
    assert (result.status, result.error, result.cause) == ("ABORTED", "E", "C")
    assert handler.cancelled == ["T"]
    assert result.history[-1]["executionAbortedEventDetails"] == {"error": "E", "cause": "C"}
    assert result.history[-1]["previousEventId"] == 0


def test_the_observer_sees_every_event_once_as_it_happens() -> None:
    seen: list[Any] = []
    asked: list[int] = []

    def answer(request: TaskRequest) -> Succeeded:
        asked.append(len(seen))
        return Succeeded(1)

    result = go(TASK, {}, Scripted(answer), observer=seen.append)
    assert seen == result.history
    assert asked == [0] or asked == [4]


@pytest.mark.parametrize("pattern", [".sync", ".sync:2"])
def test_a_nested_execution_is_waited_for(pattern: str) -> None:
    child = machine(
        {"W": {"Type": "Wait", "Seconds": 10, "Next": "P"}, "P": {"Type": "Pass", "Result": [1], "End": True}}
    )
    result = go(nested(pattern), {"a": 1}, machines=known(child=child))
    assert types(result)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert isinstance(result.output, dict)
    assert result.output["ExecutionArn"] == CHILD.replace("stateMachine", "execution") + ":kid"
    assert result.output["Status"] == "SUCCEEDED"
    assert result.output["Output"] == ([1] if pattern == ".sync:2" else "[1]")
    assert result.output["Input"] == ({"a": 1} if pattern == ".sync:2" else '{"a":1}')


def test_a_nested_execution_that_fails_is_a_failed_task() -> None:
    child = machine({"F": {"Type": "Fail", "Error": "Own", "Cause": "why"}})
    result = go(nested(".sync:2"), {}, machines=known(child=child))
    assert result.error == "States.TaskFailed"
    assert '"Error":"Own"' in (result.cause or "")


def test_a_nested_execution_that_is_not_waited_for_still_runs() -> None:
    class Functions(Scripted):
        def handles(self, resource: str) -> bool:
            return resource == FUNCTION

    handler = Functions()
    result = go(nested(), {"a": 1}, handler, machines=known(child=TASK))
    assert result.status == "SUCCEEDED"
    assert [request.execution_name for request in handler.requests] == ["kid"]


def test_everybody_hears_of_an_execution_that_several_tasks_started() -> None:
    # API reference, StartExecution: the same name and input again while it runs is the same execution.
    child = machine({"W": {"Type": "Wait", "Seconds": 10, "End": True}})
    driver = Driver(skip_time=True, machines=known(child=child))
    parents = [driver.start(nested(".sync:2"), {"a": 1}, name=name) for name in ("one", "two", "three")]
    other = driver.start(nested(".sync:2"), {"a": True}, name="other")
    for _ in range(200):  # not until all have ended: those that nobody tells would never
        if not all(each.closed for each in (*parents, other)):
            driver.turn()
    assert [each.execution.status for each in parents] == ["SUCCEEDED"] * 3
    assert len({each.execution.output["ExecutionArn"] for each in parents}) == 1  # type: ignore[call-overload, index]
    assert other.execution.error == "StepFunctions.ExecutionAlreadyExistsException"
    driver.close()


def test_a_nested_execution_is_stopped_with_the_task_that_waits_for_it() -> None:
    class Silent(Scripted):
        def handles(self, resource: str) -> bool:
            return resource == FUNCTION

    handler = Silent(lambda request: None)
    parent = machine({"N": {**NESTED, "TimeoutSeconds": 1}})
    result = go(parent, {}, handler, machines=known(child=TASK))
    assert result.error == "States.Timeout"
    assert handler.cancelled == ["T"]


def test_a_machine_that_is_not_known_fails_the_task() -> None:
    result = go(nested(".sync"), {}, machines=known())
    assert result.error == "StepFunctions.StateMachineDoesNotExistException"


@pytest.mark.parametrize("value", ["x" * 262_143, {"k": "é" * 140_000}])
def test_an_input_over_the_quota_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="262,144"):
        go(WAIT, value)


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, [b"x"]])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(JsonError):
        go(machine({"P": {"Type": "Pass", "End": True}}), value)


def test_data_nested_a_hundred_thousand_deep_is_refused_or_fails() -> None:
    deep: Any = 0
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(JsonError):
        go(machine({"P": {"Type": "Pass", "End": True}}), deep)
    result = go(TASK, {}, Scripted(lambda request: Succeeded(deep)))
    assert (result.status, result.error) == ("FAILED", "States.TaskFailed")


def test_data_that_nests_deeper_with_every_step_ends_somewhere() -> None:
    program = machine(
        {"A": {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    )
    result = go(program, {})
    assert (result.status, result.error) == ("FAILED", "States.Runtime")


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "a/b", "new\nline", "<x>"])
def test_names_aws_would_not_take(name: str) -> None:
    with pytest.raises(InvalidInput):
        go(WAIT, {"s": 1}, name=name)


def test_an_arn_that_is_none() -> None:
    with pytest.raises(UsageError, match="stateMachine"):
        go(WAIT, {}, machine_arn="nonsense")


def test_the_same_seed_gives_the_same_execution() -> None:
    program = machine(
        {"P": {"Type": "Pass", "Parameters": {"u.$": "States.UUID()", "v.$": "States.UUID()"}, "End": True}}
    )
    one, two, other = (go(program, {}, entropy=Entropy(seed)) for seed in (1, 1, 2))
    assert one.history == two.history
    assert one.execution_arn == two.execution_arn
    assert isinstance(one.output, dict)
    assert one.output["u"] != one.output["v"]
    twice = {**UUID, "ResultPath": "$.a"}
    wait = {"Type": "Wait", "Seconds": 1, "Next": "Q"}
    states = {"P": {**twice, "Next": "W"}, "W": wait, "Q": {**UUID, "ResultPath": "$.b", "End": True}}
    output = go(machine(states), {}).output
    assert isinstance(output, dict)
    assert output["a"] != output["b"]
    assert one.output != other.output

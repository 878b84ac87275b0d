"""Redriving: what runs again and what keeps its result."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penstock
from penstock.clock import VirtualClock
from penstock.engine.driver import Driver, Running, run
from penstock.engine.program import compile_program
from penstock.engine.snapshot import from_data, to_data
from penstock.engine.tasks.functions import FunctionHandler
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Succeeded, TaskRequest
from penstock.errors import ServiceError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


class World:
    """Functions that fail until they are told not to, and how often each was called."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.calls: Counter[str] = Counter()
        self.broken = {"bad"}
        names = ("good", "bad")
        functions = {name: self._function(name) for name in names}
        self.clock = VirtualClock()
        self.handler = FunctionHandler(functions)
        self.driver = Driver(handlers=[self.handler], clock=self.clock, skip_time=True)
        self.program = compile_program(penstock.load(definition).definition)

    def _function(self, name: str) -> Any:
        def call(event: Any, context: Any) -> Any:
            self.calls[f"{name}{event if isinstance(event, int) else ''}"] += 1
            if name in self.broken and event != 0:
                raise ValueError(name)
            return [name, event]

        return call

    def start(self, value: Any = None) -> Running:
        running = self.driver.start(self.program, value)
        self.driver.run(running)
        return running

    def redrive(self, running: Running) -> Running:
        self.driver.redrive(running)
        self.driver.run(running)
        return running


def call(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": ARN + name, "End": True, **fields}


def machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


# The clock jumps only when no function runs: whatever is called at the start has answered before this one fails.
LATE = machine(W={"Type": "Wait", "Seconds": 5, "Next": "B"}, B=call("bad"))


def types(running: Running, first: int = 0) -> list[str]:
    return [event["type"] for event in running.result.history[first:]]


def test_a_task_is_scheduled_again() -> None:
    retry = [{"ErrorEquals": ["ValueError"], "MaxAttempts": 1}]
    first = {"Type": "Task", "Resource": ARN + "good", "Next": "B"}
    world = World(machine(A=first, B=call("bad", Retry=retry)))
    running = world.start("x")
    assert (running.result.status, running.result.error) == ("FAILED", "ValueError")
    before = len(running.result.history)
    world.redrive(running)  # the retriers' counters begin anew
    assert world.calls == {"good": 1, "bad": 4}
    world.broken.clear()
    last = len(running.result.history)
    world.redrive(running)
    assert running.result.status == "SUCCEEDED"
    assert running.result.output == ["bad", ["good", "x"]]
    assert types(running, last) == [
        "ExecutionRedriven",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    again = running.result.history[last:]
    assert [e["previousEventId"] for e in again] == [e["id"] - 1 for e in again]
    redriven = [e for e in running.result.history if e["type"] == "ExecutionRedriven"]
    assert [e["executionRedrivenEventDetails"] for e in redriven] == [{"redriveCount": 1}, {"redriveCount": 2}]
    assert redriven[0]["id"] == before + 1
    assert [e["id"] for e in running.result.history] == list(range(1, len(running.result.history) + 1))


def test_only_the_branches_that_did_not_succeed_run_again() -> None:
    inner = {"Type": "Parallel", "Branches": [machine(G=call("good")), LATE], "End": True}
    slow = {"StartAt": "S", "States": {"S": {"Type": "Wait", "Seconds": 60, "Next": "V"}, "V": call("good")}}
    world = World(
        machine(P={"Type": "Parallel", "Branches": [machine(A=call("good")), machine(I=inner), slow], "End": True})
    )
    running = world.start("x")
    assert running.result.status == "FAILED"
    done = world.calls["good"]
    world.broken.clear()
    world.redrive(running)
    assert running.result.status == "SUCCEEDED"
    assert running.result.output == [["good", "x"], [["good", "x"], ["bad", "x"]], ["good", "x"]]
    assert world.calls == {"good": 3, "bad": 2}
    assert done == 2
    assert types(running).count("ParallelStateStarted") == 2


@pytest.mark.parametrize("concurrency", [1, 2, 0])
def test_iterations(concurrency: int) -> None:
    world = World(
        machine(M={"Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": machine(B=call("bad")), "End": True})
    )
    running = world.start([0, 1, 2, 3, 0])
    assert running.result.status == "FAILED"
    world.broken.clear()
    world.redrive(running)
    assert running.result.output == [["bad", n] for n in (0, 1, 2, 3, 0)]
    assert types(running).count("MapStateStarted") == 1
    # Where others run beside it, one of them may have failed before its thread came to call it.
    assert world.calls["bad1"] == 2 or (concurrency != 1 and world.calls["bad1"] == 1)


def test_a_distributed_map_runs_its_items_again() -> None:
    processor = machine(B=call("bad")) | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    world = World(machine(M={"Type": "Map", "ItemProcessor": processor, "End": True}))
    running = world.start([1, 0])
    assert running.result.error == "States.ExceedToleratedFailureThreshold"
    world.broken.clear()
    world.redrive(running)
    assert running.result.output == [["bad", 1], ["bad", 0]]


def test_what_was_stopped_or_timed_out() -> None:
    wait = {
        "StartAt": "W",
        "TimeoutSeconds": 100,
        "States": {"W": {"Type": "Wait", "Seconds": 150, "Next": "A"}, "A": call("good")},
    }
    world = World(wait)
    running = world.start(1)
    assert running.result.status == "TIMED_OUT"
    world.redrive(running)
    assert running.result.status == "TIMED_OUT"  # the wait began anew, and the timeout too
    assert types(running).count("WaitStateEntered") == 2
    world.driver.redrive(running)
    world.driver.stop(running, "E", "C")
    world.driver.run(running)
    assert (running.result.status, running.result.error) == ("ABORTED", "E")


def test_a_fail_state_fails_again() -> None:
    world = World(machine(F={"Type": "Fail", "Error": "E"}))
    running = world.redrive(world.start())
    assert types(running) == [
        "ExecutionStarted", "FailStateEntered", "ExecutionFailed",
        "ExecutionRedriven", "FailStateEntered", "ExecutionFailed",
    ]  # fmt: skip
    assert running.result.error == "E"


def test_the_context_object_says_it() -> None:
    shown = {"execution.$": "$$.Execution", "try.$": "$$.State.RetryCount"}
    world = World(machine(A=call("bad", Parameters=shown, Retry=[{"ErrorEquals": ["ValueError"]}])))
    running = world.start(1)
    world.broken.clear()
    world.clock.advance(60)
    seen = world.redrive(running).result.output[1]
    assert seen["execution"]["RedriveCount"] == 1
    assert seen["execution"]["RedriveTime"] > seen["execution"]["StartTime"]
    assert seen["try"] == 0


def test_what_cannot_be_redriven() -> None:
    world = World(machine(A=call("good")))
    running = world.start(1)
    with pytest.raises(ServiceError, match="Execution is SUCCEEDED and cannot be redriven") as caught:
        world.driver.redrive(running)
    assert caught.value.code == "ExecutionNotRedrivable"
    world = World(machine(A=call("bad")))
    running = world.start(1)
    world.clock.advance(15 * 86_400)
    with pytest.raises(ServiceError, match="Execution redrivable period exceeded"):
        world.driver.redrive(running)


def test_a_snapshot_of_what_failed_can_be_redriven() -> None:
    inner = {"Type": "Parallel", "Branches": [machine(G=call("good")), LATE], "End": True}
    world = World(machine(P={"Type": "Parallel", "Branches": [machine(A=call("good")), machine(I=inner)], "End": True}))
    running = world.start("x")
    data = json.loads(json.dumps(to_data(running.execution)))
    restored = Running(from_data(world.program, data), None)
    world.broken.clear()
    world.redrive(restored)
    assert restored.result.output == [["good", "x"], [["good", "x"], ["bad", "x"]]]
    assert world.calls == {"good": 2, "bad": 2}


# ---- a law: whatever failed on the way, the end is the same


class Flaky:
    """Answers every task at once: by an error as often as its state's name is still in `failures`, then by its input."""

    def __init__(self, failures: list[str]) -> None:
        self.failures = list(failures)

    def handles(self, resource: str) -> bool:
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        if request.state_name in self.failures:
            self.failures.remove(request.state_name)
            report(Failed("Flaky", request.state_name))
        else:
            report(Succeeded([request.state_name, request.arguments]))
        return lambda: None

    def close(self) -> None:
        pass


@st.composite
def workflows(draw: st.DrawFn, prefix: str = "S", depth: int = 0) -> dict[str, Any]:
    kinds = ["task", "wait", "pass"] + (["parallel", "map"] if depth < 2 else [])
    names = [f"{prefix}{n}" for n in range(draw(st.integers(1, 3)))]
    states: dict[str, Any] = {}
    for number, name in enumerate(names):
        kind = draw(st.sampled_from(kinds))
        last: dict[str, Any] = {"Next": names[number + 1]} if number + 1 < len(names) else {"End": True}
        if kind == "parallel":
            branches = [draw(workflows(f"{name}b{n}", depth + 1)) for n in range(draw(st.integers(1, 3)))]
            states[name] = {"Type": "Parallel", "Branches": branches, **last}
        elif kind == "map":
            inner = draw(workflows(f"{name}m", depth + 1))
            items = {"Parameters": {"x": [1, 2, 3]}, "Type": "Pass", "Next": f"{name}each"}
            states[name] = items
            states[f"{name}each"] = {
                "Type": "Map",
                "ItemsPath": "$.x",
                "MaxConcurrency": draw(st.integers(0, 2)),
                "ItemProcessor": inner,
                **last,
            }
        elif kind == "task":
            retry = {"Retry": [{"ErrorEquals": ["Flaky"], "MaxAttempts": 1}]} if draw(st.booleans()) else {}
            states[name] = call("any", **retry) | last
            if "Next" in last:
                del states[name]["End"]
        elif kind == "wait":
            states[name] = {"Type": "Wait", "Seconds": draw(st.integers(0, 3)), **last}
        else:
            states[name] = {"Type": "Pass", **last}
    return {"StartAt": names[0], "States": states}


def tasks_of(definition: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            found.append(name)
        for inner in [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]:
            found += tasks_of(inner)
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_redriven_until_it_succeeds_it_ends_as_if_nothing_had_failed(data: st.DataObject) -> None:
    definition = data.draw(workflows())
    names = tasks_of(definition)
    failures = data.draw(st.lists(st.sampled_from(names), max_size=6)) if names else []
    program = compile_program(penstock.load(definition).definition)
    wanted = run(program, {"v": 1}, handlers=[Flaky([])], skip_time=True).output

    driver = Driver(handlers=[Flaky(failures)], skip_time=True)
    running = driver.start(program, {"v": 1})
    driver.run(running)
    for _ in range(len(failures)):
        if running.result.status == "SUCCEEDED":
            break
        if data.draw(st.booleans()):  # a redrive may come after a recovery, too
            restored = from_data(program, json.loads(json.dumps(to_data(running.execution))))
            running = Running(restored, None)
        driver.redrive(running)
        driver.run(running)
    assert running.result.status == "SUCCEEDED"
    assert running.result.output == wanted

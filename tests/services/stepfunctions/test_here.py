"""Executions that a request's own thread runs, where they are short and nothing else runs: `ask` of a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from penstock.clock import SystemClock
from penstock.engine.running import Running
from penstock.errors import ServiceError
from penstock.services.stepfunctions.service import StepFunctions

ROLE = "arn:aws:iam::123456789012:role/r"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
LOOP = {
    "StartAt": "A",
    "States": {
        "A": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.x", "IsPresent": False, "Next": "A"}],
            "Default": "B",
        },
        "B": {"Type": "Succeed"},
    },
}
WAIT = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "End": True}}}


class Seen:
    """Where executions began and ended."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.over = threading.Semaphore(0)

    def begun(self, running: Running) -> None:
        self.threads.append(threading.current_thread().name)

    def ended(self, running: Running) -> None:
        self.over.release()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def service(seen: Seen) -> Iterator[StepFunctions]:
    service = StepFunctions(watchers=[seen])
    yield service
    service.close()


def machine(service: StepFunctions, definition: Any, name: str = "m", **more: Any) -> str:
    made = {"name": name, "definition": json.dumps(definition), "roleArn": ROLE, **more}
    arn: str = service.call("CreateStateMachine", made)["stateMachineArn"]
    return arn


def asked(service: StepFunctions, operation: str, **parameters: Any) -> Future[dict[str, Any]]:
    found = service.ask(operation, parameters)
    if isinstance(found, Future):
        return found
    assert found is not None
    future: Future[dict[str, Any]] = Future()
    future.set_result(found)
    return future


def test_a_short_one_is_over_when_its_start_is_answered(service: StepFunctions, seen: Seen) -> None:
    arn = machine(service, PASS)
    started = asked(service, "StartExecution", stateMachineArn=arn, input='{"x": 1}')
    assert started.done()
    described = asked(service, "DescribeExecution", executionArn=started.result()["executionArn"])
    assert described.done()
    assert (described.result()["status"], described.result()["output"]) == ("SUCCEEDED", '{"x":1}')
    assert seen.threads == [threading.current_thread().name]


def test_one_that_may_take_long_is_the_loops(service: StepFunctions, seen: Seen) -> None:
    arn = machine(service, LOOP)
    asked(service, "StartExecution", stateMachineArn=arn, input='{"x": 1}').result(20)
    assert seen.threads == ["penstock-stepfunctions"]


def test_those_who_call_leave_it_to_the_loop(service: StepFunctions, seen: Seen) -> None:
    # An exception may come into their thread at any moment (Ctrl-C), and would tear a round.
    service.call("StartExecution", {"stateMachineArn": machine(service, PASS)})
    assert seen.threads == ["penstock-stepfunctions"]


def test_the_loop_wakes_for_a_timer_that_was_set_elsewhere(service: StepFunctions, seen: Seen) -> None:
    arn = machine(service, WAIT)
    started = asked(service, "StartExecution", stateMachineArn=arn).result(0)
    assert asked(service, "DescribeExecution", **_arn(started)).result(20)["status"] == "RUNNING"
    assert seen.over.acquire(timeout=20)
    assert asked(service, "DescribeExecution", **_arn(started)).result(20)["status"] == "SUCCEEDED"


def test_an_express_execution_is_answered_at_once(service: StepFunctions) -> None:
    arn = machine(service, PASS, type="EXPRESS")
    future = asked(service, "StartSyncExecution", stateMachineArn=arn, input="[1]")
    assert future.done()
    assert future.result()["output"] == "[1]"


def test_of_many_with_one_name_one_begins(service: StepFunctions, seen: Seen) -> None:
    arn = machine(service, PASS)

    def start(number: int) -> str:
        try:
            return str(asked(service, "StartExecution", stateMachineArn=arn, name=f"n{number % 50}").result(20))
        except ServiceError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(start, range(1000)))
    assert len(seen.threads) == 50
    assert answers.count("ExecutionAlreadyExists") == 950
    listed = service.call("ListExecutions", {"stateMachineArn": arn, "maxResults": 1000})["executions"]
    assert sorted(each["name"] for each in listed) == sorted(f"n{i}" for i in range(50))
    assert {each["status"] for each in listed} == {"SUCCEEDED"}


def test_a_fault_comes_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    service = StepFunctions(on_fault=over.set)
    arn = machine(service, PASS)
    driver = service._state.loop.driver
    make = driver.round

    def broken() -> bool:
        if threading.current_thread() is threading.main_thread():
            raise MemoryError("no more")
        return make()

    monkeypatch.setattr(driver, "round", broken)
    future = asked(service, "StartExecution", stateMachineArn=arn)
    with pytest.raises(ServiceError, match="MemoryError: no more") as refused:
        future.result(20)
    assert refused.value.code == "ServiceUnavailable"
    assert over.wait(20)
    with pytest.raises(ServiceError, match="have stopped"):
        service.call("StartExecution", {"stateMachineArn": arn})
    service.close()


def test_what_came_meanwhile_is_the_loops() -> None:
    """A request's thread does what it was asked, and nothing that others ask for while it does."""
    long = {
        "StartAt": "J",
        "States": {"J": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $sum([1..9]) %}", "End": True}},
    }
    where: list[str] = []

    class Asking:
        def begun(self, running: Running) -> None:
            if running.execution.machine_name == "long":
                where.append(threading.current_thread().name)
                return
            for _ in range(2):
                asking = {"stateMachineArn": other}
                threading.Thread(target=service.call, args=("StartExecution", asking), daemon=True).start()
            SystemClock().sleep(0.1)

        def ended(self, running: Running) -> None:
            if running.execution.machine_name == "long":
                where.append(threading.current_thread().name)
                over.release()

    over = threading.Semaphore(0)
    service = StepFunctions(watchers=[Asking()])
    other, short = machine(service, long, "long"), machine(service, PASS, "short")
    assert asked(service, "StartExecution", stateMachineArn=short).done()
    assert over.acquire(timeout=20)
    assert over.acquire(timeout=20)
    assert where == ["penstock-stepfunctions"] * 4
    service.close()


def test_after_two_faults_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    service = StepFunctions(on_fault=over.set)
    arn = machine(service, PASS)

    def broken() -> bool:
        raise MemoryError("no more")

    monkeypatch.setattr(service._state.loop.driver, "round", broken)
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(asked, service, "StartExecution", stateMachineArn=arn) for _ in range(20)]
    for each in futures:
        with pytest.raises(ServiceError, match="have stopped"):
            each.result(20).result(20)
    assert over.wait(20)
    service.close()


def _arn(started: dict[str, Any]) -> dict[str, str]:
    return {"executionArn": started["executionArn"]}

"""DeleteStateMachine beside executions that begin, and what is left of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import STATES, create, machine, service, start, status, until

from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions
from penstock.store import Database

ARN = f"{STATES}:stateMachine:m"
WAIT = machine(W={"Type": "Wait", "Seconds": 9999, "End": True})


@contextmanager
def held(target: StepFunctions) -> Iterator[None]:
    """The loop stands still: what is asked meanwhile comes to it in one round."""
    go, stands = threading.Event(), threading.Event()

    def hold() -> None:
        stands.set()
        go.wait(20)

    target._state.loop.driver.post(hold)
    stands.wait(20)
    try:
        yield
    finally:
        go.set()


def ask(pool: ThreadPoolExecutor, target: StepFunctions, operation: str, given: dict[str, Any]) -> Future[Any]:
    """Asks in another thread; comes back when the loop has been asked."""
    inbox = target._state.loop.driver.inbox
    before = inbox.qsize()
    future = pool.submit(target.call, operation, given)
    until(lambda: inbox.qsize() > before or future.done())
    return future


@pytest.fixture(params=["file", "memory"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StepFunctions]:
    with service(tmp_path / "wf.db") if request.param == "file" else closing(StepFunctions()) as made:
        create(made, "m", WAIT)
        yield made


def test_an_execution_that_begins_just_before_its_machine_goes_is_stopped(target: StepFunctions) -> None:
    with ThreadPoolExecutor() as pool:
        with held(target):
            started = ask(pool, target, "StartExecution", {"stateMachineArn": ARN, "name": "x"})
            deleted = ask(pool, target, "DeleteStateMachine", {"stateMachineArn": ARN})
        arn = started.result(20)["executionArn"]
        assert deleted.result(20) == {}
    assert status(target, arn) == "ABORTED"


def test_an_execution_that_comes_just_after_its_machine_went_is_refused(target: StepFunctions) -> None:
    with ThreadPoolExecutor() as pool:
        with held(target):
            deleted = ask(pool, target, "DeleteStateMachine", {"stateMachineArn": ARN})
            started = ask(pool, target, "StartExecution", {"stateMachineArn": ARN, "name": "x"})
        assert deleted.result(20) == {}
        with pytest.raises(ServiceError, match="State Machine Does Not Exist") as told:
            started.result(20)
        assert told.value.code == "StateMachineDoesNotExist"
    create(target, "m", WAIT)  # and its name is free
    assert status(target, start(target, ARN, "x")) == "RUNNING"


def test_a_machine_that_takes_the_place_of_another_keeps_its_executions(target: StepFunctions) -> None:
    old = start(target, ARN, "old")
    target.call("DeleteStateMachine", {"stateMachineArn": ARN})
    assert status(target, old) == "ABORTED"  # when it is answered, it has happened
    create(target, "m", WAIT)
    new = start(target, ARN, "new")
    assert [each["name"] for each in target.call("ListExecutions", {"stateMachineArn": ARN})["executions"]] == ["new"]
    assert status(target, new) == "RUNNING"


def test_a_deletion_that_was_cut_off_is_whole_when_it_is_asked_for_again(tmp_path: Path) -> None:
    """The machine has gone, and the process before its executions were stopped."""
    with service(tmp_path / "wf.db") as target:
        create(target, "m", WAIT)
        arn = start(target, ARN, "x")
    database = Database(tmp_path / "wf.db")
    with database.write() as connection:
        connection.execute("DELETE FROM records WHERE kind = 'machine'")
    database.close()
    with service(tmp_path / "wf.db") as target:
        assert status(target, arn) == "RUNNING"
        target.call("DeleteStateMachine", {"stateMachineArn": ARN})
        assert status(target, arn) == "ABORTED"

"""GetExecutionHistory: beside a loop that is busy, beside a redrive, beside the end of what was kept long enough."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_deleting import ask, held
from tests.services.stepfunctions.test_durable import create, machine, service, start, status, until

from penstock.engine.journal import Journal
from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions
from penstock.store.purging import purge

FAILS = machine(P={"Type": "Pass", "Next": "F"}, F={"Type": "Fail", "Error": "No"})
EVENTS = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "FailStateEntered", "ExecutionFailed"]


@pytest.fixture(params=["file", "memory"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StepFunctions]:
    with service(tmp_path / "wf.db") if request.param == "file" else closing(StepFunctions()) as made:
        yield made


def ended(target: StepFunctions) -> str:
    arn = start(target, create(target, "f", FAILS), "x")
    until(lambda: status(target, arn) == "FAILED")
    return arn


def types(answer: Any) -> list[str]:
    return [each["type"] for each in answer["events"]]


def test_the_history_of_what_has_ended_waits_for_nothing_that_runs(target: StepFunctions) -> None:
    given = {"executionArn": ended(target)}
    with ThreadPoolExecutor() as pool, held(target):
        whole = pool.submit(target.call, "GetExecutionHistory", given).result(5)
        assert types(whole) == EVENTS
        page = pool.submit(target.call, "GetExecutionHistory", {**given, "maxResults": 2, "reverseOrder": True}).result(
            5
        )
        assert types(page) == EVENTS[:-3:-1]
        rest = {**given, "reverseOrder": True, "nextToken": page["nextToken"]}
        assert types(pool.submit(target.call, "GetExecutionHistory", rest).result(5)) == EVENTS[-3::-1]


def test_the_history_of_what_is_being_redriven_is_one_that_it_had(target: StepFunctions) -> None:
    arn = ended(target)
    with ThreadPoolExecutor() as pool:
        with held(target):
            redriven = ask(pool, target, "RedriveExecution", {"executionArn": arn})
            before = pool.submit(target.call, "GetExecutionHistory", {"executionArn": arn}).result(5)
        redriven.result(20)
    assert types(before) == EVENTS
    until(lambda: status(target, arn) == "FAILED")
    after = target.call("GetExecutionHistory", {"executionArn": arn})
    assert after["events"][:5] == before["events"]
    assert types(after)[5:] == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]


def test_the_history_of_what_goes_while_it_is_read_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a part of it."""
    with service(tmp_path / "wf.db") as target:
        arn = ended(target)
        history = Journal.history

        def slow(journal: Journal, *given: Any) -> Any:
            while purge(journal.database, float("inf")):
                pass
            return history(journal, *given)

        monkeypatch.setattr(Journal, "history", slow)
        with pytest.raises(ServiceError, match="Execution Does Not Exist"):
            target.call("GetExecutionHistory", {"executionArn": arn})


def test_the_machine_of_what_has_gone_since_it_was_found_is_none(tmp_path: Path) -> None:
    """Its definition has gone with it."""
    with service(tmp_path / "wf.db") as target:
        found = target._state.found(ended(target))
        journal = target._state.loop.driver.journal
        assert journal is not None
        assert purge(journal.database, float("inf"))
        assert journal.drop_definitions() == 1
        with pytest.raises(ServiceError, match="Execution Does Not Exist"):
            found.revision()

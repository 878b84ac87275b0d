"""What a service says no to, and what it is then left with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.engine.execution import Execution
from penstock.errors import ServiceError, StoreUnavailable
from penstock.services.stepfunctions import StepFunctions
from penstock.services.stepfunctions.paging import token
from penstock.services.tables import unavailable
from penstock.store import Database
from penstock.store.records import Records

ROLE = "arn:aws:iam::123456789012:role/r"
WAIT = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "wf.db", synchronous="NORMAL")
    yield made
    made.close()


@pytest.fixture
def service(database: Database) -> Iterator[StepFunctions]:
    made = StepFunctions(database=database)
    yield made
    made.close()


def create(service: StepFunctions, name: str = "m", definition: str = WAIT) -> str:
    given = {"name": name, "definition": definition, "roleArn": ROLE}
    return str(service.call("CreateStateMachine", given)["stateMachineArn"])


def refusal(service: StepFunctions, operation: str, **given: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        service.call(operation, given)
    return caught.value


def allow(database: Database, pages: int) -> None:
    with database.write() as connection:
        connection.execute(f"PRAGMA max_page_count={pages}")


def no_room(database: Database) -> None:
    with database.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    allow(database, pages)


def test_on_a_full_disk_nothing_new_is_taken_in(database: Database, service: StepFunctions) -> None:
    machine = create(service)
    no_room(database)
    large = json.dumps({**json.loads(WAIT), "Comment": "x" * 100_000})
    refused = refusal(service, "CreateStateMachine", name="large", definition=large, roleArn=ROLE)
    assert refused.code == "ServiceUnavailable"
    assert "cannot be written: database or disk is full" in str(refused)
    tags = [{"key": f"k{number}", "value": "v" * 250} for number in range(50)]
    assert refusal(service, "TagResource", resourceArn=machine, tags=tags).code == "ServiceUnavailable"
    made: list[str] = []

    def create_many() -> None:
        for number in range(1000):
            made.append(service.call("CreateActivity", {"name": f"{number}{'a' * 70}"})["activityArn"])

    with pytest.raises(ServiceError, match="disk is full"):
        create_many()
    listed = service.call("ListActivities", {"maxResults": 1000})["activities"]
    assert {each["activityArn"] for each in listed} == set(made)  # not the one that was refused
    assert [each["name"] for each in service.call("ListStateMachines", {})["stateMachines"]] == ["m"]


def test_what_the_file_says_runs_is_not_stopped_while_its_end_cannot_be_written_down(
    database: Database, service: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = create(service)
    arn = service.call("StartExecution", {"stateMachineArn": machine})["executionArn"]
    driver = service._state.loop.driver
    monkeypatch.setattr(driver, "failing", StoreUnavailable("the disk is full."))
    monkeypatch.setattr(driver, "find", lambda arn: None)  # it has ended, and the commit of its end has failed
    assert refusal(service, "StopExecution", executionArn=arn).code == "ServiceUnavailable"
    monkeypatch.undo()
    assert service.call("DescribeExecution", {"executionArn": arn})["status"] == "RUNNING"


def test_a_refused_start_leaves_nothing_behind(service: StepFunctions, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = create(service)

    def full(execution: Execution) -> None:
        raise unavailable(StoreUnavailable("The disk is full."))

    monkeypatch.setattr(service._state.loop, "_check", full)
    for _ in range(3):
        assert refusal(service, "StartExecution", stateMachineArn=machine).code == "ServiceUnavailable"
    monkeypatch.undo()
    assert service._state.kept._expected == {}  # type: ignore[attr-defined]


def test_an_input_that_is_too_large_only_as_it_is_written_down(service: StepFunctions) -> None:
    machine = create(service)
    text = f"[{','.join(['1e22'] * 50_000)}]"  # 250,001 bytes; 1e+22 is one longer
    refused = refusal(service, "StartExecution", stateMachineArn=machine, input=text)
    assert refused.code == "InvalidExecutionInput"
    assert "300,001 bytes" in str(refused)


@pytest.mark.parametrize("kept", ["in memory", "in a file"])
def test_true_is_another_input_than_1(kept: str, service: StepFunctions) -> None:
    target = service if kept == "in a file" else StepFunctions()
    machine = create(target)
    started = target.call("StartExecution", {"stateMachineArn": machine, "name": "n", "input": '{"a": 1, "b": 2}'})
    again = target.call("StartExecution", {"stateMachineArn": machine, "name": "n", "input": '{"b":2,"a":1}'})
    assert again == started
    refused = refusal(target, "StartExecution", stateMachineArn=machine, name="n", input='{"a": true, "b": 2}')
    assert refused.code == "ExecutionAlreadyExists"
    if target is not service:
        target.close()


@pytest.mark.parametrize("place", ["a", 0, -5, 10**30])
@pytest.mark.parametrize("operation", ["GetExecutionHistory", "ListExecutions"])
def test_a_token_that_was_made_up_is_invalid(operation: str, place: int | str, service: StepFunctions) -> None:
    machine = create(service)
    arn = service.call("StartExecution", {"stateMachineArn": machine})["executionArn"]
    given = {"executionArn": arn} if operation == "GetExecutionHistory" else {"stateMachineArn": machine}
    made_up = token(operation, given, place)
    assert refusal(service, operation, **given, nextToken=made_up).code == "InvalidToken"


def test_a_deletion_that_could_not_be_written_down_can_be_asked_for_again(
    service: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = create(service)
    service.call("PublishStateMachineVersion", {"stateMachineArn": machine})
    delete = Records.delete

    def full(records: Records, arn: str, afterwards: Callable[[], None]) -> None:
        if arn.endswith(":1"):
            raise StoreUnavailable("The disk is full.")
        delete(records, arn, afterwards)

    monkeypatch.setattr(Records, "delete", full)
    assert refusal(service, "DeleteStateMachine", stateMachineArn=machine).code == "ServiceUnavailable"
    monkeypatch.undo()
    assert len(service.call("ListStateMachineVersions", {"stateMachineArn": machine})["stateMachineVersions"]) == 1
    service.call("DeleteStateMachine", {"stateMachineArn": machine})
    create(service)
    assert service.call("ListStateMachineVersions", {"stateMachineArn": machine})["stateMachineVersions"] == []

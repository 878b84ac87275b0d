"""An operation that changes several records changes all of them or none, whatever cuts in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import ROLE, STATES, create, machine, service
from tests.store.files import in_another_process

from penstock.errors import ServiceError
from penstock.failpoints import VARIABLE
from penstock.services.stepfunctions import StepFunctions

ARN = f"{STATES}:stateMachine:m"
ACTIVITY = f"{STATES}:activity:a"
TAGS = [{"key": "k", "value": "v"}]
PASS = machine(P={"Type": "Pass", "End": True})
FAIL = machine(F={"Type": "Fail"})
CREATE: dict[str, Any] = {"name": "m", "definition": PASS, "roleArn": ROLE, "tags": TAGS, "publish": True}

OPERATIONS: dict[str, dict[str, Any]] = {
    "CreateStateMachine": CREATE,
    "UpdateStateMachine": {"stateMachineArn": ARN, "definition": FAIL, "publish": True},
    "DeleteStateMachine": {"stateMachineArn": ARN},
    "PublishStateMachineVersion": {"stateMachineArn": ARN},
    "CreateActivity": {"name": "a", "tags": TAGS},
    "DeleteActivity": {"activityArn": ACTIVITY},
}


def prepare(target: StepFunctions, operation: str) -> None:
    """What there is before the operation."""
    if operation in ("UpdateStateMachine", "DeleteStateMachine"):
        target.call("CreateStateMachine", CREATE)
        routes = [{"stateMachineVersionArn": f"{ARN}:1", "weight": 100}]
        target.call("CreateStateMachineAlias", {"name": "live", "routingConfiguration": routes})
    elif operation == "PublishStateMachineVersion":
        create(target, "m", PASS)
    elif operation == "DeleteActivity":
        target.call("CreateActivity", OPERATIONS["CreateActivity"])


def shown(target: StepFunctions) -> list[Any]:
    """All that a client sees of the machine and the activity, without dates and what is drawn."""
    found: list[Any] = []
    for operation, given in (
        ("DescribeStateMachine", {"stateMachineArn": ARN}),
        ("ListTagsForResource", {"resourceArn": ARN}),
        ("ListStateMachineVersions", {"stateMachineArn": ARN}),
        ("DescribeStateMachine", {"stateMachineArn": f"{ARN}:1"}),
        ("DescribeStateMachine", {"stateMachineArn": f"{ARN}:2"}),
        ("DescribeStateMachineAlias", {"stateMachineAliasArn": f"{ARN}:live"}),
        ("DescribeActivity", {"activityArn": ACTIVITY}),
        ("ListTagsForResource", {"resourceArn": ACTIVITY}),
    ):
        try:
            answer = target.call(operation, given)
        except ServiceError as error:
            found.append(error.code)
            continue
        text = json.dumps(answer, default=lambda value: "date")
        found.append(text.replace(str(answer.get("revisionId")), "revision"))
    return found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_process_that_dies_in_an_operation_did_all_of_it_or_nothing(operation: str, tmp_path: Path) -> None:
    with service(tmp_path / "whole.db") as target:
        prepare(target, operation)
        before = shown(target)
        target.call(operation, OPERATIONS[operation])
        after = shown(target)
    assert before != after
    program = (
        "import json, sys; from penstock.store import Database; "
        "from penstock.services.stepfunctions import StepFunctions\n"
        "StepFunctions(database=Database(sys.argv[1])).call(sys.argv[2], json.loads(sys.argv[3])); print('done', flush=True)\n"
        "import os; os._exit(0)"
    )
    seen = []
    for visit in range(1, 9):
        with service(tmp_path / f"{visit}.db") as target:
            prepare(target, operation)
        said = in_another_process(
            program,
            tmp_path / f"{visit}.db",
            operation,
            json.dumps(OPERATIONS[operation]),
            environ={**os.environ, VARIABLE: f"commit.inside=kill@{visit}"},
        )
        with service(tmp_path / f"{visit}.db") as target:
            seen.append(shown(target))
        assert seen[-1] in (before, after), (visit, said)
        if said == "done\n":
            break
    assert seen[0] == before
    assert seen[-1] == after


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_that_cannot_be_written_down_has_changed_nothing(operation: str, tmp_path: Path) -> None:
    with service(tmp_path / "wf.db") as target:
        prepare(target, operation)
        before = shown(target)
        database = target._state.stored.database  # type: ignore[union-attr]
        for row in (1, 2):  # that it would write is refused, as by a full disk
            with database.write() as connection:
                connection.execute(f"CREATE TABLE room AS SELECT {row} AS rows")
                for what in ("INSERT", "DELETE"):
                    connection.execute(
                        f"CREATE TRIGGER no_{what} BEFORE {what} ON records BEGIN UPDATE room SET rows = rows - 1; "
                        "SELECT CASE WHEN (SELECT rows FROM room) <= 0 THEN json('no room') END; END"
                    )
            with pytest.raises(ServiceError, match="cannot be written"):
                target.call(operation, OPERATIONS[operation])
            assert shown(target) == before, row
            with database.write() as connection:
                connection.execute("DROP TRIGGER no_INSERT")
                connection.execute("DROP TRIGGER no_DELETE")
                connection.execute("DROP TABLE room")
        target.call(operation, OPERATIONS[operation])
        after = shown(target)
        assert after != before
    with service(tmp_path / "wf.db") as target:
        assert shown(target) == after

"""Listings of many executions: what is looked through, and what is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.store.files import row

from penstock.store import Database
from penstock.store.executions import Closing, Executions

OWNER = "arn:aws:states:us-east-1:1:stateMachine:m"


def _closing(number: int) -> Closing:
    return Closing(
        id=number,
        status="SUCCEEDED",
        output=b'"' + b"o" * 1000 + b'"',
        error=None,
        cause=None,
        stopped=2.0,
        redriven=None,
        redrive_count=0,
        events=5,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Executions]:
    database = Database(tmp_path / "wf.db", synchronous="NORMAL")
    with database.write() as connection:
        Executions.insert(
            connection,
            [
                row(number, input=b"[1]", record=json.dumps({"alias_arn": f"{OWNER}:live"} if number == 7 else {}))
                for number in range(1, 1001)
            ],
        )
        Executions.close(connection, [_closing(number) for number in range(4, 1001)])
    yield Executions(database)
    database.close()


def _steps(store: Executions, **given: Any) -> tuple[list[int], int]:
    """Ids that are found, and how many hundreds of SQLite's operations it took."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.database.read() as connection:
        connection.set_progress_handler(count, 100)
    found = [each.id for each in store.of(OWNER, **given)]  # with the same connection, the only one in the pool
    return found, steps


def test_the_few_that_run_are_found_without_looking_through_all(store: Executions) -> None:
    found, steps = _steps(store, status="RUNNING", limit=10)
    assert found == [3, 2, 1]
    assert steps <= 3
    assert _steps(store, status="SUCCEEDED", limit=2)[0] == [1000, 999]


def test_those_that_an_alias_started(store: Executions) -> None:
    assert [each.id for each in store.of(OWNER, by=f"{OWNER}:live", limit=10)] == [7]
    assert store.of(OWNER, by=f"{OWNER}:1", limit=10) == []


def test_a_listing_reads_no_inputs_and_no_outputs(store: Executions) -> None:
    listed = store.of(OWNER, limit=10)
    assert {(each.input, each.output) for each in listed} == {(b"", None)}
    whole = store.by_id(10)
    assert whole is not None
    assert whole.input == b"[1]"
    assert whole.output is not None

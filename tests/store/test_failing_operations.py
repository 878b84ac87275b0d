"""SQLite's own trick: the first, second, … operation on the file fails, until a run is through that no failure touched. Each
time the run comes to the same end, no task runs twice, and nothing is stuck."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.engine.journaling import Process, shape
from tests.engine.support import FUNCTION
from tests.engine.test_recovery import INNER, MACHINES, World, _known, _objects

from penstock.clock import Entropy
from penstock.errors import StoreUnavailable

WORDS = ("disk I/O error", "database or disk is full", "database is locked")


class Faulty:
    """A connection whose operations number `first` to `first + count - 1` fail."""

    def __init__(self, connection: sqlite3.Connection, first: int, count: int) -> None:
        self._connection = connection
        self._first = first
        self._count = count
        self.operations = 0

    def _check(self) -> None:
        self.operations += 1
        if self._first <= self.operations < self._first + self._count:
            raise sqlite3.OperationalError(WORDS[self.operations % len(WORDS)])

    def execute(self, sql: str, *more: Any) -> Any:
        if sql != "ROLLBACK":
            self._check()
        return self._connection.execute(sql, *more)

    def executemany(self, sql: str, rows: Any) -> Any:
        self._check()
        return self._connection.executemany(sql, rows)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def close(self) -> None:
        self._connection.close()


def run(name: str, file: Path, first: int, count: int) -> tuple[Process, World, Faulty]:
    document, value, answer = MACHINES[name]
    world = World(answer)
    process = Process(file, [world], machines={"inner": INNER}, objects=_objects())
    faulty = Faulty(process.database._connection, first, count)
    process.database._connection = faulty  # type: ignore[assignment]
    for _ in range(20):
        process.driver.entropy = Entropy("s")
        running = process.start(document, value)
        process.finish()
        if not running.withdrawn:
            break  # else it could not be written down, and whoever asked for it was told so: they ask again
    return process, world, faulty


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", MACHINES)
def test_whichever_operation_fails(name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.committing_loop.RETRY_SECONDS", 0.0)
    whole, asked, untouched = run(name, tmp_path / "whole.db", 0, 0)
    with whole:
        expected, wanted = whole.closed(), shape(whole.history())
    assert expected.status == "SUCCEEDED"
    first = 1
    step = max(1, untouched.operations // 60)  # each of a short run, some sixty of a long one
    while first <= untouched.operations:
        process, world, _ = run(name, tmp_path / f"{first}.db", first, count)
        with process:
            found = process.closed()
            assert (found.status, _known(found.output)) == (expected.status, _known(expected.output)), first
            assert sorted(map(repr, world.asked)) == sorted(map(repr, asked.asked)), first
            if name not in ("a distributed Map", "a Parallel and a Map"):
                assert shape(process.history()) == wanted, first
            assert process.driver.failing is None
        first += step


def test_an_execution_that_could_not_be_written_down_never_was(tmp_path: Path) -> None:
    """With all that it had begun in its first round: a child, a timer, an attempt."""
    document = {
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel",
                "TimeoutSeconds": 9,
                "Branches": [
                    {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}},
                    {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": FUNCTION, "End": True}}},
                    {
                        "StartAt": "D",
                        "States": {
                            "D": {
                                "Type": "Map",
                                "ItemProcessor": {
                                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                                    **INNER,
                                },
                                "End": True,
                            }
                        },
                    },
                ],
                "End": True,
            }
        },
    }
    document["States"]["Both"].pop("TimeoutSeconds")
    world = World(MACHINES["a chain of tasks"][2])
    process = Process(tmp_path / "x.db", [world])
    real = process.database._connection
    process.database._connection = Faulty(real, 1, 1)  # type: ignore[assignment]
    running = process.start(document, [1, 2])
    process.driver.turn()
    assert running.withdrawn
    assert isinstance(process.driver.failing, StoreUnavailable)
    assert not process.driver._open
    assert not process.driver._turns
    assert process.driver.agenda.next() is None
    assert process.journal.pending is False
    process.database._connection = real
    process.driver.turn()
    assert process.driver.failing is None
    assert not world.asked
    assert process.journal.find(running.execution.arn) is None
    assert process.start(document, [1, 2])
    process.finish()
    assert process.closed().status == "SUCCEEDED"
    process.__exit__()

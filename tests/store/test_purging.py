"""What was kept long enough goes: all of it, a bounded part at a time, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.files import row

from penstock.store import Database
from penstock.store.executions import Closing, Executions
from penstock.store.listing import Filter
from penstock.store.purging import purge

OWNER = "arn:aws:states:us-east-1:1:stateMachine:m"
BIG = 1
"""Has 40 children of a Map Run, one of which has 30 of its own and 20 turns; and an execution that its Task started."""
STARTED = 200
SMALL = range(300, 330)
YOUNG = 400
GOING = 401


def _closing(number: int, stopped: float) -> Closing:
    return Closing(
        id=number,
        status="SUCCEEDED",
        output=b"1",
        error=None,
        cause=None,
        stopped=stopped,
        redriven=None,
        redrive_count=0,
        events=3,
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "wf.db", synchronous="NORMAL")
    with made.write() as connection:
        run = {"owner": f"{OWNER}/run"}
        children = [row(number, parent=BIG, child=number, run=5, **run) for number in range(2, 42)]
        below = [row(number, parent=30, child=number, run=6, **run) for number in range(100, 130)]
        alone = [row(STARTED, parent=BIG, child=9), *map(row, SMALL), row(YOUNG), row(GOING)]
        every = [row(BIG, version=f"{OWNER}:1"), *children, *below, *alone]
        Executions.insert(connection, every)
        for each in every:
            turns = 20 if each.id == 30 else 2
            Executions.append(
                connection, [(each.id, turn, 1.0, b"[1]", turn, b"x" * 100) for turn in range(1, turns + 1)]
            )
            Executions.snapshot(connection, [(each.id, 1, 1, b"{}")])
        Executions.map_run(connection, [("run", BIG, 5, "{}"), ("below", 30, 6, "{}"), ("young", YOUNG, 5, "{}")])
        Executions.close(
            connection,
            [_closing(each.id, 200.0 if each.id in (STARTED, YOUNG) else 50.0) for each in every if each.id != GOING],
        )
    yield made
    made.close()


def _left(database: Database) -> dict[str, list[int]]:
    with database.read() as connection:
        return {
            table: [each[0] for each in connection.execute(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1")]
            for table, column in (
                ("executions", "id"),
                ("journal", "execution"),
                ("snapshots", "execution"),
                ("map_runs", "execution"),
            )
        }


STAYS = [STARTED, YOUNG, GOING]


@pytest.mark.parametrize("rows", [1, 7, 50, 10_000])
def test_it_goes_a_part_at_a_time_and_is_out_of_sight_at_once(rows: int, database: Database) -> None:
    store = Executions(database)
    arn = row(BIG).arn
    commits = database.commits
    while deleted := purge(database, 100.0, rows=rows):
        assert deleted <= rows
        # Whatever of it is still there: nothing finds it, and its name is free.
        assert store.find(arn) is None
        assert store.named("1") == []
        assert BIG not in [each.id for each in store.of(OWNER)] + [each.id for each in store.of(None)]
        assert store.of(OWNER, Filter(by=f"{OWNER}:1")) == []
        assert store.map_run_of("run") is None
        assert set(store.counts()) <= {"SUCCEEDED", "RUNNING"}
    assert _left(database) == {"executions": STAYS, "journal": STAYS, "snapshots": STAYS, "map_runs": [YOUNG]}
    assert database.commits - commits >= 300 // rows


def test_large_values_count_for_the_pages_they_have(database: Database) -> None:
    with database.write() as connection:
        connection.execute("UPDATE journal SET records = zeroblob(100000) WHERE execution IN (300, 301)")
    deleted = []
    while found := purge(database, 100.0, rows=50):
        deleted.append(found)
    assert min(deleted) <= 3
    assert _left(database)["executions"] == STAYS


def test_nothing_is_written_where_nothing_is_old(database: Database) -> None:
    commits = database.commits
    assert purge(database, 1.0) == 0
    assert database.commits == commits


def test_what_an_earlier_process_left_half_deleted_goes_whatever_its_age(database: Database) -> None:
    assert purge(database, 100.0, rows=7)
    assert purge(database, 1.0, rows=10_000)  # nothing is old enough any more, but this has begun to go
    left = _left(database)["executions"]
    assert left == sorted([*SMALL, *STAYS])

"""Listings of many executions: what is looked through, and what is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.store.files import row

from penstock.store import Database, Summary
from penstock.store.executions import Closing, Executions
from penstock.store.listing import Filter

OWNER = "arn:aws:states:us-east-1:1:stateMachine:m"


def _closing(number: int) -> Closing:
    return Closing(
        id=number,
        status="FAILED" if number in (10, 20, 30) else "SUCCEEDED",
        output=b'"' + b"o" * 1000 + b'"',
        error=None,
        cause=None,
        stopped=2.0,
        redriven=None,
        redrive_count=2 if number in (30, 31) else 0,
        events=5,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Executions]:
    database = Database(tmp_path / "wf.db", synchronous="NORMAL")
    with database.write() as connection:
        Executions.insert(
            connection,
            [
                row(
                    number,
                    input=b"[1]",
                    version=f"{OWNER}:3" if number in (2, 7) else None,
                    alias=f"{OWNER}:live" if number in (2, 7, 8) else None,
                )
                for number in range(1, 5001)
            ],
        )
        Executions.close(connection, [_closing(number) for number in range(4, 5001)])
        connection.execute("UPDATE executions SET redrive_count = 1 WHERE id = 3")
    yield Executions(database)
    database.close()


def listed(
    store: Executions, owner: str | None = OWNER, before: int | None = None, limit: int = -1, **which: Any
) -> list[Summary]:
    return store.of(owner, Filter(**which), before=before, limit=limit)


def _steps(store: Executions, **given: Any) -> tuple[list[int], int]:
    """Ids that are found, and how many hundreds of SQLite's operations it took."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with store.database.read() as connection:
        connection.set_progress_handler(count, 100)
    found = [each.id for each in listed(store, **given)]  # with the same connection, the only one in the pool
    return found, steps


def test_the_few_that_run_are_found_without_looking_through_all(store: Executions) -> None:
    found, steps = _steps(store, status="RUNNING", limit=10)
    assert found == [3, 2, 1]
    assert steps <= 3
    assert _steps(store, status="SUCCEEDED", limit=2)[0] == [5000, 4999]


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [5000, 4999, 4998]),
    ({"status": "FAILED"}, [30, 20, 10]),
    ({"status": "TIMED_OUT"}, []),
    ({"redriven": True}, [31, 30, 3]),
    ({"redriven": True, "status": "SUCCEEDED"}, [31]),
    ({"redriven": False, "status": "FAILED"}, [20, 10]),
    ({"by": f"{OWNER}:live"}, [8, 7, 2]),
    ({"by": f"{OWNER}:live", "status": "SUCCEEDED"}, [8, 7]),
    ({"by": f"{OWNER}:3"}, [7, 2]),
    ({"by": f"{OWNER}:3", "redriven": True}, []),
    ({"by": f"{OWNER}:4"}, []),
    ({"status": "FAILED", "before": 30}, [20, 10]),
    ({"after": 4998}, [5000, 4999]),
    ({"after": 20, "status": "FAILED"}, [30]),
]


@pytest.mark.parametrize(("given", "expected"), FILTERS)
def test_a_page_costs_what_a_page_has(given: dict[str, Any], expected: list[int], store: Executions) -> None:
    found, steps = _steps(store, **given, limit=3)
    assert found == expected
    assert steps <= 8, "it looks through more than it gives"
    before: int | None = 1 << 40
    paged: list[int] = []
    while True:  # page by page, it comes to the same as looking through all
        page = listed(store, **{**given, "before": given.get("before", before) if not paged else before}, limit=2)
        paged += [each.id for each in page]
        if len(page) < 2:
            break
        before = page[-1].id
    with store.database.read() as connection:
        rows = connection.execute(
            "SELECT id, status, redrive_count > 0, version, alias FROM executions WHERE id < ? AND id > ? ORDER BY id DESC",
            (given.get("before", 1 << 40), given.get("after", 0)),
        ).fetchall()
    assert paged == [
        row[0]
        for row in rows
        if given.get("status") in (None, row[1])
        and given.get("redriven") in (None, bool(row[2]))
        and ("by" not in given or given["by"] in row[3:])
    ]


def test_all_machines_are_listed_together(store: Executions) -> None:
    assert [each.id for each in store.of(None, limit=2)] == [5000, 4999]
    for status, expected in (("RUNNING", [3, 2, 1]), ("FAILED", [30, 20, 10]), ("TIMED_OUT", [])):
        found, steps = _steps(store, owner=None, status=status, limit=10)
        assert found == expected
        assert steps <= 3
    assert _steps(store, owner=None, status="SUCCEEDED", limit=2)[0] == [5000, 4999]


def test_a_listing_reads_no_inputs_and_no_outputs(store: Executions) -> None:
    listed = store.of(OWNER, limit=10)
    assert {(each.input, each.output) for each in listed} == {(b"", None)}
    whole = store.by_id(10)
    assert whole is not None
    assert whole.input == b"[1]"
    assert whole.output is not None

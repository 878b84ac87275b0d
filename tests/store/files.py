"""What the tests of the store share: rows to put into a file, and another process on it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penstock.store import Database, ExecutionRow
from penstock.store.executions import Executions
from penstock.store.lambda_events import EventRow


class Disk:
    """A connection to a file on a disk that can be full, as it is noticed `at` the beginning or the COMMIT of a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.full = False
        self.at = "BEGIN"
        self.refused = 0
        self.before: Callable[[str], None] = lambda sql: None

    def execute(self, sql: str, *more: Any) -> Any:
        self.before(sql)
        if self.full and sql.startswith(self.at):
            self.refused += 1
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(sql, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def row(number: int, **more: object) -> ExecutionRow:
    fields = {
        "id": number,
        "arn": f"arn:aws:states:us-east-1:1:execution:m:{number}",
        "owner": "arn:aws:states:us-east-1:1:stateMachine:m",
        "name": str(number),
        "type": "STANDARD",
        "definition": 1,
        "processor": None,
        "about": "{}",
        "record": None,
        "input": b"{}",
        "started": 1.0,
        **more,
    }
    return ExecutionRow(**fields)  # type: ignore[arg-type]


def fill(database: Database, rows: int, *, size: int = 500, start: int = 1) -> None:
    """Executions with a turn each, a transaction for each."""
    for number in range(start, start + rows):
        with database.write() as connection:
            Executions.insert(connection, [row(number)])
            Executions.append(connection, [(number, 1, 1.0, b'["start"]', 1, b"x" * size)])


def lambda_event(number: int) -> EventRow:
    return EventRow(
        id=number,
        function="arn:aws:lambda:us-east-1:1:function:f:$LATEST",
        invoked="arn:aws:lambda:us-east-1:1:function:f",
        destination=None,
        request_id="r",
        payload=b"{}",
        more='"\ud800"',
        accepted=1.0,
        due=2.0,
        attempts=1,
        returned=3,
    )


def of_format_1(file: Path) -> Path:
    """Makes a file as the first format was: of the machine `m`, with executions of it, of its version 1 and its alias `live`, and
    one of a machine `m` that was deleted before."""
    connection = sqlite3.connect(file)
    connection.executescript((Path(__file__).parent / "data" / "format_1.sql").read_text())
    connection.close()
    return file


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [each[0] for each in connection.execute("SELECT name FROM executions ORDER BY id")]


def in_another_process(program: str, *arguments: object, environ: dict[str, str] | None = None) -> str:
    """What it prints; its exit code first where that is not 0."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environ,
        cwd=Path(__file__).parents[2],
    )
    return (f"{done.returncode}: " if done.returncode else "") + done.stdout + done.stderr

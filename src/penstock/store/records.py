"""Small records by kind and ARN: state machines, versions, aliases, tags, activities, functions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from penstock.store.database import Database
from penstock.store.texts import bound, text_of


@dataclass(frozen=True, slots=True)
class RecordRow:
    """`number` is its place among those of its kind; `data` a JSON text."""

    arn: str
    owner: str
    number: int
    data: str


class Changes:
    """Changes of records of any kinds: those made within `together` are one transaction, and are seen when it is durable. From
    any thread; others wait."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._lock = threading.RLock()
        self._depth = 0
        self._statements: list[tuple[str, tuple[Any, ...]]] = []
        self._afterwards: list[Callable[[], None]] = []

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is changed inside, by this thread, happens at the end of it, or nothing does where an exception comes out.
        Raises StoreUnavailable."""
        with self._lock:
            self._depth += 1
            try:
                yield
                if self._depth == 1 and self._statements:
                    with self.database.write() as connection:
                        for sql, values in self._statements:
                            connection.execute(sql, values)
                    for call in self._afterwards:
                        call()
            finally:
                self._depth -= 1
                if not self._depth:
                    self._statements.clear()
                    self._afterwards.clear()

    def add(self, sql: str, values: tuple[Any, ...], afterwards: Callable[[], None]) -> None:
        """One more change; `afterwards` is called when it is durable. A transaction of its own where it is not one of several."""
        with self.together():
            self._statements.append((sql, bound(values)))
            self._afterwards.append(afterwards)


class Records:
    """Those of one kind."""

    def __init__(self, changes: Changes, kind: str) -> None:
        self._changes = changes
        self._kind = kind

    def all(self) -> Iterator[RecordRow]:
        """In the order in which they were first put."""
        with self._changes.database.read() as connection:
            for row in connection.execute(
                "SELECT arn, owner, number, data FROM records WHERE kind = ? ORDER BY number", (self._kind,)
            ):
                yield RecordRow(*map(text_of, row))

    def put(self, row: RecordRow, afterwards: Callable[[], None]) -> None:
        """`afterwards` is called when it is durable, before this returns or before the changes that it is one of are over."""
        self._changes.add(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)",
            (self._kind, row.arn, row.owner, row.number, row.data),
            afterwards,
        )

    def delete(self, arn: str, afterwards: Callable[[], None]) -> None:
        """As `put`."""
        self._changes.add("DELETE FROM records WHERE kind = ? AND arn = ?", (self._kind, arn), afterwards)

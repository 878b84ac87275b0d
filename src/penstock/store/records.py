"""Small records by kind and ARN: state machines, versions, aliases, tags, activities, functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from penstock.store.database import Database
from penstock.store.texts import bound, text_of


@dataclass(frozen=True, slots=True)
class RecordRow:
    """`number` is its place among those of its kind; `data` a JSON text."""

    arn: str
    owner: str
    number: int
    data: str


class Records:
    """Those of one kind. Every change is a transaction of its own, durable when the call returns."""

    def __init__(self, database: Database, kind: str) -> None:
        self._database = database
        self._kind = kind

    def all(self) -> Iterator[RecordRow]:
        """In the order in which they were first put."""
        with self._database.read() as connection:
            for row in connection.execute(
                "SELECT arn, owner, number, data FROM records WHERE kind = ? ORDER BY number", (self._kind,)
            ):
                yield RecordRow(*map(text_of, row))

    def put(self, row: RecordRow) -> None:
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)",
                bound((self._kind, row.arn, row.owner, row.number, row.data)),
            )

    def delete(self, arn: str) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM records WHERE kind = ? AND arn = ?", bound((self._kind, arn)))

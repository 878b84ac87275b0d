"""Tables whose records are rows of a Database: read into memory at the start, and written through."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Generic, TypeVar

from penstock.services.tables import MemoryTable, Record
from penstock.store import RecordRow
from penstock.store.records import Changes, Records

R = TypeVar("R", bound=Record)


class StoredTable(Generic[R]):
    """A table whose changes are durable when its calls return, or when the changes are over that they are part of."""

    def __init__(self, changes: Changes, kind: str, make: Callable[[dict[str, Any]], R]) -> None:
        self._changes = changes
        self._records = Records(changes, kind)
        self._table: MemoryTable[R] = MemoryTable()
        self._numbers: dict[str, int] = {}
        self._last = 0
        for row in self._records.all():
            self._table.put(make(json.loads(row.data)))
            self._numbers[row.arn] = self._last = row.number

    def get(self, arn: str) -> R | None:
        return self._table.get(arn)

    def put(self, record: R) -> None:
        data = json.dumps(asdict(record), separators=(",", ":"))  # type: ignore[call-overload]  # all are dataclasses
        with self._changes.together():
            number = self._numbers.get(record.arn)
            if number is None:
                number = self._last = self._last + 1

            def put() -> None:
                self._numbers[record.arn] = number
                self._table.put(record)

            self._records.put(RecordRow(record.arn, record.owner, number, data), put)

    def delete(self, arn: str) -> None:
        def delete() -> None:
            self._numbers.pop(arn, None)
            self._table.delete(arn)

        with self._changes.together():
            if self._table.get(arn) is not None:
                self._records.delete(arn, delete)

    def of(self, owner: str, *, newest_first: bool = False) -> Iterator[R]:
        return self._table.of(owner, newest_first=newest_first)

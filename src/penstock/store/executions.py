"""Executions, their journal and their Map Runs: rows in, rows out. What the bytes in them mean, `engine.journal` knows."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from penstock.errors import StoreError
from penstock.frozen import frozen, keyword_frozen
from penstock.store.database import Database
from penstock.store.listing import ALL, GONE, Filter, ids
from penstock.store.texts import bound, text_of


@keyword_frozen
class ExecutionRow:
    """An execution as it is when it begins. Times are seconds since the epoch; `input`, `about` and `record` JSON texts."""

    id: int
    arn: str
    owner: str
    name: str
    type: str
    definition: int
    processor: str | None
    about: str
    record: str | None
    input: bytes
    started: float
    parent: int | None = None
    child: int | None = None
    run: int | None = None
    items: int = 1
    version: str | None = None
    alias: str | None = None


@keyword_frozen
class Summary:
    """An execution as the file has it. `events` counts the history of a closed one."""

    id: int
    arn: str
    owner: str
    name: str
    type: str
    status: str
    definition: int
    processor: str | None
    about: str
    record: str | None
    input: bytes
    output: bytes | None
    error: str | None
    cause: str | None
    started: float
    stopped: float | None
    redriven: float | None
    redrive_count: int
    events: int
    parent: int | None
    child: int | None
    run: int | None
    items: int
    recoveries: int
    recovered: int
    parked: str | None


@frozen
class TurnRow:
    """One thing that the core was told, and the history events that came of it."""

    turn: int
    at: float
    event: bytes
    first: int
    records: bytes | None


@keyword_frozen
class Closing:
    """What changes when an execution ends, or is redriven."""

    id: int
    status: str
    output: bytes | None
    error: str | None
    cause: str | None
    stopped: float | None
    redriven: float | None
    redrive_count: int
    events: int


_COLUMNS: Final = (
    "id, arn, owner, name, type, status, definition, processor, about, record, input, output, error, cause, started, "
    "stopped, redriven, redrive_count, events, parent, child, run, items, recoveries, recovered, parked"
)
_LISTED: Final = _COLUMNS.replace(" input, output,", " x'', NULL,")
_NAMES: Final = tuple(_COLUMNS.split(", "))
_TEXTS: Final = ("arn", "owner", "name", "processor", "about", "record", "error", "cause", "parked")


class Executions:
    """What is asked of a Database about executions."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ---- within a transaction

    @staticmethod
    def insert(connection: sqlite3.Connection, rows: Iterable[ExecutionRow]) -> None:
        connection.executemany(
            "INSERT INTO executions (id, arn, owner, name, type, status, definition, processor, about, record, input, "
            "started, parent, child, run, items, version, alias) "
            "VALUES (?, ?, ?, ?, ?, 'RUNNING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                bound(
                    (
                        row.id,
                        row.arn,
                        row.owner,
                        row.name,
                        row.type,
                        row.definition,
                        row.processor,
                        row.about,
                        row.record,
                        row.input,
                        row.started,
                        row.parent,
                        row.child,
                        row.run,
                        row.items,
                        row.version,
                        row.alias,
                    )
                )
                for row in rows
            ],
        )

    @staticmethod
    def append(
        connection: sqlite3.Connection, rows: Iterable[tuple[int, int, float, bytes, int, bytes | None]]
    ) -> None:
        """Turns: (execution, turn, at, event, first, records)."""
        connection.executemany(
            "INSERT INTO journal (execution, turn, at, event, first, records) VALUES (?, ?, ?, ?, ?, ?)", rows
        )

    @staticmethod
    def close(connection: sqlite3.Connection, rows: Iterable[Closing]) -> None:
        connection.executemany(
            "UPDATE executions SET status = ?, output = ?, error = ?, cause = ?, stopped = ?, redriven = ?, "
            "redrive_count = ?, events = ? WHERE id = ?",
            [
                bound(
                    (
                        row.status,
                        row.output,
                        row.error,
                        row.cause,
                        row.stopped,
                        row.redriven,
                        row.redrive_count,
                        row.events,
                        row.id,
                    )
                )
                for row in rows
            ],
        )

    @staticmethod
    def delete(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        rows = [(each,) for each in ids]
        for table, column in (
            ("journal", "execution"),
            ("snapshots", "execution"),
            ("map_runs", "execution"),
            ("executions", "id"),
        ):
            connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows)

    @staticmethod
    def snapshot(connection: sqlite3.Connection, rows: Iterable[tuple[int, int, int, bytes]]) -> None:
        """(execution, turn, events, data); the newest takes the place of the one before."""
        connection.executemany("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", rows)

    @staticmethod
    def map_run(connection: sqlite3.Connection, rows: Iterable[tuple[str, int, int, str]]) -> None:
        """(arn, execution, number, data)."""
        connection.executemany("INSERT OR REPLACE INTO map_runs VALUES (?, ?, ?, ?)", map(bound, rows))

    @staticmethod
    def define(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str]]) -> None:
        """(id, hash, text)."""
        connection.executemany("INSERT OR IGNORE INTO definitions VALUES (?, ?, ?)", map(bound, rows))

    @staticmethod
    def undefine(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
        connection.executemany("DELETE FROM definitions WHERE id = ?", [(each,) for each in ids])

    @staticmethod
    def recovered(connection: sqlite3.Connection, rows: Iterable[tuple[int, int, str | None, int]]) -> None:
        """(recoveries, last turn, parked, id)."""
        connection.executemany(
            "UPDATE executions SET recoveries = ?, recovered = ?, parked = ? WHERE id = ?", map(bound, rows)
        )

    # ---- questions

    def last(self) -> tuple[int, int, float]:
        """The greatest ids of executions and of definitions, and the time of the last turn."""
        with self.database.read() as connection:
            ids = connection.execute(
                "SELECT (SELECT max(id) FROM executions), (SELECT max(id) FROM definitions)"
            ).fetchone()
            at = connection.execute("SELECT at FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        return ids[0] or 0, ids[1] or 0, at[0] if at else 0.0

    def definitions(self) -> dict[str, int]:
        """Hash → id."""
        with self.database.read() as connection:
            return dict(connection.execute("SELECT hash, id FROM definitions"))

    def definition(self, id: int) -> str:  # noqa: A002  (the column's name)
        """Raises StoreError where it is not there (any more)."""
        with self.database.read() as connection:
            row = connection.execute("SELECT text FROM definitions WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise StoreError(f"{self.database.path} has no definition {id}.")
        return str(text_of(row[0]))

    def unused_definitions(self, limit: int) -> list[int]:
        """Ids of those that no execution refers to."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT id FROM definitions WHERE NOT EXISTS "
                "(SELECT 1 FROM executions WHERE definition = definitions.id AND run IS NULL) LIMIT ?",
                (limit,),
            ).fetchall()
        return [row[0] for row in rows]

    def find(self, arn: str) -> Summary | None:
        return self._one("arn = ?", (arn,))

    def named(self, name: str) -> list[Summary]:
        """Newest first, of all machines (no Map Run's children)."""
        return list(self._many("name = ? AND run IS NULL ORDER BY id DESC", (name,)))

    def started_by(self, parent: int) -> Iterator[Summary]:
        """What the Tasks of an execution started, in the order of their starts."""
        return self._many("parent = ? AND run IS NULL ORDER BY id", (parent,))

    def by_id(self, id: int) -> Summary | None:  # noqa: A002
        return self._one("id = ?", (id,))

    def child(self, parent: int, number: int) -> Summary | None:
        """What the execution `parent` started under that number."""
        return self._one("parent = ? AND child = ?", (parent, number))

    def running(self) -> Iterator[Summary]:
        """In the order in which they started, so that a parent comes before its children."""
        # The ids are sorted, not the rows: those may be large.
        return self._many("id IN (SELECT id FROM executions WHERE status = 'RUNNING') ORDER BY id", ())

    def children(self, parent: int, run: int) -> Iterator[Summary]:
        """Of one Map Run, in the order of their starts."""
        return self._many("parent = ? AND run = ? ORDER BY id", (parent, run))

    def of(
        self, owner: str | None, which: Filter = ALL, *, before: int | None = None, limit: int = -1
    ) -> list[Summary]:
        """Newest first, those with an id under `before`; of one owner, or of all machines (no Map Run's children, and by their
        status alone). Their inputs and outputs, which may be large, are left out."""
        if owner is not None:
            query, values = ids(owner, which, before, limit)
            return list(self._many(f"id IN ({query}) ORDER BY id DESC LIMIT ?", (*values, limit), _LISTED))
        where, values = ["run IS NULL"], []
        if before is not None:
            where.append("id < ?")
            values.append(before)
        if which.status == "SUCCEEDED":  # many: the newest rows are some of them
            where.append("+status = 'SUCCEEDED'")
        elif which.status is not None:  # few: the index has them together, though not in order
            where.append("id IN (SELECT id FROM executions INDEXED BY executions_by_status WHERE status = ?)")
            values.append(which.status)
        else:
            where.append(f"+status <> '{GONE}'")
        return list(self._many(f"{' AND '.join(where)} ORDER BY id DESC LIMIT ?", (*values, limit), _LISTED))

    def counts(self) -> dict[str, int]:
        """Status → how many."""
        with self.database.read() as connection:
            found = dict(connection.execute("SELECT status, count(*) FROM executions GROUP BY status"))
        found.pop(GONE, None)
        return found

    def counts_of(self, parent: int, run: int) -> list[tuple[str, int, int]]:
        """Of a Map Run's children: status, how many, and how many items they have."""
        with self.database.read() as connection:
            return connection.execute(
                "SELECT status, count(*), sum(items) FROM executions WHERE parent = ? AND run = ? GROUP BY status",
                (parent, run),
            ).fetchall()

    def turns(self, execution: int, *, after: int = 0, first: int = 0) -> Iterator[TurnRow]:
        """What it was told, in order: turns numbered over `after`, whose first event is at or after `first`."""
        with self.database.read() as connection:
            cursor = connection.execute(
                "SELECT turn, at, event, first, records FROM journal WHERE execution = ? AND first >= ? AND turn > ? "
                "ORDER BY first, turn",
                (execution, first, after),
            )
            for row in cursor:
                yield TurnRow(*row)

    def history(self, execution: int, start: int) -> Iterator[tuple[int, bytes]]:
        """(first id, records) of the turns that recorded events, from the one with the event `start` on."""
        with self.database.read() as connection:
            cursor = connection.execute(
                "SELECT first, records FROM journal WHERE execution = ?1 AND records IS NOT NULL AND first >= coalesce("
                "(SELECT max(first) FROM journal WHERE execution = ?1 AND records IS NOT NULL AND first <= ?2), 0) "
                "ORDER BY first, turn",
                (execution, start),
            )
            for row in cursor:
                yield row[0], row[1]

    def last_event(self, execution: int) -> tuple[int, bytes] | None:
        """(first id, records) of the last turn that recorded events."""
        with self.database.read() as connection:
            row: tuple[int, bytes] | None = connection.execute(
                "SELECT first, records FROM journal WHERE execution = ? AND records IS NOT NULL "
                "ORDER BY first DESC, turn DESC LIMIT 1",
                (execution,),
            ).fetchone()
        return row

    def snapshot_of(self, execution: int) -> tuple[int, int, bytes] | None:
        """(turn, events, data)."""
        with self.database.read() as connection:
            row: tuple[int, int, bytes] | None = connection.execute(
                "SELECT turn, events, data FROM snapshots WHERE execution = ?", (execution,)
            ).fetchone()
        return row

    def map_runs_of(self, execution: int) -> list[tuple[str, int, str]]:
        """(arn, number, data), in the order of their beginnings."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT arn, number, data FROM map_runs WHERE execution = ? ORDER BY number", (execution,)
            ).fetchall()
        return [(text_of(arn), number, text_of(data)) for arn, number, data in rows]

    def map_run_of(self, arn: str) -> tuple[int, int, str] | None:
        """(execution, number, data)."""
        with self.database.read() as connection:
            row = connection.execute(
                "SELECT execution, number, data FROM map_runs WHERE arn = ?", bound((arn,))
            ).fetchone()
        return None if row is None else (row[0], row[1], text_of(row[2]))

    def _one(self, where: str, values: tuple[object, ...]) -> Summary | None:
        return next(self._many(f"{where} LIMIT 1", values), None)

    def _many(self, where: str, values: tuple[object, ...], columns: str = _COLUMNS) -> Iterator[Summary]:
        with self.database.read() as connection:
            for row in connection.execute(f"SELECT {columns} FROM executions WHERE {where}", bound(values)):
                fields = dict(zip(_NAMES, row, strict=True))
                for name in _TEXTS:
                    if isinstance(fields[name], bytes):
                        fields[name] = text_of(fields[name])
                yield Summary(**fields)


def hash_of(text: str) -> str:
    """What a definition is known by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

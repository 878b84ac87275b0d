"""Asynchronous calls of Lambda functions, and records of ended ones that are still to be delivered: rows in, rows out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from penstock.store.database import Database
from penstock.store.texts import bound, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Times are seconds since the epoch; `payload` and `more` JSON texts."""

    id: int
    function: str
    """The qualified ARN of what is called, or was when this is a record of its end."""
    invoked: str
    """The ARN that was asked for."""
    destination: str | None
    """ARN of where the record goes; None for a call."""
    request_id: str
    payload: bytes | None
    """None where it was not read."""
    more: str
    """The call's client context; the attributes of a dead letter."""
    accepted: float
    due: float
    attempts: int
    """How many have ended."""
    returned: int
    """How often it came back without one: throttled, or cut off by the end of a process."""


class LambdaEvents:
    """Within a transaction of the caller's (`insert`, `move`, `delete`), or one of its own."""

    @staticmethod
    def insert(connection: sqlite3.Connection, rows: Iterable[EventRow]) -> None:
        connection.executemany(
            "INSERT INTO lambda_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                bound(
                    (
                        row.id,
                        row.function,
                        row.invoked,
                        row.destination,
                        row.request_id,
                        row.payload,
                        row.more,
                        row.accepted,
                        row.due,
                        row.attempts,
                        row.returned,
                    )
                )
                for row in rows
            ],
        )

    @staticmethod
    def move(connection: sqlite3.Connection, rows: Iterable[EventRow]) -> None:
        """They wait for their next attempt."""
        connection.executemany(
            "UPDATE lambda_events SET due = ?, attempts = ?, returned = ? WHERE id = ?",
            [(row.due, row.attempts, row.returned, row.id) for row in rows],
        )

    @staticmethod
    def delete(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
        connection.executemany("DELETE FROM lambda_events WHERE id = ?", [(each,) for each in ids])

    @staticmethod
    def last(database: Database) -> int:
        """The highest id; 0 where there is none."""
        with database.read() as connection:
            found: int = connection.execute("SELECT coalesce(max(id), 0) FROM lambda_events").fetchone()[0]
        return found

    @staticmethod
    def left(database: Database, last: int) -> Iterator[EventRow]:
        """Those up to an id, without their payloads, in the order of their acceptance."""
        with database.read() as connection:
            for row in connection.execute(
                "SELECT id, function, invoked, destination, request, more, accepted, due, attempts, returned "
                "FROM lambda_events WHERE id <= ? ORDER BY id",
                (last,),
            ):
                number, function, invoked, destination, request_id, more, accepted, due, attempts, returned = row
                yield EventRow(
                    id=number,
                    function=text_of(function),
                    invoked=text_of(invoked),
                    destination=text_of(destination),
                    request_id=text_of(request_id),
                    payload=None,
                    more=text_of(more),
                    accepted=accepted,
                    due=due,
                    attempts=attempts,
                    returned=returned,
                )

    @staticmethod
    def cut_off(database: Database, last: int, now: float) -> None:
        """Those up to an id that were due when their process ended may have been under way."""
        with database.write() as connection:
            connection.execute(
                "UPDATE lambda_events SET returned = returned + 1 WHERE id <= ? AND due <= ?", (last, now)
            )

    @staticmethod
    def payload(database: Database, number: int) -> bytes:
        with database.read() as connection:
            row = connection.execute("SELECT payload FROM lambda_events WHERE id = ?", (number,)).fetchone()
        return bytes(row[0])

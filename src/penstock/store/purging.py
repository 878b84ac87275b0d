"""What was kept long enough goes, in transactions of bounded size: whoever waits for the file never waits long.

An execution that is too large for one transaction is taken out of sight by the first, with its name and all that it can be
found by, and its row goes with the last: a process that ends in between leaves a row that the next one finds by its status.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from penstock import failpoints
from penstock.store.database import Database
from penstock.store.listing import GONE

ROWS: Final = 500
"""Ours: how many rows a transaction deletes, or pages of large values."""
_PAGE: Final = 4096


def purge(database: Database, before: float, *, rows: int = ROWS) -> int:
    """Deletes of the executions that ended before an instant as much as one transaction is to, with the children of their Map
    Runs, and theirs; how many rows. 0 when there is nothing left to delete."""
    with database.read() as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM executions WHERE status = ? LIMIT 1", (GONE,))]
        ids += [
            row[0]
            for row in connection.execute(
                # Map Runs' children go with their parents. What is RUNNING and has ended is being redriven.
                "SELECT id FROM executions WHERE stopped < ? AND run IS NULL AND status <> 'RUNNING' LIMIT ?",
                (before, rows),
            )
        ]
    if not ids:
        return 0
    with database.write() as connection:
        deletion = _Deletion(connection, rows)
        for each in ids:
            if deletion.left <= 0:
                break
            if not deletion.execution(each):
                _hide(connection, each)
        if failpoints.ON:
            failpoints.hit("purge.inside")
    if failpoints.ON:
        failpoints.hit("purge.between")
    return deletion.deleted


def _hide(connection: sqlite3.Connection, id: int) -> None:  # noqa: A002  (the column's name)
    connection.execute(
        f"UPDATE executions SET status = '{GONE}', arn = 'purged:' || id, owner = '', name = '', version = NULL, alias = NULL, "
        "parent = NULL, child = NULL, stopped = NULL WHERE id = ?",
        (id,),
    )
    connection.execute("DELETE FROM map_runs WHERE execution = ?", (id,))


class _Deletion:
    """What one transaction deletes."""

    def __init__(self, connection: sqlite3.Connection, rows: int) -> None:
        self._connection = connection
        self.left = rows
        self.deleted = 0

    def execution(self, id: int) -> bool:  # noqa: A002
        """Deletes it from its last leaf on; whether all of it is gone."""
        return self._journal(id) and self._children(id) and self._row(id)

    def _journal(self, id: int) -> bool:  # noqa: A002
        rows = self._connection.execute(
            "SELECT seq, length(event) + coalesce(length(records), 0) FROM journal WHERE execution = ? LIMIT ?",
            (id, self.left + 1),
        ).fetchall()
        taken = []
        for seq, size in rows:
            if self.left <= 0:
                break
            taken.append((seq,))
            self._count(size)
        self._connection.executemany("DELETE FROM journal WHERE seq = ?", taken)
        return len(taken) == len(rows)

    def _children(self, id: int) -> bool:  # noqa: A002
        """Of its Map Runs. What its Tasks started is on its own."""
        children = self._connection.execute(
            "SELECT id FROM executions WHERE parent = ? AND run IS NOT NULL LIMIT ?", (id, self.left + 1)
        ).fetchall()
        return all(self.left > 0 and self.execution(child) for (child,) in children)

    def _row(self, id: int) -> bool:  # noqa: A002
        if self.left <= 0:
            return False
        sizes = self._connection.execute(
            "SELECT length(input) + coalesce(length(output), 0), (SELECT length(data) FROM snapshots WHERE execution = ?1) "
            "FROM executions WHERE id = ?1",
            (id,),
        ).fetchone()
        if sizes is not None:
            self._count(sizes[0] + (sizes[1] or 0))
        for table, column in (("snapshots", "execution"), ("map_runs", "execution"), ("executions", "id")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (id,))
        return True

    def _count(self, size: int) -> None:
        self.deleted += 1
        self.left -= 1 + size // _PAGE

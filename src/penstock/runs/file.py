"""Executions in a database file. Only `stop` writes to it: all else goes on beside whoever has the file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from penstock.clock import SystemClock
from penstock.durable import Began, find, stop_in_file
from penstock.engine.history import events
from penstock.engine.journal import Journal, closed_of
from penstock.engine.mapruns import MapRun
from penstock.engine.recovery import begun_by_run
from penstock.errors import UsageError
from penstock.runs.runs import Answer, Execution
from penstock.services.stepfunctions.executions import described, entry
from penstock.services.stepfunctions.stored import record_of
from penstock.store import Database, Summary
from penstock.store.listing import Filter
from penstock.store.records import Changes, Records

PAGE = 200
"""Rows that a listing reads at once."""


class FileRuns:
    """Raises UsageError where there is no such file, StoreError where it cannot be used."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._database = Database(path, read_only=True, check=False)
        try:
            self._journal = Journal(self._database)
        except BaseException:
            self._database.close()
            raise
        self._store = self._journal.store

    def list(self, *, status: str | None = None, machine: str | None = None) -> Iterator[Answer]:
        found = False
        for summary in self._rows(status):
            if machine is None or _is_of(summary.owner, machine):
                found = True
                yield _entry(summary)
        if not found and machine is not None and not self._has(machine):
            raise UsageError(f"{os.fspath(self._path)} has no state machine {machine!r}.")

    def _rows(self, status: str | None = None) -> Iterator[Summary]:
        before: int | None = None
        while True:
            rows = self._store.of(None, Filter(status=status), before=before, limit=PAGE)
            yield from rows
            if len(rows) < PAGE:
                return
            before = rows[-1].id

    def _has(self, machine: str) -> bool:
        """Whether a server made a machine of that name or ARN here, or an execution is of one."""
        made = Records(Changes(self._database), "machine").all()
        return any(_is_of(each.arn, machine) for each in made) or any(
            _is_of(each.owner, machine) for each in self._rows()
        )

    def execution(self, name: str) -> Execution:
        summary = find(self._store, name)
        began = Began.read(summary)
        return Execution(
            described=described(record_of(summary), closed_of(summary), {}, SystemClock().now()),
            definition=self._store.definition(summary.definition),
            map_runs=[
                MapRun.from_data(json.loads(data)).describe() for _, _, data in self._store.map_runs_of(summary.id)
            ],
            started=[_entry(each) for each in self._store.started_by(summary.id)],
            by_run=begun_by_run(summary),
            target=None if began is None else began.target,
            machine=None if began is None else began.machine,
            parked=summary.parked if summary.status == "RUNNING" else None,
        )

    def history(self, name: str, *, reverse: bool = False) -> Iterator[Answer]:
        summary = find(self._store, name)
        if summary.type == "EXPRESS" and summary.run is None:
            raise UsageError(f"The execution {summary.name} is an Express one, which has no history.")
        if reverse:
            yield from reversed(list(self.history(summary.arn)))
            return
        for number, record in self._journal.history(summary.id):
            yield from events([record], first=number)

    def stop(self, name: str, error: str | None = None, cause: str | None = None) -> str:
        return stop_in_file(self._path, name, error, cause)

    def close(self) -> None:
        self._database.close()


def _is_of(owner: str, machine: str) -> bool:
    return machine in (owner, owner.rpartition(":")[2])


def _entry(summary: Summary) -> Answer:
    answer = entry(record_of(summary), closed_of(summary))
    return answer if summary.parked is None or summary.status != "RUNNING" else {**answer, "parked": summary.parked}

"""How an execution of a file ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

from penstock.engine.history import events, instant
from penstock.engine.journal import Journal
from penstock.engine.mapruns import MapRun
from penstock.results import RunResult
from penstock.store import Database

if TYPE_CHECKING:
    from penstock.calls import Call
    from penstock.engine.history import HistoryEvent
    from penstock.engine.journal import Closed


class StoredResult:
    """What `ExecutionResult` tells of an execution in memory, of one in a file. The history is read when it is asked for."""

    def __init__(self, journal: Journal, closed: Closed) -> None:
        self._journal = journal
        self._closed = closed
        self._history: list[HistoryEvent] | None = None

    @property
    def history(self) -> list[HistoryEvent]:
        if self._history is None:
            with _readable(self._journal) as journal:
                self._history = events([record for _, record in journal.history(self._closed.id)])
        return self._history

    @property
    def map_runs(self) -> list[MapRun]:
        with _readable(self._journal) as journal:
            return [MapRun.from_data(json.loads(data)) for _, _, data in journal.store.map_runs_of(self._closed.id)]

    def status_changes(self) -> list[HistoryEvent]:
        from penstock.engine.status_changes import status_changes

        return status_changes(self._closed)


@contextmanager
def _readable(journal: Journal) -> Iterator[Journal]:
    """The journal, or the same file opened anew once its run is over."""
    if not journal.database.closed:
        yield journal
        return
    database = Database(journal.database.path, read_only=True, check=False)
    try:
        yield Journal(database)
    finally:
        database.close()


def result_in_file(call: Call, arn: str) -> RunResult:
    """How an execution of the call's file ended."""
    assert call.journal is not None
    closed = call.journal.find(arn)
    assert closed is not None  # it was begun there
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] = cast(Any, closed.status)
    return RunResult(
        status=status,
        output=closed.output,
        error=closed.error,
        cause=closed.cause,
        name=closed.name,
        execution_arn=closed.arn,
        start_date=instant(closed.started),
        stop_date=instant(closed.stopped),
        _machine=call.machine,
        _execution=StoredResult(call.journal, closed),
    )

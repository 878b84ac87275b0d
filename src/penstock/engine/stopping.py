"""Stopping an execution that a file says runs and that no process has: one that was interrupted, or left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.clock import VirtualClock
from penstock.engine.messages import StopRequested
from penstock.engine.recovery import Programs, recover
from penstock.store import Summary
from penstock.store.executions import Closing, Executions

if TYPE_CHECKING:
    from penstock.engine.driver import Driver
    from penstock.engine.journal import Journal
    from penstock.engine.running import Running


def stop_at_rest(driver: Driver, programs: Programs, summary: Summary, error: str | None, cause: str | None) -> None:
    """Aborts it as StopExecution does, with the children of its Map Runs and what its tasks wait for; in the thread of the
    driver's loop. It is over after the loop's next round, in which all of them end before an attempt could begin.

    Of what cannot be taken up, the row alone says that it ended; that is done when this returns.
    """
    assert driver.journal is not None
    store = driver.journal.store
    stopping = _Stopping(summary.id)

    def adopted(running: Running, _: Summary) -> None:
        stopping.taken(running)
        if isinstance(driver.clock, VirtualClock) and running.entry is not None:
            driver.clock.advance_to(running.entry.last)

    found = recover(driver, programs, adopted=adopted, which=stopping)
    for running in found.running:
        asked = running.execution.arn == summary.arn
        driver.tell(running, StopRequested(error, cause) if asked else StopRequested(None, None))
    parked = [each for arn in found.parked if (each := store.find(arn)) is not None]
    if parked:
        now = driver.clock.now()
        with driver.journal.database.write() as connection:
            Executions.close(connection, [_aborted(driver.journal, each, error, cause, now) for each in parked])


class _Stopping:
    """Which executions end with one that is stopped: children of Map Runs, and what a Task waits for the end of."""

    def __init__(self, root: int) -> None:
        self._ids = {root}
        self._running: dict[int, Running] = {}

    def __call__(self, summary: Summary) -> bool:
        if summary.id in self._ids:
            return True
        if summary.parent not in self._ids:
            return False
        parent = self._running.get(summary.parent)
        entry = None if parent is None else parent.entry
        if summary.run is None and entry is not None:  # of one that is parked it is not known, and all ends
            request = entry.requests.get(summary.child or 0)
            if request is None or ".sync" not in request.resource:
                return False
        self._ids.add(summary.id)
        return True

    def taken(self, running: Running) -> None:
        assert running.entry is not None
        self._running[running.entry.id] = running


def _aborted(journal: Journal, summary: Summary, error: str | None, cause: str | None, now: float) -> Closing:
    """The end of an execution whose journal cannot be told again: its row alone says so."""
    return Closing(
        id=summary.id,
        status="ABORTED",
        output=None,
        error=error,
        cause=cause,
        stopped=now,
        redriven=summary.redriven,
        redrive_count=summary.redrive_count,
        events=journal.count(summary.id),
    )

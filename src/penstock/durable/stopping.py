"""Aborting an execution of a file that no process uses."""

from __future__ import annotations

import os

from penstock.clock import SystemClock, VirtualClock
from penstock.durable.began import CLEAN, Began
from penstock.durable.finding import find, opened
from penstock.engine.driver import Driver
from penstock.engine.journal import Journal
from penstock.engine.program import compile_text
from penstock.engine.recovery import begun_by_run
from penstock.engine.stopping import stop_at_rest
from penstock.errors import UsageError
from penstock.store.executions import Executions


def stop_in_file(db: str | os.PathLike[str], name: str, error: str | None = None, cause: str | None = None) -> str:
    """Aborts an execution of a file that no process uses, as StopExecution does, whoever began it; its ARN.

    Raises UsageError for one that is not there or has ended, StoreInUse where a process has the file.
    """
    with opened(db) as database:
        store = Executions(database)
        summary = find(store, name)
        if summary.status != "RUNNING":
            raise UsageError(f"The execution {summary.name} has ended already ({summary.status}).")
        by_run = begun_by_run(summary)
        began = Began.read(summary)
        virtual = began is not None and began.time == "skip"
        clock = VirtualClock(0.0) if virtual else SystemClock()
        journal = Journal(database, clean=CLEAN if by_run else "clean")
        driver = Driver(clock=clock, skip_time=virtual, journal=journal)
        try:
            stop_at_rest(driver, compile_text, summary, error, cause)
            driver.finish()
            if driver.failing is not None:
                raise driver.failing
        finally:
            driver.close()
        return summary.arn

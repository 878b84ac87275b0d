"""Aborting an execution of a file that no process uses."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.clock import SystemClock, VirtualClock
from penstock.config import load_settings, with_aws
from penstock.durable.began import CLEAN, Began
from penstock.durable.finding import Tree, find, opened
from penstock.engine.driver import Driver
from penstock.engine.journal import Journal
from penstock.engine.program import compile_text
from penstock.engine.recovery import begun_by_run
from penstock.engine.stopping import stop_at_rest
from penstock.engine.tasks.aws import AwsHandler
from penstock.errors import UsageError
from penstock.store.executions import Executions


def stop_in_file(db: str | os.PathLike[str], name: str, error: str | None = None, cause: str | None = None) -> str:
    """Aborts an execution of a file that no process uses, as StopExecution does, whoever began it; its ARN. Jobs of AWS
    services that it waits for are stopped where its settings say that they are.

    Raises UsageError for one that is not there or has ended, StoreInUse where a process has the file, InvalidInput for
    settings that cannot be used.
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
        root = store.by_id(Tree(store, ()).root(summary)) or summary
        services = _services(Began.read(root))
        driver = Driver(handlers=services, clock=clock, skip_time=virtual, journal=journal)
        try:
            stop_at_rest(driver, compile_text, summary, error, cause)
            driver.finish()
            if driver.failing is not None:
                raise driver.failing
        finally:
            driver.close()
            for each in services:
                each.close()  # when the jobs are stopped
        return summary.arn


def _services(began: Began | None) -> list[AwsHandler]:
    """Where its jobs are: what a service began is taken to have the settings of the current folder, as `penstock server` does.
    Of moto in a process that has ended nothing is left to stop."""
    settings = load_settings(None if began is None else Path(began.folder))
    aws = with_aws(settings, {} if began is None or began.aws is None else began.aws).aws
    if aws.endpoint_url in (None, "moto"):
        return []
    return [AwsHandler(aws.endpoint_url, region=aws.region, account=aws.account)]

"""What a service keeps, in a Database: records that are read into memory at the start and written through, executions that
are in memory only while they run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from penstock.engine.callbacks import Activity
from penstock.engine.execution import Execution
from penstock.engine.history import Record as HistoryRecord
from penstock.engine.history import instant
from penstock.engine.journal import Described, Journal, Link, closed_of
from penstock.engine.mapruns import MapRun
from penstock.engine.recovery import Programs, restore
from penstock.errors import ServiceError, StoreError
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.kept import Found, no_execution, started_unsaid
from penstock.services.stepfunctions.records import Alias, Machine, Revision, Started, Tags, Version
from penstock.services.stored_tables import StoredTable
from penstock.services.tables import Record, Table
from penstock.store import Database, RecordRow, Summary
from penstock.store.listing import ALL, Filter
from penstock.store.purging import purge
from penstock.store.records import Changes, Records

if TYPE_CHECKING:
    from penstock.engine.driver import Driver
    from penstock.engine.running import Running

R = TypeVar("R", bound=Record)

PAGE: Final = 200
"""Rows that a listing reads at once."""


def _revision(data: dict[str, Any]) -> Revision:
    return Revision(**data)


def _machine(data: dict[str, Any]) -> Machine:
    publish, description = data.pop("published")
    return Machine(**{**data, "revision": _revision(data["revision"]), "published": (publish, description)})


def _version(data: dict[str, Any]) -> Version:
    return Version(**{**data, "revision": _revision(data["revision"])})


def _alias(data: dict[str, Any]) -> Alias:
    return Alias(**{**data, "routes": tuple((arn, weight) for arn, weight in data["routes"])})


def _tags(data: dict[str, Any]) -> Tags:
    return Tags(**data)


class Stored:
    """A Repository in a file."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._changes = changes = Changes(database)
        self.machines: StoredTable[Machine] = StoredTable(changes, "machine", _machine)
        self.versions: StoredTable[Version] = StoredTable(changes, "version", _version)
        self.aliases: StoredTable[Alias] = StoredTable(changes, "alias", _alias)
        self.tags: StoredTable[Tags] = StoredTable(changes, "tags", _tags)
        self._activities = Records(changes, "activity")

    def together(self) -> AbstractContextManager[None]:
        return self._changes.together()

    def activities(self) -> list[Activity]:
        """In the order of their making."""
        return [
            Activity(row.arn, data["name"], instant(data["created"]))
            for row in self._activities.all()
            for data in (json.loads(row.data),)
        ]

    def put_activity(self, activity: Activity) -> None:
        data = {"name": activity.name, "created": activity.creation_date.timestamp()}
        number = round(activity.creation_date.timestamp() * 1000)
        self._activities.put(RecordRow(activity.arn, "", number, json.dumps(data)), _nothing)

    def delete_activity(self, arn: str) -> None:
        self._activities.delete(arn, _nothing)


def _nothing() -> None:
    """Activities are in memory elsewhere."""


_FIELDS: Final = tuple(field.name for field in fields(Revision) if field.name != "definition")


def record_of(summary: Summary) -> Started:
    """What is known of the start of an execution."""
    about, data = json.loads(summary.about), json.loads(summary.record or "{}")
    kind: Any = summary.type
    return Started(
        arn=summary.arn,
        number=summary.id,
        machine_arn=parse(about["machine_arn"], "stateMachine").base,
        machine_name=about["machine_name"],
        type=kind,
        version_arn=data.get("version_arn"),
        alias_arn=data.get("alias_arn"),
        trace_header=data.get("trace_header"),
        map_run_arn=data.get("map_run_arn"),
        items=summary.items,
    )


class KeptInFile:
    """Executions of a Journal: those that run are the driver's, all others are rows."""

    def __init__(self, journal: Journal, machines: Table[Machine], programs: Programs) -> None:
        self._journal = journal
        self._store = journal.store
        self._machines = machines
        self.programs = programs
        self._expected: dict[str, Started] = {}
        self._records: dict[str, Started] = {}
        """Of executions that run."""
        self._tidy = False
        """Whether no definition can be left alone: what an earlier process deleted is not known."""
        self.driver: Driver
        journal.describe = self.describe

    def describe(self, execution: Execution, link: Link | None) -> Described:
        """What the journal writes down of an execution that begins."""
        record = self._expected.pop(execution.arn, None)
        if record is None:
            arn, items = (None, 1) if link is None else (link.map_run_arn, link.items)
            record = started_unsaid(execution, self._machines, arn, items)
        self._records[execution.arn] = record
        data: dict[str, Any] = {
            name: value
            for name in ("version_arn", "alias_arn", "trace_header", "map_run_arn")
            if (value := getattr(record, name)) is not None
        }
        if record.revision is not None and record.map_run_arn is None:
            data["revision"] = {name: getattr(record.revision, name) for name in _FIELDS}
        text = json.dumps(data, separators=(",", ":"))
        return Described(record.owner, text, record.version_arn, record.alias_arn)

    def expect(self, record: Started) -> None:
        self._expected[record.arn] = record

    def unexpect(self, arn: str) -> None:
        self._expected.pop(arn, None)

    def taken(self, running: Running) -> None:
        """The journal has its name."""

    def begun(self, running: Running) -> None:
        """The journal has it."""

    def newest(self) -> int:
        return self._journal.last_id

    def taken_name(self, arn: str) -> bool:
        return self.driver.find(arn) is not None or self._store.find(arn) is not None

    def recovered(self, running: Running, summary: Summary) -> None:
        """An execution of an earlier process goes on."""
        self._records[summary.arn] = record_of(summary)

    def closed(self, running: Running) -> None:
        """An execution has ended: from here on it is a row."""
        self._records.pop(running.execution.arn, None)

    def _found(self, summary: Summary, running: Running | None = None) -> Found:
        def revision() -> Revision | None:
            data = json.loads(summary.record or "{}").get("revision")
            if data is None and summary.run is not None:  # a Map Run's child runs what its parent runs
                parent = self._store.by_id(summary.parent or 0)
                data = None if parent is None else json.loads(parent.record or "{}").get("revision")
            if data is None:
                return None
            try:
                return Revision(**data, definition=self._store.definition(summary.definition))
            except StoreError:
                if self._store.find(summary.arn) is not None:
                    raise
                raise no_execution(summary.arn) from None  # it was purged since

        execution = closed_of(summary) if running is None else running.execution
        return Found(record_of(summary), execution, running, revision)

    def _driven(self, arn: str) -> Running | None:
        """The execution as it runs. None while nothing can be written down: then it is ahead of its row, and a process that is
        killed would have told what never was."""
        return None if self.driver.failing is not None else self.driver.find(arn)

    def find(self, arn: str) -> Found | None:
        running = self._driven(arn)
        if running is not None and (running.entry is None or not running.entry.turns):
            return None  # Express: nobody can ask after it
        summary = self._store.find(arn)
        if summary is not None:
            return None if summary.type == "EXPRESS" and summary.run is None else self._found(summary, running)
        record = self._records.get(arn)
        if running is None or record is None:
            return None
        return Found(record, running.execution, running, lambda: record.revision)  # begun in this very round

    def of(self, owner: str, which: Filter = ALL, *, before: int | None = None) -> Iterator[Found]:
        while True:
            rows = self._store.of(owner, which, before=before, limit=PAGE)
            for summary in rows:
                yield self._found(summary)
            if len(rows) < PAGE:
                return
            before = rows[-1].id

    def running_of(self, machine_arn: str) -> list[Running]:
        # Not as the file has it, where what has begun in this very round is not yet.
        found = [self.driver.find(arn) for arn, record in self._records.items() if record.owner == machine_arn]
        return [running for running in found if running is not None]

    def events(self, found: Found) -> int:
        execution = found.execution
        if not isinstance(execution, Execution) and execution.status == "RUNNING":
            return self._journal.count(execution.id)  # it was left alone, or its end is just being written down
        return execution.base

    def records(self, found: Found, start: int, end: int) -> Sequence[HistoryRecord]:
        number = found.execution.id if not isinstance(found.execution, Execution) else _id(found.running)
        return [record for _, record in islice(self._journal.history(number, start + 1), max(0, end - start))]

    def map_runs(self, found: Found) -> list[MapRun]:
        going = [] if found.running is None else list(found.running.map_runs.values())
        by_arn = {active.record.arn: active.record for active in going}
        number = found.execution.id if not isinstance(found.execution, Execution) else _id(found.running)
        rows = self._store.map_runs_of(number)
        return [by_arn.get(arn) or MapRun.from_data(json.loads(data)) for arn, _, data in rows]

    def map_run(self, arn: str) -> tuple[MapRun, Found] | None:
        row = self._store.map_run_of(arn)
        summary = None if row is None else self._store.by_id(row[0])
        if row is None or summary is None:
            return None
        found = self._found(summary, self._driven(summary.arn))
        going = [] if found.running is None else list(found.running.map_runs.values())
        for active in going:
            if active.record.arn == arn:
                return active.record, found
        return MapRun.from_data(json.loads(row[2])), found

    def revive(self, found: Found) -> Running:
        if found.running is not None:
            return found.running
        summary = self._store.find(found.record.arn)
        assert summary is not None
        try:
            running = restore(self._journal, summary, self.programs)
        except Exception as problem:  # a journal of another version of the engine
            raise ServiceError(
                f"The execution cannot be taken up again: {problem}", code="ExecutionNotRedrivable"
            ) from None
        self._records[summary.arn] = record_of(summary)
        return running

    def purge(self, before: float) -> int:
        """Deletes a part of the executions that ended before an instant, with their Map Runs' children, and then of the
        definitions that none is left of; how many rows. 0 when there is nothing left to delete."""
        found = purge(self._journal.database, before)
        if found:
            self._tidy = False
        elif not self._tidy:
            # A machine has its own text of what it runs: when the next execution begins, it is written down again.
            found = self._journal.drop_definitions()
            self._tidy = not found
        return found


def _id(running: Running | None) -> int:
    assert running is not None
    assert running.entry is not None
    return running.entry.id

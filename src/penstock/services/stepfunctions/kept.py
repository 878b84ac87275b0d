"""Executions as a service keeps them: how each stands, its history, its Map Runs. Here in memory; in a file: `stored`.

What changes while an execution runs is read in the loop's thread, where it stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from penstock.engine.execution import Execution
from penstock.engine.history import Record
from penstock.engine.journal import Closed
from penstock.engine.mapruns import MapRun
from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.records import Machine, Revision, Started
from penstock.services.tables import MemoryTable, Table
from penstock.store.listing import ALL, Filter

if TYPE_CHECKING:
    from penstock.engine.running import Running


@dataclass(frozen=True, slots=True)
class Found:
    """An execution: what is known of its start, how it stands, and where the engine has it (None for one in the file)."""

    record: Started
    execution: Execution | Closed
    running: Running | None
    revision: Callable[[], Revision | None]
    """What it runs."""


class Kept(Protocol):
    """All for the loop's thread but `find`, which is for any, and what is asked of an execution that has ended for good."""

    def expect(self, record: Started) -> None:
        """A request or a state is about to start this execution."""

    def unexpect(self, arn: str) -> None:
        """It was refused."""

    def taken(self, running: Running) -> None:
        """An execution has been taken in, and its name with it."""

    def taken_name(self, arn: str) -> bool:
        """Whether there is or was an execution of that ARN."""

    def newest(self) -> int:
        """The number of the execution that began last; from any thread."""

    def begun(self, running: Running) -> None:
        """An execution has made its first steps."""

    def closed(self, running: Running) -> None:
        """An execution has ended."""

    def find(self, arn: str) -> Found | None: ...

    def of(self, owner: str, which: Filter = ALL, *, before: int | None = None) -> Iterator[Found]:
        """Those of a machine or a Map Run, newest first and numbered under `before`. For any thread where there is a file: it is
        read as it is written down, without inputs and outputs."""

    def running_of(self, machine_arn: str) -> list[Running]:
        """Those of a machine that run, from the moment on when they were taken in."""

    def events(self, found: Found) -> int:
        """How many there are."""

    def records(self, found: Found, start: int, end: int) -> Sequence[Record]:
        """Those of the events `start` + 1 to `end`."""

    def map_runs(self, found: Found) -> list[MapRun]:
        """In the order of their beginnings."""

    def map_run(self, arn: str) -> tuple[MapRun, Found] | None:
        """A Map Run, and the execution that began it."""

    def revive(self, found: Found) -> Running:
        """The execution as the engine has it, to be redriven."""


class KeptInMemory:
    """Nothing is ever given up: an execution that has ended can be asked after as long as the process lives."""

    def __init__(self, machines: Table[Machine]) -> None:
        self._machines = machines
        self._running: dict[str, Running] = {}
        self._expected: dict[str, Started] = {}
        self._executions: MemoryTable[Started] = MemoryTable()
        self._number = 0

    def expect(self, record: Started) -> None:
        self._expected[record.arn] = record

    def unexpect(self, arn: str) -> None:
        self._expected.pop(arn, None)

    def closed(self, running: Running) -> None:
        pass

    def taken(self, running: Running) -> None:
        if running.execution.type == "STANDARD":
            self._running[running.execution.arn] = running

    def begun(self, running: Running) -> None:
        execution = running.execution
        if execution.type == "EXPRESS" and running.map_run is None:
            return  # nobody can ask after it (API reference)
        self._running.setdefault(execution.arn, running)
        self._number += 1
        record = self._expected.pop(execution.arn, None)
        if record is None:
            run = running.map_run
            record = started_unsaid(execution, self._machines, None if run is None else run.record.arn, running.items)
            parent = None if run is None else self._executions.get(run.record.execution_arn)
            if parent is not None:  # a Map Run's child runs what its parent runs
                record = replace(record, revision=parent.revision)
        self._executions.put(replace(record, number=self._number))

    def find(self, arn: str) -> Found | None:
        running = self._running.get(arn)
        record = self._executions.get(arn) or self._expected.get(arn)
        if running is None or record is None:
            return None
        return Found(record, running.execution, running, lambda: record.revision)

    def newest(self) -> int:
        return self._number

    def taken_name(self, arn: str) -> bool:
        return arn in self._running

    def of(self, owner: str, which: Filter = ALL, *, before: int | None = None) -> Iterator[Found]:
        for record in self._executions.of(owner, newest_first=True):
            found = self.find(record.arn)
            if found is None or (before is not None and record.number >= before):
                continue
            if record.number <= which.after:
                return
            execution = found.execution
            if (
                which.status in (None, execution.status)
                and which.redriven in (None, bool(execution.redrive_count))
                and which.by in (None, record.version_arn, record.alias_arn)
            ):
                yield found

    def running_of(self, machine_arn: str) -> list[Running]:
        return [
            running
            for running in self._running.values()
            if not running.closed and parse(running.execution.machine_arn, "stateMachine").base == machine_arn
        ]

    def events(self, found: Found) -> int:
        assert found.running is not None
        return len(found.running.records)

    def records(self, found: Found, start: int, end: int) -> Sequence[Record]:
        assert found.running is not None
        return found.running.records[start:end]

    def map_runs(self, found: Found) -> list[MapRun]:
        assert found.running is not None
        return found.running.result.map_runs

    def map_run(self, arn: str) -> tuple[MapRun, Found] | None:
        prefix, _, rest = arn.partition(":mapRun:")
        for found in self.of(f"{prefix}:stateMachine:{rest.partition('/')[0]}"):
            for run in self.map_runs(found):
                if run.arn == arn:
                    return run, found
        return None

    def revive(self, found: Found) -> Running:
        assert found.running is not None
        return found.running


def started_unsaid(execution: Execution, machines: Table[Machine], map_run_arn: str | None, items: int) -> Started:
    """What is known of an execution that nobody said anything of: a Map Run's child, an Express one."""
    arn = parse(execution.machine_arn, "stateMachine")
    machine = machines.get(arn.base.partition("/")[0])
    return Started(
        arn=execution.arn,
        number=0,
        machine_arn=arn.base,
        machine_name=execution.machine_name,
        type=execution.type,
        revision=None if machine is None else machine.revision,
        map_run_arn=map_run_arn,
        items=items,
    )


def no_execution(arn: str) -> ServiceError:
    return ServiceError(f"Execution Does Not Exist: '{arn}'", code="ExecutionDoesNotExist")

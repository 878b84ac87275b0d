"""What the tests of the journal share: a process that can end at any moment, and the next one on the same file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from penstock.asl.read import read_document
from penstock.clock import Entropy, VirtualClock
from penstock.engine.callbacks import Callbacks
from penstock.engine.driver import Driver
from penstock.engine.history import HistoryEvent, events
from penstock.engine.journal import Closed, Journal
from penstock.engine.objects import ObjectStore
from penstock.engine.program import Program, compile_program
from penstock.engine.recovery import Recovered, recover
from penstock.engine.running import Running
from penstock.engine.starting import Machines, NestedMachine
from penstock.engine.tasks.handler import TaskHandler
from penstock.store import Database, Summary

ACCOUNT = "arn:aws:states:us-east-1:123456789012"
START = 1_700_000_000.0


@lru_cache
def programs(text: str) -> Program:
    reading = read_document(json.loads(text))
    assert reading.machine is not None, reading.diagnostics
    program = compile_program(reading.machine)
    program.source = text
    return program


def program_of(document: Mapping[str, Any]) -> Program:
    return programs(json.dumps(document))


class Process:
    """One process on a file, with virtual time. `end` is its end by `kill -9`: nothing is closed in good order but SQLite's
    connections, which a test in one process has to let go of."""

    def __init__(
        self,
        file: Path,
        handlers: Sequence[TaskHandler] = (),
        *,
        clock: VirtualClock | None = None,
        seed: str = "s",
        machines: Mapping[str, Mapping[str, Any]] | None = None,
        callbacks: Callbacks | None = None,
        objects: ObjectStore | None = None,
        activities: Sequence[str] = (),
        takes_up: bool = True,
    ) -> None:
        self.clock = clock or VirtualClock(START)
        self.database = Database(file, synchronous="NORMAL")
        self.journal = Journal(self.database)
        self.callbacks = callbacks or Callbacks(clock=self.clock)
        for name in activities:
            self.callbacks.create_activity(name)
        self.driver = Driver(
            handlers=handlers,
            clock=self.clock,
            skip_time=True,
            entropy=Entropy(seed),
            machines=None if machines is None else self._machines(machines),
            callbacks=self.callbacks,
            objects=objects,
            journal=self.journal,
        )
        self.recovered: Recovered = recover(self.driver, programs, which=None if takes_up else _none)

    def _machines(self, machines: Mapping[str, Mapping[str, Any]]) -> Machines:
        def find(arn: str) -> NestedMachine | None:
            document = machines.get(arn.rpartition(":")[2])
            return None if document is None else NestedMachine(program_of(document), arn)

        return find

    def start(self, document: Mapping[str, Any], value: Any, name: str = "x") -> Running:
        return self.driver.start(program_of(document), value, name=name)

    def turns(self, count: int) -> bool:
        """Goes round so often; whether there is more to do."""
        for _ in range(count):
            if not self.driver._open:
                return False
            self.driver.turn()
        return bool(self.driver._open)

    def finish(self) -> None:
        self.driver.finish()

    def end(self) -> None:
        self.database.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.close()
        self.database.close()

    def closed(self, name: str = "x") -> Closed:
        found = self.journal.find(f"{ACCOUNT}:execution:StateMachine:{name}")
        assert found is not None
        return found

    def history(self, name: str = "x") -> list[HistoryEvent]:
        records = [record for _, record in self.journal.history(self.closed(name).id)]
        return events(records)


def _none(summary: Summary) -> bool:
    return False


def shape(history: Sequence[HistoryEvent]) -> list[Any]:
    """A history without what differs from run to run: times, and names that were drawn."""
    return [(event["id"], event["previousEventId"], event["type"]) for event in history]

"""What the operations share: the repository, the loop, the programs of definitions, and finding things by their ARNs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.callbacks import POLL_SECONDS, Callbacks
from penstock.engine.execution import Execution
from penstock.engine.history import instant
from penstock.engine.journal import Journal
from penstock.engine.program import Program, compile_text
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import Arn, parse
from penstock.services.stepfunctions.delivery import Delivery, LogSink, delivery
from penstock.services.stepfunctions.kept import Found, Kept, KeptInMemory, no_execution, unavailable
from penstock.services.stepfunctions.loop import Loop
from penstock.services.stepfunctions.records import Alias, Kind, Machine, Memory, Repository, Revision, Version
from penstock.services.stepfunctions.watching import Watcher, Watchers

if TYPE_CHECKING:
    from penstock.asl.read import Reading
    from penstock.engine.objects import ObjectStore
    from penstock.services.stepfunctions.stored import Stored
    from penstock.store import Database

Answer = dict[str, Any]
Parameters = Mapping[str, Any]

PROGRAMS: Final = 1024
"""Ours: definitions that are kept compiled."""


class State:
    """One account and region of Step Functions. Requests come from any thread."""

    def __init__(
        self,
        *,
        region: str,
        account: str,
        handlers: Sequence[TaskHandler],
        database: Database | None,
        retention_days: float,
        clock: Clock | None,
        skip_time: bool,
        entropy: Entropy | None,
        callbacks: Callbacks | None,
        objects: ObjectStore | None,
        poll_seconds: float = POLL_SECONDS,
        watchers: Sequence[Watcher] = (),
        logs: LogSink | None = None,
        on_fault: Callable[[], None] | None = None,
    ) -> None:
        self.region = region
        self.account = account
        self.prefix = f"arn:aws:states:{region}:{account}"
        self.handlers = handlers
        self.entropy = entropy or Entropy()
        self.repository: Repository
        self.kept: Kept
        journal: Journal | None = None
        self.stored: Stored | None = None
        if database is None:
            self.repository = Memory()
            self.kept = KeptInMemory(self.repository.machines)
        else:
            from penstock.services.stepfunctions.stored import KeptInFile, Stored

            self.repository = self.stored = Stored(database)
            journal = Journal(database)
            self.kept = KeptInFile(journal, self.repository.machines, compile_text)
        self.callbacks = callbacks or Callbacks(region=region, account=account, clock=clock)
        if self.stored is not None:
            for activity in self.stored.activities():
                self.callbacks.restore_activity(activity)
        self.poll_seconds = poll_seconds
        self.logs = logs
        self.lock = threading.RLock()
        """Held where a change depends on what was there; never while waiting for the loop."""
        self.program = lru_cache(maxsize=PROGRAMS)(compile_text)
        self.loop = Loop(
            handlers=handlers,
            clock=clock or (None if skip_time else SystemClock()),
            skip_time=skip_time,
            entropy=entropy,
            machines=self.program_of,
            callbacks=self.callbacks,
            objects=objects,
            check=self._check,
            kept=self.kept,
            watchers=Watchers(watchers),
            observe=self._observe,
            journal=journal,
            retention=retention_days * 86_400,
            on_fault=on_fault,
        )
        self.clock = self.loop.driver.clock
        self.recovered = self.loop.recovered
        self.loop.go()

    def now(self) -> float:
        return self.clock.now()

    # ---- machines

    def machine(self, text: str) -> Machine:
        """The machine of an ARN without a version or an alias. Raises ServiceError: InvalidArn, StateMachineDoesNotExist."""
        arn = parse(text, "stateMachine")
        machine = None if arn.rest else self.repository.machines.get(text)
        if machine is None:
            raise no_machine(text)
        return machine

    def version(self, arn: Arn) -> Version | None:
        return self.repository.versions.get(arn.text) if arn.rest.isdigit() else None

    def target(self, text: str) -> tuple[Machine, Revision, Version | None, Alias | None]:
        """What an execution of this ARN runs: of a machine its newest revision, of an alias one of its versions, by their
        weights. Raises ServiceError: InvalidArn, StateMachineDoesNotExist."""
        arn = parse(text, "stateMachine")
        machine = self.repository.machines.get(arn.base)
        if machine is None:
            raise no_machine(text)
        if not arn.rest:
            return machine, machine.revision, None, None
        alias = self.repository.aliases.get(text)
        version = self.version(arn)
        if alias is not None:
            version = self.repository.versions.get(self._route(alias))
        if version is None:
            raise no_machine(text)
        return machine, version.revision, version, alias

    def _route(self, alias: Alias) -> str:
        at = self.entropy.randrange(0, 100)
        for arn, weight in alias.routes:
            if at < weight:
                return arn
            at -= weight
        return alias.routes[-1][0]

    def program_of(self, text: str) -> Program | None:
        """For states:startExecution."""
        try:
            _, revision, _, _ = self.target(text)
        except ServiceError:
            return None
        return self.program(revision.definition)

    # ---- executions

    def found(self, text: str) -> Found:
        """The execution of an ARN. Raises ServiceError: InvalidArn, ExecutionDoesNotExist."""
        parse(text, "execution")
        found = self.kept.find(text)
        if found is None:
            raise no_execution(text)
        return found

    def _observe(self, execution: Execution) -> Delivery | None:
        """Of an execution that no request started: a state did, a Map Run, or an earlier process."""
        if self.logs is None:
            return None
        machine = self.repository.machines.get(parse(execution.machine_arn, "stateMachine").base.partition("/")[0])
        found = None if machine is None else delivery(self.logs, machine.revision.logging)
        if found is not None:
            found.follow(execution)
        return found

    def _check(self, execution: Execution) -> None:
        if self.loop.driver.failing is not None:
            raise unavailable(self.loop.driver.failing)
        # The names of a Map Run's children are drawn, not given.
        if execution.type == "STANDARD" and "/" not in execution.machine_name and self.kept.taken_name(execution.arn):
            raise ServiceError(f"Execution Already Exists: '{execution.arn}'", code="ExecutionAlreadyExists")

    def close(self) -> None:
        """Ends the loop; what runs goes on in the next process where there is a file, and is cut off where there is none."""
        self.loop.close()


def no_machine(arn: str) -> ServiceError:
    return ServiceError(f"State Machine Does Not Exist: '{arn}'", code="StateMachineDoesNotExist")


def read_definition(text: str) -> Reading:
    from penstock.asl.read import read

    return read(text, format="json")


def problems_of(text: str, kind: Kind) -> str | None:
    """CreateStateMachine's InvalidDefinition message, or None for a definition that it takes."""
    from penstock.asl.check import check
    from penstock.asl.check.run import create_error
    from penstock.diagnostics import Severity

    return create_error(check(read_definition(text), type=kind, severity=Severity.ERROR))


Operation = Callable[[State, Parameters], Answer]

__all__ = [
    "Answer",
    "Operation",
    "Parameters",
    "State",
    "instant",
    "no_machine",
    "problems_of",
    "read_definition",
    "unavailable",
]

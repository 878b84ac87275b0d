"""What the operations share: the repository, the loop, the programs of definitions, and finding things by their ARNs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.callbacks import POLL_SECONDS, Callbacks
from penstock.engine.execution import Execution
from penstock.engine.history import instant
from penstock.engine.journal import Journal
from penstock.engine.program import compile_text
from penstock.engine.starting import NestedMachine
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import ServiceError
from penstock.services.stepfunctions.again import Redrives, RefusedResults
from penstock.services.stepfunctions.arns import Arn, parse
from penstock.services.stepfunctions.delivery import Delivery, LogSink, delivery
from penstock.services.stepfunctions.kept import Found, Kept, KeptInMemory, no_execution
from penstock.services.stepfunctions.loop import Loop
from penstock.services.stepfunctions.programs import Programs
from penstock.services.stepfunctions.records import (
    Alias,
    Kind,
    Machine,
    Memory,
    Repository,
    Revision,
    Started,
    Version,
)
from penstock.services.stepfunctions.watching import Watcher, Watchers
from penstock.services.tables import unavailable

if TYPE_CHECKING:
    from penstock.asl.read import Reading
    from penstock.engine.journal import Link
    from penstock.engine.objects import ObjectStore
    from penstock.engine.running import Running
    from penstock.services.stepfunctions.stored import Stored
    from penstock.store import Database

Answer = dict[str, Any]
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """What an ARN of a machine, a version or an alias starts."""

    machine: Machine
    revision: Revision
    version: Version | None = None
    alias: Alias | None = None


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
        self.program = Programs()
        self.redrives = Redrives()
        self.refused = RefusedResults()
        for handler in handlers:
            meet: Callable[[State], None] | None = getattr(handler, "meet", None)
            if meet is not None:
                meet(self)  # before the first task, which an earlier process may have begun
        self.loop = Loop(
            handlers=handlers,
            clock=clock or (None if skip_time else SystemClock()),
            skip_time=skip_time,
            entropy=entropy,
            machines=self.nested,
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

    def target(self, text: str) -> Target:
        """What an execution of this ARN runs: of a machine its newest revision, of an alias one of its versions, by their
        weights. Raises ServiceError: InvalidArn, StateMachineDoesNotExist."""
        arn = parse(text, "stateMachine")
        machine = self.repository.machines.get(arn.base)
        if machine is None:
            raise no_machine(text)
        if not arn.rest:
            return Target(machine, machine.revision)
        alias = self.repository.aliases.get(text)
        version = self.version(arn)
        if alias is not None:
            version = self.repository.versions.get(self._route(alias))
        if version is None:
            raise no_machine(text)
        return Target(machine, version.revision, version, alias)

    def _route(self, alias: Alias) -> str:
        at = self.entropy.randrange(0, 100)
        for arn, weight in alias.routes:
            if at < weight:
                return arn
            at -= weight
        return alias.routes[-1][0]

    def nested(self, text: str) -> NestedMachine | None:
        """For states:startExecution."""
        try:
            target = self.target(text)
        except ServiceError:
            return None
        return replace(self._machine_of(target), begin=partial(self._begin_nested, target))

    def nested_elsewhere(self, text: str) -> NestedMachine | None:
        """For states:startExecution of a driver that is not this service's, and whose executions it does not keep."""
        try:
            return self._machine_of(self.target(text))
        except ServiceError:
            return None

    def has(self, text: str) -> bool:
        """Whether a machine that is here is meant, or what belongs to one: an execution, a version, an alias, a Map Run."""
        try:
            arn = parse(text, "stateMachine", "execution", "mapRun")
        except ServiceError:
            return False
        return self.repository.machines.get(f"{arn.prefix}:stateMachine:{arn.name.partition('/')[0]}") is not None

    def _machine_of(self, target: Target) -> NestedMachine:
        machine, revision = target.machine, target.revision
        return NestedMachine(self.program(revision.definition), machine.arn, machine.type, revision.role_arn)

    # ---- executions

    def found(self, text: str) -> Found:
        """The execution of an ARN. Raises ServiceError: InvalidArn, ExecutionDoesNotExist."""
        parse(text, "execution")
        found = self.kept.find(text)
        if found is None:
            raise no_execution(text)
        return found

    def begin(
        self,
        target: Target,
        execution: Execution,
        log: Delivery | None,
        link: Link | None = None,
        *,
        trace_header: str | None = None,
    ) -> Running:
        """Begins an execution that a request or a state starts, in the loop's thread. Raises ServiceError
        ExecutionAlreadyExists, StateMachineDoesNotExist where the target was deleted since it was found."""
        machine = self.repository.machines.get(target.machine.arn)
        if machine is None or (machine.created, machine.after) != (target.machine.created, target.machine.after):
            raise no_machine(execution.machine_arn)
        standard = execution.type == "STANDARD"  # nobody can ask after others
        if standard:
            machine, version, alias = target.machine, target.version, target.alias
            self.kept.expect(
                Started(
                    arn=execution.arn,
                    number=0,
                    machine_arn=machine.arn,
                    machine_name=machine.name,
                    type=machine.type,
                    revision=target.revision,
                    version_arn=None if version is None else version.arn,
                    alias_arn=None if alias is None else alias.arn,
                    trace_header=trace_header,
                )
            )
        try:
            running = self.loop.driver.begin(execution, log, link)
        except BaseException:
            if standard:
                self.kept.unexpect(execution.arn)
            raise
        if log is not None:
            log.follow(execution)
        return running

    def _begin_nested(self, target: Target, execution: Execution, link: Link | None) -> Running:
        return self.begin(target, execution, delivery(self.logs, target.revision.logging), link)

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
        self.loop.check_written()
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
    "Target",
    "instant",
    "no_machine",
    "problems_of",
    "read_definition",
    "unavailable",
]

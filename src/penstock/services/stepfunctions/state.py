"""What the operations share: the repository, the loop, the programs of definitions, and finding things by their ARNs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.callbacks import POLL_SECONDS, Callbacks
from penstock.engine.driver import Running
from penstock.engine.execution import Execution
from penstock.engine.history import instant
from penstock.engine.program import Program, compile_program
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import Arn, parse
from penstock.services.stepfunctions.loop import Loop
from penstock.services.stepfunctions.records import Alias, Kind, Machine, Memory, Repository, Revision, Started, Version
from penstock.services.stepfunctions.watching import Watcher, Watchers

if TYPE_CHECKING:
    from penstock.asl.read import Reading
    from penstock.engine.objects import ObjectStore

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
        repository: Repository | None,
        clock: Clock | None,
        skip_time: bool,
        entropy: Entropy | None,
        callbacks: Callbacks | None,
        objects: ObjectStore | None,
        poll_seconds: float = POLL_SECONDS,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self.region = region
        self.account = account
        self.prefix = f"arn:aws:states:{region}:{account}"
        self.handlers = handlers
        self.entropy = entropy or Entropy()
        self.repository: Repository = Memory() if repository is None else repository
        self.callbacks = callbacks or Callbacks(region=region, account=account, clock=clock)
        self.poll_seconds = poll_seconds
        self.lock = threading.RLock()
        """Held where a change depends on what was there; never while waiting for the loop."""
        self.running: dict[str, Running] = {}
        """Executions by their ARNs, as the engine has them: STANDARD ones also when they are over."""
        self.given: dict[str, Started] = {}
        """Of executions that a request starts: what is known of them before they begin."""
        self._number = 0
        self.program = lru_cache(maxsize=PROGRAMS)(_compile)
        self.loop = Loop(
            handlers=handlers,
            clock=clock or (None if skip_time else SystemClock()),
            skip_time=skip_time,
            entropy=entropy,
            machines=self.program_of,
            callbacks=self.callbacks,
            objects=objects,
            check=self._check,
            taken=self._taken,
            begun=self._begun,
            watchers=Watchers(watchers),
        )
        self.clock = self.loop.driver.clock

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

    def started(self, text: str) -> tuple[Started, Running]:
        """The execution of an ARN. Raises ServiceError: InvalidArn, ExecutionDoesNotExist."""
        parse(text, "execution")
        record = self.repository.executions.get(text)
        running = self.running.get(text)
        if record is None or running is None:
            raise ServiceError(f"Execution Does Not Exist: '{text}'", code="ExecutionDoesNotExist")
        return record, running

    def _check(self, execution: Execution) -> None:
        if execution.type == "STANDARD" and execution.arn in self.running:
            raise ServiceError(f"Execution Already Exists: '{execution.arn}'", code="ExecutionAlreadyExists")

    def _taken(self, running: Running) -> None:
        execution = running.execution
        if execution.type == "STANDARD":
            self.running[execution.arn] = running

    def _begun(self, running: Running) -> None:
        execution = running.execution
        if execution.type == "EXPRESS" and running.map_run is None:
            return  # nobody can ask after it (API reference)
        self._number += 1
        record = self.given.pop(execution.arn, None)
        if record is None:
            record = self._of_another(running)
        self.repository.executions.put(replace(record, number=self._number))

    def _of_another(self, running: Running) -> Started:
        """What is known of an execution that a state started."""
        execution = running.execution
        run = running.map_run
        machine_arn = parse(execution.machine_arn, "stateMachine").base
        machine = self.repository.machines.get(machine_arn.partition("/")[0])
        return Started(
            arn=execution.arn,
            number=0,
            machine_arn=machine_arn,
            machine_name=execution.machine_name,
            type=execution.type,
            revision=None if machine is None else machine.revision,
            map_run_arn=None if run is None else run.record.arn,
            items=running.items,
        )


def no_machine(arn: str) -> ServiceError:
    return ServiceError(f"State Machine Does Not Exist: '{arn}'", code="StateMachineDoesNotExist")


def _compile(definition: str) -> Program:
    reading = read_definition(definition)
    assert reading.machine is not None  # it was checked when it came
    return compile_program(reading.machine)


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

__all__ = ["Answer", "Operation", "Parameters", "State", "instant", "no_machine", "problems_of", "read_definition"]

"""What one call of `run` needs: who answers its tasks, and the driver that runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from penstock.errors import InvalidInput
from penstock.local import Function, Log, Mocks, objects_for
from penstock.results import RunResult

if TYPE_CHECKING:
    from penstock.api import Machine, MachineType
    from penstock.asl.model import StateMachine
    from penstock.clock import Clock, Entropy
    from penstock.engine.callbacks import Callbacks
    from penstock.engine.driver import Driver, ExecutionResult
    from penstock.engine.objects import Given
    from penstock.engine.program import Program
    from penstock.engine.tasks.handler import TaskHandler
    from penstock.targets import TargetLike


class Call:
    """The handlers and the driver of one call of `run`; leaving it stops and closes all of them."""

    def __init__(
        self,
        machine: Machine,
        definition: StateMachine,
        program: Program,
        kind: MachineType,
        functions: Mapping[str, Function],
        mocks: Mocks | None,
        time: str,
        substitutions: Mapping[str, str],
        clock: Clock | None,
        entropy: Entropy | None,
        log: Log | None,
        *,
        others: Mapping[str, Machine | TargetLike] | None = None,
        callbacks: Callbacks | None = None,
        handlers: Sequence[TaskHandler] = (),
        objects: Given | None = None,
    ) -> None:
        from penstock.engine.driver import Driver

        if time not in ("real", "skip"):
            raise InvalidInput(f"time is 'real' or 'skip', not {time!r}.")
        self.machine = machine
        self.arn = machine.settings.machine_arn(machine.name)
        self.handlers = machine.handlers(
            definition, functions=functions, mocks=mocks, clock=clock, entropy=entropy, log=log or _log
        )

        loaded: dict[str, Machine] = {}

        def machines(arn: str) -> Program | None:
            key = next((k for k in (arn, arn.rpartition(":")[2]) if others and k in others), None)
            if others is None or key is None:
                return machine.program_of(arn, substitutions=substitutions, functions=functions)
            if key not in loaded:
                from penstock.api import load

                loaded[key] = load(others[key])
            return loaded[key].prepare(substitutions=substitutions, functions=functions)[1]

        self.driver = Driver(
            handlers=[*handlers, *self.handlers],
            clock=clock,
            skip_time=time == "skip",
            entropy=entropy,
            machines=machines,
            callbacks=callbacks,
            objects=objects_for(machine.settings, objects) if machine.uses_objects else None,
        )

    def __enter__(self) -> Driver:
        return self.driver

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.driver.close()
        for handler in self.handlers:
            handler.close()

    def result(self, execution: ExecutionResult) -> RunResult:
        status = execution.status
        assert status != "RUNNING"  # the driver ran it to its end
        return RunResult(
            status=status,
            output=execution.output,
            error=execution.error,
            cause=execution.cause,
            name=execution.name,
            execution_arn=execution.execution_arn,
            start_date=execution.start_date,
            stop_date=execution.stop_date,
            _machine=self.machine,
            _execution=execution,
        )


def _log(task: str, lines: str) -> None:
    # Nothing here prints: what a task prints is a log record, which an application shows or not.
    import logging

    logging.getLogger(f"penstock.task.{task}").info("%s", lines.rstrip("\n"))

"""A TARGET of the user's on a server: its functions and machines are there when it starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.api import Machine
from penstock.config import Settings
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import ServiceError, UsageError
from penstock.local import worker_tasks
from penstock.services.lambda_ import Registration
from penstock.services.stepfunctions import StepFunctions
from penstock.targets import Target


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a target brings: Lambda functions, callables of this process, and who answers the tasks of a script."""

    machines: tuple[Machine, ...] = ()
    functions: tuple[Registration, ...] = ()
    callables: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    handlers: tuple[TaskHandler, ...] = ()
    name: str = ""
    """How the user calls the target."""
    logging: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The loggingConfiguration of machines by their names."""

    def put(self, service: StepFunctions) -> None:
        """Creates the machines, or updates those that a database has from before. Raises UsageError where it has one of another
        type: to change that is to delete the machine, and its executions with it."""
        for machine in self.machines:
            definition, _ = machine.prepare()
            from penstock.asl.write import write

            parameters: dict[str, Any] = {
                "name": machine.name,
                "definition": write(definition, indent=None),
                "roleArn": f"arn:aws:iam::{machine.settings.aws.account}:role/penstock",
                "type": machine.type,
            }
            if machine.name in self.logging:
                parameters["loggingConfiguration"] = self.logging[machine.name]
            try:
                service.call("CreateStateMachine", parameters)
            except ServiceError as error:
                if error.code != "StateMachineAlreadyExists":
                    raise
                arn = machine.settings.machine_arn(machine.name)
                kept = service.call("DescribeStateMachine", {"stateMachineArn": arn})["type"]
                if kept != machine.type:
                    raise UsageError(
                        f"The database has the state machine {machine.name} as {kept}, and {self.name} as {machine.type}. Delete the "
                        f"old one (start without {self.name}, then aws stepfunctions delete-state-machine --state-machine-arn "
                        f"{arn}), or give another --db."
                    ) from None
                changed = {key: value for key, value in parameters.items() if key not in ("name", "type")}
                service.call("UpdateStateMachine", {"stateMachineArn": arn, **changed})


def deployment_of(target: Target, settings: Settings) -> Deployment:
    """Raises InvalidDefinition for a machine that cannot run, before anything is started."""
    machines = [Machine(target, each) for each in target.machines.values()]
    callables: dict[str, Callable[[Any, Any], Any]] = {}
    for machine in machines:
        machine.settings = settings
        machine.prepare()
        callables.update(machine.functions())
    handlers: list[TaskHandler] = []
    if target.project is not None and target.project.tasks:
        from penstock.engine.tasks.workers import WorkerHandler

        handlers.append(WorkerHandler.for_tasks(worker_tasks(target.project, target), log=function_log))
    template = target.template
    if template is None:
        return Deployment(tuple(machines), (), callables, tuple(handlers), target.name)
    logging = {name: machine.logging for name, machine in template.machines.items() if machine.logging is not None}
    return Deployment(tuple(machines), template.functions, callables, tuple(handlers), target.name, logging)


def function_log(name: str, text: str) -> None:
    """What functions print, to stderr, each line with the function's name."""
    lines = text.replace("\r", "\n").splitlines()
    sys.stderr.write("".join(f"{name}: {line}\n" for line in lines))
    sys.stderr.flush()

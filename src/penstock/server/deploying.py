"""A TARGET of the user's on a server: its functions and machines are there when it starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.api import Machine
from penstock.config import Settings
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import ServiceError
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

    def put(self, service: StepFunctions) -> None:
        """Creates the machines, or updates those that a database has from before."""
        for machine in self.machines:
            definition, _ = machine.prepare()
            from penstock.asl.write import write

            parameters = {
                "name": machine.name,
                "definition": write(definition, indent=None),
                "roleArn": f"arn:aws:iam::{machine.settings.aws.account}:role/penstock",
                "type": machine.type,
            }
            try:
                service.call("CreateStateMachine", parameters)
            except ServiceError as error:
                if error.code != "StateMachineAlreadyExists":
                    raise
                changed = {"definition": parameters["definition"], "roleArn": parameters["roleArn"]}
                arn = machine.settings.machine_arn(machine.name)
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
    functions = target.template.functions if target.template is not None else ()
    return Deployment(tuple(machines), functions, callables, tuple(handlers))


def function_log(name: str, text: str) -> None:
    """What functions print, to stderr, each line with the function's name."""
    lines = text.replace("\r", "\n").splitlines()
    sys.stderr.write("".join(f"{name}: {line}\n" for line in lines))
    sys.stderr.flush()

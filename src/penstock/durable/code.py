"""The code of an interrupted run: its target as it is now, beside the definition that was written down."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from penstock.config import load_settings, unqualified
from penstock.durable.began import Began
from penstock.errors import InvalidInput, PenstockError, TargetNotFound
from penstock.options import MachineType, RunOptions
from penstock.store import Database, Summary
from penstock.store.executions import Executions

if TYPE_CHECKING:
    from penstock.api import Machine
    from penstock.asl.model import StateMachine
    from penstock.calls import Call
    from penstock.targets import TargetLike

_log = logging.getLogger("penstock.durable")


def written(database: Database, summary: Summary) -> StateMachine:
    """The definition that was written down for an execution."""
    from penstock.asl.read import read

    machine = read(Executions(database).definition(summary.definition), format="json").machine
    assert machine is not None
    return machine


def machine_of(began: Began, text: str, target: TargetLike | None, options: RunOptions) -> Machine:
    """The machine whose target has the task code. A definition has none, so it may be gone."""
    from penstock.api import load, with_settings

    found: Machine | None = None
    if target is not None or began.target is not None:
        where = target if target is not None else _near(cast(str, began.target))
        try:
            name = None if began.kind == "definition" else began.machine  # a file of another name has it under that one
            found = load(where, name, parameters=began.parameters)
        except TargetNotFound as error:
            if target is not None or began.kind != "definition":
                raise TargetNotFound(
                    f"The code of its tasks is in {where}, which cannot be read: {str(error).rstrip('.')}. Where it has moved, "
                    "give its new place: --target FILE.",
                    target=str(where),
                ) from None
            _log.warning("%s is not there any more; what it held when the execution began goes on.", where)
    if found is None:
        found = load(json.loads(text))
        found.settings = load_settings(Path(began.folder))
    return with_settings(found, options.get("settings"), options.get("aws"))


def tell_changed(call: Call, summary: Summary) -> None:
    """Says so where the definition is not that of the target any more."""
    from penstock.asl.write import write

    assert call.journal is not None
    began = Began.read(summary)
    name = unqualified(json.loads(summary.about)["machine_arn"]).rpartition(":")[2]
    # A definition's machine is called as its file, which may be another one now.
    if name != (call.machine.name if began is None else began.machine):
        return  # something that an Express execution of it started, and that goes on by itself
    machine, options = call.machine, call.options
    try:
        now, _ = machine.prepare(
            type=cast(MachineType, summary.type),
            substitutions=options.get("substitutions"),
            functions=options.get("functions"),
        )
    except PenstockError:
        now = None  # it does not compile, and what goes on does not need it to
    if now is None or write(now, indent=None) != call.journal.store.definition(summary.definition):
        _log.warning(
            "%s has changed since %s began: the definition of then goes on, with the code of its tasks as it is now.",
            machine.origin,
            summary.name,
        )


def check_code(definition: Any, machine: Machine, options: RunOptions, name: str) -> None:
    """Raises InvalidInput for a task of a script whose class is not there any more: the execution would fail for it."""
    from penstock.asl.model import Task

    project = machine.project
    if project is None or options.get("mocks") is not None:
        return
    aws = machine.settings.aws
    prefix = f"arn:aws:lambda:{aws.region}:{aws.account}:function:"
    known = {*project.tasks, *machine.settings.functions, *machine.functions(options.get("functions"))}
    for _, state in definition.walk():
        resource = state.resource if isinstance(state, Task) else None
        if isinstance(resource, str) and resource.startswith(prefix) and resource[len(prefix) :] not in known:
            raise InvalidInput(
                f"The execution {name} has a state {state.name!r} that runs the task {resource[len(prefix) :]}, which "
                f"{machine.origin} has no more. Put it back, or stop the execution with penstock runs stop."
            )


def _near(path: str) -> str:
    """A path as the user would write it here."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path

"""What is written down with an execution, so that its task code is found again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from penstock.engine.journal import Described, Journal, Link
from penstock.engine.recovery import BY_RUN, begun_by_run
from penstock.errors import InvalidInput
from penstock.options import MachineType, Pace, ResumeOptions, RunOptions
from penstock.store import Database, Summary

if TYPE_CHECKING:
    from penstock.api import Machine
    from penstock.engine.execution import Execution

CLEAN: Final = "clean:run"
"""The key in `meta` by which runs tell that they ended in good order; a service has its own."""

_ONLY_HERE: Final = ("functions", "handlers", "callbacks", "settings", "machines")
"""Options that only a program can give, and has to give again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """How a run was begun. `target` is where its machine is found again, None for a definition that no file holds;
    `folder` where settings are looked for; `needs` the options that only a program can give."""

    target: str | None
    kind: str
    folder: str
    machine: str
    time: Pace
    substitutions: dict[str, str]
    parameters: dict[str, str]
    mocks: str | None
    aws: dict[str, Any] | None
    objects: str | None
    needs: tuple[str, ...]
    type: MachineType | None = None
    """What it was told to run as; None for the machine's own type."""

    @classmethod
    def of(cls, machine: Machine, options: RunOptions) -> Began:
        mocks, objects = options.get("mocks"), options.get("objects")
        needs = [name for name in _ONLY_HERE if options.get(name)]
        if mocks is not None and not isinstance(mocks, str | os.PathLike):
            needs.append("mocks")
        if objects is not None and not isinstance(objects, str | os.PathLike):
            needs.append("objects")
        aws = options.get("aws")
        return cls(
            target=machine.address,
            kind=machine.kind,
            folder=str(machine.folder.absolute()),
            machine=machine.name,
            time=options.get("time", "real"),
            substitutions=dict(options.get("substitutions") or {}),
            parameters=dict(machine.parameters),
            mocks=os.path.abspath(mocks) if isinstance(mocks, str | os.PathLike) else None,
            aws=None if aws is None else dict(aws),
            objects=os.path.abspath(objects) if isinstance(objects, str | os.PathLike) else None,
            needs=tuple(needs),
            type=options.get("type"),
        )

    def record(self) -> str:
        return json.dumps({"run": asdict(self)}, separators=(",", ":"))

    @classmethod
    def read(cls, summary: Summary) -> Began | None:
        """None for what no run began, or not itself."""
        if not begun_by_run(summary) or summary.record == STARTED:
            return None
        data = json.loads(summary.record or "")["run"]
        return cls(**{**data, "needs": tuple(data["needs"])})

    def options(self, given: ResumeOptions) -> RunOptions:
        """The options that it goes on with: those given now before those of then. Raises InvalidInput for lack of some."""
        missing = [name for name in self.needs if not given.get(name)]
        if missing:
            words = ", ".join(f"{name}=…" for name in missing)
            raise InvalidInput(
                f"It was begun from Python with {words}, which no file holds. Take it up there: penstock.resume(db, name, {words})."
            )
        then: RunOptions = {
            "time": self.time,
            "substitutions": self.substitutions,
            "mocks": self.mocks,
            "aws": self.aws,
            "objects": self.objects,
            "type": self.type,
        }
        return {**then, **given}


STARTED: Final = f"{BY_RUN}null}}"
"""The record of what a run's execution started: how that one was begun stands with it."""


def open_journal(database: Database, began: Began) -> Journal:
    """The journal of a call's driver, which says of each execution that a run began it."""

    def describe(execution: Execution, link: Link | None) -> Described:
        if link is None:
            return Described(execution.machine_arn, began.record())
        return Described(link.map_run_arn or execution.machine_arn, STARTED)

    return Journal(database, describe=describe, clean=CLEAN)

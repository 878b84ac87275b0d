"""What the core is told, and what it asks for: all that goes between it and whoever drives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from penstock.asl.errors import RUNTIME
from penstock.engine.execution import ItemOf, Status
from penstock.engine.mapruns import (
    ChildrenFound,
    EndMapRun,
    ItemsRead,
    MapRunEnded,
    ReadItems,
    RedriveMapRun,
    StartMapRun,
)
from penstock.engine.tasks.handler import Report, TaskRequest
from penstock.frozen import frozen
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.program import Program

# ---- what goes in


@frozen
class Started:
    """Begin."""


@frozen
class TaskReported:
    """News of a task attempt, by the id of its StartTask."""

    attempt: int
    report: Report


@frozen
class TimersFired:
    """The timers that are due, in order. All at once, because what happens at one instant is recorded before anything
    follows from it (recorded: four TaskTimedOut, then the first MapIterationFailed)."""

    timers: Sequence[int]


@frozen
class ChildClosed:
    """A child execution has ended, by the id of its StartChild."""

    child: int
    status: Status
    output: Json = None
    output_text: bytes | None = None
    error: str | None = None
    cause: str | None = None
    described: Json = None
    """Its description as a result, where it failed."""


@frozen
class MapRunUpdated:
    """UpdateMapRun: how many children may run at once (0: as many as there is room for), how much may fail."""

    run: int
    max_concurrency: int
    tolerated_count: float
    tolerated_percentage: float


@frozen
class StopRequested:
    error: str | None = None
    cause: str | None = None


@frozen
class Broken:
    """A fault or a limit of the engine, of which AWS has none: the execution cannot go on."""

    cause: str
    error: str = RUNTIME


@frozen
class Redriven:
    """A closed execution goes on from what did not succeed; `redriving.why_not` says whether it may."""


@frozen
class Continued:
    """Go on where `limits.STEPS` cut in."""


Event: TypeAlias = (
    Started
    | TaskReported
    | TimersFired
    | ChildClosed
    | ItemsRead
    | MapRunEnded
    | MapRunUpdated
    | ChildrenFound
    | StopRequested
    | Broken
    | Redriven
    | Continued
)

# ---- what comes out


@frozen
class StartTask:
    attempt: int
    request: TaskRequest


@frozen
class CancelTask:
    attempt: int


@frozen
class SetTimer:
    """`at` is seconds since the epoch."""

    timer: int
    at: float


@frozen
class CancelTimer:
    timer: int


@frozen
class StartChild:
    """Run `program` (a distributed Map's processor) as an execution of its own: one of the Map Run `run`, for so many
    `items`."""

    child: int
    program: Program
    value: Json
    text: bytes
    label: str
    item: ItemOf | None
    type: str
    run: int = 0
    items: int = 1


@frozen
class RedriveChild:
    """A child execution of the Map Run `run` that did not succeed goes on from what did not."""

    child: int
    run: int
    items: int


@frozen
class CancelChild:
    child: int


Command: TypeAlias = (
    StartTask
    | CancelTask
    | SetTimer
    | CancelTimer
    | StartChild
    | RedriveChild
    | CancelChild
    | StartMapRun
    | RedriveMapRun
    | ReadItems
    | EndMapRun
)

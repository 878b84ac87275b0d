"""What `run`, `start`, `run_many` and `resume` take by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from penstock.errors import InvalidInput

if TYPE_CHECKING:
    from penstock.api import Machine
    from penstock.clock import Clock, Entropy
    from penstock.config import Settings
    from penstock.engine.callbacks import Callbacks
    from penstock.engine.objects import Given
    from penstock.engine.tasks.handler import TaskHandler
    from penstock.local import Function, Log, Mocks
    from penstock.targets import TargetLike

MachineType: TypeAlias = Literal["STANDARD", "EXPRESS"]
Pace: TypeAlias = Literal["real", "skip"]
Observer: TypeAlias = Callable[[Mapping[str, Any]], None]


class ResumeOptions(TypedDict, total=False):
    """What `resume` and `redrive` take. Each may be left out; None stands for that, too."""

    functions: Mapping[str, Function] | None
    """A Lambda ARN or name, and the callable `(event, context)` that answers for it."""
    mocks: Mocks | None
    """`FILE#CASE`, or {"config", "state_machine", "case"} in AWS's MockConfigFile form; "complete": True adds what AWS adds to
    every answer."""
    aws: Mapping[str, Any] | None
    """Keys of `[aws]` for this run, such as {"endpoint_url": "moto"}."""
    settings: Settings | None
    """In place of the settings file."""
    observer: Observer | None
    """Called with each history event as it happens."""
    clock: Clock | None
    entropy: Entropy | None
    log: Log | None
    """Called with a task's name and the lines it printed; logging's `penstock.task` gets them by default."""
    machines: Mapping[str, Machine | TargetLike] | None
    """An ARN or a name, and a further machine that this one may start."""
    callbacks: Callbacks | None
    """Where workers send task tokens back and take activities' tasks, from other threads."""
    handlers: Sequence[TaskHandler]
    """Asked before all others who answers a task; the caller closes them."""
    objects: Given | None
    """The buckets that distributed Maps read from and write to: {bucket: {key: bytes or text}} (what is written is put into
    it), a folder of buckets, or an ObjectStore."""


class RunOptions(ResumeOptions, total=False):
    """What `run`, `start` and `run_many` take."""

    time: Pace
    """"skip" runs on a virtual clock: waits, retries and timeouts take no real time."""
    type: MachineType | None
    """Without it STANDARD, or what a template or a construct says."""
    name: str | None
    """The execution's; made up without it."""
    substitutions: Mapping[str, str] | None
    """The values of `${K}` placeholders."""
    sync: bool
    """An EXPRESS machine as StartSyncExecution runs it (its context object has no RedriveCount)."""
    db: str | os.PathLike[str] | None
    """A database file: what runs is written down there, and `resume` takes it up after an interruption."""


def check_options(options: Mapping[str, Any], *, for_run: bool = True) -> None:
    """Raises TypeError for a name that is none, as Python does; InvalidInput for a `time` that is none."""
    names = RunOptions.__annotations__ if for_run else ResumeOptions.__annotations__
    for name in options:
        if name not in names:
            close = get_close_matches(name, names, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}."
            raise TypeError(f"There is no option {name!r}; {hint}")
    if options.get("time", "real") not in ("real", "skip"):
        raise InvalidInput(f"time is 'real' or 'skip', not {options['time']!r}.")

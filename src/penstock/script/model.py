"""What a compiled script is: tasks, machines, processors, triggers. Plain frozen objects for running, testing and deploying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from penstock.asl.model import StateMachine
from penstock.diagnostics import Span
from penstock.jsontools import Json

Service: TypeAlias = Literal[
    "lambda", "lambda:container", "lambda:pexpm-runner", "ecs", "ecs:worker", "codebuild", "batch"
]


@dataclass(frozen=True, slots=True)
class RunMethod:
    """A task's code. `source` is its own text, dedented to column 0, decorators and comments inside kept; `span` where it
    stands; `arguments` its two parameter names; `dependencies` the top-level packages it imports, sorted, those of the
    standard library included."""

    source: str = field(repr=False)
    span: Span
    arguments: tuple[str, str]
    dependencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TaskClass:
    """A Task class with every attribute, defaults filled in. `timeout` and `heartbeat_interval` are seconds, `memory` MiB,
    `cpu` Fargate units (1024 = 1 vCPU). `run` is None where another program does the work (codebuild, workers)."""

    name: str
    service: Service
    span: Span
    timeout: int = 300
    cpu: int = 1024
    memory: int = 2048
    concurrency: int = 1
    heartbeat_interval: int | None = None
    autoscaling_min: int = 1
    autoscaling_max: int = 1
    spec: str | None = None
    build_spec: Json = None
    run: RunMethod | None = None
    doc: str | None = None

    @property
    def substitutions(self) -> tuple[str, ...]:
        """The `${…}` names that this task's states use and a deployment fills in."""
        from penstock.script.lower.services import substitutions

        return substitutions(self)


@dataclass(frozen=True, slots=True)
class ProcessorMethod:
    """One `get_custom_tags_<event>` method: its own text, dedented."""

    event: str
    source: str = field(repr=False)
    span: Span
    dependencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventProcessorClass:
    """A class that adds tags to a machine's events; `methods` by the event type each is for."""

    name: str
    span: Span
    methods: Mapping[str, ProcessorMethod]


@dataclass(frozen=True, slots=True)
class Schedule:
    """`expression` is `rate(…)` or `cron(…)`; `input_data` the input of each execution, None for none."""

    expression: str
    input_data: Json
    span: Span


@dataclass(frozen=True, slots=True)
class Subscription:
    """Start on another machine's end (`project`, `state_machine`, `status`) or on a topic (`topic_arn_import_value`)."""

    project: str | None
    topic_arn_import_value: str | None
    state_machine: str
    status: Literal["success", "failure"]
    span: Span


@dataclass(frozen=True, slots=True)
class EventProcessing:
    """The machine's events are processed: by the class named `processor`, or by the default one when that is None."""

    processor: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class ScriptMachine:
    """One state machine function.

    `exported` says that it is deployed as a machine of its own that can be started directly: it was decorated with
    export, schedule or subscribe. `used_as` tells what else it is part of. `tasks` are the Task classes its states run,
    `starts` the machines it starts as executions, both in the order of first use, inner machines included.
    """

    name: str
    definition: StateMachine
    span: Span
    doc: str | None = None
    exported: bool = False
    schedule: Schedule | None = None
    subscriptions: tuple[Subscription, ...] = ()
    event_processing: EventProcessing | None = None
    used_as: frozenset[Literal["branch", "iterator", "inlined", "started"]] = frozenset()
    tasks: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    substitutions: tuple[str, ...] = ()

    @property
    def event_processor(self) -> str | None:
        """The EventProcessor class of its events; None for the default one, or where events are not processed."""
        return self.event_processing.processor if self.event_processing else None

    @property
    def is_first_class(self) -> bool:
        """Whether it is a machine of its own: not just a branch, an iteration or a part of another machine."""
        return self.exported or self.name == "main" or not self.used_as or "started" in self.used_as

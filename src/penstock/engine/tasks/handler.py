"""How the driver has a task attempt carried out, whatever answers it: a function, a worker process, a mock, AWS.

The driver finds the handler that `handles` a resource and calls `start` with a TaskRequest and a Reporter. The handler
returns at once with a Cancel; the outcome comes later through the reporter, from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from penstock.frozen import frozen, keyword_frozen
from penstock.jsontools import Json


@keyword_frozen
class TaskRequest:
    """One attempt of one task. `arguments` is the effective input (after Parameters or Arguments); `timeout` and
    `heartbeat` are seconds or None; `attempt` counts from 0; `token` is set for `.waitForTaskToken` and for activities."""

    resource: str
    arguments: Json
    state_name: str
    execution_arn: str
    execution_name: str
    machine_arn: str
    machine_name: str
    entered_time: str
    attempt: int = 0
    token: str | None = None
    timeout: float | None = None
    heartbeat: float | None = None
    credentials: Json = None
    region: str = "us-east-1"
    number: int = 0
    """Names the attempt within its execution, whatever else starts there."""


@frozen
class Succeeded:
    """`output` is the task's result as the integration returns it (lambda:invoke's envelope included)."""

    output: Json


@frozen
class Failed:
    """`error` is None only where SendTaskFailure came without one."""

    error: str | None
    cause: str | None = None


@frozen
class Started:
    """A worker has taken the task: only for activities, whose timeouts count from here. Other tasks start when they are
    scheduled and need not say so."""

    worker: str | None = None


@frozen
class Submitted:
    """A `.sync` or `.waitForTaskToken` request has been accepted; the task itself goes on. `output` is the answer of the
    starting call (recorded in TaskSubmitted). `working`: it goes on in this process, whose handler will report the end. So
    virtual time must not jump over it as it does while a token is out in the world, and it ends with the process."""

    output: Json
    working: bool = False


@frozen
class Heartbeat:
    """The task is alive: its heartbeat timer starts anew."""


@frozen
class Stopped:
    """The task's code asked to stop the whole execution (`context.stop_execution`): it closes ABORTED with these two,
    as StopExecution would leave it. Nothing follows."""

    error: str | None = None
    cause: str | None = None


@frozen
class NotStarted:
    """Step Functions itself refuses the task's parameters: the execution ends with States.Runtime, no event tells of a failed
    task, and before `cause` stands which state it was."""

    cause: str


@frozen
class Later:
    """Nothing to do for `seconds` of the execution's clock; then the driver calls `wake`, from its own thread, unless the
    attempt is over. With `outside`, something goes on meanwhile in real time (a job of a service), so virtual time does not
    jump; without, it may."""

    seconds: float
    wake: Callable[[], None]
    outside: bool = False


Report: TypeAlias = Started | Succeeded | Failed | Submitted | Heartbeat | Stopped | Later | NotStarted
Reporter: TypeAlias = Callable[[Report], None]
Cancel: TypeAlias = Callable[[], None]
"""Really stops the attempt (kills the worker process); safe to call at any time and more than once."""
Resume: TypeAlias = "Callable[[TaskRequest, Reporter, Taken], Cancel]"


@frozen
class Taken:
    """An attempt that an earlier process began and whose end it did not write down. `started`: a worker has it (activities);
    `submitted`: what was to be started is, and goes on without that process; `answer` is what its start was answered."""

    started: bool = False
    submitted: bool = False
    answer: Json = None


class TaskHandler(Protocol):
    """A handler that can refuse a request by more than its resource (the state's name, the FunctionName in it) also has
    `answers(request) -> bool`; `select` asks it. One that can go on with an attempt that an earlier process began has
    `resume(request, report, taken) -> Cancel`; of others the attempt is started anew. Where a driver with a journal closes, it
    does not cancel what such a handler has submitted."""

    def handles(self, resource: str) -> bool: ...

    def start(self, request: TaskRequest, report: Reporter) -> Cancel: ...

    def close(self) -> None:
        """Stops everything the handler still runs."""


def select(handlers: Iterable[TaskHandler], request: TaskRequest) -> TaskHandler | None:
    """The first handler that takes this request, or None."""
    for handler in handlers:
        if handler.handles(request.resource):
            answers: Callable[[TaskRequest], bool] | None = getattr(handler, "answers", None)
            if answers is None or answers(request):
                return handler
    return None

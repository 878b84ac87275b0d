"""What workers outside an execution call: SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat, and activities.

One object serves all drivers of a process, from any thread. It holds no timers: timeouts and heartbeats are the
executions' own. Words of refusals: recorded (sfn_api_activities.json, services.json), the used token's from the API itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from penstock.clock import Clock, SystemClock
from penstock.engine import limits
from penstock.engine.history import instant
from penstock.engine.tasks.handler import (
    Cancel,
    Failed,
    Heartbeat,
    Report,
    Reporter,
    Started,
    Succeeded,
    Taken,
    TaskRequest,
)
from penstock.errors import ServiceError
from penstock.jsontools import Json, dumps

POLL_SECONDS: Final = 60.0
"""How long GetActivityTask waits for a task (API reference)."""

_TOKEN_CHARACTERS: Final = 128
_HEX: Final = frozenset("0123456789abcdef")

Deliver: TypeAlias = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Activity:
    arn: str
    name: str
    creation_date: datetime


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """What GetActivityTask gives a worker."""

    token: str
    input: Json


@dataclass(eq=False, slots=True)
class _Waiting:
    request: TaskRequest
    report: Reporter


class Poll:
    """A worker's wait for a task; `left` when the worker has gone and is to get none."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = False


class Callbacks:
    """Task tokens that are waited for, and activities with the tasks that no worker has taken yet."""

    def __init__(self, *, region: str = "us-east-1", account: str = "123456789012", clock: Clock | None = None) -> None:
        self._prefix = f"arn:aws:states:{region}:{account}:activity:"
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self._tokens: dict[str, Deliver] = {}
        self._activities: dict[str, Activity] = {}
        self._queues: dict[str, OrderedDict[_Waiting, None]] = {}
        self._pollers: dict[str, deque[Poll]] = {}
        self._released = False

    # ---- tokens

    def send_task_success(self, token: str, output: Json) -> None:
        """Ends the task with `output`. Raises ServiceError: InvalidToken for what is no token, TaskTimedOut for one that
        nothing waits for any more, InvalidOutput for more than 256 KiB."""
        if len(dumps(output)) > limits.PAYLOAD_BYTES:
            raise ServiceError(
                f"Invalid Output: 'output' has more than {limits.PAYLOAD_BYTES} bytes of JSON", code="InvalidOutput"
            )
        self._taken(token)(Succeeded(output))

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fails the task. Raises ServiceError as `send_task_success` does."""
        self._taken(token)(Failed(error, cause))

    def send_task_heartbeat(self, token: str) -> None:
        """The task is alive. Raises ServiceError as `send_task_success` does."""
        with self._changed:
            deliver = self._tokens.get(token)
        if deliver is None:
            raise _no_task(token)
        deliver(Heartbeat())

    def expect(self, token: str, deliver: Deliver) -> None:
        """A driver begins to wait for a token; `deliver` gets at most one end, from any thread."""
        with self._changed:
            self._tokens[token] = deliver

    def forget(self, token: str) -> None:
        """The task is over some other way, or was ended by its token: nothing waits for it now."""
        with self._changed:
            self._tokens.pop(token, None)

    def waits_for(self, token: str) -> bool:
        with self._changed:
            return token in self._tokens

    def _taken(self, token: str) -> Deliver:
        with self._changed:
            deliver = self._tokens.pop(token, None)
        if deliver is None:
            raise _no_task(token)
        return deliver

    # ---- activities

    def create_activity(self, name: str) -> Activity:
        """The activity of that name, made where there is none. Raises ServiceError InvalidName."""
        with self._changed:
            activity, known = self.new_activity(name)
            if not known:
                self.restore_activity(activity)
            return activity

    def new_activity(self, name: str) -> tuple[Activity, bool]:
        """The activity of that name, and whether there is one: else it is not made known yet. Raises ServiceError InvalidName."""
        if not 0 < len(name) <= limits.NAME_CHARACTERS or not limits.NAME_FORBIDDEN.isdisjoint(name):
            raise ServiceError(f"Invalid Name: '{name}'", code="InvalidName")
        arn = self._prefix + name
        with self._changed:
            known = self._activities.get(arn)
        return (Activity(arn, name, instant(self._clock.now())), False) if known is None else (known, True)

    def restore_activity(self, activity: Activity) -> None:
        """Makes known an activity, of an earlier process or a new one."""
        with self._changed:
            self._activities[activity.arn] = activity
            self._queues.setdefault(activity.arn, OrderedDict())

    def describe_activity(self, arn: str) -> Activity:
        """Raises ServiceError: InvalidArn, ActivityDoesNotExist."""
        with self._changed:
            return self._known(arn)

    def list_activities(self) -> list[Activity]:
        """In the order of their making."""
        with self._changed:
            return list(self._activities.values())

    def delete_activity(self, arn: str) -> None:
        """Deletes it; its tasks that no worker has taken fail their executions. No error for one that is not there.
        Raises ServiceError InvalidArn."""
        _check_arn(arn)
        with self._changed:
            self._activities.pop(arn, None)
            left = list(self._queues.pop(arn, ()))
            self._changed.notify_all()
        for waiting in left:
            waiting.report(_no_activity(arn))

    def get_activity_task(
        self, arn: str, *, worker: str | None = None, wait: float = POLL_SECONDS, poll: Poll | None = None
    ) -> ActivityTask | None:
        """The task that has waited longest; None where none comes within `wait` seconds, or before `leave` of the poll.

        Workers that poll at once are served in their order. Raises ServiceError: InvalidArn, ActivityDoesNotExist.
        """
        ticket = poll or Poll()
        with self._changed:
            self._known(arn)
            line = self._pollers.setdefault(arn, deque())
            line.append(ticket)
            try:
                self._changed.wait_for(lambda: self._ready(arn, line, ticket), timeout=wait)
                self._known(arn)
                queue = self._queues[arn]
                if self._released or ticket.left or line[0] is not ticket or not queue:
                    return None
                waiting, _ = queue.popitem(last=False)
            finally:
                line.remove(ticket)
                if not line and self._pollers.get(arn) is line:
                    del self._pollers[arn]  # the activity may be gone, or never polled again
                self._changed.notify_all()
        waiting.report(Started(worker))
        assert waiting.request.token is not None  # the core gives every attempt of an activity one
        return ActivityTask(waiting.request.token, waiting.request.arguments)

    def release(self) -> None:
        """Lets the workers that wait for tasks go, and those that come later: the process ends."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def leave(self, poll: Poll) -> None:
        """The worker has gone: a task that comes now is for the next."""
        with self._changed:
            poll.left = True
            self._changed.notify_all()

    def _ready(self, arn: str, line: deque[Poll], ticket: Poll) -> bool:
        queue = self._queues.get(arn)
        return self._released or ticket.left or queue is None or (line[0] is ticket and bool(queue))

    def _known(self, arn: str) -> Activity:
        _check_arn(arn)
        known = self._activities.get(arn)
        if known is None:
            raise ServiceError(f"Activity Does Not Exist: '{arn}'", code="ActivityDoesNotExist")
        return known

    # ---- as a task handler: of activities

    def handles(self, resource: str) -> bool:
        return resource.startswith("arn:") and ":activity:" in resource

    def resume(self, request: TaskRequest, report: Reporter, taken: Taken) -> Cancel:
        """A task that a worker has goes on under its token; one that nobody had taken waits again."""
        return _nothing if taken.started else self.start(request, report)

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        waiting = _Waiting(request, report)
        with self._changed:
            queue = self._queues.get(request.resource)
            if queue is None:
                report(_no_activity(request.resource))
                return _nothing
            queue[waiting] = None
            self._changed.notify_all()

        def cancel() -> None:
            with self._changed:
                queue.pop(waiting, None)

        return cancel

    def close(self) -> None:
        """It belongs to whoever made it, and outlives runs."""


def _check_arn(arn: str) -> None:
    if not arn.startswith("arn:"):
        raise ServiceError(f"Invalid Arn: 'Invalid ARN prefix: {arn}'", code="InvalidArn")


def _no_activity(arn: str) -> Failed:
    # Developer Guide, "Handling errors": a deleted activity is a States.Runtime.
    return Failed("States.Runtime", f"The activity {arn} does not exist.")


def _no_task(token: str) -> ServiceError:
    # Tokens say by their form that they are ours, so that used ones need not be kept.
    if len(token) == _TOKEN_CHARACTERS and _HEX.issuperset(token):
        return ServiceError("Task Timed Out: 'Provided task does not exist anymore'", code="TaskTimedOut")
    return ServiceError("Invalid Token: 'Invalid token'", code="InvalidToken")


def _nothing() -> None:
    return None

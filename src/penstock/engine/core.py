"""The heart, and pure: `advance(execution, event, now)` → commands, with history events added to the execution.

No I/O, no clock, no randomness but the execution's own seed: the same execution, event and time give the same commands
and events. It runs every frame that can go on until it needs something from the world. Frames take turns state by state,
in the order in which they became ready, as concurrent branches do at AWS, but always the same way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.asl.errors import QUERY_EVALUATION_ERROR
from penstock.asl.scope import EvaluationError, TooLarge
from penstock.clock import Entropy, iso8601
from penstock.engine import limits
from penstock.engine.execution import (
    AGAIN,
    ENTER,
    ERROR,
    EXECUTION,
    FAILING,
    GONE,
    HEARTBEAT,
    RESULT,
    RETRY,
    TIMEOUT,
    WAIT,
    Execution,
    Failure,
    FieldError,
    Frame,
    PlainError,
    Status,
)
from penstock.engine.history import KIND, Record
from penstock.engine.mapruns import (
    ChildrenFound,
    ItemsRead,
    MapRunEnded,
)
from penstock.engine.messages import (
    Broken,
    CancelChild,
    CancelTask,
    CancelTimer,
    ChildClosed,
    Command,
    Event,
    MapRunUpdated,
    Redriven,
    SetTimer,
    StartChild,
    Started,
    StartTask,
    StopRequested,
    TaskReported,
    TimersFired,
)
from penstock.engine.redriving import redrive, why_not
from penstock.engine.states.base import too_large
from penstock.errors import JsonError
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.states.base import State

_STARTED = KIND["ExecutionStarted"]
_SUCCEEDED = KIND["ExecutionSucceeded"]
_FAILED = KIND["ExecutionFailed"]
_TIMED_OUT = KIND["ExecutionTimedOut"]
_ABORTED = KIND["ExecutionAborted"]
_EVALUATION_FAILED = KIND["EvaluationFailed"]


def advance(execution: Execution, event: Event, now: float) -> list[Command]:
    """Lets `execution` take in `event` at the time `now` (seconds since the epoch) and go as far as it can.

    History events are added to `execution.records`. Where the returned commands are carried out is the driver's affair;
    when `execution.ready` is not empty afterwards, it wants `Continued` before long. An event for something that is over
    (a late report, a timer that was cancelled) changes nothing.
    """
    if execution.status != "RUNNING" and not isinstance(event, Redriven):
        return []
    turn = (execution.turn or Turn)(execution, now)
    if isinstance(event, TaskReported):
        frame = execution.attempts.get(event.attempt)
        if frame is not None:
            frame.state.reported(turn, frame, event.report)
    elif isinstance(event, Started):
        turn.start()
    elif isinstance(event, TimersFired):
        for timer in event.timers:
            turn.fire(timer)
    elif isinstance(event, ChildClosed):
        frame = execution.attempts.pop(event.child, None)
        if frame is not None:
            frame.state.child_closed(turn, frame, event)
    elif isinstance(event, ItemsRead | MapRunEnded | ChildrenFound):
        frame = execution.attempts.get(event.run)
        if frame is not None:
            frame.state.map_run_reported(turn, frame, event)
    elif isinstance(event, MapRunUpdated):
        frame = execution.attempts.get(event.run)
        if frame is not None:
            frame.state.map_run_updated(turn, frame, event)
    elif isinstance(event, Redriven):
        if why_not(execution, now) is None:
            redrive(turn)
    elif isinstance(event, StopRequested):
        turn.close("ABORTED", _ABORTED, 0, event.error, event.cause)
    elif isinstance(event, Broken):
        turn.break_off(event.error, event.cause)
    turn.drain()
    return turn.commands


class Turn:
    """One call of `advance`: what states are given to work with. It is also the Scope of what they compute."""

    __slots__ = (
        "_context",
        "_context_key",
        "_entropy",
        "_entropy_key",
        "base",
        "commands",
        "execution",
        "frame",
        "now",
        "ready",
        "records",
        "states",
    )

    def __init__(self, execution: Execution, now: float) -> None:
        self.execution = execution
        self.now = now
        self.base = execution.base
        self.records = execution.records
        self.ready = execution.ready
        self.commands: list[Command] = []
        self.frame = execution.root
        """Whose values are being computed."""
        self.states: Mapping[str, Json] | None = None
        """What `$states` has besides input and context, where it has: result or errorOutput."""
        self._context_key: tuple[Any, ...] | None = None
        self._context: dict[str, Json] = {}
        self._entropy_key: tuple[int, ...] = ()
        self._entropy: Entropy | None = None

    # ---- the Scope

    @property
    def variables(self) -> Mapping[str, Json]:
        return self.frame.variables

    @property
    def context(self) -> Mapping[str, Json]:
        """`$$`, as recorded: RetryCount only in states that can retry, Task only with a token, Map only in an item."""
        frame = self.frame
        attempt = frame.attempt
        key = (frame.number, frame.entered, frame.retry_count, None if attempt is None else attempt.id)
        if key == self._context_key:
            return self._context
        execution = self.execution
        if execution.context is None:
            about: dict[str, Json] = {
                "Id": execution.arn,
                "Input": execution.input,
                "StartTime": iso8601(execution.started),
                "Name": execution.name,
                "RoleArn": execution.role_arn,
            }
            if not execution.sync:
                about["RedriveCount"] = execution.redrive_count
            if execution.redrive_count:
                about["RedriveTime"] = iso8601(execution.redriven)
            execution.context = {
                "Execution": about,
                "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
            }
        state: dict[str, Json] = {"Name": frame.state.name, "EnteredTime": iso8601(frame.entered_at)}
        if frame.state.retries:
            state["RetryCount"] = frame.retry_count
        context = {**execution.context, "State": state}
        if attempt is not None and attempt.token is not None:
            context["Task"] = {"Token": attempt.token}
        holder: Frame | None = frame
        while holder is not None and holder.item is None:
            holder = holder.parent
        if holder is not None and holder.item is not None:
            index, value, name, source = holder.item
            item: dict[str, Json] = {"Index": index, "Value": value, "Source": source}
            if name is not None:
                item["Key"] = name
            context["Map"] = {"Item": item}
        self._context_key = key
        self._context = context
        return context

    def forget_context(self) -> None:
        """What the context object shows has changed in the middle of a state (the item that ItemSelector sees)."""
        self._context_key = None

    @property
    def entropy(self) -> Entropy:
        """Drawn from the seed and the place in the history: the same at every replay, different at every use."""
        frame = self.frame
        key = (self.base + len(self.records), frame.number, frame.retry_count)
        if self._entropy is None or key != self._entropy_key:
            self._entropy_key = key
            self._entropy = Entropy(f"{self.execution.seed}:{key}")
        return self._entropy

    # ---- what states call

    def record(self, record: Record) -> int:
        """Adds an event; its id."""
        self.records.append(record)
        return self.base + len(self.records)

    def id(self) -> int:
        """A new name for a timer, an attempt or a child."""
        self.execution.ids_made += 1
        return self.execution.ids_made

    def child(self, frame: Frame, index: int, state: State, value: Json, text: bytes, last: int) -> Frame:
        """A new frame below `frame`."""
        execution = self.execution
        execution.frames_made += 1
        return Frame(execution.frames_made, state, value, text, frame.variables, frame, index, last)

    def set_timer(self, frame: Frame | None, purpose: str, at: float) -> int:
        timer = self.id()
        self.execution.timers[timer] = (frame, purpose, at)
        if frame is not None:
            place = frame.last - self.base - 1
            if place >= 0:
                frame.before = self.records[place][1]
        self.commands.append(SetTimer(timer, at))
        return timer

    def cancel_timer(self, timer: int) -> None:
        if timer and self.execution.timers.pop(timer, None) is not None:
            self.commands.append(CancelTimer(timer))

    def token(self, attempt: int) -> str:
        """A task token that nobody can guess who does not know the seed."""
        text = f"{self.execution.seed}:{self.execution.arn}:{attempt}"
        return hashlib.sha512(text.encode()).hexdigest()

    def end_attempt(self, frame: Frame, *, cancel: bool) -> None:
        """The world's work for `frame` is over, or is to be stopped."""
        attempt = frame.attempt
        if attempt is not None:
            frame.attempt = None
            if self.execution.attempts.pop(attempt.id, None) is not None and cancel:
                self._cancel(attempt.id)
            self.cancel_timer(attempt.timeout_timer)
            self.cancel_timer(attempt.heartbeat_timer)

    def _cancel(self, attempt: int) -> None:
        for index, command in enumerate(self.commands):
            if isinstance(command, StartTask) and command.attempt == attempt:
                del self.commands[index]  # scheduled and aborted in the same turn: it never begins
                return
        self.commands.append(CancelTask(attempt))

    def wake(self, frame: Frame, phase: int) -> None:
        frame.phase = phase
        self.ready.append(frame)

    def fail(self, frame: Frame, failure: Failure) -> None:
        """The state of `frame` has failed: its retriers and catchers are asked when its turn comes."""
        frame.failure = failure
        frame.phase = ERROR
        self.ready.append(frame)

    def doomed(self, frame: Frame, failure: Failure) -> None:
        """Nothing catches States.Runtime, and no state or iteration is said to have failed (floci-io/floci#2868)."""
        self.close("FAILED", _FAILED, frame.last, failure.error, failure.cause)

    def broken(self, frame: Frame, failure: Failure) -> None:
        """Nothing in the state of `frame` took the failure: it breaks what the frame belongs to."""
        frame.failure = failure
        if frame.parent is None:
            self.close("FAILED", _FAILED, frame.last, failure.error, failure.cause)
        else:
            # Not at once: what other branches do at this instant is recorded before they are aborted.
            frame.phase = FAILING
            self.ready.append(frame)

    def finished(self, frame: Frame) -> None:
        """`frame` has left its last state."""
        frame.phase = GONE
        parent = frame.parent
        if parent is not None:
            parent.state.child_finished(self, parent, frame)
            return
        execution = self.execution
        self.record((_SUCCEEDED, frame.last, self.now, frame.text))
        execution.output = frame.value
        execution.output_text = frame.text
        self._over("SUCCEEDED")

    def close(self, status: Status, kind: int, previous: int, error: str | None, cause: str | None) -> None:
        """Ends the execution without success."""
        if error is not None:
            error = error[: limits.ERROR_CHARACTERS]
        if cause is not None:
            cause = cause[: limits.CAUSE_CHARACTERS]
        self.record((kind, previous, self.now, error, cause))
        self.execution.error = error
        self.execution.cause = cause
        self._over(status)

    def _over(self, status: Status) -> None:
        execution = self.execution
        execution.status = status
        execution.stopped = self.now
        for key, frame in execution.attempts.items():
            self.commands.append(CancelTask(key) if frame.attempt is not None else CancelChild(key))
        execution.attempts.clear()
        execution.texts.clear()
        for timer in execution.timers:
            self.commands.append(CancelTimer(timer))
        execution.timers.clear()
        for frame in execution.ready:
            if frame.phase == ENTER:
                frame.entered = 0  # not in its state yet: redriven, it enters
        execution.ready.clear()

    # ---- the turn

    def start(self) -> None:
        execution = self.execution
        execution.started = self.now
        self.record((_STARTED, 0, self.now, execution.input_text, execution.role_arn))
        self.limit_time()
        self.ready.append(execution.root)

    def break_off(self, error: str, cause: str) -> None:
        """Ends an execution that a fault or a limit of the engine keeps from going on, maybe from its first step."""
        last = self.base + len(self.records)
        if not last:
            self.execution.started = self.now
            last = self.record((_STARTED, 0, self.now, self.execution.input_text, self.execution.role_arn))
        self.close("FAILED", _FAILED, last, error, cause)

    def limit_time(self) -> None:
        """Sets the timer of the whole execution."""
        execution = self.execution
        longest = limits.STANDARD_SECONDS if execution.type == "STANDARD" else limits.EXPRESS_SECONDS
        seconds = execution.program.timeout_seconds
        self.set_timer(None, EXECUTION, self.now + (longest if seconds is None else min(seconds, longest)))

    def fire(self, timer: int) -> None:
        entry = self.execution.timers.pop(timer, None)
        if entry is None:
            return
        frame, purpose, _ = entry
        if frame is None:
            # Recorded: previousEventId 0, error States.Timeout in the event only; no event for the open states.
            self.close("TIMED_OUT", _TIMED_OUT, 0, "States.Timeout", None)
            self.execution.error = None
        elif purpose == WAIT:
            frame.timer = 0
            self.wake(frame, RESULT)
        elif purpose == RETRY:
            frame.timer = 0
            self.wake(frame, AGAIN)
        elif purpose in (TIMEOUT, HEARTBEAT):
            frame.state.timed_out(self, frame, purpose)

    def drain(self) -> None:
        """Lets frames go on until none can, the execution is over, or the turn has made its steps."""
        execution = self.execution
        ready = self.ready
        records = self.records
        limit = execution.limit - self.base
        stop = min(limit, len(records) + 2 * limits.STEPS)  # a state makes about two events
        while ready:
            frame = ready.popleft()
            phase = frame.phase
            if phase == GONE:
                continue
            self.frame = frame
            state: State | None = frame.state
            try:
                if phase != ENTER:
                    frame.phase = ENTER
                    state = self._resume(frame, phase)
                while state is not None:
                    frame.state = state
                    state = state.enter(self, frame)
                    if ready or len(records) >= stop:
                        break
                if state is not None:
                    frame.state = state
                    ready.append(frame)
            except EvaluationError as problem:
                self._problem(frame, problem, recovering=phase == ERROR)
            except (JsonError, RecursionError):
                # AWS reads JSON of at most 1,000 levels; what states build by nesting must end somewhere too.
                self._problem(
                    frame, EvaluationError("States.Runtime", "A value is nested too deeply."), recovering=False
                )
            if len(records) >= stop:
                if len(records) > limit or (len(records) == limit and execution.status == "RUNNING"):
                    self._overflow(limit)
                return

    def _resume(self, frame: Frame, phase: int) -> State | None:
        failure = frame.failure
        if phase == ERROR and failure is not None:
            return frame.state.recover(self, frame, failure)
        if phase == FAILING and failure is not None and frame.parent is not None:
            frame.phase = FAILING
            frame.parent.state.child_failed(self, frame.parent, frame, failure)
            return None
        return frame.state.resume(self, frame, phase)

    def told(self, frame: Frame, problem: EvaluationError) -> str:
        """The cause that says where it happened."""
        name = frame.state.name
        return f"An error occurred while executing the state '{name}' (entered at the event id #{frame.entered}). {problem.cause}"

    def _problem(self, frame: Frame, problem: EvaluationError, *, recovering: bool) -> None:
        if isinstance(problem, TooLarge):
            problem = too_large(frame.state.name)
        cause = problem.cause if isinstance(problem, PlainError) else self.told(frame, problem)
        self.states = None
        if problem.error == QUERY_EVALUATION_ERROR:
            self._evaluation_failed(frame, problem, cause)
        if problem.error == "States.Runtime":
            self.doomed(frame, Failure(problem.error, cause))
        elif recovering:
            frame.state.failed(self, frame)  # measured: a second ParallelStateFailed
            self.broken(frame, Failure(problem.error, cause))
        else:
            self.fail(frame, Failure(problem.error, cause))

    def _evaluation_failed(self, frame: Frame, problem: EvaluationError, cause: str) -> None:
        # Recorded: it follows what the last event follows (StateEntered's own predecessor); where the state itself finds
        # fault with a value that was computed (a Timestamp), it follows that event.
        previous = frame.last
        place = previous - self.base - 1
        if not isinstance(problem, FieldError):
            previous = self.records[place][1] if place >= 0 else frame.before
        record = (_EVALUATION_FAILED, previous, self.now, problem.error, cause, problem.location, frame.state.name)
        frame.last = self.record(record)

    def _overflow(self, limit: int) -> None:
        # The last event there is room for says so; what the last step recorded beyond it never happened.
        del self.records[limit - 1 :]
        self.commands = [c for c in self.commands if not isinstance(c, StartTask | StartChild)]
        text = f"The execution reached the maximum number of history events ({self.execution.limit})."
        self.close("FAILED", _FAILED, self.base + limit - 1, "States.Runtime", text)

    # ---- aborting

    def abort(self, frame: Frame, previous: int) -> None:
        """Ends `frame` and all below it because a sibling failed; `previous` is the event that did it."""
        if frame.phase == GONE:
            return
        state = frame.state
        inside = frame.phase != ENTER
        if not inside:
            frame.entered = 0
        frame.phase = GONE
        self.end_attempt(frame, cancel=True)
        self.cancel_timer(frame.timer)
        frame.timer = 0
        if inside and state.aborted:
            self.record((state.aborted, previous, self.now))
        join = frame.join
        if join is not None:
            running = dict(join.running)
            state.abort_children(self, frame, previous)
            join.running = running
            frame.kept = join
            frame.join = None

"""Redriving: an execution that ended without success goes on from the states that did not succeed.

Source: Developer Guide, "Restarting state machine executions with redrive", and the API's RedriveExecution. Successful
steps keep their results; a Parallel or an inline Map runs only the branches and iterations that failed or were aborted,
a distributed Map all of its items. A Task is scheduled again without being entered again, any other state is entered
again; retry counters and the execution's timeout start anew. Which events follow which has not been recorded: here all
that goes on follows ExecutionRedriven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from penstock.engine.execution import AGAIN, ENTER, RESULT, WAITING, Execution, Frame, RunJoin
from penstock.engine.history import KIND

if TYPE_CHECKING:
    from penstock.engine.core import Turn
    from penstock.engine.journal import Closed

_REDRIVEN: Final = KIND["ExecutionRedriven"]
_PERIOD: Final = 14 * 86_400
_LONGEST: Final = 365 * 86_400
_EVENTS: Final = 24_999


def why_not(execution: Execution | Closed, now: float) -> str | None:
    """AWS's redriveStatusReason where it cannot be redriven, else None."""
    if execution.type == "EXPRESS":
        return "Express workflow executions cannot be redriven"
    if execution.status in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.base + len(execution.records) >= _EVENTS:
        return "Execution history event limit exceeded"
    if now - execution.stopped > _PERIOD:
        return "Execution redrivable period exceeded"
    if now - execution.started > _LONGEST:
        return "Execution open time limit exceeded"
    return None


def redrive(turn: Turn) -> None:
    """Makes the closed execution of `turn` run again."""
    execution = turn.execution
    execution.status = "RUNNING"
    execution.error = execution.cause = None
    execution.stopped = 0.0
    execution.redrive_count += 1
    execution.redriven = turn.now
    execution.context = None
    last = turn.base + len(turn.records)
    redriven = turn.record((_REDRIVEN, last, turn.now, execution.redrive_count))
    turn.limit_time()
    frames = [execution.root]
    while frames:
        frame = frames.pop()
        frames.extend(reversed(_restore(turn, frame, redriven)))


def _restore(turn: Turn, frame: Frame, redriven: int) -> list[Frame]:
    """Gets a frame going; the frames below it that are to go on too."""
    inside = frame.entered and frame.state.retries
    join = frame.join or frame.kept
    frame.last = redriven
    frame.before = redriven - 1
    frame.attempt = frame.failure = frame.retries = frame.join = frame.kept = None
    frame.result = None
    frame.retry_count = frame.timer = 0
    if not inside:
        turn.wake(frame, ENTER)
        return []
    if join is None:
        turn.wake(frame, AGAIN)
        return []
    if isinstance(join, RunJoin):
        frame.state.redrive_run(turn, frame, join)
        return []
    frame.join = join
    if not join.pending:
        turn.wake(frame, RESULT)
        return []
    frame.phase = WAITING
    return list(join.running.values())

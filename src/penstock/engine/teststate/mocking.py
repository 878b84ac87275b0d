"""What stands in for the work of a state that is mocked: for a Task's service, for a Map's or a Parallel's iterations."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.asl.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD
from penstock.engine.core import Turn
from penstock.engine.execution import Failure, Frame
from penstock.engine.states.base import State
from penstock.engine.states.distributed import DistributedMap
from penstock.engine.states.joining import JoiningState
from penstock.engine.states.mapping import Map
from penstock.engine.states.parallel import Parallel
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Succeeded, TaskRequest
from penstock.engine.teststate.items import items_of
from penstock.engine.teststate.request import refusal
from penstock.engine.teststate.watching import Note
from penstock.jsontools import Json, dumps


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the mock says, read. `failed` is how many iterations are said to have failed; `tolerates`: the Map says how
    many may."""

    result: Json = None
    error: str | None = None
    cause: str | None = None
    fails: bool = False
    failed: int | None = None
    tolerates: tuple[str, ...] = ()
    data: str | None = None


class MockedTask:
    """Answers any task with the outcome."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    def handles(self, resource: str) -> bool:
        return True

    def answers(self, request: TaskRequest) -> bool:
        """As every mock: nested executions are asked after those that have this."""
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        outcome = self.outcome
        report(Failed(outcome.error or "", outcome.cause) if outcome.fails else Succeeded(outcome.result))
        return _nothing

    def close(self) -> None:
        return None


def _nothing() -> None:
    return None


class MockedJoin(State):
    """A Map or a Parallel that makes of its data what it always does, but has its iterations' outcome from the mock."""

    __slots__ = ("inner", "note", "outcome")

    type = "Pass"  # its events are the inner state's

    def __init__(self, inner: JoiningState, outcome: Outcome, note: Note) -> None:
        super().__init__(inner.name)
        self.inner = inner
        self.outcome = outcome
        self.note = note
        self.retries = True
        self.aborted = inner.aborted

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        inner, outcome = self.inner, self.outcome
        inner.begin(turn, frame)
        value = inner.effective(turn, frame)
        if isinstance(inner, Map):
            if self._exceeds(turn, inner, value, frame):
                cause = "The specified tolerated failure threshold was exceeded"
                turn.fail(frame, Failure(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause))
                return None
        elif inner.parameters is not None:
            inner.parameters(value, turn)
        if outcome.fails:
            turn.fail(frame, Failure(outcome.error, outcome.cause, of_branch=isinstance(inner, Parallel)))
            return None
        return inner.complete(turn, frame, outcome.result, dumps(outcome.result))

    def recover(self, turn: Turn, frame: Frame, failure: Failure) -> State | None:
        return self.inner.recover(turn, frame, failure)

    def _exceeds(self, turn: Turn, inner: Map, value: Json, frame: Frame) -> bool:
        """Lets the Map look at its items and figures; whether more iterations failed than it tolerates."""
        note, outcome = self.note, self.outcome
        items = items_of(inner, turn, frame, value, outcome.data, note)
        note("maxConcurrency", int(inner.concurrency.of(turn, value)))
        exceeds = False
        failed = outcome.failed or 0
        if isinstance(inner, DistributedMap):
            # Only what the definition gives is told, and counts: recorded, without either nothing is over the threshold.
            if "count" in outcome.tolerates:
                count = inner.tolerated_count.of(turn, value)
                note("toleratedFailureCount", int(count))
                exceeds = failed > count
            if "percentage" in outcome.tolerates:
                percentage = inner.tolerated_percentage.of(turn, value)
                note("toleratedFailurePercentage", float(percentage))
                exceeds = exceeds or failed * 100 > percentage * max(1, items)
        if outcome.fails:
            if failed > items:
                raise refusal(TOO_MANY)
            return False
        return exceeds


TOO_MANY = "Map iteration failure count must be less than or equal to the number of Map iterations"

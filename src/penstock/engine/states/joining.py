"""What Parallel and Map share: they start frames below their own, and go on when all have ended or one has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.asl.scope import Compute
from penstock.engine.execution import AGAIN, RESULT, Failure, Frame
from penstock.engine.history import KIND
from penstock.engine.states.base import RecoveringState, State
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.core import Turn


class JoiningState(RecoveringState):
    __slots__ = ("failed_kind", "parameters", "succeeded_kind")

    has_branches = False

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parameters: Compute | None = None
        self.succeeded_kind = KIND[f"{self.type}StateSucceeded"]
        self.failed_kind = KIND[f"{self.type}StateFailed"]

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        self.begin(turn, frame)
        self.split(turn, frame)
        return None

    def resume(self, turn: Turn, frame: Frame, phase: int) -> State | None:
        if phase == AGAIN:
            self.split(turn, frame)
            return None
        assert phase == RESULT
        join = frame.join
        assert join is not None
        frame.join = None
        # Recorded: Succeeded and Exited both follow the last event of the branch or iteration that ended last.
        previous = frame.last
        frame.last = turn.record((self.succeeded_kind, previous, turn.now))
        return self.complete(turn, frame, join.results, b"[" + b",".join(join.texts) + b"]", previous)

    def split(self, turn: Turn, frame: Frame) -> None:
        """Records the start and starts the children."""
        raise NotImplementedError

    def failed(self, turn: Turn, frame: Frame) -> None:
        frame.last = turn.record((self.failed_kind, frame.last, turn.now))

    def child_finished(self, turn: Turn, frame: Frame, child: Frame) -> None:
        join = frame.join
        assert join is not None
        index = child.index
        del join.running[index]
        join.results[index] = child.value
        join.texts[index] = child.text
        join.pending -= 1
        frame.last = child.last
        if not join.pending:
            turn.wake(frame, RESULT)

    def child_failed(self, turn: Turn, frame: Frame, child: Frame, failure: Failure) -> None:
        join = frame.join
        if join is None:
            return
        previous = child.last
        running = dict(join.running)
        self.child_broken(turn, frame, child)
        turn.abort(child, previous)  # recorded: the failed Task itself is said to be aborted
        del join.running[child.index]
        self.abort_children(turn, frame, previous)
        join.running = running
        frame.kept = join
        frame.join = None
        frame.last = previous
        turn.fail(frame, Failure(failure.error, failure.cause, failure.known_as, of_branch=self.has_branches))

    def child_broken(self, turn: Turn, frame: Frame, child: Frame) -> None:
        """Records that the child failed, where there is an event for it."""

    def abort_children(self, turn: Turn, frame: Frame, previous: int) -> None:
        join = frame.join
        assert join is not None
        for child in join.running.values():
            turn.abort(child, previous)
        join.running.clear()

    def effective(self, turn: Turn, frame: Frame) -> Json:
        """The input that the children (or the items) come from."""
        return frame.value if self.input_path is None else self.input_path(frame.value, turn)

"""What all state types share: how they enter, how they leave, and the fields that shape data on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from penstock.asl.scope import Compute, EvaluationError, TooLarge
from penstock.engine import limits, texts
from penstock.engine.execution import RETRY, WAITING, Failure, Frame, PlainError
from penstock.engine.history import KIND
from penstock.engine.retry import Recovery
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.core import Turn
    from penstock.engine.execution import RunJoin
    from penstock.engine.mapruns import ChildrenFound, ItemsRead, MapRunEnded
    from penstock.engine.messages import ChildClosed, MapRunUpdated
    from penstock.engine.tasks.handler import Report

Update: TypeAlias = Callable[[Json, Json], Json]
"""A compiled ResultPath: (raw input, result) → output."""

RUNTIME: Final = "States.Runtime"
DATA_LIMIT: Final = "States.DataLimitExceeded"


class State:
    """A compiled state. `next` is where it leads, None where it ends its machine."""

    __slots__ = (
        "aborted",
        "assign",
        "entered",
        "exited",
        "input_path",
        "jsonata",
        "name",
        "next",
        "output",
        "output_path",
        "retries",
    )

    type = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.next: State | None = None
        self.entered = KIND[f"{self.type}StateEntered"]
        self.exited = KIND.get(f"{self.type}StateExited", 0)
        self.aborted = KIND.get(f"{self.type}StateAborted", 0)
        """Kind of the event that says it was cut off; 0 where there is none."""
        self.retries = False
        """Whether it is of a type that can retry (its context object then has RetryCount)."""
        self.input_path: Compute | None = None
        """None for `$`."""
        self.output_path: Compute | None = None
        self.assign: Compute | None = None
        self.jsonata = False
        self.output: Compute | None = None
        """Output, in a JSONata state; the paths are then None."""

    def targets(self) -> list[State]:
        """Where it can lead."""
        return [] if self.next is None else [self.next]

    # ---- what the core calls

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        """Enters and goes as far as it can: the next state, or None when the frame waits or is over."""
        raise NotImplementedError

    def resume(self, turn: Turn, frame: Frame, phase: int) -> State | None:
        """Goes on with what it waited for."""
        raise NotImplementedError

    def recover(self, turn: Turn, frame: Frame, failure: Failure) -> State | None:
        """Takes a failure of its own, or breaks the frame."""
        turn.broken(frame, failure)
        return None

    def failed(self, turn: Turn, frame: Frame) -> None:
        """Records that the state as such failed, where its type has an event for it."""

    def reported(self, turn: Turn, frame: Frame, report: Report) -> None:
        """News of a task attempt."""
        raise NotImplementedError

    def timed_out(self, turn: Turn, frame: Frame, purpose: str) -> None:
        raise NotImplementedError

    def child_finished(self, turn: Turn, frame: Frame, child: Frame) -> None:
        raise NotImplementedError

    def child_failed(self, turn: Turn, frame: Frame, child: Frame, failure: Failure) -> None:
        raise NotImplementedError

    def child_closed(self, turn: Turn, frame: Frame, closed: ChildClosed) -> None:
        raise NotImplementedError

    def redrive_run(self, turn: Turn, frame: Frame, join: RunJoin) -> None:
        """A Map Run that did not succeed goes on."""
        raise NotImplementedError

    def map_run_reported(self, turn: Turn, frame: Frame, news: ItemsRead | MapRunEnded | ChildrenFound) -> None:
        raise NotImplementedError

    def map_run_updated(self, turn: Turn, frame: Frame, update: MapRunUpdated) -> None:
        raise NotImplementedError

    def abort_children(self, turn: Turn, frame: Frame, previous: int) -> None:
        raise NotImplementedError

    # ---- what states do

    def begin(self, turn: Turn, frame: Frame) -> None:
        """Records the entry."""
        records = turn.records
        records.append((self.entered, frame.last, turn.now, self.name, frame.text))
        frame.last = frame.entered = turn.base + len(records)
        frame.entered_at = turn.now

    def put(self, frame: Frame, value: Json, text: bytes) -> None:
        """Makes `value` the frame's."""
        if len(text) > limits.PAYLOAD_BYTES:
            raise too_large(self.name)
        frame.value = value
        frame.text = text

    def give(self, turn: Turn, frame: Frame, value: Json) -> None:
        """Makes `value` the frame's, and its text."""
        if len(frame.text) < texts.LARGE:
            self.put(frame, value, dumps(value))
        else:
            self.put(frame, value, turn.execution.texts.write(value, frame.value, frame.text))

    def leave(self, turn: Turn, frame: Frame, value: Json, assigned: Any = None, previous: int = 0) -> State | None:
        """Records the exit with the output `value` and says where to go; `assigned` comes from `assigning`."""
        if value is not frame.value:
            self.give(turn, frame, value)
        return self.go(turn, frame, self.next, assigned, previous)

    def go(
        self, turn: Turn, frame: Frame, target: State | None, assigned: Any = None, previous: int = 0
    ) -> State | None:
        """Records the exit with the frame's value as the output, on to `target`."""
        records = turn.records
        last = previous or frame.last
        if assigned is None:
            records.append((self.exited, last, turn.now, self.name, frame.text))
        else:
            frame.variables, written = assigned
            records.append((self.exited, last, turn.now, self.name, frame.text, written))
        frame.last = turn.base + len(records)
        frame.retry_count = 0
        frame.retries = None
        frame.failure = None
        frame.result = None
        if target is None:
            turn.finished(frame)
        return target

    def assigning(self, turn: Turn, frame: Frame, assign: Compute, value: Json) -> Any:
        """What Assign gives where `$` is `value`: the frame's new variables, and the assigned ones as JSON texts."""
        too_large = "The assigned variables exceed the maximum number of bytes service limit."
        try:
            assigned = assign(value, turn)
        except TooLarge:
            raise EvaluationError(DATA_LIMIT, too_large) from None
        assert isinstance(assigned, dict)
        written = {}
        total = 0
        for name, content in assigned.items():
            written[name] = text = dumps(content)
            total += len(text)
        if total > limits.PAYLOAD_BYTES:
            raise EvaluationError(DATA_LIMIT, too_large)
        variables = {**frame.variables, **assigned}
        # One is as large as one Assign at most, so only many can be too much together.
        if len(variables) * limits.PAYLOAD_BYTES > limits.VARIABLES_BYTES and (
            sum(len(dumps(content)) for content in variables.values()) > limits.VARIABLES_BYTES
        ):
            raise EvaluationError(
                DATA_LIMIT, "All variables together exceed the maximum number of bytes service limit."
            )
        return variables, written


class RecoveringState(State):
    """A state that can retry and catch: Task, Parallel, Map."""

    __slots__ = ("recovery", "result_path", "selector")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.retries = True
        self.recovery = Recovery()
        self.selector: Compute | None = None
        self.result_path: Update | None = None
        """None where the result replaces the input."""

    def targets(self) -> list[State]:
        return super().targets() + [c.next for c in self.recovery.catchers if c.next is not None]

    def complete(self, turn: Turn, frame: Frame, result: Json, text: bytes | None, previous: int = 0) -> State | None:
        """ResultSelector, ResultPath, OutputPath, Assign, and out. `text` is the result as JSON, where it is known."""
        if self.jsonata:
            return self._complete_jsonata(turn, frame, result, text, previous)
        output = result if self.selector is None else self.selector(result, turn)
        if self.result_path is not None:
            output = self.result_path(frame.value, output)
        if self.output_path is not None:
            output = self.output_path(output, turn)
        assigned = None if self.assign is None else self.assigning(turn, frame, self.assign, result)
        if output is result and text is not None:
            self.put(frame, output, text)
        return self.leave(turn, frame, output, assigned, previous)

    def _complete_jsonata(
        self, turn: Turn, frame: Frame, result: Json, text: bytes | None, previous: int
    ) -> State | None:
        """Assign and Output, both of which see `$states.result` and the variables as they were."""
        turn.states = {"result": result}
        assigned = None if self.assign is None else self.assigning(turn, frame, self.assign, frame.value)
        output = result if self.output is None else self.output(frame.value, turn)
        turn.states = None
        if output is result and text is not None:
            self.put(frame, output, text)
        return self.leave(turn, frame, output, assigned, previous)

    def recover(self, turn: Turn, frame: Frame, failure: Failure) -> State | None:
        delay = self.recovery.retry(frame, failure, turn)
        if delay is not None:
            frame.kept = None
            self.put_off(turn, frame, delay)
            return None
        self.failed(turn, frame)
        catcher = self.recovery.catch(failure)
        if catcher is None or catcher.next is None:
            turn.broken(frame, failure)
            return None
        frame.kept = None
        error: Json = {"Error": failure.error, "Cause": failure.cause if failure.error is None else failure.cause or ""}
        if self.jsonata:
            turn.states = {"errorOutput": error}
            assigned = None if catcher.assign is None else self.assigning(turn, frame, catcher.assign, frame.value)
            output = error if catcher.output is None else catcher.output(frame.value, turn)
            turn.states = None
        else:
            assigned = None if catcher.assign is None else self.assigning(turn, frame, catcher.assign, error)
            output = error if catcher.result_path is None else catcher.result_path(frame.value, error)
        if output is not frame.value:
            self.give(turn, frame, output)
        return self.go(turn, frame, catcher.next, assigned)

    def put_off(self, turn: Turn, frame: Frame, delay: float) -> None:
        frame.phase = WAITING
        frame.timer = turn.set_timer(frame, RETRY, turn.now + delay)


def too_large(name: str) -> EvaluationError:
    """`name` is the state, or the service or function that answered."""
    return PlainError(
        DATA_LIMIT,
        f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )


def runtime(cause: str) -> EvaluationError:
    return EvaluationError(RUNTIME, cause)

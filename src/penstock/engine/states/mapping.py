"""Map with inline iterations, which are frames; `distributed` has those that are executions of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from penstock.asl.errors import QUERY_EVALUATION_ERROR
from penstock.asl.scope import Compute, EvaluationError
from penstock.engine import limits
from penstock.engine.execution import RESULT, STATE_DATA, WAITING, FieldError, Frame, ItemOf, Join
from penstock.engine.history import KIND
from penstock.engine.states.base import runtime
from penstock.engine.states.joining import JoiningState
from penstock.engine.states.waiting import shown
from penstock.jsontools import Json, dumps, dumps_text

if TYPE_CHECKING:
    from penstock.engine.core import Turn
    from penstock.engine.program import Program

_STARTED: Final = KIND["MapStateStarted"]
_ITERATION_STARTED: Final = KIND["MapIterationStarted"]
_ITERATION_SUCCEEDED: Final = KIND["MapIterationSucceeded"]
_ITERATION_FAILED: Final = KIND["MapIterationFailed"]
_ITERATION_ABORTED: Final = KIND["MapIterationAborted"]


class Figure:
    """A number of a Map (MaxConcurrency, ToleratedFailure…), given as such or as a path."""

    __slots__ = ("field", "fractions", "jsonata", "path", "path_text", "value")

    def __init__(self, field: str, value: float = 0, *, fractions: bool = False) -> None:
        self.field = field
        self.value = value
        self.path: Compute | None = None
        self.path_text = ""
        self.fractions = fractions
        self.jsonata = False

    def of(self, turn: Turn, value: Json) -> float:
        if self.path is None:
            return self.value
        found = self.path(value, turn)
        if self.jsonata:
            if isinstance(found, bool) or not isinstance(found, int | float) or found < 0:
                text = f"The {self.field} field must be a number, not negative: {shown(found)}"
                raise FieldError(QUERY_EVALUATION_ERROR, text, self.field)
            return found
        number: float | None = None
        fits = not isinstance(found, str) or "_" not in found  # 1_0 is a number to Python only
        try:  # recorded: a string of digits will do
            if fits and not isinstance(found, bool) and isinstance(found, int | float | str):
                number = float(found) if self.fractions else int(found)
        except (ValueError, OverflowError):
            pass
        if number is None or (not self.fractions and isinstance(found, float) and not found.is_integer()):
            kind = "float" if self.fractions else "integer"
            raise runtime(
                f'The {self.field}Path field refers to value "{shown(found)}" which is not a valid {kind}: {self.path_text}'
            )
        return number


class Map(JoiningState):
    __slots__ = ("concurrency", "items_path", "items_path_text", "processor", "select")

    type = "Map"

    def __init__(self, name: str, processor: Program) -> None:
        super().__init__(name)
        self.processor = processor
        self.items_path: Compute | None = None
        self.items_path_text = "$"
        self.select: Compute | None = None
        """ItemSelector."""
        self.concurrency = Figure("MaxConcurrency")

    def split(self, turn: Turn, frame: Frame) -> None:
        value = self.effective(turn, frame)
        items = self.items(turn, value)
        limit = self.limit(turn, value)
        started = frame.last = turn.record((_STARTED, frame.last, turn.now, len(items)))
        join = Join(len(items), items, self.capped(limit))
        if self.select is not None:
            join.selected = self.selected(turn, frame, self.select, value, items)
        frame.join = join
        if not items:
            turn.wake(frame, RESULT)
            return
        frame.phase = WAITING
        self.start(turn, frame, join, started, min(join.limit, len(items)))

    def limit(self, turn: Turn, value: Json) -> int:
        """MaxConcurrency. A negative one is refused as a negative ToleratedFailureCount was when recorded."""
        limit = int(self.concurrency.of(turn, value))
        if limit < 0:
            raise runtime("MaxConcurrency cannot be negative.")
        return limit

    def capped(self, limit: int) -> int:
        return min(limit, limits.INLINE_CONCURRENCY) if limit > 0 else limits.INLINE_CONCURRENCY

    def found(self, turn: Turn, value: Json) -> list[ItemOf]:
        """The items, as the context object shows them."""
        return [(index, item, None, STATE_DATA) for index, item in enumerate(self.items(turn, value))]

    def items(self, turn: Turn, value: Json) -> list[Json]:
        return self.array(self.given(turn, value))

    def given(self, turn: Turn, value: Json) -> Json:
        """What ItemsPath or Items names."""
        return value if self.items_path is None else self.items_path(value, turn)

    def array(self, items: Json) -> list[Json]:
        """Raises EvaluationError for what is none."""
        if not isinstance(items, list):
            if self.jsonata:
                text = f"Map state input must be an array but was: {dumps_text(items)}"
                raise EvaluationError(QUERY_EVALUATION_ERROR, text)
            path = self.items_path_text
            if path.startswith("$$"):
                # Recorded (test_state_map_context_object): AWS leaves out a "$" of a path to the context.
                path = path[1:]
            raise runtime(f'Reference path "{path}" must point to array.')
        return items

    def start(self, turn: Turn, frame: Frame, join: Join, previous: int, count: int) -> None:
        """Starts the next `count` iterations."""
        records = turn.records
        items, selected = join.items, join.selected
        assert items is not None
        assert selected is not None
        for index in range(join.next, join.next + count):
            value = selected[index]
            records.append((_ITERATION_STARTED, previous, turn.now, self.name, index))
            child = turn.child(frame, index, self.processor.start, value, dumps(value), turn.base + len(records))
            child.item = (index, items[index], None, STATE_DATA)
            join.running[index] = child
            turn.ready.append(child)
        join.next += count

    def selected(self, turn: Turn, frame: Frame, select: Compute, value: Json, items: list[Json]) -> list[Json]:
        """What ItemSelector makes of the items: `$` is the Map's input, the item is in the context object."""
        outer = frame.item
        result = []
        try:
            for index, item in enumerate(items):
                frame.item = (index, item, None, STATE_DATA)
                turn.forget_context()
                result.append(select(value, turn))
        finally:
            frame.item = outer
            turn.forget_context()
        return result

    def child_finished(self, turn: Turn, frame: Frame, child: Frame) -> None:
        join = frame.join
        assert join is not None
        last = child.last
        done = turn.record((_ITERATION_SUCCEEDED, last, turn.now, self.name, child.index))
        super().child_finished(turn, frame, child)
        # Recorded: the next iteration follows the last state of the one that made room, the Map's end its success.
        frame.last = done
        if join.items is not None and join.next < len(join.items):
            self.start(turn, frame, join, last, 1)

    def child_broken(self, turn: Turn, frame: Frame, child: Frame) -> None:
        turn.record((_ITERATION_FAILED, child.last, turn.now, self.name, child.index))

    def abort_children(self, turn: Turn, frame: Frame, previous: int) -> None:
        join = frame.join
        assert join is not None
        for index, child in join.running.items():
            turn.record((_ITERATION_ABORTED, previous, turn.now, self.name, index))
            turn.abort(child, previous)
        join.running.clear()

"""Wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.asl.errors import QUERY_EVALUATION_ERROR
from penstock.asl.scope import Compute
from penstock.asl.timestamps import to_seconds
from penstock.engine import limits
from penstock.engine.execution import WAIT, WAITING, FieldError, Frame
from penstock.engine.states.base import State, runtime
from penstock.jsontools import Json, dumps_text

if TYPE_CHECKING:
    from penstock.engine.core import Turn


class Wait(State):
    """Exactly one of the four ways to say how long."""

    __slots__ = ("path", "path_text", "seconds", "timestamp")

    type = "Wait"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.seconds: float | None = None
        self.timestamp: float | None = None
        self.path: Compute | None = None
        self.path_text = ""

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        self.begin(turn, frame)
        value = frame.value if self.input_path is None else self.input_path(frame.value, turn)
        until = self._until(turn, value)
        if until <= turn.now:  # "the Wait state returns at once" for an instant that is past
            return self._out(turn, frame)
        if until - turn.now > limits.WAIT_SECONDS:
            raise runtime("Wait state delay is too long.")
        frame.phase = WAITING
        frame.timer = turn.set_timer(frame, WAIT, until)
        return None

    def resume(self, turn: Turn, frame: Frame, phase: int) -> State | None:
        return self._out(turn, frame)

    def _out(self, turn: Turn, frame: Frame) -> State | None:
        value = frame.value if self.input_path is None else self.input_path(frame.value, turn)
        assigned = None if self.assign is None else self.assigning(turn, frame, self.assign, value)
        if self.output_path is not None:
            value = self.output_path(value, turn)
        if self.output is not None:
            value = self.output(value, turn)
        return self.leave(turn, frame, value, assigned)

    def _until(self, turn: Turn, value: Json) -> float:
        raise NotImplementedError

    def unfit(self, field: str, cause: str) -> FieldError:
        return FieldError(QUERY_EVALUATION_ERROR, cause, field)


class WaitSeconds(Wait):
    __slots__ = ()

    def _until(self, turn: Turn, value: Json) -> float:
        seconds: Json = self.seconds
        if self.path is not None:
            seconds = self.path(value, turn)
            if self.jsonata:
                if not isinstance(seconds, int) or seconds < 0:
                    raise self.unfit(
                        "Seconds", f"The Seconds field must be a whole number, not negative: {shown(seconds)}"
                    )
                return turn.now + seconds
            if isinstance(seconds, bool) or not isinstance(seconds, int):
                raise runtime(
                    f"The SecondsPath parameter cannot be parsed as a long value: {self.path_text} == {shown(seconds)}"
                )
            if seconds < 0:
                raise runtime(f"The SecondsPath parameter references a negative value: {self.path_text} == {seconds}")
        assert isinstance(seconds, int | float)
        return turn.now + seconds


class WaitTimestamp(Wait):
    __slots__ = ()

    def _until(self, turn: Turn, value: Json) -> float:
        if self.path is None:
            assert self.timestamp is not None
            return self.timestamp
        found = self.path(value, turn)
        instant = to_seconds(found) if isinstance(found, str) else None
        if instant is None and self.jsonata:
            # Recorded; the JSONPath sentence is another.
            text = "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string"
            raise self.unfit("Timestamp", f"{text}: {shown(found)}")
        if instant is None:
            raise runtime(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
                f"{self.path_text} == {shown(found)}"
            )
        return instant


def shown(value: Json) -> str:
    """A value in a cause: strings bare, the rest as JSON."""
    return value if isinstance(value, str) else dumps_text(value)

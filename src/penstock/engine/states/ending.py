"""Succeed and Fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.asl.scope import Compute
from penstock.engine.execution import Failure, Frame
from penstock.engine.states.base import State, runtime

if TYPE_CHECKING:
    from penstock.engine.core import Turn


class Succeed(State):
    __slots__ = ()

    type = "Succeed"

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        self.begin(turn, frame)
        value = frame.value if self.input_path is None else self.input_path(frame.value, turn)
        if self.output_path is not None:
            value = self.output_path(value, turn)
        if self.output is not None:
            value = self.output(value, turn)
        return self.leave(turn, frame, value)


class Beyond(Succeed):
    """Stands for the state after one that runs alone: what comes there is over."""

    __slots__ = ()

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        turn.finished(frame)
        return None


class Fail(State):
    __slots__ = ("cause", "cause_path", "error", "error_path")

    type = "Fail"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.error: str | None = None
        self.cause: str | None = None
        self.error_path: Compute | None = None
        self.cause_path: Compute | None = None

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        self.begin(turn, frame)
        error = self.error if self.error_path is None else self._text(self.error_path, "ErrorPath", turn, frame)
        cause = self.cause if self.cause_path is None else self._text(self.cause_path, "CausePath", turn, frame)
        turn.broken(frame, Failure(error, cause))
        return None

    def _text(self, path: Compute, field: str, turn: Turn, frame: Frame) -> str:
        value = path(frame.value, turn)
        if not isinstance(value, str):
            raise runtime(f"The {field} field must refer to a string.")
        return value

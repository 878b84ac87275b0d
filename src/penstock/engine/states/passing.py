"""Pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.asl.scope import Compute
from penstock.engine.execution import Frame
from penstock.engine.states.base import State, Update
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.core import Turn


class Pass(State):
    __slots__ = ("has_result", "parameters", "plain", "result", "result_path")

    type = "Pass"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.parameters: Compute | None = None
        self.result: Json = None
        self.has_result = False
        self.result_path: Update | None = None
        self.plain = False
        """Its output is its input."""

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        records = turn.records
        records.append((self.entered, frame.last, turn.now, self.name, frame.text))
        if self.plain:
            entered = turn.base + len(records)
            records.append((self.exited, entered, turn.now, self.name, frame.text))
            frame.last = entered + 1
            if self.next is None:
                turn.finished(frame)
            return self.next
        frame.last = frame.entered = turn.base + len(records)
        frame.entered_at = turn.now
        value = frame.value
        if self.jsonata:
            assigned = None if self.assign is None else self.assigning(turn, frame, self.assign, value)
            output = value if self.output is None else self.output(value, turn)
            return self.leave(turn, frame, output, assigned)
        result = value
        if self.input_path is not None:
            result = self.input_path(value, turn)
        if self.parameters is not None:
            result = self.parameters(result, turn)
        if self.has_result:
            result = self.result
        assigned = None if self.assign is None else self.assigning(turn, frame, self.assign, result)
        output = result if self.result_path is None else self.result_path(value, result)
        if self.output_path is not None:
            output = self.output_path(output, turn)
        return self.leave(turn, frame, output, assigned)

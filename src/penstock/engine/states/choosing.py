"""Choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.asl.scope import Compute, Scope
from penstock.engine.execution import Frame
from penstock.engine.states.base import State, runtime
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.core import Turn


@dataclass(slots=True)
class Rule:
    test: Callable[[Json, Scope], bool]
    next: State | None = None
    assign: Compute | None = None
    output: Compute | None = None


class Choice(State):
    __slots__ = ("default", "rules")

    type = "Choice"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.rules: tuple[Rule, ...] = ()
        self.default: State | None = None

    def targets(self) -> list[State]:
        return [s for s in (*(rule.next for rule in self.rules), self.default) if s is not None]

    def enter(self, turn: Turn, frame: Frame) -> State | None:
        self.begin(turn, frame)
        value = frame.value if self.input_path is None else self.input_path(frame.value, turn)
        for rule in self.rules:
            if rule.test(value, turn):
                target, assign, shape = rule.next, rule.assign, rule.output
                break
        else:
            # The state-level Assign and Output belong to Default alone.
            target, assign, shape = self.default, self.assign, self.output
        if target is None:
            # Measured (floci-io/floci#2868); not States.NoChoiceMatched.
            raise runtime("Failed to transition out of the state. The state does not point to a next state.")
        assigned = None if assign is None else self.assigning(turn, frame, assign, value)
        output = value if self.output_path is None else self.output_path(value, turn)
        if shape is not None:
            output = shape(value, turn)
        if output is not frame.value:
            self.give(turn, frame, output)
        return self.go(turn, frame, target, assigned)

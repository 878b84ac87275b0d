"""Parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from penstock.engine import limits
from penstock.engine.execution import WAITING, Frame, Join
from penstock.engine.history import KIND
from penstock.engine.states.base import State, too_large
from penstock.engine.states.joining import JoiningState
from penstock.jsontools import dumps

if TYPE_CHECKING:
    from penstock.engine.core import Turn

_STARTED: Final = KIND["ParallelStateStarted"]


class Parallel(JoiningState):
    __slots__ = ("branches",)

    type = "Parallel"
    has_branches = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.branches: tuple[State, ...] = ()
        """Where each branch starts."""

    def split(self, turn: Turn, frame: Frame) -> None:
        value = self.effective(turn, frame)
        if self.parameters is not None:
            value = self.parameters(value, turn)
        text = frame.text if value is frame.value else dumps(value)
        if len(text) > limits.PAYLOAD_BYTES:
            raise too_large(self.name)
        started = frame.last = turn.record((_STARTED, frame.last, turn.now))
        join = frame.join = Join(len(self.branches))
        frame.phase = WAITING
        for index, state in enumerate(self.branches):
            child = turn.child(frame, index, state, value, text, started)
            join.running[index] = child
            turn.ready.append(child)

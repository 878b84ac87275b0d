"""Which machines are over, or waiting, within moments, whatever their input is.

A server lets the thread that answers requests run them at once. Nothing in them may keep that thread: no task (starting one
may mean starting a process), no loop, nothing whose work grows faster than its input.
"""

from __future__ import annotations

from typing import Final

from penstock.asl import model
from penstock.asl.model import StateMachine

STATES: Final = 25
"""Ours: each costs some microseconds, with the largest data 0.2 ms."""
CHARACTERS: Final = 16 * 1024
"""Ours: of a definition; a long one has long texts, or rules without end."""
_TYPES: Final = (model.Pass, model.Choice, model.Wait, model.Succeed, model.Fail)
_COMPUTING: Final = ("JSONata", "States.", "?", "..", "*", "\\u")
"""What a definition has that computes: expressions, intrinsic functions, filters and searches in paths; and the escape that
could hide them."""


def is_brief(machine: StateMachine, text: str) -> bool:
    """Of a machine and its definition as JSON text. False where it is not plain to see."""
    states = machine.states
    if (
        len(states) > STATES
        or len(text) > CHARACTERS
        or text.count('.$"') > STATES
        or any(each in text for each in _COMPUTING)
    ):
        return False
    if not all(isinstance(state, _TYPES) for state in states.values()):
        return False
    return not _has_loop({name: _next(state) for name, state in states.items()})


def _next(state: model.State) -> list[str]:
    found: list[object] = [getattr(state, "next", None), getattr(state, "default", None)]
    if isinstance(state, model.Choice) and isinstance(state.choices, tuple):
        found += [rule.next for rule in state.choices]
    return [name for name in found if isinstance(name, str)]


def _has_loop(following: dict[str, list[str]]) -> bool:
    """Whether taking away, again and again, the states that lead nowhere leaves any."""
    left = dict(following)
    while left:
        ends = [name for name, others in left.items() if not any(other in left for other in others)]
        if not ends:
            return True
        for name in ends:
            del left[name]
    return False

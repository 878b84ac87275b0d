"""What TestState shows of a state's data on its way: the compiled fields of one state, wrapped so that each tells its value.

The state itself is the engine's own and does not know. Which fields AWS tells of is recorded (test_state.json), with its
whims: a Pass with a Result tells nothing of its input, a Parallel with a mock nothing before ResultSelector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from penstock.asl.scope import Compute, Scope
from penstock.engine.core import Turn
from penstock.engine.execution import Failure, Frame
from penstock.engine.retry import Catcher, Recovery
from penstock.engine.states.base import RecoveringState, State, Update
from penstock.engine.states.choosing import Choice
from penstock.engine.states.ending import Fail, Succeed
from penstock.engine.states.mapping import Map
from penstock.engine.states.passing import Pass
from penstock.engine.states.tasking import Task
from penstock.engine.states.waiting import Wait
from penstock.jsontools import Json

Note: TypeAlias = Callable[[str, Json], None]
"""Takes a member of inspectionData and its value."""


def watch(state: State, value: Json, note: Note) -> None:
    """Makes `state`, of a program of its own and given `value`, tell `note` what it makes of its data."""
    if isinstance(state, RecoveringState) and not state.jsonata:
        state.selector = _told(state.selector, "afterResultSelector", note)
        state.result_path = _told_update(state.result_path, note)
    if isinstance(state, Task):
        if not state.jsonata:
            state.input_path = _told(state.input_path, "afterInputPath", note)
            state.parameters = _told(state.parameters, "afterParameters", note)
        elif state.parameters is not None:
            state.parameters = _told(state.parameters, "afterArguments", note)
    elif isinstance(state, Map):
        if not state.jsonata:
            state.input_path = _told(state.input_path, "afterInputPath", note)
    elif isinstance(state, Pass):
        state.plain = False
        if not state.jsonata:
            _watch_pass(state, note)
    elif isinstance(state, Choice | Wait | Succeed) and not state.jsonata:
        state.input_path = _told(state.input_path, "afterInputPath", note)
    elif isinstance(state, Fail) and not state.jsonata:
        note("afterInputPath", value)


def _watch_pass(state: Pass, note: Note) -> None:
    if state.has_result:
        note("result", state.result)
    else:
        state.input_path = _told(state.input_path, "afterInputPath", note)
        state.parameters = _told(state.parameters, "afterParameters", note)
    update = _told_update(state.result_path, note)

    def selected(raw: Json, result: Json) -> Json:
        note("afterResultSelector", result)
        return update(raw, result)

    state.result_path = selected


def _told(compute: Compute | None, name: str, note: Note) -> Compute:
    def telling(data: Json, scope: Scope) -> Json:
        value = data if compute is None else compute(data, scope)
        note(name, value)
        return value

    return telling


def _told_update(update: Update | None, note: Note) -> Update:
    def telling(raw: Json, result: Json) -> Json:
        value = result if update is None else update(raw, result)
        note("afterResultPath", value)
        return value

    return telling


class Details(Protocol):
    """Where `WatchedRecovery` writes: inspectionData's errorDetails."""

    def __setitem__(self, key: str, value: int, /) -> None: ...


class WatchedRecovery(Recovery):
    """Retry and Catch that tell which of them took an error. `used`: how often the retrier has been used before."""

    __slots__ = ("details", "used")

    def __init__(self, recovery: Recovery, used: int, details: Details) -> None:
        super().__init__(recovery.retriers, recovery.catchers)
        self.used = used
        self.details = details

    def retry(self, frame: Frame, failure: Failure, turn: Turn) -> float | None:
        index = _first(self.retriers, failure)
        if index is None:
            return None
        frame.retries = {index: self.used}
        self.details["retryIndex"] = index
        delay = super().retry(frame, failure, turn)
        if delay is not None:
            # Without the jitter, which is drawn when the retry is really put off.
            self.details["retryBackoffIntervalSeconds"] = int(self.retriers[index].delay(self.used))
        return delay

    def catch(self, failure: Failure) -> Catcher | None:
        index = _first(self.catchers, failure)
        if index is None:
            return None
        self.details["catchIndex"] = index
        return super().catch(failure)


def _first(rules: tuple[Any, ...], failure: Failure) -> int | None:
    return next((i for i, rule in enumerate(rules) if failure.matches(rule.error_equals)), None)

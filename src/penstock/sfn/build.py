"""From objects to the model: one pass over what can be reached, that finds names and states used twice on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penstock.asl import model
from penstock.diagnostics import Diagnostic
from penstock.sfn.origin import Origin
from penstock.sfn.problems import problem
from penstock.sfn.values import JSONPATH

if TYPE_CHECKING:
    from penstock.sfn.states.base import State


@dataclass(frozen=True, slots=True)
class Built:
    """A machine of the model, what is wrong with it, and the Python functions that its tasks were given."""

    machine: model.StateMachine
    diagnostics: tuple[Diagnostic, ...]
    functions: Mapping[str, Callable[[Any, Any], Any]]
    states: tuple[State, ...]


class _Shared:
    """What all scopes of one machine have in common."""

    def __init__(self) -> None:
        self.owners: dict[int, Scope] = {}
        self.named: dict[str, State] = {}
        self.problems: list[Diagnostic] = []
        self.functions: dict[str, Callable[[Any, Any], Any]] = {}
        self.states: list[State] = []
        self.told: set[int] = set()


class Scope:
    """One `States` object while it is built: the machine itself, a branch, a processor."""

    __slots__ = ("label", "language", "shared")

    def __init__(self, shared: _Shared, language: str, label: str) -> None:
        self.shared, self.language, self.label = shared, language, label

    def inner(self, start: State, label: str, where: Origin | None) -> model.StateMachine:
        """A machine inside this one. (It has the language of the whole machine, whatever the state around it has.)"""
        return Scope(self.shared, self.language, label).fill(start, where)

    def configured(self, machine: model.StateMachine, config: model.ProcessorConfig) -> model.StateMachine:
        return replace(machine, processor_config=config)

    def local(self, name: str, function: Callable[[Any, Any], Any]) -> None:
        """A Python function that answers for a Lambda function where the machine runs on this machine."""
        self.shared.functions[name] = function

    def fill(self, start: State, where: Origin | None) -> model.StateMachine:
        from penstock.sfn.chain import reachable

        shared = self.shared
        found: list[State] = []
        for state in reachable(start):
            owner = shared.owners.setdefault(id(state), self)
            if owner is not self:
                self._twice(state, owner, where)
                continue
            first = shared.named.setdefault(state.name, state)
            if first is not state:
                self._same_name(state, first)
            found.append(state)
        shared.states += found
        states: dict[str, model.AnyState] = {}
        for state in found:
            mark = len(state.problems)
            states.setdefault(state.name, state.build(self))
            shared.problems += state.problems
            del state.problems[mark:]
        return model.StateMachine(start_at=start.name, states=states)

    def _twice(self, state: State, owner: Scope, where: Origin | None) -> None:
        if id(state) in self.shared.told:
            return
        self.shared.told.add(id(state))
        self.shared.problems.append(
            problem(
                "PS712",
                state.origin,
                f"{state.name!r} stands in {owner.label} and in {self.label}; a state belongs to one of them",
                help=f"use a copy in one of the two: .copy('{state.name} again') of the state, or of the chain",
                notes=[(where, f"{self.label} is made here")],
            )
        )

    def _same_name(self, state: State, first: State) -> None:
        self.shared.problems.append(
            problem(
                "PS713",
                state.origin,
                f"two states are called {state.name!r}",
                help="give one another id, or a state_name; the states of a fragment get a prefix with prefix_states()",
                notes=[(first.origin, "the first one")],
            )
        )


def build(start: State, *, language: str = JSONPATH, where: Origin | None = None, top: Mapping[str, Any]) -> Built:
    """The machine that begins with `start`. `top` are fields of the machine itself."""
    shared = _Shared()
    machine = Scope(shared, language, "the machine itself").fill(start, where)
    span = where.span if where is not None else None
    fields = dict(top)
    if language != JSONPATH:
        fields["query_language"] = language
    machine = replace(machine, span=span, **fields)
    return Built(machine, tuple(shared.problems), dict(shared.functions), tuple(shared.states))

"""Transitions: targets exist in their own scope, every state is reached, the machine can end.

Order and suppression are AWS's (measured): dangling targets first; then either that nothing ends, or which states
nothing reaches. Only the machine itself must have an end; a branch or processor that loops is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from penstock.asl.problems import TARGET, Place, Problem
from penstock.asl.schema import MAX_NAME
from penstock.asl.shape import MAX_HINTS, Scope, Walk

_ENDS = ("Succeed", "Fail")


def judge(walk: Walk) -> list[Problem]:
    walk.hints = MAX_HINTS  # a budget for each run, so that the same definition always gets the same help
    found: list[Problem] = []
    for scope in walk.scopes:
        start, states = scope.raw.get("StartAt"), scope.raw.get("States")
        if type(states) is not dict or not states or type(start) is not str:
            continue  # the schema has said so, and AWS says no more (recorded for a missing StartAt)
        unreached = _judge_scope(walk, scope, start, states, found)
        if scope.parent is None and not _can_end(scope, states):
            found.append(Problem("MISSING_END_STATE", "Workflow has no terminal state", scope.place, located=False))
        else:
            found += unreached
    return found


def _judge_scope(walk: Walk, scope: Scope, start: str, states: dict[str, Any], found: list[Problem]) -> list[Problem]:
    """Adds the dangling targets to `found`; returns the problems of unreached states."""
    ways: dict[str, list[str]] = {}
    if start not in states:
        found.append(_dangling(walk, start, (scope.place, "StartAt"), states))
    for name, place, raw, kind in scope.states:
        targets = ways[name] = []
        target = raw.get("Next")
        if type(target) is str and kind not in ("Choice", *_ENDS):
            targets.append(target)
            if target not in states:
                found.append(_dangling(walk, target, (place, "Next"), states))
        if kind == "Choice" or "Catch" in raw:
            for target, at in _branching(raw, place, kind):
                targets.append(target)
                if target not in states:
                    found.append(_dangling(walk, target, at, states))
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ways.get(name, ())
    if len(reached) >= len(states) and reached.issuperset(states):
        return []
    problems = []
    for name, place, _, _ in scope.states:
        if name not in reached:
            problems.append(Problem(TARGET, f'State "{name}" is not reachable.', place, focus="key"))
    return problems


def _branching(raw: dict[str, Any], place: Place, kind: str) -> Iterator[tuple[str, Place]]:
    """Targets of Choices, Default and Catch, in the order of the definition."""
    for key, value in raw.items():
        if key == "Default" and kind == "Choice" and type(value) is str:
            yield value, (place, key)
        elif (key == "Catch" or (key == "Choices" and kind == "Choice")) and type(value) is list:
            for index, one in enumerate(value):
                target = one.get("Next") if type(one) is dict else None
                if type(target) is str:
                    yield target, (((place, key), index), "Next")


def _dangling(walk: Walk, target: str, place: Place, states: dict[str, Any]) -> Problem:
    # AWS says 'Next' for Default, Catch and StartAt alike (measured).
    names = (name for name in islice(states, 1000) if len(name) <= MAX_NAME)
    return Problem(TARGET, f"Missing 'Next' target: {target}", place, help=walk.hint(target, names))


def _can_end(scope: Scope, states: dict[str, Any]) -> bool:
    if len(scope.states) != len(states):
        return True  # a state of an unknown type may be the one that ends
    return any(kind in _ENDS or raw.get("End") is True for _, _, raw, kind in scope.states)

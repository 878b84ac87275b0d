"""Variables: what they may be called, and that an inner scope leaves the outer's names alone.

Names and their codes as measured (RESERVED_VARIABLE_NAME, INVALID_VARIABLE_NAME); scopes as the Developer Guide's
"Passing data between states with variables" has them: each `States` object is a scope that reads the outer ones but may
not assign their names; the children of a Distributed Map are executions of their own and see none of them.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from penstock.asl.problems import SCHEMA, Place, Problem
from penstock.asl.schema import MAX_NAME
from penstock.asl.shape import Scope, Walk

_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def judge(walk: Walk) -> list[Problem]:
    if not walk.assigns:
        return []
    found: list[Problem] = []
    sights: dict[int, _Sight] = {}
    for scope in walk.scopes:  # outer scopes come before inner ones
        sight = sights[id(scope)] = _look(scope, None if scope.parent is None else sights[id(scope.parent)])
        for name, place in scope.assigned:
            problem = _name_fault(name, place)
            if problem is None and _in_any(name, sight.outer):
                words = f"Variable '{name}' is assigned in an outer scope, and cannot be assigned in an inner one"
                problem = Problem(SCHEMA, words, place, focus="key")
            if problem is not None:
                found.append(problem)
        if sight.hidden:
            for _, place, raw, _ in scope.states:
                found += _references(raw, place, sight)
    return found


class _Sight(NamedTuple):
    """Names as one scope sees them, a set for each scope that assigns any: its own, those of outer scopes it can read,
    and those out of its reach."""

    own: frozenset[str]
    outer: tuple[frozenset[str], ...]
    hidden: tuple[frozenset[str], ...]


def _look(scope: Scope, parent: _Sight | None) -> _Sight:
    own = frozenset(name for name, _ in scope.assigned)
    if parent is None:
        return _Sight(own, (), ())
    above = (*parent.outer, parent.own) if parent.own else parent.outer
    if scope.is_distributed:
        return _Sight(own, (), parent.hidden + above)
    return _Sight(own, above, parent.hidden)


def _in_any(name: str, sets: tuple[frozenset[str], ...]) -> bool:
    return any(name in names for names in sets)


def _name_fault(name: str, place: Place) -> Problem | None:
    if name == "states":
        words = "Cannot assign to reserved variable '$states'."
        return Problem("RESERVED_VARIABLE_NAME", words, place, focus="key")
    fault = None
    if not name:
        fault = "the variable name is empty."
    elif len(name) > MAX_NAME:
        fault = f"the variable name exceeds the {MAX_NAME}-character limit."
    elif not name.isidentifier():
        fault = "the variable name contains invalid characters."
    if fault is None:
        return None
    return Problem("INVALID_VARIABLE_NAME", f"Invalid variable name '{name}': {fault}", place, focus="key")


def _references(raw: dict[str, Any], place: Place, sight: _Sight) -> list[Problem]:
    """In the fields that JSONPath evaluates: those whose names end in Path or `.$`, and Variable."""
    found = []
    stack: list[tuple[Any, Place]] = [
        (value, (place, key)) for key, value in raw.items() if key not in ("Branches", "ItemProcessor", "Iterator")
    ]
    while stack:
        value, at = stack.pop()
        key = at[1] if at is not None else ""
        if isinstance(value, dict):
            stack += [(inner, (at, name)) for name, inner in value.items()]
        elif isinstance(value, list):
            stack += [(inner, (at, index)) for index, inner in enumerate(value)]
        elif isinstance(value, str) and isinstance(key, str) and key.endswith(("Path", ".$", "Variable")):
            for name in _REFERENCE.findall(value):
                if _in_any(name, sight.hidden) and not _in_any(name, (*sight.outer, sight.own)):
                    words = f"Variable '{name}' of the parent execution cannot be referenced inside a distributed Map"
                    found.append(Problem(SCHEMA, words, at))
    return found

"""Variables: what they may be called, and that an inner scope leaves the outer's names alone.

Names and their codes as measured (RESERVED_VARIABLE_NAME, INVALID_VARIABLE_NAME); scopes as the Developer Guide's
"Passing data between states with variables" has them: each `States` object is a scope that reads the outer ones but may
not assign their names; the children of a Distributed Map are executions of their own and see none of them.
"""

from __future__ import annotations

import re
from typing import Any

from penstock.asl.problems import SCHEMA, Place, Problem
from penstock.asl.schema import MAX_NAME
from penstock.asl.shape import Scope, Walk

_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def judge(walk: Walk) -> list[Problem]:
    if not walk.assigns:
        return []
    found: list[Problem] = []
    for scope in walk.scopes:
        outer = _visible(scope)
        for name, place in scope.assigned:
            problem = _name_fault(name, place)
            if problem is None and name in outer:
                words = f"Variable '{name}' is assigned in an outer scope, and cannot be assigned in an inner one"
                problem = Problem(SCHEMA, words, place, focus="key")
            if problem is not None:
                found.append(problem)
        if scope.is_distributed:
            found += _beyond_reach(walk, scope)
    return found


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


def _visible(scope: Scope) -> set[str]:
    """The names of all outer scopes that `scope` can read."""
    names: set[str] = set()
    while scope.parent is not None and not scope.is_distributed:
        scope = scope.parent
        names.update(name for name, _ in scope.assigned)
    return names


def _beyond_reach(walk: Walk, scope: Scope) -> list[Problem]:
    """References, in the states of a distributed child, to names that only the outer scopes assign."""
    outer: set[str] = set()
    above = scope.parent
    while above is not None:
        outer.update(name for name, _ in above.assigned)
        above = above.parent
    inside = [one for one in walk.scopes if _is_within(one, scope)]
    outer -= {name for one in inside for name, _ in one.assigned}
    found: list[Problem] = []
    if outer:
        for one in inside:
            for _, place, raw, _ in one.states:
                found += _references(raw, place, outer)
    return found


def _is_within(scope: Scope | None, container: Scope) -> bool:
    while scope is not None:
        if scope is container:
            return True
        scope = scope.parent
    return False


def _references(raw: dict[str, Any], place: Place, names: set[str]) -> list[Problem]:
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
                if name in names:
                    words = f"Variable '{name}' of the parent execution cannot be referenced inside a distributed Map"
                    found.append(Problem(SCHEMA, words, at))
    return found

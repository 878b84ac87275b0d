"""What an expression refers to: known from its syntax, and judged before anything runs.

A state has no context value of its own: `$`, `$$` and bare names at the top level mean nothing there, and AWS refuses
them in the definition. Only the first step of a path counts; predicates, orderings, groupings and later steps have the
value they apply to for a context. A function's body keeps the context around it (all measured, floci#2670, #2699).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.parser import parse
from penstock.asl.jsonata.syntax import Node

INVALID = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"

_CHILDREN = (
    "lhs",
    "rhs",
    "expression",
    "condition",
    "then",
    "else_",
    "procedure",
    "group",
    "body",
    "pattern",
    "update",
    "delete",
)
_LISTS = ("steps", "expressions", "arguments", "predicate", "stages")


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """`code` and `message` are AWS's; `offset` is a 0-based index into the trimmed expression."""

    code: str
    message: str
    offset: int


@lru_cache(maxsize=4096)
def check_expression(
    text: str, *, fields: frozenset[str] = frozenset({"input", "context"})
) -> tuple[ExpressionProblem, ...]:
    """What AWS refuses in an expression (without its `{%` and `%}`); empty where it is fine.

    `fields` are those that `$states` has in this place.
    """
    try:
        tree = parse(text)
    except JsonataFault as fault:
        return (ExpressionProblem(INVALID, fault.message, fault.position),)
    found: dict[str, int] = {}
    for name, position in sorted(_top_level(tree), key=lambda reference: reference[1]):
        found.setdefault(f"Reference to '{name}' at the top level is not supported.", position)
    for node in _all(tree):
        if node.type == "variable" and node.value == "$":
            found.setdefault("Reference to '$$' is not supported.", node.position or 0)
        elif node.type == "path":
            field = _states_field(node)
            if field is not None and field not in fields:
                found.setdefault(f"Field '$states.{field}' does not exist.", node.steps[0].position or 0)
    ordered = sorted(found.items(), key=lambda item: item[1])
    return tuple(ExpressionProblem(UNSUPPORTED, message, position) for message, position in ordered)


def states_fields(tree: Node) -> frozenset[str]:
    """The fields of `$states` that an expression uses; `*` where it uses the object itself."""
    found: set[str] = set()
    within: set[int] = set()
    for node in _all(tree):
        if node.type == "path":
            name = _states_field(node)
            if name is not None:
                found.add(name)
                within.add(id(node.steps[0]))
        elif node.type == "variable" and node.value == "states" and id(node) not in within:
            found.add("*")
    return frozenset(found)


def variables_used(tree: Node) -> frozenset[str]:
    """The names of the variables that an expression mentions and does not bind itself (`states` apart)."""
    bound: set[str] = set()
    used: set[str] = set()
    for node in _all(tree):
        if node.type == "bind":
            bound.add(node.lhs.value)
        elif node.type == "lambda":
            bound.update(argument.value for argument in node.arguments)
        elif node.type == "variable" and node.value not in ("", "$", "states"):
            used.add(node.value)
        if node.focus is not None:
            bound.add(node.focus)
        if node.index is not None and isinstance(node.index, str):
            bound.add(node.index)
    return frozenset(used - bound)


def _states_field(path: Node) -> str | None:
    steps = path.steps
    if len(steps) > 1 and steps[0].type == "variable" and steps[0].value == "states" and steps[1].type == "name":
        name: str = steps[1].value
        return name
    return None


def _all(tree: Node) -> Iterator[Node]:
    """Every node, a node before those inside it."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(_inside(node))))


def _inside(node: Node) -> Iterator[Node]:
    for name in _CHILDREN:
        child = getattr(node, name)
        if isinstance(child, Node):
            yield child
    for name in _LISTS:
        yield from (child for child in getattr(node, name) or () if isinstance(child, Node))
    for first, second in node.pairs or ():
        yield first
        yield second
    for _, term in node.terms or ():
        yield term


def _top_level(tree: Node) -> Iterator[tuple[str, int]]:
    """References to the context value that are evaluated where there is none."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if node.type == "path":
            pending.append(node.steps[0])
            continue
        if node.type in ("name", "wildcard", "descendant") or (node.type == "variable" and node.value == ""):
            yield ("$" if node.type == "variable" else node.value), node.position or 0
        elif node.type in ("filter", "sort", "group", "transform"):
            continue
        elif node.type == "bind":
            pending.append(node.rhs)
        else:
            arguments = [] if node.type == "lambda" else node.arguments or ()
            for name in ("lhs", "rhs", "expression", "condition", "then", "else_", "procedure", "body"):
                child = getattr(node, name)
                if isinstance(child, Node):
                    pending.append(child)
            pending.extend(node.expressions or ())
            pending.extend(arguments)
            for first, second in node.pairs or ():
                pending.extend((first, second))

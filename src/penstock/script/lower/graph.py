"""States under construction: nodes, the edges that leave them, the scopes they stand in, and how they get their names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from penstock.asl import model
from penstock.diagnostics import Span

MAX_NAME: Final = 80
MAX_STATES: Final = 10_000


@dataclass(eq=False, slots=True)
class Edge:
    """An edge whose target may not be known yet. `needs_state` says that a machine cannot simply end here."""

    needs_state: bool = True
    target: Node | None = None


Exits: TypeAlias = list[Edge]
"""The loose ends of what has been lowered so far: the next state is connected to all of them. Empty: nothing comes after."""


def connect(exits: Exits, node: Node) -> None:
    for edge in exits:
        edge.target = node


@dataclass(eq=False, slots=True)
class Catch:
    names: tuple[str, ...]
    edge: Edge
    result_path: str | None
    assign: dict[str, Any] | None


@dataclass(eq=False, slots=True)
class Node:
    """One state to be. `label` is the name it would like; `keyed` that the user gave it; `fields` are those of the model's
    class `kind`, except edges, branches and processors, which stand apart until all names are known."""

    kind: type[model.AnyState]
    label: str
    span: Span
    fields: dict[str, Any] = field(default_factory=dict)
    keyed: bool = False
    origin: object = None
    next: Edge | None = None
    choices: list[tuple[model.Test, Edge]] = field(default_factory=list)
    default: Edge | None = None
    catch: list[Catch] = field(default_factory=list)
    branches: list[Scope] = field(default_factory=list)
    iterator: Scope | None = None
    name: str = ""


@dataclass(eq=False, slots=True)
class Scope:
    """One `States` object to be. `depth` counts from the machine; `parent` is the scope that holds it."""

    span: Span
    parent: Scope | None = None
    start: Edge = field(default_factory=Edge)
    nodes: list[Node] = field(default_factory=list)
    succeed: Node | None = None

    def within(self, other: Scope) -> bool:
        """Whether this scope is `other` or inside it."""
        scope: Scope | None = self
        while scope is not None:
            if scope is other:
                return True
            scope = scope.parent
        return False


def name_states(nodes: list[Node]) -> list[tuple[Node, Node]]:
    """Gives every node its name: keys as given, then the others in order, ` (2)` and so on where one is taken.

    Returns the pairs (second, first) whose keys collide. One statement compiled several times (a function put in place of
    two calls, a `finally` on two ways out) is no collision.
    """
    taken: dict[str, Node] = {}
    numbers: dict[str, int] = {}
    clashes: list[tuple[Node, Node]] = []
    for node in [n for n in nodes if n.keyed]:
        first = taken.get(node.label)
        if first is not None and first.origin is not node.origin:
            clashes.append((node, first))
        _number(node, taken, numbers)
    for node in nodes:
        if not node.keyed:
            _number(node, taken, numbers)
    return clashes


def _number(node: Node, taken: dict[str, Node], numbers: dict[str, int]) -> None:
    number = numbers.get(node.label, 0) + 1
    name = _shorten(node.label, MAX_NAME) if number == 1 else ""
    while not name or name in taken:
        number = max(number, 2) if name == "" else number + 1
        suffix = f" ({number})"
        name = _shorten(node.label, MAX_NAME - len(suffix)) + suffix
    numbers[node.label] = number
    node.name = name
    taken[name] = node


def _shorten(label: str, limit: int) -> str:
    return label if len(label) <= limit else label[: limit - 1].rstrip() + "…"


# What a generated name may hold. AWS's names exclude wildcards, quotes and brackets; comparisons are what makes a Choice
# readable, so < > = stay (state names, unlike machine names, allow them).
_UNWANTED: Final = re.compile(r"[^\w .…()<>=!+\-]")


_STEP: Final = re.compile(r"\[([\"']?)([^\"'\[\],]{1,100})\1\]")


def readable(text: str, variable: str = "data") -> str:
    """A generated state name from source text: a test on `data["foo"]` reads `foo > 0`, a store into it `data.foo = …`."""
    head = text[:400]
    if not head.endswith("…"):
        head = re.sub(rf"\b{re.escape(variable)}(?=[\[.])", "", head)
    head = _STEP.sub(r".\2", head)
    head = re.sub(r"(?<![\w)])\.(?=\w)", "", head)
    head = head.replace("[", "(").replace("]", ")").replace('"', "").replace("'", "").replace(",", " ")
    return " ".join(_UNWANTED.sub(" ", head).split()) or "state"


def finish(scope: Scope) -> model.StateMachine:
    """The model of a scope whose nodes have their names."""
    states: dict[str, Any] = {}
    for node in scope.nodes:
        states[node.name] = _state(node)
    return model.StateMachine(start_at=_target(scope.start), states=states, span=scope.span)


def _state(node: Node) -> model.AnyState:
    fields: dict[str, Any] = dict(node.fields)
    fields.update(name=node.name, span=node.span)
    if node.next is not None:
        if node.next.target is None:
            fields["end"] = True
        else:
            fields["next"] = node.next.target.name
    if node.kind is model.Choice:
        fields["choices"] = tuple(model.ChoiceRule(test=test, next=_target(edge)) for test, edge in node.choices)
        if node.default is not None:
            fields["default"] = _target(node.default)
    if node.catch:
        fields["catch"] = tuple(
            model.Catcher(
                error_equals=catch.names,
                next=_target(catch.edge),
                result_path=catch.result_path,
                assign=model.UNSET if catch.assign is None else catch.assign,
            )
            for catch in node.catch
        )
    if node.branches:
        fields["branches"] = tuple(finish(branch) for branch in node.branches)
    if node.iterator is not None:
        fields["iterator"] = finish(node.iterator)
    return node.kind(**fields)


def _target(edge: Edge) -> str:
    # Without a target only where a statement was refused; the definition is then not sound anyway.
    return edge.target.name if edge.target is not None else ""

"""The picture of a machine as data: nodes, edges with readable labels, and the machines inside Parallel and Map.

Any machine that reads can be drawn, also one that `check` refuses: a transition to a state that does not exist leads to
a node of type `Missing`, so the picture shows the mistake instead of hiding it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from penstock.asl.model import (
    UNSET,
    And,
    AnyState,
    Catcher,
    Choice,
    ChoiceRule,
    Comparison,
    Fail,
    Map,
    Not,
    Or,
    Parallel,
    StateMachine,
    Succeed,
    Task,
    Test,
    Wait,
)
from penstock.jsontools import Json, dumps_text

MAX_NESTING = 30
"""Machines nested deeper are drawn as closed boxes: nobody reads them, and layout stays within Python's stack."""

_OPERATORS = {
    "Equals": "==",
    "LessThan": "<",
    "LessThanEquals": "<=",
    "GreaterThan": ">",
    "GreaterThanEquals": ">=",
}


class EdgeKind(StrEnum):
    NEXT = "next"
    RULE = "rule"
    DEFAULT = "default"
    CATCH = "catch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`source` and `target` are node ids; `label` is empty where the line needs no words."""

    source: str
    target: str
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One state. `id` is `s` and a number in the order of the definition; `detail` says in a few words what it does;
    `inner` holds the branches of a Parallel or the processor of a Map."""

    id: str
    name: str
    type: str
    detail: str = ""
    ends: bool = False
    inner: tuple[Graph, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """One machine, branch or processor. `start` is a node id, or None where StartAt is missing."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    start: str | None = None

    def walk(self) -> Iterator[Graph]:
        """This graph and all inside it, outer before inner."""
        yield self
        for node in self.nodes:
            for inner in node.inner:
                yield from inner.walk()


def graph(machine: StateMachine) -> Graph:
    """The picture of `machine`, inner machines nested."""
    return _Builder().machine(machine, 0)


def edges(machine: StateMachine) -> list[Edge]:
    """Every transition of the machine and of those inside it, outer before inner."""
    return [edge for each in graph(machine).walk() for edge in each.edges]


class _Builder:
    def __init__(self) -> None:
        self._count = 0

    def _id(self) -> str:
        self._count += 1
        return f"s{self._count}"

    def machine(self, machine: StateMachine, depth: int) -> Graph:
        ids = {name: self._id() for name in machine.states}
        nodes: list[Node] = []
        found: list[Edge] = []
        missing: dict[str, str] = {}

        def target(name: str) -> str:
            known = ids.get(name) or missing.get(name)
            if known is None:
                known = missing[name] = self._id()
            return known

        for name, state in machine.states.items():
            inner: tuple[Graph, ...] = ()
            if depth < MAX_NESTING:
                inner = tuple(self.machine(each, depth + 1) for each in inner_machines(state))
            nodes.append(
                Node(
                    id=ids[name],
                    name=name,
                    type=state.type,
                    detail=describe(state),
                    ends=isinstance(state, (Succeed, Fail)) or getattr(state, "end", UNSET) is True,
                    inner=inner,
                )
            )
            for kind, to, label in transitions(state):
                found.append(Edge(source=ids[name], target=target(to), kind=kind, label=label))
        start = target(machine.start_at) if isinstance(machine.start_at, str) else None
        nodes += [Node(id=each, name=name, type="Missing", detail="no such state") for name, each in missing.items()]
        return Graph(nodes=tuple(nodes), edges=tuple(found), start=start)


def inner_machines(state: AnyState) -> list[StateMachine]:
    """A Parallel's branches, a Map's processor; for other states nothing."""
    if isinstance(state, Parallel) and state.branches is not UNSET:
        return list(state.branches)
    if isinstance(state, Map) and state.processor is not None:
        return [state.processor]
    return []


def transitions(state: AnyState) -> Iterator[tuple[EdgeKind, str, str]]:
    """(kind, name of the next state, label) in the order the engine would try them."""
    if isinstance(state, Choice):
        if state.choices is not UNSET:
            for rule in state.choices:
                if isinstance(rule.next, str):
                    yield EdgeKind.RULE, rule.next, describe_rule(rule)
        if isinstance(state.default, str):
            yield EdgeKind.DEFAULT, state.default, "otherwise"
        return
    following = getattr(state, "next", UNSET)
    if isinstance(following, str):
        yield EdgeKind.NEXT, following, ""
    catchers: tuple[Catcher, ...] | object = getattr(state, "catch", UNSET)
    if isinstance(catchers, tuple):
        for catcher in catchers:
            if isinstance(catcher.next, str):
                yield EdgeKind.CATCH, catcher.next, ", ".join(map(str, catcher.error_equals))


def describe(state: AnyState) -> str:
    """What the state does, in a few words: `lambda Validate`, `10 s`, `for each $.items`."""
    if isinstance(state, Task):
        return describe_resource(state)
    if isinstance(state, Wait):
        return _describe_wait(state)
    if isinstance(state, Map):
        return _describe_map(state)
    if isinstance(state, Parallel):
        count = len(state.branches) if state.branches is not UNSET else 0
        return f"{count} branch" if count == 1 else f"{count} branches"
    if isinstance(state, Fail):
        return str(state.error) if state.error is not UNSET else ""
    return ""


def describe_resource(state: Task) -> str:
    """A resource ARN as people say it: `lambda Validate`, `sqs sendMessage (waits for token)`."""
    if not isinstance(state.resource, str):
        return ""
    resource = state.resource
    parts = resource.split(":")
    if len(parts) >= 7 and parts[2] == "lambda" and parts[5] == "function":
        return f"lambda {parts[6]}"
    if len(parts) >= 7 and parts[2] == "states" and parts[5] == "activity":
        return f"activity {parts[6]}"
    if resource.startswith("arn:") and len(parts) > 5 and parts[2] == "states":
        service = parts[5:]
        if service[0] == "lambda":
            return f"lambda {_function_name(state)}".rstrip()
        *names, action = service
        action, _, pattern = action.partition(".")
        if action == "2" and names:  # `startExecution.sync:2`
            action, _, pattern = names.pop().partition(".")
        words = " ".join([*names, action])
        waits = {"sync": "waits for the end", "waitForTaskToken": "waits for a token"}.get(pattern)
        return f"{words} ({waits})" if waits else words
    if resource.startswith("${LambdaFunction") and resource.endswith("}"):  # how scripts name their own functions
        return f"lambda {resource.removeprefix('${LambdaFunction').removesuffix('}')}"
    return resource


def _function_name(state: Task) -> str:
    payload = state.arguments if state.arguments is not UNSET else state.parameters
    name = payload.get("FunctionName") if isinstance(payload, dict) else None
    if not isinstance(name, str):
        return "invoke"
    return name.split(":")[6] if name.startswith("arn:") and name.count(":") >= 6 else name


def _describe_wait(state: Wait) -> str:
    if state.seconds is not UNSET:
        seconds = expression(state.seconds)
        return f"{seconds} s" if isinstance(state.seconds, (int, float)) else f"{seconds} seconds"
    for prefix, value in (("", state.seconds_path), ("until ", state.timestamp), ("until ", state.timestamp_path)):
        if value is not UNSET:
            return f"{prefix}{expression(value)}"
    return ""


def _describe_map(state: Map) -> str:
    items = "each item"
    if state.items_path is not UNSET:
        items = f"each of {state.items_path}"
    elif isinstance(state.items, str):
        items = f"each of {expression(state.items)}"
    elif state.item_reader is not UNSET:
        items = "each item read"
    limit = (
        f", {state.max_concurrency} at once" if isinstance(state.max_concurrency, int) and state.max_concurrency else ""
    )
    return f"{'distributed, ' if state.is_distributed else ''}for {items}{limit}"


def expression(value: Json) -> str:
    """A value as a reader wants it: a JSONata expression without its `{% %}`, a JSON value as JSON."""
    if isinstance(value, str):
        stripped = value.strip()
        if stripped.startswith("{%") and stripped.endswith("%}"):
            return stripped[2:-2].strip()
        return value
    return dumps_text(value)


def describe_rule(rule: ChoiceRule) -> str:
    """`$.total >= 100 and not $.paid == true`."""
    if rule.test is not UNSET:
        return describe_test(rule.test)
    return expression(rule.condition) if rule.condition is not UNSET else ""


def describe_test(test: Test, *, depth: int = 0) -> str:
    """A rule as an expression; parts nested more than six deep are left out as `…`."""
    if depth > 6:
        return "…"
    if isinstance(test, Comparison):
        return _describe_comparison(test)
    if isinstance(test, Not):
        inner = describe_test(test.rule, depth=depth + 1)
        return f"not ({inner})" if isinstance(test.rule, (And, Or)) else f"not {inner}"
    word = " and " if isinstance(test, And) else " or "
    parts = []
    for rule in test.rules:
        text = describe_test(rule, depth=depth + 1)
        mixed = isinstance(rule, (And, Or)) and type(rule) is not type(test)
        parts.append(f"({text})" if mixed else text)
    return word.join(parts)


def _describe_comparison(test: Comparison) -> str:
    variable, operator, operand = str(test.variable), test.operator, test.operand
    if operator == "IsPresent":
        return f"{variable} is {'present' if operand is True else 'missing'}"
    if operator.startswith("Is"):
        return f"{variable} is {'' if operand is True else 'not '}{operator[2:].lower()}"
    if operator == "StringMatches":
        return f"{variable} matches {dumps_text(operand)}"
    is_path = operator.endswith("Path")
    base = operator.removesuffix("Path")
    for kind in ("String", "Numeric", "Boolean", "Timestamp"):
        if base.startswith(kind) and (sign := _OPERATORS.get(base[len(kind) :])):
            value = str(operand) if is_path else dumps_text(operand)
            return f"{variable} {sign} {value}"
    return f"{variable} {operator} {dumps_text(operand)}"

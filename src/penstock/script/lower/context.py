"""Where a statement stands while it is lowered: machine, scope, function activation, and what guards it."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn, TypeAlias

from penstock.asl import model
from penstock.script.lower.graph import MAX_STATES, Catch, Edge, Exits, Node, Scope, connect, readable
from penstock.script.lower.values import Kind, Ref, Value
from penstock.script.report import Reporter, TooLarge
from penstock.script.resolve import Declarations, MachineFunction
from penstock.script.resolve.exceptions import ALL

ERROR_PATH: Final = "$.error"
"""Where a handler finds the error, as documented since Fluxio."""


@dataclass(eq=False)
class Slot:
    """Where a caught error is kept: under `$.error`, and in a variable where the handler could overwrite that."""

    path: str | None
    variable: str | None

    @property
    def ref(self) -> str:
        return f"${self.variable}" if self.variable else self.path or ERROR_PATH


@dataclass(eq=False)
class Variable:
    """A workflow variable. `name` is its States Language name; `scopes` where it is assigned; `kinds` its possible types."""

    name: str
    scopes: list[Scope] = field(default_factory=list)
    kinds: set[Kind] = field(default_factory=set)


@dataclass(eq=False)
class Frame:
    """One activation of a machine function. `base` is the path of its input; `target` what takes its result when it stands
    in place of a call (None: discarded); `outermost` that a return ends the scope's machine; `floor` how many guards stood
    around the call; `plain_item` that the input may be no object (an item of a map)."""

    function: MachineFunction
    scope: Scope
    base: str = "$"
    outermost: bool = True
    target: object = None
    caller: Context | None = None
    floor: int = 0
    plain_item: bool = False
    envelope: bool = False
    variables: dict[str, Variable] = field(default_factory=dict)
    errors: dict[str, Slot] = field(default_factory=dict)
    returns: Exits = field(default_factory=list)

    @property
    def bound(self) -> dict[str, Ref]:
        """The names that handlers gave to their errors, as values."""
        return {name: Ref(slot.ref, frozenset({"dict"})) for name, slot in self.errors.items()}


@dataclass(eq=False)
class Clause:
    """One `except`: the names it takes, where its error goes, and the edges that lead to it."""

    names: tuple[str, ...]
    slot: Slot
    node: ast.ExceptHandler
    entries: Exits = field(default_factory=list)


@dataclass(eq=False)
class Guard:
    """A `try` around a statement: its clauses, or its `finally` body (then everything is taken)."""

    clauses: list[Clause] = field(default_factory=list)
    final: list[ast.stmt] | None = None
    slot: Slot | None = None
    entries: Exits = field(default_factory=list)


@dataclass(eq=False)
class Machine:
    """What is shared by everything lowered into one machine."""

    declarations: Declarations
    report: Reporter
    nodes: list[Node] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    tasks: dict[str, None] = field(default_factory=dict)
    starts: dict[str, None] = field(default_factory=dict)
    uses: dict[tuple[str, str], None] = field(default_factory=dict)
    substitutions: dict[str, None] = field(default_factory=dict)

    def variable(self, wanted: str) -> str:
        """A name no other variable of the machine has: inner scopes may not assign what an outer one does."""
        name, number = wanted[:70], 1
        while name in self.variables or name == "states":
            number += 1
            name = f"{wanted[:70]}_{number}"
        self.variables.add(name)
        return name


Lower: TypeAlias = "Callable[[Context, list[ast.stmt], Exits], Exits]"


@dataclass(frozen=True)
class Context:
    """Immutable: what changes inside a block is a changed copy. `stack` names the functions being lowered, outermost first;
    `retry` and `timeout` apply to the one task of a `with` block; `handling` is the error of the handler around."""

    machine: Machine
    scope: Scope
    frame: Frame
    lower: Lower
    guards: tuple[Guard, ...] = ()
    stack: tuple[str, ...] = ()
    retry: tuple[model.Retrier, ...] = ()
    timeout: Value | None = None
    handling: Slot | None = None

    @property
    def report(self) -> Reporter:
        return self.machine.report

    @property
    def declarations(self) -> Declarations:
        return self.machine.declarations

    def but(self, **changes: Any) -> Context:
        return replace(self, **changes)

    def node(
        self,
        kind: type[model.AnyState],
        label: str,
        origin: ast.AST,
        exits: Exits,
        *,
        key: str | None = None,
        **fields: Any,
    ) -> Node:
        """A new state after `exits`. All but Choice, Succeed and Fail have a `next` edge, not connected yet."""
        if len(self.machine.nodes) >= MAX_STATES:
            self.too_large(origin)
        name = key or readable(label, self.frame.function.input_name)
        node = Node(kind, name, self.report.spans.head(origin), fields, keyed=key is not None, origin=origin)
        if kind not in (model.Choice, model.Succeed, model.Fail):
            node.next = Edge(needs_state=False)
        self.machine.nodes.append(node)
        self.scope.nodes.append(node)
        connect(exits, node)
        return node

    def too_large(self, origin: ast.AST) -> NoReturn:
        """Gives the machine up."""
        if self.report.told("PS004"):  # the same functions, told already
            raise TooLarge
        self.report.tell(
            "PS604",
            self.report.spans.head(origin),
            f"with this, the machine `{self.stack[0]}` grows past {MAX_STATES:,} states",
            help="start some of the functions as executions: helper.start(data)",
        )
        raise TooLarge

    def guard(self, node: Node) -> None:
        """Gives a state that can fail the catchers of every `try` around it, the innermost first."""
        caught: set[str] = set()
        for guard in reversed(self.guards):
            if guard.final is not None:
                assert guard.slot is not None
                self._catch(node, (ALL,), guard.slot, guard.entries)
                return
            for clause in guard.clauses:
                names = tuple(name for name in clause.names if name not in caught)
                if names:
                    self._catch(node, names, clause.slot, clause.entries)
                    caught.update(names)
                if ALL in caught:
                    return

    def _catch(self, node: Node, names: tuple[str, ...], slot: Slot, entries: Exits) -> None:
        edge = Edge()
        entries.append(edge)
        assign = {f"{slot.variable}.$": "$"} if slot.variable else None
        node.catch.append(Catch(names, edge, slot.path, assign))

    def inner(self, span_of: ast.AST) -> Scope:
        return Scope(self.report.spans.head(span_of), parent=self.scope)


def valid_variable(name: str) -> bool:
    """Whether the States Language takes the name as it is (facts §5)."""
    return name.isidentifier() and len(name) <= 80 and not keyword.iskeyword(name)


def close(context: Context, exits: Exits, origin: ast.AST) -> None:
    """Ends a scope's machine: a state that has a Next gets End; an arm that leads nowhere gets a Pass that ends."""
    loose = [edge for edge in exits if edge.needs_state]
    if loose:
        context.node(model.Pass, "done", origin, loose)

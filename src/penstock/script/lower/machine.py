"""One machine: a function's body lowered, named and finished."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from penstock.asl import model
from penstock.diagnostics import Note
from penstock.script.lower.context import Context, Frame, Machine, close
from penstock.script.lower.graph import Scope, finish, name_states
from penstock.script.lower.statements import lower_block
from penstock.script.report import Reporter, TooLarge
from penstock.script.resolve import Declarations, MachineFunction


@dataclass(frozen=True)
class Lowered:
    """`definition` and what it is made of. `uses` are (function, role) pairs."""

    definition: model.StateMachine
    tasks: tuple[str, ...]
    starts: tuple[str, ...]
    uses: tuple[tuple[str, str], ...]
    substitutions: tuple[str, ...]


def lower_machine(function: MachineFunction, declarations: Declarations, report: Reporter) -> Lowered:
    """The machine of a function. What was refused is left out, so the definition is only sound when nothing was."""
    machine = Machine(declarations, report)
    scope = Scope(function.span)
    context = Context(machine, scope, Frame(function, scope), lower_block, stack=(function.name,))
    try:
        with suppress(TooLarge):
            close(context, lower_block(context, function.node.body, [scope.start]), function.node)
    except RecursionError:  # the file's own nesting is limited; functions put in place of their calls add theirs
        if not report.told("PS004"):  # else every function of a long chain says the same
            report.tell(
                "PS004",
                function.span,
                f"`{function.name}` and the functions it calls nest too deeply",
                help="start one of them as an execution of its own: helper.start(data)",
            )
    if scope.start.target is None:
        scope = Scope(function.span)
        context = Context(
            Machine(declarations, report), scope, Frame(function, scope), lower_block, stack=(function.name,)
        )
        close(context, [scope.start], function.node)
        machine.nodes[:] = scope.nodes
    for node, first in name_states(machine.nodes):
        report.tell(
            "PS601",
            node.span,
            f"two states have the key {node.label!r}",
            help="give each state its own key",
            notes=[Note(first.span, "previously used here")],
        )
    return Lowered(
        finish(scope), tuple(machine.tasks), tuple(machine.starts), tuple(machine.uses), tuple(machine.substitutions)
    )

"""try, except, else, finally, raise: handlers as catchers on every state that can fail, `finally` on every way out.

A handler sees `data` as it was when the error came, as in Python: that is why a block is not put into a Parallel here, which
would hand the handler the data from before the block.
"""

from __future__ import annotations

import ast
from typing import Any

from penstock.asl import model
from penstock.script.lower.context import ERROR_PATH, Clause, Context, Guard, Slot
from penstock.script.lower.expressions import value_of
from penstock.script.lower.graph import Edge, Exits
from penstock.script.lower.store import settle
from penstock.script.lower.values import Call, Const, Ref, Value, kinds_of
from penstock.script.report import did_you_mean, listed
from penstock.script.resolve import MachineFunction
from penstock.script.resolve.exceptions import ALL, SERVICES, STATES_ERRORS, takes


def error_names(context: Context, node: ast.expr | None) -> tuple[str, ...]:
    """The error names an `except` or `on_exceptions` gives, before the class hierarchy is applied."""
    if node is None:
        return (ALL,)
    if isinstance(node, ast.Tuple | ast.List):
        if not node.elts:
            context.report.refuse(
                "PS501", node, "an empty list of exceptions takes nothing", help="name an exception class"
            )
        return tuple(name for element in node.elts for name in error_names(context, element))
    return (error_name(context, node),)


def error_name(context: Context, node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        found = context.declarations
        if (
            node.id in found.tasks
            or node.id in found.functions
            or node.id in found.processors
            or node.id in found.constants
        ):
            context.report.refuse(
                "PS501", node, f"`{node.id}` is not an exception class", help="name an exception class"
            )
        return node.id
    text = ast.unparse(node)[:60]
    if isinstance(node, ast.Attribute) and text.startswith("States."):
        status = text.removeprefix("States.Http.StatusCode.")
        if text in STATES_ERRORS or status.isdecimal():
            return text
        near = did_you_mean(text, STATES_ERRORS)
        context.report.refuse(
            "PS502",
            node,
            f"the States Language has no error `{text}`",
            help=f"did you mean `{near}`?" if near else listed(STATES_ERRORS),
        )
    found = context.declarations
    match node:
        case ast.Attribute(value=ast.Name(id=owner)) if owner in SERVICES:
            if owner not in found.names() and owner not in found.opaque:
                return text
    context.report.refuse(
        "PS501",
        node,
        f"`{text}` cannot be matched: errors are matched by the name of their class",
        help=f"write `{node.attr}`"
        if isinstance(node, ast.Attribute)
        else "name an exception class, or a tuple of them",
    )


def _slot(context: Context, body: list[ast.stmt], name: str | None) -> Slot:
    """Where the error of a handler is kept. A variable when the handler could overwrite `$.error` before it is read."""
    frame = context.frame
    path = None if frame.plain_item else ERROR_PATH
    if frame.base.startswith(("$[", "$.")) and _reads_error(frame.function):
        path = frame.base + ERROR_PATH[1:]  # what the function calls data["error"] is a part of the caller's data
    read = overwritten = False
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Raise) and node.exc is None):
            read = True
        elif isinstance(node, ast.Try):
            overwritten = True
        elif isinstance(node, ast.Call):
            called = node.func
            overwritten |= isinstance(called, ast.Attribute) and called.attr == "update"
            overwritten |= isinstance(called, ast.Name) and called.id in context.declarations.functions
        elif isinstance(node, ast.Constant):
            overwritten |= node.value == "error"
        elif isinstance(node, ast.Attribute):
            overwritten |= node.attr == "error"
    if path is None or (read and overwritten):
        return Slot(path, context.machine.variable(name or "error"))
    return Slot(path, None)


def _reads_error(function: MachineFunction) -> bool:
    """Whether a function takes the key `error` of its input, which then is a dict."""
    for node in ast.walk(function.node):
        match node:
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value="error")):
                pass
            case ast.Attribute(value=ast.Name(id=name), attr="error"):
                pass
            case _:
                continue
        if name == function.input_name:
            return True
    return False


def lower_try(context: Context, node: ast.Try, exits: Exits) -> Exits:
    final: Guard | None = None
    around = context
    if node.finalbody:
        # Whatever the body is, the error must outlive it, because it is raised again after it.
        probe = [*node.finalbody, ast.Raise(exc=None, cause=None)]
        final = Guard(final=node.finalbody, slot=_slot(context, probe, None))
        around = context.but(guards=(*context.guards, final))
    guard = Guard()
    everything: ast.ExceptHandler | None = None
    for handler in node.handlers:
        names = context.declarations.hierarchy.names(error_names(context, handler.type))
        if everything is not None:
            _unreachable(context, handler, "an earlier handler takes every error")
            continue
        new = tuple(name for name in names if not any(name in clause.names for clause in guard.clauses))
        if not new:
            _unreachable(context, handler, "an earlier handler takes its errors")
            continue
        guard.clauses.append(Clause(new, _slot(context, handler.body, handler.name), handler))
        if names == (ALL,):
            everything = handler
    inner = around.but(guards=(*around.guards, guard))
    errors = context.report.errors
    exits = inner.lower(inner, node.body, exits)
    if context.report.errors > errors:
        # What was refused might have raised: the handlers are looked at, and none is called useless.
        for clause in guard.clauses:
            clause.entries = clause.entries or [Edge()]
    if node.orelse:
        exits = around.lower(around, node.orelse, exits)
    for clause in guard.clauses:
        exits = [*exits, *_handler(around, clause)]
    if final is None:
        return exits
    normal = context.lower(context, node.finalbody, exits) if exits else []
    if final.entries:
        assert final.slot is not None
        failed = context.lower(context, node.finalbody, final.entries)
        reraise(context, failed, final.slot, node)
    return normal


def _unreachable(context: Context, handler: ast.ExceptHandler, why: str) -> None:
    context.report.tell(
        "PS503", context.report.spans.head(handler), f"this handler never runs: {why}", help="remove it, or move it up"
    )


def _handler(context: Context, clause: Clause) -> Exits:
    handler = clause.node
    if not clause.entries:
        _unreachable(context, handler, "nothing in the `try` block can raise what it names")
        return []
    errors = context.frame.errors
    before = dict(errors)
    if handler.name is not None:
        if handler.name in (context.frame.function.input_name, "context", *context.frame.variables):
            context.report.refuse(
                "PS204",
                context.report.spans.head(handler),
                f"`{handler.name}` already means something else, and Python would lose it after the handler",
                help="write `as error`, or another new name",
            )
        errors[handler.name] = clause.slot
    inner = context.but(handling=clause.slot)
    exits = inner.lower(inner, handler.body, clause.entries)
    errors.clear()
    errors.update(before)
    return exits


def lower_raise(context: Context, node: ast.Raise, exits: Exits) -> Exits:
    report = context.report
    raised = node.exc
    again = context.frame.errors.get(raised.id) if isinstance(raised, ast.Name) else None
    if raised is None:
        again = context.handling
        if again is None:
            report.refuse("PS504", node, "there is no error to raise again here", help='write raise Wrong("cause")')
    if again is not None:
        reraise(context, exits, again, node)
        return []
    assert raised is not None
    cause: Value | None = None
    target = raised
    if isinstance(raised, ast.Call):
        target = raised.func
        if raised.keywords or len(raised.args) > 1:
            extra = raised.args[1] if len(raised.args) > 1 else raised.keywords[0]
            report.refuse(
                "PS504", extra, "an error has one cause, a text", help=f'write {ast.unparse(target)}("cause")'
            )
        if raised.args:
            cause = value_of(context, raised.args[0])
    assert target is not None
    if isinstance(target, ast.Attribute) and ast.unparse(target).startswith("States."):
        report.refuse(
            "PS502",
            target,
            "names that begin with `States.` belong to the States Language",
            help='write raise Wrong("cause")',
        )
    return raise_error(context, error_name(context, target), cause, exits, node)


def raise_error(context: Context, error: str, cause: Value | None, exits: Exits, node: ast.AST) -> Exits:
    """Raises an error that the script names: to the handler around that takes it, or to a Fail state."""
    value: Value = Const(error) if cause is None else cause
    value, exits = settle(context, value, exits, node)
    if isinstance(value, Const):
        if not isinstance(value.value, str):
            context.report.refuse(
                "PS504", node, "the cause of an error is a text", help=f'write {error}("{value.value}")'
            )
    elif not isinstance(value, Ref | Call) or not kinds_of(value) & {"str", None}:
        context.report.refuse(
            "PS504", node, "the cause of an error is a text", help="write an f-string or a reference to a text"
        )
    destination = _destination(context, error)
    if destination is not None:
        slot, entries = destination
        entries.append(_keep(context, slot, error, value, exits, node))
        return []
    fields: dict[str, Any] = {"error": error}
    if isinstance(value, Const):
        fields["cause"] = value.value
    else:
        fields["cause_path"] = value.path if isinstance(value, Ref) else value.text
    context.node(model.Fail, f"raise {error}", node, exits, **fields)
    return []


def _destination(context: Context, error: str) -> tuple[Slot, Exits] | None:
    for guard in reversed(context.guards):
        if guard.final is not None:
            assert guard.slot is not None
            return guard.slot, guard.entries
        for clause in guard.clauses:
            if takes(clause.names, error):
                return clause.slot, clause.entries
    return None


def _keep(context: Context, slot: Slot, error: str, cause: Value, exits: Exits, node: ast.AST) -> Edge:
    """A state that puts an error where a handler finds it."""
    fields: dict[str, Any] = {"result_path": slot.path}
    if isinstance(cause, Const):
        fields["result"] = {"Error": error, "Cause": cause.value}
    else:
        assert isinstance(cause, Ref | Call)
        fields["parameters"] = {"Error": error, "Cause.$": cause.path if isinstance(cause, Ref) else cause.text}
    if slot.variable:
        fields["assign"] = {f"{slot.variable}.$": "$"}
    made = context.node(model.Pass, f"raise {error}", node, exits, **fields)
    assert made.next is not None
    # The handler begins elsewhere, so a machine cannot end on this edge.
    made.next.needs_state = True
    return made.next


def reraise(context: Context, exits: Exits, slot: Slot, node: ast.AST) -> None:
    """Raises again the error kept in `slot`, whose name is known when the machine runs."""
    if not exits:
        return
    report_to: list[tuple[tuple[str, ...], Slot, Exits]] = []
    for guard in reversed(context.guards):
        if guard.final is not None:
            assert guard.slot is not None
            report_to.append(((ALL,), guard.slot, guard.entries))
            break
        report_to.extend((clause.names, clause.slot, clause.entries) for clause in guard.clauses)
        if guard.clauses and guard.clauses[-1].names == (ALL,):
            break
    if not report_to:
        context.node(
            model.Fail, "raise again", node, exits, error_path=f"{slot.ref}.Error", cause_path=f"{slot.ref}.Cause"
        )
        return
    rest: Exits = exits
    if report_to[0][0] != (ALL,):
        choice = context.node(model.Choice, "which error", node, exits)
        choice.default = Edge()
        for names, there, entries in report_to:
            if names == (ALL,):
                break
            edge = Edge()
            choice.choices.append((_is_one_of(slot, names), edge))
            entries.append(_move(context, slot, there, edge, node))
        rest = [choice.default]
    names, there, entries = report_to[-1]
    if names == (ALL,):
        for edge in rest:
            entries.append(_move(context, slot, there, edge, node))
    else:
        context.node(
            model.Fail, "raise again", node, rest, error_path=f"{slot.ref}.Error", cause_path=f"{slot.ref}.Cause"
        )


def _move(context: Context, slot: Slot, there: Slot, edge: Edge, node: ast.AST) -> Edge:
    edge.needs_state = True
    if there.variable is None and slot.variable is None and there.path == slot.path:
        return edge
    fields: dict[str, Any] = {"input_path": slot.ref, "result_path": there.path}
    if there.variable:
        fields["assign"] = {f"{there.variable}.$": "$"}
    made = context.node(model.Pass, "raise again", node, [edge], **fields)
    assert made.next is not None
    made.next.needs_state = True
    return made.next


def _is_one_of(slot: Slot, names: tuple[str, ...]) -> model.Test:
    place = f"{slot.ref}.Error"
    tests: list[model.Test] = []
    for name in names:
        if name == "States.TaskFailed":  # every error but a timeout
            tests.append(
                model.Not(rule=model.Comparison(variable=place, operator="StringEquals", operand="States.Timeout"))
            )
        else:
            tests.append(model.Comparison(variable=place, operator="StringEquals", operand=name))
    return tests[0] if len(tests) == 1 else model.Or(rules=tuple(tests))

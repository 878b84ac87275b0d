"""Functions and tasks as machines of their own: branches of a Parallel, iterations of a Map."""

from __future__ import annotations

import ast
from collections.abc import Callable

from penstock.script.lower.context import Context, Frame, close
from penstock.script.lower.graph import Exits, Scope
from penstock.script.lower.store import Output, Target
from penstock.script.model import TaskClass
from penstock.script.resolve import MachineFunction

RunTask = Callable[[Context, ast.Call, TaskClass, "Target | tuple[Target, ...] | None", Exits], Exits]


def lower_function(
    context: Context, function: MachineFunction, call: ast.AST, *, plain_item: bool = False, envelope: bool = False
) -> Scope:
    """The scope of a function that runs on an input of its own."""
    if function.name in context.stack:
        context.report.refuse(
            "PS603",
            call,
            f"`{function.name}` contains itself",
            help=f"start it as an execution of its own: {function.name}.start(...)",
        )
    scope = Scope(function.span, parent=context.scope)
    frame = Frame(function, scope, plain_item=plain_item, envelope=envelope)
    inner = Context(context.machine, scope, frame, context.lower, stack=(*context.stack, function.name))
    close(inner, inner.lower(inner, function.node.body, [scope.start]), function.node)
    return scope


def plain_task_scope(context: Context, task: TaskClass, call: ast.Call, run_task: RunTask) -> Scope:
    """The scope of a single task, whose result is the output."""
    scope = context.inner(call)
    frame = Frame(context.frame.function, scope, plain_item=True)
    inner = Context(context.machine, scope, frame, context.lower, stack=context.stack)
    bare = ast.copy_location(ast.Call(func=ast.copy_location(ast.Name(id=task.name), call), args=[], keywords=[]), call)
    close(inner, run_task(inner, bare, task, Output(), [scope.start]), call)
    return scope
